"""A search for pairs of neighbouring bytes, 64 places at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.bits import lowest_bit
from fastmetrics.kernels.dialect import kernel
from fastmetrics.kernels.texts.byte_masks import bytes_between

__all__ = ["find_pairs"]

ZERO, ONE = np.uint64(0), np.uint64(1)
ALONE = np.uint8(0)


@kernel("void(in_u8, in_i64, in_u8, in_u8, out_u8)")
def find_pairs(data: Any, offsets: Any, firsts: Any, seconds: Any, found: Any) -> None:
    """Mark texts that hold one of some pairs of bytes, or its first byte with the second behind their end.

    ``firsts`` and ``seconds`` are the bytes of the pairs. Reads 64 bytes behind the last text.
    """
    address, text, end = np.uint64(data.ctypes.data), 0, offsets[-1]
    found[:] = 0
    for at in range(0, end, 64):
        here, places = address + np.uint64(at), ZERO
        for pair in range(np.uint64(len(firsts))):
            follows = bytes_between(here + ONE, seconds[pair], ALONE)
            places |= bytes_between(here, firsts[pair], ALONE) & follows
        while places:
            place = at + np.int64(lowest_bit(places))
            if place >= end:
                break
            while offsets[text + 1] <= place:
                text += 1
            found[text] = 1
            places &= places - ONE
