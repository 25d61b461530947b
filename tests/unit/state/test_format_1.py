"""Counts of format 1 stay readable: files that its last writer wrote are kept as data, with what was read from them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm

FOLDER = Path(__file__).parents[2] / "data" / "format_1"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text())


def plain(frame: pl.DataFrame, keys: list[str]) -> list[dict[str, Any]]:
    """Metrics as JSON holds them: keys as text."""
    text = [name for name in frame.columns if name in keys or name == "window_end"]
    return frame.with_columns(pl.col(text).cast(pl.String)).to_dicts()


def close(value: Any) -> Any:
    """What equals a value, or a float but for its last digits."""
    return pytest.approx(value, rel=1e-12) if isinstance(value, float) else value


@pytest.mark.parametrize("name", EXPECTED)
def test_counts_of_format_1_say_what_they_said(name: str) -> None:
    expected = EXPECTED[name]
    counts = fm.read_counts(FOLDER / name)
    assert counts.rows == expected["rows"]
    assert [family.kind for family in counts.layout.families] == expected["families"]
    read = plain(counts.metrics(*expected["metrics"]), counts.layout.outer)
    assert len(read) == len(expected["read"])
    for row, wanted in zip(read, expected["read"], strict=True):
        assert row == {name: close(value) for name, value in wanted.items()}


@pytest.mark.parametrize("name", EXPECTED)
def test_counts_of_format_1_are_written_in_the_present_format(name: str, tmp_path: Path) -> None:
    old = fm.read_counts(FOLDER / name)
    old.write(tmp_path / "counts.parquet")
    new = fm.read_counts(tmp_path / "counts.parquet")
    assert new == old
    assert new + old == old + old
    assert {key: table.schema for key, table in new.tables.items()} == {
        key: table.schema for key, table in old.tables.items()
    }


def test_enums_and_wide_integers_of_format_1_keep_their_dtypes() -> None:
    schema = fm.read_counts(FOLDER / "keys.parquet").frame.schema
    assert schema["tier"] == pl.Enum(["high", "low", "never"])
    assert schema["wide"] == pl.Int128


def test_a_folder_of_format_1_is_not_replaced(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "several", tmp_path / "several")
    counts = fm.read_counts(tmp_path / "several")
    with pytest.raises(fm.SourceError, match="it is a folder, and Counts are one file"):
        counts.write(tmp_path / "several")
    assert fm.read_counts(tmp_path / "several") == counts
    assert [file.name for file in tmp_path.iterdir()] == ["several"]


def test_a_folder_of_format_1_may_lack_no_family(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "several", tmp_path / "several")
    (tmp_path / "several" / "scores.parquet").unlink()
    with pytest.raises(fm.SourceError, match=r"several cannot be read: these Counts hold scores, binary; .* scores is"):
        fm.read_counts(tmp_path / "several")


def test_sums_that_overflowed_in_format_1_are_nan_now() -> None:
    """There they were null, and their sum with another was a number."""
    counts = fm.read_counts(FOLDER / "overflow.parquet")
    assert counts.frame["squared_error"].is_nan().to_list() == [True, False]
    assert (counts + counts).metrics("mse")["mse"].to_list() == counts.metrics("mse")["mse"].to_list() == [None, 1.0]
