"""Cells: their kinds, the columns of a table of them, and what formulas see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.errors import SchemaError, unknown
from fastmetrics.exact_sums import MOST_ENTRIES, MOST_SUM
from fastmetrics.metric import Cells

__all__ = [
    "CELL_KINDS",
    "MOST_COUNT",
    "MOST_ROWS",
    "NO_INTEGER",
    "Cell",
    "CellKind",
    "CellTable",
    "InnerKey",
    "columns_of",
    "count_overflow",
    "exact_overflow",
    "rows_overflow",
    "scalar_cells",
]

Kind = Literal["state", "count", "exact", "sum", "min", "max"]
Columns = Mapping[str, pl.DataType]

INTEGER: Columns = {"{}": pl.Int64()}
LIMBS: Columns = {f"{{}}_{limb}": pl.Int64() for limb in ("high", "middle", "low")}
FLOAT: Columns = {"{}": pl.Float64()}
PAIR: Columns = {"{}": pl.Float64(), "{}_error": pl.Float64()}
WEIGHTS: Columns = {column.format(name): dtype for name in ("w_{}", "w2_{}") for column, dtype in PAIR.items()}


@dataclass(frozen=True)
class CellKind:
    """A kind of cell: a row of `CELL_KINDS`.

    Attributes
    ----------
    merge
        How the columns of two groups become those of one.
    plain, weighted
        The columns of a cell without and with weights, and their dtypes; ``{}`` stands for its name. None where the
        cell has no weighted meaning.
    """

    merge: Literal["sum", "min", "max"]
    plain: Columns
    weighted: Columns | None


CELL_KINDS: Mapping[Kind, CellKind] = {
    "state": CellKind("sum", INTEGER, {**INTEGER, **WEIGHTS}),
    "count": CellKind("sum", INTEGER, {**INTEGER, **WEIGHTS}),
    "exact": CellKind("sum", LIMBS, WEIGHTS),
    "sum": CellKind("sum", PAIR, WEIGHTS),
    "min": CellKind("min", FLOAT, None),
    "max": CellKind("max", FLOAT, None),
}
NO_INTEGER = -(2**31)  # null among the integers of an inner key
MOST_ROWS = 2**63 - 1  # in all states of a family together, so that no sum of some of them leaves 64 bits
MOST_COUNT = 2.0**62  # magnitudes in all of what is added to a count: below it no sum in any order leaves 64 bits


@dataclass(frozen=True)
class Cell:
    """A named value that a table of cells holds of every group.

    ``state`` cells partition the entries of a log, which are its rows where the family gives no others: each adds 1 to
    exactly one of them. The others hold a value of each entry: an integer that is added up exactly (``count``), a float
    that is added up in whole multiples of 2**-72, of which no order changes a bit (``exact``), with compensation
    (``sum``), or kept as extreme (``min``, ``max``). `fastmetrics.exact_sums` says what ``exact`` cells hold.

    Raises
    ------
    SchemaError
        A kind that is not in `CELL_KINDS`.
    """

    name: str
    kind: Kind = "state"

    def __post_init__(self) -> None:
        if self.kind not in CELL_KINDS:
            raise SchemaError(f"cell {self.name!r}: " + unknown("kind", self.kind, CELL_KINDS))

    @property
    def merge(self) -> Literal["sum", "min", "max"]:
        """How the cell of two groups becomes that of one."""
        return CELL_KINDS[self.kind].merge

    def columns(self, weighted: bool) -> dict[str, pl.DataType]:
        """The columns that hold the cell, and their dtypes; an extreme has none with weights."""
        of_kind = CELL_KINDS[self.kind]
        columns = of_kind.weighted if weighted else of_kind.plain
        return {column.format(self.name): dtype for column, dtype in (columns or {}).items()}


@dataclass(frozen=True)
class InnerKey:
    """A key column that the family owns.

    Its values are those of a ``key`` role of its name; or the items of ``list of key`` roles, of which the family gives
    the code of each entry; or integers that the family computes. With a ``size`` these are 0 .. size - 1, given as
    codes, 0 for null and else one more than the integer. With ``within`` they lie between the two given, both included,
    and few of them occur: they are given as int32, `NO_INTEGER` for null.
    """

    name: str
    size: int | None = None
    within: tuple[int, int] | None = None

    @property
    def range(self) -> tuple[int, int] | None:
        """The least and the greatest of the integers that the family computes."""
        return self.within if self.size is None else (0, self.size - 1)


@dataclass(frozen=True)
class CellTable:
    """The cells of some groups as a family's formulas meet them: one entry a row of the long table.

    ``group[i]`` in 0 .. size - 1 is the outer group of row i, ``keys`` are the inner keys, ``cells`` the cells.
    """

    group: NDArray[np.int64]
    size: int
    keys: Mapping[str, pl.Series]
    cells: Cells


def columns_of(cells: Iterable[Cell], weighted: bool, dtype: pl.DataType) -> list[str]:
    """The columns of one dtype among those that hold some cells."""
    return [column for cell in cells for column, of in cell.columns(weighted).items() if of == dtype]


def count_overflow(cell: str, family: str, reach: float) -> str:
    """The text of the error of a count that 64 bits may not hold."""
    return (
        f"cell {cell!r} of family {family!r} adds up integers of {reach:.3g} in all, signs left aside; 64 bits hold "
        f"sums of less than {MOST_COUNT:.3g}"
    )


def rows_overflow(family: str, rows: int) -> str:
    """The text of the error of more rows than 64 bits hold."""
    return f"family {family!r} counts {rows:,} rows; 64 bits hold at most {MOST_ROWS:,}"


def exact_overflow(cell: str, family: str, reach: float, entries: int) -> str:
    """The text of the error of an exact sum of too large or too many numbers."""
    return (
        f"cell {cell!r} of family {family!r} adds up {entries:,} numbers of {reach:.3g} in all, signs left aside; an "
        f"exact sum holds less than {MOST_SUM:.3g}, of less than {MOST_ENTRIES:,} numbers"
    )


def scalar_cells(table: CellTable) -> Cells:
    """The view of a family without inner keys: its cells as they are."""
    return table.cells
