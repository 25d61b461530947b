"""Texts to numbers of their characters, dense for each set of references.

A character is a code point. Its number is found in a table of slots that has pages of 256 code points; a page gets its
place when it is first needed, so that no table of all code points must be cleared.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.text.code_points import read_code_point
from fastmetrics.kernels.text.spaces import space_at

__all__ = ["DROPPED", "KEPT", "STRIPPED", "number_characters"]

KEPT, STRIPPED, DROPPED = 0, 1, 2  # what becomes of white space; stripped is as str.strip() leaves it
PAGES = 0x110000 >> 8
WHITE = np.array([chr(code).isspace() for code in range(0x80)], np.uint8)


@inlined
def slot_of(pages: Any, slots: Any, code: Any) -> Any:
    """The slot of a character; ``pages`` ends with how many have a place."""
    page = pages[code >> 8]
    if page < 0:
        page = pages[PAGES]
        pages[PAGES] += 1
        pages[code >> 8] = page
        slots[page << 8 : (page + 1) << 8] = 0
    return page << 8 | code & 255


@inlined
def number_text(
    data: Any, at: Any, end: Any, spaces: Any, pages: Any, slots: Any, learnt: Any, ids: Any, n: Any, types: Any
) -> Any:
    """Number the characters of a text from ``ids[n]`` on; returns where they end, and how many numbers there are.

    A character without a number gets the next one, and its slot is noted in ``learnt``; if that has no room it gets -1.
    """
    begin, stripped = n, n
    while at < end:
        byte = data[at]
        if byte < 0x80:
            slot, space, width = np.int64(byte), np.int64(WHITE[byte]), 1
        else:
            space = np.int64(space_at(data, at, end) > 0)
            code, width = read_code_point(data, at)
            slot = slot_of(pages, slots, code)
        dropped = space & np.int64(spaces == DROPPED or (spaces == STRIPPED and n == begin))
        if slots[slot] == 0 and len(learnt) and not dropped:
            learnt[types] = slot
            types += 1
            slots[slot] = types
        ids[n] = slots[slot] - 1
        n += 1 - dropped
        stripped = stripped if space else n
        at += width
    return (stripped if spaces == STRIPPED else n), types


@kernel("void(in_u8, in_i64, in_i64, in_u8, in_i64, in_i64, int64, out_i32, out_i64, out_i32, out_i64, out_i32)")
def number_characters(
    data: Any,
    offsets: Any,
    set_offsets: Any,
    hypothesis_data: Any,
    hypothesis_offsets: Any,
    row_offsets: Any,
    spaces: Any,
    ids: Any,
    id_offsets: Any,
    hypothesis_ids: Any,
    hypothesis_id_offsets: Any,
    types: Any,
) -> None:
    """Number the characters of the references of each set from 0 on, and look up those of its hypotheses.

    The first three arrays are the texts of references, and which are of which set; the next three the hypotheses, and
    which rows are of which set. ``spaces`` is one of `KEPT`, `STRIPPED` and `DROPPED`. Both arrays of ids have room
    for a character a byte, and one more. A character of a hypothesis that no reference of its set has gets -1.
    White space that was stripped at an end may have a number that no character has.
    """
    pages, slots = np.full(PAGES + 1, -1, np.int32), np.empty(PAGES << 8, np.int32)
    pages[0], pages[PAGES], slots[:256] = 0, 1, 0
    learnt, nothing = np.empty(len(data), np.int32), np.empty(0, np.int32)
    n, m = 0, 0
    id_offsets[0] = hypothesis_id_offsets[0] = 0
    for of in range(len(set_offsets) - 1):
        distinct = 0
        for i in range(set_offsets[of], set_offsets[of + 1]):
            n, distinct = number_text(data, offsets[i], offsets[i + 1], spaces, pages, slots, learnt, ids, n, distinct)
            id_offsets[i + 1] = n
        types[of] = distinct
        for i in range(row_offsets[of], row_offsets[of + 1]):
            at, end = hypothesis_offsets[i], hypothesis_offsets[i + 1]
            m, _ = number_text(hypothesis_data, at, end, spaces, pages, slots, nothing, hypothesis_ids, m, distinct)
            hypothesis_id_offsets[i + 1] = m
        for i in range(types[of]):
            slots[learnt[i]] = 0
