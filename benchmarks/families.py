"""What is counted of each group, by each engine: families, their cells, and the forms of the queries that give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

import fastmetrics as fm
from fastmetrics.families.regression import SUMS as SUMS_OF_ERRORS
from keys import KEYS, Key
from logs import Log

__all__ = [
    "BINARY",
    "CLASSES",
    "MARGINS",
    "NULLS",
    "PROBABILITIES",
    "REGRESSION",
    "WEIGHTED",
    "Counted",
    "Form",
]

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


class Aggregate(NamedTuple):
    """A number of each group, in each dialect; where ``clickhouse`` is empty it is that of DuckDB."""

    polars: pl.Expr
    duckdb: str
    clickhouse: str = ""
    dtype: str = "<u8"  # of ClickHouse's answer


@dataclass(frozen=True)
class Form:
    """One way to ask: aggregates by name, and keys beside those of the groups that ``fold`` turns into cells.

    ``only`` names the one peer to whom the form is another one.
    """

    name: str
    aggregates: Mapping[str, Aggregate]
    extra: tuple[Key, ...] = ()
    fold: Callable[[Frame], Frame] = lambda frame: frame
    only: str = ""


@dataclass(frozen=True)
class Counted:
    """A family as every side counts it.

    ``cells`` are compared and ``zero`` are cells of ours that this log leaves empty. ``bincount`` makes the cells
    from a code a row, where numpy has a way.
    """

    family: Callable[[], fm.Family]
    cells: tuple[str, ...]
    forms: Sequence[Form]
    inner: tuple[Key, ...] = ()
    renamed: Mapping[str, str] | None = None
    zero: tuple[str, ...] = ()
    weight: str | None = None
    split: tuple[Key, ...] = ()  # what numpy's code says besides the keys
    bincount: Callable[[Array, int, Log], dict[str, Array]] | None = None

    def forms_of(self, peer: str) -> list[Form]:
        return [form for form in self.forms if form.only in ("", peer)]


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
ROWS = {"rows": Aggregate(pl.len(), "count(*)")}
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


def from_long(frame: Frame, cells: Sequence[str], of: Sequence[str]) -> Frame:
    """A row a group from one a group and cell: the code says the cell last."""
    cell, code = pl.col("code") % len(cells), pl.col("code") // len(cells)
    prefixes = {"rows": "", "w": "w_", "w2": "w2_"}
    columns = {
        prefixes[name] + label: pl.col(name).filter(cell == at).sum() for name in of for at, label in enumerate(cells)
    }
    return frame.group_by(code).agg(**columns)


def cell_columns(code: Array, size: int, cells: Sequence[str], weights: Array | None = None) -> dict[str, Array]:
    """The columns of cells from a code whose last part is the cell."""
    found = np.bincount(code, weights, size).reshape(-1, len(cells))
    return dict(zip(cells, found.T, strict=True))


def weighted_columns(code: Array, size: int, log: Log) -> dict[str, Array]:
    w = log["weight"]
    found = cell_columns(code, size, FOUR)
    found |= {f"w_{cell}": column for cell, column in cell_columns(code, size, FOUR, w).items()}
    return found | {f"w2_{cell}": column for cell, column in cell_columns(code, size, FOUR, w * w).items()}


PLAIN_SIDES = (KEYS["label"], KEYS["pred"])
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


score, value = pl.col("score").cast(pl.Float64), pl.col("value")
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
