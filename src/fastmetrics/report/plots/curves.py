"""Curves of scores: what the threshold trades, and what a score is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from fastmetrics.metrics import Cells, Metric
from fastmetrics.reading.intervals import bounds
from fastmetrics.reading.metrics import metrics
from fastmetrics.reading.thresholds import curve
from fastmetrics.report.plots.question import Groups, Question, chosen, data, keyed, metric_rows
from fastmetrics.report.plots.words import (
    by_words,
    count_axis,
    interval_words,
    line_color,
    line_dash,
    rows_words,
    titled,
)

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["calibration", "ranking"]

SIDE = 380
MOST_CURVES = 12
TENTHS = [tenth / 10 for tenth in range(1, 10)]
AXES = {"roc": ("fpr", "tpr"), "pr": ("recall", "precision")}
WORDS = {
    "fpr": "false positive rate",
    "tpr": "true positive rate (recall)",
    "recall": "recall",
    "precision": "precision",
    "roc_auc": "AUC",
    "average_precision": "average precision",
    "ece": "calibration error",
}
TITLES = {"roc": "ROC curve", "pr": "Precision against recall", "calibration": "Calibration"}


def curve_rows(question: Question, kind: Literal["roc", "pr", "calibration"]) -> tuple[pl.DataFrame, Groups]:
    """The points of each curve under names of ours, whose group says how good the curve is."""
    curve(question.counts, kind)  # refuses scores that have no such curve before a metric of it is read
    groups = chosen(question, MOST_CURVES)
    values = metric_rows(question, groups.counts)["value"]
    said = [
        f"{label}, {WORDS[question.asked.metric.name]} {'-' if value is None else f'{value:.3f}'}"
        for label, value in zip(groups.labels, values, strict=True)
    ]
    groups = Groups(groups.counts, groups.names.with_columns(group=pl.Series(said)), groups.note)
    points = curve(groups.counts, kind)
    columns = points.columns[len(question.keys) :]
    points = points.select(**keyed(question.keys), **{name: pl.col(name) for name in columns})
    return groups.named(points), groups


def ranking(kind: Literal["roc", "pr"], question: Question) -> ChartType:
    """The curve of each group; dots mark the thresholds 0.1 to 0.9 where they were counted."""
    import altair as alt

    rows, groups = curve_rows(question, kind)
    across, up = AXES[kind]
    near = pl.any_horizontal((pl.col("threshold") - tenth).abs() < 1e-9 for tenth in TENTHS)
    rows = rows.with_row_index("place").with_columns(dot=near)
    color = line_color(groups.labels, ", ".join(question.names))
    axis = alt.Axis(format="~%", tickCount=5)
    base = alt.Chart(data(rows)).encode(
        x=alt.X(f"{across}:Q", title=WORDS[across], scale=alt.Scale(domain=[0, 1]), axis=axis),
        y=alt.Y(f"{up}:Q", title=WORDS[up], scale=alt.Scale(domain=[0, 1]), axis=axis),
        color=color,
    )
    # A precision holds for all recalls down to that of the next higher threshold, as average precision has it.
    line = base.mark_line(strokeWidth=2, interpolate="linear" if kind == "roc" else "step-before").encode(
        order="place:Q", strokeDash=line_dash(groups.labels, ", ".join(question.names))
    )
    dots = (
        base.transform_filter("datum.dot")
        .mark_point(filled=True, size=26, opacity=1)
        .encode(
            tooltip=[
                alt.Tooltip("group:N"),
                alt.Tooltip("threshold:Q", format=".1f"),
                *(alt.Tooltip(f"{name}:Q", title=WORDS[name], format=".2%") for name in (across, up)),
            ]
        )
    )
    dotted = "dots: thresholds 0.1 to 0.9" if rows["dot"].any() else ""
    return alt.layer(*references(kind, question, groups), alt.layer(line, dots)).properties(
        width=SIDE,
        height=SIDE,
        title=curve_title(
            kind, question, groups, dotted, "dashed: chance" if kind == "roc" else "dashed: share of positives"
        ),
    )


def curve_title(kind: str, question: Question, groups: Groups, *facts: str) -> alt.TitleParams:
    return titled(
        f"{TITLES[kind]}{by_words(question.names)}", [rows_words(question.counts.rows), *facts], [groups.note]
    )


def references(kind: str, question: Question, groups: Groups) -> list[alt.Chart]:
    """What a score that knows nothing reaches: the diagonal, or for precision the share of positives."""
    import altair as alt

    if kind != "pr":
        ends = pl.DataFrame({"from": [0.0], "to": [1.0]})
        marks = alt.Chart(data(ends)).mark_rule(style="reference")
        return [marks.encode(x=alt.X("from:Q"), x2="to:Q", y=alt.Y("from:Q"), y2="to:Q")]
    family = question.asked.family.name
    shares = metrics(groups.counts, [f"{family}.prevalence"])
    rows = groups.names.select("group").with_columns(prevalence=shares[f"{family}.prevalence"])
    rule = alt.Chart(data(rows)).mark_rule(strokeDash=[3, 3], strokeWidth=1.2, opacity=0.8)
    return [rule.encode(y=alt.Y("prevalence:Q"), color=line_color(groups.labels, ", ".join(question.names)))]


def calibration(question: Question) -> ChartType:
    """Observed share of positives against mean score, in tenths of the score, above the rows in each tenth."""
    import altair as alt

    rows, groups = curve_rows(question, "calibration")
    weighted = question.counts.layout.weighted
    if question.intervals and not weighted:
        rows = with_bounds(rows, question.level)
    color = line_color(groups.labels, ", ".join(question.names))
    axis = alt.Axis(format="~%", tickCount=5)
    scale = alt.Scale(domain=[0, 1])
    base = alt.Chart(data(rows)).encode(
        x=alt.X("mean_score:Q", title=None, scale=scale, axis=alt.Axis(labels=False, ticks=False, tickCount=5)),
        color=color,
    )
    y = alt.Y("observed_rate:Q", title="observed share of positives", scale=scale, axis=axis)
    layers = references("calibration", question, groups)
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
                alt.Tooltip("mean_score:Q", title="mean score", format=".4f"),
                alt.Tooltip("observed_rate:Q", title="observed", format=".2%"),
            ],
        )
    )
    totals = rows.group_by("low", "high", maintain_order=True).agg(pl.col("n").sum()).sort("low")
    volume = (
        alt.Chart(data(totals))
        .mark_bar(style="volume")
        .encode(
            x=alt.X("low:Q", title="mean score of a tenth", scale=scale, axis=axis),
            x2="high:Q",
            y=alt.Y("n:Q", title=["labelled", "rows"], axis=count_axis(2)),
            y2=alt.Y2Datum(0),
            tooltip=[alt.Tooltip("low:Q"), alt.Tooltip("high:Q"), alt.Tooltip("n:Q", format=",")],
        )
        .properties(width=SIDE, height=70)
    )
    lines = interval_words("upright lines", question.level) if "observed_low" in rows.columns else ""
    return alt.vconcat(alt.layer(*layers).properties(width=SIDE, height=SIDE), volume, spacing=6).properties(
        title=curve_title("calibration", question, groups, "dashed: perfectly calibrated", lines)
    )


def with_bounds(rows: pl.DataFrame, level: float) -> pl.DataFrame:
    """Wilson's bounds of each observed share, from the rows it is a share of."""
    observed = Metric("observed_rate", lambda c: c.positive, lambda c: c.n, "proportion")
    n = rows["n"].cast(pl.Float64)
    low, high = bounds(observed, Cells({"n": n.to_numpy(), "positive": (rows["observed_rate"] * n).to_numpy()}), level)
    return rows.with_columns(observed_low=pl.Series(low), observed_high=pl.Series(high))
