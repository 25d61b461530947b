"""What a reader sees who knows the slice, and pays what a search pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.faultbench.cases import Case
from fastmetrics.diagnosis.causes.incidents import Measured, measure
from fastmetrics.diagnosis.causes.volumes import LEAST_CHANGE
from fastmetrics.diagnosis.diagnose import SHARES, shared
from fastmetrics.diagnosis.holdout import Sides
from fastmetrics.diagnosis.search.lattice import Conjunction
from fastmetrics.diagnosis.search.localise import Search
from fastmetrics.diagnosis.sides.pair import Pair, paired, sums_of
from fastmetrics.diagnosis.sides.rates import rates_of

__all__ = ["Oracle", "consult"]

ALPHA, LEAST_EFFECT, LEAST_ROWS = 0.05, 0.01, 100  # as `diagnose` has them


@dataclass(frozen=True)
class Oracle:
    """``margins`` is, for each root, the evidence above the demand of the rate that shows it best; ``since`` the window
    of the most likely change of the fault's rate in all roots together.
    """

    margins: tuple[float, ...]
    since: int | None

    @property
    def found(self) -> bool:
        return max(self.margins, default=-1.0) > 0


def consult(case: Case) -> Oracle:
    """The oracle of a fault; of a mix shift, that has no evidence in a slice, nothing."""
    assert case.fault is not None
    if case.fault.row.swaps:
        return Oracle((), None)
    baseline, current = case.sides
    families, dims = shared(current, baseline, [])
    windowed = Sides(current, baseline).windows is not None
    before, now = (sums_of(counts, families, dims, windowed) for counts in (baseline, current))
    rates = rates_of(families, ())
    pair = paired(before, now, rates)
    if case.fault.rates == ("rows",):
        seen = [volume(pair)]
        alpha = ALPHA * SHARES["volumes"]
    else:
        seen = list(measure(pair, [rate for rate in rates if rate.name in case.fault.rates]).values())
        alpha = ALPHA * SHARES["rates"] / len(rates)
    cells = [pair.lattice.fixing(case.log.named(root)) for root in case.fault.roots]
    margins = np.array([[margin(pair, one, cell, alpha) for cell in cells] for one in seen])
    if not margins.size:
        return Oracle((), None)
    best = seen[int(margins.max(axis=1).argmax())]
    return Oracle(tuple(float(one) for one in margins.max(axis=0)), change(pair, best, cells))


def volume(pair: Pair) -> Measured:
    ratio, dispersion = pair.volume()
    return Measured(pair.rows, ratio, Search(pair.lattice, dispersion, ALPHA))


def margin(pair: Pair, one: Measured, cell: Conjunction | None, alpha: float) -> float:
    """The evidence of a rate in a slice above what the search demands; -1 for what is too small to be told."""
    if cell is None:
        return -1.0
    search = one.search.at(alpha)
    held = one.ratio.of(pair.lattice.inside(cell))
    if one.rate.name == "rows":
        told = abs(held.now / held.before - 1) >= LEAST_CHANGE if held.kb.sum() else True
    else:
        told = abs(held.now - held.before) >= LEAST_EFFECT and held.nc.sum() >= LEAST_ROWS
    if not told:
        return -1.0
    return search.evidence(one.ratio, cell) - search.critical_value(cell)


def change(pair: Pair, one: Measured, cells: Sequence[Conjunction | None]) -> int | None:
    """The window from which on the rate was most likely another, over all slices together."""
    if not any(cells):
        return None
    inside = np.any([pair.lattice.inside(cell) for cell in cells if cell is not None], axis=0)
    k, n = pair.series(one.rate, inside)
    return likeliest(k, np.ones_like(k) if one.rate.name == "rows" else n, one.rate.name == "rows")


def likeliest(k: NDArray[np.float64], n: NDArray[np.float64], poisson: bool) -> int | None:
    """The split of the highest likelihood ratio, of two binomial rates or of two Poisson ones."""
    if len(k) < 2 or not k.sum():
        return None

    def fit(k: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
        p = np.divide(k, n, out=np.zeros_like(k), where=n > 0)
        if poisson:
            return k * np.log(np.maximum(p, 1e-12))
        p = np.clip(p, 1e-12, 1 - 1e-12)
        return k * np.log(p) + (n - k) * np.log1p(-p)

    before_k, before_n = np.cumsum(k)[:-1], np.cumsum(n)[:-1]
    return int(np.argmax(fit(before_k, before_n) + fit(k.sum() - before_k, n.sum() - before_n))) + 1
