"""Exact sums of floats: whole multiples of 2**-72 in three integers, which any engine adds up.

A number is rounded once, to the nearest multiple of 2**-72 (ties to even): 53-bit floats of at least 2**-20 in
magnitude, and 0, stay what they are, and of 24-bit floats those of at least 2**-49. The multiple is split into three
limbs, multiples of 2**-16, 2**-44 and 2**-72, each rounded to nearest, so that the lower two are of at most 2**27
in magnitude and have either sign. Limbs are added up as int64, each on its own and without a carry: sums of sums are
sums of all numbers in any order.
"""

from __future__ import annotations

import numpy as np

from fastmetrics.aliases import Floats, Integers

__all__ = ["LIMB_BITS", "MOST_ENTRIES", "MOST_SUM", "UNIT_BITS", "limbs", "nearest"]

LIMB_BITS = 28  # between the units of two limbs
UNIT_BITS = 72  # the lowest limb counts multiples of 2**-72
MOST_SUM = 2.0**46  # magnitudes in all of what is added up: below it the high limbs of any order stay below 2**62
MOST_ENTRIES = 2**35  # numbers that are added up: below it the other limbs do
DIGIT = (1 << LIMB_BITS) - 1
WINDOW_BITS = 62  # of a sum, which an int64 holds beside the sign


def limbs(numbers: Floats) -> tuple[Floats, Floats, Floats]:
    """The three limbs of each number, high, middle and low, as whole floats; of numbers below 2**46 in magnitude.

    >>> [limb.tolist() for limb in limbs(np.array([2.0**-16 + 2.0**-72 * 2.0**20]))]
    [[1.0], [0.0], [1048576.0]]
    """
    left, found = numbers * 2.0 ** (UNIT_BITS - 2 * LIMB_BITS), []
    for _ in range(3):
        found.append(np.rint(left))
        left = (left - found[-1]) * 2.0**LIMB_BITS
    return found[0], found[1], found[2]


def nearest(high: Integers, middle: Integers, low: Integers) -> Floats:
    """The float64 nearest to each exact sum, ties to even.

    The lower limbs become digits, and the sum 62 bits, of which the last is set where anything is left below them: so
    the rounding to the 53 bits of a float is that of the sum itself.

    >>> nearest(np.array([0, -1]), np.array([1, 0]), np.array([0, 1])).tolist() == [2.0**-44, 2.0**-72 - 2.0**-16]
    True
    """
    middle = middle + (low >> LIMB_BITS)
    high = high + (middle >> LIMB_BITS)
    below = ((middle & DIGIT) << LIMB_BITS) | (low & DIGIT)
    room = np.clip(WINDOW_BITS - np.frexp(high.astype(np.float64))[1], 0, 2 * LIMB_BITS).astype(np.int64)
    left = 2 * LIMB_BITS - room
    lost = (below & ((1 << left) - 1)) != 0
    found: Floats = np.ldexp(((high << room) | (below >> left) | lost).astype(np.float64), left - UNIT_BITS)
    return found
