"""Blocks of texts: their chunks, their sets of references, and what measures count of them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fastmetrics import kernels
from fastmetrics.contract.blocks import Lists
from fastmetrics.texts import blocks
from fastmetrics.texts.blocks import Block
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import count_rows
from fastmetrics.texts.tokenisers import TOKENISERS
from texts import block_of, text_column

WORDS = ("", "a", "the", "cat", "naïve", "東京", "a much longer word than twelve bytes", "\0", "x" * 8, "x" * 9)


def random_rows(seed: int, rows: int) -> tuple[list[str | None], list[list[str] | None]]:
    draw = random.Random(seed)

    def text() -> str:
        return " ".join(draw.choices(WORDS, k=draw.randrange(6)))

    shared = [[text() for _ in range(draw.randrange(1, 4))] for _ in range(5)]
    hypotheses = [None if draw.random() < 0.1 else text() for _ in range(rows)]
    references = [draw.choice([None, [], *shared, [text()]]) for _ in range(rows)]
    return hypotheses, references


@pytest.mark.parametrize("most", [1, 100, 1 << 19])
def test_chunks_hold_every_judged_row_once_beside_its_references(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "CHUNK_BYTES", most)
    hypotheses, references = random_rows(1, 300)
    made = block_of(hypotheses, references)
    seen = {}
    for rows, chunk in made.chunks():
        texts = chunk.texts("references").to_list()
        of_rows: list[list[str]] = [[] for _ in rows]
        for row, reference in zip(chunk.pairs.rows, chunk.pairs.references, strict=True):
            of_rows[row].append(texts[reference])
        hypothesis = chunk.texts("hypotheses").to_list()
        seen.update({int(row): found for row, found in zip(rows, zip(hypothesis, of_rows, strict=True), strict=True)})
    pairs = enumerate(zip(hypotheses, references, strict=True))
    assert seen == {row: pair for row, pair in pairs if pair[0] is not None and pair[1]}


def test_rows_of_equal_references_share_them() -> None:
    made = block_of(["a", "b", "c"], [["x", "y"], ["x"], ["x", "y"]])
    ((rows, chunk),) = made.chunks()
    assert rows.tolist() in ([0, 2, 1], [1, 0, 2])
    assert sorted(chunk.texts("references").to_list()) == ["x", "x", "y"]


def test_ids_are_equal_exactly_where_tokens_of_a_set_are() -> None:
    hypotheses, references = random_rows(2, 200)
    for _, chunk in block_of(hypotheses, references).chunks():
        ids, tokens = chunk.ids("none"), chunk.tokens("references", "none").to_list()
        said = chunk.tokens("hypotheses", "none").to_list()
        for at, (first, last) in enumerate(zip(chunk.set_offsets, chunk.set_offsets[1:], strict=False)):
            known: dict[bytes, int] = {}
            for reference in range(first, last):
                expected = [known.setdefault(token, len(known)) for token in tokens[reference]]
                start, end = ids.reference_offsets[reference : reference + 2]
                assert ids.references[start:end].tolist() == expected
            assert ids.types[at] == len(known)
            for row in range(chunk.row_offsets[at], chunk.row_offsets[at + 1]):
                start, end = ids.hypothesis_offsets[row : row + 2]
                assert ids.hypotheses[start:end].tolist() == [known.get(token, -1) for token in said[row]]


@pytest.mark.parametrize("multiplier", [1, 3, 1 << 63 | 1])
@pytest.mark.parametrize("compiled", [True, False])
def test_no_id_depends_on_hashes(multiplier: int, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"{'x' * length}{number}" for number in range(30) for length in (0, 5, 6, 7, 12, 15, 30)]
    rows = block_of([" ".join(words), " ".join(words[::2])], [[" ".join(words[::3])]] * 2)
    ((_, chunk),), interning = rows.chunks(), kernels.texts.interning
    expected = chunk.interned("none", lowercase=False)
    monkeypatch.setattr(interning, "MULTIPLIER", np.uint64(multiplier))
    if not compiled:
        monkeypatch.setattr(interning, "intern_tokens", interning.intern_tokens.py_func)
    with np.errstate(over="ignore"):
        found = chunk.interned("none", lowercase=False)
    assert found.references.tolist() == expected.references.tolist()
    assert found.hypotheses.tolist() == expected.hypotheses.tolist()
    assert found.hypotheses.max() == found.types.item() - 1 == 69


def test_tokens_between_white_space_are_those_of_python() -> None:
    spaces = [chr(code) for code in range(0x110000) if chr(code).isspace()]
    values = [f"a{space}b" for space in spaces] + spaces + ["", " ", "a", "\0", "é́ x", "\u200b\u3000"]
    found = TOKENISERS["none"].split(next(iter(Block(text_column(values)).chunks()))[1].texts("hypotheses"))
    assert found.to_list() == [[token.encode() for token in value.split()] for value in values]


def test_length_ratio_takes_the_reference_closest_in_length() -> None:
    made = block_of(["a b c", None, "a"], [["a", "a b c d", "a b"], ["a"], ["a b c"]])
    options = Options()
    counted = count_rows(made, [MEASURES["length_ratio"]], options)
    assert counted.judged.tolist() == [True, False, True]
    assert {name: values.tolist() for name, values in counted.counts.items()} == {
        "length_hypothesis": [3, 0, 1],
        "length_reference": [2, 0, 3],
    }


def test_lists_of_tokens_are_tokens() -> None:
    numbers = Lists(np.array([0, 2, 3]), np.array([7, 8, 7]), np.zeros(0, np.uint8))
    ((_, chunk),) = Block(numbers, [numbers], tokens=True).chunks()
    ids = chunk.ids("none")
    assert (ids.references.tolist(), ids.hypotheses.tolist(), ids.types.tolist()) == ([0, 1, 0], [0, 1, 0], [2, 1])
