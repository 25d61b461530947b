"""Cells: the columns of a table of cells, what a block of rows adds to them, and what formulas see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.errors import SchemaError, unknown
from fastmetrics.metrics import Cells

__all__ = ["CELL_KINDS", "Adder", "Cell", "CellKind", "CellTable", "InnerKey", "Rows", "States", "scalar_cells"]

Kind = Literal["state", "count", "sum", "min", "max"]
Columns = Mapping[str, pl.DataType]

INTEGER: Columns = {"{}": pl.Int64()}
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
    "sum": CellKind("sum", PAIR, WEIGHTS),
    "min": CellKind("min", FLOAT, None),
    "max": CellKind("max", FLOAT, None),
}


@dataclass(frozen=True)
class Cell:
    """What one name of a table of cells holds of each group.

    ``state`` cells partition the rows: every row adds 1 to exactly one of them. The others hold a value of each row:
    an integer that is added up exactly (``count``), a float that is added up with compensation (``sum``) or kept as
    extreme (``min``, ``max``).

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
        """The columns that hold the cell, and their dtypes; of an extreme none with weights."""
        of_kind = CELL_KINDS[self.kind]
        columns = of_kind.weighted if weighted else of_kind.plain
        return {column.format(self.name): dtype for column, dtype in (columns or {}).items()}


@dataclass(frozen=True)
class InnerKey:
    """A key column that the family owns: the values of a ``key`` role of the same name, or, with a ``size``,
    integers 0 .. size - 1 that the family computes: it gives codes, 0 for null and else one more than the integer.
    """

    name: str
    size: int | None = None


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
