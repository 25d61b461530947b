"""Key columns to codes and back: the distinct values of a key are numbered 1, 2, 3, ... as they appear; 0 is null."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.counting.groups import Codes, NumberTable, slot_bits
from fastmetrics.counting.views import NOTHING, as_series, fixed, text_views, true_bits, valid_bits
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.kernels.codes import RECENT, intern_text, window_codes
from fastmetrics.kernels.ids import BLOCK, GREATEST, LEAST, NARROW
from fastmetrics.windows import UnlistableError, Windows, lengths

__all__ = [
    "Coder",
    "WindowCoder",
    "check_key_dtype",
    "check_representable",
    "coder",
    "decode",
    "key_carrier",
    "key_dtype",
]

LOOK_AHEAD = 1024
STRIDE = 256  # every how many instants one is sampled to estimate the time span
MOST_CLOSE = 1 << 24
ENOUGH = 8  # rows sampled per possible value when the density of integers is measured
PLAIN = (pl.Boolean, pl.String, pl.Binary, pl.Null, pl.Categorical, pl.Enum)  # keys that are no numbers and no times
ARENA_LIMIT = 2**31 - 1
LEAST_BUFFER, MOST_BUFFER = 1 << 12, 1 << 24
YEARS = (-62_135_596_800_000_000, 253_402_300_800_000_000)  # 0001-01-01 and 10000-01-01 in microseconds from 1970
LONGEST = 999_999_999 * 86_400_000_000  # the longest duration of Python
MICROSECONDS = {"us": 1, "ms": 1000, "d": 86_400_000_000}


class Coder(Protocol):
    """Turns the rows of a key column into codes, and codes back into values."""

    def codes(self, column: pa.Array) -> Codes:
        """Codes of the rows of a column."""

    def values(self) -> pl.Series:
        """The value of each code, null first."""


def with_nulls(codes: NDArray[Any], valid: NDArray[np.uint8] | None, size: int, final: bool = True) -> Codes:
    """Codes of values numbered from 0, with null put before them."""
    if valid is None:
        return Codes(codes, 1, size, final)
    wide = np.promote_types(codes.dtype, np.min_scalar_type(size))
    return Codes((codes.astype(wide, copy=False) + wide.type(1)) * valid, 0, size, final)


class BooleanCoder:
    """Codes of a Boolean column: 1 false, 2 true."""

    def codes(self, column: pa.Array) -> Codes:
        return with_nulls(true_bits(column), valid_bits(column), 3)

    def values(self) -> pl.Series:
        return pl.Series([None, False, True], dtype=pl.Boolean)


class EnumCoder:
    """Codes of an Enum column, which comes as its physical codes."""

    def __init__(self, dtype: pl.Enum) -> None:
        self.dtype = dtype
        self.size = len(dtype.categories) + 1

    def codes(self, column: pa.Array) -> Codes:
        return with_nulls(fixed(column), valid_bits(column), self.size)

    def values(self) -> pl.Series:
        return pl.Series([None, *self.dtype.categories], dtype=self.dtype)


class NumberCodes:
    """Codes of integers: ``value - minimum`` while their range is dense, else those of a hash table.

    A range is dense where at least half of it was seen in the first block; a third is enough beyond 65,536 values,
    where a hash table is slow. Dense codes are the column itself, or it less a number: 5M rows of ten classes by 1,000
    groups take 22 instead of 62 ms. A value out of range moves all codes into a hash table, where they stay the same.
    """

    def __init__(self) -> None:
        self.table = NumberTable()
        self.least = np.uint64(0)
        self.reach: int | None = None  # numbers from the least on that are their own codes; None before the first
        self.close = 1

    @property
    def known(self) -> NDArray[np.uint64]:
        """The number of each code from 1, modulo 2 ** 64."""
        if self.reach:
            return self.least + np.arange(self.close - 1, dtype=np.uint64)
        return self.table.known[1 : self.table.size]

    def codes(self, numbers: NDArray[Any], valid: NDArray[np.uint8] | None) -> Codes:
        if self.reach is None:
            self.look(numbers if valid is None else numbers[valid.view(np.bool_)])
        if self.reach:
            away = self.away(numbers) if valid is None else self.away(numbers) * valid
            greatest = int(away.max(initial=0))
            if greatest < self.reach:
                self.close = max(self.close, greatest + 2)
                return with_nulls(self.narrow(away), valid, self.close, final=False)
            self.table.codes(self.known, None)
            self.reach = 0
        return Codes(self.table.codes(as_words(numbers), valid), 0, self.table.size)

    def look(self, numbers: NDArray[Any]) -> None:
        """Tell from the first numbers whether they lie close together."""
        if not len(numbers):
            return
        least, greatest = numbers.min(), numbers.max()
        self.least, self.reach = as_words(least.reshape(1))[0], 0
        spread = int(greatest) - int(least) + 1
        apart = 2 if spread <= NARROW else 3
        if spread <= min(MOST_CLOSE, apart * len(numbers)):
            occurs = np.zeros(spread, np.bool_)
            occurs[self.away(numbers[: ENOUGH * spread])] = True
            beyond = int(np.iinfo(numbers.dtype).max) + 1 - int(least)  # where `away` begins anew
            reach = min(apart * int(np.count_nonzero(occurs)), MOST_CLOSE, beyond)
            self.reach = reach if spread <= reach else 0

    def narrow(self, away: NDArray[Any]) -> NDArray[Any]:
        """Codes of at most 4 bytes each."""
        assert self.reach is not None
        return away if away.itemsize <= 4 else away.astype(np.uint16 if self.reach <= NARROW else np.uint32)

    def away(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """How far numbers lie from the least, modulo the numbers that their dtype has."""
        words = numbers.view(f"u{numbers.itemsize}")
        return words - self.least.astype(words.dtype) if self.least else words


def as_words(numbers: NDArray[Any]) -> NDArray[np.uint64]:
    """Whole numbers of any dtype modulo 2 ** 64."""
    return numbers.astype(np.uint64 if numbers.dtype.kind == "u" else np.int64, copy=False).view(np.uint64)


class NumberCoder:
    """Codes of a column of whole numbers, dates or times: anything that is at most 64 bits wide and no float."""

    def __init__(self, dtype: pl.DataType) -> None:
        self.dtype = dtype
        self.numbers = NumberCodes()

    def codes(self, column: pa.Array) -> Codes:
        return self.numbers.codes(fixed(column), valid_bits(column))

    def values(self) -> pl.Series:
        known = pl.Series(self.numbers.known if self.dtype == pl.UInt64 else self.numbers.known.view(np.int64))
        series = known.cast(physical_dtype(self.dtype)).cast(self.dtype)
        return pl.concat([pl.Series([None], dtype=self.dtype), series.rename("")])


class FloatCoder:
    """Codes of a column of floats; NaN is null, and -0.0 is 0.0."""

    def __init__(self, dtype: pl.DataType) -> None:
        self.dtype = dtype
        self.table = NumberTable()

    def codes(self, column: pa.Array) -> Codes:
        values, valid = fixed(column).astype(np.float64, copy=False) + 0.0, valid_bits(column)
        known = (~np.isnan(values)).view(np.uint8)
        valid = known if valid is None else valid & known
        return Codes(self.table.codes(values.view(np.uint64), valid), 0, self.table.size)

    def values(self) -> pl.Series:
        known = pl.Series(self.table.known[1 : self.table.size].view(np.float64))
        return pl.concat([pl.Series([None], dtype=self.dtype), known.cast(self.dtype).rename("")])


class CategoryCoder:
    """Codes of a Categorical column, which comes as its physical codes.

    All Categorical columns of a process share one numbering, but only for as long as one of them is alive: without an
    empty one that lives as long as the count, the next batch of a stream would begin another.
    """

    def __init__(self) -> None:
        self.numbers = NumberCodes()
        self.numbering = pl.Series([], dtype=pl.Categorical)

    def codes(self, column: pa.Array) -> Codes:
        return self.numbers.codes(fixed(column), valid_bits(column))

    def values(self) -> pl.Series:
        text = pl.Series(self.numbers.known).cast(pl.UInt32).cat.to(pl.Categorical).cast(pl.String)
        return pl.concat([pl.Series([None], dtype=pl.String), text.rename("")])


def nothing_recent() -> NDArray[np.uint64]:
    """The memory of `intern_text` before the first view of a column."""
    return np.zeros(3 * RECENT, np.uint64)


class Slots:
    """The slots of a hash table for up to ``room`` codes."""

    def __init__(self, room: int) -> None:
        bits = slot_bits(room)
        self.hashes = np.zeros(1 << bits, np.uint64)
        self.codes = np.zeros(1 << bits, np.uint32)
        self.shift = 64 - bits


class TextCoder:
    """Codes of a String or Binary column, by content.

    The bytes of long strings lie in buffers of which only the last grows full, so that none is ever copied.
    """

    def __init__(self, dtype: pl.DataType) -> None:
        self.dtype = dtype
        self.views = np.zeros(2 * 64, np.uint64)
        self.buffers = [np.zeros(LEAST_BUFFER, np.uint8)]
        self.full = 0  # bytes of the buffers before the last
        self.used = np.array([1, 0], np.int64)
        self.slots = Slots(64)

    @property
    def size(self) -> int:
        return int(self.used[0])

    def codes(self, column: pa.Array) -> Codes:
        views, buffers = text_views(column)
        valid = valid_bits(column)
        valid = NOTHING if valid is None else valid
        out = np.empty(len(column), np.uint32)
        done, recent = 0, nothing_recent()
        while (done := self.run(views, buffers, valid, done, out, self.buffers[-1], recent)) < len(out):
            if 2 * self.size < len(self.views):
                self.add_buffer(int(views[2 * done] & np.uint64(0xFFFFFFFF)))
            else:
                self.enlarge()
        return Codes(out, 0, self.size)

    def run(
        self,
        views: NDArray[np.uint64],
        buffers: NDArray[np.uint64],
        valid: NDArray[np.uint8],
        start: int,
        out: NDArray[np.uint32],
        arena: NDArray[np.uint8],
        recent: NDArray[np.uint64],
    ) -> int:
        slots, shift = self.slots, np.uint64(self.slots.shift)
        tables = (slots.hashes, slots.codes, shift, self.views, self.buffer_addresses(), arena, self.used, recent)
        return int(intern_text(views, buffers, valid, start, out, *tables))

    def buffer_addresses(self) -> NDArray[np.uint64]:
        """The addresses of the buffers."""
        return np.array([buffer.ctypes.data for buffer in self.buffers], np.uint64)

    def add_buffer(self, wanted: int) -> None:
        """Make room for a string of ``wanted`` bytes; pages of a buffer that are not written to take no memory."""
        self.full += int(self.used[1])
        if self.full + wanted > ARENA_LIMIT:
            raise DataError("the distinct strings of a key fill more than 2 GiB; use a shorter key, such as its hash")
        size = min(max(self.full, LEAST_BUFFER), MOST_BUFFER)
        self.buffers.append(np.zeros(max(size, wanted), np.uint8))
        self.used[1] = 0

    def enlarge(self) -> None:
        """Make room for twice as many strings, which stay where they are."""
        known, count, filled = self.views[2 : 2 * self.size], self.size - 1, int(self.used[1])
        self.views = np.zeros(2 * len(self.views), np.uint64)
        self.slots = Slots(len(self.views) // 2)
        self.used[0] = 1
        self.run(known, self.buffer_addresses(), NOTHING, 0, np.empty(count, np.uint32), NOTHING, nothing_recent())
        self.used[1] = filled

    def values(self) -> pl.Series:
        kind = pa.string_view() if self.dtype == pl.String else pa.binary_view()
        valid = np.full((self.size + 7) >> 3, 0xFF, np.uint8)
        valid[0] = 0xFE  # all but the first
        buffers = [valid, self.views[: 2 * self.size], *self.buffers]
        return as_series(pa.Array.from_buffers(kind, self.size, list(map(pa.py_buffer, buffers))))


class WindowCoder:
    """Codes of a column of instants: the window each falls in.

    The starts of windows are listed for the span of time seen so far, and as far again ahead, as long as that list
    stays short; instants spread wider are truncated one by one.
    """

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
        self.edges = np.empty(0, np.int64)
        self.edge_codes = np.empty(0, np.uint32)
        self.count = np.ones(1, np.int64)
        self.table: NumberTable | None = None

    def codes(self, column: pa.Array) -> Codes:
        time, valid = fixed(column), valid_bits(column)
        if valid is not None:
            seen = np.flatnonzero(valid)
            if not len(seen):
                return Codes(np.zeros(len(time), np.uint32), 0, self.size)
            time = np.where(valid, time, time[seen[0]])
        codes, ranges = np.empty(len(time), np.uint32), np.empty((-(-len(time) // BLOCK), 2), np.uint32)
        done = 0
        while self.table is None and (done := self.run(time, done, codes, ranges)) < len(time):
            some = np.concatenate([time[done : done + BLOCK], time[done + BLOCK :: STRIDE]])
            self.reach(int(some.min()), int(some.max()))
        if self.table is not None:
            if len(time):
                check_years(int(time.min()), int(time.max()))
            codes = self.table.codes(self.windows.start_of(time).view(np.uint64), None)
            return Codes(codes if valid is None else codes * valid, 0, self.size)
        if valid is not None:
            for block in np.flatnonzero(ranges[:, LEAST] == ranges[:, GREATEST]):
                codes[block * BLOCK : (block + 1) * BLOCK] = ranges[block, LEAST]
            return Codes(codes * valid, 0, self.size)
        return Codes(codes, 0, self.size, ranges=ranges)

    def run(self, time: NDArray[np.int64], start: int, codes: NDArray[np.uint32], ranges: NDArray[np.uint32]) -> int:
        if not len(self.edges):
            return 0
        return int(window_codes(time, self.edges, start, self.edge_codes, self.count, codes, ranges))

    @property
    def size(self) -> int:
        return self.table.size if self.table is not None else int(self.count[0])

    def reach(self, low: int, high: int) -> None:
        """List the edges around the instants from low to high too, or give up listing them."""
        check_years(low, high)
        try:
            if len(self.edges):
                low, high = min(low, int(self.edges[0])), max(high, int(self.edges[-1]))
            ahead = max(high - low, LOOK_AHEAD * lengths(self.windows.every)[1])
            edges = self.windows.boundaries(low, high + ahead)
        except (UnlistableError, SchemaError):  # the latter perhaps for an instant ahead of the data
            table = NumberTable()
            table.codes(self.starts().view(np.uint64), None)
            self.table = table
            return
        codes = np.zeros(len(edges) - 1, np.uint32)
        codes[np.searchsorted(edges, self.edges[:-1])] = self.edge_codes
        self.edges, self.edge_codes = edges, codes

    def starts(self) -> NDArray[np.int64]:
        """The start of each window that occurred, by code from 1."""
        if self.table is not None:
            return self.table.known[1 : self.table.size].view(np.int64)
        used = np.flatnonzero(self.edge_codes)
        starts = np.empty(len(used), np.int64)
        starts[self.edge_codes[used] - 1] = self.edges[used]
        return starts

    def values(self) -> pl.Series:
        starts = pl.Series(self.starts(), dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
        local = starts.dt.convert_time_zone(self.windows.time_zone)
        return pl.concat([pl.Series([None], dtype=self.windows.dtype), local])


def check_years(low: int, high: int) -> None:
    """Refuse instants outside the years 1 to 9999: most often integers in another unit than was said."""
    for instant in (low, high):
        if not YEARS[0] <= instant < YEARS[1]:
            raise DataError(
                f"the time column holds the instant {instant:,} microseconds from 1970, outside the years 1 to 9999; "
                "if it holds integers, check time_unit="
            )


def check_representable(key: str, values: pl.Series) -> None:
    """Refuse dates, times and durations that Python has no value for, and so no text, file or filter of ours."""
    if isinstance(values.dtype, pl.Duration):
        check_range(key, values, (-LONGEST, LONGEST + 1), "durations of 999,999,999 days")
    elif values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime):
        check_range(key, values, YEARS, "the years 1 to 9999")
        if getattr(values.dtype, "time_zone", None) is not None:  # whose clock may be in another year
            check_range(key, values.dt.replace_time_zone(None), YEARS, "the years 1 to 9999")


def check_range(key: str, values: pl.Series, reach: tuple[int, int], words: str) -> None:
    """Refuse values outside of a range given in microseconds; nanoseconds always fit."""
    unit = "d" if values.dtype == pl.Date else values.dtype.time_unit  # type: ignore[attr-defined]
    if unit not in MICROSECONDS:
        return
    low, high = (max(min(-(-end // MICROSECONDS[unit]), 2**63 - 1), -(2**63)) for end in reach)
    numbers = values.to_physical()
    beyond = numbers.filter((numbers < low) | (numbers >= high))
    if len(beyond):
        raise DataError(
            f"key {key!r} holds {beyond[0]:,} {unit}, beyond {words}; leave such rows out with where=, or compute a "
            "key that has null there"
        )


def physical_dtype(dtype: pl.DataType) -> pl.DataType:
    """The integer dtype behind a number, date or time."""
    if dtype.is_integer():
        return dtype
    return pl.Int32() if dtype == pl.Date else pl.Int64()


def check_key_dtype(name: str, column: str, dtype: pl.DataType) -> None:
    """Refuse a column that cannot be the key ``name``."""
    if not (dtype.is_numeric() or dtype.is_temporal() or isinstance(dtype, PLAIN)):
        what = f"key {name!r}" if name == column else f"{name} column {column!r}"
        raise SchemaError(
            f"{what} holds {dtype}, which cannot be a key; needed is text, a number, a Boolean, a category, "
            "a date or a time"
        )


def key_carrier(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The expression that carries a key column to its coder.

    Wide numbers travel as text, and so do named Categories, whose numbering may not even last from batch to batch.
    """
    if isinstance(dtype, pl.Enum) or is_global(dtype):
        return column.to_physical()
    return column.cast(pl.String) if isinstance(dtype, pl.Categorical) or is_wide(dtype) else column


