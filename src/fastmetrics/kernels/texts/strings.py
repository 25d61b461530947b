"""Texts from where Arrow keeps them to one array of bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import kernel
from fastmetrics.kernels.memory import view_u8

__all__ = ["copy_texts", "join_tokens"]

LENGTH = np.uint64(0xFFFFFFFF)
INLINE = np.uint64(12)
HALF = np.uint64(32)
VIEW = np.uint64(16)
PREFIX = np.uint64(4)


@kernel("void(in_u64, in_u64, in_i64, in_i64, out_u8)")
def copy_texts(views: Any, buffers: Any, rows: Any, offsets: Any, data: Any) -> None:
    """Copy the texts of some rows behind each other; text i goes to ``offsets[i]``.

    ``views`` and ``buffers`` are those of `fastmetrics.contract.blocks.Texts`.
    """
    inline = np.uint64(views.ctypes.data)
    for i in range(len(rows)):
        row = np.uint64(rows[i])
        length = views[np.uint64(2) * row] & LENGTH
        place = views[np.uint64(2) * row + np.uint64(1)]
        address = inline + VIEW * row + PREFIX if length <= INLINE else buffers[place & LENGTH] + (place >> HALF)
        text, first = view_u8(address, length), np.uint64(offsets[i])
        for k in range(length):
            data[first + np.uint64(k)] = text[k]


@kernel("void(in_u8, in_i32, in_i32, in_i64, out_u8, out_i64)")
def join_tokens(data: Any, starts: Any, ends: Any, token_offsets: Any, out: Any, offsets: Any) -> None:
    """Write the tokens of each text with a space behind each."""
    place = 0
    for text in range(len(token_offsets) - 1):
        offsets[text] = place
        for token in range(token_offsets[text], token_offsets[text + 1]):
            for at in range(starts[token], ends[token]):
                out[place] = data[at]
                place += 1
            out[place] = 32
            place += 1
    offsets[len(token_offsets) - 1] = place
