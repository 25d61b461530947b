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
from fastmetrics.kernels.texts.interning import most_tokens, most_types, table_bits

__all__ = ["clip_matches", "keep_shared", "number_ngrams"]

ZERO, ONE, HALF = np.uint64(0), np.uint64(1), np.uint64(32)
FREE = np.uint64(0xFFFFFFFFFFFFFFFF)


@inlined
def most_step(offsets: Any) -> Any:
    """The greatest difference of neighbours."""
    most = np.int64(0)
    for i in range(len(offsets) - 1):
        most = max(most, offsets[i + 1] - offsets[i])
    return most


@inlined
def keep_known(ids: Any, first: Any, kept: Any, places: Any, seen: Any) -> Any:
    """Keep the tokens that have a number, counting places from ``first`` on, and mark it; returns how many they are.

    ``seen`` is told by a number and 1, so that 0 stands for none.
    """
    count = ZERO
    for i in range(len(ids)):
        kept[count], places[count] = ids[i], first + i
        count += np.uint64(ids[i] >= 0)
        seen[np.uint32(ids[i] + 1)] = 1
    return count


@inlined
def keep_seen(ids: Any, first: Any, kept: Any, places: Any, seen: Any) -> Any:
    """Keep the tokens that are marked, counting places from ``first`` on; returns how many they are."""
    count = ZERO
    for i in range(len(ids)):
        kept[count], places[count] = ids[i], first + i
        count += np.uint64(seen[np.uint32(ids[i] + 1)])
    return count


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
    seen = np.zeros(most_types(types) + 1, np.uint8)
    end, hypothesis_end = np.int64(0), np.int64(0)
    for of in range(len(set_offsets) - 1):
        for text in range(row_offsets[of], row_offsets[of + 1]):
            hypothesis_kept_offsets[text] = hypothesis_end
            first, last = hypothesis_offsets[text], hypothesis_offsets[text + 1]
            numbers, starts = hypothesis_kept[hypothesis_end:], hypothesis_places[hypothesis_end:]
            hypothesis_end += np.int64(keep_known(hypothesis_ids[first:last], first, numbers, starts, seen))
        seen[0] = 0
        for text in range(set_offsets[of], set_offsets[of + 1]):
            kept_offsets[text], first, last = end, offsets[text], offsets[text + 1]
            end += np.int64(keep_seen(ids[first:last], first, kept[end:], places[end:], seen))
        seen[: types[of] + 1] = 0
    kept_offsets[len(offsets) - 1], hypothesis_kept_offsets[len(hypothesis_offsets) - 1] = end, hypothesis_end


@inlined
def write_keys(items: Any, places: Any, keys: Any, starts: Any) -> Any:
    """Write the key of each n-gram of a text and its place, by its (n - 1)-grams; returns how many there are."""
    count = ZERO
    for i in range(len(items) - 1):
        keys[count] = np.uint64(items[i]) << HALF | np.uint64(items[i + 1])
        starts[count] = places[i]
        count += np.uint64(places[i + 1] - places[i] == 1)
    return count


@inlined
def ngram_slot(slots: Any, shift: Any, multiplier: Any, key: Any) -> Any:
    """The slot of an n-gram, its own or the free one where it would go."""
    slot, mask = key * multiplier >> shift, (ONE << (np.uint64(64) - shift)) - ONE
    while (slots[slot] != key) & (slots[slot] != FREE):
        slot = (slot + ONE) & mask
    return slot


@inlined
def number_keys(keys: Any, table: Any, distinct: Any, items: Any) -> Any:
    """Write the number of each n-gram, the next one where it is new; returns how many numbers there are then."""
    slots, numbers, shift, multiplier = table
    for i in range(len(keys)):
        slot = ngram_slot(slots, shift, multiplier, keys[i])
        new = slots[slot] == FREE
        slots[slot], numbers[slot] = keys[i], distinct if new else numbers[slot]
        items[i] = numbers[slot]
        distinct += np.int32(new)
    return distinct


