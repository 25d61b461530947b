"""Tokens without some characters."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.texts.strings import PADDING, Tokens

__all__ = ["Flags", "drop", "flags"]

Flags = NDArray[np.uint8]


def flags(codes: Iterable[int]) -> Flags:
    """A 1 for some code points: of all up to the highest of them, and of ASCII."""
    places = np.fromiter(codes, np.int64)
    table = np.zeros(max(0x80, int(places.max()) + 1), np.uint8)
    table[places] = 1
    return table


def drop(tokens: Tokens, dropped: Flags) -> Tokens:
    """Tokens without the characters that have a flag; those of which nothing is left are none."""
    data, borders = np.empty(len(tokens.data) + PADDING, np.uint8), np.empty(len(tokens.starts) + 1, np.int32)
    kernels.texts.drop.drop_characters(tokens.data, tokens.starts, tokens.ends, dropped, data, borders)
    some = np.flatnonzero(np.diff(borders))
    return Tokens(data, borders[:-1][some], borders[1:][some], np.searchsorted(some, tokens.offsets))
