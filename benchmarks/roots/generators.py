"""Cases with known root causes, drawn by the law of the public generator of RiskLoc (arXiv 2205.10004)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Root = frozenset[tuple[str, str]]  # a conjunction: (dimension, value) pairs


@dataclass(frozen=True)
class Law:
    """How the cases of a set are drawn; pairs are the ends of uniform ranges."""

    sizes: tuple[int, ...]
    noise: tuple[float, float]
    anomalies: tuple[int, int]
    elements: tuple[int, int]
    severity: tuple[float, float]
    deviation: tuple[float, float]
    last_level: bool


SETS = {
    "S": Law((10, 12, 10, 8, 5), (0.0, 0.25), (1, 3), (1, 3), (0.2, 1.0), (0.0, 0.1), last_level=False),
    "L": Law((10, 24, 10, 15), (0.0, 0.1), (1, 5), (1, 1), (0.5, 1.0), (0.0, 0.0), last_level=True),
}
SHAPE, ZEROS = (0.5, 1.0), (0.0, 0.25)  # of the Weibull law of the values; share of zero leaves


@dataclass(frozen=True)
class Case:
    """Actual and expected values by leaf, and the root causes planted there."""

    dims: tuple[str, ...]
    actual: pl.DataFrame
    expected: pl.DataFrame
    roots: frozenset[Root]


def case(law: Law, seed: int, *, null: bool = False) -> Case:
    """One case of a set; ``null`` plants nothing."""
    rng = np.random.default_rng(seed)
    dims = tuple("abcdefghij"[: len(law.sizes)])
    codes = np.indices(law.sizes).reshape(len(law.sizes), -1)
    noise = rng.uniform(*law.noise)
    real, predict = values(rng, codes.shape[1], noise)
    roots: list[tuple[int, ...]] = []
    if not null:
        direction = real.sum() > predict.sum()
        drawn = [properties(rng, law, noise) for _ in range(rng.integers(*law.anomalies, endpoint=True))]
        places = locations(rng, law, drawn, real)
        for (_, _, severity, deviation), cells in zip(drawn, places, strict=True):
            hit = np.zeros(len(real), np.bool_)
            for cell in cells:
                hit |= np.logical_and.reduce([codes[at] == code for at, code in enumerate(cell) if code >= 0])
            left = np.maximum(1 - rng.normal(severity, deviation, hit.sum()), 0.0)
            if direction:
                predict[hit] = real[hit] * left
            else:
                real[hit] = predict[hit] * left
        roots = [cell for cells in places for cell in cells]
    names = {
        dim: np.array([f"{dim}{n + 1}" for n in range(size)])[codes[at]]
        for at, (dim, size) in enumerate(zip(dims, law.sizes, strict=True))
    }
    keys = pl.DataFrame(names)
    named = frozenset(
        frozenset((dims[at], f"{dims[at]}{c + 1}") for at, c in enumerate(cell) if c >= 0) for cell in roots
    )
    return Case(dims, keys.with_columns(value=pl.Series(real)), keys.with_columns(value=pl.Series(predict)), named)


def values(rng: np.random.Generator, size: int, noise: float) -> tuple[Floats, Floats]:
    """Actual and forecast of leaves to which nothing happened; forecast errors lie on either side."""
    real = rng.weibull(rng.uniform(*SHAPE), size) * 100
    real *= rng.uniform(size=size) > rng.uniform(*ZEROS)
    predict = real + real * rng.normal(0, noise, size)
    swapped = rng.integers(0, 1, size, endpoint=True) == 1
    real, predict = np.where(swapped, predict, real), np.where(swapped, real, predict)
    return real, np.maximum(predict, 0.0)


def properties(rng: np.random.Generator, law: Law, noise: float) -> tuple[int, int, float, float]:
    """Level, elements, severity and deviation of an anomaly."""
    level = len(law.sizes) if law.last_level else int(rng.integers(1, len(law.sizes), endpoint=True))
    elements = int(rng.integers(*law.elements, endpoint=True))
    return level, elements, rng.uniform(*law.severity) + noise, rng.uniform(*law.deviation)


def locations(
    rng: np.random.Generator, law: Law, drawn: list[tuple[int, int, float, float]], real: Floats
) -> list[list[tuple[int, ...]]]:
    """Cells of each anomaly, a code or -1 for each dimension."""
    placed: list[list[tuple[int, ...]]] = []
    for level, elements, _, _ in drawn:
        cells = None
        while cells is None:
            cells = location(rng, law.sizes, level, elements, placed, real)
        placed.append(cells)
    return placed


def location(
    rng: np.random.Generator,
    sizes: tuple[int, ...],
    level: int,
    elements: int,
    placed: list[list[tuple[int, ...]]],
    real: Floats,
) -> list[tuple[int, ...]] | None:
    """Cells of one anomaly apart from those placed before; None where the draw does not do."""
    dims = sorted(rng.choice(len(sizes), level, replace=False).tolist())
    used = [[at for at, code in enumerate(cells[0]) if code >= 0] for cells in placed]
    last = level == len(sizes)
    if dims in used and not last:
        return None
    columns = np.full((elements, len(sizes)), -1)
    for dim in dims:
        taken = {cell[dim] for cells in placed for cell in cells}
        free = [code for code in range(sizes[dim]) if code not in taken]
        if not free:
            return None
        columns[:, dim] = rng.choice(free, elements)
    cells = [tuple(row) for row in columns.tolist()]
    if len(set(cells)) < elements or (last and any(real[np.ravel_multi_index(cell, sizes)] == 0 for cell in cells)):
        return None
    return cells
