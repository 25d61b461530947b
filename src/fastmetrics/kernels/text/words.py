"""Runs of ASCII letters and digits, 64 bytes at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import load_u64
from fastmetrics.kernels.text.runs import write_runs

__all__ = ["split_words"]

ONE, SEVEN = np.uint64(1), np.uint64(7)
EVERY = np.uint64(0x0101010101010101)
HIGH = np.uint64(0x80) * EVERY  # the highest bit of each byte
REST = np.uint64(0x7F) * EVERY
CASE = np.uint64(0x20) * EVERY  # what small letters have and capitals have not
# Added to a byte below 128, its highest bit becomes 1 from this character on.
FROM_A, BEYOND_Z = np.uint64(0x80 - ord("a")) * EVERY, np.uint64(0x80 - ord("z") - 1) * EVERY
FROM_0, BEYOND_9 = np.uint64(0x80 - ord("0")) * EVERY, np.uint64(0x80 - ord("9") - 1) * EVERY
GATHER = np.uint64(0x0102040810204080)  # brings the lowest bits of eight bytes into the highest byte


@inlined
def words_of(eight: Any) -> Any:
    """Bit k is whether byte k of eight is a letter or a digit of ASCII."""
    exact = eight & REST
    small = exact | CASE
    letters = (small + FROM_A) & ~(small + BEYOND_Z)
    digits = (exact + FROM_0) & ~(exact + BEYOND_9)
    found = (letters | digits) & ~eight & HIGH
    return ((found >> SEVEN) * GATHER) >> np.uint64(56)


@inlined
def words_of_block(address: Any, left: Any) -> Any:
    """Bit k is whether byte k of 64 is a letter or a digit, 0 from the ``left`` bytes on; reads 64 bytes."""
    inside = np.uint64(0)
    for k in range(8):
        inside |= words_of(load_u64(address + np.uint64(8 * k))) << np.uint64(8 * k)
    if left < 64:
        inside &= (ONE << np.uint64(left)) - ONE
    return inside


@kernel("uint64(in_u8, in_i64, out_i32, out_i32, out_i64)")
def split_words(data: Any, offsets: Any, starts: Any, ends: Any, token_offsets: Any) -> Any:
    """The runs of ASCII letters and digits of each text; returns how many there are.

    ``starts`` and ``ends`` have room for as many tokens as half the bytes of each text, rounded up, and three more.
    """
    address, total = np.uint64(data.ctypes.data), offsets[-1]
    blocks = np.empty((total + 63) // 64, np.uint64)
    for block in range(len(blocks)):
        blocks[block] = words_of_block(address + np.uint64(64 * block), total - 64 * block)
    return write_runs(blocks, offsets, starts, ends, token_offsets)