@inlined
def find_keys(keys: Any, table: Any, items: Any, starts: Any, seen: Any) -> Any:
    """Keep the numbers and places of those n-grams that have a number, and mark it; returns how many they are."""
    slots, numbers, shift, multiplier = table
    count = ZERO
    for i in range(len(keys)):
        slot = ngram_slot(slots, shift, multiplier, keys[i])
        found, number = slots[slot] == keys[i], numbers[slot]
        items[count], starts[count] = number, starts[i]
        count += np.uint64(found)
        seen[number] |= found
    return count


@inlined
def drop_unseen(items: Any, places: Any, offsets: Any, texts: Any, begin: Any, end: Any, seen: Any) -> Any:
    """Drop in place those n-grams of some texts, ``begin`` to before ``end``, that are not seen; returns their end."""
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
    keys = np.empty(max(most_step(offsets), most_step(hypothesis_offsets)), np.uint64)
    room = most_tokens(offsets, set_offsets)
    seen, slots = np.zeros(room, np.uint8), np.empty(np.int64(1) << table_bits(2 * room), np.uint64)
    numbers = np.zeros(len(slots), np.int32)
    end, hypothesis_end = np.int64(0), np.int64(0)
    for of in range(len(set_offsets) - 1):
        bits = table_bits(2 * (offsets[set_offsets[of + 1]] - offsets[set_offsets[of]]))
        table, begin, distinct = (slots, numbers, np.uint64(64 - bits), multiplier), end, np.int32(0)
        slots[: np.int64(1) << bits] = FREE
        for text in range(set_offsets[of], set_offsets[of + 1]):
            kept_offsets[text], first, last = end, offsets[text], offsets[text + 1]
            count = np.int64(write_keys(items[first:last], places[first:last], keys, kept_places[end:]))
            distinct = number_keys(keys[:count], table, distinct, kept[end:])
            end += count
        types[of] = distinct
        for text in range(row_offsets[of], row_offsets[of + 1]):
            hypothesis_kept_offsets[text] = hypothesis_end
            first, last = hypothesis_offsets[text], hypothesis_offsets[text + 1]
            starts, found = hypothesis_kept_places[hypothesis_end:], hypothesis_kept[hypothesis_end:]
            count = np.int64(write_keys(hypothesis_items[first:last], hypothesis_places[first:last], keys, starts))
            hypothesis_end += np.int64(find_keys(keys[:count], table, found, starts, seen))
        end = drop_unseen(kept, kept_places, kept_offsets, (set_offsets[of], set_offsets[of + 1]), begin, end, seen)
        seen[:distinct] = 0
    kept_offsets[len(offsets) - 1], hypothesis_kept_offsets[len(hypothesis_offsets) - 1] = end, hypothesis_end


@inlined
def raise_to_most(items: Any, most: Any, here: Any) -> None:
    """Raise what is the most of each n-gram in a text by those of one more text; ``here`` is 0 before and after."""
    for i in range(len(items)):
        item = np.uint32(items[i])
        here[item] += np.int32(1)
        most[item] = max(most[item], here[item])
    for i in range(len(items)):
        here[np.uint32(items[i])] = 0


@inlined
def take_matches(items: Any, left: Any) -> Any:
    """How many n-grams of a text match, each as often as there are ``left``, which is as before afterwards."""
    found = 0
    for i in range(len(items)):
        item = np.uint32(items[i])
        found += left[item] > 0
        left[item] -= np.int32(1)
    for i in range(len(items)):
        left[np.uint32(items[i])] += np.int32(1)
    return found


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
    most = most_types(types)
    left, here = np.zeros(most, np.int32), np.zeros(most, np.int32)
    for of in range(len(set_offsets) - 1):
        for text in range(set_offsets[of], set_offsets[of + 1]):
            raise_to_most(items[offsets[text] : offsets[text + 1]], left, here)
        for i in range(row_offsets[of], row_offsets[of + 1]):
            first, last = hypothesis_offsets[rows[i]], hypothesis_offsets[rows[i] + 1]
            matches[i] = take_matches(hypothesis_items[first:last], left)
        left[: types[of]] = 0
