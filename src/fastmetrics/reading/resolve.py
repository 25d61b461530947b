"""The names of metrics to their families and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastmetrics.contract.family import Family
from fastmetrics.errors import SchemaError, listed, unknown
from fastmetrics.forks import check_process
from fastmetrics.metric import Metric, find, names, unknown_metric
from fastmetrics.schema import repeated
from fastmetrics.state.layout import Layout

__all__ = ["Asked", "resolve"]


@dataclass(frozen=True)
class Asked:
    """A metric that was asked for: the family it is read from, its row, and the name of its column."""

    family: Family
    metric: Metric
    column: str


def resolve(layout: Layout, wanted: Sequence[str | Metric]) -> list[Asked]:
    """The rows behind the names; none asked means the headline metrics of each family.

    A name that several families know needs its family before it: ``scores.roc_auc``. A `Metric` of the caller is
    read from the first family.

    Raises
    ------
    SchemaError
        A name that no family knows, or that more than one knows.
    """
    check_process()
    if not wanted:
        several = len(layout.families) > 1
        wanted = [
            f"{family.name}.{name}" if several else name for family in layout.families for name in family.headline
        ]
    asked = [ask(layout, name) for name in wanted]
    twice = repeated([item.column for item in asked])
    if twice is not None:
        raise SchemaError(f"metric {twice!r} is asked for twice")
    for item in asked:
        if item.column in (*layout.outer, "n", "window_end"):
            raise SchemaError(f"metric {item.column!r} has the name of a key or fixed column; give it another name")
    return asked


def ask(layout: Layout, wanted: str | Metric) -> Asked:
    if isinstance(wanted, Metric):
        return Asked(layout.families[0], wanted, wanted.name)
    if not isinstance(wanted, str):
        raise SchemaError(
            f"a metric is a name or a Metric, got a {type(wanted).__name__}; write metrics('f1', 'recall') with no list"
        )
    qualifier, dot, rest = wanted.partition(".")
    if dot and qualifier in [family.name for family in layout.families]:
        family = layout.family(qualifier)
        return Asked(family, row_of(family, rest) or find(rest, family.metrics), wanted)
    found = [(family, row) for family in layout.families if (row := row_of(family, wanted)) is not None]
    if not found and dot and not rest[:1].isdigit():
        raise SchemaError(f"metric {wanted!r}: " + unknown("family", qualifier, [f.name for f in layout.families]))
    if not found:
        raise SchemaError(unknown_metric(wanted, [row for family in layout.families for row in family.metrics]))
    if len(found) > 1:
        choices = [f"{family.name}.{wanted}" for family, _ in found]
        raise SchemaError(f"metric {wanted!r} is known to several families; ask for {listed(map(repr, choices))}")
    family, row = found[0]
    return Asked(family, row, wanted)


def row_of(family: Family, wanted: str) -> Metric | None:
    """The row of a family that answers to a name, or None."""
    if wanted in names(family.metrics):
        return find(wanted, family.metrics)
    return family.parametric(wanted) if family.parametric is not None else None
