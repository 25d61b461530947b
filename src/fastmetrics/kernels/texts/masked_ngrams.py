"""N-grams in common with a reference of not too many tokens, by bits: no n-gram needs a number.

A bit of the mask of an id is a place of it in the reference. An n-gram of a hypothesis begins where the masks of its
tokens, each moved down by its place, all have a bit; it takes the lowest such place that none before it has taken, so
that each counts as often as both sides have it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.bits import bit_count
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.texts.interning import most_types
from fastmetrics.kernels.texts.lcs import ALL, ONE, WORD, ZERO

__all__ = ["MOST_TOKENS", "count_masked_ngrams"]

MOST_TOKENS = 512  # of a reference: a token of the hypothesis takes a step for each 64 of them


@inlined
def mask_words(reference: Any, words: Any, masks: Any) -> None:
    """The places of each id: of id t in ``words`` words from ``masks[(words + 1) * (t + 1)]`` on, before a 0."""
    for i in range(len(reference)):
        masks[(words + 1) * (reference[i] + 1) + i // WORD] |= ONE << np.uint64(i % WORD)


@inlined
def places_in_word(masks: Any, words: Any, tokens: Any, at: Any, order: Any, word: Any) -> Any:
    """Where in a word the n-gram that begins at a token of the hypothesis begins in the reference."""
    here = ALL
    for k in range(order):
        row = (words + 1) * (tokens[at + k] + 1) + word
        down = np.uint64(k)
        here &= masks[row] >> down | masks[row + 1] << ONE << (np.uint64(WORD - 1) - down)
    return here


@inlined
def matches_in_words(masks: Any, words: Any, tokens: Any, start: Any, end: Any, order: Any, taken: Any) -> Any:
    """How many n-grams of a hypothesis take a place."""
    taken[:words] = ZERO
    for at in range(start, end - order + 1):
        wanted = ALL
        for word in range(words):
            free = places_in_word(masks, words, tokens, at, order, word) & ~taken[word]
            lowest = free & (~free + ONE) & wanted
            taken[word] |= lowest
            wanted = wanted if lowest == ZERO else ZERO
    found = ZERO
    for word in range(words):
        found += bit_count(taken[word])
    return np.int64(found)


@inlined
def matches_in_word(masks: Any, tokens: Any, start: Any, end: Any, order: Any) -> Any:
    """How many n-grams of a hypothesis take a place in a reference of at most 64 tokens."""
    taken = ZERO
    for at in range(start, end - order + 1):
        free = ~taken
        for k in range(order):
            free &= masks[2 * (tokens[at + k] + 1)] >> np.uint64(k)
        taken |= free & (~free + ONE)
    return np.int64(bit_count(taken))


@kernel("void(in_i32, in_i64, in_i64, in_i32, in_i64, in_i64, in_i32, int64, out_i64)")
def count_masked_ngrams(
    references: Any,
    reference_offsets: Any,
    set_offsets: Any,
    hypotheses: Any,
    hypothesis_offsets: Any,
    row_offsets: Any,
    types: Any,
    order: Any,
    matches: Any,
) -> None:
    """How many n-grams each hypothesis has in common with each of its references, of at most `MOST_TOKENS` tokens.

    The first arguments are those of `fastmetrics.texts.chunks.Ids` and of its chunk; ``matches`` has a value a pair.
    """
    distinct = most_types(types)
    most = (MOST_TOKENS + WORD - 1) // WORD
    masks, taken, pair = np.empty((most + 1) * (distinct + 1), np.uint64), np.empty(most, np.uint64), 0
    for of in range(len(types)):
        first, texts = set_offsets[of], set_offsets[of + 1] - set_offsets[of]
        for text in range(texts):
            reference = references[reference_offsets[first + text] : reference_offsets[first + text + 1]]
            words = max((len(reference) + WORD - 1) // WORD, 1)
            masks[: (words + 1) * (types[of] + 1)] = ZERO
            mask_words(reference, words, masks)
            at = pair + text
            for row in range(row_offsets[of], row_offsets[of + 1]):
                start, end = hypothesis_offsets[row], hypothesis_offsets[row + 1]
                if words == 1:
                    matches[at] = matches_in_word(masks, hypotheses, start, end, order)
                else:
                    matches[at] = matches_in_words(masks, words, hypotheses, start, end, order, taken)
                at += texts
        pair += (row_offsets[of + 1] - row_offsets[of]) * texts
