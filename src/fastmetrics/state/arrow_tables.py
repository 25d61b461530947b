"""Counts to Arrow tables and back: one a family, or one of several families."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from fastmetrics.contract.columns import advise_alias
from fastmetrics.contract.family import Family
from fastmetrics.errors import SourceError, listed
from fastmetrics.notes import notes_of
from fastmetrics.schema import repeated
from fastmetrics.state.merging import align_keys
from fastmetrics.state.metadata import FAMILY, KEY, Description, column_in, decode_metadata, encode_metadata
from fastmetrics.state.state import State, with_notes
from fastmetrics.state.validation import as_polars, canonical_table

__all__ = [
    "Part",
    "counts_from_parts",
    "families_by_name",
    "family_column",
    "from_arrow",
    "joint_parts",
    "part_from_table",
    "to_arrow",
]

WIDE = (pl.Int128, pl.UInt128)  # which Arrow has no type for: stored as text


def to_arrow(counts: State, joint: bool = False) -> pa.Table | dict[str, pa.Table]:
    """The table of the only family, or a dict of tables by family name; all that is needed to go on is in them.

    Parameters
    ----------
    joint
        One table of several families too, as a file holds them: a column `family`, the outer keys, then the inner keys
        and cells of every family as ``<family>.<column>``, null in the rows of the others.

    Raises
    ------
    SourceError
        ``joint`` with a key that has the name of a column.
    """
    if joint and len(counts.tables) > 1:
        return pa.concat_tables(joint_parts(counts))
    generation = uuid.uuid4().hex
    tables = {
        family.name: plain(counts.tables[family.name]).replace_schema_metadata(
            {KEY: encode_metadata(counts, generation, family)}
        )
        for family in counts.layout.families
    }
    return tables if len(tables) > 1 else next(iter(tables.values()))


def plain(frame: pl.DataFrame) -> pa.Table:
    """A frame as Arrow that every engine can read: Enums and wide integers as text."""
    text = {name: pl.String for name, dtype in frame.schema.items() if isinstance(dtype, pl.Enum) or dtype in WIDE}
    return frame.cast(text).to_arrow()  # type: ignore[arg-type]


def joint_parts(counts: State) -> list[pa.Table]:
    """The rows of each family as tables of one schema, which below each other are one table.

    Its columns are `family`, the outer keys, then the inner keys and cells of every family as ``<family>.<column>``,
    null in the rows of the others.
    """
    layout = counts.layout
    parts = []
    frames = align_keys([counts.tables[family.name] for family in layout.families], layout.outer)
    for family, frame in zip(layout.families, frames, strict=True):
        names = {column: column_in(family, column, layout.outer) for column in frame.columns}
        table = plain(frame.rename(names))
        parts.append(table.add_column(0, FAMILY, pa.repeat(family.name, len(frame))))
    first = [FAMILY, *layout.outer]
    schema = pa.unify_schemas([part.schema for part in parts])
    twice = repeated([*first, *(name for part in parts for name in part.column_names[len(first) :])])
    if twice is not None:
        raise SourceError(
            f"key {twice!r} has the name of a column of several families in one file: count with another, as in "
            f"{advise_alias(twice)}"
        )
    whole = pa.schema([schema.field(name) for name in dict.fromkeys([*first, *schema.names])])
    whole = whole.with_metadata({KEY: encode_metadata(counts, uuid.uuid4().hex)})
    return [padded(part, whole) for part in parts]


def padded(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with all columns of a schema, null in those that it has not."""
    present = set(table.column_names)
    nothing = {kind: pa.nulls(len(table), kind) for kind in dict.fromkeys(schema.types)}
    columns = [table[field.name] if field.name in present else nothing[field.type] for field in schema]
    return pa.table(columns, schema=schema)


