"""Exact sums of floats as expressions, to the bit those that `fastmetrics.count` adds up."""

from __future__ import annotations

import polars as pl

from fastmetrics.exact_sums import LIMB_BITS, MOST_SUM, UNIT_BITS, nearest
from fastmetrics.polars.sums import Check

__all__ = ["exact_check", "exact_sum"]


def exact_sum(numbers: pl.Expr) -> pl.Expr:
    """The float nearest to the exact sum of the numbers of a group, nulls left out; see `fastmetrics.exact_sums`.

    Sums of limbs stream, and meet the rounding in one call for all groups.
    """
    limbs, rest = [], numbers * 2.0 ** (UNIT_BITS - 2 * LIMB_BITS)
    for name in ("high", "middle", "low"):
        whole = rest.round()  # ties to even
        limbs.append(whole.cast(pl.Int64, strict=False).sum().alias(name))  # what is too large is in `exact_check`
        rest = (rest - whole) * 2.0**LIMB_BITS
    return pl.struct(limbs).map_batches(rounded, return_dtype=pl.Float64, is_elementwise=True)


def rounded(limbs: pl.Series) -> pl.Series:
    return pl.Series(limbs.name, nearest(*(limbs.struct.field(name).to_numpy() for name in limbs.struct.fields)))


def exact_check(numbers: pl.Expr, what: str) -> dict[str, Check]:
    """The error of numbers whose magnitudes add up to more than an exact sum holds."""
    message = f"{what} add up to more than an exact sum holds, which is less than {MOST_SUM:.3g}, signs left aside"
    return {message: Check(numbers.abs().sum() >= MOST_SUM)}
