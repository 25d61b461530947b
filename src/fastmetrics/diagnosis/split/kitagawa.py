"""How much of a ratio's change each leaf explains: exactly, in parts that add up over any slice of leaves.

A metric of a table is M = Σ num / Σ den = Σ s·r over its leaves, with r = num/den the rate of a leaf and s = den/Σ den
its share. Baseline is b, current c, and m = (M_b + M_c)/2. A leaf that has a denominator on both sides changes M by

    rate = (s_b + s_c)/2 · (r_c - r_b)              it does its work better or worse
    mix  = ((r_b + r_c)/2 - m) · (s_c - s_b)        there is more or less of it than there was

which is the decomposition of Kitagawa 1955 (Das Gupta 1993 for more factors), with the rates of the mix term taken
relative to the overall rate: a leaf that grows moves the metric only as far as it is unlike the rest. A leaf that has
a denominator on one side only has no change of rate. It is

    support = s_c · (r_c - m), of one that appeared;  -s_b · (r_b - m), of one that vanished

The shares of all leaves sum to 1 on both sides, those that appear and vanish included, so m takes nothing from the
sum: Σ (rate + mix + support) = M_c - M_b.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fastmetrics.aliases import Floats, Mask
from fastmetrics.arithmetic import divide
from fastmetrics.errors import DataError

__all__ = ["Decomposition", "Decomposition3", "decompose", "decompose3", "simpson"]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The change of a ratio from baseline to current, by leaf. All NaN where either side has no denominator."""

    rate: Floats
    mix: Floats
    support: Floats
    total: float
    baseline: float
    current: float

    @property
    def contribution(self) -> Floats:
        """What each leaf adds to the total."""
        return self.rate + self.mix + self.support

    def over(self, leaves: Mask | slice = slice(None)) -> dict[str, float]:
        """The parts of a slice, given as a mask of its leaves: `rate`, `mix`, `support` and their sum `contribution`.

        >>> found = decompose([10, 10], [100, 100], [20, 10], [100, 100])
        >>> {part: round(value, 3) for part, value in found.over(np.array([True, False])).items()}
        {'rate': 0.05, 'mix': 0.0, 'support': 0.0, 'contribution': 0.05}
        """
        return over({"rate": self.rate, "mix": self.mix, "support": self.support}, leaves)


@dataclass(frozen=True, eq=False)
class Decomposition3:
    """As `Decomposition`, with the mix of denominators split into the mix of rows and the denominators per row."""

    population: Floats
    prediction: Floats
    rate: Floats
    support: Floats
    total: float
    baseline: float
    current: float

    @property
    def contribution(self) -> Floats:
        """What each leaf adds to the total."""
        return self.population + self.prediction + self.rate + self.support

    def over(self, leaves: Mask | slice = slice(None)) -> dict[str, float]:
        """The parts of a slice, given as a mask of its leaves, and their sum `contribution`.

        >>> found = decompose3([100, 100], [9, 9], [10, 10], [100, 100], [9, 12], [10, 30])
        >>> {part: round(value, 3) for part, value in found.over().items()}
        {'population': 0.0, 'prediction': -0.062, 'rate': -0.312, 'support': 0.0, 'contribution': -0.375}
        """
        parts = {"population": self.population, "prediction": self.prediction}
        return over(parts | {"rate": self.rate, "support": self.support}, leaves)


