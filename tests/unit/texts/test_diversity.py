"""Distinct n-grams and repetition, beside sets of tuples."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fastmetrics.kernels.texts.distinct import count_distinct
from fastmetrics.kernels.texts.interning import MULTIPLIER
from fastmetrics.texts.blocks import Block
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import count_rows, row_values
from oracle_text import distinct_ngrams
from texts import text_column


def drawn(seed: int) -> list[str]:
    draw = random.Random(seed)
    sizes = [0, 1, 2, 3, 63, 64, 65, 300]
    return [" ".join(draw.choices("abcdefgh"[: draw.randrange(1, 9)], k=size)) for size in sizes * 3]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_distinct_ngrams_are_those_of_sets(order: int) -> None:
    texts = drawn(order)
    measure = MEASURES[f"distinct{order}"]
    found = count_rows(Block(text_column(texts)), [measure], Options()).counts
    expected = [distinct_ngrams(text.split(), order) for text in texts]
    assert list(zip(*(values.tolist() for values in found.values()), strict=True)) == expected


def test_the_kernel_is_its_python_twin() -> None:
    ids = np.array([0, 1, 0, 1, 2, 0, 0, 0], np.int32)
    offsets = np.array([0, 5, 5, 8])
    for order, expected in ((1, [3, 0, 1]), (2, [3, 0, 1]), (3, [3, 0, 1]), (4, [2, 0, 0])):
        for run in (count_distinct, count_distinct.py_func):
            out = np.empty(3, np.int64)
            with np.errstate(over="ignore"):
                run(ids, offsets, order, MULTIPLIER, out)
            assert out.tolist() == expected


def test_repetition_is_the_share_of_fourgrams_that_were_there_before() -> None:
    measure = MEASURES["repetition"]
    block = Block(text_column(["a b c d a b c d", "a b c", None]))
    values = row_values(count_rows(block, [measure], Options()), "repetition", measure.metrics(Options()))
    assert values[0] == pytest.approx(1 - 4 / 5)
    assert np.isnan(values[1:]).all()
