"""Substitutions, deletions and insertions on one of the shortest edit paths: the one that rapidfuzz takes.

From the end of both texts back: a token of the reference is deleted where that is on a shortest path; else one of the
hypothesis is inserted where leaving out both costs more; else both are taken. First of all the common prefix and then
the common suffix are taken off. A table of `SPLIT_BYTES` or more is split at the middle of the hypothesis (Hirschberg
1975), where the first best row cuts the reference, and so on with both parts: so it is the path that depends on the
size of a table, and not the memory on that of a text.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.texts.levenshtein import (
    LANES,
    LATE,
    ROWS,
    STEP,
    Record,
    common_prefix,
    move_window,
    new_table,
    pass_table,
)

__all__ = ["count_edits"]

SPLIT_BYTES = 1 << 20  # of the two bits of each cell in a band that a path cannot leave
SPLIT_ROWS, SPLIT_COLUMNS = 65, 10  # the least that a split table has
# Which steps are recorded: all, or the last ones, which are those of all lanes at one column.
EVERY_STEP, LAST_STEPS = np.int64((1 << 62) - 1), np.int64(7)
DEPTH = 64  # of parts that wait: each is half as wide as the one before
FAR = np.int64(1 << 60)
ONE = np.uint64(1)


@inlined
def common_suffix(reference: Any, hypothesis: Any) -> Any:
    """How many tokens two texts end with alike."""
    tokens, start, rows = reference
    others, other_start, columns = hypothesis
    most, at = min(rows, columns), 0
    while at < most and tokens[start + rows - 1 - at] == others[other_start + columns - 1 - at]:
        at += 1
    return at


@inlined
def pass_pair(pair: Any, band: Any, table: Any, record: Any) -> Any:
    """Record a table within a band; returns the distance."""
    none = np.int64(-1)
    found, window = pass_table(pair, np.int64(0), band, pair[0][2] + pair[1][2], table, none, record)
    move_window(table[0], table[1], pair[0], window, none)
    return found


@inlined
def recorded(bits: Any, record: Any, row: Any, column: Any) -> Any:
    """A recorded bit of a row, which may be a neutral one, at a column; 0 where it was not looked at."""
    stripe, lane = row // ROWS, (row >> 6) % LANES
    first, end, step = record.stripes[3 * stripe], record.stripes[3 * stripe + 1], record.stripes[3 * stripe + 2]
    if column < first or column >= end:
        return ONE ^ ONE
    spot = LANES * (step + (column - first + STEP * lane & record.cycle)) + lane
    return bits[spot] >> np.uint64(row & 63) & ONE


@inlined
def walk_back(pair: Any, record: Any) -> Any:
    """Substitutions, deletions and insertions on the path through a table of which all steps are recorded."""
    tokens, start, n = pair[0]
    others, other_start, m = pair[1]
    neutral, i, j, substituted, deleted, inserted = -n % ROWS, n, m, 0, 0, 0
    while i > 0 and j > 0:
        row = neutral + i - 1
        if recorded(record.rises, record, row, j - 1):
            deleted += 1
            i -= 1
        elif j > 1 and recorded(record.falls, record, row, j - 2):
            inserted += 1
            j -= 1
        else:
            i, j = i - 1, j - 1
            substituted += tokens[start + i] != others[other_start + j]
    return substituted, deleted + i, inserted + j


@inlined
def read_last_column(n: Any, m: Any, score: Any, record: Any, scores: Any) -> None:
    """The distance of each of the first tokens of the reference, also of none, from the whole hypothesis.

    ``score`` is that of the first ``n``, the last in the band; what is outside of it stays as it is.
    """
    neutral, i = -n % ROWS, n
    scores[n] = score
    while i > 0 and record.stripes[3 * ((neutral + i - 1) // ROWS) + 1] == m:
        row = neutral + i - 1
        score -= np.int64(recorded(record.rises, record, row, m - 1))
        score += np.int64(recorded(record.falls, record, row, m - 1))
        i -= 1
        scores[i] = score


@inlined
def best_cut(scores: Any, n: Any) -> Any:
    """Where the reference is cut for the halves of the hypothesis, and the distance of each half."""
    left, right = scores
    best = 0
    for i in range(n + 1):
        if left[i] + right[n - i] < left[best] + right[n - best]:
            best = i
    return best, left[best], right[n - best]


@inlined
def side_of(pair: Any, side: Any, columns: Any, rows: Any) -> Any:
    """The first tokens of a pair for side 0, for side 1 the last ones from the end: so many of both texts."""
    reference, hypothesis = pair
    if side == 0:
        return (reference[0], reference[1], rows), (hypothesis[0], hypothesis[1], columns)
    return backward(reference, rows), backward(hypothesis, columns)


@inlined
def backward(text: Any, length: Any) -> Any:
    """The last tokens of a text from its end. The copy costs little beside the table that is split."""
    end = text[1] + text[2]
    return text[0][end - length : end][::-1].copy(), np.int64(0), length


@inlined
def without_ends(references: Any, hypotheses: Any, part: Any) -> Any:
    """The two texts of a part without what they begin and end with alike."""
    reference, hypothesis = (references, part[0], part[1]), (hypotheses, part[2], part[3])
    prefix = common_prefix(reference, hypothesis)
    reference = references, part[0] + prefix, part[1] - prefix
    hypothesis = hypotheses, part[2] + prefix, part[3] - prefix
    suffix = common_suffix(reference, hypothesis)
    return (references, reference[1], reference[2] - suffix), (hypotheses, hypothesis[1], hypothesis[2] - suffix)


@inlined
def is_split(n: Any, m: Any, most: Any) -> Any:
    """Whether a table of so many rows and columns is split, when its distance is known to be at most ``most``."""
    rows = min(n, 2 * min(most, max(n, m)) + 1)
    return 2 * rows * m // 8 >= SPLIT_BYTES and n >= SPLIT_ROWS and m >= SPLIT_COLUMNS


@inlined
def pair_edits(texts: Any, parts: Any, table: Any, record: Any, scores: Any) -> Any:
    """Substitutions, deletions and insertions of the two texts of the first part.

    ``texts`` are the arrays of tokens of all references and of all hypotheses. A part is where its two texts start and
    how long they are, its distance, and what is taken for known of that.
    """
    references, hypotheses = texts
    substituted, deleted, inserted, waiting = 0, 0, 0, 1
    while waiting:
        waiting -= 1
        part = parts[waiting]
        distance, known = part[4], part[5]
        reference, hypothesis = without_ends(references, hypotheses, part)
        n, m = reference[2], hypothesis[2]
        band = (distance + n - m) // 2, (distance + m - n) // 2
        if n == 0 or m == 0:
            deleted, inserted = deleted + n, inserted + m
            continue
        pair, cut, half = (reference, hypothesis), is_split(n, m, known), m // 2
        steps = Record(record.rises, record.falls, record.stripes, LAST_STEPS if cut else EVERY_STEP)
        for side in range(2 if cut else 1):
            columns = (half if side == 0 else m - half) if cut else m
            rows = min(n, columns + band[0]) if cut else n
            found = pass_pair(side_of(pair, side, columns, rows), band, table, steps)
            if cut:
                scores[side][: n + 1] = FAR
                read_last_column(rows, columns, found, steps, scores[side])
        if cut:
            row, left, right = best_cut(scores, n)
            put(parts, waiting, (reference[1], row, hypothesis[1], half, left))
            put(parts, waiting + 1, (reference[1] + row, n - row, hypothesis[1] + half, m - half, right))
            waiting += 2
        else:
            edits = walk_back(pair, steps)
            substituted, deleted, inserted = substituted + edits[0], deleted + edits[1], inserted + edits[2]
    return substituted, deleted, inserted


@inlined
def put(parts: Any, at: Any, part: Any) -> None:
    """Put a part whose distance is known among those that wait."""
    for k in range(5):
        parts[at, k] = part[k]
    parts[at, 5] = part[4]


@inlined
def most_steps(n: Any, m: Any) -> Any:
    """How many steps are recorded at most of texts of such lengths, or of a part of them that is not split."""
    whole = (n // ROWS + 1) * max(m + LATE, LAST_STEPS + 1)
    return min(whole, 4 * SPLIT_BYTES // ROWS + 2 * (n + m) + 1024)


@kernel("void(in_i32, in_i64, in_i32, in_i64, in_i64, in_i64, int64, int64, out_i64, out_i64, out_i64)")
def count_edits(
    references: Any,
    reference_offsets: Any,
    hypotheses: Any,
    hypothesis_offsets: Any,
    of: Any,
    distances: Any,
    symbols: Any,
    most: Any,
    substitutions: Any,
    deletions: Any,
    insertions: Any,
) -> None:
    """The edits of each row and the reference ``of`` it, at most the first ``most`` tokens of both.

    Tokens are as in `levenshtein.edit_distances`, which gives the distances too.
    """
    rows, columns, steps = np.int64(0), np.int64(0), np.int64(0)
    for row in range(len(of)):
        n = min(reference_offsets[of[row] + 1] - reference_offsets[of[row]], most)
        m = min(hypothesis_offsets[row + 1] - hypothesis_offsets[row], most)
        rows, columns, steps = max(rows, n), max(columns, m), max(steps, most_steps(n, m))
    texts = references.copy(), hypotheses.copy()  # arrays of one type with those from the end: compiled once
    table, stripes = new_table(symbols, columns), np.empty(3 * (rows // ROWS + 2), np.int64)
    record = Record(np.empty(LANES * steps, np.uint64), np.empty(LANES * steps, np.uint64), stripes, EVERY_STEP)
    scores, parts = (np.empty(rows + 1, np.int64), np.empty(rows + 1, np.int64)), np.empty((DEPTH, 6), np.int64)
    for row in range(len(of)):
        start, other_start = reference_offsets[of[row]], hypothesis_offsets[row]
        n = min(reference_offsets[of[row] + 1] - start, most)
        m = min(hypothesis_offsets[row + 1] - other_start, most)
        put(parts, 0, (start, n, other_start, m, distances[row]))
        parts[0, 5] = max(n, m)
        edits = pair_edits(texts, parts, table, record, scores)
        substitutions[row], deletions[row], insertions[row] = edits
