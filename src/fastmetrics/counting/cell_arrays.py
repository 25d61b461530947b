"""The cells of one family that one thread fills: arrays by id, which grow as ids appear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.aliases import Floats, Integers
from fastmetrics.contract.cells import (
    MOST_COUNT,
    MOST_ROWS,
    Cell,
    columns_of,
    count_overflow,
    exact_overflow,
    rows_overflow,
)
from fastmetrics.contract.family import Family
from fastmetrics.contract.rows import Accumulators, Rows
from fastmetrics.counting.frequencies import Frequencies, products
from fastmetrics.counting.groups import Codes, Ids
from fastmetrics.errors import DataError, SchemaError, listed
from fastmetrics.exact_sums import MOST_ENTRIES, MOST_SUM, limbs, nearest
from fastmetrics.kernels.cells import (
    add_counts,
    add_exacts,
    add_frequencies,
    add_values,
    add_weights,
    count_far_rows,
    count_near_rows,
    keep_largest,
    occupied_rows,
    take_columns,
)

__all__ = ["FEW_GROUPS", "CellArrays", "CellRows"]

MOST_CELLS = 2**32
FEW_GROUPS = 1 << 12  # up to which numpy is used, so that the first count need not compile two kernels, which takes 2 s
FEW_STATES = 4  # of a family: what is planned with before the first rows
GROWTH = 8  # fresh zeros cost no memory until they are written, copying the old ones does


class CellRows(NamedTuple):
    """The cells of some groups, one row a group.

    Attributes
    ----------
    states
        How many entries are in each state, as far as states have occurred: uint32, or int64 from 2**32 entries on.
    weights
        Σw and Σw² of each state, then the errors of both: float64, four columns a state.
    counts
        The count cells: int64.
    exacts
        The exact sums: int64, three limbs a cell. There are none with weights.
    sums
        All sums, then all their errors: float64. With weights there are two for each count, sum and exact cell, in
        this order: Σwx and Σw²x.
    extremes
        The extremes, NaN before the first value: float64. Minima have the other sign.
    """

    states: NDArray[Any]
    weights: Floats
    counts: Integers
    exacts: Integers
    sums: Floats
    extremes: Floats


class CellArrays:
    """The cells of one family by id, in rows that grow as ids appear."""

    def __init__(self, family: Family, weighted: bool) -> None:
        self.family = family
        self.weighted = weighted
        self.states, self.counts = family.of_kind("state"), family.of_kind("count")
        self.exacts, sums = family.of_kind("exact"), family.of_kind("sum")
        self.summed = (*self.counts, *sums, *self.exacts) if weighted else sums
        self.extremes = family.of_kind("min", "max")
        self.signs = np.array([1.0 if cell.kind == "max" else -1.0 for cell in self.extremes])
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self.size = 0
        self.added = 0
        self.reach, self.exact_reach = np.zeros(len(self.counts)), np.zeros(len(self.exacts))
        states = min(FEW_STATES, len(self.states))
        self.rows = CellRows(
            np.zeros((0, states), np.uint32),
            np.zeros((0, states * 4 if self.weighted else 0)),
            np.zeros((0, len(self.counts)), np.int64),
            np.zeros((0, 0 if self.weighted else len(self.exacts) * 3), np.int64),
            np.zeros((0, len(self.summed) * (4 if self.weighted else 2))),
            np.full((0, len(self.extremes)), np.nan),
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
        *zeros, extremes = self.rows
        if size > len(self.rows.states):
            room = max(size, GROWTH * len(self.rows.states))
            zeros = [lengthen(table, room, 0) for table in zeros]
        if size > len(extremes):
            extremes = lengthen(extremes, max(size, 2 * len(extremes)), np.nan)  # NaNs do cost memory
        self.rows = CellRows._make([*zeros, extremes])

    def add(self, ids: Ids, rows: Rows, weights: Floats | None, frequencies: Frequencies | None) -> None:
        """Add entries, each to the group of its id."""
        once = weights is None and frequencies is None
        self.widen_states(ids.length if frequencies is None else frequencies.total, frequencies is not None)
        if rows.totals is not None and ids.size == 1 and once:
            self.add_totals(rows.totals())
        else:
            self.add_states(ids, rows, weights, frequencies)
        if rows.add is not None and once:
            rows.add(self.accumulators(ids))
        else:
            self.add_values(ids, rows, weights, frequencies)
        self.check_reach()

    def add_totals(self, totals: Integers) -> None:
        """Add so many entries in each state to the only group there is: 0.1 instead of 0.5 ns a row."""
        states = int(np.flatnonzero(totals).max(initial=0)) + 1
        self.make_room_for(states - 1)
        self.reserve(1)
        self.rows.states[0, :states] += totals[:states].astype(self.rows.states.dtype)

    def add_states(self, ids: Ids, rows: Rows, weights: Floats | None, frequencies: Frequencies | None) -> None:
        """Count entries, each in the group of its id, and add up their weights."""
        state = None if rows.states is None else rows.states()
        if state is not None:
            top = int(state.max(initial=0)) if rows.top is None else rows.top
            self.check_states(len(state), ids.length, top)
            self.make_room_for(top)
        self.reserve(ids.size)  # after the states of the first rows are known: rows are widened by copying them
        cells = of_states(ids, state, self.rows.states.shape[1])
        fields, counts, sums = cells.fields(), self.rows.states.reshape(-1), self.rows.weights.reshape(-1)
        if frequencies is not None:
            add_frequencies(fields, cells.ranges, frequencies.each, counts)
        elif count_near_rows(fields, cells.ranges, ids.length, cells.room, counts):
            count_far_rows(fields, cells.ranges, ids.length, cells.room, counts)
        if weights is None:
            return
        if frequencies is None:
            add_weights(fields, cells.ranges, weights, sums)
        else:
            moments = np.column_stack([weights, weights * weights]) * frequencies.each[:, None]
            add_values(fields, cells.ranges, moments, sums)

    def check_states(self, given: int, entries: int, top: int) -> None:
        """Refuse states that would be counted in other cells, or read beyond their array."""
        if given != entries or top >= len(self.states):
            raise SchemaError(
                f"family {self.family.name!r} gives {given:,} states up to {top}; expected {entries:,}, one an entry, "
                f"of less than {len(self.states)}"
            )

    def check_values(self, values: NDArray[Any] | None, entries: int, cells: Sequence[Cell], columns: int = 1) -> None:
        """Refuse values that are not one row an entry and so many columns a cell."""
        expected = (entries, columns * len(cells))
        if values is not None and values.shape != expected:
            raise SchemaError(
                f"family {self.family.name!r} gives values of shape {values.shape} for its cells "
                f"({listed(names_of(cells))}); expected {expected}"
            )

    def accumulators(self, ids: Ids) -> Accumulators:
        """The cells as kernels add to them."""
        _, _, counts, exacts, sums, extremes = self.rows
        integers = counts.reshape(-1), self.reach, exacts.reshape(-1), self.exact_reach
        return Accumulators(ids.fields(), ids.ranges, *integers, sums.reshape(-1), extremes.reshape(-1))

    def add_values(self, ids: Ids, rows: Rows, weights: Floats | None, frequencies: Frequencies | None) -> None:
        """Add the values of entries to counts and sums, and keep their extremes."""
        into = self.accumulators(ids)
        times = None if frequencies is None else frequencies.each[:, None]
        counts, exacts, sums = self.given_values(rows, ids.length)
        if counts is not None:
            self.add_counts(into, counts, times)
        if exacts is not None:
            self.add_exacts(into, exacts, times)
        if weights is not None and self.summed:
            values = self.weighted_values(counts, sums, exacts, weights, times)
            add_values(into.fields, into.ranges, values, into.sums)
        elif sums is not None and sums.shape[1]:
            for values in [sums] if times is None else products(sums, times):
                add_values(into.fields, into.ranges, np.ascontiguousarray(values), into.sums)
        if rows.extremes is not None and len(self.extremes):
            signed = np.ascontiguousarray(rows.extremes() * self.signs)
            keep_largest(into.fields, into.ranges, signed, into.extremes)

    def given_values(self, rows: Rows, entries: int) -> tuple[Integers | None, Floats | Integers | None, Floats | None]:
        """The counts, exact values and sums that a family gives of its entries."""
        counts = None if rows.counts is None else rows.counts()
        exacts = None if rows.exacts is None else rows.exacts()
        sums = None if rows.sums is None else rows.sums()
        self.check_values(counts, entries, self.counts)
        self.check_values(exacts, entries, self.exacts, 3 if is_limbs(exacts) else 1)
        self.check_values(sums, entries, self.family.of_kind("sum"))
        return counts, exacts, sums

    def add_counts(self, into: Accumulators, counts: Integers, times: Integers | None) -> None:
        """Add counts, each so many times; magnitudes are judged before 64 bits have to hold them."""
        if times is None:
            add_counts(into.fields, into.ranges, np.ascontiguousarray(counts), into.counts, into.reach)
            return
        self.reach += (np.abs(counts.astype(np.float64)) * times).sum(axis=0)
        self.check_reach()
        added = np.ascontiguousarray(counts * times)
        add_counts(into.fields, into.ranges, added, into.counts, np.zeros(added.shape[1]))

    def add_exacts(self, into: Accumulators, exacts: Floats | Integers, times: Integers | None) -> None:
        """Add exact values, each so many times; with weights they are among the sums, and only judged here."""
        if not self.weighted and times is None and not is_limbs(exacts):
            add_exacts(into.fields, into.ranges, np.ascontiguousarray(exacts), into.exacts, into.exact_reach)
            return
        self.exact_reach += np.nansum(np.abs(numbers_of(exacts)) * (1 if times is None else times), axis=0)
        self.check_reach()
        if not self.weighted:
            given = limbs_of(exacts) * (1 if times is None else times)
            add_counts(into.fields, into.ranges, given, into.exacts, np.zeros(given.shape[1]))

    def weighted_values(
        self,
        counts: Integers | None,
        sums: Floats | None,
        exacts: Floats | Integers | None,
        weights: Floats,
        times: Integers | None,
    ) -> Floats:
        """w·x and w²·x by turns, of each count, sum and exact sum; 0 where a family gives no values."""
        cells = self.counts, self.family.of_kind("sum"), self.exacts
        given = zip((counts, sums, None if exacts is None else numbers_of(exacts)), cells, strict=True)
        values = np.hstack([np.zeros((len(weights), len(of))) if x is None else x for x, of in given])
        w = weights[:, None]
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is NaN in Counts
            if times is not None:
                values *= times
            return np.stack([values * w, values * (w * w)], axis=2).reshape(len(weights), -1)

    def check_reach(self) -> None:
        """Refuse counts and exact sums that 64 bits may not hold."""
        for cell, reach in zip(self.counts, self.reach, strict=True):
            if reach >= MOST_COUNT:
                raise DataError(count_overflow(cell.name, self.family.name, reach))
        for cell, reach in zip(self.exacts, self.exact_reach, strict=True):
            if reach >= MOST_SUM or self.added >= MOST_ENTRIES:
                raise DataError(exact_overflow(cell.name, self.family.name, reach, self.added))

    def make_room_for(self, state: int) -> None:
        """Make sure that a state has a cell. The first rows decide how many cells a group has; later they only grow.

        States of nulls come last, so that a log without them has dense tables: scores take half the memory.
        """
        states, weights = self.rows.states, self.rows.weights
        if state >= states.shape[1] or not len(states):
            width = min(1 << state.bit_length(), len(self.states))
            self.rows = self.rows._replace(
                states=widen(states, width, self.size),
                weights=widen(weights, width * 4 if self.weighted else 0, self.size),
            )

    def widen_states(self, entries: int, repeated: bool = False) -> None:
        """Make sure that no state overflows: half the width is faster, and lasts for the first 4 billion entries.

        What adds entries that are ``repeated`` needs the whole width from the start.

        Raises
        ------
        DataError
            More entries than the whole width holds.
        """
        self.added += entries
        if self.added > MOST_ROWS:
            raise DataError(rows_overflow(self.family.name, self.added))
        if (repeated or self.added >= 2**32) and self.rows.states.dtype == np.uint32:
            self.rows = self.rows._replace(states=self.rows.states.astype(np.int64))

    def put(self, of: Ids, given: CellRows) -> None:
        """Add cells to the rows of their ids, each id at most once."""
        self.widen_states(int(given.states.sum()))
        states = given.states.shape[1]
        self.make_room_for(states - 1)
        self.reserve(of.size)
        ids = of.array()
        rows = self.rows
        rows.states[ids, :states] += given.states.astype(rows.states.dtype)
        rows.weights[ids, : given.weights.shape[1]] += given.weights
        rows.counts[ids] += given.counts
        rows.exacts[ids] += given.exacts
        rows.sums[ids] += given.sums
        rows.extremes[ids] = np.fmax(rows.extremes[ids], given.extremes)
        self.reach += np.abs(given.counts.astype(np.float64)).sum(axis=0)
        if given.exacts.shape[1]:
            self.exact_reach += np.abs(numbers_of(given.exacts)).sum(axis=0)
        self.check_reach()

    def occupied(self) -> NDArray[np.uint32]:
        """The ids that hold entries."""
        return np.flatnonzero(self.occupancy()[0]).astype(np.uint32)

    def occupancy(self) -> tuple[NDArray[np.uint8], int, Integers]:
        """A mark for each id that holds entries, how many there are, and the states that occur."""
        states = self.rows.states
        if self.size <= FEW_GROUPS:
            seen = states[: self.size] != 0
            held = seen.any(axis=1)
            return held.view(np.uint8), int(held.sum()), np.flatnonzero(seen.any(axis=0))
        marks, columns = np.zeros(self.size, np.uint8), np.zeros(states.shape[1], np.uint8)
        groups = int(occupied_rows(states.reshape(-1), len(columns), marks, columns))
        return marks, groups, np.flatnonzero(columns)

    def take(self, ids: NDArray[np.uint32]) -> CellRows:
        """The cells of some ids; nothing is left here afterwards."""
        taken = CellRows._make(table[ids] for table in self.rows)
        self.clear()
        return taken._replace(states=taken.states.astype(np.int64))

    def columns(self, ids: NDArray[np.uint32], occur: Integers) -> dict[str, NDArray[Any]]:
        """The cells of some ids by the names of their columns in Counts; only the states in ``occur`` are not 0."""
        return {**self.state_columns(ids, occur), **self.value_columns(ids)}

    def state_columns(self, ids: NDArray[np.uint32], occur: Integers) -> dict[str, NDArray[Any]]:
        """The states and their weights.

        Columns of nothing but zeros are one array that is never written, and so cost no memory.
        """
        held = [self.states[k] for k in occur]
        columns: dict[str, NDArray[Any]] = dict.fromkeys(names_of(self.states), np.zeros(len(ids), np.int64))
        columns |= zip(names_of(held), gather(self.rows.states, occur, ids), strict=True)
        if self.weighted:
            columns |= dict.fromkeys(self.pair_names(self.states), np.zeros(len(ids)))
            places = pair_places(self.rows.weights.shape[1], 2)[occur].reshape(-1)
            columns |= zip(self.pair_names(held), gather(self.rows.weights, places, ids), strict=True)
        return columns

    def value_columns(self, ids: NDArray[np.uint32]) -> dict[str, NDArray[Any]]:
        """The counts, sums and extremes."""
        _, _, counts, exacts, sums, extremes = self.rows
        places = pair_places(sums.shape[1], sums.shape[1] // 2).reshape(-1)
        limbs = columns_of(self.exacts, self.weighted, pl.Int64())
        kept = gather(extremes, np.arange(len(self.extremes)), ids) * self.signs[:, None]
        return {
            **dict(zip(names_of(self.counts), gather(counts, np.arange(len(self.counts)), ids), strict=True)),
            **dict(zip(limbs, gather(exacts, np.arange(len(limbs)), ids), strict=True)),
            **dict(zip(self.pair_names(self.summed), gather(sums, places, ids), strict=True)),
            **dict(zip(names_of(self.extremes), kept, strict=True)),
        }

    def pair_names(self, cells: Sequence[Cell]) -> list[str]:
        """The columns in Counts of the float sums of some cells: each sum before its error."""
        return columns_of(cells, self.weighted, pl.Float64())


def is_limbs(exacts: NDArray[Any] | None) -> bool:
    """Whether exact values are given as limbs."""
    return exacts is not None and exacts.dtype == np.int64


def numbers_of(exacts: NDArray[Any]) -> Floats:
    """Exact values as the floats that are nearest to them."""
    return nearest(exacts[:, 0::3], exacts[:, 1::3], exacts[:, 2::3]) if is_limbs(exacts) else exacts


def limbs_of(exacts: NDArray[Any]) -> Integers:
    """Exact values as limbs, three a value; NaN is 0."""
    if is_limbs(exacts):
        return np.ascontiguousarray(exacts)
    parts = limbs(np.where(np.isnan(exacts), 0.0, exacts))
    return np.stack(parts, axis=2).reshape(len(exacts), -1).astype(np.int64)


def names_of(cells: Sequence[Cell]) -> list[str]:
    return [cell.name for cell in cells]


def pair_places(width: int, sums: int) -> Integers:
    """Where sums and errors lie, by turns, in rows that hold ``sums`` sums, then their errors, then the next sums."""
    return np.arange(width).reshape(-1, 2, max(sums, 1)).swapaxes(1, 2).reshape(-1, 2 * max(sums, 1))


def of_states(ids: Ids, state: NDArray[np.uint8] | None, states: int) -> Ids:
    """The ids of the cells of entries in some state; without one all are in the first.

    Raises
    ------
    DataError
        More cells than a 32-bit id can tell apart.
    """
    if ids.size * states > MOST_CELLS:
        raise DataError(f"more than {MOST_CELLS // states:,} groups: drop or coarsen a key, or count the log in parts")
    return ids.spread(states) if state is None else ids.then(Codes(state, 0, states), states)


def gather(table: NDArray[Any], columns: Integers, ids: NDArray[np.uint32]) -> NDArray[Any]:
    """Some columns of some rows of a table of cells, each contiguous; of integers as int64."""
    dtype = np.float64 if table.dtype == np.float64 else np.int64
    if len(ids) <= FEW_GROUPS:
        return np.ascontiguousarray(table[ids][:, columns].T, dtype)
    out = np.empty((len(columns), len(ids)), dtype)
    take_columns(table.reshape(-1), table.shape[1], columns, ids, out.reshape(-1))
    return out


def lengthen(table: NDArray[Any], room: int, fill: float) -> NDArray[Any]:
    """A longer table that starts with the same rows."""
    shape = room, table.shape[1]
    longer = np.full(shape, fill, table.dtype) if fill else np.zeros(shape, table.dtype)
    longer[: len(table)] = table
    return longer


def widen(table: NDArray[Any], width: int, rows: int) -> NDArray[Any]:
    """Rows of another width that start with the same cells; only the first ``rows`` hold any."""
    wider = np.zeros((len(table), width), table.dtype)
    wider[:rows, : table.shape[1]] = table[:rows, :width]
    return wider
