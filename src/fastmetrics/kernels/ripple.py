"""Sums of looked-up leaf values over every conjunction of key values, and the best of them, in single precision."""

from __future__ import annotations

from typing import Any

from fastmetrics.kernels.dialect import kernel
from fastmetrics.kernels.lattice import add_axes

__all__ = ["best_beyond", "sum_up"]


@kernel("void(in_i64, in_i64, in_f32, in_i64, out_f32)")
def sum_up(places: Any, keys: Any, table: Any, sizes: Any, cube: Any) -> None:
    """Put each leaf's entry of a table at its place of an empty cube; place 0 of an axis is the sum of the others."""
    for leaf in range(len(places)):
        cube[places[leaf]] = table[keys[leaf]]
    add_axes(cube, sizes, 0)


@kernel("int64(in_f32, in_f32)")
def best_beyond(sums: Any, prices: Any) -> int:
    """The cell with the highest sum beyond its price."""
    best, at = sums[0] - prices[0], 0
    for cell in range(1, len(sums)):
        score = sums[cell] - prices[cell]
        if score > best:
            best, at = score, cell
    return at
