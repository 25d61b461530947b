"""Translation edit rate: the edits and shifts that make a hypothesis its reference, as sacrebleu counts them.

A shift swaps two neighbouring stretches of the hypothesis, so that no row of the table of edit distances changes before
them, and behind them rows change only until one differs by a constant from what it was. All that shifts make of a
hypothesis is equally long: a row depends on the words up to it and on nothing else.

Time grows with the number of words, not with its square: a row has 50 columns (more where the reference is over 50
times as long), and once `MOST_TRIED` shifts of a pair are tried there is an end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.texts.beams import (
    advance_row,
    begin_table,
    climb,
    fill_rows,
    index_words,
    next_place,
    row_blocks,
    same_rows,
    trace_back,
)
from fastmetrics.kernels.texts.interning import most_types

__all__ = ["count_edits"]

LONGEST = 10  # words that a shift moves
FARTHEST = 50  # words between the places of a stretch in hypothesis and reference
MOST_TRIED = 1000  # shifts of a pair; once so many are tried, none is made any more
GAIN, LENGTH, START, TARGET, TRIED = range(5)  # what is kept of the best shift, and how many were tried


@inlined
def swap_of(start: Any, length: Any, target: Any, said: Any) -> Any:
    """The neighbouring stretches that a shift swaps: where the first begins, where the second does, and its end."""
    if target < start:
        return target, start, start + length
    if target > start + length:
        return start, start + length, target
    return start, start + length, min(said, target + length)


@inlined
def unswapped(place: Any, swap: Any) -> Any:
    """Where the word comes from that is at a place once two stretches are swapped."""
    start, middle, end = swap
    if place < start or place >= end:
        return place
    return place + middle - start if place < start + end - middle else place - (end - middle)


@inlined
def swapped_distance(words: Any, table: Any, beam: Any, distance: Any, swap: Any) -> Any:
    """The edit distance with two stretches swapped; ``distance`` is that without."""
    (hypothesis, _, index), (_, _, base, width), (first, last) = words, table, beam
    start, _, end = swap
    said = len(hypothesis)
    source, spare = start * width, (said + 1) * width
    value = base[start]
    for i in range(start + 1, said + 1):
        value += advance_row(table, source, spare, beam, i, index, hypothesis[unswapped(i - 1, swap)])
        source = spare
        if i >= end and same_rows(table, spare, i * width, np.int64(last[i] - first[i])):
            return distance + value - base[i]
    return value + climb(table, source, np.int64(last[said] - first[said]))


@inlined
def better(gain: Any, length: Any, start: Any, target: Any, best: Any) -> Any:
    """Whether a shift goes before the best: it gains more, else moves more words, else from or to further left."""
    if gain != best[GAIN]:
        return gain > best[GAIN]
    if length != best[LENGTH]:
        return length > best[LENGTH]
    return start < best[START] or (start == best[START] and target < best[TARGET])


@inlined
def try_targets(
    words: Any, table: Any, beam: Any, beside: Any, distance: Any, start: Any, at: Any, length: Any, best: Any
) -> None:
    """Try to shift a stretch of the hypothesis to the places beside the words of the reference that are like it.

    Shifts that gain nothing are never made, and so the best is one that gains.
    """
    said, before = len(words[0]), np.int64(-1)
    for offset in range(-1, length):
        target = np.int64(0) if at + offset < 0 else np.int64(beside[at + offset]) + 1
        if target == before:
            continue
        before = target
        best[TRIED] += 1
        gain = distance - swapped_distance(words, table, beam, distance, swap_of(start, length, target, said))
        if gain > 0 and better(gain, length, start, target, best):
            best[GAIN], best[LENGTH], best[START], best[TARGET] = gain, length, start, target


@inlined
def try_stretches(
    words: Any, table: Any, beam: Any, traced: Any, distance: Any, start: Any, at: Any, best: Any
) -> None:
    """Try to shift each stretch that the hypothesis from ``start`` on and the reference from ``at`` on have in common.

    Both must have an edited word in it, and it must not stand beside itself.
    """
    (hypothesis, reference, _), (beside, reference_edited, hypothesis_edited) = words, traced
    here, there = np.uint8(0), np.uint8(0)
    for k in range(min(LONGEST, min(len(hypothesis) - start, len(reference) - at))):
        if hypothesis[start + k] != reference[at + k]:
            return
        here |= hypothesis_edited[start + k]
        there |= reference_edited[at + k]
        if here and there and not start <= beside[at] <= start + k:
            try_targets(words, table, beam, beside, distance, start, at, k + 1, best)
            if best[TRIED] >= MOST_TRIED:
                return


@inlined
def find_shift(words: Any, table: Any, beam: Any, traced: Any, distance: Any, best: Any) -> None:
    """Find the best of all shifts."""
    hypothesis, _, index = words
    begins, places, _ = index
    best[GAIN], best[LENGTH], best[START], best[TARGET] = 0, 0, 0, 0
    for start in range(len(hypothesis)):
        word = hypothesis[start]
        if word < 0:
            continue
        k = next_place(index, word, start - FARTHEST)
        while k < begins[word + 1] and places[k] <= start + FARTHEST:
            try_stretches(words, table, beam, traced, distance, start, np.int64(places[k]), best)
            if best[TRIED] >= MOST_TRIED:
                return
            k += 1


@inlined
def edits_of(words: Any, table: Any, beam: Any, traced: Any, best: Any, spare: Any) -> Any:
    """The edits and shifts of a pair, neither side of which is empty. The shifts are made in the hypothesis."""
    hypothesis, _, _ = words
    begin_table(words, table, beam)
    distance, shifts, best[TRIED] = fill_rows(words, table, beam, 0), 0, 0
    while True:
        trace_back(words, table, beam, distance, traced)
        find_shift(words, table, beam, traced, distance, best)
        if best[TRIED] >= MOST_TRIED or best[GAIN] == 0:
            return distance + shifts
        swap = swap_of(best[START], best[LENGTH], best[TARGET], len(hypothesis))
        start, _, end = swap
        for place in range(start, end):
            spare[place] = hypothesis[unswapped(place, swap)]
        for place in range(start, end):
            hypothesis[place] = spare[place]
        distance = fill_rows(words, table, beam, start)
        shifts += 1


@inlined
def most_room(said_offsets: Any, wanted_offsets: Any, pair_rows: Any, pair_references: Any, most: Any) -> Any:
    """The most words of a hypothesis, the most of a reference, and the most blocks of a table and one row more."""
    most_said, most_wanted, most_blocks = np.int64(0), np.int64(0), np.int64(0)
    for pair in range(len(pair_rows)):
        row, of = pair_rows[pair], pair_references[pair]
        said = min(most, said_offsets[row + 1] - said_offsets[row])
        wanted = min(most, wanted_offsets[of + 1] - wanted_offsets[of])
        most_said, most_wanted = max(most_said, said), max(most_wanted, wanted)
        if said:
            most_blocks = max(most_blocks, (said + 2) * row_blocks(said, wanted))
    return most_said, most_wanted, most_blocks


@kernel("void(in_i32, in_i64, in_i32, in_i64, in_i32, in_i64, in_i64, int64, out_i64)")
def count_edits(
    hypotheses: Any,
    said_offsets: Any,
    references: Any,
    wanted_offsets: Any,
    types: Any,
    pair_rows: Any,
    pair_references: Any,
    most: Any,
    edits: Any,
) -> None:
    """The edits and shifts of each pair of a hypothesis and a reference.

    ``types`` holds of each reference how many ids its set has. A word of a hypothesis that its set lacks is -1.
    Only the first ``most`` words of each side are looked at.
    """
    said_room, wanted_room, blocks_room = most_room(said_offsets, wanted_offsets, pair_rows, pair_references, most)
    plus, minus = np.empty(blocks_room, np.uint64), np.empty(blocks_room, np.uint64)
    base = np.empty(said_room + 1, np.int64)
    beam = np.empty(said_room + 1, np.int32), np.empty(said_room + 1, np.int32)
    index = np.empty(most_types(types) + 2, np.int32), np.empty(wanted_room, np.int32), np.empty(wanted_room, np.uint64)
    traced = np.empty(wanted_room, np.int32), np.empty(wanted_room, np.uint8), np.empty(said_room, np.uint8)
    shifted, spare = np.empty(said_room, np.int32), np.empty(said_room, np.int32)
    best, indexed = np.empty(5, np.int64), np.int64(-1)
    for pair in range(len(pair_rows)):
        row, of = pair_rows[pair], pair_references[pair]
        said = min(most, said_offsets[row + 1] - said_offsets[row])
        wanted = min(most, wanted_offsets[of + 1] - wanted_offsets[of])
        if said == 0 or wanted == 0:
            edits[pair] = said + wanted
            continue
        reference = references[wanted_offsets[of] : wanted_offsets[of] + wanted]
        if of != indexed:
            index_words(reference, types[of], index)
            indexed = of
        for place in range(said):
            shifted[place] = hypotheses[said_offsets[row] + place]
        words, table = (shifted[:said], reference, index), (plus, minus, base, row_blocks(said, wanted))
        edits[pair] = edits_of(words, table, beam, traced, best, spare)
