"""Exact sums of floats as expressions, to the bit those that `fastmetrics.count` adds up."""

from __future__ import annotations

import polars as pl

from fastmetrics.exact_sums import LIMB_BITS, MOST_ENTRIES, MOST_SUM, UNIT_BITS, nearest
from fastmetrics.polars.sums import Check

__all__ = ["exact_check", "exact_sum"]


def exact_sum(numbers: pl.Expr, times: pl.Expr | None = None) -> pl.Expr:
    """The float nearest to the exact sum of the numbers of a group, nulls left out; see `fastmetrics.exact_sums`.

    ``times`` says how often each is added. Sums of limbs stream, and meet the rounding in one call for all groups.
    """
    limbs, rest = [], numbers * 2.0 ** (UNIT_BITS - 2 * LIMB_BITS)
    for name in ("high", "middle", "low"):
        whole = rest.round()  # ties to even
        limb = whole.cast(pl.Int64, strict=False)  # what is too large is in `exact_check`
        limbs.append((limb if times is None else limb * times).sum().alias(name))
        rest = (rest - whole) * 2.0**LIMB_BITS
    return pl.struct(limbs).map_batches(rounded, return_dtype=pl.Float64, is_elementwise=True)


def rounded(limbs: pl.Series) -> pl.Series:
    return pl.Series(limbs.name, nearest(*(limbs.struct.field(name).to_numpy() for name in limbs.struct.fields)))


def exact_check(numbers: pl.Expr, times: pl.Expr | None, what: str) -> dict[str, Check]:
    """The errors of numbers that are too many, or whose magnitudes add up to more than an exact sum holds."""
    message = f"{what} add up to more than an exact sum holds, which is less than {MOST_SUM:.3g}, signs left aside"
    if times is None:
        return {message: Check(numbers.abs().sum() >= MOST_SUM)}
    many = f"{what} are {MOST_ENTRIES:,} or more, which an exact sum does not hold"
    each = times.cast(pl.Float64)
    return {message: Check((numbers.abs() * each).sum() >= MOST_SUM), many: Check(each.sum() >= MOST_ENTRIES)}
