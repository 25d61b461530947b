"""Values of the confusion matrix: one dense weighted table of true x predicted label, filled by one bincount."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from fastmetrics.arrays.encoding import LabelPair, agreeing, as_labels, positions
from fastmetrics.arrays.inputs import Array, as_array, flag, one_of, weighted_mean
from fastmetrics.arrays.undefined import warn_undefined
from fastmetrics.errors import DataError, SchemaError, listed
from fastmetrics.notes import warn

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "accuracy_score",
    "balanced_accuracy_score",
    "cohen_kappa_score",
    "confusion_matrix",
    "matthews_corrcoef",
]


def accuracy_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, normalize: bool = True, sample_weight: ArrayLike | None = None
) -> float:
    """The share of rows whose prediction equals the label, or their (weighted) number with ``normalize=False``.

    In a 2-D indicator every label of a row must agree.

    >>> accuracy_score([0, 1, 1, 0], [0, 1, 0, 0])
    0.75
    """
    flag("normalize", normalize)
    if sample_weight is None and (hits := agreeing(y_true, y_pred)) is not None:
        return hits / len(as_array(y_true, "y_true")) if normalize else float(hits)
    pair = LabelPair.read(y_true, y_pred, sample_weight)
    equal = pair.true == pair.pred
    return weighted_mean(equal.all(axis=1) if pair.kind == "multilabel" else equal, pair.weights, normalize=normalize)


def confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    normalize: str | None = None,
) -> Array:
    """Counts of label (row) by prediction (column), int64; float64 under float weights or ``normalize``.

    ``labels`` selects and orders the classes; rows of any other class are left out. ``normalize`` divides by the sum of
    the row (``"true"``), of the column (``"pred"``) or of all (``"all"``), and 0/0 is 0. A 1 x 1 result warns.

    >>> confusion_matrix(["cat", "dog", "dog"], ["cat", "cat", "dog"])
    array([[1, 0],
           [1, 1]])
    """
    one_of("normalize", normalize, ("true", "pred", "all", None))
    table = _table(LabelPair.read(y_true, y_pred, sample_weight), labels, "y_true")
    if normalize is None:
        return table
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    with np.errstate(all="ignore"):
        shares: Array = np.nan_to_num(table / table.sum(axis=axis, keepdims=True))
    return shares


def balanced_accuracy_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None, adjusted: bool = False
) -> float:
    """The mean recall of the classes of ``y_true``; a class that only ``y_pred`` has is left out and warns.

    ``adjusted`` rescales so that chance is 0 and perfect is 1; with one class that is NaN or -inf.

    >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 1, 1])
    0.8333333333333333
    """
    flag("adjusted", adjusted)
    table = _table(LabelPair.read(y_true, y_pred, sample_weight))
    with np.errstate(all="ignore"):
        recalls = np.diagonal(table) / table.sum(axis=1)
        unseen = np.isnan(recalls)
        if unseen.any():
            warn("y_pred contains classes that y_true does not; they are left out")
            recalls = recalls[~unseen]
        chance = 1 / len(recalls) if adjusted else 0.0
        return float((recalls.mean() - chance) / np.float64(1 - chance))


def matthews_corrcoef(y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None) -> float:
    """The correlation of label and prediction in [-1, 1], for any number of classes; 0.0 where either is constant.

    Gorodkin's R_K (2004); with two classes it is Matthews' phi (1975).

    >>> matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 1])
    -0.3333333333333333
    """
    table = _table(LabelPair.read(y_true, y_pred, sample_weight)).astype(np.float64)
    true, pred = table.sum(axis=1), table.sum(axis=0)
    total = pred.sum()
    spread = (total**2 - pred @ pred) * (total**2 - true @ true)
    return float((np.trace(table) * total - true @ pred) / np.sqrt(spread)) if spread != 0 else 0.0


def cohen_kappa_score(
    y1: ArrayLike,
    y2: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    weights: str | None = None,
    sample_weight: ArrayLike | None = None,
    replace_undefined_by: float = np.nan,
) -> float:
    """The agreement of two labellings beyond chance, at most 1.

    ``weights`` lets a miss cost its distance in the order of classes (``"linear"``) or the square of it
    (``"quadratic"``). Where chance alone agrees for certain it warns and is ``replace_undefined_by``. Cohen (1960).

    >>> cohen_kappa_score([0, 1, 1, 0], [0, 1, 0, 0])
    0.5
    """
    one_of("weights", weights, ("linear", "quadratic", None))
    if not isinstance(replace_undefined_by, Real) or abs(replace_undefined_by) > 1:
        raise SchemaError(f"replace_undefined_by={replace_undefined_by!r} must be a number in [-1, 1] or nan")
    table = _table(LabelPair.read(y1, y2, sample_weight, ("y1", "y2")), labels, "y1").astype(np.float64)
    rank = np.arange(len(table))
    distance = abs(rank[:, None] - rank)
    cost = {None: distance > 0, "linear": distance, "quadratic": distance**2}[weights]
    with np.errstate(invalid="ignore"):
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    chance = np.sum(cost * expected)
    if chance == 0 or np.isnan(chance):
        reason = "y1 and y2 have only one label in common" if chance == 0 else "y2 has none of the labels that y1 has"
        text = f"kappa is undefined because {reason}, and set to {replace_undefined_by} by replace_undefined_by="
        warn_undefined(text)
        return replace_undefined_by
    return float(1 - np.sum(cost * table) / chance)


def _table(pair: LabelPair, labels: ArrayLike | None = None, name: str = "y_true") -> Array:
    """The dense table over ``labels``, all classes where None; other classes share a last row and column, cut off."""
    if pair.kind == "multilabel":
        raise DataError("an indicator matrix has no single confusion matrix; expected one label a row")
    classes, slots, slot_of = pair.classes, len(pair.classes), None
    if labels is not None:
        wanted = as_labels(labels)
        at = positions(wanted, classes)
        present = pair.true if pair.table is None else np.flatnonzero(pair.table.any(axis=1))
        if not np.isin(at[at >= 0], present).any():
            raise DataError(f"{name} has none of labels={listed(wanted.tolist())}; it has {listed(classes.tolist())}")
        slots = len(wanted)
        slot_of = np.full(len(classes), slots)
        slot_of[at[at >= 0]] = np.flatnonzero(at >= 0)
    counts = _counts(pair, slot_of, slots + (labels is not None))
    if slots == 1:
        text = "only one label occurs, so the confusion matrix is 1 x 1; name all classes with labels="
        warn(text)
    return counts[:slots, :slots]


def _counts(pair: LabelPair, slot_of: Array | None, side: int) -> Array:
    """The weight of each pair of slots; ``slot_of`` is that of each class, the class itself where None."""
    if pair.table is not None:
        if slot_of is None:
            return pair.table
        counts = np.zeros((side, side), np.int64)
        np.add.at(counts, np.ix_(slot_of, slot_of), pair.table)
        return counts
    true, pred = (codes if slot_of is None else slot_of[codes] for codes in (pair.true, pair.pred))
    sums = np.bincount(true * side + pred, weights=pair.weights, minlength=side * side).reshape(side, side)
    return sums.astype(np.int64) if pair.weights is None or pair.weights.dtype.kind in "biu" else sums
