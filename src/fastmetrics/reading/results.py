"""Results beside keys: the one place where columns of ours come to stand beside columns of the user."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import polars as pl

from fastmetrics.contract.columns import advise_alias, expression
from fastmetrics.errors import SchemaError
from fastmetrics.schema import repeated
from fastmetrics.state.layout import GROUPING, grouping_name
from fastmetrics.state.state import State

__all__ = ["beside", "check_columns", "number_keys", "numbered"]

S = TypeVar("S", bound=State)


def beside(keys: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    """Key columns, of which there may be none, and the columns of a result to their right.

    Raises
    ------
    SchemaError
        A key with the name of a column of the result.

    >>> beside(pl.DataFrame({"model": ["a"]}), pl.DataFrame({"n": [3], "f1": [0.5]})).row(0, named=True)
    {'model': 'a', 'n': 3, 'f1': 0.5}
    """
    check_columns(keys.columns, results.columns)
    return pl.concat([keys, results], how="horizontal")


def check_columns(keys: Iterable[str], results: Sequence[str]) -> None:
    """Refuse a key or a metric with the name of another column of a result."""
    twice = repeated(results)
    if twice is not None:
        raise SchemaError(f"metric {twice!r} has the name of another column of the result; give it another name")
    for key in keys:
        if key in results:
            raise SchemaError(
                f"key {key!r} has the name of a column of the result; count with another, as in {advise_alias(key)}"
            )


def numbered(keys: Iterable[str]) -> dict[str, pl.Expr]:
    """Keys as ``key 0``, ``key 1``, ...: names that no other column has, whatever the keys are called."""
    return {f"key {place}": expression(key) for place, key in enumerate(keys)}


def number_keys(counts: S) -> S:
    """Counts whose keys are called as `numbered` calls them."""
    layout = counts.layout
    names = dict(zip(layout.keys, numbered(layout.keys), strict=True))
    sets = layout.grouping_sets
    renamed = None if sets is None else tuple(tuple(names[key] for key in wanted) for wanted in sets)
    tables = {name: table.rename(names) for name, table in counts.tables.items()}
    if sets is not None and renamed is not None:
        values = dict(zip(map(grouping_name, sets), map(grouping_name, renamed), strict=True))
        tables = {name: table.with_columns(pl.col(GROUPING).replace(values)) for name, table in tables.items()}
    return replace(counts, layout=replace(layout, keys=tuple(names.values()), grouping_sets=renamed), tables=tables)
