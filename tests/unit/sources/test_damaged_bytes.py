"""Damaged bytes, and files that are cut while they are read: an error or the right rows, never a signal."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

import fastmetrics as fm
from fastmetrics import SourceError
from flips import WAYS_OF_BYTES, check_flips

BINARY = fm.binary("label", "pred")


@pytest.mark.parametrize("way", WAYS_OF_BYTES)
def test_flipped_bits_of_arrow_data_are_an_error_or_other_values(way: str, tmp_path: Path) -> None:
    check_flips(way, range(40), tmp_path)


def pointing_outside() -> pa.RecordBatch:
    """Text whose second value lies beyond its buffer."""
    text = pa.array(["a text of more than twelve bytes", "another text that is as long as it"], pa.string_view())
    validity, views, data = text.buffers()
    words = np.frombuffer(views, np.uint32).copy()
    words[7] = 1 << 20
    model = pa.Array.from_buffers(pa.string_view(), 2, [validity, pa.py_buffer(words), data])
    return pa.record_batch({"label": pa.array([1, 0]), "pred": pa.array([1, 1]), "model": model})


def in_bytes(batch: pa.RecordBatch, kind: Callable[..., Any] = pa.ipc.new_stream) -> bytes:
    raw = io.BytesIO()
    with kind(raw, batch.schema) as writer:
        writer.write_batch(batch)
    return raw.getvalue()


class Capsule:
    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self.batch.__arrow_c_array__(requested_schema)


WAYS: dict[str, Callable[[pa.RecordBatch, Path], Any]] = {
    "stream of bytes": lambda batch, root: io.BytesIO(in_bytes(batch)),
    "file of bytes": lambda batch, root: io.BytesIO(in_bytes(batch, pa.ipc.new_file)),
    "path of a stream": lambda batch, root: put(root, in_bytes(batch)),
    "path of a file": lambda batch, root: put(root, in_bytes(batch, pa.ipc.new_file)),
    "reader": lambda batch, root: pa.ipc.open_stream(in_bytes(batch)),
    "capsule": lambda batch, root: Capsule(batch),
    "iterator": lambda batch, root: iter([batch]),
    "Table": lambda batch, root: pa.Table.from_batches([batch]),
    "Dataset": lambda batch, root: ds.dataset(put(root, in_bytes(batch, pa.ipc.new_file)), format="ipc"),
    "dict": lambda batch, root: dict(zip(batch.schema.names, batch.columns, strict=True)),
}


def put(root: Path, content: bytes) -> Path:
    (root / "log.arrow").write_bytes(content)
    return root / "log.arrow"


@pytest.mark.parametrize("way", WAYS)
def test_text_that_points_outside_its_buffer_is_never_read(way: str, tmp_path: Path) -> None:
    given = WAYS[way](pointing_outside(), tmp_path)
    with pytest.raises(SourceError, match="damaged data") as caught:
        fm.count(given, BINARY, by="model")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_text_that_is_no_text_is_never_read(kind: pa.DataType) -> None:
    """The text of a slice is looked at alone, and all of it where it is not ASCII."""
    width = np.int32 if kind == pa.string() else np.int64

    def text(places: list[int], data: bytes) -> pa.Table:
        buffers = [None, pa.py_buffer(np.array(places, width)), pa.py_buffer(data)]
        model = pa.Array.from_buffers(kind, len(places) - 1, buffers)
        return pa.table({"label": [1] * len(model), "pred": [1] * len(model), "model": model})

    for places, data in ([0, 2, 3], b"ab\xff"), ([0, 3, 1], b"abc"), ([0, 1, 2], "é".encode()):
        with pytest.raises(SourceError, match="the Table holds damaged data"):
            fm.count(text(places, data), BINARY, by="model")
    behind = text([0, 1, 3, 5], b"\xffabcd").slice(1)
    assert fm.count(behind, BINARY, by="model").frame["model"].to_list() == ["ab", "cd"]


def a_stream(batches: int, **options: Any) -> tuple[bytes, list[int]]:
    """A stream, and where its schema and each of its batches end."""
    batch = pa.record_batch({"label": [1, 0], "pred": [1, 1], "model": pa.array(["a", "b"]).dictionary_encode()})
    raw = io.BytesIO()
    with pa.ipc.new_stream(raw, batch.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        ends = [raw.tell()]
        for _ in range(batches):
            writer.write_batch(batch)
            ends.append(raw.tell())
    return raw.getvalue(), ends


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_a_stream_that_was_cut_between_two_batches_is_not_whole(compression: str | None, tmp_path: Path) -> None:
    whole, ends = a_stream(3, compression=compression)
    for cut in (*ends, len(whole) - 4, len(whole) - 1):
        for given in (io.BytesIO(whole[:cut]), put(tmp_path, whole[:cut])):
            with pytest.raises(SourceError) as caught:
                fm.count(given, BINARY, by="model")
            assert "\n" not in str(caught.value)
    for given in (io.BytesIO(whole), put(tmp_path, whole), io.BytesIO(whole[: ends[-1]] + bytes(4))):  # the mark of old
        assert fm.count(given, BINARY).rows == 6


def test_a_stream_whose_writer_marks_no_end_is_counted_as_the_error_says() -> None:
    whole, ends = a_stream(3)
    with pytest.raises(SourceError, match=r"count pyarrow\.ipc\.open_stream\(\.\.\.\)"):
        fm.count(io.BytesIO(whole[: ends[-1]]), BINARY)
    assert fm.count(pa.ipc.open_stream(io.BytesIO(whole[: ends[-1]])), BINARY).rows == 6


def test_rows_behind_the_end_of_a_stream_are_not_left_out(tmp_path: Path) -> None:
    """As where streams were put one behind the other."""
    whole, _ = a_stream(3)
    for given in (io.BytesIO(whole * 2), put(tmp_path, whole * 2)):
        with pytest.raises(SourceError, match="goes on after the end"):
            fm.count(given, BINARY)


CUT = """
import os, sys, fastmetrics as fm
for file, rows in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    cut = []
    def told(came, whole):
        if not cut:
            cut.append(os.truncate(file, 100_000))
    try:
        counts = fm.count(file, fm.binary("label", "pred"), by="model", threads=1, progress=told)
    except fm.SourceError as error:
        assert os.path.basename(file) in str(error) and "\\n" not in str(error), error
    else:
        assert counts.rows == int(rows), counts.rows
    assert cut
