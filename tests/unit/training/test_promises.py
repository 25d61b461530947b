"""Numbers that docs/training.md promises: a run a little short of one has no finding, one beyond it has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastmetrics as fm

POINTS = 200
X = np.linspace(0, 1, POINTS)
FALL = 0.2 + np.exp(-3 * X)
SLIGHT = 1e-4


def noisy(curve: Any, size: float = SLIGHT, seed: int = 1) -> Any:
    return curve + size * np.random.default_rng(seed).normal(size=len(curve))


def tags(**log: Any) -> list[str]:
    points = len(next(iter(log.values())))
    return [finding.tag for finding in fm.diagnose_training({"step": np.arange(points), **log})]


def lost(part: float) -> Any:
    """A loss that falls by 1 and loses a part of that again in the last fifth."""
    return noisy(1.2 - np.minimum(X / 0.5, 1) + part * np.clip((X - 0.7) / 0.1, 0, 1))


def stopped(end: float, scale: float, noise: float = SLIGHT) -> Any:
    """A loss that levels off by itself."""
    return noisy(end + (1 - end) * np.exp(-X / scale), noise)


def validated(rise: float) -> dict[str, Any]:
    """Validation that falls by 1 and turns up by a part of that, while training goes on."""
    return {
        "train_loss": noisy(FALL),
        "val_loss": noisy(1.3 - np.minimum(X / 0.5, 1) + rise * np.clip((X - 0.6) / 0.2, 0, 1), seed=2),
    }


def flattened(since: float, train: float) -> dict[str, Any]:
    """Validation that is flat since a share of the run, over which training makes a part of its improvement."""
    straight = np.where(since >= X, (1 - train) * X / since, 1 - train + train * (X - since) / (1 - since))
    return {"train_loss": noisy(1.2 - straight), "val_loss": noisy(1.3 - np.minimum(X / since, 1), seed=2)}


def norms(times: float) -> dict[str, Any]:
    return {"train_loss": noisy(FALL), "grad_norm": noisy(np.where(X >= 0.6, times, 1.0), 0.001)}


def vanished(start: float, end: float, loss: float = 0.5) -> dict[str, Any]:
    """A gradient norm, and a loss that ends at a share of its start."""
    return {
        "train_loss": noisy(1 - (1 - loss) * np.minimum(2 * X, 1)),
        "grad_norm": start * noisy((end / start) ** np.minimum(2 * X, 1), 0),
    }


def frozen(points: int, tail: int) -> dict[str, Any]:
    fall = noisy(1 - 0.5 * np.linspace(0, 1, points), 0.01)
    fall[-tail:] = fall[-tail]
    return {"train_loss": fall}


NUMBERS = {
    "a loss that lost 40 % of its improvement": (
        "loss_divergence",
        {"train_loss": lost(0.3)},
        {"train_loss": lost(0.55)},
    ),
    "10 times its level before": ("exploding_gradients", norms(7), norms(14)),
    "a thousandth of its start": ("vanishing_gradients", vanished(1, 1.4e-3), vanished(1, 0.7e-3)),
    "below 1e-7": ("vanishing_gradients", vanished(2e-5, 1.4e-7), vanished(2e-5, 0.7e-7)),
    "a loss above 10 % of its start": ("vanishing_gradients", vanished(1, 1e-4, 0.07), vanished(1, 1e-4, 0.14)),
    "within 0.1 % of each other, from above": (
        "stalled",
        {"train_loss": 1 + 0.0014 * np.sin(40 * X) / 2},
        {"train_loss": 1 + 0.0007 * np.sin(40 * X) / 2},
    ),
    "a tenth of the run": ("stalled", frozen(200, 15), frozen(200, 28)),
    "5 points": ("stalled", frozen(30, 4), frozen(30, 7)),
    "a fall of 1 % of the start, from above": (
        "loss_not_decreasing",
        {"train_loss": noisy(1 - 0.014 * X)},
        {"train_loss": noisy(1 - 0.007 * X)},
    ),
    "an end above 35 % of the start": (
        "plateau",
        {"train_loss": stopped(0.25, 0.06)},
        {"train_loss": stopped(0.45, 0.06)},
    ),
    "stopped in the first half": ("plateau", {"train_loss": stopped(0.5, 0.18)}, {"train_loss": stopped(0.5, 0.15)}),
    "validation up by 5 % of its improvement": ("overfit", validated(0.035), validated(0.08)),
    "training that makes 6 % of its improvement": ("overtraining", flattened(0.5, 0.05), flattened(0.5, 0.12)),
    "validation flat for 40 % of the run": ("overtraining", flattened(0.75, 0.2), flattened(0.62, 0.2)),
}


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_of_the_page_is_where_a_finding_begins(number: str) -> None:
    tag, without, having = NUMBERS[number]
    assert tag not in tags(**without)
    assert tag in tags(**having)


@pytest.mark.parametrize(
    ("most", "severities"), [(7_000, []), (13_000, ["minor"]), (70_000, ["minor"]), (150_000, ["major"])]
)
def test_nine_times_as_many_rows_are_an_imbalance(most: int, severities: list[str]) -> None:
    found = fm.diagnose_training(
        {"step": np.arange(POINTS), "train_loss": noisy(FALL)}, label_counts={"a": most, "b": 1000}
    )
    assert [one.severity for one in found if one.tag == "class_imbalance"] == severities


@pytest.mark.parametrize(("points", "short"), [(7, True), (8, False)])
def test_a_curve_of_fewer_than_8_values_is_not_judged(points: int, short: bool) -> None:
    found = fm.diagnose_training({"step": np.arange(points), "train_loss": 1 - 0.1 * np.arange(points)})
    assert any("too short" in note for note in found.notes) == short


def rising(noise: float) -> dict[str, Any]:
    """A level, and a rise by 0.15 in the last eighth."""
    return {"train_loss": noisy(1 + 0.15 * (X >= 0.88), noise, 3)}


def turning(noise: float) -> dict[str, Any]:
    """Validation with such a rise, of such a noise, while training falls."""
    validation = noisy(1.3 - np.minimum(X / 0.5, 1) + 0.15 * (X >= 0.88), noise, 5)
    return {"train_loss": noisy(FALL), "val_loss": validation}


def falling(noise: float, fall: float = 0.1, seed: int = 4) -> dict[str, Any]:
    return {"train_loss": noisy(1 - fall * (X >= 0.5), noise, seed)}


ERRORS = {  # with these draws: standard errors of the log that has no finding, and of the one that has
    "a rise by 6": ("loss_divergence", rising(0.1), rising(0.05)),  # 4.7, 7.9
    "validation up by 5": ("overfit", turning(0.1), turning(0.06)),  # 4.8, 7.1
    "no step down by 3.6": ("loss_not_decreasing", falling(0.08), falling(0.12)),  # 4.5, 2.7
    "a fall by 20 % that noise hides": (
        "loss_not_decreasing",
        falling(0.42, 0.32, 5),  # 3.1, and 25 % of the start
        falling(0.23, 0.18, 5),  # 3.1, and 14 %
    ),
    "stopped in the first half by 5.4 of chi square": (
        "plateau",
        {"train_loss": stopped(0.5, 0.1, 0.0725)},  # 4.6
        {"train_loss": stopped(0.5, 0.1, 0.0625)},  # 6.3
    ),
}


@pytest.mark.parametrize("number", ERRORS)
def test_what_is_beyond_noise_begins_at_the_errors_of_the_page(number: str) -> None:
    tag, without, having = ERRORS[number]
    assert tag not in tags(**without)
    assert tag in tags(**having)
