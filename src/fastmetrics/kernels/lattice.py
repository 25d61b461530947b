"""Sums over every conjunction of key values: a cube whose place 0 along each axis stands for all values.

The search needs no whole cube: one slab of the first axis after another is summed while a cache holds it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel

__all__ = ["add_axes", "add_up", "best_cell", "excess"]

ROUNDING = 1e-9  # by which a product and a quotient may differ


@inlined
def add_axes(cube: Any, shape: Any, first: int) -> None:
    """Place 0 of every axis from ``first`` on becomes the sum of the others; of one cube, or of several in a row."""
    inner = 1
    for axis in range(len(shape) - 1, first - 1, -1):
        size = shape[axis]
        for row in range(len(cube) // (size * inner)):
            start = row * size * inner
            if inner == 1:
                total = cube[start]
                for place in range(1, size):
                    total += cube[start + place]
                cube[start] = total
            else:
                for place in range(1, size):
                    at = start + place * inner
                    for i in range(inner):
                        cube[start + i] += cube[at + i]
        inner *= size


@kernel("void(out_f64, in_i64)")
def add_up(cube: Any, shape: Any) -> None:
    """Place 0 of every axis of a flat cube becomes the sum of the others."""
    add_axes(cube, shape, 0)


@kernel("int64(in_i64, in_f64, in_f64, in_i64, in_f64, float64, in_f64, float64)")
def best_cell(places: Any, u: Any, v: Any, shape: Any, factors: Any, factor: float, prices: Any, least: float) -> int:
    """The cell of a cube with the highest U²/2V less its price, among those of V >= ``least``; -1 where there is none.

    ``places`` of the leaves ascend. V is times ``factors`` where there are any, else times ``factor``.
    """
    size = len(prices) // shape[0]
    whole, part = np.zeros(2 * size, np.float64), np.empty(2 * size, np.float64)  # U, then V
    best, found, leaf = -np.inf, -1, 0
    while leaf < len(places) and places[leaf] < size:  # only where there is no axis
        whole[places[leaf]] = u[leaf]
        whole[places[leaf] + size] = v[leaf]
        leaf += 1
    for turn in range(1, shape[0] + 1):
        first = turn % shape[0] * size
        if first:
            for at in range(2 * size):
                part[at] = 0.0
            while leaf < len(places) and places[leaf] < first + size:
                part[places[leaf] - first] = u[leaf]
                part[places[leaf] - first + size] = v[leaf]
                leaf += 1
            add_axes(part, shape, 1)
            for at in range(2 * size):
                whole[at] += part[at]
        else:
            for at in range(2 * size):
                part[at] = whole[at]
        for at in range(size):
            spread = part[at + size] * (factors[first + at] if len(factors) else factor)
            square, price = part[at] * part[at], prices[first + at]
            if spread >= least and square >= 2.0 * spread * (best + price) - ROUNDING * square:
                score = square / (2.0 * spread) - price
                if score > best or (score == best and first + at < found):
                    best, found = score, first + at
    return found


@kernel("void(in_f64, in_f64, in_f64, in_f64, out_f64, out_f64)")
def excess(kb: Any, nb: Any, kc: Any, nc: Any, u: Any, v: Any) -> None:
    """Events now beyond those expected given the margins of each leaf, and their variance (hypergeometric)."""
    for leaf in range(len(kb)):
        before, now = nb[leaf], nc[leaf]
        events, rows = kb[leaf] + kc[leaf], before + now
        u[leaf] = 0.0
        v[leaf] = 0.0
        if before > 0.0 and now > 0.0 and events > 0.0 and events < rows:
            u[leaf] = kc[leaf] - now * events / rows
            v[leaf] = now * before * events * (rows - events) / (rows * rows * (rows - 1.0))
