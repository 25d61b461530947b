"""Schema: the question asked of a log, which checks itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from fastmetrics.contract.cells import CELL_KINDS
from fastmetrics.contract.columns import Column, advise_alias, column_name, roots
from fastmetrics.contract.equality import field_values
from fastmetrics.contract.family import Family
from fastmetrics.contract.uses import Uses
from fastmetrics.errors import SchemaError, listed
from fastmetrics.instants import check_time_format, check_time_unit
from fastmetrics.metric import names
from fastmetrics.windows import Windows

__all__ = ["Schema", "check_keys", "repeated"]

FIXED_COLUMNS = ("grouping", "window", "window_start", "window_end", "n", "label_coverage", "answer_rate")


@dataclass(frozen=True, eq=False)
class Schema:
    """The question asked of a log: families, keys, windows, weight, frequency, filter and grouping sets."""

    families: tuple[Family, ...]
    by: tuple[Column, ...] = ()
    time: Column | None = None
    windows: Windows | None = None
    time_unit: str | None = None
    time_format: str | None = None
    time_zone: str | None = None
    weight: Column | None = None
    frequency: Column | None = None
    where: pl.Expr | None = None
    grouping_sets: tuple[tuple[str, ...], ...] | None = None

    def __post_init__(self) -> None:
        check_families(self.families, weighted=self.weight is not None)
        check_keys(self.keys, self.families)
        check_grouping_sets(self.grouping_sets, self.keys)
        if (self.time is None) != (self.windows is None):
            got, missing = ("time", "every") if self.windows is None else ("every", "time")
            raise SchemaError(f"{got}= was given without {missing}=; windows need both, as in time='ts', every='1h'")
        for name in ("time_zone", "time_unit", "time_format"):
            if self.time is None and getattr(self, name) is not None:
                raise SchemaError(f"{name}= was given without time= and every=")
        check_times(self.time_unit, self.time_format)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and field_values(self) == field_values(other)

    def __hash__(self) -> int:
        return hash(field_values(self))

    @property
    def read(self) -> list[Column]:
        """Every column and expression that is read."""
        roles = [role.column for family in self.families for role in family.roles]
        given = [*self.by, self.time, self.weight, self.frequency, *roles, self.where]
        return [column for column in given if column is not None]

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns of the log that are read; None where an expression leaves that to the log."""
        names = [roots(column) for column in self.read]
        return None if None in names else tuple(dict.fromkeys(name for some in names for name in some or ()))

    @property
    def uses(self) -> Uses:
        """What is taken of the columns where the log is text: text of keys, roles of text, times of a format, casts."""
        roles = [(role.column, role.textual) for family in self.families for role in family.roles]
        more = [
            (self.time, self.time_format is not None),
            *((it, False) for it in (self.weight, self.frequency, self.where)),
        ]
        uses = Uses.of(self.by, [*roles, *((column, textual) for column, textual in more if column is not None)])
        return uses if self.columns is not None else Uses(uses.texts)

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the outer keys, without the window."""
        return tuple(column_name(key) for key in self.by)


def check_times(unit: str | None, form: str | None) -> None:
    if unit is not None and form is not None:
        raise SchemaError("time_unit= is of integers and time_format= of text; give the one that the column needs")
    if unit is not None:
        check_time_unit(unit)
    if form is not None:
        check_time_format(form)


def check_families(families: Sequence[Family], weighted: bool) -> None:
    if not families:
        raise SchemaError("count() needs at least one family, such as fm.binary('label', 'pred')")
    for family in families:
        if not isinstance(family, Family):
            got = repr(family) if isinstance(family, str) else f"a {type(family).__name__}"
            raise SchemaError(
                f"a family was expected after the log, got {got}; make one with a function such as fm.binary(...)"
            )
        extremes = [cell.name for cell in family.cells if CELL_KINDS[cell.kind].weighted is None]
        if weighted and extremes:
            raise SchemaError(
                f"family {family.name!r} keeps extremes ({listed(extremes)}), which have no weighted meaning; "
                "make it with extremes=False to weight its rows"
            )
    twice = repeated([family.name for family in families])
    if twice:
        raise SchemaError(f"two families are called {twice!r}; tell them apart with name=")


def check_keys(keys: Sequence[str], families: Sequence[Family]) -> None:
    twice = repeated(keys)
    if twice:
        raise SchemaError(f"key {twice!r} is named twice in by=")
    for family in families:
        cells = [
            name for cell in family.cells for weighted in (False, True) for name in (cell.name, *cell.columns(weighted))
        ]
        taken = {*FIXED_COLUMNS, *cells, *family.inner_names, *names(family.metrics)}
        if len(families) > 1:  # whose tables are one when they are stored
            taken |= {"family", *(f"{family.name}.{column}" for column in (*cells, *family.inner_names))}
        for key in keys:
            if key in taken:
                raise SchemaError(
                    f"key {key!r} has the name of a cell, metric or fixed column of family {family.name!r}; "
                    f"give it another with {advise_alias(key)}"
                )


def check_grouping_sets(sets: Sequence[Sequence[str]] | None, keys: Sequence[str]) -> None:
    if sets is None:
        return
    if not sets:
        raise SchemaError("grouping_sets= is empty; leave it out, or name at least one set, such as [[]] for the total")
    for key in keys:
        if "," in key:
            raise SchemaError(f"key {key!r} has a comma, which tells the keys of grouping sets apart; give it an alias")
    for wanted in sets:
        for key in wanted:
            if key not in keys:
                raise SchemaError(f"grouping set {list(wanted)} names {key!r}, which is not in by= ({listed(keys)})")
    twice = repeated([frozenset(wanted) for wanted in sets])
    if twice is not None:
        raise SchemaError(f"grouping set {sorted(twice)} is named twice")
    for key in keys:
        if not any(key in wanted for wanted in sets):
            raise SchemaError(f"key {key!r} is in by=, but in no grouping set; drop it, or add a set that has it")


def repeated(items: Sequence[Any]) -> Any:
    """The first item that occurs a second time, or None."""
    seen: set[Any] = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None
