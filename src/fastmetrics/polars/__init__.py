"""Metrics as Polars expressions: ``import fastmetrics.polars as fpl``.

They work wherever Polars aggregates (``select``, ``agg``, ``over``, ``rolling``, ``group_by_dynamic``, ``pivot``),
eager, lazy and streaming. All metrics stand here under their own names. A name that several families have is that of
the first of binary, `classes`, `regression`, `likelihood` and `text`: ``answer_rate`` is binary here, ``empty_rate``
that of token log-probabilities, and that of answers ``text.empty_rate``.

A group holds fewer than 2**32 rows, as Polars adds up Booleans in 32 bits: use `fastmetrics.count` for more.

>>> import polars as pl
>>> import fastmetrics.polars as fpl
>>> log = pl.DataFrame({"model": ["a", "a", "b"], "label": [1, 0, 1], "pred": [1, 1, 1]})
>>> log.group_by("model", maintain_order=True).agg(fpl.precision("label", "pred"), fpl.recall("label", "pred")).rows()
[('a', 0.5, 1.0), ('b', 1.0, 1.0)]
"""

from fastmetrics.polars import classes, likelihood, regression, text
from fastmetrics.polars.functions import FUNCTIONS
from fastmetrics.polars.namespaces import ExpressionMetrics, FrameMetrics

globals().update(FUNCTIONS)

__all__ = ["ExpressionMetrics", "FrameMetrics", "classes", "likelihood", "regression", "text", *FUNCTIONS]
