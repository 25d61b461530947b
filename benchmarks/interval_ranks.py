"""Coverage of the bounds of ROC AUC: of few rows, near 1, in few bins, and of scores beyond the edges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.covered import Flags, Floats, Misses, Section, covered
from fastmetrics.families.edges import Binner, default_edges
from fastmetrics.families.ranking import RANKING
from fastmetrics.metric import Cells, find, value
from fastmetrics.reading.intervals import bounds, compare

__all__ = ["SECTIONS"]

AUC = find("roc_auc", RANKING)
EXACT = replace(AUC, error=None)  # of scores that are tied where they share a bin
APART = {".5": 0.0, ".7": 0.742, ".9": 1.812, ".99": 3.290, ".999": 4.370}
RANK_DRAWS = 2000

FEW_POSITIVES = "one class has ten rows or fewer: the shares of the other that they beat are few numbers"
TWO_SCORES = "two scores only: few areas are possible; in `scores` the error widens these bounds"
UNWIDENED = "without the error, which every reading adds: what these bounds would be worth"


def few_rows(rng: np.random.Generator, misses: Misses) -> Iterator[str]:
    """Normal scores that are tied within bins, also with negatives down-sampled; 1,000 bins hardly tie."""
    yield "| positives, negatives | scores | weight of negatives | " + " | ".join(f"AUC {auc}" for auc in APART) + " |"
    yield "|---" * (3 + len(APART)) + "|"
    sizes = ((3, 3), (2, 20), (5, 50), (10, 10), (10, 1000), (30, 30), (30, 300), (100, 100), (100, 10_000))
    for pos, neg in (*sizes, (1000, 1000)):
        for bins in (2, 10, 1000):
            for weight in (1, 10):
                row = []
                for auc, shift in APART.items():
                    coverage, width = of_bins(rng, (pos, neg), bins, weight, shift)
                    reason = TWO_SCORES if bins == 2 else FEW_POSITIVES
                    scenario = f"{pos}, {neg} in {bins} at {auc}"
                    row.append(f"{misses.judged('ROC AUC', scenario, coverage, reason)} ({width:.3f})")
                yield f"| {pos}, {neg} | {bins} | {weight} | {' | '.join(row)} |"


def of_bins(
    rng: np.random.Generator, rows: tuple[int, int], bins: int, weight: int, shift: float
) -> tuple[float, float]:
    """Coverage and mean width of draws of two normal classes in even bins."""
    cells, true = drawn(rng, rows, bins, weight, shift)
    found = bounds(EXACT, cells)
    return covered(found, true), float(np.mean(found[1] - found[0]))


def drawn(rng: np.random.Generator, rows: tuple[int, int], bins: int, weight: int, shift: float) -> tuple[Cells, float]:
    """Cells of positives and negatives in even bins, and the area that they are drawn from."""
    edges = np.array([shift / 2]) if bins == 2 else np.linspace(-3, 3 + shift, bins + 1)[1:-1]
    chances = [normal_bins(edges - mean) for mean in (shift, 0.0)]
    pos, neg = (rng.multinomial(n, p, RANK_DRAWS).astype(np.float64) for n, p in zip(rows, chances, strict=True))
    squares = None if weight == 1 else {"positive": pos, "negative": neg * weight**2}
    true = float(value(EXACT, Cells({"positive": chances[0][None], "negative": chances[1][None]}))[0])
    return Cells({"positive": pos, "negative": neg * weight}, squares), true


def differences(rng: np.random.Generator, misses: Misses) -> Iterator[str]:
    """Difference and ratio of two areas of scores in 1,000 bins."""
    pairs = (("0.7", "0.9"), ("0.9", "0.99"), ("0.99", "0.999"))
    yield "| positives, negatives of a | of b | " + " | ".join(f"AUC {a}, {b}" for a, b in pairs) + " |"
    yield "|---" * (2 + len(pairs)) + "|"
    for rows in (((5, 50), (5, 50)), ((10, 10), (30, 300)), ((30, 30), (30, 30)), ((30, 300), (100, 100))):
        row = []
        for pair in pairs:
            sides = [drawn(rng, n, 1000, 1, APART[auc[1:]]) for n, auc in zip(rows, pair, strict=True)]
            (a, x), (b, y) = sides
            found = compare(EXACT, a, b)
            each = (
                covered((found.difference_low, found.difference_high), x - y),
                covered((found.ratio_low, found.ratio_high), x / y),
            )
            scenario = f"{pair[0]} of {rows[0]}, {pair[1]} of {rows[1]}"
            row.append(", ".join(misses.judged("differences of ROC AUC", scenario, one, FEW_POSITIVES) for one in each))
        yield f"| {rows[0][0]}, {rows[0][1]} | {rows[1][0]}, {rows[1][1]} | {' | '.join(row)} |"


def normal_bins(edges: Floats) -> Floats:
    below = [0.0, *(0.5 * math.erfc(-edge / math.sqrt(2)) for edge in edges), 1.0]
    return np.diff(below)


EDGES: Mapping[str, Floats] = {
    "default": default_edges(),
    "ten bins": np.arange(11) / 10,
    "four bins": np.arange(5) / 4,
    "-1 to 1 by .1": np.arange(-10, 11) / 10,
}


def beyond(rng: np.random.Generator, misses: Misses) -> Iterator[str]:
    """Scores that leave the edges, and bins that are few: the bounds against the area of the scores themselves."""
    yield "| scores | edges | outside | exact | of the bins | error | bounds hold the exact one | without the error |"
    yield "|---" * 8 + "|"
    rows, apart = (500, 1000), 1.312
    true = 0.5 * math.erfc(-apart / 2)
    positive = np.arange(sum(rows)) < rows[0]
    logit = rng.standard_normal((500, sum(rows))) + apart * (positive - 0.5)
    probability = 1 / (1 + np.exp(-logit))
    leaving = np.where(rng.random(logit.shape) < 0.03, 1 + np.exp(logit), probability)
    for scores, edges, x in (
        ("probabilities", "default", probability), ("log-odds", "default", logit),
        ("percentages", "default", 100 * probability), ("3 % above 1", "default", leaving),
        ("probabilities", "ten bins", probability), ("probabilities", "four bins", probability),
        ("log-odds", "-1 to 1 by .1", logit), ("one number", "default", np.full_like(logit, 0.5)),
    ):  # fmt: skip
        at = Binner(EDGES[edges])(x.ravel()).reshape(x.shape).astype(np.int64) - 1
        cells = Cells({name: histogram(at, side, len(EDGES[edges]) + 2) for name, side in named(positive)})
        outside = np.mean((at == 0) | (at == len(EDGES[edges]) + 1))
        assert AUC.error is not None
        right = 0.5 if scores == "one number" else true if scores != "3 % above 1" else exact(leaving, positive)
        with_error, without = (covered(bounds(metric, cells), right) for metric in (AUC, EXACT))
        numbers = f"{outside:.2f} | {right:.4f} | {value(AUC, cells).mean():.4f} | {AUC.error(cells).mean():.4f}"
        judged = misses.judged("scores beyond the edges", scores, with_error, "not expected")
        bare = misses.judged("scores beyond the edges", f"{scores} in {edges}", without, UNWIDENED)
        yield f"| {scores} | {edges} | {numbers} | {judged} | {bare} |"


def named(positive: Flags) -> Iterator[tuple[str, Flags]]:
    yield "positive", positive
    yield "negative", ~positive


def histogram(at: NDArray[np.int64], side: Flags, width: int) -> Floats:
    """The rows of one class in each bin, [groups, bins]."""
    places = (np.arange(len(at))[:, None] * width + at)[:, side]
    return np.bincount(places.ravel(), minlength=len(at) * width).reshape(-1, width).astype(np.float64)


def exact(scores: Floats, positive: Flags) -> float:
    """The mean area of the scores themselves, which have no ties."""
    ranks = scores.argsort(axis=1).argsort(axis=1)[:, positive] + 1.0
    pos, neg = positive.sum(), (~positive).sum()
    return float(((ranks.sum(1) - pos * (pos + 1) / 2) / (pos * neg)).mean())


SECTIONS = (
    Section(
        "ROC AUC",
        "Normal scores, tied where they share one of so many; in brackets the mean width. Bold outside .93 to .97.",
        few_rows,
    ),
    Section("Differences of ROC AUC", "Difference a - b and ratio a / b of scores that hardly tie.", differences),
    Section(
        "Scores beyond the edges",
        "500 positives and 1,000 negatives of normal log-odds; the last column has bounds without the error.",
        beyond,
    ),
)
