"""CSV, TSV and NDJSON: dtypes guessed from the first rows, and files read whole lines at a time.

Polars maps NDJSON, and a mapped file that is cut while it is read, as a log that is rotated, ends the process. Of
compressed text it holds all that comes out. Both are read here in blocks instead, which costs a tenth more time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fastmetrics.contract.columns import expression, expressions
from fastmetrics.sources.addresses import File, exact, is_local
from fastmetrics.sources.lines import HEAD_BYTES, check_text, header_of, table_blocks
from fastmetrics.sources.objects import Objects
from fastmetrics.sources.peek import Ahead, is_compressed, plain
from fastmetrics.sources.readers import scan_batches

__all__ = ["Text"]

HEAD_ROWS = 10_000  # of a file, from which its dtypes are read
BLOCK_BYTES = 8 << 20  # that Polars parses at a time, with all cores
RENAMED = re.compile(r"_duplicated_\d+$", re.ASCII)  # how Polars ends the names of columns that a header repeats


@dataclass(frozen=True)
class Text:
    """How a text format is read: what parses it, and its separator where it has one."""

    parse: Callable[..., pl.LazyFrame]
    separator: str | None = None

    def schema(self, file: File) -> pl.Schema:
        """The dtypes of a file from its first rows; a column that is empty there is looked for in all of it.

        One that the header names more than once is Object, which nobody can read.
        """
        if not self.in_blocks(file):
            check_text(head_of(file), self.separator)
            return self.unrepeated(file, self.guess_schema(exact(file)))
        parts = self.blocks(str(file), HEAD_ROWS)
        first = next(parts, b"")
        check_text(first[:HEAD_BYTES], self.separator)
        schema = self.guess_schema(first)
        while pl.Null in schema.values() and (part := next(parts, None)) is not None:
            found = self.guess_schema(part)
            schema = pl.Schema(
                {name: found.get(name, dtype) if dtype == pl.Null else dtype for name, dtype in schema.items()}
            )
        return self.unrepeated(first, schema)

    def scan(self, file: File, schema: pl.Schema) -> pl.LazyFrame:
        """A file as columns of these dtypes."""
        if not self.in_blocks(file):
            return self.parse_as(exact(file), schema)

        def frames(columns: list[str] | None) -> Iterator[pl.DataFrame]:
            objects = Objects() if self.separator is None else None
            for part in self.blocks(str(file)):
                if objects is not None:
                    objects.check(part, schema if columns is None else columns)
                lazy = self.parse_as(part, schema)
                yield (lazy if columns is None else lazy.select(expressions(columns))).collect()

        known = self.parse_as(next(self.blocks(str(file)), b""), schema).collect_schema()
        return scan_batches(str(file), known, frames)

    def in_blocks(self, file: File) -> bool:
        """Whether a file is read in blocks: a local one that Polars would map, or hold whole."""
        if not (isinstance(file, str) and is_local(file)):
            return False
        if self.separator is None:
            return True
        with Path(file).open("rb") as raw:
            return is_compressed(raw.read(4))

    def blocks(self, file: str, rows: int = 0) -> Iterator[bytes]:
        """The text of a local file in tables of their own, the first of at least so many lines."""
        with Path(file).open("rb") as raw:
            yield from table_blocks(plain(Ahead(raw, file), file), self.separator, BLOCK_BYTES, rows)

    def parse_as(self, file: File, schema: pl.Schema) -> pl.LazyFrame:
        """The query of Polars; columns without a value are Null, and a value in one after all is an error."""
        dtypes = {name: pl.String() if dtype in (pl.Null, pl.Object) else dtype for name, dtype in schema.items()}
        if self.separator is None:
            lazy, empty = self.parse(file, schema=dtypes), schema
        else:
            lazy = self.parse(file, infer_schema=False, schema_overrides=dtypes)
            known = set(lazy.collect_schema().names())
            empty = pl.Schema({name: dtype for name, dtype in schema.items() if name in known})
        return lazy.with_columns(expression(name).cast(pl.Null) for name, dtype in empty.items() if dtype == pl.Null)

    def guess_schema(self, file: File) -> pl.Schema:
        """The dtypes that Polars sees in the first rows, Null where there is no value in all of it."""
        schema = self.parse(file, infer_schema_length=HEAD_ROWS).collect_schema()
        text = {name: pl.String() for name, dtype in schema.items() if dtype in (pl.String, pl.Null)}
        if not text:
            return schema
        as_text = self.parse(file, infer_schema_length=HEAD_ROWS, schema_overrides=text).select(expressions(text))
        head = as_text.head(HEAD_ROWS).collect()
        empty = [column.name for column in head if column.null_count() == head.height]
        if empty and head.height == HEAD_ROWS:
            filled = as_text.select(column.count() for column in expressions(empty)).collect().row(0, named=True)
            if any(filled.values()):
                schema = self.parse(file, infer_schema_length=None).collect_schema()
            empty = [name for name in empty if not filled[name]]
        return pl.Schema({name: pl.Null() if name in empty else dtype for name, dtype in schema.items()})

    def unrepeated(self, file: File, schema: pl.Schema) -> pl.Schema:
        """The columns without those that Polars renamed, as the header repeats a name; the first of these is Object."""
        if self.separator is None or not any(map(RENAMED.search, schema)):
            return schema
        header = self.parse(self.header(file), has_header=False, infer_schema=False).head(1).collect().row(0)
        repeated = {place: header.index(name) for place, name in enumerate(header) if header.count(name) > 1}
        return pl.Schema(
            {
                name: pl.Object() if place in repeated else dtype
                for place, (name, dtype) in enumerate(schema.items())
                if repeated.get(place, place) == place
            }
        )

    def header(self, file: File) -> File:
        """The header of a CSV, or a remote one that begins with it."""
        if isinstance(file, str) and is_local(file):
            file = next(self.blocks(file))
        return header_of(file).lstrip(b"\r\n") if isinstance(file, bytes) else exact(file)


def head_of(file: File) -> bytes:
    """The first bytes of local text; nothing of a remote file."""
    if isinstance(file, bytes):
        return file[:HEAD_BYTES]
    if not (isinstance(file, str) and is_local(file)):
        return b""
    with Path(file).open("rb") as raw:
        return raw.read(HEAD_BYTES)
