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
import oracle_windows
from fastmetrics import windows
from fastmetrics.counting.coders.instants import WindowCoder
from fastmetrics.counting.coders.times import time_column
from fastmetrics.errors import FastMetricsError, SchemaError
from fastmetrics.windows import UnlistableError, Windows

EPOCH = dt.datetime(1970, 1, 1)
TIMES = time_column(pl.col("ts"), "ts", pl.Datetime("us"), None, None)
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def at(*parts: int) -> int:
    """Microseconds since 1970 of a time in UTC."""
    return (dt.datetime(*parts) - EPOCH) // dt.timedelta(microseconds=1)


# Instants around which the clock of a zone is set, and others.
SPOTS = {
    "UTC": [at(2024, 2, 29, 12), at(1969, 12, 31, 23)],
    "America/New_York": [at(2024, 3, 10, 7), at(2024, 11, 3, 6), at(1883, 11, 18, 17)],
    "Europe/Berlin": [at(2024, 3, 31, 1), at(2024, 10, 27, 1)],
    "Europe/Dublin": [at(2024, 3, 31, 1), at(2024, 10, 27, 1)],
    "Europe/Moscow": [at(2014, 10, 25, 22)],
    "Asia/Kolkata": [at(2024, 1, 1), at(1942, 9, 1)],
    "Asia/Kathmandu": [at(1985, 12, 31, 18, 30)],
    "Asia/Dili": [at(2000, 9, 16, 16)],
    "Asia/Pyongyang": [at(2015, 8, 14, 15), at(2018, 5, 4, 15)],
    "Australia/Lord_Howe": [at(2024, 4, 6, 15), at(2024, 10, 5, 15, 30)],
    "Pacific/Apia": [at(2011, 12, 30, 10), at(2011, 9, 24, 14)],
    "Pacific/Chatham": [at(2024, 9, 28, 14), at(2024, 4, 6, 14)],
    "America/Santiago": [at(2024, 9, 8, 4), at(2024, 4, 7, 3)],
    "America/Havana": [at(2024, 3, 10, 5), at(2024, 11, 3, 5)],
    "America/St_Johns": [at(2010, 11, 7, 2, 31), at(2009, 11, 1, 2, 31), at(2011, 3, 13, 3, 31)],
    "America/Montevideo": [at(1974, 1, 13, 3)],
    "Africa/Cairo": [at(2024, 4, 25, 22), at(2024, 10, 31, 21)],
    "Africa/Casablanca": [at(2024, 3, 10, 2), at(2024, 4, 14, 2)],
    "Antarctica/Casey": [at(2010, 3, 4, 15), at(2023, 3, 8, 16)],
    "Antarctica/Troll": [at(2024, 3, 31, 1), at(2024, 10, 27, 1)],
}
OFFSETS: dict[str, list[str | None]] = {
    "45m": [None],
    "1h": [None, "30m", "-15m"],
    "2h": [None, "6h", "-1d"],
    "6h": [None],
    "1d": [None, "6h", "-6h", "2h"],
    "36h": [None],
    "1w": [None, "12h"],
    "2w": [None],
    "1mo": [None, "-1d", "6h"],
    "1q": [None, "1mo", "-1mo15d"],
    "1y": [None, "3mo"],
}
PAIRS = [(every, offset) for every, offsets in OFFSETS.items() for offset in offsets]
# Clocks that are set back across the start of a window: one is left and entered again, and has no one stretch of time.
REENTERED = [
    ("America/New_York", "45m", at(2024, 11, 3, 6)),
    ("America/New_York", "1h30m", at(2024, 11, 3, 6)),
    ("America/New_York", "50m", at(2024, 11, 3, 6)),
    ("Australia/Lord_Howe", "20m", at(2024, 4, 6, 15)),
    ("Antarctica/Troll", "2h", at(2024, 10, 27, 1)),
    ("Asia/Pyongyang", "15m", at(2015, 8, 14, 15)),
    ("Asia/Pyongyang", "10m", at(2015, 8, 14, 15)),
    ("America/St_Johns", "1h", at(2010, 11, 7, 2, 31)),
    ("America/St_Johns", "1d", at(2010, 11, 7, 2, 31)),
    ("Europe/Moscow", "30m", at(2014, 10, 25, 22)),
]


def around(spot: int) -> Any:
    """The instants next to one, those of every half hour near it, and some within a day and a half."""
    near = np.arange(spot - 4 * HOUR, spot + 4 * HOUR, 30 * MINUTE)
    next_to = spot + np.array([-1_000_000, -1, 0, 1, 1_000_000])
    far = np.random.default_rng(spot % 2**32).integers(spot - 36 * HOUR, spot + 36 * HOUR, 20)
    return np.sort(np.concatenate([near, near - 1, next_to, far]))


