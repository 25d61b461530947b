"""Where a benchmark runs: the processor and the packages that take part."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["PACKAGES", "machine", "versions"]

PACKAGES = ("numba", "numpy", "polars", "pyarrow", "duckdb", "chdb", "scikit-learn")


def versions(packages: Iterable[str] = PACKAGES) -> str:
    """The packages that take part."""
    found = []
    for package in packages:
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