"""


def test_a_file_that_is_cut_while_it_is_counted(tmp_path: Path) -> None:
    rows, rng = 500_000, np.random.default_rng(0)
    log = pl.DataFrame({"label": rng.random(rows) < 0.5, "pred": rng.random(rows) < 0.5, "score": rng.random(rows)})
    log = log.with_columns(model=pl.lit("a model whose name is long"))
    log.write_csv(tmp_path / "log.csv")
    log.write_ndjson(tmp_path / "log.ndjson")
    log.write_parquet(tmp_path / "log.parquet", row_group_size=20_000)
    pl.concat([log] * 6).write_ipc(tmp_path / "log.arrow", record_batch_size=100_000)
    pl.concat(log.iter_slices(20_000), rechunk=False).write_ipc_stream(tmp_path / "stream.arrow")
    files = [(str(file), str(6 * rows if file.name == "log.arrow" else rows)) for file in tmp_path.iterdir()]
    command = [sys.executable, "-W", "ignore", "-c", CUT, *itertools.chain(*files)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_log_that_became_shorter_meanwhile_is_named(tmp_path: Path, on_error: Any) -> None:
    """Cut after it was read, so that no reader finds anything wrong; one that only grows is counted as it was."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("label,pred\n" + "1,0\n" * 1000)

    def cut(came: int, whole: int | None) -> None:
        with (tmp_path / "b.csv").open("r+") as file:
            file.truncate(20)

    def grow(came: int, whole: int | None) -> None:
        with (tmp_path / "b.csv").open("a") as file:
            file.write("1,0\n")

    assert fm.count(tmp_path, BINARY, progress=grow, on_error=on_error).rows >= 2000
    if on_error == "raise":
        with pytest.raises(
            SourceError, match=r"b\.csv was cut from 4,.* to 20 bytes while it was read; count it again"
        ):
            fm.count(tmp_path, BINARY, progress=cut)
    else:
        (tmp_path / "a.csv").unlink()
        with pytest.raises(SourceError, match=r"b\.csv was cut"):
            fm.count(tmp_path, BINARY, progress=cut, on_error="skip")
