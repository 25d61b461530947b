"""Characters left out of tokens."""

from __future__ import annotations

from typing import Any

from fastmetrics.kernels.dialect import kernel
from fastmetrics.kernels.texts.code_points import read_code_point

__all__ = ["drop_characters"]


@kernel("void(in_u8, in_i32, in_i32, in_u8, out_u8, out_i32)")
def drop_characters(data: Any, starts: Any, ends: Any, dropped: Any, out: Any, borders: Any) -> None:
    """Write tokens behind each other without the code points that have a 1 in ``dropped``.

    Token i is then from ``borders[i]`` to before ``borders[i + 1]``, and may be empty. Code points beyond ``dropped``,
    which has all of ASCII, stay.
    """
    place = 0
    for i in range(len(starts)):
        borders[i] = place
        at, end = starts[i], ends[i]
        while at < end:
            if data[at] < 0x80:
                out[place] = data[at]
                place += 0 if dropped[data[at]] else 1
                at += 1
                continue
            code, size = read_code_point(data, at)
            if code >= len(dropped) or not dropped[code]:
                for k in range(size):
                    out[place + k] = data[at + k]
                place += size
            at += size
    borders[len(starts)] = place
