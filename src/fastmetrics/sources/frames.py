"""Frames in memory, of whichever library: only the columns that are read are converted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from fastmetrics.contract.batches import Batches
from fastmetrics.errors import FastMetricsError, SourceError, listed
from fastmetrics.guard import FOREIGN, guarded
from fastmetrics.sources.arrow import TWICE, as_frame, knows_zone, readable_fields, validate
from fastmetrics.sources.encoded import run_batches
from fastmetrics.sources.guests import has, is_a, is_of
from fastmetrics.sources.runs import has_runs
from fastmetrics.sources.selection import Selection
from fastmetrics.sources.source import Source, from_frame
from fastmetrics.sources.times import in_unit_of_polars, is_time, times_of_one_form

__all__ = ["FRAMES", "Columns", "Converted", "Kind", "convert"]

SECONDS = ("datetime64[s", "timestamp[s")  # how dtypes of pandas are written that have times in seconds
Columns = Collection[str] | None  # the columns to read; None is all of them


@dataclass(frozen=True)
class Converted:
    """A frame of the columns that are read, the names of all columns, and why some of them cannot be read.

    ``coded`` is that of the source: batches with columns in runs, where there are such.
    """

    frame: pl.DataFrame
    names: tuple[str, ...]
    unfit: Mapping[str, str] = field(default_factory=dict)
    coded: Callable[[Selection], Batches | None] = lambda _: None


def from_polars(frame: pl.DataFrame, columns: Columns) -> Converted:
    return Converted(frame, tuple(frame.columns))


def from_table(table: Any, columns: Columns) -> Converted:
    """A table or record batch of pyarrow, which may have been read from damaged bytes."""
    known = readable_fields(table.schema)
    wanted = validate(f"the {type(table).__qualname__}", table.select(known.wanted(columns)))
    held = Converted(as_frame(wanted), tuple(table.schema.names), known.unfit)
    return replace(held, coded=partial(run_batches, wanted, held.frame)) if has_runs(wanted.schema) else held


def from_stream(data: Any, columns: Columns) -> Converted:
    """All batches of whatever gives an Arrow stream."""
    import pyarrow as pa

    with pa.RecordBatchReader.from_stream(data) as reader:
        return from_table(reader.read_all(), columns)


def from_array(data: Any, columns: Columns) -> Converted:
    """One record batch, of whichever library."""
    import pyarrow as pa

    return from_table(pa.record_batch(data), columns)


def from_mapping(data: Mapping[str, Any], columns: Columns) -> Converted:
    """A dict of arrays."""
    sizes = {name: len(values) for name, values in data.items() if hasattr(values, "__len__")}
    if len(set(sizes.values())) > 1:
        of_size = [f"{name} ({size})" for name, size in sizes.items()]
        raise SourceError(f"the columns of the dict have different lengths: {listed(of_size)}")
    wanted = [name for name in data if columns is None or name in columns] or list(data)[:1]
    series = {}
    for name in wanted:
        with guarded(f"column {name!r} of the dict cannot be read"):
            series[name] = column(name, data[name])
    return Converted(pl.DataFrame(series), tuple(data))


def column(name: str, values: Any) -> pl.Series:
    """The values of a column, which may be an array of pyarrow, or a masked one of numpy."""
    if isinstance(values, np.ma.MaskedArray):
        hidden = pl.Series(np.ma.getmaskarray(values))
        return pl.select(pl.when(~hidden).then(plain_column(name, np.ma.getdata(values)))).to_series().alias(name)
    if not is_of("pyarrow", values):
        return plain_column(name, values)
    import pyarrow as pa

    table = pa.table({name: values})
    if why := readable_fields(table.schema).unfit.get(name):
        raise SourceError(f"column {name!r} of the dict {why}")
    return as_frame(validate("the array", table)).to_series()


def plain_column(name: str, values: Any) -> pl.Series:
    """The values of a column of numpy or Python, in which NaT is null."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return pl.Series(name, in_unit_of_polars(values))
    try:
        series = pl.Series(name, values)
    except FOREIGN:
        return pl.Series(name, times_of_one_form(name, values))
    objects = str(getattr(values, "dtype", "object")) == "object"
    if series.dtype == pl.Object or (objects and series.dtype in (pl.Date, pl.Datetime)):
        return pl.Series(name, times_of_one_form(name, values))
    return series


