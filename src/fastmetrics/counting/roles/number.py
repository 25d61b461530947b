"""Roles of kind ``number``: floats of the width of the column, with NaN for null."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.arithmetic import MOST_WHOLE
from fastmetrics.contract.columns import column_name, expression
from fastmetrics.contract.roles import Role
from fastmetrics.counting.roles.kind import Reading, Sample
from fastmetrics.counting.roles.nulls import with_nulls
from fastmetrics.counting.views import fixed, valid_bits
from fastmetrics.errors import DataError, SchemaError

__all__ = ["carrier", "check", "needs_number", "read", "read_whole", "refused_number", "told"]

# How a number is made of a column of other types.
WAYS: tuple[tuple[tuple[type[pl.DataType], ...], str], ...] = (
    ((pl.Duration,), "pl.col({name!r}).dt.total_milliseconds(fractional=True)"),
    ((pl.Datetime, pl.Date), "(pl.col({name!r}) - pl.col('start')).dt.total_milliseconds(fractional=True)"),
    ((pl.String,), "pl.col({name!r}).cast(pl.Float64)"),
    ((pl.Categorical, pl.Enum), "pl.col({name!r}).cast(pl.String).cast(pl.Float64)"),
    ((pl.List,), "pl.col({name!r}).list.len()"),
)


def check(role: Role, dtype: pl.DataType, sample: Sample) -> None:
    """Refuse what is neither number nor Boolean."""
    if not (dtype.is_numeric() or dtype in (pl.Boolean, pl.Null)):
        raise needs_number(role, dtype)


def needs_number(role: Role, dtype: pl.DataType) -> SchemaError:
    """The error of a column that holds no numbers."""
    name = column_name(role.column)
    return SchemaError(f"{role.name} column {name!r} holds {dtype}; {needed(name, dtype)}")


def needed(name: str, dtype: pl.DataType) -> str:
    """That a number is needed, and how one is made of a column that holds none, where there is a way."""
    ways = [way.format(name=name) for kinds, way in WAYS if isinstance(dtype, kinds)]
    return f"a number is needed, such as {ways[0]}" if ways else "a number is needed"


def carrier(role: Role, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as floats, or what the link makes of them."""
    known = with_nulls(role, column, dtype)
    if role.link == "logit":
        return 1 / (1 + (-known.cast(pl.Float64)).exp())
    return known if dtype.is_float() else known.cast(pl.Float64)


def read(role: Role, column: pa.Array, reading: Reading) -> NDArray[Any]:
    """A block as floats with NaN for null."""
    values, valid = fixed(column), valid_bits(column)
    return values if valid is None else np.where(valid, values, values.dtype.type(np.nan))


def read_whole(role: Role, column: pa.Array, reading: Reading) -> NDArray[Any]:
    """A block of whole numbers of 64 bits or more as floats.

    Raises
    ------
    DataError
        One of which a float holds no more than the nearest it can.
    """
    values = read(role, column, reading)
    most = max(np.fmax.reduce(values, initial=0), -np.fmin.reduce(values, initial=0))  # NaN aside
    if role.link is None and most >= MOST_WHOLE:
        name, found = column_name(role.column), values[np.abs(values) == most][0]
        raise DataError(
            rounds(name, found),
            matching=(expression(role.column) >= MOST_WHOLE) | (expression(role.column) <= -MOST_WHOLE),
        )
    return values


def rounds(name: str, found: float) -> str:
    """What is wrong with a column that holds a whole number too large for a float."""
    return (
        f"column {name!r} holds whole numbers near {found:.0f}, which float64 rounds; "
        f"subtract an offset, or say that they may be rounded: pl.col({name!r}).cast(pl.Float64)"
    )


def told(column: pl.Series) -> pl.Series:
    """A column of numbers or Booleans as Float64 with null for NaN, as expressions read it.

    Raises
    ------
    SchemaError, DataError
        As in a count.
    """
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        return refused_number(column)
    numbers = column.cast(pl.Float64)
    if column.dtype.is_float():
        return numbers.fill_nan(None)
    if column.dtype.is_integer() and len(wide := numbers.filter(numbers.abs() >= MOST_WHOLE)):
        raise DataError(rounds(column.name, wide[0]))
    return numbers


def refused_number(column: pl.Series) -> pl.Series:
    """A column that is neither Boolean nor number as numbers: nulls if it holds nothing else, or the error."""
    if column.dtype == pl.Null:
        return column.cast(pl.Float64)
    raise SchemaError(f"column {column.name!r} holds {column.dtype}; {needed(column.name, column.dtype)}")
