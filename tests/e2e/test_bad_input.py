"""What a user gets wrong, and the one clear line that says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm
from fastmetrics import DataError, FastMetricsError, MergeError, SchemaError, SourceError

HOURS = [dt.datetime(2024, 1, 1, hour) for hour in range(4)]
LOG = pl.DataFrame(
    {
        "label": [1, 0, 1, 1],
        "pred": [1, 1, 0, 1],
        "model": ["a", "a", "b", "b"],
        "country": ["BR", "DE", "BR", None],
        "ts": HOURS,
        "score": [0.9, 0.4, 0.3, 0.8],
        "second": [0, 3600, 7200, 10_800],
    }
)
BINARY = fm.binary("label", "pred")
DURATIONS = ("1x", "h", "0h", "-1h", "", "1.5h", "1 fortnight", 5)


class Case(NamedTuple):
    """A call, the kind of its error, and what its message must say, case aside."""

    name: str
    call: Callable[[], Any]
    kind: type[Exception]
    says: Sequence[str]


def count(*families: Any, log: Any = None, **arguments: Any) -> fm.Counts:
    return fm.count(LOG if log is None else log, *(families or (BINARY,)), **arguments)


def with_column(**columns: Any) -> pl.DataFrame:
    return LOG.with_columns(pl.Series(name, values, strict=False) for name, values in columns.items())


def spark_like() -> Any:
    kind = type("DataFrame", (), {})
    kind.__module__ = "pyspark.sql.classic.dataframe"
    return kind()


def weekly_from(first: dt.datetime) -> fm.Counts:
    log = {"label": [1], "pred": [1], "ts": [first]}
    return fm.count(log, BINARY, time="ts", every="1w")


answers = with_column(label=["yes", "no", "yes", "no"], pred=["no", "no", "yes", "no"])
enums = answers.with_columns(pl.col("label", "pred").cast(pl.Enum(["no", "yes"])))
nine = pl.DataFrame({"label": [*"abcdefghi"], "pred": [*"abcdefghi"]})

NAMES = [
    Case("label column", lambda: count(fm.binary("labl", "pred")), SchemaError, ["'labl'", "did you mean 'label'"]),
    Case("key", lambda: count(by="mdel"), SchemaError, ["'mdel'", "did you mean 'model'"]),
    Case("key in an expression", lambda: count(by=pl.col("mdel").alias("k")), SchemaError, ["'mdel'", "'model'"]),
    Case("time", lambda: count(time="tss", every="1h"), SchemaError, ["'tss'", "known:"]),
    Case("weight", lambda: count(weight="scor"), SchemaError, ["'scor'", "did you mean 'score'"]),
    Case("where as SQL", lambda: count(where="mdel = 'a'"), SchemaError, ["'mdel'", "did you mean 'model'"]),
    Case("where, not SQL", lambda: count(where="model = "), SchemaError, ["where='model = '", "SQL"]),
    Case("where, not a condition", lambda: count(where="model"), FastMetricsError, ["where", "boolean", "string"]),
    Case("key called n", lambda: count(by=pl.col("model").alias("n")), SchemaError, ["'n'", "alias("]),
    Case("key like a metric", lambda: count(by=pl.col("model").alias("f1")), SchemaError, ["'f1'", "metric", "alias("]),
    Case("key like a cell", lambda: count(by=pl.col("model").alias("tp")), SchemaError, ["'tp'", "cell", "alias("]),
    Case("key like an alias", lambda: count(by=pl.col("model").alias("FPR")), SchemaError, ["'FPR'", "alias("]),
    Case("key called window_start", lambda: count(by=pl.col("model").alias("window_start")), SchemaError, ["alias("]),
    Case(
        "key called window beside windows",
        lambda: count(by=pl.col("model").alias("window"), time="ts", every="1h"),
        SchemaError,
        ["'window'", "alias("],
    ),
    Case(
        "key like an inner key",
        lambda: count(fm.classes("label", "pred"), by=pl.col("model").alias("prediction")),
        SchemaError,
        ["'prediction'", "alias("],
    ),
    Case("key twice", lambda: count(by=["model", "model"]), SchemaError, ["'model'", "twice"]),
    Case("no family", lambda: fm.count(LOG), SchemaError, ["family", "fm.binary("]),
    Case("family that is none", lambda: count("binary"), SchemaError, ["family", "got 'binary'", "fm.binary("]),
    Case("two families of one name", lambda: count(BINARY, BINARY), SchemaError, ["'binary'", "name="]),
    Case(
        "y_pred and y_score", lambda: fm.binary("l", "p", y_score="s", threshold=0.5), SchemaError, ["y_pred", "y_sc"]
    ),
    Case("neither y_pred nor y_score", lambda: fm.binary("label"), SchemaError, ["y_pred", "y_score"]),
    Case("score without threshold", lambda: fm.binary("label", y_score="score"), SchemaError, ["threshold="]),
    Case(
        "grouping set of an unknown key", lambda: count(by="model", grouping_sets=[["mdel"]]), SchemaError, ["'mdel'"]
    ),
    Case("key in no grouping set", lambda: count(by="model", grouping_sets=[[]]), SchemaError, ["'model'", "set"]),
    Case("no grouping set", lambda: count(by="model", grouping_sets=[]), SchemaError, ["grouping_sets", "empty"]),
    Case("grouping set twice", lambda: count(by="model", grouping_sets=[["model"]] * 2), SchemaError, ["twice"]),
]

VALUES = [
    Case("label of 4 strings", lambda: count(log=with_column(label=[*"abcd"])), SchemaError, ["'label'", "4 distinct"]),
    Case("label of 9 strings", lambda: count(log=nine), SchemaError, ["'label'", "9 distinct strings", "pos_label="]),
    Case(
        "label 2", lambda: count(log=with_column(label=[0, 2, 1, 1])), DataError, ["'label'", "holds 2", "pos_label="]
    ),
    Case("prediction -2", lambda: count(log=with_column(pred=[0, -2, 1, 1])), DataError, ["'pred'", "holds -2"]),
    Case("label 0.5", lambda: count(log=with_column(label=[0, 0.5, 1.0, 1])), DataError, ["'label'", "holds 0.5"]),
    Case("label inf", lambda: count(log=with_column(label=[0, np.inf, 1.0, 1])), DataError, ["'label'", "holds inf"]),
    Case("label of dates", lambda: count(fm.binary("ts", "pred")), SchemaError, ["'ts'", "Datetime", "pos_label="]),
    Case("score of text", lambda: count(fm.scores("label", "model")), SchemaError, ["'model'", "String", "number"]),
    Case("threshold NaN", lambda: fm.binary("l", y_score="s", threshold=np.nan), SchemaError, ["threshold=nan"]),
    Case("threshold text", lambda: fm.binary("l", y_score="s", threshold="0.5"), SchemaError, ["threshold='0.5'"]),
    Case(
        "pos_label text for integers",
        lambda: count(fm.binary("label", "pred", pos_label="1")),
        SchemaError,
        ["pos_label='1'", "str", "'label'", "Int64"],
    ),
    Case(
        "pos_label number for text",
        lambda: count(fm.binary("label", "pred", pos_label=1), log=answers),
        SchemaError,
        ["pos_label=1", "int", "'label'", "String"],
    ),
    Case(
        "pos_label number for an Enum",
        lambda: count(fm.binary("label", "pred", pos_label=1), log=enums),
        SchemaError,
        ["pos_label=1", "int", "'label'", "Enum"],
    ),
    Case(
        "pos_label bool for integers",
        lambda: count(fm.binary("label", "pred", pos_label=True)),
        SchemaError,
        ["pos_label=True", "bool", "Int64"],
    ),
    Case(
        "pos_label date for integers",
        lambda: count(fm.binary("label", "pred", pos_label=dt.date(2024, 1, 1))),
        SchemaError,
        ["pos_label=", "date", "number"],
    ),
    Case(
        "pos_label not in the Enum",
        lambda: count(fm.binary("label", "pred", pos_label="eys"), log=enums),
        SchemaError,
        ["'eys'", "did you mean 'yes'"],
    ),
    *(
        Case(
            f"weight {bad}", lambda bad=bad: count(log=with_column(w=[1.0, bad, 1.0, 1.0]), weight="w"), DataError, says
        )
        for bad, says in [
            (-1.0, ["'w'", "holds -1", "at least 0"]),
            (np.nan, ["'w'", "holds nan", "finite"]),
            (np.inf, ["'w'", "holds inf", "finite"]),
            (None, ["'w'", "holds null", "finite"]),
        ]
    ),
    Case("weight text", lambda: count(weight="model"), SchemaError, ["'model'", "String", "number"]),
    Case(
        "text and number classes",
        lambda: count(fm.classes("model", "pred")),
        SchemaError,
        ["'model'", "'pred'", "cast"],
    ),
    Case("labels= of both kinds", lambda: fm.classes("l", "p", labels=["a", 1]), SchemaError, ["labels=", "all text"]),
    *(
        Case(
            f"regression {bad} in {column}",
            lambda bad=bad, column=column: count(
                fm.regression("score", "y"), log=with_column(y=[0.0, 1, 2, 3]).with_columns(**{column: bad})
            ),
            DataError,
            [f"'{column}'", f"holds {bad}", "finite"],
        )
        for bad, column in [(np.inf, "y"), (-np.inf, "score")]
    ),
    Case("struct key", lambda: count(by=pl.struct("model", "pred").alias("k")), SchemaError, ["'k'", "Struct", "key"]),
    Case("list key", lambda: count(by=pl.concat_list("pred").alias("k")), SchemaError, ["'k'", "List", "key"]),
    Case("several columns as one key", lambda: count(by=pl.col("model", "country")), SchemaError, ["by="]),
    Case("max_groups", lambda: count(by=["model", "second"], max_groups=3), SchemaError, ["max_groups=3", "'second'"]),
    Case("by a number", lambda: count(by=3), SchemaError, ["3 is not one column", "by="]),
    Case("family and log swapped", lambda: fm.count(BINARY, LOG), SchemaError, ["after the log, got a DataFrame;"]),
    Case("worst of none", lambda: count(by="model").worst("f1", 0), SchemaError, ["n=0"]),
    Case("worst of less", lambda: count(by="model").worst("f1", -1), SchemaError, ["n=-1"]),
    Case("threads=0", lambda: count(threads=0), SchemaError, ["threads=0"]),
    Case("on_error", lambda: count(on_error="ignore"), SchemaError, ["on_error='ignore'", "'raise'", "'skip'"]),
]

TIMES = [
    Case("time without every", lambda: count(time="ts"), SchemaError, ["time=", "every="]),
    Case("every without time", lambda: count(every="1h"), SchemaError, ["every=", "time="]),
    *(
        Case(f"{name} without time", lambda name=name, given=given: count(**{name: given}), SchemaError, [f"{name}="])
        for name, given in [("offset", "1h"), ("time_zone", "Asia/Kolkata"), ("time_unit", "s")]
    ),
    Case("integers without a unit", lambda: count(time="second", every="1h"), SchemaError, ["'second'", "time_unit="]),
    Case(
        "a unit that is none",
        lambda: count(time="second", every="1h", time_unit="min"),
        SchemaError,
        ["time_unit='min'", "ms"],
    ),
    Case("time of floats", lambda: count(time="score", every="1h"), SchemaError, ["'score'", "Float64", "Datetime"]),
    *(
        Case(f"every={bad!r}", lambda bad=bad: count(time="ts", every=bad), SchemaError, [f"every={bad!r}", "'15m'"])
        for bad in DURATIONS
    ),
    Case("time zone", lambda: count(time="ts", every="1h", time_zone="Mars/X"), SchemaError, ["time_zone='Mars/X'"]),
    *(
        Case(
            f"text time: {', '.join(text)}",
            lambda text=text: count(log=with_column(t=[*text, "2024-01-01T00:00:00", None]), time="t", every="1h"),
            DataError,
            ["'t'", "garbage"],
        )
        for text in [["2024-01-01T00:00:00", "garbage"], ["garbage", "garbage"]]
    ),
    Case(
        "windows that do not nest",
        lambda: weekly_from(dt.datetime(2024, 1, 30)).rollup("window", every="1mo"),
        SchemaError,
        ["1w", "1mo", "nest", "2024-01-29", "2024-02-05"],
    ),
    Case(
        "windows that do not nest, shorter",
        lambda: count(time="ts", every="1d").rollup("window", every="1h"),
        SchemaError,
        ["1d", "1h", "nest"],
    ),
    Case(
        "longer windows without the windows",
        lambda: count(by="model", time="ts", every="1h").rollup("model", every="1d"),
        SchemaError,
        ["every='1d'", "'window'"],
    ),
    Case("period without windows", lambda: count().metrics("f1", period="1d"), SchemaError, ["period=", "every="]),
    Case("fill_empty without windows", lambda: count().metrics("f1", fill_empty=True), SchemaError, ["fill_empty="]),
    Case(
        "period that is no multiple",
        lambda: count(time="ts", every="2h").metrics("f1", period="3h"),
        SchemaError,
        ["period='3h'", "every='2h'"],
    ),
]

both = count(BINARY, fm.scores("label", "score"), by="model")

READING = [
    Case("unknown metric", lambda: both.metrics("recal"), SchemaError, ["'recal'", "did you mean 'recall'"]),
    Case("unknown family", lambda: both.metrics("shadow.f1"), SchemaError, ["'shadow", "binary", "scores"]),
    Case("unknown in a family", lambda: both.metrics("scores.f1"), SchemaError, ["'f1'"]),
    Case(
        "ambiguous metric", lambda: both.metrics("prevalence"), SchemaError, ["'binary.prevalence'", "'scores.preval"]
    ),
    Case("fbeta without beta", lambda: both.metrics("fbeta"), SchemaError, ["'f2'", "fm.fbeta("]),
    Case("metric twice", lambda: both.metrics("f1", "f1"), SchemaError, ["'f1'", "twice"]),
    Case("metrics as a list", lambda: both.metrics(["f1", "recall"]), SchemaError, ["list"]),
    Case("unknown cell", lambda: both.metrics(fm.Metric("x", lambda c: c.tpp)), SchemaError, ["'tpp'", "tp"]),
    Case(
        "own metric called like a key",
        lambda: both.metrics(fm.Metric("model", lambda c: c.tp)),
        SchemaError,
        ["'model'"],
    ),
    Case(
        "ranking without a direction", lambda: both.worst("binary.prevalence"), SchemaError, ["prevalence", "direction"]
    ),
    Case("level in percent", lambda: both.metrics("f1", intervals=True, level=95), SchemaError, ["level=95", "0.95"]),
    Case("rollup to an unknown key", lambda: both.rollup("mdel"), SchemaError, ["'mdel'", "did you mean 'model'"]),
    Case("rollup to windows that are not there", lambda: both.rollup("window"), SchemaError, ["'window'", "model"]),
    Case("filter on an unknown key", lambda: both.filter(mdel="a"), SchemaError, ["'mdel'", "'model'"]),
    Case("filter on a cell", lambda: both.filter(pl.col("tp") > 1), SchemaError, ["'tp'", "model"]),
    Case("filter of another type", lambda: both.filter(model=3), SchemaError, ["'model'", "3", "String"]),
    Case("filter that is no condition", lambda: both.filter(pl.col("model")), SchemaError, ["model", "String"]),
    Case("reference of another type", lambda: both.compare("f1", by="model", to=3), SchemaError, ["'model'", "3"]),
    Case("unknown reference", lambda: both.compare("f1", by="model", to="c"), SchemaError, ["'c'", "a, b", "overall"]),
    Case(
        "compare by an unknown key", lambda: both.compare("f1", by="mdel", to="a"), SchemaError, ["'mdel'", "'model'"]
    ),
    Case("compare by nothing", lambda: both.compare("f1", by=[], to="a"), SchemaError, ["by="]),
    Case(
        "unknown adjustment", lambda: both.compare("f1", by="model", to="a", adjust="x"), SchemaError, ["'x'", "holm"]
    ),
    Case(
        "threshold between edges", lambda: both.at_threshold(0.333), SchemaError, ["0.333", "0.33", "0.34", "nearest"]
    ),
    Case("unknown curve", lambda: both.curve("rco"), SchemaError, ["'rco'", "did you mean 'roc'"]),
    Case("curve without scores", lambda: count().curve("roc"), SchemaError, ["scores", "binary"]),
    Case("one table of two", lambda: both.frame, SchemaError, ["tables[", "binary, scores"]),
]

MERGING = [
    Case(
        "families", lambda: count() + count(fm.scores("label", "score")), MergeError, ["families", "binary", "scores"]
    ),
    Case("keys", lambda: count(by="model") + count(by="country"), MergeError, ["keys", "model", "country"]),
    Case(
        "windows",
        lambda: count(time="ts", every="1h") + count(time="ts", every="1d"),
        MergeError,
        ["windows", "1h", "1d"],
    ),
    Case(
        "time zones",
        lambda: count(time="ts", every="1h") + count(time="ts", every="1h", time_zone="Asia/Kolkata"),
        MergeError,
        ["windows", "UTC", "Asia/Kolkata"],
    ),
    Case(
        "pos_label",
        lambda: (
            count(fm.binary("label", "pred", pos_label="yes"), log=answers)
            + count(fm.binary("label", "pred", pos_label="no"), log=answers)
        ),
        MergeError,
        ["pos_label", "yes", "no"],
    ),
    Case(
        "thresholds",
        lambda: (
            count(fm.binary("label", y_score="score", threshold=0.3))
            - count(fm.binary("label", y_score="score", threshold=0.5))
        ),
        MergeError,
        ["threshold", "0.3", "0.5", "subtracted"],
    ),
    Case("weights", lambda: count(weight="score") + count(), MergeError, ["weight"]),
    Case(
        "grouping sets",
        lambda: count(by="model", grouping_sets=[["model"]]) + count(by="model", grouping_sets=[[], ["model"]]),
        MergeError,
        ["grouping sets"],
    ),
    Case(
        "types of a key",
        lambda: count(by=pl.col("model").alias("k")) + count(by=pl.col("pred").alias("k")),
        MergeError,
        ["'k'", "String", "Int64", "cast"],
    ),
    Case(
        "extremes",
        lambda: count(fm.regression("label", "score")) - count(fm.regression("label", "score"), where="label = 1"),
        MergeError,
        ["extremes=False"],
    ),
    Case(
        "compared to Counts of another family",
        lambda: count(by="model").compare("f1", by="model", to=count(fm.classes("label", "pred"), by="model")),
        MergeError,
        ["families", "compared"],
    ),
]

LATE = [
    Case(
        "identity twice",
        lambda: fm.label_delta(
            {"id": [1], "pred": [1]}, {"id": [1, 1], "label": [0, 1]}, BINARY, on="id", label="label"
        ),
        SchemaError,
        ["'id'", "1", "twice"],
    ),
    Case(
        "unknown identity",
        lambda: fm.label_delta({"id": [1], "pred": [1]}, {"key": [1], "label": [0]}, BINARY, on="id", label="label"),
        SchemaError,
        ["labels", "'id'", "key"],
    ),
    Case(
        "one-shot stream",
        lambda: fm.label_delta(
            pa.table({"id": [1], "pred": [1]}).to_reader(), {"id": [1], "label": [0]}, BINARY, on="id", label="label"
        ),
        SchemaError,
        ["predictions", "once"],
    ),
]

INPUTS = [
    Case("Spark", lambda: fm.count(spark_like(), BINARY), SourceError, ["pyspark", "parquet"]),
    Case("nothing", lambda: fm.count(None, BINARY), SourceError, ["None", "parquet"]),
    Case("a list of numbers", lambda: fm.count([1, 2], BINARY), SourceError, ["list", "parquet"]),
    Case(
        "columns of two lengths", lambda: fm.count({"label": [1], "pred": [1, 0]}, BINARY), SourceError, ["pred", "(2)"]
    ),
    Case(
        "a list of both kinds",
        lambda: fm.count({"label": [1, "a"], "pred": [1, 0]}, BINARY),
        SourceError,
        ["'label'"],
    ),
    Case("Counts that are not there", lambda: fm.read_counts("/no/such.parquet"), SourceError, ["/no/such.parquet"]),
]

CASES = [*NAMES, *VALUES, *TIMES, *READING, *MERGING, *LATE, *INPUTS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_clear_line(case: Case) -> None:
    returned: list[Any] = []
    with pytest.raises(case.kind) as caught:
        returned.append(case.call())
    message = str(caught.value)
    assert isinstance(caught.value, FastMetricsError)
    assert [says for says in case.says if says.lower() not in message.lower()] == []
    assert "\n" not in message
    assert len(message) < 400
    assert not returned


def test_the_names_of_the_cases_differ() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_spark_is_told_what_to_run_instead() -> None:
    with pytest.raises(SourceError) as caught:
        fm.count(spark_like(), BINARY)
    assert any(line in str(caught.value) for line in (".toArrow()", ".toPandas()", ".write.parquet("))


@pytest.mark.parametrize(
    ("bad", "family", "arguments", "says"),
    [
        ({"label": [1, 7]}, BINARY, {}, ["'label'", "holds 7"]),
        ({"pred": [1, 7]}, BINARY, {}, ["'pred'", "holds 7"]),
        ({"w": [1.0, -2.0]}, BINARY, {"weight": "w"}, ["'w'", "holds -2"]),
        ({"w": [1.0, None]}, BINARY, {"weight": "w"}, ["'w'", "holds null"]),
        ({"w": [1.0, np.nan]}, BINARY, {"weight": "w"}, ["'w'", "holds nan"]),
        ({"w": [1.0, np.inf]}, fm.regression("label", "w"), {}, ["'w'", "holds inf"]),
        ({"t": ["2024-01-01T00:00:00", "garbage"]}, BINARY, {"time": "t", "every": "1h"}, ["'t'", "garbage"]),
    ],
    ids=["label", "prediction", "negative weight", "null weight", "NaN weight", "infinite prediction", "time"],
)
def test_the_file_of_a_bad_value_is_named(
    tmp_path: Path, bad: dict[str, Any], family: Any, arguments: dict[str, Any], says: list[str]
) -> None:
    fine = {"label": [1, 0], "pred": [1, 1], "w": [1.0, 1.0], "t": ["2024-01-01T00:00:00"] * 2}
    for name, columns in {"monday": fine, "tuesday": fine | bad, "wednesday": fine}.items():
        pl.DataFrame(columns).write_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(DataError) as caught:
        fm.count(tmp_path, family, **arguments)
    message = str(caught.value)
    assert [fragment for fragment in [*says, "tuesday.parquet"] if fragment not in message] == []
    assert "\n" not in message
    assert len(message) < 400


def test_the_file_of_a_bad_value_that_is_filtered_out_is_not_blamed(tmp_path: Path) -> None:
    for year, label in ((2023, 7), (2024, 7)):
        pl.DataFrame({"label": [1, label], "pred": [1, 1], "year": year}).write_parquet(tmp_path / f"{year}.parquet")
    with pytest.raises(DataError, match=r"2024\.parquet"):
        fm.count(tmp_path, BINARY, where=pl.col("year") == 2024)


@pytest.mark.parametrize(
    ("label", "cells"),
    [
        (pl.Series([0.0, 1.0, np.nan, 1.0]), {"fp": 1, "fn": 1, "unlabelled_pos": 1, "tp": 1}),
        (pl.Series([0.0, 1.0, None, 1.0], dtype=pl.Float32), {"fp": 1, "fn": 1, "unlabelled_pos": 1, "tp": 1}),
        (pl.Series([-1, 1, None, 1]), {"fp": 1, "fn": 1, "unlabelled_pos": 1, "tp": 1}),
        (pl.Series([0, 1, 0, 1], dtype=pl.UInt8), {"fp": 2, "fn": 1, "tp": 1}),
        (pl.Series([False, True, None, True]), {"fp": 1, "fn": 1, "unlabelled_pos": 1, "tp": 1}),
        (pl.Series([None, None, None, None]), {"unlabelled_pos": 3, "unlabelled_neg": 1}),
    ],
    ids=["floats with NaN", "floats with null", "minus one", "unsigned", "booleans", "nothing but null"],
)
def test_labels_that_are_fine(label: pl.Series, cells: dict[str, int]) -> None:
    counts = fm.count(pl.DataFrame({"label": label, "pred": [1, 0, 1, 1]}), BINARY)
    assert {name: n for name, n in counts.frame.row(0, named=True).items() if n} == cells
    assert counts.rows == 4


def test_a_ranking_hides_small_groups_and_says_how_many() -> None:
    log = {"label": [1] * 12, "pred": [0] * 2 + [1] * 4 + [0] + [1] * 5, "model": ["tiny"] * 2 + ["big"] * 10}
    ranked = fm.count(log, BINARY, by="model").worst("recall", min_n=3)
    assert ranked.select("model", "n", "recall", "groups_hidden").rows() == [("big", 10, 0.9, 1)]


def test_a_failed_count_leaves_nothing_behind(tmp_path: Path) -> None:
    pl.DataFrame({"label": [1, 7], "pred": [1, 1]}).write_parquet(tmp_path / "log.parquet")
    with pytest.raises(DataError):
        fm.count(tmp_path, BINARY).write(tmp_path / "counts.parquet")
    assert [file.name for file in tmp_path.iterdir()] == ["log.parquet"]


def test_times_and_lists_as_labels_are_refused_with_advice_that_works() -> None:
    """Python may have no such time, and no value of theirs can be named."""
    far = pl.Series([2**62, 0]).cast(pl.Datetime("us"))
    for column in (far, pl.Series([1 << 30, 0]).cast(pl.Date), pl.Series([[1], [2]]), pl.Series([b"a", b"b"])):
        with pytest.raises(SchemaError, match=r"needs True/False, 1/0, or text or a number with pos_label=: compute"):
            fm.count(pl.DataFrame({"label": column, "pred": [1, 0]}), fm.binary("label", "pred"))
