"""What an error or a note advises is done here as it is written, and must then give the right numbers.

Each row provokes a message, finds the advice in its text, follows it, and says what must come out. Where the text holds
code or a name, that is what is run; where it only names an argument, a reader would fill in the same value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import fastmetrics as fm
import fastmetrics.polars as fpl
from fastmetrics.cli.commands import main

BINARY = fm.binary("label", "pred")
SCORES = fm.scores("label", "score", bins=10)
NUMBERS = fm.regression("label", "score")
LOG = pl.DataFrame(
    {
        "id": range(6),
        "model": ["a", "a", "a", "b", "b", "b"],
        "label": [1, 0, 1, 0, 1, 1],
        "pred": [1, 0, 0, 1, 1, 1],
        "score": [0.9, 0.2, 0.4, 0.8, 0.7, 0.6],
        "t": [0, 1800, 3600, 7200, 9000, 90_000],
    }
)
TEXT = {"label": ["yes", "no", "NA", "yes"], "pred": ["yes", "yes", "no", "no"]}
COUNTS = fm.count(LOG, BINARY, by="model")
BINS = fm.count(LOG, SCORES)
HOURS = fm.count(LOG, BINARY, by="model", time="t", every="1h", time_unit="s")
SETS = fm.count(LOG, BINARY, by=["model", "id"], grouping_sets=[[], ["model"], ["id"]])
UNLABELLED = LOG.with_columns(label=pl.lit(None, pl.Int64))
DELTA = fm.label_delta(UNLABELLED, LOG.select("id", "label"), BINARY, on="id", label="label")
RECALL, ACCURACY = 3 / 4, 4 / 6
NAMES = {"pl": pl, "fm": fm}


@dataclass(frozen=True)
class Advice:
    """What gives a message, the advice in its text as a pattern, what follows it, and what must come out."""

    provoke: Callable[[], Any]
    says: str
    follow: Callable[[re.Match[str]], Any]
    right: Any


def value(counts: fm.Counts, *names: str) -> Any:
    """Metrics of all groups together."""
    row = counts.rollup().metrics(*names).select(names).row(0)
    return row[0] if len(row) == 1 else row


def code(text: str) -> Any:
    return eval(text, dict(NAMES))


def counted(log: Any, family: fm.Family = BINARY, *metrics: str, **arguments: Any) -> Any:
    return value(fm.count(log, family, **arguments), *(metrics or ("recall",)))


LABELS = {
    "a text needs its positive value": Advice(
        lambda: fm.count({"label": ["yes", "no", "yes"], "pred": ["yes", "yes", "no"]}, BINARY),
        r"holds 2 distinct strings \('(yes)', 'no'\).* name the positive value with pos_label=$",
        lambda found: counted(
            {"label": ["yes", "no", "yes"], "pred": ["yes", "yes", "no"]},
            fm.binary("label", "pred", pos_label=found[1]),
            "recall",
            "label_coverage",
        ),
        (0.5, 1.0),
    ),
    "and what means null": Advice(
        lambda: fm.count(TEXT, BINARY),
        r"\('(yes)', 'no', 'NA'\).* pass null_values=(\['NA'\]) if 'NA' means null",
        lambda found: counted(
            TEXT,
            fm.binary("label", "pred", pos_label=found[1], null_values=code(found[2])),
            *("accuracy", "label_coverage"),
        ),
        (1 / 3, 0.75),
    ),
    "NA was read as null: it is": Advice(
        lambda: fm.count(TEXT, fm.binary("label", "pred", pos_label="yes")),
        r"say so with null_values=(\['NA'\])",
        lambda found: counted(
            TEXT,
            fm.binary("label", "pred", pos_label="yes", null_values=code(found[1])),
            *("accuracy", "label_coverage"),
        ),
        (1 / 3, 0.75),
    ),
    "NA was read as null: it is a value": Advice(
        lambda: fm.count(TEXT, fm.binary("label", "pred", pos_label="yes")),
        r"make it a negative with null_values=(\[\])",
        lambda found: counted(
            TEXT,
            fm.binary("label", "pred", pos_label="yes", null_values=code(found[1])),
            *("accuracy", "label_coverage"),
        ),
        (0.5, 1.0),
    ),
    "-1 beside 0 is null": Advice(
        lambda: fm.count({"label": [1, 0, -1, 1], "pred": [1, 0, 1, 0]}, BINARY),
        r"if -1 means null, say so with null_values=(\[-1\])",
        lambda found: counted(
            {"label": [1, 0, -1, 1], "pred": [1, 0, 1, 0]},
            fm.binary("label", "pred", null_values=code(found[1])),
            *("accuracy", "label_coverage"),
        ),
        (2 / 3, 0.75),
    ),
    "-1 beside 0 is negative": Advice(
        lambda: fm.count({"label": [1, 0, -1, 1], "pred": [1, 0, 1, 0]}, BINARY),
        r"if it is negative, name pos_label=(1)",
        lambda found: counted(
            {"label": [1, 0, -1, 1], "pred": [1, 0, 1, 0]},
            fm.binary("label", "pred", pos_label=code(found[1])),
            *("accuracy", "label_coverage"),
        ),
        (0.5, 1.0),
    ),
    "another number is null": Advice(
        lambda: fm.count({"label": [1, 0, 9, 1], "pred": [1, 0, 1, 0]}, BINARY),
        r"pass null_values=(\[9\]) if 9 means null",
        lambda found: counted(
            {"label": [1, 0, 9, 1], "pred": [1, 0, 1, 0]},
            fm.binary("label", "pred", null_values=code(found[1])),
            *("accuracy", "label_coverage"),
        ),
        (2 / 3, 0.75),
    ),
    "another number is positive": Advice(
        lambda: fm.count({"label": [1, 2, 2], "pred": [1, 2, 1]}, BINARY),
        r"holds (2); .* name the positive value with pos_label=",
        lambda found: counted(
            {"label": [1, 2, 2], "pred": [1, 2, 1]}, fm.binary("label", "pred", pos_label=code(found[1]))
        ),
        0.5,
    ),
    "probabilities as predictions": Advice(
        lambda: fm.count(LOG, fm.binary("label", "score")),
        r"count probabilities with (y_score)= and (threshold)=",
        lambda found: counted(LOG, fm.binary("label", **{found[1]: "score", found[2]: 0.5})),
        RECALL,
    ),
    "probabilities as labels": Advice(
        lambda: fm.count({"truth": [0.9, 0.2, 0.6], "pred": [1, 0, 0]}, fm.binary("truth", "pred")),
        r"make it Boolean, as in (.*)$",
        lambda found: counted({"truth": [0.9, 0.2, 0.6], "pred": [1, 0, 0]}, fm.binary(code(found[1]), "pred")),
        0.5,
    ),
    "a label that never occurs": Advice(
        lambda: fm.count(
            {"label": ["spam", "ham"], "pred": ["spam", "spam"]}, fm.binary("label", "pred", pos_label="Spam")
        ),
        r"did you mean '(spam)'\?$",
        lambda found: counted(
            {"label": ["spam", "ham"], "pred": ["spam", "spam"]},
            fm.binary("label", "pred", pos_label=found[1]),
            *("recall", "precision"),
        ),
        (1.0, 0.5),
    ),
    "null values are a list": Advice(
        lambda: fm.binary("label", "pred", null_values="NA"),
        r"such as null_values=(\['NA'\])",
        lambda found: counted(TEXT, fm.binary("label", "pred", pos_label="yes", null_values=code(found[1]))),
        0.5,
    ),
    "classes in two dtypes": Advice(
        lambda: fm.count(LOG.with_columns(pl.col("pred").cast(pl.String)), fm.classes("label", "pred")),
        r"cast one of them to the dtype of the other",
        lambda found: counted(
            LOG.with_columns(pl.col("pred").cast(pl.String)),
            fm.classes("label", pl.col("pred").cast(pl.Int64)),
            "accuracy",
        ),
        ACCURACY,
    ),
    "labels are a list": Advice(
        lambda: fm.classes("model", "other", labels="a"),
        r"such as labels=(\['a'\])",
        lambda found: counted(
            LOG.with_columns(other=pl.lit("a")), fm.classes("model", "other", labels=code(found[1])), "recall_macro"
        ),
        1.0,
    ),
}

SCORES_AND_NUMBERS = {
    "one of two": Advice(
        lambda: fm.binary("label"),
        r"y_pred= \(a decision\) and (y_score)= with (threshold)=",
        lambda found: counted(LOG, fm.binary("label", **{found[1]: "score", found[2]: 0.5})),
        RECALL,
    ),
    "a threshold between edges: one of them": Advice(
        lambda: BINS.at_threshold(0.65),
        r"the edges beside it are ([\d.]+) and ([\d.]+): use one of them",
        lambda found: [value(BINS.at_threshold(float(edge)), "recall") for edge in found.groups()],
        [0.75, 0.5],
    ),
    "a threshold between edges: the nearest": Advice(
        lambda: BINS.at_threshold(0.69),
        r"or (nearest=True)",
        lambda found: value(BINS.at_threshold(0.69, **code(f"dict({found[1]})")), "recall"),
        0.5,
    ),
    "a threshold between edges: another edge": Advice(
        lambda: BINS.at_threshold(0.65),
        r"count again with thresholds=(\[0.65\])",
        lambda found: value(
            fm.count(LOG, fm.scores("label", "score", bins=10, thresholds=code(found[1]))).at_threshold(0.65), "recall"
        ),
        0.5,
    ),
    "a threshold of scores that are no probabilities": Advice(
        lambda: fm.scores("label", "margin", thresholds=[3]),
        r"name the edges with (edges)=",
        lambda found: value(
            fm.count(
                LOG.with_columns(margin=10 * pl.col("score") - 5),
                fm.scores("label", "margin", **{found[1]: [-5, 0, 2, 5]}),
            ).at_threshold(2),
            "recall",
        ),
        0.5,
    ),
    "percentages": Advice(
        lambda: fm.count(LOG.with_columns(pl.col("score") * 100), SCORES),
        r"divide percentages by (100)",
        lambda found: counted(
            LOG.with_columns(pl.col("score") * 100),
            fm.scores("label", pl.col("score") / int(found[1]), bins=10),
            "roc_auc",
        ),
        5 / 8,
    ),
    "log-odds": Advice(
        lambda: fm.count(LOG.with_columns((pl.col("score") / (1 - pl.col("score"))).log() * 3), SCORES),
        r"of log-odds say link=('logit')",
        lambda found: counted(
            LOG.with_columns((pl.col("score") / (1 - pl.col("score"))).log()),
            fm.scores("label", "score", bins=100, link=code(found[1])),
            *("roc_auc", "mean_score"),
        ),
        (5 / 8, 3.6 / 6),
    ),
    "other scores": Advice(
        lambda: fm.count(LOG.with_columns(pl.col("score") * 100), SCORES),
        r"name (edges)= as wide as they are",
        lambda found: counted(
            LOG.with_columns(pl.col("score") * 100),
            fm.scores("label", "score", **{found[1]: range(0, 101, 5)}),
            "roc_auc",
        ),
        5 / 8,
    ),
    "extremes cannot be weighted": Advice(
        lambda: fm.count(LOG, NUMBERS, weight="id"),
        r"make it with extremes=(False)",
        lambda found: counted(LOG, fm.regression("label", "score", extremes=code(found[1])), "mae", weight="id"),
        (1 * 0.2 + 2 * 0.6 + 3 * 0.8 + 4 * 0.3 + 5 * 0.4) / 15,
    ),
    "extremes cannot be taken back": Advice(
        lambda: fm.label_delta(LOG, LOG.select("id", label=1 - pl.col("label")), NUMBERS, on="id", label="label"),
        r"count it with extremes=(False)",
        lambda found: later(fm.regression("label", "score", extremes=code(found[1])), "mae"),
        2.4 / 6,
    ),
    "beta": Advice(
        lambda: COUNTS.metrics("fbeta"),
        r"ask for '(f2)', '(f0.5)' or another number, or pass (fm\.fbeta\(beta\))",
        lambda found: [
            value(COUNTS, found[1]),
            value(COUNTS, found[2]),
            COUNTS.rollup().metrics(eval(found[3], NAMES | {"beta": 2}))["f2"].item(),
        ],
        [5 * 3 / (5 * 3 + 4 * 1 + 1), 1.25 * 3 / (1.25 * 3 + 0.25 * 1 + 1), 5 * 3 / (5 * 3 + 4 * 1 + 1)],
    ),
}


def later(family: fm.Family, metric: str) -> Any:
    today = fm.count(UNLABELLED, family)
    return value(today + fm.label_delta(UNLABELLED, LOG.select("id", "label"), family, on="id", label="label"), metric)


KEYS_AND_WINDOWS = {
    "a key named like a metric": Advice(
        lambda: fm.count(LOG.rename({"model": "f1"}), BINARY, by="f1"),
        r"give it another with by=(pl\.col\('f1'\)\.alias\('f1_key'\))",
        lambda found: (
            fm.count(LOG.rename({"model": "f1"}), BINARY, by=code(found[1]))
            .metrics("recall")
            .select("f1_key", "recall")
            .rows()
        ),
        [("a", 0.5), ("b", 1.0)],
    ),
    "a key with a comma": Advice(
        lambda: fm.count(LOG.rename({"model": "a,b"}), BINARY, by=["a,b"], grouping_sets=[[], ["a,b"]]),
        r"give it an alias",
        lambda found: (
            fm.count(LOG.rename({"model": "a,b"}), BINARY, by=[pl.col("a,b").alias("c")], grouping_sets=[[], ["c"]])
            .grouping("c")
            .metrics("recall")["recall"]
            .to_list()
        ),
        [0.5, 1.0],
    ),
    "a key in no grouping set": Advice(
        lambda: fm.count(LOG, BINARY, by=["model", "id"], grouping_sets=[[], ["model"]]),
        r"key '(id)' is in by=, but in no grouping set; drop it",
        lambda found: (
            fm.count(LOG, BINARY, by=[key for key in ("model", "id") if key != found[1]], grouping_sets=[[], ["model"]])
            .grouping("model")
            .metrics("recall")["recall"]
            .to_list()
        ),
        [0.5, 1.0],
    ),
    "no grouping sets": Advice(
        lambda: fm.count(LOG, BINARY, by=["model"], grouping_sets=[]),
        r"such as (\[\[\]\]) for the total",
        lambda found: fm.count(LOG, BINARY, by=[], grouping_sets=code(found[1])).metrics("recall")["recall"].to_list(),
        [RECALL],
    ),
    "a roll-up of grouping sets": Advice(
        lambda: SETS.rollup("model"),
        r"pick one with counts\.grouping\(\.\.\.\) of ('', 'model', 'id')",
        lambda found: [
            SETS.grouping(*([name] if name else [])).metrics("recall")["recall"].drop_nulls().len()
            for name in code(found[1])
        ],
        [1, 2, 4],
    ),
    "too many groups": Advice(
        lambda: fm.count(LOG, BINARY, by="id", max_groups=2),
        r"the key with the most values is '(id)' .*: drop or coarsen a key, or raise the limit",
        lambda found: [
            fm.count(LOG, BINARY, by=pl.col(found[1]) // 3, max_groups=2).metrics("recall")["recall"].to_list(),
            len(fm.count(LOG, BINARY, by=found[1], max_groups=6).frame),
        ],
        [[0.5, 1.0], 6],
    ),
    "a key of two types": Advice(
        lambda: COUNTS + fm.count(LOG.with_columns(model=pl.col("id")), BINARY, by="model"),
        r"cast it in by= to the same type",
        lambda found: value(
            COUNTS + fm.count(LOG.with_columns(model=pl.col("id")), BINARY, by=pl.col("model").cast(pl.String)),
            "recall",
        ),
        RECALL,
    ),
    "integers as times": Advice(
        lambda: fm.count(LOG, BINARY, time="t", every="1h"),
        r"with time_unit=('s'), ('ms'), ('us'), ('ns') or ('d')",
        lambda found: [
            len(fm.count(LOG, BINARY, time="t", every="1h", time_unit=code(unit)).frame) for unit in found.groups()
        ],
        [4, 1, 1, 1, 6],
    ),
    "floats as times": Advice(
        lambda: fm.count(LOG, BINARY, time=pl.col("t") * 1.0, every="1h"),
        r"expected Datetime, Date, ISO 8601 text, text with time_format=, or integers with time_unit=",
        lambda found: [
            len(fm.count(LOG, BINARY, time=time, every="1h", **more).frame)
            for time, more in (
                (pl.from_epoch("t"), {}),
                (pl.from_epoch("t").dt.date(), {}),
                (pl.from_epoch("t").dt.to_string("iso"), {}),
                (pl.from_epoch("t").dt.strftime("%d/%m/%Y %H:%M"), {"time_format": "%d/%m/%Y %H:%M"}),
                (pl.col("t"), {"time_unit": "s"}),
            )
        ],
        [4, 2, 4, 4, 4],
    ),
    "text of another form as times": Advice(
        lambda: fm.count(LOG.with_columns(t=pl.lit("03/14/2026")), BINARY, time="t", every="1d"),
        r"ISO 8601 text, such as (\S+), (\S+) or (\S+); say how it is written with time_format='(\S+)'$",
        lambda found: [
            fm.count(LOG.with_columns(t=pl.lit(text)), BINARY, time="t", every="1h", **more)
            .frame["window_start"][0]
            .isoformat()
            for text, more in (*((text, {}) for text in found.groups()[:3]), ("03/14/2026", {"time_format": found[4]}))
        ],
        [f"2026-03-14T0{hour}:00:00+00:00" for hour in (0, 9, 8, 0)],
    ),
    "no duration": Advice(
        lambda: fm.count(LOG, BINARY, time="t", every="hourly", time_unit="s"),
        r"such as ('15m', '1h', '1d', '1w', '1mo' or '2 weeks')",
        lambda found: [
            len(fm.count(LOG, BINARY, time="t", every=every, time_unit="s").frame)
            for every in re.findall("'(.*?)'", found[1])
        ],
        [6, 4, 2, 1, 1, 1],
    ),
    "windows that are rolled up": Advice(
        lambda: HOURS.rollup("model", every="1d"),
        r"add ('window') to the keys of rollup\(\)",
        lambda found: HOURS.rollup("model", code(found[1]), every="1d").metrics("recall")["recall"].to_list(),
        [0.5, 1.0, 1.0],
    ),
    "windows that do not nest": Advice(
        lambda: HOURS.rollup("window", every="90m"),
        r"count with a shorter every=",
        lambda found: (
            fm.count(LOG, BINARY, time="t", every="30m", time_unit="s")
            .rollup("window", every="90m")
            .metrics("recall")["recall"]
            .to_list()
        ),
        [0.5, 1.0, 1.0],
    ),
    "a period without windows": Advice(
        lambda: COUNTS.metrics("recall", period="2h"),
        r"count with time= and every=",
        lambda found: (
            fm.count(LOG, BINARY, time="t", every="1h", time_unit="s")
            .metrics("recall", period="2h")["recall"]
            .to_list()[:2]
        ),
        [1.0, 0.5],
    ),
    "a diagnosis without windows": Advice(
        lambda: fm.diagnose(COUNTS),
        r"needs Counts with windows: count with time= and every=",
        lambda found: fm.diagnose(HOURS).notes[-1],
        "b: no slice changed at any time",
    ),
    "a diagnosis of grouping sets": Advice(
        lambda: fm.diagnose(SETS, baseline=SETS),
        r"pick one with counts\.(grouping)\(",
        lambda found: len(fm.diagnose(getattr(SETS, found[1])("model"), baseline=SETS.grouping("model")).all),
        0,
    ),
}

NAMES_AND_READING = {
    "an unknown metric": Advice(
        lambda: COUNTS.metrics("recal"), r"did you mean '(\w+)'\?", lambda found: value(COUNTS, found[1]), RECALL
    ),
    "an unknown column": Advice(
        lambda: fm.count(LOG, fm.binary("labl", "pred")),
        r"did you mean '(\w+)'\?",
        lambda found: counted(LOG, fm.binary(found[1], "pred")),
        RECALL,
    ),
    "a metric of two families": Advice(
        lambda: fm.count(LOG, BINARY, SCORES).metrics("prevalence"),
        r"ask for '(binary\.prevalence)', '(scores\.prevalence)'",
        lambda found: [fm.count(LOG, BINARY, SCORES).metrics(name)[name].item() for name in found.groups()],
        [4 / 6, 4 / 6],
    ),
    "two families of one name": Advice(
        lambda: fm.count(LOG, BINARY, fm.binary("label", y_score="score", threshold=0.65)),
        r"tell them apart with (name)=",
        lambda found: (
            fm.count(LOG, BINARY, fm.binary("label", y_score="score", threshold=0.65, **{found[1]: "strict"}))
            .metrics("strict.recall")["strict.recall"]
            .item()
        ),
        0.5,
    ),
    "a list of metrics": Advice(
        lambda: COUNTS.metrics(["f1", "recall"]),
        r"write metrics\(('f1', 'recall')\) with no list",
        lambda found: value(COUNTS, *code(found[1])),
        (0.75, 0.75),
    ),
    "a comparison by no key": Advice(
        lambda: COUNTS.compare("recall", by=[], to="a"),
        r"such as by=('model')",
        lambda found: COUNTS.compare("recall", by=code(found[1]), to="a")["difference"].to_list(),
        [0.5],
    ),
    "no family": Advice(
        lambda: fm.count(LOG),
        r"such as (fm\.binary\('label', 'pred'\))",
        lambda found: counted(LOG, code(found[1])),
        RECALL,
    ),
    "Wilson's interval of what is no proportion": Advice(
        lambda: LOG.select(fpl.wilson("mcc", "label", "pred")),
        r"ask for (interval)\(\)",
        lambda found: LOG.select(getattr(fpl, found[1])("mcc", "label", "pred")).item()["low"] < 0.25,
        True,
    ),
    "averages over classes that are not known": Advice(
        lambda: LOG.select(fpl.f1_macro("label", "pred")),
        r"name the classes with (labels)=\[\.\.\.\]",
        lambda found: LOG.select(fpl.f1_macro("label", "pred", **{found[1]: [0, 1]})).item(),
        (0.75 + 0.5) / 2,
    ),
    "a change that has no exact split": Advice(
        lambda: fm.decompose(COUNTS, baseline=COUNTS, metric="mcc"),
        r"metrics of kind (proportion) and (ratio) have",
        lambda found: [
            fm.decompose(COUNTS, baseline=COUNTS, metric=row.name)["contribution"].sum()
            for kind in found.groups()
            for row in BINARY.metrics
            if row.kind == kind and row.name in ("recall", "f1")
        ],
        [0.0, 0.0],
    ),
    "a difference that is read": Advice(
        lambda: DELTA.metrics("recall"),
        r"add them to the Counts they belong to, and read the sum",
        lambda found: value(fm.count(UNLABELLED, BINARY) + DELTA, "recall"),
        RECALL,
    ),
    "late labels of a stream": Advice(
        lambda: fm.label_delta(iter([UNLABELLED]), LOG.select("id", "label"), BINARY, on="id", label="label"),
        r"give a file or a frame",
        lambda found: later(BINARY, "recall"),
        RECALL,
    ),
    "an expression over rows of a stream": Advice(
        lambda: fm.count(iter([LOG[:3], LOG[3:]]), BINARY, where=pl.col("id") > pl.col("id").mean()),
        r"collect it first",
        lambda found: counted(pl.concat([LOG[:3], LOG[3:]]), where=pl.col("id") > pl.col("id").mean()),
        1.0,
    ),
    "steps of another name": Advice(
        lambda: fm.diagnose_training({"t": [0, 1], "loss": [1.0, float("nan")]}),
        r"name it with (step)=",
        lambda found: fm.diagnose_training({"t": [0, 1], "loss": [1.0, float("nan")]}, **{found[1]: "t"})[0].tag,
        "loss_divergence",
    ),
    "a loss of another name": Advice(
        lambda: fm.diagnose_training({"step": [0, 1], "loss": [1.0, float("nan")]}, loss="lsos"),
        r"did you mean '(\w+)'\?",
        lambda found: fm.diagnose_training({"step": [0, 1], "loss": [1.0, float("nan")]}, loss=found[1])[0].tag,
        "loss_divergence",
    ),
}


def written(name: str, text: str) -> str:
    """A file in the folder at hand."""
    Path(name).write_text(text)
    return name


CSV = LOG.write_csv()
LATE = "label,score\n" + "1,0\n" * 10_000 + "1,0.5\n0,0.25\n"

FILES = {
    "another dtype later in a CSV": Advice(
        lambda: fm.count(written("late.csv", LATE), fm.binary("label", y_score="score", threshold=0.5)),
        r"scan with Polars and schema_overrides=(\{'score': \.\.\.\}), and count that",
        lambda found: (
            fm.count(
                pl.scan_csv("late.csv", schema_overrides=code(found[1].replace("...", "pl.Float64"))),
                fm.binary("label", y_score="score", threshold=0.5),
            )
            .frame["tp"]
            .item()
        ),
        1,
    ),
    "a name that is nearly there": Advice(
        lambda: written("log.csv", CSV) and fm.count("lgo.csv", BINARY),
        r"did you mean '(.*?)'\?",
        lambda found: counted(found[1]),
        RECALL,
    ),
    "a format that nothing tells": Advice(
        lambda: fm.count(written("part-00000", "label\n1\n0\n1\n"), fm.binary("label", "label")),
        r"say what all files are with format=('CSV') or the like",
        lambda found: fm.count("part-00000", fm.binary("label", "label"), format=code(found[1])).frame["tp"].item(),
        2,
    ),
    "files of two formats": Advice(
        lambda: LOG.write_parquet("b.parquet") or fm.count([written("a.csv", CSV), "b.parquet"], BINARY),
        r"CSV \((.*?)\), Parquet \((.*?)\); count each format apart and add the Counts",
        lambda found: value(fm.count(found[1], BINARY) + fm.count(found[2], BINARY), "recall", "accuracy"),
        (RECALL, ACCURACY),
    ),
    "files of two dtypes": Advice(
        lambda: (
            LOG.write_parquet("one.parquet")
            or LOG.with_columns(pl.col("label").cast(pl.Int8)).write_parquet("two.parquet")
            or fm.count(["one.parquet", "two.parquet"], BINARY)
        ),
        r"(\w+\.parquet): column 'label' holds Int8.* scan the files apart and add the Counts",
        lambda found: value(fm.count("one.parquet", BINARY) + fm.count(found[1], BINARY), "recall", "accuracy"),
        (RECALL, ACCURACY),
    ),
    "a separator in a cell": Advice(
        lambda: fm.count(written("free.csv", "label,pred,said\n1,1,well, yes\n0,1,no\n"), BINARY),
        r"text with a separator or a line break in it needs quotes",
        lambda found: counted(written("free.csv", 'label,pred,said\n1,1,"well, yes"\n0,1,no\n'), BINARY, "precision"),
        0.5,
    ),
}


def shell(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, list(arguments))
    return done.exit_code, done.stdout, done.stderr


def failing(*arguments: str) -> None:
    """Raise what a command says that does not end well."""
    status, _, said = shell(*arguments)
    if status:
        raise fm.SourceError(said.strip())


def first(*arguments: str) -> Any:
    """The first recall that a command gives as JSON."""
    status, given, said = shell(*arguments, "--format", "json")
    assert status == 0, said
    return json.loads(given)[0]["recall"]


EVALUATE = ("evaluate", "log.csv", "--y-true", "label", "--y-pred", "pred", "-m", "recall")
COMMANDS = {
    "an unknown option": Advice(
        lambda: written("log.csv", CSV) and failing("evaluate", "log.csv", "--y-tru", "label", "--y-pred", "pred"),
        r"did you mean '(--[\w-]+)'\?",
        lambda found: first("evaluate", "log.csv", found[1], "label", "--y-pred", "pred", "-m", "recall"),
        RECALL,
    ),
    "an unknown command": Advice(
        lambda: written("log.csv", CSV) and failing("evalute", "log.csv"),
        r"did you mean '(\w+)'\?",
        lambda found: first(found[1], *EVALUATE[1:]),
        RECALL,
    ),
    "what is no gate": Advice(
        lambda: written("log.csv", CSV) and failing(*EVALUATE, "--gate", "recall is good"),
        r"and a number: '(\w+)(>=)([\d.]+)'",
        lambda found: [shell(*EVALUATE, "--gate", f"recall{found[2]}{limit}")[0] for limit in (0.75, 0.76)],
        [0, 1],
    ),
    "a gate on groups without a value": Advice(
        lambda: written("log.csv", CSV) and failing(*EVALUATE, "--by", "id", "--gate", "recall>=0"),
        r"\((--allow) (undefined) accepts it\)",
        lambda found: shell(*EVALUATE, "--by", "id", "--gate", "recall>=0", found[1], found[2])[0],
        0,
    ),
    "a gate that meets a note": Advice(
        lambda: (
            written("yes.csv", "label,pred\nyes,yes\nno,yes\nNA,no\n")
            and failing("evaluate", "yes.csv", *EVALUATE[2:], "--pos-label", "yes", "--gate", "recall>=1")
        ),
        r"\((--allow) (\w+) accepts it\)",
        lambda found: shell(
            "evaluate", "yes.csv", *EVALUATE[2:], "--pos-label", "yes", "--gate", "recall>=1", found[1], found[2]
        )[0],
        0,
    ),
    "windows that were not counted": Advice(
        lambda: (
            written("log.csv", CSV)
            and shell(*EVALUATE, "--counts", "plain.parquet")
            and failing("diagnose", "plain.parquet", "--current-from", "1970-01-02")
        ),
        r"count the logs with (--time) and (--every)",
        lambda found: (
            shell(*EVALUATE, found[1], "t", found[2], "1h", "--time-unit", "s", "--counts", "hours.parquet")[0]
            or shell("diagnose", "hours.parquet", "--current-from", "1970-01-02")[0]
        ),
        0,
    ),
}

TABLE = LABELS | SCORES_AND_NUMBERS | KEYS_AND_WINDOWS | NAMES_AND_READING | FILES | COMMANDS


@pytest.mark.parametrize("name", TABLE)
def test_advice_gives_the_right_numbers_when_followed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    advice = TABLE[name]
    with pytest.raises((fm.FastMetricsError, UserWarning)) as raised:
        advice.provoke()
    found = re.search(advice.says, str(raised.value))
    assert found is not None, str(raised.value)
    assert advice.follow(found) == near(advice.right)


def near(right: Any) -> Any:
    """What equals a value, its numbers to rounding."""
    if isinstance(right, (list, tuple)):
        return type(right)(map(near, right))
    return pytest.approx(right) if isinstance(right, float) else right
