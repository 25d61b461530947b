"""Times of numpy, pandas, pyarrow, DuckDB and of Parquet with 96 bits, as every input gives them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

import fastmetrics as fm
from fastmetrics.errors import DataError, FastMetricsError, SchemaError

BINARY = fm.binary("label", "pred")
EPOCH = dt.datetime(1970, 1, 1)
MOST = 2**63 - 1
DAY = 86_400_000_000


def at(*parts: int) -> int:
    return (dt.datetime(*parts) - EPOCH) // dt.timedelta(microseconds=1)


def instants(log: Any, **more: Any) -> list[int | None]:
    """The instants of a log as count sees them: the starts of windows of a microsecond."""
    counts = fm.count(log, BINARY, time="ts", every="1us", **more)
    return counts.frame["window_start"].to_physical().to_list()


def columns(times: Any) -> dict[str, Any]:
    return {"ts": times, "label": np.ones(len(times), np.int64), "pred": np.ones(len(times), np.int64)}


# numpy and pandas


@pytest.mark.parametrize(
    ("unit", "number", "instant"),
    [
        ("Y", 54, at(2024, 1, 1)),
        ("Y", -1969, at(1, 1, 1)),
        ("M", 650, at(2024, 3, 1)),
        ("W", 1, 7 * DAY),
        ("D", -1, -DAY),
        ("h", 25, 25 * 3_600_000_000),
        ("m", -1, -60_000_000),
        ("s", 1_710_406_800, 1_710_406_800_000_000),
        ("25s", 2, 50_000_000),
        ("ms", -1, -1_000),
        ("us", 7, 7),
        ("ns", -1, -1),
        ("ps", -1, -1),
        ("fs", 10**9, 1),
        ("as", -(10**12), -1),
    ],
)
def test_arrays_of_numpy_in_every_unit(unit: str, number: int, instant: int) -> None:
    """NaT is null, and what 64 bits do not hold in a unit of Polars is refused, not begun anew."""
    held = np.array([number, "NaT"], f"M8[{unit}]")
    assert instants(columns(held)) == [instant, None]
    assert instants(columns(np.repeat(held, 2)[::2])) == [instant, None]
    assert instants(iter([columns(held[1:]), columns(held)])) == [instant, None]
    for far in (MOST, -MOST) if unit not in ("ps", "fs", "as") else ():
        with pytest.raises(DataError, match=f"ts' holds {'-' if far < 0 else ''}infinity"):
            instants(columns(np.array([number, far], f"M8[{unit}]")))


@pytest.mark.parametrize(
    ("unit", "called"),
    [("Y", "2,147,483,646 d"), ("s", "9,223,372,036,854,775,806 ms"), ("4s", "9,223,372,036,854,775,806 ms")],
)
def test_finite_times_of_numpy_and_arrow_are_not_called_infinite(unit: str, called: str) -> None:
    far = np.array([2**62]).view(f"M8[{unit}]")
    logs = [columns(far), columns(list(far)), columns(np.ma.array(far, mask=[False]))]
    logs += [pa.table(columns(pa.array([2**62], pa.timestamp("s"))))] if unit == "s" else []
    for log in logs:
        with pytest.raises(DataError, match=f"ts' holds {called} or more since 1970, outside the years 1 to 9999"):
            instants(log)
    with pytest.raises(DataError, match=f"ts' holds -{called} or less"):
        instants(columns(np.array([-(2**62)]).view(f"M8[{unit}]")))


@pytest.mark.parametrize("unit", ["D", "h", "s", "ms", "us", "ns", "25s"])
def test_masked_times_of_numpy_in_every_unit(unit: str) -> None:
    held = np.ma.array(np.array([25, 50, "NaT"], f"M8[{unit}]"), mask=[False, True, False])
    assert instants(columns(held)) == instants(columns(held.data[::2]))


def test_times_of_numpy_without_a_unit_are_all_nat() -> None:
    assert instants(columns(np.array(["NaT", "NaT"], "M8"))) == [None]


TIME = pd.Timestamp("2024-03-14T09:00:00")
OBJECTS: dict[str, Callable[[], Any]] = {
    "list of pandas": lambda: [TIME, pd.NaT],
    "list of datetimes": lambda: [pd.NaT, TIME.to_pydatetime()],
    "list of numpy": lambda: [np.datetime64("2024-03-14T09"), np.datetime64("NaT")],
    "list of days of numpy": lambda: [np.datetime64("2024-03-14T09"), np.datetime64("NaT"), None, np.datetime64("NaT")],
    "array of objects": lambda: np.array([TIME.to_pydatetime(), pd.NaT], object),
    "array of objects of numpy": lambda: np.array([np.datetime64("NaT"), np.datetime64("2024-03-14T09")], object),
    "series of objects": lambda: pd.Series([TIME, pd.NaT], dtype=object),
    "index": lambda: pd.to_datetime([TIME, None]),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_nat_among_objects_is_null(name: str) -> None:
    held = OBJECTS[name]()
    assert instants(columns(held)) == [at(2024, 3, 14, 9), None]
    of_pandas = pd.Series(held, dtype=object)
    for log in (columns(of_pandas), pd.DataFrame(columns(of_pandas)), iter([columns(of_pandas)])):
        assert instants(log) == [at(2024, 3, 14, 9), None]


NAIVE, DAY_ALONE = dt.datetime(2026, 3, 14), dt.date(2026, 3, 14)
BERLIN = pd.Timestamp(NAIVE, tz="Europe/Berlin")
EAST, FAR_EAST = (NAIVE.replace(tzinfo=dt.timezone(dt.timedelta(hours=hours))) for hours in (1, 9))


def logs_of_objects(held: list[Any]) -> Iterator[Any]:
    """What takes Python objects."""
    for values in (held, np.array([*held, None], object)[:-1], pd.Series(held, dtype=object)):
        for log in (columns(values), pd.DataFrame(columns(values))):
            yield from (log, iter([log]))


@pytest.mark.parametrize(
    ("held", "says"),
    [
        ([BERLIN, NAIVE], "a time of a zone, and .* a time without a zone"),
        ([EAST, None, pd.Timestamp(NAIVE)], "a time of a zone, and .* a time without a zone"),
        ([DAY_ALONE, NAIVE], "a date, and .* a time without a zone"),
        ([pd.NaT, DAY_ALONE, BERLIN], "a date, and .* a time of a zone"),
        ([np.datetime64("2026-03-14"), BERLIN], "a time of a zone, and .* a time without a zone"),
        ([np.datetime64("2026-03-14"), DAY_ALONE], "a date, and .* a time without a zone"),
    ],
    ids=str,
)
def test_objects_of_two_forms_are_refused_whichever_is_first(held: list[Any], says: str) -> None:
    for values in (held, held[::-1]):
        for log in logs_of_objects(values):
            with pytest.raises(SchemaError, match=f"column 'ts' holds .*{says}; make them of one form"):
                instants(log)
        with pytest.raises(SchemaError, match="make them of one form"):
            fm.count(pd.DataFrame(columns(values)), BINARY, by="ts")


@pytest.mark.parametrize(
    "held", [[BERLIN, BERLIN.tz_convert("UTC")], [BERLIN, FAR_EAST], [EAST, FAR_EAST], [EAST, EAST]], ids=str
)
def test_objects_of_several_zones_are_instants_in_utc_whichever_is_first(held: list[Any]) -> None:
    for values in (held, held[::-1]):
        for log in logs_of_objects(values):
            starts = fm.count(log, BINARY, time="ts", every="1us").frame["window_start"]
            assert starts.dtype == pl.Datetime("us", "UTC")
            assert starts.to_list() == sorted({value.astimezone(dt.UTC) for value in held})


def test_objects_of_one_zone_keep_it() -> None:
    for log in logs_of_objects([BERLIN, BERLIN + pd.Timedelta(days=30), None]):
        starts = fm.count(log, BINARY, time="ts", every="1d").frame["window_start"]
        assert starts.dtype == pl.Datetime("us", "Europe/Berlin")
        assert starts.dt.hour().to_list() == [0, 0, None]


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kolkata"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_frames_of_pandas_in_every_unit(unit: str, zone: str | None) -> None:
    times = pd.Series(np.array(["2024-03-14T09", "NaT", "1969-12-31T23:59:59"], f"M8[{unit}]")).dt.tz_localize(zone)
    expected = [
        instant // 1_000
        for instant in times.dropna().astype(f"datetime64[ns{', UTC' if zone else ''}]").astype("int64")
    ]
    for held in (times, times.astype(pd.ArrowDtype(pa.timestamp(unit, zone)))):
        assert instants(pd.DataFrame(columns(held))) == [*sorted(expected), None]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_extremes_of_pandas_are_refused(unit: str) -> None:
    for far in (MOST, -MOST):
        with pytest.raises(DataError, match=f"ts' holds {'-' if far < 0 else ''}infinity"):
            instants(pd.DataFrame(columns(np.array([0, far]).view(f"M8[{unit}]"))))


# pyarrow


@pytest.mark.parametrize("zone", [None, "UTC", "+05:30"])
def test_arrow_times_in_seconds(zone: str | None, tmp_path: Path) -> None:
    """In chunks, slices, batches and files; the greatest numbers are those by which infinity is meant."""
    held = pa.array([None, 5, -1, None, MOST, -MOST, MOST // 1_000 + 1], pa.timestamp("s", zone))
    for array in (held.slice(1, 3), pa.chunked_array([held.slice(0, 0), held.slice(1, 1), held.slice(2, 2)])):
        table = pa.table(columns(array))
        feather.write_feather(table, tmp_path / "log.arrow")
        for log in (table, table.to_reader(), iter(table.to_batches()), tmp_path / "log.arrow", ds.dataset(table)):
            assert instants(log) == [-1_000_000, 5_000_000, None]
    for place, called in ((4, "infinity"), (5, "-infinity"), (6, "9,223,372,036,854,775,806 ms or more")):
        with pytest.raises(DataError, match=f"ts' holds {called}"):
            instants(pa.table(columns(held.slice(place, 1))))


# DuckDB

KINDS = ["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ", "DATE"]


def duck_logs(kind: str, text: str, folder: Path) -> list[Any]:
    asked = f"SELECT '{text}'::{kind} AS ts, 1 AS label, 1 AS pred"
    duckdb.sql(f"COPY ({asked}) TO '{folder}/log.parquet'")
    relation = duckdb.connect().sql(asked)
    return [relation.to_arrow_table(), relation.pl(), folder / "log.parquet", duckdb.connect().sql(asked)]


@pytest.mark.parametrize("text", ["infinity", "-infinity"])
@pytest.mark.parametrize("kind", KINDS)
def test_infinities_of_duckdb_are_refused_by_name(kind: str, text: str, tmp_path: Path) -> None:
    """As times and as keys, from relations, tables and files; and `where=` leaves them out."""
    for log in duck_logs(kind, text, tmp_path):
        if kind == "TIMESTAMP_S" and isinstance(log, pl.DataFrame):
            continue  # which DuckDB has Polars make of it, beyond 64 bits
        with pytest.raises(DataError, match=rf"time column 'ts' holds {text} \("):
            instants(log)
    for log in duck_logs(kind, text, tmp_path)[:1]:
        with pytest.raises(DataError, match=rf"key 'ts' holds {text} \("):
            fm.count(log, BINARY, by="ts")
        assert instants(log, where=pl.col("ts").to_physical() == 0) == []


@pytest.mark.parametrize("kind", KINDS)
def test_other_times_of_duckdb_are_read(kind: str, tmp_path: Path) -> None:
    for log in duck_logs(kind, "2024-03-14", tmp_path):
        assert instants(log) == [at(2024, 3, 14)]


# Parquet with times of 96 bits

FAR = [dt.datetime(1, 1, 1), dt.datetime(1677, 9, 21), dt.datetime(1969, 12, 31, 23, 59, 59, 999_999)]
FAR += [dt.datetime(2262, 4, 12), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)]


def write_96_bits(path: Path, times: list[dt.datetime | None], unit: str = "us", schema: bool = False) -> None:
    table = pa.table(columns(pa.array(times, pa.timestamp(unit))))
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, store_schema=schema)


@pytest.mark.parametrize("schema", [False, True])
def test_times_of_96_bits_are_read_right(schema: bool, tmp_path: Path) -> None:
    """Written with the Arrow schema in the file, as pyarrow does, and without it, as Spark does."""
    write_96_bits(tmp_path / "a.parquet", [None, *FAR], schema=schema)
    write_96_bits(tmp_path / "b.parquet", [dt.datetime(2024, 3, 14)], schema=schema)
    expected = [*sorted([*(at(*time.timetuple()[:6]) + time.microsecond for time in FAR), at(2024, 3, 14)]), None]
    assert instants(tmp_path) == instants(tmp_path, on_error="skip") == expected
    assert instants(tmp_path / "b.parquet", time_zone="UTC") == [at(2024, 3, 14)]
    with (tmp_path / "a.parquet").open("rb") as file:
        assert len(instants(file)) == len(FAR) + 1
    keys = fm.count(tmp_path / "a.parquet", BINARY, by="ts").frame["ts"]
    assert keys.to_list() == [*FAR, None]


def test_times_of_96_bits_in_hive_folders_and_beside_empty_files(tmp_path: Path) -> None:
    for day, times in (("2024-03-13", []), ("2024-03-14", FAR)):
        (tmp_path / f"day={day}").mkdir()
        write_96_bits(tmp_path / f"day={day}" / "a.parquet", list(times))
    assert len(instants(tmp_path)) == len(FAR)
    days = fm.count(tmp_path, BINARY, by="day").frame
    assert days.select("day", "tp").rows() == [(dt.date(2024, 3, 14), len(FAR))]


def test_a_dataset_of_times_of_96_bits_is_refused_where_it_reads_them_wrong(tmp_path: Path) -> None:
    write_96_bits(tmp_path / "a.parquet", list(FAR))
    with pytest.raises(FastMetricsError, match=r"column 'ts' has times of 96 bits, .* count the files by their paths"):
        instants(ds.dataset(tmp_path / "a.parquet"))
    assert fm.count(ds.dataset(tmp_path / "a.parquet"), BINARY).rows == len(FAR)
    right = ds.ParquetFileFormat(coerce_int96_timestamp_unit="us")
    assert len(instants(ds.dataset(tmp_path / "a.parquet", format=right))) == len(FAR)


def test_times_of_96_bits_round_towards_the_past(tmp_path: Path) -> None:
    held = pa.array([-1, -1_001, 999], pa.timestamp("ns"))
    pq.write_table(
        pa.table(columns(held)), tmp_path / "a.parquet", use_deprecated_int96_timestamps=True, store_schema=False
    )
    assert instants(tmp_path / "a.parquet") == [-2, -1, 0]


def test_a_file_that_polars_does_not_read_has_times_of_96_bits(tmp_path: Path) -> None:
    table = pa.table(
        {**columns(pa.array(FAR, pa.timestamp("us"))), "odd": pa.array([None] * len(FAR), pa.duration("s"))}
    )
    table = table.append_column("label", table["label"])  # a name that is there twice
    pq.write_table(table, tmp_path / "a.parquet", use_deprecated_int96_timestamps=True, store_schema=False)
    counts = fm.count(tmp_path / "a.parquet", fm.binary("pred", "pred"), time="ts", every="1us")
    assert counts.frame["window_start"].dt.replace_time_zone(None).to_list() == FAR


def test_days_in_paths_are_iso_dates(tmp_path: Path) -> None:
    for day in ("03-04-2024", "2024-04-03"):
        folder = tmp_path / day / f"ts={day}"
        folder.mkdir(parents=True)
        pl.DataFrame({"label": [1], "pred": [1]}).write_parquet(folder / "a.parquet")
    assert instants(tmp_path / "2024-04-03") == [at(2024, 4, 3)]
    with pytest.raises(FastMetricsError, match="holds '03-04-2024'; expected ISO 8601"):
        instants(tmp_path / "03-04-2024")
    assert instants(tmp_path / "03-04-2024", time_format="%d-%m-%Y") == [at(2024, 4, 3)]
