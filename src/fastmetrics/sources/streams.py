"""Inputs that come as record batches or as bytes, and most of them only once."""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import polars as pl

from fastmetrics.errors import SourceError
from fastmetrics.sources.ahead import Ahead, plain
from fastmetrics.sources.formats import FORMATS, Format
from fastmetrics.sources.guard import first_line, pulled
from fastmetrics.sources.lines import Ruler, blocks
from fastmetrics.sources.opened import Source, from_frame, from_frames, from_lazy
from fastmetrics.sources.readers import lazily
from fastmetrics.sources.sniffing import sniffed

__all__ = ["from_array", "from_bytes", "from_capsule", "from_dataset", "from_iterator", "from_reader", "from_stdin"]

BLOCK_BYTES = 8 << 20  # of text from a stream, which Polars parses with all cores
# With its defaults pyarrow decodes far ahead of a reader that counts: 490 MB of 640 MB, against 90 MB so, no slower.
AHEAD = {"batch_readahead": 0, "fragment_readahead": 1}
BY_NAME = {row.name: row for row in FORMATS}


def from_reader(reader: Any, name: str = "the RecordBatchReader") -> Source:
    """A one-shot stream of record batches, read one at a time."""
    schema = pl.DataFrame(reader.schema.empty_table()).schema
    return from_frames(name, schema, map(pl.DataFrame, pulled(name, iter(reader))))


def from_capsule(data: Any) -> Source:
    """Whatever gives an Arrow stream, once."""
    import pyarrow as pa

    name = f"the {type(data).__module__}.{type(data).__qualname__}"
    try:
        return from_reader(pa.RecordBatchReader.from_stream(data), name)
    except (OSError, ValueError, TypeError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"{name} gives no stream of record batches: {first_line(error)}") from error


def from_array(data: Any) -> Source:
    """One record batch, of whichever library."""
    import pyarrow as pa

    name = f"the {type(data).__qualname__}"
    try:
        return from_frame(name, pl.DataFrame(pa.record_batch(data)))
    except (ValueError, TypeError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"{name} is no record batch: {first_line(error)}") from error


def from_dataset(dataset: Any) -> Source:
    """A pyarrow Dataset: batches of the columns that are read, few of them ahead.

    Filters are Polars' own, after reading: pyarrow's mean something else where a comparison meets null.
    """

    def batches(columns: list[str] | None) -> Iterator[Any]:
        return iter(dataset.to_batches(columns=columns, **AHEAD))

    name = "the Dataset"
    schema = pl.DataFrame(dataset.schema.empty_table()).schema
    return from_lazy(name, lazily(name, schema, batches))


def from_iterator(frames: Any) -> Source:
    """An iterator of frames or record batches of any library that speaks Arrow, or of dicts of arrays."""
    name = "the iterator"
    items = pulled(name, frames)
    first = next(items, None)
    if first is None:
        raise SourceError(f"{name} gave nothing; the columns are those of its first frame or record batch")
    return from_frames(name, frame(name, first).schema, (frame(name, item) for item in itertools.chain([first], items)))


def frame(name: str, item: Any) -> pl.DataFrame:
    """One frame of an iterator."""
    if isinstance(item, pl.DataFrame):
        return item
    if isinstance(item, dict) or hasattr(item, "__arrow_c_stream__") or hasattr(item, "__arrow_c_array__"):
        try:
            return pl.DataFrame(item)
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise SourceError(f"{name}: a {type(item).__qualname__} cannot be read: {first_line(error)}") from error
    raise SourceError(
        f"{name} gave a {type(item).__module__}.{type(item).__qualname__}; frames, record batches or dicts are needed"
    )


# Bytes


def from_stdin(_: Any, kind: Format | None = None) -> Source:
    return from_bytes(sys.stdin.buffer, kind, "standard input")


def from_bytes(stream: Any, kind: Format | None = None, name: str = "the file") -> Source:
    """A stream of bytes in one of the FORMATS, told by its first bytes if not given; nothing of it is read twice."""
    if isinstance(stream.read(0), str):
        raise SourceError(f"{name} is open as text; open it in binary mode, as 'rb'")
    ahead = plain(Ahead(stream, name), name)
    head = ahead.peek(4096)
    if not head:
        raise SourceError(f"{name} is empty")
    if kind is None:
        try:
            kind = sniffed(head)
        except SourceError as error:
            raise SourceError(
                f"{name} is of no known format: {error}; what can be read: {', '.join(BY_NAME)}"
            ) from None
    if kind.text:
        return from_text(name, ahead, kind)
    if kind.name == "Arrow" and not head.startswith(b"ARROW1"):
        return from_arrow_stream(name, ahead)
    return spooled(name, ahead, kind)


def spooled(name: str, stream: Any, kind: Format) -> Source:
    """A format that is read from its end: through a temporary file without a name, which ends with its readers."""
    with tempfile.TemporaryFile() as spool:
        shutil.copyfileobj(stream, spool)
        spool.seek(0)
        try:
            return from_lazy(name, kind.scan(spool, pl.Schema()))  # Polars keeps a handle of its own
        except (pl.exceptions.PolarsError, OSError) as error:
            raise SourceError(f"{name} cannot be read as {kind.name}: {first_line(error)}") from error


def from_arrow_stream(name: str, stream: Any) -> Source:
    import pyarrow as pa

    try:
        return from_reader(pa.ipc.open_stream(pa.PythonFile(stream, mode="r")), name)
    except (OSError, ValueError) as error:
        raise SourceError(f"{name} cannot be read as Arrow: {first_line(error)}") from error


def from_text(name: str, stream: Any, kind: Format) -> Source:
    """Lines of text, a block at a time; the first block decides the dtypes."""
    parts = blocks(stream, quoted=kind.separator is not None, size=BLOCK_BYTES)
    first = next(parts)
    ruler = None if kind.separator is None else Ruler(name, kind.separator)
    if ruler is not None:
        ruler.measure(first)
    schema = kind.opened(first, name)

    def frames() -> Iterator[pl.DataFrame]:
        for block in itertools.chain([first], parts):
            if ruler is not None and block is not first:
                ruler.measure(block)
            whole = block if ruler is None or block is first else ruler.header + block
            try:
                yield kind.scan(whole, schema).collect()
            except (pl.exceptions.PolarsError, OSError) as error:
                raise kind.said(name, schema, kind.misread(whole, schema, schema.names()), error) from error

    return from_frames(name, schema, frames())
