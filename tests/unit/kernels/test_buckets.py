"""Buckets are those of exact integers, at every edge and for any number."""

from __future__ import annotations

import math
import struct

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import oracle_values
from fastmetrics import kernels
from fastmetrics.families.buckets import (
    BOUNDS,
    CELLS,
    LAST,
    LOWER_BITS,
    bucket_ends,
    buckets_of,
    mantissas_of,
    unit_exponents,
)

ALL = np.arange(1, LAST)


def neighbours(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers, with the floats before and after them."""
    return np.concatenate([np.nextafter(numbers, -math.inf), numbers, np.nextafter(numbers, math.inf)])


@settings(deadline=None)
@given(st.lists(st.floats(), min_size=1))
def test_the_bucket_of_any_number_is_that_of_exact_integers(numbers: list[float]) -> None:
    assert nulls(buckets_of(np.array(numbers))) == [oracle_values.bucket_of(x) for x in numbers]


@settings(deadline=None)
@given(st.lists(st.floats(width=32), min_size=1))
def test_a_float32_lies_in_the_bucket_of_its_value(numbers: list[float]) -> None:
    assert nulls(buckets_of(np.array(numbers, np.float32))) == [oracle_values.bucket_of(x) for x in numbers]


def nulls(buckets: NDArray[np.int32]) -> list[int | None]:
    return [None if bucket == -(2**31) else bucket for bucket in buckets.tolist()]


def test_numbers_at_every_power_of_two_and_beside_it_lie_where_exact_integers_say() -> None:
    powers = np.array([math.ldexp(1, power) for power in range(-1074, 1024)])
    numbers = neighbours(powers)
    assert nulls(buckets_of(numbers)) == [oracle_values.bucket_of(x) for x in numbers.tolist()]


def test_numbers_at_every_bound_of_an_octave_and_beside_it_lie_where_exact_integers_say() -> None:
    _, tops = bucket_ends(np.arange(34400, 34433))
    numbers = neighbours(tops)
    assert nulls(buckets_of(numbers)) == [oracle_values.bucket_of(x) for x in numbers.tolist()]


def test_the_ends_of_every_bucket_lie_in_it_and_the_next_one_begins_after_them() -> None:
    least, greatest = bucket_ends(ALL)
    held = least <= greatest
    assert np.array_equal(ALL[~held], [b for b in range(1, 352) if oracle_empty(b)])
    assert np.array_equal(buckets_of(least[held]), ALL[held])
    assert np.array_equal(buckets_of(greatest[held]), ALL[held])
    assert np.array_equal(np.nextafter(greatest[held][:-1], math.inf), least[held][1:])
    assert (least[held][0], greatest[held][-1]) == (5e-324, np.finfo(np.float64).max)


def oracle_empty(bucket: int) -> bool:
    """Whether no float64 lies in a bucket of the least there are."""
    return not any(oracle_values.bucket_of(units * 5e-324) == bucket for units in range(1, 1025))


def test_negative_numbers_have_the_buckets_of_their_magnitudes_and_infinities_the_last() -> None:
    numbers = np.array([-3.7, 3.7, -math.inf, math.inf, -0.0, math.nan])
    assert buckets_of(numbers).tolist() == [-34461, 34461, -LAST, LAST, 0, -(2**31)]
    assert [end.tolist() for end in bucket_ends(np.array([-LAST, LAST, 0]))] == [
        [-math.inf, math.inf, 0.0],
        [-math.inf, math.inf, 0.0],
    ]


def test_buckets_are_those_of_native_histograms() -> None:
    """Prometheus' bucket i of schema 5 holds the numbers above 2**((i - 1) / 32), up to 2**(i / 32)."""
    assert (buckets_of(np.array([1.0, 2.0, 4.0, 1.0220])) - 34400).tolist() == [0, 32, 64, 2]


@settings(deadline=None)
@given(st.lists(st.floats(), min_size=1))
def test_mantissas_are_the_numbers_in_units_of_their_buckets(numbers: list[float]) -> None:
    array = np.array(numbers)
    buckets = buckets_of(array)
    upper, lower = mantissas_of(array, buckets)
    known = [x if x == x else 0 for x in numbers]
    assert (upper * 2**26 + lower).tolist() == [oracle_values.mantissa(x) for x in known]
    finite = np.isfinite(array)
    back = np.ldexp((upper * 2**26 + lower).astype(np.float64), unit_exponents(buckets))
    assert np.array_equal(back[finite], np.abs(array[finite]))


@settings(deadline=None)
@given(st.lists(st.floats() | st.floats(width=32), min_size=1))
def test_the_kernel_adds_the_mantissas_and_keeps_the_extremes_of_numbers(numbers: list[float]) -> None:
    array = np.array(numbers)
    counts, reach, extremes = np.zeros(2, np.int64), np.zeros(2), np.full(2, math.nan)
    nothing = np.empty((0, 4), np.uint64), np.empty((0, 2), np.uint32)
    kernels.buckets.add_values(*nothing, array, counts, reach, extremes)
    rows = [oracle_values.value_row(x)[1] for x in numbers]
    assert counts.tolist() == [sum(row.get(cell, 0) for row in rows) for cell in ("upper_mantissa", "lower_mantissa")]
    assert (reach >= counts).all()
    ends = [row["lowest"] for row in rows if "lowest" in row]
    expected = [-min(ends), max(ends)] if ends else [math.nan, math.nan]
    assert struct.pack("2d", *(extremes + 0.0)) == struct.pack("2d", *np.array(expected) + 0.0) or not ends


def test_a_cell_of_an_octave_holds_at_most_one_bound() -> None:
    assert (np.diff(CELLS.astype(int)) <= 1).all()
    assert len(BOUNDS) == 32


def test_kernels_and_families_have_one_scale() -> None:
    """The modules of kernels, which import Numba, are not imported for constants."""
    assert kernels.buckets.LAST == LAST
    assert kernels.buckets.LOWER_BITS == LOWER_BITS
