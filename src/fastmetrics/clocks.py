"""Clocks of time zones: what each reads at an instant, and at which instant it reads what."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import polars as pl

from fastmetrics.errors import SchemaError
from fastmetrics.instants import DAY, SECOND, Instants
from fastmetrics.zones import unknown_zone

__all__ = ["Clock", "clock_of"]

# Clocks are set from 1844 to 2099 in the tz database as Polars has it, and no two times in less than four days.
SEARCHED = (-4_200_000_000, 4_200_000_000)  # seconds: 1836 to 2103
STEP = 2 * DAY // SECOND


@dataclass(frozen=True, eq=False)
class Clock:
    """The clock of a time zone as stretches of time on which it is a fixed shift ahead of UTC.

    ``begins[k]`` is the first instant of stretch k and ``begins[k + 1]`` the one after its last, ``shifts[k]`` the
    shift, of which ``summer[k]`` is summer time. Instants and what the clock reads (its reading) are int64 microseconds
    since 1970.
    """

    begins: Instants
    shifts: Instants
    summer: Instants

    def stretch(self, time: Instants) -> Instants:
        """The stretch that each instant is in."""
        return np.searchsorted(self.begins, time, side="right") - 1

    def first(self, reading: Instants, stretch: Instants) -> tuple[Instants, Instants]:
        """The first instant that the clock reads something, and its stretch, at most the one given.

        Where the clock never reads it, having been set ahead beyond it, the first instant after.
        """
        before = np.maximum(stretch - 1, 0)
        while (earlier := (before < stretch) & (reading - self.shifts[before] < self.begins[stretch])).any():
            stretch, before = stretch - earlier, np.maximum(before - earlier, 0)
        return np.maximum(reading - self.shifts[stretch], self.begins[stretch]), stretch

    def last(self, reading: Instants, stretch: Instants) -> Instants:
        """The last such instant in the stretch given or before it, or the first one after."""
        while (earlier := reading - self.shifts[stretch] < self.begins[stretch]).any():
            stretch = stretch - earlier
        found: Instants = np.minimum(reading - self.shifts[stretch], self.begins[stretch + 1])
        return found


@functools.cache
def clock_of(time_zone: str) -> Clock:
    """The clock of a time zone: Polars is asked every second day, and then for the second at which its answer changes.

    Raises
    ------
    SchemaError
        A time zone that Polars does not know.
    """
    grid = np.arange(*SEARCHED, STEP)
    states = states_of(grid, time_zone)
    changed = np.flatnonzero((states[:, 1:] != states[:, :-1]).any(axis=0))
    before, after = grid[changed], grid[changed + 1]
    for _ in range(int(STEP).bit_length()):
        middle = (before + after) // 2
        early = (states_of(middle, time_zone) == states[:, changed]).all(axis=0)
        before, after = np.where(early, middle, before), np.where(early, after, middle)
    ends = np.iinfo(np.int64)
    shifts, summer = np.column_stack([states[:, changed], states[:, -1]]) * SECOND
    return Clock(np.concatenate([[ends.min], after * SECOND, [ends.max]]), shifts, summer)


def states_of(seconds: Instants, time_zone: str) -> Instants:
    """By how many seconds the clock of a zone is ahead of UTC at instants given in seconds, and of them summer time."""
    instants = pl.Series(seconds * SECOND).cast(pl.Datetime("us", "UTC"))
    try:
        times = instants.dt.convert_time_zone(time_zone)
    except pl.exceptions.PolarsError as error:
        raise SchemaError(unknown_zone(time_zone)) from error
    standard, summer = (
        shift.dt.total_seconds().to_numpy() for shift in (times.dt.base_utc_offset(), times.dt.dst_offset())
    )
    return np.stack([standard + summer, summer])
