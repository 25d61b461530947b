"""Role columns: how each kind travels from a log to a family, and which values are refused on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.contract.columns import column_name, expression
from fastmetrics.contract.roles import Role, widened
from fastmetrics.counting.views import SHORT, fixed, short_view, text_views, true_bits, valid_bits
from fastmetrics.errors import DataError, SchemaError, listed, unknown
from fastmetrics.families.labels import TEXT_NULL

LOOK_ROWS = 1 << 16
NO_VIEW = 2**64 - 1, 2**64 - 1  # which no text has
TEXT_NULLS = (TEXT_NULL, "null", "NULL", "None", "nan", "NaN", "N/A", "")  # of which messages say that they may be null

__all__ = [
    "Observed",
    "carried",
    "check_null_values",
    "with_nulls",
    "nulls_of",
    "read_as_text",
    "read_role",
    "refused_binary",
    "refused_number",
]


def carried(role: Role, column: pl.Expr, dtype: pl.DataType, sample: Callable[[], pl.Series]) -> pl.Expr:
    """The expression that carries a ``binary`` or ``number`` role to `read_role`.

    ``sample`` gives the first values of the column, for the messages. Raises SchemaError where the dtype cannot
    play the role.
    """
    name = column_name(role.column)
    if dtype == pl.Null:
        return column.cast(pl.Boolean if role.kind == "binary" and role.threshold is None else pl.Float64)
    if role.kind == "number" or role.threshold is not None:
        if not (dtype.is_numeric() or (dtype == pl.Boolean and role.kind == "number")):
            raise SchemaError(f"{role.name} column {name!r} holds {dtype}; a number is needed")
        known = with_nulls(role, column, dtype)
        if role.link == "logit":
            return 1 / (1 + (-known.cast(pl.Float64)).exp())
        return known if dtype.is_float() else known.cast(pl.Float64)
    return carried_state(role, name, column, dtype, sample)


def carried_state(
    role: Role, name: str, column: pl.Expr, dtype: pl.DataType, sample: Callable[[], pl.Series]
) -> pl.Expr:
    """A binary column as Boolean or number."""
    if role.pos_label is None:
        if dtype == pl.Boolean:
            return column
        if not dtype.is_numeric() or isinstance(dtype, pl.Decimal):
            raise needs_pos_label(role, sample())
        known = with_nulls(role, column, dtype)
        if dtype.is_float():
            return known if dtype in (pl.Float32, pl.Float64) else known.cast(pl.Float32)
        return known if dtype not in (pl.Int128, pl.UInt128) else known.cast(pl.Int64)
    check_pos_label(role.pos_label, name, dtype)
    if role.name == "prediction" and dtype.is_float():
        check_decisions(role, name, sample())
    if read_as_text(role, dtype):
        return column
    positive = (column.fill_nan(None) if dtype.is_float() else column) == literal(role.pos_label, dtype)
    return null_where_named(role, column, dtype, positive)


def read_as_text(role: Role, dtype: pl.DataType) -> bool:
    """Whether a binary column reaches `read_role` as text: where its views tell the positive text, and one for null."""
    nulls = nulls_of(role, dtype)
    named = [role.pos_label, *nulls]
    return dtype == pl.String and len(nulls) < 2 and all(len(text.encode()) <= SHORT for text in named)


def with_nulls(role: Role, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column with null in place of the values that mean null."""
    return null_where_named(role, column, dtype, column)


def null_where_named(role: Role, column: pl.Expr, dtype: pl.DataType, given: pl.Expr) -> pl.Expr:
    """``given``, which was made of a column, with null where the column holds a value that means null."""
    masks = [column == literal(value, dtype) for value in nulls_of(role, dtype)]
    return pl.when(reduce(or_, masks)).then(None).otherwise(given) if masks else given


def nulls_of(role: Role, dtype: pl.DataType) -> tuple[Any, ...]:
    """The values of a dtype that mean null; where none were named that is "NA" beside a positive text."""
    named = role.null_values
    if named is None:
        named = (TEXT_NULL,) if isinstance(role.pos_label, str) and role.pos_label != TEXT_NULL else ()
    return tuple(value for value in named if comparable(value, dtype) and holds(dtype, value))


def check_null_values(roles: Sequence[tuple[Role, pl.DataType]]) -> None:
    """Refuse a value of ``null_values`` whose type no column of the family holds."""
    having = [(role, dtype) for role, dtype in roles if role.null_values is not None]
    for value in having[0][0].null_values or () if having else ():
        if not any(dtype == pl.Null or comparable(value, dtype) for _, dtype in having):
            holding = listed(f"column {column_name(role.column)!r} holds {dtype}" for role, dtype in having)
            raise SchemaError(f"null_values= names {value!r} ({type(value).__name__}), but {holding}")


