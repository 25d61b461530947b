"""Binomial log-likelihoods of counts, `bad` of `rows`, in nats."""

from __future__ import annotations

import numpy as np

from fastmetrics.aliases import Floats

__all__ = ["log_likelihood", "split_ratios"]


def split_ratios(bad: Floats, rows: Floats, all_bad: float, all_rows: float) -> Floats:
    """The log-likelihood ratio of two rates, `bad` of `rows` and what is left, against one."""
    apart = log_likelihood(bad, rows) + log_likelihood(all_bad - bad, all_rows - rows)
    return np.maximum(apart - log_likelihood(all_bad, all_rows), 0.0)


def log_likelihood(bad: Floats | float, rows: Floats | float) -> Floats:
    """The log-likelihood of `bad` of `rows` at their own rate; 0 where there are no rows."""
    good = np.maximum(np.subtract(rows, bad), 0.0)
    return xlogx(np.maximum(bad, 0.0)) + xlogx(good) - xlogx(np.maximum(rows, 0.0))


def xlogx(x: Floats) -> Floats:
    """The product of x and log x; 0 at 0."""
    return np.asarray(x * np.log(np.where(x > 0, x, 1.0)), np.float64)
