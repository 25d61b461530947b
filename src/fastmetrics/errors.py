"""The errors raised on purpose, and what their text says of names and of what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastmetrics.slips import SHORTEST, meant
from fastmetrics.wording import printable, readable, shortened

__all__ = ["DataError", "FastMetricsError", "MergeError", "SchemaError", "SourceError", "install", "listed", "unknown"]

LONGEST_MESSAGE = 2000


class FastMetricsError(ValueError):
    """Base of every error fastmetrics raises on purpose.

    Its message is printable whatever was put into it: names, values, and what other libraries said.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(shortened(message, LONGEST_MESSAGE)))


class SchemaError(FastMetricsError):
    """A name, dtype or argument does not fit; raised before any row is read."""


class SourceError(FastMetricsError):
    """An input cannot be opened, read or understood."""


class DataError(FastMetricsError):
    """A value in the data breaks the schema; the scan stops and returns nothing.

    ``matching`` is an expression that is true for the rows with such a value, to find the file they stand in.
    """

    def __init__(self, message: str, matching: Any = None) -> None:
        super().__init__(message)
        self.matching = matching


class MergeError(FastMetricsError):
    """Two Counts that do not describe the same thing cannot be merged, subtracted or compared."""


def listed(names: Iterable[object], limit: int = 12) -> str:
    """``a, b, c`` with the tail of a long list counted instead of shown."""
    shown = [readable(name, LONGEST_MESSAGE) for name in names]
    tail = f", ... and {len(shown) - limit} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + tail


def install(extra: str) -> str:
    """What installs an extra: from a checkout, as the package index has another project of the name fastmetrics.

    >>> install("plot")
    "from a checkout of fastmetrics, pip install '.[plot]'"
    """
    return f"from a checkout of fastmetrics, pip install '.[{extra}]'"


def unknown(
    what: str,
    got: object,
    known: Iterable[str],
    *,
    meanings: Mapping[str, object] | None = None,
    shortest: int = SHORTEST,
    offered: Sequence[str] = (),
) -> str:
    """``unknown metric 'recal'; did you mean 'recall'? (known: accuracy, ...)``.

    A name is offered only where it is clear that it was meant (see `fastmetrics.slips.meant`). ``meanings`` are those
    of all names that may be offered, where these are more than the known ones that are listed. ``offered`` are those
    of which it is known that one of them is meant.
    """
    names = list(known)
    near = meant(str(got), {name: name for name in names} if meanings is None else meanings, shortest)
    choices = offered or ([] if near is None else [near])
    hint = f"; did you mean {' or '.join(shortened(repr(name)) for name in choices)}?" if choices else ""
    return f"unknown {what} {shortened(repr(got))}{hint} (known: {listed(names)})"
