"""`fastmetrics.explain_sum`: where an additive measure left its forecast, by the generalised ripple effect.

What befalls a slice befalls its leaves: they deviate from their forecast by about the same relative share, while other
leaves deviate by noise alike on both sides (Li et al. 2019). So each leaf says how much likelier its deviation is under
an effect than under noise, and a slice speaks for itself with the sum of its leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log, sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.arithmetic import Z95
from fastmetrics.contract.columns import expression, expressions
from fastmetrics.diagnosis.frames.deviations import (
    BINS,
    Effect,
    Noise,
    bins_of,
    deviations,
    likelihoods,
    noise_of,
    refitted,
)
from fastmetrics.diagnosis.frames.explain_ratio import CAUSE_SCHEMA
from fastmetrics.diagnosis.search.lattice import DENSE_CELLS, Conjunction, Lattice, coded, lattice_over
from fastmetrics.errors import DataError, SchemaError, unknown

__all__ = ["explain_sum"]

Singles = NDArray[np.float32]

MOST_CAUSES = 20
NAMING_ROUNDS = 3
STRATUM, MOST_STRATA = 150, 5  # leaves that make a stratum of sizes, and how many of them at most
SIZES = (0.12, 0.25, 0.4, 0.55, 0.7, 0.85, 1.25)
SPREAD = 0.07  # of the leaves around a common effect, besides noise
EFFECTS = 2 * len(SIZES)


@dataclass(frozen=True)
class Leaves:
    """Actual and expected values by leaf of a lattice, and how they deviate.

    ``keys`` are places in the tables of `table`: of a stratum, a side and a bin; the last one is for leaves that are 0
    on both sides and for those put aside.
    """

    lattice: Lattice
    actual: Floats
    expected: Floats
    deviation: Floats
    keys: Integers
    noises: tuple[Noise, ...]  # by stratum of leaves of about the same size

    @cached_property
    def shape(self) -> Integers:
        return np.array(self.lattice.shape, np.int64)

    @cached_property
    def places(self) -> Integers:
        return self.lattice.places

    @cached_property
    def prices(self) -> Singles:
        return self.lattice.prices.astype(np.float32)

    @cached_property
    def spread(self) -> float:
        """The root mean square deviation by noise."""
        return sqrt(sum(noise.spread**2 for noise in self.noises) / len(self.noises))

    @property
    def silent(self) -> int:
        """The key of leaves that tell nothing."""
        return len(self.noises) * 2 * BINS

    def table(self, effect: Effect) -> Singles:
        """What a leaf says of an effect, in nats, by its key."""
        return np.concatenate([*likelihoods(effect, self.noises), [0.0]]).astype(np.float32)

    def sums(self, table: Singles, keys: Integers) -> Singles:
        """What the leaves of every conjunction say together."""
        cube = np.zeros(len(self.prices), np.float32)
        kernels.ripple.sum_up(self.places, keys, table, self.shape, cube)
        return cube

    def best(self, sums: Singles) -> int:
        """The place of the conjunction whose sum is furthest beyond its price."""
        return int(kernels.ripple.best_beyond(sums, self.prices))

    def cell(self, place: int) -> Conjunction:
        """The conjunction at a place."""
        return tuple(
            place // int(stride) % int(size) for stride, size in zip(self.lattice.strides, self.shape, strict=True)
        )


@dataclass(frozen=True)
class Cause:
    """A slice, with its evidence in nats beyond its price, and the table of the effect that explains it."""

    cell: Conjunction
    effect: Effect
    table: Singles
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
        The chance that anything is returned where leaves only deviate by noise, as long as that has tails like those of
        the leaves seen; further causes keep the expected share of false ones there. A forecast of less than about one
        event in a leaf is too coarse for it.

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
    rows = [described(leaves, cause, dims) for cause in causes]
    return pl.DataFrame(rows, schema=CAUSE_SCHEMA, orient="row").sort("score", descending=True)


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
    numbers = frame[value].alias("").cast(pl.Float64).fill_null(0.0)
    if not numbers.is_finite().all():
        raise DataError(f"{name}: column {value!r} holds NaN or infinite values, which do not add up")
    return frame.select(*[expression(dim).cast(pl.String) for dim in dims], numbers.alias(value))


def leaves_of(actual: pl.DataFrame, expected: pl.DataFrame) -> Leaves:
    """The leaves of two frames of texts, the last column of each being the value."""
    *dims, value = actual.columns
    lattice, leaf = lattice_of_texts(*(side.select(expressions(dims)) for side in (actual, expected)))
    a, e = (
        np.bincount(at, frame[value].to_numpy(), lattice.leaves).astype(np.float64)
        for at, frame in zip(leaf, (actual, expected), strict=True)
    )
    if (e < 0).any():
        raise DataError(f"expected: column {value!r} is negative in a leaf; a forecast to lose a share of is wanted")
    deviation = deviations(a, e)
    return Leaves(lattice, a, e, deviation, *strata_of(a, e, deviation))


def strata_of(actual: Floats, expected: Floats, deviation: Floats) -> tuple[Integers, tuple[Noise, ...]]:
    """The key of each leaf, and the noise of leaves of about the same size: small ones may vary more.

    The size is the larger side, which no loss and no forecast that fell short takes away.
    """
    size = np.maximum(actual, expected)
    telling = (actual != 0) | (expected != 0)
    strata = int(np.clip(telling.sum() // STRATUM, 1, MOST_STRATA))
    keys = bins_of(deviation) + np.where(deviation > 0, BINS, 0)
    if strata > 1:
        bounds = np.quantile(size[telling], np.arange(1, strata) / strata)
        keys += np.searchsorted(bounds, size, side="right") * (2 * BINS)
    keys[~telling] = strata * 2 * BINS
    counts = np.bincount(keys, minlength=strata * 2 * BINS + 1)[:-1].reshape(strata, 2, BINS).astype(np.float64)
    slack = (telling.sum() / 2 + 1.0) ** -2  # what so many leaves cannot rule out
    return keys, tuple(noise_of(lower, higher, slack) for lower, higher in counts)


def lattice_of_texts(one: pl.DataFrame, two: pl.DataFrame) -> tuple[Lattice, list[Integers]]:
    """The lattice over the rows of two frames of texts, and the leaf of each row of each.

    Frames with the same rows in the same order, as forecasts often have them, are read once. Dimensions of few values
    come first, as sums over long axes are quickest where they are the last.
    """
    same = one.equals(two)
    keys = one if same else pl.concat([one, two])
    columns = sorted((coded(keys[dim]) for dim in keys.columns), key=lambda one: len(one[0]))
    lattice, leaf = lattice_over(columns, len(keys))
    if not lattice.dense:
        most = max(lattice.values, key=len)
        raise SchemaError(
            f"dims make {lattice.size:,} conjunctions, more than {DENSE_CELLS:,}: leave out a column of many values, "
            f"such as {most.name!r} with {len(most):,}"
        )
    return lattice, [leaf, leaf] if same else np.split(leaf, [len(one)])


def localise(leaves: Leaves, alpha: float) -> list[Cause]:
    """The causes, one after another: the best one is named, its leaves are put aside, and the search goes on."""
    keys, causes = leaves.keys, list[Cause]()
    grid = [(effect, leaves.table(effect)) for effect in effects_of(leaves.spread)]
    while len(causes) < MOST_CAUSES:
        found = [best_of(leaves, keys, effect, table) for effect, table in grid]
        best = max(found, key=lambda cause: cause.score)
        if best.score <= demand(alpha, len(causes)):
            break
        best = named(leaves, keys, best)
        causes.append(best)
        keys = np.where(leaves.lattice.inside(best.cell), leaves.silent, keys)
        grid = [(cause.effect, cause.table) for cause in found if cause.score > 0]
    return causes


def effects_of(noise: float) -> list[Effect]:
    """Effects of all sizes; the leaves of each vary by what is left of the noise too."""
    spreads = [(size, sqrt(SPREAD**2 + (max(1 - size, 0.0) * noise) ** 2)) for size in SIZES]
    return [Effect(sign * size, spread) for sign in (-1.0, 1.0) for size, spread in spreads]


def demand(alpha: float, earlier: int) -> float:
    """The evidence beyond its price that a cause needs.

    The first is held to the chance of any false one, those after it to the share of false ones among all (Wang and
    Ramdas 2022); effects of any size on the grid share evenly.
    """
    return log(EFFECTS / (alpha * (earlier + 1)))


def best_of(leaves: Leaves, keys: Integers, effect: Effect, table: Singles) -> Cause:
    """The slice in which an effect explains most beyond the price of the name."""
    sums = leaves.sums(table, keys)
    place = leaves.best(sums)
    return Cause(leaves.cell(place), effect, table, float(sums[place] - leaves.prices[place]))


def named(leaves: Leaves, keys: Integers, cause: Cause) -> Cause:
    """The slice that the effect seen in that of ``cause`` fits best, unless parts of it do better on their own."""
    lattice, best, effect, table = leaves.lattice, cause, cause.effect, cause.table
    for again in range(NAMING_ROUNDS):
        sums = leaves.sums(table, keys) - leaves.prices
        cell = divided(leaves, sums, leaves.cell(int(np.argmax(sums))))
        same, best = cell == best.cell, Cause(cell, effect, table, float(sums[lattice.strides @ cell]))
        if same and again:
            break
        held = lattice.inside(cell)
        effect = refitted(leaves.deviation[held], effect, table[keys[held]])
        table = leaves.table(effect)
    return best


def divided(leaves: Leaves, sums: Singles, cell: Conjunction) -> Conjunction:
    """A slice, or the best part of it where its parts as causes of their own explain more, each at its own price.

    Parts of a true cause speak for it together, and one price is less than many; but a slice that covers several causes
    holds leaves besides that speak against it.
    """
    lattice = leaves.lattice
    while True:
        place = int(lattice.strides @ cell)
        best, parts = float(sums[place]), None
        for code, size, stride in zip(cell, leaves.shape, lattice.strides, strict=True):
            if not code:
                places = place + stride * np.arange(1, size)
                total = float(np.maximum(sums[places], 0.0).sum())
                if total > best:
                    best, parts = total, places
        if parts is None:
            return cell
        cell = leaves.cell(int(parts[np.argmax(sums[parts])]))


def eliminated(leaves: Leaves, causes: Sequence[Cause], alpha: float) -> list[Cause]:
    """The causes without those that the others together explain as well."""
    kept = list(causes)
    for cause in causes:
        held = leaves.lattice.inside(cause.cell)
        for other in kept:
            if other is not cause:
                held &= ~leaves.lattice.inside(other.cell)
        nats = float(cause.table[leaves.keys[held]].sum()) - leaves.lattice.price(cause.cell)
        if nats <= demand(alpha, len(kept) - 1):
            kept.remove(cause)
    return kept


def described(leaves: Leaves, cause: Cause, dims: Sequence[str]) -> tuple[object, ...]:
    """A row of the result."""
    held = leaves.lattice.inside(cause.cell)
    actual, expected = leaves.actual[held], leaves.expected[held]
    change = float(leaves.actual.sum() - leaves.expected.sum())
    effect, half = relative_change(actual, expected, leaves.spread)
    fixed = leaves.lattice.predicate(cause.cell)
    score = cause.score - log(EFFECTS)
    predicate = [{"column": dim, "value": fixed[dim]} for dim in dims if dim in fixed]
    return (
        predicate,
        score,
        exp(-max(score, 0.0)),
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
    return effect, Z95 * float(np.sqrt(variance * (weight**2).sum()))
