"""Roles of kind ``key``: values of an inner key of the family, which they reach as codes at most."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.contract.columns import column_name
from fastmetrics.contract.roles import Role
from fastmetrics.counting.coders.keys import check_key_dtype, key_carrier
from fastmetrics.counting.roles.kind import Reading, Sample
from fastmetrics.counting.roles.nulls import with_nulls

__all__ = ["carrier", "check", "read_codes"]


def check(role: Role, dtype: pl.DataType, sample: Sample) -> None:
    """Refuse what cannot be a key."""
    check_key_dtype(role.name, column_name(role.column), dtype)


def carrier(role: Role, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as its coder reads it."""
    return key_carrier(with_nulls(role, column, dtype), dtype)


def read_codes(role: Role, column: pa.Array, reading: Reading) -> NDArray[np.uint32]:
    """The codes of a block in the inner key: 0 for null."""
    assert reading.coder is not None
    return reading.coder.codes(column).of_rows()
