"""Roles of kind ``key``: an inner key of the family, which the column itself does not reach."""

from __future__ import annotations

import polars as pl

from fastmetrics.contract.columns import column_name
from fastmetrics.contract.roles import Role
from fastmetrics.counting.coders import check_key_dtype, key_carrier
from fastmetrics.counting.roles.kind import Sample
from fastmetrics.counting.roles.nulls import with_nulls

__all__ = ["carrier", "check"]


def check(role: Role, dtype: pl.DataType, sample: Sample) -> None:
    """Refuse what cannot be a key."""
    check_key_dtype(role.name, column_name(role.column), dtype)


def carrier(role: Role, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as its coder reads it."""
    return key_carrier(with_nulls(role, column, dtype), dtype)
