"""Time windows: which one an instant falls in, where each ends, and whether two kinds of them nest.

The meaning of a window is that of Polars' ``dt.truncate(every)`` in the time zone, and it is Polars that is asked: this
module only finds the few instants at which the answer changes, so that a kernel can compare with them instead of
asking for every row.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from fastmetrics.errors import SchemaError, listed
from fastmetrics.guard import first_line
from fastmetrics.instants import DAY, SECOND, Instants
from fastmetrics.wording import is_encodable
from fastmetrics.zones import zone_name

__all__ = ["UnlistableError", "Windows", "is_multiple"]

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
PART = re.compile(r"(\d+)\s*([A-Za-z]+)")
WEEK = 7 * DAY
MONTHS = {"mo": 1, "q": 3, "y": 12}
# Units by what adds up, the longest first. Weeks are by themselves: windows of 1w begin on Mondays, of 7d on Thursdays.
LONGEST = (
    {"y": 12, "mo": 1},
    {"w": 1},
    {unit: UNITS[unit][0] for unit in ("d", "h", "m", "s", "ms", "us")},
)
MOST_BOUNDARIES = 1_000_000


class UnlistableError(Exception):
    """A span holds too many windows to list, or windows that are not one stretch of time; ask for each instant."""


def parse_duration(name: str, text: str, *, zero: bool = False) -> str:
    """A Polars duration such as ``1h`` from what the caller wrote, ``1 hour`` and ``2 weeks`` included.

    Units go by case, as in Polars: ``1M`` is a month to some tools and a minute to others, and refused.
    ``zero`` says that it may be of no length.

    >>> parse_duration("every", "5 minutes")
    '5m'
    """
    parts = PART.findall(text) if isinstance(text, str) else []
    units = [unit_of(unit) for _, unit in parts]
    for (count, given), unit in zip(parts, units, strict=True):
        if unit is None and given.lower() in UNITS:
            meant = [f"{word} is '{count}{short}'" for short, word in NAMES.items() if short[0] == given[0].lower()]
            raise SchemaError(f"{name}={text!r} has the unit {given!r}; units are in lower case: {listed(meant)}")
    rest = PART.sub("", text).strip() if isinstance(text, str) else "?"
    nothing = all(int(count) == 0 for count, _ in parts) and not zero
    if not parts or rest or None in units or nothing:
        raise SchemaError(
            f"{name}={text!r} is not a duration; write a count and a unit ({listed(UNITS)}), "
            "such as '15m', '1h', '1d', '1w', '1mo' or '2 weeks'"
        )
    return "".join(f"{int(count)}{unit}" for (count, _), unit in zip(parts, units, strict=True))


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


@dataclass(frozen=True)
class Windows:
    """Back-to-back windows of length ``every`` on the clock of ``time_zone``, shifted by ``offset``.

    Durations and zones are kept under one spelling each, so that equal windows are equal: ``1h`` for ``60m``, ``UTC``
    for ``Etc/UTC``.

    >>> hours = Windows("1h", time_zone="Asia/Kolkata")
    >>> hours.start_of(np.array([0]))                                # 05:30 in Kolkata: the window began at 05:00
    array([-1800000000])
    """

    every: str
    offset: str | None = None
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        object.__setattr__(self, "every", written(*amounts(parse_duration("every", self.every))))
        if self.offset is not None:
            months, weeks, micros = amounts(parse_duration("offset", self.offset, zero=True))
            object.__setattr__(self, "offset", written(months, 0, micros + weeks * WEEK) or None)
        if not isinstance(self.time_zone, str) or not is_encodable(self.time_zone):
            raise SchemaError(f"time_zone={self.time_zone!r} is not the name of a time zone, such as 'Europe/Berlin'")
        object.__setattr__(self, "time_zone", zone_name(self.time_zone))
        check_meaning(self)

    @property
    def reduced(self) -> Windows:
        """The windows with an ``offset`` shorter than one of them, where moving them by a whole one changes nothing.

        That is where they are equally long on the clock that the offset is of; hours are not where it is set back.
        """
        if self.offset is None:
            return self
        (months, weeks, micros), (by_months, _, by_micros) = amounts(self.every), amounts(self.offset)
        length = weeks * WEEK + micros
        if months and not by_micros:
            by_months %= months
        elif length and not by_months and (length % DAY == 0 or self.time_zone == "UTC"):
            by_micros %= length
        return replace(self, offset=written(by_months, 0, by_micros) or None)

    @property
    def dtype(self) -> pl.Datetime:
        """The dtype of ``window_start``."""
        return pl.Datetime("us", self.time_zone)

    def truncate(self, time: pl.Expr) -> pl.Expr:
        """The start of the window of each instant; the definition that all else must equal.

        ``offset`` moves the clock by elapsed time (or by calendar days and longer): windows start at
        ``truncate(time - offset) + offset``.
        """
        local = time.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(self.time_zone)
        if self.offset is None:
            return local.dt.truncate(self.every)
        return local.dt.offset_by(f"-{self.offset}").dt.truncate(self.every).dt.offset_by(self.offset)

    def start_of(self, time: Instants) -> Instants:
        """`truncate` on an array of instants.

        Raises
        ------
        SchemaError
            A window whose start the clock jumps over, of a length that is not a part of the jump (45 minutes in
            Dublin in March): Polars does not say where it starts.
        """
        frame = pl.DataFrame({"time": time})
        try:
            return frame.select(self.truncate(pl.col("time")).to_physical()).to_series().to_numpy()
        except pl.exceptions.PolarsError as error:
            raise SchemaError(
                f"windows every={self.every!r} in time_zone={self.time_zone!r} are invalid: "
                f"{first_line(error).partition('. You may')[0]}"
            ) from error

    def boundaries(self, low: int, high: int) -> Instants:
        """Every window start from the one at or before ``low`` to the first one after ``high``, ascending.

        A grid finds the starts of all windows longer than its step; shorter ones (a clock that jumps) are
        found by asking who owns the last instant before each start until nothing new comes. Clocks jump by quarters
        of an hour, so a grid of them meets every window that is left and entered again.

        Raises
        ------
        UnlistableError
            The span holds more than a million windows, or a clock is set back there by something that is not a
            multiple of the windows: then a window is left and entered again (45 minutes in New York in November).
        """
        least, _ = lengths(self.every)
        half = max(least // 2, 1)
        step = half if self.time_zone == "UTC" or least >= DAY else min(half, 15 * UNITS["m"][0])
        if (high - low) // step > 2 * MOST_BOUNDARIES:
            raise UnlistableError
        grid = np.arange(low, high + 2 * self.reach, step)
        of_grid = self.start_of(grid)
        starts = np.unique(of_grid)
        while True:
            owners = self.start_of(starts[1:] - 1)
            if ((owners < starts[:-1]) | (owners >= starts[1:])).any():
                raise UnlistableError
            new = owners[owners != starts[:-1]]
            if not len(new):
                break
            starts = np.unique(np.concatenate([starts, new]))
        if (starts[np.searchsorted(starts, grid, side="right") - 1] != of_grid).any():
            raise UnlistableError
        last = np.searchsorted(starts, high, side="right")
        return starts[: last + 1]

    def ends(self, starts: pl.Series) -> pl.Series:
        """Where each window ends: the next start. Null for the null window."""
        distinct = starts.drop_nulls().unique()
        try:
            ends = self.next_starts(distinct.to_physical().to_numpy())
        except SchemaError:  # a neighbour that the data does not touch has no start
            ends = distinct.dt.offset_by(self.every).to_physical().to_numpy()
        local = pl.Series(ends, dtype=pl.Int64).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(self.time_zone)
        return starts.replace_strict(distinct, local, default=None, return_dtype=self.dtype)

    def next_starts(self, begin: Instants) -> Instants:
        """The first window start after each of some."""
        end = self.start_of(begin + self.reach)
        while (earlier := (begin < (before := self.start_of(end - 1))) & (before < end)).any():
            end = np.where(earlier, before, end)
        return end

    @property
    def reach(self) -> int:
        """Microseconds after which another window has begun, though a clock be set back by up to three hours."""
        _, greatest = lengths(self.every)
        jump = 2 * DAY if greatest >= DAY else 3 * UNITS["h"][0] if greatest > 15 * UNITS["m"][0] else greatest
        return 2 * greatest + jump


@functools.cache
def check_meaning(windows: Windows) -> None:
    """Refuse windows that Polars cannot make of any instant; it is asked once for each kind of them."""
    windows.start_of(np.zeros(1, np.int64))
