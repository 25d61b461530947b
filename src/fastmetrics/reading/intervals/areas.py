"""Limits of the area under the ROC curve."""

from __future__ import annotations

from functools import partial

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.families.ranking import half_below
from fastmetrics.metric import Cells, Metric, value
from fastmetrics.reading.intervals.limits import Limits, added_variance
from fastmetrics.reading.intervals.proportions import wilson
from fastmetrics.reading.intervals.student import few

__all__ = ["histograms", "influence", "ranked"]


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
    return Limits(reach, np.sqrt(variance), few(freedom))


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
