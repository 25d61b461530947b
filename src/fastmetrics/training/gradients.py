"""Rules on gradient norms and on labels."""

from __future__ import annotations

import numpy as np

from fastmetrics.training.logs import Curve
from fastmetrics.training.runs import FROZEN_POINTS, LARGEST, Event, Run, at, number
from fastmetrics.training.shapes import END, noise_of

__all__ = ["class_imbalance", "exploding", "vanishing"]

EXPLODED, VANISHED = 10.0, 1e-3  # of the level before
DEAD = 1e-7  # a gradient norm below moves no float32 weight
IMBALANCE, STRONG_IMBALANCE = 9.0, 100.0  # most frequent label over least frequent one


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
    top = float(10 ** min(300.0, (np.median(last) if held else logs.max()) - level))
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
    values = np.minimum(np.abs(curve.values[np.isfinite(curve.values)]), LARGEST)
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
