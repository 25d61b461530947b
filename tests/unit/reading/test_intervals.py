"""Intervals, comparisons and adjusted p-values against definitions, other packages and known truths."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import fields, replace

import numpy as np
import pytest
from scipy import stats

from fastmetrics.errors import SchemaError
from fastmetrics.families.binary import CELLS, METRICS, fbeta
from fastmetrics.metric import Cells, Metric, find, value
from fastmetrics.reading.intervals import INTERVALS, Comparison, adjust, bounds, compare, compare_to_total

ALL = [*(metric for metric in METRICS if metric.interval), fbeta(2), fbeta(0.5)]
RECALL = find("recall", METRICS)
INF = math.inf
MEAN = Metric("mean", lambda c: c.x, lambda c: c.n, "ratio", (-INF, INF), interval="mean", square=lambda c: c.xx)
RMSE = Metric(
    "rmse", lambda c: c.x**0.5, lambda c: c.n**0.5, range=(0, INF), interval="root_mean", square=lambda c: c.xx
)
POSITIVE, UNIT = (replace(MEAN, range=ends) for ends in ((0.0, INF), (0.0, 1.0)))
AUC = Metric(
    "roc_auc",
    lambda c: (c.positive * (c.negative.cumsum(-1) - c.negative / 2)).sum(-1),
    lambda c: c.positive.sum(-1) * c.negative.sum(-1),
    interval="auc",
)
ids = {"ids": lambda metric: metric.name if isinstance(metric, Metric) else None}


def hits(tp, fn):
    return Cells({"tp": np.atleast_1d(np.asarray(tp, float)), "fn": np.atleast_1d(np.asarray(fn, float))})


def confusion(groups=400, seed=0, largest=4):
    """Groups of every size: cells of 0, 1 and up to 10**largest rows."""
    rng = np.random.default_rng(seed)
    size = 10 ** rng.uniform(0, largest, (len(CELLS), groups))
    return dict(zip(CELLS, np.floor(size * (rng.random(size.shape) < 0.7)), strict=True))


def weighted(counts, weights):
    """Cells of rows that all weigh the same in a cell."""
    weights = np.broadcast_to(weights, (len(counts),))
    pairs = list(zip(counts.items(), weights, strict=True))
    return Cells({name: k * w for (name, k), w in pairs}, {name: k * w * w for (name, k), w in pairs})


def sums_of(x, weights=1.0):
    """Cells of a row a group."""
    w = np.broadcast_to(weights, x.shape)
    return Cells({"x": (w * x).sum(1), "xx": (w * x * x).sum(1), "n": w.sum(1)})


def weighted_sums(x, weights):
    return Cells(sums_of(x, weights).values, sums_of(x, weights**2).values)


def same(found: Comparison, expected: Comparison, rtol=1e-9):
    for field in fields(Comparison):
        np.testing.assert_allclose(getattr(found, field.name), getattr(expected, field.name), rtol, 1e-9)


# Bounds


@pytest.mark.parametrize(
    ("k", "n"), [(0, 1), (1, 1), (0, 30), (30, 30), (1, 30), (17, 40), (3, 10**6), (2 * 10**9, 4 * 10**9)]
)
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_proportion_is_wilson(k, n, level):
    low, high = bounds(RECALL, hits(k, n - k), level)
    expected = stats.binomtest(k, n).proportion_ci(level, "wilson")
    np.testing.assert_allclose([low[0], high[0]], expected, rtol=1e-12, atol=1e-15)


def test_ends_of_wilson_are_exact():
    low, high = bounds(RECALL, hits([0, 7, 0], [7, 0, 0]))
    assert low[0] == 0
    assert high[1] == 1
    assert np.isnan([low[2], high[2]]).all()


def test_f1_is_twice_jaccard():
    """Takahashi et al. 2022: f = 2 j / (1 + j) with j a proportion of tp + fp + fn."""
    cells = Cells({"tp": np.array([20.0]), "fp": np.array([5.0]), "fn": np.array([15.0])})
    expected = np.array(stats.binomtest(20, 40).proportion_ci(method="wilson"))
    np.testing.assert_allclose(np.concatenate(bounds(find("f1", METRICS), cells)), 2 * expected / (1 + expected))
    np.testing.assert_allclose(np.concatenate(bounds(fbeta(1), cells)), 2 * expected / (1 + expected))


def test_informedness_is_newcombe():
    """Newcombe 1998, table II, (a): 56/70 - 48/80 by method 10 is .0524 to .3339."""
    cells = Cells({name: np.array([float(k)]) for name, k in {"tp": 56, "fn": 14, "fp": 48, "tn": 32}.items()})
    np.testing.assert_allclose(
        np.concatenate(bounds(find("informedness", METRICS), cells)), [0.0524, 0.3339], atol=5e-5
    )


def test_cells_alone_are_poisson_counts():
    """A count of k rows has the score limits of a Poisson mean; here one cell over a fixed other."""
    rate = Metric("rate", lambda c: c.tp, lambda c: 0 * c.tp + 10.0, range=(0, INF), interval="cells")
    low, high = bounds(rate, Cells({"tp": np.array([9.0, 0.0])}))
    z = stats.norm.ppf(0.975)
    m = np.array([low[0], high[0]]) * 10
    np.testing.assert_allclose((9 - m) ** 2, z * z * m)
    np.testing.assert_allclose([low[1], high[1]], [0, z * z / 10])


@pytest.mark.parametrize("metric", ALL, **ids)
@pytest.mark.parametrize("weights", [None, (10, 10, 1, 1, 3, 1, 1, 2, 5), (1e-9,) * 9])
def test_bounds_hold_the_value_inside_the_range(metric, weights):
    counts = confusion()
    cells = Cells(counts) if weights is None else weighted(counts, weights)
    x, (low, high) = value(metric, cells), bounds(metric, cells)
    defined = ~np.isnan(x)
    assert defined.any()
    assert (np.isnan(low) == ~defined).all()
    assert (np.isnan(high) == ~defined).all()
    assert (low[defined] <= x[defined]).all()
    assert (x[defined] <= high[defined]).all()
    assert (low[defined] >= metric.range[0] - 1e-15).all()
    assert (high[defined] <= metric.range[1] + 1e-15).all()
    assert (low[defined] < high[defined]).all()  # no interval collapses, at no zero cell


@pytest.mark.parametrize("metric", ALL, **ids)
@pytest.mark.parametrize("weights", [None, (10, 10, 1, 1, 3, 1, 1, 2, 5)])
def test_a_higher_level_is_wider(metric, weights):
    cells = Cells(confusion()) if weights is None else weighted(confusion(), weights)
    levels = (0.01, 0.5, 0.8, 0.95, 0.99, 0.999, 1 - 1e-9)
    ends = [bounds(metric, cells, level) for level in levels]
    lows, highs = np.array([low for low, _ in ends]), np.array([high for _, high in ends])
    defined = ~np.isnan(lows[0])
    if metric.name == "kappa":  # no better than chance, it falls and then rises again as errors outgrow the table
        defined &= value(metric, cells) > 0
        lows, highs = lows[:5], highs[:5]
    slack = 1e-9 * np.maximum(np.abs(highs[:-1, defined]), 1)
    assert (np.diff(lows[:, defined], axis=0) <= slack).all()
    assert (np.diff(highs[:, defined], axis=0) >= -slack).all()


@pytest.mark.parametrize("metric", ALL, **ids)
def test_weight_one_is_no_weight_and_the_scale_of_weights_means_nothing(metric):
    counts = confusion()
    plain = np.array(bounds(metric, Cells(counts)))
    np.testing.assert_allclose(bounds(metric, weighted(counts, 1.0)), plain, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(bounds(metric, weighted(counts, 1 / 7)), plain, rtol=1e-9, atol=1e-12)
    mixed = (10, 10, 1, 2, 3, 1, 1, 2, 5)
    scaled = np.array(mixed) * 0.3
    np.testing.assert_allclose(
        bounds(metric, weighted(counts, scaled)), bounds(metric, weighted(counts, mixed)), rtol=1e-9, atol=1e-12
    )


def test_weighted_proportion_has_the_linearised_variance():
    """With many rows the width is that of var = [(1 - p)² Σw²hits + p² Σw²misses] / (Σw)²."""
    cells = weighted({"tp": np.array([4e6]), "fn": np.array([1e6])}, (1, 10))
    low, high = bounds(RECALL, cells)
    p = 4 / 14
    deviation = math.sqrt((1 - p) ** 2 * 4e6 + p**2 * 1e8) / 14e6
    np.testing.assert_allclose((high - low) / 2 / stats.norm.ppf(0.975), deviation, rtol=1e-3)


def test_weighted_limits_have_the_variance_of_the_limit():
    """(p - q)² = z² q (1 - q) ((1 - q) v + q w) / Σw with mean weights v of hits and w of misses."""
    (low,), (high,) = bounds(RECALL, weighted({"tp": np.array([300.0]), "fn": np.array([30.0])}, (1, 20)))
    total, p, z = 900, 1 / 3, stats.norm.ppf(0.975)
    for q in (low, high):
        np.testing.assert_allclose((p - q) ** 2, z * z * q * (1 - q) * ((1 - q) * 1 + q * 20) / total, rtol=0.03)


def test_mean_weights_are_drawn_to_the_heaviest_as_by_one_row():
    """Two rows of weight 1 beside rows of 10 count as rows of 10 ** (1 / 3)."""
    rate = Metric("rate", lambda c: c.tp, lambda c: 0 * c.tp + 1, range=(0, INF), interval="cells")
    low, high = bounds(rate, weighted({"tp": np.array([2.0, 0.0]), "tn": np.array([5.0, 5.0])}, (1, 10)))
    z, each = stats.norm.ppf(0.975), 10 ** (1 / 3)
    m = np.array([low[0], high[0]]) / each
    np.testing.assert_allclose((2 / each - m) ** 2, z * z * m)
    np.testing.assert_allclose([low[1], high[1]], [0, 10 * z * z])


def test_an_unseen_side_weighs_as_much_as_the_heaviest_cell():
    """With no false positive seen, one would weigh what the true negatives do, so precision is less sure."""
    precision = find("precision", METRICS)
    counts = {"tn": np.array([500.0]), "fp": np.array([0.0]), "tp": np.array([50.0]), "fn": np.array([5.0])}
    light, heavy = (bounds(precision, weighted(counts, (w, w, 1, 1)))[0][0] for w in (1, 10))
    assert heavy < light - 0.2


def test_huge_counts_do_not_overflow():
    cells = Cells(dict.fromkeys(CELLS, np.array([4e9])))
    for metric in ALL:
        low, high = bounds(metric, cells)
        assert 0 < (high - low)[0] < 1e-3 * max(1.0, metric.range[1] if metric.range[1] < INF else 1.0), metric.name


def test_no_method_no_bounds_and_unknown_methods_are_named():
    low, high = bounds(find("TP", METRICS), Cells({"tp": np.array([3.0])}))
    assert np.isnan([low, high]).all()
    with pytest.raises(SchemaError, match="unknown interval method 'wilsen'; did you mean 'wilson'"):
        bounds(replace(RECALL, interval="wilsen"), hits(1, 1))
    assert {metric.interval for metric in ALL} <= set(INTERVALS)


@pytest.mark.parametrize("level", [0, 1, -0.1, 1.5, 95, math.nan, "0.95", None])
def test_level_is_checked(level):
    for call in (lambda: bounds(RECALL, hits(1, 1), level), lambda: compare(RECALL, hits(1, 1), hits(1, 1), level),
                 lambda: compare_to_total(RECALL, hits(1, 1), hits(2, 2), level)):  # fmt: skip
        with pytest.raises(SchemaError, match="is not a number between 0 and 1"):
            call()


def test_no_groups_and_no_warnings():
    empty = {name: np.zeros(0) for name in CELLS}
    nothing = {name: np.zeros(2) for name in CELLS}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for metric in ALL:
            assert bounds(metric, Cells(empty))[0].shape == (0,)
            for cells in (Cells(nothing), Cells(nothing, nothing)):
                assert np.isnan(bounds(metric, cells)).all()
                found = compare_to_total(metric, cells, cells)
                assert np.isnan([found.difference, found.difference_low, found.ratio_high, found.p]).all()
            compare(metric, Cells(confusion()), Cells(confusion(seed=1)))
            compare_to_total(metric, Cells(nothing), Cells({name: np.ones(2) for name in CELLS}))


# Means and ranks


def test_mean_is_the_textbook_interval():
    """Student's, of numbers of either sign."""
    x = np.random.default_rng(0).exponential(3, 50)
    expected = stats.t.interval(0.9, 49, x.mean(), x.std(ddof=1) / math.sqrt(50))
    np.testing.assert_allclose(np.concatenate(bounds(MEAN, sums_of(x[None]), 0.9)), expected)


