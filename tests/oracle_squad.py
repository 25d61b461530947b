"""Answers compared as the evaluation script of SQuAD 2.0 does, in plain Python."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence


def normal(answer: str) -> str:
    """An answer in small letters, without punctuation, articles and more than one space between words."""
    kept = "".join(character for character in answer.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def exact_match(answer: str, reference: str) -> int:
    return int(normal(answer) == normal(reference))


def f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    """F1 of two bags of tokens; of a side without tokens whether the other has none either."""
    if not said or not wanted:
        return float(said == wanted)
    common = sum((Counter(said) & Counter(wanted)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(said), common / len(wanted)
    return (2 * precision * recall) / (precision + recall)


def token_f1(answer: str, reference: str, split: Callable[[str], Sequence[str]] = str.split) -> float:
    return f1(split(normal(answer)), split(normal(reference)))
