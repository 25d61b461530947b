"""Training tags over generated curves: run as a script, it prints the table and writes TRAINING.md.

Twelve kinds of runs, three of them healthy, each with its own draws of shape, scale, gap, logging interval and noise.
Limits of the rules were chosen on seeds 0 to 99 only; the table is of seeds 200 to 299, looked at once.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import beta

import fastmetrics as fm

Floats = NDArray[np.float64]
Draw = np.random.Generator

LENGTHS = (20, 100, 1000, 10_000)
LONGEST = 100_000  # for every twentieth seed
NOISES = (0.01, 0.05, 0.2)  # of the improvement of the loss
SEEDS = range(200, 300)


class Curves(NamedTuple):
    """A run before noise: losses as shares of the improvement above a floor, and what is logged besides."""

    train: Floats
    val: Floats
    tag: str | None = None
    gradient: Floats | None = None
    after: Callable[[Draw, Floats], Floats] | None = None  # what happens to the noisy training loss
    labels: dict[str, int] | None = None
    floors: tuple[float, float] = (0.05, 0.6)


def decay(draw: Draw, x: Floats, low: float = 0.2, high: float = 0.6) -> Floats:
    """From 1 to about 0, by one of the laws that losses follow."""
    tau = draw.uniform(low, high)
    match draw.integers(3):
        case 0:
            return np.exp(-x / tau)
        case 1:
            return (1 + x / (tau / 8)) ** -draw.uniform(0.3, 0.7)
        case _:
            part = draw.uniform(0.3, 0.7)
            return part * np.exp(-x / tau) + (1 - part) * np.exp(-x / (tau / 5))


def validation(draw: Draw, train: Floats) -> Floats:
    """A validation loss with a gap that grows as far as the loss falls."""
    return train * draw.uniform(0.75, 1.0) + draw.uniform(0.0, 0.15)


def healthy_falling(draw: Draw, x: Floats) -> Curves:
    train = decay(draw, x)
    return Curves(train, validation(draw, train))


def healthy_converged(draw: Draw, x: Floats) -> Curves:
    """Down to little of the start, then flat for less than 60 % of the run."""
    train = np.exp(-x / draw.uniform(0.1, 0.2))
    return Curves(train, validation(draw, train), floors=(0.02, 0.25))


def healthy_bumpy(draw: Draw, x: Floats) -> Curves:
    """Warm-up, dropped learning rates, cosine schedules, oscillation, spikes that recover."""
    train = decay(draw, x)
    match draw.integers(5):
        case 0:
            train = train + draw.uniform(0.3, 2.0) * np.exp(-(((x - 0.04) / 0.02) ** 2))
        case 1:
            train = np.zeros_like(x)
            for place, size in zip((draw.uniform(0.3, 0.55), draw.uniform(0.6, 0.9)), (0.25, 0.15), strict=True):
                train = train + size / (1 + np.exp(np.clip((x - place) / 0.01, -50, 50)))
            train = train + 0.6 * np.exp(-x / draw.uniform(0.05, 0.15))
        case 2:
            train = 0.35 * np.exp(-x / 0.05) + 0.65 * (0.5 + 0.5 * np.cos(np.pi * x))
        case 3:
            train = train + draw.uniform(0.02, 0.06) * np.sin(2 * np.pi * x * draw.uniform(5, 20))
        case _:
            for place in draw.uniform(0.2, 0.8, 3):
                train = train + draw.uniform(0.3, 2.0) * np.exp(-np.clip((x - place) / 0.01, 0, 60)) * (x >= place)
    return Curves(train, validation(draw, train))


def diverging(draw: Draw, x: Floats) -> Curves:
    train = decay(draw, x)
    place = draw.uniform(0.2, 0.9)
    kind, size = draw.integers(4), draw.uniform(0.8, 10)

    def after(_: Draw, values: Floats) -> Floats:
        late = x >= place
        if kind < 2:
            return np.where(late, np.nan if kind else np.inf, values)
        if kind == 2:
            return values + late * size * np.ptp(train)
        return values + np.ptp(train) * late * np.expm1(np.clip((x - place) / (1 - place), 0, 1) * draw_rate)

    draw_rate = draw.uniform(1.0, 4.0)
    return Curves(train, validation(draw, train), "loss_divergence", after=after)


def not_decreasing(draw: Draw, x: Floats) -> Curves:
    train = np.ones_like(x) + (draw.uniform(0, 0.1) * x if draw.random() < 0.3 else 0)
    return Curves(train, train + draw.uniform(0, 0.2), "loss_not_decreasing", floors=(0.5, 3.0))


def plateauing(draw: Draw, x: Floats) -> Curves:
    place = draw.uniform(0.12, 0.4)
    inside = np.minimum(x / place, 1)
    match draw.integers(3):
        case 0:
            train = 1 - inside
        case 1:
            train = np.exp(-2 * inside) - np.exp(-2.0)
        case _:
            train = np.exp(-x / (place / 3.5))
    return Curves(train / train[0], validation(draw, train / train[0]), "plateau", floors=(0.7, 3.0))


def overfitting(draw: Draw, x: Floats) -> Curves:
    train = decay(draw, x)
    turn, size = draw.uniform(0.2, 0.6), draw.uniform(0.25, 1.0)
    after = np.maximum(x - turn, 0) / (1 - turn)
    tau = turn / draw.uniform(1.5, 3)
    val = np.exp(-np.minimum(x, turn) / tau) + size * after ** draw.uniform(0.8, 1.5)
    return Curves(train, val + draw.uniform(0, 0.2), "overfit")


def overtraining(draw: Draw, x: Floats) -> Curves:
    turn = draw.uniform(0.15, 0.45)
    train = draw.uniform(0.4, 0.6) * np.exp(-x / (turn / 2)) + 0.5 * (1 - x ** draw.uniform(0.7, 1.3))
    val = np.exp(-x / (turn / draw.uniform(2.5, 4)))
    return Curves(train, val + draw.uniform(0.0, 0.3), "overtraining")


def stalling(draw: Draw, x: Floats) -> Curves:
    train = decay(draw, x)
    place = draw.choice([0.0, draw.uniform(0.2, 0.7)])
    jitter = draw.choice([0.0, 1e-7])

    def after(draw: Draw, values: Floats) -> Floats:
        first = min(int(place * len(values)), len(values) - 6)
        return np.where(
            np.arange(len(values)) >= first, values[first] * (1 + jitter * draw.normal(size=len(x))), values
        )

    return Curves(train, validation(draw, train), "stalled", after=after)


def imbalanced(draw: Draw, x: Floats) -> Curves:
    many, top = int(draw.integers(2, 12)), int(10 ** draw.uniform(2.5, 6))
    labels = {str(place): int(top * draw.uniform(0.5, 1)) for place in range(many)}
    labels["0"], labels["1"] = top, int(top / 10 ** draw.uniform(1.1, 2.5))
    return healthy_falling(draw, x)._replace(tag="class_imbalance", labels=labels)


def exploding(draw: Draw, x: Floats) -> Curves:
    place, size = draw.uniform(0.4, 0.85), draw.uniform(1.5, 6)
    ramp = np.clip((x - place) / draw.uniform(0.02, 0.3 * (1 - place) + 0.02), 0, 1)
    return healthy_falling(draw, x)._replace(tag="exploding_gradients", gradient=10 ** (size * ramp))


def vanishing(draw: Draw, x: Floats) -> Curves:
    place, size = draw.uniform(0.05, 0.6), draw.uniform(3.5, 9)
    gradient = 10 ** (-size * np.clip((x - place) / 0.15, 0, 1))
    curve = decay(draw, np.minimum(x, place))
    return Curves(curve, validation(draw, curve), "vanishing_gradients", gradient=gradient, floors=(0.7, 3.0))


KINDS = (
    healthy_falling,
    healthy_converged,
    healthy_bumpy,
    diverging,
    not_decreasing,
    plateauing,
    overfitting,
    overtraining,
    stalling,
    imbalanced,
    exploding,
    vanishing,
)
TAGS = sorted({kind(np.random.default_rng(0), np.linspace(0, 1, 20)).tag for kind in KINDS} - {None}, key=str)


def noise(draw: Draw, curve: Floats, size: float) -> Floats:
    """Normal, heavy-tailed, smoothed by the logger, or larger where the loss is."""
    kind = draw.integers(4)
    if kind == 1:
        return size * draw.standard_t(3, len(curve)) / math.sqrt(3)
    plain = draw.normal(size=len(curve))
    if kind == 2:
        plain = (plain[:] + np.concatenate([plain[:1], plain[:-1]])) / math.sqrt(2)
    return size * plain * (np.abs(curve) / np.abs(curve).max() if kind == 3 else 1)


def case(kind: Callable[[Draw, Floats], Curves], size: float, length: int, seed: int) -> tuple[Any, Any, str | None]:
    """A log, its label counts, and the tag that is planted."""
    draw = np.random.default_rng([KINDS.index(kind), int(1000 * size), length, seed])
    curves = kind(draw, np.linspace(0, 1, length))
    scale = 10 ** draw.uniform(-3, 3)
    floor = draw.uniform(*curves.floors)
    train = floor + curves.train + noise(draw, curves.train + floor, size)
    if curves.after is not None:
        train = curves.after(draw, train)
    every = int(draw.choice([1, max(length // 100, 1), max(length // 20, 1)]))
    val = floor + curves.val + noise(draw, curves.val + floor, size * draw.choice([0.3, 1.0]))
    gradient = curves.gradient
    if gradient is None and draw.random() < 0.5:
        gradient = (0.3 + 0.7 * np.clip(curves.train, 0, 3)) * draw.uniform(0.5, 1)
    steps = np.arange(length) * int(draw.choice([1, 10, 500]))
    parts = [("train", "loss", steps, scale * train), ("val", "loss", steps[::every], scale * val[::every])]
    if gradient is not None:
        norms = scale * gradient * np.exp(0.3 * draw.normal(size=length))
        parts.append(("train", "grad_norm", steps, norms))
    log = pl.concat(
        pl.DataFrame({"step": where, "value": values}).with_columns(split=pl.lit(split), metric=pl.lit(metric))
        for split, metric, where, values in parts
    )
    if draw.random() < 0.1:  # some rows are lost
        log = log.filter(pl.Series(draw.random(log.height) > 0.05))
    labels = curves.labels or {str(place): int(1000 * draw.uniform(0.5, 1)) for place in range(4)}
    return log, labels, curves.tag


class Outcome(NamedTuple):
    kind: str
    size: float
    length: int
    seed: int
    planted: str | None
    found: tuple[str, ...]


def outcome(job: tuple[int, float, int, int]) -> Outcome:
    place, size, length, seed = job
    log, labels, planted = case(KINDS[place], size, length, seed)
    found = fm.diagnose_training(log, label_counts=labels)
    return Outcome(KINDS[place].__name__, size, length, seed, planted, tuple(finding.tag for finding in found))


def jobs(seeds: range) -> list[tuple[int, float, int, int]]:
    return [
        (place, size, length, seed)
        for place in range(len(KINDS))
        for size in NOISES
        for seed in seeds
        for length in ((*LENGTHS, LONGEST) if seed % 20 == 0 else LENGTHS)
    ]


def f1(outcomes: list[Outcome], tag: str | None) -> tuple[int, float, float, float]:
    """Planted, precision, recall and F1 of a tag."""
    planted = sum(one.planted == tag for one in outcomes)
    named = sum(tag in one.found for one in outcomes)
    hit = sum(one.planted == tag and tag in one.found for one in outcomes)
    return planted, hit / max(named, 1), hit / max(planted, 1), 2 * hit / max(planted + named, 1)


def bounds(k: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of k of n."""
    low = float(beta.ppf(0.025, k, n - k + 1)) if k else 0.0
    return low, float(beta.ppf(0.975, k + 1, n - k)) if k < n else 1.0


