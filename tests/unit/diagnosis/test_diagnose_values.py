"""Diagnoses of numbers and flags beside labels: each is searched, told apart, and a finding of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm

ROWS = 24_000
FAMILIES = (
    fm.binary("label", "pred"),
    fm.values("ms"),
    fm.values("tokens"),
    fm.flags(refused="refused", cut="cut"),
    fm.flags(error="error", unlabelled="cut", name="more"),
)
HIT = pl.col("country") == "B"
DRAWN = pl.Series(np.random.default_rng(9).random(ROWS))


def log(seed: int = 5, rows: int = ROWS) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    columns = {
        "ms": np.where(rng.random(rows) < 0.01, np.nan, rng.lognormal(6, 0.8, rows)),
        "tokens": np.where(rng.random(rows) < 0.03, 0.0, rng.geometric(0.01, rows)),
        "refused": rng.random(rows) < 0.02,
        "cut": rng.random(rows) < 0.1,
        "error": rng.random(rows) < 0.05,
        "label": rng.random(rows) < 0.3,
        "pred": rng.random(rows) < 0.3,
        "country": rng.choice(list("ABCD"), rows, p=[0.4, 0.3, 0.2, 0.1]),
        "device": rng.choice(["x", "y", "z"], rows),
    }
    return pl.DataFrame(columns)


def diagnosed(change: Mapping[str, Any], *families: fm.Family) -> fm.Diagnosis:
    """Half the rows against the other half, in which columns are others where the slice is."""
    rows = log()
    drawn = DRAWN[ROWS // 2 :]
    later = rows[ROWS // 2 :].with_columns(drawn.alias("u"))
    later = later.with_columns(
        pl.when(HIT).then(pl.lit(new) if new is None else new).otherwise(pl.col(name)).alias(name)
        for name, new in change.items()
    )
    sides = (fm.count(side, *(families or FAMILIES), by=["country", "device"]) for side in (later, rows[: ROWS // 2]))
    now, before = sides
    return fm.diagnose(now, baseline=before)


def some(share: float, value: Any, column: str) -> pl.Expr:
    return pl.when(pl.col("u") < share).then(pl.lit(value)).otherwise(pl.col(column))


@pytest.mark.parametrize(
    ("change", "metric", "says"),
    [
        ({"ms": pl.col("ms") * 2}, "ms_high_rate", "has 1.6x the rows with ms in buckets above the baseline's median"),
        ({"ms": pl.col("ms") / 2}, "ms_low_rate", "has 1.6x the rows with ms in buckets below the baseline's median"),
        (
            {"ms": some(0.2, 9e4, "ms")},
            "ms_tail_rate",
            "x the rows with ms in buckets above the baseline's p95 where country = B",
        ),
        ({"ms": some(0.2, None, "ms")}, "ms_missing_rate", "x the rows without ms where country = B: ms_missing_rate"),
        ({"tokens": some(0.2, 0.0, "tokens")}, "tokens_zero_rate", "x the rows with tokens = 0 where country = B"),
        ({"ms": some(0.2, np.inf, "ms")}, "ms_infinite_rate", "many times the rows with an infinite ms where"),
        ({"refused": some(0.2, True, "refused")}, "refused_rate", "x the rows flagged refused where country = B"),
        ({"cut": pl.lit(False)}, "cut_rate", "has none of the rows flagged cut where country = B: cut_rate 0, was 0."),
        ({"error": some(0.2, True, "error")}, "error_rate of more", "x the rows flagged error where country = B"),
        ({"error": some(0.2, None, "error")}, "error_missing_rate", "times the rows without a value of error where"),
    ],
)
def test_each_rate_is_searched_and_said_as_people_say_it(change: Any, metric: str, says: str) -> None:
    found = diagnosed(change)
    told = [one for one in found if one.metric == metric]
    assert [(one.tag, one.slice, one.severity) for one in told] == [("rate_shift", {"country": "B"}, "major")]
    assert says in told[0].sentence
    assert {one.metric.split("_")[0] for one in found} <= {metric.split("_")[0], "unlabelled"}
    assert found.notes == ("rows assumed independent within windows",)


@pytest.mark.parametrize(("value", "metric"), [(2.0, "tokens_high_rate"), (0.5, "tokens_low_rate")])
def test_one_number_that_becomes_another_is_found_in_either_direction(value: float, metric: str) -> None:
    found = [
        fm.diagnose(fm.count({"tokens": [new] * 500}, family), baseline=fm.count({"tokens": [1.0] * 500}, family))
        for new in (value, 1.0)
        for family in (fm.values("tokens"),)
    ]
    assert [one.metric for one in found[0]] == [metric]
    assert not found[1]


def test_what_moved_in_the_same_rows_is_one_incident_with_a_finding_for_each_number_and_flag() -> None:
    change = {
        "ms": pl.col("ms") * 3,
        "tokens": pl.col("tokens") * 3,
        "refused": some(0.2, True, "refused"),
        "pred": pl.lit(False),
    }
    found = diagnosed(change)
    assert {(one.incident, one.tag, one.metric.split("_")[0]) for one in found} == {
        (1, "constant_prediction", "predicted"),
        (1, "rate_shift", "ms"),
        (1, "rate_shift", "tokens"),
        (1, "rate_shift", "refused"),
    }


def test_a_flag_that_is_called_like_a_rate_of_tags_is_a_flag() -> None:
    names = fm.flags(error="error", unlabelled="cut", unpredicted="refused")
    change = {name: some(0.2, True, name) for name in ("error", "cut", "refused")}
    found = diagnosed(change, names)
    assert {(one.tag, one.metric, one.severity) for one in found} == {
        ("rate_shift", "error_rate", "major"),
        ("rate_shift", "unlabelled_rate", "major"),
        ("rate_shift", "unpredicted_rate", "major"),
    }


def test_families_that_share_no_rate_are_all_searched_and_no_note_says_otherwise() -> None:
    twice = fm.flags(cut="cut"), fm.flags(cut="cut", name="again")
    found = diagnosed({"cut": some(0.2, True, "cut")}, *twice)
    assert {one.metric for one in found} == {"cut_rate", "cut_rate of again"}
    assert not any("several families" in note for note in found.notes)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_where_nothing_changed(seed: int) -> None:
    rows = log(seed + 100)
    rare = rows.with_columns(tokens=pl.when(pl.int_range(pl.len()) % 997 == 0).then(0.0).otherwise("tokens"))
    sides = [fm.count(side, *FAMILIES, by=["country", "device"]) for side in (rare[: ROWS // 2], rare[ROWS // 2 :])]
    assert not fm.diagnose(sides[1], baseline=sides[0])
