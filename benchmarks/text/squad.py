"""Exact match and token F1 by the definitions of the evaluation script of SQuAD, in plain Python."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

__all__ = ["exact_and_f1"]

PUNCTUATION = set(string.punctuation)
ARTICLES = re.compile(r"\b(a|an|the)\b")


def words(text: str) -> list[str]:
    """A text in lower case, without punctuation and articles, as its words."""
    return ARTICLES.sub(" ", "".join(letter for letter in text.lower() if letter not in PUNCTUATION)).split()


def exact_and_f1(answers: Sequence[str], references: Sequence[str]) -> list[tuple[int, float]]:
    """Both values of each row; each text is normalised once for both."""
    return [pair(words(answer), words(reference)) for answer, reference in zip(answers, references, strict=True)]


def pair(said: list[str], wanted: list[str]) -> tuple[int, float]:
    equal = int(said == wanted)
    if not said or not wanted:
        return equal, float(equal)
    common = sum((Counter(said) & Counter(wanted)).values())
    if not common:
        return equal, 0.0
    precision, recall = common / len(said), common / len(wanted)
    return equal, 2 * precision * recall / (precision + recall)
