"""Numbers in large: their buckets by exact integers, their sums by one rounding, quantiles of many distributions."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

import fastmetrics as fm
from fastmetrics.contract.cells import NO_INTEGER
from fastmetrics.families.buckets import LAST, bucket_ends, buckets_of
from oracle_values import bucket_of, quantile, value_row

ROWS = 1_000_000
DISTRIBUTIONS = 400
SHARES = ("0", "0.001", "0.01", "0.5", "0.9", "0.95", "0.99", "0.999", "1")


def generator(drawn: random.Random) -> np.random.Generator:
    return np.random.default_rng(drawn.getrandbits(64))


def exact_buckets(numbers: NDArray[Any]) -> list[int]:
    with np.errstate(invalid="ignore"):  # of NaN that signals
        found = map(bucket_of, numbers.astype(np.float64).tolist())
    return [NO_INTEGER if bucket is None else bucket for bucket in found]


@pytest.mark.parametrize(("bits", "dtype"), [(np.uint64, np.float64), (np.uint32, np.float32)])
def test_numbers_of_any_bits_lie_in_the_bucket_of_exact_integers(drawn: random.Random, bits: Any, dtype: Any) -> None:
    numbers = generator(drawn).integers(0, np.iinfo(bits).max, ROWS, bits, endpoint=True).view(dtype)
    expected = exact_buckets(numbers)
    assert buckets_of(numbers).tolist() == expected
    table = fm.count({"x": numbers}, fm.values("x")).tables["x"]
    rows = Counter(None if bucket == NO_INTEGER else bucket for bucket in expected)
    assert dict(table.select("bucket", "rows").iter_rows()) == rows


@np.errstate(over="ignore")
def test_both_ends_of_every_bucket_and_their_neighbours_lie_where_they_should() -> None:
    buckets = np.arange(-LAST, LAST + 1)
    low, high = bucket_ends(buckets)
    assert (exact_buckets(np.array([low[0], high[-1]])), low[LAST], high[LAST]) == ([-LAST, LAST], 0.0, 0.0)
    for ends in (low, high):
        for points in (ends, np.nextafter(ends, np.inf), np.nextafter(ends, -np.inf)):
            assert buckets_of(points).tolist() == exact_buckets(points)
    filled = buckets_of(low) == buckets  # below 2**-1070 there are more buckets than numbers
    assert filled.sum() > 2 * LAST - 2 * 32 * 6
    beyond = (
        np.nextafter(high[filled & (buckets < LAST)], np.inf),
        np.nextafter(low[filled & (buckets > -LAST)], -np.inf),
    )
    assert (buckets_of(high)[filled] == buckets[filled]).all()
    assert (buckets_of(beyond[0]) > buckets[filled & (buckets < LAST)]).all()
    assert (buckets_of(beyond[1]) < buckets[filled & (buckets > -LAST)]).all()
    floats = np.concatenate([low, high]).astype(np.float32)
    assert buckets_of(floats).tolist() == exact_buckets(floats)


def test_all_cells_are_those_of_exact_integers(drawn: random.Random) -> None:
    numbers = generator(drawn).integers(0, 2**64 - 1, 5_000, np.uint64, endpoint=True).view(np.float64)
    wanted: dict[Any, dict[str, float]] = {}
    for number in numbers.tolist():
        (bucket,), cells = value_row(number)
        held = wanted.setdefault(bucket, dict.fromkeys(("rows", "upper_mantissa", "lower_mantissa"), 0))
        for cell in ("rows", "upper_mantissa", "lower_mantissa"):
            held[cell] += cells.get(cell, 0)
        if "lowest" in cells:
            held["lowest"] = min(held.get("lowest", math.inf), cells["lowest"])
            held["highest"] = max(held.get("highest", -math.inf), cells["highest"])
    for row in fm.count({"x": numbers}, fm.values("x")).tables["x"].iter_rows(named=True):
        assert {cell: value for cell, value in row.items() if value is not None and cell != "bucket"} == wanted.pop(
            row["bucket"]
        )
    assert not wanted


def wide(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.choice([-1, 1], ROWS) * rng.random(ROWS) * 10.0 ** rng.uniform(-300, 300, ROWS)


def cancelling(rng: np.random.Generator) -> NDArray[np.float64]:
    large = 10.0 ** rng.uniform(0, 250, ROWS // 2 - 5)
    return rng.permutation(np.concatenate([large, -large, rng.normal(0, 1e-200, 10)]))


def least(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.integers(-(2**20), 2**20, ROWS) * 5e-324


def near_one_number(rng: np.random.Generator) -> NDArray[np.float64]:
    return 1e15 + rng.integers(0, 2**10, ROWS) / 2**3


def whole(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.integers(-(2**53), 2**53, ROWS).astype(np.float64)


@pytest.mark.parametrize("hostile", [wide, cancelling, least, near_one_number, whole])
def test_sums_are_those_of_exact_numbers_rounded_once(
    drawn: random.Random, hostile: Callable[[np.random.Generator], NDArray[np.float64]]
) -> None:
    numbers = hostile(generator(drawn))
    cut = drawn.randrange(ROWS)
    parts = fm.count({"x": numbers[:cut]}, fm.values("x")) + fm.count({"x": numbers[cut:]}, fm.values("x"))
    found = parts.metrics("sum", "mean").row(0, named=True)
    assert found["sum"] == math.fsum(numbers.tolist())
    assert found["mean"] == found["sum"] / ROWS


@np.errstate(over="ignore")
def distribution(rng: np.random.Generator) -> NDArray[np.float64]:
    """Numbers of a distribution drawn at random: a mixture of shapes, of any scale, with ties, signs and infinities."""
    size = int(10 ** rng.uniform(0, 4.3))
    spread = 10 ** rng.uniform(-3, 1)
    shapes: list[Callable[[], NDArray[Any]]] = [
        lambda: rng.lognormal(0, spread, size),
        lambda: 1 + rng.pareto(rng.uniform(0.3, 3), size),
        lambda: rng.uniform(0, 1, size),
        lambda: rng.integers(0, int(10 ** rng.uniform(1, 9)), size),
        lambda: np.full(size, rng.random()),
        lambda: rng.normal(10 ** rng.uniform(-2, 2), 1, size),
        lambda: rng.weibull(spread, size),
    ]
    one, other = (shapes[rng.integers(len(shapes))]() for _ in range(2))
    numbers = np.where(rng.random(size) < rng.random(), one, other) * 10 ** rng.uniform(-290, 200)
    if rng.random() < 0.3:
        numbers = numbers * rng.choice([-1, 1], size)
    if rng.random() < 0.1:
        numbers = np.where(rng.random(size) < 0.05, np.inf, numbers)
    return numbers.astype(np.float64)


def test_quantiles_of_any_distribution_are_within_the_error(drawn: random.Random) -> None:
    rng = generator(drawn)
    names = [f"p{float(100 * Fraction(share)):g}" for share in SHARES]
    for _ in range(DISTRIBUTIONS):
        numbers = distribution(rng)
        extremes = bool(rng.random() < 0.5)
        log = pl.DataFrame({"x": numbers})
        row = fm.count(log, fm.values("x", extremes=extremes)).metrics(*names).row(0, named=True)
        ordered = np.sort(numbers).tolist()
        for name, share in zip(names, SHARES, strict=True):
            exact = quantile(ordered, share)
            assert exact is not None
            if math.isinf(exact):
                assert (row[name], row[f"{name}_error"]) == (exact, 0.0)
                continue
            assert abs(row[name] - exact) <= row[f"{name}_error"] * (1 + 1e-12)
            assert abs(row[name] - exact) <= 0.0109 * abs(exact) or abs(exact) < 1e-300  # of few digits
