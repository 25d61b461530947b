"""Coders of Booleans, Enums and Categoricals, which bring codes of their own."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from fastmetrics.counting.coders.nulls import with_nulls
from fastmetrics.counting.coders.numbers import NumberCodes
from fastmetrics.counting.groups import Codes
from fastmetrics.counting.views import fixed, true_bits, valid_bits

__all__ = ["BooleanCoder", "CategoryCoder", "EnumCoder"]


class BooleanCoder:
    """Codes of a Boolean column: 1 false, 2 true."""

    def codes(self, column: pa.Array) -> Codes:
        return with_nulls(true_bits(column), valid_bits(column), 3)

    def values(self) -> pl.Series:
        return pl.Series([None, False, True], dtype=pl.Boolean)


class EnumCoder:
    """Codes of an Enum column, which comes as its physical codes."""

    def __init__(self, dtype: pl.Enum) -> None:
        self.dtype = dtype
        self.size = len(dtype.categories) + 1

    def codes(self, column: pa.Array) -> Codes:
        return with_nulls(fixed(column), valid_bits(column), self.size)

    def values(self) -> pl.Series:
        return pl.Series([None, *self.dtype.categories], dtype=self.dtype)


class CategoryCoder:
    """Codes of a Categorical column, which comes as its physical codes.

    All Categorical columns of a process share one numbering, but only for as long as one of them is alive: without an
    empty one that lives as long as the count, the next batch of a stream would begin another.
    """

    def __init__(self) -> None:
        self.numbers = NumberCodes()
        self.numbering = pl.Series([], dtype=pl.Categorical)

    def codes(self, column: pa.Array) -> Codes:
        return self.numbers.codes(fixed(column), valid_bits(column))

    def values(self) -> pl.Series:
        text = pl.Series(self.numbers.known).cast(pl.UInt32).cat.to(pl.Categorical).cast(pl.String)
        return pl.concat([pl.Series([None], dtype=pl.String), text.rename("")])
