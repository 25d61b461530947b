"""The single pass: batches over threads, each with tables of its own, merged when the data ends."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.contract.batches import Batch, Batches, Column, Encoded
from fastmetrics.contract.columns import column_name, expression
from fastmetrics.contract.family import Family
from fastmetrics.contract.rows import Rows
from fastmetrics.counting.assembly import Share, assemble, check_groups, merge_into
from fastmetrics.counting.coders.instants import WindowCoder
from fastmetrics.counting.coders.keys import Coder, coder
from fastmetrics.counting.coders.spans import check_representable
from fastmetrics.counting.dictionaries import decoded
from fastmetrics.counting.encoded import ColumnCoder, ColumnReader
from fastmetrics.counting.judging import Observations
from fastmetrics.counting.plan import Key, Plan, make_plan
from fastmetrics.counting.roles import Reading
from fastmetrics.counting.tally import Block, Tally, make_block
from fastmetrics.counting.views import bitmap, fixed, valid_bits
from fastmetrics.errors import DataError, FastMetricsError, SchemaError, SourceError, listed
from fastmetrics.guard import FOREIGN, first_line
from fastmetrics.schema import Schema
from fastmetrics.sources import Source
from fastmetrics.sources.batches import check_rows
from fastmetrics.state.layout import Layout
from fastmetrics.state.state import State

__all__ = ["scan"]

Progress = Callable[[int, int | None], object]

BLOCK_ROWS = 1 << 22  # 25M rows by model and country cost 3.0, 2.5, 2.4, 2.2, 1.8 ns a row in blocks of 2**18 to 2**22
TABLE_BYTES = 1 << 30  # of all threads; a thread whose tables outgrow its share adds them to common ones
WHOLE_ROWS = 1 << 23  # of a block where nothing is written row by row: 50M rows take 5.5 instead of 8.4 ms
PIECE_ROWS = 1 << 23  # rows of a long batch, divided by the threads, so that each gets some
# Rows of a piece of a batch that a reader made, which stays in memory until its last piece is counted: 200M rows in row
# groups of a million peak at 910 MB, and at 1,090 MB in pieces of a million.
READ_ROWS = 1 << 18
MOST_THREADS = 1024  # each has tables of its own, however little there is to count
TICK = 0.001  # polling interval of `finish`, in seconds


class Worker:
    """One thread's share of the scan: coders and tables of its own."""

    def __init__(self, plan: Plan, table_bytes: int) -> None:
        self.plan = plan
        self.table_bytes = table_bytes
        in_totals = not plan.keys and plan.windows is None and plan.weight is None
        in_bits = all(family.from_bits is not None for family in plan.schema.families)
        self.block_rows = WHOLE_ROWS if in_totals and in_bits else BLOCK_ROWS
        self.start()

    def start(self) -> None:
        """Begin with empty tables."""
        plan = self.plan
        self.window_coder = ColumnCoder(WindowCoder(plan.windows)) if plan.windows is not None else None
        self.coders = [ColumnCoder(coder(key.source_dtype)) for key in plan.keys]
        self.inner_coders = {place: ColumnCoder(coder(key.source_dtype)) for place, key in plan.inner.items()}
        self.readers = {
            (family, of.role.name): ColumnReader(
                of,
                Reading(
                    plan.observations.observed[family, of.role.name], self.inner_coders.get((family, of.role.inner_key))
                ),
            )
            for family, columns in plan.roles.items()
            for of in columns
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
        for start in range(0, len(batch), self.block_rows):
            self.add_block(batch.slice(start, self.block_rows))
        check_groups(self.tallies, self.plan, self.values)

    def add_block(self, batch: Batch) -> None:
        coded = [coder.codes(batch.column(key.place)) for coder, key in zip(self.coders, self.plan.keys, strict=True)]
        if self.window_coder is not None:
            assert self.plan.time is not None
            coded.insert(0, self.window_coder.codes(batch.column(self.plan.time)))
        weights = None if self.plan.weight is None else self.weights(batch.column(self.plan.weight))
        blocks = [self.family_block(family, batch, weights) for family in self.plan.schema.families]
        for tally in self.tallies:
            tally.add(coded, blocks, len(batch))

    def family_block(self, family: Family, batch: Batch, weights: NDArray[np.float64] | None) -> Block:
        rows = self.family_rows(family, batch)
        keys = [key for place, key in self.plan.inner.items() if place[0] == family.name and not key.of_items]
        read = {key.name: self.inner_coders[family.name, key.name].codes(batch.column(key.place)) for key in keys}
        return make_block(family, rows, read, weights, len(batch))

    def family_rows(self, family: Family, batch: Batch) -> Rows:
        """What a family makes of a batch: from bitmaps where it can, else from arrays."""
        columns = {of.role.name: batch.column(of.place) for of in self.plan.roles[family.name]}
        if family.from_bits is not None:
            bits = {name: bitmap(column) for name, column in columns.items() if not isinstance(column, Encoded)}
            known = {name: of for name, of in bits.items() if of is not None}
            if len(known) == len(columns):
                return family.from_bits(known)
        return family.rows({name: self.readers[family.name, name].read(column) for name, column in columns.items()})

    def weights(self, given: Column) -> NDArray[np.float64]:
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
            else:
                place = family.name, key.name
                values.append(key_values(self.inner_coders[place], self.plan.inner[place]))
        return values


def key_values(coder: Coder, key: Key) -> pl.Series:
    """The value of each code of a key."""
    values = coder.values().cast(key.dtype)
    check_representable(key.name, values)
    return values


class Pool:
    """Where threads put what they counted as soon as their tables get large."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.shares: list[Share] = []
        self.lock = threading.Lock()

    def relieve(self, worker: Worker) -> None:
        """Take the tables of a worker if they are large."""
        if worker.bytes > worker.table_bytes:
            share = worker.share()
            worker.start()
            with self.lock:
                self.shares = [merge_into(self.shares[0], share) if self.shares else share]
                whole = self.shares[0]
                check_groups(whole.tallies, self.plan, lambda: whole.values)


def work(worker: Worker, batches: queue.Queue[Batch | None], pool: Pool, failed: list[BaseException]) -> None:
    """Count batches until None comes, which is left for the next; after a failure anywhere only empty the queue."""
    while (batch := batches.get()) is not None:
        if not failed:
            try:
                worker.add(batch)
                pool.relieve(worker)
            except BaseException as error:
                failed.append(error)
    with contextlib.suppress(queue.Full):  # of another None
        batches.put_nowait(None)


def count_batches(batches: Iterator[Batch], plan: Plan, threads: int) -> list[Share]:
    """Hand batches to threads through a short queue, so that few are alive at once; one thread needs none of that."""
    workers = [Worker(plan, TABLE_BYTES // threads) for _ in range(threads)]
    if threads == 1:
        for batch in batches:
            workers[0].add(batch)
        return [workers[0].share()]
    waiting: queue.Queue[Batch | None] = queue.Queue(max(1, threads // 4))
    failed: list[BaseException] = []
    pool = Pool(plan)
    running = [threading.Thread(target=work, args=(worker, waiting, pool, failed), daemon=True) for worker in workers]
    try:
        try:
            start(running)
            for batch in batches:
                if failed:
                    break
                waiting.put(batch)
        finally:
            finish(running, waiting)
    finally:
        finish(running, waiting)  # again, as Polars and Python may each raise KeyboardInterrupt for one Ctrl-C
    if failed:
        raise failed[0]
    return [*pool.shares, *(worker.share() for worker in workers)]


def start(threads: Sequence[threading.Thread]) -> None:
    """Start all threads, or say how many this machine lets run."""
    for number, thread in enumerate(threads):
        try:
            thread.start()
        except RuntimeError as error:
            raise SchemaError(f"threads={len(threads)}: no more than {number} can be started here") from error


def finish(running: Sequence[threading.Thread], waiting: queue.Queue[Batch | None]) -> None:
    """Let the threads end, and wait for them; the queue may be full of a None that no thread is left to take.

    It may also hold a batch that no thread was woken for: an interrupt can come after it was put there and before that.
    """
    while alive := [thread for thread in running if thread.is_alive()]:
        with contextlib.suppress(queue.Full):
            waiting.put(None, timeout=TICK)
        with waiting.not_empty:
            waiting.not_empty.notify_all()
        alive[0].join(timeout=TICK)


def pieces(batches: Iterable[Batch], rows: int) -> Batches:
    """Batches of at most so many rows each, so that every thread gets some."""
    for batch in batches:
        for start in range(0, len(batch), rows):
            yield batch.slice(start, rows)
        del batch  # or one more than needed would stay alive


def read(source: Source, plan: Plan, rows: int) -> Batches:
    """The batches to count, each of at most so many rows, and no row fewer than the source holds.

    Nothing but an end of the source ends them: whatever else happens on the way to the last row is an error.
    """
    came = 0
    try:
        with contextlib.closing(source.batches(plan.selection)) as batches:
            for batch in pieces(plan.observations.sample(batches, plan.sampled, plan.width), rows):
                came += len(batch)
                yield batch
                del batch  # or one more batch than needed would stay alive
        if plan.selection.where is None:
            check_rows(source.name, came, source.height)
    except FastMetricsError:
        raise
    except pl.exceptions.InvalidOperationError as error:
        raise DataError(first_line(error), plan.unparsable) from error
    except FOREIGN as error:
        name = source.damaged_file(plan.selection) or source.name
        raise SourceError(f"{name} cannot be read: {first_line(error)}") from error


def watched(batches: Batches, progress: Progress, whole: int | None) -> Batches:
    """The batches as they are, reporting the rows so far after each was counted or handed on."""
    rows = 0
    with contextlib.closing(batches):
        for batch in batches:
            rows += len(batch)
            yield batch
            del batch
            progress(rows, whole)


def scan(
    source: Source,
    schema: Schema,
    threads: int | None = None,
    max_groups: int | None = None,
    progress: Progress | None = None,
    observations: Observations | None = None,
) -> State:
    """Read a source once and count it; ``progress`` hears of the rows so far and, where known, of all.

    ``observations`` collect what the rows show beyond the cells; scans of parts of one count share them.

    Raises
    ------
    SchemaError, SourceError, DataError
        Before the first row, where a file cannot be read, and where a value is out of place.
    """
    for name, given in (("threads", threads), ("max_groups", max_groups)):
        if given is not None and (not isinstance(given, int) or given < 1):
            raise SchemaError(f"{name}={given!r} is not a whole number above 0")
    threads = threads or os.cpu_count() or 1
    if threads > MOST_THREADS:
        raise SchemaError(f"threads={threads} are more than {MOST_THREADS:,}; give no more than there are cores")
    with contextlib.closing(source):
        plan = make_plan(source, schema, max_groups, observations=observations)
        batches = read(source, plan, max(PIECE_ROWS // threads, 1) if source.resident else READ_ROWS)
        if progress is not None:
            batches = watched(batches, progress, source.height())
        try:
            with contextlib.closing(batches):
                shares = count_batches(batches, plan, threads)
        except DataError as error:
            raise located(error, source, schema) from error
    layout = Layout(schema.families, schema.keys, plan.windows, schema.weight is not None, schema.grouping_sets)
    how = {"source": source.name, "threads": threads, **facts(shares), "notes": []}
    return State(layout, assemble(shares, plan, layout).tables, how)


def facts(shares: Sequence[Share]) -> dict[str, Any]:
    """What Counts say of how they were counted; assembling the shares empties them, so it is asked before."""
    tallies = [tally for share in shares for tally in share.tallies if tally.rows]
    plans = sorted({"hashed" if tally.outer.hashed else "dense" for tally in tallies})
    rows = sum(share.tallies[0].rows for share in shares)
    return {"rows": rows, "groups": listed(plans or ["dense"])}


def located(error: DataError, source: Source, schema: Schema) -> DataError:
    """The error with the file that holds the value, found by looking again."""
    file = None if error.matching is None else source.file_with(error.matching, schema.where)
    return DataError(f"{file or source.name}: {error}")
