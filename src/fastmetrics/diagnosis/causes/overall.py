"""What is true of all rows together: a version that errs more, a total against its slices, worse than no model."""

from __future__ import annotations

from collections.abc import Mapping
from math import erfc, exp, isfinite, sqrt

import numpy as np

from fastmetrics.diagnosis.causes.incidents import Limits, LocatedFinding, Measured, finding_of
from fastmetrics.diagnosis.causes.tags import BELOW_CONSTANT, SIMPSON, VERSION_REGRESSION
from fastmetrics.diagnosis.search.localise import ChangedSlice
from fastmetrics.diagnosis.search.strata import Ratio
from fastmetrics.diagnosis.sides.pair import Pair
from fastmetrics.diagnosis.split.kitagawa import decompose, simpson
from fastmetrics.diagnosis.wording import number
from fastmetrics.reading.intervals.proportions import wilson

__all__ = ["wholes_in"]

OPPOSED = ("error_rate", "fnr", "fpr")  # rates whose total is held against its slices


def wholes_in(pair: Pair, measured: Mapping[str, Measured], limits: Limits, *, versions: bool) -> list[LocatedFinding]:
    """The findings about everything; ``versions`` says that the sides are two versions rather than two times."""
    measured = {name: one for name, one in measured.items() if not one.rate.untold}  # a flag may be called "error"
    found = [opposed(pair, measured[name], limits) for name in OPPOSED if name in measured][:1]
    if "error_rate" in measured and "prevalence" in measured:
        found.append(below_constant(pair, measured["error_rate"], measured["prevalence"].ratio, limits))
    if versions and "error_rate" in measured:
        found.append(regression(pair, measured["error_rate"], limits))
    return [one for one in found if one is not None]


def everything(pair: Pair, one: Measured, limits: Limits) -> tuple[ChangedSlice, bool]:
    """All rows as a place, and whether their rate changed within leaves beyond chance."""
    search, cell = one.search.at(limits.alpha), (0,) * len(pair.lattice.dims)
    evidence = search.evidence(one.ratio, cell)
    p = limits.p(min(1.0, 2 * exp(search.lattice.price(cell) - evidence)))
    leaves = np.ones(pair.lattice.leaves, np.bool_)
    effect = search.effect(one.ratio, cell)
    place = ChangedSlice(
        cell, leaves, search.likelihood_ratio(one.ratio, cell) - search.critical_value(cell), p, effect
    )
    return place, evidence > search.critical_value(cell) and abs(effect.difference) >= limits.effect


def opposed(pair: Pair, one: Measured, limits: Limits) -> LocatedFinding | None:
    """A total that moved one way while slices, at fixed shares, moved the other (Simpson's paradox)."""
    ratio = one.ratio
    split = decompose(ratio.kb, ratio.nb, ratio.kc, ratio.nc)
    place, changed = everything(pair, one, limits)
    if not changed or not isfinite(split.total) or abs(split.total) < limits.effect or not simpson(split):
        return None
    rate = float(split.rate.sum())
    if abs(rate) < limits.effect or chance(ratio) > limits.alpha:
        return None
    phrase = SIMPSON.phrase.format(rate=number(abs(rate)), way="rose" if rate > 0 else "fell")
    return LocatedFinding(finding_of(pair, SIMPSON, one, place, place.p, phrase), place.leaves)


def below_constant(pair: Pair, one: Measured, labels: Ratio, limits: Limits) -> LocatedFinding | None:
    """A model that errs more than always giving the commoner answer would, and did not before."""
    place, changed = everything(pair, one, limits)
    constant = (min(labels.before, 1 - labels.before), min(labels.now, 1 - labels.now))
    low, _ = wilson(one.ratio.now, one.ratio.nc.sum(), 3.0)
    if not changed or not low > constant[1] or not one.ratio.before <= constant[0]:
        return None
    phrase = BELOW_CONSTANT.phrase.format(constant=number(constant[1]))
    return LocatedFinding(finding_of(pair, BELOW_CONSTANT, one, place, place.p, phrase), place.leaves)


def regression(pair: Pair, one: Measured, limits: Limits) -> LocatedFinding | None:
    """A version that errs more than the one before, within slices."""
    place, changed = everything(pair, one, limits)
    if not changed or place.effect.difference < 0:
        return None
    return LocatedFinding(finding_of(pair, VERSION_REGRESSION, one, place, place.p), place.leaves)


def chance(ratio: Ratio) -> float:
    """The p of the difference of the totals of two sides (score test)."""
    n_b, n_c = float(ratio.nb.sum()), float(ratio.nc.sum())
    pooled = float(ratio.events.sum()) / (n_b + n_c)
    spread = pooled * (1 - pooled) * (1 / n_b + 1 / n_c)
    return erfc(abs(ratio.now - ratio.before) / sqrt(2 * spread)) if spread > 0 else 1.0
