"""Precision, recall, F and Jaccard: rows over three sums a label, then an average over labels or rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmetrics.arrays.encoding import LabelPair, as_labels
from fastmetrics.arrays.inputs import Array, one_of, pos_label_of, zero_division_value
from fastmetrics.arrays.margins import JACCARD, PRECISION, RECALL, Margins, averages, f_metric
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.metric import Metric
from fastmetrics.notes import warn

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "f1_score",
    "fbeta_score",
    "jaccard_score",
    "precision_recall_fscore_support",
    "precision_score",
    "recall_score",
]

AVERAGES = ("binary", "micro", "macro", "weighted", "samples", None)


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
    metrics = (PRECISION, RECALL, f_metric(beta))
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
    (value,), _ = _scores((f_metric(1.0),), y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
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
    metrics, warn_for = (f_metric(beta),), ("f-score",)
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
