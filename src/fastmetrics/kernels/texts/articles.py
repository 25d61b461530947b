"""Answers without punctuation and articles, 64 bytes at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.bits import low_bits, lowest_bit
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.texts.byte_masks import bytes_between, copy_bytes
from fastmetrics.kernels.texts.code_points import read_code_point

__all__ = ["blank_articles", "drop_punctuation"]

ZERO, ONE, TWO, THREE = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
ALONE, DIGITS, LETTERS = np.uint8(0), np.uint8(9), np.uint8(25)
DIGIT, LETTER = np.uint8(ord("0")), np.uint8(ord("a"))
A, E, H, N, T = (np.uint8(ord(letter)) for letter in "aehnt")
SPACE = np.uint8(ord(" "))
BLOCK = 64
STEP = BLOCK - 3  # places of a block that have the three bytes behind them in it


@inlined
def punctuation_at(address: Any) -> Any:
    """Which of 64 bytes are punctuation of ASCII."""
    return (
        bytes_between(address, np.uint8(0x21), np.uint8(0x2F - 0x21))
        | bytes_between(address, np.uint8(0x3A), np.uint8(0x40 - 0x3A))
        | bytes_between(address, np.uint8(0x5B), np.uint8(0x60 - 0x5B))
        | bytes_between(address, np.uint8(0x7B), np.uint8(0x7E - 0x7B))
    )


@kernel("void(in_u8, in_i64, out_u8, out_i64)")
def drop_punctuation(data: Any, offsets: Any, out: Any, out_offsets: Any) -> None:
    """Write texts without the punctuation of ASCII. Reads, and writes, 64 bytes behind the last."""
    address, goal, place = np.uint64(data.ctypes.data), np.uint64(out.ctypes.data), 0
    for text in range(len(offsets) - 1):
        out_offsets[text] = place
        at, end = offsets[text], offsets[text + 1]
        while at < end:
            stop = min(at + BLOCK, end)
            dropped, start = punctuation_at(address + np.uint64(at)) & low_bits(stop - at), at
            while dropped:
                mark = at + np.int64(lowest_bit(dropped))
                copy_bytes(address + np.uint64(start), goal + np.uint64(place))
                place, start, dropped = place + mark - start, mark + 1, dropped & (dropped - ONE)
            copy_bytes(address + np.uint64(start), goal + np.uint64(place))
            place, at = place + stop - start, stop
    out_offsets[len(offsets) - 1] = place


@inlined
def articles_at(address: Any, size: Any, behind: Any) -> Any:
    """Where of 64 bytes "a", "an" and "the" begin between bytes that are no letter and no digit of ASCII.

    Only the first ``size`` bytes are of the text; ``behind`` is 1 where a letter or a digit is before them.
    """
    inside = low_bits(size)
    a, n = bytes_between(address, A, ALONE), bytes_between(address, N, ALONE) & inside
    t, h = bytes_between(address, T, ALONE), bytes_between(address, H, ALONE)
    e = bytes_between(address, E, ALONE) & inside
    words = (bytes_between(address, DIGIT, DIGITS) | bytes_between(address, LETTER, LETTERS)) & inside
    begins = ~((words << ONE) | behind) & inside
    gap = ~words
    found = (a & (gap >> ONE)) | (a & (n >> ONE) & (gap >> TWO)) | (t & (h >> ONE) & (e >> TWO) & (gap >> THREE))
    return found & begins


@inlined
def is_word_character(data: Any, at: Any, letters: Any) -> Any:
    """Whether the character at ``at`` is one that words are made of."""
    code, _ = read_code_point(data, at)
    return code < len(letters) and letters[code] == 1


@inlined
def joined_before(data: Any, begin: Any, at: Any, letters: Any) -> Any:
    """Whether a word is continued at ``at`` by a character before it."""
    if at == begin:
        return False
    at -= 1
    while data[at] & 0xC0 == 0x80:
        at -= 1
    return is_word_character(data, at, letters)


@kernel("void(in_i64, in_u8, out_u8)")
def blank_articles(offsets: Any, letters: Any, data: Any) -> None:
    """Write spaces over the words "a", "an" and "the" of texts in small letters. Reads 64 bytes behind the last.

    ``letters`` has a 1 for the code points that words are made of.
    """
    address = np.uint64(data.ctypes.data)
    for text in range(len(offsets) - 1):
        begin, end, behind = offsets[text], offsets[text + 1], ZERO
        for at in range(begin, end, STEP):
            found = articles_at(address + np.uint64(at), end - at, behind) & low_bits(STEP)
            behind = np.uint64(
                at + STEP < end and data[at + STEP - 1] < 0x80 and is_word_character(data, at + STEP - 1, letters)
            )
            while found:
                place = at + np.int64(lowest_bit(found))
                found &= found - ONE
                size = 3 if data[place] == T else 2 if place + 1 < end and data[place + 1] == N else 1
                joined = place + size < end and is_word_character(data, place + size, letters)
                if not joined and not joined_before(data, begin, place, letters):
                    for k in range(size):
                        data[place + k] = SPACE
