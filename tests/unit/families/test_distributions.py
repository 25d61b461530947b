"""Curves of numbers: every row is in one bin, and shares are those of the numbers themselves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fastmetrics as fm
from fastmetrics.errors import SchemaError

NUMBERS = st.none() | st.floats(allow_nan=False) | st.integers(-100, 100).map(float) | st.sampled_from([0.0, math.inf])
RNG = np.random.default_rng(5)
MANY = RNG.lognormal(6, 1, 20_000)


def curve(numbers: Any, kind: str, **of: Any) -> pl.DataFrame:
    return fm.count({"x": pl.Series(numbers, dtype=pl.Float64)}, fm.values("x", **of)).curve(kind)


def inside(numbers: list[float | None], low: float | None, high: float | None) -> int:
    """The numbers of a bin, counted one by one."""
    if low is None or high is None:
        return sum(x is None for x in numbers)
    if low == high:
        return sum(x == low for x in numbers)
    known = [x for x in numbers if x is not None]
    return sum(low < x <= high for x in known) if high > 0 else sum(low <= x < high for x in known)


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=60))
@example([5e-324, 1e-323, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308])
@example([math.inf, -math.inf, None, 0.0, -0.0])
@example([None, None])
def test_every_row_is_in_one_bin(numbers: list[float | None]) -> None:
    frame = curve(numbers, "distribution")
    known = sum(x is not None for x in numbers)
    assert frame["n"].sum() == len(numbers)
    for low, high, middle, n, share in frame.iter_rows():
        assert n == inside(numbers, low, high)
        assert share == (None if low is None else n / known)
        assert middle is None or low <= middle <= high
    ends = frame.drop_nulls().select("low", "high")
    assert ends["low"].is_sorted()
    assert ends["high"].is_sorted()


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=60), st.booleans())
@example([1.0, 1.0001, 1.0002], True)
def test_a_cumulative_share_is_that_of_the_numbers_up_to_one(numbers: list[float | None], extremes: bool) -> None:
    frame = curve(numbers, "cumulative", extremes=extremes)
    known = [x for x in numbers if x is not None]
    assert frame["n"].sum() == len(numbers)
    for number, _, share in frame.iter_rows():
        assert share == (None if number is None else sum(x <= number for x in known) / len(known))
    if extremes:
        assert set(frame["number"].drop_nulls()) <= set(known)


def test_bins_are_of_equal_ratio_and_few() -> None:
    frame = curve(MANY, "distribution").filter(pl.col("n") > 0)
    ratios = frame.select(pl.col("high") / pl.col("low")).to_series()
    assert ratios.to_list() == pytest.approx([2**0.25] * len(frame))
    steps = curve(MANY, "cumulative").height
    assert 30 < len(frame) < 64 < steps < 512
    narrow = curve(RNG.uniform(100, 200, 5000), "distribution").filter(pl.col("n") > 0)
    assert 25 < len(narrow) < 40


def test_one_number_far_out_makes_no_bin_larger() -> None:
    alone, beside = (curve([*MANY, *more], "distribution").filter(pl.col("n") > 0) for more in ((), (1e300, -1e-300)))
    assert beside.height == alone.height + 2
    assert beside.filter(pl.col("low").is_between(1, 1e9))["n"].to_list() == alone["n"].to_list()


def test_bins_without_rows_lie_beside_those_with_some() -> None:
    frame = curve([3.0, 3.0, 1000.0], "distribution")
    assert frame["n"].to_list() == [0, 2, 0, 0, 1, 0]
    assert frame["share"].to_list() == pytest.approx([0, 2 / 3, 0, 0, 1 / 3, 0])


def test_groups_have_the_same_bins_and_shares_of_their_own() -> None:
    log = pl.DataFrame({"x": [1.0, 1.0, 4.0, None, 4.0], "m": ["a", "a", "a", "b", "b"]})
    counts = fm.count(log, fm.values("x"), by="m")
    assert counts.curve("cumulative").rows() == [
        ("a", 1.0, 2, 2 / 3), ("a", 4.0, 1, 1.0), ("b", 4.0, 1, 1.0), ("b", None, 1, None)
    ]  # fmt: skip
    both = counts.curve("distribution").filter(pl.col("n") > 0, pl.col("high") == 4)
    assert both.select("m", "share").rows() == [("a", pytest.approx(1 / 3)), ("b", 1.0)]


def test_weights_are_what_shares_are_of() -> None:
    counts = fm.count({"x": [1.0, 4.0], "w": [3.0, 1.0]}, fm.values("x", extremes=False), weight="w")
    assert counts.curve("cumulative").rows() == [(1.0, 3.0, 0.75), (4.0, 1.0, 1.0)]


def test_a_curve_of_several_families_is_asked_for_by_its_family() -> None:
    log = {"a": [1.0], "b": [2.0], "label": [1], "score": [0.5]}
    counts = fm.count(log, fm.values("a"), fm.values("b"), fm.scores("label", "score"))
    assert counts.curve("b.cumulative")["number"].to_list() == [2.0]
    assert counts.curve("roc").equals(counts.curve("scores.roc"))
    with pytest.raises(SchemaError, match=r"known to several families; ask for 'a\.distribution', 'b\.distribution'"):
        counts.curve("distribution")
    with pytest.raises(SchemaError, match=r"unknown curve 'a\.cumulatve'; did you mean 'a\.cumulative'\?"):
        counts.curve("a.cumulatve")


def test_no_rows_make_no_points() -> None:
    assert curve([], "distribution").is_empty()
    assert curve([], "cumulative").is_empty()
