"""The stubs say what the modules have whose names are computed from rows."""

from __future__ import annotations

from importlib import import_module

import pytest

from stubs import MODULES, path_of, stub


@pytest.mark.parametrize("module", MODULES)
def test_a_stub_is_what_the_rows_make(module: str) -> None:
    assert path_of(module).read_text() == stub(module), "write it again with make stubs"


@pytest.mark.parametrize("module", [*MODULES, "fastmetrics.polars.classes", "fastmetrics.polars.regression"])
def test_every_computed_name_is_listed_shown_and_imported(module: str) -> None:
    here = import_module(module)
    names = [*here.__all__, *getattr(here, "EXPRESSIONS", {})]
    assert len(set(names)) == len(names)
    assert set(names) <= set(dir(here))
    for name in names:
        assert getattr(here, name).__doc__, name
        exec(f"from {module} import {name}", {})
