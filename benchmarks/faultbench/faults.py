"""Faults: what is done to the rows of a log, and what that does to the cells that one expects.

A fault acts on the rows of its slices from window tau on with an intensity in [0, 1] for each window, its profile. Of
each kind there is a way to draw rows and a way to expect cells; both read the same row of `KINDS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.faultbench.logs import LABEL_OF, NULL, PREDICTION_OF, STATE_OF, Log, Predicate

__all__ = [
    "KINDS",
    "MAGNITUDES",
    "PROFILES",
    "WINDOWS",
    "Fault",
    "Kind",
    "Rows",
    "expected",
    "inject",
    "levels",
    "rescored",
]

WINDOWS = 90
MAGNITUDES = (0.02, 0.05, 0.1, 0.2, 0.5)
GONE = -1  # where a removed row goes

TN, FP, FN, TP, UNPREDICTED_NEG, UNPREDICTED_POS, UNLABELLED_NEG, UNLABELLED_POS, NEITHER = range(9)

# The intensity in window tau + i.
PROFILES: Mapping[str, Any] = {
    "step": lambda i: (i >= 0) * 1.0,
    "ramp": lambda i: np.clip((i + 1) / 10, 0, 1),
    "pulse": lambda i: ((i >= 0) & (i < 3)) * 1.0,
}


@dataclass(frozen=True)
class Kind:
    """What a kind of fault does, which tags name it, and the rates whose cells it moves, the most telling first.

    ``tags`` holds the right answers for each sign of the fault, the first one its class. ``moves`` says, for each
    sign, the cell to which a row of a cell goes with probability q; ``scores`` what happens to all scores of the slice;
    ``donors`` that a row is replaced by another of its leaf with probability q; ``swaps`` that it swaps its window.
    """

    name: str
    tags: Mapping[int, tuple[str, ...]]
    rates: Mapping[int, tuple[str, ...]]
    needs: frozenset[str]
    moves: Mapping[int, Mapping[int, int]] | None = None
    scores: str | None = None
    donors: bool = False
    swaps: bool = False
    whole: bool = False  # there are no magnitudes
    steps: bool = False  # no other profiles: what is constant in part is not constant


LABEL_SWAP = {TN: FN, FN: TN, TP: FP, FP: TP, UNPREDICTED_NEG: UNPREDICTED_POS, UNPREDICTED_POS: UNPREDICTED_NEG}
NO_LABEL = {state: int(STATE_OF[NULL, PREDICTION_OF[state]]) for state in range(9)}
NO_PREDICTION = {state: int(STATE_OF[LABEL_OF[state], NULL]) for state in range(9)}
CONSTANT = {
    sign: {state: int(STATE_OF[LABEL_OF[state], int(sign > 0)]) for state in range(9) if PREDICTION_OF[state] < NULL}
    for sign in (-1, 1)
}


def both(value: Any) -> dict[int, Any]:
    return {-1: value, 1: value}


P, S, T = frozenset({"prediction"}), frozenset({"score"}), frozenset({"prediction", "score", "threshold"})
NONE: frozenset[str] = frozenset()
MOVED_SCORES = ("predicted_positive_rate", "fnr", "fpr", "high_score_rate", "extreme_score_rate")
# fmt: off
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (
    Kind("fn_flip", both(("fn_surge",)), both(("fnr",)), P, moves=both({TP: FN})),
    Kind("fp_flip", both(("fp_surge",)), both(("fpr",)), P, moves=both({TN: FP})),
    Kind("label_flip", both(("ranking_degradation",)), both(("fnr", "fpr", "prevalence")), P, moves=both(LABEL_SWAP)),
    Kind("prevalence", both(("prevalence_shift",)), both(("prevalence",)), NONE, donors=True),
    Kind("logit_shift", both(("threshold_shift", "score_shift")), both(MOVED_SCORES), T, scores="shift"),
    Kind("threshold_move", both(("threshold_shift",)), both(MOVED_SCORES[:3]), T, scores="threshold"),
    Kind("slope", {1: ("overconfident",), -1: ("underconfident",)}, both(("extreme_score_rate", "high_score_rate")), T,
         scores="slope", whole=True),
    Kind("collapse", both(("constant_prediction", "class_never_predicted")), both(MOVED_SCORES[:3]), P, moves=CONSTANT,
         whole=True, steps=True),
    Kind("null_burst", both(("null_surge",)), {-1: ("unlabelled_rate",), 1: ("unpredicted_rate",)}, P,
         moves={-1: NO_LABEL, 1: NO_PREDICTION}),
    Kind("volume_drop", both(("volume_drop",)), both(("rows",)), NONE, moves=both(dict.fromkeys(range(9), GONE))),
    Kind("mix_only", both(("mix_shift",)), both(("error_rate",)), P, swaps=True),
)}
# fmt: on


@dataclass(frozen=True)
class Fault:
    """One fault: ``roots`` are its disjoint slices, ``sign`` its direction, ``seed`` what its rows are drawn from.

    Of mix_only the single root is the value that rows of later windows have more often.
    """

    kind: str
    roots: tuple[Predicate, ...]
    tau: int
    profile: str
    q: float
    sign: int
    seed: int

    @property
    def row(self) -> Kind:
        return KINDS[self.kind]

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that name it."""
        return self.row.tags[self.sign]

    @property
    def rates(self) -> tuple[str, ...]:
        """The rates that it moves."""
        return self.row.rates[self.sign]

    def hit(self, log: Log) -> NDArray[np.bool_]:
        """The leaves of its slices."""
        inside = np.zeros(len(log.leaves), bool)
        for root in self.roots:
            inside |= log.match(root)
        return inside


