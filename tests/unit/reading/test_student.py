"""Student's t against scipy, in the middle and in the far tails, of few and of many degrees of freedom."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fastmetrics.reading.intervals.student import few, quantile, tail

FREEDOM = np.concatenate([np.arange(1, 101), np.geomspace(0.3, 1e6, 150), [1e9]])


@pytest.mark.parametrize("level", [0.1, 0.5, 0.95, 0.999, 1 - 1e-9])
def test_quantiles_are_those_of_scipy(level: float) -> None:
    np.testing.assert_allclose(quantile(level, FREEDOM), stats.t.isf(0.5 - level / 2, FREEDOM), rtol=1e-10)


@pytest.mark.parametrize("t", [0.0, 1e-3, 0.7, 2.0, 9.0, 37.0, 1e4])
def test_tails_are_those_of_scipy(t: float) -> None:
    freedom = FREEDOM if t < 100 else FREEDOM[FREEDOM < 50]  # beyond it scipy has 0
    np.testing.assert_allclose(tail(np.full_like(freedom, t), freedom), stats.t.sf(t, freedom), rtol=1e-10)


def test_a_tail_at_its_quantile_is_what_was_asked_for() -> None:
    np.testing.assert_allclose(2 * tail(quantile(0.95, FREEDOM), FREEDOM), 0.05, rtol=1e-10)


def test_without_degrees_of_freedom_there_is_no_quantile() -> None:
    assert np.isnan(quantile(0.95, [0.0, -1.0, np.nan])).all()
    assert quantile(0.95, np.zeros((0,))).shape == (0,)
    assert 1e20 < quantile(0.95, [0.02])[0] < np.inf
    assert not np.isnan(tail(1e300, 0.5))


def test_few_degrees_of_freedom_are_rounded_down_by_little() -> None:
    whole = np.arange(1.0, 4097)
    assert (few(whole) == whole).all()
    rounded = few(FREEDOM)
    assert (rounded <= FREEDOM).all()
    assert (rounded > FREEDOM * (1 - 2.0**-11)).all()
    assert len(np.unique(few(np.random.default_rng(0).uniform(8, 16, 10**5)))) <= 2048
    assert np.isnan(few(np.array([np.nan]))).all()
