"""Characters of texts as ids."""

from __future__ import annotations

import numpy as np

from fastmetrics import kernels
from fastmetrics.texts.chunks import Chunk, Ids

__all__ = ["characters"]


def characters(chunk: Chunk, white_space: bool, lowercase: bool = False) -> Ids:
    """The code points of both sides as numbers, with white space or without."""
    key = ("characters", white_space, lowercase)
    return chunk.once(key, lambda: numbered(chunk, white_space, lowercase))


def numbered(chunk: Chunk, white_space: bool, lowercase: bool) -> Ids:
    reference, hypothesis = chunk.texts("references", lowercase), chunk.texts("hypotheses", lowercase)
    ids = np.empty(len(reference.data), np.int32), np.empty(len(hypothesis.data), np.int32)
    offsets = np.empty(len(reference) + 1, np.int64), np.empty(len(hypothesis) + 1, np.int64)
    types = np.empty(len(chunk.set_offsets) - 1, np.int32)
    kernels.texts.characters.number_characters(
        *(reference.data, reference.offsets, chunk.set_offsets),
        *(hypothesis.data, hypothesis.offsets, chunk.row_offsets, not white_space),
        *(ids[0], offsets[0], ids[1], offsets[1], types),
    )
    return Ids(ids[0][: offsets[0][-1]], offsets[0], ids[1][: offsets[1][-1]], offsets[1], types)
