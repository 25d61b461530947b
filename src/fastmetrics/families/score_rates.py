"""What a diagnosis searches in binned scores: whether they moved, and labels and scores that are missing."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from fastmetrics.contract.capabilities import Prepared, Rate

__all__ = ["RATES", "prepare"]

RATES = (
    Rate("high_score_rate", lambda c: c.high, lambda c: c.scored, "scores above the baseline's median"),
    Rate("extreme_score_rate", lambda c: c.extreme, lambda c: c.scored, "scores outside the baseline's middle half"),
    Rate("unlabelled_rate", lambda c: c.unlabelled, lambda c: c.rows, "rows without a label"),
    Rate("unscored_rate", lambda c: c.rows - c.scored, lambda c: c.rows, "rows without a score"),
    Rate("prevalence", lambda c: c.positive, lambda c: c.rows - c.unlabelled, "positive labels"),
)


def prepare(tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> Prepared:
    """Binned scores as rows above the baseline's median and outside its quartiles."""
    rows = pl.col("negative") + pl.col("positive") + pl.col("unlabelled")
    low, middle, high = quartile_bins(tables[0].select("bin", rows=rows))
    scored = pl.col("bin").is_not_null()
    cells = [
        rows.sum().alias("rows"),
        rows.filter(scored).sum().alias("scored"),
        rows.filter(pl.col("bin") > middle).sum().alias("high"),
        rows.filter((pl.col("bin") <= low) | (pl.col("bin") > high)).sum().alias("extreme"),
        *(pl.col(state).sum() for state in ("negative", "positive", "unlabelled")),
    ]
    return Prepared.summed(tables, keys, cells)


def quartile_bins(bins: pl.DataFrame) -> tuple[int, int, int]:
    """The bins in which the scores reach a quarter, half and three quarters of the rows."""
    counted = bins.drop_nulls("bin").group_by("bin").agg(pl.col("rows").sum()).sort("bin")
    reached = counted["rows"].cum_sum()
    total = int(counted["rows"].sum())
    if not total:
        return 0, 0, 0
    low, middle, high = (int(counted["bin"][int(reached.search_sorted(total * part))]) for part in (0.25, 0.5, 0.75))
    return low, middle, high
