"""The pictures of growth, in the look of the other pictures of the docs."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import polars as pl

from fastmetrics.report.plots import save

__all__ = ["FROM_PARQUET", "draw_growth", "draw_threads"]

FROM_PARQUET = "fastmetrics, Parquet"
ORDER = ["fastmetrics", "bincount", "Polars", "DuckDB", FROM_PARQUET]
MARKS = [mark * 10**power for power in range(-1, 5) for mark in (1, 2, 5)]
WIDTH, HEIGHT = 460, 260


def draw_growth(table: pl.DataFrame, what: str, title: str, path: Path) -> None:
    """CPU time a row of each side, as ``what`` grows."""
    each = table.with_columns((pl.col("CPU s") * 1e9 / pl.col("rows")).alias("ns"))
    order = [side for side in ORDER if side in each["side"]]
    sizes = each["at"].unique().sort().to_list()
    chart = (
        alt.Chart(each, title=alt.TitleParams(title, subtitle="CPU time a row, lower is better; both axes logarithmic"))
        .mark_line(point=True)
        .encode(
            alt.X("at:Q", title=what, scale=alt.Scale(type="log", nice=False), axis=ticks(sizes)),
            alt.Y(
                "ns:Q",
                title="ns a row",
                scale=alt.Scale(type="log", nice=False),
                axis=alt.Axis(values=MARKS, format="~g"),
            ),
            alt.Color("side:N", title=None, sort=order, scale=alt.Scale(domain=order)),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    save(chart, path)


def ticks(sizes: list[int]) -> alt.Axis:
    """Marks at the sizes that were measured."""
    return alt.Axis(values=sizes, format="~s", grid=False, labelOverlap=True)


def draw_threads(walls: pl.DataFrame, predicted: pl.DataFrame, path: Path) -> None:
    """Speed-up by threads: what was measured as points, the model as dashed lines."""
    first = walls["wall s"][0]
    measured = walls.with_columns((first / pl.col("wall s")).alias("times"), pl.lit("measured").alias("series"))
    sizes = predicted.with_columns(
        ("model, " + pl.col("rows").map_elements(lambda rows: f"{rows:,} rows", pl.String)).alias("series")
    )
    names = ["measured", *sizes["series"].unique(maintain_order=True)]
    axis = alt.Axis(values=predicted["threads"].unique(maintain_order=True).to_list(), grid=False)
    x = alt.X("threads:Q", title="threads", scale=alt.Scale(type="log", base=2, nice=False), axis=axis)
    y = alt.Y("times:Q", title="times as fast as one thread", scale=alt.Scale(type="log", base=2))
    color = alt.Color("series:N", title=None, sort=names, scale=alt.Scale(domain=names))
    lines = alt.Chart(sizes).mark_line(strokeDash=[5, 4]).encode(x, y, color)
    points = alt.Chart(measured).mark_point(filled=True, size=80, opacity=1).encode(x, y, color)
    title = alt.TitleParams(
        "Threads: model x country x hour, in memory",
        subtitle="points were measured on wall time; lines are a model from one machine's CPU times, no measurement",
    )
    save(alt.layer(lines, points, title=title).properties(width=WIDTH, height=HEIGHT), path)
