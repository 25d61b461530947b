"""Time columns of every kind to instants, each checked before it is computed with.

What a column holds travels as it is, and the thread that counts reads it: it names a value that is no instant, and
text has one form in all batches of all files.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.counting.views import NOTHING, fixed, text_views, valid_bits
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.instants import MOST, TICKS, YEARS, Instants, how_written, misread, read_as, spelled_out
from fastmetrics.kernels.times import DATE, LOCAL, NOT_READ, ZONED, read_times
from fastmetrics.sources.series import as_array, as_series
from fastmetrics.windows import Windows

__all__ = ["TextForm", "TimeColumn", "time_column"]

FORMS = {
    DATE: "a date",
    LOCAL: "a time without an offset from UTC",
    ZONED: "a time with an offset from UTC",
}
ISO = "ISO 8601 text, such as 2026-03-14, 2026-03-14T09:00:00 or 2026-03-14T09:00:00+01:00"
Read = tuple[Instants, NDArray[np.uint8] | None]


class TextForm:
    """The form that the text of a time column has, as the first one showed it; all parts of a count share one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.form = NOT_READ
        self.text = ""

    def settle(self, form: int, text: str) -> None:
        """Take a form for that of all text, unless another was seen first."""
        with self.lock:
            if self.form == NOT_READ:
                self.form, self.text = form, text


@dataclass(frozen=True)
class TimeColumn:
    """A column of times: its name for messages, the expression it travels as, and what its values count or say."""

    name: str
    carrier: pl.Expr
    reader: Callable[[TimeColumn, pa.Array], Read]
    unit: str = "us"
    integers: bool = False
    format: str | None = None
    form: TextForm = field(default_factory=TextForm)

    def read(self, values: pa.Array) -> Read:
        """The instant of each value, and which are not null, or None where all are."""
        return self.reader(self, values)

    def check(self, low: int, high: int) -> None:
        """Refuse values outside the years 1 to 9999, and those by which other systems mean no instant."""
        multiply, divide = TICKS[self.unit]
        for ticks in (low, high):
            if abs(ticks) >= MOST or not YEARS[0] <= ticks * multiply // divide < YEARS[1]:
                raise self.beyond(ticks)

    def check_instants(self, low: int, high: int) -> None:
        """`check` for what `read` took as it is: a pass over all of it would cost more than its windows do."""
        if self.unit == "us":
            self.check(low, high)

    def beyond(self, ticks: int) -> DataError:
        """The error about a number that is no instant."""
        why = "no instant" if abs(ticks) >= MOST else "outside the years 1 to 9999"
        advice = "check time_unit=, or " if self.integers else ""
        value = str(ticks) if self.reader is read_wide else ticks
        counted = f"{ticks:,} {self.unit}" if self.integers else spelled_out(ticks, self.unit)
        held = f"{counted} since 1970, {why}"
        return self.error(f"{held}; {advice}{self.left_out(self.within(ticks > 0))}", value)

    def within(self, below: bool) -> str:
        """SQL that holds for the instants on one side of the end of what can be counted."""
        if self.integers:
            multiply, divide = TICKS[self.unit]
            return f"< {YEARS[1] * divide // multiply}" if below else f">= {YEARS[0] * divide // multiply}"
        first, last = ("1678-01-01", "2262-01-01") if self.unit == "ns" else ("0001-01-01", "9999-12-31")
        return f"< DATE '{last}'" if below else f">= DATE '{first}'"

    def left_out(self, condition: str) -> str:
        """The advice to filter rows, with SQL where the times are a column."""
        advice = "leave such rows out with where="
        if self.carrier.meta.root_names() != [self.name]:
            return advice
        name = self.name if self.name.isidentifier() else '"' + self.name.replace('"', '""') + '"'
        return f"{advice}, in SQL {name} {condition}"

    def outside(self, instant: int, value: object, windows: Windows) -> DataError:
        """The error about a value that is an instant whose window starts outside the years."""
        shown = pl.Series([instant]).cast(pl.Datetime("us"))[0]
        return self.error(
            f"{shown} UTC, whose window of {windows.every} starts outside the years 1 to 9999 in {windows.time_zone}; "
            "leave such rows out with where=",
            value,
        )

    def error(self, held: str, value: object) -> DataError:
        return DataError(f"time column {self.name!r} holds {held}", self.carrier == pl.lit(value))


# Numbers


