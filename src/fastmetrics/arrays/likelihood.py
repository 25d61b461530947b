"""Perplexity of token log-probabilities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl

from fastmetrics.aliases import Floats
from fastmetrics.arrays.undefined import warn_undefined
from fastmetrics.contract.blocks import Lists
from fastmetrics.errors import DataError
from fastmetrics.exact_sums import MOST_SUM, nearest
from fastmetrics.families.likelihood import METRICS, NATS, Base, check_base, positive, sum_lists
from fastmetrics.guard import FOREIGN, first_line
from fastmetrics.metric import Cells, find, value

__all__ = ["perplexity"]


def perplexity(log_probabilities: Any, *, base: Base = "e") -> float:
    """The perplexity of texts, exp of the mean of -ln p over all their tokens: 1 or more, infinite where p is 0.

    ``log_probabilities`` are the logarithms, to ``base``, of the probabilities of tokens: of one text, or a list for
    each of several, of any lengths, whose tokens then all count alike. None and NaN are no tokens; without any token
    the value is NaN and `UndefinedMetricWarning` says so. One above 0 is a `DataError`. The sum is exact, as that of
    `fastmetrics.likelihood`, and the formula the same.

    >>> perplexity([[-0.5, -1.5], [-1.0]])
    2.718281828459045
    >>> perplexity([-1.0], base="2")
    2.0
    """
    items = _tokens(log_probabilities)
    offsets = np.array([0, len(items)], np.int64)
    sums = sum_lists(Lists(offsets, items, np.empty(0, np.uint8)), NATS[check_base(base)])
    if sums.largest > 0:
        raise DataError(positive("log_probabilities", f"{sums.largest:g}"))
    if sums.reach >= MOST_SUM:
        raise DataError(
            f"log_probabilities add up to {sums.reach:.3g} nats; an exact sum holds less than {MOST_SUM:.3g}"
        )
    tokens, impossible = sums.counts.T
    if not tokens[0]:
        warn_undefined("Perplexity is undefined without a token, and set to nan")
        return math.nan
    cells = Cells({"tokens": tokens, "impossible": impossible, "nats": nearest(*sums.limbs.T)})
    return float(value(find("perplexity", METRICS), cells)[0])


def _tokens(given: Any) -> Floats:
    """All numbers of a vector, or of vectors in one, as float64 with NaN for null."""
    try:
        series = pl.Series("log_probabilities", given, strict=False)
        while isinstance(series.dtype, (pl.List, pl.Array)):
            series = series.explode()
    except FOREIGN as error:
        raise TypeError(f"log_probabilities are no lists of numbers: {first_line(error)}") from error
    if not (series.dtype.is_numeric() or series.dtype == pl.Null):
        raise DataError(f"log_probabilities hold {series.dtype}; numbers are needed")
    return series.cast(pl.Float64).to_numpy()
