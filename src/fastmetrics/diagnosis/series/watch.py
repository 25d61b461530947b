"""Watching a rate window by window: an alarm that may be looked at after every window and keeps its error rate.

The evidence is an e-process: a mean of likelihood ratios of the windows since every start, over rates away from the
base, with prices for the starts that sum to one. Without change its mean stays at or below 1, so the chance that it
ever reaches 1/alpha is at most alpha, however often and however long one looks (Ville 1939; Shin, Ramdas and Rinaldo
2024 for e-detectors). Who rather bears a false alarm now and then takes the plain sum over starts (Shiryaev 1963,
Roberts 1966): without change its mean after t windows is at most t, so to reach a bound takes that many windows on
average, and a change that comes late is seen as soon as one that comes early. The state is the counts themselves: look
again with more windows, and earlier windows say what they said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from fastmetrics.aliases import Floats
from fastmetrics.diagnosis.series.change_points import check_counts
from fastmetrics.diagnosis.series.likelihood import log_likelihood
from fastmetrics.errors import DataError, SchemaError, unknown

__all__ = ["Watch", "watch"]

Side = Literal["both", "rise", "fall"]

SHIFTS = np.geomspace(0.03, 4.0, 24)  # of the log-odds, from a change of 3 % to one of a factor of 50
BASE_SHARE = 0.2  # of alpha, for a base that is estimated: it pays for the range of the base rate


@dataclass(frozen=True, eq=False)
class Watch:
    """What watching has shown: the log of the evidence after each window, and what it takes for an alarm.

    ``alarm`` is the window that raised it, None while there is none; it never goes away as windows arrive. ``since`` is
    the most likely window of the change, seen from the alarm (Bernoulli GLR), ``side`` the way the rate went.
    """

    evidence: Floats
    needed: float
    alarm: int | None
    since: int | None
    side: Literal["rise", "fall"] | None


def watch(
    k: ArrayLike,
    n: ArrayLike,
    *,
    base: float | tuple[float, float],
    side: Side = "both",
    alpha: float = 0.05,
    run_length: float | None = None,
) -> Watch:
    """Whether and when k/n, a series by window, left its base: P(any alarm ever) <= alpha while it does not.

    Rows are taken as independent.

    Parameters
    ----------
    base
        The rate, where it is known. Else the baseline's bad rows and rows: a fifth of alpha pays for an exact range
        of the base rate (Clopper and Pearson 1934), and a rise is one above the range, a fall one below. A small
        baseline so makes for late alarms, and never for false ones.
    side
        ``rise``, ``fall``, or ``both``.
    alpha
        The chance that a series without change ever raises an alarm, whatever its length.
    run_length
        Instead of holding that chance, raise a false alarm after so many windows or more on average, and true ones
        sooner. Where the base is estimated, this holds unless its range misses the rate (probability alpha/5).

    Raises
    ------
    DataError
        Windows that are no counts, or a base that is no rate in (0, 1) or has no rows.
    SchemaError
        An unknown side.

    >>> found = watch([10, 9, 11, 10, 30, 28, 31], [100] * 7, base=(1000, 10_000))
    >>> found.alarm, found.since, found.side
    (4, 4, 'rise')
    """
    bad, rows = check_counts(k, n, 1)
    if side not in ("both", "rise", "fall"):
        raise SchemaError(unknown("side", side, ["both", "rise", "fall"]))
    if run_length is not None and not run_length >= 1:
        raise DataError(f"run_length must be 1 or more windows, got {run_length}")
    if not 0 < alpha < 1:
        raise DataError(f"alpha must lie in (0, 1), got {alpha}")
    low, high, middle, spent = base_range(base, alpha, 2 if side == "both" else 1)
    sides: dict[Literal["rise", "fall"], float] = {"rise": high, "fall": low}
    asked = [name for name in sides if side in ("both", name)]
    each = {name: evidence(bad, rows, sides[name], 1 if name == "rise" else -1, run_length is None) for name in asked}
    logs = np.logaddexp.reduce(list(each.values()), axis=0) - math.log(len(each))
    needed = -math.log(alpha - spent) if run_length is None else math.log(run_length)
    over = np.flatnonzero(logs >= needed)
    if not over.size:
        return Watch(logs, needed, None, None, None)
    alarm = int(over[0])
    way = max(asked, key=lambda name: float(each[name][alarm]))
    return Watch(logs, needed, alarm, likeliest_start(bad[: alarm + 1], rows[: alarm + 1], middle, way == "rise"), way)


def evidence(bad: Floats, rows: Floats, base: float, way: int, ever: bool = True) -> Floats:
    """The log of the e-process after each window, against all rates up to the base (from it on, where way is -1).

    Its mean stays at 1 or below; of the plain sum over starts, where not ``ever``, at the number of windows.
    """
    odds = math.log(base / (1 - base)) + way * SHIFTS
    there = 1 / (1 + np.exp(-odds))
    up, down = np.log(there / base)[:, None], np.log1p((base - there) / (1 - base))[:, None]
    walks = (bad * up + (rows - bad) * down).cumsum(1)
    before = np.concatenate((np.zeros((len(there), 1)), walks[:, :-1]), axis=1)
    start = np.arange(2.0, len(rows) + 2)
    # Of starting at each window; all together 1.
    prices = np.log(1 / np.log2(start) - 1 / np.log2(start + 1)) if ever else np.zeros(len(rows))
    started = walks + np.logaddexp.accumulate(prices - before, axis=1)
    unstarted = -np.log(np.log2(start + 1)) if ever else np.full(len(rows), -math.inf)
    return np.asarray(np.logaddexp(np.logaddexp.reduce(started, axis=0) - math.log(len(there)), unstarted), np.float64)


def likeliest_start(bad: Floats, rows: Floats, base: float, rise: bool) -> int:
    """The start from which on the windows have the largest likelihood ratio against the base, on the side asked for."""
    later_bad, later = bad[::-1].cumsum()[::-1], rows[::-1].cumsum()[::-1]
    ratio = log_likelihood(later_bad, later) - later_bad * math.log(base) - (later - later_bad) * math.log1p(-base)
    right = (later_bad > base * later) == rise
    return int(np.argmax(np.where(right & (rows > 0), ratio, -1.0)))


def base_range(base: float | tuple[float, float], alpha: float, sides: int) -> tuple[float, float, float, float]:
    """The least and largest base rate, the likeliest one, and the alpha spent on them."""
    if not isinstance(base, tuple):
        if not 0 < base < 1:
            raise DataError(f"a base rate must lie in (0, 1), got {base}")
        return base, base, base, 0.0
    bad, rows = check_counts([base[0]], [base[1]], 1)
    count, size = round(float(bad[0])), round(float(rows[0]))
    if not size:
        raise DataError("the base has no rows; name a rate or wait for a baseline")
    spent = BASE_SHARE * alpha
    high, low = 1 - least_rate(size - count, size, spent / sides), least_rate(count, size, spent / sides)
    return max(low, 1e-12), min(high, 1 - 1e-12), (count + 0.5) / (size + 1), spent


def least_rate(count: int, size: int, alpha: float) -> float:
    """The rate at which as many as `count` of `size` have probability alpha: Clopper and Pearson's lower bound."""
    if not count:
        return 0.0
    low, high = 0.0, count / size
    for _ in range(50):
        middle = (low + high) / 2
        first, law = binomial(size, middle) if middle > 0 else (0, np.ones(1))
        low, high = (middle, high) if law[max(count - first, 0) :].sum() < alpha else (low, middle)
    return low


def binomial(size: int, rate: float) -> tuple[int, Floats]:
    """The least count worth keeping and the probabilities from there on, of a binomial law with 0 < rate < 1."""
    mean, spread = size * rate, math.sqrt(size * rate * (1 - rate))
    first, last = max(int(mean - 8 * spread - 4), 0), min(int(mean + 8 * spread + 14), size)
    counts = np.arange(first + 1, last + 1)
    logs = np.concatenate(([0.0], np.log((size - counts + 1) * rate / (counts * (1 - rate))).cumsum()))
    law = np.exp(logs - logs.max())
    return first, law / law.sum()
