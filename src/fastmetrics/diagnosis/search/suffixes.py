"""What is left of leaves as dimensions are put aside one after another: a number for each rest that occurs.

Leaves that differ only in dimensions put aside are one from there on, so that a search which goes through dimensions in
an order reads fewer and fewer of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastmetrics.aliases import Integers

__all__ = ["Suffixes", "counted_up", "suffixes_of"]

SPARE = 16  # places a row, up to which those that occur are marked rather than sorted


@dataclass(frozen=True)
class Suffixes:
    """The rests of leaves before each axis, one below the other: those before axis ``a`` are numbered from 0 and begin
    at ``starts[a]``. Each has two ``links``: its code on that axis, from 0, and the number of what is left of it after.

    ``axes`` are the dimensions in their order, those of most values first: then few rests are left soonest.
    ``order`` sorts the leaves by their rest before the first axis.
    """

    axes: tuple[int, ...]
    order: Integers
    starts: Integers
    links: NDArray[np.int32]


def suffixes_of(codes: Integers, sizes: Sequence[int]) -> Suffixes:
    """The rests of leaves with these codes (dimensions x leaves, from 1)."""
    axes = tuple(sorted(range(len(sizes)), key=lambda axis: -sizes[axis]))
    number, rests = np.zeros(codes.shape[1], np.int64), 1
    held = list[tuple[Integers, Integers]]()
    for axis in reversed(axes):
        distinct, number = counted_up((codes[axis] - 1) * rests + number, sizes[axis] * rests)
        held.append((distinct // rests, distinct % rests))
        rests = len(distinct)
    held.reverse()
    return Suffixes(
        axes,
        np.argsort(number, kind="stable"),
        np.cumsum([0, *(len(code) for code, _ in held)]),
        np.concatenate([np.zeros((0, 2), np.int32), *(np.stack(pair, 1).astype(np.int32) for pair in held)]),
    )


def counted_up(numbers: Integers, space: int) -> tuple[Integers, Integers]:
    """The distinct ones of numbers below ``space``, ascending, and the place of each number there.

    >>> counted_up(np.array([7, 2, 7]), 10)
    (array([2, 7]), array([1, 0, 1]))
    """
    if space > SPARE * len(numbers):
        distinct, place = np.unique(numbers, return_inverse=True)
        return distinct, place.astype(np.int64)
    held = np.zeros(space, np.bool_)
    held[numbers] = True
    distinct = np.flatnonzero(held)
    place_of = np.zeros(space, np.int64)
    place_of[distinct] = np.arange(len(distinct))
    return distinct, place_of[numbers]
