"""Metrics of binary labels and predictions as expressions, each made from its row of `fastmetrics.families.binary`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from fastmetrics.contract.columns import Column
from fastmetrics.errors import SchemaError
from fastmetrics.families.binary import (
    CAUSES,
    CELLS,
    CONFUSION,
    METRICS,
    OTHER_CAUSE,
    OUTCOMES,
    binary,
    f_beta_named,
    founding_tag,
)
from fastmetrics.families.binary import fbeta as fbeta_row
from fastmetrics.metric import Cells, Metric, find
from fastmetrics.polars.sums import Multiples, Sums, multiples, states, sums_of, used

__all__ = ["EXPRESSIONS", "BinaryMetric", "confusion", "fbeta", "interval", "metrics", "root_cause", "wilson"]

TAGS = pl.Enum([*(tag for _, tag in CAUSES), OTHER_CAUSE])


class BinaryMetric(Protocol):
    """A metric of binary labels and predictions as an expression.

    Parameters
    ----------
    y_true, y_pred
        Columns or expressions of labels and predictions: Booleans, the numbers 1 against 0 or -1 (not both in one
        group), or anything with ``pos_label``. Null and NaN are not known, and such rows count for the metrics that
        say so.
    y_score, threshold
        Instead of ``y_pred``: positive where ``score >= threshold``, rounded to the dtype of the score first.
    pos_label
        The positive value of label and prediction; every other value is negative, but for the text ``"NA"`` beside
        another text, which is null. A `NoteWarning` tells of that, and of a value that no label of any group has.
    weight
        A column of finite numbers >= 0: how much each row matters.
    frequency
        A column of whole numbers >= 0: how many equal rows each row stands for, as if they were spelled out. One of 0
        adds nothing.

    Returns
    -------
    polars.Expr
        Float64 under the name of the metric, one value a group; null where a denominator is 0.
    """

    def __call__(
        self,
        y_true: Column,
        y_pred: Column | None = None,
        *,
        y_score: Column | None = None,
        threshold: float | None = None,
        pos_label: Any = None,
        weight: Column | None = None,
        frequency: Column | None = None,
    ) -> pl.Expr: ...


def sums(
    cells: Sequence[str],
    y_true: Column,
    y_pred: Column | None,
    y_score: Column | None,
    threshold: float | None,
    pos_label: Any,
    of: Multiples,
) -> Sums:
    """Some of the nine cells, or of the margins of `from_margins`."""
    family = binary(y_true, y_pred, y_score=y_score, threshold=threshold, pos_label=pos_label)
    (label, said), checks = states(*family.roles)
    labels, predictions = ({False: side.negative, True: side.positive, None: ~side.known} for side in (label, said))
    masks = {cell: labels[of_label] & predictions[of_prediction] for cell, of_label, of_prediction in OUTCOMES}
    masks["both"] = label.known & said.known
    masks["labelled_pos"], masks["predicted_pos"] = label.positive & said.known, label.known & said.positive
    return sums_of({cell: masks[cell] for cell in cells}, of, checks)


def from_margins(cells: Cells) -> Cells:
    """The four cells of rows with label and prediction, from ``tp``, the margins beside it and their total.

    A margin looks at the values of one column where a cell looks at both, so all four cost half as much.
    """
    fp, fn = cells.predicted_pos - cells.tp, cells.labelled_pos - cells.tp
    return Cells({**cells.values, "tn": cells.both - cells.labelled_pos - fp, "fp": fp, "fn": fn})


def row_of(metric: str | Metric) -> Metric:
    """The row that a name, an alias or a name such as ``f2`` stands for."""
    parametric = f_beta_named(metric) if isinstance(metric, str) else None
    return parametric or find(metric, METRICS)


def of_row(metric: str | Metric) -> BinaryMetric:
    """The expression of one metric."""
    row = row_of(metric)

    def expression(
        y_true: Column,
        y_pred: Column | None = None,
        *,
        y_score: Column | None = None,
        threshold: float | None = None,
        pos_label: Any = None,
        weight: Column | None = None,
        frequency: Column | None = None,
    ) -> pl.Expr:
        of = multiples(weight, frequency)
        return sums(used([row], CELLS), y_true, y_pred, y_score, threshold, pos_label, of).metric(row)

    expression.__name__ = expression.__qualname__ = row.name
    expression.__doc__ = f"``{row.name}`` of binary labels and predictions; see `BinaryMetric`. {row.source}".strip()
    return expression


def fbeta(
    beta: float,
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """The F measure that weighs recall ``beta`` times as much as precision; see `BinaryMetric` for the rest.

    >>> log = pl.DataFrame({"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1]})
    >>> log.select(fbeta(2, "label", "pred").round(4)).item()
    0.6667
    """
    return of_row(fbeta_row(beta))(
        y_true,
        y_pred,
        y_score=y_score,
        threshold=threshold,
        pos_label=pos_label,
        weight=weight,
        frequency=frequency,
    )


def metrics(
    names: Sequence[str | Metric],
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """Several metrics as one struct, called ``metrics``, whose sums are shared in every context.

    ``names`` are names or aliases, or `Metric` rows of your own over the nine cells; the fields are Float64, called
    as asked. The other arguments are those of `BinaryMetric`.

    >>> log = pl.DataFrame({"model": ["a", "a", "b"], "label": [1, 0, 1], "pred": [1, 1, 0]})
    >>> log.group_by("model", maintain_order=True).agg(metrics(["precision", "f1"], "label", "pred")).rows()
    [('a', {'precision': 0.5, 'f1': 0.6666666666666666}), ('b', {'precision': None, 'f1': 0.0})]
    """
    if isinstance(names, str) or not names:
        raise SchemaError(f"metrics() takes a list of names first, such as ['f1', 'mcc'], got {names!r}")
    rows = [row_of(name) for name in names]
    cells, read = used(rows, CELLS), None
    of = multiples(weight, frequency)
    if of.each is None and set(CONFUSION) <= set(cells):
        cells = ["tp", "both", "labelled_pos", "predicted_pos", *(cell for cell in cells if cell not in CONFUSION)]
        read = from_margins
    return sums(cells, y_true, y_pred, y_score, threshold, pos_label, of).metrics(rows, read)


def confusion(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """The nine cells as one struct, called ``confusion``: every row is in exactly one of them.

    Int64, or Float64 sums of weights; of more than 2**53 rows the nearest float. Arguments as of `BinaryMetric`.

    >>> log = pl.DataFrame({"label": [1, 0, 1, None], "pred": [1, 1, None, 0]})
    >>> {cell: rows for cell, rows in log.select(confusion("label", "pred")).item().items() if rows}
    {'fp': 1, 'tp': 1, 'unpredicted_pos': 1, 'unlabelled_neg': 1}
    """
    cell = pl.Int64 if weight is None else pl.Float64
    whole = sums(CELLS, y_true, y_pred, y_score, threshold, pos_label, multiples(weight, frequency))
    return whole.expression(partial(as_struct, dtype=cell), pl.Struct(dict.fromkeys(CELLS, cell))).alias("confusion")


def as_struct(cells: Cells, dtype: type[pl.DataType]) -> pl.Series:
    return pl.DataFrame(dict(cells.values)).cast(dtype).to_struct()


def interval(
    metric: str | Metric,
    y_true: Column,
    y_pred: Column | None = None,
    *,
    level: float = 0.95,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """The interval of a metric as a struct of Float64 ``low`` and ``high``, called ``<metric>_interval``.

    By the method that ``Counts.metrics(..., intervals=True)`` takes, rows being independent; null where the metric is
    undefined. Arguments as of `BinaryMetric`.

    Raises
    ------
    SchemaError
        A metric that has no interval, or a ``level`` outside (0, 1).

    >>> log = pl.DataFrame({"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1]})
    >>> low, high = log.select(interval("mcc", "label", "pred")).item().values()
    >>> -1 <= low <= -1 / 3 <= high <= 1
    True
    """
    row = row_of(metric)
    if not row.interval:
        raise SchemaError(f"metric {row.name!r} has no interval")
    whole = sums(CELLS, y_true, y_pred, y_score, threshold, pos_label, multiples(weight, frequency))
    return whole.interval(row, level)


def wilson(
    metric: str | Metric,
    y_true: Column,
    y_pred: Column | None = None,
    *,
    level: float = 0.95,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """Wilson's interval of a proportion, or of F1 and Jaccard by way of it, as a struct called ``<metric>_wilson``.

    Fields and arguments as of `interval`, which has the other metrics.

    Raises
    ------
    SchemaError
        A metric that is not bounded by Wilson's interval.

    >>> log = pl.DataFrame({"label": [1, 1, 1, 0], "pred": [1, 1, 0, 0]})
    >>> [round(limit, 3) for limit in log.select(wilson("recall", "label", "pred")).item().values()]
    [0.208, 0.939]
    """
    row = row_of(metric)
    if row.interval not in ("wilson", "jaccard"):
        raise SchemaError(
            f"metric {row.name!r} is not a proportion, which Wilson's interval is for; ask for interval()"
        )
    limits = interval(
        row,
        y_true,
        y_pred,
        level=level,
        y_score=y_score,
        threshold=threshold,
        pos_label=pos_label,
        weight=weight,
        frequency=frequency,
    )
    return limits.alias(f"{row.name}_wilson")


def root_cause(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
) -> pl.Expr:
    """The founding tag of a group as an Enum, called ``root_cause``; null where no row has label and prediction.

    The rules are those of `fastmetrics.find_root_cause`, in their order. Arguments as of `BinaryMetric`.

    >>> log = pl.DataFrame({"label": [1, 0, 1], "pred": [1, 1, 0]})
    >>> log.select(root_cause("label", "pred")).item()
    'Misclassification'
    """
    whole = sums(CONFUSION, y_true, y_pred, y_score, threshold, pos_label, Multiples())
    return whole.expression(tags, TAGS).alias("root_cause")


def tags(cells: Cells) -> pl.Series:
    return pl.DataFrame(dict(cells.values)).select(founding_tag().cast(TAGS)).to_series()


EXPRESSIONS = {row.name: of_row(row.name) for row in METRICS}
globals().update(EXPRESSIONS)

if TYPE_CHECKING:

    def __getattr__(name: str) -> BinaryMetric: ...  # the names of EXPRESSIONS
