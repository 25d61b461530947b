"""The rates that are searched for changes: k of n rows, read from the cells of each family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import polars as pl

from fastmetrics.contract.columns import expressions
from fastmetrics.contract.family import Family
from fastmetrics.families.binary import METRICS, every_row
from fastmetrics.families.classes import common_class_dtype
from fastmetrics.metrics import Formula, Metric, find

__all__ = [
    "CONFUSED",
    "KINDS",
    "MISSING",
    "PREDICTED",
    "Prepared",
    "Rate",
    "prepared",
    "rates_of",
    "rows_of",
    "told_apart",
]

SIDES = ("before", "now")
PREDICTED, CONFUSED = "predicted[", "confused["  # how the names of the rates of classes begin
MOST_CLASSES = 12  # of which the shares are searched
MOST_PAIRS = 12  # of classes that are confused with each other
LEAST_EVENTS = 12  # of a pair on both sides together: fewer cannot be found


@dataclass(frozen=True)
class Rate:
    """A rate with the words people use of it.

    ``among`` is how many rates it was chosen from because it moved, for each one chosen; its error rate is divided by
    it.
    """

    name: str
    num: Formula
    den: Formula
    family: str
    words: str
    among: float = 1.0


@dataclass(frozen=True)
class Prepared:
    """Tables of additive cells, baseline first, and the rates that are there because of what these hold."""

    tables: list[pl.DataFrame]
    rates: tuple[Rate, ...] = ()


def unlabelled(c: Any) -> Any:
    return c.unlabelled_neg + c.unlabelled_pos + c.unlabelled_unpredicted


def unpredicted(c: Any) -> Any:
    return c.unpredicted_neg + c.unpredicted_pos + c.unlabelled_unpredicted


# Metrics of the binary family that are searched whether asked for or not, in this order.
SEARCHED = ("fnr", "fpr", "error_rate", "fdr", "false_omission_rate", "prevalence", "predicted_positive_rate")


# fmt: off
BINARY = (
    *(find(name, METRICS) for name in SEARCHED),
    Metric("unlabelled_rate", unlabelled, every_row, "proportion", events="rows without a label"),
    Metric("unpredicted_rate", unpredicted, every_row, "proportion", events="rows without a prediction"),
)
SCORES = (
    Metric("high_score_rate", lambda c: c.high, lambda c: c.scored, "proportion",
           events="scores above the baseline's median"),
    Metric("extreme_score_rate", lambda c: c.extreme, lambda c: c.scored, "proportion",
           events="scores outside the baseline's middle half"),
    Metric("unlabelled_rate", lambda c: c.unlabelled, lambda c: c.rows, "proportion", events="rows without a label"),
    Metric("unscored_rate", lambda c: c.rows - c.scored, lambda c: c.rows, "proportion",
           events="rows without a score"),
    Metric("prevalence", lambda c: c.positive, lambda c: c.rows - c.unlabelled, "proportion",
           events="positive labels"),
)
CLASSES = (
    Metric("error_rate", lambda c: c.wrong_rows, lambda c: c.judged_rows, "proportion", events="errors"),
    Metric("unlabelled_rate", lambda c: c.unlabelled_rows, lambda c: c.rows, "proportion",
           events="rows without a label"),
    Metric("unpredicted_rate", lambda c: c.unpredicted_rows, lambda c: c.rows, "proportion",
           events="rows without a prediction"),
)
# fmt: on
MISSING = {"unlabelled_rate", "unpredicted_rate", "unscored_rate"}  # of values that are not there
IN_BINARY = {"unscored_rate"}  # that a binary family counts under another name

FIXED = {"binary": BINARY, "scores": SCORES, "classes": CLASSES}
KINDS = tuple(FIXED)  # of families that can be diagnosed


def rates_of(families: Sequence[Family], asked: Sequence[Metric]) -> list[Rate]:
    """The rates to search in Counts of some families whatever they hold, and those of the metrics asked for besides.

    A rate that several families have is taken from the first.
    """
    names = {family.kind: family.name for family in reversed(families)}
    rows = [(names[kind], metric) for kind, metrics in FIXED.items() if kind in names for metric in metrics]
    rows += [(names["binary"], metric) for metric in asked]
    rates: dict[str, Rate] = {}
    for family, metric in rows:
        if metric.name not in IN_BINARY or "binary" not in names:
            rates.setdefault(metric.name, rate_of(metric, family))
    return list(rates.values())


def rows_of(family: Family) -> Rate:
    """All rows of a family, as the numerator and the denominator of a rate that is 1."""
    rows = every_row if family.kind == "binary" else lambda c: c.rows
    return Rate("rows", rows, rows, family.name, "rows")


def rate_of(metric: Metric, family: str) -> Rate:
    """A proportion as a rate of a family."""
    assert metric.den is not None
    return Rate(metric.name, metric.num, metric.den, family, metric.events or metric.name)


def prepared(family: Family, tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> Prepared:
    """Tables of a family (baseline first) as rows of additive cells by ``keys``, without inner keys."""
    prepare = PREPARED.get(family.kind)
    return Prepared(list(tables)) if prepare is None else prepare(family, tables, keys)


def summed_cells(tables: Sequence[pl.DataFrame], keys: Sequence[str], cells: Sequence[pl.Expr]) -> list[pl.DataFrame]:
    """Sums by ``keys``."""
    return [
        table.group_by(expressions(keys), maintain_order=True).agg(cells) if keys else table.select(cells)
        for table in tables
    ]


def score_cells(family: Family, tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> Prepared:
    """Binned scores as rows above the baseline's median and outside its quartiles."""
    rows = pl.col("negative") + pl.col("positive") + pl.col("unlabelled")
    low, middle, high = quartile_bins(tables[0].select("bin", rows=rows))
    scored = pl.col("bin").is_not_null()
    cells = [
        rows.sum().alias("rows"),
        rows.filter(scored).sum().alias("scored"),
        rows.filter(pl.col("bin") > middle).sum().alias("high"),
        rows.filter((pl.col("bin") <= low) | (pl.col("bin") > high)).sum().alias("extreme"),
        *(pl.col(state).sum() for state in ("negative", "positive", "unlabelled")),
    ]
    return Prepared(summed_cells(tables, keys, cells))


