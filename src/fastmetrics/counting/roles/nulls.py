"""``null_values`` of roles: the values of a column that mean null."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any

import polars as pl

from fastmetrics.contract.columns import column_name
from fastmetrics.contract.roles import Role
from fastmetrics.errors import SchemaError, listed
from fastmetrics.families.labels import TEXT_NULL

__all__ = [
    "COMPARABLE",
    "check_null_values",
    "comparable",
    "holds",
    "literal",
    "null_where_named",
    "nulls_of",
    "with_nulls",
]


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
    return tuple(value for value in named if comparable(value, dtype) and holds(dtype, value, rounded=True))


def check_null_values(roles: Sequence[tuple[Role, pl.DataType]]) -> None:
    """Refuse a value of ``null_values`` whose type none of the columns holds for which it is named."""
    for value in [value for role, _ in roles for value in role.null_values or ()]:
        naming = [(role, dtype) for role, dtype in roles if value in (role.null_values or ())]
        if not any(dtype == pl.Null or comparable(value, dtype) for _, dtype in naming):
            holding = listed(f"column {column_name(role.column)!r} holds {dtype}" for role, dtype in naming)
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


def holds(dtype: pl.DataType, value: Any, rounded: bool = False) -> bool:
    """Whether a dtype can hold a comparable value; floats hold a float, or with ``rounded`` any number, rounded."""
    if isinstance(dtype, pl.Enum):
        return value in dtype.categories
    if not dtype.is_numeric():
        return True
    try:
        kept = pl.Series([value]).cast(dtype).item()
    except (pl.exceptions.PolarsError, OverflowError, TypeError):
        return False
    if dtype.is_float() and (rounded or isinstance(value, float)):
        return math.isfinite(kept)
    return bool(kept == value or float(kept) == value)


def literal(value: Any, dtype: pl.DataType) -> pl.Expr:
    """A value as a literal of a dtype: Polars makes a bare -1 some value of a UInt8."""
    if dtype.is_integer():
        return pl.lit(int(value), dtype=dtype)
    return pl.lit(value, dtype=dtype) if dtype.is_float() else pl.lit(value)
