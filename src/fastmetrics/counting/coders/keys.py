"""Keys: which columns can be one, how they travel to their coder, and the coder of each."""

from __future__ import annotations

from typing import Protocol

import polars as pl
import pyarrow as pa

from fastmetrics.counting.coders.categories import BooleanCoder, CategoryCoder, EnumCoder
from fastmetrics.counting.coders.numbers import FloatCoder, NumberCoder
from fastmetrics.counting.coders.strings import TextCoder
from fastmetrics.counting.groups import Codes
from fastmetrics.errors import SchemaError

__all__ = ["Coder", "check_key_dtype", "coder", "decode", "key_carrier", "key_dtype"]

PLAIN = (pl.Boolean, pl.String, pl.Binary, pl.Null, pl.Categorical, pl.Enum)  # keys that are no numbers and no times


class Coder(Protocol):
    """Turns the rows of a key column into codes, and codes back into values."""

    def codes(self, column: pa.Array) -> Codes:
        """Codes of the rows of a column."""

    def values(self) -> pl.Series:
        """The value of each code, null first."""


def check_key_dtype(name: str, column: str, dtype: pl.DataType) -> None:
    """Refuse a column that cannot be the key ``name``."""
    if not (dtype.is_numeric() or dtype.is_temporal() or isinstance(dtype, PLAIN)):
        what = f"key {name!r}" if name == column else f"{name} column {column!r}"
        raise SchemaError(
            f"{what} holds {dtype}, which cannot be a key; expected text, a number, a Boolean, a category, "
            "a date or a time"
        )


def key_carrier(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The expression that carries a key column to its coder.

    Wide numbers travel as text, and so do named Categories, whose numbering may not even last from batch to batch.
    """
    if isinstance(dtype, pl.Enum) or is_global(dtype):
        return column.to_physical()
    return column.cast(pl.String) if isinstance(dtype, pl.Categorical) or is_wide(dtype) else column


def key_dtype(dtype: pl.DataType) -> pl.DataType:
    """The dtype of a key in Counts: Categorical becomes String, as its numbering means nothing outside this process."""
    return pl.String() if isinstance(dtype, pl.Categorical) else dtype


def is_global(dtype: pl.DataType) -> bool:
    """Whether a dtype is Categorical in the numbering that all columns of a process share."""
    return isinstance(dtype, pl.Categorical) and dtype.categories.is_global()


def is_wide(dtype: pl.DataType) -> bool:
    """Whether a dtype is of numbers wider than 64 bits."""
    return dtype in (pl.Int128, pl.UInt128) or isinstance(dtype, pl.Decimal)


def decode(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """A column that was carried as a key of a dtype is, as the values of it; named Categories stay text."""
    if isinstance(dtype, pl.Enum) or is_global(dtype):
        return column.cat.to(dtype)
    return column.cast(dtype) if is_wide(dtype) else column


def coder(dtype: pl.DataType) -> Coder:
    """The coder of a key column that holds ``dtype`` in the log."""
    if dtype == pl.Boolean:
        return BooleanCoder()
    if isinstance(dtype, pl.Enum):
        return EnumCoder(dtype)
    if is_global(dtype):
        return CategoryCoder()
    if isinstance(dtype, pl.Categorical) or is_wide(dtype):
        return TextCoder(pl.String())
    if dtype in (pl.String, pl.Binary):
        return TextCoder(dtype)
    return FloatCoder(dtype) if dtype.is_float() else NumberCoder(dtype)
