"""chrF of hostile texts against sacrebleu, for every setting drawn anew."""

from __future__ import annotations

import random

from parity.test_chrf import check, rows, some_options


def test_chrf_is_that_of_sacrebleu(drawn: random.Random) -> None:
    for _ in range(2_000):
        check(*rows(drawn, 12), some_options(drawn))
