"""The tables of cells that one thread fills for one grouping set: arrays by group id, grown as ids appear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.contract.cells import Adder, Cell, Rows, States
from fastmetrics.contract.family import Family
from fastmetrics.counting.groups import Codes, Grouper, Ids
from fastmetrics.errors import DataError
from fastmetrics.kernels.cells import (
    add_values,
    add_weights,
    count_far_rows,
    count_near_rows,
    keep_largest,
    occupied_rows,
    take_columns,
)

__all__ = ["FEW_GROUPS", "Block", "Drained", "Place", "Tally"]

MOST_CELLS = 2**32
FEW_GROUPS = 1 << 12  # up to which numpy does what three kernels do for many: the first count waits 2 s less for those
FEW_STATES = 4  # of a family: what is planned with before the first rows
GROWTH = 8  # fresh zeros cost no memory until they are written, copying the old ones does


class Block(NamedTuple):
    """A block of rows as one family sees it: what it made of them, its inner keys, and their weights."""

    rows: Rows
    inner: Sequence[Codes]
    weights: NDArray[np.float64] | None


class CellRows(NamedTuple):
    """Cells of some groups, one row a group: counts, Σw and Σw² of counts, sums, extremes; floats as pairs."""

    counts: NDArray[Any]
    weights: NDArray[np.float64]
    sums: NDArray[np.float64]
    extremes: NDArray[np.float64]


class Place(NamedTuple):
    """What a code of a key counts in an id, and how many codes there is room for: no others occur."""

    step: int
    room: int


class Drained(NamedTuple):
    """Cells taken out of a table, one entry a group: the codes of its outer and inner keys, and its cells."""

    outer: list[NDArray[Any]]
    inner: list[NDArray[Any]]
    cells: CellRows


class CellArrays:
    """The cells of one family by id, in rows that grow as ids appear."""

    def __init__(self, family: Family, weighted: bool) -> None:
        self.family = family
        self.weighted = weighted
        self.sums_of = family.of_kind("sum")
        self.kept = family.of_kind("min", "max")
        self.signs = np.array([1.0 if cell.kind == "max" else -1.0 for cell in self.kept])
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self.size = 0
        self.added = 0
        states = min(FEW_STATES, len(self.family.states))
        self.rows = CellRows(
            np.zeros((0, states), np.uint32),
            np.zeros((0, states * 4 if self.weighted else 0)),
            np.zeros((0, len(self.sums_of) * (4 if self.weighted else 2))),
            np.full((0, len(self.signs)), np.nan),
        )

    @property
    def width(self) -> int:
        """The bytes of a row."""
        return sum(int(table.itemsize) * int(table.shape[1]) for table in self.rows)

    @property
    def bytes(self) -> int:
        """What the rows up to ``size`` take up."""
        return self.size * self.width

    def reserve(self, size: int) -> None:
        """Make room for ids below ``size``."""
        self.size = max(self.size, size)
        counts, weights, sums, extremes = self.rows
        if size > len(counts):
            room = max(size, GROWTH * len(counts))
            counts, weights, sums = grown(counts, room, 0), grown(weights, room, 0), grown(sums, room, 0)
        if size > len(extremes):
            extremes = grown(extremes, max(size, 2 * len(extremes)), np.nan)  # NaNs do cost memory
        self.rows = CellRows(counts, weights, sums, extremes)

    def add(self, ids: Ids, rows: Rows, weights: NDArray[np.float64] | None) -> None:
        """Add rows, each to the group of its id."""
        self.widen(ids.length)
        if isinstance(rows.state, States) and ids.size == 1 and weights is None:
            self.add_totals(rows.state.totals())
        else:
            self.add_states(ids, rows, weights)
        if isinstance(rows.values, Adder):
            if weights is None:
                sums, extremes = self.rows.sums.reshape(-1), self.rows.extremes.reshape(-1)
                rows.values.add(ids.fields(), ids.ranges, sums, extremes)
            else:
                self.add_values(ids, rows.values.array(), weights)
        elif rows.values is not None:
            self.add_values(ids, rows.values, weights)

    def add_totals(self, totals: NDArray[np.int64]) -> None:
        """Add so many rows in each state to the only group there is: 0.1 instead of 0.5 ns a row."""
        states = int(np.flatnonzero(totals).max(initial=0)) + 1
        self.make_room_for(states - 1)
        self.reserve(1)
        self.rows.counts[0, :states] += totals[:states].astype(self.rows.counts.dtype)

    def add_states(self, ids: Ids, rows: Rows, weights: NDArray[np.float64] | None) -> None:
        """Count rows, each in the group of its id, and add up their weights."""
        state = rows.state.array() if isinstance(rows.state, States) else rows.state
        if state is not None:
            self.make_room_for(int(state.max(initial=0)) if rows.top is None else rows.top)
        self.reserve(ids.size)  # after the states of the first rows are known: rows are widened by copying them
        cells = of_states(ids, state, self.rows.counts.shape[1])
        fields, counts = cells.fields(), self.rows.counts.reshape(-1)
        if count_near_rows(fields, cells.ranges, ids.length, cells.room, counts):
            count_far_rows(fields, cells.ranges, ids.length, cells.room, counts)
        if weights is not None:
            add_weights(fields, cells.ranges, weights, self.rows.weights.reshape(-1))

    def add_values(self, ids: Ids, values: NDArray[np.float64], weights: NDArray[np.float64] | None) -> None:
        """Add the values of rows to sums, and keep their extremes."""
        last, fields = len(self.sums_of), ids.fields()
        if last:
            summed = values[:, :last]
            if weights is not None:
                w = weights[:, None]
                with np.errstate(over="ignore", invalid="ignore"):  # what overflows is NaN in Counts
                    summed = np.stack([summed * w, summed * (w * w)], axis=2).reshape(ids.length, -1)
            add_values(fields, ids.ranges, np.ascontiguousarray(summed), self.rows.sums.reshape(-1))
        if len(self.signs):
            signed = np.ascontiguousarray(values[:, last:] * self.signs)
            keep_largest(fields, ids.ranges, signed, self.rows.extremes.reshape(-1))

    def make_room_for(self, state: int) -> None:
        """Make sure that a state has a cell. The first rows decide how many cells a group has; later they only grow.

        States of nulls come last, so that a log without them has dense tables: scores take half the memory.
        """
        counts, weights = self.rows.counts, self.rows.weights
        if state >= counts.shape[1] or not len(counts):
            width = min(1 << state.bit_length(), len(self.family.states))
            self.rows = self.rows._replace(
                counts=widened(counts, width, self.size),
                weights=widened(weights, width * 4 if self.weighted else 0, self.size),
            )

    def widen(self, rows: int) -> None:
        """Make sure that no count can overflow: half the width is faster, and lasts for the first 4 billion rows."""
        self.added += rows
        if self.added >= 2**32 and self.rows.counts.dtype == np.uint32:
            self.rows = self.rows._replace(counts=self.rows.counts.astype(np.int64))

    def put(self, of: Ids, taken: CellRows) -> None:
        """Add cells to the rows of their ids, each id at most once."""
        self.widen(int(taken.counts.sum()))
        states = taken.counts.shape[1]
        self.make_room_for(states - 1)
        self.reserve(of.size)
        ids = of.array()
        counts, weights, sums, extremes = self.rows
        counts[ids, :states] += taken.counts.astype(counts.dtype)
        weights[ids, : taken.weights.shape[1]] += taken.weights
        sums[ids] += taken.sums
        extremes[ids] = np.fmax(extremes[ids], taken.extremes)

    def occupied(self) -> NDArray[np.uint32]:
        """The ids that hold rows."""
        return np.flatnonzero(self.occupancy()[0]).astype(np.uint32)

    def occupancy(self) -> tuple[NDArray[np.uint8], int, NDArray[np.int64]]:
        """A mark for each id that holds rows, how many there are, and the states that occur."""
        counts = self.rows.counts
        if self.size <= FEW_GROUPS:
            seen = counts[: self.size] != 0
            held = seen.any(axis=1)
            return held.view(np.uint8), int(held.sum()), np.flatnonzero(seen.any(axis=0))
        marks, states = np.zeros(self.size, np.uint8), np.zeros(counts.shape[1], np.uint8)
        groups = int(occupied_rows(counts.reshape(-1), len(states), marks, states))
        return marks, groups, np.flatnonzero(states)

    def take(self, ids: NDArray[np.uint32]) -> CellRows:
        """The cells of some ids; nothing is left here afterwards."""
        counts, weights, sums, extremes = self.rows
        taken = CellRows(counts[ids].astype(np.int64), weights[ids], sums[ids], extremes[ids])
        self.clear()
        return taken

    def named(self, ids: NDArray[np.uint32], occur: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The cells of some ids by the names of their columns in Counts; only the states in ``occur`` are not 0.

        Columns of nothing but zeros are one array that is never written, and so cost no memory.
        """
        counts, weights, sums, extremes = self.rows
        states = self.family.of_kind("state")
        named: dict[str, NDArray[Any]] = dict.fromkeys(self.family.states, np.zeros(len(ids), np.int64))
        named |= {states[k].name: column for k, column in zip(occur, taken(counts, occur, ids), strict=True)}
        if self.weighted:
            named |= dict.fromkeys(named_pairs(states, self.weighted), np.zeros(len(ids)))
            columns = paired(weights.shape[1], 2)[occur].reshape(-1)
            names = named_pairs([states[k] for k in occur], self.weighted)
            named |= dict(zip(names, taken(weights, columns, ids), strict=True))
        columns = paired(sums.shape[1], sums.shape[1] // 2).reshape(-1)
        named |= dict(zip(named_pairs(self.sums_of, self.weighted), taken(sums, columns, ids), strict=True))
        best = taken(extremes, np.arange(len(self.kept)), ids) * self.signs[:, None]
        return named | dict(zip([cell.name for cell in self.kept], best, strict=True))


def named_pairs(cells: Sequence[Cell], weighted: bool) -> list[str]:
    """The columns in Counts of the float sums of some cells: each sum before its error."""
    return [name for cell in cells for name, dtype in cell.columns(weighted).items() if dtype == pl.Float64]


def paired(width: int, sums: int) -> NDArray[np.int64]:
    """Where sums and errors lie, by turns, in rows that hold ``sums`` sums, then their errors, then the next sums."""
    return np.arange(width).reshape(-1, 2, max(sums, 1)).swapaxes(1, 2).reshape(-1, 2 * max(sums, 1))


def of_states(ids: Ids, state: NDArray[np.uint8] | None, states: int) -> Ids:
    """The ids of the cells of rows in some state; without one all are in the first.

    Raises
    ------
    DataError
        More cells than a 32-bit id can tell apart.
    """
    if ids.size * states > MOST_CELLS:
        raise DataError(f"more than {MOST_CELLS // states:,} groups: drop or coarsen a key, or count the log in parts")
    return ids.spread(states) if state is None else ids.then(Codes(state, 0, states), states)


def taken(rows: NDArray[Any], columns: NDArray[np.int64], ids: NDArray[np.uint32]) -> NDArray[Any]:
    """Some columns of some rows of a table of cells, each contiguous."""
    dtype = np.float64 if rows.dtype == np.float64 else np.int64
    if len(ids) <= FEW_GROUPS:
        return np.ascontiguousarray(rows[ids][:, columns].T, dtype)
    out = np.empty((len(columns), len(ids)), dtype)
    take_columns(rows.reshape(-1), rows.shape[1], columns, ids, out.reshape(-1))
    return out


def grown(array: NDArray[Any], room: int, fill: float) -> NDArray[Any]:
    """A longer array that starts with the same rows."""
    longer = (
        np.full((room, array.shape[1]), fill, array.dtype) if fill else np.zeros((room, array.shape[1]), array.dtype)
    )
    longer[: len(array)] = array
    return longer


def widened(array: NDArray[Any], width: int, rows: int) -> NDArray[Any]:
    """Rows of another width that start with the same cells; only the first ``rows`` hold any."""
    wider = np.zeros((len(array), width), array.dtype)
    wider[:rows, : array.shape[1]] = array[:rows, :width]
    return wider


class Tally:
    """The cells of every family for one grouping set, filled by one thread."""

    def __init__(self, families: Sequence[Family], keys: Sequence[int], weighted: bool, table_bytes: int) -> None:
        self.families = families
        self.keys = keys
        self.rows = 0
        self.cells = [CellArrays(family, weighted) for family in families]
        self.most = [table_bytes // max(cells.width, 1) for cells in self.cells]
        self.outer = Grouper(min(self.most))
        self.inner = [Grouper(most) for most in self.most]

    def add(self, coded: Sequence[Codes], blocks: Sequence[Block], length: int) -> None:
        """Add a block of rows; ``coded`` are the codes of every outer key."""
        self.rows += length
        keys = [coded[key] for key in self.keys]
        self.make_room(keys)
        ids = self.ids(keys, length)
        for index, block in enumerate(blocks):
            self.cells[index].add(self.cell_ids(index, ids, block.inner), block.rows, block.weights)

    def ids(self, keys: Sequence[Codes], length: int) -> Ids:
        """The ids of the outer groups of a block of rows."""
        first = Ids(length).then(keys[0], keys[0].size) if keys else Ids(length)
        return self.outer.ids(first, keys[1:])

    def make_room(self, keys: Sequence[Codes]) -> None:
        """A new plan where the present one has no room for these codes; what was counted moves along."""
        first = keys[0].size if keys else 1
        if self.outer.fits(first, keys[1:], self.rows):
            return
        drained = [self.drain(index) for index in range(len(self.families))]
        self.outer.plan(first, keys[1:], self.rows)
        self.inner = [Grouper(most) for most in self.most]
        for index, cells in enumerate(drained):
            self.absorb(index, cells)

    def cell_ids(self, index: int, ids: Ids, inner: Sequence[Codes]) -> Ids:
        """The ids of a family's cells, its inner keys included."""
        if not inner:
            return ids
        grouper = self.inner[index]
        if not grouper.fits(ids.size, inner, self.rows):
            drained = self.drain(index)
            grouper.plan(ids.size, inner, self.rows)
            self.absorb(index, drained)
        return grouper.ids(ids, inner)

    def decode(self, index: int, ids: NDArray[np.uint32]) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """The codes of the outer and of the inner keys behind ids of a family's cells."""
        if not len(ids):  # nothing counted, perhaps nothing planned either
            return [ids] * len(self.keys), [ids] * len(self.families[index].inner)
        inner: list[NDArray[Any]] = []
        if self.families[index].inner:
            ids, *inner = self.inner[index].decode(ids)
        return self.outer.decode(ids)[: len(self.keys)], inner

    def places(self, index: int) -> list[Place] | None:
        """What a code of each outer and inner key counts in the id of a family's cells; None where ids are hashed."""
        outer, inner = self.outer, self.inner[index]
        if outer.capacities is None or inner.capacities is None:
            return None
        within = inner.places
        steps = [step * within[0] for step in outer.places] if self.keys else []
        rooms = [outer.leading, *outer.capacities] if self.keys else []
        return list(map(Place, [*steps, *within[1:]], [*rooms, *inner.capacities]))

    def drain(self, index: int) -> Drained:
        """Take the cells of a family out of its arrays, their ids back to codes."""
        ids = self.cells[index].occupied()
        outer, inner = self.decode(index, ids)
        return Drained(outer, inner, self.cells[index].take(ids))

    def absorb(self, index: int, drained: Drained) -> None:
        """Add cells that were taken out; there is room for their outer keys."""
        if not len(drained.cells.counts):
            return
        ids = self.ids([as_codes(codes) for codes in drained.outer], len(drained.cells.counts))
        ids = self.cell_ids(index, ids, [as_codes(codes) for codes in drained.inner])
        self.cells[index].put(ids, drained.cells)

    def groups(self) -> int:
        """How many groups there are so far."""
        if self.outer.hashed:
            return self.outer.size - 1
        ids = self.cells[0].occupied()
        return len(np.unique(self.inner[0].decode(ids)[0])) if self.families[0].inner else len(ids)


def as_codes(codes: NDArray[Any]) -> Codes:
    codes = codes.astype(np.uint32)
    return Codes(codes, 0, int(codes.max()) + 1)
