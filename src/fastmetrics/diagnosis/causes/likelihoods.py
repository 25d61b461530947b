"""What explains a slice: one thing changed, all else is as it was, and how likely that makes its cells.

A rule over rates that moved cannot tell apart causes that move the same rates. Each cause leaves a form of its own,
though: labels that are flipped leave the scores where they were, while other shares of the classes bring the scores
of the classes along; a slope moves scores away from the threshold on both of its sides. An explanation is a
transformation of the table of the baseline with one number in it, fitted to the current table; of two the likelier one
explains better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fastmetrics.aliases import Floats, Integers, Mask

__all__ = [
    "AS_OTHER",
    "OF_DECISIONS",
    "OF_SCORES",
    "Answers",
    "Explanation",
    "Fit",
    "Side",
    "Table",
    "explained",
    "fitted",
    "label_nats",
    "log_odds",
    "standardised",
]

OTHERWISE = 0.01  # of the rows may be anywhere: no explanation is the whole of what happened
CLASSES = 5  # of scores on either side of the threshold
LEAST = 10.0  # rows that such a class is to have, of both sides
POINTS, ROUNDS = 33, 3  # of the grid on which numbers are fitted, each round within two steps of the one before
TAIL = 12  # halves of an outermost bin that are told apart
TINY = 1e-300
NEAREST = 1e-9  # scores closer to 0 or 1 are as far from the threshold as this one


@dataclass(frozen=True)
class Side:
    """Rows of one side: their leaf, their place in a table of labels and answers, and how many they are."""

    leaf: Integers
    place: Integers
    rows: Floats


@dataclass(frozen=True)
class Table:
    """Rows by label (negative, positive, and unlabelled if there are) and answer, ``before`` and ``now``.

    Answers are decisions, or bins of the score between ``edges``, which are log odds counted from the threshold of the
    decisions.
    """

    before: Floats
    now: Floats
    edges: Floats


@dataclass(frozen=True)
class Answers:
    """The rows of the leaves ``inside`` on both sides, for a table of so many labels and answers."""

    before: Side
    now: Side
    inside: Mask
    shape: tuple[int, int]
    edges: Floats

    @property
    def by_leaf(self) -> Table:
        """The table in which each leaf weighs as much now as before."""
        return Table(*standardised(self.before, self.now, self.inside, self.shape), self.edges)

    @property
    def by_class(self) -> Table:
        """The table in which each label of each leaf does, however many of its rows have it."""
        labels, size = self.shape
        before, now = (
            Side(side.leaf * labels + side.place // size, side.place, side.rows) for side in (self.before, self.now)
        )
        return Table(*standardised(before, now, np.repeat(self.inside, labels), self.shape), self.edges)


@dataclass(frozen=True)
class Fit:
    """How much likelier a table is with an explanation than without, in nats, and the number that makes it so."""

    nats: float
    size: float


@dataclass(frozen=True)
class Explanation:
    """What one thing that changed makes of a table, for each of many sizes between ``low`` and ``high``; 0 is nothing.

    ``changed`` takes a table, sizes of the shape (sizes, 1, 1) and the edges, which only scores that moved ask for.
    """

    name: str
    changed: Callable[[Floats, Floats, Floats], Floats]
    low: float
    high: float


def standardised(before: Side, now: Side, inside: Mask, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """The rows of some leaves by label and answer on both sides, each leaf with the same weight on both.

    The weights are those of Mantel and Haenszel: a shift of mix between leaves changes nothing, and the sum of either
    table is the number of rows of one side whose chance is that of the difference.
    """
    leaves, size = len(inside), shape[0] * shape[1]
    totals = [np.bincount(side.leaf, side.rows, leaves) for side in (before, now)]
    weight = np.where(inside, totals[0] * totals[1] / np.maximum(totals[0] + totals[1], 1), 0.0)
    tables = list[Floats]()
    for side, total in zip((before, now), totals, strict=True):
        share = (weight / np.maximum(total, 1))[side.leaf]
        tables.append(np.asarray(np.bincount(side.place, side.rows * share, size), np.float64).reshape(shape))
    return tables[0], tables[1]


def explained(table: Table, explanations: tuple[Explanation, ...]) -> Mapping[str, Fit]:
    """How well each explanation fits a table.

    Of scores the nats are divided by what even the best one leaves unexplained beyond chance (quasi-likelihood): where
    none fits well, as scores are known by their bins only, a small lead says little.
    """
    fits = {one.name: fitted(table, one) for one in explanations}
    dispersion = overdispersion(table, max(fit.nats for fit in fits.values())) if len(table.edges) else 1.0
    return {name: Fit(fit.nats / dispersion, fit.size) for name, fit in fits.items()}


def overdispersion(table: Table, nats: float) -> float:
    """How many times the chance deviation a table is from an explanation that gained so many nats; at least 1."""
    none, all_ = (float(nats_of(table, part[None])[0]) for part in (table.before, table.now))
    cells = int((np.add.reduceat(table.before + table.now, starts_of(table), 1) > 0).sum())
    return max(1.0, 2 * (all_ - none - nats) / max(cells - 2, 1))


def fitted(table: Table, one: Explanation) -> Fit:
    """An explanation at the size that fits best."""
    none = float(nats_of(table, table.before[None])[0])
    low, high, best, size = one.low, one.high, none, 0.0
    for _ in range(ROUNDS):
        sizes = np.linspace(low, high, POINTS)
        nats = nats_of(table, one.changed(table.before, sizes[:, None, None], table.edges))
        at = int(np.argmax(nats))
        if nats[at] > best:
            best, size = float(nats[at]), float(sizes[at])
        step = 2 * (high - low) / (POINTS - 1)
        low, high = max(size - step, one.low), min(size + step, one.high)
    return Fit(best - none, size)


def nats_of(table: Table, made: Floats) -> Floats:
    """The log likelihood of the current table if it were drawn from each of many that were made, up to a constant."""
    starts = starts_of(table)
    now, before, made = (np.add.reduceat(part, starts, -1) for part in (table.now, table.before, made))
    likely = (1 - OTHERWISE) * made + OTHERWISE * (before + now) / 2
    return np.asarray((now * np.log(np.where(now > 0, likely, 1.0))).sum((1, 2)))


def label_nats(table: Table, size: float) -> float:
    """How much likelier labels given scores are if these were stretched so much than if they mean what they did."""
    made = stretched(table.before, np.full((1, 1, 1), size), table.edges)[0]
    return label_likelihood(table, made) - label_likelihood(table, table.before)


def label_likelihood(table: Table, made: Floats) -> float:
    """The log likelihood of the current labels given answers, if a table were ``made``."""
    now, before, made = (np.add.reduceat(part[:2], starts_of(table), 1) for part in (table.now, table.before, made))
    likely = (1 - OTHERWISE) * made + OTHERWISE * (before + now) / 2
    return float((now * np.log(np.where(now > 0, likely / np.maximum(likely.sum(0), TINY), 1.0))).sum())


def starts_of(table: Table) -> Integers:
    """Where the answers that are compared begin: decisions as they are, scores in classes of about as many rows.

    There are about CLASSES on either side of the threshold. In narrower ones most of what differs is chance; a bin as
    large as a class is one, and what lies between two of those.
    """
    rows = (table.before + table.now).sum(0)
    if not len(table.edges):
        return np.arange(len(rows))
    border = 1 + int(np.searchsorted(table.edges, 0.0))
    return np.concatenate([classes_of(rows[:border]), border + classes_of(rows[border:])])


def classes_of(rows: Floats) -> Integers:
    """Where classes of about as many rows begin."""
    size = max(rows.sum() / CLASSES, LEAST)
    reached = np.searchsorted(rows.cumsum(), size * np.arange(1, CLASSES), side="right")
    large = np.flatnonzero(rows >= size)
    starts = np.unique(np.concatenate([[0], reached, large, large + 1]))
    return np.asarray(starts[starts < len(rows)], np.int64)


def decided(negatives: float, positives: float) -> Callable[[Floats, Floats, Floats], Floats]:
    """A share of the rows of either label is decided the other way: positively, or negatively where it is below 0."""
    ways = np.array([[negatives], [positives]])

    def changed(table: Floats, sizes: Floats, edges: Floats) -> Floats:
        share = sizes * ways
        gain = np.maximum(share, 0) * table[:, :1] - np.maximum(-share, 0) * table[:, 1:]
        return np.concatenate([table[:, :1] - gain, table[:, 1:] + gain], 2)

    return changed


def flipped(table: Floats, sizes: Floats, edges: Floats) -> Floats:
    """A share of the labels is the other one."""
    other = table.copy()
    other[:2] = table[1::-1]
    return np.asarray((1 - sizes) * table + sizes * other)


def as_other(label: int) -> Callable[[Floats, Floats, Floats], Floats]:
    """A share of the rows of a label has the answers of the other one, all leaves together."""

    def changed(table: Floats, sizes: Floats, edges: Floats) -> Floats:
        rows = table[:2].sum(1)
        made = np.repeat(table[None], len(sizes), 0)
        other = table[1 - label] / max(rows[1 - label], TINY) * rows[label]
        made[:, label] = (1 - sizes[:, 0]) * table[label] + sizes[:, 0] * other
        return made

    return changed


def resampled(table: Floats, sizes: Floats, edges: Floats) -> Floats:
    """The odds of a positive label times so much, each class with the answers that it had (label shift)."""
    rows = table[:2].sum(1)
    odds = np.concatenate([np.ones_like(sizes), np.exp(sizes)], 1) * rows[:, None]
    shares = odds * rows.sum() / np.maximum(odds.sum(1, keepdims=True) * np.maximum(rows[:, None], TINY), TINY)
    return np.concatenate([table[:2] * shares, np.broadcast_to(table[2:], (len(sizes), *table[2:].shape))], 1)


def relabelled(table: Floats, sizes: Floats, edges: Floats) -> Floats:
    """The odds of a positive label times so much at each answer, and answers as they were (concept drift)."""
    odds, rows = table[1:2] * np.exp(sizes), table[:2].sum(0)
    positive = rows * odds / np.maximum(table[:1] + odds, TINY)
    return np.concatenate([rows - positive, positive, np.broadcast_to(table[2:], (len(sizes), *table[2:].shape))], 1)


def rescored(table: Floats, asked: Floats, edges: Floats) -> Floats:
    """Other scores of the same rows: ``asked`` are the log odds that the edges had before, for each size.

    Rows lie evenly between edges in probability, and in the outermost bins as `tail` says. Those below the first edge
    or from the last one on stay.
    """
    kept = table[:, 1:-2]
    below = np.concatenate([np.zeros((len(table), 1)), kept.cumsum(1)], 1)
    places, from_end, inner = logistic(edges), logistic(-edges), logistic(asked[:, 0, 1:-1])
    low = [tail(places[1:3], row[1:3]) for row in below]
    high = [tail(from_end[[-2, -3]], row[-1] - row[[-2, -3]]) for row in below]
    at = np.stack(
        [
            np.interp(
                inner,
                np.concatenate([[0], lower[0], places[1:-1], 1 - upper[0][::-1], [1]]),
                np.concatenate([[0], lower[1], row[1:-1], row[-1] - upper[1][::-1], row[-1:]]),
            )
            for row, lower, upper in zip(below, low, high, strict=True)
        ],
        1,
    )
    size = len(at), len(table), 1
    ends = np.zeros(size), np.broadcast_to(below[:, -1:], size)
    moved = np.diff(np.concatenate([ends[0], at, ends[1]], 2), axis=2)
    first, last = (np.broadcast_to(part, (len(at), *part.shape)) for part in (table[:, :1], table[:, -2:]))
    return np.concatenate([first, moved, last], 2)


def tail(places: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Places within an outermost bin, counted from its end of the scores, and the rows up to each of them.

    These are a power of the place, the one that the bin and its neighbour together follow: where a model is sure, most
    of the rows of such a bin lie at its end. They lie evenly where there are too few to tell.
    """
    shares = 2.0 ** -np.arange(TAIL, 0, -1)
    told = 0 < rows[0] < rows[1] and 0 < places[0] < places[1]
    power = np.log(rows[1] / rows[0]) / np.log(places[1] / places[0]) if told else 1.0
    return places[0] * shares, rows[0] * shares**power


