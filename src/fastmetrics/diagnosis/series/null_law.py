"""How large the best of all splits of a series is by chance: the law that p-values of change points come from.

A series has `rows` by window, `bad` of them in all. Given these margins and one rate throughout, the number of bad rows
up to a window is a Markov chain, and the chance that no split reaches a log-likelihood ratio is the product of its
steps held between two bounds. Where that is little work it is computed so, exactly; as counts grow the chain goes over
into a Brownian bridge, and the chance that this passes a bound has a formula. No simulation, no rule of thumb.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["entropy", "exceedance", "segment_threshold", "split_ratios", "threshold"]

Floats = NDArray[np.float64]

erf = np.vectorize(math.erf, otypes=[np.float64])
MOST_WORK = 2e6  # multiplications of the exact chain: about 3 ms
SURE = 16.0  # nats: beyond, 1 - (chance of staying below) has lost its digits


def split_ratios(bad: Floats, rows: Floats, all_bad: float, all_rows: float) -> Floats:
    """The log-likelihood ratio in nats of two rates, `bad` of `rows` and what is left, against one."""
    apart = entropy(bad, rows) + entropy(all_bad - bad, all_rows - rows)
    return np.maximum(apart - entropy(all_bad, all_rows), 0.0)


def entropy(bad: Floats | float, rows: Floats | float) -> Floats:
    """The log-likelihood of `bad` of `rows` at their own rate; 0 where there are no rows."""
    good = np.maximum(np.subtract(rows, bad), 0.0)
    return xlogx(np.maximum(bad, 0.0)) + xlogx(good) - xlogx(np.maximum(rows, 0.0))


def xlogx(x: Floats) -> Floats:
    return np.asarray(x * np.log(np.where(x > 0, x, 1.0)), np.float64)


def exceedance(
    ratio: float, bad: float, rows: Floats, scale: Floats | None = None, clock: Floats | None = None
) -> float:
    """The chance that some split of a series without change has at least this log-likelihood ratio.

    ``scale`` is what the ratio of each split was multiplied by. ``clock`` is the time in (0, 1) of each split on the
    Brownian bridge, by default its share of the rows.
    """
    rows = np.asarray(rows, np.float64)
    done, whole = rows.cumsum()[:-1], float(rows.sum())
    scale = np.ones(len(done)) if scale is None else scale
    useful = (done > 0) & (done < whole) & (np.diff(done, prepend=0.0) > 0) & (scale > 0)
    if ratio <= 0 or not useful.any() or not 0 < bad < whole:
        return 1.0
    spread = bad * (1 - bad / whole)
    width, step = math.sqrt(2 * ratio * spread), 16 * math.sqrt(spread / len(rows)) + 14
    if ratio < SURE and len(rows) * (width + step) * step < MOST_WORK:
        return chain_exceedance(ratio / np.where(useful, scale, 1.0), useful, round(bad), np.round(rows))
    return clipped(bridge_exceedance(ratio, (done / whole if clock is None else clock)[useful]))


def threshold(alpha: float, bad: float, rows: Floats, clock: Floats | None = None) -> float:
    """The log-likelihood ratio that the best split of a series without change reaches with probability alpha."""
    low, high = 0.0, 60.0
    for _ in range(14):  # to 4e-3 nats
        middle = (low + high) / 2
        low, high = (low, middle) if exceedance(middle, bad, rows, clock=clock) <= alpha else (middle, high)
    return high


def chain_exceedance(ratios: Floats, useful: NDArray[np.bool_], bad: int, rows: Floats) -> float:
    """The chance that a split reaches its ratio, by the chain of bad rows so far, given all of them."""
    done, whole = rows.cumsum()[:-1], float(rows.sum())
    low, high = bounds(ratios - 1e-7 * (1 + ratios), done, bad, whole)
    low, high = np.where(useful, low, 0), np.where(useful, high, bad)
    rate, steps = bad / whole, {}
    alive, start = np.ones(1), 0
    for window, size in enumerate(rows):
        if size not in steps:
            steps[size] = binomial(int(size), rate)
        first, step = steps[size]
        if window == len(done):
            return 1 - clipped(float(ending(alive, start + first, step, bad)) / at(binomial(int(whole), rate), bad))
        alive, start = np.convolve(alive, step), start + first
        below, above = max(int(low[window]) - start, 0), int(high[window]) - start + 1
        alive, start = alive[below : max(above, below)], start + below
        if not alive.size:
            return 1.0
    return 1.0


def ending(alive: Floats, start: int, step: Floats, bad: int) -> float:
    """The chance of being alive and arriving at `bad` with one more step, of which `start` is the least place."""
    where = bad - start - np.arange(len(alive))
    inside = (where >= 0) & (where < len(step))
    return float(alive[inside] @ step[where[inside]])


def at(law: tuple[int, Floats], count: int) -> float:
    return float(law[1][count - law[0]])


def clipped(p: float) -> float:
    return min(max(p, 0.0), 1.0)


def binomial(size: int, rate: float) -> tuple[int, Floats]:
    """The least count worth keeping and the probabilities from there on, of a binomial law with 0 < rate < 1."""
    mean, spread = size * rate, math.sqrt(size * rate * (1 - rate))
    first, last = max(int(mean - 8 * spread - 4), 0), min(int(mean + 8 * spread + 14), size)
    counts = np.arange(first + 1, last + 1)
    logs = np.concatenate(([0.0], np.log((size - counts + 1) * rate / (counts * (1 - rate))).cumsum()))
    law = np.exp(logs - logs.max())
    return first, law / law.sum()


def bounds(ratios: Floats, done: Floats, bad: int, whole: float) -> tuple[Floats, Floats]:
    """The least and most bad rows by which each split stays under its ratio; the ratio grows away from the mean."""
    expected = bad * done / whole
    least, most = np.maximum(bad - (whole - done), 0), np.minimum(done, bad)
    found = []
    for end in (least, most):
        inside, outside = expected, end.astype(np.float64)
        under = split_ratios(outside, done, bad, whole) < ratios
        for _ in range(max(2, int(math.log2(bad + 1)) + 8)):
            middle = (inside + outside) / 2
            held = split_ratios(middle, done, bad, whole) < ratios
            inside, outside = np.where(held, middle, inside), np.where(held, outside, middle)
        found.append(np.where(under, end, inside))
    return np.ceil(found[0] - 1e-6), np.floor(found[1] + 1e-6)


def bridge_exceedance(ratio: float, clock: Floats) -> float:
    """The chance that a Brownian bridge, over its standard deviation, passes √(2 ratio) at one of these times.

    Passages of a high bound come in clumps; their mean number is 2bφ(b)Σν·step, with the bridge's age ½ log t/(1-t) for
    time, in which it is stationary, and ν for the passages that lie between two splits (James, James and Siegmund
    1987). The last term is what a continuous path has at its ends; with it the chance is right to 5 % where it is
    under .3, for 3 to 400 even, uneven or crowded splits (`tests/unit/diagnosis/series/test_null_law.py`).
    """
    bound = math.sqrt(2 * ratio)
    once = math.erfc(bound / math.sqrt(2))
    age = np.log(clock / (1 - clock)) / 2
    step = np.diff(age)
    step = step[step > 0]
    if not step.size or once == 0:
        return once
    jump = bound * np.sqrt(step / 2)
    over = 0.5 * erf(jump / math.sqrt(2))
    density = np.exp(-jump * jump / 2) / math.sqrt(2 * math.pi)
    kept = over / jump / (jump * (0.5 + over) + density)  # ν, to 1 % (Siegmund and Yakir 2007)
    clumps = 2 * bound * math.exp(-bound * bound / 2) / math.sqrt(2 * math.pi) * float(step @ kept)
    ends = once * float(step @ kept / step.sum()) ** 2
    return once - (1 - once) * math.expm1(-(clumps + ends) / (1 - once)) if once < 1 else 1.0


def segment_threshold(alpha: float, bad: float, rows: Floats) -> float:
    """The price in nats of a change at which a series without change shows any with probability alpha.

    One change is seen where a split reaches the price, two where a segment inside reaches twice the price.
    """
    low, high = 0.0, 60.0
    for _ in range(14):
        price = (low + high) / 2
        chance = exceedance(price, bad, rows) + segment_exceedance(2 * price, len(rows))
        low, high = (low, price) if chance <= alpha else (price, high)
    return high


def segment_exceedance(ratio: float, windows: int) -> float:
    """The chance that some segment of a series without change differs from the rest by this ratio (Siegmund 1992)."""
    bound = math.sqrt(2 * ratio)
    length = np.arange(1.0, windows)
    free = length * (1 - length / windows)
    jump = bound / np.sqrt(free)
    kept = np.exp(-2 * 0.5826 * jump)  # ν², of both ends
    places = float(((windows - length) * kept / free**2).sum())
    return clipped(bound**3 / 2 * math.exp(-bound * bound / 2) / math.sqrt(2 * math.pi) * places)
