"""Flags: columns that are true or false of a row, as refused, truncated or valid JSON, and how often each is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Integers
from fastmetrics.contract.capabilities import Rate
from fastmetrics.contract.cells import Cell
from fastmetrics.contract.columns import Column, column_name
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.contract.rows import Accumulators, Rows
from fastmetrics.errors import SchemaError
from fastmetrics.metric import Metric

__all__ = ["WORDS", "flags", "metrics_of"]

# How true and false are written as text.
WORDS = (("true", "false"), ("True", "False"), ("TRUE", "FALSE"))
TRUE, MISSING = 1, 2  # states of a flag role


def flags(*, name: str = "flags", **columns: Column) -> Family:
    """The family of flags: in how many rows each is true, and in how many it is not known.

    Parameters
    ----------
    name
        Tells several families of one scan apart: ``counts.metrics("signals.refused_rate")``.
    columns
        A column or expression for each flag, by the name of the flag: Booleans, the numbers 1 and 0, or the texts
        "true" and "false", also with capital letters as Python and R write them. Null and NaN mean: not known.

    Notes
    -----
    A flag ``refused`` has the metrics ``refused_rate``, the share of true among the rows in which it is known, and
    ``refused_missing_rate``, the share of rows in which it is not; they are also called ``refused.rate`` and
    ``refused.missing_rate``. A rate of no row is null. Whether a flag is good or bad its name does not say, so neither
    direction of its rate is better.

    Raises
    ------
    SchemaError
        No flag; a name that is no identifier; names of which two metrics or cells would be called alike; something that
        is no column. When it counts: a column that holds no truth values.
    DataError
        While counting: a value that is neither true nor false.

    >>> import fastmetrics as fm, polars as pl
    >>> log = {"finish": ["stop", "length", None], "refused": [False, True, False]}
    >>> flags = fm.flags(refused="refused", truncated=pl.col("finish") == "length")
    >>> fm.count(log, flags).metrics("refused_rate", "truncated_rate", "truncated_missing_rate").row(0)
    (3, 0.3333333333333333, 0.5, 0.3333333333333333)
    """
    check_names(columns)
    for column in columns.values():
        column_name(column)
    return Family(
        kind="flags",
        name=name,
        maker=flags,
        roles=tuple(Role(flag, column, "flag") for flag, column in columns.items()),
        cells=(
            Cell("rows"),
            *(Cell(f"{flag}_{what}", "count") for flag in columns for what in ("true", "missing")),
        ),
        rows=rows,
        metrics=tuple(metric for flag in columns for metric in metrics_of(flag)),
        arguments={"name": name, **columns},
        headline=tuple(f"{flag}_rate" for flag in columns),
        rates=tuple(rate for flag in columns for rate in rates_of(flag)),
    )


def check_names(names: Iterable[str]) -> None:
    """Refuse no flag, and names by which metrics or cells could not be told apart."""
    names = list(names)
    if not names:
        raise SchemaError(
            "flags() needs a flag, such as flags(refused='refused'); name= is what the family is called, so that a "
            "flag needs another name"
        )
    for flag in names:
        if not flag.isidentifier():
            raise SchemaError(
                f"flag {flag!r} is not an identifier; its metrics are asked for as 'refused_rate' of a flag 'refused'"
            )
        for other, what in ((f"{flag}_missing", "metric"), (f"w_{flag}", "cell"), (f"w2_{flag}", "cell")):
            if other in names:
                raise SchemaError(f"flags {flag!r} and {other!r} would have a {what} of one name; rename one of them")


def rows(roles: Mapping[str, NDArray[np.uint8]]) -> Rows:
    """Of each row and flag whether it is true, and whether it is not known."""
    states = [*roles.values()]

    def counts() -> Integers:
        return np.stack([state == told for state in states for told in (TRUE, MISSING)], axis=1, dtype=np.int64)

    def add(to: Accumulators) -> None:
        kernels.flags.add_flags(to.fields, to.ranges, np.concatenate(states), len(states), to.counts)

    return Rows(counts=counts, add=add)  # no count can be larger than the rows, whose number is checked


def cell(c: Any, name: str) -> Any:
    return getattr(c, name)


def known(c: Any, flag: str) -> Any:
    """The rows in which a flag has a value."""
    return c.rows - cell(c, f"{flag}_missing")


def every_row(c: Any) -> Any:
    return c.rows


def metrics_of(flag: str) -> tuple[Metric, Metric]:
    """The share of true, and that of rows without a value."""
    true, missing = (partial(cell, name=f"{flag}_{what}") for what in ("true", "missing"))
    return (
        Metric(
            f"{flag}_rate",
            true,
            partial(known, flag=flag),
            "proportion",
            better=None,
            aliases=(f"{flag}.rate",),
            source=f"share of true among the rows in which {flag} is known",
            events=f"rows flagged {flag}",
            offered_for=(flag,),
        ),
        Metric(
            f"{flag}_missing_rate",
            missing,
            every_row,
            "proportion",
            better="lower",
            aliases=(f"{flag}.missing_rate",),
            source=f"share of rows in which {flag} is not known",
            events=f"rows without a value of {flag}",
        ),
    )


def rates_of(flag: str) -> tuple[Rate, ...]:
    """What a diagnosis searches; the rules of its tags know none of them."""
    return tuple(
        Rate(metric.name, metric.num, metric.den, metric.events, untold=True, about=flag)
        for metric in metrics_of(flag)
        if metric.den is not None
    )
