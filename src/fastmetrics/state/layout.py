"""The layout of Counts: families, keys, windows, weights and grouping sets, and the columns that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastmetrics.contract.family import Family
from fastmetrics.errors import MergeError, SchemaError, listed, unknown
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

    @property
    def canonical(self) -> Layout:
        """The layout without what changes no cell: orders of families, keys and sets, and whole windows of offset."""
        sets = self.grouping_sets
        return replace(
            self,
            families=tuple(sorted(self.families, key=lambda family: family.name)),
            keys=tuple(sorted(self.keys)),
            windows=self.windows and self.windows.reduced,
            grouping_sets=sets and tuple(sorted(tuple(sorted(keys)) for keys in sets)),
        )

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


# What must agree before two layouts may be merged, families aside.
COMPARED: tuple[tuple[str, Callable[[Layout], Any]], ...] = (
    ("keys", lambda layout: list(layout.keys)),
    ("windows", lambda layout: layout.windows),
    ("weights", lambda layout: layout.weighted),
    ("grouping sets", lambda layout: layout.grouping_sets),
    ("families", lambda layout: [family.name for family in layout.families]),
)


def difference(a: Layout, b: Layout) -> str:
    """The first difference that keeps two layouts from being merged, or nothing."""
    one, other = a.canonical, b.canonical
    for what, of in COMPARED:
        if of(one) != of(other):
            return f"{what} {of(a)} and {of(b)}"
    for mine, its in zip(one.families, other.families, strict=True):
        ours, theirs = mine.agreement, its.agreement
        for what in {**ours, **theirs}:
            if what == "cells" and ours[what] != theirs[what]:
                return lone_cells(mine.name, ours[what], theirs[what])
            if ours.get(what) != theirs.get(what):
                return f"{what} {ours.get(what)} and {theirs.get(what)} of family {mine.name!r}"
    return ""


def lone_cells(family: str, ours: Sequence[Any], theirs: Sequence[Any]) -> str:
    """The cells that one of two families of a name lacks, and what to do."""
    lone = [f"{name} ({kind})" for name, kind in [*ours, *theirs] if ([name, kind] in ours) != ([name, kind] in theirs)]
    return f"cells of family {family!r}: only one has {listed(lone)}; count both with the same arguments"


def check_same(a: Layout, b: Layout, verb: str) -> None:
    different = difference(a, b)
    if different:
        raise MergeError(f"Counts cannot be {verb}: they differ in {different}")
