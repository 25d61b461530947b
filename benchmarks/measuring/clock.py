"""The clock: what a call costs in CPU and wall time, and what a process takes in memory."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

__all__ = ["Run", "Runs", "multiple", "peak_memory", "timed"]

PAUSE = 0.05  # seconds for which threads of the last run may still spin


class Run(NamedTuple):
    """What one run cost, in seconds; the memory is the peak of its process in MB."""

    cpu: float
    wall: float
    memory: float = float("nan")


Runs = dict[str, list[Run]]


def timed(run: Callable[[], Any]) -> tuple[Any, Run]:
    """The result of a call and its cost; CPU time is that of all threads of this process."""
    gc.collect()
    time.sleep(PAUSE)
    cpu, wall = time.process_time(), time.perf_counter()
    result = run()
    return result, Run(time.process_time() - cpu, time.perf_counter() - wall)


def multiple(runs: Sequence[Run], first: Sequence[Run], of: str = "cpu") -> float:
    """The median over the rounds of one side's cost as a multiple of that of the first side in the same round."""
    return median(float(getattr(run, of) / getattr(other, of)) for run, other in zip(runs, first, strict=False))


def peak_memory() -> float:
    """The peak of this process in MB. Not ru_maxrss, which a new process inherits from the one that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3
