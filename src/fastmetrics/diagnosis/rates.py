"""The rates that are searched for changes: k of n rows, read from the cells of each family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from fastmetrics.metrics import Formula, Metric
from fastmetrics.schema import Family

__all__ = ["KINDS", "Rate", "ROWS", "prepared", "rates_of"]


@dataclass(frozen=True)
class Rate:
    """A rate with the words people use of it; ``event`` completes "the model ..." or "... of the rows"."""

    name: str
    num: Formula
    den: Formula
    family: str
    words: str


def pos(c: Any) -> Any:
    return c.tp + c.fn


def neg(c: Any) -> Any:
    return c.tn + c.fp


def judged(c: Any) -> Any:
    return pos(c) + neg(c)


def unlabelled(c: Any) -> Any:
    return c.unlabelled_neg + c.unlabelled_pos + c.unlabelled_unpredicted


def unpredicted(c: Any) -> Any:
    return c.unpredicted_neg + c.unpredicted_pos + c.unlabelled_unpredicted


def every(c: Any) -> Any:
    return judged(c) + unlabelled(c) + c.unpredicted_neg + c.unpredicted_pos


# fmt: off
BINARY = (
    ("fnr", lambda c: c.fn, pos, "missed positives"),
    ("fpr", lambda c: c.fp, neg, "false alarms"),
    ("error_rate", lambda c: c.fp + c.fn, judged, "errors"),
    ("fdr", lambda c: c.fp, lambda c: c.tp + c.fp, "false ones among positive predictions"),
    ("false_omission_rate", lambda c: c.fn, lambda c: c.tn + c.fn, "missed ones among negative predictions"),
    ("prevalence", lambda c: pos(c) + c.unpredicted_pos, lambda c: every(c) - unlabelled(c), "positive labels"),
    ("predicted_positive_rate", lambda c: c.tp + c.fp + c.unlabelled_pos, lambda c: every(c) - unpredicted(c),
     "positive predictions"),
    ("unlabelled_rate", unlabelled, every, "rows without a label"),
    ("unpredicted_rate", unpredicted, every, "rows without a prediction"),
)
SCORES = (
    ("high_score_rate", lambda c: c.high, lambda c: c.scored, "scores above the baseline's median"),
    ("extreme_score_rate", lambda c: c.extreme, lambda c: c.scored, "scores outside the baseline's middle half"),
    ("unlabelled_rate", lambda c: c.unlabelled, lambda c: c.rows, "rows without a label"),
    ("unscored_rate", lambda c: c.rows - c.scored, lambda c: c.rows, "rows without a score"),
    ("prevalence", lambda c: c.positive, lambda c: c.rows - c.unlabelled, "positive labels"),
)
# fmt: on
ALSO_BINARY = {"unlabelled_rate", "unscored_rate", "prevalence"}  # of scores, where a binary family counts them too

ROWS: dict[str, Formula] = {"binary": every, "scores": lambda c: c.rows}
KINDS = tuple(ROWS)  # the kinds of families that can be diagnosed


def rates_of(families: Sequence[Family], asked: Sequence[Metric]) -> list[Rate]:
    """The rates to search in Counts of some families, and those of the metrics asked for besides."""
    kinds = {family.kind: family.name for family in families}
    rates = [Rate(*row[:3], kinds["binary"], row[3]) for row in BINARY if "binary" in kinds]
    skip = ALSO_BINARY if "binary" in kinds else set()
    rates += [Rate(*row[:3], kinds["scores"], row[3]) for row in SCORES if "scores" in kinds and row[0] not in skip]
    known = {rate.name for rate in rates}
    for metric in asked:
        if metric.name not in known and metric.den is not None:
            rates.append(Rate(metric.name, metric.num, metric.den, kinds["binary"], metric.name))
    return rates


def prepared(family: Family, tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> list[pl.DataFrame]:
    """Tables of a family (baseline first) as rows of additive cells by ``keys``, without inner keys."""
    prepare = PREPARED.get(family.kind)
    return list(tables) if prepare is None else prepare(tables, keys)


def score_cells(tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> list[pl.DataFrame]:
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
    return [table.group_by(keys, maintain_order=True).agg(cells) if keys else table.select(cells) for table in tables]


def quartile_bins(bins: pl.DataFrame) -> tuple[int, int, int]:
    """The bins in which the scores reach a quarter, half and three quarters of the rows."""
    counted = bins.drop_nulls("bin").group_by("bin").agg(pl.col("rows").sum()).sort("bin")
    reached = counted["rows"].cum_sum()
    total = int(counted["rows"].sum())
    if not total:
        return 0, 0, 0
    low, middle, high = (int(counted["bin"][int(reached.search_sorted(total * part))]) for part in (0.25, 0.5, 0.75))
    return low, middle, high


PREPARED: dict[str, Callable[[Sequence[pl.DataFrame], Sequence[str]], list[pl.DataFrame]]] = {"scores": score_cells}
