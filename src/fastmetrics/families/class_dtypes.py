"""The dtype in which labels and predictions of many classes are compared."""

from __future__ import annotations

import polars as pl

from fastmetrics.errors import SchemaError

__all__ = ["common_class_dtype"]


def common_class_dtype(
    label: pl.DataType, prediction: pl.DataType, names: tuple[str, str] = ("label", "prediction")
) -> pl.DataType:
    """The dtype in which labels and predictions are compared by value, whatever each of them is stored in.

    Text of any encoding becomes String (two equal Enums stay), integers and booleans the wider integer, a float
    beside any number Float64 (so integers beyond 2**53 lose digits beside floats); Null fits everything, and
    every other dtype only itself. ``names`` are what an error calls the two.

    Raises
    ------
    SchemaError
        Text beside numbers, a signed integer beside UInt64, two other dtypes, nested values.

    >>> common_class_dtype(pl.Int8(), pl.UInt32()), common_class_dtype(pl.Enum(["a"]), pl.String())
    (Int64, String)
    """
    both = (label, prediction)
    got = f"{names[0]} is {label} and {names[1]} is {prediction}"
    if any(dtype.is_nested() or dtype == pl.Object for dtype in both):
        raise SchemaError(f"{got}; a class is one text, number or date")
    if all(is_text(dtype) for dtype in both):
        return label if label == prediction and isinstance(label, pl.Enum) else pl.String()
    if label == prediction or prediction == pl.Null:
        return label
    if label == pl.Null:
        return prediction
    if all(is_number(dtype) for dtype in both):
        if any(dtype.is_float() for dtype in both):
            return pl.Float64()
        if pl.UInt64 not in both:
            return pl.Int64()
        if not any(dtype.is_signed_integer() for dtype in both):
            return pl.UInt64()
    raise SchemaError(f"{got}, which share no values to compare; cast one of them to the dtype of the other")


def is_text(dtype: pl.DataType) -> bool:
    return isinstance(dtype, (pl.String, pl.Categorical, pl.Enum))


def is_number(dtype: pl.DataType) -> bool:
    narrow = dtype.is_integer() and dtype not in (pl.Int128, pl.UInt128)
    return narrow or dtype.is_float() or dtype == pl.Boolean
