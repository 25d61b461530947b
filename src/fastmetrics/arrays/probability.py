"""Log loss and Brier score: what a predicted probability loses against the label that came."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmetrics.arrays.blocks import BLOCK, blocks
from fastmetrics.arrays.encoding import as_labels, positions, read_labels
from fastmetrics.arrays.inputs import (
    Array,
    as_array,
    as_column,
    as_probabilities,
    as_weights,
    flag,
    pos_label_of,
    same_length,
    weighted_mean,
)
from fastmetrics.errors import DataError, SchemaError, listed
from fastmetrics.notes import warn

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["brier_score_loss", "log_loss"]


def log_loss(
    y_true: ArrayLike,
    y_proba: ArrayLike | None = None,
    *,
    normalize: bool = True,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    y_pred: Any = "deprecated",
) -> float:
    """The mean of -log(probability given to the label that came), in nats; the sum with ``normalize=False``.

    ``y_proba`` is the probability of the greater of two classes or has one column a class in order; it is clipped to
    [eps, 1 - eps] of its dtype, so a certain miss costs 36.04 in float64 and 15.94 in float32. ``labels`` names the
    classes where ``y_true`` lacks one. ``y_pred`` is the former name of ``y_proba``.

    >>> log_loss(["bad", "ok", "ok", "bad"], [0.1, 0.9, 0.8, 0.35])
    0.21616187468057912
    """
    flag("normalize", normalize)
    if not (isinstance(y_pred, str) and y_pred == "deprecated"):
        if y_proba is not None:
            raise SchemaError("y_proba and y_pred are both given; y_pred is the former name of y_proba")
        warn("y_pred is now called y_proba", FutureWarning)
        y_proba = y_pred
    if y_proba is None:
        raise SchemaError("y_proba is missing; expected one probability a row, or one column a class")
    proba = as_probabilities(y_proba, "y_proba")
    came, weights = _read(y_true, proba, sample_weight, labels)
    eps = np.finfo(proba.dtype).eps

    def losses(at: slice) -> Array:
        block, cells = _columns(proba[at]), came(at)
        costs = -np.log(np.clip(block[cells], eps, 1 - eps))
        return np.bincount(cells[0], costs, len(block)).astype(block.dtype)

    return weighted_mean(_by_blocks(losses, len(proba)), weights, normalize=normalize)


def brier_score_loss(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: Any = None,
    labels: ArrayLike | None = None,
    scale_by_half: Any = "auto",
) -> float:
    """The mean over rows of Σ_k (p_k - [the label is k])², halved where there are two classes; 0 is best.

    A vector ``y_proba`` is the probability of ``pos_label``, by default 1, else the greatest number; strings need it
    named. A matrix has one column a class in sorted order, and ``labels`` names them where ``y_true`` lacks one.
    ``scale_by_half`` overrules the halving. Brier (1950).

    >>> brier_score_loss([0, 1, 1, 0], [0.25, 0.75, 1.0, 0.5])
    0.09375
    """
    if scale_by_half != "auto":
        flag("scale_by_half", scale_by_half)
    pos_label_of(pos_label)
    proba = as_probabilities(y_proba, "y_proba")
    if proba.ndim == 1 or proba.shape[1] == 1:
        hits, weights = _read_binary(y_true, proba, sample_weight, pos_label)
        proba = proba.reshape(-1)

        def squares(at: slice) -> Array:
            of_hit, of_miss = proba[at] - hits[at], 1 - proba[at] - ~hits[at]
            errors: Array = of_miss * of_miss + of_hit * of_hit
            return errors
    else:
        came, weights = _read(y_true, proba, sample_weight, labels)

        def squares(at: slice) -> Array:
            errors: Array = proba[at].copy()
            errors[came(at)] -= 1
            squared: Array = np.sum(errors**2, axis=1)
            return squared

    half = proba.ndim == 1 or proba.shape[1] < 3 if scale_by_half == "auto" else scale_by_half
    return weighted_mean(_by_blocks(squares, len(proba)), weights) * (0.5 if half else 1.0)


# The cells (rows, columns) of a block of a probability matrix that came true: one a row, or the ones of an indicator.
Cells = Callable[[slice], tuple[Array, ...]]


def _by_blocks(values: Callable[[slice], Array], rows: int) -> Array:
    """The values of all rows, made a block at a time: what lies between stays in cache, 20 instead of 70 ms for 1M."""
    return np.concatenate([values(at) for at in blocks(rows)])


def _columns(proba: Array) -> Array:
    """Probabilities with one column a class, where they may be those of the greater of two classes."""
    if proba.ndim == 2 and proba.shape[1] > 1:
        return proba
    proba = proba.reshape(-1)
    return np.stack([1 - proba, proba], axis=1)


def _read(y_true: object, proba: Array, sample_weight: object, labels: object) -> tuple[Cells, Array | None]:
    """The cells that came true, and the weights."""
    truth = read_labels(y_true, "y_true")
    rows = same_length(y_true=truth.codes, y_proba=proba)
    weights = as_weights(sample_weight, rows)
    classes = truth.classes if labels is None else _declared(labels)
    if truth.kind == "multilabel":
        if labels is not None:
            raise SchemaError("labels= does not go with an indicator matrix, whose columns are the labels")

        def came(at: slice) -> tuple[Array, ...]:
            return np.nonzero(truth.codes[at])
    else:
        at = positions(truth.classes, classes)
        if (at < 0).any():
            unknown = listed(truth.classes[at < 0].tolist())
            raise DataError(f"y_true holds {unknown}, not among labels={listed(classes)}")
        columns, counted = at[truth.codes], np.arange(BLOCK)

        def came(at: slice) -> tuple[Array, ...]:
            return counted[: at.stop - at.start], columns[at]

    if len(classes) < 2:
        raise DataError(f"only one class is known, {classes[0]}; name all of them with labels=")
    if proba.ndim == 2 and not all(_add_up(_columns(proba[at])) for at in blocks(rows)):
        warn("the rows of y_proba do not add up to 1, so they are no probabilities")
    given = _columns(proba[:1]).shape[1]
    if given != len(classes):
        raise DataError(f"y_proba has {given} columns for {len(classes)} classes; name them with labels=")
    return came, weights


def _add_up(proba: Array) -> bool:
    """Whether each row adds up to 1."""
    sums = np.einsum("ij->i", proba)
    return bool((abs(sums - 1) <= 1e-8 + math.sqrt(np.finfo(proba.dtype).eps)).all())


def _declared(labels: object) -> Array:
    wanted = as_labels(labels)
    classes = np.unique(wanted)
    if len(classes) != len(wanted):
        raise SchemaError(f"labels={listed(wanted.tolist())} names a class twice")
    if not np.array_equal(classes, wanted):
        text = f"labels={listed(wanted.tolist())} is not in order; the columns of y_proba stand for {listed(classes)}"
        warn(text)
    return classes


def _read_binary(y_true: object, proba: Array, sample_weight: object, pos_label: object) -> tuple[Array, Array | None]:
    """Which rows have the one label that the probabilities speak of, among two at most, and the weights."""
    truth = read_labels(as_column(as_array(y_true, "y_true"), "y_true"), "y_true")
    rows = same_length(y_true=truth.codes, y_proba=proba)
    weights = as_weights(sample_weight, rows)
    if truth.kind != "binary":
        raise DataError(f"y_true has {len(truth.classes)} classes; give y_proba one column for each")
    positive, classes = pos_label, truth.classes.tolist()
    if positive is None:
        if isinstance(classes[-1], str):
            raise DataError(f"y_true holds {listed(classes)}; say with pos_label= which of them y_proba speaks of")
        positive = 1 if set(classes) <= {0, 1} or set(classes) <= {-1, 1} else classes[-1]
    code = classes.index(positive) if positive in classes else -1
    return truth.codes == code, weights
