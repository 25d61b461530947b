"""The names of the package itself: what ``fm.`` offers, and what it says of names that mean something else."""

from __future__ import annotations

from types import ModuleType

import pytest

import fastmetrics as fm


@pytest.mark.parametrize(("name", "meant"), [("metrics", r"fm\.count\(\.\.\.\)\.metrics"), ("counts", r"fm\.count\(")])
def test_no_module_is_in_the_way_of_what_is_read_from_counts(name: str, meant: str) -> None:
    with pytest.raises(AttributeError, match=rf"module 'fastmetrics' has no attribute '{name}'; .*{meant}"):
        getattr(fm, name)


def test_what_the_package_offers_is_public_and_there() -> None:
    offered = dir(fm)
    assert {*fm.__all__} <= {*offered}
    assert [name for name in offered if isinstance(getattr(fm, name), ModuleType)] == ["arrays"]
