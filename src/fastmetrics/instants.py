"""Instants: int64 microseconds since 1970 in UTC; what counts them, and how text that means one is written."""

from __future__ import annotations

import datetime as dt
import itertools
import re

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
    "how_written",
    "misread",
    "read_as",
    "spelled_out",
]

Instants = NDArray[np.int64]
SECOND = 1_000_000
DAY = 86_400 * SECOND
YEARS = (-62_135_596_800 * SECOND, 253_402_300_800 * SECOND)  # the years 1 to 9999, as Python has them
# Unit of times: (multiply by, then divide by) to get microseconds.
TICKS = {"d": (DAY, 1), "s": (SECOND, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}
# How logs write times that are not ISO 8601.
DATES = (
    *("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%d %b %Y", "%d/%b/%Y"),
    *("%d/%m/%y", "%m/%d/%y", "%Y%m%d", "%Y%j", "%Y-%j", "%G-W%V-%u"),
)
CLOCKS = ("", " %H:%M", " %H:%M:%S%.f", "T%H:%M:%S%.f", ":%H:%M:%S", " %I:%M %p")
OFFSETS = ("", " %z")
LIKELY = (dt.date(1900, 1, 1), dt.date(2100, 1, 1))
MOST, MOST_DAYS = 2**63 - 1, 2**31 - 1  # by which DuckDB means infinity; the least of 64 bits is NaT in numpy
ISO_SHAPE = re.compile(r"\d{4,5}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII)
NO_TIMES = ("infinity", "-infinity", "inf", "-inf", "nat", "nan", "null", "none", "na", "n/a")  # as text, in lower case
FIRST_LONG_YEAR = 1000  # from which years have four digits anyway
OFFSET_CODE = re.compile("%[:#]*z")
TOUCHING = re.compile("(%[-_0]?[YGCymdejHIMSUVWu]){2}")  # codes of numbers with nothing between them
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
    if re.search("%[-_0]?f", form):
        raise SchemaError(f"{wrong}: %f counts nanoseconds; write a fraction of a second, with its dot, as %.f")
    try:
        text = pl.Series([PROBE], dtype=pl.Datetime("us", "UTC")).dt.strftime(form.replace("%#z", "%z"))
        days = text.str.to_datetime(form, time_unit="us", strict=False).dt.date()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise SchemaError(f"{wrong}: {first_line(error)}") from error
    if days[0] != PROBE.date():
        raise SchemaError(f"{wrong}: it needs a day, a month and a year, such as '%d/%m/%Y %H:%M'")


def read_as(text: pl.Series, form: str) -> pl.Series:
    """The times of text that a format reads; null where Polars would take fewer digits for a number than it has."""
    times = text.str.to_datetime(form, time_unit="us", strict=False)
    whole = has_long_years(text, times, form) & has_all_digits(text, form)
    return times.zip_with(whole.fill_null(True), times.clear(len(times)))


def has_long_years(text: pl.Series, times: pl.Series, form: str) -> pl.Series:
    """Whether years before 1000 are written with four digits; in UTC it may be the year beside that of the text."""
    years = times.dt.year()
    if "%s" in form or not (years < FIRST_LONG_YEAR).any():
        return pl.repeat(True, len(text), eager=True)
    year, written = pl.col("year"), pl.col("text")
    near = [written.str.contains((year + by).cast(pl.String).str.zfill(4), literal=True) for by in (-1, 0, 1)]
    held = pl.DataFrame({"text": text, "year": years})
    return held.select(pl.any_horizontal(year >= FIRST_LONG_YEAR, *near)).to_series()


def has_all_digits(text: pl.Series, form: str) -> pl.Series:
    """Whether numbers that touch have all their digits, as it is not told otherwise where one ends."""
    if not TOUCHING.search(form):
        return pl.repeat(True, len(text), eager=True)
    local = OFFSET_CODE.sub("", form)
    least = sum(map(str.isdecimal, pl.Series([PROBE]).dt.strftime(local)[0]))
    without = text if local == form else text.str.replace(r"(Z|[+-]\d\d:?(\d\d)?)$", "")
    return without.str.count_matches("[0-9]") >= least


def misread(text: str, form: str) -> str:
    """Why a text is no time of a format."""
    instant = pl.Series([text]).str.to_datetime(form, time_unit="us", strict=False).cast(pl.Int64)[0]
    if instant is None:
        return f"which is not written as time_format={form!r} says"
    if not YEARS[0] <= instant < YEARS[1]:
        return "an instant outside the years 1 to 9999"
    return f"which has fewer digits than time_format={form!r} says; years of two digits are %y"


def how_written(text: str) -> str:
    """What text that is not ISO 8601 is, and what to do about it.

    >>> how_written("03/04/2024")
    "say how it is written with time_format='%d/%m/%Y' or '%m/%d/%Y'"
    >>> how_written("2026-02-29")
    'no time there is in the years 1 to 9999'
    """
    if not text.strip() or text.lower() in NO_TIMES:
        return "which stands for no time"
    if ISO_SHAPE.fullmatch(text):
        return "no time there is in the years 1 to 9999"
    formats = likely_formats(text)
    if not formats:
        return "say how it is written with time_format=, in the codes of strftime, such as '%d/%m/%Y %H:%M'"
    return f"say how it is written with time_format={' or '.join(map(repr, formats))}"


def likely_formats(text: str) -> list[str]:
    """The formats, of those that logs often have, that read a text as a day of our time.

    >>> likely_formats("03/04/2024"), likely_formats("14/03/2024 09:00")
    (['%d/%m/%Y', '%m/%d/%Y'], ['%d/%m/%Y %H:%M'])
    """
    given = pl.Series([text])
    formats = map("".join, itertools.product(DATES, CLOCKS, OFFSETS))
    days = {form: read_as(given, form).dt.date()[0] for form in formats}
    return [form for form, day in days.items() if day is not None and LIKELY[0] <= day < LIKELY[1]]


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
