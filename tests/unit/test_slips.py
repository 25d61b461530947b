"""What an error offers as "did you mean": the name that a slip of the hand was meant for, and no other meaning."""

from __future__ import annotations

import random
from collections.abc import Iterator
from string import ascii_lowercase

import pytest

import fastmetrics as fm
from fastmetrics.errors import unknown
from fastmetrics.families import KINDS
from fastmetrics.metric import ACRONYM, find
from fastmetrics.slips import meant
from row_pages import sample

# What each name of each kind of family means.
MEANINGS = {
    kind: {name: row.name for row in sample(kind).metrics for name in (row.name, *row.aliases)} for kind in KINDS
}
# Terms of the field that no metric here is called by, many of them a letter or two from one that is.
OTHERS = {
    *("ace", "adaptive_calibration_error", "adjusted_r2", "auc_precision_recall", "aurc", "call", "coverage", "crps"),
    *("d2_score", "d2_absolute_error_score", "demographic_parity_difference", "eer", "equalized_odds", "f_beta", "far"),
    *("false_alarm_rate", "false_alarm_ratio", "fowlkes_mallows_score", "frr", "gain", "gini", "hinge_loss", "huber"),
    *("hit_rate_at_k", "js", "kl_divergence", "lift", "mad", "map", "mase", "mce", "mean", "mean_average_precision"),
    *("mean_gamma_deviance", "mean_iou", "mean_pinball_loss", "mean_poisson_deviance", "mean_squared_log_error"),
    *("medae", "median_absolute_error", "miou", "mpe", "mre", "mrr", "msle", "ndcg", "nist", "npr", "nrmse", "pearson"),
    *("pinball", "ppr", "precision_at_k", "precision_at_recall", "psi", "rae", "recall_at_k", "recall_at_precision"),
    *("rejection_rate", "rmsle", "root_mean_squared_log_error", "rouge", "rse", "silhouette", "smape", "spearman"),
    *("top_k_accuracy", "unbalanced_accuracy", "wasserstein"),
}


def offered(kind: str, asked: str) -> str | None:
    return meant(asked, MEANINGS[kind], ACRONYM)


@pytest.mark.parametrize("kind", KINDS)
def test_a_term_of_the_field_is_no_slip_of_another(kind: str) -> None:
    others = {name for known in MEANINGS.values() for name in known} | {*OTHERS}
    folded = {name.replace("_", "").lower() for name in MEANINGS[kind]}
    for term in others - MEANINGS[kind].keys():
        if term.replace("_", "").lower() not in folded:
            assert offered(kind, term) is None, term


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name", ["fpr", "fnr", "mae", "mape", "recall", "mse", "rmse", "tp", "tpr", "wer", "cer", "mer"]
)
def test_short_names_a_letter_apart_are_never_offered(kind: str, name: str) -> None:
    for other in (
        "fpr",
        "fnr",
        "tnr",
        "mae",
        "mape",
        "mase",
        "smape",
        "call",
        "mse",
        "msle",
        "wer",
        "cer",
        "ter",
        "mer",
    ):
        if other not in MEANINGS[kind]:
            assert offered(kind, other) != name


def slips(name: str, drawn: random.Random) -> Iterator[str]:
    """Each letter missing and swapped with the next, and letters added and replaced at random."""
    for at in range(len(name) + 1):
        letter = drawn.choice(ascii_lowercase)
        yield name[:at] + letter + name[at:]
        if at < len(name):
            yield name[:at] + name[at + 1 :]
            yield name[:at] + letter + name[at + 1 :]
        if at + 1 < len(name):
            yield name[:at] + name[at + 1] + name[at] + name[at + 2 :]


@pytest.mark.parametrize("kind", ["binary", "classes", "scores", "regression", "likelihood"])
def test_a_slip_of_a_name_is_offered_that_name_or_none(kind: str) -> None:
    drawn, known = random.Random(3), MEANINGS[kind]
    meaning_of_case = {name.replace("_", "").lower(): meaning for name, meaning in known.items()}
    found = 0
    for name, meaning in known.items():
        for slip in slips(name, drawn):
            near = None if slip in known else offered(kind, slip)
            if near is not None and slip.replace("_", "").lower() not in meaning_of_case:
                assert known[near] == meaning, (name, slip, near)
                found += 1
    assert found > 10 * len([name for name in known if len(name) >= ACRONYM])


@pytest.mark.parametrize(
    ("asked", "known", "wanted"),
    [
        ("recal", ["recall", "precision"], "recall"),
        ("precison", ["recall", "precision"], "precision"),
        ("Modle", ["model", "country"], "model"),
        ("labl", ["label", "pred"], "label"),
        ("rouge-l", ["rouge1", "rouge_l"], "rouge_l"),
        ("fp_rate", ["fn_rate"], None),
        ("y_pred", ["x_pred"], None),
        ("min_score", ["max_score"], None),
        ("positive", ["negative", "neutral"], None),
        ("fraud", ["not fraud", "ham"], None),
        ("2024-01-02.csv", ["2024-01-01.csv"], None),
        ("part_1", ["part_2"], None),
        ("rouge", ["rougel", "rouge1"], None),
        ("modle", ["model", "modlee"], None),
        ("lable_a", ["label_a", "labeled_a"], "label_a"),
        ("colour", ["colors", "colon"], None),
        ("*", ["^", "**"], None),
        ("", ["_"], None),
    ],
)
def test_names_of_columns_and_values_are_offered_where_it_is_clear(
    asked: str, known: list[str], wanted: str | None
) -> None:
    assert meant(asked, {name: name for name in known}) == wanted


def test_an_error_lists_the_main_names_and_offers_an_alias() -> None:
    with pytest.raises(
        fm.SchemaError, match=r"'hit_rat'; did you mean 'hit_rate'\? \(known: accuracy, error_rate, prec"
    ):
        find("hit_rat", sample("binary").metrics)
    assert unknown("key", "smape", ["mape"]) == "unknown key 'smape' (known: mape)"
