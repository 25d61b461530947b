"""Exact quantiles of numbers as expressions; `fastmetrics.values` has them within a bound, of counts that add up."""

from __future__ import annotations

import numpy as np
import polars as pl

from fastmetrics.contract.columns import Column, column_name, expression
from fastmetrics.errors import SchemaError

__all__ = ["quantile"]

ROUNDED = 8 * float(np.finfo(np.float64).eps)  # of a share: 0.07 of 100 rows are 7, and in floats a little more


def quantile(column: Column, q: float) -> pl.Expr:
    """The exact quantile of a column of numbers: the least value that a share ``q`` of the values does not exceed.

    Parameters
    ----------
    column
        A column or expression of numbers or Booleans. Null and NaN are left out.
    q
        A share from 0 to 1: 0.95 is the 95th percentile, 0 the smallest value, 1 the largest.

    Returns
    -------
    polars.Expr
        Float64 called ``<column>_p95`` and so on, one value a group, which is one of its values; null of a group
        without any.

    Notes
    -----
    The inverted distribution function, ``method="inverted_cdf"`` of numpy and ``PERCENTILE_DISC`` of SQL. A query holds
    all values of a group and sorts them. `fastmetrics.values` counts them instead, so that days add up, and is within
    its ``p95_error`` of this: 1.09 % of the value at most.

    Raises
    ------
    SchemaError
        A ``q`` outside [0, 1]. When the query runs: a column that holds no numbers.
    DataError
        When the query runs: whole numbers that Float64 rounds.

    >>> log = pl.DataFrame({"latency_ms": [120.0, 90.0, 450.0, None, 100.0]})
    >>> log.select(quantile("latency_ms", 0.5), quantile("latency_ms", 0.95)).row(0)
    (100.0, 450.0)
    """
    share = checked_share(q)
    name = f"{column_name(column)}_p{100 * share:.12g}"
    values = expression(column).map_batches(read, return_dtype=pl.Float64, is_elementwise=True)
    return values.quantile(share * (1 - ROUNDED), "equiprobable").alias(name)


def checked_share(q: float) -> float:
    """A number from 0 to 1, or an error that offers the share that a percentage was meant for."""
    number = isinstance(q, (int, float, np.number)) and not isinstance(q, bool)
    if number and 0 <= q <= 1:
        return float(q)
    meant = f"; the {q:g}th percentile is {q / 100:g}" if number and 1 < q <= 100 else ""
    raise SchemaError(f"q={q!r} is not a number from 0 to 1{meant}")


def read(column: pl.Series) -> pl.Series:
    """Numbers as Float64."""
    from fastmetrics.counting.roles.number import told  # late, as that room is the way to the kernels

    return told(column)
