"""What a picture is asked to show, and the numbers for it: all of them read from Counts, none counted here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

from fastmetrics.contract.columns import expression, expressions
from fastmetrics.errors import FastMetricsError
from fastmetrics.metric import Metric
from fastmetrics.reading.metrics import metrics
from fastmetrics.reading.ranks import worst
from fastmetrics.reading.resolve import Asked, resolve
from fastmetrics.report.files import json
from fastmetrics.report.keys import key_texts
from fastmetrics.report.plots.words import LONGEST_NAME, escape_tags, escape_title, listing, title_name
from fastmetrics.state.state import State

if TYPE_CHECKING:
    import altair as alt

__all__ = ["Groups", "Question", "check_points", "chosen", "data", "keyed", "metric_rows", "texts"]

MOST_ROWS = 20_000
"""Rows of a picture: more cannot be told apart on a screen, and 20,000 make an HTML file of 0.8 MB."""


@dataclass(frozen=True)
class Question:
    """Counts rolled up to the keys asked for (and windows, where the kind has them), and the metrics to read.

    ``keys`` are under numbered names, so that no column of ours is called so; ``called`` is what the user calls them.
    The first of the metrics ranks groups.
    """

    counts: State
    keys: tuple[str, ...]
    called: tuple[str, ...]
    metrics: tuple[str | Metric, ...]
    intervals: bool
    level: float

    @property
    def metric(self) -> str | Metric:
        """The first metric."""
        return self.metrics[0]

    @property
    def each(self) -> list[Question]:
        """A question of one metric for each of the metrics."""
        return [replace(self, metrics=(metric,)) for metric in self.metrics]

    @property
    def asked(self) -> Asked:
        """The row of the first metric and the name it was asked by."""
        return resolve(self.counts.layout, [self.metric])[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the keys, as titles have them."""
        return tuple(map(title_name, self.called))

    @property
    def labels(self) -> list[str]:
        """The names of the metrics, as titles have them, each another; without their family where that is one."""
        asked = resolve(self.counts.layout, self.metrics)
        names = [one.column.removeprefix(f"{one.family.name}.") if self.owner else one.column for one in asked]
        return texts(pl.DataFrame({"k0": names}))["group"].map_elements(escape_title, pl.String).to_list()

    @property
    def owner(self) -> str:
        """The family of all metrics, where it has a name that says more than its kind, such as that of a column."""
        families = {one.family for one in resolve(self.counts.layout, self.metrics)}
        family = families.pop()
        return "" if families or family.name == family.kind else family.name

    @property
    def title(self) -> str:
        """What is shown: ``recall``, ``p50 and p95 of latency_ms``."""
        return listing(self.labels) + (f" of {title_name(self.owner)}" if self.owner else "")

    @property
    def axis(self) -> str:
        """What an axis of the values is called: the title, where an axis has room for it."""
        if len(self.title) <= LONGEST_NAME:
            return self.title
        return self.labels[0] if len(self.metrics) == 1 else title_name(self.owner or self.asked.metric.scale)

    @property
    def rankable(self) -> bool:
        """Whether groups can be ordered from the worst."""
        row = self.asked.metric
        return bool(row.better and row.interval)


