"""Four words side by side as one value, which lives in a vector register: what one word can, four can at once.

The value has the operators of words, which work on each lane alone; its shifts are by one number of bits for all lanes.
In plain Python it is an array of four `numpy.uint64`.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model
from numpy.typing import NDArray

__all__ = ["LANES", "gather_back", "last_lane", "load_lanes", "move_up", "no_lanes", "store_lanes"]

LANES = 4
Words = NDArray[np.uint64]
WORD = ir.IntType(64)
VECTOR = ir.VectorType(WORD, LANES)


class Lanes(types.Type):
    """The type of four words in compiled code."""


@register_model(Lanes)
class LanesModel(models.PrimitiveModel):
    """Four words as a vector of LLVM."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)  # type: ignore[no-untyped-call]


LANES_TYPE = Lanes("Lanes")


def no_lanes() -> Words:
    """Four words that are 0."""
    return np.zeros(LANES, np.uint64)


def load_lanes(words: Words, at: Any) -> Words:
    """Four words of an array, from ``at`` on."""
    return words[at : at + LANES].copy()


def store_lanes(words: Words, at: Any, lanes: Words) -> None:
    """Put four words into an array, from ``at`` on."""
    words[at : at + LANES] = lanes


def last_lane(lanes: Words) -> Any:
    """The fourth word."""
    return lanes[-1]


def move_up(lanes: Words, word: Any) -> Words:
    """The first three words in the lanes behind their own, and ``word`` in the first."""
    return np.concatenate([np.array([word], np.uint64), lanes[:-1]])


def gather_back(words: Words, at: Any, rows: NDArray[np.int32], of: Any, step: Any) -> Words:
    """Word k of a row for each lane k; that of lane k starts at ``at + rows[of - step * k]``."""
    return np.array([words[at + int(rows[of - step * k]) + k] for k in range(LANES)], np.uint64)


def index(lane: int) -> Any:
    return ir.Constant(ir.IntType(32), lane)


def address(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """Where an element of an array is."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [at])


def spread(builder: Any, word: Any) -> Any:
    """A word in every lane."""
    vector = ir.Constant(VECTOR, ir.Undefined)
    for lane in range(LANES):
        vector = builder.insert_element(vector, word, index(lane))
    return vector


def compile_operator(function: Any, name: str) -> None:
    """Make an operator of words one of lanes."""

    def typer(context: Any, lanes: Any, others: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(*arguments)

        return LANES_TYPE(LANES_TYPE, LANES_TYPE), generate

    run: Any = intrinsic(typer)
    overload(function)(
        lambda lanes, others: (lambda lanes, others: run(lanes, others)) if isinstance(lanes, Lanes) else None
    )


def compile_shift(function: Any, name: str) -> None:
    """Make a shift of words one of lanes, all by one number of bits."""

    def typer(context: Any, lanes: Any, bits: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(arguments[0], spread(builder, arguments[1]))

        return LANES_TYPE(LANES_TYPE, types.uint64), generate

    run: Any = intrinsic(typer)
    overload(function)(
        lambda lanes, bits: (lambda lanes, bits: run(lanes, np.uint64(bits))) if isinstance(lanes, Lanes) else None
    )


compile_operator(operator.and_, "and_")
compile_operator(operator.or_, "or_")
compile_operator(operator.add, "add")
compile_operator(operator.xor, "xor")
compile_shift(operator.lshift, "shl")
compile_shift(operator.rshift, "lshr")


def inverting(context: Any, lanes: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.xor(arguments[0], ir.Constant(VECTOR, [ir.Constant(WORD, -1)] * LANES))

    return LANES_TYPE(LANES_TYPE), generate


def zeroing(context: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(VECTOR, None)

    return LANES_TYPE(), generate


def loading(context: Any, words: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = address(context, builder, signature.args[0], *arguments)
        return builder.load(builder.bitcast(pointer, VECTOR.as_pointer()), align=8, typ=VECTOR)

    return LANES_TYPE(words, types.int64), generate


def storing(context: Any, words: Any, at: Any, lanes: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = address(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], builder.bitcast(pointer, VECTOR.as_pointer()), align=8)
        return context.get_dummy_value()

    return types.void(words, types.int64, LANES_TYPE), generate


def taking_last(context: Any, lanes: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.extract_element(arguments[0], index(LANES - 1))

    return types.uint64(LANES_TYPE), generate


def moving_up(context: Any, lanes: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        entering = spread(builder, arguments[1])  # with the word in every lane what follows is one instruction
        order = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [index(LANES - 1 + lane) for lane in range(LANES)])
        return builder.shuffle_vector(entering, arguments[0], order)

    return LANES_TYPE(LANES_TYPE, types.uint64), generate


def gathering(context: Any, words: Any, at: Any, rows: Any, of: Any, step: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        table, at, rows, place, step = arguments
        found = ir.Constant(VECTOR, ir.Undefined)
        for lane in range(LANES):
            row = builder.sext(builder.load(address(context, builder, signature.args[2], rows, place)), WORD)
            word = builder.add(builder.add(at, row), ir.Constant(WORD, lane))
            word = builder.load(address(context, builder, signature.args[0], table, word))
            found, place = builder.insert_element(found, word, index(lane)), builder.sub(place, step)
        return found

    return LANES_TYPE(words, types.int64, rows, types.int64, types.int64), generate


invert: Any = intrinsic(inverting)
zero: Any = intrinsic(zeroing)
load: Any = intrinsic(loading)
store: Any = intrinsic(storing)
take_last: Any = intrinsic(taking_last)
move: Any = intrinsic(moving_up)
gather: Any = intrinsic(gathering)
overload(operator.invert)(lambda lanes: (lambda lanes: invert(lanes)) if isinstance(lanes, Lanes) else None)
overload(no_lanes)(lambda: lambda: zero())
overload(load_lanes)(lambda words, at: lambda words, at: load(words, at))
overload(store_lanes)(lambda words, at, lanes: lambda words, at, lanes: store(words, at, lanes))
overload(last_lane)(lambda lanes: lambda lanes: take_last(lanes))
overload(move_up)(lambda lanes, word: lambda lanes, word: move(lanes, word))
overload(gather_back)(
    lambda words, at, rows, of, step: lambda words, at, rows, of, step: gather(words, at, rows, of, step)
)
