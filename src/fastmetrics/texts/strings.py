"""Texts of a chunk as one array of bytes, and their tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Integers
from fastmetrics.contract.blocks import Texts

__all__ = ["PADDING", "Strings", "Tokens", "gather", "rewrite", "text_bytes"]

PADDING = 64  # bytes behind the last text that kernels may read
LENGTH = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, eq=False)
class Strings:
    """Texts in UTF-8 behind each other.

    Attributes
    ----------
    data
        Uint8: the bytes, then `PADDING` bytes that may be read and mean nothing.
    offsets
        Int64, one more than texts: text i is ``data[offsets[i]:offsets[i + 1]]``. The first offset is 0.
    """

    data: NDArray[np.uint8]
    offsets: Integers

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, texts: list[str]) -> Strings:
        """Texts of Python."""
        encoded = [text.encode() for text in texts]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(text) for text in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded) + bytes(PADDING), np.uint8), offsets)

    def to_list(self) -> list[str]:
        """The texts as Python has them."""
        data, ends = self.data.tobytes(), self.offsets.tolist()
        return [data[start:end].decode() for start, end in pairwise(ends)]


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of texts, each a stretch of bytes.

    Attributes
    ----------
    data
        Uint8: bytes that the tokens are stretches of, with `PADDING` behind them; those of the texts, or others where
        a tokeniser rewrites them.
    starts, ends
        Int32: token k is ``data[starts[k]:ends[k]]``.
    offsets
        Int64, one more than texts: the tokens of text i are those from ``offsets[i]`` to before ``offsets[i + 1]``.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    offsets: Integers

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Integers:
        """How many tokens each text has."""
        return np.diff(self.offsets)

    def to_list(self) -> list[list[bytes]]:
        """The tokens of each text."""
        data, ends = self.data.tobytes(), self.offsets.tolist()
        tokens = [data[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]
        return [tokens[start:end] for start, end in pairwise(ends)]

    def joined(self) -> Strings:
        """Texts with a space behind each token."""
        room = int((self.ends - self.starts).sum(dtype=np.int64)) + len(self.starts) + PADDING
        data, offsets = np.empty(room, np.uint8), np.empty(len(self) + 1, np.int64)
        kernels.texts.strings.join_tokens(self.data, self.starts, self.ends, self.offsets, data, offsets)
        return Strings(data, offsets)


def text_bytes(texts: Texts, rows: Integers | None = None) -> Integers:
    """The number of bytes of each text, or of those of some rows; of a null anything."""
    views = texts.views[::2]
    return ((views if rows is None else views[rows]) & LENGTH).astype(np.int64)


def gather(columns: Sequence[Texts], rows: Sequence[Integers], places: Sequence[Integers]) -> Strings:
    """The texts of some rows of each column, none of them null, each at its place among all."""
    offsets = np.zeros(sum(map(len, rows)) + 1, np.int64)
    for texts, taken, at in zip(columns, rows, places, strict=True):
        offsets[1:][at] = text_bytes(texts, taken)
    offsets = np.cumsum(offsets)
    data = np.empty(int(offsets[-1]) + PADDING, np.uint8)
    for texts, taken, at in zip(columns, rows, places, strict=True):
        kernels.texts.strings.copy_texts(texts.views, texts.buffers, taken, offsets[:-1][at], data)
    return Strings(data, offsets)


def rewrite(texts: Strings, pairs: tuple[bytes, ...], change: Callable[[bytes], bytes]) -> Strings:
    """Texts of which those that hold one of some pairs of bytes are what ``change`` makes of them.

    It leaves the others as they are, and may be asked of a text without such a pair.
    """
    found = np.empty(len(texts), np.uint8)
    firsts, seconds = np.frombuffer(b"".join(pairs), np.uint8).reshape(-1, 2).T.copy()
    kernels.texts.byte_pairs.find_pairs(texts.data, texts.offsets, firsts, seconds, found)
    rows = np.flatnonzero(found)
    if not len(rows):
        return texts
    data, lengths, parts, done = texts.data.tobytes(), np.diff(texts.offsets), [], 0
    for row in rows.tolist():
        start, end = int(texts.offsets[row]), int(texts.offsets[row + 1])
        changed = change(data[start:end])
        parts += [data[done:start], changed]
        lengths[row], done = len(changed), end
    parts += [data[done : int(texts.offsets[-1])], bytes(PADDING)]
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Strings(np.frombuffer(b"".join(parts), np.uint8), offsets)
