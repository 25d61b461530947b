"""What a diagnosis searches in a class matrix: errors, missing values, frequent classes and moved confusions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import polars as pl

from fastmetrics.contract.capabilities import Prepared, Rate
from fastmetrics.families.class_dtypes import common_class_dtype

__all__ = ["CONFUSED", "PREDICTED", "RATES", "prepare"]

SIDES = ("before", "now")
PREDICTED, CONFUSED = "predicted[", "confused["  # how the names of the rates of classes begin
MOST_CLASSES = 12  # of which the shares are searched
MOST_PAIRS = 12  # of classes that are confused with each other
LEAST_EVENTS = 12  # of a pair on both sides together: fewer cannot be found

RATES = (
    Rate("error_rate", lambda c: c.wrong_rows, lambda c: c.judged_rows, "errors"),
    Rate("unlabelled_rate", lambda c: c.unlabelled_rows, lambda c: c.rows, "rows without a label"),
    Rate("unpredicted_rate", lambda c: c.unpredicted_rows, lambda c: c.rows, "rows without a prediction"),
)


def prepare(tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> Prepared:
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
    rates = [rate_of(f"{PREDICTED}{one}]", "predicted_rows", f"{one}") for one in top]
    for a, b, among in pairs.rows():
        name, of = f"{CONFUSED}{a} -> {b}]", f"judged[{a}]"
        labelled = known & (label == pl.lit(a, sums.schema["label"]))
        tests |= {of: labelled, name: labelled & (prediction == pl.lit(b, sums.schema["prediction"]))}
        rates.append(rate_of(name, of, f"{a} {b}", among))
    cells = [rows.sum(), *(rows.filter(test).sum().alias(name) for name, test in tests.items())]
    return Prepared.summed(tables, keys, cells, rates)


def rate_of(num: str, den: str, words: str, among: float = 1.0) -> Rate:
    """A rate of two cells, named like the first."""
    return Rate(num, lambda c: getattr(c, num), lambda c: getattr(c, den), words, among)


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