def shifted(table: Floats, sizes: Floats, edges: Floats) -> Floats:
    """So much is added to the log odds of each score."""
    return rescored(table, edges - sizes, edges)


def stretched(table: Floats, sizes: Floats, edges: Floats) -> Floats:
    """The log odds of each score lie exp(size) times as far from the threshold, and decisions are as before."""
    return rescored(table, edges * np.exp(-sizes), edges)


def logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def log_odds(p: Floats) -> Floats:
    """The log odds of probabilities, finite at 0 and 1 too."""
    kept = np.clip(p, NEAREST, 1 - NEAREST)
    return np.asarray(np.log(kept / (1 - kept)))


FLIPPED = Explanation("labels flipped", flipped, 0.0, 1.0)
RESAMPLED = Explanation("classes resampled", resampled, -6.0, 6.0)
RELABELLED = Explanation("labels likelier", relabelled, -6.0, 6.0)
AS_OTHER = (
    Explanation("negatives as positives", as_other(0), 0.0, 1.0),
    Explanation("positives as negatives", as_other(1), 0.0, 1.0),
)
OF_DECISIONS = (
    Explanation("misses", decided(0, 1), -1.0, 1.0),
    Explanation("false alarms", decided(1, 0), -1.0, 1.0),
    FLIPPED,
    RESAMPLED,
    RELABELLED,
)
OF_SCORES = (
    Explanation("scores shifted", shifted, -4.0, 4.0),
    Explanation("scores stretched", stretched, -2.0, 2.0),
    FLIPPED,
    RESAMPLED,
    RELABELLED,
)
