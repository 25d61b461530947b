"""Metrics as Polars expressions, of one table and by group, beside numpy's sums of masks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

import fastmetrics.polars as fpl

ROWS = 1_000_000
GROUPS = 1_000
ROUNDS = 7
NAMES = ("precision", "recall", "f1")
Columns = dict[str, NDArray[Any]]


@cache
def columns() -> Columns:
    rng = np.random.default_rng(0)
    group = rng.integers(0, GROUPS, ROWS).astype(np.int32)
    return {"group": group, "label": rng.random(ROWS) < 0.3, "pred": rng.random(ROWS) < 0.4}


@cache
def frame() -> pl.DataFrame:
    return pl.DataFrame(columns())


def from_cells(tp: Any, positive: Any, predicted: Any) -> NDArray[np.float64]:
    """The three metrics, a row each."""
    return np.stack(np.broadcast_arrays(tp / predicted, tp / positive, 2 * tp / (positive + predicted)))


def whole_by_numpy() -> NDArray[np.float64]:
    label, pred = columns()["label"], columns()["pred"]
    return from_cells(np.sum(label & pred), label.sum(), pred.sum())


def grouped_by_numpy() -> NDArray[np.float64]:
    group, label, pred = columns().values()
    return from_cells(*(np.bincount(group[mask], minlength=GROUPS) for mask in (label & pred, label, pred)))


def whole_by_expressions() -> NDArray[np.float64]:
    found = frame().select(getattr(fpl, name)("label", "pred") for name in NAMES)
    return np.array(found.row(0), np.float64)


def grouped_by_expressions() -> NDArray[np.float64]:
    found = frame().group_by("group").agg(getattr(fpl, name)("label", "pred") for name in NAMES)
    return found.sort("group").drop("group").to_numpy().T


WORKS: dict[str, dict[str, Callable[[], NDArray[np.float64]]]] = {
    "expressions, one table": {"fastmetrics": whole_by_expressions, "numpy": whole_by_numpy},
    "expressions, 1,000 groups": {"fastmetrics": grouped_by_expressions, "numpy": grouped_by_numpy},
}


@pytest.mark.parametrize("side", ["fastmetrics", "numpy"])
@pytest.mark.parametrize("work", WORKS)
def test_expressions(benchmark: BenchmarkFixture, work: str, side: str) -> None:
    benchmark.group = work
    (other,) = WORKS[work].keys() - {side}
    found = benchmark.pedantic(WORKS[work][side], rounds=ROUNDS, warmup_rounds=1)
    np.testing.assert_allclose(found, WORKS[work][other](), rtol=1e-12)
