"""The one decorator of every kernel: compiled on first use, without the GIL, cached where a cache can live."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import numba
import numpy as np
from numba.extending import register_jitable

from fastmetrics.kernels.cache import KernelCache

__all__ = ["Kernel", "inlined", "kernel"]

inlined = register_jitable  # a small function that kernels call; plain Python when called from Python

# Short names of the argument types. `in` arrays are read-only types, which accept writable arrays too, so one
# compilation serves Arrow's buffers and ours.
NUMBERS = {
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "f32": "float32",
    "f64": "float64",
}
SHORT = {
    **{f"in_{short}": f"Array({full}, 1, 'C', readonly=True)" for short, full in NUMBERS.items()},
    **{f"out_{short}": f"{full}[::1]" for short, full in NUMBERS.items()},
    "in_u32_2d": "Array(uint32, 2, 'C', readonly=True)",
    "out_u32_2d": "uint32[:, ::1]",
    "in_u64_2d": "Array(uint64, 2, 'C', readonly=True)",
    "in_i64_2d": "Array(int64, 2, 'C', readonly=True)",
    "in_f64_2d": "Array(float64, 2, 'C', readonly=True)",
    "in_i32_2d": "Array(int32, 2, 'C', readonly=True)",
}


def signature(text: str) -> str:
    """Numba's spelling of ``"int64(in_u64, int64, out_u32)"``."""
    result, _, _ = text.partition("(")
    return f"{result}({', '.join(SHORT.get(part, part) for part in arguments_of(text))})"


def arguments_of(text: str) -> list[str]:
    """The argument types of a signature, as they are written there."""
    return [part.strip() for part in text.removesuffix(")").partition("(")[2].split(",")]


def dtype_of(part: str) -> np.dtype[Any] | None:
    """The dtype of an array by its short name; None for ``none``."""
    return None if part == "none" else np.dtype(NUMBERS[part.split("_")[1]])


def telling(columns: Sequence[Sequence[str]]) -> list[int]:
    """The arguments whose dtypes tell signatures apart: one alone where one is enough."""
    arrays = [at for at, parts in enumerate(columns) if all(part in SHORT or part == "none" for part in parts)]
    apart = [at for at in arrays if len(set(map(dtype_of, columns[at]))) > 1]
    alone = [at for at in apart if len(set(map(dtype_of, columns[at]))) == len(columns[at])]
    return alone[:1] or apart


def chooser(places: Sequence[int]) -> Callable[[Sequence[Any]], Any]:
    """What makes the key of a signature from arguments: 0.1 microseconds from one of them, 0.9 from several."""
    if not places:
        return lambda arguments: None
    if len(places) == 1:
        (place,) = places
        return lambda arguments: getattr(arguments[place], "dtype", None)
    return lambda arguments: tuple([getattr(arguments[place], "dtype", None) for place in places])


def key_of(parts: Sequence[str], places: Sequence[int]) -> Any:
    """The key of a signature from its arguments' types, as `chooser` makes it."""
    key = tuple(dtype_of(parts[place]) for place in places)
    return key if len(key) > 1 else next(iter(key), None)


class Kernel:
    """A function that becomes machine code when it is first called; ``py_func`` is its plain Python twin.

    Each signature is compiled on its own, at the first call with its dtypes.
    """

    def __init__(self, py_func: Callable[..., Any], signatures: tuple[str, ...]) -> None:
        functools.update_wrapper(self, py_func)
        self.py_func = py_func
        columns = list(zip(*map(arguments_of, signatures), strict=True))
        self.places = telling(columns) if len(signatures) > 1 else []
        self.key = chooser(self.places)
        keys = [key_of(arguments_of(text), self.places) for text in signatures]
        self.signatures = dict(zip(keys, map(signature, signatures), strict=True))
        if len(self.signatures) < len(signatures):
            raise TypeError(f"the dtypes of arrays do not tell the signatures of {py_func.__name__} apart")
        self.compiled: dict[Any, Callable[..., Any]] = {}
        self.lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        key = self.key(arguments)
        compiled = self.compiled.get(key)
        return (self.ready(key) if compiled is None else compiled)(*arguments)

    def ready(self, key: Any) -> Callable[..., Any]:
        """The machine code for some dtypes, made by the first thread that asks."""
        if key not in self.signatures:
            raise TypeError(f"{self.py_func.__name__} has no signature with {key} as the dtypes of {self.places}")
        with self.lock:
            if key not in self.compiled:
                self.compiled[key] = self.compile(self.signatures[key])
        return self.compiled[key]

    def compile(self, wanted: str) -> Callable[..., Any]:
        """Compile a signature, or load it where it was compiled before."""
        dispatcher: Any = numba.njit(nogil=True, error_model="numpy", boundscheck=False)(self.py_func)
        dispatcher._cache = KernelCache(self.py_func)
        dispatcher.compile(wanted)
        dispatcher.disable_compile()
        return cast(Callable[..., Any], dispatcher)


def kernel(*signatures: str) -> Callable[[Callable[..., Any]], Kernel]:
    """Make a kernel of a function, with one compilation a signature: ``@kernel("void(in_u8, out_i64)")``."""

    def decorate(py_func: Callable[..., Any]) -> Kernel:
        return Kernel(py_func, signatures)

    return decorate
