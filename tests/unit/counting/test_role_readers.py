"""What families get of role columns, as a naive reader and as a kernel see it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from fastmetrics.contract.blocks import Texts
from fastmetrics.contract.roles import Role
from fastmetrics.counting.roles import ROLE_KINDS, Observed
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import load_u8
from fastmetrics.sources.chunks import record_batches

LENGTH, SHORT, HALF = np.uint64(0xFFFFFFFF), np.uint64(12), np.uint64(32)
WORDS = ["", "a", "twelve bytes", "thirteen byte", "🙂", "🙂🙂🙂🙂", "\x00", "x" * 5000, "öffentlich öffentlich"]


@inlined
def place_of(views: Any, buffers: Any, row: Any) -> Any:
    """The address and the length of a text."""
    length, rest = views[2 * row] & LENGTH, views[2 * row + 1]
    if length <= SHORT:
        return np.uint64(views.ctypes.data) + np.uint64(16) * np.uint64(row) + np.uint64(4), length
    return buffers[rest & LENGTH] + (rest >> HALF), length


@kernel("void(in_u64, in_u64, in_u8, out_i64)")
def checksums(views: Any, buffers: Any, valid: Any, out: Any) -> None:
    """A number that depends on every byte of each text; -1 for null."""
    for row in range(out.size):
        if valid.size and not valid[row]:
            out[row] = -1
            continue
        address, length = place_of(views, buffers, row)
        total = np.int64(length)
        for at in range(length):
            total = (total * 31 + np.int64(load_u8(address + np.uint64(at)))) % 1_000_003
        out[row] = total


def checksum(text: str | None) -> int:
    if text is None:
        return -1
    total = len(text.encode())
    for byte in text.encode():
        total = (total * 31 + byte) % 1_000_003
    return total


def read(role: Role, column: pl.Series) -> list[Any]:
    """What a family gets of each chunk of a column."""
    kind = ROLE_KINDS[role.kind]
    kind.check(role, column.dtype, lambda: column)
    frame = column.to_frame("x").select(kind.carrier(role, pl.col("x"), column.dtype))
    assert kind.read is not None
    return [kind.read(role, batch.column(0), Observed()) for batch in record_batches(frame)]


def assert_texts(parts: list[Texts], expected: list[str | None]) -> None:
    """Equal to a list, for Python and for a kernel, compiled and not."""
    assert [text for part in parts for text in part.to_list()] == expected
    for run in (checksums, checksums.py_func):
        found = []
        for part in parts:
            out = np.empty(len(part), np.int64)
            run(part.views, part.buffers, part.valid, out)
            found += out.tolist()
        assert found == list(map(checksum, expected))


def drawn_texts(rows: int, nulls: float, seed: int = 0) -> list[str | None]:
    rng = np.random.default_rng(seed)
    return [None if rng.random() < nulls else str(rng.choice(WORDS)) * int(rng.integers(1, 4)) for _ in range(rows)]


TEXT = Role("answer", "x", "text")


@pytest.mark.parametrize("nulls", [0, 0.4, 1])
@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, "Enum"])
def test_texts_of_every_encoding(dtype: Any, nulls: float) -> None:
    values = drawn_texts(200, nulls)
    if dtype == "Enum":
        dtype = pl.Enum(sorted({value for value in values if value is not None}))
    assert_texts(read(TEXT, pl.Series(values, dtype=pl.String).cast(dtype)), values)


@pytest.mark.parametrize(("start", "length"), [(0, 0), (0, 1), (1, 7), (8, 60), (13, 187)])
def test_texts_of_a_slice_and_of_chunks(start: int, length: int) -> None:
    values = drawn_texts(600, 0.3)
    chunks = [pl.Series(values[at : at + 200], dtype=pl.String) for at in range(0, 600, 200)]
    whole = pl.concat(chunks, rechunk=False)
    assert_texts(read(TEXT, whole), values)
    assert_texts(read(TEXT, whole.slice(start + 150, length)), values[start + 150 : start + 150 + length])


def test_texts_lie_in_the_memory_of_the_frame_and_in_several_buffers() -> None:
    column = pl.concat([pl.Series([f"a text of chunk {number}" * 3] * 4) for number in range(5)], rechunk=True)
    (batch,) = record_batches(column.to_frame("x"))
    (texts,) = read(TEXT, column)
    assert len(texts.buffers) > 1
    assert texts.views.ctypes.data == batch.column(0).buffers()[1].address
    assert texts.buffers.tolist() == [buffer.address for buffer in batch.column(0).buffers()[2:]]
    assert not len(texts.valid)
    assert_texts([texts], column.to_list())


def test_texts_outlive_the_frame_they_came_from() -> None:
    values = drawn_texts(500, 0.2)
    parts = read(TEXT, pl.Series(values))
    overwritten = [pl.Series(["y" * 5000] * 500) for _ in range(3)]
    assert_texts(parts, values)
    del overwritten


def test_what_stands_under_a_null_is_not_read() -> None:
    """Polars keeps what stood there where it makes a value null."""
    role = Role("answer", "x", "text", null_values=("thirteen byte", "a"))
    parts = read(role, pl.Series(["thirteen byte", "a", "b", None]))
    assert_texts(parts, [None, None, "b", None])
    assert_texts(read(TEXT, pl.Series([None, None])), [None, None])
    dirty = pa.array(["thirteen byte", "under"], pa.string_view())
    dirty = pa.Array.from_buffers(dirty.type, 2, [pa.py_buffer(b"\x01"), *dirty.buffers()[1:]])
    kind = ROLE_KINDS["text"]
    assert kind.read is not None
    assert_texts([kind.read(TEXT, dirty, Observed())], ["thirteen byte", None])
