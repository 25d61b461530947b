"""N-grams of a chunk that both sides have, as numbers, and how many of each hypothesis match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Integers
from fastmetrics.texts.chunks import Chunk, offsets_of

__all__ = ["Ngrams", "matches", "ngrams", "pair_matches"]


@dataclass(frozen=True, eq=False)
class Ngrams:
    """N-grams of one order that can match: those of hypotheses that a reference of the set has, and the reverse.

    Attributes
    ----------
    references
        Int32: equal in one set of references exactly where the n-grams are.
    reference_places
        Int32: at which token of all references of the chunk each begins.
    reference_offsets
        Int64: those of reference j are from ``reference_offsets[j]`` to before ``reference_offsets[j + 1]``.
    hypotheses, hypothesis_places, hypothesis_offsets
        Those of the hypothesis of each row, in the numbers of its set.
    types
        Int32: the numbers of each set are below.
    """

    references: NDArray[np.int32]
    reference_places: NDArray[np.int32]
    reference_offsets: Integers
    hypotheses: NDArray[np.int32]
    hypothesis_places: NDArray[np.int32]
    hypothesis_offsets: Integers
    types: NDArray[np.int32]

    @classmethod
    def room(cls, chunk: Chunk, references: int, hypotheses: int) -> Ngrams:
        """Room for so many of each side."""
        offsets = np.empty(len(chunk.references) + 1, np.int64), np.empty(len(chunk) + 1, np.int64)
        types = np.empty(len(chunk.set_offsets) - 1, np.int32)
        return cls(*pair_of(references), offsets[0], *pair_of(hypotheses), offsets[1], types)


def pair_of(size: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.empty(size, np.int32), np.empty(size, np.int32)


def ngrams(chunk: Chunk, tokeniser: str, lowercase: bool, order: int) -> Ngrams:
    """The n-grams of an order, from 1 on, that both sides have."""
    key = ("ngrams", tokeniser, lowercase, order)
    if order == 1:
        return chunk.once(key, lambda: shared_tokens(chunk, tokeniser, lowercase))
    return chunk.once(key, lambda: joined(chunk, ngrams(chunk, tokeniser, lowercase, order - 1)))


def shared_tokens(chunk: Chunk, tokeniser: str, lowercase: bool) -> Ngrams:
    """The tokens that both sides have."""
    ids = chunk.ids(tokeniser, lowercase)
    kept = Ngrams.room(chunk, len(ids.references), len(ids.hypotheses))
    kernels.texts.ngrams.keep_shared(
        *(ids.references, ids.reference_offsets, chunk.set_offsets),
        *(ids.hypotheses, ids.hypothesis_offsets, chunk.row_offsets, ids.types),
        *(kept.references, kept.reference_places, kept.reference_offsets),
        *(kept.hypotheses, kept.hypothesis_places, kept.hypothesis_offsets),
    )
    kept.types[:] = ids.types
    return kept


def joined(chunk: Chunk, parts: Ngrams) -> Ngrams:
    """The n-grams of one token more."""
    kept = Ngrams.room(chunk, int(parts.reference_offsets[-1]), int(parts.hypothesis_offsets[-1]))
    kernels.texts.ngrams.number_ngrams(
        *(parts.references, parts.reference_places, parts.reference_offsets, chunk.set_offsets),
        *(parts.hypotheses, parts.hypothesis_places, parts.hypothesis_offsets, chunk.row_offsets),
        kernels.texts.interning.MULTIPLIER,
        *(kept.references, kept.reference_places, kept.reference_offsets),
        *(kept.hypotheses, kept.hypothesis_places, kept.hypothesis_offsets, kept.types),
    )
    return kept


def matches(chunk: Chunk, items: Ngrams) -> Integers:
    """How many n-grams of each hypothesis match, each at most as often as one reference of the row has it."""
    found = np.empty(len(chunk), np.int64)
    kernels.texts.ngrams.clip_matches(
        *(items.references, items.reference_offsets, chunk.set_offsets),
        *(items.hypotheses, items.hypothesis_offsets, np.arange(len(chunk)), chunk.row_offsets),
        *(items.types, found),
    )
    return found


def pair_matches(chunk: Chunk, items: Ngrams) -> Integers:
    """How many n-grams of the hypothesis of each of `Chunk.pairs` match those of its reference."""
    references = np.diff(chunk.set_offsets)
    if (references == 1).all():
        return matches(chunk, items)
    pairs, alone = chunk.pairs, np.arange(len(items.reference_offsets))
    order = np.argsort(pairs.references, kind="stable")
    rows = offsets_of(np.bincount(pairs.references, minlength=len(alone) - 1))
    sorted_found, found = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    kernels.texts.ngrams.clip_matches(
        *(items.references, items.reference_offsets, alone),
        *(items.hypotheses, items.hypothesis_offsets, pairs.rows[order], rows),
        *(np.repeat(items.types, references), sorted_found),
    )
    found[order] = sorted_found
    return found
