"""Metrics as Polars expressions: every context gives the same, without a Python call a group; and every error."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
import fastmetrics.polars as fpl
from fastmetrics.errors import DataError, FastMetricsError, SchemaError
from fastmetrics.polars.sums import finished

NAN = math.nan
ENGINES = ("in-memory", "streaming")


def a_log(rows: int = 90) -> pl.DataFrame:
    """Five groups, one of them without labels, with a null now and then."""
    draw = np.random.default_rng(7)

    def some(values: list[Any]) -> list[Any]:
        return [values[i] for i in draw.integers(0, len(values), rows)]

    log = pl.DataFrame(
        {
            "g": some([0, 0, 0, 1, 2, 3, 4]),
            "ts": range(rows),
            "label": some([1, 1, 0, 0, None]),
            "pred": some([1, 1, 0, 0, None]),
            "score": some([None, *(number / 40 for number in range(41))]),
            "weight": some([0.0, 0.5, 1.0, 3.0]),
        }
    )
    return log.with_columns(label=pl.when(pl.col("g") != 2).then("label"))


SMALL = a_log()

# Contexts

ELEMENT = [pl.element().struct.field(name) for name in ("label", "pred", "score")]
CONTEXT_METRICS: dict[str, Callable[[Any, Any, Any], pl.Expr]] = {
    "f1": lambda label, pred, score: fpl.f1(label, pred),
    "mcc": lambda label, pred, score: fpl.mcc(label, y_score=score, threshold=0.5),
    "metrics": lambda label, pred, score: fpl.metrics(["f1", "recall"], label, pred),
    "confusion": lambda label, pred, score: fpl.confusion(label, pred),
    "root_cause": lambda label, pred, score: fpl.root_cause(label, pred),
    "wilson": lambda label, pred, score: fpl.wilson("recall", label, pred),
    "roc_auc": lambda label, pred, score: fpl.roc_auc(label, score),
    "f1_macro": lambda label, pred, score: fpl.f1_macro(label, pred, labels=[1, 0]),
    "rmse": lambda label, pred, score: fpl.rmse(label, score),
    "rate": lambda label, pred, score: fpl.rate(pred),
    "rate_interval": lambda label, pred, score: fpl.rate_interval(label),
    "quantile": lambda label, pred, score: fpl.quantile(score, 0.9),
}


def one_by_one(frames: Iterator[tuple[Any, pl.DataFrame]], metric: pl.Expr) -> dict[Any, Any]:
    """The metric of each group, selected from the rows of that group alone."""
    return {key: frame.select(metric).item() for key, frame in frames}


def alike(found: dict[Any, Any], expected: dict[Any, Any]) -> bool:
    """Equal, or as near as sums of floats in another order are."""
    return found == expected or found == pytest.approx(expected)


@pytest.mark.parametrize("name", CONTEXT_METRICS)
def test_every_context_gives_what_select_gives(name: str) -> None:
    metric = CONTEXT_METRICS[name]("label", "pred", "score").alias("it")
    groups = one_by_one(((key, frame) for (key,), frame in SMALL.group_by("g")), metric)
    assert len({str(value) for value in groups.values()}) > 1
    assert alike(dict(SMALL.group_by("g").agg(metric).iter_rows()), groups)
    over = [groups[group] for group in SMALL["g"]]
    reach = range(len(SMALL))
    rolled = one_by_one(((i, SMALL[max(0, i - 9) : i + 1]) for i in reach), metric)
    windows = one_by_one(((i, SMALL[i : i + 20]) for i in reach if i % 20 == 0), metric)
    assert alike(dict(SMALL.rolling("ts", period="10i").agg(metric).iter_rows()), rolled)
    eager = SMALL.select("ts", over=metric.over("g"), rolling=metric.rolling("ts", period="10i"))
    assert alike(dict(eager.select("ts", "over").iter_rows()), dict(zip(reach, over, strict=True)))
    assert alike(dict(eager.select("ts", "rolling").iter_rows()), rolled)
    for engine in ENGINES:
        lazy = SMALL.lazy()
        plans = [
            (lazy.group_by("g").agg(metric), groups),
            (lazy.rolling("ts", period="10i").agg(metric), rolled),
            (lazy.group_by_dynamic("ts", every="20i").agg(metric), windows),
            (lazy.select("ts", metric.over("g")), dict(zip(reach, over, strict=True))),
            (lazy.select(pl.lit(0), metric), {0: SMALL.select(metric).item()}),
            (lazy.filter(False).group_by("g").agg(metric), {}),
        ]
        for plan, expected in plans:
            assert alike(dict(plan.collect(engine=engine).iter_rows()), expected)
    aggregate = CONTEXT_METRICS[name](*ELEMENT)
    wide = SMALL.select("g", one=1, row=pl.struct("label", "pred", "score"))
    pivoted = wide.pivot("g", index="one", values="row", aggregate_function=aggregate)
    assert alike(pivoted.drop("one").row(0, named=True), {str(group): it for group, it in groups.items()})


def counting_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by the number of groups at each call of a formula."""
    calls: list[int] = []

    def spy(struct: pl.Series, **arguments: Any) -> pl.Series:
        calls.append(len(struct))
        return finished(struct, **arguments)

    monkeypatch.setattr("fastmetrics.polars.sums.finished", spy)
    return calls


