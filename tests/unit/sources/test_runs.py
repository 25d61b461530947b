"""Columns of Arrow that are run-end encoded are counted as plain ones, wherever they come from."""

from __future__ import annotations

import itertools
import warnings
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmetrics as fm
from fastmetrics.contract.batches import Encoded
from fastmetrics.sources import Selection, open_source
from fastmetrics.sources.runs import runs_of
from fastmetrics.sources.series import as_series
from strategies import LAWS

START = datetime(2026, 1, 1)
KINDS: dict[str, tuple[Any, list[Any]]] = {
    "model": (pa.string(), ["a", "b", "", None]),
    "number": (pa.int16(), [3, -3, None]),
    "ts": (pa.timestamp("ms"), [START + timedelta(minutes=40 * k) for k in range(5)]),
    "label": (pa.bool_(), [True, False, None]),
    "said": (pa.string(), ["yes", "no", "NA", None]),
    "score": (pa.float64(), [0.0, 0.25, 1.0, None]),
}


def plain(rows: int, seed: int) -> pa.Table:
    drawn = np.random.default_rng(seed)
    columns = {}
    for name, (kind, values) in KINDS.items():
        picks = np.repeat(drawn.integers(0, len(values), rows), drawn.integers(1, 9, rows))[:rows]
        columns[name] = pa.array([values[pick] for pick in picks], kind)
    return pa.table(columns)


def in_runs(array: Any, drawn: Any) -> Any:
    """An array in runs, some of which hold the value of the one before; a slice of a longer one."""
    values = array.to_pylist()
    starts = [row for row in range(len(values)) if row == 0 or values[row] != values[row - 1] or drawn.random() < 0.2]
    ends = pa.array([3, *(3 + start for start in starts[1:]), len(values) + 3, len(values) + 7], pa.int32())
    held = pa.array([values[0], *(values[start] for start in starts), values[0]], array.type)
    return pa.RunEndEncodedArray.from_arrays(ends, held).slice(3, len(values))


def encoded(table: Any, names: list[str], cuts: list[int], seed: int = 0) -> Any:
    """A table with some columns in runs, in chunks that end at some rows."""
    drawn = np.random.default_rng(seed)
    bounds = sorted({0, *(cut for cut in cuts if cut < len(table)), len(table)})
    columns: dict[str, Any] = {}
    for name in table.column_names:
        parts = [table[name].slice(start, end - start).combine_chunks() for start, end in itertools.pairwise(bounds)]
        columns[name] = pa.chunked_array([in_runs(part, drawn) for part in parts] if name in names else parts)
    return pa.table(columns)


def counted(data: Any, **arguments: Any) -> fm.Counts:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fm.NoteWarning)
        more = (fm.binary("said", pl.col("said").alias("again"), pos_label="yes"), fm.classes("model", "said"))
        return fm.count(
            data, fm.scores("label", "score"), *more, by=["model", "number"], time="ts", every="1h", **arguments
        )


@pytest.mark.parametrize("form", ["table", "reader", "batches", "capsule"])
@LAWS
@given(st.data())
def test_runs_are_counted_as_plain_columns(form: str, data: st.DataObject) -> None:
    rows, seed = data.draw(st.integers(1, 80)), data.draw(st.integers(0, 99))
    names = data.draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, unique=True))
    table = plain(rows, seed)
    held = encoded(table, names, data.draw(st.lists(st.integers(1, 80), max_size=3)), seed)
    given = {
        "table": lambda: held,
        "reader": held.to_reader,
        "batches": lambda: iter(held.to_batches()),
        "capsule": lambda: pa.RecordBatchReader.from_stream(held),
    }[form]()
    assert counted(given, threads=1).tables["classes"].equals(counted(table, threads=1).tables["classes"])
    if form == "table":
        where = {"where": pl.col("number") > 0}
        assert counted(held, **where).tables["binary"].equals(counted(table, **where).tables["binary"])
        assert counted(held).how["notes"] == counted(table).how["notes"]


def test_runs_of_a_table_reach_the_scan_as_runs() -> None:
    held = encoded(plain(60, 1), ["model"], [20])
    source = open_source(held)
    selection = Selection((pl.col("model"), pl.col("number").cast(pl.Float64)), None)
    batches = list(source.batches(selection))
    assert [len(batch) for batch in batches] == [20, 40]
    assert all(isinstance(batch.column(0), Encoded) for batch in batches)
    assert not any(isinstance(batch.column(1), Encoded) for batch in batches)
    assert source.coded(Selection((pl.col("model"),), pl.col("number") > 0)) is None
    assert source.schema["model"] == pl.String


def test_runs_of_a_slice_are_those_of_its_rows() -> None:
    array = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3, 7]), pa.array(["a", None, "b"]))
    for start in range(8):
        for length in range(8 - start):
            runs = runs_of(array.slice(start, length))
            got = as_series(runs.dictionary).gather(runs.spread(runs.codes)).to_list()
            assert len(runs) == length
            assert got == ["a", "a", None, "b", "b", "b", "b"][start : start + length]


def test_runs_of_lists_are_refused_where_they_are_read() -> None:
    lists = pa.RunEndEncodedArray.from_arrays(pa.array([2]), pa.array([[1]]))
    table = pa.table({"lists": lists, "label": [True, False]})
    assert fm.count(table, fm.binary("label", "label")).rows == 2
    with pytest.raises(fm.SourceError, match="column 'lists' holds run_end_encoded"):
        fm.count(table, fm.binary("label", "label"), by="lists")
