"""Titles, numbers and scales in plain words: what every kind of picture says in the same way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isinf
from typing import TYPE_CHECKING, Any

import polars as pl

from fastmetrics.metric import Metric
from fastmetrics.report.plots.themes import COLORS
from fastmetrics.windows import Windows
from fastmetrics.wording import readable

if TYPE_CHECKING:
    import altair as alt

__all__ = [
    "cell_format",
    "value_texts",
    "value_tips",
    "LOGARITHMIC",
    "MOST_METRICS",
    "NUMBERS",
    "axis_format",
    "by_words",
    "count_axis",
    "escape_tags",
    "escape_title",
    "interval_words",
    "line_color",
    "line_dash",
    "listing",
    "metric_dash",
    "title_name",
    "rows_words",
    "titled",
    "window_words",
]

UNITS = {
    "us": "microsecond",
    "ms": "millisecond",
    "s": "second",
    "m": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "mo": "month",
    "q": "quarter",
    "y": "year",
}
LONGEST_NAME = 34  # characters, which themes have room for: Vega would cut the end, by which names often differ
TAG = re.compile("<(?=[A-Za-z/!?])")
DASHES = ([1, 0], [6, 3], [2, 2], [9, 3, 2, 3])
NUMBERS = ",~g"  # of any size, in the language of d3
LOGARITHMIC = "(logarithmic)"
MOST_METRICS = len(DASHES)


def title_name(name: object) -> str:
    """The name of a column, metric or class, as a title has it."""
    return escape_title(readable(name, LONGEST_NAME))


def escape_title(text: str) -> str:
    """Printable text as a title: Vega-Lite writes titles into expressions, where a backslash would begin a code."""
    return escape_tags(text).replace("\\", "\N{SET MINUS}")


def escape_tags(text: str) -> str:
    r"""Printable text as a picture may hold it: what would begin a tag, where a page takes the picture in, is broken.

    >>> print(escape_tags("<18"), escape_tags("</script>"))
    <18 \x3c/script>
    """
    return TAG.sub(r"\\x3c", text)


def titled(title: str, *lines: Sequence[str]) -> alt.TitleParams:
    """A title, and below it lines of facts; empty facts and lines are left out."""
    import altair as alt

    subtitle = [" · ".join(filter(None, line)) for line in lines]
    return alt.TitleParams(text=title, subtitle=[line for line in subtitle if line])


def window_words(windows: Windows) -> str:
    """``windows of 1 day``."""
    parts = re.findall(r"(\d+)([a-z]+)", windows.every)
    return "windows of " + " ".join(f"{count} {UNITS[unit]}{'s' * (count != '1')}" for count, unit in parts)


def by_words(keys: Sequence[str]) -> str:
    """`` by model, country and device``, nothing for the total."""
    return f" by {listing(keys)}" if keys else ""


def listing(names: Sequence[str]) -> str:
    """``model, country and device``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def cell_format(metric: Metric) -> str:
    """How a value is written on a cell of 40 pixels."""
    return ".3p" if metric.kind == "proportion" else ".2f" if metric.range[1] <= 1 else ",.3~r"


def value_tips(column: str) -> list[alt.Tooltip]:
    """What a mark of one value says: rows, and what ``told`` has, which is made of `value_texts`."""
    import altair as alt

    return [alt.Tooltip("n:Q", title="rows", format=","), alt.Tooltip("told:N", title=column)]


def value_texts(rows: pl.DataFrame, metric: Metric) -> pl.Series:
    """``81.2% [77.1%, 84.3%]`` of each value and its bounds, and ``-`` for what is not known."""
    share = metric.kind == "proportion"

    def text(value: float | None) -> str:
        if value is None:
            return "-"
        if isinf(value):
            return "∞" if value > 0 else "-∞"
        return f"{100 * value:.3g}%" if share else f"{value:,.4g}"

    told = [
        text(value) + ("" if low is None else f" [{text(low)}, {text(high)}]")
        for value, low, high in rows.select("value", "low", "high").iter_rows()
    ]
    return pl.Series("told", told, dtype=pl.String)


def rows_words(rows: int) -> str:
    """``12,345 rows``."""
    return f"{rows:,} row{'s' * (rows != 1)}"


def interval_words(mark: str, level: float) -> str:
    """``band: 95 % interval``."""
    return f"{mark}: {100 * level:g} % interval"


def axis_format(metric: Metric) -> str:
    """How a value is written on an axis, in the language of d3: a share of rows is a percentage."""
    return "~%" if metric.kind == "proportion" else ",~r"


def count_axis(ticks: int) -> alt.Axis:
    """Numbers of rows as ``20k``; nothing is ``0``, not ``0k``."""
    import altair as alt

    return alt.Axis(tickCount=ticks, format="~s", labelExpr="datum.value == 0 ? '0' : datum.label")


def line_color(labels: Sequence[str], title: str) -> alt.Color:
    """A colour of the theme for each group, none where there is but one."""
    import altair as alt

    shown: Any = alt.Legend(title=title, symbolType="stroke") if len(labels) > 1 else None
    return alt.Color("group:N", scale=alt.Scale(domain=list(labels)), legend=shown)


def line_dash(labels: Sequence[str], title: str) -> alt.StrokeDash:
    """Dashes for the groups that come after the last colour, which begin with the first colour again."""
    return dashed("group", labels, [DASHES[min(place // COLORS, 1)] for place in range(len(labels))], title)


def metric_dash(labels: Sequence[str]) -> alt.StrokeDash:
    """Dashes for each metric, where colours are groups."""
    return dashed("metric", labels, DASHES[: len(labels)], "metric")


def dashed(column: str, labels: Sequence[str], dashes: Sequence[Sequence[float]], title: str) -> alt.StrokeDash:
    import altair as alt

    legend: Any = alt.Legend(title=title, symbolType="stroke") if len(labels) > 1 else None
    return alt.StrokeDash(f"{column}:N", scale=alt.Scale(domain=list(labels), range=list(dashes)), legend=legend)
