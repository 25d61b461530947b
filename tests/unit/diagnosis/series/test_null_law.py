"""The law of the best split by chance: against all ways to deal bad rows, simulated bridges and simulated series."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracle
from fastmetrics.diagnosis.series.null_law import (
    bridge_exceedance,
    exceedance,
    segment_threshold,
    split_ratios,
    threshold,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=5), st.data())
def test_small_series_are_exact(sizes, data):
    if sum(sizes) < 2:
        return
    bad = data.draw(st.integers(1, sum(sizes) - 1))
    taken, deal = bad, []
    for size, rest in zip(sizes, np.cumsum(sizes[::-1])[::-1] - sizes, strict=True):
        deal.append(data.draw(st.integers(max(0, taken - int(rest)), min(size, taken))))
        taken -= deal[-1]
    done, so_far = np.cumsum(sizes)[:-1].astype(float), np.cumsum(deal)[:-1].astype(float)
    ratios = split_ratios(so_far, done, float(bad), float(sum(sizes)))
    expected = [
        oracle.split_ratio(deal, sizes, at) if 0 < done[at - 1] < sum(sizes) else 0 for at in range(1, len(sizes))
    ]
    np.testing.assert_allclose(ratios, expected, atol=1e-12)
    if ratios.max() > 1e-9:
        exact = float(oracle_tail(float(ratios.max()), bad, sizes))
        assert exceedance(float(ratios.max()), bad, np.array(sizes, float)) == pytest.approx(exact, abs=1e-9)


def oracle_tail(ratio, bad, sizes):
    """Windows without rows split nothing and are left out: the oracle cannot divide by them."""
    return oracle.split_tail(ratio, bad, [size for size in sizes if size])


EVEN = np.arange(1, 90) / 90
UNEVEN = np.sort(np.random.default_rng(4).uniform(0, 1, 60))
CROWDED = 1 / (1 + np.exp(-np.linspace(-0.3, 0.3, 40)))  # all splits near the middle
FEW = np.array([0.2, 0.5, 0.9])


@pytest.mark.parametrize("clock", [EVEN, UNEVEN, CROWDED, FEW], ids=["even", "uneven", "crowded", "few"])
def test_a_bridge_passes_its_bound_as_often_as_simulated(clock):
    rng = np.random.default_rng(11)
    steps = rng.normal(size=(40_000, len(clock) + 1)) * np.sqrt(np.diff(clock, prepend=0, append=1))
    paths = steps.cumsum(1)
    bridges = (paths[:, :-1] - clock * paths[:, -1:]) / np.sqrt(clock * (1 - clock))
    largest = np.abs(bridges).max(1)
    for share in (0.3, 0.1, 0.03, 0.01):
        bound = np.quantile(largest, 1 - share)
        assert bridge_exceedance(bound**2 / 2, clock) == pytest.approx(share, rel=0.08 + 2 / np.sqrt(40_000 * share))


@pytest.mark.parametrize(
    ("windows", "rows", "rate"),
    [(10, 20, 0.01), (10, 20, 0.5), (10, 10_000, 0.1), (50, 200, 0.01), (100, 20, 0.1), (365, 2_000, 0.1)],
)
def test_p_is_right_from_few_rows_to_many(windows, rows, rate):
    rng, trials = np.random.default_rng(2), 4_000
    sizes, bad = np.full(windows, rows), max(round(windows * rows * rate), 2)
    deals = rng.multivariate_hypergeometric(sizes, bad, size=trials, method="marginals").cumsum(1)[:, :-1]
    best = split_ratios(deals.astype(float), sizes.cumsum()[:-1].astype(float), float(bad), float(sizes.sum())).max(1)
    for share in (0.2, 0.05, 0.01):
        ratio = np.quantile(best, 1 - share, method="higher")
        seen = (best >= ratio - 1e-9).mean()
        assert exceedance(ratio, bad, sizes.astype(float)) == pytest.approx(seen, rel=0.1 + 2 / np.sqrt(trials * seen))


def test_a_year_of_days_has_the_known_threshold():
    """365 windows of 2,000 rows at a rate of .1: simulated, 99 % of the largest ratios stay below 6.81."""
    assert threshold(0.01, 73_000, np.full(365, 2_000.0)) == pytest.approx(6.81, abs=0.1)


def test_p_falls_with_the_ratio_and_goes_over_from_the_chain_to_the_bridge():
    rows = np.full(100, 50.0)
    falling = [exceedance(ratio, 500, rows) for ratio in np.arange(0.5, 40, 0.5)]
    assert all(a > b for a, b in pairwise(falling))
    assert exceedance(15.99, 500, rows) == pytest.approx(exceedance(16.01, 500, rows), rel=0.3)
    assert exceedance(900.0, 500, rows) == 0


def test_nothing_to_split_is_no_evidence():
    assert exceedance(3.0, 5, np.array([10.0])) == 1
    assert exceedance(3.0, 5, np.array([0.0, 10.0, 0.0])) == 1
    assert exceedance(3.0, 0, np.array([10.0, 10.0])) == 1
    assert exceedance(0.0, 5, np.array([10.0, 10.0])) == 1


def test_several_changes_cost_more_than_one():
    rows = np.full(60, 400.0)
    assert threshold(0.05, 2_400, rows) < segment_threshold(0.05, 2_400, rows) < threshold(0.02, 2_400, rows)
