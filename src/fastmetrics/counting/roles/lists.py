"""Roles of kind ``list of ...``: lists whose items are read by another kind."""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from fastmetrics.contract.blocks import Lists
from fastmetrics.contract.columns import column_name
from fastmetrics.contract.roles import Role
from fastmetrics.counting.roles.kind import Reader, Reading, RoleKind, Sample
from fastmetrics.counting.views import NOTHING, list_parts
from fastmetrics.errors import SchemaError

__all__ = ["as_list", "item_dtype", "list_of"]


def list_of(item: RoleKind, items: str, read: Reader) -> RoleKind:
    """The kind of lists of the values of another kind: ``items`` in words, and what reads them."""

    def check(role: Role, dtype: pl.DataType, sample: Sample) -> None:
        name = column_name(role.column)
        needs_list = SchemaError(f"{role.name} column {name!r} holds {dtype}; a list of {items} is needed")
        if not isinstance(dtype, (pl.List, pl.Array, pl.Null)):
            raise needs_list
        try:
            item.check(role, item_dtype(dtype), lambda: sample().explode())
        except SchemaError:
            raise needs_list from None

    def carrier(role: Role, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        element = pl.element()
        carried = item.carrier(role, element, item_dtype(dtype))
        lists = as_list(column, dtype)
        return lists if carried is element else lists.list.eval(carried)

    def read_lists(role: Role, column: pa.Array, reading: Reading) -> Lists:
        offsets, values, valid = list_parts(column)
        return Lists(offsets, read(role, values, reading), NOTHING if valid is None else valid)

    return RoleKind(check, carrier, read_lists, item.inner, item_dtype)


def item_dtype(dtype: pl.DataType) -> pl.DataType:
    """The dtype of the items of a list."""
    inner = dtype.inner if isinstance(dtype, (pl.List, pl.Array)) else pl.Null()
    return inner if isinstance(inner, pl.DataType) else inner()


def as_list(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column of lists of any length."""
    if isinstance(dtype, pl.Array):
        return column.arr.to_list()
    return column if isinstance(dtype, pl.List) else column.cast(pl.List(pl.Null))
