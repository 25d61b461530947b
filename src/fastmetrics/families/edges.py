"""Edges of score bins: where they lie by default, how an argument becomes edges, and the bin of each score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Floats
from fastmetrics.contract.roles import check_number, widened
from fastmetrics.errors import SchemaError

__all__ = ["Binner", "chosen_edges", "default_edges", "edge_at"]

# The marks of a ruler of one decade, in hundredths: from 1 by tenths, from 2 by quarters, from 5 by halves.
RULER = (*range(100, 200, 10), *range(200, 500, 25), *range(500, 1000, 50))
MOST_EDGES = 65_533
LARGEST = float(np.finfo(np.float32).max)
MOST_CELLS = 1 << 16
MOST_STEPS = 1 << 17  # from 0 to an even edge: rounded to float32 it moves by less than a hundredth of a bin
MOST_IN_UNIT = 2.0**126  # so that a bin is no narrower than the least normal float32
STEP_DIGITS = 6  # of the number of bins in a unit of the score, which the edges tell but for their rounding


def default_edges() -> Floats:
    """467 edges from 0 to 1 at decimal numbers that people write, in even steps of log-odds.

    They are 0, 1, every hundredth, and from 0.1 down to 1e-7 (and from 0.9 up to 1 - 1e-7 likewise) the marks 1,
    1.1, ... 2, 2.25, ... 5, 5.5, ... of every decade: steps of 0.04 to 0.12 in log-odds all the way.

    >>> edges = default_edges()
    >>> len(edges), 0.35 in edges, 0.0025 in edges, 0.9999 in edges
    (467, True, True, True)
    """
    tail = [(mark, 10**power) for power in range(4, 10) for mark in RULER]
    decimals = [
        *(step / 100 for step in range(101)),
        *(mark / one for mark, one in tail),
        *((one - mark) / one for mark, one in tail),
    ]
    return np.unique(np.array(decimals))


def chosen_edges(edges: Iterable[float] | None, bins: int | None, thresholds: Iterable[float]) -> Floats:
    """The edges that the arguments of `scores` ask for, strictly increasing.

    Raises
    ------
    SchemaError
        Both ``edges`` and ``bins``; numbers that are not finite, in order or in reach of a float32; no edge at
        all; more than 65,533; a threshold outside [0, 1] without ``edges``.
    """
    if edges is not None and bins is not None:
        raise SchemaError("scores() takes edges= or bins=, not both")
    extra = [check_number("threshold", threshold) for threshold in thresholds]
    if edges is None:
        given = default_edges() if bins is None else equal_widths(bins)
        for threshold in extra:
            if not 0 <= threshold <= 1:
                raise SchemaError(
                    f"threshold {threshold:g} is not in [0, 1]; for scores that are not probabilities name the "
                    "edges with edges="
                )
    else:
        given = np.array([check_number("edge", edge) for edge in edges])
        if (np.diff(given) <= 0).any():
            at = int(np.argmax(np.diff(given) <= 0))
            raise SchemaError(f"edges= must rise: {given[at]:g} is followed by {given[at + 1]:g}")
    wanted = np.unique(np.concatenate([given, extra])) + 0.0  # -0.0 is 0.0
    if not 0 < len(wanted) <= MOST_EDGES or np.abs(wanted).max() > LARGEST:
        raise SchemaError(f"edges= needs 1 to {MOST_EDGES} numbers within ±{LARGEST:.4g}, got {len(wanted)}")
    return np.union1d(wanted, [0.0, 1.0]) if wanted[0] >= 0 and wanted[-1] <= 1 else wanted


def equal_widths(bins: int) -> Floats:
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or not 0 < bins < MOST_EDGES:
        raise SchemaError(f"bins={bins!r} is not a whole number from 1 to {MOST_EDGES - 1}")
    return np.arange(bins + 1) / bins


def edge_at(edges: Sequence[float] | Floats, threshold: float, nearest: bool = False) -> int:
    """The index of the edge that equals a threshold, or with ``nearest`` of the edge closest to it.

    Raises
    ------
    SchemaError
        No edge equals the threshold; the message names its neighbours.

    >>> edge_at([0.0, 0.5, 1.0], 0.5), edge_at([0.0, 0.5, 1.0], 0.8, nearest=True)
    (1, 2)
    """
    threshold = check_number("threshold", threshold)
    known = np.asarray(edges, np.float64)
    closest = int(np.argmin(np.abs(known - threshold)))
    if known[closest] == threshold or nearest:
        return closest
    at = int(np.searchsorted(known, threshold))
    beside = " and ".join(repr(float(edge)) for edge in known[max(at - 1, 0) : at + 1])
    raise SchemaError(
        f"threshold {threshold!r} is not an edge of the score bins; the edges beside it are {beside}: use one of "
        f"them or nearest=True, or count again with thresholds=[{threshold!r}]"
    )


class Guide(NamedTuple):
    """Where to begin the search for a score among the edges: the arguments of the kernel `bin_scores`."""

    edges: Floats
    middle: float
    nearest: int
    table: NDArray[np.uint16]


def guide(edges: Floats) -> Guide:
    """The guide of some edges, of which neighbours may coincide."""
    first, last = edges[0], edges[-1]
    middle = first / 2 + last / 2
    reach = np.concatenate([edges - first, last - edges])
    smallest = reach.min(initial=1.0, where=reach > 0)
    top = kernels.bins.rough_log2(max(middle - first, smallest))
    nearest = max(kernels.bins.rough_log2(smallest) - 1, top - MOST_CELLS)
    half = top - nearest + 2
    cells = [kernels.bins.guide_cell(edge, first, last, middle, nearest, half) for edge in edges]
    return Guide(edges, float(middle), int(nearest), np.searchsorted(cells, np.arange(2 * half + 1)).astype(np.uint16))


class Even(NamedTuple):
    """Edges of which edge k is ``(start + k) / steps``: the arguments of the kernel `bin_evenly`."""

    start: int
    steps: float
    edges: int


def even(edges: Floats) -> Even | None:
    """The steps of some edges, if they are even to the last bit, as k / n is, or tenths as people write them.

    >>> even(np.array([0.1, 0.2, 0.3])), even(np.array([0.1, 0.2, 0.1 + 0.2]))
    (Even(start=1, steps=10.0, edges=3), None)
    """
    if len(edges) < 2:
        return None
    steps = round((len(edges) - 1) / float(edges[-1] - edges[0]), STEP_DIGITS)
    if not 0 < steps < MOST_IN_UNIT:
        return None
    start = round(edges[0] * steps)
    if abs(start) + len(edges) > MOST_STEPS:
        return None
    made = (start + np.arange(len(edges))) / steps
    return Even(start, steps, len(edges)) if (made == edges).all() else None


class Binner:
    """Finds the bin of each score, as the code of an inner key: 0 for NaN, 1 below the first edge, i + 1 from edge
    i - 1 up to below edge i, ``len(edges) + 1`` at the last edge and one more above it.

    A float32 or float16 score is compared with the edges rounded to its dtype, as polars and numpy compare it with a
    threshold.

    >>> Binner(np.array([0.0, 0.5, 1.0]))(np.array([-1, 0, 0.7, 1, 2, np.nan])).tolist()
    [1, 2, 3, 4, 5, 0]
    """

    def __init__(self, edges: Floats) -> None:
        self.edges = edges

    @cached_property
    def even(self) -> Even | None:
        return even(self.edges)

    @cached_property
    def double(self) -> Guide:
        return guide(self.edges)

    @cached_property
    def single(self) -> Guide:
        return guide(self.edges.astype(np.float32).astype(np.float64))

    @cached_property
    def half(self) -> Guide:
        with np.errstate(over="ignore"):
            rounded = self.edges.astype(np.float16).astype(np.float64)
        return guide(rounded.clip(-LARGEST, LARGEST))  # as a guide has no room for infinite ones

    def __call__(self, score: NDArray[Any]) -> NDArray[np.uint16]:
        bins = np.empty(len(score), np.uint16)
        if score.dtype == np.float16:
            kernels.bins.bin_scores(widened(score), *self.half, bins)
        elif self.even is not None:
            kernels.bins.bin_evenly(score, *self.even, bins)
        else:
            kernels.bins.bin_scores(score, *(self.single if score.dtype == np.float32 else self.double), bins)
        return bins
