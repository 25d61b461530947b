"""Time windows: which one an instant falls in, where each starts and ends.

The meaning of a window is that of Polars' ``dt.truncate(every)`` in the time zone where that is defined. The few
instants at which the answer changes are listed, so that a kernel can compare with them instead of asking for every row.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from fastmetrics.clocks import clock_of
from fastmetrics.durations import WEEK, amounts, clock_amounts, lengths, parse_duration, written
from fastmetrics.errors import SchemaError
from fastmetrics.guard import first_line
from fastmetrics.instants import DAY, YEARS, Instants
from fastmetrics.wording import is_encodable
from fastmetrics.zones import zone_name

__all__ = ["UnlistableError", "Windows"]

MOST_BOUNDARIES = 1_000_000


class UnlistableError(Exception):
    """A span holds too many windows to list, or windows that are not one stretch of time; ask for each instant."""


@dataclass(frozen=True)
class Windows:
    """Back-to-back windows of length ``every`` on the clock of ``time_zone``, shifted by ``offset``.

    A window holds the instants at which what the clock reads is rounded down to one reading, and starts when the clock
    first reads that, or is first beyond it. As in Polars' ``dt.truncate``, a clock that reads it again when summer time
    ends starts another window. ``offset`` is a time of the clock where windows are a day or longer, and each of those
    starts once. Shorter ones are moved by elapsed time, but for whole days, which are those of the clock.

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
        every = amounts(parse_duration("every", self.every))
        if self.offset is not None:
            months, weeks, micros = amounts(parse_duration("offset", self.offset, signed=True))
            if months and not every[0]:  # where they start would depend on the month of the row
                raise SchemaError(
                    f"offset={self.offset!r} moves windows by months, which differ in length; windows of "
                    f"every={self.every!r} need one in weeks, days or shorter units, such as offset='1d'"
                )
            object.__setattr__(self, "offset", written(months, 0, micros + weeks * WEEK) or None)
        object.__setattr__(self, "every", written(*every))
        if not isinstance(self.time_zone, str) or not self.time_zone or not is_encodable(self.time_zone):
            raise SchemaError(f"time_zone={self.time_zone!r} is not the name of a time zone, such as 'Europe/Berlin'")
        object.__setattr__(self, "time_zone", zone_name(self.time_zone))
        check_meaning(self)

    @property
    def reduced(self) -> Windows:
        """The windows with an ``offset`` shorter than one of them, where moving them by a whole one changes nothing.

        That is where they are equally long on the clock that the offset is of; of hours only whole days are of it.
        """
        if self.offset is None:
            return self
        (months, weeks, micros), (by_months, _, by_micros) = amounts(self.every), amounts(self.offset)
        length = weeks * WEEK + micros
        if months and not by_micros:
            by_months %= months
        elif length and not by_months and (length % DAY == 0 or self.time_zone == "UTC"):
            by_micros %= length
        elif length and not by_months and DAY % length == 0:
            by_micros -= int(by_micros / DAY) * DAY
        offset = written(by_months, 0, by_micros) or None
        return self if offset == self.offset else replace(self, offset=offset)

    @property
    def dtype(self) -> pl.Datetime:
        """The dtype of ``window_start``."""
        return pl.Datetime("us", self.time_zone)

    @property
    def years(self) -> tuple[int, int]:
        """The first instant of the years 1 to 9999 and the one after their last, of UTC and of the clock at once."""
        shifts = clock_of(self.time_zone).shifts
        return YEARS[0] - min(int(shifts[0]), 0), YEARS[1] - max(int(shifts[-1]), 0)

    @property
    def reach(self) -> tuple[int, int]:
        """The first instant whose window starts in `years`, and the one after the last."""
        return reach_of(self)

    def local(self, time: Instants) -> pl.Series:
        """Instants as times of the zone."""
        return pl.Series(time, dtype=pl.Int64).cast(self.dtype)

    def start_of(self, time: Instants) -> Instants:
        """The start of the window of each instant; the definition that all else must equal."""
        grid, clock = grid_of(self), clock_of(self.time_zone)
        time = time - grid.elapsed
        stretch = clock.stretch(time)
        reading = grid.start(time + clock.shifts[stretch])
        start, of_start = clock.first(reading, stretch)
        if not grid.once:
            summer = clock.summer[of_start] != clock.summer[stretch]
            start[summer] = clock.last(reading[summer], stretch[summer])
        return start + grid.elapsed

    def boundaries(self, low: int, high: int) -> Instants:
        """Every window start from the one at or before ``low`` to the first one after ``high``, ascending.

        Raises
        ------
        UnlistableError
            The span holds more than a million windows, or a clock is set back across the start of a window there: then
            a window is left and entered again (45 minutes in New York in November).
        """
        low = int(self.start_of(np.array([low]))[0])
        edges, starts = self.changes(low, high + 2 * lengths(self.every)[1])
        if (edges != starts).any():
            raise UnlistableError
        return edges[: np.searchsorted(edges, high, side="right") + 1]

    def starts(self, low: int, high: int) -> Instants:
        """The start of each window that holds an instant from ``low`` to ``high``, ascending.

        Raises
        ------
        UnlistableError
            The span holds more than a million windows.
        """
        return np.unique(self.changes(low, high)[1])

    def changes(self, low: int, high: int) -> tuple[Instants, Instants]:
        """``low`` and the instants up to ``high`` at which another window is entered, and the start of each window.

        Within a stretch of its clock that happens where the clock reads the start of one, and at most where it begins.
        """
        if (high - low) // lengths(self.every)[0] > MOST_BOUNDARIES:
            raise UnlistableError
        grid, clock = grid_of(self), clock_of(self.time_zone)
        low, high = low - grid.elapsed, high - grid.elapsed
        first, last = clock.stretch(np.array([low, high]))
        shifts = clock.shifts[first : last + 1]
        readings = grid.starts(low + shifts.min(), high + shifts.max())
        found = []
        for stretch, shift in enumerate(shifts, start=first):
            begin, end = max(low, clock.begins[stretch]), min(high, clock.begins[stretch + 1] - 1)
            read = slice(*np.searchsorted(readings, [begin + shift + 1, end + shift + 1]))
            found += [[begin], readings[read] - shift]
        edges = np.concatenate(found) + grid.elapsed
        starts = self.start_of(edges)
        entered = np.append(True, starts[1:] != starts[:-1])
        return edges[entered], starts[entered]

    def ends(self, starts: pl.Series) -> pl.Series:
        """Where each window ends: the first instant after its start that is in another. Null for the null window."""
        distinct = starts.drop_nulls().unique()
        ends = self.local(self.next_starts(distinct.to_physical().to_numpy()))
        return starts.replace_strict(distinct, ends, default=None, return_dtype=self.dtype)

    def shown(self, ends: pl.Series) -> pl.Series:
        """Ends of windows for a table: null beyond `years`, where Python has no time."""
        return ends.set(ends.to_physical() >= self.years[1], None)

    def next_starts(self, begin: Instants) -> Instants:
        """The first instant after each start of a window that is in another one."""
        grid, clock = grid_of(self), clock_of(self.time_zone)
        now = begin
        while True:
            elapsed = now - grid.elapsed
            stretch = clock.stretch(elapsed)
            reading = grid.after(elapsed + clock.shifts[stretch])
            end: Instants = np.minimum(reading - clock.shifts[stretch], clock.begins[stretch + 1]) + grid.elapsed
            still = self.start_of(end) == begin
            if not still.any():
                return end
            now = np.where(still, end, now)

    def entered_again(self, low: int, high: int) -> Instants:
        """The instants from low to high at which a clock is set back into a window that was left before."""
        begins = clock_of(self.time_zone).begins[1:-1] + grid_of(self).elapsed
        within = begins[(begins >= low) & (begins <= high)]
        again: Instants = within[self.next_starts(self.start_of(within)) <= within]
        return again

    def back_from(self, ends: Instants, period: str) -> Instants:
        """The start of a window as long before each end of one as ``period`` says.

        Months, weeks and days are those of the clock, hours and shorter units pass. Where no window starts then, as
        after a clock was set by half an hour, it is the one that holds that time; where a clock was set ahead by all of
        ``period``, it is the window that ends there. None is before the first window of the year 1.
        """
        months, days, passed = clock_amounts(period)
        clock = clock_of(self.time_zone)
        stretch = clock.stretch(ends)
        reading = pl.Series(ends + clock.shifts[stretch] - days * DAY).cast(pl.Datetime("us"))
        earlier = (reading.dt.offset_by(f"-{months}mo") if months else reading).to_physical().to_numpy()
        begins = clock.first(earlier, stretch)[0] if months or days else ends
        return self.start_of(np.maximum(np.minimum(begins - passed, ends - 1), self.reach[0]))


