"""Words as jiwer has them: one white space separates two only if it is a space, and more than one always do."""

from __future__ import annotations

from typing import Any

from fastmetrics.kernels.dialect import inlined, kernel
from fastmetrics.kernels.text.spaces import space_at

__all__ = ["split_spaced_words"]


@inlined
def after_spaces(data: Any, at: Any, end: Any) -> Any:
    """Where the white space from ``at`` on ends, and of how many characters it is."""
    spaces = 0
    space = space_at(data, at, end)
    while space:
        at += space
        spaces += 1
        space = space_at(data, at, end) if at < end else 0
    return at, spaces


@kernel("int64(in_u8, in_i64, out_i32, out_i32, out_i64)")
def split_spaced_words(data: Any, offsets: Any, starts: Any, ends: Any, token_offsets: Any) -> int:
    """The words of each text; returns how many there are.

    ``starts`` and ``ends`` have room for as many words as half the bytes of each text, rounded up. White space at both
    ends of a text is no part of a word, one that is no space between two others is.
    """
    tokens = 0
    for text in range(len(offsets) - 1):
        token_offsets[text] = tokens
        at, end, inside = offsets[text], offsets[text + 1], False
        while at < end:
            stop, spaces = after_spaces(data, at, end)
            if spaces == 0:
                if not inside:
                    starts[tokens] = at
                    inside = True
                stop = at + 1
            elif inside and (spaces > 1 or data[at] == 32 or stop == end):
                ends[tokens] = at
                tokens += 1
                inside = False
            at = stop
        if inside:
            ends[tokens] = end
            tokens += 1
    token_offsets[len(offsets) - 1] = tokens
    return tokens
