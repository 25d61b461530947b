"""Metrics in the long form: one row a group and metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from fastmetrics.contract.columns import expression
from fastmetrics.metrics import Metric
from fastmetrics.reading.metrics import metrics
from fastmetrics.reading.resolve import resolve
from fastmetrics.state.layout import GROUPING, WINDOW, Layout
from fastmetrics.state.state import State

__all__ = ["tidy"]


def tidy(
    counts: State, wanted: Sequence[str | Metric], *, intervals: bool = False, level: float = 0.95
) -> pl.DataFrame:
    """Metrics in the long form: slice_key, slice_value, granularity, window_start, window_end, metric, value.

    ``slice_key`` names the keys of the group and ``slice_value`` their values, comma-separated, null for the total;
    ``granularity`` is the length of the windows. With intervals there are ``low`` and ``high`` as well.
    """
    layout = counts.layout
    frame = metrics(counts, wanted, intervals=intervals, level=level)
    names_ = [item.column for item in resolve(layout, wanted)]
    keys = list(layout.keys)
    where = (
        pl.lit(",".join(keys) or None, dtype=pl.String)
        if layout.grouping_sets is None
        else pl.col(GROUPING).replace("", None)
    )
    what = slice_value(keys, frame.schema)
    if layout.grouping_sets is not None:
        what = slice_values(layout, frame.schema)
    head = frame.with_columns(
        slice_key=where,
        slice_value=what,
        granularity=pl.lit(layout.windows.every if layout.windows is not None else None, dtype=pl.String),
    )
    if layout.windows is None:
        head = head.with_columns(
            pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias(name) for name in (WINDOW, "window_end")
        )
    fixed = ["slice_key", "slice_value", "granularity", WINDOW, "window_end"]
    parts = [
        head.select(
            *fixed,
            pl.lit(name).alias("metric"),
            expression(name).alias("value"),
            *([pl.col(f"{name}_low").alias("low"), pl.col(f"{name}_high").alias("high")] if intervals else []),
        ).with_row_index("row")
        for name in names_
    ]
    return pl.concat(parts).sort("row", maintain_order=True).drop("row")


def slice_value(keys: Sequence[str], dtypes: Mapping[str, pl.DataType]) -> pl.Expr:
    """The values of some keys, comma-separated; null for no key and for a null of only one, "" among several."""
    values = [key_text(expression(key), dtypes[key]) for key in keys]
    if len(keys) < 2:
        return values[0] if keys else pl.lit(None, dtype=pl.String)
    return pl.concat_str([value.fill_null("") for value in values], separator=",")


def key_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A key as text that says it exactly: times of day and durations as ISO 8601, bytes as hexadecimal."""
    if dtype == pl.Binary:
        return column.bin.encode("hex")
    return column.dt.to_string("iso") if dtype in (pl.Time, pl.Duration) else column.cast(pl.String)


def slice_values(layout: Layout, dtypes: Mapping[str, pl.DataType]) -> pl.Expr:
    """The values of the keys of each row's own grouping set."""
    value: pl.Expr = pl.lit(None, dtype=pl.String)
    for wanted in layout.grouping_sets or ():
        value = pl.when(pl.col(GROUPING) == ",".join(wanted)).then(slice_value(wanted, dtypes)).otherwise(value)
    return value
