"""The namespace ``.fm`` of Polars expressions and frames: thin aliases of the functions, registered on import.

Type checkers cannot see namespaces that are registered while a program runs, so the functions are the documented way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl

from fastmetrics.api import count, evaluate
from fastmetrics.contract.family import Family
from fastmetrics.counts import Counts
from fastmetrics.errors import unknown
from fastmetrics.families.binary import METRICS as BINARY_METRICS
from fastmetrics.families.classes import METRICS as CLASS_METRICS
from fastmetrics.polars import binary, classes, regression, scores
from fastmetrics.polars.regression import ROWS as REGRESSION_METRICS

__all__ = ["ExpressionMetrics", "FrameMetrics"]

FUNCTIONS: dict[str, Callable[..., pl.Expr]] = {
    **{row.name: getattr(classes, row.name) for row in CLASS_METRICS},
    **{row.name: getattr(regression, row.name) for row in REGRESSION_METRICS},
    **{row.name: getattr(binary, row.name) for row in BINARY_METRICS},
    "confusion": binary.confusion,
    "root_cause": binary.root_cause,
    "roc_auc": scores.roc_auc,
    "log_loss": scores.log_loss,
    "brier": scores.brier,
}


@pl.api.register_expr_namespace("fm")
class ExpressionMetrics:
    """``pl.col("label").fm.f1("pred")`` is ``fastmetrics.polars.f1(pl.col("label"), "pred")``.

    >>> import polars as pl, fastmetrics.polars
    >>> pl.DataFrame({"label": [1, 0], "pred": [1, 1]}).select(pl.col("label").fm.precision("pred")).item()
    0.5
    """

    def __init__(self, y_true: pl.Expr) -> None:
        self.y_true = y_true

    def __getattr__(self, name: str) -> Callable[..., pl.Expr]:
        if name not in FUNCTIONS:
            raise AttributeError(unknown("metric", name, FUNCTIONS))
        return partial(FUNCTIONS[name], self.y_true)


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
