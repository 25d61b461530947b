"""A metric over windows, and a metric of each group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from fastmetrics.errors import FastMetricsError
from fastmetrics.report.plots.question import Groups, Question, check_points, chosen, data, metric_rows
from fastmetrics.report.plots.words import (
    axis_format,
    by_words,
    count_axis,
    escape_title,
    interval_words,
    line_color,
    line_dash,
    rows_words,
    titled,
    value_tips,
    window_words,
)
from fastmetrics.state.layout import WINDOW

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["bars", "time"]

WIDTH = 720
MOST_LINES = 12
MOST_BARS = 40
MOST_BANDS, MOST_BAND_ROWS = 6, 1_500
"""Bands of more lines, or over more windows, lie upon each other until none can be seen."""
FEW_WINDOWS = 40
"""Up to so many windows every value gets a dot; beyond, only those without a neighbour to draw a line to."""


@dataclass(frozen=True)
class Axis:
    """The shared axis of time: from and to in milliseconds, and the zone whose clock it shows."""

    start: int
    end: int
    zone: str

    def x(self, column: str, title: str | None = None, **axis: Any) -> alt.X:
        """A column of times on it."""
        import altair as alt

        scale = alt.Scale(type="utc", domain=[self.start, self.end])
        return alt.X(f"{column}:T", title=title, scale=scale, axis=alt.Axis(tickCount=8, labelOverlap="greedy", **axis))


def time(question: Question) -> ChartType:
    """A line a group with its interval as a band, above the rows of each window; no line where nothing is known."""
    import altair as alt

    groups = chosen(question, MOST_LINES)
    windows = question.counts.layout.windows
    assert windows is not None
    total = metric_rows(question, question.counts.rollup("window"))
    zone, zone_note = clock(total[WINDOW], windows.time_zone)
    volume = on_clock(total, zone)
    if not len(volume):
        raise FastMetricsError("no row of these Counts has a time, so there is nothing to draw over time")
    start, end = volume.select(pl.col("start").min(), pl.col("end").max()).row(0)
    axis = Axis(start, end, zone)
    shortest: int = volume.select((pl.col("end") - pl.col("start")).min()).item()
    check_points((axis.end - axis.start) // max(shortest, 1) * len(groups.labels))  # before they are filled in
    lines = spells(groups.named(on_clock(metric_rows(question, groups.counts, fill_empty=True), zone)))
    bands = len(groups.labels) <= MOST_BANDS and len(lines) <= MOST_BAND_ROWS
    untimed = int(total.filter(pl.col(WINDOW).is_null())["n"].sum())
    title = titled(
        f"{question.title}{by_words(question.names)} over time",
        [
            rows_words(question.counts.rows),
            f"{window_words(windows)} in {windows.time_zone}",
            interval_words("band", question.level) if bands and known(lines, "low") else "",
            "no bands, as they would hide each other" if known(lines, "low") and not bands else "",
        ],
        [groups.note, zone_note, f"{rows_words(untimed)} without a time not shown" if untimed else ""],
    )
    # Layers in layers, so that the lines and their bands share one copy of the data.
    marks = alt.layer(*line_marks(question, groups, lines, axis, bands))
    above = alt.layer(marks, hover(question, groups, lines, volume, axis)).properties(width=WIDTH, height=280)
    below = volume_bars(volume, axis, weighted=question.counts.layout.weighted)
    return alt.vconcat(above, below, spacing=6).properties(title=title)


def known(rows: pl.DataFrame, column: str) -> bool:
    """Whether any value of a column is known."""
    return rows[column].null_count() < len(rows)


def clock(starts: pl.Series, zone: str) -> tuple[str, str]:
    """The zone whose clock the axis shows: that of the windows, but UTC where two windows share a time of day."""
    starts = starts.drop_nulls()
    if starts.dt.replace_time_zone(None).n_unique() == len(starts):
        return zone, ""
    return "UTC", f"times are shown in UTC, as clocks in {zone} were set back"


def on_clock(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """``start``, ``end`` and ``middle`` of each window as a clock in the zone shows them, in milliseconds since 1970.

    Vega knows no zones but UTC and the reader's own, so times of another travel as if they were of UTC.
    """
    local = [
        pl.col(name).dt.convert_time_zone(zone).dt.replace_time_zone(None).dt.epoch("ms").alias(short)
        for name, short in ((WINDOW, "start"), ("window_end", "end"))
    ]
    timed = frame.filter(pl.col(WINDOW).is_not_null()).with_columns(pl.col("window_end").fill_null(pl.col(WINDOW)))
    timed = timed.with_columns(local)
    return timed.with_columns(middle=(pl.col("start") + pl.col("end")) // 2).drop(WINDOW, "window_end")


def spells(lines: pl.DataFrame) -> pl.DataFrame:
    """The rows with ``alone`` where a value has none before or after it, and ``dot`` where it gets one."""
    there = pl.col("value").is_not_null()
    before, after = (there.shift(step, fill_value=False).over("group") for step in (1, -1))
    alone = there & ~before & ~after
    few = lines["start"].n_unique() <= FEW_WINDOWS
    return lines.with_columns(alone=alone, dot=(there & pl.lit(few)) | alone)


def line_marks(question: Question, groups: Groups, lines: pl.DataFrame, axis: Axis, bands: bool) -> list[alt.Chart]:
    """Bands, lines, and dots with their bounds for values that no line leads to."""
    import altair as alt

    metric = question.asked.metric
    y = alt.Y(
        "value:Q",
        title=question.title,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format=axis_format(metric), tickCount=6),
    )
    title = ", ".join(question.names)
    color, low, high = line_color(groups.labels, title), alt.Y("low:Q"), alt.Y2("high:Q")
    kept = lines.select("group", "middle", "n", "value", "low", "high", "alone", "dot")
    x = axis.x("middle", labels=False, ticks=False)
    base = alt.Chart(data(kept)).encode(x=x, color=color)
    alone = base.transform_filter("datum.alone")
    opacity = 0.2 if len(groups.labels) <= 3 else 0.1
    band = [
        base.mark_area(opacity=opacity).encode(y=low, y2=high),
        alone.mark_rule(opacity=0.5, strokeWidth=2).encode(y=low, y2=high),
    ]
    return [
        *(band if bands else []),
        base.mark_line(strokeWidth=2 if lines["start"].n_unique() <= 200 else 1.2).encode(
            y=y, strokeDash=line_dash(groups.labels, title)
        ),
        base.transform_filter("datum.dot").mark_point(filled=True, size=28, opacity=1).encode(y=y),
    ]


def hover(question: Question, groups: Groups, lines: pl.DataFrame, volume: pl.DataFrame, axis: Axis) -> alt.Chart:
    """Unseen strips, one a window, that tell all its values at once."""
    import altair as alt

    share = question.asked.metric.kind == "proportion"
    names = {label: f"g{place}" for place, label in enumerate(groups.labels)}
    cells = lines.select("start", pl.col("group").replace_strict(names, return_dtype=pl.String))
    texts = [told(row, share) for row in lines.select("value", "low", "high", "n").iter_rows(named=True)]
    wide = cells.with_columns(text=pl.Series(texts, dtype=pl.String)).pivot(on="group", index="start", values="text")
    moments = {f"{side}_text": pl.from_epoch(side, "ms").dt.to_string("%Y-%m-%d %H:%M") for side in ("start", "end")}
    strips = volume.select("start", "end", "n", **moments)
    strips = strips.join(wide, on="start", how="left", maintain_order="left")
    tips = [
        alt.Tooltip("start_text:N", title="from"),
        alt.Tooltip("end_text:N", title="to"),
        alt.Tooltip("n:Q", title="rows", format=","),
        *(alt.Tooltip(f"{name}:N", title=escape_title(label)) for label, name in names.items() if name in wide.columns),
    ]
    strip = alt.Chart(data(strips)).mark_rect(opacity=0, aria=False)
    unseen: alt.Chart = strip.encode(x=axis.x("start"), x2="end:T", tooltip=tips)
    return unseen


def told(row: dict[str, Any], share: bool) -> str:
    """``0.8123 [0.7712, 0.8432], 1,234 rows``, and ``-`` for what is not known."""

    def text(value: float | None) -> str:
        return "-" if value is None else f"{100 * value:.3g}%" if share else f"{value:,.4g}"

    bounds = f" [{text(row['low'])}, {text(row['high'])}]" if row["low"] is not None else ""
    return f"{text(row['value'])}{bounds}, {rows_words(row['n'])}"


def volume_bars(volume: pl.DataFrame, axis: Axis, *, weighted: bool) -> alt.LayerChart:
    """The rows in each window, the labelled ones among them stronger: a metric of few labels is uncertain.

    With weights the coverage is one of weight, so the labelled rows are not known.
    """
    import altair as alt

    labelled = pl.lit(None, dtype=pl.Float64) if weighted else pl.col("n") * pl.col("coverage")
    rows = volume.select("start", "end", "n", labelled=labelled)
    covered = known(rows, "labelled")
    base = alt.Chart(data(rows)).encode(x=axis.x("start", f"time in {axis.zone}"), x2="end:T", y2=alt.Y2Datum(0))
    y = alt.Y("n:Q", title=["rows", "(strong: labelled)"] if covered else "rows", axis=count_axis(3))
    layers = [base.mark_bar(style="volume").encode(y=y)]
    if covered:
        layers.append(base.mark_bar(style="labelled").encode(y=alt.Y("labelled:Q")))
    return alt.LayerChart(layer=layers, width=WIDTH, height=70)


def bars(question: Question) -> ChartType:
    """A dot a group with its interval, the worst (or the largest) value first, beside the rows of the group."""
    import altair as alt

    groups = chosen(question, MOST_BARS)
    metric, column = question.asked.metric, question.title
    rows = metric_rows(question, groups.counts).hstack(groups.names.select("group"))
    rows = rows.sort("value", descending=metric.better != "higher", nulls_last=True, maintain_order=True)
    shown = data(rows.select("group", "n", "value", "low", "high"))
    order = rows["group"].to_list()
    y = alt.Y("group:N", sort=order, title=", ".join(question.names) or None, axis=alt.Axis(labelLimit=320, grid=True))
    x = alt.X(
        "value:Q", title=column, scale=alt.Scale(zero=False), axis=alt.Axis(format=axis_format(metric), tickCount=6)
    )
    tips = [alt.Tooltip("group:N", title=", ".join(question.names) or "group"), *value_tips(column, metric)]
    base = alt.Chart(shown).encode(y=y, tooltip=tips)
    height = alt.Step(24)
    dots = alt.layer(
        base.mark_rule(style="whisker").encode(x=alt.X("low:Q"), x2="high:Q"),
        base.mark_point(filled=True, size=70, opacity=1).encode(x=x),
    ).properties(width=460, height=height)
    beside = alt.Chart(shown).encode(
        y=alt.Y("group:N", sort=order, axis=None),
        x=alt.X("n:Q", title="rows", axis=alt.Axis(labels=False, ticks=False, grid=False)),
    )
    volume = alt.layer(
        beside.mark_bar(style="volume", height=12),
        beside.mark_text(style="words", align="left", dx=4).encode(text=alt.Text("n:Q", format=",")),
    ).properties(width=130, height=height)
    undefined = rows["value"].null_count()
    return alt.hconcat(dots, volume, spacing=18).properties(
        title=titled(
            f"{column}{by_words(question.names) or ' of all rows'}",
            [
                rows_words(question.counts.rows),
                interval_words("line", question.level) if known(rows, "low") else "",
                f"undefined where there is no dot ({undefined})" if undefined else "",
            ],
            [groups.note],
        )
    )
