"""Binary cells: of every row, of labels and predictions with nulls, with weights and with frequencies."""

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

__all__ = ["BINARY", "FREQUENCIES", "NULLS", "WEIGHTED"]

Frame = pl.DataFrame
Array = NDArray[Any]

# The cells by 3 * label + prediction, where 2 is null.
NINE = (
    "tn",
    "fp",
    "unpredicted_neg",
    "fn",
    "tp",
    "unpredicted_pos",
    "unlabelled_neg",
    "unlabelled_pos",
    "unlabelled_unpredicted",
)
FOUR = ("tn", "fp", "fn", "tp")
label, pred, weight = pl.col("label"), pl.col("pred"), pl.col("weight")


MASKS = {
    "tn": (~label & ~pred, "NOT label AND NOT pred"),
    "fp": (~label & pred, "NOT label AND pred"),
    "fn": (label & ~pred, "label AND NOT pred"),
    "tp": (label & pred, "label AND pred"),
}
FOUR_MASKS = {
    cell: Aggregate(mask.sum(), f"count(*) FILTER ({sql})", f"countIf({sql})") for cell, (mask, sql) in MASKS.items()
}
SUMS = {
    "n": Aggregate(pl.len(), "count(*)"),
    "p": Aggregate(label.sum(), "count_if(label)", "sum(label)"),
    "q": Aggregate(pred.sum(), "count_if(pred)", "sum(pred)"),
    "tp": Aggregate((label & pred).sum(), "count_if(label AND pred)", "sum(bitAnd(label, pred))"),
}
INTEGER_SUMS = SUMS | {
    "p": SUMS["p"]._replace(duckdb="sum(label::INT)"),
    "q": SUMS["q"]._replace(duckdb="sum(pred::INT)"),
    "tp": SUMS["tp"]._replace(duckdb="sum((label AND pred)::INT)"),
}
KNOWN = (label.is_not_null(), pred.is_not_null())
NULL_SUMS = {
    "n": Aggregate(pl.len(), "count(*)"),
    "l": Aggregate(label.count(), "count(label)", "sum(label < 2)"),
    "a": Aggregate(pred.count(), "count(pred)", "sum(pred < 2)"),
    "la": Aggregate(
        (KNOWN[0] & KNOWN[1]).sum(),
        "count_if(label IS NOT NULL AND pred IS NOT NULL)",
        "sum((label < 2) AND (pred < 2))",
    ),
    "p": Aggregate(label.sum(), "count_if(label)", "sum(label = 1)"),
    "q": Aggregate(pred.sum(), "count_if(pred)", "sum(pred = 1)"),
    "pa": Aggregate(
        (label & KNOWN[1]).sum(), "count_if(label AND pred IS NOT NULL)", "sum((label = 1) AND (pred < 2))"
    ),
    "lq": Aggregate((pred & KNOWN[0]).sum(), "count_if(pred AND label IS NOT NULL)", "sum((pred = 1) AND (label < 2))"),
    "tp": Aggregate((label & pred).sum(), "count_if(label AND pred)", "sum((label = 1) AND (pred = 1))"),
}
WEIGHTS = {
    "w": Aggregate(weight.sum(), "sum(weight)", dtype="<f8"),
    "w2": Aggregate((weight * weight).sum(), "sum(weight * weight)", dtype="<f8"),
}


def from_sums(frame: Frame) -> Frame:
    n, p, q, tp = (pl.col(name).cast(pl.Int64) for name in ("n", "p", "q", "tp"))
    return frame.with_columns(tn=n - p - q + tp, fp=q - tp, fn=p - tp)


def from_null_sums(frame: Frame) -> Frame:
    n, l, a, la, p, q, pa, lq, tp = (pl.col(name).cast(pl.Int64) for name in NULL_SUMS)  # noqa: E741
    return frame.with_columns(
        tn=la - pa - lq + tp,
        fp=lq - tp,
        fn=pa - tp,
        unpredicted_neg=l - la - (p - pa),
        unpredicted_pos=p - pa,
        unlabelled_neg=a - la - (q - lq),
        unlabelled_pos=q - lq,
        unlabelled_unpredicted=n - l - a + la,
    )


def weighted_columns(code: Array, size: int, log: Log) -> dict[str, Array]:
    w = log["weight"]
    found = cell_columns(code, size, FOUR)
    found |= {f"w_{cell}": column for cell, column in cell_columns(code, size, FOUR, w).items()}
    return found | {f"w2_{cell}": column for cell, column in cell_columns(code, size, FOUR, w * w).items()}


NULL_SIDES = (KEYS["label_or_null"], KEYS["pred_or_null"])
BINARY = Counted(
    family=lambda: fm.binary("label", "pred"),
    cells=FOUR,
    zero=tuple(sorted(set(NINE) - set(FOUR))),
    forms=(
        Form("sums", SUMS, fold=from_sums),
        Form("integer sums", INTEGER_SUMS, fold=from_sums, only="DuckDB"),
        Form("four masks", FOUR_MASKS),
        Form("sides as keys", ROWS, PLAIN_SIDES, partial(from_long, cells=FOUR, of=["rows"])),
    ),
    split=PLAIN_SIDES,
    bincount=lambda code, size, _: cell_columns(code, size, FOUR),
)
NULLS = Counted(
    family=lambda: fm.binary("label", "pred"),
    cells=NINE,
    forms=(
        Form("sums", NULL_SUMS, fold=from_null_sums),
        Form("sides as keys", ROWS, NULL_SIDES, partial(from_long, cells=NINE, of=["rows"])),
    ),
    split=NULL_SIDES,
    bincount=lambda code, size, _: cell_columns(code, size, NINE),
)
THREE = ("rows", "w", "w2")
WEIGHTED_MASKS = FOUR_MASKS | {
    f"{name}_{cell}": Aggregate(of.filter(mask).sum(), f"sum({sql}) FILTER ({said})", f"sumIf({sql}, {said})", "<f8")
    for name, of, sql in (("w", weight, "weight"), ("w2", weight * weight, "weight * weight"))
    for cell, (mask, said) in MASKS.items()
}
WEIGHTED = Counted(
    family=lambda: fm.binary("label", "pred"),
    cells=(*FOUR, *(f"{name}_{cell}" for name in ("w", "w2") for cell in FOUR)),
    zero=BINARY.zero,
    weight="weight",
    forms=(
        Form("masks", WEIGHTED_MASKS),
        Form("sides as keys", ROWS | WEIGHTS, PLAIN_SIDES, partial(from_long, cells=FOUR, of=THREE)),
    ),
    split=PLAIN_SIDES,
    bincount=weighted_columns,
)
FREQUENCIES = Counted(
    family=lambda: fm.binary("label", "pred"),
    cells=FOUR,
    zero=BINARY.zero,
    frequency="times",
    forms=(),
    split=PLAIN_SIDES,
    bincount=lambda code, size, log: {
        cell: column.astype(np.int64) for cell, column in cell_columns(code, size, FOUR, log["times"]).items()
    },
)
