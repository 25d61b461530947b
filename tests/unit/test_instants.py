"""The instants of every kind of time column."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.errors import SchemaError
from fastmetrics.instants import instants

EPOCH = dt.datetime(1970, 1, 1)
DAY = 86_400_000_000


def at(*parts: int) -> int:
    """Microseconds since 1970 of a time in UTC."""
    return (dt.datetime(*parts) - EPOCH) // dt.timedelta(microseconds=1)


TIMES = [dt.datetime(2024, 3, 10, 6, 59, 59, 999_000), None, dt.datetime(1969, 12, 31, 23, 59, 59, 999_000), EPOCH]
NAIVE = pl.Series("ts", TIMES, dtype=pl.Datetime("us"))
US = NAIVE.to_physical().to_list()


@pytest.mark.parametrize(
    "column",
    [
        NAIVE,
        NAIVE.cast(pl.Datetime("ms")),
        NAIVE.cast(pl.Datetime("ns")),
        NAIVE.dt.replace_time_zone("UTC"),
        NAIVE.dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Kolkata"),
        NAIVE.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York"),
        NAIVE.dt.to_string("iso"),
        NAIVE.dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ"),
        NAIVE.dt.to_string("%Y-%m-%d %H:%M:%S%.3f+00:00"),
        NAIVE.dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Kolkata").dt.to_string("%Y-%m-%dT%H:%M:%S%.3f%z"),
    ],
    ids=lambda column: f"{column.dtype} {column[0]}",
)
def test_instants_of_a_time_column(column: pl.Series) -> None:
    first = column[0] if column.dtype == pl.String else None
    frame = column.to_frame().select(instants(pl.col("ts"), "ts", column.dtype, None, first))
    assert frame.to_series().to_list() == US
    assert frame.to_series().dtype == pl.Int64


@pytest.mark.parametrize(("unit", "per_second"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
@pytest.mark.parametrize("dtype", [pl.Int64, pl.Int32])
def test_instants_of_epochs(unit: str, per_second: int, dtype: Any) -> None:
    """Whole and part seconds on both sides of 1970; what is finer than a microsecond rounds towards the past."""
    ticks = [0, 1, -1, 86_399 * per_second, -per_second, None]
    ticks = [tick if tick is None or abs(tick) < 2**31 else 0 for tick in ticks]
    column = pl.Series("ts", ticks, dtype=dtype)
    found = column.to_frame().select(instants(pl.col("ts"), "ts", dtype(), unit, None)).to_series().to_list()
    assert found == [None if tick is None else tick * 10**6 // per_second for tick in ticks]


def test_instants_of_days() -> None:
    days = pl.Series("ts", [dt.date(1, 1, 1), dt.date(1969, 12, 31), None, dt.date(9999, 12, 31)])
    expected = [at(1, 1, 1), -DAY, None, at(9999, 12, 31)]
    for column, unit in ((days, None), (days.to_physical(), "d")):
        made = column.to_frame().select(instants(pl.col("ts"), "ts", column.dtype, unit, None))
        assert made.to_series().to_list() == expected


@pytest.mark.parametrize(
    ("dtype", "unit", "says"),
    [
        (pl.Int64(), None, "time_unit='s', 'ms', 'us', 'ns' or 'd'"),
        (pl.Int64(), "weeks", "time_unit='weeks' is not one of"),
        (pl.Float64(), "s", "holds Float64; expected Datetime, Date, ISO 8601 text"),
        (pl.Time(), None, "holds Time"),
        (pl.Boolean(), "s", "holds Boolean"),
    ],
    ids=str,
)
def test_what_holds_no_times(dtype: Any, unit: str | None, says: str) -> None:
    with pytest.raises(SchemaError) as caught:
        instants(pl.col("ts"), "ts", dtype, unit, None)
    assert says in str(caught.value)


def test_every_kind_of_time_gives_the_same_counts() -> None:
    log = pl.DataFrame({"label": [1, 0, 1, 0], "pred": 1, "ts": NAIVE})
    family, asked = fm.binary("label", "pred"), {"time": "ts", "every": "1h", "time_zone": "America/New_York"}
    expected = fm.count(log, family, **asked)
    assert expected.frame["window_start"].null_count() == 1
    for other in (
        pl.col("ts").cast(pl.Datetime("ns")),
        pl.col("ts").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Kolkata"),
        pl.col("ts").dt.to_string("iso"),
        pl.col("ts").dt.to_string("iso") + "Z",
    ):
        assert fm.count(log.with_columns(other), family, **asked) == expected
    for unit in ("ms", "us", "ns"):
        epochs = log.with_columns(pl.col("ts").dt.epoch(unit))
        assert fm.count(epochs, family, **asked, time_unit=unit) == expected
