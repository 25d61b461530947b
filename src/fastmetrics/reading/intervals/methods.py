"""The interval methods: one row each in INTERVALS, from the cells of many groups to the limits of a metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.arithmetic import divide
from fastmetrics.errors import SchemaError, unknown
from fastmetrics.families.binary import CONFUSION
from fastmetrics.families.ranking import half_below
from fastmetrics.metric import Cells, Metric, value
from fastmetrics.reading.intervals import student

__all__ = ["INTERVALS", "bounds", "wilson"]

Pair = tuple[Floats, Floats]
Reach = Callable[[Any], Pair]
"""From a quantile z, a number or one a group, to the lower and the upper limit of each group."""
Move = Callable[[Any], tuple[dict[str, Floats], dict[str, Floats]]]
"""From z to the cells that change when one independent part of the data sits at its lower or its upper limit."""

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


def sides(metric: Metric, cells: Cells) -> Pair:
    """Numerator and denominator."""
    num = np.asarray(metric.num(cells), np.float64)
    return num, np.ones_like(num) if metric.den is None else np.asarray(metric.den(cells), np.float64)


def left_over(total: Floats, taken: Floats) -> Floats:
    """The total less what is taken, and 0 where sums of weights leave nothing but rounding."""
    left = total - taken
    return np.where(np.abs(left) <= 64 * EPSILON * np.abs(total), 0.0, left)


class Reading(dict[str, Any]):
    """Cells that note which of them are read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.names: dict[str, None] = {}

    def __getitem__(self, name: str) -> Any:
        self.names[name] = None
        return super().__getitem__(name)


def read_by(metric: Metric, cells: Cells) -> list[str]:
    """The names of the cells that the formulas of a metric read."""
    reading = Reading(cells.values)
    for formula in (metric.num, metric.den, metric.square):
        if formula is not None:
            formula(Cells(reading))
    return list(reading.names)


# Proportions


@np.errstate(all="ignore")
def wilson(p: Floats | float, n: Floats | float, z: Any) -> Pair:
    """Limits of a proportion p of n rows: Wilson 1927. Of no rows 0 and 1."""
    a = z * z / np.asarray(n, np.float64)
    center, reach = (p + a / 2) / (1 + a), z * np.sqrt((p * (1 - p) + a / 4) / n) / (1 + a)
    return np.where(n > 0, center - reach, 0.0), np.where(n > 0, center + reach, 1.0)


def split(hits: Floats, misses: Floats, squares: Pair | None, heaviest: Floats) -> Reach:
    """Limits of hits / (hits + misses).

    Were the proportion q, then with mean weights v of hits and w of misses the variance would be that of
    n(q) = (hits + misses) / ((1 - q) v + q w) equal rows: each limit is Wilson's with the n of that limit itself.
    A side without rows has the weight ``heaviest``; v and w are drawn to the larger of the two, as by one more row.
    """
    total = hits + misses
    p = divide(hits, total, 0.5)
    if squares is None:
        return lambda z: wilson(p, total, z)
    each = [np.where(side > 0, of / side, heaviest) for side, of in zip((hits, misses), squares, strict=True)]
    v, w = (mean_weight(side, of, np.maximum(*each)) for side, of in zip((hits, misses), squares, strict=True))

    def at(z: Any) -> Pair:
        low = high = p
        for _ in range(4):
            low, high = (wilson(p, total / ((1 - q) * v + q * w), z)[end] for end, q in enumerate((low, high)))
        return low, high

    return at


def mean_weight(total: Floats, squares: Floats, top: Floats) -> Floats:
    """The mean weight Σw² / Σw of the rows of a cell, drawn to ``top`` as by one more row; ``top`` without rows."""
    rows = total * total / squares
    drawn = np.exp((rows * np.log(squares / total) + np.log(top)) / (rows + 1))
    return np.where(total > 0, drawn, top)


