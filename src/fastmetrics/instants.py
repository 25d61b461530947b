"""Instants: int64 microseconds since 1970 in UTC, of a time column of any kind."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.errors import DataError, SchemaError, listed

__all__ = ["DAY", "SECOND", "Instants", "instants"]

Instants = NDArray[np.int64]
SECOND = 1_000_000
DAY = 86_400 * SECOND


def epoch_factor(time_unit: str) -> tuple[int, int]:
    """(multiply by, then divide by) from an epoch unit to microseconds."""
    factors = {"d": (DAY, 1), "s": (SECOND, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}
    if time_unit not in factors:
        raise SchemaError(f"time_unit={time_unit!r} is not one of {listed(factors)}")
    return factors[time_unit]


def instants(
    time: pl.Expr, name: str, dtype: pl.DataType, time_unit: str | None, first: str | None, *, strict: bool = True
) -> pl.Expr:
    """The int64 instants of a time column of any kind, as an expression.

    Parameters
    ----------
    time, name, dtype
        The column as an expression, its name for messages, its dtype: Datetime of any unit and zone (naive is
        UTC), Date, integers with ``time_unit``, or ISO 8601 text.
    first
        The first text of a text column: it tells whether the column carries UTC offsets.
    strict
        Text that is no time fails the query, rather than being null.

    Raises
    ------
    SchemaError
        A dtype that holds no times, or integers without ``time_unit``.
    DataError
        A first text that is no time.
    """
    if isinstance(dtype, pl.Datetime):
        if dtype.time_unit == "us":
            return time.to_physical()
        return scaled(time.to_physical(), *epoch_factor(dtype.time_unit))
    if dtype == pl.Date:
        return time.to_physical().cast(pl.Int64) * DAY
    if dtype.is_integer():
        if time_unit is None:
            raise SchemaError(
                f"time column {name!r} holds {dtype}; say what it counts since 1970 with "
                "time_unit='s', 'ms', 'us', 'ns' or 'd'"
            )
        return scaled(time.cast(pl.Int64), *epoch_factor(time_unit))
    if dtype == pl.String:
        zoned = first is not None and re.search(r"(Z|[+-]\d\d:?\d\d)$", first.strip()) is not None
        if first is not None:
            check_text(name, first, zoned)
        return parsed(time, zoned, strict).to_physical()
    if dtype == pl.Null:
        return time.cast(pl.Int64)
    raise SchemaError(
        f"time column {name!r} holds {dtype}; expected Datetime, Date, ISO 8601 text, or integers with time_unit="
    )


def parsed(text: pl.Expr, zoned: bool, strict: bool = True) -> pl.Expr:
    """Text as instants; the first one tells Polars the format of all."""
    return text.str.to_datetime(time_unit="us", time_zone="UTC" if zoned else None, strict=strict)


def check_text(name: str, first: str, zoned: bool) -> None:
    """Refuse a text column whose first text is no time: Polars infers the format of the column from it."""
    try:
        pl.select(parsed(pl.lit(first), zoned))
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"time column {name!r} holds {first!r}; expected ISO 8601 text, such as 2026-03-14T09:00:00Z"
        ) from error


def scaled(time: pl.Expr, multiply: int, divide: int) -> pl.Expr:
    """Integer rescaling that rounds towards the past, before 1970 too."""
    return time * multiply if divide == 1 else time // divide
