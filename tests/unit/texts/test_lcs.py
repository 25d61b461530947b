"""Longest common subsequences by bits are those of the table."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from fastmetrics import kernels
from fastmetrics.texts.chunks import Chunk, Ids
from fastmetrics.texts.strings import Strings
from oracle_rouge import lcs_length

Texts = list[list[int]]


def text(draw: random.Random, length: int, words: int) -> str:
    return " ".join(str(draw.randrange(words)) for _ in range(length))


def chunk_of(sets: list[tuple[list[str], list[str]]]) -> Chunk:
    """A chunk of sets, each its hypotheses and its references."""
    rows, texts = (np.cumsum([0, *(len(of[side]) for of in sets)]) for side in (0, 1))
    return Chunk(*(Strings.of([text for of in sets for text in of[side]]) for side in (0, 1)), texts, rows)


def sides(ids: Ids) -> tuple[Texts, Texts]:
    """The ids of the texts of both sides."""
    return (
        [ids.hypotheses[start:end].tolist() for start, end in pairwise(ids.hypothesis_offsets)],
        [ids.references[start:end].tolist() for start, end in pairwise(ids.reference_offsets)],
    )


@pytest.mark.parametrize("most", [2**63 - 1, 70])
@pytest.mark.parametrize("compiled", [True, False])
def test_lengths_are_those_of_the_table(compiled: bool, most: int) -> None:
    draw = random.Random(8)

    def drawn() -> list[str]:
        lengths = [0, 1, 5, 63, 64, 65, 300, 511, 512, 513, 1030] if compiled else [0, 1, 64, 65]
        return [text(draw, draw.choice(lengths), draw.choice([1, 2, 30])) for _ in range(draw.randrange(1, 4))]

    sets = [(drawn(), drawn()) for _ in range(16 if compiled else 8)]
    chunk = chunk_of(sets)
    ids, found = chunk.ids("none"), np.empty(len(chunk.pairs.rows), np.int64)
    lcs_lengths = kernels.texts.lcs.lcs_lengths if compiled else kernels.texts.lcs.lcs_lengths.py_func
    with np.errstate(over="ignore"):
        lcs_lengths(
            *(ids.references, ids.reference_offsets, chunk.set_offsets),
            *(ids.hypotheses, ids.hypothesis_offsets, chunk.row_offsets, ids.types, most, found),
        )
    hypotheses, references = sides(ids)
    pairs = zip(chunk.pairs.rows, chunk.pairs.references, strict=True)
    assert found.tolist() == [
        lcs_length(references[reference][:most], hypotheses[row][:most]) for row, reference in pairs
    ]
