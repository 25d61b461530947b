"""Bounds of binned metrics hold what binning can have moved: the exact value is in them, wherever the scores lie."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk

import fastmetrics as fm
from fastmetrics.families.ranking import RANKING
from fastmetrics.metric import Cells, find, value
from fastmetrics.notes import NoteWarning
from fastmetrics.reading.intervals import bounds, compare, compare_to_total

AUC = find("roc_auc", RANKING)
RNG = np.random.default_rng(0)
LABEL = RNG.integers(0, 2, 2000)
LOGIT = RNG.normal(1.3 * LABEL - 0.6, 1.4)
PROBABILITY = 1 / (1 + np.exp(-LOGIT))
SCORES: dict[str, tuple[Any, dict[str, Any]]] = {
    "probabilities": (PROBABILITY, {}),
    "log-odds": (LOGIT, {}),
    "log-odds that are named": (LOGIT, {"link": "logit"}),
    "percentages": (100 * PROBABILITY, {}),
    "a few beyond": (np.where(RNG.random(2000) < 0.03, 1.0 + LOGIT, PROBABILITY), {}),
    "margins wider than their edges": (LOGIT, {"edges": [-1.0, -0.5, 0.0, 0.5, 1.0]}),
    "constants": (np.full(2000, 0.5), {}),
    "constants outside": (np.full(2000, 7.0), {}),
    "hard answers": ((PROBABILITY > 0.5).astype(float), {}),
    "tenths": (PROBABILITY.round(1), {}),
    "one bin": (PROBABILITY, {"bins": 1}),
    "four bins": (PROBABILITY, {"bins": 4}),
    "without losses": (PROBABILITY, {"losses": False, "bins": 10}),
    "in perfect order": (0.3 * PROBABILITY + 0.7 * LABEL, {}),
    "backwards": (1 - 0.3 * PROBABILITY - 0.7 * LABEL, {}),
    "far and infinite": (np.where(RNG.random(2000) < 0.1, np.inf, PROBABILITY), {}),
}
WEIGHT = RNG.exponential(1, 2000)


@pytest.mark.filterwarnings("ignore::fastmetrics.NoteWarning")
@pytest.mark.parametrize(
    ("name", "weighted"),
    [*((name, False) for name in SCORES), *((name, True) for name in ("log-odds", "tenths", "one bin"))],
)
def test_the_bounds_of_roc_auc_hold_the_exact_one(name: str, weighted: bool) -> None:
    score, arguments = SCORES[name]
    weights = {"weight": "weight"} if weighted else {}
    log = {"label": LABEL, "score": score, "weight": WEIGHT, "half": np.arange(2000) % 2}
    counts = fm.count(log, fm.scores("label", "score", **arguments), by="half", **weights)
    ranks = np.unique(score, return_inverse=True)[1]
    exact = [auc(LABEL[at::2], ranks[at::2], WEIGHT[at::2] if weighted else None) for at in (0, 1)]
    found = counts.metrics("roc_auc", intervals=True).rows(named=True)
    for row, right in zip(found, exact, strict=True):
        assert 0 <= row["roc_auc_low"] <= row["roc_auc"] - min(row["roc_auc_error"], row["roc_auc"]) + 1e-12
        assert 1 >= row["roc_auc_high"] >= row["roc_auc"] + min(row["roc_auc_error"], 1 - row["roc_auc"]) - 1e-12
        assert row["roc_auc_low"] < right < row["roc_auc_high"] or right in (0, 1)
    difference = counts.compare("roc_auc", by="half", to=0).row(0, named=True)
    assert difference["difference_low"] < exact[1] - exact[0] < difference["difference_high"]
    if exact[0]:
        assert difference["ratio_low"] < exact[1] / exact[0] < difference["ratio_high"]
    inside = counts.compare("roc_auc", by="half", to="overall").row(0, named=True)
    whole = auc(LABEL, ranks, WEIGHT if weighted else None)
    assert -1 <= inside["difference_low"] < exact[0] - whole < inside["difference_high"] <= 1


def auc(label: Any, score: Any, weight: Any) -> float:
    return float(sk.roc_auc_score(label, score, sample_weight=weight))


def test_a_value_that_binning_has_moved_ranks_by_what_it_may_be() -> None:
    log = {"label": [*LABEL] * 2, "score": [*LOGIT, *PROBABILITY], "model": ["log-odds"] * 2000 + ["sane"] * 2000}
    with pytest.warns(NoteWarning, match="scores_outside"):
        counts = fm.count(log, fm.scores("label", "score"), by="model")
    values = dict(counts.metrics("roc_auc").select("model", "roc_auc").rows())
    assert values["log-odds"] < values["sane"] - 0.03
    found = counts.compare("roc_auc", by="model", to="sane").row(0, named=True)
    assert found["difference_low"] < 0 < found["difference_high"]
    assert found["p"] == 1
    worst = counts.worst("roc_auc")
    assert worst["model"].to_list() == ["sane", "log-odds"]


def histograms(groups: int, bins: int, seed: int) -> dict[str, Any]:
    """Counts of both classes in bins, many of them 0; no row lies beyond the edges."""
    rng = np.random.default_rng(seed)
    counts = np.floor(10 ** rng.uniform(-1, 2, (2, groups, bins))) * (rng.random((2, groups, bins)) < 0.4)
    return {"positive": counts[0], "negative": counts[1]}


def test_bounds_of_any_cells_hold_the_value_inside_the_range_and_mirror_with_the_classes() -> None:
    cells = histograms(400, 12, 0)
    x, (low, high) = value(AUC, Cells(cells)), bounds(AUC, Cells(cells))
    defined = ~np.isnan(x)
    assert 300 < defined.sum() <= 400
    assert np.array_equal(np.isnan(low), ~defined)
    assert ((low >= 0) & (low <= x) & (x <= high) & (high <= 1) & (low < high))[defined].all()
    other = bounds(AUC, Cells({"positive": cells["negative"], "negative": cells["positive"]}))
    np.testing.assert_allclose([1 - other[1], 1 - other[0]], [low, high], atol=1e-12)
    more = bounds(AUC, Cells({name: 4 * counts for name, counts in cells.items()}))
    assert ((more[1] - more[0]) < (high - low))[defined & (low > 0) & (high < 1)].all()


def test_a_part_and_its_total_hold_the_errors_of_both() -> None:
    part, rest = histograms(300, 12, 1), histograms(300, 12, 2)
    total = {name: part[name] + rest[name] for name in part}
    found = compare_to_total(AUC, Cells(part), Cells(total))
    given = ~np.isnan(found.difference_low)
    assert given.sum() > 200
    error = AUC.error(Cells(part)) + AUC.error(Cells(total))
    assert (found.difference_low <= np.maximum(found.difference - error, -1) + 1e-12)[given].all()
    assert (found.difference_high >= np.minimum(found.difference + error, 1) - 1e-12)[given].all()


def test_p_is_below_alpha_exactly_where_the_bounds_leave_out_equality() -> None:
    a, b = (Cells(histograms(400, 12, seed)) for seed in (3, 4))
    for level in (0.5, 0.95):
        found = compare(AUC, a, b, level)
        known = ~np.isnan(found.p)
        out = (found.difference_low > 0) | (found.difference_high < 0)
        assert ((found.p < 1 - level) == out)[known].all()
        assert out.any()
        assert (((found.ratio_low > 1) | (found.ratio_high < 1)) == out)[known & ~np.isnan(found.ratio)].all()


@pytest.mark.parametrize(("positives", "negatives", "apart"), [(30, 300, 3.29), (10, 10, 1.812), (5, 50, 0.742)])
def test_bounds_of_few_rows_and_near_one_cover(positives: int, negatives: int, apart: float) -> None:
    """Scores without ties, of normal classes ``apart``: bins are the ranks of a group."""
    rng, draws = np.random.default_rng(0), 3000
    score = np.concatenate([rng.normal(apart, 1, (draws, positives)), rng.normal(0, 1, (draws, negatives))], axis=1)
    is_positive = np.argsort(score, axis=1) < positives
    metric = AUC.__class__("roc_auc", AUC.num, AUC.den, interval="auc")
    low, high = bounds(metric, Cells({"positive": is_positive * 1.0, "negative": ~is_positive * 1.0}))
    true = 0.5 + 0.5 * math.erf(apart / 2)
    assert 0.93 < np.mean((low <= true) & (true <= high)) < 0.99
    assert apart < 3 or np.mean(high - low) < 0.05
