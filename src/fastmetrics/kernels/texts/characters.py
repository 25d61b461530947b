"""Texts to numbers of their characters, dense for each set of references.

A character is a code point. Its number is found in a table of slots that has pages of 256 code points; a page gets its
place when it is first needed, so that no table of all code points must be cleared.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.texts.code_points import read_code_point
from fastmetrics.kernels.texts.spaces import space_at

__all__ = ["PAGES", "number_characters", "slot_of"]

PAGES = 0x110000 >> 8
DIRECT = 0x800 >> 8  # the pages of characters of one or two bytes, whose slots are their code points
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
def read_wide(data: Any, at: Any, end: Any, pages: Any, slots: Any) -> Any:
    """The slot of the character at a place, whether it is white space, and how many bytes it has."""
    code, width = read_code_point(data, at)
    return slot_of(pages, slots, code), np.int64(space_at(data, at, end) > 0), width


@inlined
def number_texts(
    data: Any,
    offsets: Any,
    first: Any,
    last: Any,
    drop: Any,
    pages: Any,
    slots: Any,
    learnt: Any,
    ids: Any,
    id_offsets: Any,
) -> Any:
    """Number the characters of some references from 0 on; returns how many numbers there are.

    The slot of each character that has a number is noted in ``learnt``.
    """
    types, n = np.int64(0), id_offsets[first]
    for text in range(first, last):
        at, end = offsets[text], offsets[text + 1]
        while at < end:
            slot, space, width = np.int64(data[at]), np.int64(0), 1
            if slot < 0x80:
                space = np.int64(WHITE[slot])
            elif 0xC2 < slot < 0xE0:
                slot, width = (slot & 31) << 6 | np.int64(data[at + 1]) & 63, 2
            else:
                slot, space, width = read_wide(data, at, end, pages, slots)
            if (slots[slot] == 0) & (space & drop == 0):
                learnt[types] = slot
                types += 1
                slots[slot] = types
            ids[n] = slots[slot] - 1
            n += 1 - (space & drop)
            at += width
        id_offsets[text + 1] = n
    return types


@inlined
def look_up_texts(
    data: Any, offsets: Any, first: Any, last: Any, drop: Any, pages: Any, slots: Any, ids: Any, id_offsets: Any
) -> None:
    """Look up the numbers of the characters of some hypotheses: -1 where a character has none."""
    n = id_offsets[first]
    for text in range(first, last):
        at, end = offsets[text], offsets[text + 1]
        while at < end:
            slot, space, width = np.int64(data[at]), np.int64(0), 1
            if slot < 0x80:
                space = np.int64(WHITE[slot])
            elif 0xC2 < slot < 0xE0:
                slot, width = (slot & 31) << 6 | np.int64(data[at + 1]) & 63, 2
            else:
                slot, space, width = read_wide(data, at, end, pages, slots)
            ids[n] = slots[slot] - 1
            n += 1 - (space & drop)
            at += width
        id_offsets[text + 1] = n


@kernel("void(in_u8, in_i64, in_i64, in_u8, in_i64, in_i64, int64, out_i32, out_i64, out_i32, out_i64, out_i32)")
def number_characters(
    data: Any,
    offsets: Any,
    set_offsets: Any,
    hypothesis_data: Any,
    hypothesis_offsets: Any,
    row_offsets: Any,
    drop: Any,
    ids: Any,
    id_offsets: Any,
    hypothesis_ids: Any,
    hypothesis_id_offsets: Any,
    types: Any,
) -> None:
    """Number the characters of the references of each set from 0 on, and look up those of its hypotheses.

    The first three arrays are the texts of references, and which are of which set; the next three the hypotheses, and
    which rows are of which set. White space is left out where ``drop`` is 1, not where it is 0. Both arrays
    of ids have room for a character a byte, and one more. A character of a hypothesis that no reference of its set has
    gets -1.
    """
    pages, slots = np.full(PAGES + 1, -1, np.int32), np.empty(PAGES << 8, np.int32)
    pages[:DIRECT], pages[PAGES], slots[: DIRECT << 8] = np.arange(DIRECT), DIRECT, 0
    learnt = np.empty(len(data), np.int32)
    id_offsets[0] = hypothesis_id_offsets[0] = 0
    for of in range(len(set_offsets) - 1):
        first, last = set_offsets[of], set_offsets[of + 1]
        types[of] = number_texts(data, offsets, first, last, drop, pages, slots, learnt, ids, id_offsets)
        look_up_texts(
            *(hypothesis_data, hypothesis_offsets, row_offsets[of], row_offsets[of + 1]),
            *(drop, pages, slots, hypothesis_ids, hypothesis_id_offsets),
        )
        for i in range(types[of]):
            slots[learnt[i]] = 0
