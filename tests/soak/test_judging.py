"""Named labels and nulls in large: random logs against what their rows say."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import judgement

LOGS = 5000


def test_counts_say_what_their_rows_say(drawn: random.Random) -> None:
    for _ in range(LOGS):
        with tempfile.TemporaryDirectory() as folder:
            judgement.check(judgement.drawn(drawn), Path(folder))
