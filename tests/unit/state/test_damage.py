"""Counts files that are damaged or forged: an error that names the file and what is wrong, or what was written."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import damage
import fastmetrics as fm
from fastmetrics.errors import SourceError

LOG = damage.a_log(60)
BINARY, SCORES = fm.binary("label", "pred"), fm.scores("label", "score", bins=4)
ERRORS = fm.regression("score", "guess")


@pytest.mark.parametrize("kind", damage.KINDS)
def test_damage_is_an_error_or_nothing(kind: str, tmp_path: Path) -> None:
    drawn = random.Random(kind)
    for _ in range(60):
        damage.check_one(tmp_path / "counts.parquet", kind, drawn)


def refused(table: pa.Table | dict[str, pa.Table], *says: str) -> None:
    with pytest.raises(SourceError) as caught:
        fm.Counts.from_arrow(table)
    for word in says:
        assert word in str(caught.value)


def described(counts: fm.Counts, change: Callable[[dict[str, Any]], Any]) -> pa.Table:
    """The table of Counts with other metadata."""
    table = counts.to_arrow()
    assert isinstance(table, pa.Table)
    document = json.loads(table.schema.metadata[damage.KEY])
    change(document)
    return table.replace_schema_metadata({damage.KEY: json.dumps(document)})


def holding(counts: fm.Counts, **columns: Any) -> pa.Table:
    """The table of Counts with other columns."""
    table = counts.to_arrow()
    assert isinstance(table, pa.Table)
    for name, column in columns.items():
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def test_what_is_wrong_with_metadata_is_named() -> None:
    counts = fm.count(LOG, SCORES, by="model", time="ts", every="1d")

    def argued(**more: Any) -> Callable[[dict[str, Any]], Any]:
        return lambda document: document["families"][0]["arguments"].update(more)

    refused(described(counts, argued(smoothing=3)), "'scores' of these Counts was made with 'smoothing'", "upgrade")
    refused(
        described(counts, argued(edges=[0.0, 0.5, 1.0])),
        "'scores'",
        "edges [0.0, 0.25",
        "made again with [0.0, 0.5, 1.0]",
    )
    refused(described(counts, argued(edges="x")), "'scores' of these Counts cannot be made again")
    refused(described(counts, lambda document: document.update(format=3)), "format 3; this version reads up to 2")
    refused(described(counts, lambda document: document.update(format=0)), "format 0")
    refused(described(counts, lambda document: document.pop("dtypes")), "lacks 'dtypes'")
    refused(described(counts, lambda document: document["dtypes"].update(model=["Int65"])), "'model'", "['Int65']")
    refused(described(counts, lambda document: document["merges"].update(positive="max")), "'positive' by 'max'")
    refused(described(counts, lambda document: document["windows"].update(every="1x")), "windows", "'1x'")
    refused(described(counts, lambda document: document["windows"].update(every="7d")), "start of no window of 7d")
    refused(described(counts, lambda document: document["windows"].update(time_zone="Mars/Phobos")), "Mars/Phobos")
    refused(described(counts, lambda document: document["windows"].update(time_zone="Asia/Tokyo")), "Asia/Tokyo")
    refused(described(counts, lambda document: document["how"].update(notes=[{"code": "sorcery"}])), "notes")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff", b"[]", b"null", b"[" * 100_000, b'{"format": ' + b"9" * 5000 + b"}"]
)
def test_metadata_that_are_no_json_object(raw: bytes) -> None:
    table = fm.count(LOG, BINARY).to_arrow()
    assert isinstance(table, pa.Table)
    refused(table.replace_schema_metadata({damage.KEY: raw}), "metadata")


def test_what_is_wrong_with_columns_is_named() -> None:
    counts = fm.count(LOG, SCORES, by="model")
    size = len(counts.frame)
    refused(holding(counts, positive=pa.nulls(size, pa.int64())), "'positive' of family 'scores' is null in", "rows")
    refused(holding(counts, positive=pa.array([0.5] * size)), "'positive' of family 'scores' holds Float64")
    refused(holding(counts, positive=pa.array([float("nan")] * size)), "'positive' of family 'scores' holds Float64")
    refused(holding(counts, positive=pa.array(["1"] * size)), "'positive' of family 'scores' holds String")
    refused(holding(counts, positive=pa.array([True] * size)), "'positive' of family 'scores' holds Boolean")
    refused(holding(counts, positive=pa.array([2**64 - 1] * size, pa.uint64())), "no whole numbers of 64 bits")
    refused(holding(counts, score_sum=pa.nulls(size, pa.float64())), "'score_sum' of family 'scores' is null")
    refused(holding(counts, score_sum=pa.array(["x"] * size)), "'score_sum' of family 'scores' holds String")
    refused(holding(counts, bin=pa.array([7] * size)), "'bin' of family 'scores' is not within 0 and 6")
    refused(holding(counts, bin=pa.array(["x"] * size)), "'bin' of family 'scores'")
    refused(holding(counts, model=pa.array([["x"]] * size)), "'model' of family 'scores' holds List")
    refused(holding(counts, model=pa.array([1] * size)), "'model' of family 'scores' holds Int64", "String")
    whole = holding(counts, positive=pa.array(counts.frame["positive"].to_list(), pa.float64()))
    assert fm.Counts.from_arrow(whole) == counts


def test_what_is_no_table_is_refused_by_its_type() -> None:
    table = fm.count(LOG, BINARY).to_arrow()
    for given in ([table], pl.DataFrame(table), {"binary": pl.DataFrame(table)}):
        refused(given, "made of pyarrow tables, got a")  # type: ignore[arg-type]


def test_only_extremes_may_be_null_and_none_may_be_nan() -> None:
    counts = fm.count(LOG.with_columns(score=pl.lit(None, pl.Float64)), ERRORS, by="model")
    assert counts.frame["lowest_label"].null_count() == len(counts.frame)
    assert fm.Counts.from_arrow(counts.to_arrow()) == counts
    nan = pa.array([float("nan")] * len(counts.frame))
    refused(
        holding(counts, lowest_label=nan), "'lowest_label' of family 'regression' is NaN; the min of no value is null"
    )


def test_groupings_that_are_not_there() -> None:
    counts = fm.count(LOG, BINARY, by="model", grouping_sets=[[], ["model"]])
    refused(holding(counts, grouping=pa.array(["site"] * len(counts.frame))), "grouping 'site' is none of the grouping")
    refused(holding(counts, grouping=pa.nulls(len(counts.frame), pa.string())), "grouping None is none")


def test_text_that_is_no_text_and_lengths_below_nothing() -> None:
    counts = fm.count(LOG, BINARY, by="model")
    size = len(counts.frame)
    for offsets, data in (([0, 1, 2, 3], b"\xff\xfe\xfd"), ([0, 3, 1, 3], b"abc"), ([0, -900, 2, 3], b"abc")):
        buffers = [None, pa.array(offsets, pa.int32()).buffers()[1], pa.py_buffer(data)]
        refused(holding(counts, model=pa.Array.from_buffers(pa.string(), size, buffers)), "cannot be read")


def test_rows_of_families_that_are_not_there(tmp_path: Path) -> None:
    fm.count(LOG, BINARY, SCORES).write(tmp_path / "counts.parquet")
    table = pq.read_table(tmp_path / "counts.parquet")
    for name in ("classes", None):
        held = pa.array([name, *table.column("family").to_pylist()[1:]])
        refused(table.set_column(0, "family", held), f"'family' holds {name!r}; the families are binary, scores")
    refused(table.remove_column(0), "lacks family")
    shuffled = table.take(pa.array(random.Random(2).sample(range(len(table)), len(table))))
    assert fm.Counts.from_arrow(shuffled) == fm.read_counts(tmp_path / "counts.parquet")


def test_bytes_that_changed_are_found_without_being_read(tmp_path: Path) -> None:
    """Also where they make sense: another value of a page, another word in the metadata."""
    path = tmp_path / "counts.parquet"
    fm.count(LOG, BINARY, by="model").write(path)
    raw = path.read_bytes()
    for old, new in ((b'"binary"', b'"binarz"'), (b"label", b"lobel"), (raw[4:40], bytes(36))):
        path.write_bytes(raw.replace(old, new))
        with pytest.raises(SourceError, match=r"counts\.parquet cannot be read: its checksum does not match"):
            fm.read_counts(path)


def test_a_path_that_no_file_can_have_is_refused() -> None:
    counts = fm.count({"label": [1, 0], "pred": [1, 1]}, fm.binary("label", "pred"))
    with pytest.raises(SourceError, match="no file can have a NUL in its name"):
        counts.write("counts\0.parquet")


@pytest.mark.parametrize("families", [1, 2])
def test_a_digest_that_was_overwritten_is_no_missing_one(families: int, tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    given = [fm.binary("label", "pred"), fm.classes("label", "pred")][:families]
    fm.count({"label": [1, 0, 1], "pred": [1, 1, 1]}, *given).write(path)
    raw = path.read_bytes()
    at = raw.index(b"fastmetrics.sha256:")
    path.write_bytes(raw[:at] + bytes(51) + raw[at + 51 :])
    with pytest.raises(SourceError, match="its checksum does not match"):
        fm.read_counts(path)
    pq.write_table(pq.read_table(io.BytesIO(raw)), path)  # as another program does, without a digest
    assert fm.read_counts(path).rows == 3
