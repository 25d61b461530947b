"""The classes family: its metrics against scikit-learn and the oracle, group by group."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from fastmetrics.contract.cells import CellTable
from fastmetrics.contract.family import Family
from fastmetrics.errors import SchemaError
from fastmetrics.families.classes import METRICS, classes, common_class_dtype, most_confused, per_class
from fastmetrics.metric import Cells, find, names, value
from oracle_classes import class_counts, class_metrics, confusions

NAMES = [metric.name for metric in METRICS]
NAN = math.nan


def table_of(
    groups: Any, labels: Any, predictions: Any, weights: Any = None, size: int | None = None, dtypes: Any = (None, None)
) -> CellTable:
    """The long table that counting these rows gives: one entry for each (group, label, prediction)."""
    rows: Counter[Any] = Counter()
    squares: Counter[Any] = Counter()
    keys = list(zip(groups, labels, predictions, strict=True))
    for key, weight in zip(keys, [1] * len(keys) if weights is None else weights, strict=True):
        rows[key] += weight
        squares[key] += weight * weight
    group = np.array([key[0] for key in rows], np.int64)
    cells = {"rows": np.array(list(rows.values()), np.float64)}
    inner = {
        name: pl.Series(name, [key[i] for key in rows], dtype=dtype)
        for i, (name, dtype) in enumerate(zip(("label", "prediction"), dtypes, strict=True), 1)
    }
    of_weights = None if weights is None else {"rows": np.array(list(squares.values()), np.float64)}
    return CellTable(group, max(groups, default=-1) + 1 if size is None else size, inner, Cells(cells, of_weights))


def metrics_of(table: CellTable, family: Family) -> dict[str, Any]:
    cells = family.read(table)
    return {name: value(find(name, family.metrics), cells) for name in NAMES}


def log(kind: type, seed: int = 0) -> tuple[list[int], list[Any], list[Any], list[float]]:
    """Groups 0 and 1 of many rows with nulls, then one class (2), one row (3), one label (4), and nulls alone (5)."""
    rng = np.random.default_rng(seed)
    groups = [*rng.integers(0, 2, 600).tolist(), *[2] * 5, 3, *[4] * 30, *[5] * 4]
    labels = [*rng.integers(0, 7, 600).tolist(), *[1] * 5, 2, *[3] * 30, *[None] * 4]
    guesses = [*rng.integers(1, 9, 600).tolist(), *[1] * 5, 4, *rng.integers(0, 5, 30).tolist(), 1, 2, None, None]
    rows: list[list[Any]] = []
    for i, (y, p) in enumerate(zip(labels, guesses, strict=True)):
        p = y if y is not None and rng.random() < 0.6 else p
        row = (None if i < 600 and rng.random() < 0.1 else value for value in (y, p))
        rows.append([None if value is None else kind(value) for value in row])
    weights = rng.integers(1, 5, 640).astype(float).tolist()
    return groups, [y for y, _ in rows], [p for _, p in rows], weights


def averaged(function: Any, average: str) -> Any:
    """scikit-learn counts 0 for a listed class of no row, and where no class has labels; ours knows nothing of them."""

    def score(y: Any, p: Any, w: Any, wanted: Any) -> float:
        seen = [label for label in (sorted({*y, *p}) if wanted is None else wanted) if label in {*y, *p}]
        if average == "weighted" and not {*seen} & {*y}:
            return NAN
        empty = np.nan if average == "micro" and function is not sk.jaccard_score else 0
        return function(y, p, sample_weight=w, labels=seen, average=average, zero_division=empty) if seen else NAN

    return score


def balanced(y: Any, p: Any, w: Any, wanted: Any) -> float:
    """scikit-learn averages the classes that have labels and warns of the others, where ours is undefined."""
    expected = set([*y, *p] if wanted is None else wanted)
    return NAN if expected - set(y) else sk.recall_score(y, p, sample_weight=w, labels=wanted, average="macro")


def constant(function: Any) -> Any:
    """scikit-learn's mcc is 0 where one side is constant; ours is undefined."""
    return lambda y, p, w, _: NAN if len(set(y)) == 1 or len(set(p)) == 1 else function(y, p, sample_weight=w)


