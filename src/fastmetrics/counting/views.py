"""Columns to flat views: numpy arrays over the memory of an Arrow column, with validity and offset applied."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.contract.blocks import Bitmap, Texts
from fastmetrics.sources.series import as_array, as_series

__all__ = [
    "SHORT",
    "bitmap",
    "fixed",
    "list_parts",
    "short_view",
    "text_views",
    "texts",
    "true_bits",
    "valid_bits",
]

SHORT = 12  # bytes of a text that its view holds whole
NOTHING = np.empty(0, np.uint8)


def bits(buffer: pa.Buffer, offset: int, length: int) -> NDArray[np.uint8]:
    """Bits of a bitmap as one byte (0 or 1) each."""
    words = np.empty((length + 7) >> 3, np.uint64)
    kernels.bits.spread_bits(np.frombuffer(buffer, np.uint8), offset, words)
    return words.view(np.uint8)[:length]


def bitmap(column: pa.Array) -> Bitmap | None:
    """The bits of a Boolean column as they lie in memory; None for any other column, and for no rows."""
    if column.type != pa.bool_() or not len(column):
        return None
    valid, values = column.buffers()
    known = NOTHING if valid is None else np.frombuffer(valid, np.uint8)
    return Bitmap(np.frombuffer(values, np.uint8), known, column.offset, len(column))


def valid_bits(column: pa.Array) -> NDArray[np.uint8] | None:
    """1 for each value that is not null, or None where all are."""
    if column.type == pa.null():
        return np.zeros(len(column), np.uint8)
    buffer = column.buffers()[0]
    return None if buffer is None else bits(buffer, column.offset, len(column))


def true_bits(column: pa.Array) -> NDArray[np.uint8]:
    """The values of a Boolean column as 0 and 1; whatever stands under a null."""
    if len(column) == 0 or column.type == pa.null():
        return np.zeros(len(column), np.uint8)
    return bits(column.buffers()[1], column.offset, len(column))


@functools.cache
def memory_dtype(kind: pa.DataType) -> np.dtype[Any]:
    """The numpy dtype of the memory of a fixed-width Arrow type."""
    if pa.types.is_temporal(kind):
        return np.dtype(np.int32 if kind.bit_width == 32 else np.int64)
    dtype: np.dtype[Any] = np.dtype(kind.to_pandas_dtype())
    return dtype


def fixed(column: pa.Array) -> NDArray[Any]:
    """The values of a fixed-width column in its own dtype; whatever stands under a null."""
    if column.type == pa.null():
        return np.zeros(len(column), np.int64)
    dtype = memory_dtype(column.type)
    if len(column) == 0:
        return np.empty(0, dtype)
    values = np.frombuffer(column.buffers()[1], dtype, count=column.offset + len(column))[column.offset :]
    return values if values.flags.aligned else values.copy()


def short_view(text: str) -> tuple[int, int]:
    """The view of a text of at most 12 bytes: its length in four of them, and the text itself."""
    data = text.encode()
    low, high = np.frombuffer(len(data).to_bytes(4, "little") + data.ljust(SHORT, b"\0"), "<u8").tolist()
    return low, high


def text_views(column: pa.Array) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The 16-byte views of a string or binary view column as two words each, and the addresses of its buffers.

    A null has a view of zeros: Arrow does not say what stands there.
    """
    if column.type == pa.null() or len(column) == 0:
        return np.zeros(2 * len(column), np.uint64), np.zeros(0, np.uint64)
    _, words, *data = column.buffers()
    views = np.frombuffer(words, np.uint64, count=2 * (column.offset + len(column)))[2 * column.offset :]
    return views, np.array([buffer.address for buffer in data], np.uint64)


def texts(column: pa.Array) -> Texts:
    """A string view column as texts."""
    valid = valid_bits(column)
    return Texts(*text_views(column), NOTHING if valid is None else valid, column)


def list_parts(column: pa.Array) -> tuple[NDArray[np.int64], pa.Array, NDArray[np.uint8] | None]:
    """The offsets of a column of lists from 0 on, its items, and which rows are valid; a null row has no items.

    Polars makes a row null without taking its items away; only then are the others copied.
    """
    valid = valid_bits(column)
    if not len(column):
        return np.zeros(1, np.int64), column.values[:0], valid
    offsets = np.frombuffer(column.buffers()[1], np.int64, count=column.offset + len(column) + 1)[column.offset :]
    start, end = int(offsets[0]), int(offsets[-1])
    items = column.values.slice(start, end - start)
    lengths = np.diff(offsets)
    if valid is not None and lengths[valid == 0].any():
        kept = as_series(items).filter(pl.Series(np.repeat(valid.view(np.bool_), lengths)))
        items = as_array(kept)
        return np.concatenate([[0], np.cumsum(lengths * valid)]), items, valid
    return offsets - start if start else offsets, items, valid
