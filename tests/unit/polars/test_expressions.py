"""Metrics as Polars expressions: the same values as counting gives, from every kind of column."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn import metrics as peer

import fastmetrics as fm
import fastmetrics.polars as fpl
from fastmetrics.errors import SchemaError
from fastmetrics.families.binary import CELLS, METRICS
from fastmetrics.families.classes import METRICS as CLASS_METRICS
from fastmetrics.families.likelihood import METRICS as TOKEN_METRICS
from fastmetrics.metric import Cells, value
from fastmetrics.polars.regression import ROWS as REGRESSION_METRICS
from fastmetrics.polars.sums import finished, one_metric
from oracle import binary_row, table

NAN = math.nan
CLASSES = ["a", "b", "c"]
TOKENS = [[-0.1, -2.5, None], [-1 / 3] * 7, [NAN, -1e-9], [0.0], [], [None], None]
ONE_OF_EACH = [(label, pred) for label in (1, 0, None) for pred in (1, 0, None)]


def a_log(rows: int = 600, groups: int = 6) -> pl.DataFrame:
    """Rows of every kind in most groups; one group without positives, one without labels, one of a single row."""
    draw = np.random.default_rng(7)
    group = np.minimum(draw.integers(0, groups, rows), groups - 2)
    group[0] = groups - 1

    def some(values: list[Any], dtype: Any) -> pl.Series:
        return pl.Series([values[i] for i in draw.integers(0, len(values), rows)], dtype=dtype)

    score = draw.integers(0, 40, rows) / 40
    truth = draw.normal(10, 3, rows)
    log = pl.DataFrame(
        {
            "g": group,
            "ts": np.arange(rows),
            "label": some([1, 1, 0, 0, None], pl.Int8),
            "pred": some([True, True, False, False, None], pl.Boolean),
            "score": pl.Series(score),
            "weight": some([0.0, 0.5, 1.0, 3.0], pl.Float64),
            "times": (np.arange(rows) + 1) % 4,
            "cause": some([*CLASSES, None], pl.String),
            "answer": some([*CLASSES, None], pl.String),
            "truth": pl.Series(truth),
            "guess": pl.Series(truth + draw.normal(0, 1, rows)),
            "logs": pl.Series([TOKENS[i] for i in draw.integers(0, len(TOKENS), rows)], dtype=pl.List(pl.Float64)),
        }
    )
    here = pl.col("g")
    return log.with_columns(
        label=pl.when(here == 1).then(pl.col("label") * 0).when(here != 2).then("label"),
        cause=pl.when(here == 1).then(pl.lit("a")).when(here != 2).then("cause"),
        truth=pl.when(here == 1).then(2.5).when((here != 2) & (pl.col("ts") % 7 != 0)).then("truth"),
        guess=pl.when(pl.col("ts") % 5 != 0).then("guess"),
        score=pl.when(pl.col("ts") % 11 != 0).then("score"),
        logs=pl.when(here == 1)
        .then(pl.col("logs").list.head(0))
        .when(here == 3)
        .then([-math.inf, -1])
        .otherwise("logs"),
    )


LOG = a_log()
FAMILIES = {
    "binary": (fm.binary("label", "pred"), fpl, METRICS, ("label", "pred"), {}),
    "classes": (fm.classes("cause", "answer", labels=CLASSES), fpl.classes, CLASS_METRICS, ("cause", "answer"),
                {"labels": CLASSES}),
    "regression": (fm.regression("truth", "guess"), fpl.regression, REGRESSION_METRICS, ("truth", "guess"), {}),
    "likelihood": (fm.likelihood("logs", base="2"), fpl.likelihood, TOKEN_METRICS, ("logs",), {"base": "2"}),
}  # fmt: skip
MULTIPLES: dict[str, dict[str, str]] = {
    "rows": {},
    "weight": {"weight": "weight"},
    "frequency": {"frequency": "times"},
    "both": {"weight": "weight", "frequency": "times"},
}
ROWS = [(kind, row) for kind, family in FAMILIES.items() for row in family[2]]


@pytest.mark.parametrize("multiples", MULTIPLES)
@pytest.mark.parametrize(("kind", "row"), ROWS, ids=[f"{kind}.{row.name}" for kind, row in ROWS])
def test_every_metric_is_what_counting_gives(kind: str, row: fm.Metric, multiples: str) -> None:
    _, module, _, columns, more = FAMILIES[kind]
    function, how = getattr(module, row.name), MULTIPLES[multiples]
    if "weight" in how and row.name == "max_error":
        with pytest.raises(SchemaError, match="no weighted meaning"):
            function(*columns, **how, **more)
        return
    counts = COUNTS[multiples, kind]
    expected = counts.metrics(row.name).select("g", row.name)
    found = LOG.group_by("g").agg(function(*columns, **how, **more)).sort("g")
    assert_frame_equal(found, expected, rel_tol=1e-9, abs_tol=1e-12, check_dtypes=True)


COUNTS = {
    (multiples, kind): fm.count(
        LOG,
        fm.regression("truth", "guess", extremes=False) if kind == "regression" and "weight" in how else family,
        by="g",
        **how,
    )
    for kind, (family, *_) in FAMILIES.items()
    for multiples, how in MULTIPLES.items()
}


def test_the_log_has_undefined_metrics_and_defined_ones() -> None:
    """Else the test above would compare nulls with nulls."""
    for (_, kind), counts in COUNTS.items():
        values = counts.metrics(*(row.name for row in FAMILIES[kind][2] if row.name != "max_error")).drop("g", "n")
        assert values.null_count().sum_horizontal().item() > 0
        assert not [column.name for column in values if column.null_count() == len(column)], kind


@pytest.mark.parametrize(
    ("module", "rows"),
    [
        (fpl, METRICS),
        (fpl.classes, CLASS_METRICS),
        (fpl.regression, REGRESSION_METRICS),
        (fpl.likelihood, TOKEN_METRICS),
    ],
)
def test_metrics_are_one_struct_and_know_aliases(module: Any, rows: tuple[fm.Metric, ...]) -> None:
    kind = module.__name__.rpartition(".")[2].replace("polars", "binary")
    *_, columns, more = FAMILIES[kind]
    asked = [name for row in rows for name in (row.name, *row.aliases)]
    whole = LOG.group_by("g", maintain_order=True).agg(module.metrics(asked, *columns, **more))
    assert whole.schema["metrics"] == pl.Struct(dict.fromkeys(asked, pl.Float64))
    alone = [
        getattr(module, row.name)(*columns, **more).alias(name) for row in rows for name in (row.name, *row.aliases)
    ]
    assert_frame_equal(whole.unnest("metrics"), LOG.group_by("g", maintain_order=True).agg(alone))


def test_metrics_of_your_own_and_of_any_beta() -> None:
    own = fm.Metric("alarms_per_hit", lambda c: c.fp, lambda c: c.tp, "ratio")
    found = LOG.select(fpl.metrics([own, "f2", "f0.5"], "label", "pred")).item()
    cells = LOG.select(fpl.confusion("label", "pred")).item()
    assert found["alarms_per_hit"] == cells["fp"] / cells["tp"]
    assert found["f2"] == LOG.select(fpl.fbeta(2, "label", "pred")).item()
    assert found["f0.5"] == LOG.select(fpl.fbeta(0.5, "label", "pred")).item() != found["f2"]


@pytest.mark.parametrize("row", CLASS_METRICS, ids=lambda row: row.name)
def test_labels_choose_the_classes_that_are_averaged(row: fm.Metric) -> None:
    """Metrics over every class are not known where a class is not named; the others are as counting says."""
    labels = ["b", "a"]
    found = LOG.group_by("g").agg(getattr(fpl.classes, row.name)("cause", "answer", labels=labels)).sort("g")
    if row.name in ("mcc", "kappa", "n_classes"):
        some = LOG.drop_nulls(["cause", "answer"]).filter((pl.col("cause") == "c") | (pl.col("answer") == "c"))["g"]
        assert set(found.filter(pl.col(row.name).is_null())["g"]) >= set(some) != set()
        return
    counts = fm.count(LOG, fm.classes("cause", "answer", labels=labels), by="g")
    assert_frame_equal(found, counts.metrics(row.name).select("g", row.name), rel_tol=1e-9)


@pytest.mark.parametrize("weight", [0.25, 1.0, 4.0])
def test_r2_needs_two_rows_whatever_they_weigh(weight: float) -> None:
    log = pl.DataFrame({"truth": [3.0, 1.0], "guess": [4.0, 1.0], "weight": weight})
    r2 = fpl.r2("truth", "guess", weight="weight")
    assert log[:1].select(r2).item() is None
    assert log.select(r2).item() == 0.5


# The cells


def test_the_confusion_is_what_the_rows_say() -> None:
    rows = LOG.select("label", "pred").rows()
    expected = table([(g,) for g in LOG["g"]], [[binary_row(*row)] for row in rows])
    for group, cells in LOG.group_by("g").agg(fpl.confusion("label", "pred")).iter_rows():
        assert cells == {cell: sum(expected[(group,)].get(cell, [])) for cell in CELLS}


LABELS = [label for label, _ in ONE_OF_EACH]
PREDS = [pred for _, pred in ONE_OF_EACH]


def of_each(values: list[Any], dtype: Any, positive: Any = 1, negative: Any = 0) -> pl.Series:
    return pl.Series([None if v is None else positive if v else negative for v in values], dtype=dtype)


KINDS = {
    "Boolean": (pl.Boolean, True, False, None),
    **{str(t): (t, 1, 0, None) for t in (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt64)},
    "minus one": (pl.Int32, 1, -1, None),
    "Float32": (pl.Float32, 1.0, -1.0, None),
    "Float64": (pl.Float64, 1.0, -0.0, None),
    "String": (pl.String, "yes", "no", "yes"),
    "Enum": (pl.Enum(["no", "yes"]), "yes", "no", "yes"),
    "Categorical": (pl.Categorical, "yes", "no", "yes"),
    "numbers by pos_label": (pl.Int64, 3, 7, 3),
    "floats by pos_label": (pl.Float32, 0.5, 7.0, 0.5),
    "pos_label False": (pl.Boolean, False, True, False),
}
SAME = [
    ("Boolean", "Int8"),
    ("UInt8", "Float32"),
    ("Float64", "Boolean"),
    ("String", "Enum"),
    ("Categorical", "String"),
]
COMPUTED: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "plain": lambda column: column,
    "alias": lambda column: column.alias("else"),
    "computed": lambda column: pl.when(column.is_not_null()).then(column),
}


@pytest.mark.parametrize("how", COMPUTED)
@pytest.mark.parametrize(("label", "pred"), [*((kind, kind) for kind in KINDS), *SAME])
def test_every_kind_of_column_falls_into_the_same_cells(label: str, pred: str, how: str) -> None:
    dtype, positive, negative, pos_label = KINDS[label]
    second, positive_too, negative_too, _ = KINDS[pred]
    log = pl.DataFrame(
        {"l": of_each(LABELS, dtype, positive, negative), "p": of_each(PREDS, second, positive_too, negative_too)}
    )
    made = COMPUTED[how]
    cells = fpl.confusion(made(pl.col("l")), made(pl.col("p")), pos_label=pos_label)
    margins = fpl.metrics(["TN", "FP", "FN", "TP"], made(pl.col("l")), made(pl.col("p")), pos_label=pos_label)
    chunked = pl.concat([log[:2], log[2:]], rechunk=False)
    padded = pl.concat([log[3:], log, log[:1]])[6:-1]
    for frame in (log, chunked, padded):
        assert frame.select(cells).item() == dict.fromkeys(CELLS, 1)
        assert set(frame.select(margins).item().values()) == {1}
    if dtype in (pl.Float32, pl.Float64):
        with_nan = log.with_columns(pl.col("l", "p").fill_null(NAN))
        assert with_nan.select(cells).item() == dict.fromkeys(CELLS, 1)
        assert set(with_nan.select(margins).item().values()) == {1}
    assert log.clear().select(cells).item() == dict.fromkeys(CELLS, 0)


@pytest.mark.parametrize("dtype", [pl.Null, pl.Boolean, pl.Int64, pl.Float32])
@pytest.mark.parametrize("pos_label", [None, 1])
def test_all_null_columns_are_not_known(dtype: Any, pos_label: int | None) -> None:
    if dtype == pl.Boolean and pos_label == 1:
        pytest.skip("1 is no value of a Boolean column")
    log = pl.DataFrame({"g": [1, 1, 2], "l": pl.Series([None] * 3, dtype=dtype), "p": [1, 0, 1]})
    asked = [fpl.f1("l", "p", pos_label=pos_label), fpl.confusion("l", "p", pos_label=pos_label)]
    for _, f1, cells in log.group_by("g", maintain_order=True).agg(asked).iter_rows():
        assert f1 is None
        assert cells["unlabelled_pos"] == 1
    assert log.select(fpl.root_cause("l", "p", pos_label=pos_label)).item() is None


@pytest.mark.parametrize("name", ["a{b}", "a.b", "a|b", "(a)", "a$", "^a", "[a]", "\\d", " ", "é"])
def test_names_are_taken_as_they_are(name: str) -> None:
    log = pl.DataFrame({name: [1, 0, 1], "pred": [1, 1, 1], "ab": [0, 0, 0]})
    asked = [
        fpl.precision(name, "pred"),
        fpl.fdr(pl.col(name), "pred", pos_label=1),
        fpl.mae(name, "pred"),
        fpl.classes.accuracy(name, "pred"),
        fpl.answer_rate("pred", y_score=name, threshold=0.5, weight=name),
    ]
    assert log.select(asked).row(0) == pytest.approx((2 / 3, 1 / 3, 1 / 3, 2 / 3, 1))


# Scores


def test_a_threshold_is_rounded_to_the_dtype_of_the_score() -> None:
    score = pl.Series("s", [0.1, 0.7, NAN, None], dtype=pl.Float32)
    log = pl.DataFrame({"l": [1, 1, 1, 1], "s": score, "wide": score.cast(pl.Float64)})
    for threshold, narrow in ((0.1, 2), (0.7, 1)):
        for column in ("s", pl.col("s").alias("t"), pl.when(pl.col("l") == 1).then("s")):
            cells = log.select(fpl.confusion("l", y_score=column, threshold=threshold)).item()
            assert (cells["tp"], cells["unpredicted_pos"]) == (narrow, 2)
    assert float(score[1]) < 0.7
    assert log.select(fpl.TP("l", y_score="wide", threshold=0.7)).item() == 0
    assert log.select(fpl.TP("l", y_score="l", threshold=0.5)).item() == 4


PEERS: dict[str, tuple[Callable[..., pl.Expr], Callable[..., float]]] = {
    "roc_auc": (fpl.roc_auc, peer.roc_auc_score),
    "log_loss": (
        fpl.log_loss,
        lambda y, s, sample_weight: peer.log_loss(y, s, sample_weight=sample_weight, labels=[0, 1]),
    ),
    "brier": (fpl.brier, lambda y, s, sample_weight: peer.brier_score_loss(y, s, sample_weight=sample_weight)),
}


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Float64])
@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("name", PEERS)
def test_scores_are_what_scikit_learn_says(name: str, weight: str | None, dtype: Any) -> None:
    function, expected = PEERS[name]
    log = LOG.with_columns(pl.col("score").cast(dtype))
    compared = 0
    for group, found in log.group_by("g").agg(function("label", "score", weight=weight)).iter_rows():
        rows = log.filter(pl.col("g") == group).drop_nulls(["label", "score"])
        seen = rows if weight is None else rows.filter(pl.col("weight") > 0)
        if seen["label"].n_unique() < (2 if name == "roc_auc" else 1):
            assert found is None
            continue
        w = None if weight is None else rows["weight"].to_numpy()
        s = rows["score"].to_numpy()
        assert found == pytest.approx(expected(rows["label"].to_numpy(), s, sample_weight=w), rel=1e-6)
        compared += 1
    assert compared >= 3


def test_scores_are_clipped_at_the_step_of_their_dtype() -> None:
    for dtype, labels in itertools.product((pl.Float32, pl.Float64), ([1, 0], [0, 1], [1, 1])):
        log = pl.DataFrame({"l": labels, "s": [0.0, 1.0]})
        s = log["s"].cast(dtype)
        loss = log.with_columns(s).select(fpl.log_loss("l", "s")).item()
        assert loss == pytest.approx(peer.log_loss(labels, s.to_numpy(), labels=[0, 1]), rel=1e-6, abs=0)


# Weights


@pytest.mark.parametrize("says", ["weight", "frequency"])
@pytest.mark.parametrize("name", ["f1", "mcc", "metrics", "confusion", "f1_macro", "rmse", "r2", *PEERS])
def test_an_integer_weight_and_a_frequency_are_so_many_rows(name: str, says: str) -> None:
    log = LOG.with_columns(pl.col("pred").cast(pl.Int8), times=((pl.col("ts") + 1) % 4).cast(pl.UInt8))
    function = {
        "metrics": lambda *c, **w: fpl.metrics(["f1", "recall"], *c, **w),
        "f1_macro": lambda *c, **w: fpl.f1_macro(*c, labels=[1, 0], **w),
    }.get(name, getattr(fpl, name))
    columns = ("label", "score" if name in PEERS else "pred")
    rows = log.select(pl.all().repeat_by("times").explode()).drop_nulls("g")
    expected = rows.group_by("g").agg(function(*columns)).sort("g").unnest(pl.col(pl.Struct))
    found = log.group_by("g").agg(function(*columns, **{says: "times"})).sort("g").unnest(pl.col(pl.Struct))
    assert_frame_equal(found, expected, check_dtypes=says == "frequency")


HUGE = {"tn": 3e9, "fp": 1e9, "fn": 2e9, "tp": 4e9}


@pytest.mark.parametrize("row", [row for row in METRICS if row.name[0].islower()], ids=lambda row: row.name)
def test_sums_beyond_32_bits_do_not_wrap(row: fm.Metric) -> None:
    cells = {cell: HUGE.get(cell, 0.0) for cell in CELLS}
    counts = pl.DataFrame({cell: [int(rows)] for cell, rows in cells.items()}, schema=dict.fromkeys(CELLS, pl.UInt32))
    found = finished(counts.to_struct("s"), [], CELLS, partial(one_metric, row=row, read=None))
    expected = value(row, Cells({cell: np.array([rows / 1e9]) for cell, rows in cells.items()}))
    assert found.to_list() == pytest.approx(expected.tolist(), nan_ok=True)


# Intervals


BOUNDED = [row for row in METRICS if row.interval]


@pytest.mark.parametrize("multiples", MULTIPLES)
@pytest.mark.parametrize("row", BOUNDED, ids=lambda row: row.name)
def test_intervals_are_those_of_counts(row: fm.Metric, multiples: str) -> None:
    how: dict[str, Any] = MULTIPLES[multiples]
    expected = COUNTS[multiples, "binary"].metrics(row.name, intervals=True, level=0.9)
    asked = [fpl.interval(row.name, "label", "pred", **how, level=0.9)]
    if row.interval in ("wilson", "jaccard"):
        asked.append(fpl.wilson(row.name, "label", "pred", **how, level=0.9))
    else:
        with pytest.raises(SchemaError, match="interval"):
            fpl.wilson(row.name, "label", "pred")
    found = LOG.group_by("g").agg(asked).sort("g")
    for name in found.columns[1:]:
        assert name in (f"{row.name}_interval", f"{row.name}_wilson")
        for limit in ("low", "high"):
            wanted = expected[f"{row.name}_{limit}"]
            limits = found[name].struct.field(limit).alias(wanted.name)
            assert_frame_equal(limits.to_frame(), wanted.to_frame(), rel_tol=1e-9)
