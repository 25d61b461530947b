"""Counts to the bytes of a Parquet file and back; the format is specified in ARCHITECTURE.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fastmetrics.atomic import check_place, replace_file
from fastmetrics.contract.family import Family
from fastmetrics.errors import FastMetricsError, SourceError
from fastmetrics.forks import check_process
from fastmetrics.guard import FOREIGN, first_line
from fastmetrics.state.arrow_tables import (
    Part,
    counts_from_parts,
    families_by_name,
    family_column,
    joint_parts,
    part_from_table,
    to_arrow,
)
from fastmetrics.state.checksum import check_gap, check_seal, seal
from fastmetrics.state.metadata import FAMILY, KEY, Description, decode_metadata
from fastmetrics.state.state import State

__all__ = ["from_bytes", "read", "to_bytes", "write"]

FOLDER = (
    "it is a folder, and Counts are one file; name another place, or move the folder away (Counts of several families "
    "were folders in format 1, and can still be read)"
)


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
    check_place(path, FOLDER)
    content = to_bytes(counts)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content)


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
