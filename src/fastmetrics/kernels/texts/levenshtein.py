"""Levenshtein distance, bit-parallel (Myers 1999, Hyyrö 2003): 64 cells of the table of a pair in one step.

A row of the table is a token of the reference, a column one of the hypothesis. A row is a bit, 64 rows are a word, and
the words of a *stripe* are lanes of one vector. A stripe passes over the columns, each lane two columns behind the one
above it, so that it need not wait for what that passes down. What leaves a stripe is kept for each column: 1 where the
distance rises by one from the column before, 2 where it falls by one. So memory grows with the length of a text, and
not with its square.

The last row is the last bit of the last stripe. Rows before the first, and those of a common prefix, are *neutral*:
they match nothing, cost nothing, and pass on the first row of the table.

Only cells that a path of at most ``reach`` edits can cross are looked at (Ukkonen 1985). Cells beyond are taken for
what inserting and deleting alone would cost, so what is found is never too small, and is a reach that is enough.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.lanes import LANES, gather_back, last_lane, load_lanes, move_up, no_lanes, store_lanes

__all__ = ["KEPT", "LANES", "LATE", "ROWS", "STEP", "Record", "edit_distances"]

ROWS = 64 * LANES  # of a stripe
STEP = 2  # columns that a lane is behind the one above
LATE = STEP * (LANES - 1)  # columns that the last lane is behind the first
SHIFT = np.uint64(LATE)
KEPT = 1 << 14  # words of masks that are kept for all hypotheses of a reference
LEAST_REACH = 64
FEW_STRIPES = 3  # that are passed faster than a reach is found
ONE, TOP, ALL = np.uint64(1), np.uint64(63), np.uint64(0xFFFFFFFFFFFFFFFF)


class Record(NamedTuple):
    """What a pass over a table keeps of its cells, for the way back.

    Attributes
    ----------
    rises, falls
        The rows where the distance is one more, or one less, than in the row before: a vector of lanes for each step.
    stripes
        Of each stripe its first column, the one behind its last, and the first of its steps.
    cycle
        The steps of a stripe before they begin anew in the place of the first, less one.
    """

    rises: Any
    falls: Any
    stripes: Any
    cycle: Any


@inlined
def common_prefix(reference: Any, hypothesis: Any) -> Any:
    """How many tokens two texts begin with alike; a text is an array, where it starts there, and its length."""
    tokens, start, rows = reference
    others, other_start, columns = hypothesis
    most, at = min(rows, columns), 0
    while at < most and tokens[start + at] == others[other_start + at]:
        at += 1
    return at


@inlined
def move_window(masks: Any, words: Any, reference: Any, old: Any, new: Any) -> None:
    """Clear the masks of one window of stripes, and set those of another: a bit for each row in the words of its token.

    ``words`` is how many a stripe has. A window is as many stripes as there is room for, from a multiple of that on; -1
    is none.
    """
    tokens, start, n = reference
    rows = max(len(masks) // words, 1) * ROWS
    neutral = -n % ROWS
    for window, one in ((old, ONE ^ ONE), (new, ONE)):
        for i in range(max(window * rows - neutral, 0), min((window + 1) * rows - neutral, n)):
            bit = i + neutral - window * rows
            at = bit // ROWS * words + LANES * (np.int64(tokens[start + i]) + 1) + (bit >> 6) % LANES
            masks[at] = masks[at] | one << np.uint64(bit & 63) if one else one


@inlined
def rows_from(first: Any, scratch: Any) -> Any:
    """A one for each row of a stripe from the first that is not neutral on."""
    for lane in range(LANES):
        below = first - 64 * lane
        scratch[lane] = ALL if below <= 0 else (ALL << np.uint64(below) if below < 64 else ONE ^ ONE)
    return load_lanes(scratch, 0)


@inlined
def start_columns(hypothesis: Any, places: Any, crossing: Any) -> None:
    """Where the masks of each token begin in those of a stripe, and what crosses the first row: the distance rises.

    That of a column is at the column plus `LATE`. Before and behind all columns stands 0, where the masks of tokens
    begin that the reference has not.
    """
    tokens, start, m = hypothesis
    for column in range(np.uint64(m)):
        places[column + SHIFT] = np.int32(LANES) * (tokens[np.uint64(start) + column] + np.int32(1))
        crossing[column + SHIFT] = 1
    for column in range(np.uint64(m), np.uint64(m) + SHIFT):
        places[column + SHIFT] = 0


@inlined
def pass_stripe(
    masks: Any, at: Any, places: Any, columns: Any, live: Any, crossing: Any, record: Any, first: Any
) -> None:
    """Pass a stripe over some columns: what crosses the row above it is replaced by what crosses its last.

    ``live`` has the bits of the rows that are not neutral. Until a lane has come to the first column it is kept as it
    starts. ``record`` is None, or a `Record` in which the steps of the stripe begin at ``first``; a lane is recorded at
    the step that it is passed in.
    """
    vp, vn, begun = live, no_lanes(), no_lanes()
    above, entry = crossing[columns[0] + LATE], crossing[columns[0] + LATE + 1]
    up, down = move_up(vn, above & 1), move_up(vn, above >> 1)
    next_up, next_down = move_up(vn, entry & 1), move_up(vn, entry >> 1)
    for column in range(columns[0], columns[1] + LATE):
        x = (gather_back(masks, at, places, column + LATE, STEP) & live) | down
        d0 = (((x & vp) + vp) ^ vp) | x | vn
        hp, hn = vn | ~(d0 | vp), d0 & vp
        shifted = (hp << ONE) | up
        vp, vn = (hn << ONE) | down | ~(d0 | shifted), shifted & d0
        up, down, hp, hn = next_up, next_down, hp >> TOP, hn >> TOP
        if column - columns[0] < LATE:
            if (column - columns[0]) % STEP == 0:
                begun = move_up(begun, ALL)
            vp, vn, hp, hn = (vp & begun) | (live & ~begun), vn & begun, hp & begun, hn & begun
        if record is not None:
            spot = LANES * (first + (column - columns[0] & record.cycle))
            store_lanes(record.rises, spot, vp)
            store_lanes(record.falls, spot, vn)
        place = np.uint64(column)
        crossing[place] = last_lane(hp) | last_lane(hn) << ONE
        above = crossing[place + np.uint64(LATE + STEP)]
        next_up, next_down = move_up(hp, above & 1), move_up(hn, above >> 1)


@inlined
def growth(crossing: Any, column: Any) -> Any:
    """How much the distance grows at a column."""
    crossed = crossing[np.uint64(column) + SHIFT]
    return np.int64(crossed & 1) - np.int64(crossed >> 1)


@inlined
def least_distance(crossing: Any, columns: Any, before: Any, left: Any) -> Any:
    """The least that a path costs which crosses the last row of a stripe at one of its columns.

    ``before`` is the distance at the first of them, ``left`` the columns from there on less the rows below.
    """
    least = before + abs(left)
    for column in range(columns[0], columns[1]):
        before += growth(crossing, column)
        left -= 1
        least = min(least, before + abs(left))
    return least


@inlined
def new_table(symbols: Any, columns: Any) -> Any:
    """Room for tables of so many columns: masks, words of masks that a stripe has, where those of each token begin,
    what crosses, and a row of lanes.
    """
    words, room = (symbols + 1) * LANES, columns + 2 * LATE + STEP
    masks, scratch = np.zeros(max(KEPT, words), np.uint64), np.empty(LANES, np.uint64)
    return masks, words, np.zeros(room, np.int32), np.zeros(room, np.uint8), scratch


@inlined
def pass_table(pair: Any, prefix: Any, band: Any, most: Any, table: Any, window: Any, record: Any) -> Any:
    """The distance of two texts by paths inside a band, and the window that is set.

    ``band`` is how many columns a path may lie before the diagonal of its row, and how many behind. Where no path can
    cost ``most`` or less, what it may cost is estimated from the stripes so far. ``record`` is None, or
    a `Record`.
    """
    masks, words, places, crossing, scratch = table
    reference, hypothesis = pair
    n, m = reference[2], hypothesis[2]
    neutral, kept = -n % ROWS, max(len(masks) // words, 1)
    start_columns(hypothesis, places, crossing)
    first, before, step = prefix, np.int64(0), np.int64(0)
    for stripe in range((neutral + prefix) // ROWS, (neutral + n) // ROWS):
        if stripe // kept != window:
            move_window(masks, words, reference, window, stripe // kept)
            window = stripe // kept
        top, bottom = max(stripe * ROWS - neutral, prefix), (stripe + 1) * ROWS - neutral
        start, end = max(first, top - band[0]), min(m, bottom + band[1])
        for column in range(first, start):
            before += growth(crossing, column)
        first, before = start, before + bottom - top
        rows, at = rows_from(top + neutral - stripe * ROWS, scratch), stripe % kept * words
        pass_stripe(masks, at, places, (start, end), rows, crossing, record, step)
        if record is not None:
            stretch = record.stripes[3 * stripe : 3 * stripe + 3]
            stretch[0], stretch[1], stretch[2] = start, end, step
            step += min(end - start + LATE, record.cycle + 1)
        if most < n + m and bottom < n:
            least = least_distance(crossing, (start, end), before, m - start - n + bottom)
            if least > most:
                return max(most + 1, least * (n - prefix) // (bottom - prefix) * 9 // 8), window
    for column in range(first, m):
        before += growth(crossing, column)
    return before, window


@inlined
def distance(pair: Any, table: Any, window: Any) -> Any:
    """The distance of two texts, and the window that is set."""
    n, m = pair[0][2], pair[1][2]
    prefix = common_prefix(pair[0], pair[1])
    if prefix == min(n, m):
        return max(n, m) - prefix, window
    patient = n - prefix <= FEW_STRIPES * ROWS
    found = max(n, m) if patient else abs(n - m) + LEAST_REACH + (n >> 4)
    reach = np.int64(-1)
    while found > reach:
        reach, most = found, n + m if patient else found
        band = (reach + n - m) // 2, (reach + m - n) // 2
        found, window = pass_table(pair, prefix, band, most, table, window, None)
        patient = True
    return found, window


@kernel("void(in_i32, in_i64, in_i64, in_i32, in_i64, in_i64, in_i64, int64, int64, out_i64)")
def edit_distances(
    references: Any,
    reference_offsets: Any,
    set_offsets: Any,
    hypotheses: Any,
    hypothesis_offsets: Any,
    row_offsets: Any,
    pair_offsets: Any,
    symbols: Any,
    most: Any,
    distances: Any,
) -> None:
    """The distance of each pair of a row and one of its references, of at most the first ``most`` tokens of both.

    Tokens are numbers below ``symbols``, and -1 for one that the reference has not.
    """
    longest = np.int64(0)
    for row in range(len(hypothesis_offsets) - 1):
        longest = max(longest, min(hypothesis_offsets[row + 1] - hypothesis_offsets[row], most))
    table = new_table(symbols, longest)
    for of in range(len(set_offsets) - 1):
        for place in range(set_offsets[of + 1] - set_offsets[of]):
            start = reference_offsets[set_offsets[of] + place]
            n = min(reference_offsets[set_offsets[of] + place + 1] - start, most)
            reference, window = (references, start, n), np.int64(-1)
            for row in range(row_offsets[of], row_offsets[of + 1]):
                first = hypothesis_offsets[row]
                hypothesis = hypotheses, first, min(hypothesis_offsets[row + 1] - first, most)
                found, window = distance((reference, hypothesis), table, window)
                distances[pair_offsets[row] + place] = found
            move_window(table[0], table[1], reference, window, np.int64(-1))
