"""Codes of string labels: a dict of Python strings, or for long arrays of fixed width a hash of their bytes."""

from __future__ import annotations

import numpy as np

from fastmetrics.arrays.blocks import BLOCK, blocks
from fastmetrics.arrays.inputs import Array
from fastmetrics.errors import DataError, listed

__all__ = ["text_codes"]

GOLDEN = 0x9E3779B97F4A7C15
PLACE_BITS = 20


def text_codes(vector: Array, name: str) -> tuple[Array, Array]:
    """The distinct strings in order, and for each row the position of its own; an error where one is no string."""
    if vector.dtype.kind == "U" and len(vector) > BLOCK and (found := _by_hash(vector)):
        return found
    values = vector.tolist()
    if not isinstance(values[0], str):
        what = type(values[0]).__name__
        if isinstance(values[0], bytes):
            raise TypeError(f"{name} holds {what} labels; decode them to strings")
        raise DataError(f"{name} is an object array whose first label is a {what}; give it a dtype, and drop nulls")
    distinct = dict.fromkeys(values)
    others = sorted({type(label).__name__ for label in distinct if not isinstance(label, str)})
    if others:
        raise TypeError(f"{name} mixes strings with {listed(others)}; expected labels of one type, without nulls")
    index = {label: code for code, label in enumerate(sorted(distinct))}
    return np.array(list(index)), np.fromiter(map(index.__getitem__, values), np.intp, len(values))


def _by_hash(vector: Array) -> tuple[Array, Array] | None:
    """As `text_codes`, 10 times as fast; None where two strings fall on one place of the table, or it is no use."""
    words = _words(vector)
    if words is None:
        return None
    places = np.empty(len(vector), np.uint32)
    for at in blocks(len(vector)):
        places[at] = _places(words[at])
    table = np.zeros(1 << PLACE_BITS, np.intp)
    table[places] = np.arange(len(vector))
    seen = np.zeros(1 << PLACE_BITS, bool)
    seen[places] = True
    occupied = np.flatnonzero(seen)
    rows = table[occupied]
    order = np.argsort(vector[rows])
    table[occupied[order]] = np.arange(len(order))
    codes: Array = table[places]
    own = words[rows[order]]
    if not all(_same(own, codes[at], words[at]) for at in blocks(len(vector))):
        return None
    return np.array(vector[rows[order]].tolist()), codes


def _words(vector: Array) -> Array | None:
    """The bytes of each string as numbers, a row each."""
    width = vector.dtype.itemsize // 4
    if not (width and vector.dtype.isnative and vector.flags.c_contiguous):
        return None
    return vector.view(np.uint32 if width % 2 else np.uint64).reshape(len(vector), -1)


def _places(words: Array) -> Array:
    """The upper bits of a hash of each row."""
    mixed = np.zeros(len(words), np.uint64)
    for j in range(words.shape[1]):
        mixed += words[:, j] * np.uint64(GOLDEN * (2 * j + 1) % 2**64)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(GOLDEN)
    return mixed >> np.uint64(64 - PLACE_BITS)


def _same(own: Array, codes: Array, words: Array) -> bool:
    """Whether each row is to the bit the string that its code stands for."""
    return all(bool((own[:, j].take(codes) == words[:, j]).all()) for j in range(words.shape[1]))