def heaviest(metric: Metric, cells: Cells) -> Floats:
    """The largest mean weight among the cells that the metric reads and the confusion cells beside them."""
    if cells.squares is None:
        return np.ones(())
    squares, values, groups = cells.squares, cells.values, value(metric, cells).ndim
    names = [name for name in dict.fromkeys((*read_by(metric, cells), *CONFUSION)) if name in squares]
    each = [np.where(values[name] > 0, squares[name] / values[name], 0.0) for name in names]
    return np.asarray(np.fmax.reduce([of.max(axis=tuple(range(groups, of.ndim)), initial=0.0) for of in each]))


def proportion(metric: Metric, cells: Cells, halves: bool = False) -> Reach:
    """Wilson's limits of num / den; with ``halves`` those of j in num / den = 2 j / (1 + j): Takahashi et al. 2022."""

    def parts(c: Cells) -> Pair:
        num, den = sides(metric, c)
        return num / 2 if halves else num, left_over(den, num)

    squares = None if cells.squares is None else parts(Cells(cells.squares))
    of = split(*parts(cells), squares, heaviest(metric, cells))

    def doubled(z: Any) -> Pair:
        low, high = of(z)
        return 2 * low / (1 + low), 2 * high / (1 + high)

    return doubled if halves else of


# Any formula over counts


def varied(metric: Metric, cells: Cells, parts: Sequence[tuple[str, str]] | None = None) -> Reach:
    """Limits of a formula from those of the independent parts of its cells: Zou and Donner 2008.

    A part is a pair of cells whose rows go from one to the other, or a cell alone; by default each cell alone.
    """
    return combined(partial(value, metric), cells, moves(metric, cells, parts))


def moves(metric: Metric, cells: Cells, parts: Sequence[tuple[str, str]] | None = None) -> list[Move]:
    """How each part moves to its limits."""
    top = heaviest(metric, cells)
    if parts is None:
        return [growth(cells, name, top) for name in read_by(metric, cells)]
    return [exchange(cells, hit, miss, top) for hit, miss in parts]


def combined(of: Callable[[Cells], Floats], cells: Cells, moves: Sequence[Move]) -> Reach:
    """The value, less and more the root of the squares of what each move alone does to it.

    A move to where the formula is undefined does nothing. Where no move alone does anything (the root of recall times
    specificity, both 0), all move together. A formula that turns back on the way (only kappa, where it is no better
    than chance: errors that outgrow a table first lower and then raise it) can have narrower limits at a larger z.
    """
    center = of(cells)

    def shift(*ends: dict[str, Floats]) -> Floats:
        moved = dict(cells.values)
        for end in ends:
            moved.update(end)
        return np.nan_to_num(of(Cells(moved)) - center)

    def at(z: Any) -> Pair:
        ends = [move(z) for move in moves]
        shifts = [(shift(low), shift(high)) for low, high in ends]
        below = np.sqrt(sum(np.minimum(np.minimum(low, high), 0) ** 2 for low, high in shifts))
        above = np.sqrt(sum(np.maximum(np.maximum(low, high), 0) ** 2 for low, high in shifts))
        still = (below == 0) & (above == 0) & ~np.isnan(center)
        if np.any(still):
            corners = np.array([shift(*corner) for corner in product(*ends)])
            below = np.where(still, -np.minimum(corners.min(axis=0), 0), below)
            above = np.where(still, np.maximum(corners.max(axis=0), 0), above)
        return center - below, center + above

    return at


def exchange(cells: Cells, hit: str, miss: str, heaviest: Floats) -> Move:
    """Rows that go from one cell to another while their total stays: a proportion of it."""
    squares = None if cells.squares is None else (cells.squares[hit], cells.squares[miss])
    hits, misses = cells.values[hit], cells.values[miss]
    of, total = split(hits, misses, squares, heaviest), hits + misses

    def at(z: Any) -> tuple[dict[str, Floats], dict[str, Floats]]:
        low, high = ({hit: total * share, miss: total * (1 - share)} for share in of(z))
        return low, high

    return at


