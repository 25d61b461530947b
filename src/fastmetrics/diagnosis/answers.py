"""The tables of a slice that explanations are held against: labels by decision, and labels by score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastmetrics.diagnosis.explanations import Side, Table, log_odds, standardised
from fastmetrics.diagnosis.leaves import Held, Pair

__all__ = ["by_class", "decision_table", "score_table"]

Floats = NDArray[np.float64]

DECISIONS = ("tn", "fp", "fn", "tp")  # negative and positive decisions of negatives, then of positives
LABELS = ("negative", "positive", "unlabelled")
USUAL = 0.5  # the threshold, where no decisions are counted


def decision_table(pair: Pair, inside: NDArray[np.bool_]) -> Table | None:
    """Judged rows of some leaves by label and decision; None without a binary family."""
    sides = decision_sides(pair, inside)
    return None if sides is None else Table(*standardised(*sides, inside, (2, 2)), np.zeros(0))


def score_table(pair: Pair, inside: NDArray[np.bool_]) -> Table | None:
    """Scored rows of some leaves by label and bin; None without a family of probabilities."""
    sides = score_sides(pair, inside)
    if sides is None or pair.scored is None:
        return None
    size, edges = len(pair.scored.edges) + 2, pair.scored.edges
    tables = standardised(*sides, inside, (len(LABELS), size))
    return Table(*tables, log_odds(edges) - log_odds(np.array(threshold(pair))))


def by_class(pair: Pair, inside: NDArray[np.bool_]) -> Table | None:
    """The finer of these tables with the rows of each label in each leaf weighed alike, however many these became."""
    sides, table = score_sides(pair, inside), score_table(pair, inside)
    if sides is None or table is None:
        sides, table = decision_sides(pair, inside), decision_table(pair, inside)
    if sides is None or table is None:
        return None
    labels, size = table.before.shape
    before, now = (Side(side.leaf * labels + side.place // size, side.place, side.rows) for side in sides)
    return Table(*standardised(before, now, np.repeat(inside, labels), (labels, size)), table.edges)


def decision_sides(pair: Pair, inside: NDArray[np.bool_]) -> tuple[Side, Side] | None:
    """Judged rows of some leaves on both sides."""
    name, kind = pair.counted
    if kind != "binary":
        return None
    column = np.zeros(1, np.int64)
    return side_of(pair.baseline[name], inside, DECISIONS, column, 1), side_of(
        pair.current[name], inside, DECISIONS, column, 1
    )


def score_sides(pair: Pair, inside: NDArray[np.bool_]) -> tuple[Side, Side] | None:
    """Scored rows of some leaves on both sides."""
    if pair.scored is None:
        return None
    size = len(pair.scored.edges) + 2
    before, now = (
        side_of(held, inside, LABELS, held.table["bin"].to_numpy(), size)
        for held in (pair.scored.before, pair.scored.now)
    )
    return before, now


def side_of(
    held: Held, inside: NDArray[np.bool_], states: tuple[str, ...], column: NDArray[np.int64], size: int
) -> Side:
    """The rows of some leaves, each state a stretch of ``size`` places in which ``column`` says which one."""
    some = inside[held.leaf]
    cells = np.stack([getattr(held.cells, state)[some] for state in states], 1)
    place = np.arange(len(states)) * size + np.broadcast_to(column, len(some))[some][:, None]
    return Side(np.repeat(held.leaf[some], len(states)), place.ravel(), cells.ravel())


def threshold(pair: Pair) -> float:
    """The score from which on decisions are positive: as many rows of the baseline lie above it as are decided so."""
    name, kind = pair.counted
    if kind != "binary" or pair.scored is None:
        return USUAL
    cells, held, edges = pair.baseline[name].cells, pair.scored.before, pair.scored.edges
    negative, decided = float((cells.tn + cells.fn).sum()), float(sum(getattr(cells, cell).sum() for cell in DECISIONS))
    rows = np.asarray(sum(getattr(held.cells, label) for label in LABELS), np.float64)
    below = np.bincount(held.table["bin"].to_numpy(), rows, len(edges) + 2).cumsum()
    if not 0 < negative < decided or not below[-1]:
        return USUAL
    return float(np.interp(negative / decided, below[: len(edges)] / below[-1], edges))
