"""What a user writes, for the type checkers: nothing here is run."""

from collections.abc import Sequence

import polars as pl

import fastmetrics as fm
import fastmetrics.polars as fpl
from fastmetrics.polars.binary import BinaryMetric
from fastmetrics.polars.classes import ClassMetric
from fastmetrics.polars.regression import RegressionMetric

own = fm.Metric("alarms_per_hit", lambda c: c.fp, lambda c: c.tp, "ratio")
names: Sequence[str] = ("f1", "mcc")
label, pred, score = pl.col("label"), pl.col("pred"), pl.col("score")

binary: list[pl.Expr] = [
    fpl.f1("label", "pred"),
    fpl.mcc(label, pred == 1, pos_label=True, weight="weight").round(3).alias("mcc"),
    fpl.recall("label", y_score="score", threshold=0.5, weight=pl.col("weight")),
    fpl.TP("cause", "answer", pos_label="cat"),
    fpl.fbeta(2, "label", "pred"),
    fpl.metrics(["f1", "f0.5", "ppv", own], "label", "pred"),
    fpl.metrics(names, label, y_score=score, threshold=0.5).struct.field("f1"),
    fpl.confusion("label", "pred").struct.unnest(),
    fpl.root_cause("label", "pred"),
    fpl.interval("mcc", "label", "pred", level=0.9),
    fpl.wilson("recall", "label", "pred").struct.field("low"),
]
scores: list[pl.Expr] = [
    fpl.roc_auc("label", "score"),
    fpl.log_loss(label, score, weight="weight"),
    fpl.brier("label", "score", pos_label="yes"),
]
classes: list[pl.Expr] = [
    fpl.f1_macro("cause", "answer", labels=["cat", "dog"]),
    fpl.classes.accuracy("cause", "answer"),
    fpl.classes.mcc("cause", "answer", labels=("cat", "dog"), weight="weight"),
    fpl.classes.f1_macro(pl.col("cause"), pl.col("answer"), labels=[1, 2]),
    fpl.classes.metrics(["accuracy", "f1_macro"], "cause", "answer", labels=["cat", "dog"]),
]
regression: list[pl.Expr] = [
    fpl.rmse("truth", "guess"),
    fpl.r2(pl.col("truth"), "guess", shift=100, weight="weight"),
    fpl.max_error("truth", "guess"),
    fpl.regression.label_coverage("truth", "guess"),
    fpl.regression.metrics(["mae", "bias"], "truth", "guess"),
]
flags_and_values: list[pl.Expr] = [
    fpl.rate("refused", weight="weight"),
    fpl.rate_interval(pl.col("status") >= 500, level=0.9).struct.field("low"),
    fpl.quantile("latency_ms", 0.95),
]
one_of_each: tuple[BinaryMetric, ClassMetric, RegressionMetric] = (fpl.f1, fpl.f1_macro, fpl.mae)


def by_model(log: pl.LazyFrame) -> pl.DataFrame:
    return log.group_by("model").agg(*binary, *scores, *classes, *regression).collect(engine="streaming")


def by_hour(log: pl.DataFrame, metric: BinaryMetric) -> pl.DataFrame:
    hours = log.group_by_dynamic("ts", every="1h").agg(metric("label", "pred"))
    return hours.with_columns(fpl.f1("label", "pred").over("model"), fpl.f1("label", "pred").rolling("ts", period="1d"))


def wide(log: pl.DataFrame) -> pl.DataFrame:
    said = pl.element().struct
    return log.select("model", "device", row=pl.struct("label", "pred")).pivot(
        "device", index="model", values="row", aggregate_function=fpl.f1(said.field("label"), said.field("pred"))
    )
