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

# Why a goal is missed, found by profiling, by the name of its work. Times are CPU of 20 million rows (small logs: one
# million) on the 2 cores of RESULTS.md, an AMD EPYC (Zen 3) without AVX-512, each work run alone.
REASONS: dict[str, str] = {
    "W": (
        "of 65-73 ms the windows of rows take 15-19, which is what reading 8 bytes a row costs here, adding to cells "
        "16, states 3, finding, ordering and gathering 345,600 groups 8-10, calls of Python and Polars and fresh "
        "memory the rest; the goals were set where one thread reads 36 GB/s, here 10-17, and against plain sums of "
        "Polars, while packed keys take up to 20 % less."
    ),
    "MC": (
        "of 20-27 ms adding to cells takes 11-14, 0.6 ns a row: 0.35-0.5 to read, change and write a cell, and the "
        "rest to compose its id in vectors without AVX-512; states take 3 and the calls 6; peers answer in their "
        "cheapest form, with packed keys, and the goals knew plain sums."
    ),
    "M": (
        "of 19 ms adding to cells takes 10, since to compare each row with 32 cells costs more than to read, change "
        "and write the one it belongs to, 0.35-0.5 ns, as in MC; states take 3 and the calls 6."
    ),
    "shuffled": (
        "cells of all windows, 5.5 MB, are more than the first two caches hold, and rows that follow each other lie "
        "in any of them: adding takes 6-8 ns a row instead of 0.8, and 4-5 more go to the window of each row, which "
        "no block shares any longer; those are 10-13 of 11-16."
    ),
    "strings": (
        "the 16-byte view of each row of each key is looked up in a table, 2.8-3.2 ns a key and row, of which 1.2 "
        "are reading it: 126-130 of 206-240 ms; the codes of Enum keys cost nothing."
    ),
    "many groups": (
        "cells of 10 million places are 160 MB: every row misses the caches and most miss the page tables, 14-18 ns "
        "a row or 286-352 of 461-527 ms (asking for the cells ahead makes it no faster), and finding the million "
        "that are taken and putting them in order reads all places, 105-110 ms."
    ),
    "weights": (
        "a row adds w, its square and the rounding errors of both sums to four floats of its state, of 345,600 groups "
        "of 128 bytes: that takes 80 of 242 ms, 4 ns a row; gathering 16 columns of the table takes 24-38, and fresh "
        "memory of the system most of the rest; peers add plain sums without the errors."
    ),
    "score counts": (
        "the bin of a score takes 2.8 ns a row, a multiplication, a look at the edges and a gather without AVX-512, "
        "and adding to 124,000 cells, as many as the second cache holds, 2.2-3.3: together 100-124 of 116-149 ms."
    ),
    "score sums": (
        "`add_losses` takes 474-510 of 603-661 ms, 24 ns a row: 9 are the logarithm, and the rest three sums with "
        "the error of each rounding in cells that only the third cache holds; peers add plain sums without the errors."
    ),
    "classes": (
        "adding to 100,000 cells, more than the first cache holds, takes 31-39 of 45-60 ms, 1.5-2 ns a row, and what "
        "codes and the calls take is 0.5 more."
    ),
    "regression": (
        "a row adds to eight sums, each with its rounding error, and to four extremes, 160 bytes of cells a group: "
        "`add_errors` takes 208 of 359 ms, 10 ns a row; to look for NaN and infinity takes 25, gathering 20 columns "
        "of 345,600 groups 34, fresh memory of the system most of the rest; peers add plain sums without the errors."
    ),
    "small logs": (
        "a million rows fill 272,797 groups, fewer than four rows each, so that the table costs more than the "
        "counting: finding, ordering and gathering groups 7 of 23 ms, the rows 3, calls of Python and Polars and "
        "fresh memory the rest; bincount makes one array of sums and tells neither which groups occur nor their keys: "
        "with those numpy takes longer than fastmetrics."
    ),
    "Parquet": (
        "decoding is the reader of Polars for both: 23-27 of 47-60 ns a row, 18 of them to unpack the zstd of ts, so "
        "that no counting can make the whole three times as fast; the two keys of text take 9-10, twice what they "
        "take in memory, as another thread has just written them, and windows and cells 4; Numba, LLVM and pyarrow "
        "are 150 MB that Polars does without."
    ),
    "billion": "as Parquet: decoding alone is 23-27 s of CPU here.",
    "start-up": (
        "all but 0.06 s of the import is that of Polars and numpy; the cached first call loads Numba and LLVM (0.3 s "
        "of CPU) and its kernels (0.02 s each); compiled anew, `intern_text` takes 2.2 s, with what Numba does once, "
        "`count_near_rows` 2.1, `window_codes` 1.1 and `spread_states` 0.8-1.2."
    ),
}
