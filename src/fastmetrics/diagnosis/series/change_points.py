"""Since when a rate is another one: change points of series of counts, `k` bad of `n` rows by window.

Windows are numbered from 0, in order of time; a window without rows is fine and never begins a level. Rows are taken as
independent; ``dispersion`` divides the evidence where they are known to vary more than that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmetrics.diagnosis.series.null_law import entropy, exceedance, segment_threshold, split_ratios
from fastmetrics.errors import DataError

__all__ = ["Change", "Span", "adjusted", "changes", "since", "split", "strata_split"]

Floats = NDArray[np.float64]
Shape = Literal["step", "ramp", "pulse"]

# The set of splits within this many nats of the best holds the true one in 95 % of cases: on both sides of it the ratio
# falls like a walk whose maximum is exponential, so it is 1 - (1 - e^-d)^2 of them (Siegmund 1988).
CONFIDENCE = -math.log(1 - math.sqrt(0.95))
RAMPS = (4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 60)
RAMP_COST, PULSE_COST = 1.0, 3.0  # nats to gain over a step: 4 to 7 % of steps are called ramps or pulses
BORDER_FIRST = 1.0  # nats that a later start must gain over the border; one window of .2 -> .3 with 100 rows has 2.7
FINEST = 200  # windows of which all pairs of ends are tried; more are first taken together


@dataclass(frozen=True)
class Change:
    """A change of rate, and how sure it is.

    ``at`` is the first window of the new level, ``statistic`` the log-likelihood ratio in nats, ``p`` the chance that
    the best split of a series without change has as much. The true ``at`` lies in ``low`` .. ``high`` in 95 % of cases.
    """

    at: int
    statistic: float
    p: float
    before: float
    after: float
    low: int
    high: int


@dataclass(frozen=True)
class Span:
    """When a change began and, if it is over, the first window after it; a ramp grows from ``since`` on."""

    since: int
    until: int | None
    shape: Shape


def split(k: ArrayLike, n: ArrayLike, *, dispersion: float = 1.0) -> Change:
    """The most likely single change of the rate k/n: the split with the largest binomial likelihood ratio.

    A series that cannot be split (fewer than two windows with rows, or a rate of 0 or 1 throughout) has ``p`` 1.
    ``p`` is conditional on the number of bad rows and counts all splits: 1 % of series without change have p <= .01.

    Raises
    ------
    DataError
        Arrays of unequal length, negative or non-finite values, or more bad rows than rows in a window.

    >>> found = split([5, 4, 6, 5, 14, 16, 15], [100] * 7)
    >>> found.at, found.before, found.after, found.p < 0.001
    (4, 0.05, 0.15, True)
    """
    bad, rows = counted(k, n, 1)
    if rows.size < 2:
        return unsplit(bad, rows)
    done, all_bad, all_rows = rows.cumsum()[:-1], float(bad.sum()), float(rows.sum())
    ratios = split_ratios(bad.cumsum()[:-1], done, all_bad, all_rows) / dispersion
    return best(ratios, bad, rows, exceedance(float(ratios.max()), all_bad, rows))


def strata_split(k: ArrayLike, n: ArrayLike, *, dispersion: float = 1.0) -> Change:
    """The most likely single change of the rates within leaves: arrays of leaves x windows.

    Each leaf is compared with itself, given its own rows by window and its own bad rows in all, and the leaves are
    weighed as in a Cochran-Mantel-Haenszel test: a change of the mix of leaves is no change of rate. ``before`` and
    ``after`` are the overall rate times observed over expected bad rows. One leaf gives what `split` gives.

    Raises
    ------
    DataError
        As `split` does.

    >>> rows = np.array([[10, 10, 10, 90, 90, 90], [90, 90, 90, 10, 10, 10]])       # from a good leaf to a bad one
    >>> bad = rows * np.array([[0.5], [0.1]])
    >>> round(strata_split(bad, rows).statistic, 3), split(bad.sum(0), rows.sum(0)).p < 0.001
    (0.0, True)
    """
    bad, rows = counted(k, n, 2)
    series = conditional(bad, rows)
    if series is None:
        return unsplit(bad.sum(0), rows.sum(0))
    expected, kappa, variance, ages = series.rows.cumsum()[:-1], series.bad.sum(), series.variance, series.ages
    whole = float(series.rows.sum())
    part = expected / whole
    shape = kappa * part * (1 - part) * (whole - kappa) / max(whole - 1, 1.0)
    known = variance > 1e-9 * variance.max()
    scale = np.divide(shape, variance, out=np.zeros_like(shape), where=known)
    off = series.bad.cumsum()[:-1] - kappa * part
    ratios = scale * split_ratios(series.bad.cumsum()[:-1], expected, float(kappa), whole)
    # Where few rows can be compared at all, the normal approximation in the scale is too bold: Bennett's inequality.
    share = np.divide(np.abs(off), variance, out=np.zeros_like(off), where=known)
    bennett = variance * ((1 + share) * np.log1p(share) - share)
    ratios = np.where(scale > 1 + 1e-6, np.minimum(ratios, bennett), ratios) / dispersion
    p = exceedance(float(ratios.max()), float(kappa), series.rows, scale, ages)
    found = best(ratios, series.bad, series.rows, p)
    level = bad.sum() / rows.sum() / (kappa / whole)
    return Change(found.at, found.statistic, p, found.before * level, found.after * level, found.low, found.high)


def adjusted(k: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Leaves x windows as one series, of bad rows and of rows as they would be had the mix of leaves stayed.

    The rows of a window are the bad rows expected there from its mix, at the scale that gives the series the variance
    of the leaves: rates compare with each other and not with the crude rate. For `since` and `changes`, which take one
    series.

    >>> bad, rows = adjusted([[5, 5, 45], [9, 9, 1]], [[10, 10, 90], [90, 90, 10]])
    >>> (bad / rows).round(3)
    array([0.601, 0.601, 0.601])
    """
    bad, rows = counted(k, n, 2)
    series = conditional(bad, rows)
    return (bad.sum(0), rows.sum(0)) if series is None else (series.bad, np.maximum(series.rows, series.bad))


