"""Precision, recall, F and Jaccard: rows over three sums a label, then an average over labels or rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmetrics.arithmetic import divide
from fastmetrics.arrays.encoding import LabelPair, as_labels, positions
from fastmetrics.arrays.inputs import Array, UndefinedMetricWarning, one_of, pos_label_of, zero_division_value
from fastmetrics.errors import DataError, SchemaError, listed
from fastmetrics.metrics import Metric
from fastmetrics.notes import warn

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "PRECISION_RECALL_F1",
    "Margins",
    "averages",
    "f1_score",
    "fbeta_score",
    "jaccard_score",
    "precision_recall_fscore_support",
    "precision_score",
    "recall_score",
]

AVERAGES = ("binary", "micro", "macro", "weighted", "samples", None)


@dataclass(frozen=True, slots=True)
class Margins:
    """For each label (or each row of an indicator): the weight of the hits, of the true and of the predicted ones."""

    hits: Array
    true: Array
    pred: Array

    @classmethod
    def of(cls, pair: LabelPair, labels: Array | None = None, *, by_row: bool = False) -> Margins:
        """The sums of a pair over ``labels`` in their order, all classes where None; one with no rows has zeros."""
        if pair.kind == "multilabel":
            return cls._of_indicator(pair, labels, by_row)
        if by_row:
            raise DataError("average='samples' needs an indicator matrix (one 0/1 column a label), not one label a row")
        hits, true, pred = cls._sums(pair)
        # Support is a count, so int64; scikit-learn makes it float64 under weights, and where nothing was hit at all.
        dtype = np.int64 if pair.weights is None and hits.any() else np.float64
        if labels is None:
            return cls(*(sums.astype(dtype) for sums in (hits, true, pred)))
        at = positions(labels, pair.classes)
        return cls(*(np.append(sums, 0).astype(dtype)[at] for sums in (hits, true, pred)))

    @staticmethod
    def _sums(pair: LabelPair) -> tuple[Array, Array, Array]:
        if pair.table is not None:
            return np.diagonal(pair.table), pair.table.sum(axis=1), pair.table.sum(axis=0)
        size, weights, equal = len(pair.classes), pair.weights, pair.true == pair.pred
        hits = np.bincount(pair.true, equal if weights is None else equal * weights, size)
        return hits, np.bincount(pair.true, weights, size), np.bincount(pair.pred, weights, size)

    @classmethod
    def _of_indicator(cls, pair: LabelPair, labels: Array | None, by_row: bool) -> Margins:
        columns = pair.classes if labels is None else labels
        if not np.isin(columns, pair.classes).all():
            raise DataError(f"labels={listed(columns.tolist())} must be column numbers below {len(pair.classes)}")
        columns = columns.astype(np.intp)
        true, pred = pair.true[:, columns] != 0, pair.pred[:, columns] != 0
        weights = np.ones(len(true), np.int64) if pair.weights is None else pair.weights.astype(np.float64)
        if by_row:
            return cls(*(flags.sum(axis=1) * weights for flags in (true & pred, true, pred)))
        return cls(*(weights @ flags for flags in (true & pred, true, pred)))

    def total(self) -> Margins:
        """The sums over all labels, as a vector of one."""
        return Margins(*(sums.sum(keepdims=True) for sums in (self.hits, self.true, self.pred)))


# Formulas over margins, and which labels are absent where their denominator is 0.
PRECISION = Metric("precision", lambda m: m.hits, lambda m: m.pred)
RECALL = Metric("recall", lambda m: m.hits, lambda m: m.true)
JACCARD = Metric("jaccard", lambda m: m.hits, lambda m: m.true + m.pred - m.hits)
ABSENT = {
    "precision": "predicted",
    "recall": "true",
    "jaccard": "true or predicted",
    "f-score": "true nor predicted",
}


def _f_metric(beta: float) -> Metric:
    if not isinstance(beta, Real) or not beta >= 0:
        raise SchemaError(f"beta={beta!r} must be a number of at least 0")
    if beta == 0:
        return PRECISION
    if math.isinf(beta):
        return RECALL
    square = beta**2
    return Metric("f-score", lambda m: (1 + square) * m.hits, lambda m: square * m.true + m.pred)


PRECISION_RECALL_F1 = (PRECISION, RECALL, _f_metric(1.0))


def averages(
    metrics: Sequence[Metric],
    margins: Margins,
    average: str | None,
    weights: Array | None = None,
    zero_division: object = "warn",
    warn_for: Collection[str] = ("precision", "recall", "f-score", "jaccard"),
) -> list[Any]:
    """Each metric as a vector over labels, or averaged to a float over those where it is defined."""
    margins = margins.total() if average == "micro" else margins
    importance = {"weighted": margins.true, "samples": weights}.get(average or "")
    result: dict[Metric, Any] = {}
    for metric in dict.fromkeys(metrics):
        values = _values(metric, margins, average, zero_division, metric.name in warn_for)
        result[metric] = values if average is None else _nan_mean(values, importance)
    return [result[metric] for metric in metrics]


def _values(metric: Metric, margins: Margins, average: str | None, zero_division: object, told: bool) -> Array:
    assert metric.den is not None
    den = metric.den(margins)
    undefined = den == 0
    values = divide(metric.num(margins), den, zero_division_value(zero_division))
    if told and zero_division == "warn" and undefined.any():
        per, absent = ("row", "label") if average == "samples" else ("label", "row")
        where = "" if len(den) == 1 else f"for each {per} "
        missing = f"no {ABSENT[metric.name]} {absent}s"
        text = f"{metric.name} is 0/0 and set to 0.0 {where}with {missing}; choose with zero_division="
        warn(text, UndefinedMetricWarning)
    return values


def _nan_mean(values: Array, weights: Array | None) -> float:
    known = ~np.isnan(values)
    if not known.any():
        return math.nan
    if weights is not None and weights[known].sum() == 0:
        weights = None
    return float(np.average(values[known], weights=None if weights is None else weights[known]))


def _asked(pair: LabelPair, labels: ArrayLike | None, pos_label: object, average: str | None) -> Array | None:
    """The labels to compute a value for: those given, or the positive one alone for ``average="binary"``."""
    one_of("average", average, AVERAGES)
    positive = pos_label_of(pos_label)
    wanted = None if labels is None else as_labels(labels)
    if average != "binary":
        if positive not in (None, 1):
            warn(f"average={average!r} ignores pos_label={positive!r}; for it alone use labels=[{positive!r}]")
        return wanted
    if pair.kind != "binary":
        raise DataError(f"y_true and y_pred are {pair.kind}, which average='binary' cannot take; name another average=")
    classes = pair.classes.tolist()
    if positive not in classes and len(classes) == 2:
        raise DataError(f"pos_label={positive!r} is not a label of the data; it has {classes[0]!r} and {classes[1]!r}")
    if positive is None:
        raise TypeError("average='binary' needs a pos_label, not None")
    return np.array([positive])


def _scores(
    metrics: Sequence[Metric],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    labels: ArrayLike | None,
    pos_label: Any,
    average: str | None,
    sample_weight: ArrayLike | None,
    zero_division: Any,
    warn_for: Collection[str] = ("precision", "recall", "f-score", "jaccard"),
) -> tuple[list[Any], Margins]:
    zero_division_value(zero_division)
    pair = LabelPair.read(y_true, y_pred, sample_weight)
    wanted = _asked(pair, labels, pos_label, average)
    margins = Margins.of(pair, wanted, by_row=average == "samples")
    return averages(metrics, margins, average, pair.weights, zero_division, warn_for), margins


def precision_recall_fscore_support(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    beta: float = 1.0,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = None,
    warn_for: list[str] | tuple[str, ...] | set[str] = ("precision", "recall", "f-score"),
    sample_weight: ArrayLike | None = None,
    zero_division: Any = "warn",
) -> tuple[Any, Any, Any, Any]:
    """Precision, recall, F and support: a vector over labels each, or three floats and None with an ``average``.

    F is computed from counts, (1 + beta²)·tp / ((1 + beta²)·tp + beta²·fn + fp), so it is defined where precision or
    recall alone is. 0/0 is ``zero_division``: ``"warn"`` is 0.0 and a warning for each metric named in ``warn_for``,
    NaN is left out of averages. A 2-D input has one 0/1 column a label; ``average="samples"`` averages over its rows.

    >>> precision, recall, f, support = precision_recall_fscore_support([0, 1, 1, 0], [0, 1, 0, 0])
    >>> recall, support
    (array([1. , 0.5]), array([2, 2]))
    """
    if not isinstance(warn_for, list | tuple | set):
        raise SchemaError(f"warn_for={warn_for!r} must be a list, tuple or set of metric names")
    metrics = (PRECISION, RECALL, _f_metric(beta))
    (precision, recall, f), margins = _scores(
        metrics, y_true, y_pred, labels, pos_label, average, sample_weight, zero_division, warn_for
    )
    return precision, recall, f, margins.true if average is None else None


def precision_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: Any = "warn",
) -> Any:
    """The share of predicted positives that are right, tp / (tp + fp); a vector over labels with ``average=None``.

    Options and 0/0 as in `precision_recall_fscore_support`.

    >>> precision_score([0, 1, 1, 0], [1, 1, 0, 0])
    0.5
    """
    (value,), _ = _scores((PRECISION,), y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
    return value


def recall_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: Any = "warn",
) -> Any:
    """The share of positives that are found, tp / (tp + fn); a vector over labels with ``average=None``.

    Options and 0/0 as in `precision_recall_fscore_support`.

    >>> recall_score(["spam", "ham", "spam"], ["spam", "ham", "ham"], pos_label="spam")
    0.5
    """
    (value,), _ = _scores((RECALL,), y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
    return value


def f1_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: Any = "warn",
) -> Any:
    """The harmonic mean of precision and recall, 2·tp / (2·tp + fp + fn); a vector over labels with ``average=None``.

    Options and 0/0 as in `precision_recall_fscore_support`.

    >>> f1_score([0, 1, 2, 2], [0, 2, 2, 2], average="macro", zero_division=0)
    0.6
    """
    (value,), _ = _scores((_f_metric(1.0),), y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
    return value


def fbeta_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    beta: float,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: Any = "warn",
) -> Any:
    """The mean of precision and recall in which recall weighs ``beta`` times as much; a vector with ``average=None``.

    ``beta=0`` is precision and ``beta=inf`` recall. Options and 0/0 as in `precision_recall_fscore_support`.

    >>> fbeta_score([0, 1, 1, 0], [1, 1, 1, 0], beta=0.5)
    0.7142857142857143
    """
    metrics, warn_for = (_f_metric(beta),), ("f-score",)
    (value,), _ = _scores(metrics, y_true, y_pred, labels, pos_label, average, sample_weight, zero_division, warn_for)
    return value


def jaccard_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: Any = "warn",
) -> Any:
    """Intersection over union of the positives, tp / (tp + fp + fn); a vector over labels with ``average=None``.

    0/0 is ``zero_division``: 0, 1 or ``"warn"`` for 0.0 and a warning. Other options as in
    `precision_recall_fscore_support`.

    >>> jaccard_score([0, 1, 1, 0], [1, 1, 1, 0])
    0.6666666666666666
    """
    zero_division_value(zero_division, nan=False)
    (value,), _ = _scores((JACCARD,), y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
    return value
