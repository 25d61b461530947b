"""How long hypotheses are beside their references."""

from __future__ import annotations

from math import inf

import numpy as np

from fastmetrics.aliases import Integers
from fastmetrics.metric import Metric
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.measure import Measure
from fastmetrics.texts.options import Options

__all__ = ["LENGTH_RATIO", "closest_lengths"]


def closest_lengths(hypotheses: Integers, references: Integers, chunk: Chunk) -> Integers:
    """Of the lengths of the references of each row the one closest to that of its hypothesis, the shorter of two."""
    if len(references) == len(chunk.set_offsets) - 1:
        return np.repeat(references, np.diff(chunk.row_offsets))
    pairs = chunk.pairs
    lengths = references[pairs.references]
    away = np.abs(lengths - hypotheses[pairs.rows])
    best: Integers = np.minimum.reduceat(away << 32 | lengths, pairs.offsets[:-1]) & 0xFFFFFFFF
    return best


def count(chunk: Chunk, options: Options) -> Integers:
    tokeniser = options.tokenize or "none"
    hypotheses = chunk.tokens("hypotheses", tokeniser).lengths
    references = chunk.tokens("references", tokeniser).lengths
    return np.column_stack([hypotheses, closest_lengths(hypotheses, references, chunk)])


# fmt: off
LENGTH_RATIO = Measure(
    "length_ratio",
    count,
    lambda options: (
        Metric("length_ratio", lambda c: c.length_hypothesis, lambda c: c.length_reference, "ratio", range=(0, inf),
               better=None, scale="ratio", source="tokens of hypotheses / tokens of the references closest in length"),
    ),
    counts=lambda options: ("length_hypothesis", "length_reference"),
)
# fmt: on
