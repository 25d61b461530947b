"""Views of Counts other than their metrics: one row an option."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
import polars as pl

from fastmetrics.contract.capabilities import find_curve, the_only
from fastmetrics.errors import listed
from fastmetrics.face import Counts
from fastmetrics.families import distributions
from fastmetrics.families.curves import CURVES
from fastmetrics.state.layout import Layout

__all__ = ["VIEWS", "View", "view_of"]


@dataclass(frozen=True)
class View:
    """A view and its option.

    Attributes
    ----------
    name
        That of the option, as Python has it.
    option
        The settings of click.
    read
        Counts, what was given to the option, and the names of metrics to a frame.
    capability
        The field of a family that it needs, or "" where metrics are read.
    check
        Refuses families, or what was given to the option; without it one family has the capability.
    """

    name: str
    option: dict[str, Any]
    read: Callable[[Counts, Any, Sequence[str]], pl.DataFrame]
    capability: str = ""
    check: Callable[[Layout, Any], object] | None = None

    @property
    def flag(self) -> str:
        """The option as it is written."""
        return "--" + self.name.replace("_", "-")

    def check_families(self, layout: Layout, given: Any) -> None:
        """Refuse families that it cannot be read from."""
        if self.check is not None:
            self.check(layout, given)
        elif self.capability:
            the_only(layout.families, self.capability)


VIEWS = (
    View(
        "tidy",
        {"is_flag": True, "help": "Show the metrics in the long form: one row for each group and metric."},
        lambda counts, given, names: counts.tidy(*names),
    ),
    View(
        "curve",
        {
            "metavar": "NAME",
            "help": f"Show the points of a curve of scores ({listed(CURVES)}) or values "
            f"({listed(distributions.CURVES)}); with --plot it is drawn.",
        },
        lambda counts, given, names: counts.curve(given),
        "curves",
        lambda layout, given: find_curve(layout.families, given),
    ),
    View(
        "per_class",
        {"is_flag": True, "help": "Show precision, recall, F1 and Jaccard of each class."},
        lambda counts, given, names: counts.per_class(),
        "per_class",
    ),
    View(
        "most_confused",
        {"metavar": "N", "type": click.IntRange(1), "help": "Show the N pairs of classes confused most in each group."},
        lambda counts, given, names: counts.most_confused(given),
        "most_confused",
    ),
    View(
        "root_cause",
        {"is_flag": True, "help": "Show the founding tag of each group."},
        lambda counts, given, names: counts.root_cause(),
        "root_cause",
    ),
)


def view_of(given: dict[str, Any]) -> tuple[View, Any] | None:
    """The view that was asked for, with what was given to it; their options are taken out of those given."""
    values = [(view, given.pop(view.name)) for view in VIEWS]
    asked = [(view, value) for view, value in values if value is not None and value is not False]
    if len(asked) > 1:
        raise click.UsageError(f"{asked[0][0].flag} and {asked[1][0].flag} exclude each other")
    if not asked:
        return None
    view, value = asked[0]
    for name in ("worst", "period", "fill_empty", "intervals", *(["metrics"] if view.capability else [])):
        if given[name]:
            raise click.UsageError(f"{view.flag} takes no --{name.replace('_', '-')}")
    return view, value