@dataclass(frozen=True)
class Groups:
    """The groups shown: their Counts, their keys as ``k0``, ``k1``, ... beside ``group``, and what was left out."""

    counts: State
    names: pl.DataFrame
    note: str

    @property
    def labels(self) -> list[str]:
        """What the groups are called, in the order of their keys."""
        return self.names["group"].to_list()

    def named(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with k0, k1, ... as rows with ``group``."""
        keys = [name for name in self.names.columns if name != "group"]
        if not keys:
            return rows.with_columns(group=pl.lit(self.labels[0]))
        named = rows.join(self.names, on=expressions(keys), how="left", nulls_equal=True, maintain_order="left")
        return named.select(cs.exclude(cs.by_name(*keys)))


def keyed(keys: tuple[str, ...]) -> dict[str, pl.Expr]:
    """The keys under names of ours, as a key may be called ``value`` or ``group`` too."""
    return {f"k{place}": expression(key) for place, key in enumerate(keys)}


def chosen(question: Question, most: int) -> Groups:
    """All groups, or of too many the worst (by the bound, see `Counts.worst`), or else the largest."""
    counts, keys = question.counts, question.keys
    totals = counts.rollup(*keys)
    if not keys:
        return Groups(counts, pl.DataFrame({"group": ["all rows"]}), "")
    groups = metrics(totals, [question.metric]).select(*expressions(keys), "n")
    if len(groups) <= most:
        return Groups(counts, texts(groups.select(**keyed(keys))), "")
    ranked = worst(totals, question.metric, most) if question.rankable else groups.head(0)
    how = f"the {len(ranked)} worst" if len(ranked) else f"the {most} largest"
    best = ranked if len(ranked) else groups.sort("n", descending=True, maintain_order=True).head(most)
    shown = groups.select(expressions(keys)).join(
        best.select(expressions(keys)), on=expressions(keys), how="semi", nulls_equal=True, maintain_order="left"
    )
    tables = {
        name: table.join(shown, on=expressions(keys), how="semi", nulls_equal=True, maintain_order="left")
        for name, table in counts.tables.items()
    }
    note = f"shown are {how} of {len(groups):,} groups"
    return Groups(replace(counts, tables=tables), texts(shown.select(**keyed(keys))), note)


def texts(keys: pl.DataFrame) -> pl.DataFrame:
    """Each tuple of keys with a text of its own: null is not the text ``(null)``, and the parts may hold a dot."""
    parts = (  # only null gives an empty text: that of an empty value is in quotes
        [escape_tags(text) or "(null)" for text in key_texts(column, LONGEST_NAME, null="")] for column in keys
    )
    frame = keys.with_columns(group=pl.Series(list(map(" · ".join, zip(*parts, strict=True))), dtype=pl.String))
    again = pl.int_range(pl.len()).over("group")
    return frame.with_columns(
        group=pl.col("group") + pl.when(again > 0).then(pl.format(" ({})", again + 1)).otherwise(pl.lit(""))
    )


def metric_rows(question: Question, counts: State, *, fill_empty: bool = False) -> pl.DataFrame:
    """The metric under names of ours: k0, k1, ..., window_start, window_end, n, coverage, value, low, high.

    Keys come in the order asked for, which may be another than that of the Counts; those of a total are left out.
    """
    frame = metrics(
        counts, [question.metric], intervals=question.intervals, level=question.level, fill_empty=fill_empty
    )
    column, keys = question.asked.column, question.keys if counts.layout.keys else ()
    has = [name for name in ("window_start", "window_end", "n") if name in frame.columns and name not in keys]
    none = pl.lit(None, dtype=pl.Float64)
    bounds = {side: pl.col(f"{column}_{side}") if question.intervals else none for side in ("low", "high")}
    coverage = pl.col("label_coverage") if "label_coverage" in frame.columns else none
    return frame.select(
        **keyed(keys), **{name: pl.col(name) for name in has}, coverage=coverage, value=column, **bounds
    )


def check_points(points: int) -> None:
    """Refuse a picture that nobody could read."""
    if points > MOST_ROWS:
        raise FastMetricsError(
            f"the picture would hold {points:,} points, and {MOST_ROWS:,} is the most: take longer windows with "
            "counts.rollup(..., 'window', every='1d'), or fewer groups with by= or counts.filter(...)"
        )


def data(frame: pl.DataFrame) -> alt.InlineData:
    """The frame as the data of a chart; floats to 6 digits, which no eye can tell from more.

    As text, because Altair copies and checks rows one by one, ever again: 15 s for the largest picture, 1 s as text.

    Raises
    ------
    FastMetricsError
        More rows than a picture can show.
    """
    import altair as alt

    check_points(len(frame))
    floats = pl.col(pl.Float64)
    rounded = frame.with_columns(pl.when(floats.is_finite()).then(floats.round_sig_figs(6)))
    return alt.InlineData(values=json(rounded).decode(), format=alt.JsonDataFormat(type="json"))
