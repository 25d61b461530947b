"""What one thread counts for one grouping set: groups by id, and the cells of every family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmetrics.contract.cells import InnerKey
from fastmetrics.contract.family import Family
from fastmetrics.contract.rows import Rows
from fastmetrics.counting.cell_arrays import CellArrays, CellRows
from fastmetrics.counting.coders.numbers import IntegerCodes
from fastmetrics.counting.frequencies import Frequencies
from fastmetrics.counting.groups import Codes, Grouper, Ids
from fastmetrics.errors import SchemaError, listed

__all__ = ["Block", "Drained", "Place", "Tally", "make_block"]


class Block(NamedTuple):
    """A block of rows as one family sees it: its entries, with the inner keys, weight and frequency of each."""

    rows: Rows
    inner: Sequence[Codes]
    weights: NDArray[np.float64] | None
    frequencies: Frequencies | None


def make_block(
    family: Family,
    rows: Rows,
    read: Mapping[str, Codes],
    numbered: Mapping[str, IntegerCodes],
    weights: NDArray[np.float64] | None,
    frequencies: Frequencies | None,
    length: int,
) -> Block:
    """What a family made of a block of ``length`` rows, with what else is known of them.

    ``read`` are the codes of the inner keys of which the log has a value in each row, ``numbered`` what numbers the
    integers of those of which few occur.

    Raises
    ------
    SchemaError
        Codes of inner keys that are too few, too many or beyond the size of the key; entries that do not have each row
        once in the row states of the family.
    """
    if rows.of is not None:
        read = {name: codes.at(rows.of) for name, codes in read.items()}
        weights = None if weights is None else weights[rows.of]
        frequencies = None if frequencies is None else frequencies.at(rows.of)
    if rows.of is not None or family.row_states != family.states:
        check_entries(family, rows, length)
    entries = length if rows.of is None else len(rows.of)
    computed = [key for key in family.inner if key.name not in read]
    if len(computed) != len(rows.inner):
        raise SchemaError(f"family {family.name!r} computes {len(computed)} inner keys, and gives {len(rows.inner)}")
    inner = dict(read)
    for key, codes in zip(computed, rows.inner, strict=True):
        given = codes()
        check_length(family, key, given, entries)
        inner[key.name] = numbered[key.name].codes(given) if key.name in numbered else given_codes(family, key, given)
    return Block(rows, [inner[key.name] for key in family.inner], weights, frequencies)


def given_codes(family: Family, key: InnerKey, codes: NDArray[Any]) -> Codes:
    """The codes of an inner key that a family gave; of one without a size there may be more in other blocks.

    Raises
    ------
    SchemaError
        Codes beyond the size, which would be counted for other groups, or read beyond their array.
    """
    greatest = int(codes.max(initial=0))
    if key.size is None:
        return Codes(codes, 0, greatest + 1)
    if greatest > key.size:
        raise SchemaError(
            f"family {family.name!r} gives codes up to {greatest:,} of its inner key {key.name!r}; expected at most "
            f"{key.size:,}"
        )
    return Codes(codes, 0, key.size + 1, final=True)


def check_length(family: Family, key: InnerKey, given: NDArray[Any], entries: int) -> None:
    """Refuse codes or integers of an inner key that are not one an entry."""
    if len(given) != entries:
        raise SchemaError(
            f"family {family.name!r} gives {len(given):,} codes of its inner key {key.name!r}; expected {entries:,}, "
            "one an entry"
        )


def check_entries(family: Family, rows: Rows, length: int) -> None:
    """Refuse entries that do not have each row once in the row states of their family: ``n`` would be wrong."""
    counts_row = np.isin(family.states, family.row_states)
    of = np.arange(length) if rows.of is None else rows.of
    states = np.zeros(len(of), np.uint8) if rows.states is None else rows.states()
    times = np.bincount(of[counts_row[states]], minlength=length)
    if len(times) > length or (times != 1).any():
        raise SchemaError(
            f"family {family.name!r} must give each row exactly one entry in its row states "
            f"({listed(family.row_states)})"
        )


class Place(NamedTuple):
    """What a code of a key counts in an id, and how many codes there is room for: no others occur."""

    step: int
    room: int


class Drained(NamedTuple):
    """Cells taken out of a table, one entry a group: the codes of its outer and inner keys, and its cells."""

    outer: list[NDArray[Any]]
    inner: list[NDArray[Any]]
    cells: CellRows


class Tally:
    """The cells of every family for one grouping set, filled by one thread.

    ``rows`` are those that were read, for which ids are planned, ``counted`` those that they stand for.
    """

    def __init__(self, families: Sequence[Family], keys: Sequence[int], weighted: bool, table_bytes: int) -> None:
        self.families = families
        self.keys = keys
        self.rows = self.counted = 0
        self.cells = [CellArrays(family, weighted) for family in families]
        self.most = [table_bytes // max(cells.width, 1) for cells in self.cells]
        self.outer = Grouper(min(self.most))
        self.inner = [Grouper(most) for most in self.most]

    def add(self, coded: Sequence[Codes], blocks: Sequence[Block], length: int, counted: int) -> None:
        """Add a block of rows, which stand for ``counted`` rows; ``coded`` are the codes of every outer key."""
        self.rows += length
        self.counted += counted
        keys = [coded[key] for key in self.keys]
        self.make_room(keys)
        ids = self.ids(keys, length)
        for index, block in enumerate(blocks):
            entries = ids if block.rows.of is None else ids.at(block.rows.of)
            cell_ids = self.cell_ids(index, entries, block.inner)
            self.cells[index].add(cell_ids, block.rows, block.weights, block.frequencies)

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
        if not len(drained.cells.states):
            return
        ids = self.ids([as_codes(codes) for codes in drained.outer], len(drained.cells.states))
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
