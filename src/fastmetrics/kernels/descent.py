"""The best conjunction of a large lattice by branch and bound: value by value, along the rests of leaves.

A row is what leaves that agree on the axes to come add up to, or some of them. No conjunction with more values can
split a row, so the rows of a conjunction bound all of them.

The search keeps a stack of tasks. A task is a conjunction of values of the axes before ``AXIS``, and the stretch of
rows that it holds; the conjunctions that fix a value of that axis or of a later one are still to be tried.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel

__all__ = ["best_below"]

AXIS, FIXED, FIRST, AFTER, CODES = range(5)  # columns of tasks: next axis, values so far, rows, and codes by axis
PRICE, BOUND = range(2)  # columns of their scores: what the values cost, and what no part of the rows can exceed
U, V, SIZE, CHI, TURN = range(5)  # rows of sums by code: of u, v, |u|, u²/v, and u²/v with the sign of u
CODE, REST = range(2)  # columns of links: the code of a row on the axis, and what is left of the row after it


@inlined
def reach(sums: Any, code: int, least: float) -> float:
    """What no part of some rows can exceed, by the sums of these.

    U of a part is at most the sum of those of one sign, its V at least what is asked, and U²/V at most the sum of their
    u²/v (Cauchy and Schwarz). Where nothing is asked of V the score is U.
    """
    if sums[V, code] < least:
        return -np.inf
    rise: float = 0.5 * (sums[SIZE, code] + sums[U, code])
    if least <= 0.0:
        return rise
    fall: float = 0.5 * (sums[SIZE, code] - sums[U, code])
    up: float = 0.5 * (sums[CHI, code] + sums[TURN, code])
    down: float = 0.5 * (sums[CHI, code] - sums[TURN, code])
    return 0.5 * max(min(rise * rise / least, up), min(fall * fall / least, down))


@inlined
def add_rows(links: Any, row: Any, uv: Any, first: int, after: int, rows: Any, sums: Any, further: bool) -> None:
    """Count and add up some rows by their code, and, where a ``further`` value may come, what bounds need of them.

    Where none may, the rows become what is left of them.
    """
    for code in range(len(rows)):
        rows[code] = 0
        for column in range(TURN + 1):
            sums[column, code] = 0.0
    for at in range(first, after):
        link = row[at]
        code = links[link, CODE]
        u, v = uv[at, U], uv[at, V]
        rows[code] += 1
        sums[U, code] += u
        sums[V, code] += v
        if further:
            chi = u * u / v if v > 0.0 else 0.0
            sums[SIZE, code] += abs(u)
            sums[CHI, code] += chi
            sums[TURN, code] += chi if u > 0.0 else -chi
        else:
            row[at] = links[link, REST]


@inlined
def raise_best(task: Any, rows: Any, sums: Any, least: float, price: float, best: Any, cell: Any) -> None:
    """Keep the best of the conjunctions that fix one value more."""
    axis = task[AXIS]
    for code in range(len(rows)):
        u, v = sums[U, code], sums[V, code]
        if rows[code] and v >= least:
            score = (u if least <= 0.0 else 0.5 * u * u / v) - price
            if score > best[0]:
                best[0] = score
                cell[:] = task[CODES:]
                cell[axis] = code + 1


@inlined
def expand(
    tasks: Any, scores: Any, last: int, rows: Any, sums: Any, place: Any, whole: Any, least: float, price: float,
    enough: float,
) -> int:  # fmt: skip
    """Push a task for each code whose rows may hold more than ``enough``; how many tasks there are then.

    Their rows will lie one stretch behind the other, each from ``place`` on; -1 is the place of a code without a task.
    ``whole`` becomes the sums over all codes.
    """
    axis, fixed, top, count = tasks[last, AXIS], tasks[last, FIXED], tasks[last, AFTER], last + 1
    whole[:] = 0.0
    for code in range(len(rows)):
        place[code] = -1
        for column in range(TURN + 1):
            whole[column, 0] += sums[column, code]
        bound = reach(sums, code, least)
        if rows[code] and bound - price > enough:
            place[code] = top
            for column in range(CODES, tasks.shape[1]):
                tasks[count, column] = tasks[last, column]
            tasks[count, AXIS], tasks[count, FIXED], tasks[count, FIRST] = axis + 1, fixed + 1, top
            top += rows[code]
            tasks[count, AFTER] = top
            tasks[count, CODES + axis] = code + 1
            scores[count, PRICE], scores[count, BOUND] = price, bound
            count += 1
    return count


@inlined
def deal_rows(links: Any, row: Any, uv: Any, first: int, after: int, place: Any) -> None:
    """Copy rows to the tasks of their codes; in both places a row becomes what is left of it after the axis."""
    for at in range(first, after):
        link = row[at]
        code, rest = links[link, CODE], links[link, REST]
        row[at] = rest
        to = place[code]
        if to >= 0:
            row[to] = rest
            uv[to, U], uv[to, V] = uv[at, U], uv[at, V]
            place[code] = to + 1


@inlined
def fold_rows(row: Any, uv: Any, first: int, after: int, top: int, rests: int) -> int:
    """Add up rows that have become one, by way of the space from ``top`` on; where they end then."""
    if rests >= after - first:
        return after
    for at in range(top, top + rests):
        uv[at, U], uv[at, V] = 0.0, 0.0
    for at in range(first, after):
        uv[top + row[at], U] += uv[at, U]
        uv[top + row[at], V] += uv[at, V]
    for at in range(rests):
        row[first + at] = at
        uv[first + at, U], uv[first + at, V] = uv[top + at, U], uv[top + at, V]
    return first + rests


@kernel(
    "int64(in_i64, in_i32_2d, in_i64, in_f64, in_f64, in_f64_2d, in_f64, in_f64, float64, int64, int64, out_f64,"
    " out_i64)"
)
def best_below(
    starts: Any, links: Any, sizes: Any, base: Any, logs: Any, room: Any, u: Any, v: Any, least: float, deepest: int,
    most: int, best: Any, cell: Any,
) -> int:  # fmt: skip
    """Raise ``best`` and set ``cell``, by axis of the order, where a conjunction of up to ``deepest`` values has more.

    The score is U²/2V of those of V >= ``least``, or U where that is 0, less the price: ``base`` by the number of
    values, and ``logs`` of their axes. ``room`` is the least that values from an axis on add, by how many there are
    already. Rests are as in `Suffixes`, ``u`` and ``v`` are of the first of them. Ends early after ``most`` rows;
    returns how many were read.
    """
    axes, space, widest = len(sizes), len(u) * (deepest + 2), sizes.max() if len(sizes) else 0
    row, uv = np.empty(space, np.int32), np.empty((space, 2), np.float64)
    tasks = np.zeros((sizes.sum() + axes + 1, axes + CODES), np.int64)
    scores = np.empty((len(tasks), 2), np.float64)
    rows, place, sums = np.empty(widest, np.int64), np.empty(widest, np.int64), np.empty((5, widest), np.float64)
    whole = np.empty((5, 1), np.float64)
    for at in range(len(u)):
        row[at], uv[at, U], uv[at, V] = at, u[at], v[at]
    tasks[0, AFTER] = len(u)
    scores[0, PRICE], scores[0, BOUND] = 0.0, 1e300
    count, read = 1, 0
    while count and read <= most:
        last = count - 1
        axis, fixed, first, after = tasks[last, AXIS], tasks[last, FIXED], tasks[last, FIRST], tasks[last, AFTER]
        if axis == axes or scores[last, BOUND] - scores[last, PRICE] - room[axis, fixed] <= best[0]:
            count -= 1
            continue
        read += after - first
        further, price, size = fixed + 1 < deepest, scores[last, PRICE] + logs[axis], sizes[axis]
        below, of_code = links[starts[axis] : starts[axis + 1]], rows[:size]
        add_rows(below, row, uv, first, after, of_code, sums, further)
        raise_best(tasks[last], of_code, sums, least, price + base[fixed + 1], best, cell)
        top = after
        if further:
            enough = best[0] + room[axis + 1, fixed + 1]
            count = expand(tasks, scores, last, of_code, sums, place, whole, least, price, enough)
            scores[last, BOUND] = min(scores[last, BOUND], reach(whole, 0, least))
            deal_rows(below, row, uv, first, after, place)
            top = tasks[count - 1, AFTER]
        tasks[last, AXIS] = axis + 1
        if axis + 1 < axes:  # the task goes on without a value of this axis, where fewer rests may be left
            tasks[last, AFTER] = fold_rows(row, uv, first, after, top, starts[axis + 2] - starts[axis + 1])
    return read
