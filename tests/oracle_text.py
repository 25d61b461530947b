"""What is counted of texts, in plain Python: slow and obvious."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def ngrams(tokens: Sequence[Hashable], order: int) -> list[tuple[Hashable, ...]]:
    """The n-grams of an order, in their order."""
    return [tuple(tokens[at : at + order]) for at in range(len(tokens) - order + 1)]


def distinct_ngrams(tokens: Sequence[Hashable], order: int) -> tuple[int, int]:
    """How many distinct n-grams there are, and how many in all."""
    found = ngrams(tokens, order)
    return len(set(found)), len(found)
