"""One thread's share of the scan: blocks of rows to codes, entries and cells."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.contract.batches import Batch, Column, Encoded
from fastmetrics.contract.columns import column_name, expression
from fastmetrics.contract.family import Family
from fastmetrics.contract.rows import Rows
from fastmetrics.counting.assembly import Share, check_groups
from fastmetrics.counting.coders.instants import WindowCoder
from fastmetrics.counting.coders.keys import Coder, coder
from fastmetrics.counting.coders.numbers import IntegerCodes
from fastmetrics.counting.coders.spans import check_representable
from fastmetrics.counting.dictionaries import decoded
from fastmetrics.counting.encoded import ColumnCoder, ColumnReader
from fastmetrics.counting.frequencies import Frequencies, occurring
from fastmetrics.counting.plan import Key, Plan
from fastmetrics.counting.roles import Reading
from fastmetrics.counting.tally import Block, Tally, make_block
from fastmetrics.counting.views import bitmap, fixed, valid_bits
from fastmetrics.errors import DataError

__all__ = ["Worker"]

BLOCK_ROWS = 1 << 22  # 25M rows by model and country cost 3.0, 2.5, 2.4, 2.2, 1.8 ns a row in blocks of 2**18 to 2**22
WHOLE_ROWS = 1 << 23  # of a block where nothing is written row by row: 50M rows take 5.5 instead of 8.4 ms
# Of a block: what the arrays of its values may take, those of all families together. The heap keeps arrays of that size
# for the next block; those of 64 MB are mapped anew each time, and counting 60 values a row takes half as long again.
VALUE_BYTES = 1 << 24


class Worker:
    """One thread's share of the scan: coders and tables of its own."""

    def __init__(self, plan: Plan, table_bytes: int) -> None:
        self.plan = plan
        self.table_bytes = table_bytes
        self.once = plan.weight is None and plan.frequency is None
        in_totals = not plan.keys and plan.windows is None and self.once
        in_bits = all(family.from_bits is not None for family in plan.schema.families)
        self.most_rows = WHOLE_ROWS if in_totals and in_bits else BLOCK_ROWS
        self.value_bytes = {family.name: value_bytes(family, self.once) for family in plan.schema.families}
        self.start()

    def start(self) -> None:
        """Begin with empty tables."""
        plan = self.plan
        self.window_coder = None
        if plan.windows is not None and plan.times is not None:
            self.window_coder = ColumnCoder(WindowCoder(plan.windows, plan.times))
        self.coders = [ColumnCoder(coder(key.source_dtype)) for key in plan.keys]
        self.inner_coders = {place: ColumnCoder(coder(key.source_dtype)) for place, key in plan.inner.items()}
        self.numbered = {
            family.name: {key.name: IntegerCodes(*key.within) for key in family.inner if key.within is not None}
            for family in plan.schema.families
        }
        self.readers = {
            (family, column.role.name): ColumnReader(
                column,
                Reading(
                    plan.observations.observed[family, column.role.name],
                    self.inner_coders.get((family, column.role.inner_key)),
                ),
            )
            for family, columns in plan.roles.items()
            for column in columns
        }
        families = plan.schema.families
        self.tallies = [
            Tally(
                families,
                [plan.names.index(name) for name in plan.timed(wanted)],
                plan.weight is not None,
                self.table_bytes // 2,
            )
            for wanted in plan.sets
        ]

    def add(self, batch: Batch) -> None:
        """Count a batch, block by block."""
        start = 0
        while start < len(batch):
            rows = self.block_rows
            self.add_block(batch.slice(start, rows))
            start += rows
        check_groups(self.tallies, self.plan, self.values)

    @property
    def block_rows(self) -> int:
        """How many rows to count at once: as many as the arrays of their values leave below `VALUE_BYTES`."""
        return max(min(self.most_rows, VALUE_BYTES // max(sum(self.value_bytes.values()), 1)), 1)

    def add_block(self, batch: Batch) -> None:
        """Count a block: codes of keys once, entries of each family once, cells for each grouping set."""
        frequencies = None
        if self.plan.frequency is not None:
            batch, frequencies = occurring(batch, self.plan.frequency, self.plan.width)
            if not frequencies.total:
                return
        coded = [coder.codes(batch.column(key.place)) for coder, key in zip(self.coders, self.plan.keys, strict=True)]
        if self.window_coder is not None:
            assert self.plan.time is not None
            coded.insert(0, self.window_coder.codes(batch.column(self.plan.time)))
        weights = None if self.plan.weight is None else self.weights(batch.column(self.plan.weight))
        blocks = [self.family_block(family, batch, weights, frequencies) for family in self.plan.schema.families]
        for tally in self.tallies:
            tally.add(coded, blocks, len(batch), len(batch) if frequencies is None else frequencies.total)

    def family_block(
        self, family: Family, batch: Batch, weights: NDArray[np.float64] | None, frequencies: Frequencies | None
    ) -> Block:
        """What a family makes of a block, with its inner keys."""
        rows = self.family_rows(family, batch, frequencies)
        if rows.add is not None and self.once:
            self.value_bytes[family.name] = 0
        keys = [key for place, key in self.plan.inner.items() if place[0] == family.name and not key.of_items]
        read = {key.name: self.inner_coders[family.name, key.name].codes(batch.column(key.place)) for key in keys}
        return make_block(family, rows, read, self.numbered[family.name], weights, frequencies, len(batch))

    def family_rows(self, family: Family, batch: Batch, frequencies: Frequencies | None) -> Rows:
        """What a family makes of a batch: from bitmaps where it can, else from arrays."""
        columns = {of.role.name: batch.column(of.place) for of in self.plan.roles[family.name]}
        if family.from_bits is not None:
            bits = {name: bitmap(column) for name, column in columns.items() if not isinstance(column, Encoded)}
            known = {name: of for name, of in bits.items() if of is not None}
            if len(known) == len(columns):
                return family.from_bits(known)
        readers = {name: self.readers[family.name, name] for name in columns}
        return family.rows({name: readers[name].read(column, frequencies) for name, column in columns.items()})

    def weights(self, given: Column) -> NDArray[np.float64]:
        """The weight of each row; DataError for one that is null, negative or not finite."""
        column = decoded(given)
        weights, valid = fixed(column), valid_bits(column)
        if valid is None and weights.min(initial=0) >= 0 and weights.max(initial=0) < np.inf:  # NaN is neither
            return weights  # a third of the time of what follows
        bad = ~(np.isfinite(weights) & (weights >= 0))
        if valid is not None:
            bad |= valid == 0
        if bad.any():
            assert self.plan.schema.weight is not None
            weight, at = expression(self.plan.schema.weight), int(np.flatnonzero(bad)[0])
            got = "null" if valid is not None and not valid[at] else f"{weights[at]!s}"
            raise DataError(
                f"weight column {column_name(weight)!r} holds {got}; a weight is a finite number that is at least 0",
                matching=weight.is_null() | (weight < 0) | ~weight.cast(pl.Float64).is_finite(),
            )
        return weights

    @property
    def bytes(self) -> int:
        """What the tables take up."""
        return sum(cells.bytes for tally in self.tallies for cells in tally.cells)

    def share(self) -> Share:
        """What this thread counted since it started."""
        return Share(self.tallies, self.values(), [self.inner_values(family) for family in self.plan.schema.families])

    def values(self) -> list[pl.Series]:
        """The value of each code of each outer key, the window first."""
        values = [key_values(coder, key) for coder, key in zip(self.coders, self.plan.keys, strict=True)]
        return [self.window_coder.values(), *values] if self.window_coder is not None else values

    def inner_values(self, family: Family) -> list[pl.Series]:
        """The value of each code of each inner key of a family."""
        values = []
        for key in family.inner:
            if key.size is not None:
                values.append(pl.Series([None, *range(key.size)], dtype=pl.Int32))
            elif key.within is not None:
                values.append(self.numbered[family.name][key.name].values())
            else:
                place = family.name, key.name
                values.append(key_values(self.inner_coders[place], self.plan.inner[place]))
        return values


def value_bytes(family: Family, once: bool) -> int:
    """The bytes of the values of a row in arrays.

    With weights w·x and w²·x lie beside x, twice for a while; with frequencies the halves of x and their products do.
    """
    return 8 * len(family.of_kind("count", "exact", "sum", "min", "max")) * (1 if once else 4)


def key_values(coder: Coder, key: Key) -> pl.Series:
    """The value of each code of a key."""
    values = coder.values().cast(key.dtype)
    check_representable(key.name, values)
    return values