def test_weighted_mean_has_the_variance_of_its_rows():
    """Its degrees of freedom are those of (Σw)² / Σw² rows."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(2, 1, 400), rng.exponential(1, 400)
    sums, squares = sums_of(x[None], w).values, sums_of(x[None], w * w).values
    low, high = bounds(MEAN, Cells(sums, squares))
    center = np.average(x, weights=w)
    variance = (w**2 * (x - center) ** 2).sum() / (w.sum() ** 2 - (w**2).sum())
    expected = stats.t.interval(0.95, w.sum() ** 2 / (w**2).sum() - 1, center, math.sqrt(variance))
    np.testing.assert_allclose([low[0], high[0]], expected, rtol=1e-6)
    np.testing.assert_allclose(
        bounds(MEAN, Cells({k: 3 * v for k, v in sums.items()}, {k: 9 * v for k, v in squares.items()})), [low, high]
    )


def test_a_mean_that_cannot_be_negative_is_bounded_on_the_scale_of_its_logarithm():
    """The degrees of freedom of its relative deviation r are (n - 1) / (1 + n r²), of gamma variables."""
    x = np.random.default_rng(0).exponential(3, 50)
    r = x.std(ddof=1) / math.sqrt(50) / x.mean()
    expected = x.mean() * np.exp(np.array(stats.t.interval(0.9, 49 / (1 + 50 * r * r), scale=r)))
    np.testing.assert_allclose(np.concatenate(bounds(POSITIVE, sums_of(x[None]), 0.9)), expected, rtol=1e-4)


def test_a_mean_between_two_ends_is_a_share_of_the_way():
    """Wilson's interval with the t of n - 1 degrees of freedom, of as many rows as give a proportion the variance."""
    x = np.random.default_rng(0).beta(2, 5, 20)
    mean, t = x.mean(), stats.t.ppf(0.975, 19)
    n = mean * (1 - mean) / (x.var(ddof=1) / 20)
    for metric, y in ((UNIT, x), (replace(MEAN, range=(-1.0, 3.0)), 4 * x - 1)):
        for q in (np.concatenate(bounds(metric, sums_of(y[None]))) - metric.range[0]) / np.ptp(metric.range):
            np.testing.assert_allclose((mean - q) ** 2, t * t * q * (1 - q) / n)
    mirrored = np.concatenate(bounds(UNIT, sums_of(1 - x[None])))[::-1]
    np.testing.assert_allclose(1 - mirrored, np.concatenate(bounds(UNIT, sums_of(x[None]))))


