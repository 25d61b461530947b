"""The bin of a score, which is the two edges it lies between, and what it loses as a probability."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastmetrics.kernels.cells import add_pair
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.ids import BLOCK, compose
from fastmetrics.kernels.memory import prefetch
from fastmetrics.kernels.vectors import add_two_pairs

__all__ = ["add_losses", "bin_evenly", "bin_scores", "guide_cell", "rough_log2"]

# The top 22 bits of a double: sign, exponent and the first 10 bits after the point, 1024 cells an octave. Against
# 128 cells an octave, fewer cells hold an edge, so fewer branches are mispredicted: 3 instead of 7 ns a row.
DROPPED_BITS = np.int64(42)
AHEAD = 16  # rows whose cells are fetched before they are needed: 60 instead of 110 ns a row by model and country
SLACK = 1 / 64  # of a bin

FRACTION = np.int64(52)  # bits of a double behind its point
SQRT_HALF = np.float64(0.5**0.5).view(np.int64)
WHOLE_FLOAT = 1.5 * 2**52  # doubles near it are whole numbers, and so are their last bits
WHOLE = np.float64(WHOLE_FLOAT).view(np.int64)
LN2_HIGH = math.floor(math.log(2) * 2**32) / 2**32  # so short that its multiples are exact
LN2_LOW = 1.9082149292705877e-10  # the rest of log(2)


@inlined
def rough_log2(positive: Any) -> Any:
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
    cell = rough_log2(last - score if upper else score - first) - nearest
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


@kernel(*(f"void({score}, int64, float64, int64, out_u16)" for score in ("in_f32", "in_f64")))
def bin_evenly(score: Any, start: Any, steps: Any, edges: Any, out: Any) -> None:
    """The bin of each score where edge k of so many is ``(start + k) / steps``, rounded to the precision of the scores.

    Such an edge is made faster than it is looked up: 1.2 instead of 4 to 8 ns a row. A guess of how many edges a score
    reaches is that number or one less, as rounding moves nothing by as much as `SLACK`.
    """
    precision = score.dtype.type
    first, most = np.float64(start), np.float64(edges - 1)
    last = precision((first + most) / steps)
    for i in range(out.size):
        s = score[i]
        guess = np.int32(min(max(0.0, np.float64(s) * steps - first + (1 - SLACK)), most))
        edge = precision((first + np.float64(guess)) / steps)
        code = guess + np.int32(1) + np.int32(s >= edge) + np.int32(s > last)
        out[i] = np.uint16(code if s == s else np.int32(0))


@inlined
def natural_log(x: Any) -> Any:
    """The natural logarithm of a positive normal number, off by about one ulp, in steps that LLVM makes vectors of: 6
    instead of 13 ns.

    It is k log(2) + log(m) with x = m 2**k and m within a factor sqrt(2) of 1. With f = m - 1 and s = f / (2 + f),
    log(m) = 2 artanh(s) = 2s + s R, where R = 2/3 s² + 2/5 s⁴ + ..., of which ten terms are enough. That equals
    f - (f²/2 - s (f²/2 + R)), where the largest number, f, is exact.
    """
    bits = np.int64(np.float64(x).view(np.int64))
    k = (bits - SQRT_HALF) >> FRACTION
    m = np.int64(bits - (k << FRACTION)).view(np.float64)
    f = m - 1
    s = f / (2 + f)
    z = s * s
    rest = 2 / 17 + z * (2 / 19 + z * (2 / 21))
    rest = 2 / 11 + z * (2 / 13 + z * (2 / 15 + z * rest))
    rest = z * (2 / 3 + z * (2 / 5 + z * (2 / 7 + z * (2 / 9 + z * rest))))
    half = 0.5 * f * f
    exponent = np.int64(k + WHOLE).view(np.float64) - WHOLE_FLOAT
    return exponent * LN2_HIGH - ((half - (s * (half + rest) + exponent * LN2_LOW)) - f)


@kernel(*(f"void(in_u64_2d, in_u32_2d, in_u8, {score}, float64, out_f64)" for score in ("in_f32", "in_f64")))
def add_losses(fields: Any, ranges: Any, label: Any, score: Any, epsilon: Any, sums: Any) -> None:
    """Add score, squared error and log loss of each labelled row to the sums of its id, if its score is a probability.

    The probability of what happened is clipped at ``epsilon``. There are three sums an id, then their three errors.
    """
    space, losses = np.empty(BLOCK, np.uint32), np.empty((3, BLOCK))
    scores, squares, logs = losses[0], losses[1], losses[2]
    for at in range(0, score.size, BLOCK):
        ids = space[: min(BLOCK, score.size - at)]
        shared = np.int64(compose(fields, ranges, at, ids))
        labels, some = label[at : at + BLOCK], score[at : at + BLOCK]
        for i in range(ids.size):
            y, s = labels[i], np.float64(some[i])
            known = (y < 2) & (s >= 0) & (s <= 1)
            off = s - np.float64(y)
            scores[i] = s if known else np.nan
            squares[i] = off * off
            logs[i] = -natural_log(min(max(epsilon, s if y == 1 else 1 - s), 1 - epsilon))
        for i in range(ids.size):
            prefetch(sums, (np.int64(ids[min(i + AHEAD, ids.size - 1)]) + shared) * 6)
            if scores[i] == scores[i]:
                cell = (np.int64(ids[i]) + shared) * 6
                add_two_pairs(sums, cell, cell + 3, scores[i], squares[i])
                add_pair(sums, cell + 2, cell + 5, logs[i])
