"""What a question takes of the columns of a log, where that is text: what is written, or what is guessed of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from fastmetrics.contract.columns import Column, text_of

__all__ = ["Uses"]


@dataclass(frozen=True, eq=False)
class Uses:
    """What a question takes of the columns of a log.

    ``texts`` are columns whose text is taken as it is, or cast to another dtype of text; ``guesses`` those that are
    taken as what is guessed of them; ``keys`` expressions that are keys, and ``others`` all other expressions.
    """

    texts: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    keys: tuple[pl.Expr, ...] = ()
    others: tuple[pl.Expr, ...] = ()

    @classmethod
    def of(cls, keys: Iterable[Column], others: Iterable[tuple[Column, bool]]) -> Uses:
        """The uses of keys, and of other columns with whether a plain one is taken as text."""
        texts: list[str] = []
        guesses: list[str] = []
        key_expressions: list[pl.Expr] = []
        expressions: list[pl.Expr] = []
        given = [*((key, True, key_expressions) for key in keys), *((*other, expressions) for other in others)]
        for column, textual, computed in given:
            found = text_of(column)
            if found is not None:
                (texts if textual or found.dtype is not None else guesses).append(found.name)
            elif isinstance(column, pl.Expr):
                computed.append(column)
        return cls(tuple(texts), tuple(guesses), tuple(key_expressions), tuple(expressions))

    def with_texts(self, names: Iterable[str]) -> Uses:
        """The uses, with the text of more columns."""
        return replace(self, texts=(*self.texts, *names))
