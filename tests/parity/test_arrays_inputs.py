"""The array functions by themselves: their signatures, every kind of input, and where they differ on purpose."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import sklearn.metrics

import fastmetrics.arrays as arrays
from fastmetrics.errors import FastMetricsError

FUNCTIONS = sorted(name for name in arrays.FUNCTIONS if hasattr(sklearn.metrics, name))  # texts have their own peers
SCORED = {"roc_auc_score", "average_precision_score", "log_loss", "brier_score_loss"}
NUMERIC = {"mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "r2_score"}
rng = np.random.default_rng(11)
ROWS = 60

KINDS = {
    "list": list,
    "tuple": tuple,
    "polars": pl.Series,
    "polars frame": lambda values: pl.DataFrame({"column": values}),
    "pyarrow": pa.array,
    "pyarrow chunks": lambda values: pa.chunked_array([pa.array(values[:20]), pa.array(values[20:])]),
    "pandas": pd.Series,
    "pandas shuffled index": lambda values: pd.Series(values, index=range(ROWS, 0, -1)),
    "pandas nullable": lambda values: pd.Series(values).convert_dtypes(),
    "pandas arrow": lambda values: pd.Series(pa.array(values), dtype=pd.ArrowDtype(pa.array(values).type)),
}
STRING_KINDS = {
    "polars categorical": lambda values: pl.Series(values, dtype=pl.Categorical),
    "polars enum": lambda values: pl.Series(values, dtype=pl.Enum(["n", "p"])),
    "pyarrow dictionary": lambda values: pa.array(values).dictionary_encode(),
    "pyarrow views": lambda values: pa.array(values, pa.string_view()),
    "pandas categorical": lambda values: pd.Series(values, dtype="category"),
    "numpy objects": lambda values: np.array(values, dtype=object),
    "numpy strings": lambda values: np.array(values, dtype=np.dtypes.StringDType()),
}
LABELS = {
    "ints": (rng.integers(0, 2, ROWS).tolist(), rng.integers(0, 2, ROWS).tolist()),
    "bools": ((rng.random(ROWS) < 0.5).tolist(), (rng.random(ROWS) < 0.5).tolist()),
    "strings": (rng.choice(["n", "p"], ROWS).tolist(), rng.choice(["n", "p"], ROWS).tolist()),
}
SCORES, WEIGHTS = rng.random(ROWS).tolist(), rng.random(ROWS).tolist()


def same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return all(map(same, one, other))
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else one == other


def call(name: str, true: Any, second: Any, weights: Any, labels: str) -> Any:
    options = {"beta": 2.0} if name == "fbeta_score" else {}
    if labels == "strings" and "pos_label" in inspect.signature(getattr(arrays, name)).parameters:
        options["pos_label"] = "p"
    if name == "precision_recall_fscore_support":
        options["average"] = "binary"
    return getattr(arrays, name)(true, second, sample_weight=weights, **options)


@pytest.mark.parametrize(
    ("name", "labels"), [(n, k) for n in FUNCTIONS for k in LABELS if not (n in NUMERIC and k == "strings")]
)
def test_every_kind_of_input_gives_the_same(name: str, labels: str) -> None:
    true, pred = LABELS[labels]
    second = SCORES if name in SCORED | NUMERIC else pred
    expected = call(name, np.array(true), np.array(second), np.array(WEIGHTS), labels)
    for kind, wrap in KINDS.items():
        weights = wrap(WEIGHTS) if kind != "polars frame" else WEIGHTS
        assert same(call(name, wrap(true), wrap(second), weights, labels), expected), kind
    for kind, wrap in STRING_KINDS.items() if labels == "strings" else ():
        wrapped = second if name in SCORED else wrap(second)
        assert same(call(name, wrap(true), wrapped, WEIGHTS, labels), expected), kind


@pytest.mark.parametrize("wrap", [pl.Series, pa.array, pd.Series], ids=["polars", "pyarrow", "pandas"])
@pytest.mark.parametrize("values", [[None, 1, 0], [None, True, False], [0, 1, None], [0.5, None, 1.0]], ids=str)
def test_a_null_is_an_error_everywhere(wrap: Any, values: list[Any]) -> None:
    other = [1, 0, 1]
    for call in (
        lambda: arrays.accuracy_score(wrap(values), other),
        lambda: arrays.accuracy_score(other, wrap(values)),
        lambda: arrays.accuracy_score(other, other, sample_weight=wrap(values)),
        lambda: arrays.roc_auc_score(other, wrap(values)),
        lambda: arrays.log_loss(other, wrap(values)),
        lambda: arrays.mean_squared_error(wrap(values), other),
    ):
        with pytest.raises(FastMetricsError):
            call()


@pytest.mark.parametrize(
    "wrap", [pl.Series, pa.array, pd.Series, np.array], ids=["polars", "pyarrow", "pandas", "numpy"]
)
def test_a_null_among_strings_is_a_type_error(wrap: Any) -> None:
    with pytest.raises(TypeError, match=r"mixes strings with (NoneType|float)"):
        arrays.f1_score(wrap(["a", None, "b"]), ["a", "a", "b"], pos_label="a")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures(name: str) -> None:
    def parameters(module: Any) -> list[tuple[str, Any, str]]:
        return [(p.name, p.kind, repr(p.default)) for p in inspect.signature(getattr(module, name)).parameters.values()]

    assert parameters(arrays) == parameters(sklearn.metrics)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: arrays.accuracy_score([1, 2, 3], [1, 2]), "lengths differ: y_true has 3 rows, y_pred has 2 rows"),
        (lambda: arrays.accuracy_score([0, 1], [0.2, 0.9]), "y_pred is continuous .* not scores"),
        (lambda: arrays.f1_score([0, 1], [0, 1], average="marco"), "unknown average 'marco'; did you mean 'macro'"),
        (lambda: arrays.f1_score([0, 1, 2], [0, 1, 2]), "average='binary' cannot take"),
        (lambda: arrays.f1_score([3, 4], [4, 4]), "pos_label=1 is not a label of the data; it has 3 and 4"),
        (lambda: arrays.log_loss([1, 1], [0.9, 0.8]), "only one class is known, 1; name all of them with labels="),
        (lambda: arrays.log_loss([0, 1], [0.9, 1.8]), "y_proba holds values from 0.9 to 1.8"),
        (lambda: arrays.cohen_kappa_score([0, 1], [0, 1], labels=[5]), r"y1 has none of labels=5; it has 0, 1"),
    ],
)
def test_errors_say_what_to_do(call: Any, text: str) -> None:
    with pytest.raises(FastMetricsError, match=text):
        call()


def test_where_ours_is_stricter_or_kinder_than_scikit_learn() -> None:
    shares = np.full((4, 3), 1 / 3)
    with pytest.warns(arrays.UndefinedMetricWarning, match="only one class"):
        assert np.isnan(arrays.roc_auc_score([1] * 4, shares, multi_class="ovo", labels=[0, 1, 2]))
    for scores in (shares, shares[:, :1]):
        with pytest.raises(FastMetricsError, match="one column a class"):
            arrays.roc_auc_score(np.eye(2, dtype=int), scores[:2])
    with pytest.raises(TypeError, match="expected numbers"):
        arrays.mean_squared_error([1.0], [2.0], sample_weight=["a"])
    with pytest.raises(TypeError, match="dense array or a Series, not csr_array"):
        arrays.accuracy_score(scipy.sparse.csr_array(np.eye(2)), np.eye(2))
    with pytest.raises(FastMetricsError, match="null dates"):
        arrays.accuracy_score(np.array(["2020", "NaT"], "M8[D]"), np.array(["2020", "2020"], "M8[D]"))
    huge = np.array([2**64 - 1, 2**64 - 2], np.uint64)  # one and the same as float64
    assert arrays.confusion_matrix(huge, huge, labels=[2**64 - 1, 2**64 - 2]).tolist() == [[1, 0], [0, 1]]
    assert arrays.average_precision_score([0, 1, 2], shares[:3].tolist()) == pytest.approx(1 / 3)


def test_a_warning_points_at_the_line_of_the_caller() -> None:
    indicator, scores = np.array([[0, 1], [0, 1]]), np.array([[0.1, 0.2], [0.3, 0.4]])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        arrays.precision_score([1, 0], [0, 0])
        arrays.classification_report([1, 0], [0, 0])
        arrays.confusion_matrix([1, 1], [1, 1])
        arrays.roc_auc_score(indicator, scores)
        arrays.average_precision_score(indicator, scores)
        arrays.log_loss([1, 0], [0.1, 0.2], labels=[1, 0])
    assert len(caught) == 1 + 3 + 1 + 2 + 1 + 1
    assert {warning.filename for warning in caught} == {__file__}


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, fastmetrics.arrays; print(*{'sklearn', 'scipy', 'numba', 'pandas'} & {*sys.modules})"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not printed.strip()
