"""Blocks of rows as they come from a log, cut into chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Integers, Mask
from fastmetrics.contract.blocks import Lists, Texts
from fastmetrics.texts.chunks import Chunk, offsets_of, stretches
from fastmetrics.texts.strings import PADDING, Strings, Tokens, gather, text_bytes

__all__ = ["Block"]

CHUNK_BYTES = 1 << 19  # of hypotheses and references, so that the tokens of a chunk stay in the second cache
NOTHING = np.zeros(0, np.uint8)


@dataclass(frozen=True, eq=False)
class Block:
    """Hypotheses of some rows with the references of each.

    Attributes
    ----------
    hypotheses
        A text of each row, or its tokens.
    references
        For each column of references those of each row, or the tokens of its one reference; none where measures need
        none.
    tokens
        Whether they came as tokens.
    """

    hypotheses: Texts | Lists
    references: Sequence[Lists] = ()
    tokens: bool = False

    def __len__(self) -> int:
        return len(self.hypotheses)

    @cached_property
    def predicted(self) -> Mask:
        """Whether each row has a hypothesis."""
        return known(self.hypotheses)

    @cached_property
    def labelled(self) -> Mask:
        """Whether each row has a reference; all have where there is no column of them."""
        if not self.references:
            return np.ones(len(self), np.bool_)
        if self.tokens:
            return known(self.references[0])
        labelled: Mask = np.logical_or.reduce([np.diff(column.offsets) > 0 for column in self.references])
        return labelled

    @cached_property
    def empty(self) -> Mask:
        """Whether each row has a hypothesis without text, or without tokens."""
        column = self.hypotheses
        nothing: Mask = (text_bytes(column) if isinstance(column, Texts) else np.diff(column.offsets)) == 0
        return self.predicted & nothing

    def chunks(self) -> Iterator[tuple[Integers, Chunk]]:
        """The rows that have hypothesis and reference in chunks, each with the places of its rows in the block."""
        judged = np.flatnonzero(self.predicted & self.labelled)
        sets = self.sets(judged)
        order = np.argsort(sets, kind="stable")
        order, sets = judged[order], sets[order]
        ends, start = self.ends(order, sets), 0
        while start < len(order):
            stop = max(int(np.searchsorted(ends, ends[start] + CHUNK_BYTES, side="right")) - 1, start + 1)
            yield order[start:stop], self.chunk(order[start:stop], sets[start:stop])
            start = stop

    def sets(self, rows: Integers) -> Integers:
        """A number of each row, equal only where its references are."""
        if self.tokens and self.references:
            return rows
        sets = np.zeros(len(rows), np.int64)
        for column in self.references:
            codes = distinct_texts(text_values(column))
            first, each = column.offsets[:-1][rows], item_numbers(column, rows)
            for place in range(int(each.max(initial=0))):
                there = each > place
                following = np.zeros(len(rows), np.int64)
                following[there] = codes[first[there] + place]
                pairs = sets * (len(codes) + 1) + following
                sets = np.unique(pairs, return_inverse=True)[1] if sets.any() else following
        return sets

    def ends(self, rows: Integers, sets: Integers) -> Integers:
        """The bytes of text before each row, and of all: hypotheses, and references where they are new."""
        new = np.concatenate([np.ones(min(len(rows), 1), np.bool_), sets[1:] != sets[:-1]])
        references = [np.where(new, item_bytes(column)[rows], 0) for column in self.references]
        return offsets_of(sum(references, item_bytes(self.hypotheses)[rows]))

    def chunk(self, rows: Integers, sets: Integers) -> Chunk:
        """Some rows whose sets stand together, as a chunk."""
        hypotheses = self.taken(self.hypotheses, rows)
        first = np.flatnonzero(np.concatenate([[True], sets[1:] != sets[:-1]]))
        of, row_offsets = rows[first], np.concatenate([first, [len(rows)]])
        if self.tokens and self.references:
            return Chunk(hypotheses, self.taken(self.references[0], of), np.arange(len(of) + 1), row_offsets)
        each = [item_numbers(column, of) for column in self.references]
        set_offsets = offsets_of(sum(each, np.zeros(len(of), np.int64)))
        return Chunk(hypotheses, self.references_of(of, each, set_offsets), set_offsets, row_offsets)

    def references_of(self, rows: Integers, each: Sequence[Integers], set_offsets: Integers) -> Strings:
        """The references of some rows, those of a row behind each other; ``each`` says how many of each column."""
        places, items, before = [], [], set_offsets[:-1]
        for column, number in zip(self.references, each, strict=True):
            places.append(stretches(before, number))
            items.append(stretches(column.offsets[:-1][rows], number))
            before = before + number
        return gather(list(map(text_values, self.references)), items, places)

    def taken(self, column: Texts | Lists, rows: Integers) -> Strings | Tokens:
        """The texts of some rows, or their tokens."""
        if isinstance(column, Texts):
            return gather([column], [rows], [np.arange(len(rows))])
        each = item_numbers(column, rows)
        items = stretches(column.offsets[:-1][rows], each)
        if isinstance(column.values, Texts):
            texts = gather([column.values], [items], [np.arange(len(items))])
            return Tokens(texts.data, *borders(texts.offsets), offsets_of(each))
        numbers = np.zeros(len(items) + PADDING // 8, np.int64)
        numbers[: len(items)] = column.values[items]
        return Tokens(numbers.view(np.uint8), *borders(8 * np.arange(len(items) + 1)), offsets_of(each))


def text_values(column: Lists) -> Texts:
    """The items of lists of texts."""
    assert isinstance(column.values, Texts)
    return column.values


def item_numbers(column: Lists, rows: Integers) -> Integers:
    """How many items some rows have."""
    numbers: Integers = column.offsets[rows + 1] - column.offsets[rows]
    return numbers


def known(column: Texts | Lists) -> Mask:
    """Whether each row is not null."""
    return column.valid.view(np.bool_) if len(column.valid) else np.ones(len(column), np.bool_)


def item_bytes(column: Texts | Lists) -> Integers:
    """The bytes of the text of each row, or of all its items; of a null anything."""
    if isinstance(column, Texts):
        return text_bytes(column)
    values = column.values
    ends = offsets_of(text_bytes(values)) if isinstance(values, Texts) else 8 * np.arange(len(values) + 1)
    return np.diff(ends[column.offsets])


def borders(offsets: Integers) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where stretches start and end."""
    return offsets[:-1].astype(np.int32), offsets[1:].astype(np.int32)


def distinct_texts(texts: Texts) -> NDArray[np.uint32]:
    """A number of each text, equal where the texts are, and 0 for null."""
    bits = max(int(2 * len(texts)).bit_length(), 6)
    slots, slot_codes = np.zeros(1 << bits, np.uint64), np.zeros(1 << bits, np.uint32)
    values, used = np.zeros(2 * (len(texts) + 1), np.uint64), np.array([1, 0])
    codes, recent = np.empty(len(texts), np.uint32), np.zeros(3 * kernels.codes.RECENT, np.uint64)
    kernels.codes.intern_text(
        *(texts.views, texts.buffers, texts.valid, 0, codes),
        *(slots, slot_codes, np.uint64(64 - bits), values, texts.buffers, NOTHING, used, recent),
    )
    return codes
