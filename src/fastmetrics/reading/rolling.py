"""Windows that overlap, and windows without rows."""

from __future__ import annotations

import polars as pl

from fastmetrics.contract.columns import expressions
from fastmetrics.durations import is_multiple, parse_duration
from fastmetrics.errors import SchemaError
from fastmetrics.state.layout import WINDOW, Layout
from fastmetrics.state.merging import merge_tables
from fastmetrics.state.state import State
from fastmetrics.windows import UnlistableError, Windows

__all__ = ["filled", "listed_windows", "rolling"]


def rolling(counts: State, period: str, *, every_window: bool) -> State:
    """Each window together with those before it, as far as ``period`` reaches back."""
    layout = counts.layout
    windows = layout.windows
    assert windows is not None
    period = parse_duration("period", period)
    starts = counts.tables[layout.families[0].name].select(pl.col(WINDOW).unique().sort()).drop_nulls().to_series()
    if not is_multiple(period, windows.every):
        raise SchemaError(f"period={period!r} is not a multiple of every={windows.every!r}")
    ends = listed_windows(starts, windows) if every_window else starts
    back = pl.DataFrame({WINDOW: ends}).with_columns(after=pl.col(WINDOW).dt.offset_by(f"-{period}"))
    spans = back.join_where(
        pl.DataFrame({"source": starts}), pl.col("source") > pl.col("after"), pl.col("source") <= pl.col(WINDOW)
    )
    tables = {}
    for family in layout.families:
        table = counts.tables[family.name]
        rows = table.select(pl.int_range(pl.len()).alias("row"), pl.col(WINDOW).alias("source"))
        timed = rows.join(spans.select("source", WINDOW), on="source")
        copies = table[timed["row"]].with_columns(timed[WINDOW])
        untimed = table.filter(pl.col(WINDOW).is_null())
        tables[family.name] = merge_tables([copies, untimed], layout, family)
    return State(layout, tables, counts.how)


def listed_windows(starts: pl.Series, windows: Windows) -> pl.Series:
    """Every window from the first to the last of some."""
    known = starts.drop_nulls().to_physical().to_numpy()
    if not len(known):
        return starts.drop_nulls()
    try:
        every = windows.starts(int(known.min()), int(known.max()))
    except UnlistableError:
        raise SchemaError("the windows between the first and the last are too many to list") from None
    return windows.local(every).alias(WINDOW)


def filled(frame: pl.DataFrame, layout: Layout, windows: Windows) -> pl.DataFrame:
    """Rows of n = 0 for the windows in which a group did not occur."""
    every = pl.DataFrame(listed_windows(frame[WINDOW], windows))
    keys = [key for key in layout.outer if key != WINDOW]
    grid = frame.select(expressions(keys)).unique(maintain_order=True).join(every, how="cross") if keys else every
    whole = grid.join(frame, on=expressions([*keys, WINDOW]), how="full", nulls_equal=True, coalesce=True)
    return (
        whole.select(expressions(frame.columns))
        .with_columns(pl.col("n").fill_null(0))
        .sort(expressions(layout.outer), nulls_last=True)
    )
