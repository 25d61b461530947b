"""Rules on losses: divergence, losses that never fall or stop falling, validation against training.

Each asks two things: is it more than noise, and is it large enough to act on. The limits are in units of the noise or
of the run's own improvement, so that neither the scale of a loss nor the length of a run matters.
"""

from __future__ import annotations

import numpy as np

from fastmetrics.training.runs import Event, Loss, Run, at, number
from fastmetrics.training.shapes import STOPPED_BY, Shape, noise_of, step_contrast

__all__ = ["diverged", "never_fell", "overfit", "overtraining", "plateau", "stalled"]

FALL_Z = 3.6  # the clearest of some 60 places: noise alone gets here in about 2 % of runs
OPEN_FALL = 0.2  # of the starting level: a fall that large, if not beyond noise, is left open
LEAST_FALL = 0.01  # of the starting level: a smaller fall is nothing to train for
DIVERGED_Z, DIVERGED_PART = 6.0, 0.4  # of the improvement lost
DIVERGED_LEVEL = 0.1  # of the best level: where there was little improvement to lose
OVERFIT_Z, OVERFIT_PART = 5.0, 0.05
SLACK_Z = 2.5  # a move of a level that was not searched for, and counts as one
EARLY = 5.4  # chi square by which a loss that stopped in the first half must fit better: nominally 2 % of noise
PLATEAU_LEVEL = 0.35  # of the start: below, a loss that levels off by itself has converged
KNEE = 12.0  # chi square by which a knee must fit better to be one
STILL_FALLING = 0.04  # of the improvement: falling by less in half a run is flat
OVERTRAINING_SHARE, OVERTRAINED_Z = 0.4, 2.0
TRAIN_FALLS = 0.06  # of its improvement, over the part of the run where validation is flat


def event(loss: Loss, step: float, severity: str, sentence: str, **evidence: float) -> Event:
    return Event(float(step), loss.curve.metric, loss.curve.split, severity, sentence, evidence)


def said(loss: Loss) -> str:
    """The loss as a sentence begins with it."""
    return f"{loss.curve.split} {loss.curve.metric.replace('_', ' ')}".capitalize()


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
    values = loss.values
    last = values[-2:] if len(values) < 200 else values[-3:]
    room = max(3 * shape.improvement, abs(shape.start))
    limit = shape.best + max(room, 12 * noise_of(values[: len(values) - len(last)]))
    if float(last.min()) <= limit:
        return None
    place = len(values) - int((values[::-1] <= limit).argmax())
    step = loss.steps[place]
    sentence = (
        f"{said(loss)} jumped from {number(shape.best)} to {number(last[-1])} at step {at(step)} and stayed there."
    )
    return event(loss, step, "major", sentence, best=shape.best, end=float(last[-1]), start=shape.start)


def risen(loss: Loss, shape: Shape) -> Event | None:
    if loss.frozen is not None and shape.end[0] < shape.start:
        return None  # it stopped moving wherever it was
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
    z, place = shape.fall
    start, end = shape.start, shape.end[0]
    fell = shape.mean(0, place)[0] - shape.mean(place, len(shape.y))[0]
    if fell > OPEN_FALL * start > 0 or (z >= FALL_Z and shape.improvement >= LEAST_FALL * abs(start)):
        return None
    sentence = (
        f"{said(run.main)} never fell from its start by more than noise: {number(start)}, at the end {number(end)}."
    )
    return event(run.main, run.main.curve.steps[0], "major", sentence, start=start, end=end, z=z)


def stalled(run: Run) -> Event | None:
    """One value that repeats for many steps."""
    loss = run.main
    if loss is None or (place := loss.frozen) is None:
        return None
    steps, values = loss.steps, loss.values
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
    if shape.improvement <= 0 or own.improvement <= 0 or shape.fall[0] < SLACK_Z:
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
