"""Inputs that come as record batches or as bytes, and most of them only once."""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from fastmetrics.contract.columns import expressions
from fastmetrics.contract.uses import Uses
from fastmetrics.errors import SourceError
from fastmetrics.guard import FOREIGN, guarded, pull
from fastmetrics.sources.arrow import TWICE, as_frame, in_utc, readable_fields, validate
from fastmetrics.sources.arrow_files import int96_of_dataset, whole_stream
from fastmetrics.sources.formats import FORMATS, Format
from fastmetrics.sources.frames import Columns, convert
from fastmetrics.sources.guests import is_a
from fastmetrics.sources.lines import Ruler, blocks
from fastmetrics.sources.objects import Objects
from fastmetrics.sources.peek import Ahead, plain
from fastmetrics.sources.readers import scan_batches
from fastmetrics.sources.sniffing import sniff
from fastmetrics.sources.source import Source, from_frames, from_lazy
from fastmetrics.sources.verbatim import Verbatim

__all__ = [
    "from_bytes",
    "from_capsule",
    "from_dataset",
    "from_iterator",
    "from_reader",
    "from_stdin",
]

BLOCK_BYTES = 8 << 20  # of text from a stream, which Polars parses with all cores
# With its defaults pyarrow decodes far ahead of a reader that counts: 490 MB of 640 MB, against 90 MB so, no slower.
AHEAD = {"batch_readahead": 0, "fragment_readahead": 1}
HELD_ROWS = 1 << 20  # of a stream of frames, while a column has nothing but nulls
OF_96_BITS = (
    "has times of 96 bits, of which a Dataset reads those of 1677 to 2262 alone; count the files by their paths"
)
is_relation = is_a("duckdb", "DuckDBPyRelation")
BY_NAME = {row.name: row for row in FORMATS}


def from_reader(reader: Any, columns: Columns = None, name: str = "the RecordBatchReader") -> Source:
    """A one-shot stream of record batches, read one at a time."""
    return from_batches(name, reader, iter(reader), columns)


def from_batches(name: str, reader: Any, batches: Iterator[Any], columns: Columns) -> Source:
    """The batches of a reader, which is closed with the source."""
    try:
        known = readable_fields(reader.schema)
        wanted = known.wanted(columns)
        schema = pl.Schema({name: known.schema[name] for name, place in known.places.items() if place in wanted})
    except BaseException:
        reader.close()
        raise
    frames = (as_frame(validate(name, batch.select(wanted))) for batch in pull(name, batches))
    names = tuple(reader.schema.names)
    return from_frames(name, schema, frames, names=names, unfit=known.unfit, close=reader.close)


def from_capsule(data: Any, columns: Columns = None) -> Source:
    """Whatever gives an Arrow stream, once."""
    import pyarrow as pa

    if is_relation(data):
        return from_relation(data, columns)
    name = f"the {type(data).__module__}.{type(data).__qualname__}"
    with guarded(f"{name} gives no stream of record batches"):
        return from_reader(pa.RecordBatchReader.from_stream(data), columns, name)


def from_relation(relation: Any, columns: Columns) -> Source:
    """A DuckDB relation: a query, of which only the columns that are read are asked.

    Its times with a zone are instants; the zone that they come in is that of the session, which no column chose.
    """
    import pyarrow as pa

    names = tuple(relation.columns)
    twice = {name: TWICE for name in names if names.count(name) > 1}
    fit = [place for place, name in enumerate(names) if name not in twice]
    places = [place for place in fit if columns is None or names[place] in columns] or fit[:1]
    asked = relation.project(", ".join(f"#{place + 1}" for place in places))
    reader = pa.RecordBatchReader.from_stream(asked)
    schema = pa.schema([field.with_type(in_utc(field.type)) for field in reader.schema])
    source = from_reader(reader if schema == reader.schema else reader.cast(schema), None, "the DuckDB relation")
    return replace(source, names=names, unfit={**source.unfit, **twice})


def from_dataset(dataset: Any, columns: Columns = None) -> Source:
    """A pyarrow Dataset: batches of the columns that are read, few of them ahead.

    Filters are Polars' own, after reading: pyarrow's mean something else where a comparison meets null.
    """
    name, known = "the Dataset", readable_fields(dataset.schema)
    unfit = {**known.unfit, **dict.fromkeys(int96_of_dataset(dataset), OF_96_BITS)}

    def batches(wanted: list[str] | None) -> Iterator[Any]:
        read = dataset.to_batches(columns=list(known.places) if wanted is None else wanted, **AHEAD)
        return (validate(name, batch) for batch in read)

    source = from_lazy(name, scan_batches(name, known.schema, batches))
    return replace(source, names=tuple(dataset.schema.names), unfit=unfit)


