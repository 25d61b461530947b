"""Metrics of scores as expressions: the ROC AUC by exact ranks, and the losses of probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs

from fastmetrics.contract.columns import Column, column_name
from fastmetrics.contract.roles import Role
from fastmetrics.families.calibration import calibration_metrics
from fastmetrics.families.ranking import RANKING
from fastmetrics.metric import Formula, Metric, find
from fastmetrics.polars.sums import Check, Multiples, Sums, multiples, named, number, states

__all__ = ["brier", "log_loss", "roc_auc"]


def read_from(row: Metric, num: Formula, den: Formula) -> Metric:
    """The row of a metric with formulas over other sums; what it has for sums by bin goes."""
    return replace(row, num=num, den=den, interval="", square=None, error=None)


LOSSES = calibration_metrics(np.array([0.0, 1.0]))
ROC_AUC = read_from(find("roc_auc", RANKING), lambda c: c.ordered, lambda c: c.positives * c.negatives)
LOG_LOSS, BRIER = (
    read_from(find(name, LOSSES), lambda c: c.loss, lambda c: c.judged) for name in ("log_loss", "brier")
)


def roc_auc(
    y_true: Column,
    y_score: Column,
    *,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """The area under the ROC curve of a group, exact: the share of pairs that scores put in order, a tie being half.

    By the ranks of the scores (Mann and Whitney 1947), so a group is sorted and held whole: for many rows or for
    roll-ups count `fastmetrics.scores` instead. Rows without label or score are left out; null where a class is
    missing. Arguments as of `BinaryMetric`.

    >>> pl.DataFrame({"label": [0, 0, 1, 1], "score": [0.1, 0.4, 0.35, 0.8]}).select(roc_auc("label", "score")).item()
    0.75
    """
    (label,), checks = states(Role("label", y_true, "binary", pos_label=pos_label))
    score = number(y_score)
    known = label.known & score.is_not_null()
    right, s = label.positive.filter(known), score.filter(known)
    of = multiples(weight, frequency)
    if of.each is None:
        hits = right.sum().cast(pl.Float64)
        ordered = s.rank("average").filter(right).sum() - hits * (hits + 1) / 2
        return Sums({"ordered": ordered, "positives": hits, "negatives": (~right).sum()}, checks).metric(ROC_AUC)
    w = of.each.cast(pl.Float64).filter(known)
    negative = pl.when(right).then(0.0).otherwise(w)
    first, last = s.rank("min") - 1, s.rank("max") - 1
    by_score = negative.sort_by(s)
    upto = by_score.cum_sum()
    below = upto.gather(first) - by_score.gather(first)
    ordered = (w * (below + upto.gather(last)) / 2).filter(right).sum()
    sums = {"ordered": ordered, "positives": w.filter(right).sum(), "negatives": negative.sum()}
    return Sums(sums, {**checks, **of.checks}).metric(ROC_AUC)


def log_loss(
    y_true: Column,
    y_score: Column,
    *,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """The mean negative log likelihood of a group in nats, over rows with label and score.

    Scores are clipped at the epsilon of their dtype, as scikit-learn does (a computed score counts as Float64); one
    outside [0, 1] is an error. Null where no row has both. Arguments as of `BinaryMetric`.

    >>> log = pl.DataFrame({"label": [1, 0], "score": [0.8, 0.4]})
    >>> log.select(log_loss("label", "score").round(4)).item()
    0.367
    """
    (label,), checks = states(Role("label", y_true, "binary", pos_label=pos_label))
    p, tiny = number(y_score), epsilon(y_score)
    happened = pl.when(label.positive).then(p).when(label.negative).then(1 - p)
    return mean_loss(LOG_LOSS, -happened.clip(tiny, 1 - tiny).log(), y_score, checks, multiples(weight, frequency))


def brier(
    y_true: Column,
    y_score: Column,
    *,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """The mean squared difference of score and label (1 or 0) of a group (Brier 1950), over rows with both.

    A score outside [0, 1] is an error. Null where no row has both. Arguments as of `BinaryMetric`.

    >>> log = pl.DataFrame({"label": [1, 0], "score": [0.8, 0.4]})
    >>> log.select(brier("label", "score").round(4)).item()
    0.1
    """
    (label,), checks = states(Role("label", y_true, "binary", pos_label=pos_label))
    p = number(y_score)
    missed = pl.when(label.positive).then(1 - p).when(label.negative).then(p)
    return mean_loss(BRIER, missed**2, y_score, checks, multiples(weight, frequency))


def epsilon(column: Column) -> pl.Expr | float:
    """The smallest step of a column's values at 1, where it is Float16 or Float32, and of any other's as Float64."""
    name, fine = named(column), float(np.finfo(np.float64).eps)
    if name is None:
        return fine
    coarse = [
        (cs.by_name(name) & cs.by_dtype(dtype))
        .is_null()
        .replace_strict([True, False], [float(np.finfo(width).eps)] * 2, return_dtype=pl.Float64)
        for dtype, width in ((pl.Float16, np.float16), (pl.Float32, np.float32))
    ]
    return pl.max_horizontal(*coarse, pl.lit(fine))


def mean_loss(row: Metric, loss: pl.Expr, y_score: Column, checks: Mapping[str, Check], of: Multiples) -> pl.Expr:
    """The mean of a loss that is null where a row is not judged."""
    score = number(y_score)
    message = f"score column {column_name(y_score)!r} holds a value outside [0, 1]; a probability is needed"
    outside = {message: Check(((score < 0) | (score > 1)).any())}
    judged = loss.count() if of.each is None else of.rows(loss.is_not_null())
    return Sums({"loss": of.sum(loss), "judged": judged}, {**checks, **outside, **of.checks}).metric(row)
