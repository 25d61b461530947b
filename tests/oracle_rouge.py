"""ROUGE once more, slow and obvious: words, longest common subsequences, and their unions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence

Tokens = Sequence[Hashable]


def words(text: str) -> list[str]:
    """Runs of a-z and 0-9 of a text in lower case."""
    return re.findall("[a-z0-9]+", text.lower())


def table(reference: Tokens, hypothesis: Tokens) -> list[list[int]]:
    """The length of the longest common subsequence of the first i and the first j tokens."""
    lengths = [[0] * (len(hypothesis) + 1) for _ in range(len(reference) + 1)]
    for i, one in enumerate(reference):
        for j, other in enumerate(hypothesis):
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if one == other else max(lengths[i][j + 1], lengths[i + 1][j])
    return lengths


def lcs_length(reference: Tokens, hypothesis: Tokens) -> int:
    return table(reference, hypothesis)[-1][-1]


def lcs_places(reference: Tokens, hypothesis: Tokens) -> set[int]:
    """The places in the reference of the longest common subsequence that is found from the ends, up before left."""
    lengths, places = table(reference, hypothesis), set()
    i, j = len(reference), len(hypothesis)
    while i and j:
        if reference[i - 1] == hypothesis[j - 1]:
            i, j = i - 1, j - 1
            places.add(i)
        elif lengths[i][j - 1] > lengths[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return places


def union_matches(references: Sequence[Tokens], hypotheses: Sequence[Tokens]) -> int:
    """The tokens of sentences of a reference in the union of their subsequences, none more often than it is said."""
    left, matches = Counter(token for sentence in hypotheses for token in sentence), 0
    for sentence in references:
        for place in sorted(set().union(*(lcs_places(sentence, other) for other in hypotheses))):
            matches += left[sentence[place]] > 0
            left[sentence[place]] -= 1
    return matches


def common_ngrams(reference: Tokens, hypothesis: Tokens, order: int) -> int:
    """The n-grams in common, each as often as both texts have it."""

    def ngrams(tokens: Tokens) -> Counter[Tokens]:
        return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))

    return sum((ngrams(reference) & ngrams(hypothesis)).values())
