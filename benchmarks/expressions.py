"""What `fastmetrics.polars` costs beside the four sums of a confusion table written by hand, which say no metric yet.

``python -m benchmarks.expressions`` puts its section at the end of RESULTS.md. Sides take turns, every result is
compared with `fastmetrics.count` outside the clock, and the first round is not timed.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

import fastmetrics as fm
import fastmetrics.polars as fpl
from benchmarks.measuring.clock import Run, timed
from benchmarks.measuring.machine import machine
from benchmarks.measuring.page import markdown, now, put_section

HEADING = "## Polars expressions\n"
GROUPS = 1_000
METRICS = ("precision", "recall", "f1", "accuracy", "specificity", "mcc")
DTYPES = {"Boolean": pl.Boolean, "Int64": pl.Int64, "Float32": pl.Float32}

Side = Callable[[pl.DataFrame], pl.DataFrame]


def log(rows: int, dtype: type[pl.DataType]) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    sides = {"label": rng.random(rows) < 0.3, "pred": rng.random(rows) < 0.4}
    group = rng.integers(0, GROUPS, rows).astype(np.int32)
    return pl.DataFrame({"group": group, **{name: pl.Series(of).cast(dtype) for name, of in sides.items()}})


def hand(dtype: type[pl.DataType]) -> list[pl.Expr]:
    """The four sums, as one would write them for this dtype."""
    label, pred = (pl.col(name) if dtype == pl.Boolean else pl.col(name) == 1 for name in ("label", "pred"))
    cells = {"tn": ~label & ~pred, "fp": ~label & pred, "fn": label & ~pred, "tp": label & pred}
    return [mask.sum().alias(cell) for cell, mask in cells.items()]


def six() -> list[pl.Expr]:
    return [getattr(fpl, name)("label", "pred") for name in METRICS]


def streaming(frame: pl.DataFrame, expressions: list[pl.Expr]) -> pl.DataFrame:
    return frame.lazy().group_by("group").agg(expressions).collect(engine="streaming")


def eager(frame: pl.DataFrame, expressions: list[pl.Expr]) -> pl.DataFrame:
    return frame.group_by("group").agg(expressions)


def select(frame: pl.DataFrame, expressions: list[pl.Expr]) -> pl.DataFrame:
    return frame.select(expressions)


def over(frame: pl.DataFrame, expressions: list[pl.Expr]) -> pl.DataFrame:
    return frame.select("group", *(expression.over("group") for expression in expressions))


def contexts(dtype: type[pl.DataType]) -> Iterator[tuple[str, dict[str, Side]]]:
    """Each context with its sides, the one written by hand first."""
    sums, one = hand(dtype), [fpl.metrics(METRICS, "label", "pred")]
    for name, run in (("lazy streaming", streaming), ("eager agg", eager), ("select", select), ("over", over)):
        sides: dict[str, Side] = {"four sums by hand": partial(run, expressions=sums)}
        if run is streaming:
            sides["six metrics"] = partial(run, expressions=six())
        if run is over:
            columns = [(2.0 * cell).alias(str(k)) for k, cell in zip(range(6), itertools.cycle(sums), strict=False)]
            sides["six Float64 columns by hand"] = partial(run, expressions=columns)
        sides["fpl.metrics of six"] = partial(run, expressions=one)
        yield name, sides


def check(table: pl.DataFrame, expected: pl.DataFrame) -> None:
    """Compare what a side gave, where it gave metrics, with the counted ones."""
    if "metrics" in table.columns:
        table = table.unnest("metrics")
    if "f1" not in table.columns:
        return
    keys = [key for key in ("group",) if key in table.columns]
    wanted = expected if keys else expected.filter(pl.col("group").is_null())
    found = table.unique() if keys else table
    whole = found.sort(keys) if keys else found
    assert_frame_equal(whole, wanted.drop_nulls("group").select(whole.columns) if keys else wanted.select(METRICS))


def expected(frame: pl.DataFrame) -> pl.DataFrame:
    """The metrics of each group, and of all under the group null."""
    counts = fm.count(frame, fm.binary("label", "pred"), by="group")
    whole = counts.rollup().metrics(*METRICS).select(pl.lit(None, dtype=pl.Int32).alias("group"), *METRICS)
    return pl.concat([counts.metrics(*METRICS).select("group", *METRICS), whole])


def race(frame: pl.DataFrame, sides: dict[str, Side], wanted: pl.DataFrame, rounds: int) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            table, run = timed(partial(side, frame))
            check(table, wanted)
            if number:
                runs[name].append(run)
    return runs


def rows_of(dtype: str, context: str, runs: dict[str, list[Run]]) -> Iterator[dict[str, Any]]:
    first = next(iter(runs.values()))
    for name, of_side in runs.items():
        ratios = [run.cpu / base.cpu for run, base in zip(of_side, first, strict=True)]
        yield {
            "columns": dtype,
            "context": context,
            "side": name,
            "CPU ms": f"{median(run.cpu for run in of_side) * 1e3:,.1f}",
            "multiple": f"{median(ratios):.2f}",
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=16_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dry", action="store_true", help="print only, write nothing")
    arguments = parser.parse_args()
    table: list[dict[str, Any]] = []
    for name, dtype in DTYPES.items():
        frame = log(arguments.rows, dtype)
        wanted = expected(frame)
        for context, sides in contexts(dtype):
            table.extend(rows_of(name, context, race(frame, sides, wanted, arguments.rounds)))
    shown = markdown(pl.DataFrame(table))
    section = (
        f"{HEADING}\n`python -m benchmarks.expressions --rows {arguments.rows} --rounds {arguments.rounds}` on "
        f"{now()}, {machine()}. {arguments.rows:,} rows, {GROUPS:,} groups; the base of each multiple is the\n"
        "four sums of tn, fp, fn and tp written by hand, without any metric. `over` repeats a value "
        "for every row, so that six\nFloat64 columns cost more to write than four of UInt32: both are shown. "
        "Integers and floats are checked to hold nothing\nbut 0, 1 and -1, and not -1 beside 0, which the sums by hand "
        "do not do.\n\n"
    )
    if not arguments.dry:
        put_section(section + shown)
    print(shown)


if __name__ == "__main__":
    main()
