"""What else can be read from Counts: other thresholds, curves, classes, founding tags."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from fastmetrics.arrays.founding import CAUSES
from fastmetrics.contract.cells import CellTable
from fastmetrics.contract.columns import expressions
from fastmetrics.contract.family import Family
from fastmetrics.errors import SchemaError, listed
from fastmetrics.families.binary import binary
from fastmetrics.families.classes import most_confused as confused_of
from fastmetrics.families.classes import per_class as classes_of
from fastmetrics.families.curves import curve as curve_of
from fastmetrics.families.edges import edge_at
from fastmetrics.families.scores import threshold_cells
from fastmetrics.reading.cells import cells_of, check_whole, group_numbers
from fastmetrics.state.merging import merge_tables
from fastmetrics.state.state import State

__all__ = ["at_threshold", "curve", "most_confused", "per_class", "root_cause"]


def of_kind(counts: State, kind: str) -> Family:
    """The only family of a kind, of Counts that are no difference."""
    check_whole(counts)
    found = [family for family in counts.layout.families if family.kind == kind]
    if len(found) != 1:
        held = [f"{family.name} ({family.kind})" for family in counts.layout.families]
        raise SchemaError(f"needed is one family of kind {kind!r}; these Counts hold {listed(held)}")
    return found[0]


def at_threshold(counts: State, threshold: float, *, nearest: bool = False) -> State:
    """Binary Counts of the scores at ``score >= threshold``: exact, without a second pass.

    Parameters
    ----------
    threshold
        An edge of the scores family.
    nearest
        Take the nearest edge instead; the family's ``arguments["threshold"]`` says which it was.

    Raises
    ------
    SchemaError
        A threshold that is not an edge, with its neighbours; Counts without scores.

    >>> import fastmetrics as fm
    >>> counts = fm.count({"label": [1, 0, 1], "score": [0.9, 0.4, 0.2]}, fm.scores("label", "score"))
    >>> counts.at_threshold(0.3).metrics("precision", "recall").row(0)[-2:]
    (0.5, 0.5)
    """
    family = of_kind(counts, "scores")
    edges = family.arguments["edges"]
    edge = edge_at(edges, threshold, nearest)
    made = binary(
        family.arguments["y_true"],
        y_score=family.arguments["y_score"],
        threshold=of_score(float(edges[edge]), family.arguments.get("link")),
        pos_label=family.arguments["pos_label"],
        null_values=family.arguments.get("null_values"),
    )
    layout = replace(counts.layout, families=(made,))
    cells = threshold_cells(edge)
    if layout.weighted:
        for prefix in ("w_", "w2_"):
            cells |= threshold_cells(edge, prefix) | threshold_cells(edge, prefix, "_error")
    table = counts.tables[family.name]
    outer = layout.outer
    sums = [expression.alias(name) for name, expression in cells.items()]
    grouped = table.group_by(expressions(outer)).agg(sums) if outer else table.select(sums)
    return State(layout, {made.name: merge_tables([grouped], layout, made)}, counts.how)


def of_score(edge: float, link: str | None) -> float:
    """A threshold in the units of the scores, as far as floats reach."""
    if link is None:
        return edge
    return math.log(edge) - math.log1p(-edge) if 0 < edge < 1 else math.copysign(sys.float_info.max, edge - 0.5)


def per_group(counts: State, family: Family, read: Callable[[CellTable], pl.DataFrame]) -> pl.DataFrame:
    """A frame that has a column `group`, with the outer keys of the group in its place."""
    layout, table = counts.layout, counts.tables[family.name]
    group = group_numbers(table, layout.outer)
    size = int(group[-1]) + 1 if len(group) else 0
    keys = {key: table[key] for key in family.inner_names}
    frame = read(CellTable(group, size, keys, cells_of(table, family, layout)))
    outer = table.select(expressions(layout.outer)).unique(maintain_order=True)
    return (
        pl.concat([outer[frame["group"]], frame.drop("group")], how="horizontal")
        if layout.outer
        else frame.drop("group")
    )


def curve(counts: State, kind: str) -> pl.DataFrame:
    """A curve of each group as rows of points: keys, then the columns of the kind.

    ``roc``: threshold, fpr, tpr. ``pr``: threshold, precision, recall. ``calibration``: low, high, n, mean_score,
    observed_rate.

    Raises
    ------
    SchemaError
        An unknown kind, or Counts without scores.
    """
    family = of_kind(counts, "scores")
    return per_group(counts, family, lambda table: curve_of(kind, table, family))  # type: ignore[arg-type]


def per_class(counts: State) -> pl.DataFrame:
    """Support, predictions, precision, recall, F1 and Jaccard of each class in each group.

    Raises
    ------
    SchemaError
        Counts without a classes family.
    """
    family = of_kind(counts, "classes")
    return per_group(counts, family, lambda table: classes_of(table, family))


def most_confused(counts: State, n: int = 10) -> pl.DataFrame:
    """The ``n`` pairs of a label and another prediction with the most rows in each group, most first.

    Raises
    ------
    SchemaError
        Counts without a classes family.
    """
    family = of_kind(counts, "classes")
    return per_group(counts, family, lambda table: confused_of(table, family, n))


def root_cause(counts: State) -> pl.DataFrame:
    """The founding tag of each group (see `fastmetrics.arrays.founding`), null where no row has label and prediction.

    Raises
    ------
    SchemaError
        Counts without a binary family.
    """
    family = of_kind(counts, "binary")
    table = counts.tables[family.name]
    return table.select(*expressions(counts.layout.outer), n=pl.sum_horizontal(family.states), root_cause=cause())


def cause() -> pl.Expr:
    """The founding tag of a row of binary cells, null where no row has label and prediction."""
    tag = pl.lit("Misclassification")
    for cells, name in reversed(CAUSES):
        tag = pl.when(pl.sum_horizontal(cells) == 0).then(pl.lit(name)).otherwise(tag)
    return pl.when(pl.sum_horizontal("tn", "fp", "fn", "tp") > 0).then(tag)
