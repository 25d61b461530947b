"""How many n-grams of each order a hypothesis has in common with a reference, from the ids of their tokens.

The n-grams of the highest order that begin at the places of a reference are packed into words, as many bits for each
token as the ids of its set need, and sorted. The longest n-gram of the reference that a place of a hypothesis begins
with is then beside the place where its own word would stand; lower orders are those of the bits above. Where the
highest order does not fit into a word, another round begins with numbers of the n-grams so far instead of their first
tokens. Nothing rests on a hash, and no text makes it slower than sorting and searching do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel

__all__ = ["count_common_grams"]

END = 0  # the code of a token behind the end of a reference
UNKNOWN = 1  # the code of a token that no reference of the set has, or behind the end of a hypothesis
CODES = 2  # the code of the token with the id 0
WORD_BITS = 64
ONE = np.uint64(1)
NO_WORD = np.uint64(0xFFFFFFFFFFFFFFFF)
LEAST_DIGIT, MOST_DIGIT = 6, 14  # bits of words that are sorted by at once


class Shape(NamedTuple):
    """What a word holds: from its highest bits on a head, which stands for some tokens, and those behind them."""

    headed: Any
    head_bits: Any
    tail: Any
    bits: Any


class Room(NamedTuple):
    """Arrays that serve one reference after the other.

    Attributes
    ----------
    words, spare, starts
        The words of the reference, room to sort them, and where those of each highest digit start then.
    groups, ends, used
        A number of each ordered word, where the words of each number end, and how many hits there are of them.
    own, heads, said, said_heads
        The codes of tokens and the heads of words, of the reference and of the texts of rows.
    said_words, places, apart
        The words of those texts, the ordered words that are most like them, and where the two differ.
    """

    words: Any
    spare: Any
    starts: Any
    groups: Any
    ends: Any
    used: Any
    own: Any
    heads: Any
    said: Any
    said_heads: Any
    said_words: Any
    places: Any
    apart: Any


@inlined
def bits_of(number: Any) -> Any:
    """How many bits a number has."""
    bits = np.int64(0)
    while number >> bits:
        bits += 1
    return bits


@inlined
def shape_of(headed: Any, head_bits: Any, bits: Any, orders: Any) -> Any:
    """The shape of words that hold as many tokens of so many bits as fit, one at least, and no more than are needed."""
    fit = (WORD_BITS - head_bits) // bits
    return Shape(headed, head_bits, max(min(orders - headed, fit), 1), bits)


@inlined
def write_codes(ids: Any, offsets: Any, first: Any, last: Any, codes: Any, past: Any, more: Any) -> Any:
    """Write the codes of the tokens of some texts, one of ``past`` behind each, and some ``more`` behind all.

    Returns how many codes there are without those.
    """
    at = np.int64(0)
    for text in range(first, last):
        start, size = offsets[text], offsets[text + 1] - offsets[text]
        for i in range(size):
            codes[at + i] = ids[start + i] + CODES
        codes[at + size] = past
        at += size + 1
    codes[at : at + more] = past
    return at


@inlined
def pack_words(codes: Any, heads: Any, size: Any, shape: Any, words: Any, at: Any) -> None:
    """Write the word of each place of some texts from ``words[at]`` on, and some more that mean nothing."""
    bits, low = np.uint64(shape.bits), np.uint64(shape.tail * shape.bits)
    high = low - bits
    following = np.uint64(0)
    for i in range(size + shape.tail - 1, -1, -1):
        following = following >> bits | np.uint64(codes[i + shape.headed]) << high
        words[at + i] = np.uint64(heads[i]) << low | following


@inlined
def sort_words(words: Any, spare: Any, size: Any, bits: Any, digit: Any, starts: Any) -> Any:
    """Sort the words from ``words[1]`` on, which have so many bits; returns the array where they are then.

    ``starts`` gets the place of the first word of each highest digit.
    """
    highest, digits = max(bits - digit, 0), np.int64(1) << digit
    mask = np.uint64(digits - 1)
    for shift in range(highest % digit - digit if highest % digit else 0, highest + 1, digit):
        by = np.uint64(max(shift, 0))
        starts[: digits + 2] = 0
        starts[0] = 1
        for i in range(1, size + 1):
            starts[(words[i] >> by & mask) + np.uint64(2)] += 1
        for i in range(1, digits + 2):
            starts[i] += starts[i - 1]
        for i in range(1, size + 1):
            of = (words[i] >> by & mask) + ONE
            spare[starts[of]] = words[i]
            starts[of] += 1
        words, spare = spare, words
    return words


@inlined
def steps_of(starts: Any, digit: Any) -> Any:
    """How many steps find a word among those of its highest digit: the bits of how many they are at most."""
    most = np.int64(0)
    for i in range(1 << digit):
        most = max(most, np.int64(starts[i + 1]) - np.int64(starts[i]))
    return bits_of(most)


@inlined
def search_words(
    words: Any, size: Any, ordered: Any, starts: Any, shift: Any, steps: Any, places: Any, apart: Any
) -> None:
    """Find, for each word, the ordered word that shares most leading bits; ``apart`` gets the bits that differ.

    All words take a step before any takes the next: a step waits for memory, and others fill that time.
    """
    for i in range(size):
        places[i] = starts[words[i] >> shift]
    for step in range(steps - 1, -1, -1):
        half = (ONE << np.uint64(step)) - ONE
        for i in range(size):
            places[i] += np.uint32(ordered[np.uint64(places[i]) + half] < words[i]) << np.uint32(step)
    for i in range(size):
        word, at = words[i], np.uint64(places[i])
        below, above = ordered[at - ONE] ^ word, ordered[at] ^ word
        places[i] = at - np.uint64(below < above)
        apart[i] = min(below, above)


@inlined
def group_words(ordered: Any, size: Any, shift: Any, groups: Any, ends: Any) -> Any:
    """Number the ordered words from 0 on, equal where all bits but the lowest are; returns how many numbers there are.

    ``ends`` gets the place of the last word before those of each number, then of the last of all.
    """
    group = np.int64(-1)
    for i in range(1, size + 1):
        group += (ordered[i] ^ ordered[i - 1]) >> shift != 0
        groups[i] = group
        ends[group + 1] = i
    groups[0] = groups[size + 1] = 0
    return group + 1


@inlined
def count_hits(
    places: Any,
    apart: Any,
    shift: Any,
    groups: Any,
    ends: Any,
    distinct: Any,
    used: Any,
    offsets: Any,
    first: Any,
    last: Any,
    matches: Any,
    place: Any,
    stride: Any,
) -> None:
    """Count the words of each row that have a word of the reference each, equal in all bits but the lowest.

    The count of the first row goes to a place of ``matches``, and each other so much further.
    """
    used[:distinct] = 0
    start = np.int64(0)
    for row in range(first, last):
        end = start + offsets[row + 1] - offsets[row]
        for i in range(start, end):
            used[groups[places[i]]] += apart[i] >> shift == 0
        hits = np.int64(0)
        for i in range(distinct):
            hits += min(used[i], ends[i + 1] - ends[i])
            used[i] = 0
        matches[place] = hits
        start, place = end + 1, place + stride


@inlined
def order_reference(room: Any, heads: Any, size: Any, shape: Any) -> Any:
    """Sort the words of a reference; returns the array where they are, the shift of their highest digit, and steps."""
    bits, digit = shape.head_bits + shape.tail * shape.bits, min(max(bits_of(size) + 1, LEAST_DIGIT), MOST_DIGIT)
    pack_words(room.own, heads, size, shape, room.words, 1)
    ordered = sort_words(room.words, room.spare, size, bits, digit, room.starts)
    steps = steps_of(room.starts, digit)
    ordered[size + 1 : size + 1 + (1 << steps)] = NO_WORD
    return ordered, np.uint64(max(bits - digit, 0)), steps


@inlined
def number_words(room: Any, size: Any, heads: Any) -> None:
    """The numbers of words as heads of longer ones: `UNKNOWN` for one that the reference does not have."""
    places, apart, groups = room.places, room.apart, room.groups
    for i in range(size):
        heads[i] = np.int64(groups[places[i]]) + CODES if apart[i] == 0 else np.int64(UNKNOWN)


@inlined
def compare(
    room: Any,
    size: Any,
    said_size: Any,
    bits: Any,
    orders: Any,
    offsets: Any,
    first: Any,
    last: Any,
    matches: Any,
    place: Any,
    stride: Any,
) -> None:
    """Count what the texts of some rows have in common with a reference, all orders; arguments as in `count_hits`."""
    pairs = len(matches) // orders
    order, shape, heads, said_heads = 1, shape_of(1, bits, bits, orders), room.own, room.said
    while order <= orders:
        ordered, shift, steps = order_reference(room, heads, size, shape)
        pack_words(room.said, said_heads, said_size, shape, room.said_words, 0)
        search_words(room.said_words, said_size, ordered, room.starts, shift, steps, room.places, room.apart)
        distinct, highest = np.int64(0), shape.headed + shape.tail
        while order <= min(orders, highest):
            lowest = np.uint64((highest - order) * bits)
            distinct = group_words(ordered, size, lowest, room.groups, room.ends)
            count_hits(
                *(room.places, room.apart, lowest, room.groups, room.ends, distinct, room.used),
                *(offsets, first, last, matches, place, stride),
            )
            order, place = order + 1, place + pairs
        if order <= orders:
            number_words(room, said_size, room.said_heads)
            pack_words(room.own, heads, size, shape, room.said_words, 0)
            search_words(room.said_words, size, ordered, room.starts, shift, steps, room.places, room.apart)
            number_words(room, size, room.heads)
            heads, said_heads = room.heads, room.said_heads
            shape = shape_of(highest, bits_of(distinct + CODES), bits, orders)


@inlined
def room_for(size: Any, said_size: Any, orders: Any) -> Any:
    """Room to compare a reference with the texts of some rows, of so many tokens at most."""
    size += 2 * orders + 3
    said_size = max(said_size + 2 * orders + 1, size)
    return Room(
        np.zeros(3 * size, np.uint64),
        np.zeros(3 * size, np.uint64),
        np.empty((1 << MOST_DIGIT) + 2, np.int32),
        np.empty(size, np.uint32),
        np.zeros(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.empty(said_size, np.int32),
        np.empty(said_size, np.int32),
        np.empty(said_size, np.uint64),
        np.empty(said_size, np.uint32),
        np.empty(said_size, np.uint64),
    )


@inlined
def longest(offsets: Any, borders: Any, more: Any) -> Any:
    """The most tokens from one border to the next, with ``more`` for each text."""
    most = np.int64(0)
    for i in range(len(borders) - 1):
        tokens = offsets[borders[i + 1]] - offsets[borders[i]]
        most = max(most, tokens + more * (borders[i + 1] - borders[i]))
    return most


@kernel("void(in_i32, in_i64, in_i64, in_i32, in_i64, in_i64, in_i32, int64, in_i64, out_i64)")
def count_common_grams(
    ids: Any,
    offsets: Any,
    set_offsets: Any,
    hypothesis_ids: Any,
    hypothesis_offsets: Any,
    row_offsets: Any,
    types: Any,
    orders: Any,
    pair_offsets: Any,
    matches: Any,
) -> None:
    """Count the n-grams of the orders 1 to ``orders`` that each row has in common with each of its references.

    An n-gram counts as often as both texts have it. The ids are those of `fastmetrics.texts.chunks.Ids`; ``matches``
    has the counts of all pairs for the order 1, then those for the order 2, and so on.
    """
    room = room_for(longest(offsets, np.arange(len(offsets)), 1), longest(hypothesis_offsets, row_offsets, 1), orders)
    for of in range(len(set_offsets) - 1):
        first, last = row_offsets[of], row_offsets[of + 1]
        said_size = write_codes(hypothesis_ids, hypothesis_offsets, first, last, room.said, UNKNOWN, 2 * orders)
        references = set_offsets[of + 1] - set_offsets[of]
        for j in range(set_offsets[of], set_offsets[of + 1]):
            size = write_codes(ids, offsets, j, j + 1, room.own, END, 2 * orders) - 1
            place = pair_offsets[first] + j - set_offsets[of]
            bits = bits_of(types[of] + CODES)
            compare(room, size, said_size, bits, orders, hypothesis_offsets, first, last, matches, place, references)
