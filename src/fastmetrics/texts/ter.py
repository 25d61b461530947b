"""TER, translation edit rate (Snover et al. 2006), as sacrebleu computes it.

The score of many rows is their edits over the mean lengths of their references, which are added up without rounding.
That is sacrebleu's to the last bit where rows have one, two or four references; of three it adds up rounded thirds row
by row, so that its own last bits depend on the order of the rows.
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.arithmetic import divide
from fastmetrics.metric import Metric
from fastmetrics.texts.bounds import most_aligned
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.measure import Measure, any_judged
from fastmetrics.texts.options import Options
from fastmetrics.texts.signatures import signature
from fastmetrics.texts.tercom import way

__all__ = ["TER"]


def count(chunk: Chunk, options: Options) -> Integers:
    """The fewest edits from each hypothesis to one of its references, the tokens of all of these, and their number."""
    tokeniser = way(options.ter_normalized, options.ter_no_punct, options.ter_asian)
    ids, pairs = chunk.ids(tokeniser, not options.ter_case_sensitive), chunk.pairs
    types = np.repeat(ids.types, np.diff(chunk.set_offsets))
    edits = np.empty(len(pairs.rows), np.int64)
    kernels.texts.ter.count_edits(
        *(ids.hypotheses, ids.hypothesis_offsets, ids.references, ids.reference_offsets, types),
        *(pairs.rows, pairs.references, most_aligned(options), edits),
    )
    lengths = np.minimum(np.diff(ids.reference_offsets), most_aligned(options))[pairs.references]
    first = pairs.offsets[:-1]
    return np.column_stack([np.minimum.reduceat(edits, first), np.add.reduceat(lengths, first), np.diff(pairs.offsets)])


def mean_lengths(integers: Integers) -> Floats:
    """The tokens of a reference of each row, on average."""
    return (integers[:, 1] / integers[:, 2]).reshape(-1, 1)


def score(cells: Any) -> Floats:
    """Edits in percent of tokens; without tokens 100 where there are edits, else 0."""
    edits, length = np.asarray(cells.ter_edits, np.float64), np.asarray(cells.ter_reference_length, np.float64)
    return 100 * np.where(length > 0, divide(edits, length, 0), edits > 0)


def metrics(options: Options) -> tuple[Metric, ...]:
    said = signature(
        options,
        case="mixed" if options.ter_case_sensitive else "lc",
        tok="tercom",
        norm="yes" if options.ter_normalized else "no",
        punct="no" if options.ter_no_punct else "yes",
        asian="yes" if options.ter_asian else "no",
    )
    # fmt: off
    return (
        Metric("ter", score, any_judged, range=(0, inf), better="lower", scale="points",
               signature=said, source="Snover et al. 2006, as sacrebleu: edits and shifts of words in percent of the "
               "words of a reference"),
    )
    # fmt: on


TER = Measure(
    "ter",
    count,
    metrics,
    counts=lambda options: ("ter_edits",),
    exacts=lambda options: ("ter_reference_length",),
    ratios=mean_lengths,
)
