"""The batches of a query: every failure of it comes out, and no row is lost on the way."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator

import polars as pl

from fastmetrics.errors import SourceError

__all__ = ["Frames", "check_rows", "streamed"]

Frames = Generator[pl.DataFrame, None, None]  # and no mere iterator: whoever stops early closes it

PATIENCE = 0.05  # seconds between looks whether anyone still waits for a batch


def streamed(query: pl.LazyFrame) -> Frames:
    """The result of a query batch by batch, in no particular order.

    The batches are as the reader makes them: asked for another size it would copy them together. `collect_batches` of
    Polars ends without a word when a thread of the query panics or a Python function raises StopIteration;
    `sink_batches` raises. It calls back, so a thread runs it and hands the batches on, one at a time.
    """
    ready: queue.Queue[pl.DataFrame | None] = queue.Queue(1)
    stop = threading.Event()
    failed: list[BaseException] = []

    def hand_on(frame: pl.DataFrame | None) -> bool:
        """Wait until there is room, or nobody wants more: Polars then stops the query."""
        while not stop.is_set():
            try:
                ready.put(frame, timeout=PATIENCE)
            except queue.Full:
                continue
            break
        return stop.is_set()

    def run() -> None:
        try:
            query.sink_batches(hand_on, maintain_order=False, engine="streaming")
        except BaseException as error:
            failed.append(error)
        hand_on(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while (frame := ready.get()) is not None:
            yield frame
            del frame
    finally:
        stop.set()
        thread.join()
    if failed:
        raise failed.pop()  # the list must not keep an error whose traceback holds the list


def check_rows(name: str, rows: int, height: Callable[[], int | None]) -> None:
    """Raise SourceError where a source gave another number of rows than it says it holds.

    An error where the count would otherwise miss rows: a damaged file, or one that changed while it was read.
    """
    held = height()
    if held is not None and rows != held:
        raise SourceError(
            f"{name} holds {held:,} rows, but {rows:,} of them came when it was read; the input is damaged, or it "
            "changed meanwhile: count it again"
        )
