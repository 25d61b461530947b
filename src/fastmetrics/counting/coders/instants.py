"""The coder of instants, by the window that each falls in."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.counting.coders.times import TimeColumn
from fastmetrics.counting.groups import Codes, NumberTable
from fastmetrics.durations import lengths
from fastmetrics.kernels.codes import window_codes
from fastmetrics.kernels.ids import BLOCK, GREATEST, LEAST
from fastmetrics.windows import UnlistableError, Windows

__all__ = ["WindowCoder"]

LOOK_AHEAD = 1024  # windows listed ahead of the data
STRIDE = 256  # every how many instants one is sampled to estimate the time span


class WindowCoder:
    """Codes of a column of times: the window each falls in.

    The starts of windows are listed for the span of time seen so far, and as far again ahead, as long as that list
    stays short; instants spread wider are truncated one by one.
    """

    def __init__(self, windows: Windows, times: TimeColumn) -> None:
        self.windows = windows
        self.times = times
        self.edges = np.empty(0, np.int64)
        self.edge_codes = np.empty(0, np.uint32)
        self.count = np.ones(1, np.int64)
        self.table: NumberTable | None = None

    def codes(self, column: pa.Array) -> Codes:
        time, valid = self.times.read(column)
        if valid is not None:
            seen = np.flatnonzero(valid)
            if not len(seen):
                return Codes(np.zeros(len(time), np.uint32), 0, self.size)
            time = np.where(valid, time, time[seen[0]])
        codes, ranges = np.empty(len(time), np.uint32), np.empty((-(-len(time) // BLOCK), 2), np.uint32)
        done = 0
        while self.table is None and (done := self.run(time, done, codes, ranges)) < len(time):
            some = np.concatenate([time[done : done + BLOCK], time[done + BLOCK :: STRIDE]])
            low, high = int(some.min()), int(some.max())
            self.check(low, high, time, column)
            self.reach(low, high)
        if self.table is not None:
            if len(time):
                self.check(int(time.min()), int(time.max()), time, column)
            codes = self.table.codes(self.windows.start_of(time).view(np.uint64), None)
            return Codes(codes if valid is None else codes * valid, 0, self.size)
        if valid is not None:
            for block in np.flatnonzero(ranges[:, LEAST] == ranges[:, GREATEST]):
                codes[block * BLOCK : (block + 1) * BLOCK] = ranges[block, LEAST]
            return Codes(codes * valid, 0, self.size)
        return Codes(codes, 0, self.size, ranges=ranges)

    def run(self, time: NDArray[np.int64], start: int, codes: NDArray[np.uint32], ranges: NDArray[np.uint32]) -> int:
        if not len(self.edges):
            return 0
        return int(window_codes(time, self.edges, start, self.edge_codes, self.count, codes, ranges))

    @property
    def size(self) -> int:
        return self.table.size if self.table is not None else int(self.count[0])

    def check(self, low: int, high: int, time: NDArray[np.int64], column: pa.Array) -> None:
        """Refuse instants from low to high that are outside the years 1 to 9999, or whose windows start there."""
        self.times.check_instants(low, high)
        first, after = self.windows.reach
        if low < first or high >= after:
            outside = np.flatnonzero((time < first) | (time >= after))
            at = next(row for row in outside.tolist() if column[row].is_valid)
            raise self.times.outside(int(time[at]), column[at].as_py(), self.windows)

    def reach(self, low: int, high: int) -> None:
        """List the edges around the instants from low to high too, or give up listing them."""
        after = self.windows.reach[1]
        try:
            if len(self.edges):
                low, high = min(low, int(self.edges[0])), max(high, int(self.edges[-1]))
            ahead = max(high - low, LOOK_AHEAD * lengths(self.windows.every)[1])
            edges = np.minimum(self.windows.boundaries(low, min(high + ahead, after - 1)), after)
        except UnlistableError:
            table = NumberTable()
            table.codes(self.starts().view(np.uint64), None)
            self.table = table
            return
        codes = np.zeros(len(edges) - 1, np.uint32)
        codes[np.searchsorted(edges, self.edges[:-1])] = self.edge_codes
        self.edges, self.edge_codes = edges, codes

    def starts(self) -> NDArray[np.int64]:
        """The start of each window that occurred, by code from 1."""
        if self.table is not None:
            return self.table.known[1 : self.table.size].view(np.int64)
        used = np.flatnonzero(self.edge_codes)
        starts = np.empty(len(used), np.int64)
        starts[self.edge_codes[used] - 1] = self.edges[used]
        return starts

    def values(self) -> pl.Series:
        return pl.concat([pl.Series([None], dtype=self.windows.dtype), self.windows.local(self.starts())])
