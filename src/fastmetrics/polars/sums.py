"""Columns of any dtype as masks and numbers, and sums of them as one struct that the metrics are read from.

The sums are Polars' own, so they stream, are shared between expressions of a lazy query, and work in every context.
The struct of sums of all groups then meets the formulas in one call, never in one a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs

from fastmetrics.errors import DataError
from fastmetrics.intervals.methods import read_by
from fastmetrics.metrics import Cells, Metric, value
from fastmetrics.roles import refused_binary, refused_number
from fastmetrics.schema import Column, Role, column_name, expression

__all__ = ["Sums", "named", "number", "states", "sums_of", "used", "weights"]

Read = Callable[[Cells], Cells]
Finish = Callable[[Cells], pl.Series]


@dataclass(frozen=True)
class Sums:
    """Sums of a group: the cells, and their squares where rows are weighted.

    ``checks`` maps the message of an error to whether the group calls for it.
    """

    cells: Mapping[str, pl.Expr]
    checks: Mapping[str, pl.Expr] = field(default_factory=dict)
    squares: Mapping[str, pl.Expr] | None = None

    def expression(self, finish: Finish, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
        """What ``finish`` makes of the cells of all groups, which it is given as float64 arrays."""
        squares = {f"square of {name}": square for name, square in (self.squares or {}).items()}
        checks = {f"check {index}": strays for index, strays in enumerate(self.checks.values())}
        fields = {**self.cells, **squares, **checks}
        call = partial(finished, messages=list(self.checks), names=list(self.cells), finish=finish)
        struct = pl.struct([field.alias(name) for name, field in fields.items()])
        return struct.map_batches(call, return_dtype=dtype, is_elementwise=True)

    def metric(self, row: Metric, read: Read | None = None) -> pl.Expr:
        """One metric as Float64 under its name."""
        return self.expression(partial(one_metric, row=row, read=read), pl.Float64).alias(row.name)

    def metrics(self, rows: Sequence[Metric], read: Read | None = None) -> pl.Expr:
        """Several metrics as a struct of Float64 fields, called ``metrics``."""
        dtype = pl.Struct({row.name: pl.Float64 for row in rows})
        return self.expression(partial(all_metrics, rows=rows, read=read), dtype).alias("metrics")


def finished(struct: pl.Series, messages: Sequence[str], names: Sequence[str], finish: Finish) -> pl.Series:
    """Check the sums of all groups, and read from them."""
    sums = struct.struct.unnest()
    for index, message in enumerate(messages):
        if sums[f"check {index}"].any():
            raise DataError(message)
    squares = {name: finite(sums[f"square of {name}"]) for name in names if f"square of {name}" in sums.columns}
    with np.errstate(all="ignore"):
        return finish(Cells({name: finite(sums[name]) for name in names}, squares or None)).alias(struct.name)


def finite(sums: pl.Series) -> Any:
    """Sums as float64; one that overflowed is not known, and neither is an extreme of no rows."""
    values = sums.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.where(np.isfinite(values), values, np.nan)


def one_metric(cells: Cells, row: Metric, read: Read | None) -> pl.Series:
    return undefined_is_null(row, cells if read is None else read(cells))


def all_metrics(cells: Cells, rows: Sequence[Metric], read: Read | None) -> pl.Series:
    seen = cells if read is None else read(cells)
    return pl.DataFrame([undefined_is_null(row, seen) for row in rows]).to_struct()


def undefined_is_null(row: Metric, cells: Cells) -> pl.Series:
    return pl.Series(row.name, value(row, cells), nan_to_null=True)


def used(rows: Sequence[Metric], known: Iterable[str]) -> list[str]:
    """Those of the known cells that the formulas of some metrics read."""
    cells = Cells(dict.fromkeys(known, np.ones(1)))
    return list(dict.fromkeys(name for row in rows for name in read_by(row, cells)))


def named(column: Column) -> str | None:
    """The name of a column that is taken as it is, whose dtype selectors can tell; None of a computed one."""
    plain = expression(column).meta.undo_aliases()
    return plain.meta.output_name() if plain.meta.is_column() else None


def numeric(column: Column) -> pl.Expr:
    """A column of numbers or Booleans as Float64; Polars would cast text and dates too."""
    name = named(column)
    if name is None:
        return (expression(column) + 0.0).cast(pl.Float64)  # which it does not add up
    plain, numbers = cs.by_name(name), cs.numeric() | cs.boolean()
    refused = (plain - numbers).map_batches(refused_number, return_dtype=pl.Float64, is_elementwise=True)
    return pl.coalesce(plain & numbers, refused).cast(pl.Float64)


def number(column: Column) -> pl.Expr:
    """The same with NaN as null."""
    return numeric(column).fill_nan(None)


def states(*roles: Role) -> tuple[list[pl.Expr], dict[str, pl.Expr]]:
    """Whether each row of some ``binary`` roles is positive, null where it is not known; and the check of their values.

    One check for all of them is one more sum. It costs 1.1 times the sums of a table of integers; Booleans have none.
    """
    positive, strays = zip(*map(state, roles), strict=True)
    masks = [mask for of_role in strays for mask in of_role]
    if not masks:
        return list(positive), {}
    names = " or ".join(
        dict.fromkeys(repr(column_name(role.column)) for role, of_role in zip(roles, strays, strict=True) if of_role)
    )
    message = (
        f"column {names} holds a number other than 0, 1 and -1; a binary label or prediction is 1 against 0 or -1: "
        "name the positive value with pos_label="
    )
    return list(positive), {message: pl.any_horizontal(pl.lit(False), *masks).sum() > 0}


def state(role: Role) -> tuple[pl.Expr, list[pl.Expr]]:
    """Whether each row of a role is positive, and which rows hold a number that is neither.

    The dtype of a plain column is told by selectors when the query is planned, so that each meets only the
    operations it needs: a Boolean column none at all.
    """
    name = named(role.column)
    if role.threshold is not None:
        return reached(role, name), []
    if role.pos_label is not None:
        return equal(role, name), []
    plain = expression(role.column)
    if name is None:
        numbers = number(plain)
        return pl.when(numbers.is_not_null()).then(plain == 1), [neither(numbers)]
    column = cs.by_name(name)
    integers, floats = column & cs.integer(), (column & cs.float()).fill_nan(None)
    others = column - cs.boolean() - cs.integer() - cs.float()
    refused = others.map_batches(partial(refused_binary, role=role), return_dtype=pl.Boolean, is_elementwise=True)
    positive = pl.any_horizontal(column & cs.boolean(), integers == 1, floats == 1, refused)
    return positive, [integers > 1, (column & cs.signed_integer()) < -1, neither(floats)]


def neither(numbers: pl.Expr) -> pl.Expr:
    """Whether a number is none of 0, 1 and -1, the only finite ones as large as their square."""
    return numbers * numbers - numbers.abs() != 0


def reached(role: Role, name: str | None) -> pl.Expr:
    """Whether a score reaches the threshold, which Polars rounds to the dtype of the score."""
    if name is None:
        return expression(role.column).fill_nan(None) >= role.threshold
    column, whole = cs.by_name(name), cs.numeric() - cs.float()
    floats, others = (column & cs.float()).fill_nan(None), column - cs.numeric()
    refused = others.map_batches(refused_number, return_dtype=pl.Float64, is_elementwise=True).cast(pl.Boolean)
    return pl.any_horizontal(floats >= role.threshold, (column & whole) >= role.threshold, refused)


def equal(role: Role, name: str | None) -> pl.Expr:
    """Whether a column holds the positive value; Polars refuses to compare text with numbers."""
    wanted = pl.lit(role.pos_label)
    if name is not None:
        column = cs.by_name(name)
        return pl.any_horizontal((column & cs.float()).fill_nan(None) == wanted, (column - cs.float()) == wanted)
    plain = expression(role.column)
    numeric = isinstance(role.pos_label, (int, float)) and not isinstance(role.pos_label, bool)
    return (plain.fill_nan(None) if numeric else plain) == wanted


def weights(column: Column) -> tuple[pl.Expr, dict[str, pl.Expr]]:
    """A column of weights as Float64, and the check of its values."""
    weight = numeric(column)
    fine = (weight.is_finite() & (weight >= 0)).fill_null(False)
    message = (
        f"weight column {column_name(column)!r} holds a negative, infinite, NaN or null value; a weight is a finite "
        "number that is at least 0"
    )
    return weight, {message: fine.not_().any()}


def sums_of(masks: Mapping[str, pl.Expr], weight: Column | None, checks: Mapping[str, pl.Expr]) -> Sums:
    """The rows of each mask counted, or their weights and squared weights added up."""
    if weight is None:
        return Sums({name: mask.sum() for name, mask in masks.items()}, checks)
    w, check = weights(weight)
    return Sums(
        {name: w.filter(mask).sum() for name, mask in masks.items()},
        {**checks, **check},
        {name: (w * w).filter(mask).sum() for name, mask in masks.items()},
    )