# What a value of each Python type can be compared with; a bool is an int too, so it comes first.
COMPARABLE: tuple[tuple[type, Callable[[pl.DataType], bool]], ...] = (
    (bool, lambda dtype: dtype == pl.Boolean),
    (int, lambda dtype: dtype.is_numeric()),
    (float, lambda dtype: dtype.is_numeric()),
    (str, lambda dtype: isinstance(dtype, (pl.String, pl.Categorical, pl.Enum))),
)


def comparable(value: Any, dtype: pl.DataType) -> bool:
    """Whether a value can be compared with those of a dtype."""
    fits = next((fits for kind, fits in COMPARABLE if isinstance(value, kind)), None)
    return fits is not None and fits(dtype)


def holds(dtype: pl.DataType, value: Any) -> bool:
    """Whether a dtype can hold a comparable value; floats hold a rounded one."""
    if isinstance(dtype, pl.Enum):
        return value in dtype.categories
    if not dtype.is_numeric():
        return True
    try:
        kept = pl.Series([value]).cast(dtype).item()
    except (pl.exceptions.PolarsError, OverflowError, TypeError):
        return False
    if dtype.is_float() and isinstance(value, float):
        return math.isfinite(kept)
    return bool(kept == value or float(kept) == value)


def literal(value: Any, dtype: pl.DataType) -> pl.Expr:
    """A value as a literal of a dtype: Polars makes a bare -1 some value of a UInt8."""
    if dtype.is_integer():
        return pl.lit(int(value), dtype=dtype)
    return pl.lit(value, dtype=dtype) if dtype.is_float() else pl.lit(value)


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
    hint = "" if null is None or named else f", and with null_values=[{null!r}] that {null!r} means null"
    return SchemaError(
        f"column {name!r} holds {described(distinct, sample.dtype)}; a binary {role.name} needs "
        f"True/False or 1/0: name the positive value with pos_label={hint}"
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


@dataclass
class Observed:
    """What the threads observe in a column while they read it; all of them add to the same set and list.

    ``kinds`` are the negatives, 0 or -1, of a column of numbers without ``pos_label``. ``text_nulls`` has the number of
    rows of each block whose text was read as null without being named in ``null_values``.
    """

    kinds: set[int] = field(default_factory=set)
    text_nulls: list[int] = field(default_factory=list)


def read_role(role: Role, column: pa.Array, observed: Observed) -> NDArray[Any]:
    """A block of a role column: uint8 states for ``binary``, floats of its width with NaN for ``number``.

    Raises
    ------
    DataError
        A binary number that is not 0, 1 or -1, or -1 in a column that holds 0 too.
    """
    valid = valid_bits(column)
    if role.kind == "number":
        values = fixed(column)
        return values if valid is None else np.where(valid, values, values.dtype.type(np.nan))
    from fastmetrics.kernels.states import reached_states, sign_states  # late, as Numba is not for import time

    if column.type == pa.bool_():
        states = true_bits(column)
    elif column.type == pa.string_view():
        states = read_text(role, column, valid, observed)
    else:
        numbers, states = fixed(column), np.empty(len(column), np.uint8)
        if role.threshold is not None:
            with np.errstate(over="ignore"):  # beyond the dtype it is infinite, as in numpy
                threshold = float(numbers.dtype.type(role.threshold))
            reached_states(widened(numbers), threshold, states)
        else:
            check_kinds(role, numbers, valid, sign_states(numbers, states), observed.kinds)
    if valid is not None:  # null is state 2, in bytes without branches
        states &= np.uint8(0) - valid
        states |= (valid ^ np.uint8(1)) << np.uint8(1)
    return states


def read_text(role: Role, column: pa.Array, valid: NDArray[np.uint8] | None, observed: Observed) -> NDArray[np.uint8]:
    """The states of a block of text, whatever stands under a null."""
    from fastmetrics.kernels.states import text_states

    states, null = np.empty(len(column), np.uint8), next(iter(nulls_of(role, pl.String())), None)
    views, _ = text_views(column)
    text_states(views, *short_view(role.pos_label), *(NO_VIEW if null is None else short_view(null)), states)
    if role.null_values is None and (found := states > 1).any():
        observed.text_nulls.append(int(np.count_nonzero(found if valid is None else found & (valid != 0))))
    return states


def check_kinds(
    role: Role, numbers: NDArray[Any], valid: NDArray[np.uint8] | None, found: int, kinds: set[int]
) -> None:
    """Refuse a third kind of number; what was ``found`` may stand under a null."""
    from fastmetrics.kernels.states import MINUS_ONE, STRANGE, ZERO

    if found & STRANGE:
        refuse_strange(role, numbers, valid)
    for kind, mark in ((0, ZERO), (-1, MINUS_ONE)):
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
    return f"name the positive value with pos_label=, or with null_values={nulls!r} that this means null"
