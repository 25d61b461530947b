"""The metrics of many classes as expressions, each made from its row of `fastmetrics.families.classes`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

from fastmetrics.contract.columns import Column, column_name, expression
from fastmetrics.errors import SchemaError, listed
from fastmetrics.families.classes import METRICS, STATES, Pairs, agreement, averages, checked_labels, summed
from fastmetrics.metric import Cells, Metric, find
from fastmetrics.notes import NoteWarning, warn
from fastmetrics.polars.sums import Multiples, Read, Sums, multiples, named, used

__all__ = ["EXPRESSIONS", "ClassMetric", "metrics"]

MARGINS = ("tp", "label", "prediction")
WHOLE = ("covariance", "label_spread", "prediction_spread", "chance_errors", "n_classes")


class ClassMetric(Protocol):
    """A metric of many classes as an expression.

    Parameters
    ----------
    y_true, y_pred
        Columns or expressions of classes of one dtype: text, numbers, categories. Null and NaN are not known.
    labels
        The classes that the averages run over, needed by all metrics that look at each class: an expression cannot
        know them before it runs. Metrics over every class (``mcc``, ``kappa``, ``n_classes``) are null in a group
        that holds a class that is not among them.
    weight
        A column of finite numbers >= 0: how much each row matters.
    frequency
        A column of whole numbers >= 0: how many equal rows each row stands for, as if they were spelled out. One of 0
        adds nothing.

    Returns
    -------
    polars.Expr
        Float64 under the name of the metric, one value a group; null where undefined.
    """

    def __call__(
        self,
        y_true: Column,
        y_pred: Column,
        *,
        labels: Sequence[Any] | None = None,
        weight: Column | None = None,
        frequency: Column | None = None,
    ) -> pl.Expr: ...


def known_class(column: Column) -> pl.Expr:
    """A column of classes with NaN as null, where its dtype has NaN and can be told."""
    name = named(column)
    if name is None:
        return expression(column)
    plain = cs.by_name(name)
    return pl.coalesce((plain & cs.float()).fill_nan(None), plain - cs.float())


def sums(
    rows: Sequence[Metric], y_true: Column, y_pred: Column, labels: Sequence[Any] | None, of: Multiples
) -> tuple[Sums, Read]:
    """The sums that some metrics need, and how formulas read them; the margins of each class only where asked."""
    order = None if labels is None else checked_labels(labels)
    each = [row.name for row in rows if not needs_states_only(row)]
    if each and order is None:
        raise SchemaError(f"{listed(each)} looks at each class: name the classes with labels=[...]")
    looked_at = order if each and order is not None else []
    label, said = known_class(y_true), known_class(y_pred)
    right = label == said
    masks = {
        "correct": right,
        "wrong": ~right,
        "unpredicted": label.is_not_null() & said.is_null(),
        "unlabelled": label.is_null() & said.is_not_null(),
        "unlabelled_unpredicted": label.is_null() & said.is_null(),
    }
    for place, value in enumerate(looked_at):
        is_label, is_said = label == pl.lit(value), said == pl.lit(value)
        masks[f"tp {place}"] = is_label & is_said
        masks[f"label {place}"] = is_label & said.is_not_null()
        masks[f"prediction {place}"] = is_said & label.is_not_null()
    cells = {name: of.rows(mask) for name, mask in masks.items()}
    columns = (column_name(y_true), column_name(y_pred))
    return Sums(cells, of.checks), partial(by_group, labels=looked_at, columns=columns)


def needs_states_only(row: Metric) -> bool:
    """Whether the formula of a metric reads nothing but the states of rows."""
    try:
        used([row], STATES)
    except SchemaError:
        return False
    return True


def by_group(cells: Cells, labels: Sequence[Any], columns: tuple[str, str]) -> Cells:
    """The cells of each group as the formulas read them, from the margins of classes."""
    if not labels:
        return cells
    groups, size = len(cells.correct), len(labels)
    tp, label, said = (
        np.stack([cells.values[f"{margin} {place}"] for place in range(size)], axis=1) for margin in MARGINS
    )
    judged = cells.correct + cells.wrong
    of_class = {"tn": judged[:, None] - label - said + tp, "fp": said - tp, "fn": label - tp, "tp": tp}
    c = Cells({name: cell.ravel() for name, cell in of_class.items()})
    pairs = Pairs(np.repeat(np.arange(groups), size), np.tile(np.arange(size), groups), groups, size)
    whole = {**agreement(pairs, c), "n_classes": ((label + said) > 0).sum(axis=1).astype(np.float64)}
    strange = (label.sum(axis=1) != judged) | (said.sum(axis=1) != judged)
    if strange.any():
        note_absent(labels, (label + said).sum(axis=0), columns)
    unknown = {name: np.where(strange, np.nan, whole[name]) for name in WHOLE}
    expected = {"expected_classes": np.full(groups, float(size))}
    return Cells({**cells.values, **summed(pairs, c), **averages(pairs, c), **unknown, **expected})


def note_absent(labels: Sequence[Any], rows: NDArray[np.float64], columns: tuple[str, str]) -> None:
    """Warn of classes that were named and that no row with label and prediction has, where others do."""
    absent = [label for label, of_label in zip(labels, rows, strict=True) if of_label == 0]
    if absent:
        where = f"columns {columns[0]!r} and {columns[1]!r}"
        warn(f"labels={absent!r} occur in no row of {where} that holds both, and others do", NoteWarning)


def of_row(name: str) -> ClassMetric:
    """The expression of one metric."""
    row = find(name, METRICS)

    def metric(
        y_true: Column,
        y_pred: Column,
        *,
        labels: Sequence[Any] | None = None,
        weight: Column | None = None,
        frequency: Column | None = None,
    ) -> pl.Expr:
        whole, read = sums([row], y_true, y_pred, labels, multiples(weight, frequency))
        return whole.metric(row, read)

    metric.__name__ = metric.__qualname__ = row.name
    metric.__doc__ = f"``{row.name}`` of many classes; see `ClassMetric`. {row.source}".strip()
    return metric


def metrics(
    names: Sequence[str | Metric],
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """Several metrics as one struct, called ``metrics``, whose sums are shared; see `ClassMetric`.

    >>> log = pl.DataFrame({"label": ["cat", "dog", "dog"], "pred": ["cat", "dog", "cat"]})
    >>> log.select(metrics(["accuracy", "recall_macro"], "label", "pred", labels=["cat", "dog"])).item()
    {'accuracy': 0.6666666666666666, 'recall_macro': 0.75}
    """
    if isinstance(names, str) or not names:
        raise SchemaError(f"metrics() takes a list of names first, such as ['accuracy', 'f1_macro'], got {names!r}")
    rows = [find(name, METRICS) for name in names]
    whole, read = sums(rows, y_true, y_pred, labels, multiples(weight, frequency))
    return whole.metrics(rows, read)


EXPRESSIONS = {row.name: of_row(row.name) for row in METRICS}
globals().update(EXPRESSIONS)

if TYPE_CHECKING:

    def __getattr__(name: str) -> ClassMetric: ...  # the names of EXPRESSIONS
