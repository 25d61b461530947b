"""Counts on disk are plain tables: any engine merges them with GROUP BY and SUM, MIN, MAX. DuckDB does here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

import fastmetrics as fm
from fastmetrics.face import Counts

MONDAY = pl.DataFrame(
    {
        "label": [1, 0, 1, None, 0, 1],
        "pred": [1, 1, 0, 1, None, 1],
        "score": [0.9, 0.8, 0.125, 0.5, None, 0.75],
        "model": ["a", "a", "b", None, "b", "a"],
        "site": pl.Series(["x", "y", "y", None, "x", "x"], dtype=pl.Enum(["y", "x"])),
        "version": pl.Series([2**64 - 1, 0, 7, 7, None, 2**64 - 1], dtype=pl.UInt64),
        "ts": pl.Series([0, 3_599_999_999, 3_600_000_000, None, -1, 0]).cast(pl.Datetime("us")),
        "weight": [0.5, 0.25, 2.0, 1.0, 3.0, 0.5],
        "took": pl.Series([1, 2, None, 1, 2, 1], dtype=pl.Int64).cast(pl.Duration("ms")),
        "nothing": [None] * 6,
        "guess": ["a", "b", "b", "c", None, "a"],
    }
)
TUESDAY = MONDAY.with_columns(
    model=pl.Series(["c", "a", "b", "b", None, None]), score=pl.col("score").reverse(), pred=pl.col("label")
)
BINARY = fm.binary("label", "pred")
SCORES = fm.scores("label", "score", bins=4)
ERRORS = fm.regression("label", "score")
CLASSES = fm.classes("model", "guess")
TOKENS = fm.likelihood(pl.concat_list(-pl.col("score") / 3, -pl.col("weight")))
NUMBERS = fm.values("score"), fm.values("weight", extremes=False), fm.flags(sure=pl.col("score") > 0.7, label="label")
TIMED: dict[str, Any] = {"time": "ts", "every": "1h"}


def statement(files: list[Path]) -> str:
    """The statement that ARCHITECTURE shows, made from the metadata of the first file."""
    schema = pq.read_schema(files[0])
    merges = json.loads(schema.metadata[b"fastmetrics"])["merges"]
    keys = ", ".join(f'"{name}"' for name in schema.names if name not in merges)
    cells = ", ".join(f'{merge}("{cell}") AS "{cell}"' for cell, merge in merges.items())
    select = f"SELECT {keys}{', ' if keys else ''}{cells} FROM read_parquet({list(map(str, files))})"
    return select + (f" GROUP BY {keys}" if keys else "")


def merged_by_sql(files: list[Path]) -> Counts:
    """The result of the statement, with the metadata of the first file, as Counts."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        table = connection.sql(statement(files)).to_arrow_table()
    return Counts.from_arrow(table.replace_schema_metadata(pq.read_schema(files[0]).metadata))


@pytest.mark.parametrize(
    ("families", "arguments"),
    [
        ([BINARY], {}),
        ([BINARY], {"by": "model"}),
        ([BINARY], {"by": ["model", "site", "version"]}),
        ([BINARY], {"by": ["site", "model"]} | TIMED),
        ([BINARY], {"by": ["model"], "time_zone": "Asia/Kolkata"} | TIMED),
        ([BINARY], {"by": ["model", "site"], "grouping_sets": [[], ["model"], ["model", "site"]]}),
        ([BINARY], {"by": "model", "weight": "weight"}),
        ([SCORES], {"by": "site"}),
        ([SCORES], {"weight": "weight"}),
        ([CLASSES], {"by": "version"} | TIMED),
        ([ERRORS], {"by": "model"}),
        ([TOKENS], {"by": "model"}),
        ([TOKENS, BINARY], {"by": ["site"]} | TIMED),
        ([SCORES, BINARY, ERRORS, CLASSES], {"by": ["site"]} | TIMED),
        ([SCORES, CLASSES], {"grouping_sets": [[], ["version"]], "by": ["version"]}),
        ([BINARY, SCORES], {"weight": "weight"}),
        ([NUMBERS[0]], {"by": "model"}),
        ([BINARY, *NUMBERS], {"by": ["site"]} | TIMED),
        ([*NUMBERS], {"by": "version", "grouping_sets": [[], ["version"]]}),
        ([*NUMBERS[1:]], {"weight": "weight"}),
    ],
    ids=[
        "total",
        "text",
        "Enum and UInt64",
        "windows",
        "windows in Kolkata",
        "grouping sets",
        "weights",
        "bins",
        "weighted bins",
        "classes and windows",
        "extremes",
        "exact sums",
        "exact sums of several families",
        "several families",
        "several with grouping sets",
        "several with weights",
        "numbers",
        "numbers and flags beside others",
        "numbers and flags with grouping sets",
        "numbers and flags with weights",
    ],
)
def test_group_by_in_duckdb_is_addition(families: list[Any], arguments: dict[str, Any], tmp_path: Path) -> None:
    days = [fm.count(log, *families, **arguments) for log in (MONDAY, TUESDAY)]
    files = [tmp_path / "monday.parquet", tmp_path / "tuesday.parquet"]
    for counts, file in zip(days, files, strict=True):
        counts.write(file)
    whole = merged_by_sql(files)
    assert whole == days[0] + days[1]
    assert whole.rows == 12
    assert {name: table.schema for name, table in whole.tables.items()} == {
        name: table.schema for name, table in days[0].tables.items()
    }


def test_a_file_that_duckdb_wrote_is_read(tmp_path: Path) -> None:
    """Keys have the dtypes of Counts again, which DuckDB does not keep, and rows of families lie as they may."""
    days = [fm.count(log, SCORES, BINARY, by=["site", "took", "nothing"]) for log in (MONDAY, TUESDAY)]
    files = [tmp_path / "monday.parquet", tmp_path / "tuesday.parquet"]
    for counts, file in zip(days, files, strict=True):
        counts.write(file)
    said = pq.read_schema(files[0]).metadata[b"fastmetrics"].decode().replace("'", "''")
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM ({statement(files)}) ORDER BY hash(site, family)) TO '{tmp_path}/both.parquet' "
            f"(FORMAT parquet, KV_METADATA {{fastmetrics: '{said}'}})"
        )
    both = fm.read_counts(tmp_path / "both.parquet")
    assert both == days[0] + days[1]
    assert both.tables["binary"].schema == days[0].tables["binary"].schema


def test_a_metric_in_sql(tmp_path: Path) -> None:
    """Whoever has the file and a formula needs nothing of ours to read a metric."""
    fm.count(MONDAY, BINARY, by="model").write(tmp_path / "counts.parquet")
    select = f"SELECT model, sum(tp) / sum(tp + fn) FROM '{tmp_path / 'counts.parquet'}' GROUP BY model ORDER BY model"
    rows = duckdb.sql(select).fetchall()
    expected = fm.count(MONDAY, BINARY, by="model").metrics("recall").select("model", "recall").rows()
    assert [(model, None if recall != recall else recall) for model, recall in rows] == expected