@pytest.mark.parametrize("metric", [MEAN, POSITIVE, RMSE, UNIT], ids=["mean", "positive", "rmse", "unit"])
def test_one_row_does_not_tell_its_spread(metric):
    for weights in (None, np.array([0.1])):
        cells = sums_of(np.array([[0.5]])) if weights is None else weighted_sums(np.array([[0.5]]), weights)
        assert np.isnan(bounds(metric, cells)).all()
        found = compare(metric, cells, sums_of(np.arange(5.0)[None] / 5))
        assert np.isnan([found.difference_low, found.difference_high, found.ratio_low, found.ratio_high, found.p]).all()


def test_rows_that_are_all_alike_are_not_sure_to_stay_so():
    """As if one more were as far from them as 0; of zeros alone nothing is known but where they have an upper end."""
    for metric, ends in ((MEAN, (0, 0.6)), (POSITIVE, (0.1, 0.9)), (RMSE, (0.3, 1)), (UNIT, (0, 0.8))):
        widths = []
        for n in (3, 10, 1000):
            (low,), (high,) = bounds(metric, sums_of(np.full((1, n), 0.3)))
            center = math.sqrt(0.3) if metric is RMSE else 0.3
            assert low < center < high
            widths.append(high - low)
        assert widths[0] > ends[1] - ends[0]
        assert widths[1] < widths[0]
        assert widths[2] < (0.07 if metric is UNIT else 0.003)
        nothing = bounds(metric, sums_of(np.zeros((1, 10))))
        if metric is UNIT:
            np.testing.assert_allclose(
                np.concatenate(nothing), [0, stats.t.ppf(0.975, 9) ** 2 / (10 + stats.t.ppf(0.975, 9) ** 2)]
            )
        else:
            assert np.isnan(nothing).all()


