"""Sixty-four bytes at once, as one vector: which of them lie in a range, as the bits of a word."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from fastmetrics.kernels.memory import load_u8

__all__ = ["bytes_between"]

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