PEERS: dict[str, Any] = {
    "accuracy": lambda y, p, w, _: sk.accuracy_score(y, p, sample_weight=w),
    "error_rate": lambda y, p, w, _: sk.zero_one_loss(y, p, sample_weight=w),
    "balanced_accuracy": balanced,
    "mcc": constant(sk.matthews_corrcoef),
    "kappa": lambda y, p, w, _: sk.cohen_kappa_score(y, p, sample_weight=w),
    **{
        f"{name}_{average}": averaged(getattr(sk, f"{name}_score"), average)
        for name in ("precision", "recall", "f1", "jaccard")
        for average in ("macro", "micro", "weighted")
    },
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("wanted", [None, [5, 2, 1], [3, 8, 99]])
@pytest.mark.parametrize("kind", [int, str])
def test_every_metric_is_scikit_learns_in_each_group(kind: type, wanted: list[int] | None, weighted: bool) -> None:
    groups, labels, predictions, weights = log(kind)
    order = None if wanted is None else [kind(label) for label in wanted]
    table = table_of(groups, labels, predictions, weights if weighted else None)
    found = metrics_of(table, classes("y", "p", labels=order))
    for group in range(6):
        rows = [
            (y, p, w if weighted else 1.0)
            for g, y, p, w in zip(groups, labels, predictions, weights, strict=True)
            if g == group and y is not None and p is not None
        ]
        if not rows:
            assert all(math.isnan(found[name][group]) for name in PEERS)
            continue
        y, p, w = zip(*rows, strict=True)
        for name, peer in PEERS.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    expected = peer(list(y), list(p), list(w), order)
                except ValueError:  # scikit-learn refuses labels of which none is in the data
                    expected = NAN
            assert found[name][group] == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True), (name, group)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from([None, "a", "b", "c"]),
            st.sampled_from([None, "a", "b", "d"]),
            st.integers(1, 3),
        ),
        max_size=40,
    ),
    wanted=st.sampled_from([None, ["a"], ["d", "b"], ["a", "zz"]]),
    weighted=st.booleans(),
)
def test_every_metric_is_the_oracles(rows: list[Any], wanted: list[str] | None, weighted: bool) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    table = table_of(*columns[:3], columns[3] if weighted else None, size=5, dtypes=(pl.String, pl.String))
    family = classes("y", "p", labels=wanted)
    found = metrics_of(table, family)
    shown = per_class(table, family)
    for group in range(5):
        mine = [row for row in rows if row[0] == group]
        _, y, p, w = zip(*mine, strict=True) if mine else ((), (), (), ())
        expected = class_metrics(y, p, w if weighted else None, wanted)
        assert expected.keys() == set(NAMES)
        for name in NAMES:
            wants = NAN if expected[name] is None else expected[name]
            assert found[name][group] == pytest.approx(wants, rel=1e-12, nan_ok=True), (name, group)
        counts = class_counts(y, p, w if weighted else None)
        order = sorted(counts) if wanted is None else [label for label in wanted if label in counts]
        of_group = shown.filter(pl.col("group") == group)
        assert of_group["class"].to_list() == order
        assert of_group.select("support", "predicted", "tp").rows() == [tuple(counts[label]) for label in order]


def test_a_class_that_is_never_predicted_counts_nothing_in_the_mean_precision() -> None:
    y, p = ["a"] * 6 + ["rare"] * 2, ["a"] * 8
    table = table_of([0] * 8, y, p)
    found = metrics_of(table, classes("y", "p"))
    assert found["precision_macro"][0] == sk.precision_score(y, p, average="macro", zero_division=0) == 0.375
    assert found["precision_weighted"][0] == sk.precision_score(y, p, average="weighted", zero_division=0) == 0.5625
    assert found["precision_classes"][0] == 2


