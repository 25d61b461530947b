"""The best conjunction of a large lattice: value by value, along the rests of leaves, as long as a better one may come.

A row is what leaves that agree on the axes to come add up to, or some of them. No conjunction with more values can
split a row, so the rows of a conjunction bound all of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel

__all__ = ["best_below"]


@inlined
def reach(u: float, v: float, size: float, chi: float, turn: float, least: float) -> float:
    """What no part of some rows can exceed, from the sums of u, v, |u|, u²/v, and the last with the sign of u.

    U of a part is at most the sum of those of one sign, its V at least what is asked, and U²/V at most the sum of their
    u²/v (Cauchy and Schwarz). Where nothing is asked of V the score is U.
    """
    rise, fall = 0.5 * (size + u), 0.5 * (size - u)
    if least <= 0.0:
        return rise
    if v < least:
        return -np.inf
    return 0.5 * max(min(rise * rise / least, 0.5 * (chi + turn)), min(fall * fall / least, 0.5 * (chi - turn)))


@kernel(
    "int64(in_i64, in_i32, in_i64, in_f64, in_f64, in_f64, float64, int64, int64, int64,"
    " out_i32, out_f64, out_i64, out_f64, out_f64, out_i64)"
)
def best_below(
    starts: Any, links: Any, sizes: Any, base: Any, logs: Any, room: Any, least: float, deepest: int, leaves: int,
    most: int, row: Any, uv: Any, waiting: Any, paid: Any, best: Any, cell: Any,
) -> int:  # fmt: skip
    """Raise ``best`` and set ``cell``, by axis of the order, where a conjunction of up to ``deepest`` values has more.

    The score is U²/2V of those of V >= ``least``, or U where that is 0, less the price: ``base`` by the number of
    values, and ``logs`` of their axes. ``room`` is the least that values from an axis on add, by how many there are
    already. Rests are as in `Suffixes`. Ends early after ``most`` rows; returns how many were read.

    ``row`` and ``uv`` begin with the rests of leaves and their u and v, and have space for as many for each value more;
    ``waiting`` has space for axes + 4 numbers, and ``paid`` for two, for each value and axis.
    """
    axes = len(sizes)
    wide, widest = axes + 4, 0
    for axis in range(axes):
        widest = max(widest, sizes[axis])
    rows, place, sums = np.empty(widest, np.int64), np.empty(widest, np.int64), np.empty(5 * widest, np.float64)
    for at in range(wide):
        waiting[at] = 0
    waiting[3] = leaves
    paid[0], paid[1] = 0.0, 1e300
    tasks, read = 1, 0
    while tasks and read <= most:
        last = tasks - 1
        task = last * wide
        axis, fixed, low, high = waiting[task], waiting[task + 1], waiting[task + 2], waiting[task + 3]
        price, hope = paid[2 * last], paid[2 * last + 1]
        if axis == axes or hope - price - room[axis * (axes + 1) + fixed] <= best[0]:
            tasks -= 1
            continue
        link, size, further = starts[axis], sizes[axis], fixed + 1 < deepest
        deeper = price + logs[axis]
        read += high - low
        for code in range(size):
            rows[code] = 0
            place[code] = -1
            for at in range(5):
                sums[5 * code + at] = 0.0
        for at in range(low, high):
            to = 2 * (link + row[at])
            code = links[to]
            u, v = uv[2 * at], uv[2 * at + 1]
            rows[code] += 1
            sums[5 * code] += u
            sums[5 * code + 1] += v
            if further:
                chi = u * u / v if v > 0.0 else 0.0
                sums[5 * code + 2] += abs(u)
                sums[5 * code + 3] += chi
                sums[5 * code + 4] += chi if u > 0.0 else -chi
            else:
                row[at] = links[to + 1]
        for code in range(size):
            u, v = sums[5 * code], sums[5 * code + 1]
            if rows[code] and v >= least:
                score = (u if least <= 0.0 else 0.5 * u * u / v) - base[fixed + 1] - deeper
                if score > best[0]:
                    best[0] = score
                    for at in range(axes):
                        cell[at] = waiting[task + 4 + at]
                    cell[axis] = code + 1
        top = high
        if further:
            all_u, all_v, all_size, all_chi, all_turn = 0.0, 0.0, 0.0, 0.0, 0.0
            for code in range(size):
                u, v, own = sums[5 * code], sums[5 * code + 1], sums[5 * code + 2]
                chi, turn = sums[5 * code + 3], sums[5 * code + 4]
                all_u += u
                all_v += v
                all_size += own
                all_chi += chi
                all_turn += turn
                bound = reach(u, v, own, chi, turn, least)
                if rows[code] and bound - deeper - room[(axis + 1) * (axes + 1) + fixed + 1] > best[0]:
                    place[code] = top
                    to = tasks * wide
                    waiting[to], waiting[to + 1], waiting[to + 2] = axis + 1, fixed + 1, top
                    top += rows[code]
                    waiting[to + 3] = top
                    for at in range(axes):
                        waiting[to + 4 + at] = waiting[task + 4 + at]
                    waiting[to + 4 + axis] = code + 1
                    paid[2 * tasks], paid[2 * tasks + 1] = deeper, bound
                    tasks += 1
            hope = min(hope, reach(all_u, all_v, all_size, all_chi, all_turn, least))
            for at in range(low, high):
                to = 2 * (link + row[at])
                code = links[to]
                rest = links[to + 1]
                row[at] = rest
                to = place[code]
                if to >= 0:
                    row[to] = rest
                    uv[2 * to], uv[2 * to + 1] = uv[2 * at], uv[2 * at + 1]
                    place[code] = to + 1
        # The rows themselves go on without a value of this axis, added up where fewer rests are left.
        if axis + 1 < axes:
            rests = starts[axis + 2] - starts[axis + 1]
            if rests < high - low:
                for at in range(2 * top, 2 * (top + rests)):
                    uv[at] = 0.0
                for at in range(low, high):
                    to = 2 * (top + row[at])
                    uv[to] += uv[2 * at]
                    uv[to + 1] += uv[2 * at + 1]
                for at in range(rests):
                    row[low + at] = at
                    uv[2 * (low + at)], uv[2 * (low + at) + 1] = uv[2 * (top + at)], uv[2 * (top + at) + 1]
                high = low + rests
        waiting[task], waiting[task + 3] = axis + 1, high
        paid[2 * last + 1] = hope
    return read
