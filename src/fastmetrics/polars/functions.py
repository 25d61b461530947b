"""Every function of `fastmetrics.polars` by its name: those of the modules, and one for each row of their metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import isfunction

import polars as pl

from fastmetrics.polars import binary, classes, flags, likelihood, regression, scores, text, values

__all__ = ["FUNCTIONS"]

# A name that several modules have is that of the first.
MODULES = (binary, scores, classes, regression, likelihood, text, flags, values)


def named() -> Iterator[tuple[str, Callable[..., pl.Expr]]]:
    """Each function of each module, the first modules last."""
    for module in reversed(MODULES):
        yield from vars(module).get("EXPRESSIONS", {}).items()
        yield from ((name, vars(module)[name]) for name in module.__all__ if isfunction(vars(module)[name]))


FUNCTIONS = dict(named())
