"""Anything array-like -> numpy: the arrays, weights and options that every array function reads."""

from __future__ import annotations

import math
from collections.abc import Sized
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fastmetrics.arithmetic import MOST_WHOLE
from fastmetrics.errors import DataError, SchemaError, unknown
from fastmetrics.guard import FOREIGN, first_line

__all__ = [
    "Array",
    "as_array",
    "as_column",
    "as_numbers",
    "as_probabilities",
    "as_weights",
    "common_float",
    "flag",
    "one_of",
    "pos_label_of",
    "refuse_infinite",
    "same_length",
    "weighted_mean",
    "zero_division_value",
]

Array = npt.NDArray[Any]


def as_array(values: object, name: str) -> Array:
    """``values`` as a numpy array of one or two dimensions, without a copy where its owner allows.

    Lists, numpy arrays, Polars Series, pyarrow arrays and pandas Series are read through ``__array__``. A null comes
    out as NaN, None or NaT, whichever numpy gives, and is refused by whoever reads the values; one of a masked array is
    refused here.
    """
    if isinstance(values, str | bytes | np.matrix) or not (hasattr(values, "__array__") or isinstance(values, Sized)):
        raise TypeError(f"{name} must be a list, an array or a Series, not {type(values).__name__}")
    if np.ma.is_masked(values):
        raise DataError(f"{name} holds masked values, which are nulls; drop or fill them first")
    try:
        array = np.asarray(narrowed(values, name) if isinstance(values, pl.Series) else values)
    except ValueError as error:
        raise DataError(f"{name} must be a vector or a rectangular matrix: {error}") from error
    except FOREIGN as error:
        raise TypeError(f"{name} holds values that numpy has no arrays of: {first_line(error)}") from error
    if array.ndim == 0:
        raise TypeError(f"{name} must be a list, a dense array or a Series, not {type(values).__name__}")
    if array.ndim > 2 or array.dtype.kind == "c":
        raise DataError(f"{name} has {array.ndim} dimensions of {array.dtype}; expected 1 or 2, none complex")
    return array


def narrowed(series: pl.Series, name: str) -> pl.Series:
    """Integers of 128 bits, which numpy does not have, in 64; any other Series as it is."""
    if series.dtype not in (pl.Int128, pl.UInt128):
        return series
    for dtype in (pl.Int64, pl.UInt64):
        held = series.cast(dtype, strict=False)
        if held.null_count() == series.null_count():
            return held
    raise DataError(f"{name} holds integers beyond 64 bits; cast labels to text, and numbers to Float64")


def as_column(array: Array, name: str) -> Array:
    """``array`` as a vector; a matrix of one column is one, any other is an error."""
    if array.ndim == 2 and array.shape[1] != 1:
        raise DataError(f"{name} has the shape {array.shape}; expected one value a row")
    return array.reshape(-1)


def as_numbers(values: object, name: str, dtype: npt.DTypeLike | None = None, *, finite: bool = True) -> Array:
    """``values`` as finite numbers, at least one row of them; objects become float64 where ``dtype`` is None.

    With ``finite=False`` NaN and infinity pass: a caller whose sums they would reach looks for them only then.
    """
    array = as_array(values, name)
    if array.dtype.kind not in "biufO":
        raise DataError(f"{name} holds {array.dtype} values; expected numbers")
    if dtype is None:
        dtype = np.float64 if array.dtype.kind == "O" else array.dtype
    try:
        array = array.astype(dtype, copy=False)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} holds a value that is no number: {error}") from error
    if not array.size:
        raise DataError(f"{name} is empty (shape {array.shape}); expected at least one row")
    if finite:
        refuse_infinite(array, name)
    return array


