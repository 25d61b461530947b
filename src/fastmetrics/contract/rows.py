"""Rows: what a family makes of a block of rows, and the cells that its own kernels add to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmetrics.aliases import Floats, Integers

__all__ = ["Accumulators", "Rows"]


class Accumulators(NamedTuple):
    """The cells of all groups, as a kernel adds the entries of a block to them.

    Entry i is of the group ``id`` that `kernels.ids.compose` makes of ``fields`` and ``ranges``. Each array is flat and
    has a group after the other.

    Attributes
    ----------
    fields, ranges
        What ids are made of.
    counts
        Int64: the counts of a group.
    reach
        Float64, one for each count: the magnitudes of all that was added to it, which tell whether it can overflow.
    exacts
        Int64: the limbs of the exact sums of a group, three a sum; `kernels.cells.add_exact` adds a number to them.
    exact_reach
        Float64, one for each exact sum: the magnitudes of all that was added to it.
    sums
        Float64: the sums of a group, then their rounding errors.
    extremes
        Float64: the extremes of a group, NaN before the first value; minima with the other sign, so that all are
        maxima.
    """

    fields: NDArray[np.uint64]
    ranges: NDArray[np.uint32]
    counts: Integers
    reach: Floats
    exacts: Integers
    exact_reach: Floats
    sums: Floats
    extremes: Floats


@dataclass(frozen=True)
class Rows:
    """What a family makes of a block of rows: its entries, computed where they are first asked for, and then kept.

    An entry adds 1 to a state of one group, and values to its other cells. Arrays have one item or one row an entry;
    what is not given adds nothing.

    Attributes
    ----------
    states
        Uint8: the state of each entry. Where it is not given all are in the first.
    top
        The largest state there can be, where that is known.
    totals
        Int64: how many entries are in each of the first states. Asked for instead of ``states`` where there are neither
        keys, weights nor frequencies.
    counts, exacts, sums, extremes
        Int64, and float64 three times: the values, one column for each cell of that kind. NaN adds nothing. Exact
        values that are sums themselves, which a float would round, are int64: the three limbs of each.
    add
        Adds all of these values to cells. Asked for instead of the arrays where there are neither weights nor
        frequencies.
    inner
        The codes of each inner key that is computed, 0 for null, else one more than the integer, or that has the items
        of lists, as its roles have them; of 1, 2 or 4 bytes. Of a key of few integers, these as int32.
    of
        The row of each entry, where a row has none, one or several. Each row has one entry in the row states of its
        family.
    """

    states: Callable[[], NDArray[np.uint8]] | None = None
    top: int | None = None
    totals: Callable[[], Integers] | None = None
    counts: Callable[[], Integers] | None = None
    exacts: Callable[[], Floats | Integers] | None = None
    sums: Callable[[], Floats] | None = None
    extremes: Callable[[], Floats] | None = None
    add: Callable[[Accumulators], object] | None = None
    inner: tuple[Callable[[], NDArray[np.integer[Any]]], ...] = ()
    of: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        for name in ("states", "totals", "counts", "exacts", "sums", "extremes"):
            compute = getattr(self, name)
            if compute is not None:
                object.__setattr__(self, name, cache(compute))  # each grouping set asks
