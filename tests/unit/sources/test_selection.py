"""What is read of an input: only the columns and row groups that are needed, in the order asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

import fastmetrics as fm
from fastmetrics.sources import Selection, Source, open_source

HOURS = 8
ROWS = 1_000  # an hour, and a row group


def log() -> pl.DataFrame:
    rows = HOURS * ROWS
    place = pl.arange(0, rows, eager=True)
    return pl.DataFrame(
        {
            "junk": place,
            "ts": pl.Series([datetime(2026, 1, 1)]).new_from_index(0, rows) + place * timedelta(hours=1) / ROWS,
            "model": (place % 3).cast(pl.String),
            "kind": (place % 2).cast(pl.String).cast(pl.Enum(["0", "1"])),
            "label": place % 5 == 0,
            "pred": place % 7 == 0,
        }
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "log.parquet"
    log().write_parquet(file, row_group_size=ROWS)
    return file


def spoil(path: Path, column: str, groups: range) -> None:
    """Overwrite the pages of a column in some row groups."""
    footer = pq.ParquetFile(path).metadata
    place = footer.schema.to_arrow_schema().get_field_index(column)
    with path.open("r+b") as file:
        for group in groups:
            chunk = footer.row_group(group).column(place)
            file.seek(min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset))
            file.write(b"\xff" * chunk.total_compressed_size)


def counted(data: Any, **arguments: Any) -> fm.Counts:
    return fm.count(data, fm.binary("label", "pred"), by="model", time="ts", every="1h", **arguments)


WHERE = {
    "expression": pl.col("ts").is_between(datetime(2026, 1, 1, 3), datetime(2026, 1, 1, 5), closed="left"),
    "SQL": "ts >= TIMESTAMP '2026-01-01 03:00:00' AND ts < TIMESTAMP '2026-01-01 05:00:00'",
}


@pytest.mark.parametrize("form", WHERE)
def test_a_filter_on_time_reads_only_the_row_groups_of_that_time(path: Path, form: str) -> None:
    whole = counted(path, where=WHERE[form])
    assert whole.rows == 2 * ROWS
    assert whole == counted(log(), where=WHERE[form])
    for column in ("ts", "model", "label", "pred"):
        spoil(path, column, range(3))
        spoil(path, column, range(5, HOURS))
    assert counted(path, where=WHERE[form]) == whole
    with pytest.raises(fm.SourceError, match=r"log\.parquet"):
        counted(path)


def test_only_the_columns_that_are_asked_for_are_read(path: Path) -> None:
    whole = counted(path)
    spoil(path, "junk", range(HOURS))
    spoil(path, "kind", range(HOURS))
    assert counted(path) == whole
    with pytest.raises(fm.SourceError, match=r"log\.parquet"):
        fm.count(path, fm.binary("label", "pred"), by="kind")


SELECTIONS = {
    "as they are": [pl.col("pred"), pl.col("ts")],
    "twice and renamed": [pl.col("label").alias("b"), pl.col("model"), pl.col("label").alias("a")],
    "as their codes": [
        pl.col("kind").to_physical(),
        pl.col("kind").alias("text"),
        pl.col("ts").to_physical().alias("t"),
    ],
    "computed": [pl.col("label") & pl.col("pred"), pl.lit(1).alias("one"), pl.col("model")],
    "over all rows": [pl.col("junk").max(), pl.col("model")],
}


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("columns", SELECTIONS)
@pytest.mark.parametrize("kind", ["frame", "file"])
def test_columns_come_as_asked(path: Path, kind: str, columns: str, *, filtered: bool) -> None:
    where = pl.col("junk") % 3 == 1 if filtered else None
    source: Source = open_source(log() if kind == "frame" else path)
    selection = Selection(tuple(SELECTIONS[columns]), where)
    got = pl.concat(source.frames(selection))
    kept = log() if where is None else log().filter(where)
    names = [column.meta.output_name() for column in SELECTIONS[columns]]
    expected = kept.with_columns(SELECTIONS[columns]).select(names)
    got.columns = names
    assert got.sort(pl.all()).equals(expected.sort(pl.all()))
    assert (selection.bare is not None) == (columns in ("as they are", "twice and renamed", "as their codes"))


@pytest.mark.parametrize("more", [[], [pl.col("junk").alias("again")]])
def test_plain_columns_of_a_frame_share_its_memory_and_leave_it_alone(more: list[pl.Expr]) -> None:
    frame = log()
    selection = Selection((pl.col("junk").alias("a"), pl.col("kind").to_physical(), *more), None)
    (batch,) = open_source(frame).frames(selection)
    for got, given in zip(batch, (frame["junk"], frame["kind"].to_physical(), frame["junk"]), strict=False):
        assert got.to_numpy().ctypes.data == given.to_numpy().ctypes.data
    assert frame.equals(log())
    assert frame.schema == log().schema