def decompose(num_b: ArrayLike, den_b: ArrayLike, num_c: ArrayLike, den_c: ArrayLike) -> Decomposition:
    """The change of Σ num / Σ den from baseline (b) to current (c), split into rate, mix and support by leaf.

    The four arrays are aligned: entry i is the same leaf on both sides, with 0 where a side does not have it.
    The parts sum to ``total`` to 1e-12 of their absolute sum, whatever the magnitudes. A numerator without a
    denominator (a leaf whose den is 0 and num is not) counts as support. Where a whole side has no denominator the
    ratio is undefined there: ``total`` and all parts are NaN, which is null in a table.

    Raises
    ------
    DataError
        Arrays of unequal length, a negative denominator, or a value that is not finite.

    >>> found = decompose([10, 40], [100, 200], [10, 120], [100, 400])      # the second leaf doubles and gets worse
    >>> found.rate.round(4), found.mix.round(4)
    (array([0.    , 0.0733]), array([0.0151, 0.0049]))
    >>> round(found.total, 4) == round(130 / 500 - 50 / 300, 4)
    True
    """
    num_b, den_b, num_c, den_c = checked(num_b=num_b, den_b=den_b, num_c=num_c, den_c=den_c)
    baseline, current = ratio(num_b, den_b), ratio(num_c, den_c)
    if math.isnan(baseline) or math.isnan(current):
        none = np.full(len(num_b), math.nan)
        return Decomposition(none, none, none, math.nan, baseline, current)
    share_b, share_c = shares(den_b), shares(den_c)
    middle = baseline / 2 + current / 2
    both = (den_b > 0) & (den_c > 0)
    rate_b, rate_c = divide(num_b, den_b, 0.0), divide(num_c, den_c, 0.0)
    rate = np.where(both, (share_b / 2 + share_c / 2) * (rate_c - rate_b), 0.0)
    mix = np.where(both, (rate_b / 2 + rate_c / 2 - middle) * (share_c - share_b), 0.0)
    held = num_c / math.fsum(den_c) - num_b / math.fsum(den_b)
    support = np.where(both, 0.0, held - middle * (share_c - share_b))
    total = current - baseline
    rate, mix, support = settled((rate, mix, support), total)
    return Decomposition(rate, mix, support, total, baseline, current)


def decompose3(
    rows_b: ArrayLike, num_b: ArrayLike, den_b: ArrayLike, rows_c: ArrayLike, num_c: ArrayLike, den_c: ArrayLike
) -> Decomposition3:
    """As `decompose`, for a ratio whose denominator is the model's own doing: precision, F1.

    There a share of the denominator is s = w·d / Σ w·d, with w the leaf's share of the rows and d its denominator per
    row. The change of s is split between w and d by the mean over both orders of changing them (Shapley), so

    - ``population``: the leaf has more or fewer of the rows; 0 everywhere while the shares of rows stay;
    - ``prediction``: its rows enter the denominator more or less often than those of the rest (a model that
      predicts positives there which it did not before); 0 everywhere while the denominators per row stay;
    - ``rate``: numerator per denominator, as in `decompose`;
    - ``support``: the leaf has rows on one side only, or a numerator without denominator.

    population + prediction is the mix of `decompose`, and with it the support of leaves that have rows on both sides.

    Raises
    ------
    DataError
        As `decompose` does, and where a leaf has a denominator without rows.

    >>> rows, hits = [1000, 1000], [45, 18]
    >>> found = decompose3(rows, hits, [50, 30], rows, [45, 54], [50, 90])      # three times the positives, as precise
    >>> found.prediction.round(3), found.population.round(3), found.rate.round(3)
    (array([-0.041, -0.039]), array([0., 0.]), array([0., 0.]))
    """
    rows_b, num_b, den_b, rows_c, num_c, den_c = checked(
        rows_b=rows_b, num_b=num_b, den_b=den_b, rows_c=rows_c, num_c=num_c, den_c=den_c
    )
    if np.any((den_b > 0) & (rows_b == 0)) or np.any((den_c > 0) & (rows_c == 0)):
        raise DataError("a leaf has a denominator but no rows; rows= counts every row of the leaf")
    two = decompose(num_b, den_b, num_c, den_c)
    if math.isnan(two.total):
        return Decomposition3(two.mix, two.mix, two.rate, two.support, math.nan, two.baseline, two.current)
    by_rows, by_den = share_moves(rows_b, den_b, rows_c, den_c)
    rate_b, rate_c = divide(num_b, den_b, 0.0), divide(num_c, den_c, 0.0)
    level = np.where(den_b > 0, np.where(den_c > 0, rate_b / 2 + rate_c / 2, rate_b), rate_c)
    above = level - (two.baseline / 2 + two.current / 2)
    alone = (rows_b > 0) != (rows_c > 0)
    alone |= ((den_b == 0) & (num_b != 0)) | ((den_c == 0) & (num_c != 0))
    parts = (
        np.where(alone, 0.0, above * by_rows),
        np.where(alone, 0.0, above * by_den),
        two.rate,
        np.where(alone, two.support, 0.0),
    )
    population, prediction, rate, support = settled(parts, two.total)
    return Decomposition3(population, prediction, rate, support, two.total, two.baseline, two.current)