@dataclass(frozen=True)
class Rows:
    """The rows of a log after a fault: ``keys`` is the row of the log whose keys each one has."""

    keys: NDArray[np.int64]
    leaf: NDArray[np.int64]
    label: NDArray[np.int8]
    prediction: NDArray[np.int8]
    score: NDArray[np.float64]
    window: NDArray[np.int64]


def levels(fault: Fault, windows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The intensity of a fault in each window."""
    level: NDArray[np.float64] = PROFILES[fault.profile](windows - fault.tau)
    return level


def logit(p: NDArray[np.float64] | float) -> NDArray[np.float64]:
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return np.log(p) - np.log1p(-p)


def logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = 1 / (1 + np.exp(-x))
    return result


def answered(score: NDArray[np.float64], line: float | NDArray[np.float64]) -> NDArray[np.int8]:
    """The predictions of scores: positive from the line on."""
    return np.where(np.isnan(score), NULL, score >= line).astype(np.int8)


def rescored(
    log: Log, fault: Fault, score: NDArray[np.float64], level: NDArray[np.float64] | float
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Scores and predictions of rows under a fault of scores; a shift of q is 5 q log-odds.

    Slopes turn around the threshold, so that decisions stay as they are: logits times 2 halve the
    slope of their calibration.
    """
    assert log.threshold is not None
    level = np.asarray(level)
    step = fault.sign * 5 * fault.q * level
    line, middle = log.threshold, logit(log.threshold)
    if fault.row.scores == "shift":
        score = logistic(logit(score) + step)
    elif fault.row.scores == "slope":
        was = score >= line
        score = logistic(middle + (logit(score) - middle) * 2.0 ** (fault.sign * level))
        score = np.where(was, np.maximum(score, line), np.minimum(score, np.nextafter(line, 0)))
    else:
        return score, answered(score, logistic(middle - step))
    return score, answered(score, line)


def inject(log: Log, window: NDArray[np.int64], fault: Fault | None) -> Rows:
    """The rows of a log whose windows are given, with the fault drawn into them."""
    everything = np.arange(len(log))
    if fault is None:
        return Rows(everything, log.leaf, log.label, log.prediction, log.score, window)
    rng = np.random.default_rng([fault.seed, 7])
    if fault.row.swaps:
        window = swapped(log, window, fault, rng)
        return Rows(everything, log.leaf, log.label, log.prediction, log.score, window)
    touched = np.flatnonzero(fault.hit(log)[log.leaf] & (levels(fault, window) > 0))
    level = levels(fault, window[touched])
    if fault.row.scores:
        score, prediction = log.score.copy(), log.prediction.copy()
        score[touched], prediction[touched] = rescored(log, fault, log.score[touched], level)
        return Rows(everything, log.leaf, log.label, prediction, score, window)
    chosen = touched[rng.random(len(touched)) < fault.q * level]
    if fault.row.donors:
        return replaced(log, window, chosen, donors(log, fault, chosen, rng))
    assert fault.row.moves is not None
    return moved(log, window, chosen, fault.row.moves[fault.sign])


def swapped(log: Log, window: NDArray[np.int64], fault: Fault, rng: np.random.Generator) -> NDArray[np.int64]:
    """Windows after rows of the slice from before tau changed places with later rows from outside of it.

    Every window keeps its number of rows, and the rows of every leaf are dealt to windows as blindly as before.
    """
    inside, level = fault.hit(log)[log.leaf], levels(fault, window)
    going = np.flatnonzero(~inside & (rng.random(len(window)) < fault.q * level))
    coming = np.flatnonzero(inside & (window < fault.tau))
    pairs = min(len(going), len(coming) // 2)  # the slice stays in the baseline
    going, coming = rng.permutation(going)[:pairs], rng.permutation(coming)[:pairs]
    window = window.copy()
    window[going], window[coming] = window[coming], window[going]
    return window


def moved(log: Log, window: NDArray[np.int64], chosen: NDArray[np.int64], move: Mapping[int, int]) -> Rows:
    """The chosen rows in other cells, or gone."""
    to = np.array([move.get(state, state) for state in range(9)], np.int8)
    target = to[log.state[chosen]]
    label, prediction, score = log.label.copy(), log.prediction.copy(), log.score.copy()
    label[chosen], prediction[chosen] = LABEL_OF[target], PREDICTION_OF[target]
    if move is NO_PREDICTION:
        score[chosen] = np.nan
    kept = np.ones(len(log), bool)
    kept[chosen[target == GONE]] = False
    rows = np.flatnonzero(kept)
    return Rows(rows, log.leaf[rows], label[rows], prediction[rows], score[rows], window[rows])


def donors(log: Log, fault: Fault, chosen: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """The row of the log that each chosen row is replaced by: one of its leaf and of one class."""
    order, starts = log.by_leaf
    group = log.leaf[chosen] * 3 + int(fault.sign > 0)
    size = starts[group + 1] - starts[group]
    at = starts[group] + (rng.random(len(chosen)) * size).astype(np.int64)
    return np.where(size > 0, order[np.minimum(at, len(order) - 1)], chosen)


def replaced(log: Log, window: NDArray[np.int64], chosen: NDArray[np.int64], by: NDArray[np.int64]) -> Rows:
    keys = np.arange(len(log))
    keys[chosen] = by
    return Rows(keys, log.leaf[keys], log.label[keys], log.prediction[keys], log.score[keys], window)


def expected(log: Log, fault: Fault | None, level: float) -> NDArray[np.float64]:
    """The cells [leaf, 9] that the rows of the log are expected to have at an intensity; of swaps up to the sizes of
    leaves.
    """
    if fault is None or level == 0 or fault.row.swaps:
        return log.cells
    hit = fault.hit(log)
    if fault.row.scores:
        inside = np.flatnonzero(hit[log.leaf])
        _, prediction = rescored(log, fault, log.score[inside], level)
        changed = log.tally(log.leaf[inside], STATE_OF[log.label[inside], prediction])
        return np.where(hit[:, None], changed, log.cells)
    chance = fault.q * level
    return np.where(hit[:, None], (1 - chance) * log.cells + chance * substitute(log, fault), log.cells)


def substitute(log: Log, fault: Fault) -> NDArray[np.float64]:
    """The cells of leaves all of whose rows were chosen."""
    if fault.row.moves is not None:
        shift = np.zeros((9, 9))
        for state in range(9):
            target = fault.row.moves[fault.sign].get(state, state)
            if target != GONE:
                shift[state, target] = 1
        return log.cells @ shift
    of_class = np.where(int(fault.sign > 0) == LABEL_OF, log.cells, 0)
    size = of_class.sum(axis=1, keepdims=True)
    spread = log.cells.sum(axis=1, keepdims=True) * of_class / np.maximum(size, 1)
    return np.where(size > 0, spread, log.cells)
