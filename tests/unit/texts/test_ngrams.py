"""Numbers of n-grams, and their clipped matches."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

import oracle_bleu
from fastmetrics import kernels
from fastmetrics.contract.blocks import Lists
from fastmetrics.texts.blocks import Block
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.ngrams import matches, ngrams, pair_matches
from texts import block_of

ORDERS = (1, 2, 3, 4, 6)
Rows = tuple[list[list[str]], list[list[list[str]]]]


def random_rows(seed: int, rows: int, letters: str = "abcdef", longest: int = 14) -> Rows:
    draw = random.Random(seed)

    def words() -> list[str]:
        return draw.choices(letters, k=draw.randrange(longest))

    shared = [[words() for _ in range(draw.randrange(1, 4))] for _ in range(5)]
    return [words() for _ in range(rows)], [draw.choice([*shared, [words()]]) for _ in range(rows)]


def chunks_of(rows: Rows) -> list[tuple[list[int], Chunk]]:
    """The chunks of some rows, and where the rows of each stand among them."""
    hypotheses, references = rows
    texts = [[" ".join(words) for words in of] for of in references]
    return [(at.tolist(), chunk) for at, chunk in block_of([" ".join(words) for words in hypotheses], texts).chunks()]


def check(rows: Rows) -> None:
    hypotheses, references = rows
    for (at, chunk), order in product(chunks_of(rows), ORDERS):
        items = ngrams(chunk, "none", False, order)
        expected = [oracle_bleu.clipped(hypotheses[row], references[row], order) for row in at]
        assert matches(chunk, items).tolist() == expected
        alone = [oracle_bleu.clipped(hypotheses[row], [one], order) for row in at for one in references[row]]
        assert pair_matches(chunk, items).tolist() == alone


def test_matches_are_clipped_at_the_reference_that_has_most() -> None:
    for seed in range(5):
        check(random_rows(seed, 150))


def test_one_reference_a_row_is_its_pair() -> None:
    hypotheses, references = random_rows(7, 60)
    check((hypotheses, [of[:1] for of in references]))


def test_few_words_make_many_equal_ngrams() -> None:
    check(random_rows(8, 40, "a", 30))
    check(random_rows(9, 40, "ab", 30))


def test_rows_may_have_more_words_than_two_bytes_count() -> None:
    words = [str(number) for number in range(70_000)]
    check(([words, words[::-1]], [[words + words[:9]], [words]]))


def test_numbers_are_equal_exactly_where_ngrams_of_a_set_are() -> None:
    hypotheses, references = rows = random_rows(10, 100)
    ((at, chunk),) = chunks_of(rows)
    items, tokens = ngrams(chunk, "none", False, 3), chunk.tokens("hypotheses", "none")
    for place, row in enumerate(at):
        first, last = items.hypothesis_offsets[place : place + 2]
        starts = (items.hypothesis_places[first:last] - tokens.offsets[place]).tolist()
        words = hypotheses[row]
        known = {tuple(of[i : i + 3]) for of in references[row] for i in range(len(of) - 2)}
        assert starts == [i for i in range(len(words) - 2) if tuple(words[i : i + 3]) in known]
        told = set(zip(items.hypotheses[first:last].tolist(), (tuple(words[i : i + 3]) for i in starts), strict=True))
        assert len(told) == len({number for number, _ in told}) == len({gram for _, gram in told})


def test_tokens_that_came_in_lists_have_ngrams_too() -> None:
    numbers = Lists(np.array([0, 4, 8]), np.array([7, 8, 7, 8, 7, 8, 7, 9]), np.zeros(0, np.uint8))
    ((_, chunk),) = Block(numbers, [Lists(numbers.offsets, numbers.values[::-1].copy(), numbers.valid)], True).chunks()
    assert matches(chunk, ngrams(chunk, "tokens", False, 2)).tolist() == [2, 2]


def test_what_is_compiled_is_what_python_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random_rows(11, 12)
    for name in ("keep_shared", "number_ngrams", "clip_matches"):
        monkeypatch.setattr(kernels.texts.ngrams, name, getattr(kernels.texts.ngrams, name).py_func)
    with np.errstate(over="ignore"):  # machine words wrap around
        check(rows)
