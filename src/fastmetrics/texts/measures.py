"""The table of measures."""

from __future__ import annotations

from collections.abc import Mapping

from fastmetrics.texts import bleu, chrf, diversity, edits, lengths, rouge, squad, ter
from fastmetrics.texts.measure import Measure

__all__ = ["MEASURES"]

MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        bleu.BLEU,
        chrf.CHRF,
        *rouge.ROUGE,
        *edits.EDITS,
        ter.TER,
        squad.EXACT_MATCH,
        squad.TOKEN_F1,
        lengths.LENGTH_RATIO,
        *diversity.DISTINCT,
        diversity.REPETITION,
    )
}
