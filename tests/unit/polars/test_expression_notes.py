"""What expressions say of labels that never occur, of three kinds of number, and of text that means null."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm
import fastmetrics.polars as fpl
from fastmetrics.notes import NoteWarning

CONTEXTS: dict[str, Callable[[pl.DataFrame, pl.Expr], Any]] = {
    "select": lambda log, metric: log.select(metric),
    "agg": lambda log, metric: log.group_by(pl.lit(1)).agg(metric),
    "over": lambda log, metric: log.select(metric.over(pl.lit(1))),
    "streaming": lambda log, metric: log.lazy().group_by("g").agg(metric).collect(engine="streaming"),
}


def log_of(label: Any, dtype: Any = None) -> pl.DataFrame:
    return pl.DataFrame({"label": pl.Series(label, dtype=dtype), "g": 0, "score": 0.5})


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int64, pl.Int128, pl.Float32, pl.Float64])
@pytest.mark.parametrize("computed", [False, True])
def test_minus_one_beside_zero_is_refused_with_what_mends_it(context: str, dtype: Any, computed: bool) -> None:
    log = log_of([1, 0, -1, None], dtype)
    label = pl.col("label") * 1 if computed else pl.col("label")
    with pytest.raises((fm.DataError, pl.exceptions.ComputeError), match="-1 beside 0") as refused:
        CONTEXTS[context](log, fpl.accuracy(label, label))
    mended = eval(re.findall(r"as in (pl\S+ None\))", str(refused.value))[0], {"pl": pl})
    assert log.select(fpl.accuracy(mended, mended), fpl.label_coverage(mended, mended)).row(0) == (1, 0.5)
    named = fpl.confusion("label", "label", pos_label=1)
    assert log.select(named).item()["tn"] == 2


@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int16, pl.Int64, pl.Int128, pl.Float64])
@pytest.mark.parametrize("strange", [2, -2, -3, -128, 127, 3])
def test_every_other_number_is_refused_as_such(dtype: Any, strange: int) -> None:
    with pytest.raises((fm.DataError, pl.exceptions.ComputeError), match="a number other than 0, 1 and -1"):
        log_of([1, strange], dtype).select(fpl.accuracy("label", "label"))


@pytest.mark.parametrize("dtype", [pl.UInt8, pl.UInt64])
def test_the_largest_unsigned_number_is_no_minus_one(dtype: Any) -> None:
    with pytest.raises((fm.DataError, pl.exceptions.ComputeError), match="a number other than"):
        log_of([1, 255], dtype).select(fpl.accuracy("label", "label"))


@pytest.mark.parametrize("dtype", [pl.Int8, pl.Int64, pl.Int128, pl.Float64])
def test_two_kinds_are_fine_in_each_group_and_column(dtype: Any) -> None:
    log = pl.DataFrame(
        {"label": [1, 0, -1, 1], "pred": [-1, 1, 0, 1], "g": [0, 0, 1, 1]}, schema_overrides={"label": dtype}
    )
    assert log.group_by("g").agg(fpl.accuracy("label", "pred")).sort("g")["accuracy"].to_list() == [0, 1]
    under_null = log.with_columns(pl.when(pl.col("label") != 0).then("label"))
    assert under_null.select(fpl.label_coverage("label", "label")).item() == 0.75


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(
    "metric", [fpl.accuracy("label", "label", pos_label="yes"), fpl.roc_auc("label", "score", pos_label="yes")]
)
def test_a_label_that_never_occurs_is_noted(context: str, metric: pl.Expr) -> None:
    with pytest.warns(NoteWarning, match="pos_label='yes' never occurs in column 'label'"):
        CONTEXTS[context](log_of(["Yes", "no", None]), metric)
    CONTEXTS[context](log_of(["yes", "no", None]), metric)
    CONTEXTS[context](log_of([None, None], pl.String), metric)


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(
    "metric", [fpl.f1_macro, lambda *given, **more: fpl.classes.metrics(["f1_macro"], *given, **more)]
)
def test_classes_that_no_row_has_are_noted(context: str, metric: Callable[..., pl.Expr]) -> None:
    log = pl.DataFrame({"label": ["cat", "dog", None], "pred": ["dog", "cow", "bird"], "g": [0, 0, 0]})
    with pytest.warns(NoteWarning, match=r"labels=\['Cat', 'bird'\] occur in no row of columns 'label' and 'pred'"):
        CONTEXTS[context](log, metric("label", "pred", labels=["Cat", "dog", "bird"]))
    CONTEXTS[context](log, metric("label", "pred", labels=["cat", "dog", "cow"]))
    CONTEXTS[context](log.clear(), metric("label", "pred", labels=["Cat"]))
    with pytest.warns(NoteWarning, match="Cat"):
        CONTEXTS[context](log, metric("label", "pred", labels=["Cat"]))


def test_a_class_that_some_groups_or_rows_lack_is_not_noted() -> None:
    log = pl.DataFrame({"label": ["cat", "dog"], "pred": ["cat", "dog"], "g": [0, 1]})
    assert len(log.group_by("g").agg(fpl.f1_macro("label", "pred", labels=["cat", "dog"]))) == 2
    assert log.select(fpl.f1_macro("label", "pred", labels=["cat", "dog", "cow"])).item() == 1


def test_a_label_that_some_groups_lack_is_not_noted() -> None:
    log = pl.DataFrame({"label": ["yes", "no", "no"], "g": [0, 0, 1]})
    assert len(log.group_by("g").agg(fpl.f1("label", "label", pos_label="yes"))) == 2


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["yes", "no", "NA"])])
@pytest.mark.parametrize("computed", [False, True])
def test_text_that_r_writes_for_null_is_null_as_in_counts(dtype: Any, computed: bool) -> None:
    log = pl.DataFrame({"label": ["yes", "no", "NA", None], "pred": ["yes", "NA", "no", "no"]}).cast(dtype)
    label = pl.coalesce("label", "label") if computed else pl.col("label")
    with pytest.warns(NoteWarning, match="'NA' in column 'label' or 'pred' was read as null"):
        cells = log.select(fpl.confusion(label, "pred", pos_label="yes")).item()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoteWarning)
        counts = fm.count(log, fm.binary("label", "pred", pos_label="yes"))
    assert cells == counts.frame.row(0, named=True)
