"""Tokens from the bits of bytes that are part of one, 64 bytes at a time.

All texts are one row of bits with a mark where a text begins, so that short texts share blocks of 64 bytes. The bits
are made before any place is read from them: a loop of unknown length that waits for its bits costs more than the way
through memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.bits import bit_count, lowest_bit
from fastmetrics.kernels.dialect import inlined

__all__ = ["write_places", "write_runs"]

ONE, EIGHT, SIXTY_THREE = np.uint64(1), np.uint64(8), np.uint64(63)


@inlined
def write_places(bits: Any, base: Any, places: Any, count: Any) -> Any:
    """Append the places of the bits of a word, counted from ``base`` on, to ``count`` places; returns the new count.

    Eight are written at a time, as how many there are is hard to predict; up to seven behind the last mean nothing.
    """
    at = count
    count += bit_count(bits)
    while bits:
        for k in range(8):
            places[at + np.uint64(k)] = base + np.int32(lowest_bit(bits))
            bits &= bits - ONE
        at += EIGHT
    return count


@inlined
def mark_texts(offsets: Any, text: Any, at: Any) -> Any:
    """The marks of the texts from ``text`` on that begin in the 64 bytes from ``at`` on, and the text behind them."""
    marks = np.uint64(0)
    while text < len(offsets) and offsets[text] < at + 64:
        marks |= ONE << np.uint64(offsets[text] - at)
        text += 1
    return marks, text


@inlined
def write_runs(blocks: Any, offsets: Any, starts: Any, ends: Any, token_offsets: Any) -> Any:
    """Write where the runs of ones of texts start and end, and how many are before each; returns how many there are.

    Bit k of a block is byte k of 64; behind the last text there are zeros. ``starts`` and ``ends`` have room for seven
    more than there are runs.
    """
    text = 0
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
        ends[closed] = offsets[-1]
    token_offsets[text:] = opened
    return opened
