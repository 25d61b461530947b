"""What chrF counts, in plain Python: slow and obvious."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from string import punctuation

from oracle_text import ngrams

__all__ = ["chrf", "chrf_counts", "common_ngrams", "words"]


def common_ngrams(hypothesis: Sequence[Hashable], reference: Sequence[Hashable], order: int) -> int:
    """The n-grams that both have, each as often as both do."""
    return (Counter(ngrams(hypothesis, order)) & Counter(ngrams(reference, order))).total()


def words(text: str) -> list[str]:
    """The words, each with a mark at its end, or else at its beginning, split off."""
    found = []
    for word in text.split():
        if len(word) > 1 and word[-1] in punctuation:
            found += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in punctuation:
            found += [word[0], word[1:]]
        else:
            found.append(word)
    return found


def chrf_counts(
    hypothesis: str, reference: str, char_order: int = 6, word_order: int = 0, whitespace: bool = False
) -> list[int]:
    """For each order the n-grams of the hypothesis, those of the reference, and those of both."""
    said, meant = (text if whitespace else "".join(text.split()) for text in (hypothesis, reference))
    counts = []
    for of, beside, orders in ((said, meant, char_order), (words(hypothesis), words(reference), word_order)):
        for order in range(1, orders + 1):
            there = len(ngrams(beside, order))
            counts += [len(ngrams(of, order)) if there else 0, there, common_ngrams(of, beside, order)]
    return counts


def chrf(counts: Sequence[int], beta: float = 2) -> float:
    """The score from 0 to 100, without smoothing: the F of the mean precision and the mean recall."""
    orders = [counts[at : at + 3] for at in range(0, len(counts), 3)]
    used = [(match / said, match / meant) for said, meant, match in orders if said and meant]
    if not used:
        return 0.0
    precision, recall = (sum(side) / len(used) for side in zip(*used, strict=True))
    weighted = beta**2 * precision + recall
    return 100 * (1 + beta**2) * precision * recall / weighted if weighted else 0.0
