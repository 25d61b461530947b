"""Since when a rate is another one: change points of series of counts, `k` bad of `n` rows by window.

Windows are numbered from 0, in order of time; a window without rows is fine and never begins a level. Rows are taken as
independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from fastmetrics.aliases import Floats, Integers
from fastmetrics.arithmetic import divide
from fastmetrics.diagnosis.series.likelihood import log_likelihood, split_ratios
from fastmetrics.errors import DataError

__all__ = ["Span", "adjusted", "check_counts", "since"]

Shape = Literal["step", "ramp", "pulse"]

RAMPS = (4, 5, 6, 8, 10, 12, 15, 20, 30, 40, 60)
RAMP_COST, PULSE_COST = 1.0, 3.0  # nats to gain over a step: 4 to 7 % of steps are called ramps or pulses
BORDER_FIRST = 1.0  # nats that a later start must gain over the border; one window of .2 -> .3 with 100 rows has 2.7
FINEST = 200  # windows of which all pairs of ends are tried; more are first taken together


@dataclass(frozen=True)
class Span:
    """When a change began and, if it is over, the first window after it; a ramp grows from ``since`` on."""

    since: int
    until: int | None
    shape: Shape


def adjusted(k: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Leaves x windows as one series of bad rows and of rows, as they would be had the mix of leaves stayed.

    The rows of a window are in proportion to the bad rows expected there from its mix, so rates compare with each other
    and not with the crude rate. Their scale gives the series the variance of the leaves. Leaves that cannot show a
    change, having no bad rows or only bad rows, are left out; where there are no others the sums are returned.

    Raises
    ------
    DataError
        Arrays of unequal length, negative or non-finite values, or more bad rows than rows in a window.

    >>> bad, rows = adjusted([[5, 5, 45], [9, 9, 1]], [[10, 10, 90], [90, 90, 10]])
    >>> (bad / rows).round(3)
    array([0.601, 0.601, 0.601])
    """
    bad, rows = check_counts(k, n, 2)
    all_bad, all_rows = bad.sum(1), rows.sum(1)
    live = (all_bad > 0) & (all_bad < all_rows)
    if not live.any() or rows.shape[1] < 2:
        return bad.sum(0), rows.sum(0)
    per_row = np.where(live, divide(all_bad, all_rows, 0.0), 0.0)
    expected = per_row @ rows
    spread = per_row * (1 - per_row) / np.maximum(all_rows - 1, 1)
    done = rows.cumsum(1)
    variance = np.maximum((spread * all_rows) @ done - np.einsum("lw,lw->w", spread[:, None] * done, done), 0.0)[:-1]
    if not variance.max() > 0:
        return bad.sum(0), rows.sum(0)
    part, kappa = expected.cumsum()[:-1] / expected.sum(), float(all_bad @ live)
    phi = float(variance.sum() / (kappa * part * (1 - part)).sum())
    whole = (kappa - phi) / (1 - phi) if phi < 1 - 1e-9 and kappa > 1 else float(all_rows @ live)
    series = live @ bad
    return series, np.maximum(expected / kappa * whole, series)


def since(k: ArrayLike, n: ArrayLike, border: int) -> Span:
    """When, from window ``border`` on, a rate left the level it had before, and whether it came back.

    The windows before the border are the baseline; that there is a change is taken as known. A step, a pulse (the old
    level before and after) and a ramp (a rise or fall in equal steps to a new level) are fitted by likelihood; a ramp
    must gain 1 nat over the step and a pulse 3. A ramp takes 4 windows or more. A step or pulse begins at the border
    unless a later start gains 1 nat.

    Raises
    ------
    DataError
        As `adjusted` does, and a border that leaves no window or no rows on a side.

    >>> rows = [200] * 12
    >>> since([20, 21, 19, 20, 20, 41, 40, 39, 40, 41, 40, 40], rows, border=4)
    Span(since=5, until=None, shape='step')
    >>> since([20, 21, 19, 20, 20, 61, 60, 59, 20, 21, 19, 20], rows, border=4)
    Span(since=5, until=8, shape='pulse')
    """
    bad, rows = check_counts(k, n, 1)
    if not 0 < border < len(rows) or not rows[:border].sum() or not rows[border:].sum():
        raise DataError(f"border={border} leaves a side of the {len(rows)} windows without rows")
    fits = [step_fit(bad, rows, border)]
    fits += [fit for fit in (ramp_fit(bad, rows, border), pulse_fit(bad, rows, border)) if fit]
    return max(fits, key=lambda fit: fit[0])[1]


def busy(rows: Floats, window: int) -> int:
    """The first window with rows from this one on."""
    return min(window + int(np.argmax(rows[window:] > 0)), len(rows) - 1)


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

    def ratios(start: Integers, end: Integers) -> Floats:
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
    gain = float(bad @ np.log(rates) + (rows - bad) @ np.log1p(-rates)) - float(log_likelihood(all_bad, all_rows))
    return gain - RAMP_COST, Span(busy(rows, border + int(row)), None, "ramp")


def check_counts(k: ArrayLike, n: ArrayLike, dimensions: int) -> tuple[Floats, Floats]:
    """Bad rows and rows as float64, checked."""
    bad, rows = np.asarray(k, np.float64), np.asarray(n, np.float64)
    if bad.shape != rows.shape or bad.ndim != dimensions:
        layout = "leaves x windows" if dimensions == 2 else "windows"
        raise DataError(f"k and n must be two equal arrays of {layout}, got shapes {bad.shape} and {rows.shape}")
    if not (np.isfinite(bad).all() and np.isfinite(rows).all()) or (bad < 0).any() or (bad > rows).any():
        raise DataError("k must count some of the n rows of its window: finite, 0 <= k <= n")
    return bad, rows