def since(k: ArrayLike, n: ArrayLike, border: int) -> Span:
    """When, from window ``border`` on, a rate left the level it had before, and whether it came back.

    The windows before the border are the baseline; that there is a change is taken as known. A step, a pulse (the old
    level before and after) and a ramp (a rise or fall in equal steps to a new level) are fitted by likelihood; a ramp
    must gain 1 nat over the step and a pulse 3. A ramp takes 4 windows or more. A step or pulse begins at the border
    unless a later start gains 1 nat.

    Raises
    ------
    DataError
        As `split` does, and a border that leaves no window or no rows on a side.

    >>> rows = [200] * 12
    >>> since([20, 21, 19, 20, 20, 41, 40, 39, 40, 41, 40, 40], rows, border=4)
    Span(since=5, until=None, shape='step')
    >>> since([20, 21, 19, 20, 20, 61, 60, 59, 20, 21, 19, 20], rows, border=4)
    Span(since=5, until=8, shape='pulse')
    """
    bad, rows = counted(k, n, 1)
    if not 0 < border < len(rows) or not rows[:border].sum() or not rows[border:].sum():
        raise DataError(f"border={border} leaves a side of the {len(rows)} windows without rows")
    fits = [step_fit(bad, rows, border)]
    fits += [fit for fit in (ramp_fit(bad, rows, border), pulse_fit(bad, rows, border)) if fit]
    return max(fits, key=lambda fit: fit[0])[1]


def changes(k: ArrayLike, n: ArrayLike, penalty: float | None = None, *, alpha: float = 0.01) -> tuple[Change, ...]:
    """All changes of the rate k/n, in order: the segments with the largest likelihood less ``penalty`` nats a change.

    PELT (Killick, Fearnhead and Eckley 2012) with the binomial likelihood, which finds the exact optimum. The default
    penalty is the one at which a series without change shows any with probability ``alpha``. Statistic, ``p`` and
    range of each change are of the split of its two neighbouring segments. Time grows with the windows times the
    length of the segments: 0.2 s for 2,000 windows without change.

    Raises
    ------
    DataError
        As `split` does, or a penalty that is not positive.

    >>> [(found.at, round(found.after, 2)) for found in changes([5] * 9 + [20] * 9 + [5] * 9, [100] * 27)]
    [(9, 0.2), (18, 0.05)]
    """
    bad, rows = counted(k, n, 1)
    if penalty is not None and not penalty > 0:
        raise DataError(f"penalty must be positive, got {penalty}")
    kept = np.flatnonzero(rows > 0)
    if len(kept) < 2 or not 0 < bad.sum() < rows.sum():
        return ()
    if penalty is None:
        penalty = segment_threshold(alpha, float(bad.sum()), rows[kept])
    ends = pelt(bad[kept], rows[kept], penalty)
    found = []
    for start, at, end in zip(ends, ends[1:], ends[2:], strict=False):
        part = kept[start:end]
        whole = bad[part].sum(), rows[part].sum()
        ratios = split_ratios(bad[part].cumsum()[:-1], rows[part].cumsum()[:-1], *whole)
        here = best(ratios, bad[part], rows[part], 1.0, at - start - 1)
        p = exceedance(here.statistic, float(whole[0]), rows[part])
        places = (int(kept[start + place]) for place in (here.at, here.low, here.high))
        position, low, high = places
        found.append(Change(position, here.statistic, p, here.before, here.after, low, high))
    return tuple(found)