@pytest.mark.parametrize("name", ["precision", "recall", "f1", "jaccard"])
def test_a_macro_average_is_the_mean_of_the_classes_shown(name: str) -> None:
    groups, labels, predictions, weights = log(str, seed=4)
    table, family = table_of(groups, labels, predictions, weights), classes("y", "p", labels=["6", "8", "3", "99"])
    shown = per_class(table, family).with_columns(pl.col(name).fill_null(0.0))
    found = metrics_of(table, family)
    for group, of_group in shown.group_by("group"):
        assert found[f"{name}_macro"][group] == pytest.approx(of_group[name].mean(), rel=1e-12)
        assert found[f"{name}_classes"][group] == len(of_group)
        if of_group["support"].sum():
            mean = (of_group[name] * of_group["support"]).sum() / of_group["support"].sum()
            assert found[f"{name}_weighted"][group] == pytest.approx(mean, rel=1e-12)


def test_ten_thousand_classes() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 10_000, 50_000)
    p = np.where(rng.random(50_000) < 0.7, y, rng.integers(0, 10_000, 50_000))
    pairs, counts = np.unique(np.stack([y, p]), axis=1, return_counts=True)
    keys = {"label": pl.Series(pairs[0]), "prediction": pl.Series(pairs[1])}
    table = CellTable(np.zeros(len(counts), np.int64), 1, keys, Cells({"rows": counts.astype(np.float64)}))
    family = classes("y", "p")
    found = metrics_of(table, family)
    expected = class_metrics(y.tolist(), p.tolist())
    assert {name: found[name][0] for name in NAMES} == pytest.approx(
        {name: NAN if expected[name] is None else expected[name] for name in NAMES}, rel=1e-12, nan_ok=True
    )
    assert found["f1_macro"][0] == pytest.approx(sk.f1_score(y, p, average="macro"), rel=1e-12)
    assert len(per_class(table, family)) == found["n_classes"][0] == len(np.unique([y, p]))
    assert len(most_confused(table, family, 7)) == 7


def test_a_group_is_undefined_alone() -> None:
    table = table_of([1], ["a"], ["a"], size=3)
    found = metrics_of(table, classes("y", "p"))
    assert found["accuracy"].tolist()[1] == 1.0
    assert all(math.isnan(found["accuracy"][group]) for group in (0, 2))
    assert found["n_classes"].tolist() == [0.0, 1.0, 0.0]
    assert math.isnan(found["mcc"][1])
    assert math.isnan(found["kappa"][1])


@pytest.mark.parametrize("dtype", [pl.Null, pl.String, pl.Int32, pl.Enum(["a"])])
def test_an_empty_table(dtype: Any) -> None:
    table = table_of([], [], [], dtypes=(dtype, dtype))
    family = classes("y", "p")
    assert all(found.shape == (0,) for found in metrics_of(table, family).values())
    assert per_class(table, family).shape == (0, 9)
    assert most_confused(table, family, 3).shape == (0, 5)


@pytest.mark.parametrize("name", [alias for alias in names(METRICS) if "macro_" in alias or "micro_" in alias])
def test_averages_answer_to_both_orders_of_their_name(name: str) -> None:
    average, _, of = name.partition("_")
    assert find(name, METRICS).num is find(f"{of}_{average}", METRICS).num


SAME = [
    (pl.Int32, pl.Int64, [1, 2, 3], [1, 3, 3]),
    (pl.UInt8, pl.Int64, [1, 2, 3], [1, 3, 3]),
    (pl.Int64, pl.Float64, [1, 2, 3], [1.0, 3.0, 3.0]),
    (pl.Boolean, pl.Int8, [True, False, True], [1, 1, 1]),
    (pl.Enum(["c", "b", "a"]), pl.String, ["a", "b", "c"], ["a", "c", "c"]),
    (pl.Enum(["c", "b", "a"]), pl.Enum(["a", "c"]), ["a", "b", "c"], ["a", "c", "c"]),
    (pl.Categorical, pl.Enum(["a", "c"]), ["a", "b", "c"], ["a", "c", "c"]),
    (pl.Categorical, pl.Categorical, ["a", "b", "c"], ["a", "c", "c"]),
]


