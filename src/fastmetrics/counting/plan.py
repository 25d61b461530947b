"""Validation and planning, before any row is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import polars as pl

from fastmetrics.contract.columns import Column, column_name, expression, roots, rowwise, text_of
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.counting import frequencies
from fastmetrics.counting.coders.keys import check_key_dtype, key_carrier, key_dtype
from fastmetrics.counting.coders.times import TimeColumn, time_column
from fastmetrics.counting.frequencies import Frequency
from fastmetrics.counting.judging import Observations, SampledColumn
from fastmetrics.counting.roles import ROLE_KINDS, Reader
from fastmetrics.counting.roles.nulls import check_null_values, nulls_of
from fastmetrics.errors import SchemaError
from fastmetrics.guard import FOREIGN, first_line, guarded
from fastmetrics.schema import Schema
from fastmetrics.sources import Selection, Source
from fastmetrics.state.layout import WINDOW
from fastmetrics.windows import Windows

__all__ = ["Key", "Plan", "RoleColumn", "check_files", "make_plan"]

# What Polars says where text meets numbers.
UNLIKE = re.compile(
    r"compare string with|on dtypes.*\bstr\b|with 'String' datatypes|is_in' cannot check|"
    r"not supported for dtype.*\b[Ss]tr"
)
# What Polars says where a time meets text, and what we do.
TIMES = "cannot compare 'date/datetime/time' to a string value"
TIME_WITH_TEXT = (
    "a time is compared with text; write days as DATE '2026-03-14' in SQL, as dt.date(2026, 3, 14) in Python"
)


@dataclass(frozen=True)
class Key:
    """A key of the scan, outer or inner: its dtype in the log, in Counts, and its place in a batch.

    Where it is one ``of_items`` its values are items of lists, and the family gives its codes.
    """

    name: str
    source_dtype: pl.DataType
    dtype: pl.DataType
    place: int
    of_items: bool = False


class RoleColumn(NamedTuple):
    """A column that reaches a family: its place in a batch, and what its `RoleKind` makes of it."""

    role: Role
    place: int
    read: Reader
    by_value: bool


@dataclass(frozen=True)
class Plan:
    """Everything a thread needs to know: what the batches hold, in which order, and what to make of it.

    ``sets`` are the grouping sets to count: those that are not part of another, from which the rest are rolled up.
    """

    schema: Schema
    windows: Windows | None
    selection: Selection
    keys: tuple[Key, ...]
    time: int | None
    weight: int | None
    frequency: Frequency | None
    roles: Mapping[str, Sequence[RoleColumn]]
    inner: Mapping[tuple[str, str], Key]
    sets: tuple[tuple[str, ...], ...]
    max_groups: int | None
    sampled: tuple[SampledColumn, ...]
    observations: Observations
    times: TimeColumn | None = None

    @property
    def width(self) -> int:
        """How many columns the threads read; those that are only sampled come after them."""
        return len(self.selection.columns) - sum(column.plain != column.carried for column in self.sampled)

    @property
    def names(self) -> list[str]:
        """The outer keys in the order in which they are coded: the window first."""
        return self.timed([key.name for key in self.keys])

    @property
    def slow(self) -> bool:
        """Whether a family reads values that take it long."""
        return any(ROLE_KINDS[role.kind].slow for family in self.schema.families for role in family.roles)

    def timed(self, keys: Sequence[str]) -> list[str]:
        """Some keys, after the window where there are windows."""
        return [*([WINDOW] if self.windows is not None else []), *keys]


def make_plan(
    source: Source,
    schema: Schema,
    max_groups: int | None = None,
    observations: Observations | None = None,
) -> Plan:
    """Check a question against an input.

    Raises
    ------
    SchemaError
        A column that does not exist, a dtype that cannot play its part, or an expression over several rows of a
        stream, of which only a batch is at hand at a time.
    """
    planner = Planner(source, schema)
    if source.stream:
        planner.check_rowwise()
    return planner.plan(max_groups, Observations(schema) if observations is None else observations)


def check_files(source: Source, schema: Schema) -> None:
    """Refuse a question that the files of an input cannot answer one by one, before the first of them is counted.

    Raises
    ------
    SchemaError
        As `make_plan` does, and for an expression over several rows where there are several files.
    """
    planner = Planner(source, schema)
    if len(source.files) > 1:
        planner.check_rowwise()
    planner.plan(None, Observations(schema))


class Named(NamedTuple):
    """A role whose positive value was named, the dtype of its column, and its place in a batch.

    ``plain`` says whether threads read the column as it is in the log.
    """

    family: str
    role: Role
    dtype: pl.DataType
    place: int
    plain: bool


class Planner:
    """Checks names and dtypes, and collects the columns to read."""

    def __init__(self, source: Source, schema: Schema) -> None:
        self.source = source
        self.schema = schema
        self.columns: list[pl.Expr] = []
        self.roles: dict[str, list[RoleColumn]] = {family.name: [] for family in schema.families}
        self.inner: dict[tuple[str, str], Key] = {}
        self.named: list[Named] = []
        self.times: TimeColumn | None = None
        names = dict.fromkeys(name for column in schema.read for name in roots(column) or ())
        if schema.columns is None:  # an expression that leaves to the log which it reads
            names |= dict.fromkeys((*source.schema, *source.unfit))
        names |= dict.fromkeys(source.texts[name] for name in names if name in source.texts)
        check_exported([*names, *schema.keys])
        source.check(names)
        with guarded(f"{source.name} cannot be read"):
            self.empty = pl.DataFrame(schema={name: source.schema[name] for name in source.schema if name in names})
        if schema.where is not None and (dtype := self.dtype(schema.where, "where=")) != pl.Boolean:
            raise SchemaError(f"where= gives {dtype}; expected a Boolean, true for the rows to count")

    def check_rowwise(self) -> None:
        """Refuse expressions that look at several rows at once, where only a batch of them is ever at hand."""
        for column in self.schema.read:
            if isinstance(column, pl.Expr) and not rowwise(column):
                instead = "collect it first" if self.source.stream else "leave out on_error='skip'"
                raise SchemaError(
                    f"expression {column!s} looks at several rows at once, but {self.source.name} is counted in parts; "
                    f"{instead}"
                )

    def dtype(self, column: Column, what: str = "") -> pl.DataType:
        if isinstance(column, str):
            return self.source.schema[column]
        try:
            return self.empty.select(expression(column)).to_series().dtype
        except FOREIGN as error:
            what = what or f"column {column_name(column)!r}"
            said = TIME_WITH_TEXT if TIMES in str(error) else first_line(error)
            raise SchemaError(f"{what} cannot be computed: {said}{advice(column, error)}") from error

    def head(self, column: pl.Expr) -> pl.Series:
        """The first values of a column."""
        with guarded(f"{self.source.name} cannot be read"):
            return self.source.head(column)

    def take(self, carrier: pl.Expr) -> int:
        """Read a column as ``carrier``; its place in the batches."""
        self.columns.append(carrier.alias(f"column {len(self.columns)}"))
        return len(self.columns) - 1

    def key(self, column: Column) -> Key:
        name, taken = column_name(column), self.as_text(column)
        dtype = self.dtype(taken)
        check_key_dtype(name, name, dtype)
        return Key(name, dtype, key_dtype(dtype), self.take(key_carrier(expression(taken), dtype)))

    def as_text(self, column: Column, textual: bool = True) -> Column:
        """A column that takes the text of another, where that is found under a name of its own."""
        found = text_of(column) if self.source.texts else None
        if found is None or not (textual or found.dtype is not None):
            return column
        source = self.source.texts.get(found.name, found.name)
        return column if source == found.name else found.read(source).alias(column_name(column))

    def family(self, family: Family) -> None:
        """Check and take the roles of a family."""
        roles = [replace(role, column=self.as_text(role.column, role.textual)) for role in family.roles]
        dtypes = {role.name: self.dtype(role.column) for role in roles}
        check_null_values([(role, ROLE_KINDS[role.kind].values(dtypes[role.name])) for role in roles])
        for role in roles:
            self.role(family, role)
        if family.check is not None:
            family.check(dtypes)

    def role(self, family: Family, role: Role) -> None:
        """Check the column of a role, and take it for the family, as an inner key, or both."""
        kind, dtype, plain = ROLE_KINDS[role.kind], self.dtype(role.column), expression(role.column)
        kind.check(role, dtype, lambda: self.head(plain))
        carrier = kind.carrier(role, plain, dtype)
        place = self.take(carrier)
        if (reader := kind.reader(dtype)) is not None:
            self.roles[family.name].append(RoleColumn(role, place, reader, kind.by_value))
        if kind.inner:
            self.inner_key(family, role, kind.values(dtype), place, of_items=kind.read is not None)
        if role.pos_label is not None and dtype != pl.Null and family.notes is not None:
            self.named.append(Named(family.name, role, dtype, place, plain=carrier is plain))

    def inner_key(self, family: Family, role: Role, dtype: pl.DataType, place: int, of_items: bool) -> None:
        """Take the values of a role for an inner key; all roles that share one have one coder, and so one dtype."""
        key = Key(role.inner_key, dtype, key_dtype(dtype), place, of_items)
        before = self.inner.setdefault((family.name, key.name), key)
        if before is not key and not (before.of_items and of_items):
            raise SchemaError(f"family {family.name!r}: only roles that are lists can share the inner key {key.name!r}")
        if before.source_dtype != dtype:
            raise SchemaError(
                f"{role.name} column {column_name(role.column)!r} holds {dtype} for key {key.name!r}, of which another "
                f"role holds {before.source_dtype}; cast them to one dtype"
            )

    def sampled_column(self, named: Named) -> SampledColumn:
        """A column whose positive value was named, read once more as it is where threads read a Boolean."""
        role, dtype = named.role, named.dtype
        plain = named.place if named.plain else self.take(key_carrier(expression(role.column), dtype))
        return SampledColumn(
            (named.family, role.name), role.pos_label, nulls_of(role, dtype), dtype, plain, named.place
        )

    def time(self) -> tuple[int | None, Windows | None]:
        given, windows, form = self.schema.time, self.schema.windows, self.schema.time_format
        if given is None or windows is None:
            return None, None
        column = self.as_text(given, form is not None)
        dtype = self.dtype(column)
        self.times = time_column(expression(column), column_name(given), dtype, self.schema.time_unit, form)
        if self.schema.time_zone is None and isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            windows = replace(windows, time_zone=dtype.time_zone)
        return self.take(self.times.carrier), windows

    def weight(self) -> int | None:
        column = self.schema.weight
        if column is None:
            return None
        dtype = self.dtype(column)
        if not (dtype.is_numeric() or dtype == pl.Boolean):
            raise SchemaError(f"weight column {column_name(column)!r} holds {dtype}; a number is needed")
        plain = expression(column)
        return self.take(plain if dtype == pl.Float64 else plain.cast(pl.Float64))

    def frequency(self) -> Frequency | None:
        column = self.schema.frequency
        if column is None:
            return None
        return Frequency(column, self.take(frequencies.carrier(column, self.dtype(column))))

    def plan(self, max_groups: int | None, observations: Observations) -> Plan:
        schema = self.schema
        time, windows = self.time()
        keys = tuple(self.key(column) for column in schema.by)
        weight, frequency = self.weight(), self.frequency()
        for family in schema.families:
            self.family(family)
        sets = (schema.keys,) if schema.grouping_sets is None else maximal(schema.grouping_sets)
        sampled = tuple(map(self.sampled_column, self.named))  # last: a scan drops what they add
        selection = Selection(tuple(self.columns), schema.where)
        return Plan(
            schema,
            windows,
            selection,
            keys,
            time,
            weight,
            frequency,
            self.roles,
            self.inner,
            sets,
            max_groups,
            sampled,
            observations,
            None if self.times is None else replace(self.times, form=observations.time_form),
        )


def advice(column: Column, error: BaseException) -> str:
    """What to write where text meets numbers."""
    name = next(iter(roots(column) or ()), None)
    if name is None or UNLIKE.search(str(error)) is None:
        return ""
    return (
        f"; text goes with text, such as pl.col({name!r}).cast(pl.String), in SQL {name}::text, and numbers with "
        f"numbers, such as pl.col({name!r}).cast(pl.Int64), in SQL {name}::int"
    )


def check_exported(names: Sequence[str]) -> None:
    """Refuse names that the C interface of Arrow, through which batches come, cannot carry: Polars aborts there."""
    for name in names:
        if "\0" in name:
            raise SchemaError(f"column {name!r} has a NUL in its name, which Arrow cannot carry; rename it")


def maximal(sets: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """The sets that are not part of another."""
    return tuple(tuple(wanted) for wanted in sets if not any(set(wanted) < set(other) for other in sets))