def pelt(bad: Floats, rows: Floats, penalty: float) -> list[int]:
    """0, the first window of every further segment, and the number of windows."""
    so_far, done = np.concatenate(([0.0], bad.cumsum())), np.concatenate(([0.0], rows.cumsum()))
    cost, last = np.full(len(done), -penalty), np.zeros(len(done), np.int64)
    starts = np.zeros(1, np.int64)
    for end in range(1, len(done)):
        reached = cost[starts] - entropy(so_far[end] - so_far[starts], done[end] - done[starts])
        least = int(np.argmin(reached))
        cost[end], last[end] = reached[least] + penalty, starts[least]
        starts = np.append(starts[reached <= cost[end] + 1e-9], end)
    ends = [len(done) - 1]
    while ends[-1]:
        ends.append(int(last[ends[-1]]))
    return ends[::-1]


@dataclass(frozen=True, eq=False)
class Series:
    """Leaves as one series, given the margins of each: `bad` by window, `rows` it would be expected from at one rate.

    ``variance`` is that of the bad rows up to each split, ``ages`` the time of each split on a Brownian bridge.
    """

    bad: Floats
    rows: Floats
    variance: Floats
    ages: Floats


def conditional(bad: Floats, rows: Floats) -> Series | None:
    """The series of leaves x windows; None where no leaf can show a change."""
    all_bad, all_rows = bad.sum(1), rows.sum(1)
    live = (all_bad > 0) & (all_bad < all_rows)
    if not live.any() or rows.shape[1] < 2:
        return None
    per_row = np.divide(all_bad, all_rows, out=np.zeros_like(all_bad), where=live)
    spread = np.divide(per_row * (1 - per_row), np.maximum(all_rows - 1, 1))
    done, expected = rows.cumsum(1), per_row @ rows
    weighed, first = spread[:, None] * done, (spread * all_rows) @ done
    variance = np.maximum(first - np.einsum("lw,lw->w", weighed, done), 0.0)[:-1]
    if not variance.max() > 0:
        return None
    shared = first[:-2] - np.einsum("lw,lw->w", weighed[:, :-2], done[:, 1:-1])
    part = expected.cumsum()[:-1] / expected.sum()
    kappa = float(all_bad @ live)
    phi = float(variance.sum() / (kappa * part * (1 - part)).sum())
    whole = (kappa - phi) / (1 - phi) if phi < 1 - 1e-9 and kappa > 1 else float(all_rows @ live)
    return Series(live @ bad, expected / kappa * whole, variance, bridge_times(variance, shared, part))


def bridge_times(variance: Floats, shared: Floats, part: Floats) -> Floats:
    """When a Brownian bridge has these correlations between neighbouring splits."""
    scale = np.sqrt(variance[:-1] * variance[1:])
    close = np.divide(shared, scale, out=np.ones_like(scale), where=scale > 0)
    age = np.concatenate(([0.0], -np.log(np.clip(close, 1e-6, 1.0)).cumsum()))
    middle = int(np.argmin(np.abs(part - 0.5)))
    start = float(np.clip(part[middle], 1e-9, 1 - 1e-9))
    age = np.clip(age - age[middle] + math.log(start / (1 - start)) / 2, -17, 17)
    return np.asarray(1 / (1 + np.exp(-2 * age)), np.float64)


def best(ratios: Floats, bad: Floats, rows: Floats, p: float, at: int | None = None) -> Change:
    """The split with the largest ratio, or the one given, with the set of splits that are nearly as likely."""
    at = int(np.argmax(ratios)) if at is None else at
    near = np.flatnonzero(ratios >= ratios[at] - CONFIDENCE)
    before, after = (rate(bad[part].sum(), rows[part].sum()) for part in (slice(at + 1), slice(at + 1, None)))
    position, low, high = (busy(rows, place + 1) for place in (at, int(near[0]), int(near[-1])))
    return Change(position, float(ratios[at]), p, before, after, low, high)


def busy(rows: Floats, window: int) -> int:
    """The first window with rows from this one on."""
    return min(window + int(np.argmax(rows[window:] > 0)), len(rows) - 1)


def unsplit(bad: Floats, rows: Floats) -> Change:
    level = rate(float(bad.sum()), float(rows.sum()))
    return Change(0, 0.0, 1.0, level, level, 0, max(len(rows) - 1, 0))


def rate(bad: float, rows: float) -> float:
    return float(bad / rows) if rows > 0 else math.nan