SHAPES = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "shifted": lambda rng, size: 0.5 + rng.standard_normal(size),
    "uniform": lambda rng, size: rng.uniform(-1, 1, size),
}


@pytest.mark.parametrize("n", [5, 10, 30])
@pytest.mark.parametrize("shape", SHAPES)
def test_means_of_few_rows_cover(shape, n):
    rng = np.random.default_rng(n)
    x = SHAPES[shape](rng, (6000, n))
    far = SHAPES[shape](rng, 10**6)
    for metric, summand, true in (
        (MEAN, x, far.mean()), (POSITIVE, np.abs(x), np.abs(far).mean()), (POSITIVE, x * x, (far * far).mean()),
        (RMSE, x * x, math.sqrt((far * far).mean())),
    ):  # fmt: skip
        assert 0.93 < coverage(*bounds(metric, sums_of(summand)), true) < 0.98


def test_differences_of_means_of_few_rows_cover():
    rng = np.random.default_rng(0)
    for n, m in ((4, 4), (5, 20), (30, 5)):
        x, y = rng.standard_normal((6000, n)), 2 * rng.standard_normal((6000, m))
        found = compare(MEAN, sums_of(x), sums_of(y))
        assert 0.93 < coverage(found.difference_low, found.difference_high, 0) < 0.98
        found = compare(RMSE, sums_of(x * x), sums_of(y * y))
        assert coverage(found.difference_low, found.difference_high, -1) > 0.93
        assert coverage(found.ratio_low, found.ratio_high, 0.5) > 0.93


