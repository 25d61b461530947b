"""Metrics in the long form: one row a group and metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from fastmetrics.contract.columns import expression
from fastmetrics.metric import Metric
from fastmetrics.reading.cells import check_whole
from fastmetrics.reading.metrics import metrics
from fastmetrics.reading.resolve import resolve
from fastmetrics.reading.results import number_keys
from fastmetrics.state.layout import GROUPING, WINDOW, Layout, grouping_name
from fastmetrics.state.state import State

__all__ = ["tidy"]


def tidy(
    counts: State, wanted: Sequence[str | Metric], *, intervals: bool = False, level: float = 0.95
) -> pl.DataFrame:
    """Metrics in the long form: slice_key, slice_value, granularity, window_start, window_end, metric, value.

    ``slice_key`` names the keys of the group and ``slice_value`` their values, comma-separated, null for the total;
    ``granularity`` is the length of the windows. With intervals there are ``low`` and ``high`` as well.
    """
    check_whole(counts)
    own = counts.layout
    counts = number_keys(counts)  # as no key of the user stands in the result
    layout = counts.layout
    frame = metrics(counts, wanted, intervals=intervals, level=level)
    if layout.grouping_sets is None:
        where = pl.lit(",".join(own.keys) or None, dtype=pl.String)
        what = slice_value(layout.keys, frame.schema)
    else:
        sets = (map(grouping_name, one.grouping_sets or ()) for one in (layout, own))
        where = pl.col(GROUPING).replace(dict(zip(*sets, strict=True)) | {"": None})
        what = slice_values(layout, frame.schema)
    no_time = pl.lit(None, dtype=pl.Datetime("us", "UTC"))
    head = frame.select(
        slice_key=where,
        slice_value=what,
        granularity=pl.lit(layout.windows.every if layout.windows is not None else None, dtype=pl.String),
        **{name: pl.col(name) if name in frame.columns else no_time for name in (WINDOW, "window_end")},
    )
    parts = [
        frame.select(
            head.to_struct("head"),
            metric=pl.lit(name),
            value=expression(name),
            **({side: expression(f"{name}_{side}") for side in ("low", "high")} if intervals else {}),
        )
        .unnest("head")
        .with_row_index("row")
        for name in (item.column for item in resolve(layout, wanted))
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
