"""The array functions against scikit-learn: one table of functions, one of data, the same value, warnings or error."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fastmetrics.arrays as arrays
from fastmetrics.errors import FastMetricsError

NAN, INF = float("nan"), float("inf")
ROWS = 40
FUNCTIONS = sorted(name for name in arrays.FUNCTIONS if hasattr(sklearn.metrics, name))  # texts have their own peers
REGRESSION = ["mean_absolute_error", "mean_squared_error", "r2_score", "root_mean_squared_error"]
KINDS = (ValueError, TypeError, NotImplementedError)
rng = np.random.default_rng(7)

# Errors from the inside of scikit-learn that say nothing of the argument; ours may answer, or refuse in its own words.
ACCIDENTS = (
    "previously unseen labels",  # labels= of another type than the data, which are zeros elsewhere
    "could not be promoted",
    "did not contain a loop",
    "not supported between instances of 'int'",
    "unhashable type",
    "tuple index out of range",
    "out of bounds for axis 0 with size 0",
    "At least 2 points are needed",  # max_fpr= where no negative row has a weight
)
# What ours refuses and scikit-learn does not look at: weights beside one class, a single weight for a single output.
STRICTER = {"roc_auc_score": "sample_weight", "root_mean_squared_error": "multioutput"}


def outcome(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, Counter[str]]:
    """What a call gives, the exception included, and the kinds of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function(*args, **options)
        except Exception as error:
            value = error
    return value, Counter(w.category.__name__ for w in caught)


def assert_same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, Exception):
        assert any(isinstance(ours, kind) and isinstance(theirs, kind) for kind in KINDS), f"{ours!r}, not {theirs!r}"
        assert isinstance(ours, FastMetricsError) or not isinstance(ours, ValueError), f"{ours!r} is not our own"
        return
    assert type(ours) is type(theirs) or repr((ours, theirs)) == "(0.0, 0)", f"{ours!r}, not {theirs!r}"
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        ours, theirs = tuple(ours.values()), tuple(theirs.values())
    if isinstance(theirs, tuple):
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other)
    elif isinstance(theirs, float | np.ndarray):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, strict=True)
    else:
        assert ours == theirs


def check(name: str, args: tuple[Any, ...], options: dict[str, Any]) -> None:
    ours, told = outcome(getattr(arrays, name), args, options)
    theirs, expected = outcome(getattr(sklearn.metrics, name), args, options)
    del expected["RuntimeWarning"]  # numpy's own, which ours keeps quiet
    if isinstance(theirs, Exception) and any(text in str(theirs) for text in ACCIDENTS):
        assert not isinstance(ours, Exception) or isinstance(ours, FastMetricsError | TypeError), repr(ours)
        return
    if isinstance(ours, FastMetricsError) and str(ours).startswith(STRICTER.get(name, "-")):
        return
    try:
        assert_same(ours, theirs)
        assert isinstance(theirs, Exception) or told == expected, f"warned {dict(told)}, not {dict(expected)}"
    except AssertionError as error:
        raise AssertionError(f"{name}({', '.join(map(repr, args))}, **{options})\n{error}") from None


def options_of(**choices: list[Any]) -> list[dict[str, Any]]:
    """Every combination of the choices; ``...`` stands for leaving the argument out."""
    rows = itertools.product(*choices.values())
    return [{name: value for name, value in zip(choices, row, strict=True) if value is not ...} for row in rows]


