"""A family of one column of numbers, as a user would write it: this file is all that there is of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import fastmetrics as fm
from fastmetrics.contract.capabilities import CrossTable, Curve
from fastmetrics.contract.cells import Cell, CellTable
from fastmetrics.contract.columns import Column
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.contract.rows import Rows

INF = float("inf")


def values(column: Column, *, least: float = 0.0, extremes: bool = True, name: str = "values") -> Family:
    """Numbers of one column.

    Parameters
    ----------
    column
        Column of numbers. Null and NaN mean: not known.
    least
        The least number that counts as high.
    extremes
        Also keep the lowest and the highest number.
    """
    kept = (Cell("lowest", "min"), Cell("highest", "max")) if extremes else ()
    ends = (
        fm.Metric("lowest", lambda c: c.lowest, range=(-INF, INF), better=None),
        fm.Metric("highest", lambda c: c.highest, range=(-INF, INF), better=None),
    )
    return Family(
        kind="values",
        name=name,
        maker=values,
        roles=(Role("value", column, "number"),),
        cells=(Cell("low"), Cell("high"), Cell("unknown"), Cell("total", "sum"), *kept),
        rows=partial(rows, least=least),
        metrics=(
            fm.Metric("mean", lambda c: c.total, lambda c: c.low + c.high, "ratio", range=(-INF, INF), better="lower"),
            fm.Metric("high_share", lambda c: c.high, lambda c: c.low + c.high, "proportion", better="lower"),
            *(ends if extremes else ()),
        ),
        arguments={"column": column, "least": least, "extremes": extremes, "name": name},
        headline=("mean",),
        matrix=CrossTable(matrix, order),
        curves={
            "reach": Curve(reach, "Reach", ("share", "share of rows"), ("high", "share high"), "high_share", "high")
        },
    )


def rows(roles: Mapping[str, NDArray[Any]], least: float) -> Rows:
    value = roles["value"].astype(np.float64)
    return Rows(
        lambda: np.where(np.isnan(value), 2, value >= least).astype(np.uint8),
        sums=lambda: value[:, None],
        extremes=lambda: np.column_stack([value, value]),
    )


def order(family: Family) -> tuple[str, str]:
    return "low", "high"


def matrix(table: CellTable, family: Family) -> pl.DataFrame:
    return pl.concat(
        pl.DataFrame({"group": table.group, "rows": table.cells.values[cell]}).with_columns(
            label=pl.lit(cell), prediction=pl.lit("any")
        )
        for cell in ("low", "high")
    )


def reach(table: CellTable, family: Family) -> pl.DataFrame:
    share = table.cells.high / (table.cells.low + table.cells.high)
    ends = [pl.DataFrame({"group": table.group, "share": end, "high": share * end}) for end in (0.0, 1.0)]
    return pl.concat(ends).sort("group", maintain_order=True)
