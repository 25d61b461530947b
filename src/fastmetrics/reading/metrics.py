"""Counts to metrics: one row a group, one column a metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.counts import Counts
from fastmetrics.errors import SchemaError, listed, unknown
from fastmetrics.forks import check_process
from fastmetrics.metrics import Cells, Metric, find, names, value
from fastmetrics.reading.intervals import bounds
from fastmetrics.schema import CellTable, Family, expression, expressions, repeated
from fastmetrics.state.layout import GROUPING, WINDOW, Layout
from fastmetrics.state.merging import merge_tables
from fastmetrics.state.provenance import is_difference
from fastmetrics.windows import UnlistableError, Windows, is_multiple, parse_duration
from fastmetrics.wording import group_name

__all__ = ["check_whole", "group_cells", "metrics", "resolve", "tidy", "worst"]

CHUNK = 4_000_000  # cells held side by side at a time by families with inner keys
COVERAGE = ("label_coverage", "answer_rate")


@dataclass(frozen=True)
class Asked:
    """A metric that was asked for: the family it is read from, its row, and the name of its column."""

    family: Family
    metric: Metric
    column: str


def resolve(layout: Layout, wanted: Sequence[str | Metric]) -> list[Asked]:
    """The rows behind the names; none asked means the headline metrics of each family.

    A name that several families know needs its family before it: ``scores.roc_auc``. A `Metric` of the caller is
    read from the first family.

    Raises
    ------
    SchemaError
        A name that no family knows, or that more than one knows.
    """
    check_process()
    if not wanted:
        several = len(layout.families) > 1
        wanted = [
            f"{family.name}.{name}" if several else name for family in layout.families for name in family.headline
        ]
    asked = [ask(layout, name) for name in wanted]
    twice = repeated([item.column for item in asked])
    if twice is not None:
        raise SchemaError(f"metric {twice!r} is asked for twice")
    for item in asked:
        if item.column in (*layout.outer, "n", "window_end"):
            raise SchemaError(f"metric {item.column!r} has the name of a key or fixed column; give it another name")
    return asked


def ask(layout: Layout, wanted: str | Metric) -> Asked:
    if isinstance(wanted, Metric):
        return Asked(layout.families[0], wanted, wanted.name)
    if not isinstance(wanted, str):
        raise SchemaError(
            f"a metric is a name or a Metric, got a {type(wanted).__name__}; write metrics('f1', 'recall') with no list"
        )
    qualifier, dot, rest = wanted.partition(".")
    if dot and qualifier in [family.name for family in layout.families]:
        family = layout.family(qualifier)
        return Asked(family, row_of(family, rest) or find(rest, family.metrics), wanted)
    found = [(family, row) for family in layout.families if (row := row_of(family, wanted)) is not None]
    if not found and dot and not rest[:1].isdigit():
        raise SchemaError(f"metric {wanted!r}: " + unknown("family", qualifier, [f.name for f in layout.families]))
    if not found:
        known = [name for family in layout.families for name in names(family.metrics)]
        raise SchemaError(unknown("metric", wanted, dict.fromkeys(known)))
    if len(found) > 1:
        choices = [f"{family.name}.{wanted}" for family, _ in found]
        raise SchemaError(f"metric {wanted!r} is known to several families; ask for {listed(map(repr, choices))}")
    family, row = found[0]
    return Asked(family, row, wanted)


def row_of(family: Family, wanted: str) -> Metric | None:
    """The row of a family that answers to a name, or None."""
    if wanted in names(family.metrics):
        return find(wanted, family.metrics)
    return family.parametric(wanted) if family.parametric is not None else None


def metrics(
    counts: Counts,
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
        Add ``<metric>_low`` and ``<metric>_high``; null where no interval is known. Rows are taken as independent.
    period
        Overlapping windows of this length, a multiple of ``every``, each ending with a window of the Counts; the
        first ones reach back beyond the log.
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
    if (period is not None or fill_empty) and layout.windows is None:
        raise SchemaError("period= and fill_empty= need windows: count with time= and every=")
    if period is not None:
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
    columns = [name for item in asked for name in frame.columns if name in column_names(item.column)]
    coverage = [name for name in COVERAGE if name in frame.columns and name not in columns]
    frame = frame.select(expressions([*layout.outer, "n", *coverage, *columns]))
    if fill_empty and layout.windows is not None:
        frame = filled(frame, layout, layout.windows)
    if layout.windows is not None:
        ends = layout.windows.ends(frame[WINDOW]).alias("window_end")
        frame = frame.insert_column(frame.columns.index(WINDOW) + 1, ends)
    if period is not None:
        frame = frame.with_columns(
            pl.col("window_end").dt.offset_by(f"-{parse_duration('period', period)}").alias(WINDOW)
        )
    return frame


def check_whole(counts: Counts) -> None:
    """Refuse Counts that are a difference: what is read from cells below 0, or from none, is the metric of no rows.

    Raises
    ------
    SchemaError
        A difference, as of ``a - b`` or late labels, with the groups that have cells below 0.
    """
    marked, outer = is_difference(counts.how), counts.layout.outer
    advice = (
        "add them to the Counts they belong to, and read the sum"
        if marked
        else "what was taken from them was not in them, or late labels were added twice"
    )
    for family in counts.layout.families:
        below = counts.tables[family.name].filter(pl.any_horizontal(pl.col(family.states) < 0))
        if len(below):
            groups = below.select(expressions(outer)).unique(maintain_order=True)
            where = f" in {len(groups):,} groups, first {group_name(groups.row(0, named=True))}" if outer else ""
            raise SchemaError(f"these Counts are a difference: cells are negative{where}; {advice}")
    if marked:
        raise SchemaError(f"these Counts are a difference, of rows gained less rows lost; {advice}")


def column_names(metric: str) -> tuple[str, ...]:
    return metric, f"{metric}_low", f"{metric}_high", f"{metric}_error"


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
    counts: Counts, family: Family, asked: Sequence[Asked], intervals: bool, level: float, *, first: bool
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
        pieces.append(pl.concat([keys, pl.DataFrame(columns, nan_to_null=True)], how="horizontal"))
    return pl.concat(pieces) if len(pieces) != 1 else pieces[0]


def values_of(item: Asked, cells: Cells, intervals: bool, level: float) -> dict[str, NDArray[np.float64]]:
    """The columns of one metric."""
    name, low_name, high_name, error_name = column_names(item.column)
    with np.errstate(all="ignore"):
        columns = {name: value(item.metric, cells)}
        if intervals:
            columns[low_name], columns[high_name] = bounds(item.metric, cells, level)
        if item.metric.error is not None:
            columns[error_name] = np.asarray(item.metric.error(cells), np.float64)
    return columns


def group_cells(counts: Counts, family: Family) -> Iterator[tuple[pl.DataFrame, Cells]]:
    """The outer keys and ``n``, and the cells, of the groups of a family, some groups at a time.

    Counts without keys have one group, of no rows where the log was empty.
    """
    layout, table = counts.layout, counts.tables[family.name]
    if not layout.outer and not family.inner and not len(table):
        merges = layout.merges(family)
        table = pl.DataFrame({name: [0 if merge == "sum" else None] for name, merge in merges.items()}, table.schema)
    group = group_numbers(table, layout.outer) if family.inner else np.arange(len(table))
    size = (int(group[-1]) + 1 if len(group) else 0) if layout.outer else 1
    step = max(CHUNK // family.width, 1)
    for start in range(0, max(size, 1), step):
        some = min(step, size - start)
        low, high = np.searchsorted(group, [start, start + some])
        part, numbers = table[low:high], group[low:high] - start
        n = np.zeros(some, np.int64)
        np.add.at(n, numbers, part.select(pl.sum_horizontal(family.states)).to_series().to_numpy())
        inner = {key: part[key] for key in family.inner_names}
        with np.errstate(all="ignore"):
            cells = family.read(CellTable(numbers, some, inner, cells_of(part, family, layout)))
        firsts = (
            part.select(expressions(layout.outer))[np.searchsorted(numbers, np.arange(some))]
            if layout.outer
            else part.select([])
        )
        yield pl.DataFrame({**firsts.to_dict(), "n": n}), cells


def group_numbers(table: pl.DataFrame, outer: Sequence[str]) -> NDArray[np.int64]:
    """The number of the group of each row of a sorted table."""
    if not outer:
        return np.zeros(len(table), np.int64)
    return table.select(pl.struct(expressions(outer)).rle_id()).to_series().cast(pl.Int64).to_numpy()


def cells_of(table: pl.DataFrame, family: Family, layout: Layout) -> Cells:
    """The cells as formulas see them: float64, weighted where there are weights, pairs made one."""

    def column(name: str) -> NDArray[np.float64]:
        values = table[name].cast(pl.Float64)
        error = f"{name}_error"
        whole = (values + table[error] if error in table.columns else values).fill_null(float("nan")).to_numpy()
        return np.where(np.isfinite(whole), whole, np.nan)  # a sum that overflowed is not known

    if not layout.weighted:
        return Cells({cell.name: column(cell.name) for cell in family.cells})
    return Cells(
        {cell.name: column(f"w_{cell.name}") for cell in family.cells},
        {cell.name: column(f"w2_{cell.name}") for cell in family.cells},
    )


def rolling(counts: Counts, period: str, *, every_window: bool) -> Counts:
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
        table = counts.tables[family.name].rename({WINDOW: "source"}).join(spans.select("source", WINDOW), on="source")
        untimed = counts.tables[family.name].filter(pl.col(WINDOW).is_null())
        columns = counts.tables[family.name].columns
        tables[family.name] = merge_tables([table.select(expressions(columns)), untimed], layout, family)
    return Counts(layout, tables, counts.how)


def listed_windows(starts: pl.Series, windows: Windows) -> pl.Series:
    """Every window from the first to the last of some."""
    known = starts.drop_nulls().to_physical().to_numpy()
    if not len(known):
        return starts.drop_nulls()
    try:
        every = windows.boundaries(int(known.min()), int(known.max()))[:-1]
    except UnlistableError:
        raise SchemaError("the windows between the first and the last are too many to list, or overlap") from None
    return pl.Series(WINDOW, every).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(windows.time_zone)


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


def tidy(
    counts: Counts, wanted: Sequence[str | Metric], *, intervals: bool = False, level: float = 0.95
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


def worst(counts: Counts, metric: str | Metric, n: int = 20, *, min_n: int = 1, level: float = 0.95) -> pl.DataFrame:
    """The groups whose metric is surely bad, worst first: ranked by the bound of the interval on the better side.

    A group of few rows that merely looks bad by chance ranks low, as its interval reaches far towards the good.
    ``rank_bound`` is what was ranked by. Groups of fewer than ``min_n`` rows and those where the metric is
    undefined are left out; the column ``groups_hidden`` says how many.

    Raises
    ------
    SchemaError
        A metric without an interval or without a better direction; an ``n`` that is no whole number above 0.
    """
    if not isinstance(n, int) or isinstance(n, bool) or n < 1:
        raise SchemaError(f"n={n!r} is not a whole number above 0")
    item = resolve(counts.layout, [metric])[0]
    if item.metric.better is None or not item.metric.interval:
        raise SchemaError(f"metric {item.column!r} cannot be ranked: it has no interval or no better direction")
    frame = metrics(counts, [metric], intervals=True, level=level)
    bound = f"{item.column}_{'high' if item.metric.better == 'higher' else 'low'}"
    kept = frame.filter(pl.col("n") >= min_n, pl.col(bound).is_not_null())
    ranked = kept.sort(bound, descending=item.metric.better == "lower", maintain_order=True).head(n)
    return ranked.with_columns(rank_bound=pl.col(bound), groups_hidden=pl.lit(len(frame) - len(kept)))
