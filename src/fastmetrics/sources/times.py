"""Times of other libraries in units that Polars has: NaT is null, what 64 bits do not hold an extreme."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.errors import SchemaError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["are_seconds", "as_milliseconds", "in_unit_of_polars", "is_time", "times_of_one_form"]

Times = NDArray[np.datetime64]
MOST, MOST_DAYS = 2**63 - 1, 2**31 - 1
NAT = -(2**63)
DATE, NAIVE, ZONED = "a date", "a time without a zone", "a time of a zone"
# Unit of numpy: the one of Polars that it is read in, and the greatest number that is converted.
UNITS = {
    "Y": ("D", 5_000_000),
    "M": ("D", 60_000_000),
    "W": ("D", 300_000_000),
    "D": ("D", MOST_DAYS),
    "h": ("ms", MOST // 3_600_000),
    "m": ("ms", MOST // 60_000),
    "s": ("ms", MOST // 1_000),
    "ps": ("ns", MOST),
    "fs": ("ns", MOST),
    "as": ("ns", MOST),
}


def in_unit_of_polars(times: Times) -> Times:
    """An array of times of any unit of numpy, such as 25 seconds, in one that Polars reads.

    Beyond the greatest number numpy and Polars would begin anew. The greatest of 64 bits stays infinity; a lesser one
    that is too great becomes the number before it.
    """
    unit, count = np.datetime_data(times.dtype)
    if unit == "generic":  # NaT alone has no unit
        return times.astype("M8[us]")
    target, greatest = UNITS.get(unit, (unit, MOST))
    if (target, count) == (unit, 1) and unit != "D":
        return times
    given, infinity = np.ascontiguousarray(times).view(np.int64), MOST_DAYS if target == "D" else MOST
    made = times.astype(f"M8[{target}]", order="C").view(np.int64)
    for sign in (1, -1):
        made[(given * sign > greatest // count) & (given != NAT)] = sign * (infinity - 1)
        made[given == sign * MOST] = sign * infinity
    return made.view(f"M8[{target}]")


def is_time(value: object) -> bool:
    """Whether a Python object is a date or a time."""
    return isinstance(value, (dt.date, np.datetime64))


def is_missing(value: object) -> bool:
    """Whether a Python object says that there is no time: NaT and NA of pandas, NaT of numpy, NaN."""
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return type(value).__name__ in ("NaTType", "NAType") or (isinstance(value, float) and value != value)


def times_of_one_form(name: str, values: Iterable[Any]) -> Any:
    """Python objects that may be times, with None for NaT, and as times of UTC where they are of several zones.

    Raises
    ------
    SchemaError
        They are of several forms, of which the first one would decide what the others mean.
    """
    held = [None if is_missing(value) else value for value in values]
    kinds = {(type(value), str(getattr(value, "tzinfo", None))): value for value in held if is_time(value)}.values()
    forms = {form_of(value): value for value in kinds}
    if len(forms) > 1:
        shown = " and ".join(f"{str(value)!r}, {form}," for form, value in sorted(forms.items()))
        raise SchemaError(f"column {name!r} holds {shown.removesuffix(',')}; make them of one form")
    if any(isinstance(value, np.datetime64) for value in held):
        return in_unit_of_polars(np.array(held, "M8"))
    if ZONED in forms and len({pl.Series([value]).dtype for value in kinds}) > 1:
        return [value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value for value in held]
    return held


def form_of(value: Any) -> str:
    """What a time is, as errors say it."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return DATE
    return NAIVE if getattr(value, "tzinfo", None) is None else ZONED


def are_seconds(kind: pa.DataType) -> bool:
    """Whether an Arrow type has times in seconds, a unit that Polars does not have."""
    import pyarrow as pa

    return bool(pa.types.is_timestamp(kind)) and kind.unit == "s"


def as_milliseconds(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """A column of times in seconds, in chunks or not, as one in milliseconds."""
    import pyarrow as pa

    kind = pa.timestamp("ms", column.type.tz)
    if isinstance(column, pa.ChunkedArray):
        return pa.chunked_array(map(as_milliseconds, column.chunks), kind)
    if not len(column):
        return pa.array([], kind)
    known, data = column.buffers()
    held = np.frombuffer(data, "M8[s]", count=column.offset + len(column))
    return pa.Array.from_buffers(
        kind, len(column), [known, pa.py_buffer(in_unit_of_polars(held))], offset=column.offset
    )
