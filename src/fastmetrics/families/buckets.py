"""Buckets of numbers, 32 an octave: those of native histograms of Prometheus (schema 5) and OpenTelemetry (scale 5).

Bucket b > 0 holds the numbers above 2**((b - 1) / 32 - 1075), up to 2**(b / 32 - 1075) and including it; bucket -b
their negatives, and bucket 0 is 0. The two last, -LAST and LAST, are the infinities. What is b here is bucket
b - 34,400 of Prometheus and b - 34,401 of OpenTelemetry.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.contract.roles import widened

__all__ = ["LAST", "LOWER_BITS", "bucket_ends", "buckets_of", "mantissas_of", "unit_exponents"]

PER_OCTAVE = 32
ZEROTH_POWER = -1075  # bucket 0 ends at 2**-1075, half of the least number above 0
LAST = PER_OCTAVE * (1024 - ZEROTH_POWER) + 1
POINT_BITS = 52  # of a float64 behind its point
LEAST_POWER = -1074  # of 2, that a float64 holds
LOWER_BITS = 26  # of a mantissa; the upper ones are added up apart, so that an int64 holds 2**35 of either


def octave_root(k: int) -> int:
    """2**(k / 32) in units of 2**-52, rounded down."""
    power = 1 << (PER_OCTAVE * POINT_BITS + k)
    for _ in range(5):  # the 32nd root is the square root five times
        power = math.isqrt(power)
    return power


# The largest float64 of each bucket from 1 to 2, in units of 2**-52; and its fraction, but for the last.
TOPS = np.array([octave_root(k) for k in range(PER_OCTAVE + 1)], np.int64)
BOUNDS = np.append(TOPS[1:-1] - TOPS[0], np.iinfo(np.int64).max)
CELLS = np.searchsorted(BOUNDS[:-1], np.arange(256) << (POINT_BITS - 8)).astype(np.uint8)


def buckets_of(numbers: NDArray[Any]) -> NDArray[np.int32]:
    """The bucket of each number, `fastmetrics.contract.cells.NO_INTEGER` of NaN.

    >>> buckets_of(np.array([1.0, 1.0000001, 2.0, -1.0, 0.0, np.inf])).tolist()
    [34400, 34401, 34432, -34400, 0, 67169]
    """
    out = np.empty(len(numbers), np.int32)
    kernels.buckets.find_buckets(np.ascontiguousarray(widened(numbers)), BOUNDS, CELLS, out)
    return out


def bucket_ends(buckets: Integers) -> tuple[Floats, Floats]:
    """The least and the greatest float64 that lies in each bucket.

    >>> [end.tolist() for end in bucket_ends(np.array([34400, -34432, 0]))]
    [[0.9785720620877002, -2.0, 0.0], [1.0, -1.9571441241754004, 0.0]]
    """
    size = np.abs(buckets)
    nearest, farthest = np.nextafter(top_of(np.clip(size - 1, 0, LAST - 2)), math.inf), top_of(size)
    nearest = np.where(size == 0, 0.0, np.where(size == LAST, math.inf, nearest))
    below = buckets < 0
    return np.where(below, -farthest, nearest), np.where(below, -nearest, farthest)


def top_of(size: Integers) -> Floats:
    """The greatest float64 of each bucket of numbers that are not negative."""
    octave, place = np.divmod(np.minimum(size, LAST - 2), PER_OCTAVE)
    power = octave + ZEROTH_POWER
    digits = np.clip(power - LEAST_POWER, -1, POINT_BITS)  # of a float64 so small, behind its first one
    whole = np.floor(np.ldexp(TOPS[place].astype(np.float64), digits - POINT_BITS))
    top = np.ldexp(whole, np.maximum(power - POINT_BITS, LEAST_POWER))
    return np.where(size >= LAST, math.inf, np.where(size == LAST - 1, np.finfo(np.float64).max, top))


def unit_exponents(buckets: NDArray[Any]) -> Integers:
    """The power of 2 of which all numbers of a bucket are whole multiples, at most 2**53 of them."""
    octave = (np.abs(buckets).astype(np.int64) - 1) // PER_OCTAVE + ZEROTH_POWER
    exponents: Integers = np.maximum(octave - POINT_BITS, LEAST_POWER)
    return exponents


def mantissas_of(numbers: Floats, buckets: NDArray[Any]) -> tuple[Integers, Integers]:
    """The magnitude of each number in units of its bucket: its upper bits, and the `LOWER_BITS` below; 0 of what is not
    finite.
    """
    size = np.where(np.isfinite(numbers), np.abs(numbers), 0.0)
    whole = np.ldexp(size, -unit_exponents(buckets)).astype(np.int64)
    return whole >> LOWER_BITS, whole & ((1 << LOWER_BITS) - 1)
