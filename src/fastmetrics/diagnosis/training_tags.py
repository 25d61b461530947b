"""What happens to training runs: one table of tags, each with its question, its rule and its advice.

A rule looks at one run and answers with where and since when, or None. Each asks two things: is it more than noise, and
is it large enough to act on. The limits are in units of the noise or of the run's own improvement, so that neither the
scale of a loss nor the length of a run matters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastmetrics.diagnosis.curves import Curve
from fastmetrics.diagnosis.shapes import END, STOPPED_BY, Shape, noise_of, shape_of, step_contrast

__all__ = ["TAGS", "Event", "Loss", "Run", "Tag"]

Floats = NDArray[np.float64]

FALL_Z = 3.3  # the clearest of some 60 places: noise alone gets here in about 2 % of runs
LEAST_FALL = 0.01  # of the starting level: a smaller fall is nothing to train for
DIVERGED_Z, DIVERGED_PART = 6.0, 0.4  # of the improvement lost
DIVERGED_LEVEL = 0.1  # of the best level: where there was little improvement to lose
OVERFIT_Z, OVERFIT_PART = 5.0, 0.05
SLACK_Z = 2.5  # a move of a level that was not searched for, and counts as one
EARLY = 4.0  # chi square by which a loss that stopped in the first half of the run must fit better
PLATEAU_LEVEL = 0.35  # of the start: below, a loss that levels off by itself has converged
KNEE = 12.0  # chi square by which a knee must fit better to be one
STILL_FALLING = 0.04  # of the improvement: falling by less in half a run is flat
OVERTRAINING_SHARE, OVERTRAINED_Z = 0.4, 2.0
TRAIN_FALLS = 0.06  # of its improvement, over the part of the run where validation is flat
FROZEN_SHARE, FROZEN_POINTS = 0.1, 5
NOTHING = 1e-3  # of the level: a loss that stays within has not moved
IMBALANCE, STRONG_IMBALANCE = 9.0, 100.0  # most frequent label over least frequent one
EXPLODED, VANISHED = 10.0, 1e-3  # of the level before
DEAD = 1e-7  # a gradient norm below moves no float32 weight


@dataclass(frozen=True)
class Event:
    """What a rule found: since which step, in which metric, and the numbers that show it."""

    step: float | None
    metric: str
    split: str
    severity: str
    sentence: str
    evidence: dict[str, float]


@dataclass(frozen=True)
class Loss:
    """A loss curve and what rules ask of it."""

    curve: Curve

    @cached_property
    def finite(self) -> NDArray[np.bool_]:
        return np.isfinite(self.curve.values)

    @cached_property
    def shape(self) -> Shape | None:
        return shape_of(self.curve.steps[self.finite], self.curve.values[self.finite])

    @cached_property
    def frozen(self) -> int | None:
        """The first place of a tail in which the loss does not move at all."""
        return frozen_from(self.curve.values[self.finite])


@dataclass(frozen=True)
class Run:
    """The curves of a run that tags are about."""

    name: str | None
    train: Loss | None = None
    val: Loss | None = None
    gradients: tuple[Curve, ...] = ()
    labels: dict[str, int] = field(default_factory=dict)

    @property
    def losses(self) -> list[Loss]:
        return [loss for loss in (self.train, self.val) if loss is not None]

    @property
    def main(self) -> Loss | None:
        """The loss that is minimised; validation where only that was logged."""
        return self.train or self.val


Rule = Callable[[Run], Event | None]


@dataclass(frozen=True)
class Tag:
    """A kind of thing that happens to a run.

    Attributes
    ----------
    question
        What a person would ask to find it.
    rule
        Where and since when, if it happened.
    advice
        What to try first.
    hushes
        Tags that say nothing more where this one was found.
    """

    name: str
    question: str
    rule: Rule
    advice: str
    hushes: tuple[str, ...] = ()


def event(loss: Loss, step: float, severity: str, sentence: str, **evidence: float) -> Event:
    return Event(float(step), loss.curve.metric, loss.curve.split, severity, sentence, evidence)


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def at(step: float) -> str:
    return f"{step:,.0f}" if step == int(step) else f"{step:.4g}"


def said(loss: Loss) -> str:
    """The loss as a sentence begins with it.

    >>> said(Loss(Curve(None, "val", "loss", np.array([0.0]), np.array([1.0]))))
    'Val loss'
    """
    return f"{loss.curve.split} {loss.curve.metric.replace('_', ' ')}".capitalize()


# Loss


def diverged(run: Run) -> Event | None:
    """NaN or infinity, or a rise that did not recover and lost a large part of what was gained."""
    for loss in run.losses:
        if not loss.finite.all():
            return broken(loss)
    if run.main is None or (shape := run.main.shape) is None:
        return None
    return blown_up(run.main, shape) or risen(run.main, shape)


def broken(loss: Loss) -> Event:
    bad = np.flatnonzero(~loss.finite)
    good = np.flatnonzero(loss.finite)
    recovered = len(good) > 0 and good[-1] > bad[-1]
    tail = int(bad[0] if recovered or not len(good) else good[-1] + 1)
    step = float(loss.curve.steps[bad[0] if recovered else tail])
    value = "NaN" if np.isnan(loss.curve.values[tail]) else "infinite"
    ending = f"at {len(bad):,} of {loss.finite.size:,} steps, and recovered" if recovered else "to the end"
    sentence = f"{said(loss)} is {value} from step {at(step)} {ending}."
    evidence = {"non_finite": float(len(bad)), "points": float(loss.finite.size)}
    return event(loss, step, "minor" if recovered else "major", sentence, **evidence)


def blown_up(loss: Loss, shape: Shape) -> Event | None:
    """The last values alone lie far above the start: a run that was stopped as it blew up."""
    values = loss.curve.values[loss.finite]
    last = values[-2:] if len(values) < 200 else values[-3:]
    room = max(3 * shape.improvement, abs(shape.start))
    limit = shape.best + max(room, 12 * noise_of(values[: len(values) - len(last)]))
    if float(last.min()) <= limit:
        return None
    place = len(values) - int((values[::-1] <= limit).argmax())
    step = loss.curve.steps[loss.finite][place]
    sentence = (
        f"{said(loss)} jumped from {number(shape.best)} to {number(last[-1])} at step {at(step)} and stayed there."
    )
    return event(loss, step, "major", sentence, best=shape.best, end=float(last[-1]), start=shape.start)


def risen(loss: Loss, shape: Shape) -> Event | None:
    z, size = shape.rise
    if z < DIVERGED_Z or size < max(DIVERGED_PART * shape.improvement, DIVERGED_LEVEL * abs(shape.best)):
        return None
    low = shape.best_block
    place = low + step_contrast(shape.y[low:], shape.weight[low:])[1] if len(shape.y) - low > 1 else low
    step = shape.steps[place]
    sentence = (
        f"{said(loss)} rose from {number(shape.best)} to {number(shape.end[0])} from step {at(step)} on and did not "
        "recover."
    )
    return event(loss, step, "major", sentence, best=shape.best, end=shape.end[0], start=shape.start, z=z)


def never_fell(run: Run) -> Event | None:
    """No step down anywhere that noise would not make, or one too small to be of use."""
    if run.main is None or (shape := run.main.shape) is None:
        return None
    z, _ = shape.fall
    start, end = shape.start, shape.end[0]
    if z >= FALL_Z and shape.improvement >= LEAST_FALL * abs(start):
        return None
    sentence = (
        f"{said(run.main)} never fell from its start by more than noise: {number(start)}, at the end {number(end)}."
    )
    return event(run.main, run.main.curve.steps[0], "major", sentence, start=start, end=end, z=z)


def frozen_from(values: Floats) -> int | None:
    """Where a loss stops moving altogether: from the first value if it never did, else in a tail.

    A loss that is logged rounded, or held between evaluations, repeats values before the tail too; one that came down
    to almost nothing has nowhere to go.
    """
    if len(values) < FROZEN_POINTS:
        return None
    level = float(np.abs(values).max())
    if float(np.ptp(values)) <= NOTHING * level:
        return 0
    moved = np.flatnonzero(np.abs(values - values[-1]) > 1e-5 * abs(float(values[-1])))
    place = int(moved[-1]) + 1
    tail = len(values) - place
    if tail < max(FROZEN_POINTS, FROZEN_SHARE * len(values)) or place < 3:
        return None
    before = values[:place]
    changes = np.abs(np.diff(before))
    held = int(np.diff(np.concatenate([[-1], np.flatnonzero(changes > 0), [place - 1]])).max())
    lately = noise_of(before[-40:]) if place >= 5 else float(np.median(changes))
    rounded = held > 1 and lately < 5 * float(changes[changes > 0].min(initial=np.inf))
    low = abs(float(values[-1])) < 0.02 * abs(float(values[0]))
    still = lately > 20 * float(np.ptp(values[place:])) and tail >= 5 * held
    return place if still and not rounded and not low else None


def stalled(run: Run) -> Event | None:
    """The same value again and again."""
    loss = run.main
    if loss is None or (place := loss.frozen) is None:
        return None
    steps, values = loss.curve.steps[loss.finite], loss.curve.values[loss.finite]
    share = 1 - place / len(values)
    sentence = (
        f"{said(loss)} does not move at all from step {at(steps[place])} to the end: it stays at {number(values[-1])}."
    )
    return event(loss, steps[place], "major", sentence, level=float(values[-1]), share=share)


def plateau(run: Run) -> Event | None:
    """Fell, then stopped for half of the run or longer, at a level that is no convergence or with a knee."""
    loss = run.main
    if loss is None or (shape := loss.shape) is None:
        return None
    stop = shape.stop
    share = 1 - stop.at
    start, end = shape.start, shape.end[0]
    high = start > 0 and end > PLATEAU_LEVEL * start
    if stop.at > STOPPED_BY or stop.early < EARLY or not (stop.sharpness > KNEE or high):
        return None
    block = shape.block_at(1 - share)
    if not flat(shape, block):
        return None
    step = shape.steps[block]
    sentence = (
        f"{said(loss)} fell from {number(start)} to {number(end)} and stopped at step {at(step)}: the last {share:.0%} "
        "of the run brought nothing."
    )
    return event(loss, step, "minor", sentence, start=start, end=end, share=share, sharpness=stop.sharpness)


def flat(shape: Shape, block: int) -> bool:
    """Whether the loss does not fall from a block on: by no more than noise, or by too little to count."""
    z, fell = shape.fall_within(block)
    return z < FALL_Z or fell < STILL_FALLING * shape.improvement


# Validation against training


def overfit(run: Run) -> Event | None:
    """Validation turned up from its best by more than noise; training did not."""
    if run.val is None or run.train is None or (shape := run.val.shape) is None or (own := run.train.shape) is None:
        return None
    z, size = shape.rise
    if max(z, shape.slope_up) < OVERFIT_Z or size < OVERFIT_PART * max(shape.improvement, own.improvement):
        return None
    step = shape.steps[shape.best_block]
    block = min(int(np.searchsorted(own.steps, step)), own.end_block)
    then, error = own.mean(max(block - 1, 0), block + 2)
    end, end_error = own.end
    if end - then > SLACK_Z * float(np.hypot(error, end_error)):
        return None
    sentence = (
        f"{said(run.val)} turned up from {number(shape.best)} at step {at(step)} to {number(shape.end[0])}, while "
        f"training went on from {number(then)} to {number(end)}."
    )
    lost = size / shape.improvement if shape.improvement > 0 else 1.0
    severity = "major" if lost > 0.2 else "minor"
    return event(run.val, step, severity, sentence, best=shape.best, end=shape.end[0], z=z, lost=lost)


def overtraining(run: Run) -> Event | None:
    """Validation is flat for the last 40 % of the run or longer, while training goes on falling."""
    if run.val is None or run.train is None or (shape := run.val.shape) is None or (own := run.train.shape) is None:
        return None
    if shape.improvement <= 0 or own.improvement <= 0 or shape.fall[0] < FALL_Z:
        return None
    for share in (0.7, 0.6, 0.5, OVERTRAINING_SHARE):
        low, high = shape.block_at(1 - share), own.block_at(1 - share)
        gained, error = part_gained(shape, low)
        train_gained, train_error = part_gained(own, high)
        z = (0.4 * train_gained - gained) / float(np.hypot(0.4 * train_error, error))
        enough = train_gained > TRAIN_FALLS and train_gained > 3 * train_error
        if enough and z > OVERTRAINED_Z and flat(shape, low):
            return flat_since(run.val, shape, low, share, gained, train_gained)
    return None


def part_gained(shape: Shape, block: int) -> tuple[float, float]:
    """The part of the improvement that came between a block and the end, with its error."""
    width = max((len(shape.y) - block) // 4, 2)
    before, error = shape.mean(block, block + width)
    after, end_error = shape.mean(len(shape.y) - width, len(shape.y))
    return (before - after) / shape.improvement, float(np.hypot(error, end_error)) / shape.improvement


def flat_since(loss: Loss, shape: Shape, block: int, share: float, gained: float, train: float) -> Event:
    step = shape.steps[min(block, max(shape.block_at(shape.stop.at), 1))]
    sentence = (
        f"{said(loss)} is flat at {number(shape.end[0])} since step {at(step)}: over the last {share:.0%} of the run "
        f"training made {train:.0%} of its improvement, validation {max(gained, 0):.0%}."
    )
    evidence = {"share": share, "gained": gained, "train_gained": train, "end": shape.end[0]}
    return event(loss, step, "minor", sentence, **evidence)


# Gradients


def exploding(run: Run) -> Event | None:
    """A norm that is not finite, ten times its level before to the end, or a hundred times it again and again."""
    found = [one for curve in run.gradients if (one := exploded(curve)) is not None]
    return max(found, key=lambda one: one.evidence["times"]) if found else None


def exploded(curve: Curve) -> Event | None:
    finite = np.isfinite(curve.values)
    if not finite.all():
        step = curve.steps[~finite][0]
        sentence = f"{curve.metric} is not finite at step {at(step)}."
        return Event(float(step), curve.metric, curve.split, "major", sentence, {"times": float("inf")})
    if len(curve.values) < FROZEN_POINTS:
        return None
    logs = np.log10(np.maximum(np.abs(curve.values), 1e-30))
    level = max(float(np.median(logs[: max(len(logs) // part, 3)])) for part in (2, 10))
    limit = level + max(np.log10(EXPLODED), 6 * noise_of(logs))
    last = logs[-max(3, round(0.03 * len(logs))) :]
    held = float(np.median(last)) > limit and float(last.min()) > level + 0.5 * (limit - level)
    bursts = int((logs[len(logs) // 10 :] > level + 2).sum())
    if not held and bursts < max(3, 0.01 * len(logs)):
        return None
    quiet = np.flatnonzero(logs <= limit)
    place = int(quiet[-1]) + 1 if held and len(quiet) and quiet[-1] + 1 < len(logs) else int((logs > limit).argmax())
    top = float(10 ** ((np.median(last) if held else logs.max()) - level))
    step = curve.steps[place]
    sentence = f"{curve.metric} grew to {number(top)} times its level from step {at(step)} on."
    return Event(float(step), curve.metric, curve.split, "major", sentence, {"times": top, "level": 10**level})


def vanishing(run: Run) -> Event | None:
    """A norm that fell to a thousandth or to nothing, while the loss is still high."""
    loss = run.main
    if loss is not None and (shape := loss.shape) is not None and shape.end[0] < 0.1 * shape.start:
        return None
    found = [one for curve in run.gradients if (one := vanished(curve)) is not None]
    return min(found, key=lambda one: one.evidence["times"]) if found else None


def vanished(curve: Curve) -> Event | None:
    values = np.abs(curve.values[np.isfinite(curve.values)])
    if len(values) < FROZEN_POINTS:
        return None
    start = float(np.median(values[: max(3, round(0.05 * len(values)))]))
    end = float(np.median(values[-max(3, round(END * len(values))) :]))
    if end > max(VANISHED * start, DEAD):
        return None
    place = int((values <= max(VANISHED * start, DEAD)).argmax())
    step = curve.steps[np.isfinite(curve.values)][place]
    times = end / start if start > 0 else 0.0
    sentence = f"{curve.metric} is down to {end:.2g} from step {at(step)} on, {start:.2g} at the start."
    return Event(
        float(step), curve.metric, curve.split, "major", sentence, {"times": times, "start": start, "end": end}
    )


# Labels


def class_imbalance(run: Run) -> Event | None:
    """The most frequent label is nine times as frequent as the least, and chance would not make it so."""
    counts = np.array(sorted(run.labels.values()), np.float64)
    if len(counts) < 2 or counts.sum() == 0:
        return None
    expected = counts.mean()
    chi = float(((counts - expected) ** 2).sum() / expected)
    free = len(counts) - 1
    times = float(counts[-1] / counts[0]) if counts[0] else float("inf")
    if times < IMBALANCE or chi < free + 4 * np.sqrt(2 * free) + 8:
        return None
    least, most = (pick(run.labels, key=run.labels.__getitem__) for pick in (min, max))
    many, few = run.labels[most], run.labels[least]
    sentence = f"Label {most!r} has {many:,} rows and {least!r} {few:,}: {number(times)} times as many."
    severity = "major" if times >= STRONG_IMBALANCE else "minor"
    evidence = {"times": times, "least_share": float(counts[0] / counts.sum()), "classes": float(len(counts))}
    return Event(None, "label", "train", severity, sentence, evidence)


LOSS_TAGS = ("loss_not_decreasing", "plateau", "overfit", "overtraining")
TAGS = (
    Tag(
        "exploding_gradients",
        "Do the gradients grow without bound?",
        exploding,
        "Clip the gradient norm, lower the learning rate or lengthen the warm-up, and look for a batch that starts it.",
        ("plateau", "overtraining"),
    ),
    Tag(
        "vanishing_gradients",
        "Does no gradient arrive?",
        vanishing,
        "Check activations and initialisation, add normalisation or residual connections, and check loss scaling.",
        ("stalled", *LOSS_TAGS),
    ),
    Tag(
        "loss_divergence",
        "Did the loss blow up and not come back?",
        diverged,
        "Restart from the last good checkpoint with a lower learning rate or clipped gradients; check the batch there.",
        ("stalled", *LOSS_TAGS),
    ),
    Tag(
        "stalled",
        "Does nothing move at all?",
        stalled,
        "Check that the optimiser steps: learning rate not zero, parameters not frozen, loss attached to the graph.",
        LOSS_TAGS,
    ),
    Tag(
        "loss_not_decreasing",
        "Did the loss never fall?",
        never_fell,
        "Try to overfit one batch; check labels, learning rate (too low or too high) and input scaling.",
        ("plateau", "overfit", "overtraining"),
    ),
    Tag(
        "overfit",
        "Does validation get worse while training gets better?",
        overfit,
        "Keep the checkpoint of the best step; stop early, regularise more, or add data.",
        ("plateau", "overtraining"),
    ),
    Tag(
        "overtraining",
        "Does training go on without use for validation?",
        overtraining,
        "Stop at the best step next time: the rest cost compute and brought nothing that validation shows.",
        ("plateau",),
    ),
    Tag(
        "plateau",
        "Did the loss stop falling too early?",
        plateau,
        "Lower the learning rate or give it a schedule; if nothing helps, the model or its inputs limit it.",
    ),
    Tag(
        "class_imbalance",
        "Are some labels rare?",
        class_imbalance,
        "Weigh or resample the classes, and judge by per-class or balanced metrics, not by accuracy.",
    ),
)
