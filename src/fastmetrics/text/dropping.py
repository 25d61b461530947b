"""Texts and tokens without some characters."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.text.strings import PADDING, Strings, Tokens

__all__ = ["Flags", "drop_from_texts", "drop_from_tokens", "flags"]

Flags = NDArray[np.uint8]
Places = NDArray[np.int32]


def flags(codes: Iterable[int]) -> Flags:
    """A 1 for some code points: of all up to the highest of them, and of ASCII."""
    places = np.fromiter(codes, np.int64)
    table = np.zeros(max(0x80, int(places.max()) + 1), np.uint8)
    table[places] = 1
    return table


def drop_from_texts(texts: Strings, dropped: Flags) -> Strings:
    """Texts without the characters that have a flag."""
    borders = texts.offsets.astype(np.int32)
    return dropped_from(texts.data, borders[:-1], borders[1:], dropped)


def drop_from_tokens(tokens: Tokens, dropped: Flags) -> Tokens:
    """Tokens without the characters that have a flag; those of which nothing is left are none."""
    left = dropped_from(tokens.data, tokens.starts, tokens.ends, dropped)
    some = np.flatnonzero(np.diff(left.offsets))
    borders = left.offsets.astype(np.int32)
    offsets = np.searchsorted(some, tokens.offsets)
    return Tokens(left.data, borders[:-1][some], borders[1:][some], offsets)


def dropped_from(data: Flags, starts: Places, ends: Places, dropped: Flags) -> Strings:
    out, offsets = np.empty(len(data) + PADDING, np.uint8), np.empty(len(starts) + 1, np.int64)
    kernels.text.drop.drop_characters(data, starts, ends, dropped, out, offsets)
    return Strings(out, offsets)
