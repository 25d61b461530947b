"""The names that scikit-learn, fairlearn, TFMA, Evidently, torchmetrics and textbooks have for a metric of ours."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
import sklearn.metrics as sk

import fastmetrics as fm

RNG = np.random.default_rng(5)
ROWS = 400
LOG = pl.DataFrame(
    {
        "label": (RNG.random(ROWS) < 0.3).astype(int),
        "pred": (RNG.random(ROWS) < 0.4).astype(int),
        "score": RNG.integers(1, 100, ROWS) / 100,
        "value": RNG.normal(5, 2, ROWS),
        "guess": RNG.normal(5, 3, ROWS),
        "kind": RNG.choice(["a", "b", "c"], ROWS),
        "said": RNG.choice(["a", "b", "c"], ROWS, p=[0.6, 0.3, 0.1]),
    }
)
Y, P, SCORE = (LOG[name].to_numpy() for name in ("label", "pred", "score"))
VALUE, GUESS, KIND, SAID = (LOG[name].to_numpy() for name in ("value", "guess", "kind", "said"))
TN, FP, FN, TP = (int(cell) for cell in sk.confusion_matrix(Y, P).ravel())
FAMILIES = {
    "binary": fm.binary("label", "pred"),
    "classes": fm.classes("kind", "said"),
    "scores": fm.scores("label", "score", edges=np.arange(0, 101) / 100),
    "regression": fm.regression("value", "guess"),
}


def of(function: Callable[..., Any], *arrays: Any, **options: Any) -> Callable[[], float]:
    return lambda: float(function(*arrays, **options))


CONFUSION: dict[str, Callable[[], float]] = {
    "acc": of(sk.accuracy_score, Y, P),
    "accuracy_score": of(sk.accuracy_score, Y, P),
    "binary_accuracy": of(sk.accuracy_score, Y, P),
    "zero_one_loss": of(sk.zero_one_loss, Y, P),
    "hamming_loss": of(sk.hamming_loss, Y, P),
    "misclassification_rate": (lambda: (FP + FN) / ROWS),
    "precision_score": of(sk.precision_score, Y, P),
    "positive_predictive_value": (lambda: TP / (TP + FP)),
    "ppv": (lambda: TP / (TP + FP)),
    "recall_score": of(sk.recall_score, Y, P),
    "true_positive_rate": (lambda: TP / (TP + FN)),
    "sensitivity": (lambda: TP / (TP + FN)),
    "hit_rate": (lambda: TP / (TP + FN)),
    "tpr": (lambda: TP / (TP + FN)),
    "true_negative_rate": (lambda: TN / (TN + FP)),
    "selectivity": (lambda: TN / (TN + FP)),
    "negative_predictive_value": (lambda: TN / (TN + FN)),
    "false_positive_rate": (lambda: FP / (FP + TN)),
    "fall_out": (lambda: FP / (FP + TN)),
    "fallout": (lambda: FP / (FP + TN)),
    "false_negative_rate": (lambda: FN / (FN + TP)),
    "miss_rate": (lambda: FN / (FN + TP)),
    "false_discovery_rate": (lambda: FP / (FP + TP)),
    "FOR": (lambda: FN / (FN + TN)),
    "f1_score": of(sk.f1_score, Y, P),
    "F1": of(sk.f1_score, Y, P),
    "dice": (lambda: 2 * TP / (2 * TP + FP + FN)),
    "f2_score": of(sk.fbeta_score, Y, P, beta=2),
    "f0.5_score": of(sk.fbeta_score, Y, P, beta=0.5),
    "jaccard_score": of(sk.jaccard_score, Y, P),
    "jaccard_index": of(sk.jaccard_score, Y, P),
    "iou": of(sk.jaccard_score, Y, P),
    "threat_score": (lambda: TP / (TP + FN + FP)),
    "critical_success_index": (lambda: TP / (TP + FN + FP)),
    "balanced_accuracy_score": of(sk.balanced_accuracy_score, Y, P),
    "matthews_corrcoef": of(sk.matthews_corrcoef, Y, P),
    "matthews_correlation_coefficient": of(sk.matthews_corrcoef, Y, P),
    "MCC": of(sk.matthews_corrcoef, Y, P),
    "phi": of(sk.matthews_corrcoef, Y, P),
    "cohen_kappa": of(sk.cohen_kappa_score, Y, P),
    "cohen_kappa_score": of(sk.cohen_kappa_score, Y, P),
    "geometric_mean_score": (lambda: math.sqrt(TP / (TP + FN) * TN / (TN + FP))),
    "fowlkes_mallows_index": (lambda: math.sqrt(TP / (TP + FN) * TP / (TP + FP))),
    "youden_index": (lambda: TP / (TP + FN) - FP / (FP + TN)),
    "youden_j": (lambda: TP / (TP + FN) + TN / (TN + FP) - 1),
    "bookmaker_informedness": (lambda: TP / (TP + FN) + TN / (TN + FP) - 1),
    "true_skill_statistic": (lambda: TP / (TP + FN) - FP / (FP + TN)),
    "markedness": (lambda: TP / (TP + FP) + TN / (TN + FN) - 1),
    "base_rate": (lambda: (TP + FN) / ROWS),
    "mean_label": of(np.mean, Y),
    "selection_rate": (lambda: (TP + FP) / ROWS),
    "positive_likelihood_ratio": of(lambda: sk.class_likelihood_ratios(Y, P)[0]),
    "negative_likelihood_ratio": of(lambda: sk.class_likelihood_ratios(Y, P)[1]),
    "true_positives": (lambda: TP),
    "true_negatives": (lambda: TN),
    "false_positives": (lambda: FP),
    "false_negatives": (lambda: FN),
}
CLASSES: dict[str, Callable[[], float]] = {
    "acc": of(sk.accuracy_score, KIND, SAID),
    "accuracy_score": of(sk.accuracy_score, KIND, SAID),
    "zero_one_loss": of(sk.zero_one_loss, KIND, SAID),
    "hamming_loss": of(sk.hamming_loss, KIND, SAID),
    "misclassification_rate": of(sk.zero_one_loss, KIND, SAID),
    "balanced_accuracy_score": of(sk.balanced_accuracy_score, KIND, SAID),
    "matthews_corrcoef": of(sk.matthews_corrcoef, KIND, SAID),
    "matthews_correlation_coefficient": of(sk.matthews_corrcoef, KIND, SAID),
    "MCC": of(sk.matthews_corrcoef, KIND, SAID),
    "cohen_kappa": of(sk.cohen_kappa_score, KIND, SAID),
    "cohen_kappa_score": of(sk.cohen_kappa_score, KIND, SAID),
    "macro_f1": of(sk.f1_score, KIND, SAID, average="macro"),
    "weighted_precision": of(sk.precision_score, KIND, SAID, average="weighted"),
    "micro_recall": of(sk.recall_score, KIND, SAID, average="micro"),
}
SCORES: dict[str, Callable[[], float]] = {
    "auc": of(sk.roc_auc_score, Y, SCORE),
    "AUC": of(sk.roc_auc_score, Y, SCORE),
    "auroc": of(sk.roc_auc_score, Y, SCORE),
    "AUROC": of(sk.roc_auc_score, Y, SCORE),
    "auc_roc": of(sk.roc_auc_score, Y, SCORE),
    "roc_auc_score": of(sk.roc_auc_score, Y, SCORE),
    "ap": of(sk.average_precision_score, Y, SCORE),
    "AP": of(sk.average_precision_score, Y, SCORE),
    "average_precision_score": of(sk.average_precision_score, Y, SCORE),
    "pr_auc": of(sk.average_precision_score, Y, SCORE),
    "ks_statistic": of(lambda: np.abs(np.subtract(*sk.roc_curve(Y, SCORE)[:2])).max()),
    "logloss": of(sk.log_loss, Y, SCORE),
    "cross_entropy": of(sk.log_loss, Y, SCORE),
    "binary_cross_entropy": of(sk.log_loss, Y, SCORE),
    "binary_crossentropy": of(sk.log_loss, Y, SCORE),
    "brier_score": of(sk.brier_score_loss, Y, SCORE),
    "brier_score_loss": of(sk.brier_score_loss, Y, SCORE),
    "base_rate": of(np.mean, Y),
    "mean_label": of(np.mean, Y),
}
REGRESSION: dict[str, Callable[[], float]] = {
    "mean_absolute_error": of(sk.mean_absolute_error, VALUE, GUESS),
    "mean_squared_error": of(sk.mean_squared_error, VALUE, GUESS),
    "root_mean_squared_error": of(sk.root_mean_squared_error, VALUE, GUESS),
    "mean_absolute_percentage_error": of(sk.mean_absolute_percentage_error, VALUE, GUESS),
    "weighted_mean_absolute_percentage_error": of(lambda: np.abs(VALUE - GUESS).sum() / np.abs(VALUE).sum()),
    "mean_bias_error": of(lambda: (GUESS - VALUE).mean()),
    "mean_error": of(lambda: (GUESS - VALUE).mean()),
    "r2_score": of(sk.r2_score, VALUE, GUESS),
    "R2": of(sk.r2_score, VALUE, GUESS),
    "r_squared": of(sk.r2_score, VALUE, GUESS),
    "explained_variance_score": of(sk.explained_variance_score, VALUE, GUESS),
}
AVERAGES = ("macro", "micro", "weighted")
TESTED_ELSEWHERE = {"expected_calibration_error"}
TABLE = {"binary": CONFUSION, "classes": CLASSES, "scores": SCORES, "regression": REGRESSION}


@pytest.mark.parametrize("kind", TABLE)
def test_a_name_of_another_package_is_read_under_that_name(kind: str) -> None:
    counts = fm.count(LOG, FAMILIES[kind])
    found = counts.metrics(*TABLE[kind]).row(0, named=True)
    assert {name: found[name] for name in TABLE[kind]} == pytest.approx(
        {name: reference() for name, reference in TABLE[kind].items()}, rel=1e-12
    )


def test_every_alias_has_a_reference() -> None:
    for kind, known in TABLE.items():
        aliases = {alias for row in FAMILIES[kind].metrics for alias in row.aliases if len(alias) > 3}
        orders = {f"{average}_{name}" for name in ("precision", "recall", "f1", "jaccard") for average in AVERAGES}
        assert aliases - {*known, *orders} <= TESTED_ELSEWHERE, kind


OFFERED = [
    ("binary", "f_score", "'f1'"),
    ("binary", "fscore", "'f1'"),
    ("binary", "mean_prediction", "'predicted_positive_rate'"),
    ("scores", "mean_prediction", "'mean_score'"),
    *(("classes", name, "'f1_micro' or 'f1_macro' or 'f1_weighted'") for name in ("f1", "f1_score", "f_score")),
    *(
        ("classes", name, f"'{of}_micro' or '{of}_macro' or '{of}_weighted'")
        for of, names in {
            "precision": ("precision", "precision_score", "ppv"),
            "recall": ("recall", "hit_rate", "sensitivity"),
            "jaccard": ("jaccard", "iou"),
        }.items()
        for name in names
    ),
]


@pytest.mark.parametrize(("kind", "name", "offered"), OFFERED)
def test_a_name_of_several_meanings_is_refused_and_told_what_it_may_mean(kind: str, name: str, offered: str) -> None:
    counts = fm.count(LOG, FAMILIES[kind])
    for asked in (name, f"{kind}.{name}"):
        with pytest.raises(fm.SchemaError, match=rf"unknown metric '{name}'; did you mean {offered}\? \(known: "):
            counts.metrics(asked)


@pytest.mark.parametrize("kind", FAMILIES)
def test_no_name_is_both_read_and_offered_for(kind: str) -> None:
    rows = FAMILIES[kind].metrics
    read = {name for row in rows for name in (row.name, *row.aliases)}
    assert not read & {name for row in rows for name in row.offered_for}


@pytest.mark.parametrize("name", ["n", "example_count"])
def test_the_number_of_rows_is_no_metric_and_stands_in_every_result(name: str) -> None:
    with pytest.raises(fm.SchemaError, match=f"unknown metric '{name}' .*; the column n of every result is the number"):
        fm.count(LOG, FAMILIES["binary"]).metrics(name)


def test_an_alias_has_the_bounds_of_its_metric_and_is_compared_and_ranked() -> None:
    counts = fm.count(LOG, FAMILIES["binary"], by="kind")
    shown = counts.metrics("recall", "hit_rate", intervals=True)
    for side in ("", "_low", "_high"):
        assert shown[f"hit_rate{side}"].to_list() == shown[f"recall{side}"].to_list()
    compared = counts.compare("hit_rate", by="kind", to="a")
    assert compared.rename({"hit_rate": "recall"}).equals(counts.compare("recall", by="kind", to="a"))
    assert counts.worst("f1_score")["f1_score"].to_list() == counts.worst("f1")["f1"].to_list()
