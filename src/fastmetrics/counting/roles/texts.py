"""Roles of kind ``texts``, a text or several in each row, and ``tokens``, texts that are split already."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from fastmetrics.contract.blocks import Lists
from fastmetrics.contract.columns import column_name
from fastmetrics.contract.roles import Role
from fastmetrics.counting.roles import text
from fastmetrics.counting.roles.kind import Reading, Sample
from fastmetrics.counting.roles.lists import as_list, item_dtype
from fastmetrics.counting.roles.nulls import with_nulls
from fastmetrics.counting.views import NOTHING, fixed, list_parts, texts, valid_bits
from fastmetrics.errors import SchemaError
from fastmetrics.sources.series import as_array, as_series

__all__ = ["carry_texts", "carry_tokens", "check_texts", "check_tokens", "read_texts", "read_tokens"]

LIST = (pl.List, pl.Array)
INTEGERS = (*(pl.Int8, pl.Int16, pl.Int32, pl.Int64), *(pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64))


def check_texts(role: Role, dtype: pl.DataType, sample: Sample) -> None:
    """Refuse what is neither text nor lists of text."""
    if not isinstance(item_dtype(dtype) if isinstance(dtype, LIST) else dtype, text.TEXT):
        raise SchemaError(f"{role.name} column {column_name(role.column)!r} holds {dtype}; text or a list is needed")


def carry_texts(role: Role, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as String, or as lists of it without nulls."""
    if not isinstance(dtype, LIST):
        return text.carrier(role, column, dtype)
    carried = text.carrier(role, pl.element(), item_dtype(dtype))
    return as_list(column, dtype).list.eval(carried.drop_nulls())


def read_texts(role: Role, column: pa.Array, reading: Reading) -> Lists:
    """The texts of each row of a block: none of a null."""
    if pa.types.is_large_list(column.type):
        offsets, values, valid = list_parts(column)
        return Lists(offsets, texts(values), NOTHING if valid is None else valid)
    valid = valid_bits(column)
    if valid is None:
        return Lists(np.arange(len(column) + 1), texts(column), NOTHING)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(valid, dtype=np.int64)])
    return Lists(offsets, texts(as_array(as_series(column).drop_nulls())), valid)


def check_tokens(role: Role, dtype: pl.DataType, sample: Sample) -> None:
    """Refuse what is no list of texts or integers."""
    if not isinstance(dtype, (*LIST, pl.Null)) or not isinstance(item_dtype(dtype), (*text.TEXT, *INTEGERS)):
        raise SchemaError(
            f"{role.name} column {column_name(role.column)!r} holds {dtype}; a list of tokens, text or integers, is "
            "needed with tokenize='tokens'"
        )


def carry_tokens(role: Role, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as lists of String or Int64 without nulls."""
    item = item_dtype(dtype)
    known = with_nulls(role, pl.element(), item)
    if isinstance(item, pl.UInt64):
        known = known.reinterpret(signed=True)  # tokens are told apart, and not read as numbers
    elif item != pl.String:
        known = known.cast(pl.Int64 if item.is_integer() else pl.String)
    return as_list(column, dtype).list.eval(known.drop_nulls())


def read_tokens(role: Role, column: pa.Array, reading: Reading) -> Lists:
    """The tokens of each row of a block."""
    offsets, values, valid = list_parts(column)
    items = fixed(values) if pa.types.is_integer(values.type) else texts(values)
    return Lists(offsets, items, NOTHING if valid is None else valid)
