"""The rows of a frame as record batches that share its memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["record_batches"]

SHORT_ROWS = 1 << 15  # to count a batch costs 0.2 ms however few its rows are: fewer than these are copied together
JOINED_ROWS = 1 << 17  # of short chunks that are copied together


def record_batches(frame: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    """The rows of a frame where they lie, cut wherever a column has the border of a chunk; short chunks are joined.

    Polars exports a frame as one chunk: exported whole, a frame in chunks would be copied, and would keep the copy.
    """
    import pyarrow as pa

    places = cuts([column.chunk_lengths() for column in frame.get_columns()])
    for start, end in itertools.pairwise(places):
        yield from pa.RecordBatchReader.from_stream(frame.slice(start, end - start))


def cuts(lengths: list[list[int]]) -> list[int]:
    """Where to cut columns with chunks of some lengths: at every border but for those between short chunks."""
    places, last = [0], 0
    for border in sorted({end for of_column in lengths for end in itertools.accumulate(of_column)}):
        if border - last >= SHORT_ROWS:
            places += [last, border] if last > places[-1] else [border]
        elif border - places[-1] >= JOINED_ROWS:
            places.append(border)
        last = border
    return [*places, last] if last > places[-1] else places
