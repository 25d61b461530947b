"""The best conjunction of a lattice too large for a cube: cuboid by cuboid, from few values to many.

A cell goes on to conjunctions with one value more only while one of them could still be best: its variance must be
large enough, and what its leaves could reach if only those that help stayed must exceed the best so far. Both bounds
hold for every part of a cell, so what is found is what a cube would have shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics.diagnosis.lattice import Cell, Lattice, summed_by

__all__ = ["best_by_levels"]

Floats = NDArray[np.float64]

MOST_CELLS = 1 << 16  # of a cuboid whose cells have places of their own; beyond, those that occur are numbered
MOST_MARKS = 2_000_000_000  # leaves x cuboids of a level that are kept: 2 GB; deeper levels are left out


def best_by_levels(
    lattice: Lattice, u: Floats, v: Floats | None, least: float, deepest: int | None = None
) -> Cell | None:
    """The cell with the highest u²/2v less its price, among those of v >= ``least``; without ``v`` u is the score.

    ``deepest`` is the most values that a conjunction may fix; by default all.
    """
    dims = len(lattice.dims)
    best: tuple[float, Cell | None] = (-np.inf, None)
    alive: dict[tuple[int, ...], NDArray[np.bool_]] = {}
    for level in range((dims if deepest is None else deepest) + 1):
        going: dict[tuple[int, ...], NDArray[np.bool_]] = {}
        for axes in combinations(range(dims), level):
            mask = carried(lattice, alive, axes)
            if mask is None or not mask.any():
                continue
            leaves = np.flatnonzero(mask)
            cell_of, sizes = numbered(lattice, axes, leaves)
            first = None
            if prod(sizes) > MOST_CELLS:
                first, cell_of = np.unique(cell_of, return_index=True, return_inverse=True)[1:]
            cells = prod(sizes) if first is None else len(first)
            score, bound = scored(u[leaves], None if v is None else v[leaves], cell_of, cells, least)
            price = lattice.price(tuple(int(axis in axes) for axis in range(dims)))
            top = int(np.argmax(score))
            if score[top] - price > best[0]:
                seen = (
                    np.unravel_index(top, sizes) if first is None else lattice.codes[list(axes), leaves[first[top]]] - 1
                )
                best = float(score[top] - price), placed(axes, list(seen), dims)
            marks = np.zeros(lattice.leaves, np.bool_)
            marks[leaves] = (bound - price > best[0])[cell_of]
            going[axes] = marks
        if len(going) * lattice.leaves > MOST_MARKS:
            break
        alive = going
    return best[1]


def carried(
    lattice: Lattice, alive: dict[tuple[int, ...], NDArray[np.bool_]], axes: tuple[int, ...]
) -> NDArray[np.bool_] | None:
    """The leaves that every cuboid with one axis less lets through; None where one of those was left out."""
    if not axes:
        return np.ones(lattice.leaves, np.bool_)
    parents = [tuple(axis for axis in axes if axis != left) for left in axes]
    if any(parent not in alive for parent in parents):
        return None
    return np.asarray(np.logical_and.reduce([alive[parent] for parent in parents]))


def placed(axes: tuple[int, ...], codes: Sequence[Any], dims: int) -> Cell:
    """The cell that fixes some axes to codes counted from 0."""
    cell = [0] * dims
    for axis, code in zip(axes, codes, strict=True):
        cell[axis] = int(code) + 1
    return tuple(cell)


def numbered(
    lattice: Lattice, axes: tuple[int, ...], leaves: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """The place of each leaf in a cuboid, and its sizes; where those are too many, numbers that are equal alike."""
    number = np.zeros(len(leaves), np.int64)
    sizes = tuple(len(lattice.values[axis]) for axis in axes)
    space = 1
    for axis, size in zip(axes, sizes, strict=True):
        if space * size > 1 << 62:
            number = np.unique(number, return_inverse=True)[1].astype(np.int64)
            space = len(leaves)
        number = number * size + (lattice.codes[axis, leaves] - 1)
        space *= size
    return number, sizes


def scored(u: Floats, v: Floats | None, cell_of: NDArray[np.int64], cells: int, least: float) -> tuple[Floats, Floats]:
    """The score of each cell, -inf where it may not win, and what no part of it can exceed."""
    total = summed_by(cell_of, u, cells)
    rise = summed_by(cell_of, np.maximum(u, 0.0), cells)
    if v is None:
        return total, rise
    variance = summed_by(cell_of, v, cells)
    enough = variance >= least
    score = np.where(enough, total * total / (2 * np.maximum(variance, least)), -np.inf)
    reach = np.maximum(rise, rise - total)
    return score, np.where(enough, reach * reach / (2 * least), -np.inf)
