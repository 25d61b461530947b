"""Baseline and current as cells by leaf."""

from __future__ import annotations

import fastmetrics as fm
from fastmetrics.diagnosis.sides.pair import paired, sums_of


def test_a_key_of_numbers_is_no_cell() -> None:
    log = {"label": [1, 0, 1], "pred": [1, 1, 0], "store": [7, 8, 7], "score": [0.1, 0.2, 0.3]}
    families = [fm.binary("label", "pred"), fm.scores("label", "score")]
    counts = fm.count(log, *families, by="store")
    sums = sums_of(counts, families, ["store"], windowed=False)
    pair = paired(sums, sums)
    assert pair.scored is not None
    assert tuple(pair.baseline["binary"].cells.values) == families[0].states
    assert tuple(pair.scored.now.cells.values) == families[1].states
