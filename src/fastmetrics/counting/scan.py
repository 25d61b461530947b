"""The single pass: batches over threads, each with tables of its own, merged when the data ends."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from fastmetrics.aliases import Progress
from fastmetrics.contract.batches import Batch, Batches
from fastmetrics.counting.assembly import Share, assemble, check_groups, merge_into
from fastmetrics.counting.judging import Observations
from fastmetrics.counting.plan import Plan, make_plan
from fastmetrics.counting.worker import Worker
from fastmetrics.errors import DataError, FastMetricsError, SchemaError, SourceError, listed
from fastmetrics.guard import FOREIGN, first_line
from fastmetrics.schema import Schema
from fastmetrics.sources import Source
from fastmetrics.sources.batches import check_rows
from fastmetrics.state.layout import Layout
from fastmetrics.state.state import State

__all__ = ["scan"]

TABLE_BYTES = 1 << 30  # of all threads; a thread whose tables outgrow its share adds them to common ones
PIECE_ROWS = 1 << 23  # rows of a long batch, divided by the threads, so that each gets some
# Rows of a piece of a batch that a reader made, which stays in memory until its last piece is counted: 200M rows in row
# groups of a million peak at 910 MB, and at 1,090 MB in pieces of a million.
READ_ROWS = 1 << 18
SLOW_ROWS = 1 << 9  # of values that take long, in a piece: a few milliseconds' work, beside which a piece costs little
MOST_THREADS = 1024  # each has tables of its own, however little there is to count
TICK = 0.001  # polling interval of `finish`, in seconds


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


def pieces(batches: Iterable[Batch], rows: int, shares: int) -> Batches:
    """Batches cut into ``shares``, unless those are short, and so that none has more than ``rows``."""
    for batch in batches:
        each = min(rows, max(-(-len(batch) // shares), SLOW_ROWS))
        for start in range(0, len(batch), each):
            yield batch.slice(start, each)
        del batch  # or one more than needed would stay alive


def read(source: Source, plan: Plan, rows: int, shares: int) -> Batches:
    """The batches to count, each of at most so many rows, and no row fewer than the source holds.

    Nothing but an end of the source ends them: whatever else happens on the way to the last row is an error.
    """
    came = 0
    try:
        with contextlib.closing(source.batches(plan.selection)) as batches:
            seen = plan.observations.sample(batches, plan.sampled, plan.frequency, plan.width)
            for batch in pieces(seen, rows, shares):
                came += len(batch)
                yield batch
                del batch  # or one more batch than needed would stay alive
        if plan.selection.where is None:
            check_rows(source.name, came, source.height)
    except FastMetricsError:
        raise
    except pl.exceptions.InvalidOperationError as error:
        raise DataError(first_line(error)) from error
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
        rows = max(PIECE_ROWS // threads, 1) if source.resident else READ_ROWS
        batches = read(source, plan, rows, threads if plan.slow else 1)
        if progress is not None:
            batches = watched(batches, progress, source.height())
        try:
            with contextlib.closing(batches):
                shares = count_batches(batches, plan, threads)
        except DataError as error:
            raise located(error, source, schema) from error
    layout = Layout(schema.families, schema.keys, plan.windows, schema.weight is not None, schema.grouping_sets)
    kind = {"rows" if schema.frequency is None else "frequencies": 1}
    how = {"source": source.name, "threads": threads, **facts(shares), "counts": kind, "notes": []}
    return State(layout, assemble(shares, plan, layout).tables, how)


def facts(shares: Sequence[Share]) -> dict[str, Any]:
    """What Counts say of how they were counted; assembling the shares empties them, so it is asked before."""
    tallies = [tally for share in shares for tally in share.tallies if tally.rows]
    plans = sorted({"hashed" if tally.outer.hashed else "dense" for tally in tallies})
    rows = sum(share.tallies[0].counted for share in shares)
    return {"rows": rows, "groups": listed(plans or ["dense"])}


def located(error: DataError, source: Source, schema: Schema) -> DataError:
    """The error with the file that holds the value, found by looking again."""
    file = None if error.matching is None else source.file_with(error.matching, schema.where)
    return DataError(f"{file or source.name}: {error}")