@pytest.mark.parametrize("zone", SPOTS)
def test_windows_start_where_a_plain_reading_of_the_clock_says(zone: str) -> None:
    """The start of each is in it, and neither boundaries, ends nor codes say otherwise."""
    for every, offset in PAIRS:
        asked = Windows(every, offset, zone)
        for spot in SPOTS[zone]:
            times, coder = around(spot), WindowCoder(asked, TIMES)
            starts = asked.start_of(times)
            assert starts.tolist() == [oracle_windows.start(int(time), every, zone, offset) for time in times]
            assert (starts <= times).all()
            assert (asked.start_of(starts) == starts).all()
            codes = coder.codes(pl.Series(times[::-1]).cast(pl.Datetime("us")).to_arrow()).of_rows()
            assert coder.values().gather(codes).to_physical().to_list() == starts[::-1].tolist()
            ends = asked.next_starts(starts)
            assert (asked.start_of(ends - 1) == starts).all()
            assert (asked.start_of(ends) != starts).all()
            listed = asked.starts(int(times[0]), int(times[-1]))
            assert {*starts.tolist()} <= {*listed.tolist()}
            assert (asked.start_of(listed) == listed).all()


def said_by_polars(times: Any, every: str, zone: str) -> list[int | None]:
    """The start of the window of each instant as Polars has it, None where it raises."""
    try:
        return oracle.window(times, every, zone)
    except pl.exceptions.PolarsError:
        return [None] if len(times) == 1 else [said_by_polars([time], every, zone)[0] for time in times]


@pytest.mark.parametrize("zone", SPOTS)
def test_windows_start_where_polars_says_if_it_says_an_instant_before(zone: str) -> None:
    """It raises for a start that the clock skips, or names an instant as far after; 45 minutes may begin at that."""
    times = np.concatenate([around(spot) for spot in SPOTS[zone]])
    for every in ("1h", "2h", "6h", "1d", "36h", "1w", "1mo", "1q", "1y"):
        starts = Windows(every, None, zone).start_of(times).tolist()
        said = said_by_polars(times, every, zone)
        other = [time for time, ours, its in zip(times, starts, said, strict=True) if its not in (None, ours)]
        assert all(its > time for time, its in zip(times, said, strict=True) if time in other), every
        assert len(other) < 10


@pytest.mark.parametrize("zone", SPOTS)
def test_boundaries_are_the_starts_of_all_windows(zone: str) -> None:
    for every, offset in PAIRS:
        asked = Windows(every, offset, zone)
        for spot in SPOTS[zone]:
            times = around(spot)
            try:
                edges = asked.boundaries(int(times[0]), int(times[-1]))
            except UnlistableError:
                continue
            place = np.searchsorted(edges, times, side="right")
            assert (edges[place - 1] == asked.start_of(times)).all()
            assert (np.diff(edges) > 0).all()
            assert edges[0] <= times[0] < edges[1]
            assert edges[-2] <= times[-1] < edges[-1]
            ends = asked.ends(pl.Series([None, *edges[:-1]], dtype=pl.Int64).cast(asked.dtype))
            assert ends.dtype == asked.dtype
            assert ends.to_physical().to_list() == [None, *edges[1:].tolist()]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("zone", "every", "spot"), REENTERED)
def test_windows_that_are_entered_again_have_no_boundaries(zone: str, every: str, spot: int, seed: int) -> None:
    """Wherever the look at them begins; their rows are counted one by one."""
    low = spot - 12 * HOUR - seed * 7 * MINUTE - seed
    asked = Windows(every, time_zone=zone)
    with pytest.raises(UnlistableError):
        asked.boundaries(low, spot + 12 * HOUR)
    assert len(asked.starts(low, spot + 12 * HOUR)) > 1


def test_a_start_that_the_clock_skips_is_the_first_instant_there_is() -> None:
    """Midnight of 10 March 2024 in Havana is one o'clock, and that is 5:00 in UTC."""
    times = [dt.datetime(2024, 3, 10, 4, 59, 59), dt.datetime(2024, 3, 10, 5), dt.datetime(2024, 3, 11, 3, 59, 59)]
    log = pl.DataFrame({"ts": times, "label": 1, "pred": 1})
    for every in ("2h", "6h", "1d"):
        counts = fm.count(log, fm.binary("label", "pred"), time="ts", every=every, time_zone="America/Havana")
        starts = counts.frame["window_start"].dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        assert dt.datetime(2024, 3, 10, 5) in starts.to_list()
        assert fm.Counts.from_arrow(counts.to_arrow()) == counts


@pytest.mark.parametrize(
    ("zone", "every"), [("Asia/Dili", "1d"), ("America/St_Johns", "1d"), ("Antarctica/Casey", "1h")]
)
def test_counts_of_odd_windows_are_read_again_and_rolled_up(zone: str, every: str) -> None:
    times = pl.Series(np.concatenate([around(spot) for spot in SPOTS[zone]])).cast(pl.Datetime("us"))
    log, family = pl.DataFrame({"ts": times, "label": 1, "pred": 1}), fm.binary("label", "pred")
    counts = fm.count(log, family, time="ts", every=every, time_zone=zone)
    assert fm.Counts.from_bytes(counts.to_bytes()) == counts
    for long in ("1d", "1mo"):
        assert counts.rollup("window", every=long) == fm.count(log, family, time="ts", every=long, time_zone=zone)
    assert counts.metrics("accuracy", fill_empty=True)["n"].sum() == len(log)