def test_root_mean_is_the_root_of_the_mean():
    cells = sums_of(np.random.default_rng(0).normal(0, 2, (1, 200)) ** 2)
    np.testing.assert_allclose(np.array(bounds(RMSE, cells)) ** 2, bounds(POSITIVE, cells))


def test_a_mean_needs_its_square():
    with pytest.raises(SchemaError, match="needs square="):
        bounds(replace(MEAN, square=None), Cells({"x": np.ones(1), "n": np.ones(1)}))


def test_auc_has_the_variance_of_delong():
    """With many rows, that of every positive's and every negative's share of pairs ranked right."""
    rng = np.random.default_rng(0)
    pos, neg = rng.binomial(9, 0.7, 3000), rng.binomial(9, 0.5, 5000)
    wins = (pos[:, None] > neg).astype(float) + 0.5 * (pos[:, None] == neg)
    deviation = math.sqrt(wins.mean(1).var(ddof=1) / 3000 + wins.mean(0).var(ddof=1) / 5000)
    cells = {
        "positive": np.bincount(pos, minlength=10)[None] * 1.0,
        "negative": np.bincount(neg, minlength=10)[None] * 1.0,
    }
    low, high = bounds(AUC, Cells(cells))
    np.testing.assert_allclose((high - low) / 2 / stats.norm.ppf(0.975), deviation, rtol=5e-3)
    np.testing.assert_allclose(value(AUC, Cells(cells)), wins.mean())
    np.testing.assert_allclose(bounds(AUC, Cells(cells, cells)), [low, high])
    np.testing.assert_allclose(
        bounds(AUC, Cells({k: v * 3 for k, v in cells.items()}, {k: v * 9 for k, v in cells.items()})), [low, high]
    )


def test_auc_treats_both_classes_alike():
    pos, neg = np.array([[0.0, 0, 1, 9]]), np.array([[30.0, 8, 2, 0]])
    there = bounds(AUC, Cells({"positive": pos, "negative": neg}))
    back = bounds(AUC, Cells({"positive": neg[:, ::-1], "negative": pos[:, ::-1]}))
    np.testing.assert_allclose(there, back)
    assert there[0][0] < 0.97


def test_auc_at_its_ends():
    apart, tied = np.array([[5.0, 0], [3, 0]]), np.array([[0, 4.0], [7, 0]])
    low, high = bounds(AUC, Cells({"positive": tied, "negative": apart}))
    assert high[0] == 1
    assert 0.3 < low[0] < 0.9
    assert low[1] < 0.5 < high[1]  # a score that is always the same may not be so in the next row
    low, high = bounds(AUC, Cells({"positive": apart, "negative": tied}))
    assert low[0] == 0
    assert 0.1 < high[0] < 0.7
    assert np.isnan(bounds(AUC, Cells({"positive": np.zeros((1, 2)), "negative": np.ones((1, 2))}))).all()


# Comparisons


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [((56, 70), (48, 80), (0.0524, 0.3339)), ((9, 10), (3, 10), (0.1705, 0.8090)), ((6, 7), (2, 7), (0.0582, 0.8062)),
     ((5, 56), (0, 29), (-0.0381, 0.1926)), ((0, 10), (0, 20), (-0.1611, 0.2775)), ((10, 10), (0, 20), (0.6791, 1.0))],
)  # fmt: skip
def test_difference_of_proportions_is_newcombe(a, b, expected):
    """Newcombe 1998, table II, method 10."""
    found = compare(RECALL, hits(a[0], a[1] - a[0]), hits(b[0], b[1] - b[0]))
    np.testing.assert_allclose([found.difference_low[0], found.difference_high[0]], expected, atol=6e-5)


def test_ratio_has_the_bounds_of_fieller():
    """The r for which the bounds of a - r b end at 0."""
    a, b = hits(40, 60), hits(30, 90)
    found = compare(RECALL, a, b)
    (low_a, high_a), (low_b, high_b) = bounds(RECALL, a), bounds(RECALL, b)
    for r, up, down in ((found.ratio_low, 0.4 - low_a, high_b - 0.25), (found.ratio_high, high_a - 0.4, 0.25 - low_b)):
        np.testing.assert_allclose(np.abs(0.4 - r * 0.25), np.hypot(up, r * down))
    np.testing.assert_allclose(found.ratio, 1.6)


