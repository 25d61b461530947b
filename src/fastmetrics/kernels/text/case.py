"""Small letters, as ``str.lower()`` makes them of single characters."""

from __future__ import annotations

from typing import Any

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.text.code_points import read_code_point, write_code_point

__all__ = ["GROWTH", "lower_texts"]

GROWTH = 1.5  # two bytes of UTF-8 become three at most
BLOCK = 32


@inlined
def lowered_block(data: Any, at: Any, out: Any, place: Any) -> Any:
    """Write 32 bytes in small letters where all are ASCII; returns whether they are."""
    high = 0
    for k in range(BLOCK):
        high |= data[at + k]
    if high >= 0x80:
        return False
    for k in range(BLOCK):
        byte = data[at + k]
        out[place + k] = byte + 32 if 65 <= byte <= 90 else byte
    return True


@kernel("void(in_u8, in_i64, in_i32, out_u8, out_i64)")
def lower_texts(data: Any, offsets: Any, small: Any, out: Any, out_offsets: Any) -> None:
    """Write the texts with ``small[c]`` for each code point c, and where each begins and ends.

    Code points beyond ``small`` stay. ``out`` has room for `GROWTH` times the bytes of the texts.
    """
    place, beyond = 0, len(small)
    for text in range(len(offsets) - 1):
        out_offsets[text] = place
        at, end = offsets[text], offsets[text + 1]
        while at < end:
            if at + BLOCK <= end and lowered_block(data, at, out, place):
                at += BLOCK
                place += BLOCK
                continue
            stop = min(at + BLOCK, end)
            while at < stop:
                code, size = read_code_point(data, at)
                place = write_code_point(small[code] if code < beyond else code, out, place)
                at += size
    out_offsets[len(offsets) - 1] = place