def key_dtype(dtype: pl.DataType) -> pl.DataType:
    """The dtype of a key in Counts: Categorical becomes String, as its numbering means nothing outside this process."""
    return pl.String() if isinstance(dtype, pl.Categorical) else dtype


def is_global(dtype: pl.DataType) -> bool:
    """Whether a dtype is Categorical in the numbering that all columns of a process share."""
    return isinstance(dtype, pl.Categorical) and dtype.categories.is_global()


def is_wide(dtype: pl.DataType) -> bool:
    """Whether a dtype is of numbers wider than 64 bits."""
    return dtype in (pl.Int128, pl.UInt128) or isinstance(dtype, pl.Decimal)


def decode(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """A column that was carried as a key of a dtype is, as the values of it; named Categories stay text."""
    if isinstance(dtype, pl.Enum) or is_global(dtype):
        return column.cat.to(dtype)
    return column.cast(dtype) if is_wide(dtype) else column


def coder(dtype: pl.DataType) -> Coder:
    """The coder of a key column that holds ``dtype`` in the log."""
    if dtype == pl.Boolean:
        return BooleanCoder()
    if isinstance(dtype, pl.Enum):
        return EnumCoder(dtype)
    if is_global(dtype):
        return CategoryCoder()
    if isinstance(dtype, pl.Categorical) or is_wide(dtype):
        return TextCoder(pl.String())
    if dtype in (pl.String, pl.Binary):
        return TextCoder(dtype)
    return FloatCoder(dtype) if dtype.is_float() else NumberCoder(dtype)
