"""Adding rows to cells: the only loops that write counts and sums, shared by every family."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.exact_sums import LIMB_BITS, MOST_SUM, UNIT_BITS
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.ids import BLOCK, NARROW, compose, spread_of
from fastmetrics.kernels.vectors import add_two_pairs

__all__ = [
    "add_counts",
    "add_exact",
    "add_exacts",
    "add_frequencies",
    "add_pair",
    "add_values",
    "add_weights",
    "carried",
    "count_far_rows",
    "count_near_rows",
    "keep_largest",
    "limbs_of",
    "occupied_rows",
    "take_columns",
]

FEW = 12  # cells: to compare every id with each of them costs 0.1 ns a cell, one by one 0.8 to 1.4 ns, as cells repeat
FEW_ROWS = 128
LOW = np.uint64(0xFFFF)
LOW_HALF = np.uint64(0xFFFFFFFF)
BITS = np.uint64(16)
LIMB = 2.0**LIMB_BITS
HALF = 1 << (LIMB_BITS - 1)
HIGHS = 2.0 ** (UNIT_BITS - 2 * LIMB_BITS)  # in 1: multiples that a high limb counts


@inlined
def count_few(ids: Any, counts: Any, room: Any) -> None:
    """Count the rows of each id below ``room``, a vector of rows a step."""
    for cell in range(room):
        found = np.uint16(0)
        for i in range(ids.size):
            found = np.uint16(found + np.uint16(ids[i] == np.uint16(cell)))
        counts[cell] += found


@inlined
def count_near(ids: Any, fours: Any, counts: Any) -> None:
    """Count rows one by one; four ids of 16 bits are loaded at once, which takes 0.1 of 0.6 ns a row off."""
    for i in range(ids.size >> 2):
        four = fours[i]
        counts[four & LOW] += 1
        counts[(four >> BITS) & LOW] += 1
        counts[(four >> (BITS + BITS)) & LOW] += 1
        counts[four >> (BITS + BITS + BITS)] += 1
    for i in range(ids.size & -4, ids.size):
        counts[np.uint64(ids[i])] += 1


@inlined
def count_far(ids: Any, twos: Any, counts: Any) -> None:
    """Count rows one by one; two ids of 32 bits are loaded at once: a sixth to a quarter of the time less."""
    for i in range(ids.size >> 1):
        two = twos[i]
        counts[two & LOW_HALF] += 1
        counts[two >> (BITS + BITS)] += 1
    if ids.size & 1:
        counts[np.uint64(ids[ids.size - 1])] += 1


@kernel(*(f"int64(in_u64_2d, in_u32_2d, int64, int64, {counts})" for counts in ("out_u32", "out_i64")))
def count_near_rows(fields: Any, ranges: Any, size: Any, room: Any, counts: Any) -> Any:
    """``counts[id] += 1`` for each of ``size`` rows in blocks whose ids lie close; returns how many rows are left out.

    Ids of rows with the same first code, or of any where nothing is known of that, lie within ``room`` of each other.
    Those of a block are close if 16 bits tell them apart: then twice as many fit a vector.
    """
    ids = np.empty(BLOCK, np.uint16)
    fours = ids.view(np.uint64)
    left = np.int64(0)
    for at in range(0, size, BLOCK):
        near = ids[: min(BLOCK, size - at)]
        spread = spread_of(fields, ranges, at, room)
        if spread > NARROW:
            left += near.size
            continue
        shared = np.int64(compose(fields, ranges, at, near))
        if spread <= FEW:
            count_few(near, counts[shared:], spread)
        else:
            count_near(near, fours, counts[shared:])
    return left


@kernel(*(f"void(in_u64_2d, in_u32_2d, int64, int64, {counts})" for counts in ("out_u32", "out_i64")))
def count_far_rows(fields: Any, ranges: Any, size: Any, room: Any, counts: Any) -> None:
    """Count the rows of blocks that `count_near_rows` leaves out; apart from it, as few logs have to wait for it."""
    ids = np.empty(BLOCK, np.uint32)
    twos = ids.view(np.uint64)
    for at in range(0, size, BLOCK):
        if spread_of(fields, ranges, at, room) <= NARROW:
            continue
        far = ids[: min(BLOCK, size - at)]
        shared = np.int64(compose(fields, ranges, at, far))
        count_far(far, twos, counts[shared:])


@inlined
def add_pair(sums: Any, at: Any, error: Any, x: Any) -> None:
    """Add x to a sum, and what rounding loses of it, exactly (Knuth's TwoSum), to the error beside the sum."""
    old = sums[at]
    new = old + x
    part = new - old
    sums[at] = new
    sums[error] += (old - (new - part)) + (x - part)


@kernel("void(in_u64_2d, in_u32_2d, in_f64_2d, out_f64)")
def add_values(fields: Any, ranges: Any, values: Any, sums: Any) -> None:
    """Add row i of ``values`` (NaN adds nothing) to the sums of its id: all sums of an id, then all their errors."""
    size, width = values.shape
    space = np.empty(BLOCK, np.uint32)
    for at in range(0, size, BLOCK):
        ids = space[: min(BLOCK, size - at)]
        shared = compose(fields, ranges, at, ids)
        for i in range(ids.size):
            cell = np.int64(ids[i] + shared) * 2 * width
            for j in range(width):
                x = values[at + i, j]
                if x == x:
                    add_pair(sums, cell + j, cell + width + j, x)


@kernel("void(in_u64_2d, in_u32_2d, in_i64, out_i64)")
def add_frequencies(fields: Any, ranges: Any, frequencies: Any, counts: Any) -> None:
    """``counts[id] += frequency`` of each row."""
    space = np.empty(BLOCK, np.uint32)
    for at in range(0, frequencies.size, BLOCK):
        ids = space[: min(BLOCK, frequencies.size - at)]
        shared = np.int64(compose(fields, ranges, at, ids))
        for i in range(ids.size):
            counts[np.int64(ids[i]) + shared] += frequencies[at + i]


@kernel("void(in_u64_2d, in_u32_2d, in_i64_2d, out_i64, out_f64)")
def add_counts(fields: Any, ranges: Any, values: Any, counts: Any, reach: Any) -> None:
    """Add row i of ``values`` to the counts of its id, and their magnitudes to the ``reach`` of each column."""
    size, width = values.shape
    space = np.empty(BLOCK, np.uint32)
    for at in range(0, size, BLOCK):
        ids = space[: min(BLOCK, size - at)]
        shared = compose(fields, ranges, at, ids)
        for i in range(ids.size):
            cell = np.int64(ids[i] + shared) * width
            for j in range(width):
                x = values[at + i, j]
                counts[cell + j] += x
                reach[j] += abs(np.float64(x))


@inlined
def limbs_of(x: Any) -> Any:
    """The three limbs of x, a number below 2**46 in magnitude."""
    scaled = x * HIGHS
    high = np.rint(scaled)
    scaled = (scaled - high) * LIMB
    middle = np.rint(scaled)
    return np.int64(high), np.int64(middle), np.int64(np.rint((scaled - middle) * LIMB))


@inlined
def carried(high: Any, middle: Any, low: Any) -> Any:
    """The limbs of a sum with the lower two as small as those of one number, at most half a unit of the next."""
    over = (low + HALF) >> LIMB_BITS
    low, middle = low - (over << LIMB_BITS), middle + over
    over = (middle + HALF) >> LIMB_BITS
    return high + over, middle - (over << LIMB_BITS), low


@inlined
def add_exact(exacts: Any, at: Any, x: Any) -> None:
    """Add x, a number below 2**46 in magnitude, to the exact sum whose three limbs begin ``at``."""
    high, middle, low = limbs_of(x)
    exacts[at] += high
    exacts[at + 1] += middle
    exacts[at + 2] += low


@kernel("void(in_u64_2d, in_u32_2d, in_f64_2d, out_i64, out_f64)")
def add_exacts(fields: Any, ranges: Any, values: Any, exacts: Any, reach: Any) -> None:
    """Add row i of ``values`` (NaN adds nothing) to the exact sums of its id, and their magnitudes to the ``reach``.

    What no limb holds is in the reach alone.
    """
    size, width = values.shape
    space = np.empty(BLOCK, np.uint32)
    for at in range(0, size, BLOCK):
        ids = space[: min(BLOCK, size - at)]
        shared = compose(fields, ranges, at, ids)
        for i in range(ids.size):
            cell = np.int64(ids[i] + shared) * 3 * width
            for j in range(width):
                x = values[at + i, j]
                if abs(x) < MOST_SUM:
                    add_exact(exacts, cell + 3 * j, x)
                if x == x:
                    reach[j] += abs(x)


@kernel("void(in_u64_2d, in_u32_2d, in_f64, out_f64)")
def add_weights(fields: Any, ranges: Any, weights: Any, sums: Any) -> None:
    """Add w and w² of each row to the sums of its id: the two sums, then the two errors."""
    space = np.empty(BLOCK, np.uint32)
    for at in range(0, weights.size, BLOCK):
        ids = space[: min(BLOCK, weights.size - at)]
        shared = compose(fields, ranges, at, ids)
        for i in range(ids.size):
            cell = np.int64(ids[i] + shared) * 4
            w = weights[at + i]
            add_two_pairs(sums, cell, cell + 2, w, w * w)


@kernel("void(in_u64_2d, in_u32_2d, in_f64_2d, out_f64)")
def keep_largest(fields: Any, ranges: Any, values: Any, best: Any) -> None:
    """``best[id, j] = max(best[id, j], values[i, j])``; NaN in ``values`` says nothing, in ``best`` it is "not yet"."""
    size, width = values.shape
    space = np.empty(BLOCK, np.uint32)
    for at in range(0, size, BLOCK):
        ids = space[: min(BLOCK, size - at)]
        shared = compose(fields, ranges, at, ids)
        for i in range(ids.size):
            cell = np.int64(ids[i] + shared) * width
            for j in range(width):
                x = values[at + i, j]
                if x == x and not best[cell + j] >= x:
                    best[cell + j] = x


@kernel(*(f"int64({cells}, int64, out_u8, out_u8)" for cells in ("in_u32", "in_i64")))
def occupied_rows(cells: Any, width: Any, marks: Any, columns: Any) -> Any:
    """Set the marks, zeros before, of the rows of ``width`` cells that are not all zero; returns how many there are.

    ``columns`` tells of each column whether it is not all zero.
    """
    found = np.int64(0)
    for at in range(0, marks.size, BLOCK):
        some = marks[at : at + BLOCK]
        for j in range(width):
            column = cells[at * width + j :]
            seen = column[0]
            for i in range(some.size):
                cell = column[i * width]
                seen |= cell
                some[i] |= np.uint8(cell != 0)
            columns[j] |= np.uint8(seen != 0)
        for i in range(some.size):
            found += some[i]
    return found


@kernel(*(f"void({cells}, int64, in_i64, in_u32, {out})" for cells, out in (
    ("in_u32", "out_i64"), ("in_i64", "out_i64"), ("in_f64", "out_f64"))))  # fmt: skip
def take_columns(cells: Any, width: Any, columns: Any, rows: Any, out: Any) -> None:
    """Some columns of some rows of ``width`` cells, column by column.

    A few rows at a time, so that a row is fetched once for all its columns: 16 columns of 345,600 rows take a quarter.
    """
    for at in range(0, rows.size, FEW_ROWS):
        some = rows[at : at + FEW_ROWS]
        for k in range(columns.size):
            column = cells[columns[k] :]
            taken = out[k * rows.size + at :]
            for i in range(some.size):
                taken[i] = column[np.int64(some[i]) * width]