@dataclass(frozen=True)
class Grid:
    """What a clock reads at the starts of windows: the multiples of ``every``, moved by months and microseconds.

    ``elapsed`` moves the windows by that many microseconds whatever the clock reads; ``once`` says that windows start
    at the first of two times at which the clock reads their start.
    """

    every: str
    months: int
    micros: int
    elapsed: int
    once: bool

    def start(self, reading: Instants) -> Instants:
        """The start of the window in which the clock reads something."""
        return self.ahead(self.behind(reading).dt.truncate(self.every))

    def after(self, reading: Instants) -> Instants:
        """The start of the one after it."""
        return self.ahead(self.behind(reading).dt.truncate(self.every).dt.offset_by(self.every))

    def starts(self, low: int, high: int) -> Instants:
        """Those of the windows in which the clock reads ``low`` to ``high``."""
        ends = self.behind(np.array([low, high])).dt.truncate(self.every)
        every_one = pl.datetime_range(pl.col("").min(), pl.col("").max(), self.every)
        return self.ahead(ends.to_frame("").select(every_one).to_series())

    def behind(self, reading: Instants) -> pl.Series:
        """Readings without the move, as times of a calendar."""
        times = pl.Series(reading - self.micros).cast(pl.Datetime("us"))
        return times.dt.offset_by(f"{-self.months}mo") if self.months else times

    def ahead(self, times: pl.Series) -> Instants:
        """The inverse of `behind`."""
        moved = times.dt.offset_by(f"{self.months}mo") if self.months else times
        return moved.to_physical().to_numpy() + self.micros


@functools.cache
def grid_of(windows: Windows) -> Grid:
    """The starts of windows, by their length and offset."""
    months, _, micros = amounts(windows.offset or "")
    if lengths(windows.every)[0] >= DAY:
        return Grid(windows.every, months, micros, elapsed=0, once=windows.reduced.offset is not None)
    days = abs(micros) // DAY * DAY * (1 if micros > 0 else -1)
    return Grid(windows.every, 0, days, elapsed=micros - days, once=False)


@functools.cache
def reach_of(windows: Windows) -> tuple[int, int]:
    """What `Windows.reach` says."""
    low, high = windows.years
    first, last = windows.start_of(np.array([low, high - 1]))
    begin, after = windows.next_starts(np.array([first, last]))
    return int(begin if first < low else first), min(int(after), YEARS[1])


@functools.cache
def check_meaning(windows: Windows) -> None:
    """Refuse windows that Polars cannot make of any instant; it is asked once for each kind of them."""
    grid, _ = grid_of(windows), clock_of(windows.time_zone)
    try:
        grid.after(np.zeros(1, np.int64))
    except pl.exceptions.PolarsError as error:
        raise SchemaError(f"windows every={windows.every!r} are invalid: {first_line(error)}") from error
