"""Where a ratio changed: the slices of a lattice whose leaves changed together, at a family-wise error rate.

Every conjunction of key values has a score: the evidence of its leaves that they changed in the same direction, less
the price of its name. The best one is named, its leaves are put aside, and the search goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from fastmetrics.diagnosis.dispersion import Dispersion, independent
from fastmetrics.diagnosis.lattice import Cell, Lattice
from fastmetrics.diagnosis.levels import best_by_levels
from fastmetrics.diagnosis.ratios import (
    LEAST_VARIANCE,
    Effect,
    Ratio,
    common_log_odds,
    effect_of,
    leaf_likelihoods,
    odds_likelihood,
)

__all__ = ["Place", "Search", "best_place", "localise", "strongest"]

Floats = NDArray[np.float64]

MOST_PLACES = 10
NAMING_ROUNDS = 5
STRENGTHS = (2.0, 4.0)  # times the effect of a slice, tried for its parts
LEVEL = 0.95  # of the bounds of effects


@dataclass(frozen=True)
class Place:
    """A slice where a ratio changed.

    ``score`` is the likelihood ratio in nats above what the search demands at its error rate; ``p`` is adjusted for it.
    """

    cell: Cell
    leaves: NDArray[np.bool_]
    score: float
    p: float
    effect: Effect


@dataclass(frozen=True)
class Search:
    """What stays the same while slices are looked for: the lattice, its dispersion, the error rate."""

    lattice: Lattice
    dispersion: Dispersion
    alpha: float

    def demand(self, cell: Cell, alpha: float | None = None) -> float:
        """The evidence in nats that a slice needs: its price, and both directions at the error rate."""
        return self.lattice.price(cell) + log(2 / (alpha or self.alpha))

    def strength(self, ratio: Ratio, cell: Cell) -> float:
        """The conditional log likelihood ratio of a slice at its common odds ratio, over its dispersion."""
        held = ratio.of(self.lattice.inside(cell))
        nats = float(odds_likelihood(held, common_log_odds(held)).sum())
        return nats / self.dispersion.of(self.lattice, cell)

    def evidence(self, ratio: Ratio, cell: Cell) -> float:
        """The same as nats against chance: exp(-it) bounds the chance of such counts where nothing changed.

        Less where the dispersion is only estimated, which tells strong from stronger less well than `strength`.
        """
        return self.dispersion.nats(self.strength(ratio, cell))

    def effect(self, ratio: Ratio, cell: Cell) -> Effect:
        """What happened in a slice, with bounds that hold at 95 % for all slices at once, however one was chosen."""
        z = sqrt(2 * self.demand(cell, 1 - LEVEL) * self.dispersion.of(self.lattice, cell))
        return effect_of(ratio.of(self.lattice.inside(cell)), z)


def localise(
    lattice: Lattice, ratio: Ratio, *, alpha: float, dispersion: Dispersion | None = None, most: int = MOST_PLACES
) -> list[Place]:
    """The slices in which a ratio changed, strongest first.

    Parameters
    ----------
    alpha
        The chance that anything is returned where no leaf changed.
    dispersion
        How much more slices vary than independent rows would; by default not at all.
    """
    search = Search(lattice, dispersion or independent(), alpha)
    left, found = ratio, list[Cell]()
    while len(found) < most:
        start = strongest(search, left)
        if start is None or search.evidence(left, start) <= search.demand(start):
            break
        cell = named(search, left, start)
        found.append(cell)
        left = left.without(lattice.inside(cell))
    return [place(search, ratio, cell) for cell in found]


def strongest(search: Search, ratio: Ratio) -> Cell | None:
    """The slice with the highest U²/2V less its price; None where no slice has enough variance."""
    lattice, dispersion = search.lattice, search.dispersion
    if not lattice.dense:
        return best_by_levels(lattice, ratio.u, ratio.v * dispersion.prior, LEAST_VARIANCE)
    from fastmetrics.kernels.lattice import best_cell  # late, as Numba is not for import time

    factors = np.zeros(0) if dispersion.cube is None else dispersion.cube
    shape = np.array(lattice.shape or (1,), np.int64)
    at = best_cell(lattice.places, ratio.u, ratio.v, shape, factors, dispersion.prior, lattice.prices, LEAST_VARIANCE)
    return None if at < 0 else lattice.cell(at)


def named(search: Search, ratio: Ratio, start: Cell) -> Cell:
    """The slice that the effect seen in ``start`` fits best.

    U²/2V gains by leaving out leaves whose effect is less than half the average, also by chance, so that its highest
    value tends to carry values too many. Given the effect, an affected leaf speaks for itself and an unaffected one
    against itself, and the sum is highest at the leaves that were affected; the price decides between names of the
    same rows.
    """
    cell = settled(search, ratio, start)
    for _ in range(NAMING_ROUNDS):
        purer = part_of(search, ratio, cell)
        if purer is None:
            break
        cell = settled(search, ratio, purer)
    enough = min(search.evidence(ratio, start) - search.demand(start), 0.0)
    return cell if search.evidence(ratio, cell) - search.demand(cell) > enough else start


def settled(search: Search, ratio: Ratio, cell: Cell) -> Cell:
    """The slice that names itself: the one that its own effect fits best."""
    for _ in range(NAMING_ROUNDS):
        better = fittest(search, ratio, cell, 1.0)
        if better in (None, cell):
            break
        cell = better
    return cell


def fittest(search: Search, ratio: Ratio, cell: Cell, strength: float) -> Cell | None:
    """The slice that the effect seen in another one fits best, after its price; None where there is no effect."""
    lattice, dispersion = search.lattice, search.dispersion.of(search.lattice, cell)
    shapes = shapes_of(ratio, lattice.inside(cell), strength)
    if not lattice.dense:
        shape = max(shapes, key=lambda shape: float(shape[lattice.inside(cell)].sum()), default=None)
        return None if shape is None else best_by_levels(lattice, shape / dispersion, None, 0.0)
    sums = [lattice.roll_up(shape / dispersion) - lattice.prices for shape in shapes]
    return lattice.cell(int(np.argmax(max(sums, key=np.max)))) if sums else None


def part_of(search: Search, ratio: Ratio, cell: Cell) -> Cell | None:
    """A part of a slice that was hit harder than the rest of it, if telling them apart is worth the price.

    The sum of several places looks like a weaker effect on a slice that holds them all; each alone fits a stronger one.
    """
    whole = search.lattice.inside(cell)
    dispersion = search.dispersion.of(search.lattice, cell)
    for strength in STRENGTHS:
        part = fittest(search, ratio, cell, strength)
        if part is None or part == cell:
            continue
        inside = search.lattice.inside(part)
        if (inside & ~whole).any():
            continue
        gain = likelihood(ratio, inside) + likelihood(ratio, whole & ~inside) - likelihood(ratio, whole)
        if gain / dispersion > search.demand(part):
            return part
    return None


def likelihood(ratio: Ratio, inside: NDArray[np.bool_]) -> float:
    """How well an effect common to some leaves fits them, in the shape that does best."""
    return max((float(shape[inside].sum()) for shape in shapes_of(ratio, inside, 1.0)), default=0.0)


def shapes_of(ratio: Ratio, inside: NDArray[np.bool_], strength: float) -> list[Floats]:
    """The likelihoods of the leaves under each shape of the effect in some of them; leaves put aside have none."""
    return [np.where(ratio.rows > 0, shape, 0.0) for shape in leaf_likelihoods(ratio, inside, strength)]


def best_place(search: Search, ratio: Ratio) -> Place | None:
    """The slice with the highest score, significant or not; None where none has enough variance."""
    start = strongest(search, ratio)
    return None if start is None else place(search, ratio, named(search, ratio, start))


def place(search: Search, ratio: Ratio, cell: Cell) -> Place:
    """A slice with what happened in it."""
    p = min(1.0, 2 * exp(search.lattice.price(cell) - search.evidence(ratio, cell)))
    score = search.strength(ratio, cell) - search.demand(cell)
    return Place(cell, search.lattice.inside(cell), score, p, search.effect(ratio, cell))
