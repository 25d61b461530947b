"""`fastmetrics.explain_sum`: where an additive measure left its forecast, by the generalised ripple effect.

What befalls a slice befalls its leaves: they deviate from their forecast by about the same relative share, while other
leaves deviate by noise alike on both sides (Li et al. 2019). So each leaf says how much likelier its deviation is under
an effect than under noise, and a slice speaks for itself with the sum of its leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, prod, sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.diagnosis.deviations import (
    BINS,
    Effect,
    Noise,
    bins_of,
    deviations,
    likelihood,
    noise_of,
    refitted,
)
from fastmetrics.diagnosis.lattice import Cell, Lattice
from fastmetrics.errors import DataError, SchemaError, unknown

__all__ = ["explain_sum"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_CAUSES = 20
NAMING_ROUNDS = 3
DENSE_LEAVES = 10_000_000  # up to here every combination of values has a place of its own while rows are added up
Z = 1.959964  # of intervals at 95 %
SIZES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.25)
SPREAD = 0.06  # of the leaves around a common effect, besides noise
EFFECTS = 2 * len(SIZES)
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "predicate": pl.List(pl.Struct({"column": pl.String, "value": pl.String})),
    "score": pl.Float64,
    "p": pl.Float64,
    "effect": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "rows": pl.Int64,
    "contribution": pl.Float64,
}


@dataclass(frozen=True)
class Leaves:
    """Actual and expected values by leaf of a lattice, and how they deviate."""

    lattice: Lattice
    actual: Floats
    expected: Floats
    deviation: Floats
    telling: Bools  # leaves that are 0 on both sides are not
    keys: NDArray[np.int64]  # the bin of each deviation, those of higher leaves after those of lower ones
    noise: Noise

    def channel(self, effect: Effect, left: Bools) -> Floats:
        """What each leaf says of an effect, in nats; leaves put aside say nothing."""
        return np.where(left, likelihood(effect, self.noise)[self.keys], 0.0)


@dataclass(frozen=True)
class Cause:
    """A slice, with its evidence in nats beyond its price."""

    cell: Cell
    effect: Effect
    score: float


def explain_sum(
    actual: pl.DataFrame, *, expected: pl.DataFrame, value: str = "value", dims: Sequence[str], alpha: float = 0.05
) -> pl.DataFrame:
    """Find the slices in which an additive measure left its forecast.

    Rows with the same values in ``dims`` are added up; a combination that only one frame holds counts 0 in the other.

    Parameters
    ----------
    value
        The column that adds up: revenue, requests, errors.
    dims
        Columns to name slices by. Null is a value of its own.
    alpha
        The chance that anything is returned where leaves only deviate by noise.

    Returns
    -------
    One row a root cause, best first: ``predicate``, the values that the slice fixes; ``score``, its evidence in nats
    above the price of its name; ``p``, adjusted for the search; ``effect``, the relative change (-0.4: 40 % below its
    forecast), between ``low`` and ``high`` with 95 % confidence; ``rows``, its leaves; ``contribution``, its share of
    the change of the total.

    Examples
    --------
    >>> import fastmetrics as fm
    >>> import polars as pl
    >>> keys = pl.DataFrame({"country": ["BR", "DE", "FR", "US"]}).join(
    ...     pl.DataFrame({"hour": range(24)}), how="cross")
    >>> wave = 100 + 2 * (pl.col("hour") % 5 - 2)
    >>> forecast = keys.with_columns(value=pl.lit(100.0))
    >>> sales = keys.with_columns(value=pl.when(country="BR").then(wave * 0.6).otherwise(wave))
    >>> causes = fm.explain_sum(sales, expected=forecast, dims=["country", "hour"])
    >>> causes["predicate"].to_list()
    [[{'column': 'country', 'value': 'BR'}]]
    >>> causes["effect"].round(2).to_list()
    [-0.4]
    """
    leaves = leaves_of(checked("actual", actual, value, dims), checked("expected", expected, value, dims))
    causes = eliminated(leaves, localise(leaves, alpha), alpha) if leaves.lattice.leaves else []
    rows = [described(leaves, cause, alpha) for cause in causes]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort("score", descending=True)


def checked(name: str, frame: pl.DataFrame, value: str, dims: Sequence[str]) -> pl.DataFrame:
    """The dimensions as texts and the value as a float, of a frame that is as it should be."""
    if isinstance(dims, str) or not dims or value in dims or len(set(dims)) < len(dims):
        raise SchemaError(f"dims={dims!r}: a list of different columns other than the value {value!r} is wanted")
    for column in (*dims, value):
        if column not in frame.columns:
            raise SchemaError(f"{name}: " + unknown("column", column, frame.columns))
    dtype = frame.schema[value]
    if not (dtype.is_numeric() or dtype == pl.Null):
        raise SchemaError(f"{name}: column {value!r} is to be a number that adds up, not {dtype}")
    nested = next((dim for dim in dims if frame.schema[dim].is_nested()), None)
    if nested:
        raise SchemaError(f"{name}: column {nested!r} holds {frame.schema[nested]}, not single values")
    numbers = frame[value].cast(pl.Float64).fill_null(0.0)
    if not numbers.is_finite().all():
        raise DataError(f"{name}: column {value!r} holds NaN or infinite values, which do not add up")
    return frame.select(*[pl.col(dim).cast(pl.String) for dim in dims], numbers.alias(value))


def leaves_of(actual: pl.DataFrame, expected: pl.DataFrame) -> Leaves:
    """The leaves of two frames of texts, the last column of each being the value."""
    *dims, value = actual.columns
    lattice, leaf = lattice_of_texts(actual.select(dims), expected.select(dims))
    a, e = (
        np.bincount(at, frame[value].to_numpy(), lattice.leaves).astype(np.float64)
        for at, frame in zip(leaf, (actual, expected), strict=True)
    )
    if (e < 0).any():
        raise DataError(f"expected: column {value!r} is negative in a leaf; a forecast to lose a share of is wanted")
    telling = (a != 0) | (e != 0)
    deviation = deviations(a, e)
    bins = bins_of(deviation)
    return Leaves(
        lattice,
        a,
        e,
        deviation,
        telling,
        bins + np.where(deviation > 0, BINS, 0),
        noise_of(deviation[telling], bins[telling]),
    )


def lattice_of_texts(one: pl.DataFrame, two: pl.DataFrame) -> tuple[Lattice, list[NDArray[np.int64]]]:
    """The lattice over the rows of two frames of texts, and the leaf of each row of each.

    Frames with the same rows in the same order, as forecasts often have them, are read once.
    """
    same = one.equals(two)
    keys = one if same else pl.concat([one, two])
    values, codes = [], []
    for dim in keys.columns:
        distinct = keys[dim].unique().drop_nulls().sort()
        code = keys[dim].cast(pl.Enum(distinct)).to_physical().fill_null(len(distinct)).cast(pl.Int64).to_numpy()
        values.append(pl.concat([distinct, keys[dim].filter(keys[dim].is_null()).head(1)]))
        codes.append(code)
    sizes = [max(len(one), 1) for one in values]
    leaf, first = numbered(codes, sizes)
    rows = np.stack([code[first] for code in codes]) + 1
    lattice = Lattice(tuple(keys.columns), tuple(values), np.ascontiguousarray(rows))
    return lattice, [leaf, leaf] if same else np.split(leaf, [len(one)])


def numbered(codes: Sequence[NDArray[np.int64]], sizes: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of the combination of codes in each row, and a row of each."""
    space, rows = prod(sizes), len(codes[0])
    if space > DENSE_LEAVES:
        first, leaf = np.unique(np.stack(codes, 1), axis=0, return_index=True, return_inverse=True)[1:]
        return leaf.reshape(-1), first
    place = np.zeros(rows, np.int64)
    for code, size in zip(codes, sizes, strict=True):
        place = place * size + code
    row = np.full(space, -1, np.int64)
    row[place] = np.arange(rows)
    held = np.flatnonzero(row >= 0)
    number = np.zeros(space, np.int64)
    number[held] = np.arange(len(held))
    return number[place], row[held]


