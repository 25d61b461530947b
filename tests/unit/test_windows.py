"""Windows: where each begins and ends, which Polars decides."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm
import oracle
from fastmetrics import windows
from fastmetrics.counting.coders.instants import WindowCoder
from fastmetrics.counting.coders.times import time_column
from fastmetrics.errors import FastMetricsError, SchemaError
from fastmetrics.windows import UnlistableError, Windows, lengths, parse_duration

EPOCH = dt.datetime(1970, 1, 1)
TIMES = time_column(pl.col("ts"), "ts", pl.Datetime("us"), None, None)
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def at(*parts: int) -> int:
    """Microseconds since 1970 of a time in UTC."""
    return (dt.datetime(*parts) - EPOCH) // dt.timedelta(microseconds=1)


# Instants around which the clock of a zone jumps, and others.
SPOTS = {
    "UTC": [at(1970, 1, 1), at(2024, 2, 29, 12), at(1969, 12, 31, 23), at(1, 1, 5), at(9999, 12, 26)],
    "America/New_York": [at(2024, 3, 10, 7), at(2024, 11, 3, 6), at(1950, 4, 30, 7), at(1883, 11, 18, 17)],
    "Asia/Kolkata": [at(2024, 1, 1), at(1942, 9, 1)],
    "Australia/Lord_Howe": [at(2024, 4, 6, 15), at(2024, 10, 5, 15, 30)],
    "Pacific/Apia": [at(2011, 12, 30, 10), at(2011, 9, 24, 14)],
    "America/Santiago": [at(2024, 9, 8, 4), at(2024, 4, 7, 3)],
    "America/Sao_Paulo": [at(2018, 11, 4, 3), at(2018, 2, 18, 2)],
    "Europe/Dublin": [at(2024, 3, 31, 1), at(2024, 10, 27, 1)],
    "Africa/Cairo": [at(2024, 4, 25, 22), at(2024, 10, 31, 21)],
    "Antarctica/Troll": [at(2024, 3, 31, 1), at(2024, 10, 27, 1)],
    "Asia/Pyongyang": [at(2015, 8, 14, 15), at(2018, 5, 4, 15)],
}
EVERY = ["15m", "30m", "1h", "2h", "6h", "12h", "1d", "1w", "1mo", "1q", "1y", "3d"]
OFFSETS: dict[str, list[str | None]] = {"1h": [None, "30m", "15m"], "1d": [None, "6h", "5h30m"], "1w": [None, "12h"]}
CASES = [(zone, every, offset) for zone in SPOTS for every in EVERY for offset in OFFSETS.get(every, [None])]
# Clocks that are set back by a part of a window: it is left and entered again, and has no one stretch of time.
REENTERED = [
    ("America/New_York", "45m", at(2024, 11, 3, 6)),
    ("America/New_York", "1h30m", at(2024, 11, 3, 6)),
    ("America/New_York", "50m", at(2024, 11, 3, 6)),
    ("Australia/Lord_Howe", "20m", at(2024, 4, 6, 15)),
    ("Antarctica/Troll", "2h", at(2024, 3, 31, 1)),
    ("Antarctica/Troll", "2h", at(2024, 10, 27, 1)),
    ("Asia/Pyongyang", "15m", at(2015, 8, 14, 15)),
    ("Asia/Pyongyang", "10m", at(2015, 8, 14, 15)),
]


def around(spot: int, seed: int = 0) -> Any:
    """Instants within a day and a half of one, and every quarter of an hour with the microsecond before it."""
    near = np.arange(spot - 4 * HOUR, spot + 4 * HOUR, 15 * MINUTE)
    return np.concatenate(
        [near, near - 1, np.random.default_rng(seed).integers(spot - 36 * HOUR, spot + 36 * HOUR, 200)]
    )


@pytest.mark.parametrize(("zone", "every", "offset"), CASES)
def test_boundaries_and_ends_are_those_of_polars(zone: str, every: str, offset: str | None) -> None:
    asked = Windows(every, offset, zone)
    assert asked.dtype == pl.Datetime("us", zone)
    reentered = [spot for name, length, spot in REENTERED if (name, length) == (zone, every)]
    for seed, spot in enumerate(spot for spot in SPOTS[zone] if spot not in reentered):
        times = around(spot, seed)
        starts = oracle.window(times, every, zone, offset)
        assert asked.start_of(times).tolist() == starts
        edges = asked.boundaries(int(times.min()), int(times.max()))
        place = np.searchsorted(edges, times, side="right")
        assert edges[place - 1].tolist() == starts
        assert (np.diff(edges) > 0).all()
        assert edges[0] == min(starts)
        assert edges[-2] <= times.max() < edges[-1]
        ends = asked.ends(pl.Series([None, *starts], dtype=pl.Int64).cast(asked.dtype))
        assert ends.dtype == asked.dtype
        assert ends.to_physical().to_list() == [None, *edges[place].tolist()]


@pytest.mark.parametrize(("zone", "every", "offset"), [*CASES, *((zone, every, None) for zone, every, _ in REENTERED)])
def test_codes_are_the_windows_of_polars(zone: str, every: str, offset: str | None) -> None:
    """In whatever order instants come, and where windows cannot be listed."""
    coder = WindowCoder(Windows(every, offset, zone), TIMES)
    spots = [*SPOTS[zone], *(spot for name, _, spot in REENTERED if name == zone)]
    found: list[int | None] = []
    times = [around(spot, seed)[::3] for seed, spot in enumerate(spots[::-1])]
    codes = [coder.codes(pl.Series(part).cast(pl.Datetime("us")).to_arrow()).of_rows() for part in times]
    for part in codes:
        found += coder.values().gather(part).to_physical().to_list()
    assert found == oracle.window(np.concatenate(times), every, zone, offset)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("zone", "every", "spot"), REENTERED)
def test_windows_that_are_entered_again_are_not_listed(zone: str, every: str, spot: int, seed: int) -> None:
    """Wherever the grid begins that looks for them."""
    low = spot - 12 * HOUR - seed * 7 * MINUTE - seed
    with pytest.raises(UnlistableError):
        Windows(every, time_zone=zone).boundaries(low, spot + 12 * HOUR)


@pytest.mark.parametrize(("every", "low", "high"), [("1s", 0, 10**13), ("1h", at(1, 1, 1), at(9999, 12, 31))])
def test_too_many_windows_are_not_listed(every: str, low: int, high: int) -> None:
    with pytest.raises(UnlistableError):
        Windows(every).boundaries(low, high)


def test_a_million_windows_are_listed() -> None:
    edges = Windows("1s").boundaries(0, 999_999 * 1_000_000)
    assert len(edges) == 1_000_001


@pytest.mark.parametrize(
    ("day", "hours", "windows_of_two_hours"),
    [((2024, 3, 10), 23, 12), ((2024, 11, 3), 25, 12), ((2024, 7, 1), 24, 12)],
    ids=str,
)
def test_a_day_in_new_york(day: tuple[int, int, int], hours: int, windows_of_two_hours: int) -> None:
    """23, 24 or 25 hours long, and so many windows of an hour; one of two hours is an hour shorter or longer."""
    midnight = pl.Series([dt.datetime(*day)]).dt.replace_time_zone("America/New_York").dt.cast_time_unit("us")
    start = midnight.to_physical()[0]
    end = Windows("1d", time_zone="America/New_York").ends(midnight).to_physical()[0]
    assert end - start == hours * HOUR
    assert len(Windows("1h", time_zone="America/New_York").boundaries(start, end - 1)) == hours + 1
    assert len(Windows("2h", time_zone="America/New_York").boundaries(start, end - 1)) == windows_of_two_hours + 1


def test_hours_of_kolkata_begin_at_half_past() -> None:
    assert Windows("1h", time_zone="Asia/Kolkata").start_of(np.array([at(2024, 1, 1)])).tolist() == [
        at(2023, 12, 31, 23, 30)
    ]


def test_the_day_that_apia_skipped() -> None:
    """29 December 2011 was followed by the 31st."""
    edges = Windows("1d", time_zone="Pacific/Apia").boundaries(at(2011, 12, 30, 9), at(2011, 12, 30, 11))
    local = pl.Series(edges).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone("Pacific/Apia")
    assert local.dt.date().to_list() == [dt.date(2011, 12, 29), dt.date(2011, 12, 31), dt.date(2012, 1, 1)]


# Durations


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("1h", "1h"),
        ("1 hour", "1h"),
        ("5 minutes", "5m"),
        ("15 min", "15m"),
        ("2 Weeks", "2w"),
        ("1 HOUR", "1h"),
        ("15 Min", "15m"),
        ("1month", "1mo"),
        ("1d12h", "1d12h"),
        ("1 d 12 h", "1d12h"),
        ("007d", "7d"),
        ("10us", "10us"),
        ("1 quarter", "1q"),
    ],
)
def test_durations(given: str, meant: str) -> None:
    assert parse_duration("every", given) == meant


@pytest.mark.parametrize("given", ["", "h", "1", "0h", "-1h", "1.5h", "1 fortnight", "1h!", "1hh", "daily", None, 3600])
def test_what_is_not_a_duration(given: Any) -> None:
    with pytest.raises(SchemaError, match=r"every=.*is not a duration; write a count and a unit"):
        Windows(given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("1M", "month is '1mo', minute is '1m', millisecond is '1ms'"),
        ("3M", "month is '3mo', minute is '3m', millisecond is '3ms'"),
        ("1MS", "month is '1mo', minute is '1m'"),
        ("1Mo", "month is '1mo', minute is '1m'"),
        ("12H", "hour is '12h'"),
        ("1D", "day is '1d'"),
        ("1W", "week is '1w'"),
        ("1Q", "quarter is '1q'"),
        ("1Y", "year is '1y'"),
        ("30S", "second is '30s'"),
        ("1d12H", "hour is '12h'"),
    ],
)
def test_units_go_by_case(given: str, says: str) -> None:
    for name, ask in ASKED.items():
        with pytest.raises(SchemaError) as caught:
            ask(given)
        assert f"{name}={given!r} has the unit" in str(caught.value)
        assert says in str(caught.value)


HOURS = fm.count({"label": [1], "pred": [1], "ts": [EPOCH]}, fm.binary("label", "pred"), time="ts", every="1h")
ASKED = {
    "every": lambda given: HOURS.rollup("window", every=given),
    "period": lambda given: HOURS.metrics("accuracy", period=given),
    "offset": lambda given: Windows("1d", given),
}


def test_lengths() -> None:
    assert lengths("1d12h") == (36 * HOUR, 36 * HOUR)
    assert lengths("1mo") == (28 * DAY, 31 * DAY)


def test_a_zone_that_does_not_exist() -> None:
    with pytest.raises(FastMetricsError, match="Mars/Olympus"):
        Windows("1h", time_zone="Mars/Olympus")


# Longer windows


def quarters(first: dt.datetime, days: int) -> pl.DataFrame:
    times = pl.datetime_range(first, first + dt.timedelta(days), "15m", eager=True, time_unit="us")
    return pl.DataFrame({"ts": times, "label": 1, "pred": 1})


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"])
@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        ("15m", "1h"),
        ("15m", "1d"),
        ("1h", "1d"),
        ("1h", "1w"),
        ("1d", "1w"),
        ("1d", "1mo"),
        ("1mo", "1q"),
        ("1q", "1y"),
    ],
)
def test_windows_that_nest(zone: str, fine: str, coarse: str) -> None:
    """Rolled up they are what counting in the longer windows gives, also where the clock jumps."""
    first = dt.datetime(2011, 12, 25) if zone == "Pacific/Apia" else dt.datetime(2024, 3, 8)
    log, family = quarters(first, 40), fm.binary("label", "pred")
    counts = fm.count(log, family, time="ts", every=fine, time_zone=zone)
    assert counts.rollup("window", every=coarse) == fm.count(log, family, time="ts", every=coarse, time_zone=zone)


@pytest.mark.parametrize(
    ("fine", "coarse", "zone"),
    [
        ("1w", "1mo", "UTC"),
        ("2h", "3h", "UTC"),
        ("7h", "1d", "UTC"),
        ("1h", "30m", "UTC"),
        ("1mo", "1w", "Asia/Kolkata"),
        ("3d", "1w", "America/New_York"),
    ],
)
def test_windows_that_do_not_nest(fine: str, coarse: str, zone: str) -> None:
    log = quarters(dt.datetime(2024, 1, 1), 60)
    counts = fm.count(log, fm.binary("label", "pred"), time="ts", every=fine, time_zone=zone)
    with pytest.raises(SchemaError, match=rf"windows of {fine} do not nest in windows of {coarse}: the one from"):
        counts.rollup("window", every=coarse)


def test_windows_with_an_offset_nest_in_longer_ones_with_it() -> None:
    log = quarters(dt.datetime(2024, 1, 1), 10)
    asked = {"time": "ts", "offset": "6h", "time_zone": "Asia/Kolkata"}
    family = fm.binary("label", "pred")
    hours = fm.count(log, family, every="1h", **asked)
    assert hours.rollup("window", every="1d") == fm.count(log, family, every="1d", **asked)


def test_centuries_in_one_log() -> None:
    """Instants too far apart to list the windows between them, over more blocks than one."""
    far = [dt.datetime(1, 1, 1, 0, 30), dt.datetime(1969, 12, 31, 23), EPOCH, dt.datetime(9999, 12, 31, 23, 59)]
    times = pl.Series("ts", [far[2 + number % 2] for number in range(200_000)] + far[:2] * 3, dtype=pl.Datetime("us"))
    log = pl.DataFrame({"ts": times, "label": 1, "pred": 1})
    counts = fm.count(log, fm.binary("label", "pred"), time="ts", every="1h", threads=1)
    expected = times.dt.replace_time_zone("UTC").dt.truncate("1h").value_counts().sort("ts")
    assert counts.frame["window_start"].to_list() == expected["ts"].to_list()
    assert counts.frame["tp"].to_list() == expected["count"].to_list()


def test_the_listing_of_windows_grows_with_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing anew for every step of time would cost more than the counting."""
    asked = []
    listed = windows.Windows.boundaries
    monkeypatch.setattr(windows.Windows, "boundaries", lambda *given: asked.append(given) or listed(*given))
    coder = WindowCoder(Windows("1h"), TIMES)
    for day in range(1000):
        coder.codes(pl.Series([day * DAY, day * DAY + HOUR]).cast(pl.Datetime("us")).to_arrow())
    assert len(coder.values()) == 2001
    assert len(asked) < 10


@pytest.mark.parametrize("zone", [None, 3, ["UTC"]])
def test_a_time_zone_is_a_name(zone: Any) -> None:
    with pytest.raises(SchemaError, match="is not the name of a time zone"):
        Windows("1h", time_zone=zone)


def test_instants_that_no_look_ahead_meets_get_their_windows() -> None:
    """One instant among many lies far away, where a look at some of them misses it."""
    time = np.full(5000, at(2026, 1, 1))
    time[3001], time[4001] = at(2020, 1, 1), at(2031, 1, 1)
    coder_ = WindowCoder(Windows("1h"), TIMES)
    codes = coder_.codes(pa.array(time)).of_rows()
    assert coder_.values()[codes].dt.replace_time_zone(None).dt.year().unique().sort().to_list() == [2020, 2026, 2031]
