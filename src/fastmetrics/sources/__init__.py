"""Anything to a LazyFrame or a stream of frames: the one table of inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastmetrics.contract.uses import Uses
from fastmetrics.errors import SchemaError, SourceError, listed
from fastmetrics.forks import check_process
from fastmetrics.guard import guarded
from fastmetrics.sources.formats import FORMATS, TABLES, named_format
from fastmetrics.sources.frames import FRAMES, Columns
from fastmetrics.sources.guests import has, is_a, is_of
from fastmetrics.sources.paths import are_paths, from_paths, from_table
from fastmetrics.sources.selection import Selection
from fastmetrics.sources.source import Source, from_lazy
from fastmetrics.sources.streams import (
    from_bytes,
    from_capsule,
    from_dataset,
    from_iterator,
    from_reader,
    from_stdin,
)

__all__ = [
    "FORMATS",
    "INPUTS",
    "REFUSED",
    "TABLES",
    "Input",
    "Selection",
    "Source",
    "open_source",
]


def unwrapped(frame: Any, columns: Columns) -> Source:
    """What narwhals wraps."""
    return open_source(frame.to_native(), columns=columns)


def from_ibis(table: Any, columns: Columns) -> Source:
    return from_reader(table.to_pyarrow_batches(), columns, "the Ibis table")


@dataclass(frozen=True)
class Input:
    """A kind of input: its name, how it is recognised and how it is opened.

    Where it is ``bytes`` it is opened with the format that they are in, or None where it is to be told from them, and
    with what is taken of its columns.
    """

    name: str
    fits: Callable[[Any], bool]
    open: Callable[..., Source]
    bytes: bool = False


PATHS = Input(
    f"path, glob, folder or list of paths ({', '.join(row.name for row in (*FORMATS, *TABLES))})",
    are_paths,
    from_paths,
    True,
)
DELTA, ICEBERG = TABLES
INPUTS = (
    Input("'-' for standard input", lambda data: isinstance(data, str) and data == "-", from_stdin, True),
    PATHS,
    Input("Polars LazyFrame", is_a("polars", "LazyFrame"), lambda lazy, _: from_lazy("the LazyFrame", lazy)),
    Input("pyarrow RecordBatchReader", is_a("pyarrow", "RecordBatchReader"), from_reader),
    Input("pyarrow Dataset", is_a("pyarrow", "Dataset"), from_dataset),
    Input("narwhals frame", lambda data: is_of("narwhals", data), unwrapped),
    Input("Ibis table", is_a("ibis", "Table"), from_ibis),
    Input("deltalake table", is_a("deltalake", "DeltaTable"), lambda it, _: from_table(DELTA, "the DeltaTable", it)),
    Input("pyiceberg table", is_a("pyiceberg", "Table"), lambda it, _: from_table(ICEBERG, "the Iceberg table", it)),
    *(Input(kind.name, kind.fits, kind.open) for kind in FRAMES),
    Input("anything with __arrow_c_stream__, such as a DuckDB relation", has("__arrow_c_stream__"), from_capsule),
    Input("binary file", has("read"), from_bytes, True),
    Input("iterator of frames or record batches", has("__next__"), from_iterator),
)


# Distributed frames by module, and what to run instead: they would be pulled onto one machine in silence.
REFUSED = (
    ("pyspark", "write it with .write.parquet(path) and count the path, or count .toArrow() if it is small"),
    ("dask", "write it with .to_parquet(path) and count the path, or count .compute() if it is small"),
    (
        "ray",
        "write it with .write_parquet(path) and count the path, or pull it here batch by batch and count "
        "iter(dataset.iter_batches(batch_format='pyarrow'))",
    ),
    ("modin", "write it with .to_parquet(path) and count the path, or count .modin.to_pandas() if it is small"),
)


def open_source(
    data: Any,
    *,
    columns: Columns = None,
    skip_unreadable: bool = False,
    format: str | None = None,  # noqa: A002
    uses: Uses | None = None,
) -> Source:
    """Open whatever is given, by the first row of INPUTS that fits.

    ``columns`` are those that will be read; of inputs that are not Polars' own no others are converted.
    ``skip_unreadable`` leaves files that cannot be opened out of a list of paths, and notes them. ``format`` names
    what all files are, or the bytes of a stream. ``uses`` is what is taken of the columns of a CSV.

    Raises
    ------
    SchemaError
        A format that is not known, or one of what has none.
    SourceError
        Nothing fits, or what fits cannot be opened.
    """
    check_process()
    named = None if format is None else named_format(format)
    kind = type(data)
    for module, instead in REFUSED:
        if is_of(module, data):
            raise SourceError(f"a {kind.__module__}.{kind.__qualname__} is not read directly; {instead}")
    with guarded(f"the {kind.__qualname__} given cannot be read"):
        row = next((row for row in INPUTS if row.fits(data)), None)
        if row is not None:
            if named is not None and not row.bytes:
                raise SchemaError(f"format={format!r} is of files and streams of bytes, a {kind.__qualname__} has none")
            if row is PATHS:
                return from_paths(data, columns, skip_unreadable, named, uses)
            return row.open(data, columns, named, uses or Uses()) if row.bytes else row.open(data, columns)
    raise SourceError(
        f"cannot read a {kind.__module__}.{kind.__qualname__}; what can be read: {listed(row.name for row in INPUTS)}"
    )
