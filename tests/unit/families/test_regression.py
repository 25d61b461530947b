"""The regression family: its metrics against scikit-learn, and its precision against exact rational arithmetic."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmetrics.contract.cells import CellTable
from fastmetrics.contract.family import Family
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.families.regression import SUMS, regression
from fastmetrics.metric import Cells, Metric, find, value
from fastmetrics.reading.intervals import bounds
from oracle_classes import compensated, regression_metrics
from oracle_metrics import mean_bounds

NAN, INF = math.nan, math.inf
U = 2.0**-53


def table_of(
    family: Family, groups: Any, labels: Any, predictions: Any, weights: Any = None, size: int = 1
) -> CellTable:
    """The cells that counting these rows gives, with the sums compensated as the scan does; NaN is null."""
    block = {"label": np.array(labels, np.float64), "prediction": np.array(predictions, np.float64)}
    rows, groups = family.rows(block), np.array(groups)
    states, values = rows.states(), [rows.sums(), *([] if rows.extremes is None else [rows.extremes()])]
    given = np.ones(len(groups)) if weights is None else np.array(weights, np.float64)
    cells: dict[str, Any] = {}
    squares = {}
    for i, name in enumerate(family.states):
        mine = [given[(groups == group) & (states == i)] for group in range(size)]
        cells[name] = np.array([part.sum() for part in mine])
        squares[name] = np.array([(part * part).sum() for part in mine])
    for cell, column in zip(family.of_kind("sum", "min", "max"), np.hstack(values).T, strict=True):
        kept = [column[(groups == group) & ~np.isnan(column)] for group in range(size)]
        if cell.merge == "sum":
            scaled = [part * given[(groups == group) & ~np.isnan(column)] for group, part in enumerate(kept)]
            cells[cell.name] = np.array([sum(compensated(part.tolist())) for part in scaled])
        else:
            end = max if cell.merge == "max" else min
            cells[cell.name] = np.array([end(part, default=NAN) for part in kept])
    return CellTable(np.arange(size), size, {}, Cells(cells, None if weights is None else squares))


def metrics_of(family: Family, *rows: Any, **options: Any) -> dict[str, Any]:
    cells = family.read(table_of(family, *rows, **options))
    return {row.name: value(row, cells) for row in family.metrics}


def one_group(labels: Any, predictions: Any, weights: Any = None, **options: Any) -> dict[str, float]:
    family = regression("y", "p", **options)
    found = metrics_of(family, np.zeros(len(labels), int), labels, predictions, weights)
    return {name: float(values[0]) for name, values in found.items()}


def r2(y: Any, p: Any, w: Any) -> float:
    return sk.r2_score(y, p, sample_weight=w) if len(y) > 1 else NAN


PEERS: dict[str, Any] = {
    "mae": lambda y, p, w: sk.mean_absolute_error(y, p, sample_weight=w),
    "mse": lambda y, p, w: sk.mean_squared_error(y, p, sample_weight=w),
    "rmse": lambda y, p, w: sk.root_mean_squared_error(y, p, sample_weight=w),
    "bias": lambda y, p, w: np.average(p - y, weights=w),
    "mape": lambda y, p, w: sk.mean_absolute_percentage_error(y, p, sample_weight=w),
    "wape": lambda y, p, w: np.average(np.abs(p - y), weights=w) / (np.average(np.abs(y), weights=w) or NAN),
    "r2": r2,
    "explained_variance": lambda y, p, w: sk.explained_variance_score(y, p, sample_weight=w),
    "max_error": lambda y, p, _: sk.max_error(y, p),
}


def log() -> tuple[Any, ...]:
    """Groups of many rows (0, 1), of one (2), of a constant label (3) met by its prediction (4), of nulls only (5)."""
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2, 3, 4, 5], [300, 40, 1, 5, 5, 3])
    labels = rng.normal(20, 5, len(groups))
    predictions = labels + rng.normal(0.3, 2, len(groups))
    labels[::17] = 0.0  # groups 0 and 1 and, at 340, the one of one row
    labels[groups >= 3], predictions[groups == 4] = 3.5, 3.5
    labels[5::11], predictions[3::7] = NAN, NAN
    labels[groups == 5], predictions[groups == 5] = [NAN, 1.0, NAN], [1.0, NAN, NAN]
    return groups, labels, predictions, rng.integers(1, 5, len(groups)).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shift", [0.0, 3.5, -100.0])
def test_every_metric_is_scikit_learns_in_each_group(weighted: bool, shift: float) -> None:
    groups, labels, predictions, weights = log()
    family = regression("y", "p", shift=shift, extremes=not weighted)
    found = metrics_of(family, groups, labels, predictions, weights if weighted else None, size=6)
    assert ("max_error" in found) is not weighted
    for group in range(6):
        judged = (groups == group) & ~np.isnan(labels) & ~np.isnan(predictions)
        columns = labels[judged], predictions[judged], weights[judged] if weighted else None
        for name in found.keys() & PEERS:
            unknown = weighted and shift != 3.5 and group in (3, 4) and name in ("r2", "explained_variance")
            expected = PEERS[name](*columns) if judged.any() and not unknown else NAN
            assert found[name][group] == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True), (name, group)


@pytest.mark.parametrize(
    ("name", "summand"), [("mae", np.abs), ("bias", lambda e: e), ("mse", np.square), ("rmse", np.square)]
)
def test_the_limits_are_those_of_a_mean(name: str, summand: Any) -> None:
    labels, predictions = (np.array(column) for column in around(50.0, 200, 3.0))
    family = regression("y", "p")
    cells = family.read(table_of(family, np.zeros(200, int), labels, predictions))
    low, high = bounds(find(name, family.metrics), cells, 0.95)
    summands = summand(predictions - labels)
    expected = np.array(mean_bounds(summands, signed=name == "bias"))
    assert [low[0], high[0]] == pytest.approx(list(expected**0.5 if name == "rmse" else expected), rel=1e-4)


def test_rows_that_are_not_judged_are_counted_apart() -> None:
    family = regression("y", "p")
    assert family.states == ("judged", "unpredicted", "unlabelled", "unlabelled_unpredicted")
    roles = {"label": np.array([1.0, 2.0, NAN, NAN]), "prediction": np.array([1.5, NAN, 3.0, NAN], np.float32)}
    rows = family.rows(roles)
    assert rows.states().dtype == np.uint8
    assert rows.states().tolist() == [0, 1, 2, 3]
    values = np.hstack([rows.sums(), rows.extremes()])
    assert values.shape == (4, len(family.of_kind("sum", "min", "max")))
    assert np.isnan(values).all(axis=1).tolist() == [False, True, True, True]
    assert not np.isnan(values[0]).any()
    found = metrics_of(family, [0] * 4, roles["label"], roles["prediction"])
    assert (found["label_coverage"][0], found["answer_rate"][0]) == (0.5, 0.5)


def test_float32_is_widened_before_it_is_subtracted() -> None:
    label, prediction = np.array([16777216.0], np.float32), np.array([0.25], np.float32)
    rows = regression("y", "p").rows({"label": label, "prediction": prediction})
    assert rows.sums()[0, 0] == 0.25 - 16777216.0


def test_a_block_without_rows() -> None:
    rows = regression("y", "p").rows({"label": np.zeros(0), "prediction": np.zeros(0)})
    assert rows.sums().shape == (0, 8)
    assert rows.extremes().shape == (0, 4)


@pytest.mark.parametrize(
    ("labels", "predictions", "expected_r2", "expected_ev"),
    [
        ([0.1, 0.1, 0.1], [0.1, 0.1, 0.1], 1.0, 1.0),
        ([0.1, 0.1, 0.1], [0.7, 0.7, 0.7], 0.0, 1.0),
        ([0.1, 0.1, 0.1], [0.1, 0.1, 0.2], 0.0, 0.0),
        ([0.1], [0.1], NAN, 1.0),
        ([0.1], [0.7], NAN, 1.0),
        ([], [], NAN, NAN),
        ([NAN], [0.7], NAN, NAN),
        ([1.0, 2.0], [2.0, 3.0], -3.0, 1.0),
    ],
)
@pytest.mark.parametrize("shift", [0.0, 0.1, 1e3])
def test_constant_labels(labels: Any, predictions: Any, expected_r2: float, expected_ev: float, shift: float) -> None:
    found = one_group(labels, predictions, shift=shift)
    assert found["r2"] == pytest.approx(expected_r2, nan_ok=True)
    assert found["explained_variance"] == pytest.approx(expected_ev, nan_ok=True)


def test_constant_labels_without_extremes_are_known_at_the_shift_alone() -> None:
    assert one_group([0.1] * 3, [0.7, 0.2, 0.3], shift=0.1, extremes=False)["r2"] == 0.0
    assert math.isnan(one_group([0.1] * 3, [0.7, 0.2, 0.3], extremes=False)["r2"])
    assert math.isnan(one_group([0.1] * 3, [0.7, 0.2, 0.3], extremes=False)["explained_variance"])
    assert math.isnan(one_group([0.1] * 3, [0.7] * 3, shift=0.1, extremes=False)["explained_variance"])


def test_one_weighted_row_is_one_row() -> None:
    found = one_group([2.0], [3.0], [0.3], extremes=False)
    assert math.isnan(found["r2"])
    assert found["explained_variance"] == 1.0
    assert one_group([2.0, 3.0], [3.0, 3.0], [0.01, 0.01], extremes=False)["r2"] == pytest.approx(-1.0)
    assert all(math.isnan(found) for found in one_group([2.0, 3.0], [3.0, 3.0], [0.0, 0.0], extremes=False).values())


def around(center: float, size: int, spread: float, seed: int = 0) -> tuple[list[float], list[float]]:
    rng = np.random.default_rng(seed)
    labels = center + rng.normal(0, spread, size)
    return labels.tolist(), (labels + rng.normal(spread / 50, spread / 10, size)).tolist()


def off_by(found: float, exact: Fraction) -> float:
    """The relative error in units of 2**-53."""
    return float(abs(Fraction(found) / exact - 1) / Fraction(U))


def test_the_stated_precision_holds_around_a_million_million() -> None:
    labels, predictions = around(1e12, 100_000, 1e3)
    family = regression("y", "p", shift=1e12)
    table = table_of(family, np.zeros(len(labels), int), labels, predictions)
    found = {row.name: float(value(row, family.read(table))[0]) for row in family.metrics}
    unit = 2**13  # floats around 1e12 are whole numbers of 1 / unit
    exact = regression_metrics(*([int(x * unit) for x in column] for column in (labels, predictions)))
    for name, power in {"mae": 1, "bias": 1, "max_error": 1, "mse": 2, "rmse_squared": 2, "label_spread": 2}.items():
        exact[name] = Fraction(exact[name]) / unit**power
    for name in ("mae", "mse", "wape"):
        assert off_by(found[name], exact[name]) <= 4, name
    assert off_by(found["rmse"] ** 2, exact["rmse_squared"]) <= 9
    assert abs(Fraction(found["bias"]) - exact["bias"]) <= 3 * Fraction(U) * exact["mae"]
    assert off_by(found["mape"], exact["mape"]) <= 5
    assert found["max_error"] == exact["max_error"]
    label_spread = float(family.read(table).r2_den[0])
    k = sum(int((y - 1e12) * unit) ** 2 for y in labels) / (unit**2 * exact["label_spread"])
    assert off_by(label_spread, exact["label_spread"]) <= 6 * k
    assert found["r2"] == pytest.approx(float(exact["r2"]), rel=1e-15)
    assert found["explained_variance"] == pytest.approx(float(exact["explained_variance"]), rel=1e-15)


@pytest.mark.parametrize("extremes", [True, False])
def test_a_shift_far_from_the_labels_gives_null_instead_of_noise(extremes: bool) -> None:
    labels, predictions = around(1e12, 1000, 1e3)
    found = one_group(labels, predictions, extremes=extremes)
    exact = regression_metrics(labels, predictions)
    assert math.isnan(found["r2"])
    assert math.isnan(found["explained_variance"])
    assert found["mse"] == pytest.approx(float(exact["mse"]), rel=1e-15)
    assert found["wape"] == pytest.approx(float(exact["wape"]), rel=1e-15)


@settings(max_examples=100, deadline=None)
@given(
    center=st.floats(0, 13).map(lambda power: 10.0**power),
    spread=st.floats(-6, 6).map(lambda power: 10.0**power),
    offset=st.sampled_from([0.0, 1.0, 1e4, -1e9]),
    shift=st.sampled_from([0.0, 1.0, 1e6, 1e12]),
    seed=st.integers(0, 9),
)
def test_what_is_shown_has_six_digits(center: float, spread: float, offset: float, shift: float, seed: int) -> None:
    labels, predictions = around(center, 30, spread, seed)
    predictions = [p + offset for p in predictions]
    found = one_group(labels, predictions, shift=shift)
    exact = regression_metrics(labels, predictions)
    for name in ("r2", "explained_variance"):
        if not math.isnan(found[name]):
            assert abs(Fraction(found[name]) - exact[name]) <= Fraction(1, 10**6) * (1 + abs(1 - exact[name])), name


def test_errors_that_vary_little_beside_their_mean() -> None:
    labels = [float(i) for i in range(100)]
    predictions = [y + 1e9 + (i % 3) / 8 for i, y in enumerate(labels)]
    exact = regression_metrics(labels, predictions)
    assert math.isnan(one_group(labels, predictions)["explained_variance"])
    assert one_group(labels, predictions)["r2"] == pytest.approx(float(exact["r2"]), rel=1e-14)
    near = [y + 1e3 + (i % 3) / 1024 for i, y in enumerate(labels)]
    expected = float(regression_metrics(labels, near)["explained_variance"])
    assert one_group(labels, near)["explained_variance"] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("role", "column"), [("label", "truth"), ("prediction", "guess")])
@pytest.mark.parametrize("bad", [INF, -INF])
def test_infinite_numbers_stop_the_scan(role: str, column: str, bad: float) -> None:
    roles = {"label": np.array([1.0, NAN]), "prediction": np.array([1.0, NAN])}
    roles[role][1] = bad
    with pytest.raises(DataError, match=f"column '{column}' holds {bad}; a {role} is a finite number"):
        regression("truth", "guess").rows(roles)


def test_squares_that_overflow_leave_the_rest_alone() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = one_group([1e200, 2.0], [3e200, 4.0])
    assert found["mae"] == pytest.approx(1e200)
    assert all(math.isnan(found[name]) for name in ("mse", "rmse", "r2", "explained_variance"))


def test_merged_cells_are_those_of_all_rows() -> None:
    groups, labels, predictions, _ = log()
    family = regression("y", "p", shift=20)
    half = len(groups) // 2
    parts = [table_of(family, groups[i], labels[i], predictions[i], size=6) for i in (np.s_[:half], np.s_[half:])]
    merge = {cell.name: {"sum": np.add, "min": np.fmin, "max": np.fmax}[cell.merge] for cell in family.cells}
    added = {name: merge[name](*(part.cells.values[name] for part in parts)) for name in merge}
    both = CellTable(np.arange(6), 6, {}, Cells(added))
    whole = metrics_of(family, groups, labels, predictions, size=6)
    for row in family.metrics:
        np.testing.assert_allclose(value(row, family.read(both)), whole[row.name], rtol=1e-12, err_msg=row.name)


def test_the_shift_is_part_of_what_must_agree() -> None:
    assert regression("y", "p", shift=1).identity != regression("y", "p").identity
    assert regression("y", "p", extremes=False).identity != regression("y", "p").identity
    assert [cell.name for cell in regression("y", "p", extremes=False).of_kind("sum")] == list(SUMS)


@pytest.mark.parametrize("shift", [NAN, INF, "1", True])
def test_a_shift_that_is_no_number(shift: Any) -> None:
    with pytest.raises(SchemaError, match="is not a finite number"):
        regression("y", "p", shift=shift)


@pytest.mark.parametrize("row", regression("y", "p").metrics, ids=lambda row: row.name)
def test_values_stay_in_their_range(row: Metric) -> None:
    groups, labels, predictions, _ = log()
    found = metrics_of(regression("y", "p"), groups, labels, predictions, size=6)[row.name]
    found = found[~np.isnan(found)]
    assert len(found)
    assert (found >= row.range[0]).all()
    assert (found <= row.range[1]).all()
