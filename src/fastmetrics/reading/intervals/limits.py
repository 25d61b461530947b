"""What an interval method gives: the limits of a metric in every group, and what is known of their deviation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.metric import Cells, Metric

__all__ = ["EPSILON", "Limits", "Pair", "Reach", "added_variance", "left_over", "sides"]

Pair = tuple[Floats, Floats]
Reach = Callable[[Any], Pair]
"""From a quantile z, a number or one a group, to the lower and the upper limit of each group."""

EPSILON = float(np.finfo(np.float64).eps)


class Limits(NamedTuple):
    """The limits of a metric in every group.

    Attributes
    ----------
    at
        The limits at a quantile z.
    deviation, freedom
        Where the standard deviation of the metric is itself estimated from rows: that, and its degrees of freedom. The
        quantiles are then those of Student's t. NaN where the rows do not tell it.
    error
        The most by which binning can have moved the metric, beyond the limits.
    """

    at: Reach
    deviation: Floats | None = None
    freedom: Floats | None = None
    error: Floats | float = 0.0


def sides(metric: Metric, cells: Cells) -> Pair:
    """Numerator and denominator."""
    num = np.asarray(metric.num(cells), np.float64)
    return num, np.ones_like(num) if metric.den is None else np.asarray(metric.den(cells), np.float64)


def left_over(total: Any, taken: Any) -> Any:
    """The total less what is taken, and 0 where sums of weights leave nothing but rounding; of histograms likewise."""
    left = total - taken
    if not isinstance(left, np.ndarray | float):
        return left
    return np.where(np.abs(left) <= 64 * EPSILON * np.abs(total), 0.0, left)


def added_variance(each: Pair, freedom: Pair) -> Pair:
    """The sum of two variances that are estimated, and its degrees of freedom: Satterthwaite 1946, Welch 1947."""
    variance = each[0] + each[1]
    shaken = each[0] ** 2 / freedom[0] + each[1] ** 2 / freedom[1]
    return variance, np.where(variance > 0, variance**2 / shaken, freedom[0] + freedom[1])
