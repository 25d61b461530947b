"""The bucket of a number, which tells its size to about a fiftieth, and sums and extremes of the numbers in each."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.ids import BLOCK, compose
from fastmetrics.kernels.memory import prefetch
from fastmetrics.kernels.vectors import add_two_counts, exceed_two, keep_two

__all__ = ["add_values", "find_buckets"]

PER_OCTAVE = np.int64(32)
ZEROTH_POWER = np.int64(-1075)  # bucket 0 ends at 2**-1075, half of the least number above 0
LAST = np.int32(PER_OCTAVE * (1024 - ZEROTH_POWER) + 1)  # that of infinity
NO_INTEGER = np.int32(-(2**31))
LOWER_BITS = np.int64(26)  # of a mantissa, whose upper bits are summed apart, so that 2**35 of them fit an int64
LOWER = np.int64((1 << 26) - 1)

FRACTION = np.int64(52)  # bits of a double behind its point
FRACTION_ONES = np.int64((1 << 52) - 1)
POINT = np.int64(1 << 52)
BIAS = np.int64(1023)
AHEAD = 16  # rows whose cells are fetched before they are needed
SUBNORMAL_SCALE = 2.0**54  # makes normal numbers of all others
SUBNORMAL_BITS = np.int64(54)

CELL_SHIFT = np.int64(44)  # 256 cells of an octave, by the first bits of a fraction: none of them holds two bounds


@inlined
def bucket_of(magnitude: Any, bounds: Any, cells: Any) -> Any:
    """The bucket of a number above 0.

    ``bounds[k]`` is the fraction at which bucket k of an octave ends, and ``cells[c]`` how many bounds lie before the
    cell c of the octave. A bucket holds its upper end: so the float before the number is looked up, which is below a
    bound that the number is equal to.
    """
    scaled = np.int64(0)
    bits = np.float64(magnitude).view(np.int64)
    if bits <= FRACTION_ONES:
        bits = np.float64(magnitude * SUBNORMAL_SCALE).view(np.int64)
        scaled = SUBNORMAL_BITS
    bits -= np.int64(1)
    fraction = bits & FRACTION_ONES
    below = np.int64(cells[fraction >> CELL_SHIFT])
    octave = (bits >> FRACTION) - BIAS - scaled - ZEROTH_POWER
    return PER_OCTAVE * octave + below + np.int64(fraction >= bounds[below]) + np.int64(1)


@kernel(*(f"void({numbers}, in_i64, in_u8, out_i32)" for numbers in ("in_f32", "in_f64")))
def find_buckets(numbers: Any, bounds: Any, cells: Any, out: Any) -> None:
    """The bucket of each number: that of its magnitude with its sign, 0 for 0, and the least int32 for NaN.

    A table of exact bounds gives every machine the same answer, which no logarithm does: and 2.6 instead of 3.5 ns a
    row.
    """
    for i in range(out.size):
        x = np.float64(numbers[i])
        size = abs(x)
        if size != size:
            out[i] = NO_INTEGER
        elif size == 0:
            out[i] = 0
        elif size == np.inf:
            out[i] = -LAST if x < 0 else LAST
        else:
            bucket = np.int32(bucket_of(size, bounds, cells))
            out[i] = -bucket if x < 0 else bucket


@inlined
def mantissa_of(magnitude: Any) -> Any:
    """A finite number above 0 as a whole number of the units of its bucket.

    That is the last bit of the largest numbers below the end of its octave, or of the least there are: the end itself
    has one bit more.
    """
    bits = np.float64(magnitude).view(np.int64)
    fraction, exponent = bits & FRACTION_ONES, bits >> FRACTION
    if exponent == 0:
        return fraction
    mantissa = fraction | POINT
    return mantissa << np.int64(1) if fraction == 0 and exponent > 1 else mantissa


@kernel(*(f"void(in_u64_2d, in_u32_2d, {numbers}, out_i64, out_f64, out_f64)" for numbers in ("in_f32", "in_f64")))
def add_values(fields: Any, ranges: Any, numbers: Any, counts: Any, reach: Any, extremes: Any) -> None:
    """Add the mantissa of each finite number to the two counts of its id, and keep its extremes, if there are any.

    Both of either are one vector: 5.5 instead of 7.4 ns a row. Cells are asked for ahead: of 480 groups a row takes 14
    instead of 30.
    """
    space = np.empty(BLOCK, np.uint32)
    for at in range(0, numbers.size, BLOCK):
        ids = space[: min(BLOCK, numbers.size - at)]
        shared = np.int64(compose(fields, ranges, at, ids))
        uppers = np.int64(0)
        for i in range(ids.size):
            ahead = 2 * (np.int64(ids[min(i + AHEAD, ids.size - 1)]) + shared)
            prefetch(counts, ahead)
            if extremes.size:
                prefetch(extremes, ahead)
            x = np.float64(numbers[at + i])
            size = abs(x)
            if not size < np.inf:
                continue
            mantissa = mantissa_of(size)
            cell = 2 * (np.int64(ids[i]) + shared)
            uppers += mantissa >> LOWER_BITS
            add_two_counts(counts, cell, mantissa >> LOWER_BITS, mantissa & LOWER)
            if extremes.size and exceed_two(extremes, cell, -x, x):
                x += 0.0  # -0.0 is 0.0
                keep_two(extremes, cell, -x, x)
        reach[0] += np.float64(uppers)
        reach[1] += np.float64(ids.size) * np.float64(LOWER)
