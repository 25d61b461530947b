"""Code points in UTF-8."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined

__all__ = ["read_code_point", "write_code_point"]


@inlined
def six_bits(data: Any, at: Any) -> Any:
    """The six bits that a continuation byte holds."""
    return np.int64(data[at]) & 0x3F


@inlined
def read_code_point(data: Any, at: Any) -> Any:
    """The code point that begins at ``at``, and how many bytes it has."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    if first < 0xE0:
        return (first & 0x1F) << 6 | six_bits(data, at + 1), 2
    third = six_bits(data, at + 1) << 6 | six_bits(data, at + 2)
    if first < 0xF0:
        return (first & 0x0F) << 12 | third, 3
    return (first & 0x07) << 18 | third << 6 | six_bits(data, at + 3), 4


@inlined
def write_code_point(code: Any, data: Any, at: Any) -> Any:
    """Write a code point at ``at``; returns the place behind it."""
    if code < 0x80:
        data[at] = code
        return at + 1
    if code < 0x800:
        data[at] = 0xC0 | code >> 6
    elif code < 0x10000:
        data[at] = 0xE0 | code >> 12
    else:
        data[at] = 0xF0 | code >> 18
        at += 1
        data[at] = 0x80 | code >> 12 & 0x3F
    if code >= 0x800:
        at += 1
        data[at] = 0x80 | code >> 6 & 0x3F
    data[at + 1] = 0x80 | code & 0x3F
    return at + 2
