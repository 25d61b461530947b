"""A metric over windows, and a metric of each group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from fastmetrics.errors import FastMetricsError
from fastmetrics.report.plots.axes import ValueAxis, fitted
from fastmetrics.report.plots.question import Groups, Question, check_points, chosen, data, metric_rows
from fastmetrics.report.plots.words import (
    by_words,
    count_axis,
    escape_title,
    interval_words,
    line_color,
    line_dash,
    metric_dash,
    rows_words,
    titled,
    value_texts,
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


@dataclass(frozen=True)
class Lines:
    """The lines of a picture: one row a window of a line, and what tells lines apart.

    Attributes
    ----------
    rows
        ``line``, its ``group``, which has a colour, and its ``metric``, which has a dash where there are several
        groups.
    names
        Of all lines.
    groups, title
        What has a colour, and what that is.
    metrics
        What has a dash; none where groups have them.
    """

    rows: pl.DataFrame
    names: list[str]
    groups: list[str]
    title: str
    metrics: list[str]

    @classmethod
    def of(cls, question: Question, groups: Groups, zone: str) -> Lines:
        """The lines of all groups and metrics: those of one group have a colour a metric."""
        rows = pl.concat(
            groups.named(on_clock(metric_rows(one, groups.counts, fill_empty=True), zone)).with_columns(
                metric=pl.lit(label)
            )
            for one, label in zip(question.each, question.labels, strict=True)
        )
        title = ", ".join(question.names)
        if len(question.metrics) == 1:
            return cls(rows.with_columns(line="group"), groups.labels, groups.labels, title, [])
        if len(groups.labels) == 1:
            rows = rows.with_columns(line="metric", group="metric")
            return cls(rows, question.labels, question.labels, "metric", [])
        names = [f"{metric} · {group}" for metric in question.labels for group in groups.labels]
        rows = rows.with_columns(line=pl.format("{} · {}", "metric", "group"))
        return cls(rows, names, groups.labels, title, question.labels)

    @property
    def color(self) -> alt.Color:
        return line_color(self.groups, self.title)

    @property
    def dash(self) -> alt.StrokeDash:
        return metric_dash(self.metrics) if self.metrics else line_dash(self.groups, self.title)


def time(question: Question) -> ChartType:
    """A line a group with its interval as a band, above the rows of each window; no line where nothing is known."""
    import altair as alt

    groups = chosen(question, MOST_LINES // len(question.metrics))
    windows = question.counts.layout.windows
    assert windows is not None
    total = metric_rows(question.each[0], question.counts.rollup("window"))
    zone, zone_note = clock(total[WINDOW], windows.time_zone)
    volume = on_clock(total, zone)
    if not len(volume):
        raise FastMetricsError("no row of these Counts has a time, so there is nothing to draw over time")
    start, end = volume.select(pl.col("start").min(), pl.col("end").max()).row(0)
    axis = Axis(start, end, zone)
    shortest: int = volume.select((pl.col("end") - pl.col("start")).min()).item()
    check_points((end - start) // max(shortest, 1) * len(groups.labels) * len(question.metrics))  # before they are made
    lines = Lines.of(question, groups, zone)
    rows, values = fitted(spells(lines.rows), question.asked.metric, "band")
    lines = replace(lines, rows=rows)
    bands = len(lines.names) <= MOST_BANDS and len(rows) <= MOST_BAND_ROWS
    untimed = int(total.filter(pl.col(WINDOW).is_null())["n"].sum())
    title = titled(
        f"{question.title}{by_words(question.names)} over time",
        [
            rows_words(question.counts.rows),
            f"{window_words(windows)} in {windows.time_zone}",
            interval_words("band", question.level) if bands and known(rows, "low") else "",
            "no bands, as they would hide each other" if known(rows, "low") and not bands else "",
            "" if known(rows, "value") else "undefined in every window",
        ],
        [groups.note, zone_note, f"{rows_words(untimed)} without a time not shown" if untimed else ""],
        values.notes if bands else values.notes[1:],
    )
    # Layers in layers, so that the lines and their bands share one copy of the data.
    marks = alt.layer(*line_marks(question, lines, axis, values, bands))
    above = alt.layer(marks, hover(question, lines, volume, axis)).properties(width=WIDTH, height=280)
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
    there = pl.col("value").is_finite().fill_null(value=False)
    before, after = (there.shift(step, fill_value=False).over("line") for step in (1, -1))
    alone = there & ~before & ~after
    few = lines["start"].n_unique() <= FEW_WINDOWS
    return lines.with_columns(alone=alone, dot=(there & pl.lit(few)) | alone)


def line_marks(question: Question, lines: Lines, axis: Axis, values: ValueAxis, bands: bool) -> list[alt.Chart]:
    """Bands, lines, and dots with their bounds for values that no line leads to."""
    import altair as alt

    low, high = values.ends
    kept = ["group", *(["metric"] if lines.metrics else []), "middle", "n", "value", "low", "high", "alone", "dot"]
    rows = lines.rows.select(*dict.fromkeys([*kept, *values.ends]))
    y, edges = alt.Y("value:Q", **values.shown(question.axis)), {"y": alt.Y(f"{low}:Q"), "y2": alt.Y2(f"{high}:Q")}
    detail = ["metric:N"] if lines.metrics else []
    base = alt.Chart(data(rows)).encode(x=axis.x("middle", labels=False, ticks=False), color=lines.color)
    alone = base.transform_filter("datum.alone")
    opacity = 0.2 if len(lines.names) <= 3 else 0.1
    band = [
        base.mark_area(opacity=opacity, clip=True).encode(detail=detail, **edges),
        alone.mark_rule(opacity=0.5, strokeWidth=2, clip=True).encode(**edges),
    ]
    return [
        *(band if bands else []),
        base.mark_line(strokeWidth=2 if rows["middle"].n_unique() <= 200 else 1.2).encode(y=y, strokeDash=lines.dash),
        base.transform_filter("datum.dot").mark_point(filled=True, size=28, opacity=1).encode(y=y),
    ]


def hover(question: Question, lines: Lines, volume: pl.DataFrame, axis: Axis) -> alt.Chart:
    """Unseen strips, one a window, that tell all its values at once."""
    import altair as alt

    names = {label: f"g{place}" for place, label in enumerate(lines.names)}
    cells = lines.rows.select("start", pl.col("line").replace_strict(names, return_dtype=pl.String))
    told = value_texts(lines.rows, question.asked.metric)
    texts = [f"{text}, {rows_words(n)}" for text, n in zip(told, lines.rows["n"], strict=True)]
    wide = cells.with_columns(text=pl.Series(texts, dtype=pl.String)).pivot(on="line", index="start", values="text")
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
    metric, title = question.asked.metric, ", ".join(question.names)
    rows = pl.concat(
        metric_rows(one, groups.counts).hstack(groups.names.select("group")).with_columns(metric=pl.lit(label))
        for one, label in zip(question.each, question.labels, strict=True)
    )
    rows = rows.sort("value", descending=metric.better != "higher", nulls_last=True, maintain_order=True)
    rows, values = fitted(rows.with_columns(value_texts(rows, metric)), metric, "line")
    first = rows.filter(pl.col("metric") == question.labels[0])
    order = first["group"].to_list()
    y = alt.Y("group:N", sort=order, title=title or None, axis=alt.Axis(labelLimit=320, grid=True))
    low, high = values.ends
    kept = dict.fromkeys(["group", "metric", "n", "value", "low", "high", low, high, "told"])
    tips = [alt.Tooltip("group:N", title=title or "group"), alt.Tooltip("metric:N"), *value_tips(question.title)]
    base = alt.Chart(data(rows.select(*kept))).encode(y=y, tooltip=tips)
    dots = base.mark_point(filled=True, size=70, opacity=1)
    if len(question.metrics) > 1:
        dots = dots.encode(color=alt.Color("metric:N", scale=alt.Scale(domain=question.labels)))
    height = alt.Step(24)
    left = alt.layer(
        base.mark_rule(style="whisker", clip=True).encode(x=alt.X(f"{low}:Q"), x2=f"{high}:Q"),
        dots.encode(x=alt.X("value:Q", **values.shown(question.axis))),
    ).properties(width=460, height=height)
    undefined = rows["value"].null_count()
    return alt.hconcat(left, group_sizes(first.select("group", "n"), order, height), spacing=18).properties(
        title=titled(
            f"{question.title}{by_words(question.names) or ' of all rows'}",
            [
                rows_words(question.counts.rows),
                interval_words("line", question.level) if known(rows, "low") else "",
                f"undefined where there is no dot ({undefined})" if undefined else "",
            ],
            [groups.note, *values.notes],
        )
    )


def group_sizes(rows: pl.DataFrame, order: list[str], height: alt.Step) -> alt.LayerChart:
    """The rows of each group, in the order of the dots."""
    import altair as alt

    beside = alt.Chart(data(rows)).encode(
        y=alt.Y("group:N", sort=order, axis=None),
        x=alt.X("n:Q", title="rows", axis=alt.Axis(labels=False, ticks=False, grid=False)),
    )
    layers = [
        beside.mark_bar(style="volume", height=12),
        beside.mark_text(style="words", align="left", dx=4).encode(text=alt.Text("n:Q", format=",")),
    ]
    return alt.LayerChart(layer=layers, width=130, height=height)
