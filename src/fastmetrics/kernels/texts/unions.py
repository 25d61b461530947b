"""Unions of longest common subsequences: how much of a reference the lines of a hypothesis say.

Of the longest common subsequences of two lines one is taken, which is found from their ends: equal tokens belong to it;
of others that of the reference is dropped, if without it the rest is as good as without that of the hypothesis. By the
vectors of `lcs`, the token at place i of the reference is dropped where bit i is 1 and the two tokens differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.bits import highest_bit, lowest_bit
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.texts.interning import most_types
from fastmetrics.kernels.texts.lcs import (
    ALL,
    BLOCK,
    ONE,
    WORD,
    WORDS,
    ZERO,
    advance_vectors,
    mask_block,
    mask_word,
    unmask_block,
    unmask_word,
)

__all__ = ["union_matches"]


@inlined
def up_to(place: Any) -> Any:
    """The bits up to a place."""
    return ALL >> (np.uint64(WORD - 1) - place)


@inlined
def up_to_highest(bits: Any) -> Any:
    """The bits up to the highest one of some bits; 0 where there is none."""
    return ZERO if bits == ZERO else up_to(highest_bit(bits))


@inlined
def matching_tokens(masks: Any, tokens: Any, same: Any, places: Any) -> Any:
    """The tokens of a hypothesis that a reference of a word has: their bits and places; returns how many."""
    count = 0
    for i in range(len(tokens)):
        bits = masks[tokens[i] + 1]
        same[count], places[count] = bits, i
        count += bits != ZERO
    places[count] = len(tokens)
    return count


@inlined
def union_in_word(whole: Any, same: Any, places: Any, count: Any, until: Any, vectors: Any) -> Any:
    """The union of the longest common subsequences of a reference of at most 64 tokens with each line of a hypothesis.

    ``whole`` has a bit for each token of the reference; ``until`` says of each token of the hypothesis where its line
    ends. Tokens that the reference has not do not change the vector: only whether there are any in between counts.
    """
    vector, line = ALL, -1
    for i in range(count):
        vector = vector if until[places[i]] == line else ALL
        line = until[places[i]]
        both = vector & same[i]
        vector = (vector + both) | (vector - both)
        vectors[i] = ~vector
    union, left, line = ZERO, whole, -1
    for i in range(count - 1, -1, -1):
        place = places[i]
        left = left if until[place] == line else whole
        line = until[place]
        others = (places[i + 1] > place + 1) & (place + 1 < line)
        left = up_to_highest(vectors[i] & left) if others else left
        left = up_to_highest((vectors[i] | same[i]) & left)
        found = same[i] & (left ^ left >> ONE)
        union |= found
        left ^= found
    return union


@inlined
def highest_place(vectors: Any, at: Any, masks: Any, row: Any, left: Any) -> Any:
    """The highest of the first ``left`` places where a vector is 0 or the token is the same; -1 for none."""
    word, allowed = (left - 1) // WORD, up_to(np.uint64((left - 1) % WORD))
    while word >= 0:
        here = (~vectors[at + word] | masks[WORDS * row + word]) & allowed
        if here != ZERO:
            return WORD * word + np.int64(highest_bit(here))
        word, allowed = word - 1, ALL
    return np.int64(-1)


@inlined
def walk_back(vectors: Any, masks: Any, rows: Any, hypothesis: Any, last: Any, size: Any, union: Any) -> Any:
    """Add the places of a block to its union, from the first ``last`` tokens on; returns how many are left then."""
    left = size
    while last > 0 and left > 0:
        row = np.int64(rows[hypothesis[last - 1] + 1])
        place = highest_place(vectors, WORDS * last, masks, row, left)
        if place < 0:
            break
        word, bit = place // WORD, ONE << np.uint64(place % WORD)
        found = masks[WORDS * row + word] & bit
        union[word] |= found
        left = place + (1 if found == ZERO else 0)
        last -= 1
    return last


@inlined
def add_in_blocks(
    reference: Any, hypothesis: Any, masks: Any, rows: Any, carries: Any, vectors: Any, union: Any
) -> None:
    """Add the places of the longest common subsequence with a reference of any length to a union.

    What additions carry out of each block is kept from a first round, so that a second one, from the last block to the
    first, has only the vectors of one block at a time.
    """
    size, last = len(hypothesis), np.int64(len(hypothesis))
    blocks = (len(reference) + BLOCK - 1) // BLOCK
    carries[:size] = 0
    for number in range(2 * blocks - 1):
        again = number >= blocks - 1
        of = 2 * blocks - 2 - number if again else number
        block = reference[BLOCK * of : BLOCK * (of + 1)]
        mask_block(block, rows, masks)
        vectors[:WORDS] = ALL
        for i in range(last):
            row, carry = np.int64(rows[hypothesis[i] + 1]), np.uint64(carries[size * of + i])
            carry = advance_vectors(vectors, WORDS * i * again, WORDS * (i + 1) * again, masks, row, carry)
            if not again:
                carries[size * (of + 1) + i] = carry
        if again:
            last = walk_back(vectors, masks, rows, hypothesis, last, len(block), union[WORDS * of :])
        unmask_block(block, rows)


@inlined
def take_tokens(reference: Any, union: Any, left: Any) -> Any:
    """How many tokens of a union the hypothesis has, each taken from ``left``."""
    found = 0
    for word in range((len(reference) + WORD - 1) // WORD):
        bits = union[word]
        while bits != ZERO:
            token = reference[WORD * word + np.int64(lowest_bit(bits))]
            found += left[token + 1] > 0
            left[token + 1] -= 1
            bits &= bits - ONE
    return found


@inlined
def line_sizes(starts: Any, ends: Any, lines: Any) -> Any:
    """The greatest number of tokens of a line, and of a text."""
    line, text = np.int64(0), np.int64(0)
    for i in range(len(starts)):
        line = max(line, ends[i] - starts[i])
    for i in range(len(lines) - 1):
        text = max(text, ends[lines[i + 1] - 1] - starts[lines[i]])
    return line, text


@inlined
def mark_lines(starts: Any, ends: Any, until: Any) -> None:
    """Where the line of each token of a text ends, counted from the first token on."""
    for line in range(len(starts)):
        until[starts[line] - starts[0] : ends[line] - starts[0]] = ends[line] - starts[0]


@kernel("void(in_i32, in_i64, in_i64, in_i64, in_i64, in_i32, in_i64, in_i64, in_i64, in_i64, in_i32, out_i64)")
def union_matches(
    references: Any,
    starts: Any,
    ends: Any,
    lines: Any,
    set_offsets: Any,
    hypotheses: Any,
    hypothesis_starts: Any,
    hypothesis_ends: Any,
    hypothesis_lines: Any,
    row_offsets: Any,
    types: Any,
    matches: Any,
) -> None:
    """How many tokens of each reference are in the union of its lines' subsequences with those of a hypothesis.

    No token counts more often than the hypothesis has it. The first four arrays are the ids of references, where their
    lines start and end, and which lines are of which text; ``matches`` has a value a pair.
    """
    distinct = most_types(types)
    longest, _ = line_sizes(starts, ends, lines)
    size, most = line_sizes(hypothesis_starts, hypothesis_ends, hypothesis_lines)
    same, places, until = np.empty(most + 1, np.uint64), np.empty(most + 1, np.int64), np.empty(most, np.int64)
    word_masks, masks = np.zeros(distinct + 1, np.uint64), np.empty(WORDS * (BLOCK + 1), np.uint64)
    rows, left = np.zeros(distinct + 1, np.int32), np.zeros(distinct + 1, np.int64)
    carries = np.empty((longest // BLOCK + 1) * size, np.uint8)
    vectors = np.empty(max(most, WORDS * (size + 1)), np.uint64)
    union, pair = np.zeros(longest // WORD + 1, np.uint64), 0
    for of in range(len(types)):
        for row in range(row_offsets[of], row_offsets[of + 1]):
            first, last = hypothesis_lines[row], hypothesis_lines[row + 1]
            tokens = hypotheses[hypothesis_starts[first] : hypothesis_ends[last - 1]]
            mark_lines(hypothesis_starts[first:last], hypothesis_ends[first:last], until)
            for text in range(set_offsets[of], set_offsets[of + 1]):
                for token in tokens:
                    left[token + 1] += 1
                matches[pair] = 0
                for line in range(lines[text], lines[text + 1]):
                    reference = references[starts[line] : ends[line]]
                    if 0 < len(reference) <= WORD:
                        mask_word(reference, word_masks)
                        count = matching_tokens(word_masks, tokens, same, places)
                        whole = up_to(np.uint64(len(reference) - 1))
                        union[0] = union_in_word(whole, same, places, count, until, vectors)
                        unmask_word(reference, word_masks)
                    else:
                        union[: len(reference) // WORD + 1] = ZERO
                        for other in range(first, last):
                            hypothesis = hypotheses[hypothesis_starts[other] : hypothesis_ends[other]]
                            add_in_blocks(reference, hypothesis, masks, rows, carries, vectors, union)
                    matches[pair] += take_tokens(reference, union, left)
                for token in tokens:
                    left[token + 1] = 0
                pair += 1
