"""The table of kinds of pictures, and the choice of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fastmetrics.contract.capabilities import curves_of, find_curve, lacking
from fastmetrics.errors import FastMetricsError, SchemaError, install, listed, unknown
from fastmetrics.families import distributions
from fastmetrics.families.curves import CURVES
from fastmetrics.metric import Metric
from fastmetrics.reading.cells import check_whole
from fastmetrics.reading.resolve import Asked, resolve
from fastmetrics.reading.results import number_keys, numbered
from fastmetrics.report.plots.curves import draw_curve
from fastmetrics.report.plots.grids import confusion, heatmap
from fastmetrics.report.plots.question import Question
from fastmetrics.report.plots.series import bars, time
from fastmetrics.report.plots.themes import config
from fastmetrics.report.plots.words import MOST_METRICS
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
    several
        Whether it shows several metrics.
    """

    name: str
    lacks: Callable[[Layout, Sequence[str]], str]
    draw: Callable[[Question], ChartType]
    windows: bool = False
    capability: str = ""
    metric: Callable[[Layout], str] | None = None
    several: bool = False


def no_windows(layout: Layout, keys: Sequence[str]) -> str:
    return "" if layout.windows is not None else "windows: count with time= and every="


def no_two_keys(layout: Layout, keys: Sequence[str]) -> str:
    return "" if len(keys) == 2 else f"two keys, such as by=['model', 'country'], and got {listed(keys) or 'none'}"


def nothing(layout: Layout, keys: Sequence[str]) -> str:
    return ""


def no_matrix(layout: Layout, keys: Sequence[str]) -> str:
    return lacking(layout.families, "matrix")


def no_curves(layout: Layout, keys: Sequence[str]) -> str:
    return "" if curves_of(layout.families) else lacking(layout.families, "curves")


def curve_metric(layout: Layout, name: str) -> str:
    """The metric that sums a curve up."""
    family, curve = find_curve(layout.families, name)
    return f"{family.name}.{curve.metric}"


def of_curve(name: str) -> Kind:
    """The kind that draws a curve."""
    return Kind(name, no_curves, partial(draw_curve, name), False, "curves", partial(curve_metric, name=name))


# In the order in which they are tried where none is named: the third fits everything.
KINDS = (
    Kind("time", no_windows, time, windows=True, several=True),
    Kind("heatmap", no_two_keys, heatmap),
    Kind("bars", nothing, bars, several=True),
    Kind("confusion", no_matrix, confusion, capability="matrix"),
    *map(of_curve, CURVES),
    *map(of_curve, distributions.CURVES),
)


def plot(
    counts: State,
    metric: str | Metric | Sequence[str | Metric] | None = None,
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
        ``time`` and ``bars`` also show up to four metrics of one unit: ``["p50", "p95", "p99"]``. The other kinds show
        none.
    by
        The keys that tell groups apart, by default all; the Counts are rolled up to them. ``[]`` is the total.
    kind
        ``time``: lines over windows, above the rows in each. ``heatmap``: two keys against each other. ``bars``: a dot
        a group. Without a name: ``time`` of Counts with windows, else ``heatmap`` by two keys, else ``bars``.
        ``confusion``: labels against predictions. ``roc``, ``pr``, ``calibration``: curves of scores.
        ``distribution``, ``cumulative``: curves of values; ``latency_ms.distribution`` where several columns have one.
    intervals, level
        Show the intervals of `Counts.metrics`.

    Notes
    -----
    Too many groups for one picture are cut down to the worst, or to the largest where nothing says what is worse; the
    subtitle says so. Values above 0 of a metric without a largest one are on a logarithmic axis where they differ by a
    factor of 10 or more.

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
    asked = wanted(row, layout, metric)
    if not counts.rows:
        raise FastMetricsError("these Counts hold no rows, so there is nothing to draw")
    numbers = dict(zip(layout.keys, numbered(layout.keys), strict=True))
    places = tuple(numbers[key] for key in keys)
    rolled = number_keys(counts).rollup(*places, *(["window"] if row.windows else []))
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
    table = {row.name: row for row in KINDS} | {name: of_curve(name) for name in curves_of(layout.families)}
    if kind not in table:
        known = [name for name in table if "." not in name]
        raise SchemaError(unknown("kind", kind, known, meanings={name: name for name in table}))
    lacks = table[kind].lacks(layout, keys)
    if lacks:
        raise SchemaError(f"kind={kind!r} needs {lacks}")
    return table[kind]


def wanted(kind: Kind, layout: Layout, given: str | Metric | Sequence[str | Metric] | None) -> tuple[str | Metric, ...]:
    """The metrics that were asked for, else the one that sums the picture up, or the first headline."""
    if given is None and kind.metric is not None:
        return (kind.metric(layout),)
    if given is None:
        family = layout.families[0]
        return (f"{family.name}.{family.headline[0]}" if len(layout.families) > 1 else family.headline[0],)
    if not isinstance(given, (str, Metric, Sequence)):
        raise SchemaError(f"a metric is a name or a Metric, or several, got a {type(given).__name__}")
    asked = (given,) if isinstance(given, (str, Metric)) else tuple(given)
    names = [metric.name if isinstance(metric, Metric) else metric for metric in asked]
    if kind.capability:
        raise SchemaError(
            f"kind={kind.name!r} shows no metric of choice; leave out {listed(map(repr, names))}, or name another kind"
        )
    most = MOST_METRICS if kind.several else 1
    if not 1 <= len(asked) <= most:
        raise SchemaError(
            f"kind={kind.name!r} shows {'1 metric' if most == 1 else f'1 to {most} metrics'}, got {len(asked)}"
        )
    check_units(resolve(layout, asked))
    return asked


def check_units(asked: Sequence[Asked]) -> None:
    """Refuse metrics that do not fit on one axis."""
    units = [
        f"{one.metric.scale}, {one.family.name}" if "units" in one.metric.scale else one.metric.scale for one in asked
    ]
    for one, unit in zip(asked, units, strict=True):
        if unit != units[0]:
            raise SchemaError(
                f"metrics of one picture have one axis: {asked[0].column} is in another unit ({units[0]}) than "
                f"{one.column} ({unit}); draw a picture of each"
            )
