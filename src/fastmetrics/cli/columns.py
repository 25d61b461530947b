"""Columns under names that the prompt gives them: ``NAME=SQL``, ``NAME=signals.refusal(answer)``, or a column."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import click
import polars as pl

from fastmetrics.cli.options import names
from fastmetrics.contract.columns import Column, column_name, roots
from fastmetrics.errors import SchemaError
from fastmetrics.guard import first_line

__all__ = ["COLUMNS", "DtypeOf", "named_columns"]

NAMED = re.compile(r"\s*([^\W\d]\w*)\s*=\s*(.+?)\s*", re.DOTALL)
SIGNAL = re.compile(r"\s*signals\s*\.\s*\w+\s*\(")
DtypeOf = Callable[[str], pl.DataType | None]


def columns(text: str) -> list[str]:
    """``a, b`` as a list; SQL under a name, and a call of a signal, may have commas of their own."""
    return [text] if NAMED.fullmatch(text) or SIGNAL.match(text) else names(text)


COLUMNS = click.types.FuncParamType(columns)


def named_columns(option: str, example: str, given: Sequence[str], dtype_of: DtypeOf) -> dict[str, Column]:
    """The column or expression of each of the texts given to an option, by its name.

    ``example`` is how the option may be given, and ``dtype_of`` tells the columns that there are.

    Raises
    ------
    UsageError
        A text without a name, or with one that another has.
    SchemaError
        An expression that is not SQL, or reads no column; a signal that cannot be read.
    """
    found: dict[str, Column] = {}
    for text in given:
        name, column = named_column(f"{option} {text}", text, example, dtype_of)
        if name in found:
            raise click.UsageError(f"{option} {text}: {name!r} is there already; give this one another name")
        found[name] = column
    return found


def named_column(where: str, text: str, example: str, dtype_of: DtypeOf) -> tuple[str, Column]:
    """``NAME=SQL``, ``NAME=COLUMN``, or a column or signal that is called by its own name."""
    if text.isidentifier():
        return text, text
    if SIGNAL.match(text):
        column = signal(where, text)
        return column_name(column), column
    named = NAMED.fullmatch(text)
    if named is None:
        raise click.UsageError(f"{where}: a name is needed, as in {example}")
    name, given = named[1], named[2]
    if given.isidentifier() or dtype_of(given) is not None:
        return name, given
    return name, signal(where, given) if SIGNAL.match(given) else sql(where, given, example)


def sql(where: str, given: str, example: str) -> pl.Expr:
    """The expression of some SQL; one that reads no column may be a comparison that was left unnamed."""
    try:
        column = pl.sql_expr(given)
    except pl.exceptions.PolarsError as error:
        raise SchemaError(f"{where}: {given!r} is not SQL: {first_line(error)}") from error
    if roots(column) == []:
        raise SchemaError(f"{where}: {given} reads no column; write NAME=SQL, as in {example}")
    return column


def signal(where: str, given: str) -> pl.Expr:
    """The expression of a call of a signal."""
    from fastmetrics.signals import parse

    try:
        return parse(given)
    except SchemaError as error:
        raise SchemaError(f"{where}: {error}") from error
