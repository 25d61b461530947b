"""How far leaves lie from their forecast, the law of that where nothing happened, and how much an effect explains.

The deviation (actual - expected) / max(actual, expected) lies between -1 (all is lost) and 1 (nothing was expected),
and turns its sign when the sides change places. A forecast error is as likely on either side, so the side that is the
quieter in its tail shows how leaves deviate to which nothing happened, whatever happened to those on the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import erfc

import numpy as np
from numpy.typing import NDArray

from fastmetrics.aliases import Floats, Integers
from fastmetrics.arithmetic import divide

__all__ = ["Effect", "Noise", "bins_of", "deviations", "likelihoods", "noise_of", "refitted"]

INNER = 400  # bins of the size of a deviation; besides them one for none at all, one for all of the leaf
FINEST = 1e-3  # below it bins are evenly wide, above it evenly wide in the logarithm
ALL = INNER + 1  # the bin of a leaf that is wholly lost or new
BINS = INNER + 2
SCALES = np.geomspace(1e-4, 4.0, 400)  # standard deviations of relative errors, 2.7 % apart
STEPS = np.arange(-104, 105, 13)  # from the scale that fits best alone to those mixed with it: factors of 1.4
WORTH = 5.0  # nats that a mixture has to gain
ROUNDS = 30  # of expectation-maximisation
FEWEST = 1e-3, 1.0, 5.0  # share of the leaves, from 1 to 5 of them, that make a scale of noise: fewer are causes
TAIL = 4  # power of the deviations by which sides are told apart
UNTOUCHED = 1e-9  # the least likelihood ratio of a leaf that nothing happened to
OTHER_CAUSE = 0.98  # and of one to which something else happened
PRIOR_LEAVES, PRIOR_SPREAD = 2.0, 0.08  # what is believed of the spread of an effect before leaves are seen
FINEST_SPREAD = 0.02


@dataclass(frozen=True)
class Effect:
    """A common relative change: leaves deviate by ``size`` with a standard deviation of ``spread``."""

    size: float
    spread: float


@dataclass(frozen=True)
class Noise:
    """The probability of each bin of the size of a deviation where nothing happened, either sign together."""

    masses: Floats

    @cached_property
    def half(self) -> Floats:
        """The probability of each bin on one side."""
        return self.masses / 2

    @cached_property
    def floor(self) -> Floats:
        """The least that a leaf says of a cause on its side."""
        return np.asarray(np.log(np.clip(OTHER_CAUSE * anything() / self.half, UNTOUCHED, OTHER_CAUSE)))

    @cached_property
    def spread(self) -> float:
        """The root mean square deviation."""
        return float(np.sqrt((self.masses * middles() ** 2).sum()))


def deviations(actual: Floats, expected: Floats) -> Floats:
    """The deviation of each leaf; 0 where both sides are. A leaf below zero counts as wholly lost."""
    return np.clip(divide(actual - expected, np.maximum(actual, expected), 0.0), -1.0, 1.0)


@cache
def edges() -> Floats:
    """The edges of the inner bins."""
    inner = FINEST * np.expm1(np.linspace(0, np.log1p(1 / FINEST), INNER + 1))
    return np.concatenate([inner[:-1], [1.0]])


@cache
def middles() -> Floats:
    """A deviation in the middle of each bin."""
    return np.concatenate([[0.0], (edges()[1:] + edges()[:-1]) / 2, [1.0]])


def bins_of(deviation: Floats) -> Integers:
    """The bin of the size of each deviation."""
    size = np.abs(deviation)
    inner = np.log1p(size / FINEST) * (INNER / np.log1p(1 / FINEST))
    bins: Integers = np.minimum(inner.astype(np.int64), INNER - 1) + 1
    bins[size == 0] = 0
    bins[size >= 1] = ALL
    return bins


def bell(z: Floats) -> Floats:
    """The density of the standard normal law."""
    return np.asarray(np.exp(-0.5 * z * z) * 0.3989422804014327)


def above(z: float) -> float:
    """The chance of a standard normal variable above a value."""
    return 0.5 * erfc(z * 0.7071067811865476)


def relative_error(scale: float) -> Floats:
    """The masses of a normal relative error, of the forecast from the actual or the other way round."""
    size, odds = middles()[1:ALL], odds_of_middles()
    inner = (bell(size / scale) + bell(odds / scale) * (1 + odds) ** 2) * (widths() / scale)
    masses = np.concatenate([[0.0], inner, [above(1 / scale)]])
    masses[1] += max(1 - masses.sum(), 0.0)  # scales finer than the bins
    return np.asarray(masses / masses.sum())


@cache
def widths() -> Floats:
    """The widths of the inner bins."""
    return np.diff(edges())


@cache
def odds_of_middles() -> Floats:
    """The middle of each inner bin as a share of the smaller side rather than of the larger one."""
    size = middles()[1:ALL]
    return np.asarray(size / (1 - size))


@cache
def anything() -> Floats:
    """Deviations of any size alike, some of them of all."""
    return np.concatenate([[0.02], 0.9 * widths(), [0.08]])


def noise_of(lower: Floats, higher: Floats, slack: float) -> Noise:
    """The law of the quieter side: of one scale of errors, or of several where they fit better.

    ``lower`` and ``higher`` count the leaves on either side by bin, those that do not deviate among the lower ones;
    deviations of any size keep a weight of ``slack``.
    """
    tails = middles() ** TAIL
    counts = np.where(np.arange(BINS) > 0, lower if lower @ tails < higher @ tails else higher, lower / 2)
    total, inner = max(counts.sum(), 1.0), counts[1:ALL].sum()
    law = slack * anything()
    if inner:
        law += fitted(counts) * (inner / total)
    law[0] += counts[0] / total
    law[ALL] = max(law[ALL], counts[ALL] / total)
    return Noise(law / law.sum())


@cache
def scales() -> tuple[Floats, Floats]:
    """The masses of errors of every scale, and their logarithms."""
    masses = np.array([relative_error(scale) for scale in SCALES])
    return masses, np.log(np.maximum(masses, 1e-300))


def fitted(counts: Floats) -> Floats:
    """The masses that fit counts of the inner bins best; scales of a few leaves are left out of a mixture."""
    masses, logs = scales()
    seen = np.flatnonzero(counts[1:ALL]) + 1
    count = counts[seen]
    likely = logs[:, seen] @ count
    at = int(np.argmax(likely))
    near = np.clip(at + STEPS, 0, len(masses) - 1)
    mixed = scale_weights(count, np.maximum(masses[np.ix_(near, seen)], 1e-300)) @ masses[near]
    gain = float(count @ np.log(np.maximum(mixed[seen], 1e-300))) - float(likely[at])
    return mixed if gain > WORTH else np.asarray(masses[at])


def scale_weights(counts: Floats, parts: Floats) -> Floats:
    """The weights of the scales that fit counts of bins best."""
    weights = np.full(len(parts), 1.0 / len(parts))
    total = counts.sum()
    share, least, most = FEWEST
    fewest = min(max(share * total, least), most)
    for at in range(ROUNDS):
        weights = weights * (parts @ (counts / (weights @ parts))) / total
        if at % 10 == 9:
            kept = np.where(weights * total >= fewest, weights, 0.0)
            weights = (kept if kept.sum() else weights) / (kept.sum() or weights.sum())
    return weights


def effect_masses(size: float, spread: float) -> tuple[Floats, Floats]:
    """The probability of each bin under an effect of that size, on its own side and on the other."""
    middle = middles()[1:ALL]
    own, other = (
        np.concatenate([[0.0], bell((middle - mean) / spread) * widths() / spread, [above((1 - mean) / spread)]])
        for mean in (size, -size)
    )
    return own, other


def likelihoods(effect: Effect, noises: Sequence[Noise]) -> list[Floats]:
    """The log likelihood ratio of an effect against each noise, for each bin of lower and then of higher leaves.

    No leaf speaks without limit against a cause, least of all one on the same side that noise would not move that far:
    another cause may have befallen it.
    """
    masses = effect_masses(abs(effect.size), effect.spread)
    tables = []
    for noise in noises:
        own, other = (np.log(np.maximum(side / noise.half, UNTOUCHED)) for side in masses)
        own = np.maximum(own, noise.floor)
        tables.append(np.concatenate([own, other] if effect.size < 0 else [other, own]))
    return tables


def refitted(deviation: Floats, effect: Effect, nats: NDArray[np.float32]) -> Effect:
    """The effect that the leaves of a slice show, those left out that rather speak against it."""
    speak = deviation[nats > 0]
    if not len(speak):
        return effect
    sign = 1.0 if effect.size > 0 else -1.0
    sizes = speak * sign
    if (sizes >= 1).mean() > 0.5:
        return Effect(sign * 1.25, 0.05)
    size = float(np.mean(sizes))
    spread = (((sizes - size) ** 2).sum() + PRIOR_LEAVES * PRIOR_SPREAD**2) / (len(speak) + PRIOR_LEAVES)
    return Effect(sign * round(size, 3), max(round(float(np.sqrt(spread)), 3), FINEST_SPREAD))