def from_pandas(data: Any, columns: Columns) -> Converted:
    """A pandas frame; its index is none of its columns."""
    names = [str(name) for name in data.columns]
    unfit = {name: TWICE for name in names if names.count(name) > 1}
    readable = [place for place, name in enumerate(names) if name not in unfit]
    places = [place for place in readable if columns is None or names[place] in columns] or readable[:1]
    wanted = in_known_zones(data.iloc[:, places])
    times = [*columns_of_seconds(wanted), *columns_of_objects(wanted)]
    done = {series.name for series in times}
    plain = wanted.loc[:, [str(name) not in done for name in wanted.columns]]
    try:
        with guarded("the pandas DataFrame cannot be read"):
            return Converted(pl.from_pandas(plain, rechunk=False).with_columns(times), tuple(names), unfit)
    except FastMetricsError:
        for place, name in enumerate(plain.columns):
            with guarded(f"column {str(name)!r} of the pandas DataFrame cannot be read"):
                pl.from_pandas(plain.iloc[:, [place]])
        raise


def columns_of_seconds(frame: Any) -> list[pl.Series]:
    """The columns of a pandas frame that have times in seconds, which Polars would multiply beyond 64 bits."""
    import pyarrow as pa

    seconds = [name for name, dtype in frame.dtypes.items() if str(dtype).startswith(SECONDS)]
    return [as_frame(pa.table({str(name): pa.Array.from_pandas(frame[name])})).to_series() for name in seconds]


def columns_of_objects(frame: Any) -> list[pl.Series]:
    """The columns of a pandas frame that have times as objects, of which pyarrow would take the zone of the first."""
    found = []
    for name, dtype in frame.dtypes.items():
        known = frame[name].notna().to_numpy() if str(dtype) == "object" else np.zeros(0, np.bool_)
        if known.any() and is_time(frame[name].iloc[int(known.argmax())]):
            with guarded(f"column {str(name)!r} of the pandas DataFrame cannot be read"):
                found.append(plain_column(str(name), frame[name].to_list()))
    return found


def in_known_zones(frame: Any) -> Any:
    """A pandas frame whose times are in UTC where Polars does not know their zone, such as a fixed offset."""
    for name, dtype in frame.dtypes.items():
        kind = getattr(dtype, "pyarrow_dtype", dtype)
        zone = getattr(kind, "tz", None)
        if zone is not None and not knows_zone(str(zone)):
            frame = frame.copy(deep=False)
            frame[name] = frame[name].dt.tz_convert("UTC")
    return frame


@dataclass(frozen=True)
class Kind:
    """A kind of frame: its name, how it is recognised, how its columns are converted, and what errors call it."""

    name: str
    fits: Callable[[Any], bool]
    convert: Callable[[Any, Columns], Converted]
    called: str | None = None

    def open(self, data: Any, columns: Columns) -> Source:
        """A frame of this kind as a source."""
        held = self.convert(data, columns)
        source = from_frame(self.called or f"the {type(data).__qualname__}", held.frame)
        return replace(source, names=held.names, unfit=held.unfit, coded=held.coded)


FRAMES = (
    Kind("Polars DataFrame", is_a("polars", "DataFrame"), from_polars),
    Kind("pyarrow Table", is_a("pyarrow", "Table"), from_table),
    Kind("pandas DataFrame", is_a("pandas", "DataFrame"), from_pandas),
    Kind("dict of arrays", lambda data: isinstance(data, dict), from_mapping, "the dict of columns"),
    Kind("anything with __arrow_c_array__", has("__arrow_c_array__"), from_array),
)
STREAM = Kind("anything with __arrow_c_stream__", has("__arrow_c_stream__"), from_stream)


def convert(name: str, data: Any, columns: Columns) -> Converted:
    """Convert a frame of any kind.

    Raises
    ------
    SourceError
        It is none, or cannot be read.
    """
    for kind in (*FRAMES, STREAM):
        if kind.fits(data):
            with guarded(f"{name}: a {type(data).__qualname__} cannot be read"):
                return kind.convert(data, columns)
    raise SourceError(
        f"{name} gave a {type(data).__module__}.{type(data).__qualname__}; frames, record batches or dicts are needed"
    )
