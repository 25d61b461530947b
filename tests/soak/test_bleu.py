"""BLEU in large: hostile texts of new seeds, all settings, against sacrebleu."""

from __future__ import annotations

import random
from typing import Any

from fastmetrics.texts.options import Options
from parity.test_bleu import check, rows

ROUNDS, ROWS = 300, 60


def options(drawn: random.Random) -> Options:
    smooth: Any = drawn.choice(["exp", "floor", "add-k", "none"])
    tokenize: Any = drawn.choice(["13a", "none", "char", "intl", "zh"])
    return Options(
        tokenize=tokenize,
        lowercase=drawn.random() < 0.5,
        bleu_order=drawn.randrange(1, 7),
        smooth=smooth,
        smooth_value=drawn.choice([None, drawn.random() + 0.01]),
        effective_order=drawn.random() < 0.5,
    )


def test_integers_and_scores_are_those_of_sacrebleu(drawn: random.Random) -> None:
    for _ in range(ROUNDS):
        check(*rows(drawn, ROWS), options(drawn))