def test_ratio_by_a_rate_of_zero():
    found = compare(RECALL, hits([0, 5, 0], [9, 5, 9]), hits([5, 0, 0], [5, 9, 9]))
    np.testing.assert_array_equal(found.ratio, [0, np.nan, np.nan])
    assert found.ratio_low[0] == 0
    assert 0 < found.ratio_high[0] < 1
    assert np.isnan([found.ratio_low[1:], found.ratio_high[1:]]).all()
    assert not np.isnan(found.difference_low).any()


def test_ratio_to_a_mean_that_may_be_zero():
    found = compare(UNIT, sums_of(np.zeros((1, 9))), sums_of(np.array([[0.0] * 8 + [1]])))
    assert (found.ratio[0], found.ratio_low[0], found.ratio_high[0] > 1) == (0, 0, True)
    back = compare(UNIT, sums_of(np.array([[0.0] * 8 + [1]])), sums_of(np.zeros((1, 9))))
    assert np.isnan([back.ratio[0], back.ratio_low[0], back.ratio_high[0]]).all()


def test_the_ratio_of_what_may_be_negative_has_no_bounds():
    a, b = Cells(confusion()), Cells(confusion(seed=1))
    found = compare(find("mcc", METRICS), a, b)
    assert np.isnan([found.ratio_low, found.ratio_high]).all()
    assert not np.isnan(found.ratio).all()


@pytest.mark.parametrize("metric", ALL, **ids)
@pytest.mark.parametrize("weights", [None, (10, 10, 1, 1, 3, 1, 1, 2, 5)])
def test_p_is_below_alpha_exactly_where_the_bounds_leave_out_equality(metric, weights):
    a, b = (Cells(c) if weights is None else weighted(c, weights) for c in (confusion(200, 0, 3), confusion(200, 1, 3)))
    total = {name: a.values[name] + b.values[name] for name in CELLS}
    squares = None if weights is None else {name: a.squares[name] + b.squares[name] for name in CELLS}
    for level in (0.5, 0.95, 0.999):
        found = compare(metric, a, b, level)
        both = ~np.isnan(found.p)
        out = (found.difference_low > 0) | (found.difference_high < 0)
        assert ((found.p < 1 - level) == out)[both].all()
        assert both.any()
        assert out[both].any()
        ratios = both & ~np.isnan(found.ratio_low)
        assert (((found.ratio_low > 1) | (found.ratio_high < 1)) == out)[ratios].all()
        if metric.kind != "other":
            inside = compare_to_total(metric, a, Cells(total, squares), level)
            np.testing.assert_allclose(inside.p[both], found.p[both], rtol=1e-6)
            assert (((inside.difference_low > 0) | (inside.difference_high < 0)) == out)[both].all()


