"""Rates of flags as expressions, from the rows of `fastmetrics.families.flags`."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from fastmetrics.contract.columns import Column, column_name, expression
from fastmetrics.families.flags import metrics_of
from fastmetrics.metric import Metric
from fastmetrics.polars.sums import Sums, multiples, sums_of

__all__ = ["rate", "rate_interval"]

FLAG = "flag"


def rate(column: Column, *, weight: Column | None = None, frequency: Column | None = None) -> pl.Expr:
    """How often a flag is true: the share of the rows in which it is known.

    Parameters
    ----------
    column
        A column or expression of flags: Booleans, the numbers 1 and 0, or the texts "true" and "false". Null and NaN
        mean: not known.
    weight
        A column of finite numbers >= 0: how much each row matters.
    frequency
        A column of whole numbers >= 0: how many equal rows each row stands for, as if they were spelled out. One of 0
        adds nothing.

    Returns
    -------
    polars.Expr
        Float64 called ``<column>_rate``, one value a group; null where no row is known. A query fails with a DataError
        where a value is neither true nor false.

    >>> log = pl.DataFrame({"refused": [True, False, False, None], "status": [200, 500, 200, 200]})
    >>> log.select(rate("refused"), failed=rate(pl.col("status") >= 500)).row(0)
    (0.3333333333333333, 0.25)
    """
    row = row_of(column)
    return sums(column, weight, frequency).metric(row)


def rate_interval(
    column: Column, *, level: float = 0.95, weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """Wilson's interval of `rate` as a struct of Float64 ``low`` and ``high``, called ``<column>_rate_interval``.

    The bounds of ``Counts.metrics(..., intervals=True)``, rows being independent; null where no row is known.
    Arguments as of `rate`.

    Raises
    ------
    SchemaError
        A ``level`` outside (0, 1).

    >>> log = pl.DataFrame({"refused": [True, False, False, None]})
    >>> low, high = log.select(rate_interval("refused")).item().values()
    >>> 0 < low < 1 / 3 < high < 1
    True
    """
    row = row_of(column)
    return sums(column, weight, frequency).interval(row, level)


def row_of(column: Column) -> Metric:
    """The row of the rate of a flag, called as its column is."""
    return replace(metrics_of(FLAG)[0], name=f"{column_name(column)}_rate")


def sums(column: Column, weight: Column | None, frequency: Column | None) -> Sums:
    """The cells of one flag."""
    flags = expression(column).map_batches(read, return_dtype=pl.Boolean, is_elementwise=True)
    missing = flags.is_null()
    masks = {"rows": missing | ~missing, f"{FLAG}_true": flags.fill_null(False), f"{FLAG}_missing": missing}
    return sums_of(masks, multiples(weight, frequency), {})


def read(column: pl.Series) -> pl.Series:
    """Flags in any writing as Booleans."""
    from fastmetrics.counting.roles.flag import told  # late, as that room is the way to the kernels

    return told(column)
