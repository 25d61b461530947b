"""Key columns as text for people: each value printable and short, whatever its dtype."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from fastmetrics.wording import LONGEST, readable

__all__ = ["clock_text", "key_texts", "moment", "moments"]


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
    daily = bool((known.dt.hour() == 0).all() and (known.dt.minute() == 0).all() and not repeated(known).any())
    return clock_text(times, "%Y-%m-%d %H:%M:%S%.f" if fine else "%Y-%m-%d" if daily else "%Y-%m-%d %H:%M")


def moment(time: datetime) -> str:
    """One time as text, to the minute.

    >>> from zoneinfo import ZoneInfo
    >>> moment(datetime(2024, 10, 27, 2, 0, fold=1, tzinfo=ZoneInfo("Europe/Berlin")))
    '2024-10-27 02:00+01:00'
    """
    return str(clock_text(pl.Series([time]), "%Y-%m-%d %H:%M").item())


def clock_text(times: pl.Series, form: str) -> pl.Series:
    """What the clock of their zone shows at some times, with its offset where it is set back and shows that twice."""
    text = times.dt.to_string(form)
    twice = repeated(times)
    return text.zip_with(~twice, times.dt.to_string(f"{form}%:z")) if twice.any() else text


def repeated(times: pl.Series) -> pl.Series:
    """Whether a clock shows each time twice."""
    assert isinstance(times.dtype, pl.Datetime)
    zone = times.dtype.time_zone
    if zone in (None, "UTC"):
        return pl.repeat(False, len(times), eager=True)
    shown = times.dt.replace_time_zone(None)
    first, last = (shown.dt.replace_time_zone(zone, ambiguous=which) for which in ("earliest", "latest"))
    return (first != last).fill_null(False)
