"""Standard error for our lines alone: Rust writes the panics of its threads there by itself, whoever catches them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["mute_native_stderr"]

STDERR = 2


@contextmanager
def mute_native_stderr() -> Iterator[None]:
    """Let nothing reach standard error but what Python writes to it; not where it is no file of its own."""
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
