"""The ids of rows, composed from the codes of their keys a block at a time, inside the kernels that add to cells.

An id is the sum of ``place * code`` over its fields: the keys of a group, the window among them, the inner keys and the
state of a row. A kernel composes the ids of 2,048 rows and adds those rows to their cells before it goes on, so
that ids never leave the first cache.

A field is a row of a table: where its codes lie, how many bytes each has, its place, and what is added to each code.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import view_u8, view_u16, view_u32

__all__ = ["BLOCK", "MIXED", "NARROW", "compose", "hold_one", "write_ids"]

BLOCK = 2048
ADDRESS, BYTES, PLACE, SHIFT = range(4)
MIXED = np.uint32(0xFFFFFFFF)  # in place of a code: the rows of the block have several
NARROW = 1 << 16


@inlined
def hold_one(runs: Any, at: Any) -> Any:
    """Whether the rows of the block at ``at`` have one code in the first field, or nothing is known of that."""
    return runs.size == 0 or runs[at // BLOCK] != MIXED


@inlined
def compose(fields: Any, runs: Any, at: Any, ids: Any) -> Any:
    """Write the ids of rows ``at``, ``at + 1``, ... but for what all of them share, which is returned.

    ``runs`` has the code of the first field for each block whose rows have the same, else MIXED; it is empty where
    nothing is known. Such a field costs nothing: most of a log in the order of time lies in one window.
    """
    for i in range(ids.size):
        ids[i] = 0
    shared = np.uint64(0)
    for k in range(fields.shape[0]):
        place = fields[k, PLACE]
        if k == 0 and runs.size and runs[at // BLOCK] != MIXED:
            shared += place * np.uint64(runs[at // BLOCK])
            continue
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


@kernel("void(in_u64_2d, in_u32, out_u32)")
def write_ids(fields: Any, runs: Any, ids: Any) -> None:
    """The id of every row."""
    for at in range(0, ids.size, BLOCK):
        block = ids[at : at + BLOCK]
        shared = compose(fields, runs, at, block)
        for i in range(block.size):
            block[i] += shared
