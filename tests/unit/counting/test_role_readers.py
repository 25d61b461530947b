"""What families get of role columns, as a naive reader and as a kernel see it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from fastmetrics.contract.blocks import Lists, Texts
from fastmetrics.contract.roles import Role
from fastmetrics.counting.coders.keys import coder
from fastmetrics.counting.roles import ROLE_KINDS, Observed, Reading
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
    reading = Reading(Observed(), coder(kind.values(column.dtype)) if kind.inner else None)
    return [kind.read(role, batch.column(0), reading) for batch in record_batches(frame)]


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
    assert_texts([kind.read(TEXT, dirty, Reading(Observed()))], ["thirteen byte", None])


LISTS: list[list[float | None] | None] = [[1.0, 2.0], None, [], [None, 3.0], [4.0], None, [], [0.5] * 20] * 30
SLICES = [(0, 240), (0, 0), (1, 1), (2, 1), (3, 100), (77, 163), (239, 1)]


def assert_lists(parts: list[Lists], expected: list[list[Any] | None]) -> None:
    """Equal to lists of floats with None for NaN, or of texts."""
    found = [None if row is None else [none(item) for item in row] for part in parts for row in part.to_list()]
    assert found == expected
    for part in parts:
        assert part.offsets[0] == 0
        assert part.offsets[-1] == len(part.values) == len(part.rows)
        assert len(part.valid) in (0, len(part))
        known = part.valid != 0 if len(part.valid) else np.ones(len(part), np.bool_)
        assert not np.diff(part.offsets)[~known].any()
    filled = [row or [] for row in expected]
    at = np.cumsum([0, *map(len, parts)])
    assert [row + at[k] for k, part in enumerate(parts) for row in part.rows.tolist()] == [
        row for row, items in enumerate(filled) for _ in items
    ]


def none(item: Any) -> Any:
    return None if item != item else item


@pytest.mark.parametrize(("start", "length"), SLICES)
@pytest.mark.parametrize("dtype", [pl.Float64, pl.Float32, pl.Decimal(10, 2)], ids=str)
def test_lists_of_numbers(dtype: Any, start: int, length: int) -> None:
    role, expected = Role("scores", "x", "list of number"), LISTS[start : start + length]
    column = pl.Series(LISTS, dtype=pl.List(dtype))[start : start + length]
    parts = read(role, column)
    assert_lists(parts, expected)
    assert all(part.values.dtype == (np.float32 if dtype == pl.Float32 else np.float64) for part in parts)
    chunks = pl.concat([column, column[:3], column.clear(), column], rechunk=False)
    assert_lists(read(role, chunks), expected + expected[:3] + expected)


@pytest.mark.parametrize(("start", "length"), SLICES)
@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, "Enum"], ids=str)
def test_lists_of_texts(dtype: Any, start: int, length: int) -> None:
    texts = iter(drawn_texts(10_000, 0.2))
    values = [None if row is None else [next(texts) for _ in row] for row in LISTS]
    inner = pl.Enum(sorted({word * n for word in WORDS for n in (1, 2, 3)})) if dtype == "Enum" else dtype
    column = pl.Series(values, dtype=pl.List(pl.String)).cast(pl.List(inner))[start : start + length]
    parts = read(Role("references", "x", "list of text"), column)
    assert_lists(parts, values[start : start + length])
    items = [item for row in values[start : start + length] for item in row or []]
    assert_texts([part.values for part in parts], items)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (pl.String, ["a", "b", "a text longer than a view", None]),
        (pl.Categorical, ["a", "b", "c", None]),
        (pl.Enum(["b", "a"]), ["a", "b", None, "a"]),
        (pl.Int16, [7, -3, None, 9000]),
        (pl.Boolean, [True, False, None, True]),
        (pl.Float64, [0.5, None, -0.0, 0.0]),
        (pl.Null, [None] * 4),
    ],
    ids=str,
)
def test_lists_of_keys_are_codes_of_equal_values(dtype: Any, values: list[Any]) -> None:
    lists = [[values[0], values[1]], None, [], [values[2]], [values[3], values[0]]]
    column = pl.Series(lists, dtype=pl.List(dtype))
    (part,) = read(Role("labels", "x", "list of key"), column[1:].rechunk())
    assert part.values.dtype == np.uint32
    known: dict[Any, int] = {None: 0}
    for code, value in zip(part.values.tolist(), [values[2], values[3], values[0]], strict=True):
        assert known.setdefault(value, code) == code
    assert len(set(known.values())) == len(known)
    assert part.offsets.tolist() == [0, 0, 0, 1, 3]
    assert part.valid.tolist() == [0, 1, 1, 1]


def test_lists_of_one_length_are_lists() -> None:
    column = pl.Series([[1, 2], None, [3, None]], dtype=pl.Array(pl.Int8, 2))
    assert_lists(read(Role("scores", "x", "list of number"), column), [[1.0, 2.0], None, [3.0, None]])
    assert_lists(read(Role("scores", "x", "list of number"), pl.Series([None, None])), [None, None])


def test_a_list_that_was_made_null_has_no_items() -> None:
    """Polars keeps them under the null."""
    for gone in ([False, True, False], [True, True, True]):
        log = pl.DataFrame({"x": [["a"], ["b", "c"], ["d"]], "gone": gone})
        column = log.select(pl.when(pl.col("gone").not_()).then(pl.col("x")))["x"]
        expected = [None if none else items for items, none in zip([["a"], ["b", "c"], ["d"]], gone, strict=True)]
        assert_lists(read(Role("references", "x", "list of text"), column), expected)


def test_items_that_mean_null() -> None:
    role = Role("references", "x", "list of text", null_values=("NA", "thirteen byte"))
    column = pl.Series([["NA", "thirteen byte", "x"], None, []])
    assert_lists(read(role, column), [[None, None, "x"], None, []])
    number = Role("scores", "x", "list of number", null_values=(-1,))
    assert_lists(read(number, pl.Series([[-1, 2], [], None])), [[None, 2.0], [], None])


def test_items_lie_in_the_memory_of_the_frame() -> None:
    column = pl.Series([[1.0, 2.0], [], [3.0]], dtype=pl.List(pl.Float64))
    (batch,) = record_batches(column.to_frame("x"))
    (lists,) = read(Role("scores", "x", "list of number"), column)
    assert lists.offsets.ctypes.data == batch.column(0).buffers()[1].address
    assert lists.values.ctypes.data == batch.column(0).values.buffers()[1].address


def rows_of(role: Role, column: pl.Series) -> list[Any]:
    """The items of each row, as a family gets them."""
    return [row for part in read(role, column) for row in part.to_list()]


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["a", "a text of more than twelve bytes", ""])])
def test_texts_are_lists_of_the_texts_that_are_not_null(dtype: Any) -> None:
    role, long = Role("references", "x", "texts"), "a text of more than twelve bytes"
    plain = pl.Series([None, "a", "", long, None], dtype=dtype)
    found = rows_of(role, plain)
    assert [row or None for row in found] == [None, ["a"], [""], [long], None]
    lists = pl.Series([["a", None, long], None, [], [None], [""]], dtype=pl.List(dtype))
    assert rows_of(role, lists) == [["a", long], None, [], [], [""]]
    assert rows_of(role, lists[1:4]) == [None, [], []]


def test_values_named_null_are_no_references() -> None:
    role = Role("references", "x", "texts", null_values=("n/a",))
    assert [row or None for row in rows_of(role, pl.Series(["n/a", "a"]))] == [None, ["a"]]
    assert rows_of(role, pl.Series([["n/a", "a"], ["n/a"]])) == [["a"], []]


@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int64, pl.UInt64, pl.String])
def test_tokens_are_lists_of_texts_or_integers_without_nulls(dtype: Any) -> None:
    role = Role("tokens", "x", "tokens")
    values = [[1, 2, None], None, [], [1]] if dtype != pl.String else [["a", "b", None], None, [], ["a"]]
    expected = [row if row is None else [item for item in row if item is not None] for row in values]
    assert rows_of(role, pl.Series(values, dtype=pl.List(dtype))) == expected


def test_the_largest_unsigned_token_is_another_than_the_next() -> None:
    column = pl.Series([[2**64 - 1, 2**64 - 2]], dtype=pl.List(pl.UInt64))
    assert rows_of(Role("tokens", "x", "tokens"), column) == [[-1, -2]]
