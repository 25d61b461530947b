"""Compiled kernels on disk, where a process finds again what one before it compiled.

There is one file for each signature of a kernel. It begins with a hash of all that it depends on and of what it
holds, so that a damaged or outdated file is compiled anew and replaced, and it appears by a rename, so that processes
that start together read whole files only.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import compiler, serialize
from numba.core.runtime.nrt import rtsys

from fastmetrics.atomic import replace_file

__all__ = ["KernelCache", "Notice"]

CompileResult: Any = compiler.CompileResult
dumps: Callable[[Any], bytes] = serialize.dumps

DIGEST = hashlib.sha256().digest_size
NOTICEABLE = 0.3  # seconds of compiling, from which on it is said


class Notice:
    """Says once, on stderr, that kernels are being compiled, if that takes long enough to be noticed."""

    def __init__(self) -> None:
        self.spent = 0.0
        self.started = 0.0
        self.told = False

    def start(self) -> None:
        self.started = time.monotonic()
        if self.spent >= NOTICEABLE and not self.told and sys.stderr is not None:
            self.told = True
            # A progress bar that is on the screen has put itself before sys.stderr, and moves out of the way.
            sys.stderr.write("fastmetrics: compiling kernels for this machine, a few seconds\n")
            sys.stderr.flush()

    def end(self) -> None:
        self.spent += time.monotonic() - self.started


NOTICE = Notice()


class KernelCache:
    """What Numba asks of a cache, for one function. It asks under its compiler lock."""

    def __init__(self, py_func: Callable[..., Any], notice: Notice = NOTICE) -> None:
        self.py_func = py_func
        self.notice = notice

    def load_overload(self, signature: Any, target: Any) -> Any:
        """The compiled signature, or None if it has to be compiled."""
        for path in self.paths(signature, target.codegen()):
            try:
                content = path.read_bytes()
                if content[:DIGEST] == self.digest(content[DIGEST:]):
                    return rebuilt(content[DIGEST:], target)
            except OSError:
                continue
        self.notice.start()
        return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep what was compiled in the first folder that can be written to, if there is one."""
        self.notice.end()
        if compiled.lifted or compiled.library.has_dynamic_globals:
            return
        payload = dumps(compiled._reduce())
        for path in self.paths(signature, compiled.codegen):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                replace_file(path, self.digest(payload) + payload)
                return
            except OSError:
                continue

    def paths(self, signature: Any, codegen: Any) -> Iterator[Path]:
        """Where the file may be, the best place first."""
        code = self.py_func.__code__
        closure = tuple(cell.cell_contents for cell in self.py_func.__closure__ or ())
        told = (self.py_func.__module__, code.co_name, code.co_firstlineno, str(signature), codegen.magic_tuple())
        key = hashlib.sha256(repr(told).encode() + code.co_code + dumps(closure)).hexdigest()[:16]
        name = "".join(letter for letter in code.co_name if letter.isalnum() or letter == "_")
        for folder in folders(Path(code.co_filename)):
            yield folder / f"{name}-{key}.{sys.implementation.cache_tag}.kernel"

    def digest(self, payload: bytes) -> bytes:
        return hashlib.sha256(sources(Path(self.py_func.__code__.co_filename)) + payload).digest()


def rebuilt(payload: bytes, target: Any) -> Any:
    """A compiled signature from its file.

    Only the memory of Numba's runtime is made ready for it: all of what compiling needs is 60 MB and 0.4 s more.
    """
    rtsys.initialize(target)
    return CompileResult._rebuild(target, *pickle.loads(payload))


def folders(source: Path) -> Iterator[Path]:
    """Where kernels are kept: the folder of NUMBA_CACHE_DIR alone, else beside the source or in the user's cache."""
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(named, "fastmetrics")
        return
    if source.is_file():
        yield source.parent / "__pycache__"
    try:
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "fastmetrics")
    except RuntimeError:
        return  # there is no home


@functools.cache
def sources(source: Path) -> bytes:
    """A hash of what compiles to the same code: versions, all kernels, since they call each other, and ``source``."""
    hashed = hashlib.sha256(repr((numba.__version__, llvmlite.__version__, sys.version)).encode())
    for path in sorted({*Path(__file__).parent.rglob("*.py"), source}):
        if path.is_file():
            hashed.update(path.read_bytes())
    return hashed.digest()