def read_ticks(column: TimeColumn, values: pa.Array) -> Read:
    """Integers that count a unit; what is finer than a microsecond rounds towards the past."""
    ticks, valid = fixed(values), valid_bits(values)
    if column.unit == "us" and ticks.dtype == np.int64:
        return ticks, valid
    known = ticks if valid is None else ticks[valid.view(np.bool_)]
    if len(known):
        column.check(int(known.min()), int(known.max()))
    multiply, divide = TICKS[column.unit]
    scaled = ticks.astype(np.int64, copy=False) * multiply
    return (scaled if divide == 1 else scaled // divide), valid


def read_wide(column: TimeColumn, values: pa.Array) -> Read:
    """Integers wider than 64 bits, which travel as text."""
    text = as_series(values)
    known = sorted(map(int, text.drop_nulls()))
    if known:
        column.check(known[0], known[-1])
    return read_ticks(column, as_array(text.cast(pl.Int64)))


# Text


def read_iso(column: TimeColumn, values: pa.Array) -> Read:
    """Text of ISO 8601, all of one form."""
    (views, buffers), valid = text_views(values), valid_bits(values)
    known, out = NOTHING if valid is None else valid, np.empty(len(values), np.int64)

    def form_at(row: int) -> int:
        return next((form for form in FORMS if read_times(views, buffers, known, row, form, out[: row + 1]) > row), 0)

    row = 0 if valid is None else int(valid.argmax())  # the first text
    if not len(values) or (valid is not None and not valid[row]):
        return np.zeros(len(values), np.int64), valid
    column.form.settle(form_at(row), values[row].as_py())
    if column.form.form != NOT_READ:
        row = int(read_times(views, buffers, known, 0, column.form.form, out))
    if row < len(values):
        raise unread(column, values[row].as_py(), form_at(row))
    return out, valid


def unread(column: TimeColumn, text: str, form: int) -> DataError:
    """The error about text that is not of the form of the column."""
    if form == NOT_READ:
        how = how_written(text)
        if "time_format" in how:
            return column.error(f"{text!r}; expected {ISO}; {how}", text)
        other_text = "<> '" + text.replace("'", "''") + "'"
        return column.error(f"{text!r}, {how}; {column.left_out(other_text)}", text)
    other = column.form
    return column.error(
        f"{text!r}, {FORMS[form]}, and {other.text!r}, {FORMS[other.form]}; write them in one form", text
    )


def read_formatted(column: TimeColumn, values: pa.Array) -> Read:
    """Text as ``time_format=`` says it is written."""
    text = as_series(values)
    assert column.format is not None
    times = read_as(text, column.format).cast(pl.Int64)
    bad = text.is_not_null() & ~times.is_between(*YEARS, closed="left").fill_null(False)
    if bad.any():
        value = text.filter(bad)[0]
        raise column.error(f"{value!r}, {misread(value, column.format)}", value)
    return read_ticks(column, as_array(times))


def read_text(column: TimeColumn, values: pa.Array) -> Read:
    return read_iso(column, values) if column.format is None else read_formatted(column, values)


# Kinds of time columns


@dataclass(frozen=True)
class TimeKind:
    """A kind of time column: its dtypes, how it travels, how it is read, and its unit where the dtype has none.

    The unit of integers is None: ``time_unit`` says it.
    """

    dtypes: tuple[type[pl.DataType], ...]
    carrier: Callable[[pl.Expr], pl.Expr]
    reader: Callable[[TimeColumn, pa.Array], Read]
    unit: str | None = "us"


def as_it_is(time: pl.Expr) -> pl.Expr:
    return time


def as_text(time: pl.Expr) -> pl.Expr:
    return time.cast(pl.String)


def as_integers(time: pl.Expr) -> pl.Expr:
    return time.cast(pl.Int64)


INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
KINDS = (
    TimeKind((pl.Datetime,), pl.Expr.to_physical, read_ticks),
    TimeKind((pl.Date,), pl.Expr.to_physical, read_ticks, "d"),
    TimeKind(INTEGERS, as_it_is, read_ticks, None),
    TimeKind((pl.Int128, pl.UInt128), as_text, read_wide, None),
    TimeKind((pl.String,), as_it_is, read_text),
    TimeKind((pl.Categorical, pl.Enum), as_text, read_text),
    TimeKind((pl.Null,), as_integers, read_ticks),
)


def time_column(time: pl.Expr, name: str, dtype: pl.DataType, unit: str | None, form: str | None) -> TimeColumn:
    """How a time column of some dtype is read.

    Raises
    ------
    SchemaError
        A dtype that holds no times, integers without ``time_unit``, ``time_format`` for what is no text.
    """
    kind = next((kind for kind in KINDS if isinstance(dtype, kind.dtypes)), None)
    held = f"time column {name!r} holds {dtype}"
    if kind is None:
        raise SchemaError(
            f"{held}; expected Datetime, Date, ISO 8601 text, text with time_format=, or integers with time_unit="
        )
    if form is not None and kind.reader is not read_text and dtype != pl.Null:
        raise SchemaError(
            f"time_format= says how text is written, but {held}; leave it out, or cast the column to text"
        )
    counted = getattr(dtype, "time_unit", kind.unit) or unit
    if counted is None:
        raise SchemaError(f"{held}; say what it counts since 1970 with time_unit='s', 'ms', 'us', 'ns' or 'd'")
    return TimeColumn(name, kind.carrier(time), kind.reader, counted, kind.unit is None, form)
