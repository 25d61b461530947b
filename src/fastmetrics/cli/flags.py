"""``--flag NAME=SQL``: a flag of each row, as a column or an expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import click
import polars as pl

from fastmetrics.contract.columns import Column, roots
from fastmetrics.errors import SchemaError
from fastmetrics.guard import first_line

__all__ = ["columns_of"]

NAMED = re.compile(r"\s*([^\W\d]\w*)\s*=\s*(.+?)\s*", re.DOTALL)
DtypeOf = Callable[[str], pl.DataType | None]


def columns_of(given: Sequence[str], dtype_of: DtypeOf) -> dict[str, Column]:
    """The column or expression of each flag, by its name; ``dtype_of`` tells the columns that there are.

    Raises
    ------
    UsageError
        A flag without a name, or with one that another has; one called ``name``, which is that of the family.
    SchemaError
        An expression that is not SQL, or reads no column.
    """
    columns: dict[str, Column] = {}
    for text in given:
        flag, column = column_of(text, dtype_of)
        if flag == "name":
            raise click.UsageError(f"--flag {text}: no flag can be called 'name'; give it another name")
        if flag in columns:
            raise click.UsageError(f"--flag {text}: there is a flag {flag!r} already; give this one another name")
        columns[flag] = column
    return columns


def column_of(text: str, dtype_of: DtypeOf) -> tuple[str, Column]:
    """``NAME=SQL``, ``NAME=COLUMN``, or a column that the flag is called by."""
    if text.isidentifier():
        return text, text
    named = NAMED.fullmatch(text)
    if named is None:
        raise click.UsageError(
            f"--flag {text}: a flag needs a name, as in --flag \"truncated=finish_reason = 'length'\" or --flag refused"
        )
    flag, given = named[1], named[2]
    if given.isidentifier() or dtype_of(given) is not None:
        return flag, given
    return flag, sql(text, given)


def sql(text: str, given: str) -> pl.Expr:
    """The expression of a flag; one that reads no column may be a comparison whose flag was left unnamed."""
    try:
        column = pl.sql_expr(given)
    except pl.exceptions.PolarsError as error:
        raise SchemaError(f"--flag {text}: {given!r} is not SQL: {first_line(error)}") from error
    if not roots(column):
        raise SchemaError(f'--flag {text}: {given} reads no column; write NAME=SQL, as in --flag "flagged={text}"')
    return column
