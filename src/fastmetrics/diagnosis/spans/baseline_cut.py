"""Where one series of windows is best cut into a baseline and what came after it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastmetrics.contract.capabilities import Rate
from fastmetrics.diagnosis.search.lattice import Conjunction
from fastmetrics.diagnosis.search.localise import Search, strongest
from fastmetrics.diagnosis.search.strata import Ratio
from fastmetrics.diagnosis.sides.pair import MOST_MATRIX, Pair

__all__ = ["surplus", "best_border"]

MOST_BORDERS = 64  # tried at most, evenly apart; when a slice changed is found to the window afterwards
LEAST_SIDE = 3  # windows on either side


def best_border(pair: Pair, rates: Sequence[Rate], search: Search) -> tuple[int | None, int]:
    """The window before which the lattice is best cut, and how many cuts were tried; None where no slice changed.

    Every cut is a scan of the whole lattice for every rate, over sums of windows; the strongest evidence wins. The pair
    holds the same Counts on both sides.
    """
    windows = np.arange(len(pair.windows))
    first, last = LEAST_SIDE, len(windows) - LEAST_SIDE
    if first > last or pair.lattice.leaves * len(windows) > MOST_MATRIX:
        return None, 0
    cuts = np.unique(np.linspace(first, last, min(MOST_BORDERS, last - first + 1)).astype(int))
    best: tuple[float, int | None] = (0.0, None)
    for rate in rates:
        held = pair.current[rate.family]
        k, n = (np.cumsum(held.by_both(formula, pair.lattice.leaves, windows), 1) for formula in (rate.num, rate.den))
        for cut in cuts:
            ratio = Ratio(k[:, cut - 1], n[:, cut - 1], k[:, -1] - k[:, cut - 1], n[:, -1] - n[:, cut - 1])
            score = surplus(search, ratio, strongest(search, ratio))
            if score > best[0]:
                best = score, int(cut)
    return best[1], len(cuts)


def surplus(search: Search, ratio: Ratio, cell: Conjunction | None) -> float:
    """The evidence of a slice above what the search demands."""
    return -1.0 if cell is None else search.evidence(ratio, cell) - search.critical_value(cell)
