"""Numbers by bucket and what is read of them, in exact integers and fractions: slow and obvious. A null is None."""

from __future__ import annotations

import math
from fractions import Fraction

ZEROTH = -1075 * 32  # 32 times the power of 2 at which bucket 0 ends
LAST = 32 * (1024 + 1075) + 1


def known(value):
    return None if value is None or math.isnan(value) else value


def bucket_of(x):
    """The b with 2**((b - 1) / 32 - 1075) < |x| <= 2**(b / 32 - 1075), with the sign of x: None for null."""
    if known(x) is None:
        return None
    if x == 0:
        return 0
    sign = 1 if x > 0 else -1
    if math.isinf(x):
        return sign * LAST
    whole, scale = abs(x).as_integer_ratio()
    # the least b with |x|**32 <= 2**(b + ZEROTH): the bits of whole**32 - 1 are the logarithm of whole**32, rounded up
    return sign * ((whole**32 - 1).bit_length() - 32 * (scale.bit_length() - 1) - ZEROTH)


def mantissa(x):
    """|x| in units of the last bit of the numbers that are below the power of 2 which ends its octave."""
    if x == 0 or math.isinf(x):
        return 0
    size, power = Fraction(abs(x)), 1024
    while Fraction(2) ** (power - 1) >= size:
        power -= 1
    units = size / Fraction(2) ** max(power - 1 - 52, -1074)
    assert units.denominator == 1
    return int(units)


def value_row(x, extremes=True):
    """The (inner key, cells) that a row adds to."""
    x = known(x)
    if x is None or math.isinf(x):
        return (bucket_of(x),), {"rows": 1}
    whole = mantissa(x)
    ends = {"lowest": x + 0.0, "highest": x + 0.0} if extremes else {}
    return (bucket_of(x),), {"rows": 1, "upper_mantissa": whole >> 26, "lower_mantissa": whole & (2**26 - 1), **ends}


def quantile(numbers, share):
    """The least number that a share of them does not exceed."""
    ordered = sorted(numbers)
    return ordered[max(math.ceil(Fraction(str(share)) * len(ordered)) - 1, 0)] if ordered else None


def ratio(num, den):
    return num / den if den else None


def value_metrics(numbers):
    """Every metric of the family, from the numbers of a group."""
    there = [x for x in map(known, numbers) if x is not None]
    return {
        "mean": ratio(math.fsum(there), len(there)),
        "sum": math.fsum(there),
        "min": min(there, default=None),
        "max": max(there, default=None),
        **{f"p{number}": quantile(there, Fraction(number, 100)) for number in (50, 90, 95, 99)},
        "missing_rate": ratio(len(numbers) - len(there), len(numbers)),
        "zero_rate": ratio(there.count(0), len(there)),
        "infinite_rate": ratio(sum(map(math.isinf, there)), len(there)),
    }
