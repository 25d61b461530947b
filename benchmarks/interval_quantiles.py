"""Coverage of the bounds of quantiles: of numbers of three shapes, of few rows and many, with and without weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from statistics import NormalDist

import numpy as np
import polars as pl

import fastmetrics as fm
from benchmarks.covered import DRAWS, Floats, Misses, Section, held

__all__ = ["SECTIONS"]

Draw = Callable[[np.random.Generator, int], Floats]

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
ROWS = (20, 100, 1000, 10_000)
AT_ONCE = 5_000_000  # rows of a count
FEW_HEAVY = "of twenty rows two are heavy or none is, and how many there should be is not known from so few"


def two_peaks(share: float) -> float:
    """A quantile of nine in ten normal numbers around 100, spread by 10, and one in ten around 1,000, spread by 100."""
    low, high = 0.0, 2000.0
    for _ in range(200):
        middle = (low + high) / 2
        reached = 0.9 * NormalDist(100, 10).cdf(middle) + 0.1 * NormalDist(1000, 100).cdf(middle)
        low, high = (middle, high) if reached < share else (low, middle)
    return high


def drawn_peaks(rng: np.random.Generator, size: int) -> Floats:
    normal, far = rng.standard_normal(size), rng.random(size) < 0.1
    return np.where(far, 1000 + 100 * normal, 100 + 10 * normal)


# Draws of numbers, and the true quantile.
SHAPES: Mapping[str, tuple[Draw, Callable[[float], float]]] = {
    "log-normal": (
        lambda rng, size: rng.lognormal(6, 1, size),
        lambda share: float(np.exp(6 + NormalDist().inv_cdf(share))),
    ),
    "Pareto 1.2": (lambda rng, size: 1 + rng.pareto(1.2, size), lambda share: float((1 - share) ** (-1 / 1.2))),
    "two peaks": (drawn_peaks, two_peaks),
}


def unweighted(rng: np.random.Generator, draw: Draw, median: float, size: int) -> tuple[Floats, Floats | None]:
    return draw(rng, size), None


def spread(rng: np.random.Generator, draw: Draw, median: float, size: int) -> tuple[Floats, Floats | None]:
    """Weights that have nothing to do with the numbers."""
    return draw(rng, size), np.exp(0.8 * rng.standard_normal(size))


def down_sampled(rng: np.random.Generator, draw: Draw, median: float, size: int) -> tuple[Floats, Floats | None]:
    """Of numbers up to the median a tenth is kept and weighs 10, so that 0.55 of all are."""
    numbers = draw(rng, 2 * size + 200)
    kept = numbers[(numbers > median) | (rng.random(len(numbers)) < 0.1)][:size]
    assert len(kept) == size
    return kept, np.where(kept <= median, 10.0, 1.0)


def heavy_tail(rng: np.random.Generator, draw: Draw, median: float, size: int) -> tuple[Floats, Floats | None]:
    """Of numbers above the median a tenth is kept and weighs 10."""
    numbers = draw(rng, 2 * size + 200)
    kept = numbers[(numbers <= median) | (rng.random(len(numbers)) < 0.1)][:size]
    assert len(kept) == size
    return kept, np.where(kept > median, 10.0, 1.0)


WEIGHTS = {
    "none": unweighted,
    "log-normal": spread,
    "10 up to the median": down_sampled,
    "10 above the median": heavy_tail,
}


def quantiles(_: np.random.Generator, misses: Misses) -> Iterator[str]:
    """A row for each shape, weights and number of rows; the draws have a seed of their own."""
    rng = np.random.default_rng(6)
    yield "| numbers | weights | rows | " + " | ".join(SHARES) + " |"
    yield "|---" * (3 + len(SHARES)) + "|"
    for shape in SHAPES:
        for weights in WEIGHTS:
            for rows in ROWS:
                row = [
                    misses.judged("quantiles", f"{name} {shape} {rows} weights {weights}", coverage, FEW_HEAVY)
                    for name, coverage in of_draws(rng, shape, weights, rows).items()
                ]
                yield f"| {shape} | {weights} | {rows:,} | {' | '.join(row)} |"


def of_draws(rng: np.random.Generator, shape: str, weights: str, rows: int) -> dict[str, float]:
    """The share of draws in which the bounds of each quantile hold it."""
    size = min(DRAWS, AT_ONCE // rows)
    found = pl.concat(bounds_of(rng, shape, weights, rows, size) for _ in range(DRAWS // size))
    coverages = {}
    for name, share in SHARES.items():
        low, high = (found[f"{name}_{side}"].fill_null(np.nan).to_numpy() for side in ("low", "high"))
        coverages[name] = held(low, high, SHAPES[shape][1](share))[0]
    return coverages


def bounds_of(rng: np.random.Generator, shape: str, weights: str, rows: int, draws: int) -> pl.DataFrame:
    """The bounds in each of some draws."""
    draw, true = SHAPES[shape]
    numbers, weighing = WEIGHTS[weights](rng, draw, true(0.5), rows * draws)
    log = {"x": numbers, "draw": np.repeat(np.arange(draws), rows)}
    if weighing is None:
        counts = fm.count(log, fm.values("x"), by="draw")
    else:
        counts = fm.count(log | {"w": weighing}, fm.values("x", extremes=False), by="draw", weight="w")
    return counts.metrics(*SHARES, intervals=True)


SECTIONS = (
    Section(
        "Quantiles",
        "Numbers counted by `values`; the bounds hold the quantile of the distribution. They are those of Clopper and "
        "Pearson or a rank wider, and are widened by the error of the bucket: more than .95 is expected, most of all "
        "where few ranks are possible, or the bucket is wide beside the bounds. Rates of flags have the bounds of "
        "Wilson, as the proportions above.",
        quantiles,
    ),
)
