"""Answers as the evaluation script of SQuAD normalises them."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain

import numpy as np

from fastmetrics import kernels
from fastmetrics.texts.categories import every_character
from fastmetrics.texts.dropping import Flags, flags
from fastmetrics.texts.strings import PADDING, Strings

__all__ = ["normal_answers"]


@cache
def letters() -> Flags:
    r"""The code points that words are made of, ``\w``, as the running Python has them."""
    words = re.finditer(r"\w+", every_character())
    return flags(chain.from_iterable(range(word.start(), word.end()) for word in words))


def normal_answers(texts: Strings) -> Strings:
    """Texts in small letters without the punctuation of ASCII, and with spaces for the words "a", "an" and "the"."""
    data, offsets = np.empty(len(texts.data) + PADDING, np.uint8), np.empty(len(texts) + 1, np.int64)
    kernels.texts.articles.drop_punctuation(texts.data, texts.offsets, data, offsets)
    kernels.texts.articles.blank_articles(offsets, letters(), data)
    return Strings(data, offsets)
