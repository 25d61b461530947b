"""The axis of the values of a metric: linear or logarithmic, and what is drawn of bounds that are infinite."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from math import ceil, floor, isinf, log10
from typing import Any

import polars as pl

from fastmetrics.metric import Metric
from fastmetrics.report.plots.words import LOGARITHMIC, NUMBERS, axis_format

__all__ = ["ValueAxis", "fitted", "is_log", "is_wide", "log_axis"]

Pair = tuple[float, float]

WIDE = 10.0
"""From here on the greatest value is so many times the least that a linear axis would hide the small ones."""
MARGIN = 1.1
MOST_POWERS = 8
DIGITS = ((1, range(1, 10)), (4, (1, 2, 5)))
BEYOND = 1_000.0


@dataclass(frozen=True)
class ValueAxis:
    """How values and their bounds are drawn.

    Attributes
    ----------
    words
        What the title of the axis ends with.
    options
        Its scale and ticks, as options of a position channel.
    ends
        The columns of the bounds to draw: those of the metric, or where some are infinite others, that end beyond the
        edge of the picture.
    notes
        What a reader must know of them.
    """

    words: str
    options: dict[str, Any]
    ends: tuple[str, str]
    notes: tuple[str, ...]

    def shown(self, title: str) -> dict[str, Any]:
        """The options of a position channel with a title."""
        return {"title": f"{title} {self.words}".rstrip(), **self.options}


def fitted(rows: pl.DataFrame, metric: Metric, mark: str) -> tuple[pl.DataFrame, ValueAxis]:
    """Rows with ``value``, ``low`` and ``high``, with the columns that are drawn, and the axis that they are drawn on.

    ``mark`` is what shows the bounds.
    """
    sides = ("low", "high")
    drawn = rows.filter(pl.col("value").is_finite()).select("value", *sides)
    open_ended = any(drawn[side].is_infinite().any() for side in sides)
    infinite = int(rows["value"].is_infinite().sum())
    notes = (
        f"a {mark} to the edge has no bound there, as there are too few rows" if open_ended else "",
        f"infinite and not drawn: {infinite:,} value{'s' * (infinite != 1)}" if infinite else "",
    )
    below = drawn["low"].is_finite() & (drawn["low"] <= 0)
    logarithmic = is_log(drawn["value"], metric) and not below.any()
    if not logarithmic and not open_ended:
        return rows, ValueAxis("", linear_axis(metric), sides, notes)
    numbers = pl.concat([drawn[name].rename("") for name in drawn.columns])
    numbers = numbers.filter(numbers.is_finite())
    domain, beyond = (log_domain if logarithmic else linear_domain)(float(numbers.min()), float(numbers.max()))  # type: ignore[arg-type]
    words, options = (LOGARITHMIC, log_axis(*domain)) if logarithmic else ("", linear_axis(metric, domain))
    if not open_ended:
        return rows, ValueAxis(words, options, sides, notes)
    shown = pl.col("value").is_finite()
    ends = {
        name: pl.when(shown & pl.col(side).is_infinite()).then(edge).when(shown).then(side)
        for name, side, edge in zip(("bottom", "top"), sides, beyond, strict=True)
    }
    return rows.with_columns(**ends), ValueAxis(words, options, ("bottom", "top"), notes)


def is_log(values: pl.Series, metric: Metric) -> bool:
    """Whether values of a metric call for a logarithmic axis: those of one without a largest value, far apart."""
    return isinf(metric.range[1]) and is_wide(values.drop_nulls())


def is_wide(values: pl.Series) -> bool:
    """Whether values call for a logarithmic axis: all above 0, and far apart."""
    if not len(values):
        return False
    least, most = float(values.min()), float(values.max())  # type: ignore[arg-type]
    return least > 0 and most / WIDE >= least


def log_domain(least: float, most: float) -> tuple[Pair, Pair]:
    """A little more than from the least to the most, and numbers far outside of that."""
    return (within(least / MARGIN), within(most * MARGIN)), (within(least / BEYOND), within(most * BEYOND))


def linear_domain(least: float, most: float) -> tuple[Pair, Pair]:
    """From the least to the most, or where these are equal a little more, and numbers far outside of that."""
    around = 0.0 if most > least else (MARGIN - 1) * abs(most) or 1.0
    least, most = least - around, most + around
    return (least, most), (2 * least - most, 2 * most - least)


def linear_axis(metric: Metric, domain: Pair | None = None) -> dict[str, Any]:
    """The options of a linear axis of a metric, whose ends Vega finds from what is drawn where none are given."""
    import altair as alt

    scale = alt.Scale(zero=False) if domain is None else alt.Scale(domain=list(domain), nice=True)
    return {"scale": scale, "axis": alt.Axis(format=axis_format(metric), tickCount=6)}


def log_axis(least: float, most: float) -> dict[str, Any]:
    """The options of a logarithmic axis, all of whose numbers are on one side of 0."""
    import altair as alt

    ticks: Any = log_ticks(least, most) if least > 0 else [-tick for tick in log_ticks(-most, -least)]
    scale = alt.Scale(type="log", domain=[least, most], nice=False)
    return {"scale": scale, "axis": alt.Axis(format=NUMBERS, values=ticks if len(ticks) > 1 else alt.Undefined)}


def log_ticks(least: float, most: float) -> list[float]:
    """Round numbers: all digits within a decade, 1, 2 and 5 within four, then powers of ten, and every few of them.

    >>> log_ticks(80, 6000)
    [100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0]
    """
    span = log10(most) - log10(least)
    digits = next((some for widest, some in DIGITS if span <= widest), (1,))
    every = max(ceil(span / MOST_POWERS), 1)
    powers = [power for power in range(floor(log10(least)), ceil(log10(most)) + 1) if power % every == 0]
    return [tick for power in powers for digit in digits if least <= (tick := float(f"{digit}e{power}")) <= most]


def within(number: float) -> float:
    """A number above 0 that a logarithmic axis can hold."""
    return min(max(number, sys.float_info.min), sys.float_info.max)
