"""The lattice of slices: every conjunction of key values, and sums of leaves over all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb, log, prod
from typing import Any

import numpy as np
import polars as pl

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers, Mask
from fastmetrics.contract.columns import expressions
from fastmetrics.diagnosis.search.suffixes import Suffixes, counted_up, suffixes_of

__all__ = ["Conjunction", "Coded", "DENSE_CELLS", "Lattice", "coded", "lattice_of", "lattice_over", "summed_by"]

Coded = tuple[pl.Series, Integers]  # distinct values, and the place of each row's among them
Conjunction = tuple[int, ...]  # a code for each dimension; 0 is any value

DENSE_CELLS = 50_000_000  # up to here every conjunction has a place in one cube: 400 MB a channel
PLACES = 1 << 40  # numbers of leaves stay below this while they are made


@dataclass(frozen=True)
class Lattice:
    """The conjunctions of values of some dimensions, over the leaves (combinations of all of them) that occur.

    ``values`` holds the distinct values of each dimension, nulls last; ``codes`` (dimensions x leaves) holds 1 plus
    the place of each leaf's value there, and 0 stands for any value. Leaves are in the order of their codes.
    """

    dims: tuple[str, ...]
    values: tuple[pl.Series, ...]
    codes: Integers

    @property
    def leaves(self) -> int:
        """Combinations of values that occur."""
        return int(self.codes.shape[1])

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Places along each dimension: its values and "any"."""
        return tuple(len(values) + 1 for values in self.values)

    @cached_property
    def size(self) -> int:
        """Conjunctions there could be, the empty one among them."""
        return prod(self.shape)

    @property
    def dense(self) -> bool:
        """Whether all conjunctions fit in one cube."""
        return self.size <= DENSE_CELLS

    @cached_property
    def strides(self) -> Integers:
        """How far apart neighbours along each dimension lie in a cube."""
        return np.array([prod(self.shape[at + 1 :]) for at in range(len(self.dims))], np.int64)

    @cached_property
    def places(self) -> Integers:
        """Where each leaf lies in a cube."""
        return self.strides @ self.codes if self.dims else np.zeros(self.leaves, np.int64)

    @cached_property
    def suffixes(self) -> Suffixes:
        """What is left of the leaves as dimensions are put aside."""
        return suffixes_of(self.codes, [len(values) for values in self.values])

    def roll_up(self, channel: Floats) -> Floats:
        """The sums of a leaf channel over every conjunction, flat; only of a dense lattice."""
        cube = np.zeros(self.size)
        cube[self.places] = channel
        kernels.lattice.add_up(cube, np.array(self.shape, np.int64))
        return cube

    def cell(self, place: int) -> Conjunction:
        """The conjunction at a place of a cube."""
        return tuple(int(code) for code in np.unravel_index(place, self.shape)) if self.dims else ()

    def inside(self, cell: Conjunction) -> Mask:
        """Which leaves a conjunction holds."""
        held = np.ones(self.leaves, np.bool_)
        for codes, code in zip(self.codes, cell, strict=True):
            if code:
                held &= codes == code
        return held

    def predicate(self, cell: Conjunction) -> dict[str, Any]:
        """The values that a conjunction fixes, by dimension."""
        return {dim: values[code - 1] for dim, values, code in zip(self.dims, self.values, cell, strict=True) if code}

    def fixing(self, wanted: Mapping[str, Any]) -> Conjunction | None:
        """The conjunction that fixes some values, by dimension; None where one of them does not occur."""
        cell = [0] * len(self.dims)
        for dim, value in wanted.items():
            at = self.dims.index(dim)
            values = self.values[at].to_list()
            if value not in values:
                return None
            cell[at] = values.index(value) + 1
        return tuple(cell)

    def price(self, cell: Conjunction) -> float:
        """What naming a conjunction costs in nats: exp(-price) summed over all conjunctions is 1.

        The layers share evenly, within them the sets of dimensions, and within those their combinations of values.
        """
        sizes = [max(len(values), 1) for values, code in zip(self.values, cell, strict=True) if code]
        dims = len(self.dims)
        return log(dims + 1) + log(comb(dims, len(sizes))) + sum(map(log, sizes))

    @cached_property
    def prices(self) -> Floats:
        """`price` of every conjunction, flat; only of a dense lattice."""
        dims = len(self.dims)
        layers = np.zeros(self.shape, np.int64)
        prices = np.full(self.shape, log(dims + 1))
        for at, values in enumerate(self.values):
            fixed = (slice(None),) * at + (slice(1, None),)
            layers[fixed] += 1
            prices[fixed] += log(max(len(values), 1))
        prices += np.array([log(comb(dims, layer)) for layer in range(dims + 1)])[layers]
        return prices.reshape(-1)

    def shorter(self, cell: Conjunction) -> Iterator[Conjunction]:
        """The conjunctions with one value less."""
        for at, code in enumerate(cell):
            if code:
                yield (*cell[:at], 0, *cell[at + 1 :])


