"""TER in large: shuffled and hostile texts of new seeds, all settings, against sacrebleu."""

from __future__ import annotations

import random

from parity.test_ter import SETTINGS, check, sentences
from unit.texts.test_ter import drawn as words
from unit.texts.test_ter import edits, expected, shuffled

ROUNDS, ROWS = 40, 40


def test_edits_lengths_and_scores_are_those_of_sacrebleu(drawn: random.Random) -> None:
    for _ in range(ROUNDS):
        check(*sentences(drawn, ROWS), drawn.choice(SETTINGS))


def test_edits_of_words_are_those_of_sacrebleu(drawn: random.Random) -> None:
    for _ in range(ROUNDS):
        types = drawn.choice([2, 4, 12, 60])
        references = [words(drawn, drawn.choice([2, 8, 20, 60]), types) for _ in range(ROWS)]
        pairs = [(shuffled(drawn, reference), reference) for reference in references]
        pairs += [(words(drawn, drawn.choice([1, 3, 30, 120]), types), reference) for reference in references[:10]]
        assert edits(pairs) == expected(pairs)
