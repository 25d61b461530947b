"""The ids of rows, composed from the codes of their keys a block at a time, inside the kernels that add to cells.

An id is the sum of ``place * code`` over its fields: the keys of a group, the window among them, the inner keys and the
state of a row. A kernel composes the ids of 2,048 rows and adds those rows to their cells before it goes on, so
that ids never leave the first cache.

A field is a row of a table: where its codes lie, how many bytes each has, its place, what is added to each
code, and where a byte a row lies that is 0 for null (or 0 where no row is null). Null is code 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.memory import view_u8, view_u16, view_u32

__all__ = ["BLOCK", "MIXED", "NARROW", "compose", "hold_one", "write_ids"]

BLOCK = 2048
ADDRESS, BYTES, PLACE, SHIFT, VALID = range(5)
MIXED = np.uint32(0xFFFFFFFF)  # in place of a code: the rows of the block have several
NARROW = 1 << 16


@inlined
def add_known(ids: Any, codes: Any, place: Any) -> None:
    for i in range(ids.size):
        ids[i] += codes[i] * place


@inlined
def add_or_null(ids: Any, codes: Any, valid: Any, place: Any, shift: Any) -> None:
    for i in range(ids.size):
        ids[i] += (codes[i] + shift) * place * valid[i]


@inlined
def add_field(ids: Any, field: Any, at: Any) -> None:
    """Add a field of rows ``at``, ``at + 1``, ... to their ids, but for the shift where no row is null."""
    address, place, shift, valid = (
        field[ADDRESS] + np.uint64(at) * field[BYTES],
        field[PLACE],
        field[SHIFT],
        field[VALID],
    )
    if valid:
        known = view_u8(valid + np.uint64(at), ids.size)
        if field[BYTES] == 1:
            add_or_null(ids, view_u8(address, ids.size), known, place, shift)
        elif field[BYTES] == 2:
            add_or_null(ids, view_u16(address, ids.size), known, place, shift)
        else:
            add_or_null(ids, view_u32(address, ids.size), known, place, shift)
    elif field[BYTES] == 1:
        add_known(ids, view_u8(address, ids.size), place)
    elif field[BYTES] == 2:
        add_known(ids, view_u16(address, ids.size), place)
    else:
        add_known(ids, view_u32(address, ids.size), place)


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
    ids[:] = 0
    shared = np.uint64(0)
    for k in range(fields.shape[0]):
        if k == 0 and runs.size and runs[at // BLOCK] != MIXED:
            shared += fields[k, PLACE] * np.uint64(runs[at // BLOCK])
            continue
        if not fields[k, VALID]:
            shared += fields[k, PLACE] * fields[k, SHIFT]
        add_field(ids, fields[k], at)
    return shared


@kernel("void(in_u64_2d, in_u32, out_u32)")
def write_ids(fields: Any, runs: Any, ids: Any) -> None:
    """The id of every row."""
    for at in range(0, ids.size, BLOCK):
        block = ids[at : at + BLOCK]
        shared = compose(fields, runs, at, block)
        for i in range(block.size):
            block[i] += shared
