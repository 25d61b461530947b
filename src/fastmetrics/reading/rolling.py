"""Windows that overlap, and windows without rows."""

from __future__ import annotations

import polars as pl

from fastmetrics.contract.columns import expressions
from fastmetrics.durations import clock_amounts, is_multiple, lengths
from fastmetrics.errors import SchemaError
from fastmetrics.instants import DAY
from fastmetrics.state.layout import WINDOW, Layout
from fastmetrics.state.merging import merge_tables
from fastmetrics.state.state import State
from fastmetrics.windows import UnlistableError, Windows

__all__ = ["filled", "first_windows", "listed_windows", "rolling"]


def rolling(counts: State, period: str, *, every_window: bool) -> State:
    """Each window together with those before it, as far as ``period`` reaches back from its end."""
    layout = counts.layout
    windows = layout.windows
    assert windows is not None
    starts = counts.tables[layout.families[0].name].select(pl.col(WINDOW).unique().sort()).drop_nulls().to_series()
    check_period(period, windows, starts)
    last = listed_windows(starts, windows) if every_window else starts
    back = pl.DataFrame({WINDOW: last, "first": first_windows(windows.ends(last), windows, period)})
    spans = back.join_where(
        pl.DataFrame({"source": starts}), pl.col("source") >= pl.col("first"), pl.col("source") <= pl.col(WINDOW)
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


def check_period(period: str, windows: Windows, starts: pl.Series) -> None:
    """Refuse a length of overlapping windows that does not begin where windows do, and windows that have no ends."""
    if not is_multiple(period, windows.every):
        raise SchemaError(f"period={period!r} is not a multiple of every={windows.every!r}")
    *_, passed = clock_amounts(period)
    if passed and lengths(windows.every)[0] >= DAY and windows.time_zone != "UTC":
        raise SchemaError(
            f"period={period!r} is not a multiple of every={windows.every!r} in time_zone={windows.time_zone!r}, where "
            "a day may have 23 or 25 hours; write it in days, such as period='7d'"
        )
    known = starts.to_physical().to_numpy()
    again = windows.entered_again(int(known[0]), int(known[-1])) if len(known) else known
    if len(again):
        raise SchemaError(
            f"windows of {windows.every} in {windows.time_zone} are no stretches of time, as period= needs them: the "
            f"clock was set back by a part of one at {windows.local(again)[0]}"
        )


def first_windows(ends: pl.Series, windows: Windows, period: str) -> pl.Series:
    """The start of the first of the windows that reach back from each end; null for the null window."""
    known = ends.drop_nulls().unique()
    begins = windows.local(windows.back_from(known.to_physical().to_numpy(), period))
    return ends.replace_strict(known, begins, default=None, return_dtype=windows.dtype)


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
