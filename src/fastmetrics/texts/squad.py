"""Exact match and token F1, as the evaluation script of SQuAD (Rajpurkar et al. 2016, 2018) computes them."""

from __future__ import annotations

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.metric import Metric
from fastmetrics.texts.chunks import Chunk, Side
from fastmetrics.texts.measure import Measure
from fastmetrics.texts.options import Options
from fastmetrics.texts.ratios import beside_totals, ratios

__all__ = ["EXACT_MATCH", "TOKEN_F1"]

SIDES: tuple[Side, Side] = ("hypotheses", "references")


def matched(chunk: Chunk, options: Options) -> Integers:
    """Whether each answer is, normalised, one of its references."""
    said, wanted = (chunk.tokens(side, "none_answers", lowercase=True) for side in SIDES)
    pairs = chunk.pairs
    equal = np.empty(len(pairs.rows), np.int64)
    kernels.texts.equal.find_equal(
        *(said.data, said.starts, said.ends, said.offsets),
        *(wanted.data, wanted.starts, wanted.ends, wanted.offsets),
        *(pairs.rows, pairs.references, equal),
    )
    return np.maximum.reduceat(equal, pairs.offsets[:-1]).reshape(-1, 1)


def overlaps(chunk: Chunk, options: Options) -> Integers:
    """The tokens that each answer and the reference that it is most like have in common, and those of either.

    Of several references with the greatest F1 it is the first.
    """
    ids, pairs = chunk.ids(f"{options.tokenize or 'none'}_answers", lowercase=True), chunk.pairs
    common = np.empty(len(pairs.rows), np.int64)
    kernels.texts.bags.count_common(
        *(ids.hypotheses, ids.hypothesis_offsets, ids.references, ids.reference_offsets, ids.types),
        *(pairs.rows, pairs.references, common),
    )
    found = beside_totals(common, ids.hypothesis_offsets, ids.reference_offsets, chunk)
    return found if len(found) == len(chunk) else found[pairs.best(f1(found)[:, 0])]


def f1(found: Integers) -> Floats:
    """The harmonic mean of precision and recall, whose order of operations is also that of the script.

    Where both have no tokens it is 1, as in version 2.0 of the script; version 1.1 has 0.
    """
    neither = (found[:, 1] == 0) & (found[:, 2] == 0)
    return np.where(neither, 1.0, ratios(found)[:, 2]).reshape(-1, 1)


# fmt: off
EXACT_MATCH = Measure(
    "exact_match",
    matched,
    lambda options: (
        Metric("exact_match", lambda c: c.exact_match, lambda c: c.judged, "proportion",
               source="share of answers that are a reference but for case, punctuation, articles and white space: "
               "SQuAD", events="answers equal to a reference"),
    ),
    counts=lambda options: ("exact_match",),
)

TOKEN_F1 = Measure(
    "token_f1",
    overlaps,
    lambda options: (
        Metric("token_f1", lambda c: c.token_f1, lambda c: c.judged, "ratio",
               source="mean over answers of the F1 of their tokens, the best of several references: SQuAD"),
    ),
    exacts=lambda options: ("token_f1",),
    ratios=f1,
)
# fmt: on
