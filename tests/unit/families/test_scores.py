"""Scores: bins, cells, metrics with their error bounds, thresholds and curves."""

from __future__ import annotations

import math
import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

import fastmetrics as fm
import oracle_scores as oracle
from fastmetrics.contract.cells import CellTable
from fastmetrics.errors import SchemaError
from fastmetrics.families.binary import CELLS
from fastmetrics.families.curves import CURVES
from fastmetrics.families.edges import Binner, chosen_edges, default_edges, edge_at, even
from fastmetrics.families.scores import scores, threshold_cells
from fastmetrics.kernels.bins import bin_scores
from fastmetrics.metric import Cells, find, value

DEFAULT = scores("label", "score")
EXACT = ("log_loss", "brier", "mean_score", "ece", "ece_debiased", "prevalence", "label_coverage", "answer_rate")
BINNED = ("roc_auc", "average_precision", "ks", "ece_equal_mass")
SIZES = (0, 1, 63, 64, 65, 1000)


def long_table(family, label, score, group=None, weight=None, dtype=np.float64):
    """The table that a scan makes: one row a group and bin, null for the bin of rows without a score."""
    label = np.array([2 if x is None else x for x in label], np.uint8)
    score = np.array([math.nan if x is None else x for x in score], dtype)
    made = family.rows({"label": label, "score": score})
    weight = np.ones(len(label)) if weight is None else np.asarray(weight, np.float64)
    columns = {
        "group": np.zeros(len(label), np.int64) if group is None else group,
        "bin": made.inner[0]().astype(np.int64) - 1,
    }
    for code, state in enumerate(family.states):
        columns[state] = (made.states() == code).astype(np.int64)
        columns[f"w_{state}"] = columns[state] * weight
        columns[f"w2_{state}"] = columns[state] * weight**2
    for cell, values in zip(family.of_kind("sum"), () if made.sums is None else made.sums().T, strict=True):
        columns[cell.name] = np.nan_to_num(values)
        columns[f"w_{cell.name}"] = np.nan_to_num(values) * weight
        columns[f"w2_{cell.name}"] = np.nan_to_num(values) * weight**2
    frame = pl.DataFrame(columns).with_columns(bin=pl.when(pl.col("bin") >= 0).then("bin"))
    return frame.group_by("group", "bin").agg(pl.all().sum()).sort("group", "bin", nulls_last=True)


def cell_table(family, frame, groups=1, weighted=False):
    names = [cell.name for cell in family.cells]
    cells = {name: frame[f"w_{name}" if weighted else name].to_numpy().astype(np.float64) for name in names}
    squares = {name: frame[f"w2_{name}"].to_numpy() for name in names} if weighted else None
    return CellTable(frame["group"].to_numpy(), groups, {"bin": frame["bin"]}, Cells(cells, squares))


def seen(family, label, score, **more):
    """The cells of one group as formulas read them."""
    return family.read(cell_table(family, long_table(family, label, score, **more)))


def read(name, cells, family=DEFAULT):
    """A metric and its error bound, of every group."""
    row = find(name, family.metrics)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        error = np.zeros(len(cells.positive)) if row.error is None else row.error(cells)
        return value(row, cells), error


def rounded_down(score, edges):
    """Each score at the lower edge of its bin, where binned metrics are exact."""
    edges = edges.astype(score.dtype)
    return edges[np.searchsorted(edges, score, "right") - 1]


def log_of(size, seed=0, dtype=np.float64, prevalence=0.4):
    rng = np.random.default_rng(seed)
    label = (rng.random(size) < prevalence).astype(int)
    return label, np.where(label == 1, rng.beta(3, 2, size), rng.beta(2, 3, size)).astype(dtype)


# Bins and edges.

