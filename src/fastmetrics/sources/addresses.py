"""The names of files: paths of this machine, addresses elsewhere, and what Polars takes for patterns."""

from __future__ import annotations

import glob
from typing import IO

__all__ = ["File", "exact", "is_local", "literal"]

File = str | bytes | IO[bytes]  # a path or URI, what is in a file, or a file that is open and can be rewound


def is_local(file: File) -> bool:
    """Whether a file is given by a local path."""
    return isinstance(file, str) and "://" not in file


def exact(file: File) -> File:
    """A local file whose name may look like a glob, as a glob that means it alone: Polars expands every path."""
    return literal(file) if isinstance(file, str) else file


def literal(path: str) -> str:
    return glob.escape(path) if is_local(path) and glob.has_magic(path) else path
