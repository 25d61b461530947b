"""Texts in small letters."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.texts.categories import every_character
from fastmetrics.texts.strings import PADDING, Strings, rewrite

__all__ = ["lowered"]

SIGMA, DOTTED_I = 0x3A3, 0x130


@cache
def small_letters() -> NDArray[np.int32]:
    """The small letter of each code point that has one, and each other itself, as the running Python has them."""
    text = every_character().replace(chr(DOTTED_I), "i").lower()  # dotted I would become two characters
    small = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<i4").copy()
    small[SIGMA], small[DOTTED_I] = 0x3C3, DOTTED_I
    return small[: np.flatnonzero(small != np.arange(len(small)))[-1] + 1]


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
