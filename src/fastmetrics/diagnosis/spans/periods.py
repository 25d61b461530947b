"""Changes that came and went: the part of the current windows in which the lattice changed most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from fastmetrics.aliases import Integers
from fastmetrics.diagnosis.causes.incidents import Measured
from fastmetrics.diagnosis.search.localise import strongest
from fastmetrics.diagnosis.search.strata import Ratio
from fastmetrics.diagnosis.sides.pair import MOST_MATRIX, Pair, SideCells
from fastmetrics.diagnosis.sides.rates import late
from fastmetrics.diagnosis.spans.baseline_cut import surplus

__all__ = ["best_period", "during_windows"]

SHORTEST = 3  # windows of a period
MOST_PERIODS = 64


def best_period(pair: Pair, measured: Mapping[str, Measured], alpha: float) -> tuple[Integers | None, int]:
    """The current windows in which some slice left the baseline most clearly, and how many periods were tried.

    A burst of three windows drowns in fifty quiet ones. Periods of 3, 6, 12 ... windows that overlap by half are
    scanned like the whole. None where no slice did in any of them.
    """
    _, now = pair.spans()
    periods = periods_of(len(now))
    rates = [one for one in measured.values() if not late(one.rate)]
    if pair.border is None or not periods or pair.lattice.leaves * len(now) > MOST_MATRIX:
        return None, 0
    best: tuple[float, tuple[int, int] | None] = (0.0, None)
    for one in rates:
        search = one.search.at(alpha / len(measured) / len(periods))
        held, leaves = pair.current[one.rate.family], pair.lattice.leaves
        k, n = (
            np.pad(np.cumsum(held.by_both(formula, leaves, now), 1), ((0, 0), (1, 0)))
            for formula in (one.rate.num, one.rate.den)
        )
        for start, end in periods:
            ratio = Ratio(one.ratio.kb, one.ratio.nb, k[:, end] - k[:, start], n[:, end] - n[:, start])
            score = surplus(search, ratio, strongest(search, ratio))
            if score > best[0]:
                best = score, (start, end)
    return None if best[1] is None else now[slice(*best[1])], len(periods)


def periods_of(windows: int) -> list[tuple[int, int]]:
    """Periods of 3, 6, 12 ... windows, each begun at the middle of the one before; the shortest last to be left out."""
    found: list[tuple[int, int]] = []
    length = SHORTEST
    while 2 * length <= windows:
        step = max(length // 2, 1)
        found = [(start, start + length) for start in range(0, windows - length + 1, step)] + found
        length *= 2
    return found if len(found) <= MOST_PERIODS else found[:: -(-len(found) // MOST_PERIODS)]


def during_windows(pair: Pair, windows: Integers) -> Pair:
    """A pair whose current side holds some windows only."""
    current = {name: some(held, windows) for name, held in pair.current.items()}
    scored = pair.scored and replace(pair.scored, now=some(pair.scored.now, windows))
    return replace(pair, current=current, scored=scored)


def some(held: SideCells, windows: Integers) -> SideCells:
    """The rows of some windows."""
    rows = np.isin(held.window, windows)
    return SideCells(held.leaf[rows], held.window[rows], held.table.filter(rows), held.names)
