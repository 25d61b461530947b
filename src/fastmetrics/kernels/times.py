"""Text of ISO 8601 to instants: microseconds since 1970 in UTC."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import load_u8

__all__ = ["DATE", "LOCAL", "NOT_READ", "ZONED", "read_times"]

NOT_READ, DATE, LOCAL, ZONED = range(4)  # the forms of text
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FIRST, AFTER = -62_135_596_800 * SECOND, 253_402_300_800 * SECOND  # the years 1 to 9999
BAD = -(2**63)
LENGTH = np.uint64(0xFFFFFFFF)
INLINE = np.uint64(12)
HALF = np.uint64(32)
VIEW = np.uint64(16)
PREFIX = np.uint64(4)
DASH, COLON, COMMA, DOT, PLUS, SPACE, TEE, ZED = 45, 58, 44, 46, 43, 32, 84, 90


@inlined
def byte(text: Any, place: Any) -> Any:
    """One byte of a text at an address."""
    return np.int64(load_u8(text + np.uint64(place)))


@inlined
def digits(text: Any, place: Any, count: Any) -> Any:
    """The number that so many digits spell; a negative one where a byte is no digit."""
    number = np.int64(0)
    for k in range(count):
        digit = byte(text, place + k) - 48
        if digit < 0 or digit > 9:
            return np.int64(-1_000_000)
        number = 10 * number + digit
    return number


@inlined
def day_of(text: Any) -> Any:
    """The instant at which the day of ``2026-03-14`` begins, or BAD.

    Days are counted in years that begin in March, so that a leap day is the last of its year (Richards 2013).
    """
    year, month, day = digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2)
    if byte(text, 4) != DASH or byte(text, 7) != DASH or year < 1 or month < 1 or month > 12 or day < 1:
        return np.int64(BAD)
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    last = 28 + leap if month == 2 else 31 - (month in (4, 6, 9, 11))
    if day > last:
        return np.int64(BAD)
    since = year - (month <= 2)
    in_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return np.int64((365 * since + since // 4 - since // 100 + since // 400 + in_year - 719_468) * DAY)


@inlined
def clock_of(text: Any, start: Any, end: Any) -> Any:
    """The time of day of ``09:00``, ``09:00:00`` or ``09:00:00.123`` and where it ends; BAD where there is none.

    What is finer than a microsecond is left out. Second 60 is a leap second.
    """
    hour, minute = digits(text, start, 2), digits(text, start + 3, 2)
    if hour < 0 or hour > 23 or byte(text, start + 2) != COLON or minute < 0 or minute > 59:
        return np.int64(BAD), end
    clock, at = hour * HOUR + minute * MINUTE, start + 5
    if at + 3 > end or byte(text, at) != COLON:
        return clock, at
    second = digits(text, at + 1, 2)
    if second < 0 or second > 60:
        return np.int64(BAD), end
    clock, at = clock + second * SECOND, at + 3
    if at == end or (byte(text, at) != DOT and byte(text, at) != COMMA):
        return clock, at
    at += 1
    first, unit = at, np.int64(SECOND // 10)
    while at < end and digits(text, at, 1) >= 0:
        clock += digits(text, at, 1) * unit
        unit //= 10
        at += 1
    return (clock if at > first else np.int64(BAD)), at


@inlined
def offset_of(text: Any, start: Any, end: Any) -> Any:
    """The offset from UTC of ``Z``, ``+01``, ``+0100`` or ``+01:00``, which ends the text; BAD where there is none."""
    size = end - start
    sign = byte(text, start)
    if sign == ZED and size == 1:
        return np.int64(0)
    if (sign != PLUS and sign != DASH) or size not in (3, 5, 6) or (size == 6 and byte(text, start + 3) != COLON):
        return np.int64(BAD)
    hour = digits(text, start + 1, 2)
    minute = np.int64(0) if size == 3 else digits(text, end - 2, 2)
    if hour < 0 or hour > 23 or minute < 0 or minute > 59:
        return np.int64(BAD)
    return (hour * HOUR + minute * MINUTE) * (1 if sign == PLUS else -1)


@inlined
def time_of(text: Any, length: Any) -> Any:
    """The instant that a text says, and its form; BAD and NOT_READ where it says none."""
    nothing = np.int64(BAD), NOT_READ
    if length < 10:
        return nothing
    day = day_of(text)
    if day == BAD or length == 10:
        return day, (NOT_READ if day == BAD else DATE)
    if length < 16 or (byte(text, 10) != TEE and byte(text, 10) != SPACE):
        return nothing
    clock, at = clock_of(text, 11, length)
    if clock == BAD:
        return nothing
    time, form = day + clock, LOCAL
    if at < length:
        offset = offset_of(text, at, length)
        if offset == BAD:
            return nothing
        time, form = time - offset, ZONED
    is_leap = length >= 19 and byte(text, 16) == COLON and byte(text, 17) == 54
    if time < FIRST or time >= AFTER or (is_leap and time % DAY >= SECOND):
        return nothing
    return time, form


@kernel("int64(in_u64, in_u64, in_u8, int64, int64, out_i64)")
def read_times(views: Any, buffers: Any, valid: Any, start: Any, form: Any, out: Any) -> Any:
    """The instant of each text from row ``start`` on, all of one form; returns the row it stopped at.

    ``views`` and ``buffers`` are those of `fastmetrics.contract.blocks.Texts`; ``valid`` is 0 or 1 a row, or empty
    where no row is null. It stops at a text of another form than ``form``, and at what is no time.
    """
    inline = np.uint64(views.ctypes.data)
    for i in range(start, out.size):
        if valid.size and not valid[i]:
            out[i] = 0
            continue
        row = np.uint64(i)
        length = views[np.uint64(2) * row] & LENGTH
        place = views[np.uint64(2) * row + np.uint64(1)]
        text = inline + VIEW * row + PREFIX if length <= INLINE else buffers[place & LENGTH] + (place >> HALF)
        time, of_text = time_of(text, np.int64(length))
        if of_text != form:
            return i
        out[i] = time
    return out.size
