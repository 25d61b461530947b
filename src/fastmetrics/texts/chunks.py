"""Chunks: some rows with their references, and what measures share of them, made once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.texts.lowercase import lowered
from fastmetrics.texts.strings import Strings, Tokens
from fastmetrics.texts.tokenisers import TOKENISERS

__all__ = ["Chunk", "Ids", "Pairs", "Side", "offsets_of", "stretches"]

Side = Literal["hypotheses", "references"]
Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Ids:
    """Tokens as numbers: equal in one set of references exactly where the tokens are.

    Attributes
    ----------
    references
        Int32: the numbers of tokens, each below what ``types`` has of their set.
    reference_offsets
        Int64: the tokens of reference j are those from ``reference_offsets[j]`` to before ``reference_offsets[j + 1]``.
    hypotheses, hypothesis_offsets
        Those of the hypothesis of each row, in the numbers of its set. A token that no reference of the set has is
        -1, or has a number that no token of them has.
    types
        Int32: what all numbers of each set are below.
    """

    references: NDArray[np.int32]
    reference_offsets: Integers
    hypotheses: NDArray[np.int32]
    hypothesis_offsets: Integers
    types: NDArray[np.int32]


class Pairs(NamedTuple):
    """Each row beside each of its references: int64, the pairs of a row behind each other.

    ``offsets`` has one more than rows: the pairs of row i are those from ``offsets[i]`` to before ``offsets[i + 1]``.
    """

    rows: Integers
    references: Integers
    offsets: Integers

    def best(self, values: Floats) -> Integers:
        """The pair of each row with the greatest value, the first of several."""
        greatest = np.repeat(np.maximum.reduceat(values, self.offsets[:-1]), np.diff(self.offsets))
        places = np.where(values == greatest, np.arange(len(values)), len(values))
        first: Integers = np.minimum.reduceat(places, self.offsets[:-1])
        return first


@dataclass(eq=False)
class Chunk:
    """Some rows with their references, sorted so that the rows of one set of references stand together.

    Attributes
    ----------
    hypotheses, references
        The texts, or their tokens where they came as such.
    set_offsets
        Int64: the references of set s are those from ``set_offsets[s]`` to before ``set_offsets[s + 1]``: one at least.
    row_offsets
        Int64: the rows of set s are those from ``row_offsets[s]`` to before ``row_offsets[s + 1]``.
    made
        What measures share, by its name.
    """

    hypotheses: Strings | Tokens
    references: Strings | Tokens
    set_offsets: Integers
    row_offsets: Integers
    made: dict[Hashable, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.hypotheses)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What ``make`` makes, made at the first call with this key."""
        if key not in self.made:
            self.made[key] = make()
        made: Made = self.made[key]
        return made

    def texts(self, side: Side, lowercase: bool = False) -> Strings:
        """The texts of a side, which did not come as tokens."""
        texts = self.hypotheses if side == "hypotheses" else self.references
        assert isinstance(texts, Strings)
        return self.once(("lowered", side), lambda: lowered(texts)) if lowercase else texts

    def tokens(self, side: Side, tokeniser: str, lowercase: bool = False) -> Tokens:
        """The tokens of a side; those that came as tokens stay what they are."""
        tokens = self.hypotheses if side == "hypotheses" else self.references
        if isinstance(tokens, Tokens):
            return tokens
        row = TOKENISERS[tokeniser]
        split = (row.references if side == "references" else None) or row.split
        return self.once(("tokens", side, tokeniser, lowercase), lambda: split(self.texts(side, lowercase)))

    def ids(self, tokeniser: str, lowercase: bool = False) -> Ids:
        """The tokens of both sides as numbers: those of the references of a set from 0 on, others -1."""
        return self.once(("ids", tokeniser, lowercase), lambda: self.interned(tokeniser, lowercase))

    def interned(self, tokeniser: str, lowercase: bool) -> Ids:
        reference = self.tokens("references", tokeniser, lowercase)
        hypothesis = self.tokens("hypotheses", tokeniser, lowercase)
        ids = np.empty(len(reference.starts), np.int32), np.empty(len(hypothesis.starts), np.int32)
        types = np.empty(len(self.set_offsets) - 1, np.int32)
        kernels.texts.interning.intern_tokens(
            *(reference.data, reference.starts, reference.ends, reference.offsets, self.set_offsets),
            *(hypothesis.data, hypothesis.starts, hypothesis.ends, hypothesis.offsets, self.row_offsets),
            kernels.texts.interning.MULTIPLIER,
            *(*ids, types),
        )
        return Ids(ids[0], reference.offsets, ids[1], hypothesis.offsets, types)

    def own_ids(self, tokens: Tokens) -> NDArray[np.int32]:
        """Tokens of either side as numbers, each text by itself: its distinct tokens are numbered from 0 on."""
        texts = len(tokens)
        nothing = np.zeros(0, np.uint8), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(1, np.int64)
        ids, none, types = np.empty(len(tokens.starts), np.int32), np.empty(0, np.int32), np.empty(texts, np.int32)
        kernels.texts.interning.intern_tokens(
            *(tokens.data, tokens.starts, tokens.ends, tokens.offsets, np.arange(texts + 1)),
            *(*nothing, np.zeros(texts + 1, np.int64), kernels.texts.interning.MULTIPLIER, ids, none, types),
        )
        return ids

    @cached_property
    def pairs(self) -> Pairs:
        """Each row beside each of its references."""
        rows, references = np.diff(self.row_offsets), np.diff(self.set_offsets)
        if len(self.references) == len(rows):  # one in each set
            return Pairs(np.arange(len(self)), np.repeat(self.set_offsets[:-1], rows), np.arange(len(self) + 1))
        each = np.repeat(references, rows)
        places = stretches(np.repeat(self.set_offsets[:-1], rows), each)
        return Pairs(np.repeat(np.arange(len(each)), each), places, offsets_of(each))


def offsets_of(lengths: Integers) -> Integers:
    """Where stretches of some lengths begin, and where the last ends."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])


def stretches(starts: Integers, lengths: Integers) -> Integers:
    """The numbers from each start on, so many of them, behind each other.

    >>> stretches(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    found: Integers = np.arange(len(before)) + before
    return found
