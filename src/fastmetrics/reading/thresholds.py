"""Other thresholds, curves, class matrices and founding tags: what families can be read for beyond metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl

from fastmetrics.contract.capabilities import find_curve, the_only
from fastmetrics.contract.cells import CellTable
from fastmetrics.contract.columns import expressions
from fastmetrics.contract.family import Family
from fastmetrics.reading.cells import cells_of, check_whole, group_numbers
from fastmetrics.reading.results import beside
from fastmetrics.schema import check_keys
from fastmetrics.state.merging import merge_tables
from fastmetrics.state.state import State

__all__ = ["at_threshold", "beside_keys", "curve", "grouped", "most_confused", "per_class", "root_cause"]


def capable(counts: State, capability: str) -> tuple[Family, Any]:
    """The only family that has a capability, and this; of Counts that are no difference."""
    check_whole(counts)
    family = the_only(counts.layout.families, capability)
    return family, getattr(family, capability)


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
    family, resum = capable(counts, "at_threshold")
    made, sums_of = resum(family, threshold, nearest)
    check_keys(counts.layout.keys, (made,))
    layout = replace(counts.layout, families=(made,))
    cells = sums_of("", "")
    if layout.weighted:
        for prefix in ("w_", "w2_"):
            cells |= sums_of(prefix, "") | sums_of(prefix, "_error")
    table = counts.tables[family.name]
    outer = layout.outer
    sums = [expression.alias(name) for name, expression in cells.items()]
    grouped = table.group_by(expressions(outer)).agg(sums) if outer else table.select(sums)
    return State(layout, {made.name: merge_tables([grouped], layout, made)}, counts.how)


def grouped(
    counts: State, family: Family, read: Callable[[CellTable], pl.DataFrame]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The outer keys of each row of a frame that has a column ``group``, and the rest of the frame."""
    layout, table = counts.layout, counts.tables[family.name]
    group = group_numbers(table, layout.outer)
    size = int(group[-1]) + 1 if len(group) else 0
    keys = {key: table[key] for key in family.inner_names}
    frame = read(CellTable(group, size, keys, cells_of(table, family, layout)))
    outer = table.select(expressions(layout.outer)).unique(maintain_order=True)
    return outer[frame["group"]] if layout.outer else pl.DataFrame(), frame.drop("group")


def beside_keys(counts: State, family: Family, read: Callable[[CellTable], pl.DataFrame]) -> pl.DataFrame:
    """A frame that has a column ``group``, with the outer keys of the group in its place."""
    return beside(*grouped(counts, family, read))


def curve(counts: State, kind: str) -> pl.DataFrame:
    """A curve of each group as rows of points: keys, then the columns of the kind.

    Of scores, ``roc``: threshold, fpr, tpr. ``pr``: threshold, precision, recall. ``calibration``: low, high, n,
    mean_score, observed_rate. Of values, ``distribution``: low, high, middle, n, share. ``cumulative``: number, n,
    share. Where several families have a curve of one name, that of the family comes before it:
    ``latency_ms.distribution``.

    Raises
    ------
    SchemaError
        An unknown kind, one that several families have, or Counts without curves.
    """
    check_whole(counts)
    family, found = find_curve(counts.layout.families, kind)
    return beside_keys(counts, family, lambda table: found.read(table, family))


def per_class(counts: State) -> pl.DataFrame:
    """Support, predictions, precision, recall, F1 and Jaccard of each class in each group.

    Raises
    ------
    SchemaError
        Counts without a classes family.
    """
    family, read = capable(counts, "per_class")
    return beside_keys(counts, family, lambda table: read(table, family))


def most_confused(counts: State, n: int = 10) -> pl.DataFrame:
    """The ``n`` pairs of a label and another prediction with the most rows in each group, most first.

    Raises
    ------
    SchemaError
        Counts without a classes family.
    """
    family, read = capable(counts, "most_confused")
    return beside_keys(counts, family, lambda table: read(table, family, n))


def root_cause(counts: State) -> pl.DataFrame:
    """The founding tag of each group (see `fastmetrics.arrays.founding`), null where no row has label and prediction.

    Raises
    ------
    SchemaError
        Counts without a binary family.
    """
    family, tag = capable(counts, "root_cause")
    table = counts.tables[family.name]
    read = table.select(n=pl.sum_horizontal(family.row_states), root_cause=tag())
    return beside(table.select(expressions(counts.layout.outer)), read)
