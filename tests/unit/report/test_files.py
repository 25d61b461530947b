"""Frames as files: what a spreadsheet must not run, what JSON cannot say, and files that appear whole."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from fastmetrics.errors import SourceError
from fastmetrics.report import files
from fastmetrics.report.files import FORMATS, checked_target, encoded, format_of, write

ODD = pl.DataFrame(
    {
        "=key": ["-1", "\tx", None, ""],
        "n": [-1, 2, 3, 4],
        "x": [-0.5, float("nan"), float("inf"), 1e-9],
        "naive": [dt.datetime(2026, 3, 2), dt.datetime(2026, 3, 2, 0, 0, 1, 500), None, None],
        "day": [dt.date(2026, 1, 1)] * 4,
        "clock": [dt.time(1, 2)] * 4,
        "length": [dt.timedelta(hours=1)] * 4,
        "bytes": [b"\x00\xff"] * 4,
        "decimal": [Decimal("-1.50")] * 4,
        "flag": [True] * 4,
    }
).with_columns(zoned=pl.col("naive").dt.replace_time_zone("Asia/Kolkata"), kind=pl.lit("=x").cast(pl.Categorical))


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def test_csv_of_every_kind_of_column() -> None:
    head, first, second, third, fourth = rows_of(encoded(ODD, "csv"))
    assert head[:3] == ["'=key", "n", "x"]
    assert first == [
        "'-1", "-1", "-0.5", "2026-03-02T00:00:00", "2026-01-01", "01:02:00", "PT1H", "00ff", "-1.50", "true",
        "2026-03-02T00:00:00+05:30", "'=x",
    ]  # fmt: skip
    assert second[3] == "2026-03-02T00:00:01.000500"
    assert third[0] == fourth[0] == ""
    assert b'\n"",4,' in encoded(ODD, "csv")  # an empty text is not a null


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_starts_a_formula(start: str) -> None:
    frame = pl.DataFrame({f"{start}name": [f'{start}cmd|"calc",1', f"x{start}y"]})
    assert rows_of(encoded(frame, "csv")) == [[f"'{start}name"], [f'\'{start}cmd|"calc",1'], [f"x{start}y"]]


def test_json_is_strict() -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    rows = json.loads(encoded(ODD, "json"), parse_constant=refuse)
    assert [row["x"] for row in rows] == [-0.5, None, None, 1e-9]
    assert rows[0]["=key"] == "-1"
    assert rows[0]["zoned"] == "2026-03-02T00:00:00+05:30"
    assert rows == [json.loads(line) for line in encoded(ODD, "ndjson").splitlines()]
    assert json.loads(encoded(ODD.clear(), "json")) == []


def test_parquet_keeps_dtypes() -> None:
    assert pl.read_parquet(encoded(ODD, "parquet")).equals(ODD)


def test_formats_by_suffix() -> None:
    assert {format_of(f"x{suffix}") for suffix in files.SUFFIXES} == set(FORMATS)
    assert format_of("X.CSV") == "csv"
    with pytest.raises(SourceError, match=r"x\.cvs: unknown suffix '\.cvs'; did you mean '\.csv'"):
        format_of("x.cvs")


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(ODD, path)
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]
    assert path.read_text() == "old"


def test_a_file_has_the_rights_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    write(ODD, tmp_path / "out.json")
    assert os.stat(tmp_path / "out.json").st_mode == os.stat(tmp_path / "ordinary").st_mode  # noqa: PTH116


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("circle.csv", "it is a broken symlink"),
        ("no.csv/x.csv", "there is no folder .*no.csv; make it first"),
        ("folder", "it is a folder; name a file"),
        ("pipe", "it is not an ordinary file"),
        ("a\0b.csv", "no file can have a NUL in its name"),
    ],
)
def test_a_place_where_no_file_can_be_written_is_refused(name: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "circle.csv").symlink_to("circle.csv")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match=f"cannot write .*: {why}"):
        checked_target(tmp_path / name)


def test_what_a_link_points_to_is_written_also_where_it_is_not_there_yet(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to("new.csv")
    assert checked_target(tmp_path / "link.csv") == tmp_path.resolve() / "new.csv"
