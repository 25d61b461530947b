"""Durations: what is read as one, and what it says of another spelling."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click
import pytest

import fastmetrics as fm
from fastmetrics.cli.gates import gate
from fastmetrics.cli.options import number, split_numbers
from fastmetrics.durations import lengths, parse_duration
from fastmetrics.errors import SchemaError
from fastmetrics.windows import Windows

HOUR = 3_600_000_000
DAY = 24 * HOUR
HOURS = fm.count(
    {"label": [1], "pred": [1], "ts": [dt.datetime(1970, 1, 1)]}, fm.binary("label", "pred"), time="ts", every="1h"
)
ASKED = {
    "every": lambda given: HOURS.rollup("window", every=given),
    "period": lambda given: HOURS.metrics("accuracy", period=given),
    "offset": lambda given: Windows("1d", given),
}


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


def test_lengths() -> None:
    assert lengths("1d12h") == (36 * HOUR, 36 * HOUR)
    assert lengths("1mo") == (28 * DAY, 31 * DAY)


@pytest.mark.parametrize(("given", "meant"), [("-6h", "-6h"), (" -1 day", "-1d"), ("-1d12h", "-36h"), ("0h", None)])
def test_an_offset_may_be_negative(given: str, meant: str | None) -> None:
    assert Windows("1w", given).offset == meant


@pytest.mark.parametrize("given", ["-", "--6h", "6h-1m", "- ", "+6h"])
def test_what_is_not_an_offset(given: str) -> None:
    with pytest.raises(SchemaError, match=r"offset=.* is not a duration"):
        Windows("1d", given)


@pytest.mark.parametrize("given", ["10000y", "999999999999d", "99999999999999999999999h"])
def test_a_duration_is_no_longer_than_times_go(given: str) -> None:
    for name, ask in ASKED.items():
        with pytest.raises(SchemaError, match=f"{name}='{given}' is longer than the years 1 to 9999"):
            ask(given)


@pytest.mark.parametrize("digit", ["\uff11", "\u0661", "\u00b2", "1_0"])
def test_digits_are_those_of_ascii(digit: str) -> None:
    """Python reads those of every script as numbers, and ``1_0``; no data file is written so."""
    for ask in ASKED.values():
        with pytest.raises(SchemaError, match="is not a duration"):
            ask(f"{digit}h")
    with pytest.raises(SchemaError, match="unknown metric"):
        HOURS.metrics(f"f{digit}")
    for refuse in (gate, split_numbers):
        with pytest.raises(click.BadParameter):
            refuse(f"f1>={digit}" if refuse is gate else f"0,{digit}")
    assert number(digit) == digit
