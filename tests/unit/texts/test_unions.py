"""Unions of longest common subsequences, line by line, are those of the table."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fastmetrics import kernels
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.lines import lines
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options
from fastmetrics.texts.strings import Strings
from oracle_rouge import union_matches, words


def drawn(draw: random.Random, lengths: list[int], words: int) -> str:
    """A text of some lines, of numbers as words."""
    return "\n".join(
        " ".join(str(draw.randrange(words)) for _ in range(draw.choice(lengths))) for _ in range(draw.randrange(5))
    )


def chunk_of(sets: list[tuple[list[str], list[str]]]) -> Chunk:
    rows, texts = (np.cumsum([0, *(len(of[side]) for of in sets)]) for side in (0, 1))
    return Chunk(*(Strings.of([text for of in sets for text in of[side]]) for side in (0, 1)), texts, rows)


def expected(hypothesis: str, reference: str) -> int:
    return union_matches(*([words(line) for line in text.split("\n")] for text in (reference, hypothesis)))


@pytest.mark.parametrize("compiled", [True, False])
def test_matches_are_those_of_the_table(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    draw, unions = random.Random(10), kernels.texts.unions
    if not compiled:
        monkeypatch.setattr(unions, "union_matches", unions.union_matches.py_func)
    sizes = [*[[0, 1, 3, 8], [5, 63, 64, 65]] * 4, [10, 200], [3, 513, 1030]][: None if compiled else 2]

    def texts() -> list[str]:
        return [drawn(draw, draw.choice(sizes), draw.choice([2, 9, 60])) for _ in range(2)]

    sets = [(texts(), texts()) for _ in range(30 if compiled else 6)]
    with np.errstate(over="ignore"):
        found = MEASURES["rougeLsum"].count.keywords["pairwise"](chunk_of(sets), Options())[:, 0]
    pairs = [(hypothesis, reference) for of in sets for hypothesis in of[0] for reference in of[1]]
    assert found.tolist() == [expected(*pair) for pair in pairs]


def test_lines_are_those_of_split() -> None:
    texts = ["", "\n", "a\n\nb-\n", "no newline", "\r\n\x0b\n"]
    of = lines(chunk_of([(texts, texts[::-1])]))
    assert of.chunk.texts("hypotheses").to_list() == [line for text in texts for line in text.split("\n")]
    assert np.diff(of.references).tolist() == [len(text.split("\n")) for text in texts[::-1]]


def test_only_the_first_tokens_of_each_text_count() -> None:
    chunk = chunk_of([(["a b\nc d\ne f"], ["f\na b c d\ne"])])
    assert MEASURES["rougeLsum"].count(chunk, Options(max_length=3)).tolist() == [[2, 3, 3]]
