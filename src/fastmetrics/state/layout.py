"""The layout of Counts: families, keys, windows, weights and grouping sets, and the columns that follow from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastmetrics.contract.family import Family
from fastmetrics.errors import MergeError, SchemaError, unknown
from fastmetrics.windows import Windows

__all__ = ["GROUPING", "WINDOW", "Layout", "check_same", "difference", "grouping_name"]

WINDOW = "window_start"
GROUPING = "grouping"


@dataclass(frozen=True)
class Layout:
    """What the tables of a Counts hold: the part of the question that outlives the scan.

    ``keys`` are the outer keys without the window; with ``grouping_sets`` there is one more, `grouping`.
    """

    families: tuple[Family, ...]
    keys: tuple[str, ...] = ()
    windows: Windows | None = None
    weighted: bool = False
    grouping_sets: tuple[tuple[str, ...], ...] | None = None

    @property
    def outer(self) -> list[str]:
        """Every outer key column, in order: grouping, keys, window_start."""
        return [
            *([GROUPING] if self.grouping_sets is not None else []),
            *self.keys,
            *([WINDOW] if self.windows is not None else []),
        ]

    def key_columns(self, family: Family) -> list[str]:
        """The outer and inner key columns of a family's table."""
        return [*self.outer, *family.inner_names]

    def merges(self, family: Family) -> dict[str, str]:
        """Each cell column of a family's table and how it merges."""
        return {column: cell.merge for cell in family.cells for column in cell.columns(self.weighted)}

    def family(self, name: str) -> Family:
        """The family called ``name``."""
        for family in self.families:
            if family.name == name:
                return family
        raise SchemaError(unknown("family", name, [family.name for family in self.families]))


def grouping_name(keys: Iterable[str]) -> str:
    """The value of the `grouping` column for a grouping set."""
    return ",".join(keys)


def difference(a: Layout, b: Layout) -> str:
    """The first difference that keeps two layouts from being merged, or nothing."""
    pairs: list[tuple[str, Any, Any]] = [
        ("keys", list(a.keys), list(b.keys)),
        ("windows", a.windows, b.windows),
        ("weights", a.weighted, b.weighted),
        ("grouping sets", a.grouping_sets, b.grouping_sets),
        ("families", [family.name for family in a.families], [family.name for family in b.families]),
    ]
    for what, left, right in pairs:
        if left != right:
            return f"{what} {left} and {right}"
    for mine, other in zip(a.families, b.families, strict=True):
        ours, theirs = mine.identity, other.identity
        for what in {**ours, **theirs}:
            if ours.get(what) != theirs.get(what):
                return f"{what} {ours.get(what)} and {theirs.get(what)} of family {mine.name!r}"
    return ""


def check_same(a: Layout, b: Layout, verb: str) -> None:
    different = difference(a, b)
    if different:
        raise MergeError(f"Counts cannot be {verb}: they differ in {different}")