EDGES = {
    "default": default_edges(),
    "tens": chosen_edges(None, 10, ()),
    "margins": np.array([-8.0, -1.5, -1e-9, 0.0, 1e-9, 2.0, 1e6]),
    "one": np.array([-3.0]),
    "wide": np.array([-3e38, -1e-300, 1e-300, 3e38]),
    "thousands": np.linspace(-4, 4, 5000),
    "thirds": np.arange(-300, 301) / 3,
    "far": np.arange(100_000, 130_000) / 100,
    "most": np.arange(-32_000, 33_000) / 7,
    "decades": np.arange(-500.0, 501.0, 10.0),
}
EVEN = ("tens", "thirds", "far", "most", "decades")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("edges", EDGES.values(), ids=EDGES)
def test_bins_are_where_a_search_puts_them(edges, dtype):
    rng = np.random.default_rng(1)
    own = edges.astype(dtype)
    largest = dtype(np.finfo(dtype).max)
    special = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, -1e-30, 1e-30, largest, -largest], dtype)
    spread = rng.uniform(own[0] / 2 - 1, own[-1] / 2 + 1, 2000), rng.random(2000), 1 - 10 ** rng.uniform(-9, 0, 500)
    score = np.concatenate([own, np.nextafter(own, dtype(-1e9)), np.nextafter(own, dtype(1e9)), special, *spread])
    score = score.astype(dtype)
    expected = np.searchsorted(own, score, "right") + (score > own[-1])
    expected[np.isnan(score)] = -1
    assert (Binner(edges)(score).astype(int) - 1).tolist() == expected.tolist()


def test_edges_are_even_to_the_last_bit_or_not():
    assert {name for name, edges in EDGES.items() if Binner(edges).even} == set(EVEN)
    assert even(np.array([0.1, 0.2, 0.30000000000000004])) is None
    assert even(np.arange(131_000, 131_100) / 2) is None  # float32 moves such edges by more than the kernel allows for
    assert even(np.array([0.0, 1e9])) is None
    assert even(np.array([0.0, 5e-324])) is None
    assert Binner(np.array([-1e-46, 0.0, 1e-46]))(np.zeros(1, np.float32)).tolist() == [4]  # all are 0 as float32


def test_the_guide_stays_small_whatever_the_edges():
    for name, edges in EDGES.items():
        assert len(Binner(edges).double.table) < 140_000, name


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_kernel_compiled_and_plain_equals_the_oracle(size, dtype):
    edges = chosen_edges(None, 20, [0.01])
    rng = np.random.default_rng(size)
    score = rng.choice(np.concatenate([edges, rng.uniform(-0.1, 1.1, 100), [math.nan]]), size).astype(dtype)
    binner = Binner(edges)
    plain = np.empty(size, np.uint16)
    bin_scores.py_func(score, *(binner.single if dtype == np.float32 else binner.double), plain)
    expected = [0 if (b := oracle.bin_of(s, edges, dtype)) is None else b + 1 for s in score.tolist()]
    assert binner(score).tolist() == plain.tolist() == expected


def test_default_edges_hold_hundredths_and_even_steps_of_log_odds():
    edges = default_edges()
    assert {k / 100 for k in range(101)} | {1e-7, 0.0025, 0.9999, 0.9999999} <= set(edges.tolist())
    inner = edges[1:-1]
    steps = np.diff(np.log(inner / (1 - inner)))
    assert steps.min() > 0.039
    assert steps.max() < 0.121
    assert (inner[0], inner[-1], len(edges)) == (1e-7, 1 - 1e-7, 467)


def test_arguments_become_edges():
    assert chosen_edges(None, 4, [0.3]).tolist() == [0, 0.25, 0.3, 0.5, 0.75, 1]
    assert chosen_edges([0.2, 0.5], None, ()).tolist() == [0, 0.2, 0.5, 1]
    assert chosen_edges([-1, 1], None, [0.5]).tolist() == [-1, 0.5, 1]
    assert 0.123 in chosen_edges(None, None, [0.123])
    again = scores(**{**DEFAULT.arguments, "edges": DEFAULT.arguments["edges"]})
    assert again.identity == DEFAULT.identity


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"edges": [0, 1], "bins": 3}, "not both"),
        ({"edges": [0, 0.5, 0.5]}, "0.5 is followed by 0.5"),
        ({"edges": [0, math.nan]}, "edge=nan is not a finite number"),
        ({"edges": []}, "1 to 65533 numbers"),
        ({"edges": [0, 1e39]}, "1 to 65533 numbers within ±3.403e"),
        ({"bins": 0}, "bins=0 is not a whole number"),
        ({"bins": 2.5}, "bins=2.5 is not a whole number"),
        ({"thresholds": [1.5]}, "threshold 1.5 is not in"),
        ({"thresholds": ["0.5"]}, "threshold='0.5' is not a finite number"),
    ],
)
def test_bad_edges_are_refused_by_name(arguments, words):
    with pytest.raises(SchemaError, match=words):
        scores("label", "score", **arguments)


