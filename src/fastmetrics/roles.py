"""Role columns: how each kind travels from a log to a family, and which values are refused on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.columns import fixed, true_bits, valid_bits
from fastmetrics.errors import DataError, SchemaError, listed, unknown
from fastmetrics.schema import Role, column_name, expression

__all__ = ["carried", "read_role", "refused_binary", "refused_number"]


def carried(role: Role, column: pl.Expr, dtype: pl.DataType, sample: Callable[[], pl.Series]) -> pl.Expr:
    """The expression that carries a ``binary`` or ``number`` role to `read_role`.

    ``sample`` gives the first values of the column, for the messages. Raises SchemaError where the dtype cannot
    play the role.
    """
    name = column_name(role.column)
    if dtype == pl.Null:
        return column.cast(pl.Boolean if role.kind == "binary" and role.threshold is None else pl.Float64)
    if role.kind == "number" or role.threshold is not None:
        if dtype == pl.Boolean and role.kind == "number":
            return column.cast(pl.Float64)
        if not dtype.is_numeric():
            raise SchemaError(f"{role.name} column {name!r} holds {dtype}; a number is needed")
        return column if dtype in (pl.Float32, pl.Float64) else column.cast(pl.Float64)
    return carried_state(role, name, column, dtype, sample)


def carried_state(
    role: Role, name: str, column: pl.Expr, dtype: pl.DataType, sample: Callable[[], pl.Series]
) -> pl.Expr:
    """A binary column as Boolean or number."""
    if role.pos_label is None:
        if dtype == pl.Boolean:
            return column
        if dtype.is_float():
            return column if dtype in (pl.Float32, pl.Float64) else column.cast(pl.Float32)
        if dtype.is_integer():
            return column if dtype not in (pl.Int128, pl.UInt128) else column.cast(pl.Int64)
        raise needs_pos_label(role, sample())
    check_pos_label(role.pos_label, name, dtype)
    return (column.fill_nan(None) if dtype.is_float() else column) == pl.lit(role.pos_label)


# What a positive value of each Python type can be compared with; a bool is an int too, so it comes first.
COMPARABLE: tuple[tuple[type, Callable[[pl.DataType], bool]], ...] = (
    (bool, lambda dtype: dtype == pl.Boolean),
    (int, lambda dtype: dtype.is_numeric()),
    (float, lambda dtype: dtype.is_numeric()),
    (str, lambda dtype: isinstance(dtype, (pl.String, pl.Categorical, pl.Enum))),
)


def check_pos_label(pos_label: Any, name: str, dtype: pl.DataType) -> None:
    """Refuse a positive value that no value of the column can equal."""
    fits = next((fits for kind, fits in COMPARABLE if isinstance(pos_label, kind)), None)
    if fits is None or not fits(dtype):
        raise SchemaError(f"pos_label={pos_label!r} is {type(pos_label).__name__}, but column {name!r} holds {dtype}")
    if isinstance(dtype, pl.Enum) and pos_label not in dtype.categories:
        raise SchemaError(f"column {name!r}: " + unknown("pos_label", pos_label, dtype.categories))


def needs_pos_label(role: Role, sample: pl.Series) -> SchemaError:
    """The error of a binary column whose positive value cannot be known from its dtype."""
    distinct = sample.drop_nulls().unique(maintain_order=True)
    return SchemaError(
        f"column {column_name(role.column)!r} holds {described(distinct, sample.dtype)}; a binary {role.name} needs "
        "True/False or 1/0: name the positive value with pos_label="
    )


def refused_binary(column: pl.Series, role: Role) -> pl.Series:
    """A column that is neither Boolean nor number as binary states: nulls if it holds nothing else, or the error."""
    if column.dtype == pl.Null:
        return column.cast(pl.Boolean)
    raise needs_pos_label(role, column)


def refused_number(column: pl.Series) -> pl.Series:
    """A column that is neither Boolean nor number as numbers: nulls if it holds nothing else, or the error."""
    if column.dtype == pl.Null:
        return column.cast(pl.Float64)
    raise SchemaError(f"column {column.name!r} holds {column.dtype}; a number is needed")


def described(distinct: pl.Series, dtype: pl.DataType) -> str:
    """``9 distinct strings ('a', 'b', ...)``."""
    kind = "strings" if dtype in (pl.String, pl.Categorical) or isinstance(dtype, pl.Enum) else f"{dtype} values"
    return f"{len(distinct)} distinct {kind} ({listed(map(repr, distinct.to_list()), limit=4)})"


def read_role(role: Role, column: pa.Array) -> NDArray[Any]:
    """A block of a role column: uint8 states for ``binary``, float32 or float64 with NaN for ``number``.

    Raises
    ------
    DataError
        A binary number that is not 0, 1 or -1.
    """
    valid = valid_bits(column)
    if role.kind == "number":
        values = fixed(column)
        return values if valid is None else np.where(valid, values, values.dtype.type(np.nan))
    from fastmetrics.kernels.states import reached_states, sign_states  # late, as Numba is not for import time

    if column.type == pa.bool_():
        states = true_bits(column)
    else:
        numbers, states = fixed(column), np.empty(len(column), np.uint8)
        if role.threshold is not None:
            reached_states(numbers, float(numbers.dtype.type(role.threshold)), states)
        elif sign_states(numbers, states):
            refuse_strange(role, numbers, valid)
    if valid is not None:  # null is state 2, in bytes without branches
        states &= np.uint8(0) - valid
        states |= (valid ^ np.uint8(1)) << np.uint8(1)
    return states


def refuse_strange(role: Role, numbers: NDArray[Any], valid: NDArray[np.uint8] | None) -> None:
    """Raise the error of the first known number that is not 1, 0, -1 or NaN, if one is."""
    fine = (numbers == 1) | (numbers == 0) | (numbers != numbers)
    if numbers.dtype.kind != "u":
        fine |= numbers == -1
    if valid is not None:
        fine |= valid == 0
    if not fine.all():
        bad = numbers[~fine][0]
        raise DataError(
            f"column {column_name(role.column)!r} holds {bad!s}; a binary {role.name} is 1 against 0 or -1: "
            "name the positive value with pos_label=",
            matching=expression(role.column) == bad.item(),
        )
