"""Counts to metrics: one row a group, one column a metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.contract.columns import expressions
from fastmetrics.contract.family import Family
from fastmetrics.durations import parse_duration
from fastmetrics.errors import SchemaError
from fastmetrics.metric import Cells, Metric, value
from fastmetrics.reading.cells import check_whole, group_cells
from fastmetrics.reading.intervals import bounds
from fastmetrics.reading.resolve import Asked, resolve
from fastmetrics.reading.results import beside, check_columns
from fastmetrics.reading.rolling import filled, first_windows, rolling
from fastmetrics.state.layout import WINDOW
from fastmetrics.state.state import State

__all__ = ["metrics"]

COVERAGE = ("label_coverage", "answer_rate")


def metrics(
    counts: State,
    wanted: Sequence[str | Metric],
    *,
    intervals: bool = False,
    level: float = 0.95,
    period: str | None = None,
    fill_empty: bool = False,
) -> pl.DataFrame:
    """Metrics of every group as a frame: keys, window_start and window_end, n, coverage, one column a metric.

    Parameters
    ----------
    wanted
        Names, aliases or `Metric` rows; empty for the headline metrics.
    intervals, level
        Add ``<metric>_low`` and ``<metric>_high``; null where no interval is known, as of the mean of one row. They
        hold what binning can have moved, too. Rows are taken as independent.
    period
        Overlapping windows of this length, a multiple of ``every``, each ending with a window of the Counts; the
        first ones reach back beyond the log. Days and longer are those of the clock, ``1d`` of 23 or 25 hours where it
        is set; hours and shorter units pass.
    fill_empty
        A row with n = 0 for each window between the first and the last in which a group did not occur.

    Returns
    -------
    polars.DataFrame
        ``n`` counts rows, label_coverage and answer_rate are shares in [0, 1], metrics are Float64 and null where
        undefined. Binned values are followed by ``<metric>_error``, the most by which binning can have moved them.

    Raises
    ------
    SchemaError
        An unknown metric, or period and fill_empty without windows; Counts that are a difference.
    """
    check_whole(counts)
    layout = counts.layout
    asked = resolve(layout, wanted)
    columns = [name for item in asked for name in column_names(item, intervals)]
    check_columns(layout.outer, columns)
    if (period is not None or fill_empty) and layout.windows is None:
        raise SchemaError("period= and fill_empty= need windows: count with time= and every=")
    if period is not None:
        period = parse_duration("period", period)
        counts = rolling(counts, period, every_window=fill_empty)
    frames = [
        family_metrics(
            counts, family, [item for item in asked if item.family is family], intervals, level, first=k == 0
        )
        for k, family in enumerate(layout.families)
        if k == 0 or any(item.family is family for item in asked)
    ]
    frame = frames[0]
    for other in frames[1:]:
        frame = joined(frame, other, layout.outer)
    coverage = [name for name in COVERAGE if name in frame.columns and name not in columns]
    frame = frame.select(expressions([*layout.outer, "n", *coverage, *columns]))
    if fill_empty and layout.windows is not None:
        frame = filled(frame, layout, layout.windows)
    if layout.windows is not None:
        ends = layout.windows.ends(frame[WINDOW])
        shown = layout.windows.shown(ends).alias("window_end")
        frame = frame.insert_column(frame.columns.index(WINDOW) + 1, shown)
        if period is not None:
            frame = frame.with_columns(first_windows(ends, layout.windows, period).alias(WINDOW))
    return frame


def column_names(item: Asked, intervals: bool) -> list[str]:
    """The columns of a metric: its value, its bounds where they are asked for, and its error where it has one."""
    name = item.column
    bounds = [f"{name}_low", f"{name}_high"] if intervals else []
    return [name, *bounds, *([] if item.metric.error is None else [f"{name}_error"])]


def joined(left: pl.DataFrame, right: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Two frames over the same groups side by side; a group may be missing from either."""
    if not keys:
        return pl.concat([left, right.drop("n", *COVERAGE, strict=False)], how="horizontal")
    new = [name for name in right.columns if name not in left.columns]
    whole = left.join(
        right.select(expressions([*keys, *new])), on=expressions(keys), how="full", nulls_equal=True, coalesce=True
    )
    return whole.with_columns(pl.col("n").fill_null(0)).sort(expressions(keys), nulls_last=True)


def family_metrics(
    counts: State, family: Family, asked: Sequence[Asked], intervals: bool, level: float, *, first: bool
) -> pl.DataFrame:
    """Keys, n, coverage and the metrics read from one family."""
    shown = [*COVERAGE] if first else []
    coverage = [Asked(family, row, row.name) for row in family.metrics if row.name in shown]
    coverage = [item for item in coverage if item.column not in [other.column for other in asked]]
    pieces = []
    for keys, cells in group_cells(counts, family):
        columns: dict[str, Any] = {}
        for item in [*coverage, *asked]:
            columns |= values_of(item, cells, intervals and item not in coverage, level)
        pieces.append(beside(keys, pl.DataFrame(columns, nan_to_null=True)))
    return pl.concat(pieces) if len(pieces) != 1 else pieces[0]


def values_of(item: Asked, cells: Cells, intervals: bool, level: float) -> dict[str, NDArray[np.float64]]:
    """The columns of one metric."""
    with np.errstate(all="ignore"):
        columns = [value(item.metric, cells)]
        if intervals:
            columns += bounds(item.metric, cells, level)
        if item.metric.error is not None:
            columns.append(np.asarray(item.metric.error(cells), np.float64))
    return dict(zip(column_names(item, intervals), columns, strict=True))