def refuse_infinite(array: Array, name: str) -> None:
    """Nothing where all numbers are finite, an error otherwise."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"{name} holds NaN, null or infinite values; drop or fill them first")


def as_probabilities(values: object, name: str) -> Array:
    """``values`` as floats in [0, 1]; float16 and float32 stay what they are, anything else becomes float64."""
    array = as_numbers(values, name, finite=False)
    if array.dtype not in (np.float16, np.float32, np.float64):
        array = array.astype(np.float64)
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= 1):
        refuse_infinite(array, name)
        raise DataError(f"{name} holds values from {low} to {high}; a probability lies in [0, 1]")
    return array


def as_weights(values: object, rows: int, dtype: npt.DTypeLike | None = None) -> Array | None:
    """``values`` as one finite number a row, not all of them 0; None stays None and means that each row counts once.

    Whole numbers become int64, and are refused where sums of them may not be exact in float64.
    """
    if values is None:
        return None
    weights = as_array(values, "sample_weight")
    if weights.dtype.kind not in "biufO":
        raise TypeError(f"sample_weight holds {weights.dtype} values; expected numbers")
    if weights.shape != (rows,):
        raise DataError(f"sample_weight has the shape {weights.shape}; expected one weight for each of {rows} rows")
    weights = as_numbers(weights, "sample_weight", dtype)
    if not weights.any():
        raise DataError("sample_weight is 0 in every row; expected at least one other weight")
    return exact_integers(weights) if weights.dtype.kind in "biu" else weights


def exact_integers(weights: Array) -> Array:
    """Whole weights as int64, whose sums then neither wrap nor lose digits."""
    reach = np.abs(weights.astype(np.float64)).sum()
    if reach >= MOST_WHOLE:
        raise DataError(f"sample_weight adds up to {reach:g}, and whole numbers are exact below 2**53; give floats")
    return weights.astype(np.int64)


def common_float(*values: object) -> np.dtype[Any]:
    """The float dtype to compute with: the widest one the arrays bring, float64 where none brings any."""
    dtypes = [as_array(value, "an argument").dtype for value in values if hasattr(value, "dtype")]
    floats = [dtype for dtype in dtypes if dtype.kind == "f"]
    return np.result_type(*floats) if floats else np.dtype(np.float64)


def same_length(**arrays: Array | None) -> int:
    """The number of rows that all arrays have; an error naming each length where they differ."""
    lengths = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) > 1:
        raise DataError("lengths differ: " + ", ".join(f"{name} has {length} rows" for name, length in lengths.items()))
    return next(iter(lengths.values()))


def weighted_mean(values: Array, weights: Array | None, *, normalize: bool = True) -> float:
    """The mean of ``values`` under ``weights``, or their weighted sum with ``normalize=False``."""
    if normalize:
        return float(np.average(values, weights=weights))
    return float(np.sum(values) if weights is None else np.dot(values, weights))


def one_of(name: str, value: object, known: tuple[str | None, ...]) -> None:
    """Nothing where ``value`` is one of ``known``, an error with the nearest of them otherwise."""
    if not (value is None or isinstance(value, str)) or value not in known:
        raise SchemaError(unknown(name, value, map(str, known)))


def flag(name: str, value: object) -> None:
    """Nothing where ``value`` is True or False, an error otherwise."""
    if not isinstance(value, bool | np.bool_):
        raise SchemaError(f"{name}={value!r} must be True or False")


def pos_label_of(value: object) -> Any:
    """``value`` itself where a label can look like that, an error otherwise."""
    if value is not None and not isinstance(value, Real | str | np.bool_):
        raise SchemaError(f"pos_label={value!r} must be one label: a number, a string or a boolean")
    return value


def zero_division_value(value: object, *, nan: bool = True) -> float:
    """What stands for 0/0: ``value`` where it is 0, 1 or (with ``nan``) NaN, and 0.0 where it is "warn"."""
    if isinstance(value, str) and value == "warn":
        return 0.0
    if isinstance(value, Real) and (value in (0, 1) or (nan and math.isnan(value))):
        return float(value)
    raise SchemaError(f"zero_division={value!r} must be 0, 1{', nan' if nan else ''} or 'warn'")
