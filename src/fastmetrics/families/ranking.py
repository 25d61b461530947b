"""Metrics of how well scores rank: formulas over the counts of each class in each bin, [groups, bins] arrays.

Within a bin the order of the scores is unknown. The value takes them as tied, as scikit-learn does for scores rounded
down to their edge; ``error`` bounds how far any order within the bins can lie from that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.arithmetic import divide
from fastmetrics.metric import Metric

__all__ = ["RANKING", "half_below", "reached"]

AT_LAST_EDGE = -2  # the bin that holds one score only, so its ties are real


def pos(c: Any) -> Any:
    return c.positive.sum(axis=1)


def neg(c: Any) -> Any:
    return c.negative.sum(axis=1)


def pairs(c: Any) -> Any:
    return pos(c) * neg(c)


def reached(counts: Floats) -> Floats:
    """How many rows of each group lie in each bin or above it."""
    return np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]


def passed(counts: Floats) -> Floats:
    """How many rows of each group lie above each bin."""
    return np.pad(reached(counts)[:, 1:], ((0, 0), (0, 1)))


def half_below(counts: Floats) -> Floats:
    """How many rows of each group lie below the middle of each bin: those of lower bins and half of its own."""
    return np.asarray(counts.cumsum(-1) - counts / 2)


def ordered_pairs(c: Any) -> Any:
    return (c.positive * half_below(c.negative)).sum(axis=1)


def unordered(per_bin: Floats) -> Floats:
    """A number a bin, 0 in the bin whose scores are all equal."""
    per_bin = per_bin.copy()
    per_bin[:, AT_LAST_EDGE] = 0
    return per_bin


def roc_auc_error(c: Any) -> Floats:
    """Half of the pairs that share a bin: ordered all right or all wrong they move the value so far."""
    return divide(unordered(c.positive * c.negative).sum(axis=1) / 2, pairs(c))


def summed_precision(c: Any) -> Any:
    return (c.positive * divide(reached(c.positive), reached(c.positive) + reached(c.negative), 0)).sum(axis=1)


def average_precision_error(c: Any) -> Floats:
    """The best order in a bin has its positives first and tied: all gain (t + p) / (t + p + f), with t and f rows
    above of either class. The worst has its negatives first and the positives spread: the k-th gains
    (t + k) / (t + k + f + n), and their sum is at least the integral over k from 0 to p.
    """
    above, wrong = passed(c.positive), passed(c.negative)
    right, before = reached(c.positive), wrong + c.negative
    tied = c.positive * divide(right, right + before, 0)
    best = c.positive * divide(right, right + wrong, 0)
    worst = c.positive - before * np.log1p(divide(c.positive, above + before, 0))
    gain, loss = (unordered(side).sum(axis=1) for side in (best - tied, tied - worst))
    return divide(np.maximum(np.maximum(gain, loss), 0), pos(c))


def widest_gap(c: Any) -> Any:
    return gap(reached(c.positive), reached(c.negative), c).max(axis=1)


def gap(true: Floats, false: Floats, c: Any) -> Any:
    """|tpr - fpr| times the pairs, where so many of either class lie at or above a threshold."""
    return np.abs(true * neg(c)[:, None] - false * pos(c)[:, None])


def ks_error(c: Any) -> Floats:
    """Inside a bin the gap is widest when one class comes wholly before the other."""
    positives_first = gap(reached(c.positive), passed(c.negative), c)
    negatives_first = gap(passed(c.positive), reached(c.negative), c)
    widest = unordered(np.maximum(positives_first, negatives_first)).max(axis=1)
    return divide(np.maximum(widest - widest_gap(c), 0), pairs(c))


# fmt: off
RANKING: tuple[Metric, ...] = (
    Metric("roc_auc", ordered_pairs, pairs, interval="auc", error=roc_auc_error,
           aliases=("auc", "AUC", "auroc", "AUROC", "auc_roc", "roc_auc_score"),
           source="Hanley and McNeil 1982: share of pairs ranked right, ties counted half"),
    Metric("average_precision", summed_precision, pos, error=average_precision_error,
           aliases=("ap", "AP", "average_precision_score", "pr_auc"),
           source="the area under the steps of precision over recall, without interpolation: sum of (recall - recall "
                  "before) * precision over the thresholds"),
    Metric("ks", widest_gap, pairs, error=ks_error, aliases=("ks_statistic",),
           source="Kolmogorov and Smirnov: the largest |tpr - fpr| of any threshold"),
)
# fmt: on