def simpson(found: Decomposition | Decomposition3) -> bool:
    """Whether the total moved one way and the leaves, at fixed shares, the other (Simpson's paradox).

    >>> simpson(decompose([10, 160], [100, 400], [44, 45], [400, 100]))      # each leaf rises, and the total falls
    True
    """
    return found.total * math.fsum(found.rate) < 0


def share_moves(rows_b: Floats, den_b: Floats, rows_c: Floats, den_c: Floats) -> tuple[Floats, Floats]:
    """How far rows and how far denominators per row move each leaf's share of the denominator.

    A leaf without rows on one side has the denominator per row of its other side on both. An order of changing that
    would leave no denominator at all is left out; where both would, each factor makes half.
    """
    weight_b, weight_c, per_b, per_c = (
        shares(rows_b),
        shares(rows_c),
        divide(den_b, rows_b, 0.0),
        divide(den_c, rows_c, 0.0),
    )
    per_b, per_c = np.where(rows_b > 0, per_b, per_c), np.where(rows_c > 0, per_c, per_b)
    before, after = shares(weight_b * per_b), shares(weight_c * per_c)
    paths = (shares(weight_c * per_b) - before, after - shares(weight_b * per_c))
    steps = [step for step in paths if not np.isnan(step).any()]
    by_rows = np.asarray(np.mean(steps, axis=0)) if steps else (after - before) / 2
    return by_rows, after - before - by_rows


def settled(parts: tuple[Floats, ...], total: float) -> tuple[Floats, ...]:
    """The parts with what rounding left of the total added to the largest of them, which it hardly changes."""
    if not parts[0].size:
        return parts
    table = np.array(parts) + 0.0  # no -0
    largest = np.unravel_index(np.argmax(np.abs(table)), table.shape)
    for _ in range(2):  # the first addition rounds once more
        table[largest] += total - math.fsum(table.ravel())
    return tuple(table)


def over(parts: dict[str, Floats], leaves: Mask | slice) -> dict[str, float]:
    """Exact sums of the parts over some leaves, and the sum of these."""
    sums = {name: math.fsum(part[leaves]) for name, part in parts.items()}
    return sums | {"contribution": math.fsum(sums.values())}


def ratio(num: Floats, den: Floats) -> float:
    whole = math.fsum(den)
    return math.fsum(num) / whole if whole > 0 else math.nan


def shares(den: Floats) -> Floats:
    whole = math.fsum(den)
    return den / whole if whole > 0 else np.full_like(den, math.nan)


def checked(**columns: ArrayLike) -> list[Floats]:
    """The columns as float64 vectors of one length, finite, and not negative but for numerators."""
    arrays = {name: np.atleast_1d(np.asarray(column, np.float64)) for name, column in columns.items()}
    if len({array.shape for array in arrays.values()}) > 1 or any(array.ndim != 1 for array in arrays.values()):
        sizes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(f"the leaves of both sides must be aligned vectors of one length, got {sizes}")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise DataError(f"{name} holds a value that is not finite")
        if not name.startswith("num") and (array < 0).any():
            raise DataError(f"{name} holds {array.min():g}; it counts, so it cannot be negative")
    return list(arrays.values())