def quartile_bins(bins: pl.DataFrame) -> tuple[int, int, int]:
    """The bins in which the scores reach a quarter, half and three quarters of the rows."""
    counted = bins.drop_nulls("bin").group_by("bin").agg(pl.col("rows").sum()).sort("bin")
    reached = counted["rows"].cum_sum()
    total = int(counted["rows"].sum())
    if not total:
        return 0, 0, 0
    low, middle, high = (int(counted["bin"][int(reached.search_sorted(total * part))]) for part in (0.25, 0.5, 0.75))
    return low, middle, high


def class_cells(family: Family, tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> Prepared:
    """A sparse class matrix as rows with and without values, those of the most frequent classes and confusions.

    Classes are chosen by their rows on both sides together, which says nothing of how they moved; pairs by how clearly
    their share moved, so their rates say among how many.
    """
    tables = of_one_dtype(tables)
    sums = matrix_of(tables)
    top, pairs = top_classes(sums), moved_pairs(sums)
    label, prediction, rows = pl.col("label"), pl.col("prediction"), pl.col("rows")
    known = label.is_not_null() & prediction.is_not_null()
    tests = {
        "judged_rows": known,
        "wrong_rows": known & (label != prediction),
        "unlabelled_rows": label.is_null(),
        "unpredicted_rows": prediction.is_null(),
        "predicted_rows": prediction.is_not_null(),
    }
    tests |= {f"{PREDICTED}{one}]": prediction == pl.lit(one, sums.schema["prediction"]) for one in top}
    rates = [cell_rate(f"{PREDICTED}{one}]", "predicted_rows", family.name, f"{one}") for one in top]
    for a, b, among in pairs.rows():
        name, of = f"{CONFUSED}{a} -> {b}]", f"judged[{a}]"
        labelled = known & (label == pl.lit(a, sums.schema["label"]))
        tests |= {of: labelled, name: labelled & (prediction == pl.lit(b, sums.schema["prediction"]))}
        rates.append(cell_rate(name, of, family.name, f"{a} {b}", among))
    cells = [rows.sum(), *(rows.filter(test).sum().alias(name) for name, test in tests.items())]
    return Prepared(summed_cells(tables, keys, cells), tuple(rates))


def told_apart(rates: Sequence[Rate]) -> tuple[Rate, ...]:
    """Rates of several families with the family in their names, as two of them may hold the same classes."""
    alone = len({rate.family for rate in rates}) < 2
    return tuple(rate if alone else replace(rate, name=f"{rate.name} of {rate.family}") for rate in rates)


def cell_rate(num: str, den: str, family: str, words: str, among: float = 1.0) -> Rate:
    """A rate of two cells, named like the first."""
    return Rate(num, lambda c: getattr(c, num), lambda c: getattr(c, den), family, words, among)


def of_one_dtype(tables: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """The tables with all labels and predictions in one dtype."""
    dtype = reduce(common_class_dtype, (table.schema[side] for table in tables for side in ("label", "prediction")))
    return [table.with_columns(pl.col("label", "prediction").cast(dtype)) for table in tables]


def matrix_of(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Rows of each label and prediction, ``before`` and ``now``."""
    sides = [
        table.select(
            "label", "prediction", **{name: pl.col("rows") if name == side else pl.lit(0, pl.Int64) for name in SIDES}
        )
        for side, table in zip(SIDES, tables, strict=True)
    ]
    return pl.concat(sides).group_by("label", "prediction").agg(pl.col(SIDES).sum())


def top_classes(sums: pl.DataFrame) -> list[Any]:
    """The classes that were predicted most."""
    counted = sums.drop_nulls("prediction").group_by("prediction").agg(rows=pl.sum_horizontal(pl.col(SIDES).sum()))
    return counted.sort("rows", "prediction", descending=[True, False])["prediction"].head(MOST_CLASSES).to_list()


def moved_pairs(sums: pl.DataFrame) -> pl.DataFrame:
    """Labels and other predictions whose share of the label moved most clearly, and among how many pairs for each."""
    shares = [pl.col(side) / pl.col(side).sum().over("label") for side in SIDES]
    rows = [pl.col(side).sum().over("label") for side in SIDES]
    share = pl.sum_horizontal(SIDES) / (rows[0] + rows[1])
    z = (shares[1] - shares[0]).abs() / (share * (1 - share) * (1 / rows[0] + 1 / rows[1])).sqrt()
    judged = sums.drop_nulls(["label", "prediction"]).with_columns(z=z.fill_nan(0.0), rows=pl.sum_horizontal(SIDES))
    pairs = judged.filter(pl.col("label") != pl.col("prediction"), pl.col("rows") >= LEAST_EVENTS)
    order = pairs.sort("z", "rows", "label", "prediction", descending=[True, True, False, False])
    chosen = order.head(MOST_PAIRS)
    return chosen.select("label", "prediction", among=pl.lit(len(pairs) / max(len(chosen), 1)))


PREPARED: dict[str, Callable[[Family, Sequence[pl.DataFrame], Sequence[str]], Prepared]] = {
    "scores": score_cells,
    "classes": class_cells,
}