def step_fit(bad: Floats, rows: Floats, border: int) -> tuple[float, Span]:
    so_far, done = bad.cumsum()[border - 1 : -1], rows.cumsum()[border - 1 : -1]
    ratios = split_ratios(so_far, done, float(bad.sum()), float(rows.sum()))
    place = int(np.argmax(ratios))
    start = border if ratios[0] > ratios[place] - BORDER_FIRST else border + place
    return float(ratios[place]), Span(busy(rows, start), None, "step")


def pulse_fit(bad: Floats, rows: Floats, border: int) -> tuple[float, Span] | None:
    """The best pulse that ends before the series does, as evidence less its cost."""
    windows = len(rows) - border
    if windows < 2:
        return None
    so_far, done = (np.concatenate(([0.0], x.cumsum())) for x in (bad, rows))
    block = -(-windows // FINEST)
    grid = np.arange(border, len(rows), block)
    start, end = (grid[side] for side in np.triu_indices(len(grid), 1))

    def ratios(start: NDArray[np.int64], end: NDArray[np.int64]) -> Floats:
        return split_ratios(so_far[end] - so_far[start], done[end] - done[start], so_far[-1], done[-1])

    if not start.size:
        start, end = np.array([border]), np.array([border + 1])
    place = int(np.argmax(ratios(start, end)))
    first, last = int(start[place]), int(end[place])
    for _ in range(3 if block > 1 else 0):  # each end in turn, to the window
        near = np.arange(max(first - block, border), min(first + block + 1, last))
        first = int(near[np.argmax(ratios(near, np.full_like(near, last)))])
        near = np.arange(max(last - block, first + 1), min(last + block + 1, len(rows)))
        last = int(near[np.argmax(ratios(np.full_like(near, first), near))])
    gain, at_border = map(float, ratios(np.array([first, border]), np.array([last, last])))
    first = border if at_border > gain - BORDER_FIRST else first
    return gain - PULSE_COST, Span(busy(rows, first), last, "pulse")


def ramp_fit(bad: Floats, rows: Floats, border: int) -> tuple[float, Span] | None:
    """The best ramp of some lengths by least squares, as evidence less its cost."""
    windows = len(rows) - border
    lengths = np.array([length for length in RAMPS if length <= windows])
    if not lengths.size:
        return None
    place = np.arange(len(rows)) - border
    sums = [np.concatenate(([0.0], x.cumsum())) for x in (rows, rows * place, rows * place**2, bad, bad * place)]
    start = np.arange(windows)[:, None]
    end = np.minimum(start + lengths, windows)
    inside = [x[border + end] - x[border + start] for x in sums]
    beyond = [x[-1] - x[border + end] for x in sums]
    origin = start - 1.0
    first = (inside[1] - origin * inside[0]) / lengths + beyond[0]
    second = (inside[2] - 2 * origin * inside[1] + origin**2 * inside[0]) / lengths**2 + beyond[0]
    crossed = (inside[4] - origin * inside[3]) / lengths + beyond[3]
    all_bad, all_rows = float(bad.sum()), float(rows.sum())
    across, along = crossed - first * all_bad / all_rows, second - first**2 / all_rows
    usable = (along > 0) & (start + lengths <= windows)
    gains = np.where(usable, across**2 / np.where(usable, along, 1.0), -1.0)
    row, column = np.unravel_index(int(np.argmax(gains)), gains.shape)
    slope = across[row, column] / along[row, column] if gains[row, column] > 0 else 0.0
    shape = np.clip((place - row + 1) / lengths[column], 0.0, 1.0)
    level = (all_bad - slope * first[row, column]) / all_rows
    rates = np.clip(level + slope * shape, 1e-9, 1 - 1e-9)
    gain = float(bad @ np.log(rates) + (rows - bad) @ np.log1p(-rates)) - float(entropy(all_bad, all_rows))
    return gain - RAMP_COST, Span(busy(rows, border + int(row)), None, "ramp")


def counted(k: ArrayLike, n: ArrayLike, dimensions: int) -> tuple[Floats, Floats]:
    """Bad rows and rows as float64, checked."""
    bad, rows = np.asarray(k, np.float64), np.asarray(n, np.float64)
    if bad.shape != rows.shape or bad.ndim != dimensions:
        layout = "leaves x windows" if dimensions == 2 else "windows"
        raise DataError(f"k and n must be two equal arrays of {layout}, got shapes {bad.shape} and {rows.shape}")
    if not (np.isfinite(bad).all() and np.isfinite(rows).all()) or (bad < 0).any() or (bad > rows).any():
        raise DataError("k must count some of the n rows of its window: finite, 0 <= k <= n")
    return bad, rows
