"""Windows by Python's own time zones: slow, obvious, one instant at a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1)
UNITS = {
    "us": timedelta(microseconds=1),
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
MONTHS = {"mo": 1, "q": 3, "y": 12}
DAY = timedelta(days=1)
NOTHING = timedelta(0)


def start(instant: int, every: str, zone: str, offset: str | None = None) -> int:
    """The start of the window of an instant, both in microseconds since 1970.

    Windows of a day and longer are moved on the clock, shorter ones by elapsed time, and by whole days on the clock.
    """
    (months, length), (by_months, by_time) = amounts(every), amounts(offset or "")
    long = months > 0 or length >= DAY
    moved = bool(by_months % months or by_time) if months else by_time % length != NOTHING
    by_clock = by_time if long else DAY * int(by_time / DAY)
    elapsed = by_time - by_clock
    time = EPOCH + timedelta(microseconds=instant) - elapsed
    reads = read(time, zone) - by_clock
    if months:
        number = (12 * reads.year + reads.month - 1 - by_months) // months * months + by_months
        start_reads = datetime(number // 12, number % 12 + 1, 1)
    else:
        first = datetime(1970, 1, 5) if "w" in every else EPOCH  # the first Monday
        start_reads = reads - (reads - first) % length
    found = instants(start_reads + by_clock, zone)
    twice = len(found) == 2 and not (long and moved) and summer(found[0], zone) != summer(time, zone)
    return (found[twice] + elapsed - EPOCH) // UNITS["us"]


def amounts(duration: str) -> tuple[int, timedelta]:
    """The months and the time of a duration."""
    sign = -1 if duration.startswith("-") else 1
    parts = [(sign * int(count), unit) for count, unit in re.findall(r"(\d+)([a-z]+)", duration)]
    months = sum(count * MONTHS[unit] for count, unit in parts if unit in MONTHS)
    return months, sum((count * UNITS[unit] for count, unit in parts if unit in UNITS), NOTHING)


def read(time: datetime, zone: str) -> datetime:
    """What the clock of a zone reads at an instant of UTC."""
    return time.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def summer(time: datetime, zone: str) -> timedelta | None:
    """By how much the clock is ahead of the standard time of the zone."""
    return time.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).dst()


def instants(reads: datetime, zone: str) -> list[datetime]:
    """The instants at which the clock reads something, in UTC; else the first second after it was set beyond that."""
    either = [reads.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC).replace(tzinfo=None) for fold in (0, 1)]
    found = sorted({time for time in either if read(time, zone) == reads})
    if found:
        return found
    before, after = (time.replace(microsecond=0) for time in sorted(either))
    after += UNITS["s"]
    while after - before > UNITS["s"]:
        middle = before + (after - before) // 2 // UNITS["s"] * UNITS["s"]
        before, after = (middle, after) if read(middle, zone) < reads else (before, middle)
    return [after]