# Cells.

MIXED_LABELS = [0, 1, None, 1, 0, 1, None, 0, 1, 0, 1, None, 1]
MIXED_SCORES = [0.1, 0.1, 0.1, 1.0, 0.0, None, None, math.nan, 0.999, 1.5, -0.5, 2.0, 0.30000001192092896]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cells_equal_the_oracle(dtype):
    family = scores("label", "score", bins=10)
    frame = long_table(family, MIXED_LABELS, MIXED_SCORES, dtype=dtype)
    held = [None if s is None else float(dtype(s)) for s in MIXED_SCORES]
    expected = oracle.score_cells(MIXED_LABELS, held, family.arguments["edges"], dtype)
    names = [cell.name for cell in family.cells]
    got = {row["bin"]: [row[name] for name in names] for row in frame.iter_rows(named=True)}
    assert got.keys() == expected.keys()
    for place, cells in expected.items():
        assert got[place] == pytest.approx(cells, rel=1e-15, abs=0), place
    assert frame.select(pl.sum_horizontal(*family.states).sum()).item() == len(MIXED_LABELS)


def test_margins_have_no_probability_cells_or_metrics():
    family = scores("label", "score", edges=[-2, 0, 2])
    assert [cell.name for cell in family.cells] == ["negative", "positive", "unlabelled"]
    assert family.rows({"label": np.zeros(3, np.uint8), "score": np.zeros(3)}).sums is None
    with pytest.raises(SchemaError, match="unknown metric 'log_loss'"):
        find("log_loss", family.metrics)
    assert set(family.headline) <= {row.name for row in family.metrics}
    assert set(DEFAULT.headline) <= {row.name for row in DEFAULT.metrics}


# Metrics.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("edges", [None, [-1.0, 0.0, 0.05, 0.5, 0.51, 0.9, 3.0]], ids=["default", "margins"])
def test_metrics_of_scores_on_edges_equal_scikit_learn(edges, dtype):
    family = scores("label", "score", edges=edges)
    label, score = log_of(3000, dtype=dtype)
    score = rounded_down(score, np.array(family.arguments["edges"]))
    cells = seen(family, label, score, dtype=dtype)
    assert read("roc_auc", cells, family)[0][0] == pytest.approx(sk.roc_auc_score(label, score), abs=1e-12)
    precision = sk.average_precision_score(label, score)
    assert read("average_precision", cells, family)[0][0] == pytest.approx(precision, abs=1e-12)
    fpr, tpr, _ = sk.roc_curve(label, score)
    assert read("ks", cells, family)[0][0] == pytest.approx(np.abs(tpr - fpr).max(), abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exact_metrics_equal_scikit_learn_and_the_oracle(dtype):
    label, score = log_of(2000, dtype=dtype)
    score[:4] = [0, 0, 1, 1]
    label[:4] = [0, 1, 0, 1]
    cells = seen(DEFAULT, label, score, dtype=dtype)
    wide = score.astype(np.float64)
    clipped = np.clip(wide, np.finfo(dtype).eps, 1 - np.finfo(dtype).eps)
    expected = {
        "log_loss": sk.log_loss(label, y_proba=clipped),
        "brier": sk.brier_score_loss(label, wide),
        "mean_score": wide.mean(),
        "prevalence": label.mean(),
        "ece": oracle.ece(label.tolist(), wide.tolist(), dtype),
        "ece_debiased": oracle.ece_debiased(label.tolist(), wide.tolist(), dtype),
        "label_coverage": 1,
        "answer_rate": 1,
    }
    assert set(expected) == set(EXACT)
    for name, wanted in expected.items():
        got, error = read(name, cells)
        assert got[0] == pytest.approx(wanted, abs=1e-7 if name == "ece_debiased" else 1e-12), name
        assert error[0] == 0, name
    assert expected["log_loss"] == pytest.approx(sk.log_loss(label, y_proba=score), abs=1e-5)


labelled_scores = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 1, None]),
        st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.95, 1.0, None])),
    ),
    max_size=40,
)


