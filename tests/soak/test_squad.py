"""Exact match and token F1 in large: answers of new seeds, against the definitions of SQuAD's script."""

from __future__ import annotations

import random

from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import count_rows
from oracle_squad import exact_match, token_f1
from texts import block_of
from unit.texts.test_squad import BOTH, answers

ROUNDS, ROWS = 60, 1_000


def test_values_are_those_of_the_script(drawn: random.Random) -> None:
    for _ in range(ROUNDS):
        hypotheses, references = answers(drawn, ROWS)
        measured = count_rows(block_of(hypotheses, references), BOTH, Options())
        pairs = list(zip(hypotheses, references, strict=True))
        equal = [max(exact_match(answer, text) for text in texts) for answer, texts in pairs]
        assert measured.counts["exact_match"].tolist() == equal
        scores = [max(token_f1(answer, text) for text in texts) for answer, texts in pairs]
        assert measured.exacts["token_f1"].tolist() == scores
