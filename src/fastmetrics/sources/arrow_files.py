"""Files that pyarrow reads: Arrow, which Polars would map, and Parquet with types that Polars does not know.

A mapped file that is cut while it is read ends the process.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import polars as pl

from fastmetrics.errors import SourceError
from fastmetrics.sources.addresses import File, is_local
from fastmetrics.sources.arrow import Fields, readable_fields, validate
from fastmetrics.sources.readers import scan_batches

__all__ = [
    "arrow_height",
    "arrow_schema",
    "int96_columns",
    "parquet_schema",
    "scan_arrow",
    "scan_parquet",
    "whole_stream",
]


class Handle:
    """A handle of our own to a file that is open, closed when nobody needs it any more."""

    def __init__(self, file: IO[bytes]) -> None:
        self.number = os.dup(file.fileno())
        weakref.finalize(self, os.close, self.number)

    def fileno(self) -> int:
        return self.number


KeptFile = str | bytes | Handle


def keep_open(file: File) -> KeptFile:
    """A file that stays readable as long as a query refers to it: a path, bytes, or a handle of our own."""
    return file if isinstance(file, (str, bytes)) else Handle(file)


@contextmanager
def reopened(file: KeptFile | File) -> Iterator[Any]:
    """A file as pyarrow takes it, read and not mapped; one that is open by a handle of its own."""
    import pyarrow as pa

    if isinstance(file, (str, bytes)):
        with pa.OSFile(file) if isinstance(file, str) else pa.BufferReader(file) as raw:
            yield raw
        return
    with os.fdopen(os.dup(file.fileno()), "rb") as raw:
        yield raw
        raw.seek(0)  # the place in the file is shared


def full_schema(known: Fields) -> pl.Schema:
    """The columns of a file; those that cannot be read are Object."""
    return pl.Schema({**known.schema, **{name: pl.Object() for name in known.unfit}})


# Parquet


@contextmanager
def parquet_file(file: KeptFile | File) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with reopened(file) as raw, pq.ParquetFile(raw, coerce_int96_timestamp_unit="us") as opened:
        yield opened


def parquet_schema(file: File) -> pl.Schema:
    with parquet_file(file) as opened:
        return full_schema(readable_fields(opened.schema_arrow))


def int96_columns(file: File) -> set[str]:
    """The columns with times of 96 bits, unless the file says the unit of what was written."""
    with parquet_file(file) as opened:
        return of_96_bits(opened.metadata)


def of_96_bits(metadata: Any) -> set[str]:
    """`int96_columns` of a file by its footer."""
    if b"ARROW:schema" in (metadata.metadata or {}):
        return set()
    columns = map(metadata.schema.column, range(len(metadata.schema)))
    return {column.path for column in columns if column.physical_type == "INT96"}


def int96_of_dataset(dataset: Any) -> set[str]:
    """The columns with times of 96 bits that a Dataset reads as nanoseconds, and beyond 1677 to 2262 wrong."""
    import pyarrow as pa

    nanoseconds = {field.name for field in dataset.schema if field.type == pa.timestamp("ns")}
    if not nanoseconds or getattr(getattr(dataset, "format", None), "default_extname", "") != "parquet":
        return set()
    fragment = next(dataset.get_fragments(), None)
    return set() if fragment is None else nanoseconds & of_96_bits(fragment.metadata)


def scan_parquet(given: File) -> pl.LazyFrame:
    file = keep_open(given)
    with parquet_file(file) as opened:
        known = readable_fields(opened.schema_arrow)

    def batches(columns: list[str] | None) -> Iterator[Any]:
        with parquet_file(file) as opened:
            yield from opened.iter_batches(columns=list(known.places) if columns is None else columns)

    return scan_batches(display_name(file), known.schema, batches)


# Arrow


def is_stream(file: KeptFile | File) -> bool:
    """Whether a local file of Arrow data is a stream, which has no footer to read it by."""
    if not (isinstance(file, str) and is_local(file)):
        return False
    with Path(file).open("rb") as opened:
        head = opened.read(6)
    return bool(head) and head != b"ARROW1"


@contextmanager
def arrow_file(file: KeptFile | File, places: Sequence[int] = ()) -> Iterator[tuple[Any, Any]]:
    """A file as pyarrow takes it, and its reader, of the columns at some places; of all where none are given."""
    import pyarrow as pa

    reader = pa.ipc.open_stream if is_stream(file) else pa.ipc.open_file
    options = pa.ipc.IpcReadOptions(included_fields=list(places))
    with reopened(file) as raw, reader(raw, options=options) as opened:
        yield raw, opened


def whole_stream(name: str, raw: Any, reader: Any) -> Iterator[Any]:
    """The batches of a stream in the bytes of ``raw``, which must end where the stream says that it ends.

    The format lets a stream also end where its bytes do, but then one that was cut between two batches looks whole.

    Raises
    ------
    SourceError
        Its end is not marked, or more follows: a reader would leave out the rows of a second stream.
    """
    before = raw.tell()
    for batch in reader:
        yield batch
        before = raw.tell()
    if raw.tell() == before:
        raise SourceError(
            f"{name} ends without the mark that ends an Arrow stream, so rows may be missing: close its writer; if the "
            "writer has none, count pyarrow.ipc.open_stream(...) of it"
        )
    if raw.read(1):
        raise SourceError(f"{name} goes on after the end of its Arrow stream; write one stream to a file")


def arrow_schema(file: File) -> pl.Schema:
    with arrow_file(file) as (_, opened):
        return full_schema(readable_fields(opened.schema))


def scan_arrow(given: File) -> pl.LazyFrame:
    file = keep_open(given)
    with arrow_file(file) as (_, opened):
        known = readable_fields(opened.schema)

    def batches(columns: list[str] | None) -> Iterator[Any]:
        with arrow_file(file, known.wanted(columns)) as (raw, opened):
            if is_stream(file):
                whole = whole_stream(display_name(file), raw, opened)
            else:
                whole = map(opened.get_batch, range(opened.num_record_batches))
            for batch in whole:
                yield validate(display_name(file), batch)

    return scan_batches(display_name(file), known.schema, batches)


def arrow_height(file: str) -> int | None:
    """The rows of a file by the headers of its batches; None for a stream."""
    if is_stream(file):
        return None
    with arrow_file(file) as (_, opened):
        return int(opened.count_rows())


def display_name(file: KeptFile) -> str:
    return file if isinstance(file, str) else "the file"
