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
from fastmetrics.counting.groups import Codes
from fastmetrics.counting.plan import RoleColumn
from fastmetrics.counting.roles import Observed, Reading
from fastmetrics.counting.views import valid_bits
from fastmetrics.kernels.codes import spread_runs
from fastmetrics.kernels.ids import BLOCK

__all__ = ["ColumnCoder", "ColumnReader"]

NULL, MARKED_NULL = 2, 3  # states of binary roles: null, and for a moment null that was text


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
        self.text_nulls = False

    def values(self, values: pa.Array) -> NDArray[Any]:
        """What is read of some values, each of any number of rows: text that is read as null is marked."""
        seen = Observed(self.reading.observed.kinds)
        read: NDArray[Any] = self.role_column.read(self.role_column.role, values, Reading(seen))
        if seen.text_nulls:
            self.text_nulls, valid = True, valid_bits(values)
            read[(read == NULL) if valid is None else (read == NULL) & (valid != 0)] = MARKED_NULL
        return read

    def read(self, column: Column) -> Any:
        """What the family gets of a column."""
        if not isinstance(column, Encoded) or not self.role_column.by_value:
            return self.role_column.read(self.role_column.role, decoded(column), self.reading)
        read = column.spread(self.lookup.of(column))
        if self.text_nulls:
            self.reading.observed.text_nulls.append(int(np.count_nonzero(read == MARKED_NULL)))
            np.minimum(read, NULL, out=read)
        return read
