"""Errors of numeric predictions: mean absolute, mean squared and its root, and R²."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fastmetrics.arithmetic import MOST_WHOLE
from fastmetrics.arrays.blocks import BLOCK, sum_of
from fastmetrics.arrays.inputs import (
    Array,
    as_array,
    as_numbers,
    as_weights,
    common_float,
    flag,
    one_of,
    refuse_infinite,
    same_length,
)
from fastmetrics.arrays.undefined import warn_undefined
from fastmetrics.errors import DataError, SchemaError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["mean_absolute_error", "mean_squared_error", "r2_score", "root_mean_squared_error"]


def mean_absolute_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Any = "uniform_average",
) -> Any:
    """The mean of |prediction - label|, in the unit of the label.

    With 2-D input, ``multioutput`` averages the columns evenly, by a list of weights, or not at all (``"raw_values"``).

    >>> mean_absolute_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
    0.5
    """
    return _combined(_means(np.abs, y_true, y_pred, sample_weight, multioutput), multioutput)


def mean_squared_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Any = "uniform_average",
) -> Any:
    """The mean of (prediction - label)², in the squared unit of the label; ``multioutput`` as in `mean_absolute_error`.

    >>> mean_squared_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
    0.375
    """
    return _combined(_means(np.square, y_true, y_pred, sample_weight, multioutput), multioutput)


def root_mean_squared_error(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Any = "uniform_average",
) -> Any:
    """The root of the mean squared error, in the unit of the label; with 2-D input the root comes before the average.

    >>> root_mean_squared_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
    0.6123724356957945
    """
    return _combined(np.sqrt(_means(np.square, y_true, y_pred, sample_weight, multioutput)), multioutput)


def r2_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
) -> Any:
    """The share of the variance of ``y_true`` that ``y_pred`` explains: 1 - Σ(y - p)² / Σ(y - mean y)²; at most 1.

    Where ``y_true`` is constant it is 1.0 for perfect predictions and 0.0 for others, or NaN and -inf with
    ``force_finite=False``. With one row it is NaN and warns. ``multioutput`` as in `mean_absolute_error`, and also
    ``"variance_weighted"``; None is ``"uniform_average"``.

    >>> r2_score([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
    0.9486081370449679
    """
    flag("force_finite", force_finite)
    true, pred, weights = _read(y_true, y_pred, sample_weight, multioutput, more=("variance_weighted", None))
    with np.errstate(all="ignore"):
        mean = np.average(true, axis=0, weights=weights)
        missed, spread = _sums(np.square, true, pred, weights), _sums(np.square, true, mean, weights)
        _refuse_infinite(true, pred, missed + spread)
        values = 1 - missed / spread
    if len(true) < 2:
        warn_undefined("R² is undefined for fewer than two rows, and set to nan")
        return math.nan
    if force_finite:
        values = np.where(missed == 0, 1, np.where(spread == 0, 0, values)).astype(values.dtype)
    if isinstance(multioutput, str) and multioutput == "variance_weighted":
        multioutput = spread if spread.any() else "uniform_average"
    return _combined(values, multioutput)


def _read(
    y_true: object, y_pred: object, sample_weight: object, multioutput: object, more: tuple[str | None, ...] = ()
) -> tuple[Array, Array, Array | None]:
    """Labels and predictions as matrices of one column an output, in the widest float dtype given, finite or not."""
    if multioutput is None or isinstance(multioutput, str):
        one_of("multioutput", multioutput, ("raw_values", "uniform_average", *more))
    dtype = common_float(y_true, y_pred, sample_weight)
    both = {"y_true": as_array(y_true, "y_true"), "y_pred": as_array(y_pred, "y_pred")}
    for name, array in both.items():
        _refuse_rounding(array, name)
    true, pred = (as_numbers(array, name, dtype, finite=False) for name, array in both.items())
    rows = same_length(y_true=true, y_pred=pred)
    true, pred = true.reshape(rows, -1), pred.reshape(rows, -1)
    if true.shape != pred.shape:
        raise DataError(f"y_true has {true.shape[1]} columns and y_pred {pred.shape[1]}; expected the same number")
    if multioutput is not None and not isinstance(multioutput, str):
        given, outputs = len(as_numbers(multioutput, "multioutput")), true.shape[1]
        if given != outputs or outputs == 1:
            raise SchemaError(f"multioutput has {given} weights for {outputs} outputs; expected one each, for several")
    return true, pred, as_weights(sample_weight, rows, np.float32 if dtype == np.float32 else np.float64)


def _refuse_rounding(array: Array, name: str) -> None:
    """An error for whole numbers of which a float64 holds no more than the nearest it can: errors would be of that."""
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8 and array.size:
        low, high = int(array.min()), int(array.max())
        if max(-low, high) >= MOST_WHOLE:
            raise DataError(
                f"{name} holds whole numbers from {low} to {high}, which float64 rounds from 2**53 on; subtract "
                "an offset from both arrays, or give floats"
            )


def _means(loss: np.ufunc, y_true: object, y_pred: object, sample_weight: object, multioutput: object) -> Array:
    """The mean loss of each output, where the loss is a function of the error."""
    true, pred, weights = _read(y_true, y_pred, sample_weight, multioutput)
    with np.errstate(all="ignore"):
        if true.shape[1] > 1 or true.dtype == np.float16:
            means: Array = np.average(loss(true - pred), axis=0, weights=weights)
        else:
            means = _sums(loss, true, pred, weights) / _total(weights, true)
    _refuse_infinite(true, pred, means)
    return means


def _total(weights: Array | None, true: Array) -> Any:
    if weights is None:
        return len(true)
    total = weights.sum()
    if total == 0:
        raise ZeroDivisionError("sample_weight adds up to 0, so there is no mean")
    return total


def _sums(loss: np.ufunc, true: Array, pred: Array, weights: Array | None) -> Array:
    """Σ weight · loss(y - p) of each output; of a vector without an array of all losses."""
    if true.shape[1] > 1 or true.dtype == np.float16:
        losses = loss(true - pred)
        sums: Array = np.sum(losses if weights is None else losses * weights[:, None], axis=0)
        return sums
    y, p = true[:, 0], np.broadcast_to(pred[..., 0], len(true))
    # A dot product squares and adds in one step, 2 instead of 7 us a block, but in float32 ends in other digits. BLAS
    # would start threads for one of more than 10,000 rows; the other steps have blocks of 128 KiB.
    dot = weights is None and loss is np.square and y.dtype == np.float64
    block = BLOCK if dot else BLOCK * 16 // y.itemsize
    room = np.empty(min(len(y), block), y.dtype)

    def part(at: slice) -> Any:
        error = np.subtract(y[at], p[at], out=room[: at.stop - at.start])
        if dot:
            return error @ error
        losses = loss(error, out=error)
        return np.add.reduce(losses if weights is None else losses * weights[at])

    return np.array([sum_of(len(y), part, block)])


def _refuse_infinite(true: Array, pred: Array, sums: Array) -> None:
    """An error where NaN or infinity in the data made sums infinite: they reach every sum of errors."""
    if not np.isfinite(sums).all():
        refuse_infinite(true, "y_true")
        refuse_infinite(pred, "y_pred")


def _combined(values: Array, multioutput: Any) -> Any:
    """The values of the outputs: as they are, or averaged evenly or by the weights given."""
    if isinstance(multioutput, str) and multioutput == "raw_values":
        return values
    even = multioutput is None or isinstance(multioutput, str)
    with np.errstate(invalid="ignore"):
        return float(np.average(values, weights=None if even else np.asarray(multioutput)))
