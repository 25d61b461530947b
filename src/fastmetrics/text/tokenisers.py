"""Tokenisers: what splits texts into tokens, each a row of `TOKENISERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fastmetrics import kernels
from fastmetrics.text.stemmer import stemmed
from fastmetrics.text.strings import Strings, Tokens
from fastmetrics.text.words import ascii_words

__all__ = ["TOKENISERS", "Tokeniser"]


@dataclass(frozen=True)
class Tokeniser:
    """A way to split texts: a row of `TOKENISERS`.

    Attributes
    ----------
    split
        Texts to their tokens.
    source
        Whose rules these are.
    chosen
        Whether ``tokenize=`` may name it; the others are those of one measure.
    """

    split: Callable[[Strings], Tokens]
    source: str
    chosen: bool = True


def stretches(texts: Strings, split: Callable[..., int]) -> Tokens:
    """The stretches of texts that a kernel finds; between two of them is one byte at least."""
    room = (len(texts.data) + len(texts)) // 2 + 1
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    offsets = np.empty(len(texts) + 1, np.int64)
    tokens = split(texts.data, texts.offsets, starts, ends, offsets)
    return Tokens(texts.data, starts[:tokens], ends[:tokens], offsets)


def at_spaces(texts: Strings) -> Tokens:
    """The stretches between Unicode white space, as ``str.split()`` gives them."""
    return stretches(texts, kernels.text.spaces.split_at_spaces)


def spaced_words(texts: Strings) -> Tokens:
    """The words of jiwer's default transform: a white space that is no space and stands alone is part of a word."""
    return stretches(texts, kernels.text.spaced_words.split_spaced_words)


def with_stemmer(tokeniser: Tokeniser) -> Tokeniser:
    """A tokeniser whose tokens are stemmed."""
    return Tokeniser(lambda texts: stemmed(tokeniser.split(texts)), f"{tokeniser.source}, stemmed", chosen=False)


PLAIN: Mapping[str, Tokeniser] = {
    "none": Tokeniser(at_spaces, "str.split(), as sacrebleu's 'none'"),
    "rouge": Tokeniser(ascii_words, "rouge_score's words of a-z and 0-9", chosen=False),
}
TOKENISERS: Mapping[str, Tokeniser] = {
    **PLAIN,
    "words": Tokeniser(
        spaced_words, "jiwer's wer_default: RemoveMultipleSpaces, Strip, ReduceToListOfListOfWords", chosen=False
    ),
    **{f"{name}_stemmed": with_stemmer(tokeniser) for name, tokeniser in PLAIN.items()},
}
