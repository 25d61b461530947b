"""The other families: scores in bins, classes and sums of errors."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import fastmetrics as fm
from benchmarks.speed.forms import PLAIN_SIDES, ROWS, Aggregate, Counted, Form, cell_columns, from_long
from benchmarks.speed.keys import KEYS
from benchmarks.speed.logs import Log
from fastmetrics.families.regression import SUMS as SUMS_OF_ERRORS

__all__ = ["CLASSES", "MARGINS", "PROBABILITIES", "REGRESSION"]

Frame = pl.DataFrame
Array = NDArray[Any]

label, value = pl.col("label"), pl.col("value")
score = pl.col("score").cast(pl.Float64)
error = pl.col("estimate") - value
EPSILON = float(np.finfo(np.float32).eps)
happened = pl.when(label).then(score).otherwise(1 - score).clip(EPSILON, 1 - EPSILON)
POSITIVES = {"rows": ROWS["rows"], "positive": Aggregate(label.sum(), "count_if(label)", "sum(label)")}
WIDE = {"duckdb": "score::DOUBLE", "clickhouse": "toFloat64(score)"}


def loss_sql(dialect: str) -> tuple[str, str, str]:
    """The sums of scores, squared errors and log losses."""
    wide, one = WIDE[dialect], "label::INT" if dialect == "duckdb" else "label"
    of_one = f"CASE WHEN label THEN {wide} ELSE 1 - {wide} END"
    if dialect == "clickhouse":
        of_one = f"if(label, {wide}, 1 - {wide})"
    clipped = f"least(greatest({of_one}, {EPSILON!r}), {1 - EPSILON!r})"
    return f"sum({wide})", f"sum(({wide} - {one}) * ({wide} - {one}))", f"-sum(ln({clipped}))"


LOSSES = {
    name: Aggregate(expression, duckdb, clickhouse, "<f8")
    for name, expression, duckdb, clickhouse in zip(
        ("score_sum", "brier_sum", "log_loss_sum"),
        (score.sum(), ((score - label) ** 2).sum(), -happened.log().sum()),
        loss_sql("duckdb"),
        loss_sql("clickhouse"),
        strict=True,
    )
}


def from_positives(frame: Frame) -> Frame:
    return frame.with_columns(negative=pl.col("rows").cast(pl.Int64) - pl.col("positive").cast(pl.Int64))


def loss_columns(code: Array, size: int, log: Log) -> dict[str, Array]:
    p, happened = log["score"].astype(np.float64), log["label"]
    logs = -np.log(np.clip(np.where(happened, p, 1 - p), EPSILON, 1 - EPSILON))
    found = cell_columns(code, size, ("negative", "positive"))
    sums = {"score_sum": p, "brier_sum": (p - happened) ** 2, "log_loss_sum": logs}
    return found | {name: np.bincount(code // 2, of, size // 2) for name, of in sums.items()}


SIDES_OF_BINS = partial(from_long, cells=("negative", "positive"), of=["rows"])
MARGINS = Counted(
    family=lambda: fm.scores("label", "score", edges=(np.arange(1, 257) / 32 - 4).tolist()),
    cells=("negative", "positive"),
    zero=("unlabelled",),
    forms=(
        Form("sums", POSITIVES, fold=from_positives),
        Form("label as key", ROWS, PLAIN_SIDES[:1], SIDES_OF_BINS),
    ),
    inner=(KEYS["margin_bin"],),
    split=PLAIN_SIDES[:1],
    bincount=lambda code, size, _: cell_columns(code, size, ("negative", "positive")),
)
PROBABILITIES = Counted(
    family=lambda: fm.scores("label", "score", bins=255),
    cells=("negative", "positive", *LOSSES),
    zero=("unlabelled",),
    forms=(Form("sums", POSITIVES | LOSSES, fold=from_positives),),
    inner=(KEYS["probability_bin"],),
    split=PLAIN_SIDES[:1],
    bincount=loss_columns,
)
CLASSES = Counted(
    family=lambda: fm.classes("kind", "guess"),
    cells=("rows",),
    forms=(Form("rows", ROWS),),
    inner=(KEYS["kind"], KEYS["guess"]),
    renamed={"label": "kind", "prediction": "guess"},
    bincount=lambda code, size, _: {"rows": np.bincount(code, minlength=size)},
)


def summed(expression: pl.Expr, sql: str) -> Aggregate:
    return Aggregate(expression.sum(), f"sum({sql})", dtype="<f8")


OFF = "(estimate - value)"
SQUARE = f"{OFF} * {OFF}"
REGRESSION = Counted(
    family=lambda: fm.regression("value", "estimate"),
    cells=("judged", *SUMS_OF_ERRORS, "lowest_label", "highest_label", "lowest_error", "highest_error"),
    zero=("unpredicted", "unlabelled", "unlabelled_unpredicted"),
    forms=(
        Form(
            "sums",
            {
                "judged": ROWS["rows"],
                "signed_error": summed(error, OFF),
                "absolute_error": summed(error.abs(), f"abs({OFF})"),
                "squared_error": summed(error * error, SQUARE),
                "quartic_error": summed((error * error) * (error * error), f"({SQUARE}) * ({SQUARE})"),
                "relative_error": summed(error.abs() / value.abs(), f"abs({OFF}) / abs(value)"),
                "absolute_label": summed(value.abs(), "abs(value)"),
                "label_offset": summed(value, "value"),
                "squared_label_offset": summed(value * value, "value * value"),
                "lowest_label": Aggregate(value.min(), "min(value)", dtype="<f8"),
                "highest_label": Aggregate(value.max(), "max(value)", dtype="<f8"),
                "lowest_error": Aggregate(error.min(), f"min({OFF})", dtype="<f8"),
                "highest_error": Aggregate(error.max(), f"max({OFF})", dtype="<f8"),
            },
        ),
    ),
)
