"""Columns as flat views: values, validity and offset, without a copy."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from fastmetrics.counting.views import fixed, text_views, true_bits, valid_bits
from fastmetrics.sources.chunks import record_batches

FLAGS = [True, None, False, False, True, None, True, True, None, False, True, False, None, True, True, False, True] * 4


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 60])
@pytest.mark.parametrize("offset", range(10))
def test_bits_of_a_slice(offset: int, length: int) -> None:
    part = FLAGS[offset : offset + length]
    column = pa.array(FLAGS).slice(offset, length)
    valid = valid_bits(column)
    assert valid is not None
    assert valid.tolist() == [int(flag is not None) for flag in part]
    assert (true_bits(column) & valid).tolist() == [int(flag is True) for flag in part]
    assert valid.dtype == true_bits(column).dtype == np.uint8


def test_no_null_is_none() -> None:
    assert valid_bits(pa.array([True, False])) is None
    assert valid_bits(pa.array([1.0, float("nan")])) is None


@pytest.mark.parametrize("length", [0, 3])
def test_a_column_of_nothing_but_null(length: int) -> None:
    column = pa.nulls(length)
    valid = valid_bits(column)
    assert valid is not None
    assert valid.tolist() == true_bits(column).tolist() == fixed(column).tolist() == [0] * length
    views, buffers = text_views(column)
    assert views.tolist() == [0] * 2 * length
    assert not len(buffers)


DAY = dt.datetime(1969, 12, 31)
FIXED: list[tuple[Any, Any, Any, list[Any]]] = [
    *((getattr(pa, name)(), np.dtype(name), [0, 1, 2], [0, 1, 2]) for name in ("int8", "int16", "int32", "int64")),
    *((getattr(pa, name)(), np.dtype(name), [0, 1, 2], [0, 1, 2]) for name in ("uint8", "uint16", "uint32", "uint64")),
    (pa.int64(), np.int64, [-(2**63), 2**63 - 1], [-(2**63), 2**63 - 1]),
    (pa.uint64(), np.uint64, [0, 2**64 - 1], [0, 2**64 - 1]),
    (pa.float16(), np.float16, [np.float16(1.5)], [1.5]),
    (pa.float32(), np.float32, [1.5, -0.0], [1.5, 0.0]),
    (pa.float64(), np.float64, [1e300], [1e300]),
    (pa.date32(), np.int32, [DAY.date()], [-1]),
    (pa.timestamp("ms"), np.int64, [DAY], [-86_400_000]),
    (pa.timestamp("us", "Asia/Kolkata"), np.int64, [DAY.replace(tzinfo=dt.UTC)], [-86_400_000_000]),
    (pa.timestamp("ns"), np.int64, [DAY], [-86_400_000_000_000]),
    (pa.duration("us"), np.int64, [dt.timedelta(seconds=-1)], [-1_000_000]),
    (pa.time64("ns"), np.int64, [dt.time(0, 0, 1)], [1_000_000_000]),
]


@pytest.mark.parametrize(("kind", "dtype", "values", "expected"), FIXED, ids=lambda part: str(part)[:20])
def test_fixed(kind: Any, dtype: Any, values: list[Any], expected: list[Any]) -> None:
    column = pa.array([values[0], None, *values, None], kind)
    assert fixed(column).dtype == dtype
    assert fixed(column)[2 : 2 + len(values)].tolist() == expected
    part = fixed(column.slice(2, len(values)))
    assert part.tolist() == expected
    assert part.ctypes.data == fixed(column)[2:].ctypes.data == column.buffers()[1].address + 2 * part.itemsize
    assert fixed(pa.array([], kind)).dtype == dtype


def test_values_at_an_odd_address_are_copied_to_an_even_one() -> None:
    memory = pa.py_buffer(b"\x00" + np.arange(5).tobytes())
    column = pa.Array.from_buffers(pa.int64(), 5, [None, memory.slice(1)])
    assert fixed(column).tolist() == [0, 1, 2, 3, 4]
    assert fixed(column).flags.aligned


TEXTS = ["", "twelve bytes", None, "thirteen byte", "🙂" * 9, None, "a", "\x00"] * 3


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view()], ids=str)
@pytest.mark.parametrize("offset", [0, 1, 7])
def test_text_views(offset: int, kind: Any) -> None:
    values = [text if text is None or kind == pa.string_view() else text.encode() for text in TEXTS]
    column = pa.array(values, kind).slice(offset)
    views, buffers = text_views(column)
    read = [bytes_of(views[2 * row : 2 * row + 2], buffers) for row in range(len(column))]
    valid = valid_bits(column)
    assert valid is not None
    for got, ok, text in zip(read, valid, TEXTS[offset:], strict=True):
        assert not ok if text is None else got == text.encode()


def bytes_of(view: Any, buffers: Any) -> bytes:
    """The text behind the two words of a view, as Arrow specifies it."""
    raw = view.tobytes()
    length = int.from_bytes(raw[:4], "little")
    if length <= 12:
        return raw[4 : 4 + length]
    number, start = int.from_bytes(raw[8:12], "little"), int.from_bytes(raw[12:], "little")
    return pa.foreign_buffer(int(buffers[number]) + start, length).to_pybytes()


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        (pl.String, pa.string_view()),
        (pl.Binary, pa.binary_view()),
        (pl.Boolean, pa.bool_()),
        (pl.Time, pa.time64("ns")),
        (pl.Null, pa.null()),
        (pl.Float16, pa.float16()),
    ],
    ids=str,
)
def test_what_polars_hands_over(dtype: Any, kind: Any) -> None:
    """The views above rest on these types; a release that hands over others is noticed here."""
    batches = list(record_batches(pl.DataFrame({"a": pl.Series([None], dtype=dtype)})))
    assert batches[0].schema.field("a").type == kind
