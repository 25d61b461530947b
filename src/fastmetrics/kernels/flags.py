"""Flags: in how many rows of a group each is true or not known, added from the bytes that say so of a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import kernel
from fastmetrics.kernels.ids import BLOCK, compose

__all__ = ["add_flags"]


@kernel("void(in_u64_2d, in_u32_2d, in_u8, int64, out_i64)")
def add_flags(fields: Any, ranges: Any, states: Any, flags: Any, counts: Any) -> None:
    """Add the rows in which each flag is true (1) and those in which it is not known (2) to the two counts of its id.

    ``states`` has the rows of one flag after those of another. A block in which all of a flag is known, as in most of a
    log, takes one addition a row instead of two.
    """
    one = np.uint8(1)
    size, width = states.size // flags, 2 * flags
    space = np.empty(BLOCK, np.uint32)
    for at in range(0, size, BLOCK):
        ids = space[: min(BLOCK, size - at)]
        shared = np.int64(compose(fields, ranges, at, ids))
        for flag in range(flags):
            some = states[flag * size + at : flag * size + at + ids.size]
            into = counts[shared * width + 2 * flag :]
            seen = np.uint8(0)
            for i in range(ids.size):
                seen |= some[i]
            if seen <= one:
                for i in range(ids.size):
                    into[np.int64(ids[i]) * width] += some[i]
            else:
                for i in range(ids.size):
                    cell = np.int64(ids[i]) * width
                    into[cell] += some[i] & one
                    into[cell + 1] += some[i] >> one
