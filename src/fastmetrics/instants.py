"""Instants: int64 microseconds since 1970 in UTC; what counts them, and how text that means one is written."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.errors import SchemaError, listed
from fastmetrics.guard import first_line
from fastmetrics.wording import is_encodable

__all__ = [
    "DAY",
    "SECOND",
    "MOST",
    "TICKS",
    "YEARS",
    "Instants",
    "check_time_format",
    "check_time_unit",
    "likely_formats",
    "spelled_out",
]

Instants = NDArray[np.int64]
SECOND = 1_000_000
DAY = 86_400 * SECOND
YEARS = (-62_135_596_800 * SECOND, 253_402_300_800 * SECOND)  # the years 1 to 9999, as Python has them
# Unit of times: (multiply by, then divide by) to get microseconds.
TICKS = {"d": (DAY, 1), "s": (SECOND, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}
# How logs write times that are not ISO 8601.
DATES = ("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y%m%d", "%d %b %Y", "%d/%b/%Y")
CLOCKS = ("", " %H:%M", " %H:%M:%S%.f", "T%H:%M:%S%.f", ":%H:%M:%S", " %I:%M %p")
OFFSETS = ("", " %z")
LIKELY = (dt.date(1900, 1, 1), dt.date(2100, 1, 1))
MOST, MOST_DAYS = 2**63 - 1, 2**31 - 1  # by which DuckDB means infinity; the least of 64 bits is NaT in numpy
PROBE = dt.datetime(2001, 2, 3, 16, 5, 6, tzinfo=dt.UTC)


def check_time_unit(unit: str) -> None:
    """Refuse a unit that integers since 1970 do not have."""
    if unit not in TICKS:
        raise SchemaError(f"time_unit={unit!r} is not one of {listed(TICKS)}")


def check_time_format(form: str) -> None:
    """Refuse a format that does not read back the day it wrote, as of what is missing Polars takes the first.

    Names of zones are not read: Polars skips them, and several zones have one name.
    """
    wrong = f"time_format={form!r} does not say how a time is written"
    if not isinstance(form, str) or not is_encodable(form):
        raise SchemaError(f"{wrong}; write it with the codes of strftime, such as '%d/%m/%Y %H:%M'")
    if "%Z" in form.replace("%%", ""):
        raise SchemaError(f"{wrong}: %Z is the name of a zone, which is not unique; write offsets with %z")
    try:
        text = pl.Series([PROBE], dtype=pl.Datetime("us", "UTC")).dt.strftime(form.replace("%#z", "%z"))
        days = text.str.to_datetime(form, time_unit="us", strict=False).dt.date()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise SchemaError(f"{wrong}: {first_line(error)}") from error
    if days[0] != PROBE.date():
        raise SchemaError(f"{wrong}: it needs a day, a month and a year, such as '%d/%m/%Y %H:%M'")


def likely_formats(text: str) -> list[str]:
    """The formats, of those that logs often have, that read a text as a day of our time.

    >>> likely_formats("03/04/2024"), likely_formats("14/03/2024 09:00")
    (['%d/%m/%Y', '%m/%d/%Y'], ['%d/%m/%Y %H:%M'])
    """
    formats = map("".join, itertools.product(DATES, CLOCKS, OFFSETS))
    days = [pl.lit(text).str.to_datetime(form, time_unit="us", strict=False).dt.date().alias(form) for form in formats]
    found = pl.select(days).row(0, named=True)
    return [form for form, day in found.items() if day is not None and LIKELY[0] <= day < LIKELY[1]]


def spelled_out(ticks: int, unit: str) -> str:
    """A number of a unit of times, for messages: what it stands for, and that a greater one may have become it.

    >>> spelled_out(1_000, "s"), spelled_out(-(2**63 - 1), "ms")
    ('1,000 s', '-infinity (-9,223,372,036,854,775,807 ms)')
    >>> spelled_out(2**63 - 2, "ms")
    '9,223,372,036,854,775,806 ms or more'
    """
    infinity = MOST_DAYS if unit == "d" else MOST
    meant = {infinity: "infinity", -infinity: "-infinity", -MOST - 1: "NaT"}.get(ticks)
    if meant is not None:
        return f"{meant} ({ticks:,} {unit})"
    beyond = {infinity - 1: " or more", 1 - infinity: " or less"}.get(ticks, "")
    return f"{ticks:,} {unit}{beyond}"