def table(outcomes: list[Outcome], seeds: range) -> str:
    rows = [(tag, *f1(outcomes, tag)) for tag in TAGS]
    lines = [
        "# Training tags over generated curves",
        "",
        "Made by `python -m benchmarks.curves`: 12 kinds of runs, 3 of them healthy, x noise (standard deviation over",
        f"improvement) {', '.join(map(str, NOISES))} x lengths {', '.join(f'{one:,}' for one in LENGTHS)} "
        f"(every twentieth seed {LONGEST:,} too) x seeds {seeds.start}..{seeds.stop - 1}.",
        "The limits of the rules were chosen on seeds 0..99.",
        "",
        "| tag | planted | precision | recall | F1 |",
        "|---|---|---|---|---|",
        *(f"| {tag} | {n:,} | {p:.4f} | {r:.4f} | {f:.4f} |" for tag, n, p, r, f in rows),
        f"| **macro** | {sum(row[1] for row in rows):,} | | | **{np.mean([row[4] for row in rows]):.4f}** |",
        "",
    ]
    healthy = [one for one in outcomes if one.planted is None]
    k, n = sum(bool(one.found) for one in healthy), len(healthy)
    low, high = bounds(k, n)
    lines += [f"False alarms: {k} of {n:,} healthy runs, {k / n:.2%} (95 % interval {low:.2%} to {high:.2%}).", ""]
    lines += ["Runs judged exactly right (the planted tag and no other), by noise and length:", ""]
    lengths = sorted({one.length for one in outcomes})
    lines += ["| noise | " + " | ".join(f"{length:,}" for length in lengths) + " |", "|---" * (len(lengths) + 1) + "|"]
    for size in NOISES:
        shares = []
        for length in lengths:
            some = [one for one in outcomes if one.size == size and one.length == length]
            right = sum(set(one.found) == ({one.planted} - {None}) for one in some)
            shares.append(f"{right / len(some):.3f}")
        lines.append(f"| {size} | " + " | ".join(shares) + " |")
    return "\n".join(lines) + "\n"


def misses(outcomes: list[Outcome]) -> str:
    """What went wrong, most often first."""
    wrong = Counter(
        (one.kind, one.found, one.size, one.length) for one in outcomes if set(one.found) != ({one.planted} - {None})
    )
    return "\n".join(f"{count:5d} {kind}" for kind, count in wrong.most_common(60))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seeds", nargs=2, type=int, default=[SEEDS.start, SEEDS.stop], help="first, and one past the last"
    )
    parser.add_argument("--misses", action="store_true", help="print what went wrong; write nothing")
    given = parser.parse_args()
    seeds = range(*given.seeds)
    began = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        outcomes = list(pool.map(outcome, jobs(seeds), chunksize=32))
    text = table(outcomes, seeds)
    print(text)
    if given.misses:
        print(misses(outcomes))
    else:
        Path(__file__).with_name("TRAINING.md").write_text(text, encoding="utf-8")
    print(f"{len(outcomes):,} runs in {time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
