"""Alarms: how many are false however long one looks, how late the true ones come, and that none is taken back."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fastmetrics.diagnosis.series.watch import evidence, least_rate, watch
from fastmetrics.errors import DataError, SchemaError

SERIES = 150


@pytest.mark.parametrize("base", [0.1, (50, 500), (2_000, 20_000)], ids=["known", "small", "large"])
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_false_alarms_stay_below_alpha_however_often_one_looks(base, alpha):
    rng = np.random.default_rng(8)
    alarms = 0
    for _ in range(SERIES):
        start = base if isinstance(base, float) else (int(rng.binomial(base[1], 0.1)), base[1])
        alarms += watch(rng.binomial(100, 0.1, 200), np.full(200, 100), base=start, alpha=alpha).alarm is not None
    assert stats.binomtest(alarms, SERIES, alpha, alternative="greater").pvalue > 0.001


@pytest.mark.parametrize("way", [1, -1])
def test_the_mean_of_the_evidence_is_one_at_the_base_and_less_beyond(way):
    """Over all series of four windows, weighed by their probability."""
    sizes, base = (2, 0, 3, 4), 0.3
    for rate, expected in ((base, 1.0), (base - way * 0.05, None), (base - way * 0.2, None)):
        means = np.zeros(len(sizes))
        for deal in product(*(range(size + 1) for size in sizes)):
            chance = math.prod(stats.binom.pmf(k, n, rate) for k, n in zip(deal, sizes, strict=True))
            means += chance * np.exp(evidence(np.array(deal, float), np.array(sizes, float), base, way))
        if expected is None:
            assert (means < 1).all()
            assert means[-1] < means[0]
        else:
            np.testing.assert_allclose(means, expected, rtol=1e-12)


def test_the_mean_of_the_sum_over_starts_is_the_number_of_windows():
    sizes, base, means = (2, 0, 3, 4), 0.3, np.zeros(4)
    for deal in product(*(range(size + 1) for size in sizes)):
        chance = math.prod(stats.binom.pmf(k, n, base) for k, n in zip(deal, sizes, strict=True))
        means += chance * np.exp(evidence(np.array(deal, float), np.array(sizes, float), base, 1, ever=False))
    np.testing.assert_allclose(means, [1, 2, 3, 4], rtol=1e-12)


@pytest.mark.parametrize("base", [0.1, (2_000, 20_000)], ids=["known", "estimated"])
def test_false_alarms_come_no_more_often_than_the_run_length_says(base):
    rng, runs = np.random.default_rng(9), []
    for _ in range(SERIES):
        start = base if isinstance(base, float) else (int(rng.binomial(base[1], 0.1)), base[1])
        alarm = watch(rng.binomial(100, 0.1, 400), np.full(400, 100), base=start, run_length=50).alarm
        runs.append(400 if alarm is None else alarm + 1)  # cut short, so the mean is larger still
    assert np.mean(runs) >= 50


def test_a_run_length_sees_late_changes_sooner():
    rng, delays = np.random.default_rng(10), {None: [], 500: []}
    for _ in range(60):
        bad = rng.binomial(200, np.where(np.arange(600) < 400, 0.1, 0.13))
        for run_length, found in delays.items():
            alarm = watch(bad, np.full(600, 200), base=0.1, run_length=run_length).alarm
            found += [alarm - 399] if alarm is not None and alarm >= 400 else []
    assert np.mean(delays[500]) < np.mean(delays[None])
    assert np.quantile(delays[500], 0.9) <= 20


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=40), st.data())
def test_a_longer_series_says_the_same_of_earlier_windows(windows, data):
    bad, rows = (np.array(column) for column in zip(*((min(k, n), n) for k, n in windows), strict=True))
    cut = data.draw(st.integers(1, len(rows)))
    short, long = (watch(bad[:end], rows[:end], base=(30, 200)) for end in (cut, len(rows)))
    np.testing.assert_allclose(short.evidence, long.evidence[:cut], rtol=1e-12, atol=1e-12)
    if short.alarm is not None:
        assert (short.alarm, short.since, short.side) == (long.alarm, long.since, long.side)


@pytest.mark.parametrize(("rate", "side", "latest"), [(0.2, "rise", 6), (0.13, "rise", 45), (0.05, "fall", 12)])
def test_alarms_come_soon_and_know_when_it_began(rate, side, latest):
    rng = np.random.default_rng(6)
    delays, errors = [], []
    for _ in range(60):
        bad = rng.binomial(200, np.where(np.arange(250) < 100, 0.1, rate))
        found = watch(bad, np.full(250, 200), base=(int(rng.binomial(20_000, 0.1)), 20_000))
        assert found.side == side
        delays.append(found.alarm - 99)
        errors.append(abs(found.since - 100))
    assert np.quantile(delays, 0.9) <= latest
    assert np.median(errors) <= 2


def test_only_the_side_asked_for():
    assert watch([50] * 5, [100] * 5, base=0.1, side="fall").alarm is None
    assert watch([50] * 5, [100] * 5, base=0.1, side="rise").side == "rise"
    assert watch([0] * 20, [100] * 20, base=0.1, side="fall").side == "fall"


@given(st.integers(1, 3_000), st.data())
@settings(max_examples=40, deadline=None)
def test_the_range_of_the_base_is_clopper_and_pearsons(size, data):
    count = data.draw(st.integers(0, size))
    expected = stats.beta.ppf(0.005, count, size - count + 1) if count else 0
    assert least_rate(count, size, 0.005) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_windows_without_rows_and_no_windows():
    assert watch([], [], base=0.1).alarm is None
    assert watch([0, 0, 60], [0, 0, 100], base=0.1).since == 2
    assert watch([5, 5], [5, 5], base=(10, 10)).alarm is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"base": (0, 0)}, "no rows"),
        ({"base": 1.0}, "rate"),
        ({"base": 0.1, "alpha": 0}, "alpha"),
        ({"base": (3, 2)}, "k"),
        ({"base": 0.1, "run_length": 0}, "run_length"),
    ],
)
def test_bases_that_are_none(arguments, message):
    with pytest.raises(DataError, match=message):
        watch([1], [2], **arguments)


def test_unknown_side():
    with pytest.raises(SchemaError, match=r"unknown side 'rising' \(known: both, rise, fall\)"):
        watch([1], [2], base=0.1, side="rising")
