"""Longest common subsequences of ids, by bits.

Bit i of a vector is 0 where the longest common subsequence of the first i + 1 tokens of the reference with the
hypothesis so far is longer than that of the first i. A token of the hypothesis moves the vector on by an addition (M.
Crochemore, C. S. Iliopoulos, Y. J. Pinzon and J. F. Reid, "A fast and practical bit-vector algorithm for the longest
common subsequence problem", Information Processing Letters 80 (2001): 279-285; H. Hyyro, "Bit-parallel LCS-length
computation revisited", 2004).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.bits import bit_count
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.texts.interning import most_tokens, most_types

__all__ = ["lcs_lengths"]

WORD = 64
WORDS = 8  # of a block of a long reference, whose masks stay in the first cache
BLOCK = WORD * WORDS
ZERO, ONE, ALL = np.uint64(0), np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)


@inlined
def mask_word(reference: Any, masks: Any) -> None:
    """The places of each id among at most 64 tokens: those of id t are the bits of ``masks[t + 1]``."""
    for i in range(len(reference)):
        masks[reference[i] + 1] |= ONE << np.uint64(i)


@inlined
def unmask_word(reference: Any, masks: Any) -> None:
    """Take the ids of a reference out of its masks again."""
    for token in reference:
        masks[token + 1] = ZERO


@inlined
def length_in_word(masks: Any, tokens: Any, start: Any, end: Any) -> Any:
    """The length of the longest common subsequence with the tokens of a word."""
    vector = ALL
    for i in range(start, end):
        same = vector & masks[tokens[i] + 1]
        vector = (vector + same) | (vector - same)
    return np.int64(bit_count(~vector))


@inlined
def mask_block(block: Any, rows: Any, masks: Any) -> None:
    """The places of each id among the tokens of a block: of id t the words of row ``rows[t + 1]``, if that is not 0."""
    made = np.int32(0)
    masks[:WORDS] = ZERO
    for i in range(len(block)):
        place = block[i] + 1
        if rows[place] == 0:
            made += np.int32(1)
            rows[place] = made
            masks[WORDS * made : WORDS * (made + 1)] = ZERO
        masks[WORDS * rows[place] + i // WORD] |= ONE << np.uint64(i % WORD)


@inlined
def unmask_block(block: Any, rows: Any) -> None:
    """Take the ids of a block out of ``rows`` again."""
    for token in block:
        rows[token + 1] = 0


@inlined
def advance_vectors(vectors: Any, at: Any, to: Any, masks: Any, row: Any, carry: Any) -> Any:
    """Write the vectors after a token, whose places are ``row`` of the masks; returns what the addition carries out."""
    for word in range(WORDS):
        vector = vectors[at + word]
        same = vector & masks[WORDS * row + word]
        half = vector + same
        whole = half + carry
        carry = np.uint64(half < vector) | np.uint64(whole < half)
        vectors[to + word] = whole | (vector - same)
    return carry


@inlined
def length_in_block(masks: Any, rows: Any, tokens: Any, carries: Any, vectors: Any) -> Any:
    """How much longer the longest common subsequence gets by the tokens of a block.

    ``carries`` has what the addition of each token carried out of the block before, and gets what it does out of this.
    """
    vectors[:WORDS] = ALL
    for i in range(len(tokens)):
        row, carry = np.int64(rows[tokens[i] + 1]), np.uint64(carries[i])
        if row or carry:
            carries[i] = advance_vectors(vectors, 0, 0, masks, row, carry)
    longer = ZERO
    for word in range(WORDS):
        longer += bit_count(~vectors[word])
    return np.int64(longer)


@inlined
def lengths_in_word(
    reference: Any, hypotheses: Any, offsets: Any, most: Any, masks: Any, lengths: Any, step: Any
) -> None:
    """Those of some hypotheses with a reference of at most 64 tokens, ``step`` places apart."""
    masks[:] = ZERO
    mask_word(reference, masks)
    for row in range(len(offsets) - 1):
        start = offsets[row]
        lengths[step * row] = length_in_word(masks, hypotheses, start, start + min(offsets[row + 1] - start, most))


@inlined
def lengths_in_blocks(
    reference: Any, hypotheses: Any, offsets: Any, most: Any, scratch: Any, lengths: Any, step: Any
) -> None:
    """Those of some hypotheses with a reference of any length, ``step`` places apart."""
    masks, rows, carries, vectors = scratch
    for row in range(len(offsets) - 1):
        lengths[step * row] = 0
    carries[: offsets[-1] - offsets[0]] = 0
    for start in range(0, len(reference), BLOCK):
        block = reference[start : start + BLOCK]
        mask_block(block, rows, masks)
        for row in range(len(offsets) - 1):
            first = offsets[row]
            tokens = hypotheses[first : first + min(offsets[row + 1] - first, most)]
            carried = carries[first - offsets[0] :]
            lengths[step * row] += length_in_block(masks, rows, tokens, carried, vectors)
        unmask_block(block, rows)


@kernel("void(in_i32, in_i64, in_i64, in_i32, in_i64, in_i64, in_i32, int64, out_i64)")
def lcs_lengths(
    references: Any,
    reference_offsets: Any,
    set_offsets: Any,
    hypotheses: Any,
    hypothesis_offsets: Any,
    row_offsets: Any,
    types: Any,
    most: Any,
    lengths: Any,
) -> None:
    """The length of the longest common subsequence of the first ``most`` tokens of each pair of texts.

    The first arguments are those of `fastmetrics.texts.chunks.Ids` and of its chunk; ``lengths`` has a value a pair. A
    pair of m and n tokens takes m n / 64 steps. The masks of a reference serve all its hypotheses; one of more than 64
    tokens is gone through in blocks of 512.
    """
    distinct = most_types(types)
    masks = np.empty(max(distinct + 1, np.int64(WORDS * (BLOCK + 1))), np.uint64)
    carries = np.empty(most_tokens(hypothesis_offsets, row_offsets), np.uint8)
    scratch = masks, np.zeros(distinct + 1, np.int32), carries, np.empty(WORDS, np.uint64)
    pair = 0
    for of in range(len(types)):
        first, texts = set_offsets[of], set_offsets[of + 1] - set_offsets[of]
        offsets = hypothesis_offsets[row_offsets[of] : row_offsets[of + 1] + 1]
        for text in range(texts):
            start, out = reference_offsets[first + text], lengths[pair + text :]
            reference = references[start : start + min(reference_offsets[first + text + 1] - start, most)]
            if len(reference) <= WORD:
                lengths_in_word(reference, hypotheses, offsets, most, masks[: types[of] + 1], out, texts)
            else:
                lengths_in_blocks(reference, hypotheses, offsets, most, scratch, out, texts)
        pair += (len(offsets) - 1) * texts
