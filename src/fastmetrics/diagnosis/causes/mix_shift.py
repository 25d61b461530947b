"""Shifts of mix: the rows of slices with other rates came in other shares, and no slice changed its ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import erfc, sqrt
from typing import Any

import numpy as np

from fastmetrics.aliases import Floats, Mask
from fastmetrics.arithmetic import divide
from fastmetrics.diagnosis.causes.incidents import Limits, LocatedFinding, Measured
from fastmetrics.diagnosis.findings import Finding, words
from fastmetrics.diagnosis.search.overdispersion import LEAST_WINDOWS, MOST_BLOCKS, normal_square
from fastmetrics.diagnosis.search.strata import Ratio
from fastmetrics.diagnosis.sides.pair import Pair
from fastmetrics.diagnosis.wording import number, sentence
from fastmetrics.families.class_rates import PREDICTED

__all__ = ["mix_finding", "mix_in", "mix_numbers", "mix_of"]

EXPLAINS = 0.5  # of the change of the whole rate
MIXED_RATES = ("fnr", "fpr", "prevalence", "predicted_positive_rate", "high_score_rate")  # rates whose mix is looked at


@dataclass(frozen=True)
class Mix:
    """What the shift of rows between leaves did to a rate, and how unlikely that is by chance."""

    measured: Measured
    change: float
    z: float
    p: float


def mix_in(pair: Pair, measured: Mapping[str, Measured], limits: Limits) -> Mix | None:
    """The rate that a shift of mix moved most, if one did so beyond chance and explains what the rate did."""
    looked = [mix_of(pair, measured[name]) for name in causes_of(measured)]
    strong = [mix for mix in looked if mix.p * len(looked) <= limits.alpha and explains(mix, limits)]
    if not strong:
        return None
    top = max(strong, key=lambda mix: abs(mix.z))
    return replace(top, p=limits.p(top.p, len(looked)))


def causes_of(measured: Mapping[str, Measured]) -> list[str]:
    """The rates whose mix is looked at; of many classes their shares, and errors, which are not told apart there."""
    classes = [name for name in measured if name.startswith(PREDICTED)]
    errors = ["error_rate"] if classes and "error_rate" in measured and "fnr" not in measured else []
    return [*(name for name in MIXED_RATES if name in measured), *errors, *classes]


def explains(mix: Mix, limits: Limits) -> bool:
    """Whether the mix moved the whole rate enough, and explains what it did."""
    ratio = mix.measured.ratio
    whole = ratio.now - ratio.before
    return abs(mix.change) >= limits.effect and mix.change * whole > 0 and abs(mix.change) >= EXPLAINS * abs(whole)


def mix_of(pair: Pair, one: Measured) -> Mix:
    """The change of a rate if each leaf had kept the rate of both sides together.

    Leaves that appeared or vanished are findings of their own and are left out.
    """
    ratio = one.ratio.without((one.ratio.nb == 0) | (one.ratio.nc == 0))
    if not ratio.nb.sum() or not ratio.nc.sum():
        return Mix(one, 0.0, 0.0, 1.0)
    rates = divide(ratio.events, ratio.rows, 0.0)
    change = float(rates @ (ratio.nc / ratio.nc.sum() - ratio.nb / ratio.nb.sum()))
    shares = ratio.rows / ratio.rows.sum()
    spread = float(shares @ rates**2 - (shares @ rates) ** 2)
    if spread <= 0:
        return Mix(one, change, 0.0, 1.0)
    dispersion, degrees = between_blocks(pair, one, rates, spread)
    squared = change**2 / (spread * (1 / ratio.nb.sum() + 1 / ratio.nc.sum()) * dispersion)
    if degrees:
        squared = normal_square(squared, degrees)
    return Mix(one, change, float(np.copysign(sqrt(squared), change)), erfc(sqrt(squared / 2)))


def between_blocks(pair: Pair, one: Measured, rates: Floats, spread: float) -> tuple[float, int]:
    """How much more the mix varies between blocks of baseline windows than by chance, and the degrees of freedom."""
    windows, _ = pair.spans(one.rate.family)
    if len(windows) < LEAST_WINDOWS:
        return 1.0, 0
    blocks = np.array_split(windows, min(len(windows), MOST_BLOCKS))
    held = pair.baseline[one.rate.family]
    values = held.values(one.rate.den)
    size = len(pair.windows)
    n = np.bincount(held.window + 1, values, size + 1)[1:]
    moment = np.bincount(held.window + 1, values * rates[held.leaf], size + 1)[1:]
    rows = np.array([n[block].sum() for block in blocks])
    sums = np.array([moment[block].sum() for block in blocks])
    some = rows > 0
    means = sums[some] / rows[some]
    middle = sums.sum() / max(rows.sum(), 1.0)
    squares = rows[some] * (means - middle) ** 2 / spread
    degrees = int(some.sum()) - 1
    return (max(float(squares.sum() / degrees), 1.0), degrees) if degrees > 0 else (1.0, 0)


def mix_finding(pair: Pair, mix: Mix, severity: str) -> LocatedFinding:
    """The finding of a shift of mix, with the slice whose share did most."""
    ratio, rate = mix.measured.ratio, mix.measured.rate
    slice_, before, now = mover(pair, ratio)
    border = pair.border
    finding = Finding(
        tag="mix_shift",
        severity=severity,
        metric=rate.name,
        sentence="",
        advice="Compare like with like: roll up by the keys that moved, or weigh slices as in the baseline.",
        model=pair.model,
        since=None if border is None else pair.windows[border],
        p=mix.p,
        score=mix.z**2 / 2,
        **mix_numbers(mix),
    )
    phrase = "gets another mix of rows ({moved} is {share} of them, was {once})"
    finding = sentence(finding, phrase, rate.words, moved=words(slice_), share=number(now), once=number(before))
    return LocatedFinding(finding, np.ones(pair.lattice.leaves, np.bool_))


def mix_numbers(mix: Mix) -> dict[str, Any]:
    """The fields of a finding that say what the mix did to a rate."""
    ratio = mix.measured.ratio
    whole = ratio.now - ratio.before
    return {
        "baseline": ratio.before,
        "current": ratio.now,
        "difference": mix.change,
        "rows": int(ratio.nc.sum()),
        "errors": int(ratio.kc.sum()),
        "contribution": mix.change / whole if whole else None,
    }


def mover(pair: Pair, ratio: Ratio) -> tuple[dict[str, object], float, float]:
    """The value of one key whose share of rows moved the rate most, with its share before and now."""
    rates = divide(ratio.events, ratio.rows, 0.0)
    before, now = ratio.nb / ratio.nb.sum(), ratio.nc / ratio.nc.sum()
    moved = (rates - ratio.events.sum() / ratio.rows.sum()) * (now - before)
    best: tuple[float, tuple[int, ...], Mask] | None = None
    for at, values in enumerate(pair.lattice.values):
        for code in range(1, len(values) + 1):
            cell = tuple(code if place == at else 0 for place in range(len(pair.lattice.dims)))
            inside = pair.lattice.inside(cell)
            size = abs(float(moved[inside].sum()))
            if best is None or size > best[0]:
                best = size, cell, inside
    if best is None:
        return {}, 1.0, 1.0
    return pair.lattice.predicate(best[1]), float(before[best[2]].sum()), float(now[best[2]].sum())
