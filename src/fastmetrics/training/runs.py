"""A training run as rules look at it, and what a rule answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from fastmetrics.aliases import Floats, Mask
from fastmetrics.training.logs import Curve
from fastmetrics.training.shapes import Shape, noise_of, shape_of

__all__ = ["FROZEN_POINTS", "LARGEST", "Event", "Loss", "Run", "at", "number"]

LARGEST = 1e100
FROZEN_SHARE, FROZEN_POINTS = 0.1, 5
NOTHING = 1e-3  # of the level: a loss that stays within has not moved


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
    def finite(self) -> Mask:
        return np.isfinite(self.curve.values)

    @cached_property
    def steps(self) -> Floats:
        return self.curve.steps[self.finite]

    @cached_property
    def values(self) -> Floats:
        """The finite values; none so large that its square is not."""
        return np.clip(self.curve.values[self.finite], -LARGEST, LARGEST)

    @cached_property
    def shape(self) -> Shape | None:
        return shape_of(self.steps, self.values)

    @cached_property
    def frozen(self) -> int | None:
        """The first place of a tail in which the loss does not move at all."""
        return frozen_from(self.values)


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


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def at(step: float) -> str:
    return f"{step:,.0f}" if step == int(step) else f"{step:.4g}"


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
