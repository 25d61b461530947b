"""Limits of proportions, also of weighted rows: Wilson's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.arithmetic import divide
from fastmetrics.families.binary import CONFUSION
from fastmetrics.metric import Cells, Metric, value
from fastmetrics.reading.intervals.limits import Pair, Reach, left_over, sides

__all__ = ["heaviest", "mean_weight", "proportion", "read_by", "split", "wilson"]


class Reading(dict[str, Any]):
    """Cells that note which of them are read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.names: dict[str, None] = {}

    def __getitem__(self, name: str) -> Any:
        self.names[name] = None
        return super().__getitem__(name)


def read_by(metric: Metric, cells: Cells) -> list[str]:
    """The names of the cells that the formulas of a metric read."""
    reading = Reading(cells.values)
    for formula in (metric.num, metric.den, metric.square):
        if formula is not None:
            formula(Cells(reading))
    return list(reading.names)


@np.errstate(all="ignore")
def wilson(p: Floats | float, n: Floats | float, z: Any) -> Pair:
    """Limits of a proportion p of n rows: Wilson 1927. Of no rows 0 and 1."""
    a = z * z / np.asarray(n, np.float64)
    center, reach = (p + a / 2) / (1 + a), z * np.sqrt((p * (1 - p) + a / 4) / n) / (1 + a)
    return np.where(n > 0, center - reach, 0.0), np.where(n > 0, center + reach, 1.0)


def split(hits: Floats, misses: Floats, squares: Pair | None, heaviest: Floats) -> Reach:
    """Limits of hits / (hits + misses).

    Were the proportion q, then with mean weights v of hits and w of misses the variance would be that of
    n(q) = (hits + misses) / ((1 - q) v + q w) equal rows: each limit is Wilson's with the n of that limit itself.
    A side without rows has the weight ``heaviest``; v and w are drawn to the larger of the two, as by one more row.
    """
    total = hits + misses
    p = divide(hits, total, 0.5)
    if squares is None:
        return lambda z: wilson(p, total, z)
    each = [np.where(side > 0, of / side, heaviest) for side, of in zip((hits, misses), squares, strict=True)]
    v, w = (mean_weight(side, of, np.maximum(*each)) for side, of in zip((hits, misses), squares, strict=True))

    def at(z: Any) -> Pair:
        low = high = p
        for _ in range(4):
            low, high = (wilson(p, total / ((1 - q) * v + q * w), z)[end] for end, q in enumerate((low, high)))
        return low, high

    return at


def mean_weight(total: Floats, squares: Floats, top: Floats) -> Floats:
    """The mean weight Σw² / Σw of the rows of a cell, drawn to ``top`` as by one more row; ``top`` without rows."""
    rows = total * total / squares
    drawn = np.exp((rows * np.log(squares / total) + np.log(top)) / (rows + 1))
    return np.where(total > 0, drawn, top)


def heaviest(metric: Metric, cells: Cells) -> Floats:
    """The largest mean weight among the cells that the metric reads and the confusion cells beside them."""
    if cells.squares is None:
        return np.ones(())
    squares, values, groups = cells.squares, cells.values, value(metric, cells).ndim
    read = dict.fromkeys((*read_by(metric, cells), *CONFUSION))
    names = [name for name in read if isinstance(squares.get(name), np.ndarray)]  # and no histogram
    each = [np.where(values[name] > 0, squares[name] / values[name], 0.0) for name in names]
    return np.asarray(np.fmax.reduce([of.max(axis=tuple(range(groups, of.ndim)), initial=0.0) for of in each]))


def proportion(metric: Metric, cells: Cells, halves: bool = False) -> Reach:
    """Wilson's limits of num / den; with ``halves`` those of j in num / den = 2 j / (1 + j): Takahashi et al. 2022."""

    def parts(c: Cells) -> Pair:
        num, den = sides(metric, c)
        return num / 2 if halves else num, left_over(den, num)

    squares = None if cells.squares is None else parts(Cells(cells.squares))
    of = split(*parts(cells), squares, heaviest(metric, cells))

    def doubled(z: Any) -> Pair:
        low, high = of(z)
        return 2 * low / (1 + low), 2 * high / (1 + high)

    return doubled if halves else of
