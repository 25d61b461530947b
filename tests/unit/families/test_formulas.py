"""Every metric of every family, and its bounds, are those of the oracle, on logs that the tests make."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.families import KINDS
from fastmetrics.texts.measures import MEASURES
from oracle_classes import class_metrics
from oracle_metrics import (
    Z95,
    binary_bounds,
    binary_cells,
    binary_metrics,
    flag_metrics,
    likelihood_metrics,
    mean_bounds,
    number_metrics,
    score_metrics,
    share_bounds,
)
from oracle_text import text_metrics
from oracle_values import value_metrics

Rows = dict[str, list[Any]]
SHOWN = ("label_coverage", "answer_rate")  # in every table, asked for or not


def log_of(draw: Callable[[random.Random, int], Rows], groups: int, seed: int) -> dict[str, Rows]:
    rng = random.Random(seed)
    return {f"g{number:03d}": draw(rng, number) for number in range(groups)}


def decisions(rng: random.Random, number: int) -> Rows:
    """Labels and predictions of a group: from one row to hundreds, from useless to nearly right, some of them null."""
    rows = rng.choice([1, 2, 3, 8, 30, 400])
    positive, right, gone = rng.random(), rng.choice([0.1, 0.5, 0.8, 0.99]), rng.choice([0.0, 0.2])
    labels = [int(rng.random() < positive) for _ in range(rows)]
    said = [label if rng.random() < right else 1 - label for label in labels]
    return {
        "label": [None if rng.random() < gone else label for label in labels],
        "pred": [None if rng.random() < gone else one for one in said],
    }


def classes(rng: random.Random, number: int) -> Rows:
    def one(of: str) -> list[Any]:
        return [rng.choice([*of, None]) for _ in range(rows)]

    rows = rng.choice([1, 5, 40])
    return {"label": one("abc"), "pred": one("abbd")}


def scored(rng: random.Random, number: int) -> Rows:
    """Scores that no other row of the group has, so that a bin holds one of them; 100 rows have label and score."""
    scores = [(place + 0.5) / 1000 for place in rng.sample(range(1000), 120)]
    labels = [int(rng.random() < 0.25 + score / 2) for score in scores]
    return {"label": [None] * 10 + labels[10:], "pred": scores[:110] + [None] * 10}


def numbers(rng: random.Random, number: int) -> Rows:
    labels = [rng.randrange(-800, 800) / 8 for _ in range(rng.choice([3, 20, 90]))]
    return {
        "label": [rng.choice([label] * 9 + [None]) if at > 2 else label for at, label in enumerate(labels)],
        "pred": [label + rng.randrange(-80, 96) / 16 for label in labels],
    }


def token_probabilities(rng: random.Random, number: int) -> Rows:
    """Probabilities of the tokens of some texts, some without any or null; some groups have tokens of probability 0."""
    pool = [0.9, 0.5, 0.25, 1.0, 1e-6, 0.125, None, *([0.0] if number % 3 == 2 else [])]
    return {
        "p": [
            rng.choice([*[[rng.choice(pool) for _ in range(rng.choice([1, 3, 40]))]] * 3, [], None])
            for _ in range(rng.choice([1, 4, 30]))
        ]
    }


def flagged(rng: random.Random, number: int) -> Rows:
    """Rows of which some are flagged, and of some it is not known; in some groups of none."""
    often, gone = rng.random(), rng.choice([0.0, 0.2, 0.2, 1.0])
    rows = range(rng.choice([1, 4, 30, 200]))
    return {"refused": [None if rng.random() < gone else rng.random() < often for _ in rows]}


def answers(rng: random.Random, number: int) -> Rows:
    """Texts beside references that they share words with; one of them is empty."""
    words = ["the", "a", "cat", "dog", "sat", "on", "mat", "ran,", "fast.", "over", "hill"]
    references = [" ".join(rng.choices(words, k=rng.randrange(5, 12))) for _ in range(6)]
    changed = [" ".join(rng.choice([word, rng.choice(words)]) for word in text.split()) for text in references]
    return {"answer": ["", *changed[1:]], "reference": references}


def whole_numbers(rng: random.Random, number: int) -> Rows:
    """Numbers each with a bucket of its own, some of them missing, in some groups all, and infinite in others."""
    pool = [*range(-20, 47), *[0] * 10, None, *([math.inf] if number % 5 == 4 else [])] if number % 7 else [math.nan]
    return {"x": [None if x is None else float(x) for x in rng.choices(pool, k=rng.choice([1, 2, 9, 100, 300]))]}


@dataclass(frozen=True)
class Held:
    """A family, its log and the oracle of all its metrics."""

    family: fm.Family
    log: dict[str, Rows]
    oracle: Callable[[Rows], dict[str, Any]]

    def counts(self) -> fm.Counts:
        frame = pl.concat([pl.DataFrame(rows).with_columns(group=pl.lit(key)) for key, rows in self.log.items()])
        return fm.count(frame, self.family, by="group")


HELD = {
    "binary": Held(
        fm.binary("label", "pred"),
        log_of(decisions, 150, 1),
        lambda rows: binary_metrics(binary_cells(rows["label"], rows["pred"])),
    ),
    "scores": Held(
        fm.scores("label", "pred", bins=1000),
        log_of(scored, 6, 2),
        lambda rows: score_metrics(rows["label"], rows["pred"]),
    ),
    "classes": Held(
        fm.classes("label", "pred"), log_of(classes, 60, 3), lambda rows: class_metrics(rows["label"], rows["pred"])
    ),
    "regression": Held(
        fm.regression("label", "pred"), log_of(numbers, 20, 4), lambda rows: number_metrics(rows["label"], rows["pred"])
    ),
    "likelihood": Held(
        fm.likelihood(pl.col("p").list.eval(pl.element().log())),
        log_of(token_probabilities, 60, 5),
        lambda rows: likelihood_metrics(rows["p"]),
    ),
    "flags": Held(
        fm.flags(refused="refused"), log_of(flagged, 60, 7), lambda rows: flag_metrics("refused", rows["refused"])
    ),
    "text": Held(
        fm.text("answer", reference="reference", measures=[*MEASURES]),
        log_of(answers, 4, 6),
        lambda rows: text_metrics(rows["answer"], rows["reference"]),
    ),
    "values": Held(fm.values("x"), log_of(whole_numbers, 40, 7), lambda rows: value_metrics(rows["x"])),
}
NEAR = {"ece_debiased": 1e-6, "calibration_slope": 1e-6, "calibration_intercept": 1e-6}  # the oracle's own precision


def test_every_kind_of_family_is_held_to_an_oracle() -> None:
    assert set(HELD) == set(KINDS)


@pytest.mark.parametrize("kind", HELD)
def test_every_metric_has_a_line_in_the_oracle(kind: str) -> None:
    held = HELD[kind]
    known = set(held.oracle(next(iter(held.log.values()))))
    assert [row.name for row in held.family.metrics if row.name not in known] == []


@pytest.mark.parametrize("kind", HELD)
def test_every_metric_is_the_oracles_in_every_group(kind: str) -> None:
    held = HELD[kind]
    names = [row.name for row in held.family.metrics]
    frame = held.counts().metrics(*[name for name in names if name not in SHOWN])
    assert frame["group"].to_list() == list(held.log)
    for row in frame.iter_rows(named=True):
        expected = held.oracle(held.log[row["group"]])
        for name in names:
            wanted = expected[name]
            got = (row["group"], name, row[name])
            if wanted is None:
                assert row[name] is None, got
            else:
                assert row[name] == pytest.approx(wanted, rel=1e-11, abs=NEAR.get(name, 1e-11)), got


@pytest.mark.parametrize("kind", ["binary", "classes", "likelihood", "values"])
def test_the_logs_hold_groups_in_which_a_metric_is_defined_and_others_in_which_it_is_not(kind: str) -> None:
    expected = [HELD[kind].oracle(rows) for rows in HELD[kind].log.values()]
    always = {"n_classes", "TP", "TN", "FP", "FN", "sum", "missing_rate", *SHOWN}
    for name in {name for row in expected for name in row} - always:
        if not name.endswith("_classes"):
            assert {row[name] is None for row in expected} == {False, True}, name


def test_every_alias_is_the_metric_it_stands_for() -> None:
    for held in HELD.values():
        for row in held.family.metrics:
            for alias in row.aliases:
                both = held.counts().metrics(row.name, alias)
                assert both[alias].equals(both[row.name], null_equal=True), alias


@pytest.mark.parametrize(("level", "z"), [(None, Z95), (0.8, 1.2815515655446004), (0.99, 2.5758293035489004)])
def test_bounds_of_every_binary_metric_are_the_oracles_at_the_level_asked_for(level: float | None, z: float) -> None:
    """In groups that have all four kinds of rows, so that no part of a formula is at its end."""
    held = HELD["binary"]
    rows = [row for row in held.family.metrics if row.interval and row.name not in SHOWN]
    table = held.counts().metrics(
        *[row.name for row in rows], intervals=True, **({} if level is None else {"level": level})
    )
    groups = 0
    for found in table.iter_rows(named=True):
        cells = binary_cells(*held.log[found["group"]].values())
        if not all(cells[name] for name in ("tn", "fp", "fn", "tp")):
            continue
        groups += 1
        for row in rows:
            low, high = binary_bounds(row.name, row.interval, cells, z)
            least, most = row.range
            got = (found[f"{row.name}_low"], found[f"{row.name}_high"])
            assert got == pytest.approx((max(low, least), min(high, most)), rel=1e-9, abs=1e-9), row.name
    assert groups >= 20


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_bounds_of_means_are_those_of_student_at_the_level_asked_for(level: float) -> None:
    held = HELD["regression"]
    table = held.counts().metrics("mae", "bias", "rmse", intervals=True, **({} if level == 0.95 else {"level": level}))
    for found in table.iter_rows(named=True):
        both = zip(*held.log[found["group"]].values(), strict=True)
        errors = [prediction - label for label, prediction in both if label is not None]
        squares = mean_bounds([error * error for error in errors], False, level)
        expected = {
            "bias": mean_bounds(errors, True, level),
            "mae": mean_bounds([abs(error) for error in errors], False, level),
            "rmse": tuple(map(math.sqrt, squares)),
        }
        for name, (low, high) in expected.items():
            got = (found[f"{name}_low"], found[f"{name}_high"])
            if name != "bias":  # bounds of three rows may be any power of ten
                got, low, high = (math.log(got[0]), math.log(got[1])), math.log(low), math.log(high)
            assert got == pytest.approx((low, high), rel=1e-9, abs=1e-3 * (high - low)), name


@pytest.mark.parametrize("kind", ["classes", "scores"])
def test_proportions_of_the_other_families_have_the_bounds_of_a_share(kind: str) -> None:
    held = HELD[kind]
    names = ["accuracy", "precision_micro"] if kind == "classes" else ["prevalence"]
    for found in held.counts().metrics(*names, intervals=True).iter_rows(named=True):
        label, prediction = held.log[found["group"]].values()
        pairs = [(y, p) for y, p in zip(label, prediction, strict=True) if y is not None and p is not None]
        hits, n = sum(y == p for y, p in pairs), len(pairs)
        if kind == "scores":
            hits, n = label.count(1), len(label) - label.count(None)
        for name in names if n else ():
            assert (found[f"{name}_low"], found[f"{name}_high"]) == pytest.approx(share_bounds(hits, n, Z95), abs=1e-9)


@pytest.mark.parametrize("kind", HELD)
def test_every_bound_is_beside_its_value_inside_the_range_and_no_interval_is_a_point(kind: str) -> None:
    held = HELD[kind]
    rows = [row for row in held.family.metrics if row.interval and row.name not in SHOWN]
    table = held.counts().metrics(*[row.name for row in rows], intervals=True) if rows else pl.DataFrame()
    for row in rows:
        found = table.select(value=row.name, low=f"{row.name}_low", high=f"{row.name}_high")
        assert (found["low"].is_null() == found["high"].is_null()).all()
        assert found.filter(pl.col("value").is_null())["low"].is_null().all(), row.name
        given = found.drop_nulls()
        assert len(given) > len(found) / 4, row.name
        assert given.select((pl.col("low") <= pl.col("value")) & (pl.col("value") <= pl.col("high"))).to_series().all()
        assert given.select(pl.col("low") < pl.col("high")).to_series().all(), row.name
        assert given["low"].min() >= row.range[0], row.name
        assert given["high"].max() <= row.range[1], row.name


@pytest.mark.parametrize("size", [1e7, 1e8, 1e9])
def test_bounds_of_means_are_never_narrower_for_what_rounding_lost(size: float) -> None:
    """Errors that are far larger than their spread, of which sums of squares keep few digits or none."""
    rng = random.Random(7)
    log = {
        f"g{at:03d}": [size + rng.choice([0.0, 0.5, 1.0]) for _ in range(rng.choice([3, 8, 40]))] for at in range(200)
    }
    frame = pl.concat([pl.DataFrame({"label": 0.0, "pred": errors, "group": key}) for key, errors in log.items()])
    found = fm.count(frame, fm.regression("label", "pred"), by="group").metrics("bias", intervals=True)
    for row in found.iter_rows(named=True):
        low, high = mean_bounds([error - size for error in log[row["group"]]], True)
        assert row["bias_high"] - row["bias_low"] >= 0.999 * (high - low), row