def localise(leaves: Leaves, alpha: float) -> list[Cause]:
    """The causes, one after another: the best one is named, its leaves are put aside, and the search goes on."""
    left = leaves.telling
    grid, causes = grid_of(leaves.noise), list[Cause]()
    while len(causes) < MOST_CAUSES:
        found = [best_of(leaves, left, effect) for effect in grid]
        best = max(found, key=lambda cause: cause.score)
        if best.score <= demand(alpha, len(causes)):
            break
        best = named(leaves, left, best)
        causes.append(best)
        left = left & ~leaves.lattice.inside(best.cell)
        grid = [cause.effect for cause in found if cause.score > 0] or grid
    return causes


def grid_of(noise: Noise) -> list[Effect]:
    """Effects of all sizes; the leaves of each vary by what is left of the noise too."""
    spreads = [(size, sqrt(SPREAD**2 + (max(1 - size, 0.0) * noise.spread) ** 2)) for size in SIZES]
    return [Effect(sign * size, round(spread, 3)) for sign in (-1.0, 1.0) for size, spread in spreads]


def demand(alpha: float, earlier: int) -> float:
    """The evidence beyond its price that a cause needs.

    The first is held to the chance of any false one, those after it to the share of false ones among all (Wang and
    Ramdas 2022); effects of any size on the grid share evenly.
    """
    return log(EFFECTS / (alpha * (earlier + 1)))


