"""Where a ratio changed: the slices of a lattice whose leaves changed together, at a family-wise error rate.

Every conjunction of key values has a score: the evidence of its leaves that they changed in the same direction, less
the price of its name. The best one is named, its leaves are put aside, and the search goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Mask
from fastmetrics.diagnosis.search.branch_and_bound import best_by_levels
from fastmetrics.diagnosis.search.lattice import Conjunction, Lattice
from fastmetrics.diagnosis.search.overdispersion import Dispersion
from fastmetrics.diagnosis.search.strata import (
    LEAST_VARIANCE,
    Effect,
    Ratio,
    common_likelihoods,
    common_log_odds,
    effect_of,
    leaf_likelihoods,
    odds_likelihood,
)

__all__ = ["ChangedSlice", "Search", "best_slice", "localise", "strongest"]

MOST_PLACES = 10
NAMING_ROUNDS = 5
STRENGTHS = (2.0, 4.0)  # times the effect of a slice, tried for its parts
PARTS = 3  # that a slice is told apart into at once
MOST_DIVIDED = 1_000_000  # conjunctions, up to which that is tried: it may take hundreds of roll-ups
LEVEL = 0.95  # of the bounds of effects


@dataclass(frozen=True)
class ChangedSlice:
    """A slice where a ratio changed.

    ``score`` is the likelihood ratio in nats, in the shape of effect that fits best, above what the search demands at
    its error rate; ``p`` is adjusted for the search.
    """

    cell: Conjunction
    leaves: Mask
    score: float
    p: float
    effect: Effect


@dataclass(frozen=True)
class Search:
    """What a search for slices goes by: the lattice, its dispersion, and the chance of finding any without a change."""

    lattice: Lattice
    dispersion: Dispersion
    alpha: float

    @property
    def parts(self) -> int:
        """How many parts a slice may be told apart into."""
        return PARTS if self.lattice.size <= MOST_DIVIDED else 1

    def critical_value(self, cell: Conjunction, alpha: float | None = None) -> float:
        """The evidence in nats that a slice needs: its price, and both directions at the error rate."""
        return self.lattice.price(cell) + log(2 / (alpha or self.alpha))

    def likelihood_ratio(self, ratio: Ratio, cell: Conjunction) -> float:
        """The conditional log likelihood ratio of a slice at its common odds ratio, over its dispersion."""
        held = ratio.of(self.lattice.inside(cell))
        nats = float(odds_likelihood(held, common_log_odds(held)).sum())
        return nats / self.dispersion.of(self.lattice, cell)

    def evidence(self, ratio: Ratio, cell: Conjunction) -> float:
        """The likelihood ratio calibrated to its p-value: exp(-evidence) bounds the chance of it without a change.

        Less where the dispersion is only estimated, which orders slices less well than `likelihood_ratio`.
        """
        return self.dispersion.nats(self.likelihood_ratio(ratio, cell))

    def quantile(self, cell: Conjunction) -> float:
        """The standard errors of bounds that hold at 95 % for all slices at once, however one was chosen."""
        return sqrt(2 * self.critical_value(cell, 1 - LEVEL) * self.dispersion.of(self.lattice, cell))

    def effect(self, ratio: Ratio, cell: Conjunction) -> Effect:
        """What happened in a slice, with bounds at `quantile`."""
        return effect_of(ratio.of(self.lattice.inside(cell)), self.quantile(cell))

    def at(self, alpha: float) -> Search:
        """The search at another error rate."""
        return replace(self, alpha=alpha)


def localise(search: Search, ratio: Ratio, *, most: int = MOST_PLACES) -> list[ChangedSlice]:
    """The slices in which a ratio changed, strongest first; any at all with probability ``search.alpha`` by chance."""
    found = peel(search, ratio, most, search.parts)
    places = [changed_slice(search, ratio, cell) for cell in refit(search, ratio, found)]
    return sorted(places, key=lambda one: -one.score)


def peel(search: Search, ratio: Ratio, most: int, parts: int) -> list[Conjunction]:
    """The slices in which a ratio changed: the strongest is named and put aside, and the search goes on."""
    left, found = ratio, list[Conjunction]()
    while len(found) < most:
        start = strongest(search, left)
        if start is None or search.evidence(left, start) <= search.critical_value(start):
            break
        found.append(name_slice(search, left, start, parts))
        left = left.without(search.lattice.inside(found[-1]))
    return found


def refit(search: Search, ratio: Ratio, cells: Sequence[Conjunction]) -> list[Conjunction]:
    """Each slice named again with the leaves of the others put aside: what happened there may have widened its name."""
    found = list(cells)
    for at, cell in enumerate(cells if len(cells) > 1 else ()):
        left = ratio
        for other in found[:at] + found[at + 1 :]:
            left = left.without(search.lattice.inside(other))
        if search.evidence(left, cell) > search.critical_value(cell):
            again = name_slice(search, left, cell, search.parts)
            found[at] = cell if again in found else again
    return found


def strongest(search: Search, ratio: Ratio) -> Conjunction | None:
    """The slice with the highest U²/2V less its price; None where no slice has enough variance."""
    lattice, dispersion = search.lattice, search.dispersion
    if not lattice.dense:
        return best_by_levels(lattice, ratio.u, ratio.v * dispersion.prior, LEAST_VARIANCE)
    factors = np.zeros(0) if dispersion.cube is None else dispersion.cube
    shape = np.array(lattice.shape or (1,), np.int64)
    at = kernels.lattice.best_cell(
        lattice.places, ratio.u, ratio.v, shape, factors, dispersion.prior, lattice.prices, LEAST_VARIANCE
    )
    return None if at < 0 else lattice.cell(at)


def name_slice(search: Search, ratio: Ratio, start: Conjunction, parts: int) -> Conjunction:
    """The slice that the effect seen in ``start`` fits best, or the first of up to so many ``parts`` of it.

    U²/2V gains by leaving out leaves whose effect is less than half the average, also by chance, so that its highest
    value tends to carry values too many. Given the effect, an affected leaf speaks for itself and an unaffected one
    against itself, and the sum is highest at the leaves that were affected; the price decides between names of the
    same rows.
    """
    cell = settle(search, ratio, start)
    for _ in range(NAMING_ROUNDS if parts > 1 else 0):
        part = part_of(search, ratio, cell, parts)
        if part is None:
            break
        cell = part
    enough = min(search.evidence(ratio, start) - search.critical_value(start), 0.0)
    return cell if search.evidence(ratio, cell) - search.critical_value(cell) > enough else start


def settle(search: Search, ratio: Ratio, cell: Conjunction) -> Conjunction:
    """The slice that names itself: the one that its own effect fits best, in the shape that does best."""
    for _ in range(NAMING_ROUNDS):
        fits = best_fits(search, ratio, cell, leaf_likelihoods(ratio, search.lattice.inside(cell)))
        better = max(fits)[1] if fits else cell
        if better == cell:
            break
        cell = better
    return cell


def best_fits(
    search: Search, ratio: Ratio, cell: Conjunction, shapes: Sequence[Floats]
) -> list[tuple[float, Conjunction]]:
    """For each shape of the effect seen in a slice, the slice that it fits best after its price, and how well it does.

    In a lattice too large for a cube, where one search takes seconds, only of the shape that fits its own slice best.
    """
    lattice, dispersion = search.lattice, search.dispersion.of(search.lattice, cell)
    kept = [np.where(ratio.rows > 0, shape, 0.0) / dispersion for shape in shapes]  # what is put aside says nothing
    if lattice.dense:
        sums = [lattice.roll_up(shape) - lattice.prices for shape in kept]
        return [(float(one.max()), lattice.cell(int(np.argmax(one)))) for one in sums]
    inside = lattice.inside(cell)
    for shape in sorted(kept, key=lambda one: -float(one[inside].sum()))[:1]:
        found = best_by_levels(lattice, shape, None, 0.0)
        if found is not None:
            return [(float(shape[lattice.inside(found)].sum()) - lattice.price(found), found)]
    return []


def part_of(search: Search, ratio: Ratio, cell: Conjunction, parts: int) -> Conjunction | None:
    """A part of a slice, where up to so many ``parts`` explain its rows better than the slice as a whole does.

    The sum of several places looks like a weaker effect on a slice that holds them all; each alone fits a stronger one.
    Each part pays for its name, and leaves that are in none of them count as unaffected.
    """
    held, dispersion = ratio.without(~search.lattice.inside(cell)), search.dispersion.of(search.lattice, cell)
    alone = nats_of(search, held, [cell], dispersion)
    best, chosen = alone, cell
    for part in parts_of(search, held, cell):
        if nats_of(search, held, [part, cell], dispersion) > alone:
            nats = nats_of(search, held, parts_with(search, held, cell, part, parts), dispersion)
            best, chosen = max((best, chosen), (nats, part))
    return None if chosen == cell else widen(search, ratio, chosen)


def parts_of(search: Search, held: Ratio, cell: Conjunction) -> list[Conjunction]:
    """The slices within another one that effects stronger than that of all its leaves fit best."""
    whole = search.lattice.inside(cell)
    fits = [
        fit
        for strength in STRENGTHS
        for fit in best_fits(search, held, cell, common_likelihoods(held, whole, strength))
    ]
    return sorted({narrow(part, cell) for _, part in fits} - {cell})


def narrow(part: Conjunction, cell: Conjunction) -> Conjunction:
    """A slice of the leaves of another one, by the values of both."""
    return tuple(a or b for a, b in zip(part, cell, strict=True))


def parts_with(search: Search, held: Ratio, cell: Conjunction, part: Conjunction, parts: int) -> list[Conjunction]:
    """A part of a slice and those that are found in its rest; none of them is all of that, or the slice is one place.

    ``held`` holds the leaves of the slice only.
    """
    found, left = [part], held.without(search.lattice.inside(part))
    for other in peel(search, left, parts - 1, parts - 1):
        other = narrow(other, cell)
        left = left.without(search.lattice.inside(other))
        if not left.rows.any():
            break
        found.append(other)
    return found


def widen(search: Search, ratio: Ratio, cell: Conjunction) -> Conjunction:
    """A slice without the values of its name that its effect fits better without."""
    lattice, dispersion = search.lattice, search.dispersion.of(search.lattice, cell)
    inside = lattice.inside(cell)
    shapes = [np.where(ratio.rows > 0, shape, 0.0) / dispersion for shape in common_likelihoods(ratio, inside)]
    shape = max(shapes, key=lambda one: float(one[inside].sum()))
    for _ in lattice.dims:
        wider = [cell, *lattice.shorter(cell)]
        cell = max(wider, key=lambda one: float(shape[lattice.inside(one)].sum()) - lattice.price(one))
    return cell


def nats_of(search: Search, ratio: Ratio, cells: Sequence[Conjunction], dispersion: float) -> float:
    """How well effects in some slices fit a ratio, in nats less what their names cost; each is put aside in its turn.

    What fits less well than its name costs is not named.
    """
    nats = 0.0
    for cell in cells:
        inside = search.lattice.inside(cell)
        nats += max(likelihood(ratio, inside) / dispersion - search.critical_value(cell), 0.0)
        ratio = ratio.without(inside)
    return nats


def likelihood(ratio: Ratio, inside: Mask) -> float:
    """How well an effect in some leaves fits them, in the shape that does best."""
    held = ratio.of(inside & (ratio.rows > 0))
    shapes = leaf_likelihoods(held, np.ones(len(held.rows), np.bool_))
    return max((float(shape.sum()) for shape in shapes), default=0.0)


def best_slice(search: Search, ratio: Ratio) -> ChangedSlice | None:
    """The slice with the highest score, significant or not; None where none has enough variance."""
    start = strongest(search, ratio)
    return None if start is None else changed_slice(search, ratio, name_slice(search, ratio, start, search.parts))


def changed_slice(search: Search, ratio: Ratio, cell: Conjunction) -> ChangedSlice:
    """A slice with what happened in it."""
    p = min(1.0, 2 * exp(search.lattice.price(cell) - search.evidence(ratio, cell)))
    inside = search.lattice.inside(cell)
    score = likelihood(ratio, inside) / search.dispersion.of(search.lattice, cell) - search.critical_value(cell)
    return ChangedSlice(cell, inside, score, p, search.effect(ratio, cell))
