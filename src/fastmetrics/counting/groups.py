"""Group ids: a tuple of codes becomes one number, by arithmetic or by a table of the pairs that occur, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastmetrics.counting.views import NOTHING
from fastmetrics.kernels.codes import intern_numbers
from fastmetrics.kernels.ids import write_ids

__all__ = ["Codes", "Grouper", "Ids", "NumberTable", "slot_bits"]

DENSE_IDS = 1 << 21  # groups that there could be, up to which their ids are arithmetic in any case
MORE_IDS = 1 << 24  # likewise where there are rows enough and cells small enough for that
ROOM_A_ROW = 16
NEAR = 1 << 16
ANYWHERE = np.empty((0, 2), np.uint32)


class Codes(NamedTuple):
    """The codes of a block of rows: ``array[i] + shift``.

    ``array`` is contiguous, of 1, 2 or 4 bytes a row. There are ``size`` codes so far, that of null included; where
    ``final`` there will not be more. ``ranges``, where given, has the least and the greatest code of each
    `kernels.ids.BLOCK` rows; then ``shift`` is 0, and ``array`` says something only of blocks where they differ.
    """

    array: NDArray[Any]
    shift: int
    size: int
    final: bool = False
    ranges: NDArray[np.uint32] | None = None

    def field(self, place: int) -> tuple[int, ...]:
        """The row of a kernel's table of fields."""
        return address(self.array), self.array.itemsize, place, self.shift

    def filled(self) -> Codes:
        """These codes without ranges, which only those of a first key have."""
        return self if self.ranges is None else Codes(self.of_rows(), 0, self.size, self.final)

    def of_rows(self) -> NDArray[np.uint32]:
        """The code of every row."""
        return Ids(len(self.array)).then(self, self.size).array()

    def at(self, rows: NDArray[np.intp]) -> Codes:
        """The codes of some rows, each as often as it is named."""
        return Codes(self.of_rows()[rows], 0, self.size, self.final)


def address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


class Ids(NamedTuple):
    """The ids of a block of rows, not yet composed: each is the sum of code times place, and below ``size``."""

    length: int
    size: int = 1
    columns: tuple[Codes, ...] = ()
    places: tuple[int, ...] = ()

    def then(self, codes: Codes, room: int) -> Ids:
        """These ids with another key after them, whose codes are below ``room``."""
        apart, codes = self.spread(room), codes.filled() if self.columns else codes
        return apart._replace(columns=(*self.columns, codes), places=(*apart.places, 1))

    def spread(self, room: int) -> Ids:
        """These ids with so much room after each."""
        return self._replace(size=self.size * room, places=tuple(place * room for place in self.places))

    @property
    def ranges(self) -> NDArray[np.uint32]:
        """The least and the greatest first code of each block, where they are known."""
        ranges = self.columns[0].ranges if self.columns else None
        return ANYWHERE if ranges is None else ranges

    @property
    def room(self) -> int:
        """How far apart the ids of rows can be that have the same first code, if ranges are known, or of any rows."""
        return self.places[0] if len(self.ranges) else self.size

    def fields(self) -> NDArray[np.uint64]:
        """The table of fields of a kernel, which holds addresses: these ids must outlive it."""
        rows = [codes.field(place) for codes, place in zip(self.columns, self.places, strict=True)]
        return np.array(rows, np.uint64).reshape(len(rows), 4)

    def array(self) -> NDArray[np.uint32]:
        """The ids, composed."""
        ids = np.empty(self.length, np.uint32)
        write_ids(self.fields(), self.ranges, ids)
        return ids

    def at(self, rows: NDArray[np.intp]) -> Ids:
        """The ids of some rows, each as often as it is named."""
        if not self.columns:
            return self._replace(length=len(rows))
        return Ids(len(rows)).then(Codes(self.array()[rows], 0, self.size), self.size)


def slot_bits(room: int) -> int:
    """The logarithm of the number of slots of a hash table for up to ``room`` codes, half of which stay empty."""
    return max((2 * room - 1).bit_length(), 4)