def best_of(leaves: Leaves, left: Bools, effect: Effect) -> Cause:
    """The slice in which an effect explains most beyond the price of the name."""
    sums = beyond_price(leaves, left, effect)
    place = int(np.argmax(sums))
    return Cause(leaves.lattice.cell(place), effect, float(sums[place]))


def beyond_price(leaves: Leaves, left: Bools, effect: Effect) -> Floats:
    """What an effect explains in every slice, less the price of its name."""
    sums = leaves.lattice.roll_up(leaves.channel(effect, left))
    sums -= leaves.lattice.prices
    return sums


def named(leaves: Leaves, left: Bools, cause: Cause) -> Cause:
    """The slice that the effect seen in that of ``cause`` fits best, unless parts of it do better on their own."""
    lattice, best, effect = leaves.lattice, cause, cause.effect
    for _ in range(NAMING_ROUNDS):
        sums = beyond_price(leaves, left, effect)
        cell = divided(lattice, sums, lattice.cell(int(np.argmax(sums))))
        same, best = cell == best.cell, Cause(cell, effect, float(sums[lattice.strides @ cell]))
        held = lattice.inside(cell) & left
        effect = refitted(leaves.deviation[held], effect, likelihood(effect, leaves.noise)[leaves.keys[held]])
        if same and effect == best.effect:
            break
    return best


def divided(lattice: Lattice, sums: Floats, cell: Cell) -> Cell:
    """A slice, or the best part of it where its parts as causes of their own explain more, each at its own price.

    Parts of a true cause speak for it together, and one price is less than many; but a slice that covers several causes
    holds leaves besides that speak against it.
    """
    while True:
        place = int(lattice.strides @ cell)
        best, parts = float(sums[place]), None
        for at, size in enumerate(lattice.shape):
            if not cell[at]:
                places = place + int(lattice.strides[at]) * np.arange(1, size)
                total = float(np.maximum(sums[places], 0.0).sum())
                if total > best:
                    best, parts = total, places
        if parts is None:
            return cell
        cell = lattice.cell(int(parts[np.argmax(sums[parts])]))


def eliminated(leaves: Leaves, causes: Sequence[Cause], alpha: float) -> list[Cause]:
    """The causes without those that the others together explain as well."""
    kept = list(causes)
    for cause in causes:
        left = leaves.telling & leaves.lattice.inside(cause.cell)
        for other in kept:
            if other is not cause:
                left = left & ~leaves.lattice.inside(other.cell)
        nats = float(leaves.channel(cause.effect, left).sum()) - leaves.lattice.price(cause.cell)
        if nats <= demand(alpha, len(kept) - 1):
            kept.remove(cause)
    return kept


def described(leaves: Leaves, cause: Cause, alpha: float) -> tuple[object, ...]:
    """A row of the result."""
    held = leaves.lattice.inside(cause.cell)
    actual, expected = leaves.actual[held], leaves.expected[held]
    change = float(leaves.actual.sum() - leaves.expected.sum())
    effect, half = relative_change(actual, expected, leaves.noise.spread)
    predicate = [{"column": dim, "value": value} for dim, value in leaves.lattice.predicate(cause.cell).items()]
    return (
        predicate,
        cause.score - log(EFFECTS / alpha),
        min(1.0, EFFECTS * exp(-min(cause.score, 700.0))),
        effect,
        None if effect is None else max(effect - half, min(effect, -1.0)),
        None if effect is None else effect + half,
        int(held.sum()),
        float(actual.sum() - expected.sum()) / change if change else None,
    )


def relative_change(actual: Floats, expected: Floats, spread: float) -> tuple[float | None, float]:
    """The change of a sum relative to its forecast, and half the width of its interval.

    Leaves vary around the common change; for a few of them, as much as noise does.
    """
    total = expected.sum()
    if not total > 0:
        return None, 0.0
    effect = float(actual.sum() / total - 1)
    given = expected > 0
    weight = expected[given] / total
    rest = actual[given] / expected[given] - 1 - effect
    count = len(rest)
    variance = ((weight * rest**2).sum() * count + 2 * spread**2) / (max(count - 1, 0) + 2)
    return effect, Z * float(np.sqrt(variance * (weight**2).sum()))
