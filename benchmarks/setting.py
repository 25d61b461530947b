"""Where and how a benchmark runs: its sizes, its log, and what the machine can do."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import logs

__all__ = ["Setting", "machine", "versions"]

PACKAGES = ("numba", "numpy", "polars", "pyarrow", "duckdb", "chdb", "scikit-learn")
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


def versions() -> str:
    """The packages that take part."""
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"without {package}")
    return ", ".join(found)


def machine() -> str:
    """The cores and the name of the processor, as Linux has it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())
    return f"{os.cpu_count()} cores of {name}"
