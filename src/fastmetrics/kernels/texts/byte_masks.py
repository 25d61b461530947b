"""Sixty-four bytes at once, as one vector: which of them lie in a range, as the bits of a word, and copies."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from fastmetrics.kernels.memory import load_u8

__all__ = ["bytes_between", "copy_bytes", "copy_small"]

WIDTH = 64


def bytes_between(address: Any, low: Any, span: Any) -> Any:
    """Bit k is whether the byte at ``address + k`` is one from ``low`` to ``low + span``; reads 64 bytes."""
    bits = 0
    for k in range(WIDTH):
        bits |= (low <= load_u8(address + np.uint64(k)) <= low + span) << k
    return np.uint64(bits)


def splat(builder: Any, byte: Any, vector: Any) -> Any:
    """A vector that has a byte everywhere."""
    nothing = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(nothing, byte, ir.IntType(32)(0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), None))


def comparing(context: Any, address: Any, low: Any, span: Any) -> Any:
    vector = ir.VectorType(ir.IntType(8), WIDTH)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, low, span = arguments
        loaded = builder.load(builder.inttoptr(address, vector.as_pointer()), align=1, typ=vector)
        above = builder.sub(loaded, splat(builder, low, vector))
        inside = builder.icmp_unsigned("<=", above, splat(builder, span, vector))
        return builder.bitcast(inside, ir.IntType(WIDTH))

    return types.uint64(types.uint64, types.uint8, types.uint8), generate


compare: Any = intrinsic(comparing)
overload(bytes_between)(lambda address, low, span: lambda address, low, span: compare(address, low, span))


def copy_bytes(source: Any, target: Any) -> None:
    """Copy the 64 bytes from the address ``source`` on to the address ``target``."""
    ctypes.memmove(int(target), int(source), WIDTH)


def copy_small(source: Any, target: Any) -> None:
    """Copy 64 bytes with small letters for the capitals of ASCII."""
    ctypes.memmove(int(target), ctypes.string_at(int(source), WIDTH).lower(), WIDTH)


def copier(change: Any) -> Any:
    """A Numba intrinsic that stores 64 bytes elsewhere once ``change`` has made others of them."""
    vector = ir.VectorType(ir.IntType(8), WIDTH)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source, target = (builder.inttoptr(address, vector.as_pointer()) for address in arguments)
        builder.store(change(builder, builder.load(source, align=1, typ=vector), vector), target, align=1)
        return context.get_dummy_value()

    return intrinsic(lambda context, source, target: (types.void(types.uint64, types.uint64), generate))


def small(builder: Any, loaded: Any, vector: Any) -> Any:
    """Small letters for the capitals of ASCII."""
    first, last, case = (splat(builder, ir.IntType(8)(ord(letter)), vector) for letter in "AZ ")
    capital = builder.icmp_unsigned("<=", builder.sub(loaded, first), builder.sub(last, first))
    return builder.select(capital, builder.add(loaded, case), loaded)


def compile_copy(function: Any, change: Any) -> None:
    """Make compiled kernels copy with vectors where Python calls ``function``."""
    copied = copier(change)
    overload(function)(lambda source, target: lambda source, target: copied(source, target))


compile_copy(copy_bytes, lambda builder, loaded, vector: loaded)
compile_copy(copy_small, small)
