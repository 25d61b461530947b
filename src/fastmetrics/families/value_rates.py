"""What a diagnosis searches in numbers: whether they moved, and those that are missing, 0 or infinite."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fastmetrics.contract.capabilities import Prepared, Rate
from fastmetrics.families.buckets import LAST

__all__ = ["prepare", "rates"]

HALF, TAIL = 0.5, 0.95  # the shares of the baseline's rows above which numbers are high, and in the tail


def rates(name: str) -> tuple[Rate, ...]:
    """The rates of a family, which are named after it: several columns are searched side by side."""
    return (
        Rate(
            f"{name}_high_rate", lambda c: c.high, known, f"rows with {name} above the baseline's median", untold=True
        ),
        Rate(f"{name}_tail_rate", lambda c: c.tail, known, f"rows with {name} above the baseline's p95", untold=True),
        Rate(f"{name}_missing_rate", lambda c: c.missing, lambda c: c.rows, f"rows without {name}", untold=True),
        Rate(f"{name}_zero_rate", lambda c: c.zero, known, f"rows where {name} is 0", untold=True),
        Rate(f"{name}_infinite_rate", lambda c: c.infinite, known, f"rows where {name} is infinite", untold=True),
    )


def known(c: object) -> object:
    return c.rows - c.missing  # type: ignore[attr-defined]


def prepare(tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> Prepared:
    """Rows by where their bucket lies beside those of the baseline's median and 95th percentile."""
    middle, tail = (quantile_bucket(tables[0], share) for share in (HALF, TAIL))
    bucket, rows = pl.col("bucket"), pl.col("rows")
    cells = [
        rows.sum(),
        rows.filter(bucket.is_null()).sum().alias("missing"),
        rows.filter(bucket > middle).sum().alias("high"),
        rows.filter(bucket > tail).sum().alias("tail"),
        rows.filter(bucket == 0).sum().alias("zero"),
        rows.filter(bucket.abs() == LAST).sum().alias("infinite"),
    ]
    return Prepared.summed(tables, keys, cells)


def quantile_bucket(table: pl.DataFrame, share: float) -> int:
    """The bucket in which the numbers of all groups reach a share of the rows; 0 without numbers."""
    counted = table.drop_nulls("bucket").group_by("bucket").agg(pl.col("rows").sum()).sort("bucket")
    reached = counted["rows"].cum_sum()
    return int(counted["bucket"][int(reached.search_sorted(share * reached[-1]))]) if len(counted) else 0
