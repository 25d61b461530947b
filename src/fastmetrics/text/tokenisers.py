"""Tokenisers: what splits texts into tokens, each a row of `TOKENISERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fastmetrics import kernels
from fastmetrics.text.strings import Strings, Tokens

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


def at_spaces(texts: Strings) -> Tokens:
    """The stretches between Unicode white space, as ``str.split()`` gives them."""
    room = (len(texts.data) + len(texts)) // 2 + 1
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    offsets = np.empty(len(texts) + 1, np.int64)
    tokens = kernels.text.spaces.split_at_spaces(texts.data, texts.offsets, starts, ends, offsets)
    return Tokens(texts.data, starts[:tokens], ends[:tokens], offsets)


TOKENISERS: Mapping[str, Tokeniser] = {
    "none": Tokeniser(at_spaces, "str.split(), as sacrebleu's 'none'"),
}
