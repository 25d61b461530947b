"""How a benchmark runs: its sizes, its log, and what the machine reads a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.speed import logs

__all__ = ["Setting"]

READ_BYTES = 1 << 30


@dataclass(frozen=True)
class Setting:
    """``rows`` of the log, timed ``rounds`` of every side, and a folder for files."""

    rows: int
    rounds: int
    folder: Path

    @cached_property
    def log(self) -> logs.Log:
        return logs.Log(self.rows)

    @cached_property
    def bandwidth(self) -> float:
        """Bytes a second that one thread reads: the best of several reductions of a large array."""
        array = np.ones(READ_BYTES // 8, np.int64)
        return READ_BYTES / min(fastest_read(array, read) for read in (np.sum, np.max, np.bitwise_or.reduce))

    def keep(self, columns: Iterable[str]) -> None:
        """Forget all other columns of the log."""
        wanted = set(columns)
        for name in [name for name in self.log.made if name not in wanted]:
            del self.log.made[name]


def fastest_read(array: NDArray[np.int64], read: Callable[[NDArray[np.int64]], Any], times: int = 7) -> float:
    """The least time of some runs, in seconds."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        read(array)
        took.append(time.perf_counter() - start)
    return min(took)
