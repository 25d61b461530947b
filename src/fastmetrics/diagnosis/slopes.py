"""How the calibration of scores changed: the slope of label on score, before and now."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from fastmetrics.diagnosis.leaves import Bins, Pair

__all__ = ["slope_change"]

Floats = NDArray[np.float64]

LEAST_ROWS = 50  # of each class
CHANCE = 2.6  # standard errors of the logarithm of the change: 1 in 100


def slope_change(pair: Pair, inside: NDArray[np.bool_]) -> float | None:
    """The slope of the log odds of the label on the log odds of the score, now over before; None where unknown.

    Logistic recalibration (Cox 1958) over bins: 1 is a slope as before, below 1 the scores became too extreme.
    """
    if pair.bins is None:
        return None
    fits = [fitted(side, pair.bins.logits, inside) for side in (pair.bins.before, pair.bins.now)]
    if any(fit is None for fit in fits):
        return None
    (before, spread_b), (now, spread_c) = fits  # type: ignore[misc]
    if before <= 0 or now <= 0:
        return None
    change = float(np.log(now / before))
    return now / before if abs(change) > CHANCE * sqrt((spread_b / before) ** 2 + (spread_c / now) ** 2) else None


def fitted(side: Bins, logits: Floats, inside: NDArray[np.bool_]) -> tuple[float, float] | None:
    """The slope and its standard error (Newton on two parameters)."""
    rows = inside[side.leaf]
    size = len(logits)
    negative = np.bincount(side.bin[rows], side.negative[rows], size)
    positive = np.bincount(side.bin[rows], side.positive[rows], size)
    if min(negative.sum(), positive.sum()) < LEAST_ROWS:
        return None
    n = negative + positive
    a, b = 0.0, 1.0
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(a + b * logits, -30, 30)))
        w = n * p * (1 - p)
        residual = positive - n * p
        gradient = np.array([residual.sum(), (residual * logits).sum()])
        hessian = np.array([[w.sum(), (w * logits).sum()], [(w * logits).sum(), (w * logits**2).sum()]])
        if np.linalg.cond(hessian) > 1e12:
            return None
        step = np.linalg.solve(hessian, gradient)
        a, b = a + float(np.clip(step[0], -2, 2)), b + float(np.clip(step[1], -2, 2))
        if np.abs(step).max() < 1e-8:
            break
    return b, sqrt(float(np.linalg.inv(hessian)[1, 1]))
