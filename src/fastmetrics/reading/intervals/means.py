"""Limits of means by Student's t, on a scale that keeps the range of the metric."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.errors import SchemaError
from fastmetrics.metric import Cells, Metric
from fastmetrics.reading.intervals.limits import EPSILON, Limits, Pair, left_over, sides
from fastmetrics.reading.intervals.proportions import wilson
from fastmetrics.reading.intervals.student import few

__all__ = ["mean"]


def mean(metric: Metric, cells: Cells, power: int = 1) -> Limits:
    """Limits of the mean of den rows num / den, or with ``power`` 2 of the root of such a mean, by Student's t.

    With Σx² in ``metric.square`` the variance is (Σx²/n - mean²) / (n - 1), weighted Σw²(x - mean)² / ((Σw)² - Σw²), of
    n = (Σw)² / Σw² rows (Kish 1965). What rounding may have lost of it is added, and what may be nothing but rounding
    is 0.
    """
    if metric.square is None:
        raise SchemaError(f"metric {metric.name!r} needs square=, its num with every summand squared, for its interval")
    squares = cells if cells.squares is None else Cells(cells.squares)
    num, den, num2, den2 = (side**power for side in (*sides(metric, cells), *sides(metric, squares)))
    total, center, rows = np.asarray(metric.square(squares), np.float64), num / den, den * den / den2
    apart, lost, pairs = total - center * (2 * num2 - center * den2), 4 * EPSILON * total, left_over(den * den, den2)
    deviation = np.sqrt(np.where(apart > 2 * lost, apart + lost, 0) / np.where(pairs > 0, pairs, math.nan))
    ends = metric.range[0] ** power, metric.range[1] ** power
    scale = on_own_scale if math.isinf(ends[0]) else on_log_scale if math.isinf(ends[1]) else between
    of = scale(ends, center, deviation, rows)
    return of if power == 1 else root(of, center)


def root(of: Limits, center: Floats) -> Limits:
    """The limits of the root of a mean."""
    assert of.deviation is not None

    def at(z: Any) -> Pair:
        low, high = of.at(z)
        return np.sqrt(np.maximum(low, 0)), np.sqrt(high)

    return of._replace(at=at, deviation=of.deviation / (2 * np.sqrt(center)))


def one_more(deviation: Floats, center: Floats, rows: Floats) -> Floats:
    """The deviation of a mean; of rows that are all alike as if one more were as far from them as 0, NaN if all are."""
    told = np.where(deviation == 0, np.abs(center) / rows, deviation)
    return np.where(told > 0, told, math.nan)


def on_own_scale(ends: tuple[float, float], center: Floats, deviation: Floats, rows: Floats) -> Limits:
    """Limits of a mean of any numbers: Student 1908."""
    deviation = one_more(deviation, center, rows)
    freedom = few(rows - 1 + 0 * deviation)
    return Limits(lambda z: (center - z * deviation, center + z * deviation), deviation, freedom)


def on_log_scale(ends: tuple[float, float], center: Floats, deviation: Floats, rows: Floats) -> Limits:
    """Limits of a mean of numbers above the lower end, from those of its logarithm.

    The deviation of that is r, the deviation of the mean over the mean. Estimated from gamma variables, as the squares
    of normal errors are, r² has (n - 1) / (1 + n r²) degrees of freedom by the rule of Satterthwaite 1946: its relative
    variance is 2 / (n - 1) + 2 n r² / n.
    """
    above = center - ends[0]
    deviation = one_more(deviation, above, rows)
    r = deviation / above
    freedom = few((rows - 1) / (1 + rows * r * r))
    return Limits(lambda z: (ends[0] + above * np.exp(-z * r), ends[0] + above * np.exp(z * r)), deviation, freedom)


def between(ends: tuple[float, float], center: Floats, deviation: Floats, rows: Floats) -> Limits:
    """Limits of a mean between two ends: Wilson's, of as many rows as give a share of the way the same variance.

    Rows that are all alike may be any numbers: no variance of such a mean is larger than that of a proportion.
    """
    width = ends[1] - ends[0]
    share = (center - ends[0]) / width
    most = share * (1 - share)
    equal = np.where(deviation > 0, most * (width / deviation) ** 2, rows)

    def at(z: Any) -> Pair:
        low, high = wilson(share, equal, z)
        return ends[0] + width * low, ends[0] + width * high

    return Limits(at, width * np.sqrt(most / equal), few(rows - 1 + 0 * deviation))
