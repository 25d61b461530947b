"""Words as jiwer has them: one white space separates two only if it is a space, and more than one always do.

White space is looked for in 64 bytes at a time. What is no space stands alone or beside other white space; that is
told of each, as there is little of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.bits import lowest_bit
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.texts.byte_masks import bytes_between
from fastmetrics.kernels.texts.runs import write_runs
from fastmetrics.kernels.texts.spaces import space_at

__all__ = ["split_spaced_words"]

ONE, SIX, ALL = np.uint64(1), np.uint64(6), np.uint64(0xFFFFFFFFFFFFFFFF)
PLACE = np.uint64(63)  # of a bit in a block
# Ranges of bytes, as the lowest and how many follow.
CONTROLS, SEPARATORS, SPACE = (np.uint8(9), np.uint8(4)), (np.uint8(28), np.uint8(3)), (np.uint8(32), np.uint8(0))
WIDE = (np.uint8(0xC2), np.uint8(0)), (np.uint8(0xE1), np.uint8(2))  # what white space beyond ASCII begins with


@inlined
def find_spaces(address: Any, left: Any) -> Any:
    """Of 64 bytes, which are white space of ASCII, which of them no space, and which may begin white space beyond it.

    There is none from the ``left`` bytes on. Reads 64 bytes.
    """
    inside = ALL if left >= 64 else (ONE << np.uint64(left)) - ONE
    other = bytes_between(address, *CONTROLS) | bytes_between(address, *SEPARATORS)
    begin = bytes_between(address, *WIDE[0]) | bytes_between(address, *WIDE[1])
    return (other | bytes_between(address, *SPACE)) & inside, other & inside, begin & inside


@inlined
def is_set(blocks: Any, at: Any) -> Any:
    """Whether a byte has a one."""
    return blocks[np.uint64(at) >> SIX] >> (np.uint64(at) & PLACE) & ONE


@inlined
def flip(blocks: Any, at: Any, end: Any) -> None:
    """Turn the bits of some bytes."""
    for k in range(at, end):
        blocks[np.uint64(k) >> SIX] ^= ONE << (np.uint64(k) & PLACE)


@inlined
def add_wide_spaces(data: Any, begin: Any, block: Any, words: Any, others: Any) -> None:
    """Take white space beyond ASCII that begins in a block out of words."""
    while begin:
        at = np.int64(64 * block) + np.int64(lowest_bit(begin))
        size = space_at(data, at, at + 3)
        if size:
            flip(words, at, at + size)
            flip(others, at, at + 1)
        begin &= begin - ONE


@inlined
def join_words(data: Any, offsets: Any, words: Any, others: Any) -> None:
    """Make white space that is no space and stands alone between two others part of a word."""
    text = 0
    for block in range(len(others)):
        left = others[block]
        while left:
            at = np.int64(64 * block) + np.int64(lowest_bit(left))
            while offsets[text + 1] <= at:
                text += 1
            end = at + (1 if data[at] < 0x80 else space_at(data, at, at + 3))
            if offsets[text] < at and end < offsets[text + 1] and is_set(words, at - 1) and is_set(words, end):
                flip(words, at, end)
            left &= left - ONE


@kernel("uint64(in_u8, in_i64, out_i32, out_i32, out_i64)")
def split_spaced_words(data: Any, offsets: Any, starts: Any, ends: Any, token_offsets: Any) -> Any:
    """The words of each text; returns how many there are.

    ``starts`` and ``ends`` have room for as many words as half the bytes of each text, rounded up, and seven more.
    White space at both ends of a text is no part of a word, one that is no space between two others is.
    """
    address, total = np.uint64(data.ctypes.data), offsets[-1]
    words, others = np.empty((total + 63) // 64, np.uint64), np.empty((total + 63) // 64, np.uint64)
    begins = np.empty(len(words), np.uint64)
    for block in range(len(words)):
        left = total - 64 * block
        white, others[block], begins[block] = find_spaces(address + np.uint64(64 * block), left)
        words[block] = ~white if left >= 64 else ~white & ((ONE << np.uint64(left)) - ONE)
    for block in range(len(words)):
        add_wide_spaces(data, begins[block], block, words, others)
    join_words(data, offsets, words, others)
    return write_runs(words, offsets, starts, ends, token_offsets)
