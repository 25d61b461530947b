"""Durations as people and Polars write them: ``1h``, ``2 weeks``, ``-6h``."""

from __future__ import annotations

import re

from fastmetrics.errors import SchemaError, listed
from fastmetrics.instants import DAY, SECOND

__all__ = ["WEEK", "amounts", "clock_amounts", "is_multiple", "lengths", "parse_duration", "written"]

# Unit of a Polars duration: (least, greatest) length in microseconds.
UNITS = {
    "us": (1, 1),
    "ms": (1_000, 1_000),
    "s": (SECOND, SECOND),
    "m": (60 * SECOND, 60 * SECOND),
    "h": (3_600 * SECOND, 3_600 * SECOND),
    "d": (DAY, DAY),
    "w": (7 * DAY, 7 * DAY),
    "mo": (28 * DAY, 31 * DAY),
    "q": (90 * DAY, 92 * DAY),
    "y": (365 * DAY, 366 * DAY),
}
WORDS = {
    "microsecond": "us",
    "millisecond": "ms",
    "second": "s",
    "minute": "m",
    "min": "m",
    "hour": "h",
    "day": "d",
    "week": "w",
    "month": "mo",
    "quarter": "q",
    "year": "y",
}
NAMES = {unit: word for word, unit in reversed(WORDS.items())}
PART = re.compile(r"(\d+)\s*([A-Za-z]+)", re.ASCII)
WEEK = 7 * DAY
AGES = 9999 * UNITS["y"][1]
MONTHS = {"mo": 1, "q": 3, "y": 12}
# Units by what adds up, the longest first. Weeks are by themselves: windows of 1w begin on Mondays, of 7d on Thursdays.
LONGEST = (
    {"y": 12, "mo": 1},
    {"w": 1},
    {unit: UNITS[unit][0] for unit in ("d", "h", "m", "s", "ms", "us")},
)


def parse_duration(name: str, text: str, *, signed: bool = False) -> str:
    """A Polars duration such as ``1h`` from what the caller wrote, ``1 hour`` and ``2 weeks`` included.

    Units go by case, as in Polars: ``1M`` is a month to some tools and a minute to others, and refused.
    ``signed`` says that it may be of no length, or begin with a minus.

    >>> parse_duration("every", "5 minutes"), parse_duration("offset", "-6h", signed=True)
    ('5m', '-6h')
    """
    given = text.strip() if isinstance(text, str) else ""
    sign = "-" if signed and given.startswith("-") else ""
    given = given.removeprefix(sign)
    parts = PART.findall(given)
    units = [unit_of(unit) for _, unit in parts]
    for (count, said), unit in zip(parts, units, strict=True):
        if unit is None and said.lower() in UNITS:
            meant = [f"{word} is '{count}{short}'" for short, word in NAMES.items() if short[0] == said[0].lower()]
            raise SchemaError(f"{name}={text!r} has the unit {said!r}; units are in lower case: {listed(meant)}")
    nothing = all(int(count) == 0 for count, _ in parts) and not signed
    if not parts or PART.sub("", given).strip() or None in units or nothing:
        raise SchemaError(
            f"{name}={text!r} is not a duration; write a count and a unit ({listed(UNITS)}), "
            "such as '15m', '1h', '1d', '1w', '1mo' or '2 weeks'"
        )
    duration = sign + "".join(f"{int(count)}{unit}" for (count, _), unit in zip(parts, units, strict=True))
    if lengths(duration)[1] > AGES:
        raise SchemaError(f"{name}={text!r} is longer than the years 1 to 9999, in which times can be")
    return duration


def unit_of(given: str) -> str | None:
    """The unit that a short form or a word stands for: short forms by case, words in any."""
    word = given.lower()
    return given if given in UNITS else WORDS.get(word, WORDS.get(word.removesuffix("s")))


def lengths(duration: str) -> tuple[int, int]:
    """The least and the greatest nominal length of a duration in microseconds."""
    parts = PART.findall(duration)
    return (
        sum(int(count) * UNITS[unit][0] for count, unit in parts),
        sum(int(count) * UNITS[unit][1] for count, unit in parts),
    )


def amounts(duration: str) -> tuple[int, int, int]:
    """The months, weeks and microseconds of a duration; all of them negative after a minus.

    >>> amounts("1q"), amounts("2w"), amounts("-1h30m")
    ((3, 0, 0), (0, 2, 0), (0, 0, -5400000000))
    """
    months, weeks, micros = 0, 0, 0
    for count, unit in PART.findall(duration):
        if unit in MONTHS:
            months += int(count) * MONTHS[unit]
        elif unit == "w":
            weeks += int(count)
        else:
            micros += int(count) * UNITS[unit][0]
    sign = -1 if duration.startswith("-") else 1
    return sign * months, sign * weeks, sign * micros


def clock_amounts(duration: str) -> tuple[int, int, int]:
    """The months and days of a duration, which are counted on a clock, and the microseconds, which pass.

    >>> clock_amounts("1mo"), clock_amounts("1w"), clock_amounts("24h")
    ((1, 0, 0), (0, 7, 0), (0, 0, 86400000000))
    """
    days = sum(int(count) * {"d": 1, "w": 7}.get(unit, 0) for count, unit in PART.findall(duration))
    months, weeks, micros = amounts(duration)
    return months, days, micros + weeks * WEEK - days * DAY


def written(months: int, weeks: int, micros: int) -> str:
    """Amounts as a duration, each in the longest unit that divides it, so that equal durations are one text.

    >>> written(*amounts("60m")), written(*amounts("4q")), written(*amounts("7d"))
    ('1h', '1y', '7d')
    """
    given = [(abs(amount), units) for amount, units in zip((months, weeks, micros), LONGEST, strict=True) if amount]
    longest = [(amount, *next(row for row in units.items() if amount % row[1] == 0)) for amount, units in given]
    sign = "-" if min(months, weeks, micros) < 0 else ""
    return sign + "".join(f"{amount // size}{unit}" for amount, unit, size in longest)


def is_multiple(long: str, short: str) -> bool:
    """Whether one duration is a whole number of times another: in months, or else in exact units.

    >>> is_multiple("1y", "1mo"), is_multiple("7d", "1h"), is_multiple("31d", "1mo")
    (True, True, False)
    """
    (months, *others), (month, *rest) = amounts(long), amounts(short)
    if month and not any(others) and not any(rest):
        return months % month == 0
    return not months and not month and lengths(long)[0] % lengths(short)[0] == 0
