"""Roles of kind ``text``: texts as they lie in the memory of Arrow."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from fastmetrics.contract.blocks import Texts
from fastmetrics.contract.columns import column_name
from fastmetrics.contract.roles import Role
from fastmetrics.counting.roles.kind import Reading, Sample
from fastmetrics.counting.roles.nulls import with_nulls
from fastmetrics.counting.views import texts
from fastmetrics.errors import SchemaError

__all__ = ["carrier", "check", "read"]

TEXT = (pl.String, pl.Categorical, pl.Enum, pl.Null)


def check(role: Role, dtype: pl.DataType, sample: Sample) -> None:
    """Refuse what is no text of any encoding."""
    if not isinstance(dtype, TEXT):
        raise SchemaError(f"{role.name} column {column_name(role.column)!r} holds {dtype}; text is needed")


def carrier(role: Role, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as String."""
    known = with_nulls(role, column, dtype)
    return known if dtype == pl.String else known.cast(pl.String)


def read(role: Role, column: pa.Array, reading: Reading) -> Texts:
    """The texts of a block."""
    return texts(column)