@pytest.mark.parametrize("offset", ["6h", "-18h", "30h"])
@pytest.mark.parametrize("day", [at(2024, 3, 30), at(2024, 10, 26)], ids=["spring", "autumn"])
def test_days_that_start_at_six_start_at_six_when_the_clock_is_set(offset: str, day: int) -> None:
    edges = Windows("1d", offset, "Europe/Berlin").boundaries(day, day + 4 * DAY)
    reads = pl.Series(edges).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone("Europe/Berlin")
    assert {*reads.dt.time()} == {dt.time(6)}
    assert sorted({*np.diff(edges) // HOUR}) in ([23, 24], [24, 25])


def test_days_that_start_in_the_hour_that_comes_twice_start_once() -> None:
    """At the first two o'clock; days of no offset start where Polars has them, in Havana at both midnights."""
    moved = Windows("1d", "2h", "Europe/Berlin").boundaries(at(2024, 10, 26), at(2024, 10, 27, 12))
    assert (np.diff(moved) // HOUR).tolist() == [24, 25]
    own = Windows("1d", None, "America/Havana").boundaries(at(2024, 11, 3), at(2024, 11, 4))
    assert (np.diff(own) // HOUR).tolist() == [24, 1, 24]
    whole = Windows("1d", "1d", "America/Havana").boundaries(at(2024, 11, 3), at(2024, 11, 4))
    assert whole.tolist() == own.tolist()


@pytest.mark.parametrize(
    ("every", "offset"), [("2w", "1mo"), ("1w", "1q"), ("1d", "1y"), ("1h", "1mo"), ("30d", "-1mo"), ("60m", "1mo1d")]
)
def test_windows_of_fixed_length_are_not_moved_by_months(every: str, offset: str) -> None:
    """Named as the caller wrote them."""
    with pytest.raises(SchemaError) as caught:
        Windows(every, offset)
    assert f"offset={offset!r} moves windows by months, which differ in length" in str(caught.value)
    assert f"every={every!r} need one in weeks, days or shorter units, such as offset='1d'" in str(caught.value)


@pytest.mark.parametrize("zone", ["UTC", "America/Havana", "America/St_Johns"])
@pytest.mark.parametrize(
    ("every", "offset"),
    [("1mo", "31d"), ("1mo", "-31d"), ("1q", "1mo"), ("1q", "-1mo15d"), ("1y", "2mo29d"), ("2w", "30d"), ("7h", "53h")],
)
def test_the_window_of_a_row_does_not_depend_on_others(every: str, offset: str, zone: str) -> None:
    """A window holds what is between its start and the next one, whichever row asks."""
    asked = Windows(every, offset, zone)
    times = np.random.default_rng(3).integers(at(2009, 1, 1), at(2010, 9, 1), 2_000)
    starts = asked.start_of(times)
    assert (asked.start_of(starts) == starts).all()
    assert (np.diff(asked.start_of(np.sort(times))) >= 0).all() or zone == "America/St_Johns"
    assert [oracle_windows.start(int(time), every, zone, offset) for time in times[:100]] == starts[:100].tolist()
    alone = [asked.start_of(time)[0] for time in times[:100].reshape(-1, 1)]
    assert alone == starts[:100].tolist()


@pytest.mark.parametrize(("every", "low", "high"), [("1s", 0, 10**13), ("1h", at(1, 1, 1), at(9999, 12, 31))])
def test_too_many_windows_are_not_listed(every: str, low: int, high: int) -> None:
    with pytest.raises(UnlistableError):
        Windows(every).boundaries(low, high)


def test_a_million_windows_are_listed() -> None:
    edges = Windows("1s").boundaries(0, 999_998 * 1_000_000)
    assert len(edges) == 1_000_000


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


def test_a_zone_that_does_not_exist() -> None:
    with pytest.raises(FastMetricsError, match="Mars/Olympus"):
        Windows("1h", time_zone="Mars/Olympus")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("europe/berlin", "did you mean 'Europe/Berlin'?"),
        ("Europe/Berln", "did you mean 'Europe/Berlin'?"),
        ("America/NewYork", "did you mean 'America/New_York'?"),
        ("asia/calcutta", "did you mean 'Asia/Kolkata'?"),
        ("+05:30", "offsets are in whole hours, as '+05:00'; name a place, such as 'Asia/Kolkata'"),
        ("UTC+5", "offsets are in whole hours"),
        ("+15:00", "offsets are in whole hours"),
        ("IST", "such as 'Europe/Berlin'"),
    ],
)
def test_the_error_about_a_zone_says_what_to_write(given: str, says: str) -> None:
    with pytest.raises(SchemaError) as caught:
        Windows("1h", time_zone=given)
    assert f"time_zone={given!r} is not the name of a time zone" in str(caught.value)
    assert says in str(caught.value)


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


@pytest.mark.parametrize("zone", [None, 3, ["UTC"], ""])
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
