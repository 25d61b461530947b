"""Student's t distribution for many degrees of freedom at once, fractions among them.

With t = sqrt(v) sinh(y) the density of v degrees of freedom is proportional to cosh(y) ** -v, so a tail is one smooth
integral over another. Both are taken by the double exponential rule (Takahasi and Mori 1974): sums of positive numbers,
right to 1e-12 in the far tail too.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np

from fastmetrics.aliases import Floats

__all__ = ["few", "quantile", "tail"]

STEP = 1 / 16
NODES = np.arange(-64, 44) * STEP  # beyond them no integrand has anything left
PLACES = np.exp(math.pi / 2 * np.sinh(NODES))
WEIGHTS = STEP * math.pi / 2 * np.cosh(NODES) * PLACES
FARTHEST = 1e150  # its square is still a float
STEPS = 60  # of Newton's method; most quantiles take six
CLOSE = 1e-13
BITS = 12  # whole degrees of freedom up to 4096 stay what they are


def quantile(level: float, freedom: Any) -> Floats:
    """The t that a variable of so many degrees of freedom stays within, on both sides of 0, with probability ``level``.

    By Newton's method for log(tail) as a function of log(t), which is concave: from the normal quantile, which is never
    too large, the first step goes beyond the root and the others come back to it. NaN where ``freedom`` is not above 0.

    >>> quantile(0.95, [1, 4.5, 1e9]).round(4)
    array([12.7062,  2.6589,  1.96  ])
    """
    wanted, inverse = np.unique(np.asarray(freedom, np.float64), return_inverse=True)
    v = np.where(wanted > 0, wanted, math.nan)
    t = np.full_like(v, NormalDist().inv_cdf(0.5 + level / 2))
    for _ in range(STEPS):
        beyond, slope = tail_and_slope(t, v)
        step = np.log(2 * beyond / (1 - level)) / slope
        t = np.minimum(t * np.exp(step), FARTHEST)
        if not np.any(np.abs(step) > CLOSE):
            break
    found: Floats = t[inverse].reshape(np.shape(freedom))
    return found


def few(freedom: Floats) -> Floats:
    """Degrees of freedom rounded down to twelve binary digits, so that the quantiles of a million groups are few.

    >>> few(np.array([12.0, 12.999, 4095.0, 10001.0]))
    array([   12.        ,    12.99609375,  4095.        , 10000.        ])
    """
    fraction, exponent = np.frexp(freedom)
    found: Floats = np.ldexp(np.floor(np.ldexp(fraction, BITS)), exponent - BITS)
    return found


def tail(t: Any, freedom: Any) -> Floats:
    """The probability that a variable of so many degrees of freedom exceeds t >= 0.

    >>> tail([0.0, 2.0], [3, 3]).round(4)
    array([0.5   , 0.0697])
    """
    return tail_and_slope(np.minimum(t, FARTHEST), np.asarray(freedom, np.float64))[0]


def tail_and_slope(t: Any, v: Floats) -> tuple[Floats, Floats]:
    """The tail beyond t, and by which power of t it falls there: -d log(tail) / d log(t)."""
    at = t / np.sqrt(v + t * t)  # tanh(y)
    left = integral(at, v)
    return np.exp(-v / 2 * np.log1p(t * t / v)) * left / integral(np.zeros_like(v), v) / 2, at / left


def integral(at: Floats, v: Floats) -> Floats:
    """The integral of (cosh(y + x) / cosh(y)) ** -v over x from 0 up, where ``at`` is tanh(y)."""
    scale = 1 / (v * at + np.sqrt(v))
    total = np.zeros_like(scale)
    for place, weight in zip(PLACES, WEIGHTS, strict=True):
        x = scale * place
        total += weight * np.exp(-v * (x + np.log1p((1 - at) / 2 * np.expm1(-2 * x))))
    return scale * total
