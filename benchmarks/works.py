"""The works that are timed, a row each: what is counted, of which columns, and the goals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import bound
import families
import labelled
import startup
from forms import Counted
from memory import in_memory
from outcome import Outcome
from parquet import from_files, from_one_file
from peers import Question
from setting import Setting

__all__ = ["REASONS", "WORKS", "Goal", "Work"]


@dataclass(frozen=True)
class Goal:
    """A measure of an outcome and its bound: the least it should be, or the most.

    A peer's name is its CPU time as a multiple of that of one fastmetrics thread.
    """

    measure: str
    bound: float
    most: bool = False

    def met(self, value: float) -> bool:
        return value <= self.bound if self.most else value >= self.bound


def least(**bounds: float) -> tuple[Goal, ...]:
    return tuple(Goal(measure, bound) for measure, bound in bounds.items())


def most(measure: str, bound: float) -> Goal:
    return Goal(measure, bound, most=True)


@dataclass(frozen=True)
class Work:
    """A row: a name to ask for it by, what is counted, the goals, and how it is run. ``full`` is not run by default."""

    name: str
    text: str
    goals: tuple[Goal, ...]
    run: Callable[[Setting], Outcome]
    full: bool = False


SIDES = {"label": "label", "pred": "pred"}
PLACES = {"model": "model", "country": "country"}
TIMED = {"ts": "ts", **PLACES}
SCORED = {**PLACES, "label": "label"}
BY_ALL = ("model", "country", "hour")
BY_PLACE = ("model", "country")


def hourly(counted: Counted, roles: dict[str, str]) -> Question:
    """Model x country x hour."""
    return Question(counted, BY_ALL, TIMED | roles)


def by(*keys: str) -> Callable[[Setting], Outcome]:
    """Binary cells by some keys, of the columns named like them."""
    return in_memory(Question(labelled.BINARY, keys, {key: key for key in keys} | SIDES))


W = hourly(labelled.BINARY, SIDES)

WORKS = (
    Work(
        "W",
        "model x country x hour, time nearly sorted",
        (*least(Polars=17, DuckDB=8, ClickHouse=10, bincount=4), Goal("share of read bandwidth", 0.38)),
        in_memory(W),
    ),
    Work(
        "MC",
        "model x country",
        least(Polars=22, DuckDB=20, ClickHouse=5, bincount=15),
        by(*BY_PLACE),
    ),
    Work("M", "model", least(Polars=15), by("model")),
    Work("no groups", "no keys at all", (), by()),
    Work(
        "shuffled",
        "model x country x hour, times shuffled",
        (*least(Polars=5), most("ns/row", 3)),
        in_memory(hourly(labelled.BINARY, SIDES | {"ts": "shuffled"})),
    ),
    Work(
        "strings",
        "model x country x hour, keys of plain text",
        least(Polars=10),
        in_memory(Question(labelled.BINARY, BY_ALL, TIMED | SIDES, text=True)),
    ),
    Work(
        "many groups",
        "1,000,000 of 10,000,000 possible pairs of two integer keys",
        least(Polars=6, DuckDB=10),
        by("user", "item"),
    ),
    Work(
        "nulls",
        "model x country x hour, 12.5 % of labels and of predictions null",
        least(Polars=13),
        in_memory(hourly(labelled.NULLS, {"label": "label_or_null", "pred": "pred_or_null"})),
    ),
    Work(
        "weights",
        "model x country x hour, rows, Σw and Σw² of each cell",
        least(Polars=8),
        in_memory(hourly(labelled.WEIGHTED, SIDES | {"weight": "weight"})),
    ),
    Work(
        "score counts",
        "scores of any range in the bins of 256 edges, by model x country",
        (*least(Polars=20), most("ns/row", 1.6)),
        in_memory(Question(families.MARGINS, BY_PLACE, SCORED | {"score": "margin"})),
    ),
    Work(
        "score sums",
        "probabilities in the bins of 256 edges, with the sums of score, Brier and log loss, by model x country",
        least(Polars=20),
        in_memory(Question(families.PROBABILITIES, BY_PLACE, SCORED | {"score": "score"})),
    ),
    Work(
        "classes",
        "10 classes of 1,000 slices",
        least(Polars=15),
        in_memory(Question(families.CLASSES, ("slice",), {name: name for name in ("slice", "kind", "guess")})),
    ),
    Work(
        "regression",
        "8 sums and 4 extremes by model x country x hour",
        least(Polars=6),
        in_memory(hourly(families.REGRESSION, {"value": "value", "estimate": "estimate"})),
    ),
    Work(
        "small logs",
        "1,000,000 rows by model x country x hour",
        least(Polars=3),
        in_memory(W, rows=1_000_000, turns=3),
    ),
    Work(
        "Parquet",
        "model x country x hour from one zstd file, keys of text",
        (
            *least(Polars=3, DuckDB=2.7),
            Goal("wall time of Polars", 1),
            Goal("wall time of DuckDB", 1),
            most("peak memory beside Polars", 1.2),
        ),
        from_one_file,
    ),
    Work(
        "billion",
        "model x country x hour from 20 zstd files, keys of text",
        (
            most("CPU s a billion rows", 20),
            most("CPU a row beside one file", 1.1),
            most("peak MB", 1000),
        ),
        from_files,
        full=True,
    ),
    Work(
        "memory",
        "15.7 million rows by two integer keys, beside the bound of docs/performance.md",
        (most("share of the bound", 1),),
        bound.measured,
    ),
    Work(
        "start-up",
        "a new process",
        (
            most("import, s", 0.35),
            most("first call above the second, cached, s", 0.5),
            most("first call above the second, compiled, s", 4),
            Goal("lines on stderr where it compiles", 1),
        ),
        startup.measured,
    ),
)

# Why a goal is missed, found by profiling, by the name of its work.
REASONS: dict[str, str] = {}
