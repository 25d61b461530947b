"""How varied hypotheses are: distinct n-grams of each, and how much of it repeats itself."""

from __future__ import annotations

from functools import partial

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Integers
from fastmetrics.metric import Metric
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.measure import Measure
from fastmetrics.texts.options import Options

__all__ = ["DISTINCT", "REPETITION"]

REPEATED = 4  # the order of n-grams whose repetition is measured


def count(chunk: Chunk, options: Options, order: int) -> Integers:
    """The distinct n-grams of an order in each hypothesis, and all of them."""
    tokens = chunk.tokens("hypotheses", options.tokenize or "none", options.lowercase)
    lengths, distinct = tokens.lengths, np.empty(len(tokens), np.int64)
    multiplier = kernels.texts.interning.MULTIPLIER
    kernels.texts.distinct.count_distinct(chunk.own_ids(tokens), tokens.offsets, order, multiplier, distinct)
    return np.column_stack([distinct, np.maximum(lengths - order + 1, 0)])


def distinct(order: int) -> Measure:
    """Distinct-n of Li et al. (2016), of each row: distinct and total n-grams are added up."""
    cells = (f"distinct{order}_types", f"distinct{order}_total")
    metric = Metric(
        f"distinct{order}",
        lambda c: getattr(c, cells[0]),
        lambda c: getattr(c, cells[1]),
        "ratio",
        source=f"distinct {order}-grams of each row / all {order}-grams, both added up",
    )
    return Measure(
        f"distinct{order}",
        partial(count, order=order),
        lambda options: (metric,),
        lambda options: cells,
        references=False,
    )


DISTINCT = tuple(map(distinct, range(1, 5)))

REPETITION = Measure(
    "repetition",
    partial(count, order=REPEATED),
    lambda options: (
        Metric(
            "repetition",
            lambda c: c.distinct4_total - c.distinct4_types,
            lambda c: c.distinct4_total,
            "ratio",
            better="lower",
            source="1 - distinct 4-grams of each row / all 4-grams (Welleck et al. 2020)",
        ),
    ),
    DISTINCT[REPEATED - 1].counts,
    references=False,
)
