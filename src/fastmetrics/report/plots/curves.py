"""Curves of families: what a threshold trades, and what a score is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from fastmetrics.contract.capabilities import Curve, find_curve
from fastmetrics.contract.family import Family
from fastmetrics.metric import Cells, Metric
from fastmetrics.reading.intervals import bounds
from fastmetrics.reading.metrics import metrics
from fastmetrics.reading.thresholds import grouped
from fastmetrics.report.plots.distributions import of_numbers
from fastmetrics.report.plots.question import Groups, Question, chosen, data, keyed, metric_rows
from fastmetrics.report.plots.words import (
    by_words,
    count_axis,
    interval_words,
    line_color,
    line_dash,
    rows_words,
    title_name,
    titled,
)
from fastmetrics.state.state import State

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["draw_curve"]

SIDE = 380
MOST_CURVES = 12
TENTHS = [tenth / 10 for tenth in range(1, 10)]
BINS = {"low", "high", "n"}  # columns of curves whose points are bins


def draw_curve(name: str, question: Question) -> ChartType:
    """The curve of a name, of each group."""
    family, curve = find_curve(question.counts.layout.families, name)
    points(question.counts, question.keys, family, curve)  # refuses scores without it before its metric is read
    groups = chosen(question, MOST_CURVES)
    form = ".3f" if curve.of == "shares" else ",.4g"
    said = [
        f"{label}, {curve.words} {'-' if value is None else f'{value:{form}}'}"
        for label, value in zip(groups.labels, metric_rows(question, groups.counts)["value"], strict=True)
    ]
    groups = Groups(groups.counts, groups.names.with_columns(group=pl.Series(said)), groups.note)
    rows = groups.named(points(groups.counts, question.keys, family, curve))
    if curve.of != "shares":
        chart, facts = of_numbers(curve, question, groups, rows)
        return chart.properties(title=curve_title(curve, question, groups, *facts))
    return (of_bins if set(rows.columns) >= BINS else of_points)(curve, question, groups, rows)


def points(counts: State, keys: tuple[str, ...], family: Family, curve: Curve) -> pl.DataFrame:
    """The points of each group under names of ours."""
    outer, rows = grouped(counts, family, lambda table: curve.read(table, family))
    return pl.concat([outer.select(**keyed(keys)), rows], how="horizontal")


def of_points(curve: Curve, question: Question, groups: Groups, rows: pl.DataFrame) -> ChartType:
    """A line a group; dots mark the thresholds 0.1 to 0.9 where they were counted."""
    import altair as alt

    (across, across_words), (up, up_words) = curve.x, curve.y
    threshold = pl.col("threshold") if "threshold" in rows.columns else pl.lit(None, pl.Float64)
    near = pl.any_horizontal((threshold - tenth).abs() < 1e-9 for tenth in TENTHS)
    rows = rows.with_row_index("place").with_columns(dot=near.fill_null(value=False))
    color = line_color(groups.labels, ", ".join(question.names))
    axis = alt.Axis(format="~%", tickCount=5)
    base = alt.Chart(data(rows)).encode(
        x=alt.X(f"{across}:Q", title=across_words, scale=alt.Scale(domain=[0, 1]), axis=axis),
        y=alt.Y(f"{up}:Q", title=up_words, scale=alt.Scale(domain=[0, 1]), axis=axis),
        color=color,
    )
    line = base.mark_line(strokeWidth=2, interpolate="step-before" if curve.steps else "linear").encode(
        order="place:Q", strokeDash=line_dash(groups.labels, ", ".join(question.names))
    )
    dots = (
        base.transform_filter("datum.dot")
        .mark_point(filled=True, size=26, opacity=1)
        .encode(
            tooltip=[
                alt.Tooltip("group:N"),
                alt.Tooltip("threshold:Q", format=".1f"),
                *(alt.Tooltip(f"{name}:Q", title=words, format=".2%") for name, words in (curve.x, curve.y)),
            ]
        )
    )
    dotted = "dots: thresholds 0.1 to 0.9" if rows["dot"].any() else ""
    marks = alt.layer(line, dots) if dotted else line
    return alt.layer(*references(curve, question, groups), marks).properties(
        width=SIDE, height=SIDE, title=curve_title(curve, question, groups, dotted, f"dashed: {curve.reference_words}")
    )


def curve_title(curve: Curve, question: Question, groups: Groups, *facts: str) -> alt.TitleParams:
    owner = f" of {title_name(question.owner)}" if question.owner else ""
    title = f"{curve.title}{owner}{by_words(question.names)}"
    return titled(title, [rows_words(question.counts.rows), *facts], [groups.note])


def references(curve: Curve, question: Question, groups: Groups) -> list[alt.Chart]:
    """What a score that knows nothing reaches: the diagonal, or a metric of each group."""
    import altair as alt

    if curve.reference == "diagonal":
        ends = pl.DataFrame({"from": [0.0], "to": [1.0]})
        marks = alt.Chart(data(ends)).mark_rule(style="reference")
        return [marks.encode(x=alt.X("from:Q"), x2="to:Q", y=alt.Y("from:Q"), y2="to:Q")]
    asked = f"{question.asked.family.name}.{curve.reference}"
    rows = groups.names.select("group", metrics(groups.counts, [asked])[asked].alias(curve.reference))
    rule = alt.Chart(data(rows)).mark_rule(strokeDash=[3, 3], strokeWidth=1.2, opacity=0.8)
    return [rule.encode(y=alt.Y(f"{curve.reference}:Q"), color=line_color(groups.labels, ", ".join(question.names)))]


def of_bins(curve: Curve, question: Question, groups: Groups, rows: pl.DataFrame) -> ChartType:
    """A point a bin, with the bounds of its share, above the rows in each bin."""
    import altair as alt

    (across, across_words), (up, up_words) = curve.x, curve.y
    weighted = question.counts.layout.weighted
    if question.intervals and not weighted:
        rows = with_bounds(rows, up, question.level)
    color = line_color(groups.labels, ", ".join(question.names))
    axis = alt.Axis(format="~%", tickCount=5)
    scale = alt.Scale(domain=[0, 1])
    base = alt.Chart(data(rows)).encode(
        x=alt.X(f"{across}:Q", title=None, scale=scale, axis=alt.Axis(labels=False, ticks=False, tickCount=5)),
        color=color,
    )
    y = alt.Y(f"{up}:Q", title=up_words, scale=scale, axis=axis)
    layers = references(curve, question, groups)
    if "observed_low" in rows.columns:
        layers.append(
            base.mark_rule(opacity=0.45, strokeWidth=1.5).encode(y=alt.Y("observed_low:Q"), y2="observed_high:Q")
        )
    layers.append(
        base.mark_line(strokeWidth=2).encode(y=y, strokeDash=line_dash(groups.labels, ", ".join(question.names)))
    )
    layers.append(
        base.mark_point(filled=True, size=36, opacity=1).encode(
            y=y,
            tooltip=[
                alt.Tooltip("group:N"),
                alt.Tooltip("n:Q", title="labelled rows", format=","),
                alt.Tooltip(f"{across}:Q", title=across_words, format=".4f"),
                alt.Tooltip(f"{up}:Q", title=up_words, format=".2%"),
            ],
        )
    )
    totals = rows.group_by("low", "high", maintain_order=True).agg(pl.col("n").sum()).sort("low")
    volume = (
        alt.Chart(data(totals))
        .mark_bar(style="volume")
        .encode(
            x=alt.X("low:Q", title=f"{across_words} of a bin", scale=scale, axis=axis),
            x2="high:Q",
            y=alt.Y("n:Q", title=["labelled", "rows"], axis=count_axis(2)),
            y2=alt.Y2Datum(0),
            tooltip=[alt.Tooltip("low:Q"), alt.Tooltip("high:Q"), alt.Tooltip("n:Q", format=",")],
        )
        .properties(width=SIDE, height=70)
    )
    lines = interval_words("upright lines", question.level) if "observed_low" in rows.columns else ""
    return alt.vconcat(alt.layer(*layers).properties(width=SIDE, height=SIDE), volume, spacing=6).properties(
        title=curve_title(curve, question, groups, f"dashed: {curve.reference_words}", lines)
    )


def with_bounds(rows: pl.DataFrame, share: str, level: float) -> pl.DataFrame:
    """Wilson's bounds of each observed share, from the rows it is a share of."""
    observed = Metric(share, lambda c: c.positive, lambda c: c.n, "proportion")
    n = rows["n"].cast(pl.Float64)
    low, high = bounds(observed, Cells({"n": n.to_numpy(), "positive": (rows[share] * n).to_numpy()}), level)
    return rows.with_columns(observed_low=pl.Series(low), observed_high=pl.Series(high))