def from_arrow(tables: pa.Table | Mapping[str, pa.Table], families: Iterable[Family] = ()) -> State:
    """Counts from the tables that `to_arrow` gave, or another engine merged; rows may come in any order and twice.

    Parameters
    ----------
    tables
        A pyarrow Table, of one family or as in a file of several, or a mapping of family name to Table.
    families
        Families of your own making that the tables hold.

    Raises
    ------
    SourceError
        A table without our metadata, of a newer format, of an unknown kind of family, with a column missing, or with
        values that cannot be: null cells, parts of rows, bins and windows that there are not.
    """
    given = list(tables.values()) if isinstance(tables, Mapping) else [tables]
    strange = next((table for table in given if not isinstance(table, pa.Table)), None)
    if strange is not None:
        raise SourceError(f"Counts are made of pyarrow tables, got a {type(strange).__name__}")
    known = families_by_name(families)
    about = [decode_metadata((table.schema.metadata or {}).get(KEY), known) for table in given]
    if not about:
        raise SourceError("no tables were given; Counts hold at least one")
    several = len(about) == 1 and about[0].family is None
    parts = (
        parts_from_table(given[0], about[0])
        if several
        else [part_from_table(*one) for one in zip(given, about, strict=True)]
    )
    counts = counts_from_parts(parts)
    return with_notes(counts, notes_of(counts.how))


class Part(NamedTuple):
    """The rows of one family, and what the metadata beside them say; ``about.family`` names it."""

    frame: pl.DataFrame
    about: Description


def part_from_table(table: pa.Table, about: Description) -> Part:
    """The rows of the one family that a table is of."""
    return Part(as_polars(table, about.columns, f"family {about.family!r}"), about)


def parts_from_table(table: pa.Table, about: Description) -> list[Part]:
    """The rows of each family of a table that holds several."""
    family = family_column(table, about)
    ours = [about.of(name) for name in about.names]
    return [Part(part_from_table(table, each).frame.filter(family == each.family), each) for each in ours]


def family_column(table: pa.Table, about: Description) -> pl.Series:
    """The family of each row of a table that holds several."""
    family = as_polars(table, [FAMILY], "several families")[FAMILY].cast(pl.String)
    strange = family.filter(~family.is_in(about.names).fill_null(False)).unique()
    if len(strange):
        raise SourceError(f"{FAMILY!r} holds {listed(map(repr, strange))}; the families are {listed(about.names)}")
    return family


def counts_from_parts(parts: Sequence[Part]) -> State:
    """Counts from the rows of each of their families."""
    check_one_counts([part.about for part in parts])
    first = parts[0].about
    by_name = {part.about.family: part for part in parts}
    members = tuple(by_name[name].about.member for name in first.names)
    layout = replace(first.layout, families=members)
    tables = {
        family.name: canonical_table(by_name[family.name].frame, by_name[family.name].about, layout, family)
        for family in members
    }
    return State(layout, tables, first.how)


def check_one_counts(about: Sequence[Description]) -> None:
    """Refuse tables that are not the tables of one Counts."""
    first, held = about[0], [each.family for each in about]
    twice = repeated(held)
    if twice is not None:
        raise SourceError(f"two tables hold the family {twice!r}: read each Counts apart, and add them")
    for each in about[1:]:
        for what, mine, other in zip(SHARED, shared(first), shared(each), strict=True):
            if mine != other:
                raise SourceError(f"these tables are not of one Counts: their {what} are {mine} and {other}")
    missing = [name for name in first.names if name not in held]
    if missing:
        raise SourceError(f"these Counts hold {listed(first.names)}; the table of {listed(missing)} is missing")


SHARED = ("families", "keys", "windows", "weighted", "grouping_sets", "id")


def shared(about: Description) -> tuple[Any, ...]:
    """The entries that all tables of one Counts have in common, in the order of `SHARED`."""
    layout = about.layout
    return list(about.names), list(layout.keys), layout.windows, layout.weighted, layout.grouping_sets, about.id


def families_by_name(families: Iterable[Family]) -> dict[str, Family]:
    """Families of a user's own making by the name under which tables hold them."""
    return {family.name: family for family in families}
