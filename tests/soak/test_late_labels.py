"""Late labels in large: many logs, labels in many parts and in any order."""

from __future__ import annotations

import random

from arrivals import check_arrivals

LOGS, ROWS, PARTS = 60, 20_000, 12


def test_labels_in_many_parts_add_up_in_any_order(drawn: random.Random) -> None:
    for _ in range(LOGS):
        check_arrivals(drawn, drawn.randrange(1, ROWS), drawn.randrange(2, PARTS))
