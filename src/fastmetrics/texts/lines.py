"""Texts line by line: the sentences of summaries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastmetrics import kernels
from fastmetrics.aliases import Integers
from fastmetrics.texts.chunks import Chunk, Side
from fastmetrics.texts.strings import PADDING, Strings, Tokens

__all__ = ["Lines", "lines"]


class Lines(NamedTuple):
    """The lines of a chunk as a chunk of their own, in the sets of their texts.

    ``hypotheses`` and ``references`` have one more than texts: the lines of text i are those from ``hypotheses[i]`` to
    before ``hypotheses[i + 1]``.
    """

    chunk: Chunk
    hypotheses: Integers
    references: Integers


def lines(chunk: Chunk) -> Lines:
    """The lines of the texts of a chunk, the chunk itself where each is one line; what came as tokens is one."""
    return chunk.once("lines", lambda: cut(chunk))


def cut(chunk: Chunk) -> Lines:
    hypotheses, rows = lines_of(chunk, "hypotheses")
    references, texts = lines_of(chunk, "references")
    if hypotheses is chunk.hypotheses and references is chunk.references:
        return Lines(chunk, rows, texts)
    return Lines(Chunk(hypotheses, references, texts[chunk.set_offsets], rows[chunk.row_offsets]), rows, texts)


def lines_of(chunk: Chunk, side: Side) -> tuple[Strings | Tokens, Integers]:
    """The lines of a side without their newlines, and how many there are before each text, and in all."""
    texts = chunk.hypotheses if side == "hypotheses" else chunk.references
    newlines = 0 if isinstance(texts, Tokens) else int(np.count_nonzero(texts.data[: texts.offsets[-1]] == ord("\n")))
    if isinstance(texts, Tokens) or not newlines:
        return texts, np.arange(len(texts) + 1)
    data, before = np.empty(int(texts.offsets[-1]) - newlines + PADDING, np.uint8), np.empty(len(texts) + 1, np.int64)
    offsets = np.empty(len(texts) + newlines + 1, np.int64)
    kernels.texts.lines.split_lines(texts.data, texts.offsets, data, offsets, before)
    return Strings(data, offsets), before