@settings(max_examples=80, deadline=None)
@given(rows=labelled_scores, bins=st.sampled_from([1, 3, 7, 10, 40]), single=st.booleans())
def test_binned_metrics_lie_within_their_error(rows, bins, single):
    dtype = np.float32 if single else np.float64
    label = [y for y, _ in rows]
    score = [None if s is None else float(dtype(s)) for _, s in rows]
    family = scores("label", "score", bins=bins)
    cells = seen(family, label, score, dtype=dtype)
    names = {"roc_auc", "average_precision", "ks", "ece", "ece_equal_mass", "ece_debiased"}
    for name in sorted(names):
        (got,), (error,) = read(name, cells, family)
        exact = getattr(oracle, name)(label, score, *([dtype] if name in ("ece", "ece_debiased") else []))
        if math.isnan(exact):
            assert np.isnan([got, error]).all(), name
        else:
            assert abs(got - exact) <= error + (1e-7 if name == "ece_debiased" else 1e-12), name
            assert error >= 0


def test_errors_are_reached_by_the_worst_orders():
    family = scores("label", "score", bins=2)
    up, down = [0.6, 0.7, 0.8, 0.9], [0.9, 0.8, 0.7, 0.6]
    label = [0, 0, 1, 1]
    (binned,), (error,) = read("roc_auc", seen(family, label, up), family)
    assert binned - error == oracle.roc_auc(label, down) == 0
    assert binned + error == oracle.roc_auc(label, up) == 1
    (binned,), (error,) = read("average_precision", seen(family, label, up), family)
    assert binned + error == oracle.average_precision(label, up) == 1
    for label, score in (([0, 1, 0, 1], [0.1, 0.6, 0.7, 0.8]), ([1, 0, 1, 0], [0.1, 0.8, 0.7, 0.6])):
        (binned,), (error,) = read("ks", seen(family, label, score), family)
        assert error == 0.5
        assert binned + error == oracle.ks([0, 1, 0, 1], [0.1, 0.8, 0.6, 0.7]) == 1


def test_a_row_in_the_wrong_tenth_moves_the_bias_too():
    family = scores("label", "score", edges=[0.09, 0.12, *(k / 10 for k in range(2, 10))])
    (moved,), (ece_error,) = read("ece", seen(family, [1, 0], [0.05, 0.11]), family)
    assert abs(moved - oracle.ece([1, 0], [0.05, 0.11])) <= ece_error < 0.13
    (moved,), (error,) = read("ece_debiased", seen(family, [1, 0], [0.05, 0.11]), family)
    assert ece_error < abs(moved - oracle.ece_debiased([1, 0], [0.05, 0.11])) <= error


def test_equal_scores_have_no_error():
    cells = seen(DEFAULT, [0, 1, 1, 0], [1.0, 1.0, 1.0, 1.0])
    for name in ("roc_auc", "average_precision", "ks"):
        assert read(name, cells) == (np.array([0.0 if name == "ks" else 0.5]), np.array([0.0])), name


@pytest.mark.parametrize(
    ("negative", "positive", "prevalence", "auc_error", "precision_error"),
    [
        ((2, 5), (5, 2), 0.3, 0.002, 0.007),
        ((1, 1), (1, 1), 0.5, 0.005, 0.008),
        ((0.5, 4), (2, 3), 0.1, 0.004, 0.02),
        ((0.7, 7000), (0.9, 2000), 1e-4, 0.008, 0.02),
    ],
    ids=["separated", "uniform", "skewed", "rare"],
)
def test_default_edges_keep_the_error_small(negative, positive, prevalence, auc_error, precision_error):
    rng = np.random.default_rng(3)
    size = 200_000
    label = (rng.random(size) < prevalence).astype(int)
    score = np.where(label == 1, rng.beta(*positive, size), rng.beta(*negative, size))
    cells = seen(DEFAULT, label, score)
    (binned,), (error,) = read("roc_auc", cells)
    exact = sk.roc_auc_score(label, score)
    assert abs(binned - exact) <= error <= auc_error
    assert abs(binned - exact) < 0.001
    (binned,), (error,) = read("average_precision", cells)
    assert abs(binned - sk.average_precision_score(label, score)) <= error <= precision_error


def test_squares_for_the_interval_of_a_mean():
    label, score = log_of(2000)
    cells = seen(DEFAULT, label, score)
    p = np.where(label == 1, score, 1 - score)
    exact = {"mean_score": score**2, "brier": (score - label) ** 4, "log_loss": np.log(p) ** 2}
    for name, squares in exact.items():
        assert find(name, DEFAULT.metrics).square(cells)[0] == pytest.approx(squares.sum(), rel=1e-3), name
    coarse = scores("label", "score", bins=2)
    assert find("mean_score", coarse.metrics).square(seen(coarse, label, score))[0] >= (score**2).sum()


