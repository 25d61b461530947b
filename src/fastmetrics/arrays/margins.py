"""Sums over labels of what was hit, true and predicted, and metrics over them, averaged over labels or rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from fastmetrics.arithmetic import divide
from fastmetrics.arrays.encoding import LabelPair, positions
from fastmetrics.arrays.inputs import Array, zero_division_value
from fastmetrics.arrays.undefined import warn_undefined
from fastmetrics.errors import DataError, SchemaError, listed
from fastmetrics.metric import Metric

__all__ = ["JACCARD", "PRECISION", "PRECISION_RECALL_F1", "RECALL", "Margins", "averages", "f_metric"]


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


def f_metric(beta: float) -> Metric:
    if not isinstance(beta, Real) or not beta >= 0:
        raise SchemaError(f"beta={beta!r} must be a number of at least 0")
    if beta == 0:
        return PRECISION
    if math.isinf(beta):
        return RECALL
    square = beta**2
    return Metric("f-score", lambda m: (1 + square) * m.hits, lambda m: square * m.true + m.pred)


PRECISION_RECALL_F1 = (PRECISION, RECALL, f_metric(1.0))


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
        warn_undefined(text)
    return values


def _nan_mean(values: Array, weights: Array | None) -> float:
    known = ~np.isnan(values)
    if not known.any():
        return math.nan
    if weights is not None and weights[known].sum() == 0:
        weights = None
    return float(np.average(values[known], weights=None if weights is None else weights[known]))
