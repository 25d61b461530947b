"""What is counted: cells, roles, families, and the Schema that says which column plays which part."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

from fastmetrics.errors import SchemaError, listed
from fastmetrics.metrics import Cells, Metric, names
from fastmetrics.notes import Note
from fastmetrics.windows import Windows
from fastmetrics.wording import is_encodable

__all__ = [
    "Adder",
    "Bitmap",
    "Cell",
    "CellTable",
    "Column",
    "Family",
    "InnerKey",
    "Role",
    "Rows",
    "Schema",
    "States",
    "column_name",
    "expression",
    "expressions",
    "literal",
    "roots",
    "rowwise",
    "widened",
]

Column = str | pl.Expr
SQL_COMPARISON = re.compile(r"\.sql_\w+\(\[.*\]\)$")
PATTERN = re.compile(r"\*|\^.*\$", re.DOTALL)  # what pl.col and names in select, group_by and join mean a choice by
FIXED_COLUMNS = ("grouping", "window", "window_start", "window_end", "n", "label_coverage", "answer_rate")


def column_name(column: Column) -> str:
    """The name under which a column or expression appears.

    Raises
    ------
    SchemaError
        Something that is not one column.
    """
    if isinstance(column, str):
        return column
    try:
        return column.meta.output_name()
    except (AttributeError, pl.exceptions.PolarsError) as error:
        raise SchemaError(
            f"{column!s} is not one column; by=, time=, weight= and roles take names or expressions of "
            "one column each, such as by=['model', pl.col('age') // 10]"
        ) from error


def expression(column: Column) -> pl.Expr:
    """A column as an expression; a name is that column, also one that Polars would take for a pattern."""
    if not isinstance(column, str):
        return column
    return cs.by_name(column).as_expr() if PATTERN.fullmatch(column) else pl.col(column)


def expressions(columns: Iterable[Column]) -> list[pl.Expr]:
    """Columns as expressions."""
    return [expression(column) for column in columns]


def literal(value: Any) -> pl.Expr:
    """A value of a key as an expression; of the integers Polars takes only those that Int128 holds without a dtype."""
    return pl.lit(value, pl.UInt128 if isinstance(value, int) and value >= 2**127 else None)


def roots(column: Column) -> list[str] | None:
    """The columns that a column or expression reads; None where only the log can tell, as of a selector."""
    if isinstance(column, str):
        return [column]
    if not isinstance(column, pl.Expr):
        column_name(column)  # says what it is instead
    if not column.meta.has_multiple_outputs():
        return column.meta.root_names()
    names = [selected(leaf) for leaf in leaves(column)]
    return None if None in names else [name for some in names for name in some or ()]


def leaves(expression: pl.Expr) -> Iterator[pl.Expr]:
    """The columns and constants that an expression is made of."""
    parts = expression.meta.pop()
    for part in parts:
        yield from leaves(part)
    if not parts:
        yield expression


def selected(leaf: pl.Expr) -> list[str] | None:
    """The one column that a leaf of an expression takes by its name, if any; None of a choice among columns."""
    if not leaf.meta.is_column_selection():
        return []
    try:
        return [leaf.meta.output_name()]
    except pl.exceptions.PolarsError:
        return None


def rowwise(expression: pl.Expr) -> bool:
    """Whether an expression gives each row what it would be given alone."""
    try:
        if expression.meta.is_literal():
            return True
        return separable(expression) and all(map(rowwise, expression.meta.pop()))
    except pl.exceptions.PolarsError:  # a Python function, of which nobody knows
        return False


def separable(expression: pl.Expr) -> bool:
    """Whether the outermost step of an expression is; one that compares in SQL cannot be asked without its columns."""
    try:
        return expression.meta.is_row_separable()
    except pl.exceptions.ColumnNotFoundError:
        return SQL_COMPARISON.search(str(expression.meta.undo_aliases())) is not None


@dataclass(frozen=True)
class Cell:
    """A column of a table of cells.

    ``state`` cells are int64 and partition the rows: every row adds 1 to exactly one of them. The others hold
    a value of each row: float64, added up with compensation (``sum``) or kept as extreme (``min``, ``max``).
    """

    name: str
    merge: Literal["sum", "min", "max"] = "sum"
    state: bool = True


@dataclass(frozen=True)
class Role:
    """A column that a family reads, and as what.

    ``binary`` columns reach the family as uint8 states (0 negative, 1 positive, 2 null), ``number`` columns
    as float64 (float32 or float16 where the column is) with NaN for null, ``key`` columns become an inner key of any
    type, and do not reach it. ``null_values`` are further values that mean null; None leaves that to
    `fastmetrics.counting.roles`. The ``link`` makes probabilities of a number column.
    """

    name: str
    column: Column
    kind: Literal["binary", "number", "key"]
    pos_label: Any = None
    threshold: float | None = None
    null_values: tuple[Any, ...] | None = None
    link: Literal["logit"] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.pos_label, np.generic):
            object.__setattr__(self, "pos_label", self.pos_label.item())
        if self.pos_label is not None and not isinstance(self.pos_label, (str, bool, int, float)):
            kind = type(self.pos_label).__name__
            raise SchemaError(f"pos_label={self.pos_label!r} is a {kind}; a text, a number or a Boolean is needed")
        if isinstance(self.pos_label, float) and not math.isfinite(self.pos_label):
            raise SchemaError(f"pos_label={self.pos_label!r} is not a finite number")


def widened(numbers: NDArray[Any]) -> NDArray[Any]:
    """Numbers of a role as kernels read them: those of half precision, which no kernel knows, as float32."""
    return numbers.astype(np.float32) if numbers.dtype == np.float16 else numbers


@dataclass(frozen=True)
class InnerKey:
    """A key column that the family owns: the values of a ``key`` role of the same name, or, with a ``size``,
    integers 0 .. size - 1 that the family computes: it gives codes, 0 for null and else one more than the integer.
    """

    name: str
    size: int | None = None


class Bitmap(NamedTuple):
    """Booleans as Arrow keeps them: bit ``offset + i`` of the packed bytes is row i, and that of ``valid`` says whether
    it is known. Where no row is null ``valid`` is empty.
    """

    packed: NDArray[np.uint8]
    valid: NDArray[np.uint8]
    offset: int
    length: int


class Adder(NamedTuple):
    """The values of a block of rows, not yet computed.

    ``add`` takes (fields, ranges, sums, extremes) of a kernel and adds them there, all sums of a group before all
    errors; ``array`` gives them as `Rows.values` has them.
    """

    add: Callable[[NDArray[np.uint64], NDArray[np.uint32], NDArray[np.float64], NDArray[np.float64]], object]
    array: Callable[[], NDArray[np.float64]]


class States(NamedTuple):
    """The states of a block of rows, not yet told.

    ``array`` gives that of each row as `Rows.state` has them, ``totals`` how many rows are in each of the first states,
    which is all that matters where there are no keys.
    """

    array: Callable[[], NDArray[np.uint8]]
    totals: Callable[[], NDArray[np.int64]]


@dataclass(frozen=True)
class Rows:
    """What a family makes of a block of rows: the state of each (uint8; None where all are in the first), the values of
    its value cells (float64, one column a cell, sums before extremes, NaN where the row adds nothing; or what adds
    them), the codes of its computed inner keys, and the largest state there can be, where that is known.
    """

    state: NDArray[np.uint8] | States | None = None
    values: NDArray[np.float64] | Adder | None = None
    inner: tuple[NDArray[np.unsignedinteger[Any]], ...] = ()
    top: int | None = None


@dataclass(frozen=True)
class CellTable:
    """The cells of some groups as a family's formulas meet them: one entry a row of the long table.

    ``group[i]`` in 0 .. size - 1 is the outer group of row i, ``keys`` are the inner keys, ``cells`` the cells.
    """

    group: NDArray[np.int64]
    size: int
    keys: Mapping[str, pl.Series]
    cells: Cells


def scalar_cells(table: CellTable) -> Cells:
    """The view of a family without inner keys: its cells as they are."""
    return table.cells


@dataclass(frozen=True)
class Family:
    """A kind of table of cells: what it reads, what it counts, and the metrics that are read from it.

    ``arguments`` are the JSON-able arguments that make the family again; those in ``constants`` change the
    meaning of its cells and must agree between two Counts that are merged.

    ``rows`` maps the role columns of a block to states, values and inner keys; ``read`` maps the cells of groups
    to what the formulas see; ``check`` refuses dtypes of the roles; ``parametric`` makes the row of a metric
    whose name carries a number (``f2``); ``from_bits`` does what ``rows`` does where every role is a Boolean column,
    given as its bitmap; ``headline`` names the metrics shown when none is asked for; ``width``
    is how many inner rows a group has at most where ``read`` holds them side by side; ``notes`` says what is doubtful
    about the values in a whole table, of which it may keep what was known before; a count without it is not judged.
    """

    kind: str
    name: str
    roles: tuple[Role, ...]
    cells: tuple[Cell, ...]
    rows: Callable[[Mapping[str, NDArray[Any]]], Rows]
    metrics: tuple[Metric, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    constants: tuple[str, ...] = ()
    inner: tuple[InnerKey, ...] = ()
    read: Callable[[CellTable], Cells] = scalar_cells
    check: Callable[[Mapping[str, pl.DataType]], None] | None = None
    parametric: Callable[[str], Metric | None] | None = None
    from_bits: Callable[[Mapping[str, Bitmap]], Rows] | None = None
    headline: tuple[str, ...] = ()
    width: int = 1
    notes: Callable[[pl.DataFrame, Sequence[Note]], list[Note]] | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise SchemaError(
                f"name={self.name!r} of a family is not an identifier; its metrics are asked for as 'name.metric' and "
                "its columns are stored as 'name.column'"
            )
        for argument, given in self.arguments.items():
            for value in given if isinstance(given, list) else [given]:
                if isinstance(value, str) and not is_encodable(value):
                    raise SchemaError(f"{argument}= names {value!r}: half a character, which no column holds")

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the int64 cells that partition the rows."""
        return tuple(cell.name for cell in self.cells if cell.state)

    @property
    def values(self) -> tuple[Cell, ...]:
        """The cells that hold a value of each row."""
        return tuple(cell for cell in self.cells if not cell.state)

    @property
    def inner_names(self) -> tuple[str, ...]:
        """The names of the inner keys."""
        return tuple(key.name for key in self.inner)

    @property
    def identity(self) -> dict[str, Any]:
        """What must agree before two tables of this family may be added."""
        return {
            "kind": self.kind,
            "name": self.name,
            "cells": [[cell.name, cell.merge, cell.state] for cell in self.cells],
            "inner keys": list(self.inner_names),
            **{name: self.arguments.get(name) for name in self.constants},
        }


