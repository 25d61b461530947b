"""Arguments of signals that are columns, as expressions of text or of numbers."""

from __future__ import annotations

import polars as pl

from fastmetrics.contract.columns import Column, expression
from fastmetrics.errors import SchemaError

__all__ = ["anything", "number", "text"]


def anything(column: Column) -> pl.Expr:
    """A column of any dtype as text; what has no text, as a struct of nulls, is null."""
    return given(column).cast(pl.String, strict=False)


def text(column: Column) -> pl.Expr:
    """A column of text, categories or nothing but nulls as text; Polars refuses all others.

    A cast alone would take numbers, Booleans and times, too; whether they are in a list of text Polars does not tell.
    """
    one = given(column)
    return pl.when(one.is_in([""]).is_not_null()).then(one.cast(pl.String))


def number(column: Column) -> pl.Expr:
    """A column of numbers as Float64; Polars refuses text, which a cast would read."""
    return given(column) * pl.lit(1.0, pl.Float64)


def given(column: Column) -> pl.Expr:
    if not isinstance(column, str | pl.Expr):
        raise SchemaError(f"{column!r} is no column; a signal reads names of columns, or expressions of one")
    return expression(column)
