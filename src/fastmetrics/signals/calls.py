"""Signals written as calls in text, as the shell and files have them: ``signals.refusal(answer)``."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from inspect import signature
from typing import Any

import polars as pl

from fastmetrics.errors import SchemaError, unknown
from fastmetrics.signals.signal import Signal
from fastmetrics.signals.table import SIGNALS
from fastmetrics.wording import shortened

__all__ = ["parse"]

EXAMPLE = "a call of one signal, such as signals.refusal(answer) or signals.json_has(answer, ['name'])"


def parse(text: str) -> pl.Expr:
    """The expression of a signal that is written as a call.

    Columns are bare names, or text where they are no names of Python; options are literals. Nothing is run.

    Raises
    ------
    SchemaError
        Text that is no such call, a signal that there is not, or arguments that do not fit.

    >>> log = pl.DataFrame({"answer": ['{"name": "f"}', "f()"]})
    >>> log.select(parse("signals.json_has(answer, ['name'])"))["json_has"].to_list()
    [True, False]
    """
    name, call = read(text)
    if name not in SIGNALS:
        raise SchemaError(f"{shown(text)}: {unknown('signal', name, SIGNALS)}")
    row = SIGNALS[name]
    try:
        bound = signature(row.function).bind(*call.args, **dict(named(text, call)))
    except TypeError as error:
        raise SchemaError(f"{shown(text)}: {error}; it is {row.call}") from error
    for key, node in bound.arguments.items():
        bound.arguments[key] = value(text, row, key, node)
    try:
        return row.function(*bound.args, **bound.kwargs)
    except SchemaError as error:
        raise SchemaError(f"{shown(text)}: {error}") from error


def read(text: str) -> tuple[str, ast.Call]:
    """The name of the signal that a text calls, and the call.

    Raises
    ------
    SchemaError
        Text that is something else.
    """
    if not isinstance(text, str):
        raise SchemaError(f"{shown(text)} is not {EXAMPLE}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # '\d' is r'\d' to Python, but '\b' is not r'\b': neither is taken
            found = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = (error.msg if isinstance(error, SyntaxError) else str(error)).replace(
            "escape sequence", "escape, which r'...' has not,"
        )
        raise SchemaError(f"{shown(text)} cannot be read: {said}; expected {EXAMPLE}") from error
    match found:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="signals"), attr=name)):
            return name, found
    raise SchemaError(f"{shown(text)} is not {EXAMPLE}")


def named(text: str, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """The arguments that are given by name."""
    for one in call.keywords:
        if one.arg is None:
            raise SchemaError(f"{shown(text)}: ** is not read; write arguments by their names")
        yield one.arg, one.value


def value(text: str, row: Signal, key: str, node: ast.expr) -> Any:
    """The value of an argument: the name of a column, or a literal."""
    if isinstance(node, ast.Name) and key in row.columns:
        return node.id
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        wrong = shortened(ast.unparse(node))
        what = "the name of a column, or text" if key in row.columns else "text in quotes, a number, a list or a dict"
        raise SchemaError(f"{shown(text)}: {key}={wrong} is not read; write {what}") from error


def shown(text: object) -> str:
    return shortened(repr(text))
