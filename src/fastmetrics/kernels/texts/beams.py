"""Edit distances between the words of two texts within a beam around the diagonal, 64 columns at once.

The table of distances has a row for each word of the hypothesis and a column for each of the reference. A row is its
value in the first column of the beam, and the bits of the columns that are 1 more (``plus``) or 1 less (``minus``) than
the column before (Myers 1999, Hyyro 2003), in blocks of 64. The beam is that of sacrebleu's translation edit rate.

A pair of texts travels as three tuples:

- ``words``: the hypothesis, the reference and where the words of the reference stand (`index_words`);
- ``table``: plus, minus, the value of each row in its first column, and how many blocks a row has;
- ``beam``: the first column of each row and the last (`lay_beam`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmetrics.kernels.bits import bit_count, low_bits
from fastmetrics.kernels.dialect import inlined

__all__ = [
    "advance_row",
    "begin_table",
    "climb",
    "fill_rows",
    "index_words",
    "next_place",
    "row_blocks",
    "same_rows",
    "trace_back",
]

BEAM = 25  # columns on each side of the diagonal
ZERO, ONE, ALL = np.uint64(0), np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)
TOP, BITS = np.uint64(63), np.uint64(64)


@inlined
def index_words(reference: Any, types: Any, index: Any) -> None:
    """Write where the words of a reference stand.

    ``index`` gets where in ``places`` those of each word begin, the places, and by place the bits of the 64 places from
    it on that have the same word.
    """
    begins, places, same = index
    for word in range(types + 2):
        begins[word] = 0
    for word in reference:
        begins[word + 2] += 1
    for word in range(types):
        begins[word + 2] += begins[word + 1]
    for at in range(len(reference)):
        places[begins[reference[at] + 1]] = at
        begins[reference[at] + 1] += 1
    for k in range(len(reference) - 1, -1, -1):
        at = places[k]
        same[at] = ONE
        if k + 1 < len(reference) and reference[places[k + 1]] == reference[at] and places[k + 1] - at < 64:
            same[at] |= same[places[k + 1]] << np.uint64(places[k + 1] - at)


@inlined
def next_place(index: Any, word: Any, start: Any) -> Any:
    """Where in ``places`` the first place of a word is that is not before ``start``."""
    begins, places, _ = index
    low, high = np.int64(begins[word]), np.int64(begins[word + 1])
    while low < high:
        middle = (low + high) >> 1
        if places[middle] < start:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def equal_words(index: Any, word: Any, start: Any) -> Any:
    """The bits of the 64 places from ``start`` on that have a word."""
    begins, places, same = index
    if word < 0:
        return ZERO
    at = next_place(index, word, start)
    if at == begins[word + 1] or places[at] - start >= 64:
        return ZERO
    return same[places[at]] << np.uint64(places[at] - start)


@inlined
def beam_width(said: Any, wanted: Any) -> Any:
    """How many columns of a row are computed on each side of the diagonal."""
    half = wanted / said / 2
    return np.int64(math.ceil(half + BEAM)) if half > BEAM else np.int64(BEAM)


@inlined
def row_blocks(said: Any, wanted: Any) -> Any:
    """How many blocks a row has."""
    return (2 * beam_width(said, wanted) + 63) >> 6


@inlined
def begin_table(words: Any, table: Any, beam: Any) -> None:
    """Write the first row of the table, and the first column of each row and the last.

    The first is the lowest of the beam where the row before begins there as well: its value is 1 more than before.
    Elsewhere it is the column to the left, and has that value too: no way through the beam is shorter by it.
    """
    (hypothesis, reference, _), (plus, minus, base, width), (first, last) = words, table, beam
    said, wanted = len(hypothesis), len(reference)
    ratio, side = wanted / said, beam_width(said, wanted)
    first[0], last[0], lowest = 0, wanted, np.int64(0)
    for i in range(1, said + 1):
        diagonal = np.int64(math.floor(i * ratio))
        before, lowest = lowest, max(np.int64(0), diagonal - side)
        first[i] = lowest if lowest == before else lowest - 1
        last[i] = min(wanted, diagonal + side - 1)
    last[said] = wanted
    base[0] = 0
    for block in range(width):
        plus[block], minus[block] = ALL, ZERO


@inlined
def climb(table: Any, at: Any, columns: Any) -> Any:
    """How much more than in its first column the value of a row is so many columns on; ``at`` is its first block."""
    plus, minus, _, _ = table
    total = np.int64(0)
    while columns > 0:
        mask = low_bits(columns)
        total += np.int64(bit_count(plus[at] & mask)) - np.int64(bit_count(minus[at] & mask))
        at += 1
        columns -= 64
    return total


@inlined
def bits_from(bits: Any, at: Any, width: Any, start: Any, behind: Any) -> Any:
    """64 bits of a row of ``width`` blocks, from bit ``start`` on; ``behind`` is what lies behind its end."""
    block, shift = start >> 6, np.uint64(start & 63)
    found = bits[at + block] if block < width else behind
    if shift:
        following = bits[at + block + 1] if block + 1 < width else behind
        found = (found >> shift) | (following << (BITS - shift))
    return found


@inlined
def advance_row(table: Any, source: Any, target: Any, beam: Any, i: Any, index: Any, word: Any) -> Any:
    """Write row ``i`` at ``target``, from the row before at ``source``, in whose place it may go.

    Returns how much its value in its first column is greater than that of the row before in its own. What the row
    before lacks on the right is taken to go up and to match nothing, so that no way leads through it.
    """
    (plus, minus, _, width), (first, last) = table, beam
    moved, known = np.int64(first[i] - first[i - 1]), np.int64(last[i - 1] - first[i])
    rise = climb(table, source, moved) + 1
    over, under = ONE, ZERO  # whether the column to the left of a block is 1 more than in the row before, or 1 less
    for block in range(width):
        at = 64 * block
        inside = low_bits(known - at)
        up = bits_from(plus, source, width, moved + at, ALL) | ~inside
        down = bits_from(minus, source, width, moved + at, ZERO) & inside
        equal = equal_words(index, word, np.int64(first[i]) + at) & low_bits(known + 1 - at)
        vertical = equal | down
        equal |= under
        horizontal = (((equal & up) + up) ^ up) | equal
        rising, falling = down | ~(horizontal | up), up & horizontal
        over, rising = rising >> TOP, (rising << ONE) | over
        under, falling = falling >> TOP, (falling << ONE) | under
        plus[target + block] = falling | ~(vertical | rising)
        minus[target + block] = rising & vertical
    return rise


@inlined
def same_rows(table: Any, one: Any, other: Any, columns: Any) -> Any:
    """Whether two rows differ by a constant in their first columns."""
    plus, minus, _, _ = table
    while columns > 0:
        if ((plus[one] ^ plus[other]) | (minus[one] ^ minus[other])) & low_bits(columns):
            return False
        one, other, columns = one + 1, other + 1, columns - 64
    return True


@inlined
def fill_rows(words: Any, table: Any, beam: Any, start: Any) -> Any:
    """Write all rows behind row ``start``; returns the edit distance."""
    (hypothesis, _, index), (_, _, base, width), (first, last) = words, table, beam
    said = len(hypothesis)
    for i in range(start + 1, said + 1):
        rise = advance_row(table, (i - 1) * width, i * width, beam, i, index, hypothesis[i - 1])
        base[i] = base[i - 1] + rise
    return base[said] + climb(table, said * width, np.int64(last[said] - first[said]))


@inlined
def value_at(table: Any, beam: Any, i: Any, j: Any) -> Any:
    """The edit distance of the first i words of the hypothesis and the first j of the reference."""
    _, _, base, width = table
    return base[i] + climb(table, i * width, j - np.int64(beam[0][i])) if i else j


@inlined
def trace_back(words: Any, table: Any, beam: Any, distance: Any, traced: Any) -> None:
    """Write which word of the hypothesis is beside each of the reference, and which of both sides are edited.

    Of ways that are equally short the one is taken that has, from the right, two words beside each other rather than
    a word of the hypothesis left out, and that rather than a word of the reference put in.
    """
    (hypothesis, reference, _), (first, last) = words, beam
    beside, reference_edited, hypothesis_edited = traced
    i, j, value = np.int64(len(hypothesis)), np.int64(len(reference)), distance
    while i > 0 or j > 0:
        diagonal = i > 0 and j > first[i] and j - 1 <= last[i - 1]
        same = diagonal and hypothesis[i - 1] == reference[j - 1]
        if same or (diagonal and value_at(table, beam, i - 1, j - 1) == value - 1):
            edited = 0 if same else 1
            beside[j - 1], reference_edited[j - 1], hypothesis_edited[i - 1] = i - 1, edited, edited
            i, j, value = i - 1, j - 1, value - edited
        elif i > 0 and (j == first[i] or (j <= last[i - 1] and value_at(table, beam, i - 1, j) == value - 1)):
            hypothesis_edited[i - 1] = 1
            i, value = i - 1, value - 1
        else:
            beside[j - 1], reference_edited[j - 1] = i - 1, 1
            j, value = j - 1, value - 1
