"""Arrow data to Polars, column by column: a column that cannot be read is an error only where it is asked for."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from fastmetrics.guard import guarded
from fastmetrics.sources.runs import are_runs, run_column
from fastmetrics.sources.times import are_seconds, as_milliseconds

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "TWICE",
    "WIDEST_DECIMAL",
    "Fields",
    "as_frame",
    "in_utc",
    "readable_fields",
    "knows_zone",
    "validate",
    "unreadable_reason",
]

FIXED_OFFSET = re.compile(r"(UTC)?[+-]\d\d:?\d\d|Z")
TWICE = "is there more than once; rename the others"
WIDEST_DECIMAL = 38
FIRST_BEYOND_ASCII = 128


@dataclass(frozen=True)
class Fields:
    """The columns that can be read, with their places, and why the others cannot."""

    schema: pl.Schema
    places: Mapping[str, int]
    unfit: Mapping[str, str]

    def wanted(self, columns: Iterable[str] | None) -> list[int]:
        """The places of the columns to read; of one at least, since rows are counted by it."""
        places = [place for name, place in self.places.items() if columns is None or name in columns]
        return places or list(self.places.values())[:1]


def readable_fields(schema: pa.Schema) -> Fields:
    """The columns of an Arrow schema that Polars can read; it panics over a schema with an unknown type."""
    names = list(schema.names)
    unfit = {
        name: TWICE if names.count(name) > 1 else unreadable_reason(str(kind))
        for name, kind in zip(names, schema.types, strict=True)
        if names.count(name) > 1 or not readable(kind)
    }
    places = {name: place for place, name in enumerate(names) if name not in unfit}
    return Fields(as_frame(empty(schema, places.values())).schema, places, unfit)


def unreadable_reason(held: str) -> str:
    """Why a column that holds something cannot be read."""
    return f"holds {held}, which cannot be read; cast it to text, a number or a time first"


def empty(schema: pa.Schema, places: Iterable[int]) -> pa.Table:
    """A table without rows of some fields of a schema; pyarrow may be unable to make one of the others."""
    import pyarrow as pa

    return pa.schema([schema.field(place) for place in places]).empty_table()


def readable(kind: pa.DataType) -> bool:
    """Whether Polars reads a type, which may be cast for it."""
    import pyarrow as pa

    is_ = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return readable(kind.storage_type)
    if is_.is_timestamp(kind):
        return kind.tz is None or knows_zone(kind.tz) or FIXED_OFFSET.fullmatch(kind.tz) is not None
    if is_.is_dictionary(kind) or is_.is_run_end_encoded(kind):
        return plain(kind.value_type) and not is_.is_nested(kind.value_type)
    if is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind):
        return plain(kind.value_type)
    if is_.is_struct(kind) or is_.is_map(kind):
        inner = [kind.field(place) for place in range(kind.num_fields)]
        return len({field.name for field in inner}) == len(inner) and all(plain(field.type) for field in inner)
    if is_.is_decimal256(kind):
        return bool(kind.precision <= WIDEST_DECIMAL)
    if is_.is_fixed_size_binary(kind):
        return bool(kind.byte_width)
    return (is_.is_primitive(kind) and not is_.is_interval(kind)) or is_.is_decimal(kind) or is_flat(kind)


def is_flat(kind: pa.DataType) -> bool:
    """Text and bytes of any layout, and null."""
    import pyarrow as pa

    is_ = pa.types
    text = (is_.is_string, is_.is_large_string, is_.is_string_view)
    binary = (is_.is_binary, is_.is_large_binary, is_.is_binary_view, is_.is_fixed_size_binary)
    return any(test(kind) for test in (*text, *binary, is_.is_null))


def plain(kind: pa.DataType) -> bool:
    """Whether Polars reads a type as it is: inside of others nothing is cast."""
    return readable(kind) and cast_for_polars(kind) is None


def cast_for_polars(kind: pa.DataType) -> pa.DataType | None:
    """What a type is cast to before Polars reads it: it knows no fixed offset as a zone, and one width of decimals."""
    import pyarrow as pa

    if pa.types.is_timestamp(kind) and kind.tz is not None and not knows_zone(kind.tz):
        return pa.timestamp(kind.unit, "UTC")
    if pa.types.is_decimal(kind) and not pa.types.is_decimal128(kind):
        return pa.decimal128(kind.precision, kind.scale)
    return None


def validate(name: str, data: Any) -> Any:
    """Check the buffers of a record batch or table and return it; costs 1 ns a text of ASCII, 6 ns another one.

    Offsets that lead out of them would end the process, or show other memory as text.

    Raises
    ------
    SourceError
        An offset leads out of its buffers, or text is no UTF-8.
    """
    with guarded(f"{name} holds damaged data"):
        data.validate()
        for column in data.columns:
            for array in getattr(column, "chunks", [column]):
                if not is_sound_ascii(array):
                    array.validate(full=True)
    return data


def is_sound_ascii(array: pa.Array) -> bool:
    """Whether it is text of ASCII alone that lies within its buffers, where those tell it fast."""
    import pyarrow as pa

    layouts = {pa.string(): (pa.binary(), np.int32), pa.large_string(): (pa.large_binary(), np.int64)}
    if array.type not in layouts or not len(array):
        return False
    as_bytes, width = layouts[array.type]
    array.view(as_bytes).validate(full=True)
    _, places, data = array.buffers()
    within = np.frombuffer(places, width)[array.offset : array.offset + len(array) + 1]
    return (
        data is None or int(np.frombuffer(data, np.uint8)[within[0] : within[-1]].max(initial=0)) < FIRST_BEYOND_ASCII
    )


def as_frame(table: Any) -> pl.DataFrame:
    """A table or record batch of columns that can be read, as a frame."""
    for place, field in enumerate(table.schema):
        if are_seconds(field.type):
            table = table.set_column(place, field.name, as_milliseconds(table.column(place)))
        if (kind := cast_for_polars(table.schema.field(place).type)) is not None:
            table = table.set_column(place, field.name, table.column(place).cast(kind))
    runs = {place for place, kind in enumerate(table.schema.types) if are_runs(kind)}
    plain = table.select([place for place in range(table.num_columns) if place not in runs]) if runs else table
    frame = cast(pl.DataFrame, pl.from_arrow(plain, rechunk=False))
    frame.columns = plain.schema.names  # a column without a name gets another from Polars
    if not runs:
        return frame
    rest = iter(frame.get_columns())
    columns = [run_column(table.column(place)) if place in runs else next(rest) for place in range(table.num_columns)]
    whole = pl.DataFrame([column.alias(str(place)) for place, column in enumerate(columns)])
    whole.columns = table.schema.names
    return whole


def in_utc(kind: pa.DataType) -> pa.DataType:
    """A type with the zone of its times, and of those inside of it, replaced by UTC; the instants stay."""
    import pyarrow as pa

    is_ = pa.types
    if is_.is_timestamp(kind):
        return kind if kind.tz is None else pa.timestamp(kind.unit, "UTC")
    if is_.is_struct(kind):
        return pa.struct([field.with_type(in_utc(field.type)) for field in kind])
    if is_.is_map(kind):
        return pa.map_(in_utc(kind.key_type), in_utc(kind.item_type))
    if is_.is_list(kind) or is_.is_fixed_size_list(kind):
        size = kind.list_size if is_.is_fixed_size_list(kind) else -1
        return pa.list_(kind.value_field.with_type(in_utc(kind.value_type)), size)
    return kind


@functools.cache
def knows_zone(zone: str) -> bool:
    """Whether Polars knows a time zone."""
    try:
        pl.Series([], dtype=pl.Datetime("us", zone))
    except pl.exceptions.PolarsError:
        return False
    return True
