"""Runs of ASCII letters and digits, 64 bytes at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.bits import bit_count, lowest_bit
from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import load_u64

__all__ = ["split_words"]

ONE, FOUR, SEVEN, SIXTY_THREE = np.uint64(1), np.uint64(4), np.uint64(7), np.uint64(63)
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


@inlined
def write_places(bits: Any, base: Any, places: Any, count: Any) -> Any:
    """Append the places of the bits of a word, counted from ``base`` on, to ``count`` places; returns the new count.

    Four are written at a time, as how many there are is hard to predict; up to three behind the last mean nothing.
    """
    at = count
    count += bit_count(bits)
    while bits:
        for k in range(4):
            places[at + np.uint64(k)] = base + np.int32(lowest_bit(bits))
            bits &= bits - ONE
        at += FOUR
    return count


@inlined
def mark_texts(offsets: Any, text: Any, at: Any) -> Any:
    """The marks of the texts from ``text`` on that begin in the 64 bytes from ``at`` on, and the text behind them."""
    marks = np.uint64(0)
    while text < len(offsets) and offsets[text] < at + 64:
        marks |= ONE << np.uint64(offsets[text] - at)
        text += 1
    return marks, text


@kernel("uint64(in_u8, in_i64, out_i32, out_i32, out_i64)")
def split_words(data: Any, offsets: Any, starts: Any, ends: Any, token_offsets: Any) -> Any:
    """The runs of ASCII letters and digits of each text; returns how many there are.

    All texts are one row of bits with a mark where a text begins, so that short texts share blocks of 64 bytes. The
    bits are made before any place is read from them: a loop of unknown length that waits for its bits costs more than
    the way through memory. ``starts`` and ``ends`` have room for as many tokens as half the bytes of each text, rounded
    up, and three more.
    """
    address, total, text = np.uint64(data.ctypes.data), offsets[-1], 0
    blocks = np.empty((total + 63) // 64, np.uint64)
    for block in range(len(blocks)):
        blocks[block] = words_of_block(address + np.uint64(64 * block), total - 64 * block)
    opened, closed, last = np.uint64(0), np.uint64(0), np.uint64(0)
    for block in range(len(blocks)):
        at, inside, first = 64 * block, blocks[block], text
        before = inside << ONE | last
        marks, text = mark_texts(offsets, text, at)
        begin, end = inside & (~before | marks), before & (~inside | marks)
        for of in range(first, text):
            below = (ONE << np.uint64(offsets[of] - at)) - ONE
            token_offsets[of] = opened + bit_count(begin & below)
        opened = write_places(begin, np.int32(at), starts, opened)
        closed = write_places(end, np.int32(at), ends, closed)
        last = inside >> SIXTY_THREE
    if closed < opened:
        ends[closed] = total
    token_offsets[text:] = opened
    return opened
