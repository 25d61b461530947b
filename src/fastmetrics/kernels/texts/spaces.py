"""White space as ``str.split()`` knows it, in UTF-8."""

from __future__ import annotations

from typing import Any

from fastmetrics.kernels.dialect import inlined

__all__ = ["space_at"]


@inlined
def space_at(data: Any, at: Any, end: Any) -> Any:
    """How many bytes the white space at ``at`` has; 0 where there is none."""
    byte = data[at]
    if byte <= 32:
        return 1 if byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31 else 0
    if byte == 0xC2:
        return 2 if at + 1 < end and (data[at + 1] == 0x85 or data[at + 1] == 0xA0) else 0
    if at + 2 >= end or (byte != 0xE1 and byte != 0xE2 and byte != 0xE3):
        return 0
    second, third = data[at + 1], data[at + 2]
    if byte == 0xE1:
        return 3 if second == 0x9A and third == 0x80 else 0
    if byte == 0xE3:
        return 3 if second == 0x80 and third == 0x80 else 0
    if second == 0x80:
        return 3 if third <= 0x8A or third == 0xA8 or third == 0xA9 or third == 0xAF else 0
    return 3 if second == 0x81 and third == 0x9F else 0