def met(case: str, cases: dict[str, Any], options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The options that a case meets: the cases named in ALL meet all, the others every third one in turn."""
    return options if case in ALL else options[list(cases).index(case) % 3 :: 3]


ALL = {"ints", "three strings", "empty rows", "all one", "scores", "three columns", "indicator", "floats", "outputs"}
FLOAT_WEIGHTS = rng.random(ROWS) + 0.1
EIGHTHS = rng.integers(1, 20, ROWS) / 8  # sums of these are exact, so texts of them can be compared
SPARSE_WEIGHTS = np.where(rng.random(ROWS) < 0.5, 0.0, 2.0)
INT_WEIGHTS = rng.integers(0, 4, ROWS)
WEIGHTS = [..., FLOAT_WEIGHTS, SPARSE_WEIGHTS, INT_WEIGHTS]


def draw(labels: Any, rows: int = ROWS, wrong: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    pool = np.array(labels)
    true, other = pool[rng.integers(0, len(pool), rows)], pool[rng.integers(0, len(pool), rows)]
    return true, np.where(rng.random(rows) < wrong, other, true)


def indicator(rows: int = ROWS, columns: int = 3, dtype: Any = int) -> np.ndarray:
    return (rng.random((rows, columns)) < 0.4).astype(dtype)


BINARY, LETTERS, CLASSES = draw([0, 1]), draw(["n", "p"]), draw([0, 1, 2])
ONES, ZEROS = np.ones(ROWS, int), np.zeros(ROWS, int)
EMPTY_ROWS = np.where(rng.random((ROWS, 1)) < 0.5, 0, indicator())

GOOD = {
    "ints": BINARY,
    "lists": (BINARY[0].tolist(), BINARY[1].tolist()),
    "bools": draw([False, True]),
    "strings": LETTERS,
    "objects": tuple(side.astype(object) for side in LETTERS),
    "string lists": (LETTERS[0].tolist(), LETTERS[1].tolist()),
    "signs": draw([-1, 1]),
    "whole floats": draw([0.0, 1.0]),
    "ints and floats": (BINARY[0], BINARY[1].astype(float)),
    "floats and ints": (BINARY[0].astype(np.float32), BINARY[1]),
    "bools and ints": (BINARY[0] == 1, BINARY[1]),
    "uint8 and int8": (BINARY[0].astype(np.uint8), BINARY[1].astype(np.int8)),
    "columns": (BINARY[0][:, None], BINARY[1][:, None]),
    "no hit": (BINARY[0], 1 - BINARY[0]),
    "perfect": (BINARY[0], BINARY[0]),
    "all one": (ONES, ONES),
    "all zero": (ZEROS, ZEROS),
    "all x": (np.full(ROWS, "x"), np.full(ROWS, "x")),
    "no positive": (ZEROS, BINARY[1]),
    "none predicted": (BINARY[0], ZEROS),
    "opposite": (ONES, ZEROS),
    "three classes": CLASSES,
    "three strings": draw(["a", "bb", "c"]),
    "gaps": draw([-5, 3, 700]),
    "far apart": draw([-(2**40), 0, 2**62]),
    "int8 extremes": draw(np.array([-128, 0, 127], np.int8)),
    "huge": draw(np.array([2**64 - 1, 2**63, 5], np.uint64)),
    "dates": draw(np.array(["2020-01-01", "2021-01-01", "2022-01-01"], "M8[D]")),
    "one never predicted": (CLASSES[0], CLASSES[1] % 2),
    "one never true": (CLASSES[0] % 2, CLASSES[1]),
    "one strange": (BINARY[0], np.where(np.arange(ROWS) == 3, 9, BINARY[1])),
    "many classes": draw(range(25)),
    "indicator": (indicator(), indicator()),
    "bool indicator": (indicator(dtype=bool), indicator(dtype=bool)),
    "float indicator": (indicator(dtype=float), indicator()),
    "empty rows": (EMPTY_ROWS, np.where(rng.random((ROWS, 3)) < 0.2, 1 - EMPTY_ROWS, EMPTY_ROWS)),
    "empty columns": (indicator() * [1, 0, 1], indicator() * [1, 0, 0]),
    "all-zero indicator": (np.zeros((ROWS, 2), int), np.zeros((ROWS, 2), int)),
}

BAD = {
    "empty": ([], []),
    "empty indicator": (np.zeros((0, 2), int), np.zeros((0, 2), int)),
    "lengths": ([0, 1, 1], [0, 1]),
    "scalars": (1, 1),
    "one string": ("01", "01"),
    "generator": (iter([0, 1]), [0, 1]),
    "zero dimensions": (np.array(1), np.array(1)),
    "matrix": (np.matrix([[0, 1]]), np.matrix([[0, 1]])),
    "NaN": ([0.0, NAN], [0, 1]),
    "infinite": ([0, 1], [INF, 1.0]),
    "null": ([None, 1], [0, 1]),
    "null string": (np.array(["a", None], object), ["a", "b"]),
    "NaN string": (np.array(["a", NAN], object), ["a", "b"]),
    "object ints": (np.array([0, 1], object), [0, 1]),
    "bytes": ([b"a", b"b"], [b"a", b"b"]),
    "object bytes": (np.array([b"a", b"b"], object), ["a", "b"]),
    "complex": ([1j, 0], [0, 1]),
    "strings and ints": (["a", "b"], [0, 1]),
    "digits and ints": (["0", "1"], [0, 1]),
    "continuous": ([0, 1], [0.2, 0.7]),
    "both continuous": ([0.1, 0.5], [0.2, 0.7]),
    "ragged": ([[0], [0, 1]], [[0], [0, 1]]),
    "multi-output": ([[0, 1], [1, 2]], [[0, 1], [1, 2]]),
    "string matrix": ([["a", "b"]], [["a", "b"]]),
    "continuous matrix": (np.array([[0.1, 0.2]]), np.array([[0.1, 0.2]])),
    "three dimensions": (np.zeros((2, 2, 2), int), np.zeros((2, 2, 2), int)),
    "indicator and vector": ([[0, 1], [1, 1]], [0, 1]),
    "indicator widths": (np.eye(2, dtype=int), np.ones((2, 3), int)),
}

LABELS = [[1, 0], [0], [2, 7], ["p", "n"], [1, 1], [], [-1], ["c", "a"]]
BRIEF = [
    *options_of(average=[..., "micro", "macro", "weighted", "samples", None], sample_weight=[..., FLOAT_WEIGHTS]),
    *options_of(pos_label=[0, "p"]),
]
SETWISE = [
    *options_of(average=[..., "micro", "macro", "weighted", "samples", None], sample_weight=[SPARSE_WEIGHTS]),
    *options_of(average=[..., "samples", None], zero_division=[0, NAN]),
    *options_of(average=["macro"], zero_division=[1.0, 0.5, "x", None, True]),
    *options_of(average=[None], labels=LABELS),
    *options_of(average=["micro", "macro", "weighted"], labels=LABELS[:3]),
    *options_of(pos_label=[True, "x", 9, None, [1]]),
    *options_of(pos_label=[0, "x", None], average=["macro"]),
    *options_of(average=["x", 3]),
]
BETAS = [
    *options_of(beta=[0, 0.5, INF], average=[None]),
    *options_of(beta=[0, 2.0, INF, -1, NAN, "1"], average=["macro"]),
]
LABEL_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "accuracy_score": options_of(normalize=[..., False], sample_weight=WEIGHTS) + options_of(normalize=[1]),
    "balanced_accuracy_score": options_of(adjusted=[..., True], sample_weight=WEIGHTS) + options_of(adjusted=[1]),
    "precision_score": BRIEF,
    "recall_score": BRIEF,
    "f1_score": BRIEF,
    "fbeta_score": [{"beta": 2.0} | options for options in BRIEF] + BETAS,
    "jaccard_score": BRIEF + SETWISE[::2],
    "precision_recall_fscore_support": [
        *BRIEF,
        *SETWISE,
        *BETAS,
        *options_of(warn_for=[("recall",), [], {"precision", "f-score"}, "recall"]),
    ],
    "confusion_matrix": [
        *options_of(normalize=[..., "true", "pred", "all"], sample_weight=[..., FLOAT_WEIGHTS]),
        *options_of(sample_weight=[SPARSE_WEIGHTS, INT_WEIGHTS, INT_WEIGHTS > 0]),
        *options_of(labels=[[1, 0], [0], [2, 7], [7], ["p", "n"], [1, 1, 0], [], [0, 1, 2, 3]]),
        *options_of(normalize=["x", 1]),
    ],
    "matthews_corrcoef": options_of(sample_weight=WEIGHTS),
    "cohen_kappa_score": [
        *options_of(weights=[..., "linear", "quadratic", "x"], sample_weight=WEIGHTS[:2]),
        *options_of(labels=[[1, 0], [0], [2, 7], [7], ["p", "n"]], replace_undefined_by=[..., 0.5]),
        *options_of(replace_undefined_by=[2, -1.5, "x", -1.0]),
    ],
    "classification_report": [
        *options_of(sample_weight=[..., EIGHTHS]),
        *options_of(sample_weight=[FLOAT_WEIGHTS], output_dict=[True], zero_division=[..., NAN]),
        *options_of(labels=[[1, 0], [2, 7], ["p", "n"]]),
        *options_of(target_names=[["no", "yes"]], labels=[..., [0, 1]], output_dict=[True]),
        *options_of(target_names=[["a", "b", "and a long name"]], labels=[..., [0, 1]], digits=[4]),
        *options_of(digits=[20, -1, 1.5]),
        *options_of(output_dict=[1]),
    ],
}


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("name", LABEL_OPTIONS)
def test_labels(name: str, case: str) -> None:
    for options in met(case, GOOD, LABEL_OPTIONS[name]):
        check(name, GOOD[case], options)


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("name", LABEL_OPTIONS)
def test_bad_labels(name: str, case: str) -> None:
    options = {"beta": 1.0} if name == "fbeta_score" else {}
    check(name, BAD[case], options)
    check(name, BAD[case][::-1], options)


SCORE = rng.random(ROWS)
TIES = rng.integers(0, 5, ROWS)
SIMPLEX = rng.dirichlet([1, 1, 1], ROWS)
PAIR = np.stack([1 - SCORE, SCORE], axis=1)
ONE_HOT = np.eye(3, dtype=int)[CLASSES[0]]
COLUMNS = rng.random((ROWS, 3))

SCORED = {
    "scores": (BINARY[0], SCORE),
    "lists": (BINARY[0].tolist(), SCORE.tolist()),
    "ties": (BINARY[0], TIES),
    "bool scores": (BINARY[0], TIES > 2),
    "constant": (BINARY[0], np.zeros(ROWS)),
    "perfect": (BINARY[0], BINARY[0]),
    "perfectly wrong": (BINARY[0], 1.0 - BINARY[0]),
    "float32": (BINARY[0], SCORE.astype(np.float32)),
    "float16": (BINARY[0], SCORE.astype(np.float16)),
    "object scores": (BINARY[0], SCORE.astype(object)),
    "strings": (LETTERS[0], SCORE),
    "bools": (BINARY[0] == 1, SCORE),
    "signs": (BINARY[0] * 2 - 1, SCORE),
    "one and two": (BINARY[0] + 1, SCORE),
    "whole floats": (BINARY[0].astype(float), SCORE),
    "columns": (BINARY[0][:, None], SCORE[:, None]),
    "one class, two columns": (ZEROS, PAIR),
    "all zero": (ZEROS, SCORE),
    "all one": (ONES, SCORE),
    "all two": (ONES * 2, SCORE),
    "all x": (np.full(ROWS, "x"), SCORE),
    "pairs": (BINARY[0], PAIR),
    "three columns": (CLASSES[0], SIMPLEX),
    "three float32 columns": (CLASSES[0], SIMPLEX.astype(np.float32)),
    "three strings": (np.array(["a", "b", "c"])[CLASSES[0]], SIMPLEX),
    "three classes, one score": (CLASSES[0], SCORE),
    "two classes, three columns": (BINARY[0], SIMPLEX),
    "three columns, not shares": (CLASSES[0], COLUMNS),
    "indicator": (indicator(), COLUMNS),
    "bool indicator": (indicator(dtype=bool), SIMPLEX),
    "one-hot": (ONE_HOT, SIMPLEX),
    "two-column one-hot": (np.eye(2, dtype=int)[BINARY[0]], PAIR),
    "empty column": (indicator() * [1, 0, 1], COLUMNS),
    "all-zero indicator": (np.zeros((ROWS, 2), int), COLUMNS[:, :2]),
    "indicator, one score": (indicator(), SCORE),
    "multi-output": (rng.integers(0, 3, (ROWS, 3)), COLUMNS),
    "continuous": (SCORE, SCORE),
    "empty": ([], []),
    "lengths": (BINARY[0], SCORE[1:]),
    "NaN score": (BINARY[0], np.where(SCORE < 0.1, NAN, SCORE)),
    "infinite score": (BINARY[0], np.where(SCORE < 0.1, INF, SCORE)),
    "NaN label": (np.where(SCORE < 0.1, NAN, BINARY[0]), SCORE),
    "null label": ([None, *BINARY[0][1:]], SCORE),
    "words as scores": (BINARY[0], np.array(["a", "b"])[BINARY[0]]),
    "below zero": (BINARY[0], SCORE - 0.5),
    "above one": (BINARY[0], SCORE + 0.5),
    "certain": (BINARY[0], BINARY[1]),
    "certain float32": (BINARY[0], BINARY[1].astype(np.float32)),
    "three dimensions": (BINARY[0], np.zeros((ROWS, 2, 2))),
    "scalar": (BINARY[0], 0.5),
    "missing": (BINARY[0], None),
}
NO_POSITIVE_WEIGHT, NO_NEGATIVE_WEIGHT = 1.0 - BINARY[0], BINARY[0] * 1.5
ODD_WEIGHTS = [ZEROS, FLOAT_WEIGHTS[1:], np.full(ROWS, NAN), 1, "x"]
ORDERED, UNORDERED = [0, 1, 2], [1, 0, 2]
ALL_AVERAGES = [..., "micro", "weighted", "samples", None]

SCORE_OPTIONS: dict[str, list[dict[str, Any]]] = {
    "roc_auc_score": [
        *options_of(average=ALL_AVERAGES, sample_weight=[..., FLOAT_WEIGHTS], multi_class=["ovr", "ovo"]),
        *options_of(sample_weight=WEIGHTS[2:], max_fpr=[1.0, 0.3], multi_class=["ovr"]),
        *options_of(max_fpr=[0.1, 0.5, 1, 0, 2, "x"]),
        *options_of(labels=[ORDERED, UNORDERED, [0, 1], [0, 1, 1], ["a", "b", "c"]], multi_class=["ovr"]),
        *options_of(labels=[ORDERED, ["a", "b", "c"]], multi_class=["ovo"]),
        *options_of(sample_weight=[NO_POSITIVE_WEIGHT, NO_NEGATIVE_WEIGHT, *ODD_WEIGHTS]),
        *options_of(average=["x", 1]),
        *options_of(multi_class=["x", None]),
    ],
    "average_precision_score": [
        *options_of(average=ALL_AVERAGES, sample_weight=[..., SPARSE_WEIGHTS]),
        *options_of(pos_label=[0, "p", 2, True, None, [1]]),
        *options_of(sample_weight=[FLOAT_WEIGHTS, INT_WEIGHTS]),
        *options_of(sample_weight=[NO_POSITIVE_WEIGHT, NO_NEGATIVE_WEIGHT, *ODD_WEIGHTS]),
        *options_of(average=["x", 1]),
    ],
    "log_loss": [
        *options_of(normalize=[..., False], sample_weight=WEIGHTS),
        *options_of(labels=[ORDERED, UNORDERED, [0, 1], [1, 0], [0, 0, 1], [0], ["n", "p"], ["a", "b", "c"]]),
        *options_of(sample_weight=ODD_WEIGHTS),
        *options_of(normalize=[1]),
        *options_of(y_pred=[SCORE]),
    ],
    "brier_score_loss": [
        *options_of(scale_by_half=[..., True, False, "x", 1], sample_weight=WEIGHTS),
        *options_of(labels=[ORDERED, UNORDERED, [0, 1], ["n", "p"], ["a", "b", "c"]]),
        *options_of(pos_label=[0, 1, "p", "x", 9, True, [1]]),
        *options_of(sample_weight=ODD_WEIGHTS),
    ],
}


@pytest.mark.parametrize("case", SCORED)
@pytest.mark.parametrize("name", SCORE_OPTIONS)
def test_scores(name: str, case: str) -> None:
    for options in met(case, SCORED, SCORE_OPTIONS[name]):
        check(name, SCORED[case], options)


NUMBERS, OUTPUTS = rng.normal(size=ROWS), rng.normal(size=(ROWS, 3))
NUMERIC = {
    "floats": (NUMBERS, NUMBERS + SCORE),
    "lists": (NUMBERS.tolist(), SCORE.tolist()),
    "ints": (TIES, TIES[::-1]),
    "float32": (NUMBERS.astype(np.float32), SCORE.astype(np.float32)),
    "float32 and list": (NUMBERS.astype(np.float32), SCORE.tolist()),
    "float32 and int": (NUMBERS.astype(np.float32), TIES),
    "float16": (NUMBERS.astype(np.float16), SCORE.astype(np.float16)),
    "bools": (TIES > 2, SCORE > 0.5),
    "objects": (NUMBERS.astype(object), SCORE),
    "columns": (NUMBERS[:, None], SCORE),
    "perfect": (NUMBERS, NUMBERS),
    "constant": (np.ones(ROWS), SCORE),
    "constant and perfect": (np.ones(ROWS), np.ones(ROWS)),
    "one row": ([1.0], [2.0]),
    "outputs": (OUTPUTS, COLUMNS),
    "outputs, one constant": (OUTPUTS * [1, 0, 1], COLUMNS),
    "outputs, one perfect": (OUTPUTS, OUTPUTS + np.array([0, 1, 0])),
    "outputs, all constant": (OUTPUTS * 0, COLUMNS),
    "empty": ([], []),
    "lengths": (NUMBERS, SCORE[1:]),
    "widths": (OUTPUTS, COLUMNS[:, :2]),
    "NaN": (np.where(SCORE < 0.1, NAN, NUMBERS), SCORE),
    "null": ([None, *NUMBERS[1:]], SCORE),
    "infinite": (NUMBERS, np.where(SCORE < 0.1, INF, SCORE)),
    "words": (LETTERS[0], SCORE),
    "scalar": (NUMBERS, 1.0),
    "complex": (NUMBERS * 1j, SCORE),
    "three dimensions": (np.zeros((ROWS, 2, 2)), np.zeros((ROWS, 2, 2))),
}
MULTIOUTPUTS = [..., "raw_values", [0.2, 0.3, 0.5], "variance_weighted", None, "x", [1.0], [[1.0]], 3]
NUMBER_OPTIONS = [
    *options_of(multioutput=MULTIOUTPUTS, sample_weight=WEIGHTS[:2]),
    *options_of(sample_weight=[*WEIGHTS[2:], FLOAT_WEIGHTS.astype(np.float32), FLOAT_WEIGHTS.tolist(), *ODD_WEIGHTS]),
]
R2_OPTIONS = options_of(force_finite=[True, False, 1], multioutput=MULTIOUTPUTS[:4])


@pytest.mark.parametrize("case", NUMERIC)
@pytest.mark.parametrize("name", REGRESSION)
def test_numbers(name: str, case: str) -> None:
    for options in NUMBER_OPTIONS + (R2_OPTIONS if name == "r2_score" else []):
        check(name, NUMERIC[case], options)


few = settings(max_examples=25, deadline=None)
rows = st.shared(st.integers(1, 30), key="rows")
codes = rows.flatmap(lambda n: hnp.arrays(np.int64, n, elements=st.integers(0, 3)))
shares = rows.flatmap(lambda n: hnp.arrays(np.float64, n, elements=st.floats(0, 1, width=32)))
weights = st.none() | rows.flatmap(lambda n: hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])))


@few
@given(codes, codes, weights, st.sampled_from(["micro", "macro", "weighted", None]))
def test_any_labels(true: Any, pred: Any, weight: Any, average: str | None) -> None:
    for name in LABEL_OPTIONS:
        asked = {"sample_weight": weight} | ({"beta": 0.7} if name == "fbeta_score" else {})
        averaged = "average" in inspect.signature(getattr(arrays, name)).parameters
        check(name, (true, pred), asked | ({"average": average} if averaged else {}))


@few
@given(codes, shares, weights)
def test_any_scores(true: Any, score: Any, weight: Any) -> None:
    for name in SCORE_OPTIONS:
        check(name, (true > 0, score), {"sample_weight": weight})
    check("roc_auc_score", (true > 0, score), {"sample_weight": weight, "max_fpr": 0.4})


@few
@given(codes, shares, weights)
def test_any_numbers(true: Any, score: Any, weight: Any) -> None:
    for name in REGRESSION:
        check(name, (true, score), {"sample_weight": weight})


def test_every_function_is_compared() -> None:
    assert sorted([*LABEL_OPTIONS, *SCORE_OPTIONS, *REGRESSION]) == FUNCTIONS
