"""A signal as a row: what it reads, what it means, and where it errs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Literal

import polars as pl

__all__ = ["Signal"]


@dataclass(frozen=True)
class Signal:
    """A function that gives an expression, and what people read of it.

    ``columns`` are its arguments that are columns, ``gives`` is what comes out, ``limits`` what it does not see.

    >>> from fastmetrics.signals import SIGNALS
    >>> SIGNALS["cost"].columns, SIGNALS["cost"].gives
    (('input_tokens', 'output_tokens', 'model'), 'number')
    """

    function: Callable[..., pl.Expr]
    columns: tuple[str, ...]
    gives: Literal["flag", "number"]
    meaning: str
    limits: str

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def call(self) -> str:
        """How it is called: ``signals.json_has(answer, keys, *, fenced=False)``."""
        taken = signature(self.function)
        plain = [one.replace(annotation=one.empty) for one in taken.parameters.values()]
        return f"signals.{self.name}{taken.replace(parameters=plain, return_annotation=taken.empty)}"
