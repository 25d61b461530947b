"""k of n in every leaf, in the baseline and now: what changed within leaves, whatever their base rates are.

Each leaf is judged given its own margins: of its K = kb + kc events among T = nb + nc rows, kc fell into the nc current
rows. If nothing changed, kc is hypergeometric (Mantel and Haenszel 1959). So neither base rates that differ between
leaves nor a shift of rows from one leaf to another can look like an effect, and no base rate is taken for known.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from math import exp, log, sqrt

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Mask
from fastmetrics.arithmetic import divide
from fastmetrics.reading.intervals.proportions import wilson

__all__ = [
    "LEAST_VARIANCE",
    "Effect",
    "Ratio",
    "common_likelihoods",
    "effect_of",
    "leaf_likelihoods",
    "odds_likelihood",
]

LEAST_VARIANCE = 3.0  # of a slice that is worth a name: about a dozen events split evenly
MOST_LOG_ODDS = 8.0
LOG_ODDS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)  # of leaves whose effects differ
WEIGHING_ROUNDS = 8
LEAST_FACTOR = 1e-3
LEAST_CHANGE = 1e-6


@dataclass(frozen=True)
class Ratio:
    """Counts by leaf, float64: ``kb`` of ``nb`` rows in the baseline, ``kc`` of ``nc`` now."""

    kb: Floats
    nb: Floats
    kc: Floats
    nc: Floats

    def of(self, leaves: Mask) -> Ratio:
        """Some of the leaves."""
        return Ratio(*(getattr(self, field.name)[leaves] for field in fields(self)))

    def without(self, leaves: Mask) -> Ratio:
        """All leaves, some of them emptied."""
        return Ratio(*(np.where(leaves, 0.0, getattr(self, field.name)) for field in fields(self)))

    @cached_property
    def events(self) -> Floats:
        return self.kb + self.kc

    @cached_property
    def rows(self) -> Floats:
        return self.nb + self.nc

    @cached_property
    def informative(self) -> Mask:
        """Leaves that can tell: rows on both sides, events and non-events."""
        return (self.nb > 0) & (self.nc > 0) & (self.events > 0) & (self.events < self.rows)

    @cached_property
    def excess(self) -> tuple[Floats, Floats]:
        """`u` and `v`."""
        u, v = np.empty(len(self.kb)), np.empty(len(self.kb))
        kernels.lattice.excess(*(np.ascontiguousarray(getattr(self, field.name)) for field in fields(self)), u, v)
        return u, v

    @property
    def u(self) -> Floats:
        """Events now beyond those expected, by leaf."""
        return self.excess[0]

    @property
    def v(self) -> Floats:
        """The variance of `u` where nothing changed, by leaf (hypergeometric)."""
        return self.excess[1]

    @cached_property
    def weight(self) -> Floats:
        """The weight of a leaf in the common difference of rates: nb·nc/T."""
        return divide(self.nb * self.nc, self.rows, 0.0)

    @property
    def before(self) -> float:
        """The rate in the baseline, over all leaves; NaN without rows."""
        return float(self.kb.sum() / self.nb.sum()) if self.nb.sum() else float("nan")

    @property
    def now(self) -> float:
        """The current rate, over all leaves; NaN without rows."""
        return float(self.kc.sum() / self.nc.sum()) if self.nc.sum() else float("nan")


def odds_likelihood(ratio: Ratio, beta: float) -> Floats:
    """The log likelihood ratio of a common log odds ratio against none, by leaf, given the margins.

    The sum over the noncentral hypergeometric distribution by saddlepoint: two binomials tilted to the margin. The
    highest value over ``beta`` of a sum over leaves is also Chernoff's exponent: the chance of so many events without
    a change is at most exp(-value).
    """
    return np.where(ratio.informative, beta * ratio.kc - tilted(ratio, beta) + tilted(ratio, 0.0), 0.0)


def tilted(ratio: Ratio, beta: float) -> Floats:
    """The log of the sum over x of C(nc, x) C(nb, K - x) exp(beta x), by saddlepoint, up to a constant."""
    z, odds = saddle(ratio, beta), exp(beta)
    p, q = z * odds / (1 + z * odds), z / (1 + z)
    spread = ratio.nc * p * (1 - p) + ratio.nb * q * (1 - q)
    return np.asarray(
        ratio.nc * np.log1p(z * odds)
        + ratio.nb * np.log1p(z)
        - ratio.events * np.log(z)
        - 0.5 * np.log(np.where(ratio.informative, spread, 1.0))
    )


def saddle(ratio: Ratio, beta: float) -> Floats:
    """The baseline odds at which both sides together expect the events of each leaf: a root of a quadratic."""
    odds = exp(beta)
    events = np.where(ratio.informative, ratio.events, 1.0)
    others = np.where(ratio.informative, ratio.rows - ratio.events, 1.0)
    b = ratio.nc * odds + ratio.nb - events * (1 + odds)
    root = np.sqrt(b * b + 4 * odds * others * events)
    return np.where(b > 0, 2 * events / (b + root), (root - b) / (2 * odds * others))


def common_log_odds(ratio: Ratio) -> float:
    """The common log odds ratio of all leaves, given the margins (Newton from U / V)."""
    v = ratio.v.sum()
    if not v:
        return 0.0
    beta = float(np.clip(ratio.u.sum() / v, -1.0, 1.0))
    telling = ratio.of(ratio.informative)
    for _ in range(12):
        z, odds = saddle(telling, beta), exp(beta)
        p, q = z * odds / (1 + z * odds), z / (1 + z)
        now, before = telling.nc * p * (1 - p), telling.nb * q * (1 - q)
        step = float((telling.kc - telling.nc * p).sum() / max((now * before / (now + before)).sum(), 1e-12))
        beta = float(np.clip(beta + np.clip(step, -1.0, 1.0), -MOST_LOG_ODDS, MOST_LOG_ODDS))
        if abs(step) < 1e-4:
            break
    return beta


def factor_likelihood(eb: Floats, nb: Floats, ec: Floats, nc: Floats, factor: float) -> Floats:
    """The log likelihood ratio of a rate that became ``factor`` < 1 times what it was, by leaf.

    The base rate of each leaf is fitted (a quadratic) and its uncertainty allowed for (Cox and Reid 1987), on the scale
    of its logarithm: of rare events this is the likelihood given the margins. On another scale a leaf would gain or
    lose by being among those that changed, whatever its counts.
    """
    fitted, information = at_factor(eb, nb, ec, nc, factor)
    null, null_information = at_factor(eb, nb, ec, nc, 1.0)
    telling = (nb > 0) & (nc > 0) & (eb + ec > 0)
    return np.where(telling, fitted - null - 0.5 * np.log(information / null_information), 0.0)


def at_factor(eb: Floats, nb: Floats, ec: Floats, nc: Floats, factor: float) -> tuple[Floats, Floats]:
    """The highest log likelihood over base rates, and the information on the logarithm of the base rate there."""
    events, others, later = eb + ec, nb - eb, nc - ec
    rows = np.maximum(nb + nc, 1.0)
    b = events * (1 + factor) + others + factor * later
    root = np.sqrt(np.maximum(b * b - 4 * factor * rows * events, 0.0))
    rate = np.clip(2 * events / np.maximum(b + root, 1e-300), 1e-12, 1 - 1e-12)
    fit = events * np.log(rate) + ec * log(factor) + others * np.log1p(-rate) + later * np.log1p(-factor * rate)
    information = events + others * (rate / (1 - rate)) ** 2 + later * (factor * rate / (1 - factor * rate)) ** 2
    return np.asarray(fit), np.maximum(np.asarray(information), 1e-300)


def leaf_likelihoods(ratio: Ratio, inside: Mask) -> list[Floats]:
    """For each leaf, how much likelier its counts are with the effect seen in the leaves ``inside`` than without.

    There is one answer for each shape that an effect can have: those of `common_likelihoods`, and one that differs from
    leaf to leaf.
    """
    held = ratio.of(inside)
    shapes = common_likelihoods(ratio, inside)
    if held.kb.sum() and held.kc.sum():
        shapes.append(mixed_likelihood(ratio, inside, 1.0 if common_log_odds(held) > 0 else -1.0))
    return shapes


def common_likelihoods(ratio: Ratio, inside: Mask, strength: float = 1.0) -> list[Floats]:
    """`leaf_likelihoods` of effects that all leaves have in common, taken ``likelihood_ratio`` times as large.

    The odds are multiplied, or the events are, or the other rows are (a model that misses one in ten more cases does so
    whatever its miss rate was).
    """
    held = ratio.of(inside)
    shapes = []
    if held.kb.sum() and held.kc.sum():
        beta = float(np.clip(strength * common_log_odds(held), -MOST_LOG_ODDS, MOST_LOG_ODDS))
        shapes.append(odds_likelihood(ratio, beta))
    others = factor_shape(ratio, inside, ratio.nb - ratio.kb, ratio.nc - ratio.kc, strength)
    if others is not None:
        shapes.append(others)
    # Events that never were before are infinitely many times as many: any leaf without events would fit as well.
    events = factor_shape(ratio, inside, ratio.kb, ratio.kc, strength) if held.kb.sum() or not shapes else None
    return shapes if events is None else [*shapes, events]


def factor_shape(ratio: Ratio, inside: Mask, before: Floats, now: Floats, strength: float) -> Floats | None:
    """The likelihoods if rows of one kind became a common factor as many, or as few; None where they hardly changed.

    The factor is that of Mantel and Haenszel over the leaves ``inside``. Where the kind is nearly all rows, as rows
    without a rare event are, their likelihood would be all rounding.
    """
    weigh = np.where(inside & (ratio.rows > 0), 1 / np.maximum(ratio.rows, 1), 0.0)
    after, ago = float((now * ratio.nb * weigh).sum()), float((before * ratio.nc * weigh).sum())
    if abs(after - ago) <= LEAST_CHANGE * max(after, ago):
        return None
    if after < ago:
        return factor_likelihood(before, ratio.nb, now, ratio.nc, max((after / ago) ** strength, LEAST_FACTOR))
    return factor_likelihood(now, ratio.nc, before, ratio.nb, max((ago / after) ** strength, LEAST_FACTOR))


def mixed_likelihood(ratio: Ratio, inside: Mask, direction: float) -> Floats:
    """The log likelihood ratio of an odds ratio unknown in each leaf, by leaf: the mean over a grid of them.

    Each odds ratio weighs as much as the leaves ``inside`` say (EM), which count for one leaf more, of each of them
    alike. So a leaf without an effect speaks against itself as clearly as leaves without one are rare among those.
    """
    nats = np.stack([odds_likelihood(ratio, direction * size) for size in LOG_ODDS])
    top = nats.max(0)
    likelihoods = np.exp(nats - top)
    held = likelihoods[:, inside & ratio.informative]
    weights = np.full(len(LOG_ODDS), 1 / len(LOG_ODDS))
    for _ in range(WEIGHING_ROUNDS):
        shares = weights[:, None] * held
        weights = (shares / shares.sum(0)).sum(1) + 1 / len(LOG_ODDS)
        weights /= weights.sum()
    return np.asarray(top + np.log(weights @ likelihoods))


@dataclass(frozen=True)
class Effect:
    """What happened to a rate in a slice; ``difference`` compares within leaves, with bounds at ``z``."""

    before: float
    now: float
    difference: float
    low: float
    high: float
    log_odds: float


def effect_of(ratio: Ratio, z: float) -> Effect:
    """The change of the rate over some leaves.

    ``difference`` is the Mantel-Haenszel risk difference; around it lies Newcombe's interval (1998, method 10) of the
    totals at ``z`` standard errors, wide enough for whatever search chose the leaves.
    """
    weight = float(ratio.weight.sum())
    difference = (
        float(((ratio.kc * ratio.nb - ratio.kb * ratio.nc) / np.maximum(ratio.rows, 1)).sum() / weight)
        if weight
        else float("nan")
    )
    before, now = ratio.before, ratio.now
    (low_b, high_b), (low_c, high_c) = wilson(before, ratio.nb.sum(), z), wilson(now, ratio.nc.sum(), z)
    low = difference - sqrt((now - low_c) ** 2 + (high_b - before) ** 2)
    high = difference + sqrt((high_c - now) ** 2 + (before - low_b) ** 2)
    return Effect(before, now, difference, max(low, -1.0), min(high, 1.0), common_log_odds(ratio))
