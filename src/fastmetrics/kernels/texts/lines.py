"""Texts cut at newlines."""

from __future__ import annotations

from typing import Any

from fastmetrics.kernels.dialect import kernel

__all__ = ["split_lines"]

NEWLINE = 10


@kernel("int64(in_u8, in_i64, out_u8, out_i64, out_i64)")
def split_lines(data: Any, offsets: Any, out: Any, line_offsets: Any, text_lines: Any) -> int:
    """Write the lines of each text behind each other without their newlines; returns how many there are.

    ``line_offsets`` gets where each line starts in ``out``, and where the last ends; ``text_lines`` gets how many lines
    there are before each text, and in all. A text of n newlines has n + 1 lines.
    """
    lines = at = 0
    for text in range(len(offsets) - 1):
        text_lines[text], line_offsets[lines] = lines, at
        for i in range(offsets[text], offsets[text + 1]):
            if data[i] == NEWLINE:
                lines += 1
                line_offsets[lines] = at
            else:
                out[at] = data[i]
                at += 1
        lines += 1
    text_lines[len(offsets) - 1], line_offsets[lines] = lines, at
    return lines
