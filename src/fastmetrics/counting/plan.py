"""At the door: names and dtypes are checked before any row is read, and what to read is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from fastmetrics.contract.columns import Column, column_name, expression, roots, rowwise
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.counting.coders import coding
from fastmetrics.counting.judging import Observations, SampledColumn
from fastmetrics.counting.roles import carried, check_null_values, nulls_of, read_as_text, with_nulls
from fastmetrics.errors import SchemaError
from fastmetrics.guard import FOREIGN, first_line, guarded
from fastmetrics.schema import Schema
from fastmetrics.sources import Selection, Source
from fastmetrics.state.layout import WINDOW
from fastmetrics.windows import Windows, instants

__all__ = ["Key", "Plan", "maximal", "make_plan"]


@dataclass(frozen=True)
class Key:
    """A key column of the scan, outer or inner: its dtype in the log, in Counts, and its place in a batch."""

    name: str
    source_dtype: pl.DataType
    dtype: pl.DataType
    place: int


@dataclass(frozen=True)
class Plan:
    """Everything a thread needs to know: what the batches hold, in which order, and what to make of it."""

    schema: Schema
    windows: Windows | None
    selection: Selection
    keys: tuple[Key, ...]
    time: int | None
    weight: int | None
    roles: Mapping[tuple[str, str], int]
    inner: Mapping[tuple[str, str], Key]
    sets: tuple[tuple[str, ...], ...]
    max_groups: int | None
    sampled: tuple[SampledColumn, ...]
    observations: Observations
    unparsable: pl.Expr | None = None

    @property
    def names(self) -> list[str]:
        """The outer keys in the order in which they are coded: the window first."""
        return self.timed([key.name for key in self.keys])

    def timed(self, keys: Sequence[str]) -> list[str]:
        """Some keys, after the window where there are windows."""
        return [*([WINDOW] if self.windows is not None else []), *keys]


def make_plan(
    source: Source,
    schema: Schema,
    max_groups: int | None = None,
    *,
    in_parts: bool = False,
    observations: Observations | None = None,
) -> Plan:
    """Check a question against an input; ``in_parts`` means that the input will be counted part by part.

    Raises
    ------
    SchemaError
        A column that does not exist, a dtype that cannot play its part, or an expression over several rows where
        only a part of them is at hand at a time.
    """
    door = Door(source, schema)
    if in_parts or source.stream:
        door.check_rowwise()
    return door.plan(max_groups, Observations(schema) if observations is None else observations)


class Door:
    """Checks names and dtypes, and collects the columns to read."""

    def __init__(self, source: Source, schema: Schema) -> None:
        self.source = source
        self.schema = schema
        self.columns: list[pl.Expr] = []
        self.named: list[tuple[str, Role, int]] = []
        self.unparsable: pl.Expr | None = None
        names = dict.fromkeys(name for column in schema.read for name in roots(column) or ())
        if schema.columns is None:  # an expression that leaves to the log which it reads
            names |= dict.fromkeys((*source.schema, *source.unfit))
        check_exported([*names, *schema.keys])
        source.check(names)
        with guarded(f"{source.name} cannot be read"):
            self.empty = pl.DataFrame(schema={name: source.schema[name] for name in source.schema if name in names})
        if schema.where is not None and (dtype := self.dtype(schema.where, "where=")) != pl.Boolean:
            raise SchemaError(f"where= gives {dtype}; needed is a Boolean, true for the rows to count")

    def check_rowwise(self) -> None:
        """Refuse expressions that look at several rows at once, where only a batch of them is ever at hand."""
        for column in self.schema.read:
            if not isinstance(column, str) and not rowwise(column):
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
            raise SchemaError(f"{what} cannot be computed: {first_line(error)}") from error

    def head(self, column: pl.Expr) -> pl.Series:
        """The first values of a column."""
        with guarded(f"{self.source.name} cannot be read"):
            return self.source.head(column)

    def take(self, carrier: pl.Expr) -> int:
        """Read a column as ``carrier``; its place in the batches."""
        self.columns.append(carrier.alias(f"column {len(self.columns)}"))
        return len(self.columns) - 1

    def key(self, column: Column, name: str, role: Role | None = None) -> Key:
        """A key, outer or that of a role of a family."""
        dtype, plain = self.dtype(column), expression(column)
        try:
            carrier, kept = coding(plain if role is None else with_nulls(role, plain, dtype), dtype)
        except TypeError:
            given = column_name(column)
            what = f"key {name!r}" if name == given else f"{name} column {given!r}"
            raise SchemaError(
                f"{what} holds {dtype}, which cannot be a key; needed is text, a number, a Boolean, a category, "
                "a date or a time"
            ) from None
        return Key(name, dtype, kept, self.take(carrier))

    def role(self, family: Family, role: Role) -> int:
        dtype, plain = self.dtype(role.column), expression(role.column)
        place = self.take(carried(role, plain, dtype, lambda: self.head(plain)))
        if role.pos_label is not None and dtype != pl.Null and family.notes is not None:
            self.named.append((family.name, role, place))
        return place

    def sampled_column(self, family: str, role: Role, place: int) -> SampledColumn:
        """A column whose positive value was named, read once more as it is where threads read a Boolean."""
        dtype = self.dtype(role.column)
        plain = place if read_as_text(role, dtype) else self.take(expression(role.column))
        return SampledColumn((family, role.name), role.pos_label, nulls_of(role, dtype), plain, place)

    def time(self) -> tuple[int | None, Windows | None]:
        column, windows = self.schema.time, self.schema.windows
        if column is None or windows is None:
            return None, None
        plain, dtype = expression(column), self.dtype(column)
        text = self.head(plain).drop_nulls().head(1).to_list() if dtype == pl.String else []
        carrier = instants(plain, column_name(column), dtype, self.schema.time_unit, text[0] if text else None)
        if dtype == pl.String:
            lenient = instants(plain, "", dtype, None, text[0] if text else None, strict=False)
            self.unparsable = plain.is_not_null() & lenient.is_null()
        if self.schema.time_zone is None and isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            windows = replace(windows, time_zone=dtype.time_zone)
        return self.take(carrier), windows

    def weight(self) -> int | None:
        column = self.schema.weight
        if column is None:
            return None
        dtype = self.dtype(column)
        if not (dtype.is_numeric() or dtype == pl.Boolean):
            raise SchemaError(f"weight column {column_name(column)!r} holds {dtype}; a number is needed")
        plain = expression(column)
        return self.take(plain if dtype == pl.Float64 else plain.cast(pl.Float64))

    def plan(self, max_groups: int | None, observations: Observations) -> Plan:
        schema = self.schema
        time, windows = self.time()
        keys = tuple(self.key(column, column_name(column)) for column in schema.by)
        weight = self.weight()
        roles, inner = {}, {}
        for family in schema.families:
            check_null_values([(role, self.dtype(role.column)) for role in family.roles])
            for role in family.roles:
                if role.kind == "key":
                    inner[family.name, role.name] = self.key(role.column, role.name, role)
                else:
                    roles[family.name, role.name] = self.role(family, role)
            if family.check is not None:
                family.check({role.name: self.dtype(role.column) for role in family.roles})
        sets = schema.grouping_sets if schema.grouping_sets is not None else (schema.keys,)
        sampled = tuple(self.sampled_column(*each) for each in self.named)  # last: a scan drops what they add
        selection = Selection(tuple(self.columns), schema.where)
        return Plan(
            schema,
            windows,
            selection,
            keys,
            time,
            weight,
            roles,
            inner,
            sets,
            max_groups,
            sampled,
            observations,
            self.unparsable,
        )


def check_exported(names: Sequence[str]) -> None:
    """Refuse names that the C interface of Arrow, through which batches come, cannot carry: Polars aborts there."""
    for name in names:
        if "\0" in name:
            raise SchemaError(f"column {name!r} has a NUL in its name, which Arrow cannot carry; rename it")


def maximal(sets: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """The sets that are not part of another: the ones to count, of which the rest are roll-ups."""
    return [tuple(wanted) for wanted in sets if not any(set(wanted) < set(other) for other in sets)]