def test_p_of_two_means_is_that_of_welch():
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1, (2, 200, 50))
    x, y = x[:, :7], 3 * y + rng.uniform(0, 4, (200, 1))
    expected = stats.ttest_ind(x, y, axis=1, equal_var=False)
    found = compare(MEAN, sums_of(x), sums_of(y))
    np.testing.assert_allclose(found.p, expected.pvalue, rtol=5e-3)
    low, high = expected.confidence_interval()
    np.testing.assert_allclose([found.difference_low, found.difference_high], [low, high], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("metric", [MEAN, POSITIVE, RMSE, UNIT], ids=["mean", "positive", "rmse", "unit"])
def test_p_of_means_is_below_alpha_exactly_where_the_bounds_leave_out_equality(metric):
    rng = np.random.default_rng(0)
    for n, m in ((2, 2), (2, 40), (7, 5)):
        x, y = rng.uniform(0, 1, (300, n)), rng.uniform(0, 1, (300, m)) ** 3
        for level in (0.5, 0.95, 0.999):
            found = compare(metric, sums_of(x), sums_of(y), level)
            out = (found.difference_low > 0) | (found.difference_high < 0)
            assert ((found.p < 1 - level) == out).all()
            if metric is not MEAN:
                assert (((found.ratio_low > 1) | (found.ratio_high < 1)) == out).all()


def test_bounds_that_turn_back_do_not_contradict_p():
    """The kappa of one wrong row and of twenty: at z = 1.96 the bounds have come closer than they were at z = 1."""
    cells = [dict(zip(CELLS[:4], np.array(of, float)[:, None], strict=True)) for of in ((0, 10, 10, 0), (0, 0, 1, 0))]
    found = compare(find("kappa", METRICS), *map(Cells, cells))
    assert found.p[0] > 0.05
    assert found.difference_low[0] <= 0 <= found.difference_high[0]


def test_p_at_its_ends():
    found = compare(RECALL, hits([5, 10**6, 0], [5, 0, 0]), hits([50, 0, 5], [50, 10**6, 5]))
    assert found.p[0] == 1
    assert found.p[1] < 1e-300
    assert np.isnan(found.p[2])


def test_swapping_the_sides_swaps_the_signs():
    metric, a, b = find("f1", METRICS), Cells(confusion()), Cells(confusion(seed=1))
    there, back = compare(metric, a, b), compare(metric, b, a)
    np.testing.assert_allclose(there.difference_low, -back.difference_high)
    np.testing.assert_allclose(there.p, back.p)
    both = ~np.isnan(there.ratio_low + back.ratio_high)
    np.testing.assert_allclose(there.ratio_low[both], 1 / back.ratio_high[both], atol=1e-12)


def test_a_metric_without_method_is_compared_without_bounds():
    metric = find("TP", METRICS)
    for found in (compare(metric, hits(3, 1), hits(2, 1)), compare_to_total(metric, hits(2, 1), hits(3, 1))):
        assert np.isnan([found.difference_low, found.difference_high, found.ratio_low, found.ratio_high, found.p]).all()
    np.testing.assert_allclose([found.difference, found.ratio], [[-1], [2 / 3]])


# A part and its total


def test_a_part_differs_from_its_total_by_its_share_of_the_difference():
    part, rest, total = hits(30, 10), hits(60, 60), hits(90, 70)
    inside, apart = compare_to_total(RECALL, part, total), compare(RECALL, part, rest)
    for name in ("difference", "difference_low", "difference_high"):
        np.testing.assert_allclose(getattr(inside, name), 120 / 160 * getattr(apart, name))
    np.testing.assert_allclose(inside.p, apart.p)
    np.testing.assert_allclose(inside.ratio, 0.75 / (90 / 160))
    for name in ("ratio_low", "ratio_high"):
        r = getattr(apart, name)
        np.testing.assert_allclose(getattr(inside, name), r / (r / 4 + 3 / 4))


def test_a_part_that_is_the_total():
    found = compare_to_total(RECALL, hits(30, 10), hits(30, 10))
    assert found.difference == 0
    assert found.ratio == 1
    assert np.isnan([found.difference_low, found.difference_high, found.ratio_low, found.ratio_high, found.p]).all()


def test_a_weighted_part_leaves_no_rounding_behind():
    """What is left of weights that do not add up exactly is no row."""
    tenths = Cells({"tp": np.array([0.1 * 3]), "fn": np.array([0.7])}, {"tp": np.array([0.03]), "fn": np.array([0.49])})
    total = Cells(
        {"tp": np.array([0.1 + 0.1 + 0.1]), "fn": np.array([0.7])}, {"tp": np.array([0.03]), "fn": np.array([0.49])}
    )
    assert tenths.tp != total.tp or 0.1 * 3 != 0.3
    other = Cells({"tp": np.array([0.3]), "fn": np.array([0.7])}, dict(tenths.squares))
    for part in (tenths, other):
        assert np.isnan(compare_to_total(RECALL, part, total).p)


@pytest.mark.parametrize("name", ["mcc", "balanced_accuracy", "lr_plus"])
def test_other_metrics_of_a_part_lie_in_bounds_around_their_difference(name):
    metric, part, rest = find(name, METRICS), confusion(100, 3), confusion(100, 4)
    total = {cell: part[cell] + rest[cell] for cell in CELLS}
    found = compare_to_total(metric, Cells(part), Cells(total))
    expected = value(metric, Cells(part)) - value(metric, Cells(total))
    np.testing.assert_allclose(found.difference, expected)
    given = ~np.isnan(found.difference_low)
    assert given.any()
    assert (found.difference_low[given] <= expected[given]).all()
    assert (expected[given] <= found.difference_high[given]).all()
    assert (found.difference_low[given] < found.difference_high[given]).all()
    np.testing.assert_allclose(found.p, compare(metric, Cells(part), Cells(rest)).p)


def coverage(low, high, true):
    return np.mean((low <= true + 1e-12) & (true - 1e-12 <= high))


@pytest.mark.parametrize("name", ["mcc", "balanced_accuracy", "roc_auc"])
def test_bounds_of_a_part_against_its_total_cover(name):
    rng, metric = np.random.default_rng(0), AUC if name == "roc_auc" else find(name, METRICS)
    if metric is AUC:
        chances = [np.array(p) / sum(p) for p in ((1, 2, 4, 3), (4, 3, 2, 1), (1, 2, 2, 3), (3, 3, 2, 1))]
        a, b, c, d = (
            rng.multinomial(n, p, 1500).astype(float) for n, p in zip((100, 300, 400, 600), chances, strict=True)
        )
        part, rest = {"positive": a, "negative": b}, {"positive": c, "negative": d}
        true_part = {"positive": 100 * chances[0], "negative": 300 * chances[1]}
        true_rest = {"positive": 400 * chances[2], "negative": 600 * chances[3]}
    else:
        chances = np.array([0.6, 0.1, 0.1, 0.2]), np.array([0.7, 0.1, 0.08, 0.12])
        drawn = (rng.multinomial(n, p, 1500).T.astype(float) for n, p in zip((300, 900), chances, strict=True))
        part, rest = (dict(zip(CELLS[:4], cells, strict=True)) for cells in drawn)
        true_part, true_rest = (
            dict(zip(CELLS[:4], n * p, strict=True)) for n, p in zip((300, 900), chances, strict=True)
        )
    added, true_added = ({k: x[k] + y[k] for k in x} for x, y in ((part, rest), (true_part, true_rest)))
    found = compare_to_total(metric, Cells(part), Cells(added))
    true = float(value(metric, Cells(true_part)) - value(metric, Cells(true_added)))
    assert 0.93 < coverage(found.difference_low, found.difference_high, true) < 0.975


# Adjusted p-values


def test_adjusted_p_values_are_those_of_their_definitions():
    p = np.random.default_rng(0).uniform(0, 0.2, 50)
    p[7] = p[9]
    np.testing.assert_allclose(adjust(p, "bh"), stats.false_discovery_control(p))
    order = np.argsort(p, kind="stable")
    step_down = [max(min(1, (50 - j) * p[order[j]]) for j in range(i + 1)) for i in range(50)]
    np.testing.assert_allclose(adjust(p, "holm")[order], step_down)


@pytest.mark.parametrize("method", ["holm", "bh", None])
def test_undefined_tests_do_not_count(method):
    p = np.array([0.01, np.nan, 0.04, 0.03, np.nan])
    found = adjust(p, method)
    assert np.isnan(found[[1, 4]]).all()
    np.testing.assert_allclose(found[[0, 2, 3]], adjust(p[[0, 2, 3]], method))
    assert p[0] == 0.01
    assert len(adjust(np.zeros(0), method)) == 0
    assert np.isnan(adjust(np.array([np.nan]), method)).all()


def test_unknown_adjustment():
    with pytest.raises(SchemaError, match="unknown adjustment 'bonferroni'"):
        adjust(np.ones(2), "bonferroni")  # type: ignore[arg-type]


# Coverage and speed


@pytest.mark.parametrize("design", ["unweighted", "down-sampled"])
@pytest.mark.parametrize("metric", [m for m in ALL if m.name not in ("label_coverage", "answer_rate")], **ids)
def test_intervals_cover(metric, design):
    """Five expected rows or more in every cell; the wide tables are of `python -m benchmarks.interval_coverage`."""
    rng = np.random.default_rng(2)
    kept = np.array([0.1, 0.1, 1, 1] if design == "down-sampled" else [1.0] * 4)
    for rate, recall, specificity in ((0.5, 0.8, 0.9), (0.1, 0.6, 0.95)):
        chances = np.array(
            [(1 - rate) * specificity, (1 - rate) * (1 - specificity), rate * (1 - recall), rate * recall]
        )
        cells = rng.multinomial(1000, chances * kept / (chances * kept).sum(), 3000).T.astype(float)
        assert cells.mean(axis=1).min() > 5
        rest = {name: np.zeros(3000) for name in CELLS[4:]}
        counts = dict(zip(CELLS[:4], cells, strict=True)) | rest
        drawn = Cells(counts) if design == "unweighted" else weighted(counts, (10, 10, 1, 1, 1, 1, 1, 1, 1))
        true = float(value(metric, Cells(dict(zip(CELLS[:4], chances, strict=True)) | dict.fromkeys(CELLS[4:], 0.0))))
        assert 0.93 < coverage(*bounds(metric, drawn), true) < 0.985


def test_tests_of_equal_rates_reject_as_often_as_alpha():
    rng = np.random.default_rng(0)
    for rate, n, m in ((0.1, 200, 500), (0.5, 60, 60), (0.02, 1000, 4000)):
        a, b = rng.binomial(n, rate, 10_000), rng.binomial(m, rate, 10_000)
        assert 0.035 < np.mean(compare(RECALL, hits(a, n - a), hits(b, m - b)).p < 0.05) < 0.06


def test_a_million_groups_take_no_loop():
    k = np.random.default_rng(0).integers(0, 100, 10**6).astype(float)
    started = time.process_time()
    bounds(RECALL, hits(k, 100 - k))
    assert time.process_time() - started < 1
