"""Labels of every dtype beside predictions of every dtype: a value is scikit-learn's, and all else an error of ours.

`tests/soak/test_dtypes.py` asks every function about every pair; here are few, one of each way to read arrays.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
import pytest
import sklearn.metrics as reference

import fastmetrics as fm
from fastmetrics import arrays
from fastmetrics.errors import DataError, FastMetricsError
from tests.dtypes import ARRAYS, PLAIN

TRUE, PRED = [0, 1, 1, 0, 1, 0], [0, 1, 0, 0, 1, 1]
NEEDS_POSITIVE = (
    "average_precision_score",
    "brier_score_loss",
    "f1_score",
    "fbeta_score",
    "jaccard_score",
    "precision_score",
    "recall_score",
)
NAMES = [name for name in arrays.__all__ if name[0].islower() and hasattr(reference, name)]
FEW = ("accuracy_score", "f1_score", "log_loss", "mean_squared_error", "roc_auc_score")
BESIDE = (
    "list",
    "numpy float16",
    "numpy int8",
    "polars Boolean",
    "polars Decimal",
    "polars Duration",
    "polars Int128",
    "polars String",
    "polars UInt64",
    "polars UInt64 beyond Int64",
)
NULLS = re.compile("null|NA|with a mask|NaN|NaT|None")  # whatever else is said of a vector, with one it has no value


def asked(module: Any, name: str, true: Any, pred: Any, meant: str | None) -> Any:
    more: dict[str, Any] = {"beta": 0.5} if name == "fbeta_score" else {}
    if name in NEEDS_POSITIVE and meant == "texts":
        more["pos_label"] = "b"
    return getattr(module, name)(true, pred, **more)


@functools.cache
def expected(name: str, true: str, pred: str) -> Any:
    """What scikit-learn says, or None where it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return asked(reference, name, PLAIN[true](TRUE), PLAIN[pred](PRED), true)
        except (TypeError, ValueError):
            return None


def same(got: Any, wanted: Any) -> bool:
    """Whether two values are equal, as far as half precision goes."""
    if isinstance(wanted, str):
        return figures(got) == figures(wanted)
    if isinstance(wanted, tuple):
        return all(same(*pair) for pair in zip(got, wanted, strict=True))
    if wanted is None or got is None:
        return wanted is got
    return bool(np.allclose(np.asarray(got, float), np.asarray(wanted, float), atol=1e-3, equal_nan=True))


def figures(report: str) -> list[list[str]]:
    """The figures of a report, line by line: classes of times are called by the unit that their array has."""
    return [line.split()[-4:] for line in report.splitlines()]


def wrong(name: str, true: str, pred: str) -> str | None:
    """What a function makes wrong of labels and predictions of two dtypes, if anything."""
    (make_true, true_meant), (make_pred, pred_meant) = ARRAYS[true], ARRAYS[pred]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            got = asked(arrays, name, make_true(TRUE), make_pred(PRED), true_meant)
    except (FastMetricsError, TypeError):
        return None
    except (Exception, pl.exceptions.PanicException) as error:
        return f"{name} of {true} and {pred}: {type(error).__name__} {error}"
    if true_meant is None or pred_meant is None:
        return f"{name} of {true} and {pred} is {got!r}" if any(map(NULLS.search, (true, pred))) else None
    wanted = expected(name, true_meant, pred_meant)
    if wanted is None or same(got, wanted):
        return None if wanted is not None else f"{name} of {true} and {pred} is {got!r}, where scikit-learn refuses"
    return f"{name} of {true} and {pred} is {got!r}, not {wanted!r}"


