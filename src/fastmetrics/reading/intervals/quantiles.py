"""Limits of quantiles: the numbers at two ranks, between which the quantile of all rows there could be lies."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.arithmetic import divide
from fastmetrics.metric import Cells, Metric
from fastmetrics.reading.intervals.limits import Pair, Reach

__all__ = ["quantile_limits"]

AS_ALL = 5  # so many rows on a side of a quantile say as much of how heavy rows are there as all rows do


def quantile_limits(metric: Metric, cells: Cells) -> Reach:
    """Limits of the quantile ``metric.share`` of ``cells.histogram``, from the numbers of given ranks.

    The number of rank k is below the quantile, or it, with the probability that k or more of n rows are; so the ranks
    are those of Clopper and Pearson 1934. They are found by the bounds of Zubkov and Serov 2013 on sums of binomial
    probabilities, which makes them at most one rank wider. Weighted rows stand for as many equal ones as give the share
    below the quantile the same variance (Woodruff 1952). A limit beyond all ranks is infinite: there are too few rows
    to tell it. Limits are the ends of buckets, drawn in by the error of the quantile, as bounds are widened by it.
    """
    assert metric.share is not None
    assert metric.error is not None
    histogram, share, error = cells.histogram, metric.share, metric.error(cells)
    total = histogram.total
    rows = total if cells.squares is None else equal_rows(histogram, cells.squares["histogram"], share)
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


def equal_rows(weights: Any, squares: Any, share: float) -> Floats:
    """How many equal rows give the share at or below a quantile the variance that it has of weighted ones.

    ``weights`` and ``squares`` are the histograms of Σw and Σw². How heavy rows are on either side of the quantile is
    seen in those that are there, and where these are few it is more as among all rows: beyond a high quantile there
    may be none, which does not mean that its share is known.
    """
    place = weights.inside(weights.search(lambda places: weights.rows_up_to(places) >= share * weights.total))
    below = weights.rows_up_to(place), squares.rows_up_to(place)
    above = weights.total - below[0], squares.total - below[1]
    mean = squares.total / weights.total
    under, over = (mean_weight(*side, mean) for side in (below, above))
    found: Floats = weights.total / (under * (1 - share) + over * share)
    return found


def mean_weight(weight: Floats, square: Floats, mean: Floats) -> Floats:
    """The mean weight of a unit of weight in some rows, between their own and that of all, as there are many or few."""
    rows = divide(weight**2, square, 0.0)
    return (rows * divide(square, weight, 0.0) + AS_ALL * mean) / (rows + AS_ALL)


def deviate(part: Floats, rows: Floats, share: float) -> Floats:
    """The signed root of twice the log likelihood ratio of ``part`` of so many rows, where ``share`` is expected."""
    inside = np.clip(part, 0.0, 1.0)
    away = inside - share
    ratio = xlog1p(inside, away / share) + xlog1p(1 - inside, -away / (1 - share))
    return np.where(part > 1, np.inf, np.sign(away) * np.sqrt(2 * rows * np.maximum(ratio, 0)))


def xlog1p(x: Floats, y: Floats) -> Floats:
    """X log(1 + y), and 0 where x is 0."""
    return np.where(x == 0, 0.0, x * np.log1p(y))
