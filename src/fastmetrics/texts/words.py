"""Words of ROUGE: runs of ASCII letters and digits in lower case, as rouge_score cuts them."""

from __future__ import annotations

import numpy as np

from fastmetrics import kernels
from fastmetrics.texts.strings import Strings, Tokens, rewrite

__all__ = ["ascii_words"]

SMALL = np.uint8(0x20)  # what small letters have and capitals have not; digits have it too
DOTTED_I, KELVIN = "\u0130".encode(), "\u212a".encode()  # in lower case i and a mark above, and k


def ascii_words(texts: Strings) -> Tokens:
    """The runs of a-z and 0-9 of each text in lower case."""
    texts = rewrite(texts, (DOTTED_I, KELVIN[:2]), lambda text: text.replace(DOTTED_I, b"i ").replace(KELVIN, b"k"))
    room = (len(texts.data) + len(texts)) // 2 + 4
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    offsets = np.empty(len(texts) + 1, np.int64)
    tokens = kernels.texts.words.split_words(texts.data, texts.offsets, starts, ends, offsets)
    return Tokens(texts.data | SMALL, starts[:tokens], ends[:tokens], offsets)
