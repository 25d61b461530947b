"""ROUGE in large: hostile texts and words of new seeds, against rouge_score and NLTK."""

from __future__ import annotations

import random

from parity.test_rouge import check_rows, check_stems, drawn_rows, random_word

ROUNDS, ROWS, WORDS = 60, 200, 200_000


def test_every_row_is_that_of_rouge_score(drawn: random.Random) -> None:
    for number in range(ROUNDS):
        check_rows(drawn_rows(drawn, ROWS), stemmer=number % 2 > 0)


def test_stems_are_those_of_nltk(drawn: random.Random) -> None:
    check_stems([random_word(drawn) for _ in range(WORDS)])
