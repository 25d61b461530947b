"""The kernel of the translation edit rate, beside sacrebleu's functions."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sacrebleu.metrics.lib_ter import _perform_shift, translation_edit_rate

from fastmetrics.kernels.texts.ter import count_edits, swap_of, unswapped

Words = list[int]


def edits(pairs: Sequence[tuple[Words, Words]], run: Any = count_edits) -> list[int]:
    """What the kernel counts of pairs of a hypothesis and a reference."""
    said, wanted, types = [], [], []
    for hypothesis, reference in pairs:
        ids: dict[int, int] = {}
        wanted.append([ids.setdefault(word, len(ids)) for word in reference])
        said.append([ids.get(word, -1) for word in hypothesis])
        types.append(len(ids))
    sides = []
    for texts in (said, wanted):
        flat = np.array([word for text in texts for word in text], np.int32)
        sides += [flat, np.cumsum([0, *map(len, texts)])]
    each, out = np.arange(len(pairs)), np.empty(len(pairs), np.int64)
    with np.errstate(over="ignore"):
        run(*sides, np.array(types, np.int32), each, each, 1 << 40, out)
    return out.tolist()


def expected(pairs: Sequence[tuple[Words, Words]]) -> list[int]:
    return [translation_edit_rate(*(list(map(str, words)) for words in pair))[0] for pair in pairs]


def drawn(draw: random.Random, most: int, types: int) -> Words:
    return [draw.randrange(types) for _ in range(draw.randrange(most + 1))]


def shuffled(draw: random.Random, words: Words) -> Words:
    """Words of which some stretches stand elsewhere, some are others, and some are gone."""
    for _ in range(draw.randrange(4)):
        start, end = sorted(draw.choices(range(len(words) + 1), k=2))
        moved, rest = words[start:end], words[:start] + words[end:]
        at = draw.randrange(len(rest) + 1)
        words = rest[:at] + moved + rest[at:]
    return [word if draw.random() < 0.9 else draw.randrange(30) for word in words if draw.random() < 0.95]


def test_edits_of_shuffled_texts_are_those_of_sacrebleu() -> None:
    draw = random.Random(1)
    references = [drawn(draw, most, draw.choice([2, 5, 20, 100])) for most in [3, 8, 15, 30] * 25 + [70]]
    pairs = [(shuffled(draw, reference), reference) for reference in references]
    assert edits(pairs) == expected(pairs)


def test_edits_of_texts_that_have_little_in_common_are_those_of_sacrebleu() -> None:
    draw = random.Random(2)
    pairs = [(drawn(draw, most, 4), drawn(draw, most, 5)) for most in [0, 1, 2, 5, 12, 24, 25, 26, 40] * 12]
    assert edits(pairs) == expected(pairs)


@pytest.mark.parametrize("sizes", [(1, 300), (2, 150), (3, 400), (7, 352), (40, 2), (130, 1), (90, 30), (30, 90)])
def test_edits_of_texts_of_other_lengths_are_those_of_sacrebleu(sizes: tuple[int, int]) -> None:
    draw = random.Random(3)
    sides = [[draw.randrange(types) for _ in range(size)] for types in (2, 5, 50) for size in sizes]
    pairs = list(zip(sides[::2], sides[1::2], strict=True))
    assert edits(pairs) == expected(pairs)


@pytest.mark.parametrize(("words", "places"), [(1, 50), (1, 51), (10, 50), (11, 50), (10, 51), (11, 39)])
def test_shifts_of_ten_words_and_over_fifty_are_the_longest(words: int, places: int) -> None:
    reference = list(range(130))
    moved, rest = reference[20 : 20 + words], reference[:20] + reference[20 + words :]
    later = rest[: 20 + places] + moved + rest[20 + places :]
    pairs = [(later, reference), (reference, later)]
    assert edits(pairs) == expected(pairs)
    assert (edits(pairs)[0] == 1) == (words <= 10 and places <= 50)


def test_no_more_shifts_are_made_once_a_thousand_are_tried() -> None:
    draw = random.Random(4)
    reference = [draw.randrange(12) for _ in range(40)]
    pairs = [(draw.sample(reference, 40), reference)]
    assert edits(pairs) == expected(pairs)


def test_the_kernel_is_its_python_twin() -> None:
    draw = random.Random(5)
    references = [drawn(draw, 14, 6) for _ in range(8)]
    pairs = [(shuffled(draw, reference), reference) for reference in references]
    pairs += [([1], [draw.randrange(3) for _ in range(130)]), ([], []), ([], [1]), ([1], [])]
    assert edits(pairs, count_edits.py_func) == expected(pairs)


def test_a_shift_is_a_swap_of_neighbours() -> None:
    for said in range(1, 8):
        words = list(range(said))
        for start in range(said):
            for length in range(1, said - start + 1):
                for target in range(said + 1):
                    swap = swap_of(start, length, target, said)
                    found = [words[unswapped(place, swap)] for place in words]
                    assert found == _perform_shift(words, start, length, target)
