"""What expressions read of a CSV: the text of a column, or what is guessed of it.

An expression reads numbers where it cannot be computed of text, and text where it cannot be computed of numbers. Where
it can be of both, text is read of a column that is cast to text, and wherever text comes out: 007 would else be shown
as 7. All else is computed of what is guessed, as numbers are compared as numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import combinations

import polars as pl

from fastmetrics.contract.columns import TEXT, Column, places, roots
from fastmetrics.contract.uses import Uses
from fastmetrics.errors import SchemaError
from fastmetrics.guard import FOREIGN

__all__ = ["Readings"]

# What SQL calls the dtypes that are guessed.
SQL = {pl.Boolean(): "boolean", pl.Float64(): "double", pl.Int128(): "hugeint"}
MOST_TRIED = 6  # columns of one expression of which each choice is tried


@dataclass(frozen=True)
class Readings:
    """The columns of a CSV, of guessed dtypes, and those that come from its path, whose dtypes are fixed."""

    guessed: pl.Schema
    fixed: pl.Schema = field(default_factory=pl.Schema)

    def of(self, uses: Uses) -> set[str]:
        """The columns of which expressions read the text.

        Raises
        ------
        SchemaError
            A key that text and numbers give, but not alike; a column of which one expression reads the text, and
            something else the number.
        """
        texts: dict[str, pl.Expr] = {}
        others: dict[str, Column] = {name: name for name in uses.guesses}
        for given in (*uses.keys, *uses.others):
            read = self.texts_of(given)
            texts |= dict.fromkeys(read, given)
            others |= dict.fromkeys(self.columns_of(given) - read - self.cast_in(given), given)
        for given in uses.keys:
            self.check_key(given)
        for name in sorted(texts.keys() & others.keys()):
            if self.guessed[name] not in (pl.Null, pl.String):
                raise SchemaError(
                    f"column {name!r} is text for {texts[name]!s}, and {self.guessed[name]} for {others[name]!s}; say "
                    f"in the second what it is, as pl.col({name!r}).cast(pl.{self.guessed[name]}), in SQL "
                    f"{name}::{SQL.get(self.guessed[name], 'bigint')}"
                )
        return set(texts)

    def columns_of(self, given: pl.Expr) -> set[str]:
        """The columns of an expression whose dtype is a guess."""
        return {name for name in roots(given) or () if self.guessed.get(name, pl.Object) != pl.Object} - {*self.fixed}

    def texts_of(self, given: pl.Expr) -> set[str]:
        """The columns of which one expression reads the text."""
        columns = self.columns_of(given)
        said = {name for name, dtype in places(given) if isinstance(dtype, TEXT)} & columns
        known = said | {name for name in columns if self.guessed[name] == pl.String}
        free = sorted(columns - known)
        found = next((known | some for some in choices(free) if self.dtype(given, known | some) is not None), None)
        if found is None:
            return known
        for name in free:
            before, dtype = self.dtype(given, found), self.dtype(given, found | {name})
            if dtype is not None and (self.guessed[name] == pl.Null or dtype == before == pl.String):
                found = found | {name}
        return found

    def dtype(self, given: pl.Expr, texts: Collection[str]) -> pl.DataType | None:
        """The dtype of an expression, some of whose columns are text; None where it cannot be computed."""
        known = {**self.guessed, **dict.fromkeys(texts, pl.String()), **self.fixed}
        schema = {name: known[name] for name in roots(given) or () if name in known}
        try:
            return pl.DataFrame(schema=schema).select(given).to_series().dtype
        except FOREIGN:
            return None

    def cast_in(self, given: pl.Expr) -> set[str]:
        """The columns of which an expression says the dtype wherever it reads them, so that text serves it too."""
        said = list(places(given))
        named = {name for name, dtype in said if dtype is not None} - {name for name, dtype in said if dtype is None}
        return {name for name in named if self.dtype(given, {name}) is not None}

    def check_key(self, given: pl.Expr) -> None:
        """Refuse a key that is no text, but would be text if it were computed of the text of its columns."""
        read = self.texts_of(given)
        if self.dtype(given, read) in (None, pl.String):
            return
        free = sorted(self.columns_of(given) - read)
        for texts in (*({name} for name in free), set(free)):
            if self.dtype(given, read | texts) == pl.String:
                name = min(texts)
                raise SchemaError(
                    f"key {given!s} can be made of text and of numbers, and column {name!r} may be either; say which, "
                    f"as pl.col({name!r}).cast(pl.String) or pl.col({name!r}).cast(pl.{self.guessed[name]}), in SQL "
                    f"{name}::text or {name}::{SQL.get(self.guessed[name], 'bigint')}"
                )


def choices(names: Collection[str]) -> Iterator[set[str]]:
    """Some of the columns, the fewest first; of many none or all."""
    for size in range(len(names) + 1) if len(names) <= MOST_TRIED else (0, len(names)):
        yield from map(set, combinations(names, size))
