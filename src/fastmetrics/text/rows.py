"""What measures count of each row of a block, under the names of the cells that it is added up in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastmetrics.aliases import Floats, Integers, Mask
from fastmetrics.metrics import Cells, Metric, find, value
from fastmetrics.text.blocks import Block
from fastmetrics.text.measure import Measure
from fastmetrics.text.options import Options

__all__ = ["Measured", "count_rows", "row_values"]


@dataclass(frozen=True, eq=False)
class Measured:
    """What some measures count of each row: int64 and float64, 0 where a row is not judged.

    Attributes
    ----------
    judged
        Whether a row has hypothesis and reference.
    counts, exacts
        The values of each cell by its name.
    """

    judged: Mask
    counts: dict[str, Integers]
    exacts: dict[str, Floats]


def count_rows(block: Block, measures: Sequence[Measure], options: Options) -> Measured:
    """What the measures count of each row of a block."""
    rows = len(block)
    counts = {name: np.zeros(rows, np.int64) for measure in measures for name in measure.counts(options)}
    exacts = {name: np.zeros(rows) for measure in measures for name in measure.exacts(options)}
    for at, chunk in block.chunks():
        for measure in measures:
            integers = measure.count(chunk, options)
            for place, name in enumerate(measure.counts(options)):
                counts[name][at] = integers[:, place]
            ratios = () if measure.ratios is None else measure.ratios(integers).T
            for name, ratio in zip(measure.exacts(options), ratios, strict=True):
                exacts[name][at] = ratio
    return Measured(block.predicted & block.labelled, counts, exacts)


def row_values(measured: Measured, metric: str, rows: Sequence[Metric]) -> Floats:
    """A metric of each row alone; NaN where the row is not judged, or the metric undefined."""
    row = find(metric, rows)
    judged = measured.judged.astype(np.float64)
    with np.errstate(all="ignore"):
        values = value(row, Cells({"judged": judged, **measured.counts, **measured.exacts}))
    return np.where(measured.judged, values, np.nan)
