"""chrF and chrF++: n-grams of characters, and of words, that hypotheses have in common with their references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.arithmetic import divide
from fastmetrics.metric import Metric
from fastmetrics.texts.characters import characters
from fastmetrics.texts.chunks import Chunk, Ids
from fastmetrics.texts.measure import Measure, any_judged
from fastmetrics.texts.options import Options
from fastmetrics.texts.signatures import signature

__all__ = ["CHRF"]

TINY = 1e-16  # what stands for a precision or recall of nothing


def names(options: Options) -> tuple[str, ...]:
    """The cells: n-grams of the hypothesis, of the reference, and of both, for each order of characters, then words."""
    orders = [str(order) for order in range(1, options.char_order + 1)]
    orders += [f"word_{order}" for order in range(1, options.word_order + 1)]
    return tuple(f"chrf_{side}_{order}" for order in orders for side in ("hypothesis", "reference", "match"))


def count(chunk: Chunk, options: Options) -> Integers:
    """The integers of each row beside the reference that it has the best score with, the first of several."""
    letters = characters(chunk, options.whitespace, options.lowercase)
    found = [gram_counts(chunk, letters, options.char_order)]
    if options.word_order:
        found.append(gram_counts(chunk, chunk.ids("chrf", options.lowercase), options.word_order))
    counts = np.concatenate(found)
    pairs = chunk.pairs
    if len(pairs.rows) > len(chunk):
        counts = counts[:, pairs.best(f_score(list(counts), options))]
    return counts.T


def gram_counts(chunk: Chunk, ids: Ids, orders: int) -> Integers:
    """The integers of each pair of a row and a reference: a column each, three for each order."""
    pairs = chunk.pairs
    matches = np.empty(len(pairs.rows) * orders, np.int64)
    kernels.texts.common_grams.count_common_grams(
        *(ids.references, ids.reference_offsets, chunk.set_offsets),
        *(ids.hypotheses, ids.hypothesis_offsets, chunk.row_offsets),
        *(ids.types, orders, pairs.offsets, matches),
    )
    less = np.arange(orders)[:, None]
    reference = np.maximum(np.diff(ids.reference_offsets)[pairs.references] - less, 0)
    hypothesis = np.maximum(np.diff(ids.hypothesis_offsets)[pairs.rows] - less, 0)
    hypothesis[reference == 0] = 0  # as sacrebleu has it: not counted where the reference has none
    return np.stack([hypothesis, reference, matches.reshape(orders, -1)], axis=1).reshape(3 * orders, -1)


def f_score(counts: Sequence[Any], options: Options) -> Floats:
    """The score by its integers, from 0 to 100, in the order of operations of sacrebleu's CHRF."""
    factor = options.beta**2
    score = precision = recall = effective = np.zeros(np.shape(counts[0]))
    for order in range(options.char_order + options.word_order):
        hypothesis, reference, match = counts[3 * order : 3 * order + 3]
        p, r = divide(match, hypothesis, TINY), divide(match, reference, TINY)
        score = score + divide((1 + factor) * p * r, factor * p + r, TINY)
        there = (hypothesis > 0) & (reference > 0)
        precision, recall = precision + np.where(there, p, 0), recall + np.where(there, r, 0)
        effective = effective + there
    if options.eps_smoothing:
        return 100 * score / (options.char_order + options.word_order)
    precision, recall = divide(precision, effective, 0), divide(recall, effective, 0)
    return 100 * divide((1 + factor) * precision * recall, factor * precision + recall, 0)


def metrics(options: Options) -> tuple[Metric, ...]:
    cells = names(options)
    said = signature(
        options,
        case="lc" if options.lowercase else "mixed",
        eff="no" if options.eps_smoothing else "yes",
        nc=str(options.char_order),
        nw=str(options.word_order),
        space="yes" if options.whitespace else "no",
    )
    return (
        Metric(
            "chrf",
            lambda c: f_score([getattr(c, name) for name in cells], options),
            any_judged,
            range=(0, 100),
            scale="points",
            source="sacrebleu's CHRF (Popović 2015, 2017): the mean precision and recall of n-grams, recall beta times",
            signature=said,
        ),
    )


CHRF = Measure("chrf", count, metrics, names, tokens=False)
