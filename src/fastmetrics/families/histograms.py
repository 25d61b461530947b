"""Histograms of the numbers of groups, each as long as it needs to be, and what is read from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from fastmetrics.aliases import Floats, Integers, Mask
from fastmetrics.families.buckets import LAST, LOWER_BITS, unit_exponents

__all__ = ["Histogram"]

# The fields with an entry a place, and those of the last place, which is in no group.
PLACED = {"bucket": 0, "rows": 0.0, "least": math.nan, "greatest": math.nan, "upper": 0.0, "lower": 0.0}
ROUNDED = 64 * float(np.finfo(np.float64).eps)  # of a share of rows, or of a sum of weights


@dataclass(frozen=True, eq=False)
class Histogram:
    """The numbers of each of some groups, by bucket.

    The buckets of a group are the places from ``first`` up to before ``stop`` of the other arrays, in the order of the
    numbers in them; one more place, the last, is in none. A histogram can be read like an array of groups: it has a
    length, groups are taken by index, and the rows of one are taken from those of another by ``-``.

    Attributes
    ----------
    bucket
        The bucket at each place; see `fastmetrics.families.buckets`.
    rows
        How many rows, or what weight of rows, has a number in it.
    least, greatest
        The least and the greatest number there can be in it.
    upper, lower
        The sums of the upper and lower bits of the mantissas of its numbers.
    attained
        Whether numbers are there that are equal to the least and the greatest.
    """

    first: Integers
    stop: Integers
    bucket: Integers
    rows: Floats
    least: Floats
    greatest: Floats
    upper: Floats
    lower: Floats
    attained: bool

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, groups: Any) -> Histogram:
        return replace(self, first=self.first[groups], stop=self.stop[groups])

    def __sub__(self, part: Histogram) -> Histogram:
        """The rows of each group that are not in the group of the same place in ``part``, which holds some of them."""
        both = pl.concat([self.frame, part.frame.with_columns(-pl.col("rows", "upper", "lower"))])
        left = both.group_by("group", "bucket").agg(
            pl.col("rows", "upper", "lower").sum(),
            pl.col("least").min(),
            pl.col("greatest").max(),
            most=pl.col("rows").max(),
        )
        kept = left.filter(pl.col("rows") > ROUNDED * pl.col("most")).sort("group", "bucket")
        return Histogram.of(kept, len(self), attained=False)

    @classmethod
    def of(cls, frame: pl.DataFrame, groups: int, *, attained: bool) -> Histogram:
        """The histogram of a frame as `frame` gives it, in the order of groups and buckets."""
        group = frame["group"].to_numpy()
        first, stop = (np.searchsorted(group, np.arange(groups), side) for side in ("left", "right"))
        columns = {name: np.append(frame[name].to_numpy(), nothing) for name, nothing in PLACED.items()}
        return cls(first=first, stop=stop, attained=attained, **columns)

    @property
    def frame(self) -> pl.DataFrame:
        """One row a bucket of a group."""
        columns = {name: getattr(self, name)[self.places] for name in PLACED}
        return pl.DataFrame({"group": self.group, **columns})

    @cached_property
    def group(self) -> Integers:
        """The group of each place that is in one, in order."""
        group: Integers = np.repeat(np.arange(len(self)), self.stop - self.first)
        return group

    @cached_property
    def places(self) -> Integers:
        """The places of all groups, one group after the other."""
        sizes = self.stop - self.first
        places: Integers = np.arange(len(self.group)) + np.repeat(self.first - np.cumsum(sizes) + sizes, sizes)
        return places

    @cached_property
    def before(self) -> Floats:
        """The rows before each place, and before the end."""
        return np.concatenate([[0.0], np.cumsum(self.rows)])

    @cached_property
    def total(self) -> Floats:
        """The rows of each group."""
        return self.before[self.stop] - self.before[self.first]

    def rows_up_to(self, place: Integers) -> Floats:
        """The rows of a group in its buckets up to a place, and including it."""
        return self.before[place + 1] - self.before[self.first]

    def quantile(self, share: float) -> Floats:
        """The least number that so large a share of the rows of each group do not exceed; NaN of no rows.

        Where it is not known to be the least or the greatest number of its bucket, it is the number from which neither
        differs by a larger part of itself.
        """
        low, high = self.around(share)
        return np.where(low == high, low, between(low, high))

    def quantile_error(self, share: float) -> Floats:
        """The most by which a `quantile` differs from the number that it stands for."""
        low, high = self.around(share)
        middle = between(low, high)
        return np.where(low == high, 0.0, np.maximum(middle - low, high - middle)) + np.where(np.isnan(low), low, 0.0)

    def around(self, share: float) -> tuple[Floats, Floats]:
        """The least and the greatest number that a quantile can be."""
        wanted = self.total * share * (1 - ROUNDED)
        place = self.inside(self.search(lambda places: self.rows_up_to(places) >= wanted))
        low, high = self.least[place], self.greatest[place]
        if not self.attained:
            return low, high
        reached, rows = self.rows_up_to(place), self.rows[place]
        first, last = wanted <= reached - rows + 1, wanted > reached - 1
        return np.where(last & ~first, high, low), np.where(first, low, high)

    def inside(self, place: Integers) -> Integers:
        """A place of each group, its last one where that is past it; the place of none in groups without rows."""
        return np.where(self.stop > self.first, np.minimum(place, self.stop - 1), len(self.rows) - 1)

    def search(self, reached: Callable[[Integers], Mask]) -> Integers:
        """The first place of each group at which ``reached``, which holds from there on; ``stop`` where it never does.

        ``reached`` takes a place a group.
        """
        low, high = self.first, self.stop
        for _ in range(int(np.max(high - low, initial=0)).bit_length()):
            middle = (low + high) // 2
            there = reached(middle)
            low, high = np.where(there | (low == high), low, middle + 1), np.where(there & (low < high), middle, high)
        return low

    def above(self, number: float) -> Floats:
        """The rows of each group whose number is larger; of those that may be or not, half."""
        sure, open_ = self.beyond(number)
        return self.summed(np.where(sure, self.rows, np.where(open_, self.rows / 2, 0.0)))

    def above_error(self, number: float) -> Floats:
        """The most by which `above` differs from what it stands for."""
        return self.summed(np.where(self.beyond(number)[1], self.rows / 2, 0.0))

    def beyond(self, number: float) -> tuple[Mask, Mask]:
        """Whether all numbers of a place are larger than a number, and whether some may be and others not."""
        sure = self.least > number
        return sure, ~sure & (self.greatest > number)

    def summed(self, values: Floats) -> Floats:
        """The sum of a value of each place over the places of each group."""
        return np.bincount(self.group, values[self.places], len(self)).astype(np.float64)

    @cached_property
    def bucket_sums(self) -> Floats:
        """The sum of the numbers at each place, in two parts: [2, places]."""
        unit, sign = unit_exponents(self.bucket), np.sign(self.bucket)
        infinite = np.abs(self.bucket) == LAST
        upper = sign * np.ldexp(self.upper, unit + LOWER_BITS)
        upper = np.where(infinite, np.copysign(math.inf, sign), np.where(np.isfinite(upper), upper, math.nan))
        return np.stack([upper, sign * np.ldexp(self.lower, unit)])

    def sums(self) -> Floats:
        """The sum of the numbers of each group; infinite where one is, NaN of both infinities or beyond all floats."""
        parts = self.bucket_sums[:, self.places].T.ravel().tolist()
        ends = np.concatenate([[0], 2 * np.cumsum(self.stop - self.first)]).tolist()
        return np.array([sum_of(parts[start:end]) for start, end in pairwise(ends)], np.float64)

    def squares(self) -> Floats:
        """The most that the sum of the squares of the numbers of each group can be.

        Those of a bucket with the sum s, of n numbers between l and h, sum up to (l + h) s - n l h at most, as no
        (x - l)(h - x) is negative.
        """
        sums = self.bucket_sums.sum(axis=0)
        least, greatest = self.least, self.greatest
        return self.summed((least + greatest) * sums - self.rows * least * greatest)


def sum_of(parts: Sequence[float]) -> float:
    """The sum of some numbers, rounded once; NaN where it or a part of it is beyond all floats."""
    try:
        return math.fsum(parts)
    except (OverflowError, ValueError):  # of numbers that are finite, and of both infinities
        return math.nan


def between(low: Floats, high: Floats) -> Floats:
    """The number from which neither end differs by a larger part of itself: 2 low high / (low + high)."""
    return np.clip(low * (high / (low / 2 + high / 2)), low, high)
