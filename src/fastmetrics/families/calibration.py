"""Metrics of scores that claim to be probabilities: how far they are from what happened.

Brier score and log loss are sums over rows and exact. Calibration errors compare, within ten groups of bins, the mean
score with the share of positives; both are exact, and only which rows share a group can depend on the bins. A group
of rows that holds a labelled score outside [0, 1] has none of these metrics.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics.aliases import Floats, Mask
from fastmetrics.arithmetic import divide
from fastmetrics.metric import Metric

__all__ = ["calibration_metrics", "judged", "tenth_of_score", "tenths"]

Places = NDArray[np.intp]

TENTHS = np.arange(11) / 10
CLIPPED = float(np.finfo(np.float64).eps)
NEAREST_SCORE = 1e-7  # scores closer to 0 or 1 enter the recalibration as if they were as close as this
NEWTON_STEPS = 50
HALVINGS = 60
erf = np.vectorize(math.erf, otypes=[np.float64])


def rows_of(c: Any) -> Any:
    """Labelled rows a bin."""
    return c.positive + c.negative


def judged(c: Any) -> Floats:
    """Labelled rows with a score, as a denominator: 0 where one of the scores is not a probability."""
    rows = rows_of(c)
    return np.where((rows[:, 0] > 0) | (rows[:, -1] > 0), 0, rows.sum(axis=1))


def added(values_at: Places, values: Floats, size: int) -> Floats:
    """The sum of the values at each place."""
    return np.asarray(np.bincount(values_at, values, size), np.float64)


def tenths(per_bin: Floats, place: Places) -> Floats:
    """Sums over the bins that share a place from 0 to 9, [groups, 10]; ``place`` is [bins] or [groups, bins]."""
    groups = len(per_bin)
    at = np.arange(groups)[:, None] * 10 + place
    return added(at.ravel(), per_bin.ravel(), groups * 10).reshape(groups, 10)


def tenth_of_score(edges: Floats) -> tuple[Places, Places]:
    """The tenth of [0, 1] of the lowest and of the highest score of each bin, as places from 0 to 9.

    The tenths include their lower end, the last one both ends.
    """
    lowest = np.searchsorted(TENTHS, edges, side="right") - 1
    highest = np.searchsorted(TENTHS, edges[1:], side="left") - 1
    low, high = np.r_[0, lowest, 9], np.r_[0, highest, 9, 9]
    return np.minimum(low, 9), np.minimum(high, 9)


def tenth_of_rank(c: Any) -> tuple[Places, Places, Places]:
    """The tenth of the rows, in order of score, that the first, middle and last row of each bin belong to."""
    rows = rows_of(c)
    total = rows.sum(axis=1, keepdims=True)
    end = np.cumsum(rows, axis=1)
    first, middle, last = (10 * divide(at, total, 0) for at in (end - rows, end - rows / 2, end))
    return whole(np.floor(first)), whole(np.floor(middle)), whole(np.maximum(np.ceil(last) - 1, np.floor(first)))


def whole(tenth: Floats) -> Places:
    return np.clip(tenth, 0, 9).astype(np.intp)


def summed_gaps(c: Any, place: Places) -> Any:
    """Rows times |share of positives - mean score|, added up over the ten places."""
    return np.abs(tenths(c.positive, place) - tenths(c.score_sum, place)).sum(axis=1)


def ends(edges: Floats) -> tuple[Floats, Floats]:
    """The least and the largest score that a bin may hold, 0 for the bins outside [0, 1]."""
    return np.r_[0.0, edges, 0.0], np.r_[0.0, edges[1:], edges[-1], 0.0]


def regrouped(c: Any, edges: Floats, uncertain: Mask) -> Floats:
    """How far another place for the rows of uncertain bins can move a calibration error.

    A row moved from one place to another changes both gaps by at most |label - score|, which the edges bound.
    """
    low, high = ends(edges)
    furthest = c.positive * (1 - low) + c.negative * high
    return divide(2 * np.where(uncertain, furthest, 0).sum(axis=1), judged(c))


def ece(c: Any, edges: Floats) -> Any:
    return summed_gaps(c, tenth_of_score(edges)[0])


def ece_error(c: Any, edges: Floats) -> Floats:
    low, high = tenth_of_score(edges)
    return regrouped(c, edges, low != high)


def ece_equal_mass(c: Any) -> Any:
    return summed_gaps(c, tenth_of_rank(c)[1])


def ece_equal_mass_error(c: Any, edges: Floats) -> Floats:
    first, _, last = tenth_of_rank(c)
    return regrouped(c, edges, first != last)


def mean_score(c: Any) -> Floats:
    """The mean score of each bin, some number in [0, 1] where it holds no probability."""
    return np.clip(divide(c.score_sum, rows_of(c), 0.5), 0, 1)


def squared_scores(c: Any, edges: Floats) -> Any:
    """About Σscore²: the largest it can be, as (score - low) (high - score) is never negative."""
    low, high = ends(edges)
    return (c.score_sum * (low + high) - rows_of(c) * low * high).sum(axis=1)


def fourth_powers(c: Any) -> Any:
    """About Σ(score - label)⁴, with the mean score of each bin for its scores."""
    p = mean_score(c)
    return (c.positive * (1 - p) ** 4 + c.negative * p**4).sum(axis=1)


def squared_log_losses(c: Any) -> Any:
    """About the sum of squared log losses, with the mean score of each bin for its scores."""
    p = np.clip(mean_score(c), CLIPPED, 1 - CLIPPED)
    return (c.positive * np.log(p) ** 2 + c.negative * np.log1p(-p) ** 2).sum(axis=1)


def bias(c: Any, edges: Floats) -> Any:
    """By how much chance alone raises `summed_gaps`: where the gap of a place is d with standard error s, a normal
    difference around d has the mean absolute value s * sqrt(2 / pi) * exp(-d² / 2s²) + d * erf(d / (s * sqrt(2))).
    """
    place = tenth_of_score(edges)[0]
    squares = c.values if c.squares is None else c.squares
    positive, rows = tenths(c.positive, place), tenths(rows_of(c), place)
    rate = divide(positive, rows, 0)
    spread = np.sqrt(
        tenths(squares["positive"], place) * (1 - rate) ** 2 + tenths(squares["negative"], place) * rate**2
    )
    d = np.abs(positive - tenths(c.score_sum, place))
    scaled = divide(d, spread * math.sqrt(2), math.inf)
    folded = spread * math.sqrt(2 / math.pi) * np.exp(-(scaled**2)) + d * erf(scaled)
    return (folded - d).sum(axis=1)


def ece_debiased_error(c: Any, edges: Floats) -> Floats:
    """The bias of any ten places lies between 0 and sqrt(2 / pi) times the sum of their standard errors."""
    squares = c.values if c.squares is None else c.squares
    most = np.sqrt(20 / math.pi * (squares["positive"] + squares["negative"]).sum(axis=1))
    moved = ece_error(c, edges)
    return np.where(moved > 0, moved + divide(most, judged(c)), moved)


def recalibration(c: Any) -> tuple[Floats, Floats]:
    """Intercept and slope of the logistic regression of the labels on the log-odds of each bin's mean score.

    NaN where the likelihood has no finite maximum: a class is missing, or no positive lies below a negative, or no
    negative below a positive.
    """
    group, at = np.nonzero(rows_of(c))
    n, k = rows_of(c)[group, at], c.positive[group, at]
    mean = np.clip(c.score_sum[group, at] / n, NEAREST_SCORE, 1 - NEAREST_SCORE)
    x = np.log(mean / (1 - mean))
    groups = len(c.positive)
    estimable = overlapping(group, x, k > 0, n > k, groups) & (judged(c) > 0)
    use = estimable[group]
    intercept, slope = logistic_fit(group[use], x[use], n[use], k[use], groups)
    return np.where(estimable, intercept, math.nan), np.where(estimable, slope, math.nan)


def overlapping(group: Places, x: Floats, positive: Mask, negative: Mask, groups: int) -> Mask:
    """Whether some positive of a group lies below some negative, and some negative below some positive."""
    lowest = np.full((2, groups), math.inf)
    highest = np.full((2, groups), -math.inf)
    for side, which in enumerate((positive, negative)):
        np.minimum.at(lowest[side], group[which], x[which])
        np.maximum.at(highest[side], group[which], x[which])
    both: Mask = (lowest[0] < highest[1]) & (lowest[1] < highest[0])
    return both


def logistic_fit(group: Places, x: Floats, n: Floats, k: Floats, groups: int) -> tuple[Floats, Floats]:
    """Intercept and slope of each group, k of n positive at x: Newton's method for all groups at once, a step that
    gains less than a quarter of what its slope promises is halved.
    """

    def total(values: Floats) -> Floats:
        return added(group, values, groups)

    def loss(a: Floats, b: Floats) -> Floats:
        z = a[group] + b[group] * x
        return total((n - k) * np.logaddexp(0, z) + k * np.logaddexp(0, -z))

    a, b = np.log(divide(total(k), total(n - k), 1)), np.zeros(groups)
    for _ in range(NEWTON_STEPS):
        z = a[group] + b[group] * x
        small = np.exp(-np.abs(z))
        p = np.where(z < 0, small, 1) / (1 + small)
        slack, weight = k - n * p, n * small / (1 + small) ** 2
        centre = divide(total(weight * x), total(weight), 0)
        away = x - centre[group]
        db = divide(total(slack * away), total(weight * away**2), 0)
        da = divide(total(slack), total(weight), 0) - db * centre
        gain = (da * total(slack) + db * total(slack * x)) / 4
        now = loss(a, b) * (1 + 1e-13)
        size = np.ones(groups)
        for _ in range(HALVINGS):
            short = now - loss(a + size * da, b + size * db) < size * gain
            if not short.any():
                break
            size[short] /= 2
        da, db = size * da, size * db
        a, b = a + da, b + db
        if (np.abs(da) + np.abs(db) < 1e-12 * (1 + np.abs(a) + np.abs(b))).all():
            break
    return a, b


def calibration_metrics(edges: Floats) -> tuple[Metric, ...]:
    """The rows of scores in bins between ``edges``, which run from 0 to 1.

    >>> [row.name for row in calibration_metrics(np.array([0.0, 0.5, 1.0]))][:4]
    ['log_loss', 'brier', 'mean_score', 'ece']
    """
    # fmt: off
    return (
        Metric("log_loss", lambda c: c.log_loss_sum.sum(axis=1), judged, "ratio", range=(0, math.inf), better="lower",
               scale="nats", interval="mean", square=squared_log_losses,
               aliases=("logloss", "cross_entropy", "binary_cross_entropy", "binary_crossentropy"),
               source="mean negative log likelihood; scores clipped at the epsilon of their dtype"),
        Metric("brier", lambda c: c.brier_sum.sum(axis=1), judged, "ratio", better="lower",
               aliases=("brier_score", "brier_score_loss"), interval="mean", square=fourth_powers,
               source="Brier 1950: mean squared difference of score and label"),
        Metric("mean_score", lambda c: c.score_sum.sum(axis=1), judged, "ratio", better=None,
               interval="mean", square=lambda c: squared_scores(c, edges), offered_for=("mean_prediction",),
               source="over labelled rows with a score, to be read beside their prevalence"),
        Metric("ece", lambda c: ece(c, edges), judged, better="lower", aliases=("expected_calibration_error",),
               error=lambda c: ece_error(c, edges),
               source="Naeini et al. 2015: mean |positive share - mean score| over ten equal widths"),
        Metric("ece_equal_mass", ece_equal_mass, judged, better="lower",
               error=lambda c: ece_equal_mass_error(c, edges),
               source="Nguyen and O'Connor 2015: the same over ten groups of about equally many rows"),
        Metric("ece_debiased", lambda c: ece(c, edges) - bias(c, edges), judged, range=(-1, 1), better="lower",
               error=lambda c: ece_debiased_error(c, edges),
               source="Kumar et al. 2019: ece less what chance adds to it, by the mean of the folded normal"),
        Metric("calibration_slope", lambda c: recalibration(c)[1], range=(-math.inf, math.inf), better=None,
               scale="log-odds", source="Cox 1958: b of logit(p) = a + b logit(mean score of a bin), 1 is calibrated"),
        Metric("calibration_intercept", lambda c: recalibration(c)[0], range=(-math.inf, math.inf), better=None,
               scale="log-odds", source="Cox 1958: a of logit(p) = a + b logit(mean score of a bin), 0 is calibrated"),
    )
    # fmt: on
