"""Matches beside what there is of both sides, and precision, recall and F of them."""

from __future__ import annotations

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.texts.chunks import Chunk

__all__ = ["beside_totals", "ratios"]

ALL = np.iinfo(np.int64).max


def beside_totals(
    matches: Integers, hypotheses: Integers, references: Integers, chunk: Chunk, order: int = 1, most: int = ALL
) -> Integers:
    """What matches of each pair, and how many n-grams the first tokens of either side have, by the offsets of both."""
    found, pairs = np.empty((len(matches), 3), np.int64), chunk.pairs
    kernels.texts.ratios.put_beside_totals(
        matches, pairs.rows, hypotheses, pairs.references, references, order, most, found.reshape(-1)
    )
    return found


def ratios(found: Integers) -> Floats:
    """Precision, recall and F of each row."""
    planes = np.empty((3, len(found)))
    kernels.texts.ratios.divide_matches(found.reshape(-1), planes.reshape(-1))
    return planes.T