def made_wrong(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> list[str]:
    found = (wrong(name, *pair) for pair in pairs for name in names)
    return [each for each in found if each is not None]


@pytest.mark.parametrize("one", ARRAYS)
def test_a_pair_of_dtypes_has_the_value_of_scikit_learn_or_an_error_of_ours(one: str) -> None:
    pairs = [pair for other in BESIDE for pair in ((one, other), (other, one))]
    assert made_wrong(FEW, pairs)[:5] == []


# Whole numbers beyond what floats tell apart

LARGE = 2**53


@pytest.mark.parametrize("make", [np.array, pl.Series], ids=["numpy", "polars"])
@pytest.mark.parametrize("kinds", [("int64", "int64"), ("int64", "uint64"), ("uint64", "int64"), ("uint64", "uint64")])
def test_classes_beyond_53_bits_are_told_apart(kinds: tuple[str, str], make: Any) -> None:
    true, pred = (
        make(np.array([LARGE, LARGE + 1, LARGE, 7], "i8").astype(kinds[0])),
        make(np.array([LARGE + 1, LARGE + 1, LARGE, 7], "i8").astype(kinds[1])),
    )
    assert fm.accuracy_score(true, pred) == 0.75
    assert fm.confusion_matrix(true, pred).tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert fm.f1_score(true, pred, average="micro") == 0.75


def test_classes_of_floats_beside_integers_are_whole_numbers() -> None:
    assert fm.confusion_matrix([LARGE + 1, LARGE], [float(LARGE), float(LARGE)]).tolist() == [[1, 0], [1, 0]]


def test_classes_that_share_no_integer_dtype_are_refused() -> None:
    high, low = np.array([2**64 - 1, 1], np.uint64), np.array([-1, 1])
    with pytest.raises(DataError, match="below 0 to beyond"):
        fm.confusion_matrix(high, low)
    assert fm.confusion_matrix(high, high).tolist() == [[1, 0], [0, 1]]


def test_integers_of_128_bits_are_read_where_64_hold_them() -> None:
    small = pl.Series([0, 1, 1], dtype=pl.Int128)
    assert fm.accuracy_score(small, small) == 1
    assert fm.mean_squared_error(small, pl.Series([0, 1, 3], dtype=pl.UInt128)) == 4 / 3
    with pytest.raises(DataError, match="beyond 64 bits"):
        fm.accuracy_score(pl.Series([2**64, 1, 1], dtype=pl.Int128), small)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int64", "uint64", "bool"])
def test_whole_weights_add_up_in_whatever_they_come(dtype: str) -> None:
    true, pred, weights = np.array([0, 1] * 100), np.array([0, 0, 1, 1] * 50), np.full(200, 100).astype(dtype)
    plain = weights.astype(np.float64)
    assert fm.accuracy_score(true, pred, sample_weight=weights, normalize=False) == plain.sum() / 2
    table = fm.confusion_matrix(true, pred, sample_weight=weights)
    assert table.dtype == np.int64
    assert table.sum() == plain.sum()
    indicator = np.stack([true, 1 - true], axis=1)
    scores = np.stack([pred + true / 2, 1 - pred], axis=1)
    for average in ("weighted", "micro"):
        got = fm.roc_auc_score(indicator, scores, average=average, sample_weight=weights)
        assert got == pytest.approx(fm.roc_auc_score(indicator, scores, average=average, sample_weight=plain))


def test_whole_weights_whose_sum_is_not_exact_are_refused() -> None:
    for weights in (np.array([2**63, 2**63], np.uint64), np.array([2**53, 1])):
        with pytest.raises(DataError, match="exact below 2"):
            fm.confusion_matrix([0, 1], [0, 1], sample_weight=weights)


def test_masked_values_are_nulls() -> None:
    masked = np.ma.array([0, 1, 1], mask=[False, True, False])
    for call in (fm.accuracy_score, fm.mean_squared_error, fm.roc_auc_score, fm.find_root_cause):
        with pytest.raises(DataError, match="masked"):
            call([0, 1, 1], masked)
    with pytest.raises(DataError, match="sample_weight holds masked"):
        fm.accuracy_score([0, 1, 1], [0, 1, 1], sample_weight=masked)
    assert fm.accuracy_score([0, 1, 1], np.ma.array([0, 1, 1], mask=False)) == 1
