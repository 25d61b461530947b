"""What happens to training runs: one table of tags, each with its question, its rule and its advice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastmetrics.training.gradients import class_imbalance, exploding, vanishing
from fastmetrics.training.losses import diverged, never_fell, overfit, overtraining, plateau, stalled
from fastmetrics.training.runs import Event, Run

__all__ = ["TAGS", "Tag"]

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
