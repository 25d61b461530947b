"""Forked processes: a fork copies the memory of Polars but none of its threads, for which a query waits for ever."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from fastmetrics.errors import FastMetricsError

__all__ = ["check_process"]

THREADS = Path("/proc/self/task")
OF_QUERIES = re.compile(r"polars-\d+|async-executor")  # what Polars calls the threads that run them


class Process:
    """The state of this process: whether Polars has run in it, and whether a fork has cost it the threads of Polars."""

    used = False
    forking = False
    orphaned = False


def has_threads() -> bool:
    """Whether Polars has threads in this process, as far as the system tells."""
    with suppress(OSError):
        return any(OF_QUERIES.match((task / "comm").read_text()) for task in THREADS.iterdir())
    return False


def before_fork() -> None:
    """Note what the child will lack; a thread that asks Polars its first question may be about to start its threads."""
    Process.forking = Process.orphaned or Process.used or has_threads()


def in_child() -> None:
    Process.orphaned, Process.used = Process.forking, False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=before_fork, after_in_child=in_child)


def check_process() -> None:
    """Refuse to ask Polars anything in a process that was forked off one in which it had run.

    Raises
    ------
    FastMetricsError
        With what to do instead.
    """
    if Process.orphaned:
        raise FastMetricsError(
            "this process was forked from one in which Polars had run, whose threads it lacks, so that it would hang; "
            "start workers with spawn, as in multiprocessing.get_context('spawn')"
        )
    Process.used = True
