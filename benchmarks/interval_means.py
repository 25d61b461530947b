"""Coverage of the bounds of means: of errors of three shapes, of differences, and of scores in bins."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from benchmarks.covered import DRAWS, Flags, Floats, Misses, Section, covered
from fastmetrics.families.calibration import calibration_metrics
from fastmetrics.families.edges import Binner, default_edges
from fastmetrics.families.regression import METRICS
from fastmetrics.metric import Cells, find
from fastmetrics.reading.intervals import bounds, compare

__all__ = ["SECTIONS"]

Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]

SKEWED = "a large part of the mean comes from rows so rare that most samples of this size hold none of them"
HEAVY = "the errors have no fourth moment, so the spread of their squares grows with the sample and is never known"
FEW_SQUARES = "squares of a handful of errors are skewed, and two sides of unlike size keep that in their difference"
FEW_SCORES = "of few rows the losses vary by chance less than they do at large, and coarse bins tell less of it"

# Draws of errors; the true bias, mae and rmse.
SHAPES: Mapping[str, tuple[Draw, tuple[float, float, float]]] = {
    "normal": (
        lambda rng, size: 0.3 + rng.standard_normal(size),
        (0.3, math.sqrt(2 / math.pi) * math.exp(-0.045) + 0.3 * math.erf(0.3 / math.sqrt(2)), math.sqrt(1.09)),
    ),
    "log-normal": (
        lambda rng, size: np.exp(rng.standard_normal(size)) - 1,
        (math.exp(0.5) - 1, math.exp(0.5) * math.erf(math.sqrt(0.5)), math.sqrt(math.exp(2) - 2 * math.exp(0.5) + 1)),
    ),
    "t of 3": (lambda rng, size: rng.standard_t(3, size), (0.0, 2 * math.sqrt(3) / math.pi, math.sqrt(3))),
}
NAMES = ("bias", "mae", "rmse")
ROWS = (2, 3, 5, 10, 30, 100, 1000)


def sums(errors: Floats, weights: Floats) -> dict[str, Floats]:
    """The cells of `regression` that its means read, a group a row."""
    summands = {
        "judged": np.ones_like(errors),
        "signed_error": errors,
        "absolute_error": np.abs(errors),
        "squared_error": errors**2,
        "quartic_error": errors**4,
    }
    return {name: (weights * summand).sum(1) for name, summand in summands.items()}


def why(shape: str, name: str) -> str:
    if shape == "normal":
        return FEW_SQUARES
    return HEAVY if (shape, name) == ("t of 3", "rmse") else SKEWED


def means(rng: np.random.Generator, misses: Misses) -> Iterator[str]:
    """Bias, MAE and RMSE of errors of three shapes, also with log-normal weights that do not depend on the row."""
    yield "| rows | weighted | " + " | ".join(f"{name}, {shape}" for shape in SHAPES for name in NAMES) + " |"
    yield "|---" * (2 + 3 * len(SHAPES)) + "|"
    for n in ROWS:
        for weighted in (False, True):
            row = []
            for shape, (sample, true) in SHAPES.items():
                x = sample(rng, (DRAWS, n))
                w = np.exp(0.8 * rng.standard_normal(x.shape)) if weighted else np.ones_like(x)
                cells = Cells(sums(x, w), sums(x, w * w) if weighted else None)
                for name, right in zip(NAMES, true, strict=True):
                    coverage = covered(bounds(find(name, METRICS), cells), right)
                    scenario = f"{name} {shape} {n}{' weighted' if weighted else ''}"
                    row.append(misses.judged("means", scenario, coverage, why(shape, name)))
            yield f"| {n} | {'yes' if weighted else 'no'} | {' | '.join(row)} |"


def differences(rng: np.random.Generator, misses: Misses) -> Iterator[str]:
    """Errors of b are twice those of a: the difference a - b of bias, and difference and ratio of MAE and RMSE."""
    yield "| rows a, b | " + " | ".join(f"{name}, {shape}" for shape in SHAPES for name in NAMES) + " |"
    yield "|---" * (1 + 3 * len(SHAPES)) + "|"
    for n, m in ((2, 2), (3, 3), (5, 5), (5, 20), (30, 5), (3, 1000), (30, 30), (100, 100)):
        row = []
        for shape, (sample, true) in SHAPES.items():
            x, y = sample(rng, (DRAWS, n)), 2 * sample(rng, (DRAWS, m))
            a, b = (Cells(sums(errors, np.ones_like(errors))) for errors in (x, y))
            for name, right in zip(NAMES, true, strict=True):
                found = compare(find(name, METRICS), a, b)
                each = [covered((found.difference_low, found.difference_high), -right)]
                if name != "bias":
                    each.append(covered((found.ratio_low, found.ratio_high), 0.5))
                scenario = f"{name} {shape} {n}, {m}"
                row.append(", ".join(misses.judged("differences", scenario, one, why(shape, name)) for one in each))
        yield f"| {n}, {m} | {' | '.join(row)} |"


def in_bins(rng: np.random.Generator, misses: Misses) -> Iterator[str]:
    """Brier score, log loss and mean score of calibrated scores, whose squares are known by bin only."""
    names = ("brier", "log_loss", "mean_score")
    yield "| scores | rows | bins | " + " | ".join(names) + " |"
    yield "|---" * 6 + "|"
    for scores, (a, b) in {"Beta(2, 5)": (2.0, 5.0), "Beta(.5, .5)": (0.5, 0.5)}.items():
        far = rng.beta(a, b, 10**6).clip(1e-12, 1 - 1e-12)
        true = np.mean(far * (1 - far)), -np.mean(far * np.log(far) + (1 - far) * np.log1p(-far)), np.mean(far)
        for n in (5, 10, 30, 100, 1000):
            p = rng.beta(a, b, (DRAWS if n < 1000 else 1000, n))
            y = rng.random(p.shape) < p
            for edges in (default_edges(), np.arange(11) / 10, np.arange(3) / 2):
                metrics, cells = calibration_metrics(edges), binned(p, y, edges)
                row = [
                    misses.judged(
                        "means in bins", f"{name} {scores} {n}, {len(edges) - 1} bins",
                        covered(bounds(find(name, metrics), cells), float(right)), FEW_SCORES,
                    )
                    for name, right in zip(names, true, strict=True)
                ]  # fmt: skip
                yield f"| {scores} | {n} | {len(edges) - 1} | {' | '.join(row)} |"


def binned(p: Floats, y: Flags, edges: Floats) -> Cells:
    """The cells of `scores` of the groups that are the rows of p and y."""
    width = len(edges) + 2
    at = (np.arange(len(p))[:, None] * width + Binner(edges)(p.ravel()).reshape(p.shape) - 1).ravel()
    loss = -np.log(np.where(y, p, 1 - p).clip(np.finfo(np.float64).eps))
    rows = {"positive": y, "negative": ~y, "score_sum": p, "brier_sum": (p - y) ** 2, "log_loss_sum": loss}
    size = len(p) * width
    return Cells({name: np.bincount(at, of.ravel(), size).reshape(-1, width) for name, of in rows.items()})


SECTIONS = (
    Section(
        "Means",
        "Student's t: of bias on its own scale, of MAE and RMSE on that of their logarithm (MSE is covered as "
        "RMSE is). Bold outside .93 to .97.",
        means,
    ),
    Section("Differences of means", "Errors of b are twice those of a: difference, ratio but of bias.", differences),
    Section(
        "Means of scores in bins",
        "Calibrated scores. Brier score and mean score lie in [0, 1], and their bounds are those of a share.",
        in_bins,
    ),
)
