"""A metric over two keys, and labels against predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from fastmetrics.contract.capabilities import the_only
from fastmetrics.contract.columns import column_name, unused_name
from fastmetrics.contract.family import Family
from fastmetrics.metric import Metric
from fastmetrics.reading.thresholds import grouped
from fastmetrics.report.plots.axes import is_log
from fastmetrics.report.plots.question import Question, chosen, data, keyed, metric_rows, texts
from fastmetrics.report.plots.words import (
    LOGARITHMIC,
    axis_format,
    by_words,
    cell_format,
    rows_words,
    title_name,
    titled,
    value_texts,
    value_tips,
)
from fastmetrics.state.state import State

if TYPE_CHECKING:
    import altair as alt
    from altair.typing import ChartType

__all__ = ["confusion", "heatmap"]

FEW_ROWS = 100
MOST_PLACES = 40
MOST_FACETS = 9
MOST_CLASSES = 30
NO_LABEL, NO_ANSWER = "(no label)", "(no answer)"
SIDES = ("label", "prediction")


def heatmap(question: Question) -> ChartType:
    """The first key against the second, worse values stronger in colour, groups of few rows pale."""
    import altair as alt

    rows, notes = largest_places(metric_rows(question, question.counts), question.names)
    metric = question.asked.metric
    infinite = int(rows["value"].is_infinite().sum())
    if infinite:
        notes.append(f"infinite and without colour: {infinite:,} cell{'s' * (infinite != 1)}")
    finite = pl.when(pl.col("value").is_finite()).then("value")
    rows = rows.with_columns(value_texts(rows, metric), value=finite)
    logarithmic = is_log(rows["value"], metric)
    split = bool((rows["value"] < 0).any() and (rows["value"] > 0).any())
    shown = pl.min_horizontal(0.25 + 0.75 * pl.col("n") / FEW_ROWS, 1.0)
    rows = rows.with_columns(shown=shown, strong=(strength(metric, split, logarithmic) > 0.55) & (shown > 0.6))
    rows, orders = spelled(rows)
    size = cell_size(rows["k1"].n_unique(), rows["k0"].n_unique())
    axis: dict[str, Any] = {"domain": False, "ticks": False}
    tilted = alt.Axis(orient="top", labelAngle=tilt(orders["k1"], size), **axis)
    base = alt.Chart(data(rows.select("k0", "k1", "n", "value", "low", "high", "told", "shown", "strong"))).encode(
        x=alt.X("k1:N", title=question.names[1], sort=orders["k1"], axis=tilted),
        y=alt.Y("k0:N", title=question.names[0], sort=orders["k0"], axis=alt.Axis(**axis)),
    )
    faint = int((rows["n"] < FEW_ROWS).sum())
    pale = f"pale: under {FEW_ROWS} rows ({faint:,} of {len(rows):,} cells)" if faint else ""
    return alt.layer(
        heat(base, question, split, logarithmic), *(written(base, metric) if size >= 40 else [])
    ).properties(
        width=alt.Step(size),
        height=alt.Step(min(size, 36)),
        title=titled(f"{question.title}{by_words(question.names)}", [rows_words(question.counts.rows), pale], notes),
    )


def heat(base: alt.Chart, question: Question, split: bool, logarithmic: bool) -> alt.Chart:
    """The coloured cells. Values on both sides of 0 get two colours, others one, the worse the stronger."""
    import altair as alt

    metric, column = question.asked.metric, question.title
    reverse = metric.better == "higher"
    scale = alt.Scale(domainMid=0) if split else alt.Scale(reverse=reverse, zero=False, nice=False)
    if logarithmic:
        scale = alt.Scale(type="log", reverse=reverse, nice=False)
    words = column if split or metric.better is None else f"{column}, strong: worse"
    title = [words, LOGARITHMIC] if logarithmic else words
    legend = alt.Legend(title=title, format=axis_format(metric), gradientLength=160)
    tips = [
        alt.Tooltip("k0:N", title=question.names[0]),
        alt.Tooltip("k1:N", title=question.names[1]),
        *value_tips(column),
    ]
    opacity = alt.Opacity("shown:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
    color = alt.Color("value:Q", scale=scale, legend=legend)
    cells: alt.Chart = base.mark_rect(style="cell").encode(color=color, opacity=opacity, tooltip=tips)
    return cells


def written(base: alt.Chart, metric: Metric) -> list[alt.Chart]:
    """The values on the cells, in the ink that can be read there."""
    import altair as alt

    text = alt.Text("value:Q", format=cell_format(metric))
    return [
        base.transform_filter(f"{rule} && isValid(datum.value)").mark_text(style=style).encode(text=text)
        for rule, style in (("datum.strong", "on_strong"), ("!datum.strong", "on_weak"))
    ]


def spelled(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    """The rows with the values of k0 and k1 as text, and the texts in the order of the values, null last."""
    orders = {}
    for key in ("k0", "k1"):
        names = texts(rows.select(key).unique().sort(key, nulls_last=True))
        rows = rows.join(names, on=key, nulls_equal=True, maintain_order="left").drop(key).rename({"group": key})
        orders[key] = names["group"].to_list()
    return rows, orders


def largest_places(rows: pl.DataFrame, titles: Sequence[str]) -> tuple[pl.DataFrame, list[str]]:
    """The rows and columns of the picture that hold most, and a note of what was left out."""
    notes = []
    for name, title in zip(("k0", "k1"), titles, strict=True):
        totals = rows.group_by(name, maintain_order=True).agg(pl.col("n").sum())
        if len(totals) > MOST_PLACES:
            notes.append(f"shown are the {MOST_PLACES} largest of {len(totals):,} values of {title}")
            kept = totals.sort("n", descending=True, maintain_order=True).head(MOST_PLACES)
            rows = rows.join(kept.select(name), on=name, how="semi", nulls_equal=True, maintain_order="left")
    return rows, notes


def strength(metric: Metric, split: bool, logarithmic: bool) -> pl.Expr:
    """How strong the colour of a cell is, from 0 to 1, as text on it needs to know."""
    value = pl.col("value").log() if logarithmic else pl.col("value")
    if split:
        return value.abs() / value.abs().max()
    place = (value - value.min()) / (value.max() - value.min())
    return 1 - place if metric.better == "higher" else place


def cell_size(columns: int, rows: int) -> int:
    """How many pixels a cell is wide, so that the picture stays within a page."""
    return max(18, min(64, 720 // max(columns, 1), 900 // max(rows, 1)))


def tilt(names: Sequence[str], size: int) -> int:
    """The angle of names above cells of a width, so that they do not run into each other."""
    return 0 if max(map(len, names)) * 6.5 <= size + 6 else -45


def confusion(question: Question) -> ChartType:
    """Labels against predictions, a panel a group: the colour is the share of the label's rows."""
    import altair as alt

    groups = chosen(question, MOST_FACETS)
    family = the_only(question.counts.layout.families, "matrix")
    cells, order, left_out = fewer_classes(*matrix_cells(groups.counts, family, question.keys))
    keys = list(keyed(question.keys))
    cells = cells.group_by(*keys, *SIDES, maintain_order=True).agg(pl.col("rows").sum())
    cells = cells.with_columns(share=pl.col("rows") / pl.col("rows").sum().over(*keys, "label")).fill_nan(None)
    panel = confusion_panel(groups.named(cells), order, family)
    weighted = question.counts.layout.weighted
    title = titled(
        f"labels against predictions{by_words(question.names)}",
        [
            rows_words(question.counts.rows),
            "colour: share of the rows with the label",
            "numbers: sums of weights" if weighted else "",
        ],
        [groups.note, left_out],
    )
    if len(groups.labels) == 1:
        return panel.properties(title=title)
    facet = alt.Facet("group:N", title=None, sort=groups.labels)
    # Axes of their own, as a shared one is drawn below the hole that five panels in three columns leave, too.
    panels: ChartType = panel.facet(facet=facet, columns=3, spacing=24).resolve_axis(x="independent")
    return panels.properties(title=title)


