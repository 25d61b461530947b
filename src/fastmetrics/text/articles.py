"""Answers as the evaluation script of SQuAD normalises them."""

from __future__ import annotations

import re
import string
from functools import cache

import numpy as np

from fastmetrics import kernels
from fastmetrics.text.dropping import Flags, drop_from_texts, flags
from fastmetrics.text.strings import Strings

__all__ = ["normal_answers"]

SURROGATES = (0xD800, 0xE000)


@cache
def letters() -> Flags:
    r"""The code points that words are made of, ``\w``, as the running Python has them."""
    codes = np.delete(np.arange(0x110000, dtype="<u4"), np.arange(*SURROGATES))
    words = re.finditer(r"\w+", codes.tobytes().decode("utf-32-le"))
    return flags(np.concatenate([codes[word.start() : word.end()] for word in words]))


@cache
def punctuation() -> Flags:
    return flags(map(ord, string.punctuation))


def normal_answers(texts: Strings) -> Strings:
    """Texts without ASCII punctuation, and with spaces for the words "a", "an" and "the"."""
    answers = drop_from_texts(texts, punctuation())
    kernels.text.drop.blank_articles(answers.offsets, letters(), answers.data)
    return answers
