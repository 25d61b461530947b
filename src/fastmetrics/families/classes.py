"""Labels and predictions of many classes: a sparse class matrix a group, and the metrics that are read from it.

A class against the rest is a binary table, so the metrics of one class are rows of `families.binary`, and every
average of them over classes follows from the row. Nothing here is larger than the rows of the long table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.aliases import Floats, Integers, Mask
from fastmetrics.contract.capabilities import CrossTable
from fastmetrics.contract.cells import Cell, CellTable, InnerKey
from fastmetrics.contract.columns import Column, column_name
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.contract.rows import Rows
from fastmetrics.errors import SchemaError
from fastmetrics.families import class_rates
from fastmetrics.families.binary import METRICS as BINARY
from fastmetrics.families.class_dtypes import common_class_dtype
from fastmetrics.families.labels import check_nulls, null_arguments, unshared_note
from fastmetrics.metric import Cells, Metric, find, value
from fastmetrics.notes import Note
from fastmetrics.schema import repeated

__all__ = ["METRICS", "classes", "common_class_dtype", "most_confused", "per_class"]


# What a row of the long table says.
STATES = ("correct", "wrong", "unpredicted", "unlabelled", "unlabelled_unpredicted")


def classes(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    null_values: Sequence[Any] | None = None,
    name: str = "classes",
) -> Family:
    """The family of class matrices: how many rows of each label were given each prediction.

    Its table is long and sparse: one row for each (group, ``label``, ``prediction``) that occurs, so 10,000
    classes cost only the pairs that occur. A row counts for the metrics when it has both a label and a prediction.

    Parameters
    ----------
    y_true, y_pred
        Columns of classes: text, numbers, booleans, dates. They may differ in width or encoding (Int32 and Int64,
        Enum and String): classes are equal when their values are. Null and NaN mean: not labelled yet, no answer.
    labels
        Classes that averages run over and that `per_class` shows, in this order. Other classes still count as
        wrong predictions and missed labels, and in the totals. Without it: the classes seen in each group. A class
        that never occurs gets a note; a count is refused where two or more others do, one of which is not named here.
    null_values
        Values of label and prediction that mean null: numbers, or text such as ``"NA"``, which is a class without it.
    name
        Tells several families of one scan apart: ``counts.metrics("shadow.f1_macro")``.

    Notes
    -----
    A macro average runs over the classes that have labels or predictions. One whose metric is 0/0, such as the
    precision of a class that is never predicted, counts 0 in it, as scikit-learn does; ``precision_classes`` and its
    like say how many were averaged. A weighted average weighs each class by its labels, and is null where none has any.
    ``balanced_accuracy`` is null where a class has no labelled row. Without ``labels`` every ``*_micro`` equals
    ``accuracy``, but for ``jaccard_micro``.

    Raises
    ------
    SchemaError
        ``labels`` that are empty, repeat a class, or are not all text or all numbers; one that is in ``null_values``.
    DataError
        While counting: one of ``labels`` that never occurs.

    >>> classes("label", "pred", labels=["cat", "dog"]).inner_names
    ('label', 'prediction')
    """
    order = None if labels is None else checked_labels(labels)
    nulls = check_nulls(null_values, order or ())
    columns = (column_name(y_true), column_name(y_pred))
    return Family(
        kind="classes",
        name=name,
        maker=classes,
        roles=(Role("label", y_true, "key", null_values=nulls), Role("prediction", y_pred, "key", null_values=nulls)),
        cells=(Cell("rows"),),
        rows=rows,
        metrics=METRICS,
        arguments={
            "y_true": y_true,
            "y_pred": y_pred,
            "labels": order,
            "name": name,
            **null_arguments(nulls),
        },
        constants=("labels", *null_arguments(nulls)),
        unordered=("labels",),
        inner=(InnerKey("label"), InnerKey("prediction")),
        read=partial(read, labels=order),
        check=partial(check, columns=columns, labels=order),
        headline=("accuracy", "f1_macro", "mcc"),
        notes=partial(notes, columns=columns, labels=order),
        matrix=CrossTable(matrix_rows, matrix_order),
        per_class=per_class,
        most_confused=most_confused,
        rates=class_rates.RATES,
        prepare=class_rates.prepare,
    )


def notes(
    table: pl.DataFrame, known: Sequence[Note], columns: tuple[str, str], labels: Sequence[Any] | None
) -> list[Note]:
    """The notes of named classes that never occur, and of labels and predictions without a common class."""
    ours, theirs = table["label"], table["prediction"]
    if labels is None and ours.dtype == theirs.dtype and (ours == theirs).any():
        return []  # without a look at each class: 20,000 of them take 2 ms
    label, said = (set(column.drop_nulls().to_list()) for column in (ours, theirs))
    missing = [name for name in labels or () if name not in label | said]
    labelled = int(table.filter(pl.col("label").is_not_null())["rows"].sum())
    found = []
    if label and missing:
        message = f"labels={missing!r} never occur in columns {columns[0]!r} and {columns[1]!r}"
        found.append(Note("label_absent", message, labelled))
    if label and said and not label & said:
        found.append(unshared_note(columns, labelled))
    return found


def rows(roles: Mapping[str, NDArray[Any]]) -> Rows:
    """Every row adds 1 to the one cell of its label and prediction."""
    return Rows()


def check(dtypes: Mapping[str, pl.DataType], columns: tuple[str, str], labels: Sequence[Any] | None) -> None:
    """Refuse labels and predictions that can never be equal, before any row is read."""
    names = (f"label {columns[0]!r}", f"prediction {columns[1]!r}")
    class_dtype(common_class_dtype(dtypes["label"], dtypes["prediction"], names), labels)


def class_dtype(dtype: pl.DataType, labels: Sequence[Any] | None) -> pl.DataType:
    """The dtype of the classes in the data and in ``labels``."""
    return dtype if labels is None else common_class_dtype(pl.Series(labels).dtype, dtype, ("labels=", "the data"))


def checked_labels(labels: Sequence[Any]) -> list[Any]:
    """The labels as a list of plain Python values."""
    if isinstance(labels, str):
        raise SchemaError(f"labels={labels!r} is one text; give a list of classes, such as labels=[{labels!r}]")
    order = [label.item() if isinstance(label, np.generic) else label for label in labels]
    if not order:
        raise SchemaError("labels= is empty; leave it out to average over the classes seen in each group")
    kinds = {next((kind for kind in (str, bool, int, float) if isinstance(label, kind)), None) for label in order}
    if kinds not in ({str}, {bool}) and not kinds <= {int, float}:
        raise SchemaError(f"labels={order!r} must be all text or all numbers")
    twice = repeated(order)
    if twice is not None:
        raise SchemaError(f"labels= names the class {twice!r} twice")
    return order


@dataclass(frozen=True)
class Pairs:
    """Pairs of one of ``size`` groups and a class, by their codes; the first ``listed`` classes are averaged over."""

    group: Integers
    code: Integers
    size: int
    listed: int


@dataclass(frozen=True)
class Matrix:
    """The rows of a table with classes as codes, -1 for null: the listed classes first, then the others sorted.

    ``pairs`` are those of a group and a class that occur in it as label or prediction of a judged row, sorted;
    ``of_label`` and ``of_prediction`` are the pairs of each judged row.
    """

    table: CellTable
    classes: pl.Series
    label: Integers
    prediction: Integers
    judged: Mask
    pairs: Pairs
    of_label: Integers
    of_prediction: Integers


def matrix(table: CellTable, labels: Sequence[Any] | None) -> Matrix:
    """The table as a sparse class matrix; rows that weigh nothing are not judged."""
    classes, listed, label, prediction = coded(table, labels)
    judged = (label >= 0) & (prediction >= 0) & (table.cells.rows != 0)
    width = max(len(classes), 1)
    start = table.group[judged] * width
    pairs, of_row = np.unique(np.concatenate([start + label[judged], start + prediction[judged]]), return_inverse=True)
    of_label, of_prediction = np.split(of_row, 2)
    group, code = np.divmod(pairs, width)
    held = Pairs(group, code, table.size, listed)
    return Matrix(table, classes, label, prediction, judged, held, of_label, of_prediction)


def coded(table: CellTable, labels: Sequence[Any] | None) -> tuple[pl.Series, int, Integers, Integers]:
    """Every class, how many of them are listed, and the codes of labels and predictions."""
    label, prediction = table.keys["label"], table.keys["prediction"]
    dtype = class_dtype(common_class_dtype(label.dtype, prediction.dtype), labels)
    first = pl.Series([], dtype=dtype) if labels is None else pl.Series(labels).cast(dtype)
    label, prediction = label.cast(dtype), prediction.cast(dtype)
    seen = pl.concat([label, prediction]).unique().drop_nulls().sort()
    order = pl.concat([first, seen.filter(~seen.is_in(first.implode()))])
    return order, len(order if labels is None else first), codes(label, order), codes(prediction, order)


def codes(values: pl.Series, order: pl.Series) -> Integers:
    """The place of each value in ``order``, -1 for null."""
    places = pl.int_range(len(order), eager=True)
    found: Integers = values.replace_strict(order, places, default=-1, return_dtype=pl.Int64).to_numpy()
    return found


def added(weight: NDArray[Any], at: Integers, size: int) -> Floats:
    """The sum of the weights of each place in 0 .. size - 1."""
    return np.bincount(at, weight, size).astype(np.float64, copy=False)


def by_state(m: Matrix, weight: Floats) -> dict[str, Floats]:
    """The weight of each of STATES in each group."""
    said = m.prediction >= 0
    state = np.where(m.label >= 0, np.where(said, m.label != m.prediction, 2), np.where(said, 3, 4))
    sums = added(weight, m.table.group * len(STATES) + state, m.table.size * len(STATES))
    return dict(zip(STATES, sums.reshape(-1, len(STATES)).T, strict=True))


def by_class(m: Matrix, weight: Floats) -> Cells:
    """The binary cells of each class in each group against the rest of the group.

    Where a group has one label or one prediction ``tp + fp + fn`` is its total to the bit, weighted or not, so
    that what is constant is seen to be.
    """
    hit = (m.label == m.prediction)[m.judged]
    right, wrong = weight[m.judged] * hit, weight[m.judged] * ~hit
    size = len(m.pairs.code)
    tp, fn = added(right, m.of_label, size), added(wrong, m.of_label, size)
    fp = added(wrong, m.of_prediction, size)
    states = by_state(m, weight)
    return Cells(
        {"tn": (states["correct"] + states["wrong"])[m.pairs.group] - (tp + fp + fn), "fp": fp, "fn": fn, "tp": tp}
    )


def read(table: CellTable, labels: Sequence[Any] | None = None) -> Cells:
    """The cells of each group that the metrics need, as float64 arrays of shape [groups].

    The weight of each of STATES; ``tp fp fn`` summed over the listed classes; of each class metric ``m`` the sum
    ``m_sum`` over the ``averaged`` classes, and that weighted by labels as ``m_weighted`` over ``support``; for mcc and
    kappa sums over classes of products of margins. ``squares`` holds the first eight.
    """
    m = matrix(table, labels)
    c = by_class(m, table.cells.rows)
    seen = added(np.ones(len(m.pairs.code)), m.pairs.group, table.size)
    cells = {
        **row_sums(m, table.cells.rows),
        **agreement(m.pairs, c),
        **averages(m.pairs, c),
        "n_classes": seen,
        "expected_classes": seen if labels is None else np.full(table.size, float(m.pairs.listed)),
    }
    squares = table.cells.squares
    return Cells(cells, None if squares is None else row_sums(m, squares["rows"]))


def row_sums(m: Matrix, weight: Floats) -> dict[str, Floats]:
    """The cells of each group that add up weights of rows: its states, and tp, fp, fn of the listed classes."""
    return by_state(m, weight) | summed(m.pairs, by_class(m, weight))


def summed(pairs: Pairs, c: Cells) -> dict[str, Floats]:
    """tp, fp and fn of each group, summed over the listed classes."""
    listed = pairs.code < pairs.listed
    return {name: added(c.values[name][listed], pairs.group[listed], pairs.size) for name in ("tp", "fp", "fn")}


def agreement(pairs: Pairs, c: Cells) -> dict[str, Floats]:
    """Sums over every class of products of its margins; the last three do not cancel, so 0 means constant."""
    products = {
        "covariance": c.tp * c.tn - c.fp * c.fn,
        "label_spread": (c.tp + c.fn) * (c.fp + c.tn),
        "prediction_spread": (c.tp + c.fp) * (c.fn + c.tn),
        "chance_errors": (c.tp + c.fp) * (c.fp + c.tn),
    }
    return {name: added(product, pairs.group, pairs.size) for name, product in products.items()}


def averages(pairs: Pairs, c: Cells) -> dict[str, Floats]:
    """The sums behind the averages of each class metric over the listed classes with labels or predictions.

    A metric that is 0/0 for a class counts 0 there: a model that never gives a class would else be praised for it.
    """
    support = c.tp + c.fn
    seen = (support + c.fp > 0) & (pairs.code < pairs.listed)
    parts = {"averaged": seen, "labelled_classes": support > 0, "support": support}
    for metric in CLASS_METRICS:
        each = np.nan_to_num(value(metric, c))
        parts |= {f"{metric.name}_sum": each, f"{metric.name}_weighted": each * support}
    return {name: added(part[seen], pairs.group[seen], pairs.size) for name, part in parts.items()}


def matrix_order(family: Family) -> Sequence[Any]:
    """The classes of ``labels=``."""
    return family.arguments["labels"] or ()


def matrix_rows(table: CellTable, family: Family) -> pl.DataFrame:
    """The class matrix of each group, labels and predictions in one dtype, as 1 and 1.0 are one class."""
    label, prediction = table.keys["label"], table.keys["prediction"]
    dtype = common_class_dtype(label.dtype, prediction.dtype)
    return pl.DataFrame(
        {
            "group": table.group,
            "label": label.cast(dtype),
            "prediction": prediction.cast(dtype),
            "rows": table.cells.rows,
        }
    )


def per_class(table: CellTable, family: Family) -> pl.DataFrame:
    """The metrics of each class in each group, sorted by group, then by ``labels`` or else by class.

    Columns: ``group`` (Int64, the index in the table), ``class``, ``support``, ``predicted`` and ``tp`` (judged rows
    with this label, this prediction, both; Int64, or Float64 of a weighted table), then ``precision``,
    ``recall``, ``f1`` and ``jaccard`` (Float64, null where 0/0, which averages count as 0). A class that does not occur
    in the judged rows of a group has no row there. A table without rows gives a frame without rows.

    >>> keys = {"label": pl.Series(["a", "a"]), "prediction": pl.Series(["a", "b"])}
    >>> table = CellTable(np.zeros(2, np.int64), 1, keys, Cells({"rows": np.array([3.0, 1.0])}))
    >>> per_class(table, classes("label", "pred")).select("class", "support", "predicted", "recall").rows()
    [('a', 4, 3, 0.75), ('b', 0, 1, None)]
    """
    m = matrix(table, family.arguments["labels"])
    c = by_class(m, table.cells.rows)
    sums = {"support": c.tp + c.fn, "predicted": c.tp + c.fp, "tp": c.tp}
    frame = pl.DataFrame(
        {"group": m.pairs.group, "class": m.classes.gather(m.pairs.code)}
        | {name: counted(cell, table.cells) for name, cell in sums.items()}
        | {metric.name: pl.Series(value(metric, c)).fill_nan(None) for metric in CLASS_METRICS}
    )
    return frame.filter(m.pairs.code < m.pairs.listed)


def most_confused(table: CellTable, family: Family, n: int = 10) -> pl.DataFrame:
    """The ``n`` pairs of a label and another prediction that hold the most rows of each group, most first.

    Columns: ``group`` (Int64, the index in the table), ``label``, ``prediction``, ``rows`` (Int64, or Float64 of a
    weighted table) and ``share``, their part of the judged rows with that label. Ties go by label, then by
    prediction, in the order of ``labels`` or else sorted. A group without a wrong prediction has no row.

    >>> keys = {"label": pl.Series(["a", "a", "b"]), "prediction": pl.Series(["a", "b", "a"])}
    >>> table = CellTable(np.zeros(3, np.int64), 1, keys, Cells({"rows": np.array([3.0, 1.0, 2.0])}))
    >>> most_confused(table, classes("label", "pred"), 1).rows()
    [(0, 'b', 'a', 2, 1.0)]
    """
    m = matrix(table, family.arguments["labels"])
    c = by_class(m, table.cells.rows)
    label, prediction = m.label[m.judged], m.prediction[m.judged]
    group, weight = table.group[m.judged], table.cells.rows[m.judged]
    order = np.lexsort((prediction, label, -weight, group))
    order = order[(label != prediction)[order]]
    rank = np.arange(len(order)) - np.searchsorted(group[order], group[order])
    top = order[rank < n]
    return pl.DataFrame(
        {
            "group": group[top],
            "label": m.classes.gather(label[top]),
            "prediction": m.classes.gather(prediction[top]),
            "rows": counted(weight[top], table.cells),
            "share": weight[top] / (c.tp + c.fn)[m.of_label[top]],
        }
    )


def counted(cell: Floats, cells: Cells) -> NDArray[Any]:
    """A count as int64, a sum of weights as it is."""
    return cell.astype(np.int64) if cells.squares is None else cell


def average_rows(of: Metric) -> tuple[Metric, ...]:
    """The averages over classes of the metric of one class.

    One wrong row is a miss of its label and a false alarm of its prediction, so a metric that divides by
    both counts it twice in the micro average and is no proportion of rows there.
    """
    name = of.name
    once = name in ("precision", "recall")
    micro = replace(of, offered_for=(name, *of.aliases, *of.offered_for), aliases=(f"micro_{name}",))
    micro = micro if once else replace(micro, kind="ratio", interval="")
    return (
        replace(micro, name=f"{name}_micro", source="of tp, fp, fn summed over classes"),
        Metric(f"{name}_macro", lambda c: getattr(c, f"{name}_sum"), lambda c: c.averaged,
               aliases=(f"macro_{name}",), offered_for=micro.offered_for,
               source=f"mean over the classes with labels or predictions, {name}_classes of them, 0 where 0/0"),
        Metric(f"{name}_weighted", lambda c: getattr(c, f"{name}_weighted"), lambda c: c.support,
               aliases=(f"weighted_{name}",), offered_for=micro.offered_for,
               source="mean over the classes weighted by their labels, 0 where 0/0"),
        Metric(f"{name}_classes", lambda c: c.averaged, range=(0, inf), better=None, scale="count",
               source=f"classes that {name}_macro is the mean of"),
    )  # fmt: skip


def judged(c: Any) -> Any:
    return c.correct + c.wrong


def every_row(c: Any) -> Any:
    return judged(c) + c.unpredicted + c.unlabelled + c.unlabelled_unpredicted


# fmt: off
CLASS_METRICS: tuple[Metric, ...] = tuple(find(name, BINARY) for name in ("precision", "recall", "f1", "jaccard"))

METRICS: tuple[Metric, ...] = (
    Metric("accuracy", lambda c: c.correct, judged, "proportion", aliases=("acc", "accuracy_score")),
    Metric("error_rate", lambda c: c.wrong, judged, "proportion", better="lower",
           aliases=("zero_one_loss", "hamming_loss", "misclassification_rate")),
    *(row for metric in CLASS_METRICS for row in average_rows(metric)),
    Metric("balanced_accuracy", lambda c: c.recall_sum,
           lambda c: c.labelled_classes * (c.labelled_classes == c.expected_classes),
           aliases=("balanced_accuracy_score",), source="mean recall, defined where every class has a label"),
    Metric("mcc", lambda c: c.covariance, lambda c: (c.label_spread * c.prediction_spread) ** 0.5, range=(-1, 1),
           aliases=("MCC", "matthews_corrcoef", "matthews_correlation_coefficient"),
           source="Gorodkin 2004: R_K, over every class"),
    Metric("kappa", lambda c: c.covariance, lambda c: c.chance_errors, range=(-1, 1),
           aliases=("cohen_kappa", "cohen_kappa_score"), source="Cohen 1960, over every class"),
    Metric("n_classes", lambda c: c.n_classes, range=(0, inf), better=None, scale="count",
           source="classes among the labels and predictions of judged rows"),
    Metric("label_coverage", lambda c: judged(c) + c.unpredicted, every_row, "proportion",
           source="share of rows with a label"),
    Metric("answer_rate", lambda c: judged(c) + c.unlabelled, every_row, "proportion",
           source="share of rows with a prediction"),
)
# fmt: on
