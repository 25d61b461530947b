"""Texts to numbers of their characters, equal in a whole chunk exactly where the characters are.

A character of ASCII is its own number, so that most text is copied eight characters at a time; others are numbered as
they come.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import load_u64
from fastmetrics.kernels.texts.characters import slot_of
from fastmetrics.kernels.texts.code_points import read_code_point
from fastmetrics.kernels.texts.spaces import space_at

__all__ = ["ASCII", "number_symbols"]

ASCII = 0x80
HIGH = np.uint64(0x8080808080808080)
EIGHT = np.uint64(8)


@inlined
def strip(data: Any, at: Any, end: Any) -> Any:
    """Where a text begins and ends without the white space at both ends."""
    while at < end and space_at(data, at, end):
        at += space_at(data, at, end)
    while at < end:
        last = end - 1
        while data[last] & 0xC0 == 0x80:
            last -= 1
        if not space_at(data, last, end):
            break
        end = last
    return at, end


@kernel("int64(in_u8, in_i64, int64, out_i32, out_i32, int64, out_i32, out_i64)")
def number_symbols(
    data: Any, offsets: Any, stripped: Any, pages: Any, slots: Any, numbers: Any, ids: Any, id_offsets: Any
) -> Any:
    """Number the characters of each text; returns how many numbers there are then, of ``numbers`` before.

    ``pages`` and ``slots`` are the table of `characters.slot_of`. White space at both ends of a text is left out where
    texts are ``stripped``. There is room for an id a byte.
    """
    base, n = np.uint64(data.ctypes.data), np.uint64(0)
    for text in range(len(offsets) - 1):
        id_offsets[text] = n
        begin, end = offsets[text], offsets[text + 1]
        if stripped:
            begin, end = strip(data, begin, end)
        at, last = np.uint64(begin), np.uint64(end)
        while at < last:
            if at + EIGHT <= last and load_u64(base + at) & HIGH == 0:
                for k in range(EIGHT):
                    ids[n + k] = data[at + k]
                at, n = at + EIGHT, n + EIGHT
                continue
            code, width = read_code_point(data, np.int64(at))
            if code >= ASCII:
                slot = slot_of(pages, slots, code)
                if slots[slot] == 0:
                    slots[slot] = numbers
                    numbers += 1
                code = slots[slot]
            ids[n] = code
            at, n = at + np.uint64(width), n + np.uint64(1)
    id_offsets[len(offsets) - 1] = n
    return numbers
