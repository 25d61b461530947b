"""Other libraries: whatever they raise while data is opened or read becomes a SourceError."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl

from fastmetrics.errors import FastMetricsError, SourceError

__all__ = ["FOREIGN", "first_line", "guarded", "pull"]

# A panic of Polars is no Exception, so that ``except Exception`` lets it through.
FOREIGN = (Exception, pl.exceptions.PanicException)

LONGEST = 300  # characters of another library's message
# The panic of one thread of Polars as another one tells of it, perhaps after others that told of it.
PANICKED = re.compile(r'.*JoinError::Panic\(Id\(\d+\), \\*"([^"\\]*)', re.DOTALL)
# What Polars adds: the expression, below what happened, and its own names of columns that it computes twice.
EXPRESSION = "This error occurred in the following expression:"
OWN_NAME = re.compile(r" in column '_POLARS_TMP_\w+'")
END = object()


def first_line(error: BaseException) -> str:
    """The first line of an error of another library, shortened; of a panic its own message."""
    text = str(error)
    if isinstance(error, pl.exceptions.PanicException) and (found := PANICKED.match(text)):
        text = found[1]
    if isinstance(error.__cause__, StopIteration):  # which a generator lets through as a RuntimeError
        text = f"{text}: {error.__cause__}"
    line = OWN_NAME.sub("", text.partition(EXPRESSION)[0].strip().partition("\n")[0]) or type(error).__name__
    return line if len(line) <= LONGEST else line[:LONGEST] + "..."


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Turn whatever another library raises into a SourceError that begins with ``what``; errors of ours pass."""
    try:
        yield
    except FastMetricsError:
        raise
    except FOREIGN as error:
        raise SourceError(f"{what}: {first_line(error)}") from error


def pull(name: str, stream: Iterator[Any]) -> Iterator[Any]:
    """The items of a stream; whatever it raises, a stray StopIteration too, is a SourceError."""
    while True:
        with guarded(f"{name} cannot be read"):
            item = next(stream, END)
        if item is END:
            return
        yield item
        del item  # or one more batch than needed would stay alive
