"""The best conjunction of a lattice too large for a cube: value by value, as long as a better one may come.

A conjunction gets further values only while one with more of them could still be best: its variance must be large
enough, and what its leaves could reach if only those that help stayed must exceed the best so far. Both bounds hold for
every part of it, so what is found is what a cube would have shown.
"""

from __future__ import annotations

from math import comb, inf, log

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Floats
from fastmetrics.diagnosis.search.lattice import Conjunction, Lattice

__all__ = ["best_by_levels"]

SHALLOW = 3
MOST_ROWS = 1_000_000_000  # read, some ten seconds: beyond, the best so far is the answer
LEAST = 1e-300  # variance that can be divided by


def best_by_levels(
    lattice: Lattice, u: Floats, v: Floats | None, least: float, deepest: int | None = None
) -> Conjunction | None:
    """The cell with the highest u²/2v less its price, among those of v >= ``least``; without ``v`` u is the score.

    ``deepest`` is the most values that a conjunction may fix; by default all.
    """
    dims, rests = len(lattice.dims), lattice.suffixes
    deepest = dims if deepest is None else min(deepest, dims)
    least = 0.0 if v is None else max(least, LEAST)
    best, cell = np.array([whole(lattice, u, v, least)]), np.zeros(dims, np.int64)
    sizes = np.array([len(lattice.values[axis]) for axis in rests.axes], np.int64)
    base, logs = np.array([log(dims + 1) + log(comb(dims, count)) for count in range(dims + 1)]), np.log(sizes)
    spread = np.zeros(lattice.leaves) if v is None else v[rests.order]
    for depth in (deepest,) if deepest <= SHALLOW else (SHALLOW, deepest):
        kernels.descent.best_below(
            rests.starts, rests.links, sizes, base, logs, least_prices(base, logs, depth), u[rests.order], spread,
            least, depth, MOST_ROWS, best, cell,
        )  # fmt: skip
    return tuple(int(cell[rests.axes.index(axis)]) for axis in range(dims)) if best[0] > -inf else None


def whole(lattice: Lattice, u: Floats, v: Floats | None, least: float) -> float:
    """What the conjunction of no values has, after its price; -inf where it may not win."""
    price, total = lattice.price((0,) * len(lattice.dims)), float(u.sum())
    if v is None:
        return total - price
    variance = float(v.sum())
    return total * total / (2 * variance) - price if variance >= least else -inf


def least_prices(base: Floats, logs: Floats, deepest: int) -> Floats:
    """The least price of one value more or several, by the first axis they may come from and the values before.

    The part of the values before is left out, but for their number.
    """
    axes = len(logs)
    out = np.full((axes + 1, axes + 1), np.inf)
    for axis in range(axes):
        cheapest = np.cumsum(np.sort(logs[axis:]))
        for fixed in range(deepest):
            more = min(len(cheapest), deepest - fixed)
            out[axis, fixed] = (base[fixed + 1 : fixed + 1 + more] + cheapest[:more]).min()
    return out
