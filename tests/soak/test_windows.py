"""Windows in large: next to every instant at which the clock of any zone was set, and at random ones."""

from __future__ import annotations

import random
import zoneinfo
from typing import Any

import numpy as np
import polars as pl
import pytest

import oracle
import oracle_windows
from fastmetrics.clocks import clock_of
from fastmetrics.counting.coders.instants import WindowCoder
from fastmetrics.counting.coders.times import time_column
from fastmetrics.errors import SchemaError
from fastmetrics.windows import UnlistableError, Windows

TIMES = time_column(pl.col("ts"), "ts", pl.Datetime("us"), None, None)
SECOND = 1_000_000
YEARS = (0, 2_145_916_800 * SECOND)  # 1970 to 2037
AGES = (-62_000_000_000 * SECOND, 253_000_000_000 * SECOND)  # the years 5 to 9987
SHORT = [(every, offset) for every in ("1h", "2h", "6h") for offset in (None, "30m", "-6h", "1d")]
DAYS = [(every, offset) for every in ("1d", "1w") for offset in (None, "6h", "-6h", "2h", "30m", "-1d12h")]
MONTHS = [("1mo", None), ("1mo", "6h"), ("1mo", "-1d"), ("1mo", "31d"), ("1q", "1mo"), ("1mo", "1mo15d"), ("1y", "3mo")]
PART = 40  # instants between which there are few enough windows to list


def zones() -> list[str]:
    """A zone for each clock that Polars knows."""
    found: dict[tuple[bytes, ...], str] = {}
    for name in sorted(zoneinfo.available_timezones()):
        try:
            clock = clock_of(name)
        except SchemaError:
            continue
        found.setdefault((clock.begins.tobytes(), clock.shifts.tobytes(), clock.summer.tobytes()), name)
    return [*found.values()]


ZONES = zones()


def next_to_settings(zone: str) -> Any:
    """The instants next to those at which a clock was set; none where Python has another clock of that name."""
    set_at = clock_of(zone).begins[1:-1]
    set_at = set_at[(set_at >= YEARS[0]) & (set_at < YEARS[1])]
    times = np.sort(np.concatenate([set_at + step for step in (-SECOND, -1, 0, 1, SECOND)]))
    read = oracle_windows.EPOCH + oracle_windows.UNITS["us"] * times
    python = [oracle_windows.read(time, zone) for time in read]
    here = pl.Series(times).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return times if python == here.to_list() else times[:0]


def said_by_polars(times: Any, every: str, zone: str) -> list[int | None]:
    """The start of the window of each instant as Polars has it, None where it raises."""
    try:
        return oracle.window(times, every, zone)
    except pl.exceptions.PolarsError:
        half = len(times) // 2
        return (
            [None]
            if not half
            else said_by_polars(times[:half], every, zone) + said_by_polars(times[half:], every, zone)
        )


def check_ways(asked: Windows, times: Any, starts: Any) -> None:
    """Codes, ends and boundaries say what the starts say."""
    ends = asked.next_starts(starts)
    assert (asked.start_of(starts) == starts).all()
    assert (asked.start_of(ends - 1) == starts).all()
    assert (asked.start_of(ends) != starts).all()
    for at in range(0, len(times), PART):
        part, expected = times[at : at + PART], starts[at : at + PART]
        coder = WindowCoder(asked, TIMES)
        codes = coder.codes(pl.Series(part[::-1]).cast(pl.Datetime("us")).to_arrow()).of_rows()
        assert coder.values().gather(codes).to_physical().to_list() == expected[::-1].tolist()
        try:
            edges = asked.boundaries(int(part[0]), int(part[-1]))
        except UnlistableError:
            continue
        assert (edges[np.searchsorted(edges, part, side="right") - 1] == expected).all()


@pytest.mark.parametrize("zone", ZONES)
def test_windows_next_to_every_setting_of_a_clock(zone: str) -> None:
    times = next_to_settings(zone)
    for every, offset in [*SHORT, *DAYS, *MONTHS] if len(times) else []:
        asked = Windows(every, offset, zone)
        starts = asked.start_of(times)
        expected = [oracle_windows.start(int(time), every, zone, offset) for time in times]
        assert starts.tolist() == expected, (every, offset)
        assert (starts <= times).all()
        check_ways(asked, times, starts)
        if offset is None:
            said = said_by_polars(times, every, zone)
            pairs = zip(times, starts, said, strict=True)
            assert all(its is None or its in (ours, None) or its > time for time, ours, its in pairs), every


@pytest.mark.parametrize("zone", ZONES)
def test_windows_at_random_instants(zone: str, drawn: random.Random) -> None:
    times = np.array(sorted(drawn.randrange(*YEARS) for _ in range(100)))
    for every, offset in [*SHORT, *DAYS, *MONTHS]:
        expected = [oracle_windows.start(int(time), every, zone, offset) for time in times]
        assert Windows(every, offset, zone).start_of(times).tolist() == expected, (every, offset)


@pytest.mark.parametrize("zone", ZONES)
def test_clocks_read_what_polars_reads_in_all_years(zone: str, drawn: random.Random) -> None:
    """None is set where nobody looked for it."""
    clock = clock_of(zone)
    for first, last, count in ((*AGES, 20_000), (-4_200_000_000 * SECOND, 4_200_000_000 * SECOND, 100_000)):
        times = np.linspace(first, last, count, dtype=np.int64) + drawn.randrange((last - first) // count)
        here = pl.Series(times).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone).dt.replace_time_zone(None)
        assert (times + clock.shifts[clock.stretch(times)] == here.to_physical().to_numpy()).all()