class NumberTable:
    """Distinct 64-bit values, numbered from 1 as they appear; ``near`` is for values of which many are small."""

    def __init__(self, near: bool = True) -> None:
        self.count = np.ones(1, np.int64)
        self.make_room(64)
        self.base: np.uint64 | None = None
        self.near = np.zeros(NEAR if near else 0, np.uint32)

    @property
    def size(self) -> int:
        return int(self.count[0])

    def codes(self, numbers: NDArray[np.uint64], valid: NDArray[np.uint8] | None) -> NDArray[np.uint32]:
        out = np.empty(len(numbers), np.uint32)
        if self.base is None and len(numbers):
            self.base = np.uint64((int(numbers[0]) - NEAR // 2) % 2**64)
        valid = NOTHING if valid is None else valid
        done = 0
        while (done := self.run(numbers, valid, done, out, self.near)) < len(numbers):
            self.grow()
        return out

    def run(
        self,
        numbers: NDArray[np.uint64],
        valid: NDArray[np.uint8],
        start: int,
        out: NDArray[np.uint32],
        near: NDArray[np.uint32],
    ) -> int:
        base = np.uint64(0) if self.base is None else self.base
        tables = (self.slots, self.shift, self.known, self.count, base, near)
        return int(intern_numbers(numbers, valid, start, out, *tables))

    def make_room(self, room: int) -> None:
        """Empty tables for so many codes, that of null included."""
        bits = slot_bits(room)
        self.known = np.zeros(room, np.uint64)
        self.slots, self.shift = np.zeros(2 << bits, np.uint64), np.uint64(64 - bits)

    def grow(self) -> None:
        """Put what is known into larger tables; codes stay, but those that are near must be put there too."""
        known = self.known[1 : self.size]
        self.make_room(2 * len(self.known))
        self.count[0] = 1
        self.run(known, NOTHING, 0, np.empty(len(known), np.uint32), self.near[:0])


class Grouper:
    """Tuples of codes to ids: by arithmetic while the space of tuples is small, by hashing beyond.

    The first key may grow freely (ids of what is known stay), the others up to their capacity. When a key
    outgrows it, or the space gets large, the ids handed out so far lose their meaning: the owner must `decode`
    what it holds, call `plan`, and start anew. That happens a logarithmic number of times.

    A space is small up to DENSE_IDS, or up to ``most`` while it has no more than ROOM_A_ROW places for each row: with a
    million groups arithmetic takes 30 ns a row, a table 75.
    """

    def __init__(self, most: int = MORE_IDS) -> None:
        self.most = most
        self.capacities: list[int] | None = []
        self.tables: list[NumberTable] = []
        self.leading = 0

    @property
    def hashed(self) -> bool:
        return self.capacities is None

    @property
    def size(self) -> int:
        """Ids are below this."""
        if self.capacities is None:
            return self.tables[-1].size
        return max(self.leading, 1) * math.prod(self.capacities)

    @property
    def places(self) -> list[int]:
        """What a code of each key counts in an id that is made by arithmetic."""
        capacities = self.capacities or []
        return [math.prod(capacities[k:]) for k in range(len(capacities) + 1)]

    def small(self, space: int, rows: int) -> bool:
        """Whether so many places are few for so many rows."""
        return space <= max(DENSE_IDS, min(self.most, MORE_IDS, ROOM_A_ROW * rows))

    def fits(self, first: int, others: Sequence[Codes], rows: int) -> bool:
        """Whether a block can be added without a new plan: its first key has ``first`` codes, the others these.

        ``rows`` are those counted so far, the block included.
        """
        if self.capacities is None:
            return True
        if len(self.capacities) != len(others):
            return False
        if any(codes.size > capacity for codes, capacity in zip(others, self.capacities, strict=True)):
            return False
        return not others or self.small(first * math.prod(self.capacities), rows)

    def plan(self, first: int, others: Sequence[Codes], rows: int) -> None:
        """Make room for these codes, a quarter more where their number is not final, and for what had room before."""
        capacities = [codes.size if codes.final else codes.size + codes.size // 4 + 2 for codes in others]
        if self.capacities:
            capacities = list(map(max, capacities, self.capacities))
        self.leading = 0
        if not self.small(first * math.prod(capacities), rows):
            self.capacities = None
            self.tables = [NumberTable(near=False) for _ in others]
        else:
            self.capacities = capacities

    def ids(self, first: Ids, others: Sequence[Codes]) -> Ids:
        """The ids of a block of rows from the ids of their first key and the codes of the others."""
        if self.capacities is None:
            return self.hashed_ids(first, others)
        self.leading = max(self.leading, first.size)
        for codes, capacity in zip(others, self.capacities, strict=True):
            first = first.then(codes, capacity)
        return first

    def hashed_ids(self, first: Ids, others: Sequence[Codes]) -> Ids:
        """Ids by the tables: each numbers the pairs of an id so far and the code of one more key."""
        ids, size = first.array(), first.size
        for codes, table in zip(others, self.tables, strict=True):
            pairs = ids.astype(np.uint64)
            pairs <<= np.uint64(32)
            pairs |= codes.of_rows()
            ids = table.codes(pairs, None)
            size = table.size
        return Ids(first.length).then(Codes(ids, 0, size), size)

    def decode(self, ids: NDArray[np.uint32]) -> list[NDArray[np.uint32]]:
        """The codes of each key behind some ids, first key first."""
        return self.decode_hashed(ids) if self.capacities is None else self.decode_dense(ids, self.capacities)

    def decode_hashed(self, ids: NDArray[np.uint32]) -> list[NDArray[np.uint32]]:
        """The codes behind ids of pairs: half of a pair is the id of the keys before, the other half a code."""
        columns = []
        for table in reversed(self.tables):
            pairs = table.known[ids]
            columns.append(pairs.astype(np.uint32))
            ids = (pairs >> np.uint64(32)).astype(np.uint32)
        return [ids, *reversed(columns)]

    def decode_dense(self, ids: NDArray[np.uint32], capacities: Sequence[int]) -> list[NDArray[np.uint32]]:
        """The codes behind ids made by arithmetic: what is left by division by the capacity of each key."""
        columns = []
        for capacity in reversed(capacities):
            rest = ids // np.uint32(capacity)
            columns.append(ids - rest * np.uint32(capacity))
            ids = rest
        return [ids, *reversed(columns)]
