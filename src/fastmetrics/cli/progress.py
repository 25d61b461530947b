"""How far a scan is, on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Progress", "progress"]

Progress = Callable[[int, int | None], None]
PATIENCE = 1.0  # seconds before there is anything to see


@contextmanager
def progress() -> Iterator[Progress | None]:
    """A function to tell of rows read and rows there are; None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("", total=None)
    started = time.monotonic()

    def told(rows: int, whole: int | None) -> None:
        seconds = time.monotonic() - started
        if seconds < PATIENCE:
            return
        of = "" if whole is None else f" of {whole:,}"
        bar.update(task, total=whole, completed=rows, description=f"{rows:,}{of} rows, {rows / seconds:,.0f} a second")
        bar.start()

    try:
        yield told
    finally:
        bar.stop()
