"""Characters of texts as ids: those of Python's strings, whatever the white space."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

from fastmetrics import kernels
from fastmetrics.texts.characters import characters
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.strings import Strings

SPACES = [chr(code) for code in range(0x110000) if chr(code).isspace()]
ODD = [
    "\0",
    "é",
    "e\u0301",
    "İ",
    "\u212a",
    "ς",
    "東",
    "京",
    "\ud7ff",
    "\ue000",
    "😀",
    "\U0010ffff",
    "\u200b",
    "\x7f",
    "\x80",
]


def drawn(draw: random.Random) -> str:
    letters = draw.choice([["a", "b", " "], [*"abcdef", *ODD], [*"ab", *ODD, *SPACES], SPACES])
    return "".join(draw.choices(letters, k=draw.randrange(12)))


def chunk_of(sets: list[tuple[list[str], list[str]]]) -> Chunk:
    """Hypotheses and references of some sets as a chunk."""
    hypotheses, references = [text for rows, _ in sets for text in rows], [text for _, of in sets for text in of]
    borders = [np.cumsum([0, *(len(pair[side]) for pair in sets)]) for side in (1, 0)]
    return Chunk(Strings.of(hypotheses), Strings.of(references), *borders)


def kept(text: str, white_space: bool) -> str:
    return text if white_space else "".join(text.split())


def expected(rows: list[str], of: list[str], white_space: bool) -> tuple[list[list[int]], list[list[int]]]:
    """The ids of the hypotheses and references of a set."""
    known: dict[str, int] = {}
    for text in of:
        for letter in kept(text, white_space):
            known.setdefault(letter, len(known))
    return (
        [[known.get(letter, -1) for letter in kept(text, white_space)] for text in rows],
        [[known[letter] for letter in kept(text, white_space)] for text in of],
    )


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("white_space", [True, False])
def test_characters_are_numbered_as_they_come_in_the_references(
    white_space: bool, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = kernels.texts.characters.number_characters
    if not compiled:
        monkeypatch.setattr(kernels.texts.characters, "number_characters", number.py_func)
    draw = random.Random(7)
    sets = [tuple([drawn(draw) for _ in range(draw.randrange(1, 4))] for _ in range(2)) for _ in range(60)]
    ids = characters(chunk_of(sets), white_space)
    hypotheses = [ids.hypotheses[start:end].tolist() for start, end in pairwise(ids.hypothesis_offsets)]
    references = [ids.references[start:end].tolist() for start, end in pairwise(ids.reference_offsets)]
    for rows, of in sets:
        pair = [hypotheses.pop(0) for _ in rows], [references.pop(0) for _ in of]
        assert pair == expected(rows, of, white_space)


def test_every_character_has_a_number_of_its_own() -> None:
    every = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    chunk = chunk_of([([every[::-1]], [every]), (["ab"], ["b"])])
    ids = characters(chunk, True)
    assert np.array_equal(ids.references[:-1], np.arange(len(every)))
    assert np.array_equal(ids.hypotheses[:-2], np.arange(len(every))[::-1])
    assert (ids.hypotheses[-2:].tolist(), ids.types.tolist()) == ([-1, 0], [len(every), 1])


def test_characters_are_made_once_a_chunk() -> None:
    chunk = chunk_of([(["a b"], ["b a"])])
    assert characters(chunk, False) is characters(chunk, False)
    assert characters(chunk, False) is not characters(chunk, True)