def confusion_panel(cells: pl.DataFrame, order: tuple[list[str], list[str]], family: Family) -> alt.LayerChart:
    import altair as alt

    size = cell_size(max(map(len, order)), 1) if len(order[0]) > 8 else 68
    told = len(order[0]) <= 8
    axis: dict[str, Any] = {"domain": False, "ticks": False}
    base = alt.Chart(data(cells.select("group", "label", "prediction", "rows", "share"))).encode(
        x=alt.X(
            "prediction:N",
            title=role_words(family, "prediction"),
            sort=order[1],
            axis=alt.Axis(**axis, labelAngle=tilt(order[1], size)),
        ),
        y=alt.Y("label:N", title=role_words(family, "label"), sort=order[0], axis=alt.Axis(**axis)),
    )
    color = alt.Color(
        "share:Q", scale=alt.Scale(domain=[0, 1]), legend=alt.Legend(title="share of label", format=".0%")
    )
    tips = [
        alt.Tooltip("group:N"),
        alt.Tooltip("label:N"),
        alt.Tooltip("prediction:N"),
        alt.Tooltip("rows:Q", format=","),
        alt.Tooltip("share:Q", title="share of label", format=".2%"),
    ]
    layers = [base.mark_rect(style="cell").encode(color=color, tooltip=tips)]
    if told:
        for rule, style in (("datum.share > 0.5", "on_strong"), ("!(datum.share > 0.5)", "on_weak")):
            some = base.transform_filter(rule)
            layers += [
                some.transform_filter("isValid(datum.share)")
                .mark_text(style=style, dy=-8, fontWeight="bold")
                .encode(text=alt.Text("share:Q", format=".1%")),
                some.mark_text(style=style, dy=9, fontSize=11).encode(text=alt.Text("rows:Q", format=",")),
            ]
    return alt.LayerChart(layer=layers, width=alt.Step(size), height=alt.Step(48 if told else size))


