"""Exact match and token F1 by the definitions of the evaluation script of SQuAD, in plain Python.

As in the script each of both normalises the texts for itself.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

__all__ = ["exact_and_f1"]

PUNCTUATION = set(string.punctuation)
ARTICLES = re.compile(r"\b(a|an|the)\b")


def exact_and_f1(answers: Sequence[str], references: Sequence[str]) -> list[tuple[int, float]]:
    """Both values of each row."""
    return [(exact(*pair), f1(*pair)) for pair in zip(answers, references, strict=True)]


def exact(answer: str, reference: str) -> int:
    return int(normal(answer) == normal(reference))


def f1(answer: str, reference: str) -> float:
    said, wanted = normal(answer).split(), normal(reference).split()
    if not said or not wanted:
        return float(said == wanted)
    common = sum((Counter(said) & Counter(wanted)).values())
    if not common:
        return 0.0
    precision, recall = common / len(said), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


def normal(text: str) -> str:
    """A text in lower case, without punctuation and articles, with one space between its words."""
    kept = "".join(letter for letter in text.lower() if letter not in PUNCTUATION)
    return " ".join(ARTICLES.sub(" ", kept).split())
