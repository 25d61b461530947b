"""Counts by keys of every type: what is written is read, whatever the key holds."""

from __future__ import annotations

import datetime as dt
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm

FAMILIES = fm.binary("label", "pred"), fm.scores("label", "score", bins=4, losses=False)
NAN, EPOCH = float("nan"), dt.datetime(1970, 1, 1)

KEYS: dict[str, tuple[Any, list[Any]]] = {
    "String": (pl.String, ["", "a\x00", "🙂" * 70, "null"]),
    "Categorical": (pl.Categorical, ["b", "a", "", "b"]),
    "Enum": (pl.Enum(["b", "", "a"]), ["a", "", "b", "a"]),
    "Boolean": (pl.Boolean, [True, False, True, False]),
    "Int8": (pl.Int8, [-128, 0, 127, 1]),
    "UInt64": (pl.UInt64, [2**64 - 1, 0, 2**63, 1]),
    "Int128": (pl.Int128, [-(2**127), 2**127 - 1, 0, 10]),
    "UInt128": (pl.UInt128, [0, 2**127 - 1, 9, 10]),
    "Float16": (pl.Float16, [NAN, -0.0, 0.5, float("inf")]),
    "Float32": (pl.Float32, [NAN, -0.0, 1e-45, float("-inf")]),
    "Float64": (pl.Float64, [NAN, -0.0, 0.1, 5e-324]),
    "Date": (pl.Date, [dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1970, 1, 1), dt.date(1969, 12, 31)]),
    "Datetime ms": (
        pl.Datetime("ms"),
        [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31), None, EPOCH],
    ),
    "Datetime ns": (
        pl.Datetime("ns"),
        [dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1), None, EPOCH],
    ),
    "Datetime zone": (
        pl.Datetime("us", "America/New_York"),
        [dt.datetime(1700, 1, 1), dt.datetime(2024, 11, 3, 5, 30), dt.datetime(2024, 11, 3, 6, 30), None],
    ),
    "Time": (pl.Time, [dt.time(0), dt.time(23, 59, 59, 999_999), None, dt.time(12)]),
    "Duration ms": (pl.Duration("ms"), [dt.timedelta(-1), dt.timedelta(0), dt.timedelta(10**6), None]),
    "Duration ns": (pl.Duration("ns"), [dt.timedelta(-1), dt.timedelta(0), dt.timedelta(microseconds=1), None]),
    "Binary": (pl.Binary, [b"", b"\x00", b"\xff" * 13, None]),
    "Decimal": (pl.Decimal(38, 2), [Decimal("-1.50"), Decimal("0.00"), Decimal(10) ** 35, None]),
    "Null": (pl.Null, [None] * 4),
}


def log_by(key: str) -> pl.DataFrame:
    dtype, values = KEYS[key]
    held = [*values, None, values[0]]
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        column = pl.Series(held, dtype=pl.Datetime("us")).dt.replace_time_zone("UTC").cast(dtype)
    else:
        column = pl.Series(held, dtype=dtype)
    return pl.DataFrame({"label": [1, 0, 1, 0, 1, 1], "pred": [1, 1, 0, 0, 1, 0], "score": [0.1] * 6, "key": column})


@pytest.mark.parametrize("families", [FAMILIES[:1], FAMILIES], ids=["one family", "two"])
@pytest.mark.parametrize("key", KEYS)
def test_counts_by_a_key_of_any_type_are_kept(key: str, families: tuple[Any, ...], tmp_path: Path) -> None:
    log = log_by(key)
    counts = fm.count(log, *families, by="key")
    counts.write(tmp_path / "counts.parquet")
    for back in (
        fm.read_counts(tmp_path / "counts.parquet"),
        fm.Counts.from_arrow(counts.to_arrow()),
        pickle.loads(pickle.dumps(counts)),
    ):
        assert back == counts
        assert back + counts == counts + counts == fm.count(pl.concat([log, log]), *families, by="key")
        assert {name: table.schema for name, table in back.tables.items()} == {
            name: table.schema for name, table in counts.tables.items()
        }


@pytest.mark.parametrize("key", KEYS)
def test_a_part_in_which_a_key_is_null_only_adds_up_with_the_others(key: str, tmp_path: Path) -> None:
    log = log_by(key)
    parts = [fm.count(part, *FAMILIES, by="key") for part in (log, log[4:5], log.clear())]
    for number, part in enumerate(parts):
        part.write(tmp_path / f"{number}.parquet")
    read = [fm.read_counts(tmp_path / f"{number}.parquet") for number in range(3)]
    assert sum(read) == sum(parts) == fm.count(pl.concat([log, log[4:5]]), *FAMILIES, by="key")


@pytest.mark.parametrize("name", ["^.*$", "*", "binary", "a.b", "Family", "é\n"], ids=repr)
def test_counts_by_a_key_of_any_name_are_kept(name: str, tmp_path: Path) -> None:
    log = log_by("String").rename({"key": name})
    counts = fm.count(log, *FAMILIES, by=name)
    counts.write(tmp_path / "counts.parquet")
    assert fm.read_counts(tmp_path / "counts.parquet") == counts == fm.Counts.from_arrow(counts.to_arrow())
    assert counts.tables["binary"][name].to_list() == ["", "a\x00", "null", "🙂" * 70, None]


@pytest.mark.parametrize("dtype", [pl.List(pl.Int64), pl.Struct({"a": pl.Int64}), pl.Array(pl.Int64, 2)], ids=str)
def test_keys_of_nested_types_are_refused_at_the_door(dtype: Any) -> None:
    log = pl.DataFrame({"label": [1], "pred": [1], "key": pl.Series([None], dtype=dtype)})
    with pytest.raises(fm.SchemaError, match="key 'key' holds"):
        fm.count(log, FAMILIES[0], by="key")