def role_words(family: Family, name: str) -> str:
    """``prediction (score ≥ 0.5)``: a role and what it is read from, where that says more."""
    role = next((role for role in family.roles if role.name == name), None)
    if role is None or column_name(role.column) == name:
        return name
    least = "" if role.threshold is None else f" ≥ {role.threshold:g}"
    return f"{name} ({title_name(column_name(role.column))}{least})"


def matrix_cells(counts: State, family: Family, keys: tuple[str, ...]) -> tuple[pl.DataFrame, Sequence[Any]]:
    """k0, ..., label, prediction and rows (or their weight) of each group, and the labels to show first."""
    matrix = family.matrix
    assert matrix is not None
    outer, cells = grouped(counts, family, lambda table: matrix.read(table, family))
    return pl.concat([outer.select(**keyed(keys)), cells], how="horizontal"), matrix.order(family)


def fewer_classes(cells: pl.DataFrame, first: Sequence[Any]) -> tuple[pl.DataFrame, tuple[list[str], list[str]], str]:
    """The cells with classes as text, rare ones as one; the order of labels and of predictions; what was left out."""
    totals = class_totals(cells, first)
    kept, note = totals["text"].to_list(), ""
    names = set(kept)
    if len(names) > MOST_CLASSES:
        most = set(totals.sort("rows", descending=True, maintain_order=True).head(MOST_CLASSES - 1)["text"])
        kept = [name for name in kept if name in most]
        note = f"the {len(kept)} most frequent of {len(names):,} classes, the others together"
    other = unused_name(f"other ({len(names) - len(kept):,})", names)
    shown = totals.select("class", pl.when(pl.col("text").is_in(kept)).then("text").otherwise(pl.lit(other)))
    orders = []
    for side, none in zip(SIDES, (NO_LABEL, NO_ANSWER), strict=True):
        none = unused_name(none, names)
        has_none = bool(cells[side].has_nulls())
        called = shown.rename({"class": side, "text": "name"})
        cells = cells.join(called, on=side, how="left", maintain_order="left").drop(side)
        cells = cells.select(pl.exclude("name"), pl.col("name").fill_null(none).alias(side))
        orders.append([*kept, *([other] if note else []), *([none] if has_none else [])])
    return cells, (orders[0], orders[1]), note


def class_totals(cells: pl.DataFrame, first: Sequence[Any]) -> pl.DataFrame:
    """Each class as ``class`` and ``text``, with the rows in which it is label or prediction: sorted behind those that
    come ``first``.
    """
    both = pl.concat(cells.select(pl.col(side).alias("class"), "rows") for side in SIDES).drop_nulls("class")
    totals = both.group_by("class").agg(pl.col("rows").sum()).sort("class")
    listed = pl.Series("class", list(first)).cast(totals.schema["class"], strict=False).to_frame()
    totals = pl.concat(
        [
            listed.join(totals, on="class", how="inner", maintain_order="left"),
            totals.join(listed, on="class", how="anti", maintain_order="left"),
        ]
    )
    return totals.hstack(texts(totals.select("class")).select(text="group"))
