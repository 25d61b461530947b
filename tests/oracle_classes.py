"""What class matrices and regression sums mean, row by row, in plain Python: slow and obvious.

A null is None, and so is a metric that is undefined.
"""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction


def ratio(num, den):
    return num / den if den else None


def class_counts(labels, predictions, weights=None):
    """{class: [support, predicted, tp]} of the rows that have a label and a prediction."""
    counts = defaultdict(lambda: [0, 0, 0])
    weights = [1] * len(labels) if weights is None else weights
    for label, prediction, weight in zip(labels, predictions, weights, strict=True):
        if label is None or prediction is None:
            continue
        counts[label][0] += weight
        counts[prediction][1] += weight
        if label == prediction:
            counts[label][2] += weight
    return dict(counts)


def class_metrics(labels, predictions, weights=None, wanted=None):
    """Every metric of the classes family; averages run over ``wanted``, or else over the classes seen."""
    weights = [1] * len(labels) if weights is None else weights
    rows = list(zip(labels, predictions, weights, strict=True))
    counts = class_counts(labels, predictions, weights)
    total = sum(w for y, p, w in rows if y is not None and p is not None)
    correct = sum(w for y, p, w in rows if y is not None and y == p)
    found = {
        "accuracy": ratio(correct, total),
        "error_rate": ratio(total - correct, total),
        "n_classes": len(counts),
        "label_coverage": ratio(sum(w for y, _, w in rows if y is not None), sum(weights)),
        "answer_rate": ratio(sum(w for _, p, w in rows if p is not None), sum(weights)),
    }
    listed = list(counts) if wanted is None else wanted
    chosen = {name: counts[name] for name in listed if name in counts and counts[name] != [0, 0, 0]}
    parts = {
        "precision": lambda s, p, t: (t, p),
        "recall": lambda s, p, t: (t, s),
        "f1": lambda s, p, t: (2 * t, s + p),
        "jaccard": lambda s, p, t: (t, s + p - t),
    }
    for name, part in parts.items():
        each = {label: ratio(*part(*chosen[label])) or 0 for label in chosen}
        sums = [sum(chosen[label][i] for label in chosen) for i in range(3)]
        found[f"{name}_macro"] = ratio(sum(each.values()), len(each))
        found[f"{name}_weighted"] = ratio(sum(each[label] * chosen[label][0] for label in each), sums[0])
        found[f"{name}_micro"] = ratio(*part(*sums))
        found[f"{name}_classes"] = len(each)
    complete = all(label in chosen and chosen[label][0] for label in listed)
    found["balanced_accuracy"] = found["recall_macro"] if complete else None
    chance = sum(s * p for s, p, _ in counts.values())
    spread = (total**2 - sum(s * s for s, _, _ in counts.values())) * (
        total**2 - sum(p * p for _, p, _ in counts.values())
    )
    found["mcc"] = (correct * total - chance) / float(spread) ** 0.5 if spread else None
    found["kappa"] = ratio(correct * total - chance, total**2 - chance)
    return found


def confusions(labels, predictions, n):
    """The n largest (label, prediction, rows, share of the label's judged rows), ties by label, then prediction."""
    support = {label: counts[0] for label, counts in class_counts(labels, predictions).items()}
    pairs = defaultdict(int)
    for label, prediction in zip(labels, predictions, strict=True):
        if label is not None and prediction is not None and label != prediction:
            pairs[label, prediction] += 1
    order = sorted(pairs, key=lambda pair: (-pairs[pair], pair))
    return [(*pair, pairs[pair], pairs[pair] / support[pair[0]]) for pair in order[:n]]


def compensated(values):
    """The sum of the values as a pair (sum, error): the error of each addition is caught and added up."""
    total = error = 0.0
    for x in values:
        new = total + x
        part = new - total
        error += (total - (new - part)) + (x - part)
        total = new
    return total, error


def regression_metrics(labels, predictions, weights=None):
    """Every regression metric as an exact Fraction (rmse as its square), None where undefined.

    Integers are added as such, which is much faster. Only mape, whose terms have no common denominator, is a
    correctly rounded sum of correctly rounded terms.
    """
    weights = [1] * len(labels) if weights is None else weights
    rows = [
        (exact(y), exact(p) - exact(y), exact(w))
        for y, p, w in zip(labels, predictions, weights, strict=True)
        if y is not None and p is not None
    ]
    n = sum(w for _, _, w in rows)
    squared = sum(w * e * e for _, e, w in rows)
    absolute = sum(w * abs(e) for _, e, w in rows)
    label_spread = spread([(y, w) for y, _, w in rows])
    error_spread = spread([(e, w) for _, e, w in rows])
    eps = Fraction(1, 2**52)
    return {
        "mae": share(absolute, n),
        "mse": share(squared, n),
        "rmse_squared": share(squared, n),
        "bias": share(sum(w * e for _, e, w in rows), n),
        "mape": share(math.fsum(float(w * abs(e) / max(abs(y), eps)) for y, e, w in rows), n),
        "wape": share(absolute, sum(w * abs(y) for y, _, w in rows)),
        "max_error": max((abs(e) for _, e, _ in rows), default=None),
        "r2": share_explained(squared, label_spread) if len(rows) > 1 else None,
        "explained_variance": share_explained(error_spread, label_spread) if rows else None,
        "label_spread": label_spread,
    }


def exact(x):
    return x if isinstance(x, int) else Fraction(x)


def share(num, den):
    return Fraction(num) / den if den else None


def spread(rows):
    """The weighted sum of squares about the mean of (x, weight); nothing is lost to cancellation here."""
    n, total = sum(w for _, w in rows), sum(w * x for x, w in rows)
    return sum(w * x * x for x, w in rows) - Fraction(total) * total / n if n else None


def share_explained(left, spread):
    """1 - left / spread; where nothing varies 1 if nothing is left and else 0."""
    return 1 - Fraction(left) / spread if spread else Fraction(left == 0)
