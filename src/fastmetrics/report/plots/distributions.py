"""Curves over numbers of any size, which are far apart, on either side of 0, or on no axis at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from fastmetrics.contract.capabilities import Curve
from fastmetrics.errors import FastMetricsError
from fastmetrics.report.plots.axes import is_wide, log_axis
from fastmetrics.report.plots.question import Groups, Question, data
from fastmetrics.report.plots.words import LOGARITHMIC, line_color, line_dash, title_name

if TYPE_CHECKING:
    import altair as alt

__all__ = ["of_numbers"]

WIDTH, HEIGHT = 560, 320
MISSING = "without a number"
X, Y, N = pl.col("x"), pl.col("y"), pl.col("n")
KINDS = {
    "negative": X.is_finite() & (X < 0),
    "zero": X == 0,
    "positive": X.is_finite() & (X > 0),
    "infinite": X.is_infinite(),
    MISSING: X.is_null(),
}


@dataclass(frozen=True)
class Shown:
    """The points of curves that are on an axis, whether it is logarithmic, and what is not on it, in words."""

    points: pl.DataFrame
    logarithmic: bool
    left_out: str


def of_numbers(curve: Curve, question: Question, groups: Groups, rows: pl.DataFrame) -> tuple[alt.Chart, list[str]]:
    """A line a group, and what its reader must know: how wide bins are, and which rows are not on the axis."""
    import altair as alt

    bins = "low" in rows.columns
    shown = on_axis(rows.select("group", "n", x=curve.x[0], y=curve.y[0]), bins)
    name, title = title_name(question.owner) or curve.x[1], ", ".join(question.names)
    line = alt.Chart(data(shown.points.select("group", "x", "y").with_row_index("place"))).mark_line(
        strokeWidth=2, interpolate="step-after" if curve.steps else "linear"
    )
    top = alt.Scale() if bins else alt.Scale(domain=[0, 1])
    words = f"{name} {LOGARITHMIC}" if shown.logarithmic else name
    chart: alt.Chart = line.encode(
        x=alt.X("x:Q", title=words, **number_axis(shown.points["x"], shown.logarithmic)),
        y=alt.Y("y:Q", title=curve.y[1], axis=alt.Axis(format="~%", tickCount=5), scale=top),
        order="place:Q",
        color=line_color(groups.labels, title),
        strokeDash=line_dash(groups.labels, title),
    )
    return chart.properties(width=WIDTH, height=HEIGHT), [bin_words(rows) if bins else "", shown.left_out]


def on_axis(points: pl.DataFrame, bins: bool) -> Shown:
    """The points that one axis can hold: of bins, which are of equal ratio, those on the side of 0 that has more rows.

    Raises
    ------
    FastMetricsError
        There is none.
    """
    points = points.with_columns(before=Y.shift(1, fill_value=0.0).over("group"))
    rows = points.select(N.filter(where).sum().alias(kind) for kind, where in KINDS.items()).row(0, named=True)
    side = "negative" if rows["negative"] > rows["positive"] else "positive"
    one_side = not (rows["negative"] and rows["positive"])
    logarithmic = bins or (one_side and is_wide(points.filter(KINDS[side])["x"].abs()))
    kinds = [side] if logarithmic else ["negative", "zero", "positive"]
    held = sum(rows[kind] for kind in kinds)
    if not held:
        why = "every number is 0 or infinite" if sum(rows.values()) > rows[MISSING] else "no row has a number"
        raise FastMetricsError(f"{why}, so there is nothing to draw on the axis of this picture")
    points = points.filter(pl.any_horizontal(KINDS[kind] for kind in kinds))
    points = visible(points) if bins else with_starts(points)
    left = {kind: number for kind, number in rows.items() if kind not in kinds}
    left["further out"] = held - points["n"].sum()
    parts = [f"{100 * number / sum(rows.values()):.3g} % {kind}" for kind, number in left.items() if number > 0]
    return Shown(points, logarithmic, f"not on the axis: {', '.join(parts)}" if parts else "")


def visible(points: pl.DataFrame) -> pl.DataFrame:
    """The points from the first to the last bin whose height can be seen, with the next on both sides."""
    heights = points.group_by("x").agg(Y.max()).sort("x")
    seen = heights.select((Y.max() / HEIGHT <= Y).arg_true())["y"]
    first, last = max(seen[0] - 1, 0), min(seen[-1] + 1, len(heights) - 1)
    return points.filter(X.is_between(heights["x"][first], heights["x"][last]))


def with_starts(points: pl.DataFrame) -> pl.DataFrame:
    """The points of steps, and before those of each group one from which its line rises, with the rows on its left."""
    first = points.group_by("group", maintain_order=True).first().with_columns(y="before", n=pl.lit(0.0))
    return pl.concat([first.select(points.columns), points]).sort("group", maintain_order=True)


def number_axis(numbers: pl.Series, logarithmic: bool) -> dict[str, Any]:
    """The options of the axis of some numbers."""
    import altair as alt

    if logarithmic:
        return log_axis(float(numbers.min()), float(numbers.max()))  # type: ignore[arg-type]
    return {"scale": alt.Scale(zero=False), "axis": alt.Axis(format=",~r", tickCount=8, labelOverlap="greedy")}


def bin_words(rows: pl.DataFrame) -> str:
    """How far apart the ends of bins are: ``bins: a factor of 1.19``."""
    ratio = rows.filter(pl.col("low") > 0, pl.col("high").is_finite()).select(pl.col("high") / pl.col("low"))
    return f"bins: a factor of {ratio.item(0, 0):.3g}" if len(ratio) else ""
