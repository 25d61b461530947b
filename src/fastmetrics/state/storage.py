"""Counts to Arrow tables, bytes and Parquet files, and back; the format is specified in ARCHITECTURE.md."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fastmetrics.atomic import replace_file
from fastmetrics.contract.columns import advise_alias
from fastmetrics.contract.family import Family
from fastmetrics.errors import FastMetricsError, SourceError, listed
from fastmetrics.forks import check_process
from fastmetrics.guard import FOREIGN, first_line
from fastmetrics.notes import notes_of
from fastmetrics.schema import repeated
from fastmetrics.state.intake import as_polars, canonical_table
from fastmetrics.state.merging import align_keys
from fastmetrics.state.metadata import FAMILY, KEY, Description, column_in, decode_metadata, encode_metadata
from fastmetrics.state.sealed import check_gap, check_seal, seal
from fastmetrics.state.state import State, with_notes

__all__ = ["from_arrow", "from_bytes", "read", "to_arrow", "to_bytes", "write"]

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


def to_bytes(counts: State) -> bytes:
    """Counts as the bytes of the Parquet file that `write` writes, of several families too; they hold their digest.

    Raises
    ------
    SourceError
        A key that has the name of a column of several families.

    >>> import fastmetrics as fm
    >>> counts = fm.count({"label": [1, 0], "pred": [1, 1]}, fm.binary("label", "pred"))
    >>> fm.Counts.from_bytes(counts.to_bytes()) == counts
    True
    """
    return seal(joint_parts(counts) if len(counts.tables) > 1 else [to_arrow(counts)])


def from_bytes(raw: bytes | bytearray | memoryview, families: Iterable[Family] = ()) -> State:
    """Counts from what `to_bytes` gave, or from the bytes of a file.

    Parameters
    ----------
    raw
        Bytes, in whatever holds them.
    families
        Families of your own making that they hold.

    Raises
    ------
    SourceError
        As of `fastmetrics.read_counts`: bytes that are damaged, not Parquet or hold no Counts.
    """
    check_process()
    with name_errors("the bytes given"):
        return counts_from_parts(parts_from_bytes(raw, families_by_name(families)))


def write(counts: State, path: str | Path) -> None:
    """Write Counts to one Parquet file, of several families too.

    What stands at ``path`` is replaced in one step once everything is written: readers meet the Counts before or the
    new ones. Folders on the way are made; a link is replaced itself.

    Raises
    ------
    SourceError
        A folder at ``path``, such as Counts of format 1, or something else that is no ordinary file; a key that has the
        name of a column.
    OSError
        What the system says. What stood at ``path`` is as it was.

    >>> import fastmetrics as fm, tempfile, pathlib
    >>> counts = fm.count({"label": [1, 0], "pred": [1, 1]}, fm.binary("label", "pred"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     counts.write(pathlib.Path(folder, "counts.parquet"))
    ...     fm.read_counts(pathlib.Path(folder, "counts.parquet")) == counts
    True
    """
    path = Path(path)
    check_place(path)
    content = to_bytes(counts)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content)


def check_place(path: Path) -> None:
    """Refuse a path of something other than an ordinary file."""
    if "\0" in str(path):
        raise SourceError(f"cannot write {str(path)!r}: no file can have a NUL in its name")
    if path.is_dir():
        raise SourceError(
            f"cannot write {path}: it is a folder, and Counts are one file; name another place, or move the folder "
            "away (Counts of several families were folders in format 1, and can still be read)"
        )
    if path.exists() and not path.is_file():
        raise SourceError(f"cannot write {path}: it is not an ordinary file")


def read(path: str | Path, families: Iterable[Family] = ()) -> State:
    """Counts that `write` wrote; see `fastmetrics.read_counts`."""
    check_process()
    path, known = Path(path), families_by_name(families)
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]  # a folder is of format 1, a file a family
    if not files:
        raise SourceError(f"no Counts at {path}")
    parts: list[Part] = []
    for file in files:
        with name_errors(file):
            parts += parts_from_bytes(file.read_bytes(), known)
    with name_errors(path):
        return counts_from_parts(parts)


def families_by_name(families: Iterable[Family]) -> dict[str, Family]:
    """Families of a user's own making by the name under which tables hold them."""
    return {family.name: family for family in families}


def parts_from_bytes(given: bytes | bytearray | memoryview, known: Mapping[str, Family]) -> list[Part]:
    """The families of a file that is at hand as a whole, so that all is of one write."""
    raw = memoryview(given).cast("B")
    check_seal(raw)
    file = pq.ParquetFile(pa.BufferReader(raw))
    check_gap(raw, file.metadata)
    about = decode_metadata((file.schema_arrow.metadata or {}).get(KEY), known)
    if about.family is not None:
        return [part_from_table(file.read(columns=about.columns), about)]
    held = [family_column(file.read_row_group(group, [FAMILY]), about) for group in range(file.num_row_groups)]
    return [read_part(file, held, about.of(name)) for name in about.names]


def read_part(file: pq.ParquetFile, held: Sequence[pl.Series], about: Description) -> Part:
    """The rows of one family of a file of several; only its columns of the row groups that hold it are read."""
    groups = [group for group, family in enumerate(held) if (family == about.family).any()]
    frame = part_from_table(file.read_row_groups(groups, about.columns), about).frame
    family = pl.concat([held[group] for group in groups] or [pl.Series([], dtype=pl.String)])
    return Part(frame.filter(family == about.family), about)


@contextmanager
def name_errors(name: Path | str) -> Iterator[None]:
    """Make a SourceError that names the file, or what else Counts are in, of whatever fails while they are read."""
    try:
        yield
    except FileNotFoundError as error:
        raise SourceError(f"no Counts at {name}") from error
    except FOREIGN as error:
        why = str(error) if isinstance(error, FastMetricsError) else first_line(error)
        raise SourceError(f"{name} cannot be read: {why}") from error
