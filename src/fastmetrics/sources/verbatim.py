"""Columns of a CSV that are read as the text that stands there, whatever dtype is guessed for them.

A key is what was written: 007 is not 7, and the dtype of a key must not depend on which rows come first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from fastmetrics.contract.columns import expression, roots, unused_name
from fastmetrics.contract.uses import Uses
from fastmetrics.sources.readings import Readings

__all__ = ["Verbatim"]


def true_or_false(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean())


# What becomes of the text of a column where something else reads it, by the guessed dtype; Polars casts to the others.
CASTS: Mapping[pl.DataType, Callable[[pl.Expr], pl.Expr]] = {pl.Boolean(): true_or_false}


@dataclass(frozen=True)
class Verbatim:
    """The columns that are read as text, with the names under which their text is found.

    ``guessed`` has the dtypes of those whose text stands beside what was guessed of them.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    guessed: Mapping[str, pl.DataType] = field(default_factory=dict)

    @classmethod
    def of(cls, guessed: pl.Schema, uses: Uses, fixed: pl.Schema | None = None) -> Verbatim:
        """Which columns are read as text, and which are needed twice; ``fixed`` are those that come from paths."""
        computed = Readings(guessed, pl.Schema() if fixed is None else fixed).of(uses)
        there = [name for name in {*uses.texts, *computed} if guessed.get(name, pl.Object) != pl.Object]
        others = {*uses.guesses, *(name for given in (*uses.keys, *uses.others) for name in roots(given) or ())}
        others -= computed
        twice = {name: guessed[name] for name in there if name in others and guessed[name] not in (pl.String, pl.Null)}
        names = {name: unused_name(f"text of {name}", guessed) if name in twice else name for name in there}
        return cls(names, twice)

    @property
    def beside(self) -> set[str]:
        """The names of text that stands beside what was guessed, which no file knows."""
        return {self.names[name] for name in self.guessed}

    def parsed(self, schema: pl.Schema) -> pl.Schema:
        """The dtypes with which a file is parsed that was guessed to hold these."""
        as_text = {name: pl.String() for name in self.names if schema.get(name, pl.Object) != pl.Object}
        return pl.Schema({**schema, **as_text})

    def split(self, lazy: pl.LazyFrame) -> pl.LazyFrame:
        """The parsed columns, with those that are needed twice as text and as what was guessed."""
        if not self.guessed:
            return lazy
        as_text = [expression(name).alias(self.names[name]) for name in self.guessed]
        return lazy.with_columns(*as_text, *(cast(name, dtype) for name, dtype in self.guessed.items()))


def cast(name: str, dtype: pl.DataType) -> pl.Expr:
    text = expression(name)
    return CASTS[dtype](text) if dtype in CASTS else text.cast(dtype)
