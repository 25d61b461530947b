"""The ids of rows, composed from the codes of their keys a block at a time, inside the kernels that add to cells.

An id is the sum of ``place * code`` over its fields: the keys of a group, the window among them, the inner keys and the
state of a row. A kernel composes the ids of 1,024 rows and adds those rows to their cells before it goes on, so
that ids never leave the first cache.

A field is a row of a table: where its codes lie, how many bytes each has, its place, and what is added to each code.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import view_u8, view_u16, view_u32

__all__ = ["BLOCK", "GREATEST", "LEAST", "NARROW", "compose", "spread_of", "write_ids"]

BLOCK = 1024
ADDRESS, BYTES, PLACE, SHIFT = range(4)
LEAST, GREATEST = range(2)
NARROW = 1 << 16


@inlined
def spread_of(fields: Any, ranges: Any, at: Any, room: Any) -> Any:
    """How far apart the ids of the rows from ``at`` on may lie, where those of one first code lie within ``room``."""
    if not ranges.size:
        return room
    block = at // BLOCK
    return np.int64(fields[0, PLACE]) * np.int64(ranges[block, GREATEST] - ranges[block, LEAST]) + room


@inlined
def compose(fields: Any, ranges: Any, at: Any, ids: Any) -> Any:
    """Write the ids of rows ``at``, ``at + 1``, ... but for what all of them share, which is returned.

    ``ranges`` has the least and the greatest code of the first field for each block; it is empty where nothing is
    known. Such ids begin at the least, so that they are small, and a field that is the same for all rows costs nothing:
    most of a log in the order of time lies in one window.
    """
    shared = np.uint64(0)
    if ranges.size:
        shared = fields[0, PLACE] * np.uint64(ranges[at // BLOCK, LEAST])
    for i in range(ids.size):
        ids[i] = 0
    for k in range(fields.shape[0]):
        place = fields[k, PLACE]
        if k == 0 and ranges.size:
            block = at // BLOCK
            if ranges[block, LEAST] == ranges[block, GREATEST]:
                continue
            for i in range(ids.size):
                ids[i] -= shared  # modulo what ids can hold
        else:
            shared += place * fields[k, SHIFT]
        address = fields[k, ADDRESS] + np.uint64(at) * fields[k, BYTES]
        if fields[k, BYTES] == 1:
            bytes_ = view_u8(address, ids.size)
            for i in range(ids.size):
                ids[i] += bytes_[i] * place
        elif fields[k, BYTES] == 2:
            halves = view_u16(address, ids.size)
            for i in range(ids.size):
                ids[i] += halves[i] * place
        else:
            words = view_u32(address, ids.size)
            for i in range(ids.size):
                ids[i] += words[i] * place
    return shared


@kernel("void(in_u64_2d, in_u32_2d, out_u32)")
def write_ids(fields: Any, ranges: Any, ids: Any) -> None:
    """The id of every row."""
    for at in range(0, ids.size, BLOCK):
        block = ids[at : at + BLOCK]
        shared = compose(fields, ranges, at, block)
        for i in range(block.size):
            block[i] += shared
