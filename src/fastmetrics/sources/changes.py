"""Files that become shorter while they are read, as a log does that is rotated by copying and cutting it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from fastmetrics.errors import SourceError
from fastmetrics.sources.addresses import is_local

__all__ = ["check_lengths", "file_lengths"]


def file_lengths(files: Iterable[str]) -> dict[str, int]:
    """The bytes in each local file that is there."""
    return {file: Path(file).stat().st_size for file in files if is_local(file) and Path(file).is_file()}


def check_lengths(before: Mapping[str, int]) -> None:
    """Raise SourceError for a file that is shorter than it was: rows of it may not have been read."""
    for file, size in file_lengths(before).items():
        if size < before[file]:
            raise SourceError(
                f"{file} was cut from {before[file]:,} to {size:,} bytes while it was read; count it again"
            )
