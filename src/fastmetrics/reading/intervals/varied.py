"""Limits of any formula over counts, from those of the independent parts of its cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.metric import Cells, Metric, value
from fastmetrics.reading.intervals.limits import Pair, Reach
from fastmetrics.reading.intervals.proportions import heaviest, mean_weight, read_by, split

__all__ = ["PARTS", "combined", "moves", "varied"]

Move = Callable[[Any], tuple[dict[str, Floats], dict[str, Floats]]]
"""From z to the cells that change when one independent part of the data sits at its lower or its upper limit."""

PARTS: Mapping[str, Sequence[tuple[str, str]] | None] = {
    "by_label": (("tp", "fn"), ("tn", "fp")),
    "by_prediction": (("tp", "fp"), ("tn", "fn")),
    "cells": None,
}
"""What varies on its own, of the methods that vary cells."""


def varied(metric: Metric, cells: Cells, parts: Sequence[tuple[str, str]] | None = None) -> Reach:
    """Limits of a formula from those of the independent parts of its cells: Zou and Donner 2008.

    A part is a pair of cells whose rows go from one to the other, or a cell alone; by default each cell alone.
    """
    return combined(partial(value, metric), cells, moves(metric, cells, parts))


def moves(metric: Metric, cells: Cells, parts: Sequence[tuple[str, str]] | None = None) -> list[Move]:
    """How each part moves to its limits."""
    top = heaviest(metric, cells)
    if parts is None:
        return [growth(cells, name, top) for name in read_by(metric, cells)]
    return [exchange(cells, hit, miss, top) for hit, miss in parts]


def combined(of: Callable[[Cells], Floats], cells: Cells, moves: Sequence[Move]) -> Reach:
    """The value, less and more the root of the squares of what each move alone does to it.

    A move to where the formula is undefined does nothing. Where no move alone does anything (the root of recall times
    specificity, both 0), all move together. A formula that turns back on the way (only kappa, where it is no better
    than chance: errors that outgrow a table first lower and then raise it) can have narrower limits at a larger z.
    """
    center = of(cells)

    def shift(*ends: dict[str, Floats]) -> Floats:
        moved = dict(cells.values)
        for end in ends:
            moved.update(end)
        return np.nan_to_num(of(Cells(moved)) - center)

    def at(z: Any) -> Pair:
        ends = [move(z) for move in moves]
        shifts = [(shift(low), shift(high)) for low, high in ends]
        below = np.sqrt(sum(np.minimum(np.minimum(low, high), 0) ** 2 for low, high in shifts))
        above = np.sqrt(sum(np.maximum(np.maximum(low, high), 0) ** 2 for low, high in shifts))
        still = (below == 0) & (above == 0) & ~np.isnan(center)
        if np.any(still):
            corners = np.array([shift(*corner) for corner in product(*ends)])
            below = np.where(still, -np.minimum(corners.min(axis=0), 0), below)
            above = np.where(still, np.maximum(corners.max(axis=0), 0), above)
        return center - below, center + above

    return at


def exchange(cells: Cells, hit: str, miss: str, heaviest: Floats) -> Move:
    """Rows that go from one cell to another while their total stays: a proportion of it."""
    squares = None if cells.squares is None else (cells.squares[hit], cells.squares[miss])
    hits, misses = cells.values[hit], cells.values[miss]
    of, total = split(hits, misses, squares, heaviest), hits + misses

    def at(z: Any) -> tuple[dict[str, Floats], dict[str, Floats]]:
        low, high = ({hit: total * share, miss: total * (1 - share)} for share in of(z))
        return low, high

    return at


def growth(cells: Cells, name: str, heaviest: Floats) -> Move:
    """A cell alone, the count k of a Poisson variable: its score limits are the m with (k - m)² = z² m."""
    total = cells.values[name]
    each = heaviest if cells.squares is None else mean_weight(total, cells.squares[name], heaviest)
    count = total / each

    def at(z: Any) -> tuple[dict[str, Floats], dict[str, Floats]]:
        high = count + z * z / 2 + z * np.sqrt(count + z * z / 4)
        low = np.where(high > 0, count * count / high, 0.0)
        return {name: low * each}, {name: high * each}

    return at
