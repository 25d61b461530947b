"""Limits of measures, beyond which a row counts as bad: ``rougeL < 0.2``."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from fastmetrics.aliases import Floats, Integers
from fastmetrics.errors import SchemaError, unknown
from fastmetrics.metric import Formula, Metric

__all__ = ["Limit", "parse_limits"]

FORM = re.compile(r"\s*(\w+)\s*([<>])\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*", re.ASCII)
SIDES = {"<": "low", ">": "high"}


class Limit(NamedTuple):
    """A value of a measure of one row, and the side of it on which the row counts as bad."""

    measure: str
    side: str
    value: float

    def __str__(self) -> str:
        """The limit in one spelling."""
        short = f"{self.value:g}"
        return f"{self.measure} {self.side} {short if float(short) == self.value else self.value}"

    @property
    def cell(self) -> str:
        """The cell that counts bad rows, and the metric that is their share."""
        return f"{SIDES[self.side]}_{self.measure}"

    def metric(self, rows: Formula) -> Metric:
        """The share of bad rows, of all that the measure looks at."""
        words = f"answers with {self.measure} {self.side} {self.value:g}"
        return Metric(
            self.cell,
            lambda c: getattr(c, self.cell),
            rows,
            "proportion",
            better="lower",
            source=f"share of {words}",
            events=words,
        )

    def bad(self, values: Floats) -> Integers:
        """1 for each row whose value is beyond the limit; 0 where it has none."""
        with np.errstate(invalid="ignore"):
            beyond = values < self.value if self.side == "<" else values > self.value
        return beyond.astype(np.int64)


def parse_limits(given: Sequence[str], measures: Collection[str]) -> tuple[Limit, ...]:
    """Limits from their text.

    Raises
    ------
    SchemaError
        A text of another form, a measure that is not counted, or two limits on one side of a measure.
    """
    limits = []
    for text in given:
        match = FORM.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise SchemaError(f"limits= holds {text!r}; expected such as 'rougeL < 0.2' or 'wer > 0.5'")
        if match[1] not in measures:
            raise SchemaError(f"limits= holds {text!r}: " + unknown("measure", match[1], measures))
        limits.append(Limit(match[1], match[2], float(match[3])))
    cells = [limit.cell for limit in limits]
    twice = next((limit for limit in limits if cells.count(limit.cell) > 1), None)
    if twice is not None:
        raise SchemaError(f"limits= has two limits {twice.side} of {twice.measure}; count them as two families")
    return tuple(limits)
