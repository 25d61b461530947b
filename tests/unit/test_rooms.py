"""Imports point one way: no circle among modules or rooms, no arrow up in the layers of pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from rooms import ROOT, against, arrows, circle, containers, declared, rooms, sources

GRAPH = arrows(sources(ROOT / "src"))


def test_no_circle_among_modules() -> None:
    assert circle(GRAPH) == []


@pytest.mark.parametrize("container", containers(GRAPH))
def test_no_circle_among_rooms(container: str) -> None:
    assert circle(rooms(GRAPH, container)) == []


@pytest.mark.parametrize("container", declared())
def test_no_arrow_leads_up(container: str) -> None:
    assert against(GRAPH, container, declared()[container]) == []


def test_no_contract_has_an_exception() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert [one["name"] for one in contracts if one.get("ignore_imports")] == []


def test_the_graph_knows_every_kind_of_import(tmp_path: Path) -> None:
    """Imports at the top, in functions and by name count; those of type checkers do not, those in their place do."""
    package = tmp_path / "house"
    package.mkdir()
    (package / "wing").mkdir()
    for name in ("hall", "cellar", "attic", "loft", "wing/east", "wing/west"):
        (package / f"{name}.py").touch()
    (package / "wing" / "__init__.py").write_text(
        'NAMES = ("east", "north")\nROOMS = [import_module(f"{__name__}.{name}") for name in NAMES]\n'
    )
    (package / "__init__.py").write_text('LATE = {"wine": "house.cellar"}')
    (package / "kitchen.py").write_text(
        "from typing import TYPE_CHECKING\nimport house.hall\n"
        "if TYPE_CHECKING:\n    from house import attic\nelse:\n    from house import loft\n"
        "def cook():\n    from house.cellar import wine\n"
    )
    graph = arrows(sources(tmp_path))
    assert graph["house"] == {"house.cellar"}
    assert graph["house.kitchen"] == {"house.hall", "house.cellar", "house.loft"}
    assert graph["house.wing"] == {"house.wing.east"}
    assert rooms(graph, "house")["kitchen"] == {"hall", "cellar", "loft"}


def test_what_rooms_import_by_the_names_of_their_modules_is_in_the_graph() -> None:
    for room, made in (("kernels", {"bits", "codes"}), ("families", {"binary", "scores"})):
        assert {f"fastmetrics.{room}.{module}" for module in made} <= GRAPH[f"fastmetrics.{room}"]


def test_circles_and_arrows_up_are_found() -> None:
    graph = {"h.a": {"h.b.one"}, "h.b": set(), "h.b.one": set(), "h.b.two": {"h.a"}}
    assert circle(graph) == []
    assert set(circle(rooms(graph, "h"))) == {"a", "b"}
    assert against(graph, "h", [["a"], ["b"]]) == ["h.b -> h.a"]
    assert against(graph, "h", [["a", "b"]]) == ["h.a -> h.b", "h.b -> h.a"]
