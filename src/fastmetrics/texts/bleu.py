"""BLEU (Papineni et al. 2002), as sacrebleu computes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from fastmetrics.aliases import Floats, Integers
from fastmetrics.arithmetic import divide
from fastmetrics.metric import Metric
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.lengths import closest_lengths
from fastmetrics.texts.measure import Measure, any_judged
from fastmetrics.texts.ngrams import matches, ngrams
from fastmetrics.texts.options import Options
from fastmetrics.texts.signatures import signature

__all__ = ["BLEU"]

DEFAULT_VALUES = {"floor": 0.1, "add-k": 1.0}
LOG_OF_ZERO = -9999999999  # sacrebleu's


def orders(options: Options) -> range:
    return range(1, options.bleu_order + 1)


def tokeniser_of(options: Options) -> str:
    return options.tokenize or "13a"


def cells(options: Options) -> tuple[str, ...]:
    return (
        *("bleu_hypothesis_length", "bleu_reference_length"),
        *(f"bleu_matches_{order}" for order in orders(options)),
        *(f"bleu_totals_{order}" for order in orders(options)),
    )


def count(chunk: Chunk, options: Options) -> Integers:
    """Two lengths, then for each order how many n-grams match, and how many there are."""
    tokeniser, lowercase = tokeniser_of(options), options.lowercase
    hypotheses = chunk.tokens("hypotheses", tokeniser, lowercase).lengths
    references = chunk.tokens("references", tokeniser, lowercase).lengths
    return np.column_stack(
        [
            *(hypotheses, closest_lengths(hypotheses, references, chunk)),
            *(matches(chunk, ngrams(chunk, tokeniser, lowercase, order)) for order in orders(options)),
            *(np.maximum(hypotheses - order + 1, 0) for order in orders(options)),
        ]
    )


class Parts(NamedTuple):
    """What BLEU is made of, of each group."""

    penalty: Floats
    precisions: list[Floats]  # of each order, in percent
    used: Integers  # how many orders count


def parts(cells: Any, options: Options) -> Parts:
    """The brevity penalty and the smoothed precisions."""
    found = [np.asarray(getattr(cells, f"bleu_matches_{order}"), np.float64) for order in orders(options)]
    totals = [np.asarray(getattr(cells, f"bleu_totals_{order}"), np.float64) for order in orders(options)]
    some = np.logical_or.reduce([matched > 0 for matched in found])
    unit = one_ngram(cells)
    added = smooth_value(options) * unit if options.smooth == "add-k" else 0.0
    doubled, going = np.ones(some.shape), some
    used = np.zeros(some.shape, np.int64)
    precisions = []
    for order, matched, total in zip(orders(options), found, totals, strict=True):
        if order > 1:
            matched, total = matched + added, total + added
        going = going & (total != 0)
        used = used + going
        none = going & (matched == 0)
        precision = np.where(going, divide(100.0 * matched, total, 0), 0.0)
        if options.smooth == "exp":
            doubled = np.where(none, doubled * 2, doubled)
            precision = np.where(none, divide(100.0 * unit, doubled * total, 0), precision)
        elif options.smooth == "floor":
            precision = np.where(none, divide(100.0 * smooth_value(options) * unit, total, 0), precision)
        precisions.append(precision)
    if not options.effective_order:
        used = np.full(some.shape, options.bleu_order)
    return Parts(brevity_penalty(cells), precisions, np.where(some, used, 0))


def one_ngram(cells: Any) -> Any:
    """What smoothing takes for an n-gram: 1, or the mean weight of rows where that is less, as n-grams have weights."""
    if cells.squares is None:
        return 1.0
    return np.minimum(1.0, divide(cells.squares["judged"], cells.judged, 0))


def smooth_value(options: Options) -> float:
    return DEFAULT_VALUES[options.smooth] if options.smooth_value is None else options.smooth_value


def brevity_penalty(cells: Any) -> Floats:
    """What texts shorter than their references are scaled down by: 1 for others, 0 for no text."""
    hypothesis = np.asarray(cells.bleu_hypothesis_length, np.float64)
    reference = np.asarray(cells.bleu_reference_length, np.float64)
    short = hypothesis < reference
    penalties = np.where(short & (hypothesis == 0), 0.0, 1.0)
    there = short & (hypothesis > 0)
    penalties[there] = [math.exp(power) for power in (1 - reference[there] / hypothesis[there]).tolist()]
    return penalties


def score(cells: Any, options: Options) -> Floats:
    """The geometric mean of the precisions, scaled down by the brevity penalty.

    Python's logarithm, exponential and sum, a group at a time, so that no bit differs from sacrebleu's.
    """
    made = parts(cells, options)
    some = made.used > 0
    scores = np.zeros(some.shape)
    logs = zip(*([log(precision) for precision in column[some].tolist()] for column in made.precisions), strict=True)
    used = made.used[some].tolist()
    means = [math.exp(sum(row[:orders]) / orders) for row, orders in zip(logs, used, strict=True)]
    scores[some] = made.penalty[some] * means
    return scores


def log(precision: float) -> float:
    """The logarithm; a difference of counts may have fewer than no matches, and no logarithm then."""
    if precision > 0:
        return math.log(precision)
    return LOG_OF_ZERO if precision == 0 else math.nan


def precision(cells: Any, options: Options, order: int) -> Floats:
    return parts(cells, options).precisions[order - 1]


def of_judged(name: str, formula: Callable[[Any], Floats], **more: Any) -> Metric:
    """A metric that has a value wherever a row is judged."""
    return Metric(name, formula, any_judged, scale="points", **more)


def metrics(options: Options) -> tuple[Metric, ...]:
    smooth = options.smooth + (f"[{smooth_value(options):.2f}]" if options.smooth in DEFAULT_VALUES else "")
    said = signature(
        options,
        case="lc" if options.lowercase else "mixed",
        eff="yes" if options.effective_order else "no",
        tok="none" if options.tokenize == "tokens" else tokeniser_of(options),
        smooth=smooth,
    )
    # fmt: off
    return (
        of_judged("bleu", partial(score, options=options), range=(0, 100), signature=said,
                  source="Papineni et al. 2002, as sacrebleu"),
        Metric("bleu_brevity_penalty", brevity_penalty, any_judged, signature=said,
               source="exp(1 - reference length / hypothesis length), at most 1"),
        Metric("bleu_length_ratio", lambda c: c.bleu_hypothesis_length, lambda c: c.bleu_reference_length, "ratio",
               range=(0, math.inf), better=None, scale="ratio", signature=said,
               source="tokens of hypotheses / tokens of the references closest in length"),
        *(of_judged(f"bleu_precision_{order}", partial(precision, options=options, order=order), range=(0, 100),
                    signature=said, source="percent of n-grams that match, smoothed")
          for order in orders(options)),
    )
    # fmt: on


BLEU = Measure("bleu", count, metrics, cells)
