"""Key columns as text for people: each value printable and short, whatever its dtype."""

from __future__ import annotations

import polars as pl

from fastmetrics.wording import LONGEST, readable

__all__ = ["key_texts", "moments"]


def key_texts(values: pl.Series, longest: int = LONGEST, null: str = "null") -> list[str]:
    """The text of each value of a key, that of null among them.

    >>> key_texts(pl.Series(["BR", None, "null"]))
    ['BR', 'null', "'null'"]
    """
    return [readable(value, longest, null) for value in plain(values).to_list()]


def plain(values: pl.Series) -> pl.Series:
    """The values in a dtype that Python holds: it knows no year 10,000, no long durations and no short floats."""
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime):
        return moments(values)
    if isinstance(dtype, pl.Duration):
        return values.dt.to_string("polars")
    return values.cast(pl.String) if dtype in (pl.Date, pl.Float16, pl.Float32) else values


def moments(times: pl.Series) -> pl.Series:
    """Times as text, without the part that is zero in all of them."""
    known = times.drop_nulls()
    fine = bool((known.dt.second() != 0).any() or (known.dt.nanosecond() != 0).any())
    daily = bool((known.dt.hour() == 0).all() and (known.dt.minute() == 0).all())
    return times.dt.to_string("%Y-%m-%d %H:%M:%S%.f" if fine else "%Y-%m-%d" if daily else "%Y-%m-%d %H:%M")
