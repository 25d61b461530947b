"""N-grams of a chunk as numbers, and how many of each hypothesis match."""

from __future__ import annotations

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Integers
from fastmetrics.text.chunks import Chunk, Ids, offsets_of

__all__ = ["matches", "ngrams", "pair_matches"]


def ngrams(chunk: Chunk, tokeniser: str, lowercase: bool, order: int) -> Ids:
    """The n-grams of both sides as numbers, each where it begins.

    An n-gram of a hypothesis that no reference has is -1, and so is one of a reference that no hypothesis has; the
    last n - 1 places of a text are -1. Tokens, which are n-grams of order 1, are as `Chunk.ids` has them.
    """
    if order == 1:
        return chunk.ids(tokeniser, lowercase)
    return chunk.once(("ngrams", tokeniser, lowercase, order), lambda: chained(chunk, tokeniser, lowercase, order))


def chained(chunk: Chunk, tokeniser: str, lowercase: bool, order: int) -> Ids:
    """The n-grams, by those of one token less."""
    tokens, prefixes = chunk.ids(tokeniser, lowercase), ngrams(chunk, tokeniser, lowercase, order - 1)
    references, hypotheses = np.empty_like(tokens.references), np.empty_like(tokens.hypotheses)
    types = np.empty_like(tokens.types)
    kernels.text.ngrams.number_ngrams(
        *(tokens.references, prefixes.references, tokens.reference_offsets, chunk.set_offsets),
        *(tokens.hypotheses, prefixes.hypotheses, tokens.hypothesis_offsets, chunk.row_offsets),
        *(prefixes.types, order, kernels.text.interning.MULTIPLIER),
        *(references, hypotheses, types),
    )
    return Ids(references, tokens.reference_offsets, hypotheses, tokens.hypothesis_offsets, types)


def matches(chunk: Chunk, items: Ids) -> Integers:
    """How many tokens or n-grams of each hypothesis match, each at most as often as one reference of the row has it."""
    found = np.empty(len(chunk), np.int64)
    kernels.text.ngrams.clip_matches(
        *(items.references, items.reference_offsets, chunk.set_offsets),
        *(items.hypotheses, items.hypothesis_offsets, np.arange(len(chunk)), chunk.row_offsets),
        *(items.types, found),
    )
    return found


def pair_matches(chunk: Chunk, items: Ids) -> Integers:
    """How many tokens or n-grams of the hypothesis of each of `Chunk.pairs` match those of its reference."""
    references = np.diff(chunk.set_offsets)
    if (references == 1).all():
        return matches(chunk, items)
    pairs, alone = chunk.pairs, np.arange(len(items.reference_offsets))
    order = np.argsort(pairs.references, kind="stable")
    rows = offsets_of(np.bincount(pairs.references, minlength=len(alone) - 1))
    sorted_found, found = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    kernels.text.ngrams.clip_matches(
        *(items.references, items.reference_offsets, alone),
        *(items.hypotheses, items.hypothesis_offsets, pairs.rows[order], rows),
        *(np.repeat(items.types, references), sorted_found),
    )
    found[order] = sorted_found
    return found
