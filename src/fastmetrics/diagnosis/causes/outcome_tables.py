"""The answers of a slice that explanations are held against: labels by decision, and labels by score."""

from __future__ import annotations

import numpy as np

from fastmetrics.aliases import Integers, Mask
from fastmetrics.diagnosis.causes.likelihoods import Answers, Side, log_odds
from fastmetrics.diagnosis.sides.pair import Pair, SideCells
from fastmetrics.families.scores import STATES

__all__ = ["decisions", "scores"]

USUAL = 0.0  # the threshold, where no decisions are counted


def decisions(pair: Pair, inside: Mask) -> Answers | None:
    """Judged rows of some leaves by label and decision; None of a family that does not tell them."""
    cells = {(label, said): cell for cell, label, said in pair.outcomes}
    if not cells:
        return None
    judged = tuple(cells[label, said] for label in (False, True) for said in (False, True))
    before, now = (side_of(side[pair.rows.family], inside, judged, np.zeros(1, np.int64), 1) for side in pair.sides)
    return Answers(before, now, inside, (2, 2), np.zeros(0))


def scores(pair: Pair, inside: Mask) -> Answers | None:
    """Scored rows of some leaves by label and bin; None without a family of probabilities."""
    scored = pair.scored
    if scored is None:
        return None
    size = len(scored.edges) + 2
    before, now = (
        side_of(held, inside, STATES, held.table["bin"].to_numpy(), size) for held in (scored.before, scored.now)
    )
    return Answers(before, now, inside, (len(STATES), size), log_odds(scored.edges) - threshold(pair))


def side_of(held: SideCells, inside: Mask, states: tuple[str, ...], column: Integers, size: int) -> Side:
    """The rows of some leaves, each state a stretch of ``size`` places in which ``column`` says which one."""
    some = inside[held.leaf]
    cells = np.stack([getattr(held.cells, state)[some] for state in states], 1)
    place = np.arange(len(states)) * size + np.broadcast_to(column, len(some))[some][:, None]
    return Side(np.repeat(held.leaf[some], len(states)), place.ravel(), cells.ravel())


def threshold(pair: Pair) -> float:
    """The log odds from which on decisions are positive: as many rows of the baseline lie above as are decided so.

    That is the middle of the scores that would do, where the baseline has none for a stretch.
    """
    if not pair.outcomes or pair.scored is None:
        return USUAL
    cells, held, edges = pair.baseline[pair.rows.family].cells, pair.scored.before, pair.scored.edges
    said = {side: [cell for cell, _, answer in pair.outcomes if answer is side] for side in (False, True)}
    negative, positive = (float(sum(cells.values[cell].sum() for cell in said[side])) for side in (False, True))
    decided = negative + positive
    rows = np.asarray(sum(getattr(held.cells, label) for label in STATES), np.float64)
    below = np.bincount(held.table["bin"].to_numpy(), rows, len(edges) + 2).cumsum()
    if not 0 < negative < decided or not below[-1]:
        return USUAL
    share, shares = negative / decided, below[: len(edges)] / below[-1]
    ends = np.interp(share, shares, edges), np.interp(-share, -shares[::-1], edges[::-1])
    return float(log_odds(np.array(ends)).mean())
