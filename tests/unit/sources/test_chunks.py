"""Frames are counted in the chunks in which they lie: only short ones are copied together."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmetrics as fm
from equal_counts import assert_equal_counts
from fastmetrics.counting.views import fixed
from fastmetrics.sources import chunks
from fastmetrics.sources.chunks import JOINED_ROWS, SHORT_ROWS, cuts, record_batches
from strategies import LAWS


def log(rows: int, seed: int = 0) -> pl.DataFrame:
    """A log with a column of every kind that a count reads."""
    drawn = np.random.default_rng(seed)
    start = datetime(2026, 1, 1)
    return pl.DataFrame(
        {
            "model": pl.Series(drawn.integers(0, 4, rows)).cast(pl.String),
            "kind": pl.Series(drawn.integers(0, 3, rows)).cast(pl.String).cast(pl.Categorical),
            "ts": pl.Series([start + timedelta(minutes=int(minute)) for minute in drawn.integers(0, 600, rows)]),
            "label": pl.Series(drawn.integers(0, 2, rows)).cast(pl.Boolean),
            "said": pl.Series(drawn.integers(0, 2, rows)).replace_strict({0: "no", 1: "yes"}, return_dtype=pl.String),
            "answer": pl.Series(drawn.integers(0, 2, rows)).replace_strict({0: "no", 1: "yes"}, return_dtype=pl.String),
            "score": drawn.random(rows),
            "weight": drawn.integers(0, 5, rows).astype(np.float64),
        }
    )


def chunked(frame: pl.DataFrame, lengths: dict[str, list[int]]) -> pl.DataFrame:
    """A frame whose columns are cut into chunks of these lengths, each column into its own."""
    columns = []
    for column in frame.get_columns():
        ends = np.cumsum([0, *lengths.get(column.name, [])]).tolist()
        parts = [column[start:end].rechunk() for start, end in itertools.pairwise(ends)]
        columns.append(pl.concat([*parts, column[ends[-1] :]], rechunk=False))
    return pl.DataFrame(columns)


def counted(data: Any, **arguments: Any) -> fm.Counts:
    families = (fm.binary("said", "answer", pos_label="yes"), fm.scores("label", "score"), fm.classes("kind", "model"))
    more = (fm.regression("weight", "score", extremes=False),)
    return fm.count(data, *families, *more, by=["model", "kind"], time="ts", every="1h", **arguments)


def test_record_batches_share_the_memory_of_a_frame() -> None:
    column = pl.Series("a", range(10), dtype=pl.Int64)
    for start in (0, 3):
        batches = list(record_batches(column.to_frame()[start:]))
        assert [batch.column(0).to_pylist() for batch in batches] == [list(range(start, 10))]
        assert fixed(batches[0].column(0)).ctypes.data == column.to_numpy().ctypes.data + 8 * start
    assert sum(map(len, record_batches(column.to_frame().clear()))) == 0


def test_record_batches_of_a_frame_in_chunks() -> None:
    parts = [pl.DataFrame({"a": [1, None, 3], "b": ["x", "y", "z"]}), pl.DataFrame({"a": [4], "b": ["w"]})]
    batches = list(record_batches(pl.concat(parts, rechunk=False)))
    assert [row for batch in batches for row in batch.to_pylist()] == [row for part in parts for row in part.to_dicts()]


@pytest.mark.parametrize("rows", [0, 1, SHORT_ROWS, JOINED_ROWS])
def test_a_frame_of_one_chunk_is_one_batch(rows: int) -> None:
    assert [len(batch) for batch in record_batches(pl.DataFrame({"a": np.arange(rows)}))] == [rows][: min(rows, 1)]


LENGTHS: dict[str, tuple[list[list[int]], list[int]]] = {
    "long": ([[SHORT_ROWS] * 3], [SHORT_ROWS] * 3),
    "short": ([[10] * 3 * JOINED_ROWS], [JOINED_ROWS + 8] * 29 + [30 * JOINED_ROWS - 29 * (JOINED_ROWS + 8)]),
    "short between long": ([[SHORT_ROWS, 5, 6, SHORT_ROWS, 7]], [SHORT_ROWS, 11, SHORT_ROWS, 7]),
    "none": ([[0, 5, 0, 0, SHORT_ROWS, 0]], [5, SHORT_ROWS]),
    "of several columns": ([[SHORT_ROWS, 2 * SHORT_ROWS], [3 * SHORT_ROWS]], [SHORT_ROWS, 2 * SHORT_ROWS]),
    "at other places": (
        [[SHORT_ROWS + 1, SHORT_ROWS], [SHORT_ROWS, SHORT_ROWS + 1], [2 * SHORT_ROWS + 1]],
        [SHORT_ROWS, 1, SHORT_ROWS],
    ),
    "no rows": ([[]], []),
}


@pytest.mark.parametrize("which", LENGTHS)
def test_columns_are_cut_at_borders_but_for_those_of_short_chunks(which: str) -> None:
    of_columns, expected = LENGTHS[which]
    assert np.diff(cuts(of_columns)).tolist() == expected


def test_long_chunks_are_not_copied() -> None:
    frame = chunked(pl.DataFrame({"a": np.arange(4.0 * SHORT_ROWS)}), {"a": [SHORT_ROWS, 2 * SHORT_ROWS]})
    at = [part.to_numpy().ctypes.data for part in frame["a"].get_chunks()]
    assert [fixed(batch.column(0)).ctypes.data for batch in record_batches(frame)] == at
    assert frame.n_chunks() == 3


@LAWS
@given(st.data())
def test_chunks_of_any_lengths_are_counted_alike(data: st.DataObject) -> None:
    frame = log(200, 1)
    lengths = st.lists(st.integers(0, 30), max_size=6)
    drawn = data.draw(st.fixed_dictionaries(dict.fromkeys(frame.columns, lengths)))
    in_chunks = chunked(frame, drawn)
    assert in_chunks.equals(frame)
    threads = data.draw(st.sampled_from([1, 3]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "SHORT_ROWS", data.draw(st.sampled_from([1, 10])))
        patch.setattr(chunks, "JOINED_ROWS", 20)
        got = counted(in_chunks, threads=threads)
    assert_equal_counts(got, counted(frame, threads=1))


FORMS: dict[str, Any] = {
    "frame": lambda frame: frame,
    "LazyFrame": lambda frame: frame.lazy(),
    "table": lambda frame: pa.table({column.name: pa.chunked_array(column) for column in frame}),
    "stream": lambda frame: iter([frame[:150], frame[150:]]),
    "reader": lambda frame: pa.table({column.name: pa.chunked_array(column) for column in frame}).to_reader(),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "filtered": {"where": pl.col("score") > 0.3},
    "weighted": {"weight": "weight"},
    "computed": {"weight": pl.col("score") * 2},
}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_frame_in_chunks_is_counted_as_one_in_one(form: str, options: str) -> None:
    frame = log(300, 2)
    in_chunks = chunked(frame, {"label": [100, 0, 60], "score": [100], "kind": [1, 2, 3, 4]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "SHORT_ROWS", 5)
        got = counted(FORMS[form](in_chunks), threads=2, **OPTIONS[options])
    assert_equal_counts(got, counted(frame, threads=1, **OPTIONS[options]))


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["no", "yes"]), pl.String], ids=str)
def test_notes_on_labels_in_chunks_are_those_of_one_chunk(dtype: Any) -> None:
    frame = log(300, 3).with_columns(pl.col("said").cast(dtype))
    in_chunks = chunked(frame, {"said": [100, 7, 60]})
    with pytest.warns(fm.NoteWarning, match="no value in common"):
        counts = fm.count(in_chunks, fm.binary("said", "model", pos_label="yes"))
    assert counts.how["notes"]


PEAK = """
import sys
import numpy as np, polars as pl, pyarrow as pa, fastmetrics as fm
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
parts, rows = 16, 400_000
def column(name, values, parts):
    return pl.concat([pl.Series(name, values) for _ in range(parts)], rechunk=False)
frame = pl.DataFrame(
    [
        column("key", np.arange(rows) % 7, parts),
        column("label", np.arange(2 * rows) % 2 == 0, parts // 2),
        column("score", np.random.default_rng(0).random(rows), parts),
        column("weight", np.ones(rows * parts), 1),
    ]
)
forms = {
    "frame": lambda frame: frame,
    "LazyFrame": lambda frame: frame.lazy(),
    "table": lambda frame: pa.table({column.name: pa.chunked_array(column) for column in frame}),
}
def count(data):
    return fm.count(data, fm.scores("label", "score"), by="key", weight="weight", threads=1)
form = forms[sys.argv[1]]
count(form(frame[:rows]))
before = peak()
count(form(frame))
print(peak() - before, frame.estimated_size())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("form", ["frame", "LazyFrame", "table"])
def test_a_frame_in_chunks_is_counted_without_a_copy_of_it(form: str) -> None:
    command = [sys.executable, "-c", PEAK, form]
    grown, size = map(int, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    assert size > 150e6
    assert grown < size / 3
