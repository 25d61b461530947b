"""Stems of tokens."""

from __future__ import annotations

import numpy as np

from fastmetrics import kernels
from fastmetrics.texts.strings import Tokens

__all__ = ["stemmed"]


def stemmed(tokens: Tokens) -> Tokens:
    """The tokens with Porter's stem for each of more than three ASCII letters and digits in lower case."""
    stems, starts, ends = tokens.data.copy(), np.empty_like(tokens.starts), np.empty_like(tokens.ends)
    kernels.texts.porter.stem_tokens(
        *(tokens.data, tokens.starts, tokens.ends, kernels.texts.interning.MULTIPLIER),
        *(stems, starts, ends),
    )
    return Tokens(stems, starts, ends, tokens.offsets)
