"""Roles of kind ``binary``: a uint8 state of each row, 0 negative, 1 positive, 2 null, 3 text that was read as null."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.contract.columns import column_name, expression
from fastmetrics.contract.roles import Role, widened
from fastmetrics.counting.roles import number
from fastmetrics.counting.roles.kind import Reading, Sample
from fastmetrics.counting.roles.nulls import (
    COMPARABLE,
    comparable,
    holds,
    literal,
    null_where_named,
    nulls_of,
    with_nulls,
)
from fastmetrics.counting.views import SHORT, fixed, short_view, text_views, true_bits, valid_bits
from fastmetrics.errors import DataError, SchemaError, listed, unknown
from fastmetrics.families.labels import TEXT_NULL

__all__ = ["carrier", "check", "read", "refused_binary"]

LOOK_ROWS = 1 << 16
NO_VIEW = 2**64 - 1, 2**64 - 1  # which no text has
TEXT_NULLS = (TEXT_NULL, "null", "NULL", "None", "nan", "NaN", "N/A", "")  # of which messages say that they may be null


def check(role: Role, dtype: pl.DataType, sample: Sample) -> None:
    """Refuse a column whose positive value is not known, or not among its values."""
    if dtype == pl.Null:
        return
    if role.threshold is not None:
        if not dtype.is_numeric():
            raise number.needs_number(role, dtype)
    elif role.pos_label is not None:
        check_pos_label(role.pos_label, column_name(role.column), dtype)
        if role.name == "prediction" and dtype.is_float():
            check_decisions(role, column_name(role.column), sample())
    elif dtype != pl.Boolean and (not dtype.is_numeric() or isinstance(dtype, pl.Decimal)):
        raise needs_pos_label(role, sample())


def carrier(role: Role, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as Boolean or number, or as text where `read` tells the positive one."""
    if role.threshold is not None:
        return number.carrier(role, column, dtype)
    if dtype == pl.Null:
        return column.cast(pl.Boolean)
    if role.pos_label is None:
        return column if dtype == pl.Boolean else narrow_number(with_nulls(role, column, dtype), dtype)
    if is_read_as_text(role, dtype):
        return column
    positive = (column.fill_nan(None) if dtype.is_float() else column) == literal(role.pos_label, dtype)
    return null_where_named(role, column, dtype, positive)


