"""Classes of characters, which tell tokens apart: tables made once from the running Python's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.texts.categories import every_character
from fastmetrics.texts.strings import Strings, Tokens

__all__ = ["Classes", "classify", "painted", "split", "white_space"]

CODES = 0x110000
ASCII = 0x80


@dataclass(frozen=True, eq=False)
class Classes:
    """What each character is to a tokeniser, as `fastmetrics.kernels.texts.classes` reads it.

    Attributes
    ----------
    kinds
        Uint8: the class of each code point; those behind the end are of the class of the last.
    lows, spans, borders
        Ranges of bytes: those of class k, from ``borders[k]`` to before ``borders[k + 1]``, are the bytes from
        ``lows[i]`` to ``lows[i] + spans[i]``.
    edges
        What is beyond a text: 0 for white space, 1 for a digit, 2 for a digit with white space stripped on both sides.
    """

    kinds: NDArray[np.uint8]
    lows: NDArray[np.uint8]
    spans: NDArray[np.uint8]
    borders: NDArray[np.int64]
    edges: int


@cache
def white_space() -> tuple[int, ...]:
    """What ``str.split()`` splits at."""
    return tuple(found.start() for found in re.finditer(r"\s", every_character()))


def painted(*paints: tuple[int, Iterable[int]]) -> NDArray[np.uint8]:
    """The class of every code point: a word character, or the class that it is painted with last."""
    kinds = np.full(CODES, kernels.texts.classes.WORD, np.uint8)
    for kind, codes in paints:
        kinds[np.fromiter(codes, np.int64)] = kind
    return kinds


def classify(kinds: NDArray[np.uint8], edges: int = 0) -> Classes:
    """Classes from that of each of all code points."""
    names = kernels.texts.classes
    usual = kinds[-1]
    unusual = np.flatnonzero(kinds[ASCII:] != usual) + ASCII
    members = [np.flatnonzero(kinds[:ASCII] == kind) for kind in range(names.DASH + 1)]
    if usual != names.WORD:
        members[usual] = np.concatenate([members[usual], np.arange(ASCII, 0x100)])
    members += [np.arange(0x80, 0xC0), np.unique(first_bytes(unusual))]  # TAIL and UNUSUAL
    ranges = [ranges_of(bytes_of) for bytes_of in members]
    lows, highs = np.concatenate(ranges).T
    borders = np.cumsum([0, *map(len, ranges)])
    beyond = int(np.max(unusual, initial=ASCII)) + 2  # one usual code point more, which stands for all behind it
    return Classes(kinds[:beyond], lows.astype(np.uint8), (highs - lows).astype(np.uint8), borders, edges)


def first_bytes(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first byte of code points beyond ASCII in UTF-8."""
    return np.where(codes < 0x800, 0xC0 | codes >> 6, np.where(codes < 0x10000, 0xE0 | codes >> 12, 0xF0 | codes >> 18))


def ranges_of(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first and last of each run of sorted numbers.

    >>> ranges_of(np.array([1, 2, 3, 7])).tolist()
    [[1, 3], [7, 7]]
    """
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    firsts, lasts = np.concatenate([numbers[:1], numbers[breaks + 1]]), np.concatenate([numbers[breaks], numbers[-1:]])
    return np.column_stack([firsts, lasts])


def split(texts: Strings, classes: Classes) -> Tokens:
    """The tokens of texts by classes of characters."""
    starts, ends = np.empty(len(texts.data), np.int32), np.empty(len(texts.data), np.int32)
    offsets = np.empty(len(texts) + 1, np.int64)
    tables = classes.kinds, classes.lows, classes.spans, classes.borders, classes.edges
    tokens = kernels.texts.classes.split_by_class(texts.data, texts.offsets, *tables, starts, ends, offsets)
    return Tokens(texts.data, starts[:tokens], ends[:tokens], offsets)