@pytest.mark.parametrize(("label", "prediction", "labels", "predictions"), SAME)
def test_classes_are_equal_when_their_values_are(label: Any, prediction: Any, labels: Any, predictions: Any) -> None:
    keys = {"label": pl.Series(labels, dtype=label), "prediction": pl.Series(predictions, dtype=prediction)}
    table = CellTable(np.zeros(3, np.int64), 1, keys, Cells({"rows": np.ones(3)}))
    assert metrics_of(table, classes("y", "p"))["accuracy"][0] == 2 / 3
    assert per_class(table, classes("y", "p"))["tp"].sum() == 2


@pytest.mark.parametrize(
    ("label", "prediction", "common"),
    [
        (pl.Int8(), pl.Int8(), pl.Int8()),
        (pl.Int8(), pl.UInt32(), pl.Int64()),
        (pl.UInt64(), pl.UInt8(), pl.UInt64()),
        (pl.Boolean(), pl.Boolean(), pl.Boolean()),
        (pl.Boolean(), pl.UInt64(), pl.UInt64()),
        (pl.Float32(), pl.Int8(), pl.Float64()),
        (pl.Null(), pl.Date(), pl.Date()),
        (pl.Int16(), pl.Null(), pl.Int16()),
        (pl.Null(), pl.Null(), pl.Null()),
        (pl.Enum(["a"]), pl.Enum(["a"]), pl.Enum(["a"])),
        (pl.Enum(["a"]), pl.Enum(["b"]), pl.String()),
        (pl.Datetime("us"), pl.Datetime("us"), pl.Datetime("us")),
    ],
)
def test_the_common_dtype(label: pl.DataType, prediction: pl.DataType, common: pl.DataType) -> None:
    assert common_class_dtype(label, prediction) == common


@pytest.mark.parametrize(
    ("label", "prediction"),
    [
        (pl.String(), pl.Int64()),
        (pl.Boolean(), pl.Enum(["a"])),
        (pl.UInt64(), pl.Int64()),
        (pl.Date(), pl.Datetime()),
        (pl.Decimal(10, 2), pl.Int64()),
        (pl.List(pl.Int8()), pl.List(pl.Int8())),
    ],
)
def test_dtypes_that_share_no_values(label: pl.DataType, prediction: pl.DataType) -> None:
    for pair in ((label, prediction), (prediction, label)):
        with pytest.raises(SchemaError, match=r"label is .* and prediction is "):
            common_class_dtype(*pair)


def test_the_family_refuses_dtypes_before_the_scan() -> None:
    check = classes("truth", "answer", labels=["a"]).check
    assert check is not None
    check({"label": pl.String(), "prediction": pl.Categorical()})
    with pytest.raises(SchemaError, match="label 'truth' is String and prediction 'answer' is Int64"):
        check({"label": pl.String(), "prediction": pl.Int64()})
    with pytest.raises(SchemaError, match="labels= is String and the data is Int64"):
        check({"label": pl.Int64(), "prediction": pl.Int64()})


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ("abc", r"give a list of classes"),
        ([], "is empty"),
        (["a", "a"], "'a' twice"),
        ([1, "a"], "all text or all numbers"),
        ([None], "all text or all numbers"),
        ([True, 2], "all text or all numbers"),
    ],
)
def test_labels_that_cannot_be(labels: Any, text: str) -> None:
    with pytest.raises(SchemaError, match=text):
        classes("y", "p", labels=labels)


def test_labels_become_plain_values() -> None:
    family = classes("y", "p", labels=np.array([2, 1]))  # type: ignore[arg-type]
    assert family.arguments["labels"] == [2, 1]
    assert all(type(label) is int for label in family.arguments["labels"])
    assert family.identity["labels"] == [2, 1]


