"""Since when a rate is another one: likelihoods against exact ones, planted changes found in their place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracle
from fastmetrics.diagnosis.series.change_points import adjusted, since
from fastmetrics.diagnosis.series.likelihood import split_ratios
from fastmetrics.errors import DataError

windows = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=2, max_size=25)


def series(drawn):
    return tuple(np.array(column) for column in zip(*((min(k, n), n) for k, n in drawn), strict=True))


def planted(rng, rows, rates):
    return rng.binomial(rows, rates), np.broadcast_to(rows, np.shape(rates))


@settings(deadline=None)
@given(windows)
def test_the_ratio_of_a_split_is_the_exact_one(drawn):
    bad, rows = series(drawn)
    ratios = split_ratios(bad.cumsum()[:-1], rows.cumsum()[:-1], bad.sum(), rows.sum())
    expected = [oracle.split_ratio(bad.tolist(), rows.tolist(), at) for at in range(1, len(rows))]
    np.testing.assert_allclose(ratios, expected, atol=1e-9)


def mixed(rng, leaves, before, after, rows):
    """Rows whose mix of leaves changes halfway."""
    halves = [rng.multinomial(rows, weights / weights.sum(), 20) for weights in (before, after)]
    return np.concatenate(halves).T


def test_a_change_of_mix_is_no_change_of_rate():
    weights = np.random.default_rng(1).dirichlet(np.ones(30))
    rows = 40_000 * np.repeat(np.stack([weights, weights[::-1]]), 20, axis=0).T
    bad, expected = adjusted(rows * np.linspace(0.05, 0.5, 30)[:, None], rows)
    crude = bad / rows.sum(0)
    assert np.ptp(crude) > 0.01
    np.testing.assert_allclose(bad / expected, (bad / expected)[0])


def test_a_leaf_alone_keeps_its_rate():
    bad, rows = adjusted([[5, 9, 30]], [[100, 100, 200]])
    np.testing.assert_allclose(bad / rows, [0.05, 0.09, 0.15])


def test_leaves_that_cannot_show_a_change_are_added_up():
    bad, rows = adjusted([[0, 0], [3, 4]], [[5, 5], [3, 4]])
    assert (bad.tolist(), rows.tolist()) == ([3, 4], [8, 9])


SHAPES = {
    "step": lambda x: (x >= 0) * 1.0,
    "ramp": lambda x: np.clip((x + 1) / 10, 0, 1),
    "pulse": lambda x: ((x >= 0) & (x < 3)) * 1.0,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("later", [0, 4])
def test_what_began_behind_a_border(shape, later):
    rng, errors, shapes, ends = np.random.default_rng(7), [], [], []
    for _ in range(80):
        border = int(rng.integers(20, 65))
        bad, rows = planted(rng, 300, 0.1 + 0.1 * SHAPES[shape](np.arange(90) - border - later))
        found = since(bad, rows, border)
        errors.append(abs(found.since - border - later))
        shapes.append(found.shape == shape)
        ends.append(found.until is not None and abs(found.until - border - later - 3))
    assert np.median(errors) <= (2 if shape == "ramp" else 0)
    assert np.quantile(errors, 0.9) <= (5 if shape == "ramp" else 1)
    assert np.mean(shapes) >= 0.85
    assert shape != "pulse" or np.median(ends) == 0


def test_a_long_series_is_searched_to_the_window():
    rates = np.full(5_000, 0.1)
    rates[3_217:3_405] = 0.2
    bad, rows = planted(np.random.default_rng(8), 200, rates)
    found = since(bad, rows, 1_000)
    assert (found.shape, found.since, found.until) == (
        "pulse",
        pytest.approx(3_217, abs=1),
        pytest.approx(3_405, abs=1),
    )


def test_windows_without_rows_begin_nothing():
    assert since([1, 0, 2, 0, 0, 9, 8], [10, 0, 10, 0, 0, 10, 10], 3).since == 5


def test_leaves_as_one_series_have_no_mix():
    rng = np.random.default_rng(9)
    rows = mixed(rng, 20, np.linspace(1, 5, 20), np.linspace(5, 1, 20), 5_000)
    rates = np.linspace(0.05, 0.4, 20)[:, None] * np.where(np.arange(40) < 30, 1.0, 1.3)
    found = since(*adjusted(rng.binomial(rows, rates), rows), 25)
    assert (found.since, found.shape) == (pytest.approx(30, abs=1), "step")


@pytest.mark.parametrize(
    ("bad", "rows", "message"),
    [
        ([1, 2], [1], "equal arrays"),
        ([3, 1], [2, 2], "0 <= k <= n"),
        ([-1, 1], [2, 2], "finite"),
        ([[1]], [[2]], "windows"),
    ],
)
def test_series_that_are_none(bad, rows, message):
    with pytest.raises(DataError, match=message):
        since(bad, rows, 1)


def test_borders_that_are_none():
    with pytest.raises(DataError, match="border=0"):
        since([1, 1], [2, 2], 0)
    with pytest.raises(DataError, match="border=1"):
        since([0, 1], [0, 2], 1)
    with pytest.raises(DataError, match="leaves x windows"):
        adjusted([1], [2])