@pytest.mark.parametrize("name", [name for name in CONTEXT_METRICS if name != "quantile"])  # which has no formula
@pytest.mark.parametrize("engine", ENGINES)
def test_the_formula_is_not_called_once_a_group(name: str, engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, groups = 4000, 1000
    log = SMALL.sample(rows, with_replacement=True, seed=1).lazy()
    lazy = log.with_columns(ts=pl.int_range(rows), g=pl.int_range(rows) % groups)
    calls = counting_calls(monkeypatch)
    metric = CONTEXT_METRICS[name]("label", "pred", "score").alias("it")
    plans = {
        "agg": lazy.group_by("g").agg(metric),
        "rolling": lazy.rolling("ts", period="3i").agg(metric),
        "dynamic": lazy.group_by_dynamic("ts", every="4i").agg(metric),
        "over": lazy.select(metric.over("g")),
    }
    for context, plan in plans.items():
        calls.clear()
        assert len(plan.collect(engine=engine)) >= groups
        assert 1 <= len(calls) <= 64, context
        assert sum(calls) >= groups


def test_a_lazy_query_shares_sums_and_metrics_shares_them_always(monkeypatch: pytest.MonkeyPatch) -> None:
    one, three = ["f1"], ["f1", "precision", "recall"]
    plan = SMALL.lazy().select(getattr(fpl, name)("label", "pred") for name in three).explain()
    assert plan.count('.sum().alias("__POLARS_CSER') >= 2  # tp and what two of them need beside it
    calls = counting_calls(monkeypatch)
    for names in (one, three):
        SMALL.group_by("g").agg(fpl.metrics(names, "label", "pred"))
    assert calls[: len(calls) // 2] == calls[len(calls) // 2 :]
    assert len(calls) <= 4


def streams(metric: pl.Expr) -> bool:
    """Whether the plan aggregates in a streaming group-by, without an in-memory step."""
    lazy = SMALL.lazy().group_by("g").agg(metric)
    plan = lazy.show_graph(plan_stage="physical", engine="streaming", raw_output=True)
    return "group-by" in plan and "in-memory-map" not in plan


@pytest.mark.parametrize("multiples", [{}, {"weight": "weight"}, {"frequency": "weight"}], ids=str)
def test_sums_stream(multiples: dict[str, Any]) -> None:
    assert streams(fpl.f1("label", "pred", **multiples))
    assert streams(fpl.rmse("label", "score", **multiples))
    assert streams(fpl.f1_macro("label", "pred", labels=[0, 1], **multiples))
    assert streams(fpl.log_loss("label", "score", **multiples))
    assert streams(fpl.rate("label", **multiples))
    assert not streams(fpl.roc_auc("label", "score", **multiples))  # which ranks


# Errors


TWO = pl.DataFrame({"l": [1, 0], "p": [2, 0], "text": ["yes", "no"], "w": [1.0, 2.0]})
REFUSED: dict[str, tuple[Callable[[], pl.Expr], type[Exception], str]] = {
    "a label of 2": (lambda: fpl.f1("l", "p"), DataError, "'p' holds a number other than 0, 1 and -1"),
    "a computed 2": (lambda: fpl.f1(pl.col("l") * 2, "l"), DataError, "'l' holds a number other than"),
    "a fraction": (lambda: fpl.mcc(pl.col("l") / 2, "l"), DataError, "holds a number other than"),
    "text": (lambda: fpl.f1("text", "l"), SchemaError, "column 'text' holds . distinct strings .*pos_label="),
    "text in a struct": (lambda: fpl.confusion("l", "text"), SchemaError, "column 'text' .* prediction needs"),
    "no such column": (lambda: fpl.f1("l", "nothing"), pl.exceptions.ColumnNotFoundError, "nothing"),
    "no such number": (lambda: fpl.mae("l", "nothing"), pl.exceptions.ColumnNotFoundError, "nothing"),
    "no such class": (lambda: fpl.classes.accuracy("l", "nothing"), pl.exceptions.ColumnNotFoundError, "nothing"),
    "no such weight": (lambda: fpl.f1("l", "l", weight="nothing"), pl.exceptions.ColumnNotFoundError, "nothing"),
    "no probability": (lambda: fpl.brier("l", "p"), DataError, "score column 'p' holds a value outside"),
    "no flag": (lambda: fpl.rate("p"), DataError, "column 'p' holds 2; a flag is True or False"),
    "no flag of text": (lambda: fpl.rate_interval("text"), DataError, "column 'text' holds 'yes|no'; a flag is"),
    "no number": (lambda: fpl.quantile("text", 0.5), SchemaError, "column 'text' holds String; a number is needed"),
    "no such flag": (lambda: fpl.rate("nothing"), pl.exceptions.ColumnNotFoundError, "nothing"),
    "nor a log loss": (lambda: fpl.log_loss("l", -pl.col("w")), DataError, "'w' holds a value outside"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_data_cannot_give_is_refused_in_every_context(case: str) -> None:
    metric, kind, words = REFUSED[case]
    lazy = TWO.lazy().with_columns(g=pl.int_range(2))
    plans = [
        lazy.select(metric()),
        lazy.group_by("g").agg(metric()),
        lazy.select(metric().over("g")),
        lazy.group_by_dynamic("g", every="1i").agg(metric()),
    ]
    for plan in plans:
        for engine in ENGINES:
            with pytest.raises(kind, match=words):
                plan.collect(engine=engine)  # type: ignore[call-overload]
    with pytest.raises(kind, match=words):
        TWO.select(metric())
    with pytest.raises(kind, match=words):
        TWO.group_by("w").agg(metric())


ASKED_WRONGLY: dict[str, tuple[Callable[[], Any], str]] = {
    "no such metric": (lambda: fpl.metrics(["f1", "precison"], "l", "p"), "did you mean 'precision'"),
    "no such class metric": (lambda: fpl.classes.metrics(["f1_makro"], "l", "p"), "did you mean 'f1_macro'"),
    "no such error": (lambda: fpl.regression.metrics(["rmsle"], "l", "p"), "unknown metric 'rmsle'"),
    "one name": (lambda: fpl.metrics("f1", "l", "p"), "list of names first"),
    "no name": (lambda: fpl.regression.metrics([], "l", "p"), "list of names first"),
    "columns first": (lambda: fpl.classes.metrics("l", "p", ["mcc"]), "list of names first"),
    "no prediction": (lambda: fpl.f1("l"), "needs one of y_pred="),
    "prediction and score": (lambda: fpl.f1("l", "p", y_score="s", threshold=0.5), "needs one of y_pred="),
    "score without threshold": (lambda: fpl.root_cause("l", y_score="s"), "y_score= and threshold= together"),
    "threshold without score": (lambda: fpl.confusion("l", "p", threshold=1), "y_score= and threshold= together"),
    "NaN threshold": (lambda: fpl.f1("l", y_score="s", threshold=NAN), "threshold"),
    "no labels": (lambda: fpl.f1_macro("l", "p"), "f1_macro looks at each class"),
    "labels twice": (lambda: fpl.f1_macro("l", "p", labels=["a", "a"]), "'a' twice"),
    "negative beta": (lambda: fpl.fbeta(-1, "l", "p"), "beta >= 0"),
    "no interval": (lambda: fpl.interval("TP", "l", "p"), "'TP' has no interval"),
    "no such level": (lambda: fpl.interval("f1", "l", "p", level=1.5), "level"),
    "no proportion": (lambda: fpl.wilson("mcc", "l", "p"), "ask for interval"),
    "two columns": (lambda: fpl.f1(pl.col("l", "p"), "p"), "is not one column"),
}


@pytest.mark.parametrize("case", ASKED_WRONGLY)
def test_what_is_asked_wrongly_is_refused_before_a_row_is_read(case: str) -> None:
    ask, words = ASKED_WRONGLY[case]
    with pytest.raises(FastMetricsError, match=words):
        ask()


WEIGHED: dict[str, Callable[..., pl.Expr]] = {
    "f1": lambda weight: fpl.f1("l", "l", weight=weight),
    "confusion": lambda weight: fpl.confusion("l", "l", weight=weight),
    "interval": lambda weight: fpl.interval("f1", "l", "l", weight=weight),
    "accuracy": lambda weight: fpl.classes.accuracy("l", "l", weight=weight),
    "r2": lambda weight: fpl.r2("l", "l", weight=weight),
    "roc_auc": lambda weight: fpl.roc_auc("l", "l", weight=weight),
    "log_loss": lambda weight: fpl.log_loss("l", "l", weight=weight),
}


@pytest.mark.parametrize("bad", [-1.0, NAN, math.inf, None])
@pytest.mark.parametrize("name", WEIGHED)
def test_a_weight_is_a_finite_number(name: str, bad: float | None) -> None:
    """Whether or not its row is known."""
    log = pl.DataFrame({"l": [1, 0, None], "w": pl.Series([1.0, 0.0, bad], dtype=pl.Float64)})
    for weight in ("w", pl.col("w") * 1):
        with pytest.raises(DataError, match="weight column 'w' holds a negative, infinite, NaN or null value"):
            log.select(WEIGHED[name](weight))
    log[:2].select(WEIGHED[name]("w"))


COUNTED: dict[str, Callable[..., pl.Expr]] = {
    "f1": lambda times: fpl.f1("l", "l", frequency=times),
    "metrics": lambda times: fpl.metrics(["f1", "mcc"], "l", "l", frequency=times),
    "wilson": lambda times: fpl.wilson("f1", "l", "l", frequency=times),
    "accuracy": lambda times: fpl.classes.accuracy("l", "l", frequency=times),
    "max_error": lambda times: fpl.max_error("l", "l", frequency=times),
    "roc_auc": lambda times: fpl.roc_auc("l", "l", frequency=times),
    "brier": lambda times: fpl.brier("l", "l", frequency=times),
    "nll": lambda times: fpl.nll(pl.concat_list(pl.col("l").cast(pl.Float64) - 1), frequency=times),
}
NO_TIMES = [([1, 0, bad], pl.Float64) for bad in (-1.0, 0.5, NAN, math.inf, None)]
NO_TIMES += [([1, 0, 2**63], pl.UInt64), ([1, 0, -1], pl.Int8)]


@pytest.mark.parametrize(("numbers", "dtype"), NO_TIMES)
@pytest.mark.parametrize("name", COUNTED)
def test_a_frequency_is_a_whole_number(name: str, numbers: list[Any], dtype: Any) -> None:
    log = pl.DataFrame({"l": [1, 0, None], "n": pl.Series(numbers, dtype=dtype, strict=False)})
    for times in ("n", pl.col("n") + 0):
        with pytest.raises(DataError, match="frequency column 'n' holds a value that is no whole number"):
            log.select(COUNTED[name](times))
    log[:2].select(COUNTED[name]("n"))


def test_frequencies_are_numbers_and_do_not_wrap() -> None:
    log = pl.DataFrame({"l": [1, 0], "flag": [True, False], "text": ["1", "2"], "many": [2**62, 2**62]})
    for column in ("flag", "text"):
        with pytest.raises(SchemaError, match=f"frequency column '{column}' holds .*; whole numbers are needed"):
            log.select(fpl.f1("l", "l", frequency=column))
    with pytest.raises(DataError, match=r"'many' adds up to 2\*\*63 rows or more"):
        log.select(fpl.f1("l", "l", frequency="many"))


def test_bounds_by_frequency_are_those_of_the_rows_spelled_out() -> None:
    log = pl.DataFrame({"label": [1, 1], "pred": [1, 0], "times": [945, 105]})
    found = log.select(fpl.wilson("recall", "label", "pred", frequency="times")).item()
    assert {name: round(limit, 3) for name, limit in found.items()} == {"low": 0.880, "high": 0.917}


NO_NUMBERS = pl.DataFrame({"l": [1, 0], "text": ["0.5", "1"], "day": pl.Series([0, 1]).cast(pl.Date)})


@pytest.mark.parametrize("column", ["text", "day"])
@pytest.mark.parametrize(
    "metric",
    [
        lambda column: fpl.mae("l", column),
        lambda column: fpl.roc_auc("l", column),
        lambda column: fpl.brier("l", column),
        lambda column: fpl.f1("l", "l", weight=column),
    ],
    ids=["mae", "roc_auc", "brier", "weight"],
)
def test_text_and_dates_are_no_numbers(metric: Callable[[str], pl.Expr], column: str) -> None:
    with pytest.raises(FastMetricsError, match=f"column '{column}' holds .*; a number is needed"):
        NO_NUMBERS.select(metric(column))


@pytest.mark.parametrize("stray", [2, -2, 0.5, -0.5, 1e-30, 1e30, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [pl.Float32, pl.Float64])
@pytest.mark.parametrize("column", ["l", pl.col("l") * 1], ids=["plain", "computed"])
def test_a_number_that_is_neither_is_refused(column: str | pl.Expr, dtype: Any, stray: float) -> None:
    log = pl.DataFrame({"l": pl.Series([1, stray, NAN, None], dtype=dtype), "p": [1, 0, 1, 1]})
    for asked in (fpl.precision(column, "p"), fpl.metrics(["mcc"], column, "p"), fpl.answer_rate("p", column)):
        with pytest.raises(DataError, match=r"'l' .*holds"):
            log.select(asked)
    log.with_columns(l=pl.col("l").replace(stray, -1)).select(fpl.precision(column, "p"))


# The namespace


def test_expressions_have_the_metrics_as_methods() -> None:
    label: Any = pl.col("label")
    pairs = [
        (label.fm.f1("pred"), fpl.f1("label", "pred")),
        (label.fm.mcc(y_score="score", threshold=0.5), fpl.mcc("label", y_score="score", threshold=0.5)),
        (label.fm.confusion("pred"), fpl.confusion("label", "pred")),
        (label.fm.root_cause("pred"), fpl.root_cause("label", "pred")),
        (label.fm.roc_auc("score"), fpl.roc_auc("label", "score")),
        (label.fm.f1_macro("pred", labels=[0, 1]), fpl.f1_macro("label", "pred", labels=[0, 1])),
        (label.fm.rmse("score", weight="weight"), fpl.rmse("label", "score", weight="weight")),
    ]
    for here, there in pairs:
        assert SMALL.select(here).equals(SMALL.select(there))
    with pytest.raises(AttributeError, match="did you mean 'precision'"):
        label.fm.precison("pred")


@pytest.mark.parametrize("frame", [SMALL, SMALL.lazy()], ids=["eager", "lazy"])
def test_frames_count_and_evaluate(frame: Any) -> None:
    family = fm.binary("label", "pred")
    assert frame.fm.count(family, by="g") == fm.count(SMALL, family, by="g")
    arguments: dict[str, Any] = {"y_true": "label", "y_pred": "pred", "by": "g"}
    assert frame.fm.evaluate(**arguments).equals(fm.evaluate(SMALL, **arguments))
