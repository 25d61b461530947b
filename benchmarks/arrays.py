"""The array functions beside scikit-learn's of the same name: ``python -m benchmarks.arrays --only roc_auc``.

Every run of both sides is compared outside the clock, values to 1e-12. The sides take turns, the first round is not
timed, and a short call is repeated within a round.
``bandwidth`` is the share of the read bandwidth of one core, measured in the same process, that ours reaches. A run of
all of them writes the section "Array functions" of RESULTS.md.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import sklearn.metrics

import fastmetrics.arrays as ours
from benchmarks.measuring.clock import timed
from benchmarks.measuring.machine import machine
from benchmarks.measuring.page import markdown, now, put_section, wrapped

Arrays = tuple[np.ndarray, ...]
LABELS, SORTS, SUMS = "labels", "sorting", "sums"
GOAL = {LABELS: 10.0, SORTS: 6.0, SUMS: 4.0}
REPORT_ROWS = 8_000_000
REPORT_ROUNDS = 3
SHORT = 100
HEADING = "# Array functions"
METHOD = (
    "CPU time, medians; `multiple` is how many times as long scikit-learn takes, to be at least 10 for labels, 6 where "
    "both sort, and 4 for plain sums, or 0.7 of the read bandwidth of one core; with 100 rows at least a third, and "
    "classification_report of 8 million rows at most 80 ms a core. Results agree to 1e-12. Means of errors miss "
    "theirs: scikit-learn adds up whole arrays with numpy; so does fastmetrics, in parts that stay in the cache."
)


class Case(NamedTuple):
    """A call: the function, the kind of work it is, the data it gets and its other arguments."""

    name: str
    kind: str
    data: str
    options: dict[str, Any] = {}


def classes(rows: int, count: int) -> Arrays:
    """Labels and predictions, of which three in ten are drawn anew."""
    rng = np.random.default_rng(count)
    true, other = rng.integers(0, count, (2, rows))
    return true, np.where(rng.random(rows) < 0.3, other, true)


def scored(rows: int) -> Arrays:
    """Labels of which 3 in 10 are positive, and a score that tells them apart somewhat."""
    rng = np.random.default_rng(3)
    label = rng.random(rows) < 0.3
    return label.astype(np.int64), 1 / (1 + np.exp(-rng.normal(label * 1.5 - 0.75, 1)))


def numbers(rows: int) -> Arrays:
    rng = np.random.default_rng(4)
    true = rng.normal(10, 3, rows)
    return true, true + rng.normal(0, 1, rows)


def simplex(rows: int) -> Arrays:
    rng = np.random.default_rng(5)
    label, score = rng.integers(0, 5, rows), rng.random((rows, 5))
    return label, score / score.sum(axis=1, keepdims=True)


def cast(arrays: Arrays, *dtypes: Any) -> Arrays:
    return tuple(array.astype(dtype) for array, dtype in zip(arrays, dtypes, strict=True))


def texts(arrays: Arrays) -> Arrays:
    names = np.array(["ham", "spam", "unsure", "virus"])
    return tuple(names[array] for array in arrays)


DATA: dict[str, Callable[[int], Arrays]] = {
    "int64": lambda rows: classes(rows, 2),
    "bool": lambda rows: cast(classes(rows, 2), bool, bool),
    "int64, 10 classes": lambda rows: classes(rows, 10),
    "int32, 10 classes": lambda rows: cast(classes(rows, 10), np.int32, np.int32),
    "text, 4 classes": lambda rows: texts(classes(rows, 4)),
    "int64, float64 score": scored,
    "int64, float32 score": lambda rows: cast(scored(rows), np.int64, np.float32),
    "bool, float64 score": lambda rows: cast(scored(rows), bool, np.float64),
    "bool, float32 score": lambda rows: cast(scored(rows), bool, np.float32),
    "int64, 5 columns": simplex,
    "float64": numbers,
    "float32": lambda rows: cast(numbers(rows), np.float32, np.float32),
}
MACRO = {"average": "macro"}
RATIOS = ("precision_score", "recall_score", "f1_score", "fbeta_score", "jaccard_score")
TABLES = ("accuracy_score", "balanced_accuracy_score", "matthews_corrcoef", "cohen_kappa_score", "confusion_matrix")
NUMERIC = ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "r2_score")


def cases() -> Iterator[Case]:
    for name in (*RATIOS, *TABLES, "precision_recall_fscore_support", "classification_report"):
        beta = {"beta": 2.0} if name == "fbeta_score" else {}
        yield Case(name, LABELS, "int64", beta)
        yield Case(name, LABELS, "bool", beta)
        yield Case(name, LABELS, "int64, 10 classes", beta | (MACRO if name in RATIOS else {}))
    for name in ("f1_score", "accuracy_score", "classification_report"):
        yield Case(name, LABELS, "int32, 10 classes", MACRO if name in RATIOS else {})
        yield Case(name, LABELS, "text, 4 classes", MACRO if name in RATIOS else {})
    for name, kind in (
        ("roc_auc_score", SORTS),
        ("average_precision_score", SORTS),
        ("log_loss", SUMS),
        ("brier_score_loss", SUMS),
    ):
        for label in ("int64", "bool"):
            for score in ("float64", "float32"):
                yield Case(name, kind, f"{label}, {score} score")
    yield Case("roc_auc_score", SORTS, "int64, 5 columns", {"multi_class": "ovr"})
    yield Case("average_precision_score", SORTS, "int64, 5 columns")
    yield Case("log_loss", SUMS, "int64, 5 columns")
    for name in NUMERIC:
        yield Case(name, SUMS, "float64")
        yield Case(name, SUMS, "float32")


def check(found: Any, wanted: Any) -> None:
    """Stop unless both sides gave the same."""
    if isinstance(wanted, dict):
        assert list(found) == list(wanted)
        found, wanted = list(found.values()), list(wanted.values())
    if isinstance(wanted, tuple | list):
        for one, other in zip(found, wanted, strict=True):
            check(one, other)
    elif isinstance(wanted, str) or wanted is None:
        assert found == wanted
    else:
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def repeated(call: Callable[[], Any], times: int) -> Any:
    for _ in range(times):
        result = call()
    return result


def race(case: Case, rows: int, rounds: int) -> dict[str, Any]:
    arrays = DATA[case.data](rows)
    sides = [partial(getattr(module, case.name), *arrays, **case.options) for module in (ours, sklearn.metrics)]
    times = max(1, 20_000 // rows)
    spent: list[list[float]] = [[], []]
    for number in range(rounds + 1):
        results = []
        for side, cpu in zip(sides, spent, strict=True):
            result, run = timed(partial(repeated, side, times))
            results.append(result)
            if number:
                cpu.append(run.cpu / times)
        check(*results)
    ratio = median(theirs / mine for mine, theirs in zip(*spent, strict=True))
    mine, theirs = (median(cpu) * (1e3 if rows > SHORT else 1e6) for cpu in spent)
    return {"mine": mine, "theirs": theirs, "ratio": ratio, "bytes": sum(array.nbytes for array in arrays)}


def bandwidth(rounds: int = 7) -> float:
    """Bytes a second that one core reads of an array that no cache holds."""
    array = np.ones(1 << 25, np.int64)
    return array.nbytes / median(timed(array.max)[1].cpu for _ in range(rounds))


def long(wanted: list[Case], rows: int, rounds: int) -> str:
    speed = bandwidth()
    table = []
    for case in wanted:
        run = race(case, rows, rounds)
        share = run["bytes"] / (run["mine"] / 1e3) / speed
        met = run["ratio"] >= GOAL[case.kind] or (case.kind == SUMS and share >= 0.7)
        table.append(
            {
                "function": case.name,
                "data": case.data,
                "CPU ms": f"{run['mine']:.2f}",
                "scikit-learn": f"{run['theirs']:.1f}",
                "multiple": f"{run['ratio']:.1f}",
                "goal": f"{GOAL[case.kind]:.0f}" + ("" if met else " missed"),
                "bandwidth": f"{share:.2f}",
            }
        )
    return markdown(pl.DataFrame(table))


def short(wanted: list[Case], rounds: int) -> str:
    table = []
    for case in wanted:
        run = race(case, SHORT, rounds)
        table.append(
            {
                "function": case.name,
                "data": case.data,
                "CPU us": f"{run['mine']:.0f}",
                "scikit-learn": f"{run['theirs']:.0f}",
                "multiple": f"{run['ratio']:.2f}",
            }
        )
    return markdown(pl.DataFrame(table))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="functions whose name holds this text")
    parser.add_argument("--data", default="", help="data whose name holds this text")
    parser.add_argument("--skip-short", action="store_true", help=f"no calls of {SHORT} rows")
    parser.add_argument("--skip-report", action="store_true", help=f"no report of {REPORT_ROWS:,} rows")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    wanted = [case for case in cases() if arguments.only in case.name and arguments.data in case.data]
    tables = []
    if not arguments.skip_short:
        tables.append(f"{SHORT} rows:\n\n{short(wanted, arguments.rounds)}\n")
    tables.append(f"{arguments.rows:,} rows:\n\n{long(wanted, arguments.rows, arguments.rounds)}\n")
    report = Case("classification_report", LABELS, "int64, 10 classes")
    if arguments.only in report.name and not arguments.skip_report:
        tables.append(
            f"{REPORT_ROWS:,} rows, {REPORT_ROUNDS} rounds:\n\n{long([report], REPORT_ROWS, REPORT_ROUNDS)}\n"
        )
    print("\n".join(tables))
    if not (arguments.only or arguments.data or arguments.skip_short or arguments.skip_report):
        command = f"python -m benchmarks.arrays --rows {arguments.rows} --rounds {arguments.rounds}"
        where = f"`{command}` on {now()}, {machine()}. {METHOD}"
        put_section("\n".join([f"{HEADING}\n", f"{wrapped(where)}\n", *tables]))


if __name__ == "__main__":
    main()
