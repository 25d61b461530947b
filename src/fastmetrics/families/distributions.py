"""Curves of the numbers of a column: a table of each group, one row a point, the group's number first.

``distribution``: ``low``, ``high``, ``middle``, ``n``, ``share`` of bins of equal ratio, each made of some buckets:
``n`` numbers are above ``low`` and not above ``high`` (negatives are mirrored), and are a ``share`` of all numbers.
Next to bins with rows there are bins without.

``cumulative``: ``number``, ``n``, ``share``: the largest number of each bin, the rows in the bin, and the share of all
numbers that are no larger.

Every row is in both: zeros and either infinity are a bin, and rows without a number one of null.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from fastmetrics.aliases import Floats, Integers
from fastmetrics.contract.capabilities import Curve
from fastmetrics.contract.cells import CellTable
from fastmetrics.contract.family import Family
from fastmetrics.families.buckets import LAST, bucket_ends

__all__ = ["CURVES"]

MOST_BINS, MOST_STEPS = 64, 512  # of most rows, on a side of 0: a picture cannot tell more apart
RARE = 0.0005  # the share of rows with the least numbers, and with the most, that do not make bins larger
LEAST = float(np.finfo(np.float64).smallest_subnormal)
BIN = pl.col("bin")
SPREAD = BIN.abs().is_between(1, LAST - 1)  # of finite numbers that are not 0


def distribution(table: CellTable, family: Family) -> pl.DataFrame:
    """How dense the numbers of each group lie."""
    bins, size = binned(table, family, MOST_BINS)
    last = -((1 - LAST) // size)
    beside = pl.concat(bins.filter(SPREAD).select("group", BIN + step) for step in (-1, 1)).unique()
    empty = beside.filter(BIN.abs().is_between(1, last)).join(bins, on=["group", "bin"], how="anti")
    bins = pl.concat([bins.select("group", "bin", "n"), empty.with_columns(n=pl.lit(0.0))])
    bins = bins.sort("group", "bin", nulls_last=True)
    low, high = bin_ends(bins["bin"].fill_null(0).to_numpy(), size)
    middle = np.sign(np.sign(low) + np.sign(high)) * np.prod(np.sqrt(np.maximum(np.abs([low, high]), LEAST)), axis=0)
    ends = {"low": low, "high": high, "middle": middle}
    return bins.select(
        "group",
        **{name: pl.when(BIN.is_not_null()).then(pl.Series(end)) for name, end in ends.items()},
        n="n",
        share=share_of_numbers("n"),
    )


def cumulative(table: CellTable, family: Family) -> pl.DataFrame:
    """The share of the numbers of each group that are no larger than one of them."""
    bins, _ = binned(table, family, MOST_STEPS)
    bins = bins.with_columns(reached=pl.col("n").cum_sum().over("group"))
    return bins.select("group", "number", "n", share=share_of_numbers("reached"))


def share_of_numbers(rows: str) -> pl.Expr:
    """Rows of bins as a share of those of the group that have a number."""
    known = pl.col("n").filter(BIN.is_not_null()).sum().over("group")  # a column: by one number Polars does not divide
    return pl.when(BIN.is_not_null()).then(pl.col(rows) / known)


def binned(table: CellTable, family: Family, most: int) -> tuple[pl.DataFrame, int]:
    """``group``, ``bin``, the rows ``n`` in it and the largest ``number``, in order; and of how many buckets a bin is.

    Bins are numbered as buckets are, of which there are more: 0, the infinities and null are the same.
    """
    c = family.read(table)
    counted = c.histogram.frame.select("group", n="rows", number="greatest", bin="bucket")
    size = bin_size(counted.filter(SPREAD), most)
    whole = pl.when(SPREAD).then(BIN.sign() * ((BIN.abs() + size - 1) // size)).otherwise(BIN)
    counted = counted.group_by("group", whole.alias("bin")).agg(pl.col("n").sum(), pl.col("number").max())
    missing = pl.DataFrame({"group": np.arange(table.size), "n": c.missing}).filter(pl.col("n") > 0)
    return pl.concat([counted, missing], how="diagonal").sort("group", "bin", nulls_last=True), size


def bin_size(counted: pl.DataFrame, most: int) -> int:
    """The least power of 2 of buckets a bin of which no more than so many hold all rows but the rare ones."""
    sizes = counted.select(BIN.abs(), "n").sort("bin")
    if not len(sizes):
        return 1
    reached, bucket = sizes["n"].cum_sum().to_numpy(), sizes["bin"].to_numpy()
    first, last = np.searchsorted(reached, [RARE * reached[-1], (1 - RARE) * reached[-1]])
    return int(1 << (int(bucket[last] - bucket[first]) // (most - 1)).bit_length())


def bin_ends(bins: Integers, size: int) -> tuple[Floats, Floats]:
    """The numbers that those of each bin are above of, and not above of; negatives are mirrored."""
    outer = np.abs(bins) * size
    inner, outer = (
        np.where(np.abs(bins) == LAST, np.inf, bucket_ends(np.clip(end, 0, LAST - 1))[1])
        for end in (outer - size, outer)
    )
    return np.where(bins < 0, -outer, inner), np.where(bins < 0, -inner, outer)


CURVES: Mapping[str, Curve] = {
    "distribution": Curve(
        distribution,
        title="Distribution",
        x=("middle", "number"),
        y=("share", "share of numbers in a bin"),
        metric="p50",
        words="median",
        of="numbers",
    ),
    "cumulative": Curve(
        cumulative,
        title="Cumulative distribution",
        x=("number", "number"),
        y=("share", "share of numbers that are no larger"),
        metric="p50",
        words="median",
        steps=True,
        of="numbers",
    ),
}
