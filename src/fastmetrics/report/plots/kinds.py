"""The table of kinds of pictures, and the choice of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fastmetrics.contract.capabilities import find_curve, lacking, the_only
from fastmetrics.contract.family import Family
from fastmetrics.errors import FastMetricsError, SchemaError, install, listed, unknown
from fastmetrics.families.curves import CURVES
from fastmetrics.metric import Metric
from fastmetrics.reading.cells import check_whole
from fastmetrics.reading.results import number_keys, numbered
from fastmetrics.report.plots.curves import draw_curve
from fastmetrics.report.plots.grids import confusion, heatmap
from fastmetrics.report.plots.question import Question
from fastmetrics.report.plots.series import bars, time
from fastmetrics.report.plots.themes import config
from fastmetrics.state.layout import Layout
from fastmetrics.state.state import State

if TYPE_CHECKING:
    from altair.typing import ChartType

__all__ = ["KINDS", "Kind", "plot"]


@dataclass(frozen=True)
class Kind:
    """A kind of picture.

    Attributes
    ----------
    name
        What ``kind=`` calls it.
    lacks
        What Counts and keys have not that it needs, in words; empty where it fits.
    draw
        The picture.
    windows
        Whether it tells windows apart.
    capability
        The field of a family that it draws; empty where it draws a metric of the caller's choice.
    metric
        The metric of that family that sums the picture up; None where none does.
    """

    name: str
    lacks: Callable[[Layout, Sequence[str]], str]
    draw: Callable[[Question], ChartType]
    windows: bool = False
    capability: str = ""
    metric: Callable[[Family], str] | None = None


def no_windows(layout: Layout, keys: Sequence[str]) -> str:
    return "" if layout.windows is not None else "windows: count with time= and every="


def no_two_keys(layout: Layout, keys: Sequence[str]) -> str:
    return "" if len(keys) == 2 else f"two keys, such as by=['model', 'country'], and got {listed(keys) or 'none'}"


def nothing(layout: Layout, keys: Sequence[str]) -> str:
    return ""


def no_matrix(layout: Layout, keys: Sequence[str]) -> str:
    return lacking(layout.families, "matrix")


def no_curves(layout: Layout, keys: Sequence[str]) -> str:
    return lacking(layout.families, "curves")


def of_curve(name: str) -> Kind:
    """The kind that draws a curve."""
    return Kind(
        name, no_curves, partial(draw_curve, name), False, "curves", lambda family: find_curve(family, name).metric
    )


# In the order in which they are tried where none is named: the third fits everything.
KINDS = (
    Kind("time", no_windows, time, windows=True),
    Kind("heatmap", no_two_keys, heatmap),
    Kind("bars", nothing, bars),
    Kind("confusion", no_matrix, confusion, capability="matrix"),
    *map(of_curve, CURVES),
)


def plot(
    counts: State,
    metric: str | Metric | None = None,
    by: str | Sequence[str] | None = None,
    *,
    kind: str | None = None,
    intervals: bool = True,
    level: float = 0.95,
) -> ChartType:
    """A picture of Counts, as an Altair chart: it shows itself in a notebook, `save` makes it a file.

    Parameters
    ----------
    metric
        The metric that ``time``, ``bars`` and ``heatmap`` show; by default the first headline of the first family.
        The other kinds show none.
    by
        The keys that tell groups apart, by default all; the Counts are rolled up to them. ``[]`` is the total.
    kind
        ``time``: lines over windows, above the rows in each. ``heatmap``: two keys against each other. ``bars``: a dot
        a group. Without a name: ``time`` of Counts with windows, else ``heatmap`` by two keys, else ``bars``.
        ``confusion``: labels against predictions. ``roc``, ``pr``, ``calibration``: curves of scores.
    intervals, level
        Show the intervals of `Counts.metrics`.

    Notes
    -----
    Too many groups for one picture are cut down to the worst, or to the largest where nothing says what is worse; the
    subtitle says so.

    Raises
    ------
    SchemaError
        An unknown kind, key or metric; a kind that these Counts cannot show; Counts that are a difference.
    FastMetricsError
        Altair is missing; Counts without rows; more points than a picture can hold.
    """
    if find_spec("altair") is None:
        raise FastMetricsError(f"a picture needs Altair: {install('plot')}")
    check_whole(counts)
    layout = counts.layout
    keys = named(by, layout)
    counts.rollup(*keys)  # refuses unknown keys and grouping sets before anything else is looked at
    row = picked(kind, layout, keys)
    if metric is not None and row.capability:
        name = metric if isinstance(metric, str) else metric.name
        raise SchemaError(f"kind={row.name!r} shows no metric of choice; leave out {name!r}, or name another kind")
    if not counts.rows:
        raise FastMetricsError("these Counts hold no rows, so there is nothing to draw")
    numbers = dict(zip(layout.keys, numbered(layout.keys), strict=True))
    places = tuple(numbers[key] for key in keys)
    rolled = number_keys(counts).rollup(*places, *(["window"] if row.windows else []))
    asked = wanted(row, layout) if metric is None else metric
    chart: ChartType = row.draw(Question(rolled, places, keys, asked, intervals, level)).configure(**config("light"))
    return chart


def named(by: str | Sequence[str] | None, layout: Layout) -> tuple[str, ...]:
    """The keys that were asked for, without the windows, which the kind decides on."""
    asked = [by] if isinstance(by, str) else list(layout.keys if by is None else by)
    for key in asked:
        if not isinstance(key, str):
            raise SchemaError(
                f"by= names keys of the Counts, got a {type(key).__name__}; compute keys in count(by=...)"
            )
    return tuple(key for key in dict.fromkeys(asked) if key != "window")


def picked(kind: str | None, layout: Layout, keys: Sequence[str]) -> Kind:
    """The kind that was named, else the first that fits; families may have curves of their own."""
    if kind is None:
        return next(row for row in KINDS if not row.lacks(layout, keys))
    curves = {name: of_curve(name) for family in layout.families for name in family.curves}
    table = {row.name: row for row in KINDS} | curves
    if kind not in table:
        raise SchemaError(unknown("kind", kind, table))
    lacks = table[kind].lacks(layout, keys)
    if lacks:
        raise SchemaError(f"kind={kind!r} needs {lacks}")
    return table[kind]


def wanted(kind: Kind, layout: Layout) -> str:
    """The metric that sums the picture up, else the first headline of the first family."""
    if kind.metric is None:
        family, name = layout.families[0], layout.families[0].headline[0]
    else:
        family = the_only(layout.families, kind.capability)
        name = kind.metric(family)
    return f"{family.name}.{name}" if len(layout.families) > 1 else name
