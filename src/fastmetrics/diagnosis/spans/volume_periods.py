"""Rows that came or did not in a part of the current windows only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fastmetrics.aliases import Floats, Integers
from fastmetrics.diagnosis.causes.incidents import Limits, LocatedFinding
from fastmetrics.diagnosis.causes.volumes import volume
from fastmetrics.diagnosis.search.lattice import Lattice
from fastmetrics.diagnosis.search.localise import Search, localise, strongest
from fastmetrics.diagnosis.search.overdispersion import LEAST_WINDOWS, MOST_BLOCKS, Dispersion, dispersion_of
from fastmetrics.diagnosis.search.strata import Ratio
from fastmetrics.diagnosis.sides.pair import EXPOSURE, MOST_MATRIX, Pair, SideCells
from fastmetrics.diagnosis.spans.baseline_cut import surplus
from fastmetrics.diagnosis.spans.periods import during_windows, periods_of

__all__ = ["passing_volumes", "usual_rows"]


def passing_volumes(pair: Pair, limits: Limits) -> tuple[list[LocatedFinding], Integers]:
    """The slices whose rows changed in the period in which they did most clearly, and its windows.

    A period is held against stretches of the baseline as long as it is, so that a weekend or a night is no fault; there
    must be enough of them.
    """
    before, now = pair.spans()
    periods = [one for one in periods_of(len(now)) if len(before) // (one[1] - one[0]) >= LEAST_WINDOWS]
    if pair.border is None or not periods or pair.lattice.leaves * max(len(before), len(now)) > MOST_MATRIX:
        return [], now
    ago, rows = (so_far(pair, side, windows) for side, windows in zip(pair.sides, (before, now), strict=True))
    lengths = {end - start for start, end in periods}
    usual = {length: between_stretches(pair.lattice, ago, length) for length in lengths}
    limits, best = limits.among(len(periods)), 0.0
    found: tuple[int, int, Ratio] | None = None
    for start, end in periods:
        ratio = rows_of(ago[:, -1], len(before), rows[:, end] - rows[:, start], end - start)
        search = Search(pair.lattice, usual[end - start], limits.alpha)
        score = surplus(search, ratio, strongest(search, ratio))
        if score > best:
            best, found = score, (start, end, ratio)
    if found is None:
        return [], now
    start, end, ratio = found
    windows, search = now[start:end], Search(pair.lattice, usual[end - start], limits.alpha)
    part = during_windows(pair, windows)
    told = (volume(part, ratio, search, one, limits) for one in localise(search, ratio))
    return [one for one in told if one is not None], windows


def usual_rows(pair: Pair, length: int) -> Dispersion:
    """How rows vary between stretches of the baseline as long as a period."""
    return between_stretches(pair.lattice, so_far(pair, pair.baseline, pair.spans()[0]), length)


def so_far(pair: Pair, side: Mapping[str, SideCells], windows: Integers) -> Floats:
    """Rows by leaf up to each of some windows of a side, from none on."""
    rows = side[pair.rows.family].by_both(pair.rows.num, pair.lattice.leaves, windows)
    return np.pad(np.cumsum(rows, 1), ((0, 0), (1, 0)))


def rows_of(before: Floats, windows: int, now: Floats, later: int) -> Ratio:
    """Rows by leaf against the time there was for them."""
    share, full = later / (windows + later), np.full(len(before), EXPOSURE)
    return Ratio(before, full * (1 - share), now, full * share)


def between_stretches(lattice: Lattice, summed: Floats, length: int) -> Dispersion:
    """How rows vary between stretches of the baseline of some length; ``summed`` are rows by leaf up to each window."""
    windows = summed.shape[1] - 1
    starts = np.linspace(0, windows - length, min(windows // length, MOST_BLOCKS)).astype(int)
    rows = summed[:, starts + length] - summed[:, starts]
    return dispersion_of(lattice, rows, np.full_like(rows, EXPOSURE / len(starts)))
