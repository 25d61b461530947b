"""N-grams that both sides have, as numbers, and how many of them match.

Only what can match is kept: a token or n-gram of a hypothesis that a reference of its set has, and of a reference one
that a hypothesis of its set has. Each has its place in its text, and a number that is equal where n-grams of a set are.

An n-gram is told by the numbers of the two (n - 1)-grams in it, of which the second begins one token later: two
numbers in one word, exact whatever its length.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.text.interning import most_tokens, table_bits

__all__ = ["clip_matches", "keep_shared", "number_ngrams"]

HALF = np.uint64(32)
FREE = np.uint64(0xFFFFFFFFFFFFFFFF)


@inlined
def most_of(numbers: Any) -> Any:
    """The greatest of some numbers; 0 where there are none."""
    most = np.int64(0)
    for number in numbers:
        most = max(most, np.int64(number))
    return most


@inlined
def most_step(offsets: Any) -> Any:
    """The greatest difference of neighbours."""
    most = np.int64(0)
    for i in range(len(offsets) - 1):
        most = max(most, offsets[i + 1] - offsets[i])
    return most


@kernel(
    "void(in_i32, in_i64, in_i64, in_i32, in_i64, in_i64, in_i32, out_i32, out_i32, out_i64, out_i32, out_i32, out_i64)"
)
def keep_shared(
    ids: Any,
    offsets: Any,
    set_offsets: Any,
    hypothesis_ids: Any,
    hypothesis_offsets: Any,
    row_offsets: Any,
    types: Any,
    kept: Any,
    places: Any,
    kept_offsets: Any,
    hypothesis_kept: Any,
    hypothesis_places: Any,
    hypothesis_kept_offsets: Any,
) -> None:
    """Keep the tokens that both sides of a set have.

    The first three arrays are the numbers of the tokens of references, and which are of which text and which texts of
    which set; the next three those of the hypotheses, -1 for one that no reference has. Outputs are numbers, places,
    and which are of which text, of both sides.
    """
    seen = np.zeros(most_of(types) + 1, np.uint8)
    count, hypothesis_count = 0, 0
    for of in range(len(set_offsets) - 1):
        for text in range(row_offsets[of], row_offsets[of + 1]):
            hypothesis_kept_offsets[text] = hypothesis_count
            for at in range(hypothesis_offsets[text], hypothesis_offsets[text + 1]):
                number = hypothesis_ids[at]
                hypothesis_kept[hypothesis_count], hypothesis_places[hypothesis_count] = number, at
                hypothesis_count += number >= 0
                seen[number + 1] = 1
        seen[0] = 0
        for text in range(set_offsets[of], set_offsets[of + 1]):
            kept_offsets[text] = count
            for at in range(offsets[text], offsets[text + 1]):
                kept[count], places[count] = ids[at], at
                count += seen[ids[at] + 1]
        seen[: types[of] + 1] = 0
    kept_offsets[len(offsets) - 1] = count
    hypothesis_kept_offsets[len(hypothesis_offsets) - 1] = hypothesis_count


@inlined
def write_keys(items: Any, places: Any, first: Any, last: Any, keys: Any, starts: Any, at: Any) -> Any:
    """Write the key of each n-gram of a text and, from ``at`` on, its place; returns how many there are.

    Its (n - 1)-grams are those from ``first`` to before ``last``.
    """
    count = np.int64(0)
    for i in range(first, last - 1):
        keys[count] = np.uint64(items[i]) << HALF | np.uint64(items[i + 1])
        starts[at + count] = places[i]
        count += places[i + 1] - places[i] == 1
    return count


@inlined
def ngram_slot(slots: Any, bits: Any, multiplier: Any, key: Any) -> Any:
    """The slot of an n-gram: its own, or the free one where it would go."""
    mask = (np.int64(1) << bits) - 1
    slot = np.int64((key * multiplier) >> np.uint64(64 - bits))
    while (slots[slot] != key) & (slots[slot] != FREE):
        slot = (slot + 1) & mask
    return slot


@inlined
def keep_seen(items: Any, places: Any, offsets: Any, texts: Any, begin: Any, end: Any, seen: Any) -> Any:
    """Drop the n-grams of some texts, those from ``begin`` to before ``end``, that are not seen; returns their end."""
    first, last = texts
    kept, i = begin, begin
    for text in range(first, last):
        stop = offsets[text + 1] if text + 1 < last else end
        offsets[text] = kept
        while i < stop:
            items[kept], places[kept] = items[i], places[i]
            kept += seen[items[i]]
            i += 1
    return kept


@kernel(
    "void(in_i32, in_i32, in_i64, in_i64, in_i32, in_i32, in_i64, in_i64, uint64, "
    "out_i32, out_i32, out_i64, out_i32, out_i32, out_i64, out_i32)"
)
def number_ngrams(
    items: Any,
    places: Any,
    offsets: Any,
    set_offsets: Any,
    hypothesis_items: Any,
    hypothesis_places: Any,
    hypothesis_offsets: Any,
    row_offsets: Any,
    multiplier: Any,
    kept: Any,
    kept_places: Any,
    kept_offsets: Any,
    hypothesis_kept: Any,
    hypothesis_kept_places: Any,
    hypothesis_kept_offsets: Any,
    types: Any,
) -> None:
    """Number the n-grams that both sides of a set have, from 0 on, by the (n - 1)-grams that both have.

    The first four arrays are the (n - 1)-grams of references, their places, and which are of which text and which
    texts of which set; the next four those of the hypotheses. Outputs are numbers, places, and which are of which
    text, of both sides, and how many numbers each set has.
    """
    longest = max(most_step(offsets), most_step(hypothesis_offsets))
    room = most_tokens(offsets, set_offsets)
    keys, seen = np.empty(longest, np.uint64), np.zeros(room, np.uint8)
    slots = np.empty(np.int64(1) << table_bits(2 * room), np.uint64)
    numbers = np.zeros(len(slots), np.int32)
    end, hypothesis_end = np.int64(0), np.int64(0)
    for of in range(len(set_offsets) - 1):
        bits, begin, distinct = table_bits(2 * (offsets[set_offsets[of + 1]] - offsets[set_offsets[of]])), end, 0
        slots[: np.int64(1) << bits] = FREE
        for text in range(set_offsets[of], set_offsets[of + 1]):
            kept_offsets[text] = end
            count = write_keys(items, places, offsets[text], offsets[text + 1], keys, kept_places, end)
            for i in range(count):
                slot = ngram_slot(slots, bits, multiplier, keys[i])
                new = slots[slot] != keys[i]
                slots[slot], numbers[slot] = keys[i], distinct if new else numbers[slot]
                kept[end + i] = numbers[slot]
                distinct += new
            end += count
        types[of] = distinct
        for text in range(row_offsets[of], row_offsets[of + 1]):
            hypothesis_kept_offsets[text], at = hypothesis_end, hypothesis_end
            first, last = hypothesis_offsets[text], hypothesis_offsets[text + 1]
            count = write_keys(hypothesis_items, hypothesis_places, first, last, keys, hypothesis_kept_places, at)
            for i in range(count):
                slot = ngram_slot(slots, bits, multiplier, keys[i])
                found, number = slots[slot] == keys[i], numbers[slot]
                hypothesis_kept[hypothesis_end] = number
                hypothesis_kept_places[hypothesis_end] = hypothesis_kept_places[at + i]
                hypothesis_end += found
                seen[number] |= found
        end = keep_seen(kept, kept_places, kept_offsets, (set_offsets[of], set_offsets[of + 1]), begin, end, seen)
        seen[:distinct] = 0
    kept_offsets[len(offsets) - 1], hypothesis_kept_offsets[len(hypothesis_offsets) - 1] = end, hypothesis_end


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
    """How many n-grams of each hypothesis match one of its references, each at most as often as one reference has it.

    Those of references and of hypotheses come by their numbers. Hypotheses are ``rows[i]`` for i from
    ``row_offsets[s]`` to before ``row_offsets[s + 1]`` for set s, and ``matches[i]`` is the number for that one.
    """
    most = most_of(types)
    left, here = np.zeros(most, np.int32), np.zeros(most, np.int32)
    for of in range(len(set_offsets) - 1):
        for text in range(set_offsets[of], set_offsets[of + 1]):
            for i in range(offsets[text], offsets[text + 1]):
                here[items[i]] += 1
                left[items[i]] = max(left[items[i]], here[items[i]])
            for i in range(offsets[text], offsets[text + 1]):
                here[items[i]] = 0
        for row in range(row_offsets[of], row_offsets[of + 1]):
            first, last, found = hypothesis_offsets[rows[row]], hypothesis_offsets[rows[row] + 1], 0
            for i in range(first, last):
                found += left[hypothesis_items[i]] > 0
                left[hypothesis_items[i]] -= 1
            for i in range(first, last):
                left[hypothesis_items[i]] += 1
            matches[row] = found
        left[: types[of]] = 0