@dataclass(frozen=True)
class Schema:
    """The question asked of a log: families, keys, windows, weight, filter and grouping sets."""

    families: tuple[Family, ...]
    by: tuple[Column, ...] = ()
    time: Column | None = None
    windows: Windows | None = None
    time_unit: str | None = None
    time_zone: str | None = None
    weight: Column | None = None
    where: pl.Expr | None = None
    grouping_sets: tuple[tuple[str, ...], ...] | None = None

    def __post_init__(self) -> None:
        check_families(self.families, weighted=self.weight is not None)
        check_keys(self.keys, self.families)
        check_grouping_sets(self.grouping_sets, self.keys)
        if (self.time is None) != (self.windows is None):
            got, missing = ("time", "every") if self.windows is None else ("every", "time")
            raise SchemaError(f"{got}= was given without {missing}=; windows need both, as in time='ts', every='1h'")
        for name in ("time_zone", "time_unit"):
            if self.time is None and getattr(self, name) is not None:
                raise SchemaError(f"{name}= was given without time= and every=")

    @property
    def read(self) -> list[Column]:
        """Every column and expression that is read."""
        given = [*self.by, self.time, self.weight, *(role.column for family in self.families for role in family.roles)]
        return [column for column in (*given, self.where) if column is not None]

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The columns of the log that are read; None where an expression leaves that to the log."""
        names = [roots(column) for column in self.read]
        return None if None in names else tuple(dict.fromkeys(name for some in names for name in some or ()))

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the outer keys, without the window."""
        return tuple(column_name(key) for key in self.by)


