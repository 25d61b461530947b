"""How long the search of a lattice takes: a small cube, a log of many keys, five million leaves.

    python -m benchmarks.lattices

prints and writes benchmarks/LATTICES.md. CPU time, the median of several runs; building the lattice is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from fastmetrics.diagnosis.search.branch_and_bound import best_by_levels
from fastmetrics.diagnosis.search.lattice import Lattice, lattice_of
from fastmetrics.diagnosis.search.localise import Search, strongest
from fastmetrics.diagnosis.search.overdispersion import independent
from fastmetrics.diagnosis.search.strata import LEAST_VARIANCE, Ratio

OUT = Path(__file__).with_name("LATTICES.md")
SMALL = (2, 6, 5, 6, 5, 2)  # 15,876 conjunctions
ADULT = (7, 4, 8, 5, 6, 4, 5, 2, 4, 3, 4)  # the sizes of the census log that slice finders are timed on: 52 values
LARGE = (30, 30, 20, 15, 20)


def lattice(sizes: Sequence[int], rows: int, rng: np.random.Generator) -> Lattice:
    """A lattice over random rows; keys are skewed, as in logs."""
    frame = pl.DataFrame({f"k{i}": (rng.random(rows) ** 1.5 * size).astype(np.int8) for i, size in enumerate(sizes)})
    return lattice_of([frame], frame.columns)[0]


def ratio(leaves: int, rng: np.random.Generator) -> Ratio:
    """Rates that did not change."""
    n = rng.integers(1, 60, (2, leaves))
    k = rng.binomial(n, 0.2)
    return Ratio(*(np.asarray(side, np.float64) for side in (k[0], n[0], k[1], n[1])))


def timed(run: Callable[[], object], times: int) -> float:
    """The median CPU time of a call in ms; the first call compiles and is not counted."""
    run()
    spent = []
    for _ in range(times):
        started = time.process_time()
        run()
        spent.append(1e3 * (time.process_time() - started))
    return median(spent)


def fresh(one: Ratio) -> Ratio:
    """Equal counts of which nothing is worked out yet."""
    return Ratio(one.kb, one.nb, one.kc, one.nc)


def main() -> None:
    rng = np.random.default_rng(1)
    small, adult, large = lattice(SMALL, 100_000, rng), lattice(ADULT, 45_222, rng), lattice(LARGE, 12_000_000, rng)
    held, of_adult = ratio(small.leaves, rng), ratio(adult.leaves, rng)
    eight = [ratio(large.leaves, rng) for _ in range(8)]
    quick, whole = (Search(one, independent(), 0.05) for one in (small, large))
    runs = (
        (f"{small.size:,} conjunctions, one rate", small, lambda: strongest(quick, fresh(held)), 200, 1),
        (
            "45,222 rows of 11 keys, up to 3 values",
            adult,
            lambda: best_by_levels(adult, of_adult.u, of_adult.v, LEAST_VARIANCE, 3),
            5,
            50,
        ),
        (
            "the same, any number of values",
            adult,
            lambda: best_by_levels(adult, of_adult.u, of_adult.v, LEAST_VARIANCE),
            3,
            50,
        ),
        (
            f"{large.size:,} conjunctions, 8 rates",
            large,
            lambda: [strongest(whole, fresh(one)) for one in eight],
            1,
            2000,
        ),
    )
    lines = ["# The search of a lattice", "", "`python -m benchmarks.lattices`, CPU time on one thread.", ""]
    lines += ["| lattice | leaves | ms | goal, ms |", "|---|---|---|---|"]
    for name, searched, run, times, goal in runs:
        lines.append(f"| {name} | {searched.leaves:,} | {timed(run, times):,.2f} | {goal:,} |")
    OUT.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
