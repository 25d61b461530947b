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

__all__ = ["State", "Sums", "named", "number", "states", "sums_of", "used", "weights"]

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
    values = sums.cast(pl.Float64).to_numpy()  # null as NaN
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


@dataclass(frozen=True)
class State:
    """What the rows of a ``binary`` role are, as masks that are false or null elsewhere; and which numbers are neither.

    ``known`` is false where a value is null or NaN, never null.
    """

    positive: pl.Expr
    negative: pl.Expr
    known: pl.Expr
    strays: tuple[pl.Expr, ...] = ()


def states(*roles: Role) -> tuple[list[State], dict[str, pl.Expr]]:
    """What the rows of some ``binary`` roles are, and the check of their values.

    One check for all of them is one more sum; Booleans have none.
    """
    of_roles = [state(role) for role in roles]
    masks = [mask for each in of_roles for mask in each.strays]
    if not masks:
        return of_roles, {}
    checked = [role for role, each in zip(roles, of_roles, strict=True) if each.strays]
    names = " or ".join(dict.fromkeys(repr(column_name(role.column)) for role in checked))
    message = (
        f"column {names} holds a number other than 0, 1 and -1; a binary label or prediction is 1 against 0 or -1: "
        "name the positive value with pos_label="
    )
    return of_roles, {message: pl.any_horizontal(pl.lit(False), *masks).sum() > 0}


def state(role: Role) -> State:
    """What the rows of a role are.

    The dtype of a plain column is told by selectors when the query is planned, so that each meets only the
    operations it needs. To Polars NaN equals itself and is the largest number: no comparison below takes it for known.
    """
    name = named(role.column)
    if role.threshold is not None:
        return reached(role, name)
    if role.pos_label is not None:
        return equal(role, name)
    if name is None:
        numbers = number(role.column)
        return State(numbers == 1, numbers <= 0, numbers.is_not_null(), (neither(numbers),))
    column = cs.by_name(name)
    flags, integers, floats = column & cs.boolean(), column & cs.integer(), column & cs.float()
    others = column - cs.boolean() - cs.integer() - cs.float()
    refused = others.map_batches(partial(refused_binary, role=role), return_dtype=pl.Boolean, is_elementwise=True)
    return State(
        pl.any_horizontal(flags, integers == 1, floats == 1, refused),
        pl.any_horizontal(flags.not_(), integers != 1, floats <= 0, refused),
        known(name),
        (integers > 1, (column & cs.signed_integer()) < -1, neither(floats)),
    )


def known(name: str) -> pl.Expr:
    """Whether a plain column holds a value."""
    column = cs.by_name(name)
    return pl.any_horizontal((column & cs.float()).is_not_nan().fill_null(False), (column - cs.float()).is_not_null())


def neither(numbers: pl.Expr) -> pl.Expr:
    """Whether a number is none of 0, 1 and -1; comparing thrice is cheaper than arithmetic, which fills memory."""
    return (numbers != 0) & (numbers != 1) & (numbers != -1) & numbers.is_not_nan()


def reached(role: Role, name: str | None) -> State:
    """Whether a score reaches the threshold, which Polars rounds to the dtype of the score."""
    if name is None:
        scores = expression(role.column).fill_nan(None)
        return State(scores >= role.threshold, scores < role.threshold, scores.is_not_null())
    column, whole = cs.by_name(name), cs.numeric() - cs.float()
    floats, numbers, others = column & cs.float(), column & whole, column - cs.numeric()
    refused = others.map_batches(refused_number, return_dtype=pl.Float64, is_elementwise=True).cast(pl.Boolean)
    return State(
        pl.any_horizontal((floats >= role.threshold) & floats.is_not_nan(), numbers >= role.threshold, refused),
        pl.any_horizontal(floats < role.threshold, numbers < role.threshold, refused),
        known(name),
    )


def equal(role: Role, name: str | None) -> State:
    """Whether a column holds the positive value; Polars refuses to compare text with numbers."""
    wanted = pl.lit(role.pos_label)
    if name is not None:
        column = cs.by_name(name)
        floats, others = column & cs.float(), column - cs.float()
        return State(
            pl.any_horizontal(floats == wanted, others == wanted),
            pl.any_horizontal((floats != wanted) & floats.is_not_nan(), others != wanted),
            known(name),
        )
    plain = expression(role.column)
    numeric = isinstance(role.pos_label, (int, float)) and not isinstance(role.pos_label, bool)
    values = plain.fill_nan(None) if numeric else plain
    return State(values == wanted, values != wanted, values.is_not_null())


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
