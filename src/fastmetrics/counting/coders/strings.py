"""The coder of text and bytes, by content."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.counting.groups import Codes, slot_bits
from fastmetrics.counting.views import NOTHING, text_views, valid_bits
from fastmetrics.errors import DataError
from fastmetrics.kernels.codes import RECENT, intern_text
from fastmetrics.sources.series import as_series

__all__ = ["TextCoder"]

ARENA_LIMIT = 2**31 - 1  # bytes of long strings, which Arrow addresses with 31 bits
LEAST_BUFFER, MOST_BUFFER = 1 << 12, 1 << 24


def nothing_recent() -> NDArray[np.uint64]:
    """The memory of `intern_text` before the first view of a column."""
    return np.zeros(3 * RECENT, np.uint64)


class Slots:
    """The slots of a hash table for up to ``room`` codes."""

    def __init__(self, room: int) -> None:
        bits = slot_bits(room)
        self.hashes = np.zeros(1 << bits, np.uint64)
        self.codes = np.zeros(1 << bits, np.uint32)
        self.shift = 64 - bits


class TextCoder:
    """Codes of a String or Binary column, by content.

    The bytes of long strings lie in buffers of which only the last grows full, so that none is ever copied.
    """

    def __init__(self, dtype: pl.DataType) -> None:
        self.dtype = dtype
        self.views = np.zeros(2 * 64, np.uint64)
        self.buffers = [np.zeros(LEAST_BUFFER, np.uint8)]
        self.full = 0  # bytes of the buffers before the last
        self.used = np.array([1, 0], np.int64)
        self.slots = Slots(64)

    @property
    def size(self) -> int:
        return int(self.used[0])

    def codes(self, column: pa.Array) -> Codes:
        views, buffers = text_views(column)
        valid = valid_bits(column)
        valid = NOTHING if valid is None else valid
        out = np.empty(len(column), np.uint32)
        done, recent = 0, nothing_recent()
        while (done := self.run(views, buffers, valid, done, out, self.buffers[-1], recent)) < len(out):
            if 2 * self.size < len(self.views):
                self.add_buffer(int(views[2 * done] & np.uint64(0xFFFFFFFF)))
            else:
                self.enlarge()
        return Codes(out, 0, self.size)

    def run(
        self,
        views: NDArray[np.uint64],
        buffers: NDArray[np.uint64],
        valid: NDArray[np.uint8],
        start: int,
        out: NDArray[np.uint32],
        arena: NDArray[np.uint8],
        recent: NDArray[np.uint64],
    ) -> int:
        slots, shift = self.slots, np.uint64(self.slots.shift)
        tables = (slots.hashes, slots.codes, shift, self.views, self.buffer_addresses(), arena, self.used, recent)
        return int(intern_text(views, buffers, valid, start, out, *tables))

    def buffer_addresses(self) -> NDArray[np.uint64]:
        """The addresses of the buffers."""
        return np.array([buffer.ctypes.data for buffer in self.buffers], np.uint64)

    def add_buffer(self, wanted: int) -> None:
        """Make room for a string of ``wanted`` bytes; pages of a buffer that are not written to take no memory."""
        self.full += int(self.used[1])
        if self.full + wanted > ARENA_LIMIT:
            raise DataError("the distinct strings of a key fill more than 2 GiB; use a shorter key, such as its hash")
        size = min(max(self.full, LEAST_BUFFER), MOST_BUFFER)
        self.buffers.append(np.zeros(max(size, wanted), np.uint8))
        self.used[1] = 0

    def enlarge(self) -> None:
        """Make room for twice as many strings, which stay where they are."""
        known, count, filled = self.views[2 : 2 * self.size], self.size - 1, int(self.used[1])
        self.views = np.zeros(2 * len(self.views), np.uint64)
        self.slots = Slots(len(self.views) // 2)
        self.used[0] = 1
        self.run(known, self.buffer_addresses(), NOTHING, 0, np.empty(count, np.uint32), NOTHING, nothing_recent())
        self.used[1] = filled

    def values(self) -> pl.Series:
        kind = pa.string_view() if self.dtype == pl.String else pa.binary_view()
        valid = np.full((self.size + 7) >> 3, 0xFF, np.uint8)
        valid[0] = 0xFE  # all but the first
        buffers = [valid, self.views[: 2 * self.size], *self.buffers]
        return as_series(pa.Array.from_buffers(kind, self.size, list(map(pa.py_buffer, buffers))))
