"""A metric is a row: a numerator and a denominator over cells, and what a reader must know of its value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from fastmetrics.aliases import Floats
from fastmetrics.arithmetic import divide
from fastmetrics.errors import SchemaError, unknown

__all__ = ["ACRONYM", "Better", "Cells", "Formula", "Metric", "find", "names", "unknown_metric", "value"]

Kind = Literal["proportion", "ratio", "other"]
Better = Literal["higher", "lower"]
NUMBERS_OF_ROWS = ("n", "n_rows", "rows", "count", "example_count", "num_examples", "n_samples")
ACRONYM = 6  # letters of a metric in which one may be wrong: smape and rmsle are other metrics than mape and rmse


class Cells:
    """The cells of many groups as named float64 arrays, read as attributes: ``c.tp / (c.tp + c.fn)``.

    ``squares`` holds Σw² under the same names when the rows were weighted, else it is None and a
    count is its own variance.
    """

    __slots__ = ("squares", "values")

    def __init__(self, values: Mapping[str, Any], squares: Mapping[str, Any] | None = None) -> None:
        self.values = values
        self.squares = squares

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise SchemaError(unknown("cell", name, self.values)) from None


Formula = Callable[[Any], Any]


@dataclass(frozen=True)
class Metric:
    """One metric: ``num / den`` over the cells of a family, undefined (null) exactly where ``den`` is 0.

    The formulas use arithmetic only, so the same row runs on numpy arrays and on Polars expressions; they
    are arranged so that ``den`` is 0 wherever a part of the textbook formula divides by 0.

    Parameters
    ----------
    name
        A Python identifier; the output column carries the name the caller asked with.
    num, den
        Functions of the cells. ``den=None`` stands for a value that is always defined.
    kind
        ``proportion``: both sides count rows and 0 <= num <= den, so Wilson bounds hold. ``ratio``: both
        sides are sums over rows, so a change splits into mix and rate. ``other``: anything else.
    range
        Smallest and largest possible value.
    better
        The direction of improvement, or None where there is none.
    interval
        The name of its interval method (see `fastmetrics.reading.intervals`), or "" where none is offered.
    square
        Of a mean over ``den`` rows, ``num`` with every row's summand squared; the interval ``mean`` needs it.
    share
        Of a quantile, the share of the rows that do not exceed it; the interval ``rank`` needs it.
    error
        A function of the cells that bounds how far binning can have moved the value.
    source
        Where the formula comes from.
    events
        Of a proportion, what ``num`` counts in plain words, as findings of a diagnosis say it: "missed positives".
    signature
        How the value was made, in the words that its field quotes beside it, such as sacrebleu's; "" where it has none.
    offered_for
        Names that may mean this metric or another: they are not read, and an error offers what they may mean.

    >>> import fastmetrics as fm
    >>> false_alarms_per_hit = Metric("false_alarms_per_hit", lambda c: c.fp, lambda c: c.tp, "ratio", better="lower")
    >>> counts = fm.count({"label": [1, 0, 1], "pred": [1, 1, 1]}, fm.binary("label", "pred"))
    >>> counts.metrics(false_alarms_per_hit).item(0, "false_alarms_per_hit")
    0.5
    """

    name: str
    num: Formula
    den: Formula | None = None
    kind: Kind = "other"
    range: tuple[float, float] = (0.0, 1.0)
    better: Better | None = "higher"
    aliases: tuple[str, ...] = ()
    scale: str = "share"
    interval: str = ""
    square: Formula | None = None
    share: float | None = None
    error: Formula | None = None
    source: str = ""
    events: str = ""
    signature: str = ""
    offered_for: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind == "proportion" and not self.interval:
            object.__setattr__(self, "interval", "wilson")


def value(metric: Metric, cells: Cells) -> Floats:
    """The metric of every group as float64, NaN where it is undefined.

    >>> recall = Metric("recall", num=lambda c: c.tp, den=lambda c: c.tp + c.fn)
    >>> value(recall, Cells({"tp": np.array([3.0, 0.0]), "fn": np.array([1.0, 0.0])}))
    array([0.75,  nan])
    """
    num = np.asarray(metric.num(cells), np.float64)
    if metric.den is None:
        return num
    return divide(num, np.asarray(metric.den(cells), np.float64))


def find(asked: str | Metric, rows: Sequence[Metric]) -> Metric:
    """The row that is called ``asked`` (by name or alias, case as written), renamed to it."""
    if isinstance(asked, Metric):
        return asked
    for row in rows:
        if asked == row.name or asked in row.aliases:
            return row if asked == row.name else replace(row, name=asked)
    raise SchemaError(unknown_metric(asked, rows))


def unknown_metric(asked: object, rows: Iterable[Metric]) -> str:
    """The text of an error: the main names, and the name that was meant, whatever of one row it is, or may be."""
    rows = list(rows)
    meanings = {name: row.name for row in rows for name in (row.name, *row.aliases)}
    offered = list(dict.fromkeys(row.name for row in rows if asked in row.offered_for))
    listed = dict.fromkeys(meanings.values())
    text = unknown("metric", asked, listed, meanings=meanings, shortest=ACRONYM, offered=offered)
    return f"{text}; the column n of every result is the number of rows" if asked in NUMBERS_OF_ROWS else text


def names(rows: Iterable[Metric]) -> list[str]:
    """Every name a row answers to, the main names first."""
    rows = list(rows)
    return [row.name for row in rows] + [alias for row in rows for alias in row.aliases]
