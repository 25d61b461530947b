"""Reading memory that Arrow owns, by address: the data buffers of string columns come as many as they like."""

from __future__ import annotations

import ctypes
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

__all__ = ["load_u8", "load_u64", "prefetch", "view_u8", "view_u16", "view_u32"]


def load_u8(address: np.uint64) -> np.uint64:
    """The byte at ``address``."""
    return np.uint64(ctypes.c_uint8.from_address(int(address)).value)


def load_u64(address: np.uint64) -> np.uint64:
    """The eight bytes from ``address`` on, little endian, aligned or not."""
    return np.uint64(int.from_bytes(ctypes.string_at(int(address), 8), "little"))


def loader(bits: int) -> Any:
    """A Numba intrinsic that loads an unsigned integer from an address and widens it to 64 bits."""

    def typer(context: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], ir.IntType(bits).as_pointer())
            loaded = builder.load(pointer, align=1, typ=ir.IntType(bits))
            return builder.zext(loaded, ir.IntType(64)) if bits < 64 else loaded

        return types.uint64(types.uint64), generate

    return intrinsic(typer)


def compile_as(function: Any, bits: int) -> None:
    """Make compiled kernels load with the intrinsic where Python calls ``function``."""
    load = loader(bits)
    overload(function)(lambda address: lambda address: load(address))


compile_as(load_u8, 8)
compile_as(load_u64, 64)


def prefetch(array: NDArray[Any], at: Any) -> None:
    """Ask for the cache line of an element that will be needed soon."""


def prefetching(context: Any, array: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        fetch = cast(Any, cgutils).get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        to_read, keep, data_cache = number(0), number(3), number(1)
        builder.call(fetch, [builder.bitcast(builder.gep(data, [arguments[1]]), byte), to_read, keep, data_cache])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


fetch: Any = intrinsic(prefetching)
overload(prefetch)(lambda array, at: lambda array, at: fetch(array, at))


def view_u8(address: np.uint64, size: int) -> NDArray[np.uint8]:
    """``size`` bytes from ``address`` on as an array, in compiled kernels a pointer; their owner must outlive it."""
    return np.ctypeslib.as_array((ctypes.c_uint8 * int(size)).from_address(int(address)))


def view_u16(address: np.uint64, size: int) -> NDArray[np.uint16]:
    """``size`` numbers of two bytes, likewise."""
    return np.ctypeslib.as_array((ctypes.c_uint16 * int(size)).from_address(int(address)))


def view_u32(address: np.uint64, size: int) -> NDArray[np.uint32]:
    """``size`` numbers of four bytes, likewise."""
    return np.ctypeslib.as_array((ctypes.c_uint32 * int(size)).from_address(int(address)))


def viewer(element: Any) -> Any:
    """A Numba intrinsic that takes an address as a pointer to elements of a type."""

    def typer(context: Any, address: Any, size: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(element).as_pointer())

        return cast(Any, types).CPointer(element)(types.uint64, size), generate

    return intrinsic(typer)


def compile_view_as(function: Any, element: Any) -> None:
    """Make compiled kernels take a pointer where Python calls ``function``."""
    view = viewer(element)
    overload(function)(lambda address, size: lambda address, size: view(address, size))


compile_view_as(view_u8, types.uint8)
compile_view_as(view_u16, types.uint16)
compile_view_as(view_u32, types.uint32)