# Recalibration.


@pytest.mark.parametrize("seed", range(3))
def test_recalibration_equals_scikit_learn_on_one_score_a_bin(seed):
    rng = np.random.default_rng(seed)
    family = scores("label", "score", bins=50)
    score = rng.choice(np.arange(1, 50) / 50, 800)
    label = (rng.random(800) < 1 / (1 + np.exp(-(0.5 + (seed - 0.5) * np.log(score / (1 - score)))))).astype(int)
    cells = seen(family, label, score)
    slope, intercept = (read(f"calibration_{name}", cells, family)[0][0] for name in ("slope", "intercept"))
    model = LogisticRegression(C=math.inf, tol=1e-12, max_iter=10_000, solver="newton-cholesky")
    model.fit(np.log(score / (1 - score))[:, None], label)
    assert (intercept, slope) == pytest.approx((model.intercept_[0], model.coef_[0, 0]), abs=1e-6)
    assert (intercept, slope) == pytest.approx(oracle.recalibration(label, score), abs=1e-8)


def test_recalibration_from_bins_is_close_to_that_from_rows():
    label, score = log_of(20_000)
    cells = seen(DEFAULT, label, score)
    intercept, slope = oracle.recalibration(label.tolist(), score.tolist())
    assert read("calibration_slope", cells)[0][0] == pytest.approx(slope, abs=5e-4)
    assert read("calibration_intercept", cells)[0][0] == pytest.approx(intercept, abs=5e-4)


@pytest.mark.parametrize(
    ("label", "score"),
    [
        ([1, 1, 1], [0.1, 0.5, 0.9]),
        ([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]),
        ([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]),
        ([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9]),
        ([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]),
        ([0, 1, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 1.5]),
        ([], []),
    ],
    ids=["one class", "separated", "reversed", "touching", "equal", "no probability", "empty"],
)
def test_recalibration_is_undefined_without_a_finite_answer(label, score):
    cells = seen(DEFAULT, label, score)
    assert np.isnan(read("calibration_slope", cells)[0]).all()
    assert np.isnan(read("calibration_intercept", cells)[0]).all()


def test_recalibration_survives_overconfident_and_nearly_separated_scores():
    rng = np.random.default_rng(5)
    label = rng.integers(0, 2, 2000)
    score = np.where(rng.random(2000) < 0.97, label, 1 - label) * (1 - 2e-9) + 1e-9
    _, slope = oracle.recalibration(label, score)
    assert read("calibration_slope", seen(DEFAULT, label, score))[0][0] == pytest.approx(slope, rel=1e-9)
    label, score = np.arange(400) // 200, np.arange(400) / 400
    label[[199, 200]] = label[[200, 199]]
    cells = seen(scores("label", "score", bins=400), label, score)
    _, slope = oracle.recalibration(label, score)
    assert slope > 100
    assert read("calibration_slope", cells, scores("label", "score", bins=400))[0][0] == pytest.approx(slope, rel=1e-6)


def test_recalibration_does_not_overshoot():
    log_odds = np.repeat([-12.443, -0.457, 0.175, 0.65, 1.263, 13.967], [1000, 1, 1, 10, 1, 1])
    label = [1, *[0] * 999, 1, 1, *[1] * 10, 0, 1]
    score = 1 / (1 + np.exp(-log_odds))
    intercept, slope = oracle.recalibration(label, score)
    cells = seen(DEFAULT, label, score)
    assert read("calibration_slope", cells)[0][0] == pytest.approx(slope, rel=1e-6)
    assert read("calibration_intercept", cells)[0][0] == pytest.approx(intercept, rel=1e-6)


# Groups, nulls, weights.


