"""The bin of a score, which is the two edges it lies between, and what it loses as a probability."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmetrics.kernels.cells import add_pair
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.ids import BLOCK, compose
from fastmetrics.kernels.memory import prefetch

__all__ = ["add_losses", "bin_evenly", "bin_scores", "guide_cell", "logarithm"]

# The top 22 bits of a double: sign, exponent and the first 10 bits after the point, 1024 cells an octave. Against
# 128 cells an octave, fewer cells hold an edge, so fewer branches are mispredicted: 3 instead of 7 ns a row.
DROPPED_BITS = np.int64(42)
AHEAD = 16  # rows whose cells are fetched before they are needed: 60 instead of 110 ns a row by model and country


@inlined
def logarithm(positive: Any) -> Any:
    """1024 times the logarithm to base 2, about and counted from somewhere, that never falls as its number rises.

    Of 0 it is 0, of anything negative it is negative.
    """
    return np.float64(positive).view(np.int64) >> DROPPED_BITS


@inlined
def guide_cell(score: Any, first: Any, last: Any, middle: Any, nearest: Any, half: Any) -> Any:
    """The cell of a guide of ``2 * half`` cells in which a score lies; it never falls as the score rises.

    Cells are even steps of the logarithm of the distance to the nearer end, counted from ``nearest``.
    """
    upper = score >= middle
    cell = logarithm(last - score if upper else score - first) - nearest
    cell = min(max(cell, np.int64(0)), half - np.int64(1))
    return np.int64(2) * half - np.int64(1) - cell if upper else cell


@inlined
def code_of(score: Any, last: Any, reached: Any) -> Any:
    """The code of a bin: 1 more than the number of edges that a score reaches, and another beyond the last edge."""
    return reached + 2 if score > last else reached + 1


@kernel(*(f"void({score}, in_f64, float64, int64, in_u16, out_u16)" for score in ("in_f32", "in_f64")))
def bin_scores(score: Any, edges: Any, middle: Any, nearest: Any, guide: Any, out: Any) -> None:
    """The code of the bin of each score, 0 for NaN.

    ``guide[cell]`` is the number of edges in the cells before, so only the few edges that share the cell of a
    score are compared with it.
    """
    first = edges[0]
    last = edges[edges.size - 1]
    half = np.int64((guide.size - 1) // 2)
    for i in range(score.size):
        s = np.float64(score[i])
        if np.isnan(s):
            out[i] = 0
            continue
        cell = guide_cell(s, first, last, middle, nearest, half)
        low = np.int64(guide[cell])
        high = np.int64(guide[cell + 1])
        while low < high:
            between = (low + high) >> 1
            if s >= edges[between]:
                low = between + 1
            else:
                high = between
        out[i] = code_of(s, last, low)


@kernel(*(f"void({score}, in_f64, float64, out_u16)" for score in ("in_f32", "in_f64")))
def bin_evenly(score: Any, edges: Any, steps: Any, out: Any) -> None:
    """The same for edges so even that ``(score - first) * steps`` is off by less than one: 2.5 instead of 3.6 ns a row.

    ``steps`` is the number of bins in a unit of the score.
    """
    first = edges[0]
    last = edges[edges.size - 1]
    top = edges.size - 2
    for i in range(score.size):
        s = np.float64(score[i])
        if s >= first and s < last:
            k = min(np.int64((s - first) * steps), top)
            out[i] = k + 2 + np.int64(s >= edges[k + 1]) - np.int64(s < edges[k])
        else:
            out[i] = 0 if s != s else code_of(s, last, edges.size if s >= last else 0)


@kernel(*(f"void(in_u64_2d, in_u32_2d, in_u8, {score}, float64, out_f64)" for score in ("in_f32", "in_f64")))
def add_losses(fields: Any, ranges: Any, label: Any, score: Any, epsilon: Any, sums: Any) -> None:
    """Add score, squared error and log loss of each labelled row to the sums of its id, if its score is a probability.

    The probability of what happened is clipped at ``epsilon``. There are three sums an id, then their three errors.
    """
    space, losses = np.empty(BLOCK, np.int64), np.empty((3, BLOCK))
    for at in range(0, score.size, BLOCK):
        ids = space[: min(BLOCK, score.size - at)]
        shared = np.int64(compose(fields, ranges, at, ids))
        for i in range(ids.size):
            y, s = label[at + i], np.float64(score[at + i])
            known = y < 2 and s >= 0 and s <= 1
            happened = min(max(s if y == 1 else 1 - s, epsilon), 1 - epsilon)
            losses[0, i] = s if known else np.nan
            losses[1, i] = (s - y) ** 2
            losses[2, i] = -math.log(happened) if known else 0.0
            ids[i] = (ids[i] + shared) * 6
        for i in range(ids.size):
            prefetch(sums, ids[min(i + AHEAD, ids.size - 1)])
            if losses[0, i] == losses[0, i]:
                add_pair(sums, ids[i], ids[i] + 3, losses[0, i])
                add_pair(sums, ids[i] + 1, ids[i] + 4, losses[1, i])
                add_pair(sums, ids[i] + 2, ids[i] + 5, losses[2, i])
