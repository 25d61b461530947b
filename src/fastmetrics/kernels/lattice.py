"""Sums over every conjunction of key values: a cube whose place 0 along each axis stands for all values."""

from __future__ import annotations

from typing import Any

from fastmetrics.kernels.dialect import kernel

__all__ = ["add_axis", "add_cuboid", "best_cell"]


@kernel("void(out_f64, int64, int64, int64)")
def add_axis(cube: Any, outer: int, size: int, inner: int) -> None:
    """Place 0 of an axis of ``size`` places becomes the sum of the others; axes before and after are flattened."""
    for row in range(outer):
        start = row * size * inner
        for place in range(1, size):
            at = start + place * inner
            for i in range(inner):
                cube[start + i] += cube[at + i]


@kernel("int64(in_f64, in_f64, in_f64, float64)")
def best_cell(u: Any, v: Any, penalty: Any, least: float) -> int:
    """The cell with the highest u²/2v - penalty among those of v >= least; -1 where there is none."""
    best, at = -1e300, -1
    for cell in range(len(u)):
        if v[cell] >= least:
            score = u[cell] * u[cell] / (2.0 * v[cell]) - penalty[cell]
            if score > best:
                best, at = score, cell
    return at


@kernel("void(in_i64, in_f64, in_f64, out_f64, out_f64)")
def add_cuboid(places: Any, u: Any, v: Any, u_cells: Any, v_cells: Any) -> None:
    """Add two channels of each leaf to its cell of one cuboid."""
    for leaf in range(len(places)):
        u_cells[places[leaf]] += u[leaf]
        v_cells[places[leaf]] += v[leaf]
