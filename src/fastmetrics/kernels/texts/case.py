"""Small letters, as ``str.lower()`` makes them of single characters, 64 bytes at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.bits import lowest_bit
from fastmetrics.kernels.dialect import kernel
from fastmetrics.kernels.texts.byte_masks import bytes_between, copy_small
from fastmetrics.kernels.texts.code_points import read_code_point, write_code_point

__all__ = ["GROWTH", "lower_texts"]

GROWTH = 1.5  # two bytes of UTF-8 become three at most
BEYOND_ASCII, REST = np.uint8(0x80), np.uint8(0x7F)


@kernel("void(in_u8, in_i64, in_i32, out_u8, out_i64)")
def lower_texts(data: Any, offsets: Any, small: Any, out: Any, out_offsets: Any) -> None:
    """Write the texts with ``small[c]`` for each code point c, and where each begins and ends.

    Code points beyond ``small`` stay. ``out`` has room for `GROWTH` times the bytes of the texts. Reads, and writes, 64
    bytes behind the last.
    """
    source, target = np.uint64(data.ctypes.data), np.uint64(out.ctypes.data)
    place, beyond = 0, len(small)
    for text in range(len(offsets) - 1):
        out_offsets[text] = place
        at, end = offsets[text], offsets[text + 1]
        while at < end:
            copy_small(source + np.uint64(at), target + np.uint64(place))
            ascii_bytes = np.int64(lowest_bit(bytes_between(source + np.uint64(at), BEYOND_ASCII, REST)))
            size = min(ascii_bytes, end - at)
            at, place = at + size, place + size
            while at < end and data[at] >= BEYOND_ASCII:
                code, size = read_code_point(data, at)
                place = write_code_point(small[code] if code < beyond else code, out, place)
                at += size
    out_offsets[len(offsets) - 1] = place
