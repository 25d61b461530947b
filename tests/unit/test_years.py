"""Windows at both ends of the years 1 to 9999: what a table shows of them, and which are refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import fastmetrics as fm
from fastmetrics.cli import main
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.windows import Windows

BINARY = fm.binary("label", "pred")
FIRST = dt.datetime(1, 1, 1)
LAST = dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)
HOUR = dt.timedelta(hours=1)
ZONES = [
    "UTC",
    "America/New_York",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Pacific/Kiritimati",
    "Australia/Sydney",
    "Africa/Monrovia",
]
PAIRS = [("1s", None), ("1h", None), ("1d", None), ("1d", "6h"), ("1d", "-6h"), ("1w", None), ("1mo", "6h")]


def counted(times: list[Any], every: str = "1d", **more: Any) -> fm.Counts:
    log = pl.DataFrame({"ts": times}).with_columns(label=pl.lit(1), pred=pl.lit(1))
    return fm.count(log, BINARY, time="ts", every=every, **more)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("every", "offset"), PAIRS)
def test_a_row_is_counted_if_python_has_the_start_of_its_window(every: str, offset: str | None, zone: str) -> None:
    """Next to the first and the last instant that is counted, alone and after another row, whose windows are listed."""
    windows = Windows(every, offset, zone)
    low, after = windows.reach
    for instant in (low - 1, low, after - 1, after):
        row = pl.Series([instant]).cast(pl.Datetime("us"))
        given = {"every": every, "offset": offset, "time_zone": zone}
        near = row.dt.offset_by("2d" if instant < 0 else "-2d") if every != "1mo" else row.dt.offset_by("0d")
        for times in (row, pl.concat([near, row])):
            if low <= instant < after:
                frame = counted(times.to_list(), **given).metrics("recall")
                starts, ends = frame["window_start"].to_list(), frame["window_end"].to_list()  # which may overflow
                assert all(1 <= one.year <= 9999 for one in [*starts, *ends] if one is not None)
                assert ends[-1] is None or ends[-1] > starts[-1]
            elif FIRST.year <= times.dt.year().min() and times.dt.year().max() <= LAST.year:  # type: ignore[operator]
                with pytest.raises(DataError, match="starts outside the years 1 to 9999"):
                    counted(times.to_list(), **given)


@pytest.mark.parametrize("every", ["1us", "1h", "1d", "1w", "1mo", "1y"])
def test_only_the_last_window_of_the_year_9999_has_no_end(every: str) -> None:
    frame = counted([LAST - dt.timedelta(800), LAST], every).metrics("recall")
    assert [end is None for *_, end in frame.select("window_start", "window_end").rows()] == [False, True]
    assert frame["n"].to_list() == [1, 1]
    with pytest.raises(OverflowError):
        Windows(every).ends(frame["window_start"]).to_list()


@pytest.mark.parametrize(
    ("time", "more", "says"),
    [
        (FIRST, {"time_zone": "America/New_York"}, "0001-01-01 00:00:00 UTC, whose window of 1d starts outside"),
        (FIRST, {"offset": "6h"}, "0001-01-01 00:00:00 UTC, whose window of 1d starts outside"),
        (LAST, {"time_zone": "Asia/Tokyo", "every": "1h"}, "9999-12-31 23:59:59.999999 UTC, whose window of 1h"),
        (dt.date(1, 1, 1), {"offset": "6h"}, "0001-01-01 00:00:00 UTC"),
        ("9999-12-31T20:00Z", {"time_zone": "Asia/Tokyo"}, "9999-12-31 20:00:00 UTC"),
        ("9999-12-31T23:00-00:30", {"time_zone": "Asia/Tokyo"}, "9999-12-31 23:30:00 UTC"),
        (253_402_300_799, {"time_zone": "Asia/Tokyo", "time_unit": "s"}, "9999-12-31 23:59:59 UTC"),
    ],
    ids=str,
)
def test_the_error_about_such_a_window_names_column_instant_and_file(
    time: Any, more: dict[str, Any], says: str, tmp_path: Path
) -> None:
    """Beside nulls, and other values in another file, whatever holds the time."""
    for name, value in (("a", None), ("b", time)):
        frame = pl.DataFrame({"ts": pl.Series([None, value], dtype=pl.Series([time]).dtype), "label": 1, "pred": 1})
        frame.write_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(DataError) as caught:
        fm.count(tmp_path, BINARY, time="ts", **{"every": "1d", **more})
    assert f"b.parquet: time column 'ts' holds {says}" in str(caught.value)
    assert "leave such rows out with where=" in str(caught.value)


@pytest.mark.parametrize("ticks", [dt.timedelta(0), dt.timedelta(days=3)])
def test_times_beyond_the_years_are_refused_where_the_windows_before_them_are_listed(ticks: dt.timedelta) -> None:
    """The last week of the year 9999 ends in the next year."""
    beyond = pl.Series([LAST, LAST]).cast(pl.Int64) + pl.Series([0, 1 + ticks // dt.timedelta(microseconds=1)])
    log = pl.DataFrame({"ts": beyond.cast(pl.Datetime("us")), "label": 1, "pred": 1})
    for parts in ([log], [log.head(1), log.tail(1)]):
        with pytest.raises(DataError, match="outside the years 1 to 9999"):
            fm.count(iter(parts), BINARY, time="ts", every="1w", threads=1)


def test_periods_begin_no_sooner_than_the_year_1() -> None:
    week = counted([FIRST, FIRST + 24 * HOUR], "1d").metrics("recall", period="1w")
    assert [start.year for start in week["window_start"]] == [1, 1]
    assert week["n"].to_list() == [1, 2]
    last = counted([LAST - 24 * HOUR, LAST], "1d").metrics("recall", period="2d")
    assert last.select("n", "window_end").rows()[-1] == (2, None)
    assert last["window_start"].to_list()[-1].day == 30


def test_longer_windows_do_not_begin_before_the_year_1() -> None:
    days = counted([FIRST], "1d")
    assert len(days.rollup("window", every="1mo").metrics("recall").rows()) == 1
    with pytest.raises(SchemaError, match="windows of 7d that begin before the year 1"):
        days.rollup("window", every="7d")
    with pytest.raises(SchemaError, match="do not nest"):
        counted([LAST], "1w").rollup("window", every="1mo")


def test_the_shell_writes_no_year_of_five_digits(tmp_path: Path) -> None:
    pl.DataFrame({"ts": [LAST], "label": 1, "pred": 1}).write_parquet(tmp_path / "log.parquet")
    asked = ["evaluate", str(tmp_path / "log.parquet"), "--y-true", "label", "--y-pred", "pred"]
    asked += ["--time", "ts", "--every", "1d", "-m", "recall", "--format"]
    assert json.loads(CliRunner().invoke(main, [*asked, "json"]).output)[0]["window_end"] is None
    assert "10000" not in CliRunner().invoke(main, [*asked, "csv"]).output
    assert "9999-12-31" in CliRunner().invoke(main, [*asked, "table"]).output
