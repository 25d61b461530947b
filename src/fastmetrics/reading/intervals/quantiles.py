"""Limits of quantiles: the numbers at two ranks, between which the quantile of all rows there could be lies."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.metric import Cells, Metric
from fastmetrics.reading.intervals.limits import Pair, Reach

__all__ = ["quantile_limits"]


def quantile_limits(metric: Metric, cells: Cells) -> Reach:
    """Limits of the quantile ``metric.share`` of ``cells.histogram``, from the numbers of given ranks.

    The number of rank k is below the quantile, or it, with the probability that k or more of n rows are; so the ranks
    are those of Clopper and Pearson 1934. They are found by the bounds of Zubkov and Serov 2013 on sums of binomial
    probabilities, which makes them at most one rank wider. Weighted rows stand for (Σw)² / Σw² equal ones (Kish 1965).
    A limit beyond all ranks is infinite: there are too few rows to tell it. Of the ends of its bucket that is taken by
    which bounds are widened afterwards, as binning can have moved the quantile by so much.
    """
    assert metric.share is not None
    assert metric.error is not None
    histogram, share, error = cells.histogram, metric.share, metric.error(cells)
    total = histogram.total
    rows = total if cells.squares is None else total**2 / cells.squares["histogram"].total
    unit = total / rows  # the mean weight of a row

    def deviates(weight: Floats) -> Floats:
        """The normal deviate whose probability is at least that of fewer rows than so many below the quantile."""
        return deviate(weight / total, rows, share)

    def at(z: Any) -> Pair:
        def low_reached(places: Any) -> Any:
            return deviates(histogram.rows_up_to(places) + unit) > -z

        def high_reached(places: Any) -> Any:
            return deviates(histogram.rows_up_to(places) - unit) >= z

        low, high = histogram.search(low_reached), histogram.search(high_reached)
        least, greatest = histogram.least[histogram.inside(low)], histogram.greatest[histogram.inside(high)]
        none_below, none_above = deviates(unit) > -z, high == histogram.stop
        return np.where(none_below, -np.inf, least + error), np.where(none_above, np.inf, greatest - error)

    return at


def deviate(part: Floats, rows: Floats, share: float) -> Floats:
    """The signed root of twice the log likelihood ratio of ``part`` of so many rows, where ``share`` is expected."""
    inside = np.clip(part, 0.0, 1.0)
    away = inside - share
    ratio = xlog1p(inside, away / share) + xlog1p(1 - inside, -away / (1 - share))
    return np.where(part > 1, np.inf, np.sign(away) * np.sqrt(2 * rows * np.maximum(ratio, 0)))


def xlog1p(x: Floats, y: Floats) -> Floats:
    """X log(1 + y), and 0 where x is 0."""
    return np.where(x == 0, 0.0, x * np.log1p(y))
