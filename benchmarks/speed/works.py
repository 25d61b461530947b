"""The works that are timed, a row each: what is counted, of which columns, and the goals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.speed import bound, families, labelled, startup
from benchmarks.speed.forms import Counted
from benchmarks.speed.memory import in_memory
from benchmarks.speed.outcome import Outcome
from benchmarks.speed.parquet import from_files, from_one_file
from benchmarks.speed.peers import Question
from benchmarks.speed.setting import Setting

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
        "15.7 million rows by two integer keys, 3.9 million by 100,000 texts, beside the bound of docs/performance.md",
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

# Why a goal is missed, found by profiling, by the name of its work. Times are CPU of 20 million rows (small logs: one
# million) on the 2 cores of RESULTS.md, an Intel Xeon at 2.5 GHz (Skylake-SP), each work run alone.
REASONS: dict[str, str] = {
    "W": (
        "of 92-102 ms adding to cells takes 32, the windows of rows 20, which is what reading 8 bytes a row costs "
        "here, states 6, finding, ordering and gathering 345,600 groups 16, calls of Python and Polars and fresh "
        "memory the rest; the goals were set where one thread reads 36 GB/s, here 6-10, and against plain sums of "
        "Polars, while packed keys take a third less."
    ),
    "MC": (
        "of 48-50 ms adding to cells takes 31, 1.5 ns a row to compose its id and to read, change and write its cell; "
        "states take 6 and the calls 10; peers answer in their cheapest form, label and prediction packed with the "
        "keys, and the goals knew plain sums."
    ),
    "M": "as MC: of 40-45 ms adding to 32 cells takes 27, states 6, the calls 8.",
    "shuffled": (
        "cells of all windows, 5.5 MB, are more than the first two caches hold, and rows that follow each other lie "
        "in any of them: adding takes 8 ns a row instead of 1.5, and 8 more go to the window of each row, which no "
        "block shares any longer; those are 325 of 350-439 ms."
    ),
    "strings": (
        "the 16-byte view of each row of each key is looked up in a table, 6 ns a key and row, of which 2 are reading "
        "it: 238 of 418-482 ms; the codes of Enum keys cost nothing."
    ),
    "many groups": (
        "cells of 10 million places are 160 MB: every row misses the caches and most miss the page tables, 24 ns a "
        "row or 475 of 662-858 ms (asking for the cells ahead makes it no faster), and finding the million that are "
        "taken and putting them in order reads all places, 128 ms."
    ),
    "weights": (
        "a row adds w, its square and the rounding errors of both sums to four floats of its state, of 345,600 groups "
        "of 128 bytes: that takes 152 of 326-331 ms, 8 ns a row; gathering 16 columns of the table takes 38, to see "
        "that weights are finite and not negative 32; peers add plain sums without the errors."
    ),
    "score counts": (
        "of 106-184 ms adding to 248,000 cells, as many as the second cache holds, takes 84, 4 ns a row, and the bins "
        "34, 1.7 ns, which is two multiplications, a division and a comparison in vectors."
    ),
    "score sums": (
        "`add_losses` takes 754 of 829-1,038 ms, 38 ns a row: 8 are what a row adds, a logarithm among it, and the "
        "rest three sums with the error of each rounding in cells that only the third cache holds; peers add plain "
        "sums without the errors."
    ),
    "regression": (
        "a row adds to eight sums, each with its rounding error, and to four extremes, 160 bytes of cells a group: "
        "`add_errors` takes 385 of 424-655 ms, 19 ns a row; to look for NaN and infinity takes 38, gathering 20 "
        "columns of 345,600 groups 54; peers add plain sums without the errors."
    ),
    "small logs": (
        "a million rows fill 272,797 groups, fewer than four rows each, so that the table costs more than the "
        "counting: finding, ordering and gathering groups 16 of 37-47 ms, the rows 6, calls of Python and Polars and "
        "fresh memory the rest; bincount makes one array of sums and tells neither which groups occur nor their keys: "
        "with those numpy takes longer than fastmetrics."
    ),
    "Parquet": (
        "decoding is the reader of Polars for both: 31-34 of 62-84 ns a row, 20 of them for ts, most of that its zstd, "
        "so that no counting can make the whole three times as fast; the two keys of text take 12-13, windows and "
        "cells 4, the calls of a batch 8, and two threads on one core slow each other; Numba, LLVM and pyarrow are "
        "most of the 82 MB that Polars does without."
    ),
    "billion": "as Parquet: decoding alone takes 31-34 s of CPU here.",
    "start-up": (
        "all but 0.08 s of the import is that of Polars and numpy; the cached first call loads Numba and LLVM (0.3 s "
        "of CPU) and its kernels (0.02 s each); compiled anew, `count_near_rows` takes 3.3 s, `window_codes` 2.1, "
        "`spread_states` 1.8 and `intern_text` 1.7, half of it to infer types, which Numba does in Python."
    ),
}
