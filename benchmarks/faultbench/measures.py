"""Rates by the names that findings give them: events and rows, from cells or, of scores, from rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics.families.binary import CELLS, METRICS
from fastmetrics.families.binary import RATES as SEARCHED
from fastmetrics.metric import Cells

__all__ = ["RATES", "denominator", "numerator"]

Formula = Callable[[Any], Any]


def every_row(c: Any) -> Any:
    return sum(getattr(c, cell) for cell in CELLS)


RATES: dict[str, tuple[Formula, Formula]] = {
    name: (metric.num, metric.den)
    for metric in METRICS
    if metric.den is not None
    for name in (metric.name, *metric.aliases)
}
RATES |= {rate.name: (rate.num, rate.den) for rate in SEARCHED}
RATES["rows"] = RATES["high_score_rate"] = RATES["extreme_score_rate"] = (every_row, every_row)


def as_cells(cells: NDArray[np.float64]) -> Cells:
    values: Mapping[str, Any] = {name: cells[..., at] for at, name in enumerate(CELLS)}
    return Cells(values, None)


def numerator(rate: str, cells: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(RATES[rate][0](as_cells(cells)), np.float64)


def denominator(rate: str, cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows of a rate; of scores and of volumes all rows, for a name that is not known too."""
    return np.asarray(RATES.get(rate, RATES["rows"])[1](as_cells(cells)), np.float64)
