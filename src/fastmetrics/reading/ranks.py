"""Groups in the order of how surely bad a metric is."""

from __future__ import annotations

from typing import get_args

import polars as pl

from fastmetrics.errors import SchemaError
from fastmetrics.metric import Better, Metric
from fastmetrics.reading.metrics import metrics
from fastmetrics.reading.resolve import Asked, resolve
from fastmetrics.reading.results import check_columns
from fastmetrics.state.state import State

__all__ = ["direction", "worst"]


def worst(
    counts: State,
    metric: str | Metric,
    n: int = 20,
    *,
    min_n: int = 1,
    level: float = 0.95,
    better: Better | None = None,
) -> pl.DataFrame:
    """The groups whose metric is surely bad, worst first: ranked by the bound of the interval on the better side.

    A group of few rows that merely looks bad by chance ranks low, as its interval reaches far towards the good.
    ``rank_bound`` is what was ranked by. Groups of fewer than ``min_n`` rows and those where the metric is
    undefined or has no bounds are left out; the column ``groups_hidden`` says how many. ``better`` is the side that is
    good, ``"higher"`` or ``"lower"``: a metric such as ``accuracy`` has its own, one such as the rate of a flag or a
    quantile has none, and it has to be said.

    Raises
    ------
    SchemaError
        A metric without an interval, or without a better direction where none is said; another ``better``; an ``n``
        that is no whole number above 0.
    """
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise SchemaError(f"n={n!r} is not a whole number above 0")
    item = resolve(counts.layout, [metric])[0]
    good = direction(item, better)
    check_columns(counts.layout.outer, [item.column, "rank_bound", "groups_hidden"])
    frame = metrics(counts, [metric], intervals=True, level=level)
    bound = f"{item.column}_{'high' if good == 'higher' else 'low'}"
    kept = frame.filter(pl.col("n") >= min_n, pl.col(bound).is_not_null())
    ranked = kept.sort(bound, descending=good == "lower", maintain_order=True).head(n)
    return ranked.with_columns(rank_bound=pl.col(bound), groups_hidden=pl.lit(len(frame) - len(kept)))


def direction(item: Asked, better: Better | None) -> Better:
    """The side of a metric that is good.

    Raises
    ------
    SchemaError
        A metric that has no interval, or no better direction where none is said; another direction.
    """
    if better is not None and better not in get_args(Better):
        raise SchemaError(f"better={better!r} is neither 'higher' nor 'lower'")
    if not item.metric.interval:
        raise SchemaError(f"metric {item.column!r} cannot be ranked: it has no interval")
    good = better or item.metric.better
    if good is None:
        raise SchemaError(
            f"metric {item.column!r} cannot be ranked: it has no better direction; say better='lower' or 'higher'"
        )
    return good
