"""N-grams in common, by bits and by numbers, are those of counters."""

from __future__ import annotations

import random

import numpy as np
import pytest

from fastmetrics import kernels
from fastmetrics.texts.chunks import Chunk
from fastmetrics.texts.ngrams import ngrams, pair_matches
from fastmetrics.texts.rouge import masked_matches
from fastmetrics.texts.strings import Strings
from oracle_rouge import common_ngrams


def drawn(draw: random.Random, lengths: list[int]) -> list[str]:
    return [" ".join(draw.choices("abcdefgh"[: draw.choice([1, 2, 8])], k=draw.choice(lengths))) for _ in range(3)]


@pytest.mark.parametrize("order", [1, 2, 3, 9])
@pytest.mark.parametrize("compiled", [True, False])
def test_matches_are_those_of_counters(order: int, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        masked = kernels.texts.masked_ngrams
        monkeypatch.setattr(masked, "count_masked_ngrams", masked.count_masked_ngrams.py_func)
    draw = random.Random(order)
    sizes = [0, 1, 8, 20, 63, 64, 65, 128, 200, 512] if compiled else [0, 3, 64, 65]
    sets = [(drawn(draw, sizes), drawn(draw, sizes)) for _ in range(20 if compiled else 3)]
    sides = ([text for of in sets for text in of[side]] for side in (0, 1))
    offsets = 3 * np.arange(len(sets) + 1)
    chunk = Chunk(*map(Strings.of, sides), offsets, offsets)
    expected = [common_ngrams(of.split(), text.split(), order) for texts, ofs in sets for text in texts for of in ofs]
    with np.errstate(over="ignore"):
        found = masked_matches(chunk, chunk.ids("none"), order)
    assert found.tolist() == expected
    assert pair_matches(chunk, ngrams(chunk, "none", False, order)).tolist() == expected