def test_most_confused_is_the_oracles_with_ties() -> None:
    groups, labels, predictions, _ = log(str, seed=3)
    table = table_of(groups, labels, predictions)
    for n in (0, 1, 4, 1000):
        found = most_confused(table, classes("y", "p"), n)
        assert found.schema["rows"] == pl.Int64
        for group in range(6):
            mine = [i for i, g in enumerate(groups) if g == group]
            expected = confusions([labels[i] for i in mine], [predictions[i] for i in mine], n)
            assert found.filter(pl.col("group") == group).drop("group").rows() == expected


def test_ties_and_rows_follow_the_order_of_labels() -> None:
    table = table_of([0] * 4, ["a", "b", "c", "c"], ["b", "a", "a", "b"])
    family = classes("y", "p", labels=["c", "b"])
    assert most_confused(table, family, 9).select("label", "prediction").rows() == [
        ("c", "b"),
        ("c", "a"),
        ("b", "a"),
        ("a", "b"),
    ]
    assert per_class(table, family)["class"].to_list() == ["c", "b"]


def test_undefined_class_metrics_are_null() -> None:
    shown = per_class(table_of([0, 0], ["a", "a"], ["a", "b"]), classes("y", "p"))
    assert shown.select("class", "precision", "recall", "f1").rows() == [("a", 1.0, 0.5, 2 / 3), ("b", 0.0, None, 0.0)]


def test_weights_are_sums_and_squares_of_rows() -> None:
    table = table_of([0, 0, 0, 0], ["a", "a", "b", None], ["a", "b", "b", "b"], [0.5, 2.0, 3.0, 4.0])
    cells = classes("y", "p").read(table)
    assert cells.squares is not None
    assert cells.correct.tolist() == [3.5]
    assert cells.squares["correct"].tolist() == [9.25]
    assert cells.squares["wrong"].tolist() == [4.0]
    assert cells.squares["unlabelled"].tolist() == [16.0]
    assert cells.squares["tp"].tolist() == [9.25]
    assert per_class(table, classes("y", "p"))["support"].to_list() == [2.5, 3.0]
    assert most_confused(table, classes("y", "p"), 1)["rows"].to_list() == [2.0]


def test_a_row_that_weighs_nothing_shows_no_class() -> None:
    table = table_of([0, 0], ["a", "z"], ["a", "a"], [1.0, 0.0])
    found = metrics_of(table, classes("y", "p"))
    assert found["n_classes"].tolist() == [1.0]
    assert found["recall_macro"].tolist() == [1.0]
    assert per_class(table, classes("y", "p"))["class"].to_list() == ["a"]


@settings(max_examples=60, deadline=None)
@given(weights=st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=12), side=st.booleans())
def test_a_constant_side_is_seen_whatever_the_weights(weights: list[float], side: bool) -> None:
    varied = [f"c{i % 4}" for i in range(len(weights))]
    same = ["c0"] * len(weights)
    table = table_of([0] * len(weights), varied if side else same, same if side else varied, weights)
    assert math.isnan(metrics_of(table, classes("y", "p"))["mcc"][0])


def test_counts_of_billions() -> None:
    counts = {("a", "a"): 4_000_000_000, ("a", "b"): 3, ("b", "a"): 7, ("b", "b"): 2, ("c", "a"): 1}
    keys = {"label": pl.Series([y for y, _ in counts]), "prediction": pl.Series([p for _, p in counts])}
    cells = Cells({"rows": np.array(list(counts.values()), np.float64)})
    found = metrics_of(CellTable(np.zeros(5, np.int64), 1, keys, cells), classes("y", "p"))
    labels, predictions = zip(*counts, strict=True)
    expected = class_metrics(labels, predictions, [Fraction(count) for count in counts.values()])
    for name in ("mcc", "kappa", "f1_macro", "accuracy"):
        assert found[name][0] == pytest.approx(float(expected[name]), rel=1e-12), name


def test_rows_add_one_to_one_cell() -> None:
    family = classes("y", "p")
    assert family.rows({}).states is None
    assert family.states == ("rows",)
