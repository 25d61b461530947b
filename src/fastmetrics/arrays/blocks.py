"""Long arrays in blocks that stay in cache: sums to the bit as numpy's, and small tables of counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fastmetrics.arrays.inputs import Array

__all__ = ["BLOCK", "blocks", "bounds", "count_agreeing", "count_naturals", "count_pairs", "sum_of"]

# 64 KiB of float64: a few blocks lie in the second cache, and memory for one comes from numpy's heap, where an array of
# all rows is asked of the kernel anew each time, which costs more than the arithmetic.
BLOCK = 8192


def blocks(rows: int) -> Iterator[slice]:
    """The slices of ``BLOCK`` rows, the last one shorter."""
    return (slice(start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK))


def sum_of(rows: int, part: Callable[[slice], Any], block: int = BLOCK) -> Any:
    """The parts of all rows, added up as numpy does: where ``part`` is an `np.add.reduce`, to the bit what it gives.

    numpy halves an array, at a multiple of 8, until a piece is short. So does this, in the dtype of the parts.
    """

    def total(start: int, stop: int) -> Any:
        if stop - start <= block:
            return part(slice(start, stop))
        half = (stop - start) // 2
        half -= half % 8
        return total(start, start + half) + total(start + half, stop)

    return total(0, rows)


def bounds(vector: Array) -> tuple[int, int]:
    """The least and the greatest of some integers, read once."""
    ends = [(vector[at].min(), vector[at].max()) for at in blocks(len(vector))]
    return int(min(low for low, _ in ends)), int(max(high for _, high in ends))


def count_agreeing(one: Array, other: Array) -> int:
    """The number of rows that are equal."""
    return sum(int(np.count_nonzero(one[at] == other[at])) for at in blocks(len(one)))


def count_pairs(true: Array, pred: Array, low: int, size: int) -> Array:
    """The ``size`` x ``size`` table of how often ``low + i`` meets ``low + j``; all values lie in its range."""
    cells = np.zeros(size * size, np.int64)
    for at in blocks(len(true)):
        cell = np.subtract(true[at], low, dtype=np.intp)
        cell *= size
        np.add(cell, pred[at], out=cell, dtype=np.intp)  # UInt64 beside intp would be float64
        cell -= low
        cells += np.bincount(cell, minlength=size * size)
    return cells.reshape(size, size)


def count_naturals(true: Array, pred: Array, most: int) -> Array | None:
    """As `count_pairs` from 0 on, in one pass, as wide as the first rows need; None where that is more than ``most``.

    It is also None where a later row has a greater number, or any has a negative one.
    """
    size, cells = 0, np.zeros(0, np.int64)
    for at in blocks(len(true)):
        highest = int(np.bitwise_or(true[at], pred[at], dtype=np.intp).view(np.uintp).max())
        if not size and highest < most:
            size = 1 << highest.bit_length()
            cells = np.zeros(size * size, np.int64)
        if highest >= size:
            return None
        cell = np.multiply(true[at], size, dtype=np.intp)
        np.add(cell, pred[at], out=cell, dtype=np.intp)
        cells += np.bincount(cell, minlength=size * size)
    return cells.reshape(size, size)
