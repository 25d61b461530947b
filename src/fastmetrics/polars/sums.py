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

from fastmetrics.arithmetic import MOST_WHOLE, most_whole
from fastmetrics.contract.columns import Column, column_name, expression
from fastmetrics.contract.roles import Role
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.families.labels import TEXT_NULL
from fastmetrics.metric import Cells, Metric, value
from fastmetrics.notes import NoteWarning, warn
from fastmetrics.reading.intervals import bounds
from fastmetrics.reading.intervals.proportions import read_by

__all__ = ["Check", "Multiples", "Read", "State", "Sums", "multiples", "named", "number", "states", "sums_of", "used"]

Read = Callable[[Cells], Cells]
Finish = Callable[[Cells], pl.Series]


@dataclass(frozen=True)
class Check:
    """Whether a group calls for a message, null where it cannot say.

    One group is enough for an error, and for a note but where it is ``common``: then all groups that can say must.
    """

    calls: pl.Expr
    note: bool = False
    common: bool = False


@dataclass(frozen=True)
class Sums:
    """Sums of a group: the cells, and their squares where rows are weighted; and the checks behind each message."""

    cells: Mapping[str, pl.Expr]
    checks: Mapping[str, Check] = field(default_factory=dict)
    squares: Mapping[str, pl.Expr] | None = None

    def expression(self, finish: Finish, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
        """What ``finish`` makes of the cells of all groups, which it is given as float64 arrays."""
        squares = {f"square of {name}": square for name, square in (self.squares or {}).items()}
        checks = {f"check {index}": check.calls for index, check in enumerate(self.checks.values())}
        fields = {**self.cells, **squares, **checks}
        said = [(message, check.note, check.common) for message, check in self.checks.items()]
        call = partial(finished, said=said, names=list(self.cells), finish=finish)
        struct = pl.struct([field.alias(name) for name, field in fields.items()])
        return struct.map_batches(call, return_dtype=dtype, is_elementwise=True)

    def metric(self, row: Metric, read: Read | None = None) -> pl.Expr:
        """One metric as Float64 under its name."""
        return self.expression(partial(one_metric, row=row, read=read), pl.Float64).alias(row.name)

    def metrics(self, rows: Sequence[Metric], read: Read | None = None) -> pl.Expr:
        """Several metrics as a struct of Float64 fields, called ``metrics``."""
        dtype = pl.Struct({row.name: pl.Float64 for row in rows})
        return self.expression(partial(all_metrics, rows=rows, read=read), dtype).alias("metrics")

    def interval(self, row: Metric, level: float) -> pl.Expr:
        """The bounds of one metric as a struct of Float64 ``low`` and ``high``, called ``<metric>_interval``.

        Raises
        ------
        SchemaError
            A ``level`` outside (0, 1).
        """
        bounds(row, Cells(dict.fromkeys(self.cells, np.ones(1))), level)  # refuses a level before any row is read
        dtype = pl.Struct({"low": pl.Float64, "high": pl.Float64})
        return self.expression(partial(limits, row=row, level=level), dtype).alias(f"{row.name}_interval")


def finished(
    struct: pl.Series, said: Sequence[tuple[str, bool, bool]], names: Sequence[str], finish: Finish
) -> pl.Series:
    """Check the sums of all groups, and read from them."""
    sums = struct.struct.unnest()
    for index, (message, note, common) in enumerate(said):
        calls = sums[f"check {index}"].drop_nulls()
        if not calls.any() or (common and not calls.all()):
            continue
        if not note:
            raise DataError(message)
        warn(message, NoteWarning)
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


def limits(cells: Cells, row: Metric, level: float) -> pl.Series:
    low, high = bounds(row, cells, level)
    return pl.DataFrame({"low": low, "high": high}, nan_to_null=True).to_struct()


def undefined_is_null(row: Metric, cells: Cells) -> pl.Series:
    return pl.Series(row.name, value(row, cells), nan_to_null=True)


def used(rows: Sequence[Metric], known: Iterable[str]) -> list[str]:
    """Those of the known cells that the formulas of some metrics read."""
    cells = Cells(dict.fromkeys(known, np.ones(1)))
    return list(dict.fromkeys(name for row in rows for name in read_by(row, cells)))


def refuse_numbers(column: pl.Series) -> pl.Series:
    """A column that holds no numbers: nulls where it holds nothing, else an error."""
    from fastmetrics.counting.roles.number import refused_number  # late, as that room is the way to the kernels

    return refused_number(column)


def refuse_labels(column: pl.Series, role: Role) -> pl.Series:
    """A column that holds no labels: nulls where it holds nothing, else an error."""
    from fastmetrics.counting.roles.binary import refused_binary

    return refused_binary(column, role)


def refuse_pos_label(column: pl.Series, role: Role) -> pl.Series:
    """A column that holds nothing a positive value could equal: nulls where it holds nothing at all, else an error."""
    from fastmetrics.counting.roles.binary import check_pos_label

    if column.dtype != pl.Null:
        check_pos_label(role.pos_label, column.name, column.dtype)
    return column.cast(pl.Boolean)


def comparable(pos_label: Any) -> cs.Selector:
    """The columns whose values a positive value can equal: beside others Polars compares texts of both, or raises."""
    if isinstance(pos_label, bool):
        return cs.boolean()
    return cs.numeric() if isinstance(pos_label, (int, float)) else cs.string() | cs.categorical() | cs.enum()


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
    refused = (plain - numbers).map_batches(refuse_numbers, return_dtype=pl.Float64, is_elementwise=True)
    return pl.coalesce(plain & numbers, refused).cast(pl.Float64)


def check_whole(*columns: Column) -> dict[str, Check]:
    """The error of whole numbers that Float64 rounds, of columns that are taken as they are."""
    plain = [cs.by_name(name) for name in map(named, columns) if name is not None]
    wide = [column & cs.by_dtype(pl.Int64, pl.UInt64, pl.Int128, pl.UInt128) for column in plain]
    beyond = pl.any_horizontal(pl.lit(False), *((each >= MOST_WHOLE) | (each <= -MOST_WHOLE) for each in wide))
    message = (
        f"column {' or '.join(map(repr, map(column_name, columns)))} holds whole numbers from 2**53 on, which Float64 "
        "rounds; subtract an offset, or say that they may be rounded, with .cast(pl.Float64)"
    )
    return {message: Check(beyond.any())} if plain else {}


def number(column: Column) -> pl.Expr:
    """A column of numbers or Booleans as Float64, NaN as null."""
    return numeric(column).fill_nan(None)


@dataclass(frozen=True)
class State:
    """What the rows of a ``binary`` role are, as masks that are false or null elsewhere; and whether that is sure.

    ``known`` is false where a value is null or NaN, never null. Of numbers without ``pos_label``, ``strange`` says
    whether a group holds another than 0, 1 and -1, and ``mixed`` whether it holds -1 beside 0. Of text, ``text_null``
    is the mask of "NA", which is not known.
    """

    positive: pl.Expr
    negative: pl.Expr
    known: pl.Expr
    strange: pl.Expr | None = None
    mixed: pl.Expr | None = None
    text_null: pl.Expr | None = None


def states(*roles: Role) -> tuple[list[State], dict[str, Check]]:
    """What the rows of some ``binary`` roles are, and the checks of their values; Booleans have none."""
    of_roles = [state(role) for role in roles]
    pairs = list(zip(roles, of_roles, strict=True))
    return of_roles, {**check_numbers(pairs), **check_named(*pairs[0]), **check_text_nulls(pairs)}


def names_of(roles: Iterable[Role]) -> str:
    return " or ".join(dict.fromkeys(repr(column_name(role.column)) for role in roles))


def check_numbers(pairs: Sequence[tuple[Role, State]]) -> dict[str, Check]:
    """The errors of numbers that are neither 0, 1 nor -1, and of -1 beside 0."""
    checked = [(role, each) for role, each in pairs if each.strange is not None]
    if not checked:
        return {}
    names = names_of(role for role, _ in checked)
    strange = pl.any_horizontal(each.strange for _, each in checked if each.strange is not None)
    mixed = pl.any_horizontal(each.mixed for _, each in checked if each.mixed is not None)
    return {
        f"column {names} holds a number other than 0, 1 and -1; a binary label or prediction is 1 against 0 or -1: "
        "name the positive value with pos_label=, and count probabilities with y_score= and threshold=": Check(strange),
        f"column {names} holds -1 beside 0; a binary label or prediction is 1 against one of them: if -1 means null, "
        "make it null, as in pl.col('label').replace(-1, None), and if it is negative, name pos_label=1": Check(mixed),
    }


def check_named(role: Role, label: State) -> dict[str, Check]:
    """The note of a positive value that no label of any group has."""
    if role.pos_label is None:
        return {}
    positive, negative = label.positive.any(), label.negative.any()
    calls = pl.when(positive | negative).then(positive.not_())
    message = f"pos_label={role.pos_label!r} never occurs in column {column_name(role.column)!r}"
    return {message: Check(calls, note=True, common=True)}


def check_text_nulls(pairs: Sequence[tuple[Role, State]]) -> dict[str, Check]:
    """The note of text that is read as null."""
    checked = [(role, each.text_null) for role, each in pairs if each.text_null is not None]
    if not checked:
        return {}
    message = f"{TEXT_NULL!r} in column {names_of(role for role, _ in checked)} was read as null"
    return {message: Check(pl.any_horizontal(mask.any() for _, mask in checked), note=True)}


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
        strange, mixed = neither(numbers).any(), (numbers == 0).any() & (numbers == -1).any()
        return State(numbers == 1, numbers <= 0, numbers.is_not_null(), strange, mixed)
    column = cs.by_name(name)
    flags, integers, floats = column & cs.boolean(), column & cs.integer(), column & cs.float()
    others = column - cs.boolean() - cs.integer() - cs.float()
    refused = others.map_batches(partial(refuse_labels, role=role), return_dtype=pl.Boolean, is_elementwise=True)
    return State(
        pl.any_horizontal(flags, integers == 1, floats == 1, refused),
        pl.any_horizontal(flags.not_(), integers != 1, floats <= 0, refused),
        known(name),
        *number_checks(column),
    )


def number_checks(column: cs.Selector) -> tuple[pl.Expr, pl.Expr]:
    """Whether the numbers of a group hold another than 0, 1 and -1, and, if not, whether they hold -1 beside 0.

    The bits of 1 - n are 1 for 0, 2 for -1 and none for 1: or-ed they tell both in one pass instead of four.
    """
    no, wide = pl.lit(False), cs.float() | cs.by_dtype(pl.Int128)
    integers, signed, rest = column & cs.integer(), column & cs.signed_integer(), column & wide
    strays = pl.any_horizontal(no, integers > 1, signed < -1, neither(column & cs.float()))
    bits = ((signed - cs.by_dtype(pl.Int128)).neg() + 1).bitwise_or()
    return strays.sum() > 0, pl.any_horizontal(no, bits == 3, (rest == 0).any() & (rest == -1).any())


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
    refused = others.map_batches(refuse_numbers, return_dtype=pl.Float64, is_elementwise=True).cast(pl.Boolean)
    return State(
        pl.any_horizontal((floats >= role.threshold) & floats.is_not_nan(), numbers >= role.threshold, refused),
        pl.any_horizontal(floats < role.threshold, numbers < role.threshold, refused),
        known(name),
    )


def equal(role: Role, name: str | None) -> State:
    """Whether a column holds the positive value; Polars refuses to compare text with numbers."""
    wanted = pl.lit(role.pos_label)
    null = text_null(role, name)
    if name is not None:
        column, fit = cs.by_name(name), comparable(role.pos_label)
        floats, others = column & fit & cs.float(), (column & fit) - cs.float()
        refused = (column - fit).map_batches(
            partial(refuse_pos_label, role=role), return_dtype=pl.Boolean, is_elementwise=True
        )
        positive = pl.any_horizontal(floats == wanted, others == wanted, refused)
        negative = pl.any_horizontal((floats != wanted) & floats.is_not_nan(), others != wanted, refused)
        held = known(name)
    else:
        plain = expression(role.column)
        numeric = isinstance(role.pos_label, (int, float)) and not isinstance(role.pos_label, bool)
        values = plain.fill_nan(None) if numeric else plain
        positive, negative, held = values == wanted, values != wanted, values.is_not_null()
    if null is None:
        return State(positive, negative, held)
    return State(positive, negative & ~null, held & ~null, text_null=null)


def text_null(role: Role, name: str | None) -> pl.Expr | None:
    """Where a column holds the text that means null beside a positive text, false where it holds null."""
    if not isinstance(role.pos_label, str) or role.pos_label == TEXT_NULL:
        return None
    if name is None:
        return (expression(role.column).cast(pl.String) == TEXT_NULL).fill_null(False)
    text = cs.by_name(name) & (cs.string() | cs.categorical() | cs.enum())
    return pl.any_horizontal(pl.lit(False), text.cast(pl.String) == TEXT_NULL).fill_null(False)


@dataclass(frozen=True)
class Multiples:
    """How often a row counts: ``each`` is its frequency, its weight or both multiplied, None where it counts once.

    ``squared`` is the weight squared, times the frequency; None without weights. ``present`` says that a row stands
    for any, where rows have frequencies.
    """

    each: pl.Expr | None = None
    squared: pl.Expr | None = None
    present: pl.Expr | None = None
    checks: Mapping[str, Check] = field(default_factory=dict)

    def rows(self, mask: pl.Expr) -> pl.Expr:
        """The rows of a mask."""
        return mask.sum() if self.each is None else self.each.filter(mask).sum()

    def sum(self, values: pl.Expr) -> pl.Expr:
        """The sum of values; null adds nothing."""
        return values.sum() if self.each is None else (values * self.each).sum()


def multiples(weight: Column | None, frequency: Column | None) -> Multiples:
    """How often each row counts, and the checks of what says so."""
    w, of_weights = (None, {}) if weight is None else weights(weight)
    f, of_frequencies = (None, {}) if frequency is None else frequencies(frequency)
    checks = {**of_weights, **of_frequencies}
    present = None if f is None else f > 0
    if w is None:
        return Multiples(f, None, present, checks)
    return Multiples(w, w * w, None, checks) if f is None else Multiples(w * f, w * w * f, present, checks)


def weights(column: Column) -> tuple[pl.Expr, dict[str, Check]]:
    """A column of weights as Float64, and the check of its values."""
    weight = numeric(column)
    fine = (weight.is_finite() & (weight >= 0)).fill_null(False)
    message = (
        f"weight column {column_name(column)!r} holds a negative, infinite, NaN or null value; a weight is a finite "
        "number that is at least 0"
    )
    return weight, {message: Check(fine.not_().any())}


def frequencies(column: Column) -> tuple[pl.Expr, dict[str, Check]]:
    """A column of frequencies as Int64, and the checks of its values and of their sum."""
    name, given = named(column), expression(column)
    if name is not None:
        plain = cs.by_name(name)
        refused = (plain - cs.numeric()).map_batches(refuse_frequencies, return_dtype=pl.Int64, is_elementwise=True)
        given = pl.coalesce(plain & cs.numeric(), refused)
    whole = given.cast(pl.Int64, strict=False)
    fine = ((whole >= 0) & (whole == given)).fill_null(False)
    message = (
        f"frequency column {column_name(column)!r} holds a value that is no whole number from 0 to 2**63 - 1; a "
        "frequency says how many equal rows a row stands for"
    )
    rounded = given.map_batches(may_be_rounded, return_dtype=pl.Boolean, is_elementwise=True)
    rounds = (
        f"frequency column {column_name(column)!r} holds floats so large that their dtype rounds whole numbers; give "
        "frequencies as integers"
    )
    too_many = f"frequency column {column_name(column)!r} adds up to 2**63 rows or more, which 64 bits do not hold"
    rows = whole.cast(pl.Float64).sum()
    return whole, {
        message: Check(fine.not_().any()),
        rounds: Check(rounded.any()),
        too_many: Check(rows >= 2.0**63),
    }


def may_be_rounded(column: pl.Series) -> pl.Series:
    """Which floats are so large that their dtype does not hold every whole number there; no other number is."""
    if not column.dtype.is_float():
        return pl.repeat(False, len(column), eager=True)
    return column >= most_whole(column.to_numpy())


def refuse_frequencies(column: pl.Series) -> pl.Series:
    """A column that holds no numbers: nulls where it holds nothing, else an error."""
    if column.dtype == pl.Null:
        return column.cast(pl.Int64)
    raise SchemaError(f"frequency column {column.name!r} holds {column.dtype}; whole numbers are needed")


def sums_of(masks: Mapping[str, pl.Expr], of: Multiples, checks: Mapping[str, Check]) -> Sums:
    """The rows of each mask counted, or their weights and squared weights added up."""
    squared = of.squared
    squares = None if squared is None else {name: squared.filter(mask).sum() for name, mask in masks.items()}
    return Sums({name: of.rows(mask) for name, mask in masks.items()}, {**checks, **of.checks}, squares)
