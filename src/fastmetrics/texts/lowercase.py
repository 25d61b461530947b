"""Texts in small letters."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.texts.strings import PADDING, Strings, rewrite

__all__ = ["lowered"]

SIGMA, DOTTED_I = 0x3A3, 0x130
SURROGATES = (0xD800, 0xE000)


@cache
def small_letters() -> NDArray[np.int32]:
    """The small letter of each code point that has one, and each other itself, as the running Python has them."""
    codes = np.delete(np.arange(0x110000, dtype="<u4"), [DOTTED_I, *range(*SURROGATES)])
    text = codes.tobytes().decode("utf-32-le").lower()
    small = np.arange(0x110000, dtype=np.int32)
    small[codes] = np.frombuffer(text.encode("utf-32-le"), "<u4")
    small[SIGMA] = 0x3C3
    return small[: np.flatnonzero(small != np.arange(0x110000))[-1] + 1]


def lowered(texts: Strings) -> Strings:
    """The texts as ``str.lower()`` of the running Python gives them.

    Two letters depend on others or become two: texts that hold one go through Python.
    """
    pairs = chr(SIGMA).encode(), chr(DOTTED_I).encode()
    texts = rewrite(texts, pairs, lambda text: text.decode().lower().encode())
    room = int(kernels.texts.case.GROWTH * (len(texts.data) - PADDING)) + PADDING
    data, offsets = np.empty(room, np.uint8), np.empty(len(texts) + 1, np.int64)
    kernels.texts.case.lower_texts(texts.data, texts.offsets, small_letters(), data, offsets)
    return Strings(data, offsets)