def all_metrics(family, table):
    cells = family.read(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = {row.name: value(row, cells) for row in family.metrics}
        errors = {f"{row.name}_error": row.error(cells) for row in family.metrics if row.error}
    return values | errors


def test_groups_do_not_touch_each_other():
    rng = np.random.default_rng(2)
    label, score = log_of(3000)
    group = np.sort(rng.integers(0, 7, 3000))
    group[group == 4] = 5
    group[-1] = 7
    together = all_metrics(DEFAULT, cell_table(DEFAULT, long_table(DEFAULT, label, score, group), 8))
    for one in range(8):
        mine = group == one
        alone = all_metrics(DEFAULT, cell_table(DEFAULT, long_table(DEFAULT, label[mine], score[mine])))
        for name, column in together.items():
            assert column.shape == (8,), name
            np.testing.assert_allclose(column[one], alone[name][0], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(
    ("label", "score", "defined"),
    [
        ([], [], set()),
        ([None, None], [None, 0.5], {"label_coverage", "answer_rate"}),
        ([0, 1], [None, None], {"label_coverage", "answer_rate", "prevalence"}),
        ([1], [0.3], {*EXACT, "average_precision", "ece_equal_mass"}),
        ([0], [0.3], {*EXACT, "ece_equal_mass"}),
        ([0, 1], [0.3, 1.25], {"label_coverage", "answer_rate", "prevalence", "roc_auc", "average_precision", "ks"}),
        ([0, None], [0.3, 1.25], {*EXACT, "ece_equal_mass"}),
    ],
    ids=["empty", "unlabelled", "unscored", "a positive", "a negative", "outside", "outside unlabelled"],
)
def test_what_is_undefined_is_nan_without_a_warning(label, score, defined):
    got = all_metrics(DEFAULT, cell_table(DEFAULT, long_table(DEFAULT, label, score)))
    with_values = {name for name, column in got.items() if not name.endswith("_error") and not np.isnan(column).any()}
    assert with_values == defined


def test_no_groups_at_all():
    frame = long_table(DEFAULT, [], [])
    assert all(column.shape == (0,) for column in all_metrics(DEFAULT, cell_table(DEFAULT, frame, 0)).values())
    for kind in ("roc", "pr", "calibration"):
        assert CURVES[kind].read(cell_table(DEFAULT, frame, 0), DEFAULT).height == 0


def test_a_weight_counts_as_repeated_rows():
    label, score = log_of(300)
    label, score = [*label.tolist(), None, 1], [*score.tolist(), 0.2, None]
    weight = np.random.default_rng(0).integers(0, 4, len(label))
    table = cell_table(DEFAULT, long_table(DEFAULT, label, score, weight=weight), weighted=True)
    repeated = [np.repeat(np.array(column, object), weight).tolist() for column in (label, score)]
    twice = cell_table(DEFAULT, long_table(DEFAULT, *repeated))
    weighted, plain = all_metrics(DEFAULT, table), all_metrics(DEFAULT, twice)
    for name, column in weighted.items():
        if name != "ece_debiased":
            assert column[0] == pytest.approx(plain[name][0], rel=1e-9, abs=1e-12), name
    assert weighted["ece_debiased"][0] < plain["ece_debiased"][0]
    halves = cell_table(DEFAULT, long_table(DEFAULT, label, score, weight=weight / 2), weighted=True)
    for name, column in all_metrics(DEFAULT, halves).items():
        assert column[0] == pytest.approx(weighted[name][0], rel=1e-9, abs=1e-12), name


# Thresholds.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cells_at_every_edge_equal_a_count_of_rows(dtype):
    family = scores("label", "score", bins=10, thresholds=[0.33])
    frame = long_table(family, MIXED_LABELS, MIXED_SCORES, dtype=dtype)
    held = [None if s is None or math.isnan(s) else float(dtype(s)) for s in MIXED_SCORES]
    edges = family.arguments["edges"]
    for threshold in edges:
        got = frame.select(**threshold_cells(edge_at(edges, threshold))).row(0, named=True)
        assert got == oracle.score_confusion(MIXED_LABELS, held, threshold, dtype), threshold
    assert tuple(threshold_cells(0)) == CELLS


def test_weighted_cells_at_a_threshold():
    frame = long_table(DEFAULT, [0, 1, 1, None], [0.2, 0.7, None, 0.9], weight=[1, 2.5, 3, 4])
    edge = edge_at(DEFAULT.arguments["edges"], 0.5)
    got = frame.select(**threshold_cells(edge, prefix="w2_")).row(0, named=True)
    wanted = {"tn": 1, "tp": 6.25, "unpredicted_pos": 9, "unlabelled_pos": 16}
    assert got == {f"w2_{cell}": wanted.get(cell, 0) for cell in CELLS}


def test_a_threshold_is_an_edge_or_an_error():
    edges = [0.0, 0.25, 0.5, 1.0]
    assert edge_at(edges, 0.25) == 1
    with pytest.raises(SchemaError, match=r"threshold 0.3 is not an edge.* 0.25 and 0.5: .*thresholds=\[0.3\]"):
        edge_at(edges, 0.3)
    with pytest.raises(SchemaError, match=r"beside it are 1.0:"):
        edge_at(edges, 1.5)
    assert [edge_at(edges, t, nearest=True) for t in (0.3, 0.4, -5, 7)] == [1, 2, 0, 3]
    with pytest.raises(SchemaError, match="threshold=nan"):
        edge_at(edges, math.nan, nearest=True)


# Curves.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_curves_of_scores_on_edges_equal_scikit_learn(dtype):
    label, score = log_of(500, dtype=dtype)
    score = rounded_down(score, default_edges())
    table = cell_table(DEFAULT, long_table(DEFAULT, label, score, dtype=dtype))
    roc = CURVES["roc"].read(table, DEFAULT)
    fpr, tpr, threshold = sk.roc_curve(label, score, drop_intermediate=False)
    np.testing.assert_allclose(roc["threshold"].to_numpy().astype(dtype), threshold)
    np.testing.assert_allclose(roc.select("fpr", "tpr").to_numpy(), np.stack([fpr, tpr], axis=1), atol=1e-15)
    pr = CURVES["pr"].read(table, DEFAULT)
    precision, recall, threshold = sk.precision_recall_curve(label, score)
    np.testing.assert_allclose(pr["threshold"].to_numpy()[:0:-1].astype(dtype), threshold)
    np.testing.assert_allclose(pr.select("precision", "recall").to_numpy()[::-1], np.stack([precision, recall], axis=1))


def test_roc_reaches_scores_beyond_the_edges():
    family = scores("label", "score", edges=[-1, 1])
    table = cell_table(family, long_table(family, [1, 0, 1, 0, 0], [2, 1, 0, -2, -3]))
    points = CURVES["roc"].read(table, family)
    assert points["threshold"].to_list() == [math.inf, np.nextafter(1, 2), 1, -1, -math.inf]
    assert points["tpr"].to_list() == [0, 0.5, 0.5, 1, 1]
    assert points["fpr"].to_list() == pytest.approx([0, 0, 1 / 3, 1 / 3, 1])


def test_curve_of_one_class_has_null_rates():
    table = cell_table(DEFAULT, long_table(DEFAULT, [1, 1, 1], [0.1, 0.1, 0.2], group=[0, 0, 2]), 3)
    assert CURVES["roc"].read(table, DEFAULT).drop("threshold").rows() == [
        (0, None, 0.0),
        (0, None, 1.0),
        (1, None, None),
        (2, None, 0.0),
        (2, None, 1.0),
    ]


def test_calibration_curve_adds_up_to_ece():
    label, score = log_of(1000)
    group = np.arange(1000) % 2
    table = cell_table(DEFAULT, long_table(DEFAULT, label, score, group), 2)
    points = CURVES["calibration"].read(table, DEFAULT)
    gaps = points.group_by("group", maintain_order=True).agg(
        ((pl.col("observed_rate") - pl.col("mean_score")).abs() * pl.col("n")).sum() / pl.col("n").sum()
    )
    np.testing.assert_allclose(gaps["observed_rate"], read("ece", DEFAULT.read(table))[0], atol=1e-12)
    assert points["low"].unique().sort().to_list() == [k / 10 for k in range(10)]
    assert points["high"].unique().sort().to_list() == [k / 10 for k in range(1, 11)]
    coarse = scores("label", "score", bins=4)
    points = CURVES["calibration"].read(cell_table(coarse, long_table(coarse, [0, 1, 1, 1], [0.1, 0.3, 1, 1])), coarse)
    assert points.select("low", "high", "n").rows() == [(0, 0.25, 1), (0.25, 0.5, 1), (1, 1, 2)]


def test_curves_that_do_not_exist():
    margins = scores("label", "score", edges=[-1, 1])
    table = cell_table(margins, long_table(margins, [1], [0]))
    with pytest.raises(SchemaError, match="no calibration curve: its edges run from -1 to 1"):
        CURVES["calibration"].read(table, margins)
    counts = fm.count({"label": [1, 0], "score": [0.2, 0.4]}, fm.scores("label", "score"))
    with pytest.raises(SchemaError, match="unknown curve 'rco'; did you mean 'roc'"):
        counts.curve("rco")
