"""Punctuation at the ends of words."""

from __future__ import annotations

from string import punctuation
from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel

__all__ = ["part_punctuation"]

MARKS = np.isin(np.arange(256), np.frombuffer(punctuation.encode(), np.uint8))


@inlined
def parted_at(data: Any, start: Any, end: Any) -> Any:
    """Where a word is cut: before a mark that ends it, else behind one that begins it, else at its end."""
    if end - start == 1:
        return end
    if MARKS[data[end - 1]]:
        return end - 1
    return start + 1 if MARKS[data[start]] else end


@kernel("int64(in_u8, in_i32, in_i32, in_i64, out_i32, out_i32, out_i64)")
def part_punctuation(
    data: Any, starts: Any, ends: Any, offsets: Any, part_starts: Any, part_ends: Any, part_offsets: Any
) -> int:
    """The words of each text with a mark at one of their ends as a token of its own; returns how many tokens there are.

    ``part_starts`` and ``part_ends`` have room for two tokens a word.
    """
    tokens = 0
    part_offsets[0] = 0
    for text in range(len(offsets) - 1):
        for word in range(offsets[text], offsets[text + 1]):
            start, end = starts[word], ends[word]
            cut = parted_at(data, start, end)
            part_starts[tokens], part_ends[tokens] = start, cut
            tokens += 1
            if cut < end:
                part_starts[tokens], part_ends[tokens] = cut, end
                tokens += 1
        part_offsets[text + 1] = tokens
    return tokens
