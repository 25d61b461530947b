"""Averages over classes, from cells and as expressions, are scikit-learn's over the classes that occur."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest
import sklearn.metrics as sk

import fastmetrics as fm
import fastmetrics.polars as fpl

NAMES = ("precision", "recall", "f1", "jaccard")
AVERAGES = [f"{name}_{average}" for name in NAMES for average in ("macro", "weighted")]
CLASSES = ["a", "b", "c", "rare", "never predicted", "never labelled", "elsewhere"]
LISTS = [None, CLASSES, ["rare", "elsewhere", "never predicted"], ["never labelled", "a"]]


def drawn_log(seed: int) -> pl.DataFrame:
    """Four groups with nulls and rare classes, and classes on one side alone; a fifth has a row of each class."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(5, 90))

    def classes(names: list[str], shares: list[float]) -> list[str | None]:
        return [None if rng.random() < 0.1 else str(name) for name in rng.choice(names, rows, p=shares)]

    return pl.DataFrame(
        {
            "group": [*rng.integers(0, 4, rows), *[4] * len(CLASSES)],
            "label": [*classes(CLASSES[:5], [0.5, 0.2, 0.1, 0.05, 0.15]), *CLASSES],
            "answer": [*classes([*CLASSES[:4], "never labelled"], [0.6, 0.1, 0.1, 0.05, 0.15]), *CLASSES[::-1]],
            "weight": rng.choice([0.0, 0.5, 1.0, 3.0], rows + len(CLASSES)),
        }
    )


def peer(name: str, rows: pl.DataFrame, labels: list[str] | None, weighted: bool) -> float | None:
    """scikit-learn's average of the rows that count, over the listed classes that occur in them."""
    rows = rows.drop_nulls(["label", "answer"]).filter(pl.col("weight") > 0 if weighted else pl.lit(True))
    y, p = rows["label"].to_list(), rows["answer"].to_list()
    occur = [one for one in labels or sorted({*y, *p}) if one in {*y, *p}]
    of, _, average = name.rpartition("_")
    if not occur or (average == "weighted" and not {*occur} & {*y}):
        return None
    weights = rows["weight"].to_list() if weighted else None
    score = getattr(sk, f"{of}_score")
    return float(score(y, p, labels=occur, average=average, sample_weight=weights, zero_division=0))


@pytest.mark.parametrize("weighted", [False, True], ids=["rows", "weights"])
@pytest.mark.parametrize("labels", LISTS, ids=["seen", "all", "rare", "two"])
def test_averages_over_classes_are_scikit_learns(labels: list[str] | None, weighted: bool) -> None:
    weight = "weight" if weighted else None
    for seed in range(8):
        log = drawn_log(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fm.NoteWarning)  # of classes that never occur
            cells = fm.count(log, fm.classes("label", "answer", labels=labels), by="group", weight=weight)
            expressions = fpl.classes.metrics(AVERAGES, "label", "answer", labels=labels or CLASSES, weight=weight)
            asked = log.group_by("group").agg(expressions).sort("group").unnest("metrics")
        counted = cells.metrics(*AVERAGES)
        for group, of_group in log.group_by("group"):
            for name in AVERAGES:
                expected: Any = peer(name, of_group, labels, weighted)
                for found in (counted, asked):
                    got = found.row(by_predicate=pl.col("group") == group[0], named=True)[name]
                    assert got == (expected and pytest.approx(expected, rel=1e-12)), (seed, group, name)


def test_arrays_and_cells_agree_on_a_class_that_is_never_predicted() -> None:
    y, p = ["a", "a", "a", "b"], ["a", "a", "a", "a"]
    cells = fm.count({"label": y, "answer": p}, fm.classes("label", "answer"))
    for name in ("precision", "f1"):
        with pytest.warns(fm.UndefinedMetricWarning) if name == "precision" else warnings.catch_warnings():
            expected = getattr(fm, f"{name}_score")(y, p, average="macro")
        found = cells.metrics(f"{name}_macro", f"{name}_classes").row(0, named=True)
        assert (found[f"{name}_macro"], found[f"{name}_classes"]) == (expected, 2)
