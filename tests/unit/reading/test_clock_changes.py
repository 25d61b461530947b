"""Overlapping, empty and longer windows where clocks are set: each counts the rows from its start up to its end."""

from __future__ import annotations

import datetime as dt
import itertools
from bisect import bisect_left
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.errors import SchemaError

BINARY = fm.binary("label", "pred")
SHORT = [("1h", "1d"), ("30m", "1d"), ("1h", "24h"), ("2h", "2d"), ("1h", "3h"), ("15m", "1h"), ("6h", "7d")]
LONG = [("1d", "2d"), ("1d", "7d"), ("1d", "1w"), ("1w", "2w"), ("1mo", "1mo"), ("1mo", "1q")]
# Zones with a day on which their clock is set: by an hour, by half of one, at midnight, and over a whole day.
CHANGES = [
    ("Europe/Berlin", dt.date(2024, 3, 31)),
    ("Europe/Berlin", dt.date(2024, 10, 27)),
    ("America/New_York", dt.date(2024, 3, 10)),
    ("America/New_York", dt.date(2024, 11, 3)),
    ("Australia/Lord_Howe", dt.date(2024, 4, 7)),
    ("Australia/Lord_Howe", dt.date(2024, 10, 6)),
    ("Africa/Cairo", dt.date(2024, 4, 26)),
    ("Africa/Cairo", dt.date(2024, 11, 1)),
    ("America/Havana", dt.date(2024, 11, 3)),
    ("Pacific/Apia", dt.date(2011, 12, 30)),
]


def times_around(day: dt.date, every: str, days: int) -> pl.Series:
    start = dt.datetime.combine(day, dt.time()) - dt.timedelta(days=days)
    return pl.datetime_range(start, start + dt.timedelta(days=2 * days), every, time_zone="UTC", eager=True)


def counted(times: pl.Series, zone: str, every: str, offset: str | None = None) -> fm.Counts:
    log = pl.DataFrame({"ts": times, "label": 1, "pred": 1})
    return fm.count(log, BINARY, time="ts", every=every, time_zone=zone, offset=offset)


def rows_within(times: pl.Series, frame: pl.DataFrame) -> list[int]:
    """The rows of the log from each window_start up to window_end, counted one window after the other."""
    instants = sorted(time.timestamp() for time in times.to_list())
    bounds = frame.select("window_start", "window_end").iter_rows()
    return [bisect_left(instants, end.timestamp()) - bisect_left(instants, start.timestamp()) for start, end in bounds]


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_overlapping_windows_count_the_rows_from_their_start_to_their_end(zone: str, day: dt.date) -> None:
    for pairs, days, step in ((SHORT, 3, "15m"), (LONG, 50, "6h")):
        times = times_around(day, step, days)
        for every, period in pairs:
            counts = counted(times, zone, every)
            frame = counts.metrics("accuracy", period=period)
            assert frame["n"].to_list() == rows_within(times, frame), (every, period)
            assert frame["window_end"].equals(counts.metrics("accuracy")["window_end"])


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_windows_without_rows_count_none_and_hide_none(zone: str, day: dt.date) -> None:
    times = times_around(day, "15m", 3)
    some = times.filter((times.dt.hour() % 5 > 1) | (times.dt.ordinal_day() % 2 == 0))
    for every, period in (*((every, None) for every in ("30m", "1h", "1d")), ("30m", "1d"), ("1h", "1d")):
        frame = counted(some, zone, every).metrics("accuracy", fill_empty=True, period=period)
        assert frame["n"].to_list() == rows_within(some, frame), (every, period)
        assert frame["window_end"].to_physical().diff().drop_nulls().min() > 0
        if period is None:
            assert frame["window_start"][1:].equals(frame["window_end"][:-1])
            assert frame["n"].sum() == len(some)