def narrow_number(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column of numbers in a dtype that `read` knows."""
    if dtype.is_float():
        return column if dtype in (pl.Float32, pl.Float64) else column.cast(pl.Float32)
    return column.cast(pl.Int64) if dtype in (pl.Int128, pl.UInt128) else column


def is_read_as_text(role: Role, dtype: pl.DataType) -> bool:
    """Whether `read` gets a column as text: where views hold the positive text, and at most one that means null."""
    nulls = nulls_of(role, dtype)
    named = [role.pos_label, *nulls]
    return dtype == pl.String and len(nulls) < 2 and all(len(text.encode()) <= SHORT for text in named)


def check_pos_label(pos_label: Any, name: str, dtype: pl.DataType) -> None:
    """Refuse a positive value that no value of the column can equal."""
    if not comparable(pos_label, dtype):
        got = f"pos_label={pos_label!r} is {type(pos_label).__name__}, but column {name!r} holds {dtype}"
        text = isinstance(pos_label, str) and dtype.is_integer()
        raise SchemaError(f"{got}; beside text make it text, pl.col({name!r}).cast(pl.String)" if text else got)
    if not holds(dtype, pos_label):
        if isinstance(dtype, pl.Enum):
            raise SchemaError(f"column {name!r}: " + unknown("pos_label", pos_label, dtype.categories))
        raise SchemaError(f"pos_label={pos_label!r} is no value of column {name!r}, which holds {dtype}")


def check_decisions(role: Role, name: str, sample: pl.Series) -> None:
    """Refuse predictions that are probabilities: beside a whole positive value all but its own would be negatives."""
    inside = sample.filter((sample > 0) & (sample < 1))
    if len(inside) and float(role.pos_label).is_integer():
        raise DataError(
            f"column {name!r} holds {inside[0]!r} beside pos_label={role.pos_label!r}: count probabilities with "
            "y_score= and threshold=; if it is a negative, count Booleans, as in "
            f"pl.col({name!r}) == {role.pos_label!r}"
        )


def needs_pos_label(role: Role, sample: pl.Series) -> SchemaError:
    """The error of a binary column whose positive value cannot be known from its dtype."""
    name = column_name(role.column)
    if not any(fits(sample.dtype) for _, fits in COMPARABLE):  # nor named; Python may have no such values either
        return SchemaError(
            f"column {name!r} holds {sample.dtype}; a binary {role.name} needs True/False, 1/0, or text or a number "
            "with pos_label=: compute one with an expression"
        )
    distinct = sample.drop_nulls().unique(maintain_order=True)
    null = next((value for value in distinct.to_list() if value in TEXT_NULLS), None)
    named = role.null_values is not None and null in role.null_values
    hint = "" if null is None or named else f", and pass null_values=[{null!r}] if {null!r} means null"
    return SchemaError(
        f"column {name!r} holds {described(distinct, sample.dtype)}; a binary {role.name} needs "
        f"True/False or 1/0: name the positive value with pos_label={hint}"
    )


def refused_binary(column: pl.Series, role: Role) -> pl.Series:
    """A column that is neither Boolean nor number as binary states: nulls if it holds nothing else, or the error."""
    if column.dtype == pl.Null:
        return column.cast(pl.Boolean)
    raise needs_pos_label(role, column)


def described(distinct: pl.Series, dtype: pl.DataType) -> str:
    """``9 distinct strings ('a', 'b', ...)``."""
    kind = "strings" if dtype in (pl.String, pl.Categorical) or isinstance(dtype, pl.Enum) else f"{dtype} values"
    return f"{len(distinct)} distinct {kind} ({listed(map(repr, distinct.to_list()), limit=4)})"


def read(role: Role, column: pa.Array, reading: Reading) -> NDArray[np.uint8]:
    """The states of a block.

    Raises
    ------
    DataError
        A number that is not 0, 1 or -1, or -1 in a column that holds 0 too.
    """
    valid = valid_bits(column)
    if column.type == pa.bool_():
        states = true_bits(column)
    elif column.type == pa.string_view():
        states = read_text(role, column)
    else:
        numbers, states = fixed(column), np.empty(len(column), np.uint8)
        if role.threshold is not None:
            with np.errstate(over="ignore"):  # beyond the dtype it is infinite, as in numpy
                threshold = float(numbers.dtype.type(role.threshold))
            kernels.states.reached_states(widened(numbers), threshold, states)
        else:
            check_kinds(role, numbers, valid, kernels.states.sign_states(numbers, states), reading.observed.kinds)
    if valid is not None:  # null is state 2, in bytes without branches
        states &= np.uint8(0) - valid
        states |= (valid ^ np.uint8(1)) << np.uint8(1)
    return states


def read_text(role: Role, column: pa.Array) -> NDArray[np.uint8]:
    """The states of a block of text, whatever stands under a null; text that nobody named as null is marked."""
    states, null = np.empty(len(column), np.uint8), next(iter(nulls_of(role, pl.String())), None)
    views, _ = text_views(column)
    kernels.states.text_states(
        views, *short_view(role.pos_label), *(NO_VIEW if null is None else short_view(null)), states
    )
    if role.null_values is None:
        states |= states >> np.uint8(1)
    return states


def check_kinds(
    role: Role, numbers: NDArray[Any], valid: NDArray[np.uint8] | None, found: int, kinds: set[int]
) -> None:
    """Refuse a third kind of number; what was ``found`` may stand under a null."""
    if found & kernels.states.STRANGE:
        refuse_strange(role, numbers, valid)
    for kind, mark in ((0, kernels.states.ZERO), (-1, kernels.states.MINUS_ONE)):
        if found & mark and kind not in kinds and (valid is None or occurs(kind, numbers, valid)):
            kinds.add(kind)
    if len(kinds) > 1:
        raise DataError(
            f"column {column_name(role.column)!r} holds -1 beside 0; a binary {role.name} is 1 against one of them: "
            "if -1 means null, say so with null_values=[-1], and if it is negative, name pos_label=1",
            matching=expression(role.column) == -1,
        )


def occurs(kind: int, numbers: NDArray[Any], valid: NDArray[np.uint8]) -> bool:
    """Whether a number is known somewhere; found near the start, where it is a common one."""
    starts = range(0, len(numbers), LOOK_ROWS)
    return any(((numbers[at : at + LOOK_ROWS] == kind) & (valid[at : at + LOOK_ROWS] != 0)).any() for at in starts)


def refuse_strange(role: Role, numbers: NDArray[Any], valid: NDArray[np.uint8] | None) -> None:
    """Raise the error of the first known number that is not 1, 0, -1 or NaN, if one is."""
    fine = (numbers == 1) | (numbers == 0) | (numbers != numbers)
    if numbers.dtype.kind != "u":
        fine |= numbers == -1
    if valid is not None:
        fine |= valid == 0
    if not fine.all():
        bad = numbers[~fine][0].item()
        raise DataError(
            f"column {column_name(role.column)!r} holds {bad!r}; a binary {role.name} is 1 against 0 or -1: "
            + number_advice(role, bad),
            matching=expression(role.column) == bad,
        )


def number_advice(role: Role, bad: float) -> str:
    """How to count a column that holds a number other than 0, 1 and -1."""
    whole = float(bad).is_integer()
    if not whole and role.name == "prediction":
        return f"count {'probabilities' if 0 < bad < 1 else 'scores'} with y_score= and threshold="
    if not whole:
        return f"make it Boolean, as in pl.col({column_name(role.column)!r}) >= 0.5"
    nulls = [*(role.null_values or ()), bad]
    return f"name the positive value with pos_label=, or pass null_values={nulls!r} if {bad!r} means null"
