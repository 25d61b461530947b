"""What is said of installing: nothing names a distribution that is not ours, and the index page shows what it has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").rglob("*.md"), ROOT / "Makefile"]
SOURCES = [
    *(ROOT / "src").rglob("*.py"),
    *(ROOT / "src").rglob("*.pyi"),
    *(ROOT / "benchmarks").rglob("*.py"),
    *(ROOT / "docs").glob("*.py"),
]
INSTALL = re.compile(r"\b(?:pip3?|uv|pipx|conda) (?:install|add)(?: +-\S+)* +([^-\s`#;&|()][^\s`#;&|()]*)")


def named(text: str) -> Iterator[str]:
    """What some text tells to install by name: neither an option nor a path."""
    for found in INSTALL.findall(text):
        plain = found.strip("'\"\\")
        if not plain.startswith((".", "/", "$")):
            yield plain


@pytest.mark.parametrize("files", [PAGES, SOURCES], ids=["pages", "source"])
def test_no_hint_names_a_distribution(files: list[Path]) -> None:
    """One that this project has not claimed could be anybody's."""
    for file in files:
        if file.suffix in (".py", ".pyi", ".md", ""):
            text = file.read_text(encoding="utf-8")
            assert [*re.findall(r"\bfastmetrics\[\w", text)] == [], file
            assert [*named(text)] == [], file


def test_a_hint_that_names_a_distribution_is_found() -> None:
    assert [*named("run: pip install -U 'fastmetrics[plot]' # or pip install '.[plot]'")] == ["fastmetrics[plot]"]
    assert [*named("pip install .\npip install '.[a,b]'")] == []


def test_an_extra_that_a_hint_names_is_one_of_the_project() -> None:
    asked = {name for file in SOURCES for name in re.findall(r"\binstall\([\"'](\w+)[\"']\)", file.read_text())}
    assert {"plot", "yaml"} <= asked <= {*PROJECT["optional-dependencies"]}


def test_the_distribution_has_a_name_of_its_own_and_the_command_keeps_its() -> None:
    assert re.sub(r"[-_.]+", "-", PROJECT["name"]).lower() == "fastmetrics-cells"
    assert PROJECT["scripts"] == {"fastmetrics": "fastmetrics.cli:main"}
    assert PROJECT["name"] in (ROOT / "README.md").read_text()


def test_the_classifiers_are_the_pythons_that_are_supported() -> None:
    said = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", one)]
    assert said == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["requires-python"] == f">={said[0]}"


def test_the_index_page_has_no_picture_that_it_cannot_show() -> None:
    """An index shows pictures of full addresses alone, and this project has none yet; docs/pictures.md shows them."""
    page = (ROOT / PROJECT["readme"]).read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]*\]\(([^)\s]+)\)|<img[^>]+src=[\"']([^\"']+)", page)
    assert [path for pair in shown for path in pair if path and not path.startswith("https://")] == []
