"""The names of the package itself: what ``fm.`` offers, and what it says of names that mean something else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm


@pytest.mark.parametrize(("name", "meant"), [("metrics", r"fm\.count\(\.\.\.\)\.metrics"), ("counts", r"fm\.count\(")])
def test_no_module_is_in_the_way_of_what_is_read_from_counts(name: str, meant: str) -> None:
    with pytest.raises(AttributeError, match=rf"module 'fastmetrics' has no attribute '{name}'; .*{meant}"):
        getattr(fm, name)


# What scikit-learn, and other packages, call what is read from Counts under these names.
ON_ARRAYS = {
    "f1": "f1_score",
    "mcc": "matthews_corrcoef",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "rmse": "root_mean_squared_error",
    "r2": "r2_score",
    "roc_auc": "roc_auc_score",
    "auc": "roc_auc_score",
    "brier": "brier_score_loss",
    "kappa": "cohen_kappa_score",
    "jaccard": "jaccard_score",
    "average_precision": "average_precision_score",
    "balanced_accuracy": "balanced_accuracy_score",
    "tpr": "recall_score",
    "ppl": "perplexity",
}


@pytest.mark.parametrize("name", ON_ARRAYS)
def test_a_metric_that_is_no_name_of_the_package_is_told_where_it_is(name: str) -> None:
    with pytest.raises(
        AttributeError, match=rf"it is fm\.{ON_ARRAYS[name]} on arrays, and counts\.metrics\('{name}'\)"
    ):
        getattr(fm, name)
    assert callable(getattr(fm, ON_ARRAYS[name]))


@pytest.mark.parametrize("name", ["ece", "f1_macro", "prevalence", "max_error", "rougeL"])
def test_a_metric_without_a_function_is_told_to_be_read_from_counts(name: str) -> None:
    with pytest.raises(AttributeError, match=rf"no attribute '{name}'; it is counts\.metrics\('{name}'\) of Counts$"):
        getattr(fm, name)


@pytest.mark.parametrize("name", ["compare", "worst", "rollup", "per_class", "plot", "rows"])
def test_what_counts_have_is_told_to_be_there(name: str) -> None:
    with pytest.raises(
        AttributeError, match=rf"no attribute '{name}'; Counts have it, as in fm\.count\(\.\.\.\)\.{name}$"
    ):
        getattr(fm, name)


@pytest.mark.parametrize("name", ["nonsense", "__wrapped__", "__add__"])
def test_a_name_of_no_meaning_is_told_none(name: str) -> None:
    with pytest.raises(AttributeError, match=f"no attribute '{name}'$"):
        getattr(fm, name)


def test_what_the_package_offers_is_public_and_there() -> None:
    offered = dir(fm)
    assert {*fm.__all__} <= {*offered}
    assert [name for name in offered if isinstance(getattr(fm, name), ModuleType)] == ["arrays", "signals"]


MEANT = {"accuracy": "accuracy_score", "precision": "precision_score", "recall": "recall_score", "F1": "f1_score"}
VECTORS: dict[str, Callable[[list[int]], Any]] = {
    "list": list,
    "tuple": tuple,
    "numpy": np.array,
    "Series": pl.Series,
    "pandas": lambda values: pl.Series(values).to_pandas(),
    "pyarrow": pa.array,
    "expression": lambda values: pl.col("label"),
    "name": lambda values: "label",
}


@pytest.mark.parametrize("kind", VECTORS)
@pytest.mark.parametrize("name", MEANT)
def test_a_founding_rate_says_which_function_reads_labels_and_predictions(name: str, kind: str) -> None:
    rate, vector = getattr(fm, name), VECTORS[kind]
    y, p = vector([1, 0, 1]), vector([1, 1, 1])
    for call in (
        lambda: rate(y, p),
        lambda: rate(y_true=y, y_pred=p),
        lambda: rate(y, p, average="macro"),
        lambda: rate(*[y] * 4),
    ):
        with pytest.raises(
            fm.SchemaError, match=rf"^{name}\(.*\) takes numbers, got a .* {MEANT[name]}\(y_true, y_pred\)$"
        ):
            call()


@pytest.mark.parametrize("number", [3, 3.0, np.int64(3), np.float32(3), np.array(3), Decimal(3), True])
def test_a_founding_rate_takes_any_number(number: Any) -> None:
    assert fm.precision(number, 0) == fm.recall(TP=number, FN=0) == fm.accuracy(number, 0, 0, 0) == 1


UNDEFINED = """
import warnings
def told(ignored):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ignored)
        fm.precision_score([1, 1], [0, 0])
        fm.roc_auc_score([1, 1], [.1, .2])
        fm.r2_score([1.0], [1.0])
        fm.cohen_kappa_score([1, 1], [1, 1], labels=[0, 1])
        fm.perplexity([[]])
    return sorted({one.category.__name__ for one in caught}), len(caught)
"""


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_scikit_learns_category_silences_undefined_metrics() -> None:
    run(f"""import sklearn.exceptions, fastmetrics as fm
{UNDEFINED}
assert told(sklearn.exceptions.UndefinedMetricWarning) == told(fm.UndefinedMetricWarning) == ([], 0)
assert told(DeprecationWarning) == (["UndefinedMetricWarning"], 5)
""")


def test_undefined_metrics_import_no_scikit_learn_and_know_it_once_it_is_there() -> None:
    run(f"""import sys, fastmetrics as fm
{UNDEFINED}
assert told(fm.UndefinedMetricWarning) == ([], 0)
assert told(DeprecationWarning) == (["UndefinedMetricWarning"], 5)
assert "sklearn" not in sys.modules
import sklearn.exceptions
assert told(sklearn.exceptions.UndefinedMetricWarning) == told(fm.UndefinedMetricWarning) == ([], 0)
""")