def growth(cells: Cells, name: str, heaviest: Floats) -> Move:
    """A cell alone, the count k of a Poisson variable: its score limits are the m with (k - m)² = z² m."""
    total = cells.values[name]
    each = heaviest if cells.squares is None else mean_weight(total, cells.squares[name], heaviest)
    count = total / each

    def at(z: Any) -> tuple[dict[str, Floats], dict[str, Floats]]:
        high = count + z * z / 2 + z * np.sqrt(count + z * z / 4)
        low = np.where(high > 0, count * count / high, 0.0)
        return {name: low * each}, {name: high * each}

    return at


# Means and ranks


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
    freedom = student.few(rows - 1 + 0 * deviation)
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
    freedom = student.few((rows - 1) / (1 + rows * r * r))
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

    return Limits(at, width * np.sqrt(most / equal), student.few(rows - 1 + 0 * deviation))


def ranked(metric: Metric, cells: Cells) -> Limits:
    """Wilson's limits of the area under the ROC curve, of as many rows as give it the variance of DeLong et al. 1988.

    That variance is taken from `histograms`; the number of rows is at most that of the pairs. The variances of both
    classes are estimated, from p and n rows: their sum has the degrees of freedom of Satterthwaite 1946, as in the test
    of Brunner and Munzel 2000.
    """
    pos, neg, pos2, neg2 = histograms(cells)
    area, of_pos, of_neg = influence(pos, neg)
    p, n = (side.sum(-1) ** 2 / side2.sum(-1) for side, side2 in ((pos, pos2), (neg, neg2)))
    each = (pos2 * of_pos**2).sum(-1) / (1 - 1 / p), (neg2 * of_neg**2).sum(-1) / (1 - 1 / n)
    variance, freedom = added_variance(each, (p - 1, n - 1))
    reach = partial(wilson, value(metric, cells), np.minimum(area * (1 - area) / variance, p * n))
    return Limits(reach, np.sqrt(variance), student.few(freedom))


def added_variance(each: Pair, freedom: Pair) -> Pair:
    """The sum of two variances that are estimated, and its degrees of freedom: Satterthwaite 1946, Welch 1947."""
    variance = each[0] + each[1]
    shaken = each[0] ** 2 / freedom[0] + each[1] ** 2 / freedom[1]
    return variance, np.where(variance > 0, variance**2 / shaken, freedom[0] + freedom[1])


def histograms(cells: Cells) -> tuple[Floats, Floats, Floats, Floats]:
    """Σw of positives and negatives and Σw² of both, [groups, bins] by rising score, with one more row of each class.

    That row, of half the mean weight of its class, is scored like the other class: so a perfect order has a variance
    too, as a proportion of 1 has with half a failure added to it.
    """
    squares = cells if cells.squares is None else Cells(cells.squares)
    p, n, p2, n2 = (
        of.sum(-1, keepdims=True) for of in (cells.positive, cells.negative, squares.positive, squares.negative)
    )
    u, v, like_pos, like_neg = p2 / p / 2, n2 / n / 2, cells.positive / p, cells.negative / n
    return (
        cells.positive + u * like_neg,
        cells.negative + v * like_pos,
        squares.positive + u * u * like_neg,
        squares.negative + v * v * like_pos,
    )


def influence(pos: Floats, neg: Floats) -> tuple[Floats, Floats, Floats]:
    """The area under the ROC curve, and how much it grows with the weight of a positive, of a negative, in each bin."""
    p, n = pos.sum(-1, keepdims=True), neg.sum(-1, keepdims=True)
    below, above = half_below(neg) / n, 1 - half_below(pos) / p
    area = (pos * below).sum(-1, keepdims=True) / p
    return area[..., 0], (below - area) / p, (above - area) / n


PARTS: Mapping[str, Sequence[tuple[str, str]] | None] = {
    "by_label": (("tp", "fn"), ("tn", "fp")),
    "by_prediction": (("tp", "fp"), ("tn", "fn")),
    "cells": None,
}
"""What varies on its own, of the methods that vary cells."""


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
}
"""The interval methods by the name that a `Metric` carries."""
