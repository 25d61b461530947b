"""What happened: one table of tags, each with its rule over the rates that moved in a slice and what explains them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np

from fastmetrics.arithmetic import Z95
from fastmetrics.diagnosis.causes.likelihoods import (
    AS_OTHER,
    OF_DECISIONS,
    OF_SCORES,
    Answers,
    Fit,
    explained,
    fitted,
    label_nats,
    log_odds,
)
from fastmetrics.families.class_rates import CONFUSED, PREDICTED
from fastmetrics.reading.intervals.proportions import wilson

__all__ = ["BELOW_CONSTANT", "SIMPSON", "TAGS", "VERSION_REGRESSION", "Move", "Moves", "Tag", "rank_of"]

CONSTANT = 0.01  # a class predicted for at most this share of rows, or for all but this share, is predicted always
FADED = 0.1  # of its share is left of a decision that is hardly made any more
COMPARABLE = 0.1  # of the change of one rate, in log odds: what is less is no part of the same thing
NEVER = 0.001  # a class predicted for at most this share of rows, is predicted no longer
CLEARLY = log(20)  # nats: of two explanations, or of one and nothing, the less likely one is 1 in 20 as likely


@dataclass(frozen=True)
class Move:
    """A rate in a slice: ``direction`` is 1 or -1 where it moved beyond chance, else 0; ``nats`` is the evidence.

    ``leaning`` is the direction that the evidence has, however weak; ``untold`` says that no other tag knows the rate.
    """

    direction: int = 0
    before: float = float("nan")
    now: float = float("nan")
    k: float = 0.0
    n: float = 0.0
    nats: float = 0.0
    leaning: int = 0
    untold: bool = False

    @property
    def up(self) -> bool:
        return self.direction > 0

    @property
    def down(self) -> bool:
        return self.direction < 0

    @property
    def still(self) -> bool:
        return self.direction == 0

    @property
    def change(self) -> float:
        """By how much it moved, in log odds either way."""
        before, now = log_odds(np.array([self.before, self.now]))
        return abs(float(now - before))


STILL = Move()


@dataclass(frozen=True)
class Moves:
    """All that a rule sees of a slice: its rates by name, and what explains its labels, decisions and scores.

    A rate that the Counts do not hold did not move, and neither did an untold one: its name is a user's.
    """

    rates: Mapping[str, Move]
    decisions: Answers | None = None
    scores: Answers | None = None

    @cached_property
    def by_decision(self) -> Mapping[str, Fit]:
        """How well each explanation fits labels and decisions."""
        return {} if self.decisions is None else explained(self.decisions.by_leaf, OF_DECISIONS)

    @cached_property
    def by_score(self) -> Mapping[str, Fit]:
        """How well each explanation fits labels and scores."""
        return {} if self.scores is None else explained(self.scores.by_leaf, OF_SCORES)

    def __getattr__(self, name: str) -> Move:
        move = self.rates.get(name, STILL)
        return STILL if move.untold else move  # as of a flag that is called "error"

    def named(self, name: str, which: Callable[[Move], bool]) -> list[str]:
        """The rate of a name, or all whose names begin with it where it ends in "[" or is empty, strongest first."""
        begun = not name or name.endswith("[")
        found = [one for one in self.rates if (one.startswith(name) if begun else one == name)]
        return sorted(filter(lambda one: which(self.rates[one]), found), key=lambda one: -self.rates[one].nats)


Rule = Callable[[Moves], bool]


def anyhow(move: Move) -> bool:
    return True


@dataclass(frozen=True)
class Tag:
    """A kind of thing that happens to a model.

    Attributes
    ----------
    question
        What a person would ask to find it.
    rule
        Whether the moves of a slice amount to it. The first tag of the table whose rule holds is taken.
    rates
        The rates that show it, the best first; "predicted[" stands for those of all classes, "" for every rate.
    phrase
        Its words after the model's name; ``{times}`` is how many times the rate is what it was, and ``{part}`` too, or
        "none of".
    which
        What moves of these rates show it.
    """

    name: str
    question: str
    rule: Rule
    rates: tuple[str, ...]
    phrase: str
    advice: str
    which: Callable[[Move], bool] = anyhow

    def shown(self, moves: Moves) -> list[str]:
        """The rates of a slice that show it, the best first."""
        return [name for rate in self.rates for name in moves.named(rate, self.which)]


def faded(now: float, before: float) -> bool:
    """Whether a share is hardly there any more, and was: what was always rare did not fade."""
    return now <= min(CONSTANT, FADED * before)


def constant(m: Moves) -> bool:
    """One of the two decisions is hardly made any more."""
    move = m.predicted_positive_rate
    if move.still or not move.n:
        return False
    low, high = wilson(move.now, move.n, Z95)
    rare, was = (1 - move.now, 1 - move.before) if move.up else (move.now, move.before)
    return faded(rare, was) and not low <= move.before <= high


def rose(move: Move) -> bool:
    return move.up


def moved(move: Move) -> bool:
    return not move.still


def untold(move: Move) -> bool:
    return move.untold and not move.still


def of_classes(m: Moves) -> bool:
    """Whether errors are not those of a binary family, which tells misses from false alarms."""
    return "fnr" not in m.rates


def vanished(move: Move) -> bool:
    """A class was predicted and is no longer."""
    _, high = wilson(move.now, move.n, Z95)
    return move.down and move.now <= NEVER and bool(move.before > high)


def everything(move: Move) -> bool:
    """A class is predicted for nearly every row, and was not."""
    low, _ = wilson(move.now, move.n, Z95)
    return move.up and faded(1 - move.now, 1 - move.before) and bool(move.before < low)


def confused(m: Moves) -> bool:
    """One class is taken for another, which says more than that there are more errors."""
    up = m.named(CONFUSED, rose)
    return bool(up) and m.rates[up[0]].nats >= m.error_rate.nats


def worse_throughout(m: Moves) -> bool:
    """Both classes suffer: by their labels, or by their predictions while these are as before."""
    by_prediction = m.fdr.up and m.false_omission_rate.up and m.predicted_positive_rate.still
    return (m.fnr.up and m.fpr.up) or by_prediction


def clearly(fits: Mapping[str, Fit], name: str) -> bool:
    """Whether an explanation is 20 times as likely as any other one, and as none."""
    others = [fit.nats for other, fit in fits.items() if other != name]
    return name in fits and fits[name].nats >= CLEARLY + max(others, default=0.0)


def labels_wrong(m: Moves) -> bool:
    """Labels changed beside the answers, and not as other shares of the classes change them.

    These bring the answers of the classes along. Flipped labels leave answers as they were, and give the class that
    grew some of those of the other one, in each leaf: over leaves together other shares of these would do so too.
    Scores tell more than decisions, but where few rows that have one are labelled.
    """
    if m.prevalence.still or not (m.predicted_positive_rate.still and m.high_score_rate.still):
        return False
    by_score = any(fit.nats >= CLEARLY for fit in m.by_score.values())
    answered, fits = (m.scores, m.by_score) if by_score else (m.decisions, m.by_decision)
    if answered is None or not clearly(fits, "labels flipped"):
        return False
    return fitted(answered.by_class, AS_OTHER[m.prevalence.up]).nats >= CLEARLY


def traded(m: Moves) -> bool:
    """Both classes get more positive decisions, or fewer; where one alone moved, the other is asked alone."""
    if m.fnr.still == m.fpr.still:
        return m.fnr.direction * m.fpr.direction < 0
    moving, other = (m.fpr, m.fnr) if m.fnr.still else (m.fnr, m.fpr)
    along = m.fnr.leaning * m.fpr.leaning < 0 and other.change >= COMPARABLE * moving.change
    return along and other.nats >= CLEARLY


def moved_along(m: Moves) -> bool:
    """Scores moved, and decisions with them, though it may be only in one class that many rows tell."""
    return scores_moved(m) and (traded(m) or (not errors_still(m) and clearly(m.by_score, "scores shifted")))


def stretched(m: Moves, way: int) -> bool:
    """Scores moved away from the threshold, or towards it, not all the same way, and labels do not say otherwise."""
    if not scores_moved(m) or m.scores is None or not clearly(m.by_score, "scores stretched"):
        return False
    size = m.by_score["scores stretched"].size
    return way * size > 0 and label_nats(m.scores.by_leaf, size) > -CLEARLY


def scores_moved(m: Moves) -> bool:
    return not (m.high_score_rate.still and m.extreme_score_rate.still)


def errors_still(m: Moves) -> bool:
    return m.fnr.still and m.fpr.still


# fmt: off
TAGS = (
    Tag("null_surge", "Do labels or predictions go missing?",
        lambda m: m.unlabelled_rate.up or m.unpredicted_rate.up or m.unscored_rate.up,
        ("unpredicted_rate", "unlabelled_rate", "unscored_rate"), "has {times} as many {words}",
        "Look at the joins and time-outs on the way to the log; labels of the latest rows may still be on their way."),
    Tag("constant_prediction", "Does it always say the same?", constant,
        ("predicted_positive_rate",), "says nearly the same of every row",
        "Look for a feature that became constant, a default answer or a broken threshold; roll back the version."),
    Tag("constant_prediction", "Does it always name the same class?",
        lambda m: bool(m.named(PREDICTED, everything)), (PREDICTED,), "says {words} of nearly every row",
        "Look for a feature that became constant or a default answer; roll back the version.", everything),
    Tag("class_never_predicted", "Is a class no longer predicted?",
        lambda m: bool(m.named(PREDICTED, vanished)), (PREDICTED,), "no longer predicts {words}",
        "Compare the classes of the version in use with those of the one before, by name and by order.", vanished),
    Tag("ranking_degradation", "Does it tell positives from negatives less well, at any threshold?",
        lambda m: worse_throughout(m) or labels_wrong(m), ("error_rate", "fnr", "fpr"),
        "tells positives from negatives less well",
        "No threshold repairs this: look for broken features or wrong labels in this slice, then retrain."),
    Tag("score_shift", "Did the scores move, and decisions with them?", moved_along,
        ("high_score_rate", "extreme_score_rate", "predicted_positive_rate"), "gives other scores",
        "Look at the inputs and the version that scores this slice; until then move its threshold back along the ROC."),
    Tag("threshold_shift", "Does it trade misses for false alarms?", traded,
        ("predicted_positive_rate", "fnr", "fpr"), "decides at another threshold",
        "Compare the threshold in use with the one intended; the model itself ranks as before."),
    Tag("improvement", "Did it get better?",
        lambda m: (m.fnr.down or m.fpr.down) and not (m.fnr.up or m.fpr.up), ("fnr", "fpr"),
        "has {times} as many {words}", "Nothing to repair; keep what changed."),
    Tag("prevalence_shift", "Did the share of positives change, and not the model?",
        lambda m: not m.prevalence.still and errors_still(m), ("prevalence",), "meets {times} as many positives",
        "The model errs as before within each class; check that the labels are right, then adapt the threshold."),
    Tag("fn_surge", "Does it miss more?", lambda m: m.fnr.up, ("fnr",), "misses {times} as many positives",
        "Look at missed positives of this slice (finding.examples) and at what changed for it at that time."),
    Tag("fp_surge", "Does it raise more false alarms?", lambda m: m.fpr.up, ("fpr",),
        "raises {times} as many false alarms",
        "Look at false alarms of this slice (finding.examples) and at what changed for it at that time."),
    Tag("class_confusion", "Does it take a class for another?", confused, (CONFUSED,),
        "calls {words} {times} as often",
        "Look at rows of the two classes in this slice (finding.examples): their inputs, and how they are labelled.",
        rose),
    Tag("error_surge", "Does it err more?", lambda m: of_classes(m) and m.error_rate.up, ("error_rate",),
        "errs {times} as often",
        "Look at errors of this slice (finding.examples) and at what changed for it at that time."),
    Tag("improvement", "Does it err less?", lambda m: of_classes(m) and m.error_rate.down, ("error_rate",),
        "errs {times} as often", "Nothing to repair; keep what changed."),
    Tag("overconfident", "Are its scores too extreme?",
        lambda m: stretched(m, 1), ("extreme_score_rate",),
        "is surer than it should be",
        "Recalibrate the scores of this slice; decisions at the threshold are as before."),
    Tag("underconfident", "Are its scores too timid?",
        lambda m: stretched(m, -1), ("extreme_score_rate",),
        "is less sure than it could be",
        "Recalibrate the scores of this slice; decisions at the threshold are as before."),
    Tag("score_shift", "Did the scores move?", scores_moved, ("high_score_rate", "extreme_score_rate"),
        "gives other scores", "Look at the inputs and the version that scores this slice."),
    Tag("prediction_shift", "Does it answer differently?", lambda m: not m.predicted_positive_rate.still,
        ("predicted_positive_rate",), "says positive {times} as often",
        "Labels will tell whether it is right to; until then look at the inputs of this slice."),
    Tag("prediction_shift", "Does it name other classes?", lambda m: bool(m.named(PREDICTED, moved)), (PREDICTED,),
        "says {words} {times} as often",
        "Compare with the labels of this slice: they moved as well, or its inputs did.", moved),
    Tag("rate_shift", "Did a rate of another kind move?", lambda m: bool(m.named("", untold)), ("",),
        "has {part} the {words}",
        "Look at rows of this slice (finding.examples) and at what changed for it at that time.", untold),
)

# Tags of all rows together, whose rules look at more than the rates of a slice: see `wholes`.
SIMPSON = Tag("simpson", "Do the slices say the opposite of the total?", lambda m: False, ("error_rate",),
    "moved one way in total, while within slices it {way} by {rate}",
    "Read the slices and not the total: rows moved between slices with other rates.")
BELOW_CONSTANT = Tag("below_constant_baseline", "Would always giving the commoner answer be better?", lambda m: False,
    ("error_rate",), "errs more than always giving the commoner answer would ({constant})",
    "Take it out of service, or look for flipped labels, classes or thresholds.")
VERSION_REGRESSION = Tag("version_regression", "Is the new version worse?", lambda m: False, ("error_rate",),
    "errs {times} as often as the one it is compared with",
    "Hold the release; the other findings say where it errs more.")
# fmt: on


def rank_of(moves: Moves) -> int | None:
    """The place in TAGS of the first tag whose rule holds, or None."""
    return next((rank for rank, tag in enumerate(TAGS) if tag.rule(moves)), None)