def lattice_of(
    frames: Sequence[pl.DataFrame], dims: Sequence[str], columns: Sequence[str] | None = None
) -> tuple[Lattice, list[Integers]]:
    """The lattice over the rows of several frames together, and the leaf of each row of each.

    Columns of one dimension may differ in width or in the order of their categories; null is a value of its own.
    ``columns`` hold the dimensions where they are not called like them.
    """
    columns = dims if columns is None else columns
    keys = pl.concat([frame.select(expressions(columns)) for frame in frames], how="vertical_relaxed")
    named = [keys[column].alias(dim) for column, dim in zip(columns, dims, strict=True)]
    lattice, leaf = lattice_over([coded(column) for column in named], sum(map(len, frames)))
    return lattice, np.split(leaf, np.cumsum([len(frame) for frame in frames])[:-1])


def lattice_over(columns: Sequence[Coded], rows: int) -> tuple[Lattice, Integers]:
    """The lattice over the rows of columns that are coded, and the leaf of each row."""
    leaf, held = numbered([codes for _, codes in columns], [len(values) for values, _ in columns], rows)
    codes = np.stack([codes[held] for _, codes in columns]) + 1 if columns else np.zeros((0, len(held)), np.int64)
    values = tuple(values for values, _ in columns)
    return Lattice(tuple(one.name for one in values), values, np.ascontiguousarray(codes)), leaf


def coded(column: pl.Series) -> Coded:
    """The distinct values of a column, null last, and the place of each row's value there.

    >>> values, codes = coded(pl.Series("isp", ["b", None, "a", "b"]))
    >>> values.to_list(), codes.tolist()
    (['a', 'b', None], [1, 2, 0, 1])
    """
    name, column = column.name, column.alias("")  # many methods of a Series take its name for a pattern
    distinct = column.unique().sort(nulls_last=True)
    known = distinct.drop_nulls()
    # Looking texts up takes a quarter of the time that ranking takes.
    if isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum):
        places = column.cast(pl.String).cast(pl.Enum(known.cast(pl.String))).to_physical()
    else:
        places = column.rank("dense") - 1
    return distinct.alias(name), places.cast(pl.Int64).fill_null(len(known)).to_numpy()


def numbered(codes: Sequence[Integers], sizes: Sequence[int], rows: int) -> tuple[Integers, Integers]:
    """The number of the combination of codes in each row, in the order of codes, and a row of each combination."""
    number, space = np.zeros(rows, np.int64), 1
    for column, size in zip(codes, sizes, strict=True):
        if space * max(size, 1) > PLACES:
            distinct, number = counted_up(number, space)
            space = len(distinct)
        number = number * size + column
        space *= max(size, 1)
    distinct, number = counted_up(number, space)
    held = np.zeros(len(distinct), np.int64)
    held[number] = np.arange(rows)
    return number, held


def summed_by(place: Integers, values: Floats, size: int) -> Floats:
    """The sums of values that share a place."""
    return np.bincount(place, values, size).astype(np.float64, copy=False)
