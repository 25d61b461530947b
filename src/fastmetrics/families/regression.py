"""Numbers predicted for numbers: sums of errors and of labels, and the metrics that are ratios of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Mask
from fastmetrics.contract.cells import Cell, CellTable
from fastmetrics.contract.columns import Column, column_name, expression
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role, check_number
from fastmetrics.contract.rows import Accumulators, Rows
from fastmetrics.errors import DataError
from fastmetrics.families.labels import check_nulls, null_arguments
from fastmetrics.metric import Cells, Metric

__all__ = ["EXTREMES", "METRICS", "STATES", "SUMS", "regression"]


# Order of the states 2 * (no label) + (no prediction).
STATES = ("judged", "unpredicted", "unlabelled", "unlabelled_unpredicted")

# Sums over judged rows of the error = prediction - label and the offset = label - shift.
SUMS = (
    "signed_error",
    "absolute_error",
    "squared_error",
    "quartic_error",
    "relative_error",
    "absolute_label",
    "label_offset",
    "squared_label_offset",
)
EXTREMES = (
    Cell("lowest_label", "min"),
    Cell("highest_label", "max"),
    Cell("lowest_error", "min"),
    Cell("highest_error", "max"),
)

# A sum of squares about a mean is kept when it is at least this part of the sum of squares that it is left over from:
# it is right to 6 * 2**-53 of the latter, so six digits or more remain.
KEPT = 1e-9
SMALLEST_LABEL = float(np.finfo(np.float64).eps)


def regression(
    y_true: Column,
    y_pred: Column,
    *,
    shift: float = 0.0,
    extremes: bool = True,
    null_values: Sequence[float] | None = None,
    name: str = "regression",
) -> Family:
    """The family of regression sums: errors, their powers, and the spread of the labels, of every judged row.

    Parameters
    ----------
    y_true, y_pred
        Columns of numbers, read as float64. Null and NaN mean: not labelled yet, no answer.
    shift
        A value near the labels, which is taken from them before they are squared for ``r2`` and
        ``explained_variance``. Needed where labels are large beside their spread, such as 1e12 give or take 1e3;
        any value within some thousand spreads will do. The other metrics do not depend on it.
    extremes
        Also keep the lowest and highest label and error, for ``max_error`` and to know a constant label. A weighted
        count has no extremes.
    null_values
        Numbers that mean null in both columns, such as ``[-999]``.
    name
        Tells several families of one scan apart: ``counts.metrics("eta.rmse")``.

    Notes
    -----
    ``r2`` and ``explained_variance`` of constant labels are, as in scikit-learn, 1 if nothing is left to explain and
    else 0; ``r2`` of one row is null. Without extremes labels are known to be constant only where all equal ``shift``.

    With u = 2**-53, where errors and offsets are exact (prediction, label and shift within a factor of 2 of each
    other), ``mae wape mse rmse`` of one scan are right to 4 u and ``bias`` to 3 u of ``mae``; every merge of tables
    may add a u. The label spread is right to 6 u k, where k = Σoffset² / Σ(label - mean)² is 1 for the best shift;
    where k is above 1e9 fewer than six digits would be left, and r2 and explained_variance are null. Squares overflow
    beyond 1e154, and fourth powers, which are kept for the bounds of mse and rmse, beyond 1e77: what needs them is
    null.

    Raises
    ------
    SchemaError
        ``shift`` that is not a finite number; ``null_values`` of another kind than the columns, when it counts.
    DataError
        While counting: a label or prediction that is infinite.

    >>> regression("price", "estimate", shift=1e5).states
    ('judged', 'unpredicted', 'unlabelled', 'unlabelled_unpredicted')
    """
    shift = check_number("shift", shift)
    columns = {"label": column_name(y_true), "prediction": column_name(y_pred)}
    sums = tuple(Cell(cell, "sum") for cell in SUMS)
    nulls = check_nulls(null_values)
    return Family(
        kind="regression",
        name=name,
        maker=regression,
        roles=tuple(
            Role(role, column, "number", null_values=nulls)
            for role, column in (("label", y_true), ("prediction", y_pred))
        ),
        cells=(*(Cell(state) for state in STATES), *sums, *(EXTREMES if extremes else ())),
        rows=partial(rows, columns=columns, shift=shift, extremes=extremes),
        metrics=METRICS + EXTREME_METRICS if extremes else METRICS,
        arguments={
            "y_true": y_true,
            "y_pred": y_pred,
            "shift": shift,
            "extremes": extremes,
            "name": name,
            **null_arguments(nulls),
        },
        constants=("shift", *null_arguments(nulls)),
        read=read,
        headline=("mae", "rmse", "bias", "r2"),
        rates=(),
    )


def rows(roles: Mapping[str, NDArray[Any]], columns: Mapping[str, str], shift: float, extremes: bool) -> Rows:
    """The index in STATES of each row, and its values of SUMS and EXTREMES."""
    label, prediction = (np.asarray(roles[role], np.float64) for role in ("label", "prediction"))
    state = np.empty(len(label), np.uint8)
    if kernels.regression.known_states(label, prediction, state):
        refuse_infinite(label, prediction, columns)

    def add(to: Accumulators) -> None:
        kernels.regression.add_errors(
            to.fields, to.ranges, label, prediction, shift, SMALLEST_LABEL, to.sums, to.extremes
        )

    return Rows(
        lambda: state,
        sums=partial(sums, label, prediction, shift),
        extremes=partial(ends, label, prediction) if extremes else None,
        add=add,
    )


def sums(label: Floats, prediction: Floats, shift: float) -> Floats:
    """The values of SUMS of each row: NaN where it is not judged."""
    with np.errstate(over="ignore"):
        error = prediction - label
        label = np.where(np.isnan(prediction), np.nan, label)
        absolute, size, offset, squared = np.abs(error), np.abs(label), label - shift, error * error
        relative = absolute / np.maximum(size, SMALLEST_LABEL)
        powers = squared * squared, relative, size, offset, offset * offset
    return np.column_stack((error, absolute, squared, *powers))


def ends(label: Floats, prediction: Floats) -> Floats:
    """The values of EXTREMES of each row: NaN where it is not judged."""
    with np.errstate(over="ignore"):
        error = prediction - label
    label = np.where(np.isnan(prediction), np.nan, label)
    return np.column_stack((label, label, error, error))


def refuse_infinite(label: Floats, prediction: Floats, columns: Mapping[str, str]) -> None:
    """Raise the error of the first column that holds something infinite."""
    for role, numbers in (("label", label), ("prediction", prediction)):
        infinite = np.isinf(numbers)
        if infinite.any():
            column = columns[role]
            raise DataError(
                f"column {column!r} holds {numbers[infinite][0]!s}; a {role} is a finite number, or null where it is "
                "not known",
                expression(column).is_infinite(),
            )


def read(table: CellTable) -> Cells:
    """The cells of each group, and what r2, explained_variance and max_error are made of.

    ``r2_num / r2_den`` and ``explained_num / explained_den`` are NaN where undefined or where too few digits are left.
    """
    c = table.cells
    one_row = (c.judged > 0) & (c.judged**2 <= (c.judged if c.squares is None else c.squares["judged"]))
    ends = {cell.name: c.values[cell.name] for cell in EXTREMES if cell.name in c.values}
    same_label = one_row | (ends["lowest_label"] == ends["highest_label"]) if ends else one_row
    same_error = one_row | (ends["lowest_error"] == ends["highest_error"]) if ends else one_row
    with np.errstate(all="ignore"):
        label = spread(c.squared_label_offset, c.label_offset, c.judged, same_label)
        error = spread(c.squared_error, c.signed_error, c.judged, same_error, beside=label)
        r2_num, r2_den = explained(label, c.squared_error)
        explained_num, explained_den = explained(label, error)
    added = {
        "r2_num": np.where(one_row, np.nan, r2_num),
        "r2_den": r2_den,
        "explained_num": explained_num,
        "explained_den": explained_den,
    }
    if ends:
        added["largest_error"] = np.maximum(-ends["lowest_error"], ends["highest_error"])
    return Cells({**c.values, **added}, c.squares)


def spread(squared: Floats, total: Floats, count: Floats, constant: Mask, beside: Floats | float = 0.0) -> Floats:
    """Σ(x - mean)² of Σx², Σx and the number of x: 0 where they are constant, NaN where cancellation left too little.

    What is only ever taken from ``beside`` may be as imprecise as ``beside`` is.
    """
    left = squared - total * (total / count)
    kept = (left >= KEPT * squared) | (KEPT * squared <= beside)
    return np.where(constant, 0.0, np.where(kept, np.maximum(left, 0.0), np.nan))


def explained(spread: Floats, left: Floats) -> tuple[Floats, Floats]:
    """Numerator and denominator of 1 - left / spread; where nothing varies 1 if nothing is left and else 0."""
    flat = spread == 0
    return np.where(flat, 1 - np.sign(left), spread - left), np.where(flat, 1.0, spread)


def judged(c: Any) -> Any:
    return c.judged


def every_row(c: Any) -> Any:
    return c.judged + c.unpredicted + c.unlabelled + c.unlabelled_unpredicted


# fmt: off
METRICS: tuple[Metric, ...] = (
    Metric("mae", lambda c: c.absolute_error, judged, "ratio", range=(0, inf), better="lower", scale="label units",
           interval="mean", square=lambda c: c.squared_error, aliases=("mean_absolute_error",)),
    Metric("mse", lambda c: c.squared_error, judged, "ratio", range=(0, inf), better="lower",
           scale="squared label units", interval="mean", square=lambda c: c.quartic_error,
           aliases=("mean_squared_error",)),
    Metric("rmse", lambda c: c.squared_error**0.5, lambda c: c.judged**0.5, range=(0, inf), better="lower",
           scale="label units", interval="root_mean", square=lambda c: c.quartic_error,
           aliases=("root_mean_squared_error",)),
    Metric("bias", lambda c: c.signed_error, judged, "ratio", range=(-inf, inf), better=None, scale="label units",
           interval="mean", square=lambda c: c.squared_error, aliases=("mean_error", "mean_bias_error"),
           source="mean of prediction - label"),
    Metric("mape", lambda c: c.relative_error, judged, "ratio", range=(0, inf), better="lower", scale="ratio",
           aliases=("mean_absolute_percentage_error",), source="mean of |error| / max(|label|, 2**-52), not times 100"),
    Metric("wape", lambda c: c.absolute_error, lambda c: c.absolute_label, "ratio", range=(0, inf), better="lower",
           scale="ratio", aliases=("weighted_mean_absolute_percentage_error",),
           source="sum of |error| / sum of |label|"),
    Metric("r2", lambda c: c.r2_num, lambda c: c.r2_den, range=(-inf, 1), aliases=("R2", "r2_score", "r_squared"),
           source="1 - sum of error² / sum of (label - mean)²"),
    Metric("explained_variance", lambda c: c.explained_num, lambda c: c.explained_den, range=(-inf, 1),
           aliases=("explained_variance_score",), source="1 - variance of errors / variance of labels"),
    Metric("label_coverage", lambda c: c.judged + c.unpredicted, every_row, "proportion",
           source="share of rows with a label"),
    Metric("answer_rate", lambda c: c.judged + c.unlabelled, every_row, "proportion",
           source="share of rows with a prediction"),
)

EXTREME_METRICS: tuple[Metric, ...] = (
    Metric("max_error", lambda c: c.largest_error, range=(0, inf), better="lower", scale="label units",
           source="largest |error|"),
)
# fmt: on
