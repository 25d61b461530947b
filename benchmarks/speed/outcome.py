"""What came of a work: the standings of its sides, and the measures that goals are said of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

import polars as pl

from benchmarks.measuring.clock import Runs, multiple

__all__ = ["Outcome", "multiples", "standings"]


@dataclass(frozen=True)
class Outcome:
    """A table to show, measures by name, and a note on how it was done."""

    table: pl.DataFrame
    measures: Mapping[str, float]
    note: str = ""
    runs: Runs = field(default_factory=dict)


def standings(runs: Runs, rows: int) -> pl.DataFrame:
    """A row a side: CPU and wall time, and CPU time as a multiple of that of the first side in the same rounds."""
    first = next(iter(runs.values()))
    table = pl.DataFrame(
        {
            "side": name,
            "CPU ms": 1e3 * median(run.cpu for run in some),
            "least": 1e3 * min(run.cpu for run in some),
            "wall ms": 1e3 * median(run.wall for run in some),
            "CPU ns/row": 1e9 * median(run.cpu for run in some) / rows,
            "multiple": multiple(some, first),
            "peak MB": median(run.memory for run in some),
        }
        for name, some in runs.items()
    )
    rounded = table.with_columns(
        pl.col("CPU ms", "least", "wall ms").round(1),
        pl.col("peak MB").fill_nan(None).round(0).cast(pl.Int64),
        pl.col("CPU ns/row", "multiple").round(2),
    )
    return rounded.drop("peak MB") if rounded["peak MB"].null_count() else rounded


def multiples(runs: Runs, of: str = "cpu") -> dict[str, float]:
    """The cost of each peer as a multiple of that of the first side."""
    first, *others = runs
    return {name.partition(",")[0]: multiple(runs[name], runs[first], of) for name in others if " thread" not in name}
