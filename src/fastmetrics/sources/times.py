"""Times of other libraries in units that Polars has: what no 64 bits hold becomes the extreme, and NaT is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["are_seconds", "as_milliseconds", "in_unit_of_polars", "without_nat"]

Times = NDArray[np.datetime64]
MOST, MOST_DAYS = 2**63 - 1, 2**31 - 1
NAT = -(2**63)
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


def converted(times: Times, unit: str) -> Times:
    """Times of one of UNITS; beyond the greatest number numpy and Polars would begin anew."""
    target, greatest = UNITS[unit]
    given, extreme = times.view(np.int64), MOST_DAYS if target == "D" else MOST
    made = times.astype(f"M8[{target}]").view(np.int64)
    made[given > greatest] = extreme
    made[(given < -greatest) & (given != NAT)] = -extreme
    return made.view(f"M8[{target}]")


def in_unit_of_polars(times: Times) -> Times:
    """An array of times of any unit of numpy in one that Polars reads."""
    unit, count = np.datetime_data(times.dtype)
    if count != 1:  # such as 25 seconds
        times = times.astype(f"M8[{unit}]")
    if unit == "generic":  # NaT alone has no unit
        return times.astype("M8[us]")
    return converted(times, unit) if unit in UNITS else times


def without_nat(values: Any) -> Any:
    """Python objects that may be times, with None for NaT of pandas and numpy."""
    held = list(values)
    if any(isinstance(value, np.datetime64) for value in held):
        return in_unit_of_polars(np.array(held, "M8"))
    return [None if type(value).__name__ == "NaTType" else value for value in held]


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
    return pa.Array.from_buffers(kind, len(column), [known, pa.py_buffer(converted(held, "s"))], offset=column.offset)