def check_families(families: Sequence[Family], weighted: bool) -> None:
    if not families:
        raise SchemaError("count() needs at least one family, such as fm.binary('label', 'pred')")
    for family in families:
        if not isinstance(family, Family):
            got = repr(family) if isinstance(family, str) else f"a {type(family).__name__}"
            raise SchemaError(
                f"a family was expected after the log, got {got}; make one with fm.binary(...), "
                "fm.scores(...), fm.classes(...) or fm.regression(...)"
            )
        extremes = [cell.name for cell in family.cells if cell.merge != "sum"]
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
        cells = [f"{w}{cell.name}{e}" for cell in family.cells for w in ("", "w_", "w2_") for e in ("", "_error")]
        taken = {*FIXED_COLUMNS, *cells, *family.inner_names, *names(family.metrics)}
        if len(families) > 1:  # whose tables are one when they are stored
            taken |= {"family", *(f"{family.name}.{column}" for column in (*cells, *family.inner_names))}
        for key in keys:
            if key in taken:
                raise SchemaError(
                    f"key {key!r} has the name of a cell, metric or fixed column of family {family.name!r}; "
                    f"give it another with by=pl.col({key!r}).alias({key + '_key'!r})"
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


def check_number(name: str, given: float) -> float:
    """A finite float, or an error that names the argument."""
    if isinstance(given, bool) or not isinstance(given, (int, float, np.number)) or not math.isfinite(given):
        raise SchemaError(f"{name}={given!r} is not a finite number")
    return float(given)
