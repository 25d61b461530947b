"""What a diagnosis searches in numbers: whether they moved, and those that are missing, 0 or infinite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from fastmetrics.contract.capabilities import Prepared, Rate
from fastmetrics.families.buckets import LAST
from fastmetrics.metric import Formula

__all__ = ["prepare", "rates"]

HALF, TAIL = 0.5, 0.95  # the shares of the baseline's rows above which numbers are high, and in the tail


def known(c: Any) -> Any:
    return c.rows - c.missing


# What is in the name of a rate, k, n, and what k counts.
SEARCHED: tuple[tuple[str, Formula, Formula, str], ...] = (
    ("high", lambda c: c.high, known, "rows with {} in buckets above the baseline's median"),
    ("low", lambda c: c.low, known, "rows with {} in buckets below the baseline's median"),
    ("tail", lambda c: c.tail, known, "rows with {} in buckets above the baseline's p95"),
    ("missing", lambda c: c.missing, lambda c: c.rows, "rows without {}"),
    ("zero", lambda c: c.zero, known, "rows with {} = 0"),
    ("infinite", lambda c: c.infinite, known, "rows with an infinite {}"),
)


def rates(name: str) -> tuple[Rate, ...]:
    """The rates of a family, which are named after it: several columns are searched side by side."""
    return tuple(
        Rate(f"{name}_{what}_rate", num, den, words.format(name), untold=True, about=name)
        for what, num, den, words in SEARCHED
    )


def prepare(tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> Prepared:
    """Rows by where their bucket lies beside those of the baseline's median and 95th percentile."""
    middle, tail = (quantile_bucket(tables[0], share) for share in (HALF, TAIL))
    bucket, rows = pl.col("bucket"), pl.col("rows")
    cells = [
        rows.sum(),
        rows.filter(bucket.is_null()).sum().alias("missing"),
        rows.filter(bucket > middle).sum().alias("high"),
        rows.filter(bucket < middle).sum().alias("low"),
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
