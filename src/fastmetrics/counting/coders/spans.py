"""What dates, times and durations can be: those that Python has values for."""

from __future__ import annotations

import polars as pl

from fastmetrics.errors import DataError
from fastmetrics.instants import MOST, TICKS, YEARS, spelled_out

__all__ = ["check_representable"]

LONGEST = 999_999_999 * 86_400_000_000  # the longest duration of Python


def check_representable(key: str, values: pl.Series) -> None:
    """Refuse dates, times and durations that Python has no value for, and so no text, file or filter of ours."""
    if isinstance(values.dtype, pl.Duration):
        check_range(key, values, (-LONGEST, LONGEST + 1), "durations of 999,999,999 days")
    elif values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime):
        check_range(key, values, YEARS, "the years 1 to 9999")
        if getattr(values.dtype, "time_zone", None) is not None:  # whose clock may be in another year
            check_range(key, values.dt.replace_time_zone(None), YEARS, "the years 1 to 9999")


def check_range(key: str, values: pl.Series, reach: tuple[int, int], words: str) -> None:
    """Refuse values outside of a range given in microseconds, and the extremes, which stand for no instant."""
    unit = "d" if values.dtype == pl.Date else values.dtype.time_unit  # type: ignore[attr-defined]
    multiply, divide = TICKS[unit]
    low, high = (max(min(-(-end * divide // multiply), MOST), 1 - MOST) for end in reach)
    numbers = values.to_physical()
    beyond = numbers.filter((numbers < low) | (numbers >= high))
    if len(beyond):
        raise DataError(
            f"key {key!r} holds {spelled_out(beyond[0], unit)}, beyond {words}; leave such rows out with where=, or "
            "compute a key that has null there"
        )
