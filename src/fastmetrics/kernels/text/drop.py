"""Characters left out of texts or tokens, and articles."""

from __future__ import annotations

from typing import Any

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.text.code_points import read_code_point

__all__ = ["blank_articles", "drop_characters"]

A, E, H, N, T, SPACE = map(ord, "aehnt ")


@kernel("void(in_u8, in_i32, in_i32, in_u8, out_u8, out_i64)")
def drop_characters(data: Any, starts: Any, ends: Any, dropped: Any, out: Any, out_offsets: Any) -> None:
    """Write stretches of bytes behind each other without the code points that have a 1 in ``dropped``.

    Code points beyond ``dropped``, which has all of ASCII, stay.
    """
    place = 0
    for i in range(len(starts)):
        out_offsets[i] = place
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
    out_offsets[len(starts)] = place


@inlined
def article_size(data: Any, at: Any, end: Any) -> Any:
    """How many bytes "a", "an" or "the" has of which the letters stand at ``at``, the longest; 0 for none."""
    if data[at] == A:
        return 2 if at + 1 < end and data[at + 1] == N else 1
    if data[at] == T and at + 2 < end and data[at + 1] == H and data[at + 2] == E:
        return 3
    return 0


@inlined
def word_at(data: Any, at: Any, end: Any, letters: Any) -> Any:
    """Whether a character that words are made of is at ``at``, and how many bytes it has."""
    if at >= end:
        return False, 1
    code, size = read_code_point(data, at)
    return code < len(letters) and letters[code] == 1, size


@kernel("void(in_i64, in_u8, out_u8)")
def blank_articles(offsets: Any, letters: Any, data: Any) -> None:
    """Write spaces over the words "a", "an" and "the" of texts.

    A word is as long as may be; ``letters`` has a 1 for the code points that words are made of.
    """
    for text in range(len(offsets) - 1):
        at, end, inside = offsets[text], offsets[text + 1], False
        while at < end:
            size = 0 if inside else article_size(data, at, end)
            if size and not word_at(data, at + size, end, letters)[0]:
                for k in range(size):
                    data[at + k] = SPACE
                at += size
                continue
            inside, step = word_at(data, at, end, letters)
            at += step
