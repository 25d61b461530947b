"""Roles of kind ``flag``: a uint8 state of each row, 0 false, 1 true, 2 null."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.contract.columns import TEXT, column_name, expression
from fastmetrics.contract.roles import Role
from fastmetrics.counting.roles.kind import Reading, Sample
from fastmetrics.counting.views import fixed, short_view, text_views, true_bits, valid_bits
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.families.flags import WORDS

__all__ = ["carrier", "check", "read", "told"]

WIDE = (pl.Int128, pl.UInt128)
NEEDED = "a flag is True or False, 1 or 0, or the text 'true' or 'false'"


def check(role: Role, dtype: pl.DataType, sample: Sample) -> None:
    """Refuse a column that holds no truth values in any writing."""
    numeric = dtype.is_integer() or dtype.is_float()
    if not (numeric or dtype in (pl.Boolean, pl.Null) or isinstance(dtype, TEXT)):
        raise SchemaError(f"flag {role.name!r}: {no_flags(column_name(role.column), dtype)}")


def carrier(role: Role, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as Boolean, number or text."""
    if dtype == pl.Null:
        return column.cast(pl.Boolean)
    if isinstance(dtype, TEXT):
        return column if dtype == pl.String else column.cast(pl.String)
    if dtype in WIDE:
        return column.cast(pl.Float64)  # 0 and 1 stay what they are, and nothing else becomes one of them
    return column.cast(pl.Float32) if dtype == pl.Float16 else column


def read(role: Role, column: pa.Array, reading: Reading) -> NDArray[np.uint8]:
    """The states of a block.

    Raises
    ------
    DataError
        A value that is neither true nor false.
    """
    valid = valid_bits(column)
    if column.type == pa.bool_():
        states = true_bits(column)
    elif column.type == pa.string_view():
        states = read_text(role, column, valid)
    else:
        numbers, states = fixed(column), np.empty(len(column), np.uint8)
        if kernels.states.sign_states(numbers, states) & (kernels.states.STRANGE | kernels.states.MINUS_ONE):
            refuse(role, numbers, (numbers == 0) | (numbers == 1) | (numbers != numbers), valid)
    if valid is not None:  # null is state 2, in bytes without branches
        states &= np.uint8(0) - valid
        states |= (valid ^ np.uint8(1)) << np.uint8(1)
    return states


def read_text(role: Role, column: pa.Array, valid: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """The states of a block of text, whatever stands under a null."""
    views, _ = text_views(column)
    said, found = np.zeros(len(column), np.uint8), np.empty(len(column), np.uint8)
    for true, false in WORDS:
        kernels.states.text_states(views, *short_view(true), *short_view(false), found)
        said |= found
    if not said.all():
        refuse(role, column, said != 0, valid)
    return said & np.uint8(1)


def refuse(role: Role, values: Any, fine: NDArray[np.bool_], valid: NDArray[np.uint8] | None) -> None:
    """Raise the error of the first known value that is neither true nor false, if there is one."""
    if valid is not None:
        fine = fine | (valid == 0)
    if fine.all():
        return
    bad = values[int(np.argmin(fine))]
    bad = bad.as_py() if isinstance(bad, pa.Scalar) else bad.item()
    name = column_name(role.column)
    raise DataError(f"flag {role.name!r}: {no_flag(name, bad)}", matching=expression(role.column) == bad)


def no_flags(name: str, dtype: pl.DataType) -> str:
    """What is wrong with a column of a dtype that holds no flags."""
    return f"column {name!r} holds {dtype}; {NEEDED}: make one with an expression, as pl.col({name!r}).is_not_null()"


def no_flag(name: str, bad: Any) -> str:
    """What is wrong with a column that holds a value that is neither true nor false."""
    column = f"pl.col({name!r})"
    advice = f"compare it, as in {column} == {bad!r}, or make it null, as in {column}.replace({bad!r}, None)"
    if isinstance(bad, float) and not bad.is_integer():
        advice = f"compare it, as in {column} >= 0.5"
    return f"column {name!r} holds {bad!r}; {NEEDED}: {advice}"


def told(column: pl.Series) -> pl.Series:
    """A column of flags in any writing as Booleans, as expressions read it.

    Raises
    ------
    SchemaError, DataError
        As in a count.
    """
    if column.dtype in (pl.Boolean, pl.Null):
        return column.cast(pl.Boolean)
    if isinstance(column.dtype, TEXT):
        given = column.cast(pl.String)
        true, false = (given.is_in(list(words)) for words in zip(*WORDS, strict=True))
    elif column.dtype.is_integer() or column.dtype.is_float():
        given = column.fill_nan(None) if column.dtype.is_float() else column
        true, false = given == 1, given == 0
    else:
        raise SchemaError(no_flags(column.name, column.dtype))
    strange = given.filter(~(true | false))
    if len(strange):
        raise DataError(no_flag(column.name, strange[0]))
    return true