@pytest.mark.parametrize("period", ["1d", "1w", "1mo"])
@pytest.mark.parametrize(("zone", "day"), CHANGES[:-1])
def test_days_and_longer_reach_back_by_the_clock(zone: str, day: dt.date, period: str) -> None:
    """From midnight to midnight, however many hours there are between."""
    every = "1mo" if period == "1mo" else "1h"
    frame = counted(times_around(day, "1h", 40), zone, every).metrics("accuracy", period=period)
    midnights = frame.filter(pl.col("window_end").dt.replace_time_zone(None).dt.time() == dt.time())
    assert len(midnights) >= 2
    back = midnights.select(pl.col("window_end").dt.replace_time_zone(None).dt.offset_by(f"-{period}")).to_series()
    starts = midnights["window_start"].to_list()
    for start, wall in zip(starts, back.to_list(), strict=True):
        expected = wall.replace(tzinfo=ZoneInfo(zone))
        exists = expected.astimezone(dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall
        assert not exists or start.timestamp() == expected.timestamp()


def test_a_day_has_as_many_hours_as_the_clock_shows() -> None:
    for day, hours in ((dt.date(2024, 3, 31), 23), (dt.date(2024, 10, 27), 25)):
        frame = counted(times_around(day, "1h", 3), "Europe/Berlin", "1h").metrics("accuracy", period="1d")
        end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZoneInfo("Europe/Berlin"))
        assert frame.filter(pl.col("window_end") == end)["n"].item() == hours
        passed = counted(times_around(day, "1h", 3), "Europe/Berlin", "1h").metrics("accuracy", period="24h")
        assert passed.filter(pl.col("window_end") == end)["n"].item() == 24


@pytest.mark.parametrize(("zone", "day"), [*CHANGES, ("America/St_Johns", dt.date(2006, 10, 29))])
@pytest.mark.parametrize("offset", [None, "6h"])
def test_hours_become_days_exactly_or_not_at_all(zone: str, day: dt.date, offset: str | None) -> None:
    times = times_around(day, "5m", 3)
    for fine, coarse in itertools.product(("15m", "30m", "1h", "2h"), ("6h", "1d", "1w")):
        counts = counted(times, zone, fine, offset)
        try:
            rolled = counts.rollup("window", every=coarse)
        except (
            SchemaError
        ):  # windows do not nest where hours are moved by hours that pass, and days by those of a clock
            assert offset is not None or zone in ("Australia/Lord_Howe", "America/St_Johns")
            continue
        assert rolled == counted(times, zone, coarse, offset), (fine, coarse)


def test_hours_are_no_multiple_of_days_that_have_23_of_them() -> None:
    counts = counted(times_around(dt.date(2024, 3, 31), "1h", 3), "Europe/Berlin", "1d")
    with pytest.raises(SchemaError, match="a day may have 23 or 25 hours; write it in days"):
        counts.metrics("accuracy", period="48h")
    utc = counted(times_around(dt.date(2024, 3, 31), "1h", 3), "UTC", "1d")
    assert utc.metrics("accuracy", period="48h").equals(utc.metrics("accuracy", period="2d"))


def test_windows_that_are_left_and_entered_again_have_no_overlapping_ones() -> None:
    counts = counted(times_around(dt.date(2006, 10, 29), "1h", 3), "America/St_Johns", "1d")
    with pytest.raises(SchemaError, match="the clock was set back by a part of one at 2006-10-28 23:01:00-03:30"):
        counts.metrics("accuracy", period="2d")


def test_rows_without_a_time_and_logs_without_rows_have_overlapping_windows_too() -> None:
    times = times_around(dt.date(2024, 3, 31), "1h", 1)
    counts = counted(pl.concat([times, pl.Series([None], dtype=times.dtype)]), "Europe/Berlin", "1h")
    frame = counts.metrics("accuracy", period="1d")
    assert frame.row(-1)[:3] == (None, None, 1)
    assert not len(counted(times.clear(), "Europe/Berlin", "1h").metrics("accuracy", period="1d"))
    assert np.isclose(frame["accuracy"].min(), 1)
