"""When a rate changed: against splits and segments tried one by one, and planted changes found in their place."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracle
from fastmetrics.diagnosis.series.change_points import adjusted, changes, pelt, since, split, strata_split
from fastmetrics.diagnosis.series.null_law import entropy
from fastmetrics.errors import DataError

windows = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=2, max_size=25)


def series(drawn):
    return tuple(np.array(column) for column in zip(*((min(k, n), n) for k, n in drawn), strict=True))


def planted(rng, rows, rates):
    return rng.binomial(rows, rates), np.broadcast_to(rows, np.shape(rates))


@settings(deadline=None)
@given(windows)
def test_the_best_split_is_the_best_of_all(drawn):
    bad, rows = series(drawn)
    found = split(bad, rows)
    ratios = [oracle.split_ratio(bad.tolist(), rows.tolist(), at) for at in range(1, len(rows))]
    assert found.statistic == pytest.approx(max(ratios), abs=1e-9)
    if 0 < bad.sum() < rows.sum() and max(ratios) > 1e-6:
        assert ratios[found.at - 1] == pytest.approx(max(ratios), abs=1e-9)
        assert found.low <= found.at <= found.high
        assert found.before == pytest.approx(bad[: found.at].sum() / rows[: found.at].sum())
        assert found.after == pytest.approx(bad[found.at :].sum() / rows[found.at :].sum())


@settings(deadline=None)
@given(windows)
def test_one_leaf_is_split_as_a_series(drawn):
    bad, rows = series(drawn)
    alone, leaf = split(bad, rows), strata_split(bad[None], rows[None])
    assert leaf.statistic == pytest.approx(alone.statistic, rel=1e-6, abs=1e-6)
    if alone.statistic > 0.5:
        assert leaf.p == pytest.approx(alone.p, rel=0.05, abs=1e-6)


def test_the_evidence_within_leaves_is_that_of_cochran_mantel_and_haenszel():
    rng = np.random.default_rng(0)
    rows = rng.integers(2_000, 4_000, (6, 12))
    bad = rng.binomial(rows, np.linspace(0.1, 0.4, 6)[:, None] * np.where(np.arange(12) < 7, 1, 1.03))
    found = strata_split(bad, rows)
    off, variance = oracle.strata_moments(bad.tolist(), rows.tolist(), found.at)
    assert found.at == pytest.approx(7, abs=1)
    assert found.statistic == pytest.approx(float(off * off / variance) / 2, rel=0.03)


def mixed(rng, leaves, before, after, rows):
    """Rows whose mix of leaves changes halfway."""
    halves = [rng.multinomial(rows, weights / weights.sum(), 20) for weights in (before, after)]
    return np.concatenate(halves).T


def test_a_change_of_mix_is_no_change_of_rate():
    rng = np.random.default_rng(1)
    ps, pooled = [], []
    for _ in range(200):
        weights = rng.dirichlet(np.ones(30))
        rows = mixed(rng, 30, weights, weights * np.exp(np.linspace(-2, 2, 30)), 400)
        bad = rng.binomial(rows, np.linspace(0.05, 0.5, 30)[:, None])
        ps.append(strata_split(bad, rows).p)
        pooled.append(split(bad.sum(0), rows.sum(0)).p)
    assert np.mean(np.array(ps) <= 0.05) <= 0.09
    assert np.mean(np.array(ps) <= 0.5) >= 0.35
    assert np.mean(np.array(pooled) <= 0.05) > 0.9


def test_leaves_that_hardly_overlap_raise_no_alarm():
    rng = np.random.default_rng(2)
    ps = []
    for _ in range(200):
        rows = np.vstack(
            [np.r_[np.full(10, 50), np.eye(1, 10, 3, dtype=int)[0]], np.r_[np.zeros(10, int), np.full(10, 50)]]
        )
        ps.append(strata_split(rng.binomial(rows, [[0.1], [0.4]]), rows).p)
    assert np.mean(np.array(ps) <= 0.05) <= 0.1


@pytest.mark.parametrize(
    ("rows", "before", "after"), [(100, 0.2, 0.3), (100, 0.1, 0.2), (100, 0.3, 0.2), (400, 0.05, 0.08)]
)
def test_a_planted_step_is_found_within_a_window(rows, before, after):
    rng, errors, covered = np.random.default_rng(3), [], []
    for _ in range(200):
        at = int(rng.integers(20, 71))
        found = split(*planted(rng, rows, np.where(np.arange(90) < at, before, after)))
        assert found.p < 0.05
        errors.append(abs(found.at - at))
        covered.append(found.low <= at <= found.high)
    assert np.median(errors) <= 1
    assert np.quantile(errors, 0.9) <= 3
    assert np.mean(covered) >= 0.93


def test_a_step_within_many_leaves_is_found():
    rng, errors = np.random.default_rng(4), []
    for _ in range(60):
        at = int(rng.integers(20, 71))
        weights = rng.dirichlet(np.ones(50))
        rows = rng.multinomial(200, weights, 90).T
        odds = rng.uniform(0.05, 0.3, 50)[:, None] * np.where(np.arange(90) < at, 1.0, 1.8)
        errors.append(abs(strata_split(rng.binomial(rows, odds), rows).at - at))
    assert np.median(errors) <= 1
    assert np.quantile(errors, 0.9) <= 3


def test_dispersion_divides_the_evidence():
    bad, rows = [5, 4, 6, 5, 14, 16, 15], [100] * 7
    plain, wide = split(bad, rows), split(bad, rows, dispersion=2.0)
    assert wide.statistic == pytest.approx(plain.statistic / 2)
    assert wide.p > plain.p
    assert strata_split([bad], [rows], dispersion=2.0).p == pytest.approx(wide.p, rel=0.1)


@settings(max_examples=60, deadline=None)
@given(windows, st.floats(0.1, 8))
def test_segments_are_the_optimum_over_all(drawn, penalty):
    bad, rows = series(drawn)
    ends = pelt(bad.astype(float), rows.astype(float), penalty)
    pieces = [slice(a, b) for a, b in pairwise(ends)]
    cost = -sum(float(entropy(float(bad[piece].sum()), float(rows[piece].sum()))) for piece in pieces)
    assert cost + penalty * (len(pieces) - 1) == pytest.approx(
        oracle.segments(bad.tolist(), rows.tolist(), penalty), abs=1e-8
    )


def test_several_changes():
    rng = np.random.default_rng(5)
    bad, rows = planted(rng, 500, np.repeat([0.1, 0.2, 0.12, 0.3], 25))
    found = changes(bad, rows)
    assert [change.at for change in found] == pytest.approx([25, 50, 75], abs=2)
    assert all(change.low <= change.at <= change.high and change.p < 0.001 for change in found)


@pytest.mark.parametrize(("windows", "rows", "rate"), [(30, 20, 0.05), (30, 2_000, 0.1)])
def test_a_series_without_change_shows_one_as_seldom_as_said(windows, rows, rate):
    rng = np.random.default_rng(6)
    seen = [bool(changes(*planted(rng, rows, np.full(windows, rate)), alpha=0.1)) for _ in range(150)]
    assert 0.03 <= np.mean(seen) <= 0.18


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
    bad, rows = [1, 0, 2, 0, 0, 9, 8], [10, 0, 10, 0, 0, 10, 10]
    assert split(bad, rows).at == 5
    assert split(bad, rows).p == split([1, 2, 9, 8], [10] * 4).p
    assert since(bad, rows, 3).since == 5
    assert [change.at for change in changes(bad, rows, penalty=2.0)] == [5]


@pytest.mark.parametrize(("bad", "rows"), [([], []), ([1], [2]), ([0, 0], [5, 5]), ([5, 5], [5, 5]), ([1, 0], [2, 0])])
def test_series_that_cannot_be_split(bad, rows):
    assert split(bad, rows).p == 1
    assert strata_split([bad], [rows]).p == 1
    assert changes(bad, rows) == ()


def test_leaves_as_one_series_have_no_mix():
    rng = np.random.default_rng(9)
    rows = mixed(rng, 20, np.linspace(1, 5, 20), np.linspace(5, 1, 20), 5_000)
    rates = np.linspace(0.05, 0.4, 20)[:, None] * np.where(np.arange(40) < 30, 1.0, 1.3)
    found = changes(*adjusted(rng.binomial(rows, rates), rows))
    assert [change.at for change in found] == pytest.approx([30], abs=1)


@pytest.mark.parametrize("call", [split, lambda k, n: since(k, n, 1), changes])
@pytest.mark.parametrize(
    ("bad", "rows", "message"),
    [
        ([1, 2], [1], "equal arrays"),
        ([3, 1], [2, 2], "0 <= k <= n"),
        ([-1, 1], [2, 2], "finite"),
        ([[1]], [[2]], "windows"),
    ],
)
def test_series_that_are_none(call, bad, rows, message):
    with pytest.raises(DataError, match=message):
        call(bad, rows)


def test_borders_and_penalties_that_are_none():
    with pytest.raises(DataError, match="border=0"):
        since([1, 1], [2, 2], 0)
    with pytest.raises(DataError, match="border=1"):
        since([0, 1], [0, 2], 1)
    with pytest.raises(DataError, match="penalty"):
        changes([1, 1], [2, 2], penalty=0)
    with pytest.raises(DataError, match="leaves x windows"):
        strata_split([1], [2])