def from_iterator(frames: Any, columns: Columns = None) -> Source:
    """An iterator of frames or record batches of any library that speaks Arrow, or of dicts of arrays."""
    name = "the iterator"
    items = pull(name, frames)
    item = next(items, None)
    if item is None:
        raise SourceError(f"{name} gave nothing; the columns are those of its first frame or record batch")
    first = convert(name, item, columns)
    rest = (convert(name, item, columns).frame for item in items)
    close = frames.close if isinstance(frames, Generator) else lambda: None
    ahead, schema = settled([first.frame], rest, columns)
    whole = itertools.chain(ahead, rest)
    return from_frames(name, schema, whole, names=first.names, unfit=first.unfit, close=close)


def settled(
    ahead: list[pl.DataFrame], rest: Iterator[pl.DataFrame], columns: Columns
) -> tuple[list[pl.DataFrame], pl.Schema]:
    """The first frames of a stream and its columns: of one that has only nulls at first a later frame knows the dtype.

    Until then frames are kept, up to `HELD_ROWS`.
    """
    schema = ahead[0].schema
    rows = ahead[0].height
    while rows < HELD_ROWS and any(
        dtype == pl.Null and (columns is None or name in columns) for name, dtype in schema.items()
    ):
        if (frame := next(rest, None)) is None:
            break
        ahead.append(frame)
        rows += frame.height
        schema = pl.Schema(
            {name: frame.schema.get(name, dtype) if dtype == pl.Null else dtype for name, dtype in schema.items()}
        )
    return ahead, schema


# Bytes


def from_stdin(_: Any, columns: Columns, kind: Format | None, uses: Uses) -> Source:
    return from_bytes(sys.stdin.buffer, columns, kind, uses, "standard input")


def from_bytes(stream: Any, columns: Columns, kind: Format | None, uses: Uses, name: str = "the file") -> Source:
    """A stream of bytes in one of the FORMATS, told by its first bytes if not given; nothing of it is read twice."""
    if isinstance(stream.read(0), str):
        raise SourceError(f"{name} is open as text; open it in binary mode, as 'rb'")
    ahead = plain(Ahead(stream, name), name)
    head = ahead.peek(4096)
    if not head:
        raise SourceError(f"{name} is empty")
    if kind is None:
        try:
            kind = sniff(head)
        except SourceError as error:
            raise SourceError(
                f"{name} is of no known format: {error}; if it is one of {', '.join(BY_NAME)}, say so with format="
            ) from None
    if kind.text:
        return from_text(name, ahead, kind, columns, uses)
    if kind.name == "Arrow" and not head.startswith(b"ARROW1"):
        return from_arrow_stream(name, ahead, columns)
    return spooled(name, ahead, kind)


def spooled(name: str, stream: Any, kind: Format) -> Source:
    """A format that is read from its end: through a temporary file without a name, which ends with its readers."""
    with tempfile.TemporaryFile() as spool:
        shutil.copyfileobj(stream, spool)
        spool.seek(0)
        with guarded(f"{name} cannot be read as {kind.name}"):
            return from_lazy(name, kind.scan(spool, pl.Schema()))  # which keeps a handle of its own


def from_arrow_stream(name: str, stream: Any, columns: Columns) -> Source:
    import pyarrow as pa

    with guarded(f"{name} cannot be read as Arrow"):
        raw = pa.PythonFile(stream, mode="r")
        reader = pa.ipc.open_stream(raw)
        return from_batches(name, reader, whole_stream(name, raw, reader), columns)


def from_text(name: str, stream: Any, kind: Format, columns: Columns, uses: Uses) -> Source:
    """Lines of text, a block at a time; the first block decides the dtypes."""
    parts = blocks(stream, quoted=kind.separator is not None, size=BLOCK_BYTES)
    first = next(parts, b"")
    ruler, objects = None if kind.separator is None else Ruler(name, kind.separator), Objects(f"{name}: ")
    if ruler is not None:
        ruler.measure(first)
    guessed = kind.read_schema(first, name)
    verbatim = Verbatim() if ruler is None else Verbatim.of(guessed, uses)
    schema = verbatim.parsed(guessed)
    unfit = {name: kind.unfit for name, dtype in schema.items() if dtype == pl.Object}
    fit = [name for name in schema if name not in unfit]
    wanted = [name for name in fit if columns is None or name in columns] or fit[:1]

    def frames() -> Iterator[pl.DataFrame]:
        for block in itertools.chain([first], parts):
            if ruler is None:
                objects.check(block, wanted)
            elif block is not first:
                ruler.measure(block)
            whole = block if ruler is None or block is first else ruler.header + block
            try:
                parsed = kind.scan(whole, schema).select(expressions(wanted)).collect()
            except FOREIGN as error:
                raise kind.read_error(name, schema, kind.misread(whole, schema, wanted), error) from error

            yield verbatim.split(parsed.lazy()).collect()

    read = pl.LazyFrame(schema={name: schema[name] for name in wanted})
    as_read = verbatim.split(read).collect_schema()
    return from_frames(name, as_read, frames(), names=tuple(schema), unfit=unfit, texts=verbatim.names)
