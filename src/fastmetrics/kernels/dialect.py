"""The one decorator of every kernel: compiled on first use, without the GIL, cached where a cache can live."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.extending import register_jitable

__all__ = ["Kernel", "inlined", "kernel"]

inlined = register_jitable  # a small function that kernels call; plain Python when called from Python

# Short names of the argument types. `in` arrays are read-only types, which accept writable arrays too, so one
# compilation serves Arrow's buffers and ours.
NUMBERS = {
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "i32": "int32",
    "i64": "int64",
    "f32": "float32",
    "f64": "float64",
}
SHORT = {
    **{f"in_{short}": f"Array({full}, 1, 'C', readonly=True)" for short, full in NUMBERS.items()},
    **{f"out_{short}": f"{full}[::1]" for short, full in NUMBERS.items()},
    "in_u64_2d": "Array(uint64, 2, 'C', readonly=True)",
    "in_f64_2d": "Array(float64, 2, 'C', readonly=True)",
}


def signature(text: str) -> str:
    """Numba's spelling of ``"int64(in_u64, int64, out_u32)"``."""
    result, _, arguments = text.removesuffix(")").partition("(")
    return f"{result}({', '.join(SHORT.get(part.strip(), part.strip()) for part in arguments.split(','))})"


class Kernel:
    """A function that becomes machine code when it is first called; ``py_func`` is its plain Python twin."""

    def __init__(self, py_func: Callable[..., Any], signatures: tuple[str, ...]) -> None:
        functools.update_wrapper(self, py_func)
        self.py_func = py_func
        self.signatures = [signature(text) for text in signatures]
        self.compiled: Callable[..., Any] | None = None
        self.lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        if self.compiled is None:
            with self.lock:
                if self.compiled is None:
                    self.compiled = self.compile()
        return self.compiled(*arguments)

    def compile(self) -> Callable[..., Any]:
        """Compile every signature, from the cache where that works."""
        options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "boundscheck": False}
        if cache_is_usable(Path(self.py_func.__code__.co_filename)):
            try:
                return numba.njit(self.signatures, cache=True, **options)(self.py_func)
            except Exception:
                # A truncated or foreign cache file fails in ways of its own (EOFError, UnpicklingError, ...) and
                # does not heal, so go on without; a fault of the kernel itself is raised again by the next line.
                pass
        return numba.njit(self.signatures, **options)(self.py_func)


def kernel(*signatures: str) -> Callable[[Callable[..., Any]], Kernel]:
    """Make a kernel of a function, with one compilation a signature: ``@kernel("void(in_u8, out_i64)")``."""

    def decorate(py_func: Callable[..., Any]) -> Kernel:
        return Kernel(py_func, signatures)

    return decorate


@functools.cache
def cache_is_usable(source: Path) -> bool:
    """Whether Numba's cache for this file has a folder it can write to; Numba raises where it has none."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(named) if named else source.parent / "__pycache__"
    probe = folder / f".writable-{os.getpid()}-{threading.get_ident()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True
