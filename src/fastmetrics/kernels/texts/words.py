"""Runs of ASCII letters and digits, 64 bytes at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.texts.byte_masks import bytes_between
from fastmetrics.kernels.texts.runs import write_runs

__all__ = ["split_words", "words_of_block"]

ONE = np.uint64(1)
CAPITAL, SMALL, DIGIT = (np.uint8(ord(first)) for first in "Aa0")
LETTERS, DIGITS = np.uint8(25), np.uint8(9)  # how many follow the first


@inlined
def words_of_block(address: Any, left: Any) -> Any:
    """Bit k is whether byte k of 64 is a letter or a digit, 0 from the ``left`` bytes on; reads 64 bytes."""
    letters = bytes_between(address, SMALL, LETTERS) | bytes_between(address, CAPITAL, LETTERS)
    inside = letters | bytes_between(address, DIGIT, DIGITS)
    if left < 64:
        inside &= (ONE << np.uint64(left)) - ONE
    return inside


@kernel("uint64(in_u8, in_i64, out_i32, out_i32, out_i64)")
def split_words(data: Any, offsets: Any, starts: Any, ends: Any, token_offsets: Any) -> Any:
    """The runs of ASCII letters and digits of each text; returns how many there are.

    ``starts`` and ``ends`` have room for as many tokens as half the bytes of each text, rounded up, and seven more.
    """
    address, total = np.uint64(data.ctypes.data), offsets[-1]
    blocks = np.empty((total + 63) // 64, np.uint64)
    for block in range(len(blocks)):
        blocks[block] = words_of_block(address + np.uint64(64 * block), total - 64 * block)
    return write_runs(blocks, offsets, starts, ends, token_offsets)
