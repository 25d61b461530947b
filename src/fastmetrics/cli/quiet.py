"""Standard error without what native code writes: Rust prints the panics of its threads there, also those we catch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["mute_native_stderr"]

STDERR = 2


@contextmanager
def mute_native_stderr() -> Iterator[None]:
    """Discard what native code writes to standard error, not what Python writes; no effect where it is no file."""
    theirs = sys.stderr
    try:
        own = theirs.fileno() == STDERR
    except (AttributeError, OSError, ValueError):
        own = False
    if not own:
        yield
        return
    theirs.flush()
    kept, nowhere = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    os.close(nowhere)
    sys.stderr = os.fdopen(kept, "w", buffering=1, encoding=theirs.encoding, errors=theirs.errors)
    try:
        yield
    finally:
        ours, sys.stderr = sys.stderr, theirs
        with suppress(OSError):  # of a full disk, which changes no exit code
            ours.flush()
        os.dup2(kept, STDERR)
        with suppress(OSError):
            ours.close()
