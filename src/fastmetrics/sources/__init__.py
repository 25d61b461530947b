"""Anything to a LazyFrame or a stream of frames: the one table of inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from fastmetrics.errors import FastMetricsError, SchemaError, SourceError, listed
from fastmetrics.sources.batches import check_rows
from fastmetrics.sources.formats import FORMATS, TABLES, named_format
from fastmetrics.sources.guard import FOREIGN, first_line, guarded
from fastmetrics.sources.opened import Selection, Source, from_frame, from_lazy
from fastmetrics.sources.paths import are_paths, from_paths, from_table
from fastmetrics.sources.streams import (
    from_array,
    from_bytes,
    from_capsule,
    from_dataset,
    from_iterator,
    from_reader,
    from_stdin,
)

__all__ = [
    "FOREIGN",
    "FORMATS",
    "INPUTS",
    "REFUSED",
    "TABLES",
    "Input",
    "Selection",
    "Source",
    "check_rows",
    "first_line",
    "guarded",
    "open_source",
]


def is_a(module: str, name: str) -> Callable[[Any], bool]:
    """A test for a class of a guest library that does not import it."""
    return lambda data: any(
        kind.__module__.split(".")[0] == module and kind.__name__ == name for kind in type(data).__mro__
    )


def is_of(module: str, data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == module


def has(method: str) -> Callable[[Any], bool]:
    return lambda data: hasattr(data, method)


def from_mapping(columns: Any) -> Source:
    series = {}
    for name, values in columns.items():
        try:
            series[name] = pl.Series(name, values)
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise SourceError(f"column {name!r} of the dict cannot be read: {first_line(error)}") from error
    sizes = {len(values) for values in series.values()}
    if len(sizes) > 1:
        of_size = [f"{name} ({len(values)})" for name, values in series.items()]
        raise SourceError(f"the columns of the dict have different lengths: {listed(of_size)}")
    return from_frame("the dict of columns", pl.DataFrame(series))


def from_pandas(frame: Any) -> Source:
    try:
        return from_frame("the DataFrame", pl.from_pandas(frame))
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise SourceError(f"the pandas DataFrame cannot be read: {first_line(error)}") from error


def unwrapped(frame: Any) -> Source:
    """What narwhals wraps."""
    return open_source(frame.to_native())


@dataclass(frozen=True)
class Input:
    """A kind of input: its name, how it is recognised and how it is opened.

    Where it is ``bytes`` it is opened with the format that they are in, or None where it is to be told from them.
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
    Input("Polars LazyFrame", is_a("polars", "LazyFrame"), lambda lazy: from_lazy("the LazyFrame", lazy)),
    Input("Polars DataFrame", is_a("polars", "DataFrame"), lambda frame: from_frame("the DataFrame", frame)),
    Input("pyarrow Table", is_a("pyarrow", "Table"), lambda table: from_frame("the Table", pl.DataFrame(table))),
    Input("pyarrow RecordBatchReader", is_a("pyarrow", "RecordBatchReader"), from_reader),
    Input("pyarrow Dataset", is_a("pyarrow", "Dataset"), from_dataset),
    Input("pandas DataFrame", is_a("pandas", "DataFrame"), from_pandas),
    Input("dict of arrays", lambda data: isinstance(data, dict), from_mapping),
    Input("narwhals frame", lambda data: is_of("narwhals", data), unwrapped),
    Input(
        "Ibis table",
        is_a("ibis", "Table"),
        lambda table: from_reader(table.to_pyarrow_batches(), "the Ibis table"),
    ),
    Input("deltalake table", is_a("deltalake", "DeltaTable"), lambda table: from_table(DELTA, "the DeltaTable", table)),
    Input("pyiceberg table", is_a("pyiceberg", "Table"), lambda table: from_table(ICEBERG, "the Iceberg table", table)),
    Input("anything with __arrow_c_stream__, such as a DuckDB relation", has("__arrow_c_stream__"), from_capsule),
    Input("anything with __arrow_c_array__", has("__arrow_c_array__"), from_array),
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


def open_source(data: Any, *, skip_unreadable: bool = False, format: str | None = None) -> Source:  # noqa: A002
    """Open whatever is given, by the first row of INPUTS that fits.

    ``skip_unreadable`` leaves files that cannot be opened out of a list of paths, and notes them. ``format`` names
    what all files are, or the bytes of a stream.

    Raises
    ------
    SchemaError
        A format that is not known, or one of what has none.
    SourceError
        Nothing fits, or what fits cannot be opened.
    """
    named = None if format is None else named_format(format)
    kind = type(data)
    for module, instead in REFUSED:
        if is_of(module, data):
            raise SourceError(f"a {kind.__module__}.{kind.__qualname__} is not read directly; {instead}")
    for row in INPUTS:
        if row.fits(data):
            if named is not None and not row.bytes:
                raise SchemaError(f"format={format!r} is of files and streams of bytes, a {kind.__qualname__} has none")
            try:
                if row is PATHS:
                    return from_paths(data, skip_unreadable, named)
                return row.open(data, named) if row.bytes else row.open(data)
            except FastMetricsError:
                raise
            except (pl.exceptions.PolarsError, OSError, ValueError) as error:  # pyarrow's errors are one or the other
                raise SourceError(f"the {kind.__qualname__} given cannot be read: {first_line(error)}") from error
    raise SourceError(
        f"cannot read a {kind.__module__}.{kind.__qualname__}; what can be read: {listed(row.name for row in INPUTS)}"
    )
