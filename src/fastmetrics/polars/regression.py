"""The metrics of numbers predicted for numbers as expressions, from the rows of `fastmetrics.families.regression`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from fastmetrics.contract.cells import CellTable
from fastmetrics.contract.columns import Column
from fastmetrics.contract.roles import check_number
from fastmetrics.errors import SchemaError
from fastmetrics.families.regression import EXTREME_METRICS, EXTREMES, METRICS, SMALLEST_LABEL, STATES, SUMS, read
from fastmetrics.metric import Cells, Metric, find
from fastmetrics.polars.sums import Multiples, Sums, check_whole, multiples, number, used

__all__ = ["EXPRESSIONS", "RegressionMetric", "metrics"]

ROWS = METRICS + EXTREME_METRICS
KEPT = tuple(cell.name for cell in EXTREMES)
DERIVED = ("r2_num", "r2_den", "explained_num", "explained_den", "largest_error")


class RegressionMetric(Protocol):
    """A metric of numbers predicted for numbers as an expression.

    Parameters
    ----------
    y_true, y_pred
        Columns or expressions of numbers, read as Float64. Null and NaN are not known.
    shift
        A value near the labels, for ``r2`` and ``explained_variance`` of labels that are large beside their spread;
        see `fastmetrics.regression`.
    weight
        A column of finite numbers >= 0: how much each row matters.
    frequency
        A column of whole numbers >= 0: how many equal rows each row stands for, as if they were spelled out. One of 0
        adds nothing.

    Returns
    -------
    polars.Expr
        Float64 under the name of the metric, one value a group; null where undefined or where a sum overflowed.
    """

    def __call__(
        self,
        y_true: Column,
        y_pred: Column,
        *,
        shift: float = 0.0,
        weight: Column | None = None,
        frequency: Column | None = None,
    ) -> pl.Expr: ...


def sums(
    rows: Sequence[Metric],
    y_true: Column,
    y_pred: Column,
    shift: float,
    weight: Column | None,
    frequency: Column | None,
) -> Sums:
    """The cells that some metrics read: all of them where one reads what is derived from several."""
    shift = check_number("shift", shift)
    wanted = used(rows, (*STATES, *SUMS, *DERIVED))
    if weight is not None and "largest_error" in wanted:
        raise SchemaError("max_error has no weighted meaning; leave out weight=")
    label, said, of = number(y_true), number(y_pred), multiples(weight, frequency)
    cells, checks = everything(label, said, shift, of), {**check_whole(y_true, y_pred), **of.checks}
    if not set(wanted) & set(DERIVED):
        return Sums({name: cells[name] for name in wanted}, checks)
    squares = None if of.squared is None else {"judged": of.squared.filter((said - label).is_not_null()).sum()}
    return Sums(cells, checks, squares)


def everything(label: pl.Expr, said: pl.Expr, shift: float, of: Multiples) -> dict[str, pl.Expr]:
    """Every cell of the family; what is null of a row adds nothing."""
    error, known = said - label, label + said * 0
    offset = known - shift
    masks = (error.is_not_null(), label.is_not_null() & said.is_null(), label.is_null() & said.is_not_null(),
             label.is_null() & said.is_null())  # fmt: skip
    squared = error * error
    relative = error.abs() / pl.max_horizontal(known.abs(), SMALLEST_LABEL)
    values = (error, error.abs(), squared, squared * squared, relative, known.abs(), offset, offset * offset)
    label_there, error_there = (each if of.present is None else each.filter(of.present) for each in (known, error))
    kept = (label_there.min(), label_there.max(), error_there.min(), error_there.max())
    return {
        **{name: of.rows(mask) for name, mask in zip(STATES, masks, strict=True)},
        **{name: of.sum(each) for name, each in zip(SUMS, values, strict=True)},
        **({} if of.squared is not None else dict(zip(KEPT, kept, strict=True))),
    }


def derived(cells: Cells) -> Cells:
    """What the formulas see: the cells themselves, or where all are there what the family reads from them."""
    if not set(SUMS) <= set(cells.values):
        return cells
    size = len(cells.judged)
    return read(CellTable(np.arange(size), size, {}, cells))


def of_row(name: str) -> RegressionMetric:
    """The expression of one metric."""
    row = find(name, ROWS)

    def expression(
        y_true: Column,
        y_pred: Column,
        *,
        shift: float = 0.0,
        weight: Column | None = None,
        frequency: Column | None = None,
    ) -> pl.Expr:
        return sums([row], y_true, y_pred, shift, weight, frequency).metric(row, derived)

    expression.__name__ = expression.__qualname__ = row.name
    expression.__doc__ = (
        f"``{row.name}`` of numbers predicted for numbers; see `RegressionMetric`. {row.source}".strip()
    )
    return expression


def metrics(
    names: Sequence[str | Metric],
    y_true: Column,
    y_pred: Column,
    *,
    shift: float = 0.0,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """Several metrics as one struct, called ``metrics``, whose sums are shared; see `RegressionMetric`.

    >>> log = pl.DataFrame({"price": [10.0, 20.0], "estimate": [11.0, 18.0]})
    >>> log.select(metrics(["mae", "bias"], "price", "estimate")).item()
    {'mae': 1.5, 'bias': -0.5}
    """
    if isinstance(names, str) or not names:
        raise SchemaError(f"metrics() takes a list of names first, such as ['mae', 'rmse'], got {names!r}")
    rows = [find(name, ROWS) for name in names]
    return sums(rows, y_true, y_pred, shift, weight, frequency).metrics(rows, derived)


EXPRESSIONS = {row.name: of_row(row.name) for row in ROWS}
globals().update(EXPRESSIONS)

if TYPE_CHECKING:

    def __getattr__(name: str) -> RegressionMetric: ...  # the names of EXPRESSIONS
