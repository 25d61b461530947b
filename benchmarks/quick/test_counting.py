"""Counting beside numpy: one dense code a row, `bincount`, and a row a group that occurs, with its keys."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
from polars.testing import assert_frame_equal
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.speed import families, labelled, peers
from benchmarks.speed.logs import Log
from benchmarks.speed.peers import Question
from benchmarks.speed.race import Side

ROWS = 1_000_000
ROUNDS = 7
SIDES = {"label": "label", "pred": "pred"}
PLACES = {"model": "model", "country": "country"}
HOURLY = ("model", "country", "hour")
TIMED = {"ts": "ts", **PLACES}

QUESTIONS: Mapping[str, Question] = {
    "no groups": Question(labelled.BINARY, (), SIDES),
    "one key": Question(labelled.BINARY, ("model",), {"model": "model"} | SIDES),
    "MC": Question(labelled.BINARY, ("model", "country"), PLACES | SIDES),
    "W": Question(labelled.BINARY, HOURLY, TIMED | SIDES),
    "weights": Question(labelled.WEIGHTED, HOURLY, TIMED | SIDES | {"weight": "weight"}),
    "frequencies": Question(labelled.FREQUENCIES, HOURLY, TIMED | SIDES | {"times": "times"}),
    "scores": Question(families.PROBABILITIES, ("model", "country"), PLACES | {"label": "label", "score": "score"}),
    "classes": Question(families.CLASSES, ("slice",), {name: name for name in ("slice", "kind", "guess")}),
}


@cache
def log() -> Log:
    return Log(ROWS)


@cache
def sides(work: str) -> Mapping[str, Side]:
    question = QUESTIONS[work]
    (numpy,) = peers.numpy_table(log(), question)
    return {"fastmetrics": peers.ours(question.frame(log()), question, threads=1), "numpy": numpy}


@pytest.mark.parametrize("side", ["fastmetrics", "numpy"])
@pytest.mark.parametrize("work", QUESTIONS)
def test_counting(benchmark: BenchmarkFixture, work: str, side: str) -> None:
    """Every side counts what the other one counts: integers to the last one, sums to 1e-9."""
    benchmark.group = work
    both = sides(work)
    result = benchmark.pedantic(both[side].run, rounds=ROUNDS, warmup_rounds=1)
    (other,) = both.keys() - {side}
    table, expected = both[side].table(result), both[other].table(both[other].run())
    assert_frame_equal(table, expected, rel_tol=1e-9, abs_tol=1e-9)
