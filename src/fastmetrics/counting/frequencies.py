"""Frequencies: how many equal rows each row of a log stands for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.aliases import Floats, Integers, Mask
from fastmetrics.arithmetic import most_whole
from fastmetrics.contract import columns
from fastmetrics.contract.batches import Batch, Column, Columns, Encoded
from fastmetrics.contract.cells import MOST_ROWS
from fastmetrics.contract.columns import column_name, expression
from fastmetrics.counting.dictionaries import decoded
from fastmetrics.counting.views import fixed, valid_bits
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.sources.series import as_array, as_series

__all__ = ["Frequencies", "Frequency", "carrier", "occurring", "products", "summed"]

WIDE = (pl.Int128, pl.UInt128)
# What is no frequency among the numbers of each kind of numpy dtype.
UNFIT: dict[str, Callable[[NDArray[Any]], Mask]] = {
    "i": lambda numbers: numbers < 0,
    "u": lambda numbers: numbers > np.uint64(MOST_ROWS),
    "f": lambda numbers: ~((numbers >= 0) & (numbers < most_whole(numbers)) & (numbers == np.floor(numbers))),
}
HALF_BITS = 26  # of a product of two numbers of so many bits, and one more, a float loses none
LOWER = (1 << HALF_BITS) - 1


class Frequency(NamedTuple):
    """The column of frequencies of a plan: as it was given, and its place in a batch."""

    column: columns.Column
    place: int


class Frequencies(NamedTuple):
    """How many equal rows each row of a block stands for, as int64 above 0, and how many all of them do."""

    each: Integers
    total: int

    def at(self, rows: NDArray[np.intp]) -> Frequencies:
        """Those of some rows."""
        each = self.each[rows]
        return Frequencies(each, summed(each))


def summed(numbers: Integers) -> int:
    """The sum of numbers above 0, exact where 64 bits do not hold it."""
    most = int(numbers.max(initial=0)) * len(numbers)
    return int(numbers.sum()) if most <= MOST_ROWS else sum(numbers.tolist())


def carrier(column: columns.Column, dtype: pl.DataType) -> pl.Expr:
    """The expression that carries a column of frequencies to the threads, as Int64, UInt64, floats or text.

    Decimals, which sums of engines are, and integers of 128 bits are text: that of an Int64 where they are whole.

    Raises
    ------
    SchemaError
        A dtype whose values are no numbers.
    """
    plain = expression(column)
    if not dtype.is_numeric():
        raise SchemaError(f"frequency column {column_name(column)!r} holds {dtype}; whole numbers are needed")
    if dtype.is_float():
        return plain
    if isinstance(dtype, pl.Decimal) or dtype in WIDE:
        whole = plain.cast(pl.Int64, strict=False)
        return pl.when(whole == plain).then(whole.cast(pl.String)).otherwise(plain.cast(pl.String))
    return plain if dtype in (pl.Int64, pl.UInt64) else plain.cast(pl.Int64)


def occurring(batch: Batch, frequency: Frequency, width: int) -> tuple[Batch, Frequencies]:
    """The rows of a batch that stand for any, with their frequencies: what stands for none is no row of the log.

    ``width`` is the number of columns.

    Raises
    ------
    DataError
        A frequency that is no whole number from 0 to 2**63 - 1, or one that its dtype may have rounded.
    """
    each = checked(decoded(batch.column(frequency.place)), frequency.column)
    if each.min(initial=1) == 0:
        kept = each != 0
        each = each[kept]
        batch = Columns(len(each), tuple(rows_of(batch.column(place), kept) for place in range(width)))
    return batch, Frequencies(each, summed(each))


def checked(given: pa.Array, column: columns.Column) -> Integers:
    """The frequencies of a column as int64."""
    shown = as_series(given)
    if shown.dtype == pl.String:
        given = as_array(shown.cast(pl.Int64, strict=False))
    numbers, valid = fixed(given), valid_bits(given)
    if valid is None and numbers.dtype == np.int64 and numbers.min(initial=0) >= 0:
        return numbers  # a fifth of the time of what follows
    bad = UNFIT[numbers.dtype.kind](numbers)
    if valid is not None:
        bad |= valid == 0
    if bad.any():
        value, plain = shown[int(np.flatnonzero(bad)[0])], expression(column)
        got = "null" if value is None else str(value)
        fine = (plain >= 0) & (plain.cast(pl.Int64, strict=False) == plain)
        why = "a frequency says how many equal rows a row stands for, and is a whole number from 0 to 2**63 - 1"
        if numbers.dtype.kind == "f":
            fine &= plain < most_whole(numbers)
            if value is not None and most_whole(numbers) <= value < math.inf:
                why = (
                    f"{shown.dtype} rounds whole numbers from {most_whole(numbers):,} on: give frequencies as integers"
                )
        raise DataError(
            f"frequency column {column_name(column)!r} holds {got}; {why}", matching=fine.fill_null(False).not_()
        )
    return numbers.astype(np.int64, copy=False)


def rows_of(column: Column, kept: Mask) -> Column:
    """Some rows of a column."""
    if not isinstance(column, Encoded):
        return as_array(as_series(column).filter(pl.Series(kept)))
    valid = None if column.valid is None else column.spread(column.valid)[kept]
    return replace(column, codes=column.spread(column.codes)[kept], valid=valid, ends=None)


def products(values: Floats, frequencies: Integers) -> Iterator[Floats]:
    """Arrays that add up to each value as many times as its frequency says, none of which is rounded.

    Both are taken apart into pieces of so few bits that a float holds the product of any two. ``frequencies`` are one
    column, of which each is for a row of values.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is NaN in Counts
        upper = np.ascontiguousarray(values).view(np.int64) & ~LOWER
        high = np.where(np.isnan(values), np.nan, upper.view(np.float64))
        halves = high, values - high
        for shift in range(0, 63, HALF_BITS):
            part = (frequencies >> shift) & LOWER
            if part.any():
                yield from (half * (part * 2.0**shift) for half in halves)
