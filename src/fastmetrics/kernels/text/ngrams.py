"""N-grams as numbers, and how many of them match.

An n-gram is told by the number of its first n - 1 tokens and that of its last token, two numbers in one word: exact,
whatever its length. It is only looked at where both of the (n - 1)-grams in it occur on the other side too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.text.interning import table_bits

__all__ = ["clip_matches", "number_ngrams"]

HALF, WORD = np.uint64(32), np.uint64(64)
FREE = np.uint64(0xFFFFFFFFFFFFFFFF)


@inlined
def most_items(offsets: Any, borders: Any) -> Any:
    """The greatest number of items that the texts between two borders have together."""
    most = np.int64(0)
    for i in range(len(borders) - 1):
        most = max(most, offsets[borders[i + 1]] - offsets[borders[i]])
    return most


@inlined
def most_of(numbers: Any) -> Any:
    """The greatest of some numbers; 0 where there are none."""
    most = np.int64(0)
    for number in numbers:
        most = max(most, np.int64(number))
    return most


@inlined
def ngram_slot(slots: Any, bits: Any, multiplier: Any, key: Any) -> Any:
    """The slot of an n-gram: its own, or the free one where it would go."""
    mask = (np.int64(1) << bits) - 1
    slot = np.int64(((key ^ (key >> HALF)) * multiplier) >> np.uint64(64 - bits))
    while slots[slot] != key and slots[slot] != FREE:
        slot = (slot + 1) & mask
    return slot


@inlined
def key_of(prefixes: Any, tokens: Any, at: Any, order: Any) -> Any:
    """The word that tells the n-gram at a place from others of its set."""
    return np.uint64(prefixes[at]) << HALF | np.uint64(tokens[at + order - 1])


@inlined
def candidates(prefixes: Any, offsets: Any, borders: Any, order: Any, seen: Any, places: Any) -> Any:
    """Write the places of the n-grams of some texts of which both (n - 1)-grams are ``seen``; returns how many.

    ``seen`` is told by the number of an (n - 1)-gram and 1, so that 0 stands for none.
    """
    first, last = borders
    count = 0
    for text in range(first, last):
        for at in range(offsets[text], offsets[text + 1] - order + 1):
            places[count] = at
            count += seen[prefixes[at] + 1] & seen[prefixes[at + 1] + 1]
    return count


@kernel(
    "void(in_i32, in_i32, in_i64, in_i64, in_i32, in_i32, in_i64, in_i64, in_i32, int64, uint64, out_i32, out_i32, "
    "out_i32)"
)
def number_ngrams(
    tokens: Any,
    prefixes: Any,
    offsets: Any,
    set_offsets: Any,
    hypothesis_tokens: Any,
    hypothesis_prefixes: Any,
    hypothesis_offsets: Any,
    row_offsets: Any,
    prefix_types: Any,
    order: Any,
    multiplier: Any,
    ngrams: Any,
    hypothesis_ngrams: Any,
    types: Any,
) -> None:
    """Number the n-grams of the references of each set from 0 on, and look up those of its hypotheses.

    The first four arrays are the numbers of the tokens of references and of the (n - 1)-grams that begin at them, and
    which tokens are of which text and which texts of which set; the next four are those of the hypotheses. An n-gram
    has its number where it begins: -1 in a hypothesis where no reference has it, in a reference where no hypothesis
    can have it, and in both where it would go beyond its text. ``types`` gets how many numbers each set has.
    """
    room = max(most_items(offsets, set_offsets), most_items(hypothesis_offsets, row_offsets))
    places, seen = np.empty(room, np.int64), np.empty(most_of(prefix_types) + 1, np.uint8)
    most = np.int64(1) << table_bits(2 * most_items(offsets, set_offsets))
    slots, slot_ids = np.empty(most, np.uint64), np.empty(most, np.int32)
    ngrams[:], hypothesis_ngrams[:] = -1, -1
    for of in range(len(set_offsets) - 1):
        seen[: prefix_types[of] + 1] = 0
        for i in range(hypothesis_offsets[row_offsets[of]], hypothesis_offsets[row_offsets[of + 1]]):
            seen[hypothesis_prefixes[i] + 1] = 1
        seen[0] = 0
        texts = set_offsets[of], set_offsets[of + 1]
        count, distinct = candidates(prefixes, offsets, texts, order, seen, places), 0
        bits = table_bits(2 * count)
        slots[: np.int64(1) << bits] = FREE
        for i in range(count):
            key = key_of(prefixes, tokens, places[i], order)
            slot = ngram_slot(slots, bits, multiplier, key)
            if slots[slot] == FREE:
                slots[slot], slot_ids[slot] = key, distinct
                distinct += 1
            ngrams[places[i]] = slot_ids[slot]
        types[of] = distinct
        seen[1 : prefix_types[of] + 1] = 1
        texts = row_offsets[of], row_offsets[of + 1]
        count = candidates(hypothesis_prefixes, hypothesis_offsets, texts, order, seen, places)
        for i in range(count):
            key = key_of(hypothesis_prefixes, hypothesis_tokens, places[i], order)
            slot = ngram_slot(slots, bits, multiplier, key)
            hypothesis_ngrams[places[i]] = slot_ids[slot] if slots[slot] == key else np.int32(-1)


@kernel("void(in_i32, in_i64, in_i64, in_i32, in_i64, in_i64, in_i64, in_i32, out_i64)")
def clip_matches(
    items: Any,
    offsets: Any,
    set_offsets: Any,
    hypothesis_items: Any,
    hypothesis_offsets: Any,
    rows: Any,
    row_offsets: Any,
    types: Any,
    matches: Any,
) -> None:
    """How many items of each hypothesis match one of its references, each at most as often as one reference has it.

    Items are tokens or n-grams by their numbers, -1 for none. Hypotheses are ``rows[i]`` for i from
    ``row_offsets[s]`` to before ``row_offsets[s + 1]`` for set s, and ``matches[i]`` is the number for that one.
    """
    most = most_of(types) + 1
    left, seen = np.empty(most, np.int64), np.zeros(most, np.int64)
    for of in range(len(set_offsets) - 1):
        left[: types[of] + 1] = 0
        for text in range(set_offsets[of], set_offsets[of + 1]):
            for at in range(offsets[text], offsets[text + 1]):
                item = items[at] + 1
                seen[item] += 1
                left[item] = max(left[item], seen[item])
            for at in range(offsets[text], offsets[text + 1]):
                seen[items[at] + 1] = 0
        left[0] = 0
        for i in range(row_offsets[of], row_offsets[of + 1]):
            first, last, found = hypothesis_offsets[rows[i]], hypothesis_offsets[rows[i] + 1], 0
            for at in range(first, last):
                item = hypothesis_items[at] + 1
                found += left[item] > 0
                left[item] -= 1
            for at in range(first, last):
                left[hypothesis_items[at] + 1] += 1
            matches[i] = found
