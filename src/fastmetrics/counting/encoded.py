"""Columns that may come encoded: to the codes of a key, and to what a family gets of a role."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.contract.batches import Column, Encoded
from fastmetrics.counting.coders.keys import Coder
from fastmetrics.counting.dictionaries import Lookup, decoded
from fastmetrics.counting.frequencies import Frequencies, summed
from fastmetrics.counting.groups import Codes
from fastmetrics.counting.plan import RoleColumn
from fastmetrics.counting.roles import MARKED_NULL, NULL, Reading
from fastmetrics.kernels.codes import spread_runs
from fastmetrics.kernels.ids import BLOCK

__all__ = ["ColumnCoder", "ColumnReader"]


class ColumnCoder:
    """The coder of a key whose columns may come encoded."""

    def __init__(self, coder: Coder) -> None:
        self.coder = coder
        self.lookup = Lookup(self.code)
        self.size, self.final = 1, False

    def code(self, values: pa.Array) -> NDArray[np.uint32]:
        codes = self.coder.codes(values)
        self.size, self.final = codes.size, codes.final
        return codes.of_rows()

    def codes(self, column: Column) -> Codes:
        """Codes of the rows of a column; of long runs nothing is written row by row."""
        if not isinstance(column, Encoded):
            return self.coder.codes(column)
        found = self.lookup.of(column)
        if column.ends is None:
            return Codes(found, 0, self.size, self.final)
        codes, ranges = np.empty(len(column), np.uint32), np.empty((-(-len(column) // BLOCK), 2), np.uint32)
        spread_runs(column.ends, found, codes, ranges)
        return Codes(codes, 0, self.size, self.final, ranges)

    def values(self) -> pl.Series:
        """The value of each code, null first."""
        return self.coder.values()


class ColumnReader:
    """The reader of a role whose columns may come encoded."""

    def __init__(self, role_column: RoleColumn, reading: Reading) -> None:
        self.role_column = role_column
        self.reading = reading
        self.lookup = Lookup(self.values)
        role = role_column.role
        self.marks = role.kind == "binary" and isinstance(role.pos_label, str) and role.null_values is None

    def values(self, values: pa.Array) -> NDArray[Any]:
        """What is read of some values, each of any number of rows."""
        read: NDArray[Any] = self.role_column.read(self.role_column.role, values, self.reading)
        return read

    def read(self, column: Column, frequencies: Frequencies | None) -> Any:
        """What the family gets of a column."""
        if isinstance(column, Encoded) and self.role_column.by_value:
            read: Any = column.spread(self.lookup.of(column))
        else:
            read = self.role_column.read(self.role_column.role, decoded(column), self.reading)
        if self.marks:
            self.note_marked(read, frequencies)
        return read

    def note_marked(self, states: NDArray[np.uint8], frequencies: Frequencies | None) -> None:
        """Observe in how many rows text was read as null, and take the marks away."""
        marked = states == MARKED_NULL
        if marked.any():
            rows = np.count_nonzero(marked) if frequencies is None else summed(frequencies.each[marked])
            self.reading.observed.text_nulls.append(int(rows))
            np.minimum(states, NULL, out=states)
