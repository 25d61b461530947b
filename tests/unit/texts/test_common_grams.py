"""n-grams that rows have in common with references, beside counters of tuples."""

from __future__ import annotations

import random
import time
from typing import Any

import numpy as np
import pytest

from fastmetrics.kernels.texts.common_grams import count_common_grams
from oracle_chrf import common_ngrams

Texts = list[list[int]]
Sets = list[tuple[Texts, Texts]]


def flat(texts: Texts) -> tuple[Any, Any]:
    ids = np.array([token for text in texts for token in text], np.int32)
    return ids, np.cumsum([0, *map(len, texts)])


def counted(run: Any, sets: Sets, types: list[int], orders: int) -> list[list[int]]:
    """The counts of each pair of a row and a reference of its set."""
    references = [text for _, of in sets for text in of]
    set_offsets = np.cumsum([0, *(len(of) for _, of in sets)])
    row_offsets = np.cumsum([0, *(len(rows) for rows, _ in sets)])
    pairs = np.cumsum([0, *(len(of) for rows, of in sets for _ in rows)])
    matches = np.full(pairs[-1] * orders, -1)
    hypotheses = flat([text for rows, _ in sets for text in rows])
    run(*flat(references), set_offsets, *hypotheses, row_offsets, np.array(types, np.int32), orders, pairs, matches)
    return matches.reshape(orders, -1).T.tolist()


def expected(sets: Sets, orders: int) -> list[list[int]]:
    return [
        [common_ngrams(row, text, order) for order in range(1, orders + 1)]
        for rows, of in sets
        for row in rows
        for text in of
    ]


def drawn_sets(draw: random.Random, longest: int, sets: int) -> tuple[Sets, list[int]]:
    """Sets of rows and references whose tokens are numbered as `Ids` are, -1 for one that no reference has."""
    found, types = [], []
    for _ in range(sets):
        alphabet = range(draw.choice([1, 2, 3, 30, 3000]))
        of = [draw.choices(alphabet, k=draw.randrange(longest)) for _ in range(draw.randrange(1, 4))]
        known: dict[int, int] = {}
        of = [[known.setdefault(token, len(known)) for token in text] for text in of]
        rows = [draw.choices(alphabet, k=draw.randrange(longest)) for _ in range(draw.randrange(1, 4))]
        rows = [[known.get(token, -1) for token in row] for row in rows]
        rows.append([token for token in draw.choice(of) if draw.random() < 0.95])
        found.append((rows, of))
        types.append(len(known))
    return found, types


@pytest.mark.parametrize("orders", [1, 2, 6, 9])
def test_common_ngrams_are_those_of_counters(orders: int) -> None:
    draw = random.Random(orders)
    sets, types = drawn_sets(draw, 200, 60)
    assert counted(count_common_grams, sets, types, orders) == expected(sets, orders)


@pytest.mark.parametrize("orders", [1, 6, 9])
def test_the_python_twin_counts_the_same(orders: int) -> None:
    sets, types = drawn_sets(random.Random(5), 25, 12)
    assert counted(count_common_grams.py_func, sets, types, orders) == expected(sets, orders)


def test_rounds_follow_where_no_word_holds_the_highest_order() -> None:
    alphabet = list(range(5000))
    row = [*alphabet[:2000], -1, *alphabet[3000:], *alphabet[:9]]
    sets, types = [([row, alphabet], [[*alphabet, *alphabet[:7]], alphabet[::-1]])], [5000]
    assert counted(count_common_grams, sets, types, 9) == expected(sets, 9)
    draw = random.Random(3)
    text = draw.choices([0, 1, *range(2, 5000)], [500, 500, *[1] * 4998], k=3000)
    sets = [([text[::-1], text[100:2000], text], [text])]
    assert counted(count_common_grams, sets, [5000], 9) == expected(sets, 9)


def test_no_text_takes_longer_than_its_length_says() -> None:
    size = 300_000
    texts = {
        "one": [0] * size,
        "two": [0, 1] * (size // 2),
        "runs": [0] * (size // 2) + [1] * (size // 2),
        "all": list(range(size)),
    }
    for name, text in texts.items():
        start = time.process_time()
        found = counted(count_common_grams, [([text], [text])], [max(text) + 1], 6)
        assert found == [[size - less for less in range(6)]], name
        assert time.process_time() - start < 2, name
