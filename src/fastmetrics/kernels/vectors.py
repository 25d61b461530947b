"""Neighbouring cells at once, as one vector: Numba leaves it to LLVM to find vectors, which finds none here."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

__all__ = ["add_four_pairs", "add_two_counts", "add_two_pairs", "exceed_two", "keep_four", "keep_two"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def add_four_pairs(sums: Floats, at: Any, error: Any, a: float, b: float, c: float, d: float) -> None:
    """Add four numbers to the sums from ``at`` on, and what rounding loses of them (Knuth's TwoSum) to the errors from
    ``error`` on.
    """
    add_pairs(sums, at, error, np.array([a, b, c, d]))


def add_two_pairs(sums: Floats, at: Any, error: Any, a: float, b: float) -> None:
    """Add two numbers to the sums from ``at`` on, and what rounding loses of them to the errors from ``error`` on."""
    add_pairs(sums, at, error, np.array([a, b]))


def add_pairs(sums: Floats, at: Any, error: Any, x: Floats) -> None:
    old = sums[at : at + len(x)].copy()
    new = old + x
    part = new - old
    sums[at : at + len(x)] = new
    sums[error : error + len(x)] += (old - (new - part)) + (x - part)


def keep_four(best: Floats, at: Any, a: float, b: float, c: float, d: float) -> None:
    """Keep the larger of each of four numbers and the ones from ``at`` on, of which NaN is "not yet"."""
    was, x = best[at : at + 4].copy(), np.array([a, b, c, d])
    best[at : at + 4] = np.where(was >= x, was, x)


def keep_two(best: Floats, at: Any, a: float, b: float) -> None:
    """Keep the larger of each of two numbers and the ones from ``at`` on, of which NaN is "not yet"."""
    was, x = best[at : at + 2].copy(), np.array([a, b])
    best[at : at + 2] = np.where(was >= x, was, x)


def exceed_two(best: Floats, at: Any, a: float, b: float) -> bool:
    """Whether either of two numbers is larger than the one from ``at`` on, of which NaN is "not yet"."""
    return bool((~(best[at : at + 2] >= np.array([a, b]))).any())


def add_two_counts(counts: Integers, at: Any, a: int, b: int) -> None:
    """Add two integers to the counts from ``at`` on."""
    counts[at : at + 2] += np.array([a, b])


def place(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """The address of an element of an array."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [at])


def loaded(builder: Any, pointer: Any, kind: Any) -> Any:
    return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=8, typ=kind)


def store(builder: Any, vector: Any, pointer: Any) -> None:
    builder.store(vector, builder.bitcast(pointer, vector.type.as_pointer()), align=8)


def vector_of(builder: Any, numbers: Any) -> Any:
    vector = ir.Constant(ir.VectorType(numbers[0].type, len(numbers)), ir.Undefined)
    for lane, number in enumerate(numbers):
        vector = builder.insert_element(vector, number, ir.Constant(ir.IntType(32), lane))
    return vector


def adding(context: Any, sums: Any, width: int) -> Any:
    """What adds so many pairs."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sums, at, error, *numbers = arguments
        at_sums, at_errors = (place(context, builder, signature.args[0], sums, spot) for spot in (at, error))
        x = vector_of(builder, numbers)
        old, lost = loaded(builder, at_sums, x.type), loaded(builder, at_errors, x.type)
        new = builder.fadd(old, x)
        part = builder.fsub(new, old)
        rest = builder.fadd(builder.fsub(old, builder.fsub(new, part)), builder.fsub(x, part))
        store(builder, new, at_sums)
        store(builder, builder.fadd(lost, rest), at_errors)
        return context.get_dummy_value()

    return types.void(sums, types.int64, types.int64, *[types.float64] * width), generate


def keeping(context: Any, best: Any, width: int) -> Any:
    """What keeps the larger of so many numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        best, at, *numbers = arguments
        spot = place(context, builder, signature.args[0], best, at)
        x = vector_of(builder, numbers)
        was = loaded(builder, spot, x.type)
        store(builder, builder.select(builder.fcmp_ordered(">=", was, x), was, x), spot)
        return context.get_dummy_value()

    return types.void(best, types.int64, *[types.float64] * width), generate


def exceeding(context: Any, best: Any, at: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        best, at, *numbers = arguments
        spot = place(context, builder, signature.args[0], best, at)
        x = vector_of(builder, numbers)
        larger = builder.fcmp_unordered("<", loaded(builder, spot, x.type), x)
        bits = builder.bitcast(larger, ir.IntType(len(numbers)))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(best, types.int64, types.float64, types.float64), generate


def counting(context: Any, counts: Any, at: Any, a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        counts, at, *numbers = arguments
        spot = place(context, builder, signature.args[0], counts, at)
        x = vector_of(builder, numbers)
        store(builder, builder.add(loaded(builder, spot, x.type), x), spot)
        return context.get_dummy_value()

    return types.void(counts, types.int64, types.int64, types.int64), generate


add_two: Any = intrinsic(lambda context, sums, at, error, a, b: adding(context, sums, 2))
add_four: Any = intrinsic(lambda context, sums, at, error, a, b, c, d: adding(context, sums, 4))
keep_of_two: Any = intrinsic(lambda context, best, at, a, b: keeping(context, best, 2))
keep_of_four: Any = intrinsic(lambda context, best, at, a, b, c, d: keeping(context, best, 4))
exceed: Any = intrinsic(exceeding)
count_two: Any = intrinsic(counting)

# What compiled kernels call where Python calls the functions above.
overload(add_four_pairs)(
    lambda sums, at, error, a, b, c, d: lambda sums, at, error, a, b, c, d: add_four(sums, at, error, a, b, c, d)
)
overload(add_two_pairs)(lambda sums, at, error, a, b: lambda sums, at, error, a, b: add_two(sums, at, error, a, b))
overload(keep_four)(lambda best, at, a, b, c, d: lambda best, at, a, b, c, d: keep_of_four(best, at, a, b, c, d))
overload(keep_two)(lambda best, at, a, b: lambda best, at, a, b: keep_of_two(best, at, a, b))
overload(exceed_two)(lambda best, at, a, b: lambda best, at, a, b: exceed(best, at, a, b))
overload(add_two_counts)(lambda counts, at, a, b: lambda counts, at, a, b: count_two(counts, at, a, b))
