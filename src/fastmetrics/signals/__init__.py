"""What logs of language models hold beside labels, as Polars expressions: ``from fastmetrics import signals``.

Each function takes columns, as names or expressions, and gives an expression under its own name: a flag (true, false,
or null where nobody knows) or a number. No model is asked and nothing is downloaded. They are computed row by row, so
they work wherever Polars takes expressions, eager, lazy and streaming, and wherever fastmetrics takes columns.

>>> import polars as pl
>>> from fastmetrics import signals
>>> log = pl.DataFrame({"answer": ["I'm sorry, but I can't help with that.", "Paris.", None]})
>>> log.select(signals.refusal("answer"), signals.length("answer")).rows()
[(True, 38), (False, 6), (None, None)]
"""

from fastmetrics.signals.answers import empty, exact_match, format_error, length, refusal, repetition
from fastmetrics.signals.calls import parse
from fastmetrics.signals.documents import json_has, json_valid
from fastmetrics.signals.requests import cost, error, tokens_per_second, tool_error, truncated
from fastmetrics.signals.signal import Signal
from fastmetrics.signals.table import SIGNALS

__all__ = [
    "SIGNALS",
    "Signal",
    "cost",
    "empty",
    "error",
    "exact_match",
    "format_error",
    "json_has",
    "json_valid",
    "length",
    "parse",
    "refusal",
    "repetition",
    "tokens_per_second",
    "tool_error",
    "truncated",
]
