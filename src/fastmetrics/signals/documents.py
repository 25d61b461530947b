"""Signals of answers that are to be JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from fastmetrics.contract.columns import Column
from fastmetrics.errors import SchemaError
from fastmetrics.guard import FOREIGN
from fastmetrics.signals.columns import text

__all__ = ["json_has", "json_valid"]

SPACE = " \t\n\r"  # of JSON
FENCE = r"\A\s*```[A-Za-z0-9]*[ \t]*\r?\n((?s).*)\n[ \t]*```\s*\z"


def json_valid(answer: Column, *, fenced: bool = False) -> pl.Expr:
    r"""Whether an answer is JSON as RFC 8259 has it, and nothing else; null where the answer is null.

    Any value is JSON, also ``null`` or ``12`` alone. NaN, Infinity, trailing commas, comments, single quotes and a byte
    order mark are none. Of two equal keys the last counts. It is Polars that reads it, with limits that the standard
    allows: not valid are arrays and objects within each other more than 127 deep, numbers beyond the range of Float64
    (``1e400``), and escapes of one half of a surrogate pair.

    Parameters
    ----------
    fenced
        Take an answer that is one block of Markdown, in three backticks with or without a language, for what is in it.

    >>> log = pl.DataFrame({"answer": ['{"name": "Ann"}', "{'name': 'Ann'}", "```json\n[1]\n```", None]})
    >>> log.select(json_valid("answer"), json_valid("answer", fenced=True).alias("fenced")).rows()
    [(True, True), (False, False), (False, True), (None, None)]
    """
    document = read(answer, fenced)
    null = document.str.strip_chars(SPACE) == "null"  # a value that Polars cannot tell from none
    return (null | document.str.json_path_match("$").is_not_null() & document.is_not_null()).alias("json_valid")


def json_has(answer: Column, keys: Sequence[str], *, fenced: bool = False) -> pl.Expr:
    """Whether an answer is a JSON object that has each of some keys, at its top level and with any value, null too.

    False where it is no object or no JSON (see `json_valid`), null where the answer is null.

    Parameters
    ----------
    keys
        The keys, at least one; without backslashes, which the paths of Polars cannot say.
    fenced
        As in `json_valid`.

    Raises
    ------
    SchemaError
        No keys, something that is no key, or one that a path cannot say.

    >>> log = pl.DataFrame({"answer": ['{"name": "f", "args": null}', '{"name": "f"}', "[1]", "f()", None]})
    >>> log.select(json_has("answer", ["name", "args"]))["json_has"].to_list()
    [True, False, False, False, None]
    """
    wanted = list(keys)
    if isinstance(keys, str) or not wanted or not all(isinstance(key, str) for key in wanted):
        raise SchemaError(f"json_has takes a list of keys, such as ['name', 'args'], got {keys!r}")
    document = read(answer, fenced)
    # A filter applies to the items of an array, too.
    is_object = document.str.strip_chars_start(SPACE).str.starts_with("{")
    has = is_object & document.str.json_path_match(path(wanted)).is_not_null()
    return pl.when(document.is_not_null()).then(has).alias("json_has")


def read(answer: Column, fenced: bool) -> pl.Expr:
    """The text of a document, within its fence if it may have one."""
    document = text(answer)
    return document.str.replace(FENCE, "${1}") if fenced else document


def path(keys: Sequence[str]) -> str:
    """The path to an object that has some keys, tried on one that has them and one that has none."""
    quoted = (key.replace("'", "\\'") for key in keys)
    wanted = "$[?(" + " && ".join(f"@['{key}']" for key in quoted) + ")]"
    tried = pl.Series([json.dumps(dict.fromkeys(keys)), "{}"])
    try:
        told = tried.str.json_path_match(wanted).is_not_null().to_list() == [True, False]
    except FOREIGN:
        told = False
    if not told:
        raise SchemaError(f"json_has cannot look for the keys {list(keys)!r}: paths of Polars cannot say one of them")
    return wanted
