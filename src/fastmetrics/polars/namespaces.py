"""The namespace ``.fm`` of Polars expressions and frames: thin aliases of the functions, registered on import.

Type checkers cannot see namespaces that are registered while a program runs, so the functions are the documented way.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import polars as pl

from fastmetrics.api import count, evaluate
from fastmetrics.contract.family import Family
from fastmetrics.errors import unknown
from fastmetrics.face import Counts
from fastmetrics.metric import ACRONYM
from fastmetrics.polars.functions import FUNCTIONS

__all__ = ["ExpressionMetrics", "FrameMetrics"]

# Which of the arguments of a function is the expression.
COLUMNS = ("y_true", "log_probabilities", "hypothesis", "column")


@pl.api.register_expr_namespace("fm")
class ExpressionMetrics:
    """``pl.col("label").fm.f1("pred")`` is ``fastmetrics.polars.f1(pl.col("label"), "pred")``.

    >>> import polars as pl, fastmetrics.polars
    >>> pl.DataFrame({"label": [1, 0], "pred": [1, 1]}).select(pl.col("label").fm.precision("pred")).item()
    0.5

    What comes before the label in the function comes first here too: ``pl.col("label").fm.interval("mcc", "pred")``.
    """

    def __init__(self, column: pl.Expr) -> None:
        self.column = column

    def __getattr__(self, name: str) -> Callable[..., pl.Expr]:
        if name not in FUNCTIONS:
            raise AttributeError(unknown("metric", name, FUNCTIONS, shortest=ACRONYM))
        function = FUNCTIONS[name]
        known = list(signature(function).parameters)
        column = next(name for name in known if name in COLUMNS)
        place = known.index(column)

        def call(*given: Any, **named: Any) -> pl.Expr:
            if len(given) < place:  # what comes before the column is given by name
                return function(*given, **{column: self.column}, **named)
            return function(*given[:place], self.column, *given[place:], **named)

        return call

    def __dir__(self) -> list[str]:
        return sorted(FUNCTIONS)


@pl.api.register_dataframe_namespace("fm")
class FrameMetrics:
    """``frame.fm.count(...)`` is ``fastmetrics.count(frame, ...)``, and so is ``frame.fm.evaluate(...)``.

    >>> import polars as pl, fastmetrics as fm, fastmetrics.polars
    >>> pl.DataFrame({"label": [1, 0], "pred": [1, 1]}).fm.count(fm.binary("label", "pred")).rows
    2
    """

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame) -> None:
        self.frame = frame

    def count(self, *families: Family, **arguments: Any) -> Counts:
        """See `fastmetrics.count`."""
        return count(self.frame, *families, **arguments)

    def evaluate(self, **arguments: Any) -> pl.DataFrame:
        """See `fastmetrics.evaluate`."""
        return evaluate(self.frame, **arguments)


pl.api.register_lazyframe_namespace("fm")(FrameMetrics)
