"""The interval methods: one row each in INTERVALS, from the cells of many groups to the limits of a metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from statistics import NormalDist
from typing import Any

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.errors import SchemaError, unknown
from fastmetrics.metric import Cells, Metric, value
from fastmetrics.reading.intervals import student
from fastmetrics.reading.intervals.areas import ranked
from fastmetrics.reading.intervals.limits import Limits, Pair, Reach
from fastmetrics.reading.intervals.means import mean
from fastmetrics.reading.intervals.proportions import proportion
from fastmetrics.reading.intervals.quantiles import quantile_limits
from fastmetrics.reading.intervals.varied import PARTS, varied

__all__ = ["INTERVALS", "bounds", "limits", "moved", "quantile"]


@np.errstate(all="ignore")
def bounds(metric: Metric, cells: Cells, level: float = 0.95) -> Pair:
    """Lower and upper bound of the metric in every group: low <= value <= high, inside the range of the metric.

    They hold what binning can have changed, too: by so much they are wider on either side.

    NaN where the metric is undefined, where it has no interval method, and where the rows do not tell the spread that a
    mean needs: where there is one alone, or all are 0.

    Raises
    ------
    SchemaError
        ``level`` is not between 0 and 1; the metric names a method that is not in INTERVALS, or has a mean's
        interval without ``square``.

    >>> recall = Metric("recall", lambda c: c.tp, lambda c: c.tp + c.fn, "proportion")
    >>> low, high = bounds(recall, Cells({"tp": np.array([9.0, 0.0]), "fn": np.array([1.0, 0.0])}))
    >>> low.round(3), high.round(3)
    (array([0.596,   nan]), array([0.982,   nan]))
    """
    (smallest, largest), of = metric.range, limits(metric, cells)
    low, high = of.at(quantile(level, of.freedom))
    return np.maximum(low - of.error, np.minimum(low, smallest)), np.minimum(high + of.error, np.maximum(high, largest))


def quantile(level: float, freedom: Floats | None = None) -> Any:
    """What a standard normal variable, or a Student's t of each group, stays within with probability ``level``."""
    if not isinstance(level, (int, float)) or not 0 < level < 1:
        raise SchemaError(f"level={level!r} is not a number between 0 and 1, such as 0.95")
    return NormalDist().inv_cdf(0.5 + level / 2) if freedom is None else student.quantile(level, freedom)


def limits(metric: Metric, cells: Cells) -> Limits:
    """The limits of the metric's method: NaN where they are unknown, else from the range to the value."""
    center = value(metric, cells)
    if not metric.interval:
        return Limits(lambda z: (np.full_like(center, math.nan), np.full_like(center, math.nan)))
    if metric.interval not in INTERVALS:
        raise SchemaError(unknown("interval method", metric.interval, INTERVALS))
    of, (smallest, largest) = INTERVALS[metric.interval](metric, cells), metric.range
    gone = np.isnan(center) if of.freedom is None else np.isnan(center + of.freedom)

    def at(z: Any) -> Pair:
        low, high = of.at(z)
        low, high = np.fmin(np.fmax(low, smallest), center), np.fmax(np.fmin(high, largest), center)
        return np.where(gone, math.nan, low), np.where(gone, math.nan, high)

    return of._replace(at=at, error=moved(metric, cells))


def moved(metric: Metric, cells: Cells) -> Floats | float:
    """The most by which binning can have moved the metric."""
    return 0.0 if metric.error is None else np.asarray(metric.error(cells), np.float64)


def normal(reach: Callable[[Metric, Cells], Reach]) -> Callable[[Metric, Cells], Limits]:
    """A method that estimates no deviation."""
    return lambda metric, cells: Limits(reach(metric, cells))


INTERVALS: Mapping[str, Callable[[Metric, Cells], Limits]] = {
    "wilson": normal(proportion),
    "jaccard": normal(partial(proportion, halves=True)),
    **{name: normal(partial(varied, parts=parts)) for name, parts in PARTS.items()},
    "mean": mean,
    "root_mean": partial(mean, power=2),
    "auc": ranked,
    "rank": normal(quantile_limits),
}
"""The interval methods by the name that a `Metric` carries."""
