"""Logs of arrays of every dtype: a count has the value that they mean, or is refused by an error of ours."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
import fastmetrics.polars as fpl
from fastmetrics.contract.family import Family
from fastmetrics.errors import DataError, FastMetricsError, SchemaError
from tests.dtypes import ARRAYS

TRUE, PRED = [0, 1, 1, 0, 1, 0], [0, 1, 0, 0, 1, 1]
BESIDE = ("list", "numpy float16", "numpy with a mask", "polars Int128", "polars String", "polars UInt64")

BINARY = fm.binary("label", "pred")

# A family, one of its metrics, and the value of that.
FAMILIES: dict[str, tuple[Callable[[str | None], Family], str, float]] = {
    "binary": (lambda meant: fm.binary("label", "pred", pos_label=positive(meant)), "accuracy", 2 / 3),
    "classes": (lambda meant: fm.classes("label", "pred"), "accuracy", 2 / 3),
    "scores": (lambda meant: fm.scores("label", "pred", pos_label=positive(meant)), "roc_auc", 2 / 3),
    "regression": (lambda meant: fm.regression("label", "pred"), "mse", 1 / 3),
}


def positive(meant: str | None) -> str | None:
    return "b" if meant == "texts" else None


def wrong(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """What counts of labels and predictions of some dtypes make wrong."""
    found = []
    for true, pred in pairs:
        (make_true, meant), (make_pred, pred_meant) = ARRAYS[true], ARRAYS[pred]
        for name, (family, metric, expected) in FAMILIES.items():
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    log = {"label": make_true(TRUE), "pred": make_pred(PRED)}
                    got = fm.count(log, family(meant), threads=1).metrics(metric).item(0, metric)
            except FastMetricsError:
                continue
            except (Exception, pl.exceptions.PanicException) as error:
                found.append(f"{name} of {true} and {pred}: {type(error).__name__} {error}")
                continue
            if meant and pred_meant and got != pytest.approx(expected, abs=1e-3):
                found.append(f"{name} of {true} and {pred} is {got}")
    return found


@pytest.mark.parametrize("one", ARRAYS)
def test_a_count_has_the_value_that_arrays_mean_or_is_refused(one: str) -> None:
    assert wrong([(one, one), *((one, other) for other in BESIDE)])[:5] == []


def test_a_mask_hides_what_lies_below_it() -> None:
    pred = np.ma.array([1, 0, 1], mask=[False, True, False])
    counts = fm.count({"label": [1, 1, 0], "pred": pred}, BINARY)
    assert counts.frame.select("tp", "unpredicted_pos", "fp").row(0) == (1, 1, 1)
    hidden = np.ma.array(["a", "b", "a"], mask=[False, False, True])
    keys = fm.count({"label": [1, 1, 0], "pred": [1, 1, 1], "key": hidden}, BINARY, by="key")
    assert keys.frame["key"].to_list() == ["a", "b", None]


@pytest.mark.parametrize("dtype", [pl.Boolean, pl.Int64, pl.Date, pl.Binary, pl.Duration("us")], ids=str)
def test_an_expression_refuses_a_column_that_cannot_hold_the_positive_value(dtype: pl.DataType) -> None:
    """Polars compares "b" with the texts of Booleans, which are never equal: all rows were negatives."""
    log = pl.DataFrame({"label": ["a", "b"], "pred": pl.Series([None, None], dtype=dtype)})
    with pytest.raises(SchemaError, match="pos_label='b' is str, but column 'pred' holds"):
        log.select(fpl.accuracy("label", "pred", pos_label="b"))
    assert log.with_columns(pred=pl.lit(None)).select(fpl.accuracy("label", "pred", pos_label="b")).item() is None


# Whole numbers that float64 rounds

LARGE = 2**53


@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt64, pl.Int128, pl.UInt128], ids=str)
def test_errors_of_whole_numbers_that_a_float_rounds_are_refused(dtype: pl.DataType) -> None:
    """The one between 2**53 and 2**53 + 1 would be 0."""
    log = pl.DataFrame({"label": [LARGE, 5], "pred": [LARGE + 1, None]}, schema={"label": dtype, "pred": dtype})
    for ask in (
        lambda log: fm.count(log, fm.regression("label", "pred")),
        lambda log: log.select(fpl.mae("label", "pred")),
        lambda log: fm.mean_absolute_error(log["label"][:1], log["pred"][:1]),
    ):
        with pytest.raises(DataError, match=r"whole numbers .*rounds"):
            ask(log)
    below = log.with_columns(pl.all() - 2)
    assert fm.count(below, fm.regression("label", "pred")).metrics("mae").item(0, "mae") == 1
    assert below.select(fpl.mae("label", "pred")).item() == 1
    assert fm.mean_absolute_error(below["label"][:1], below["pred"][:1]) == 1
    rounded = [pl.col(name).cast(pl.Float64) for name in log.columns]
    assert fm.count(log, fm.regression(*rounded)).metrics("mae").item(0, "mae") == 0
    assert log.select(rounded).select(fpl.mae("label", "pred")).item() == 0
