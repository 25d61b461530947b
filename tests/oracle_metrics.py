"""What metrics and their bounds mean, from rows and in plain Python: slow and obvious. None is null or undefined.

Each formula is the textbook one, written with rates, so that it shares no algebra with the one it is held against.
"""

from __future__ import annotations

import math
from collections import Counter

from scipy import stats

import oracle_scores
from oracle import BINARY
from oracle_classes import ratio, regression_metrics

Z95 = 1.9599639845400545  # a standard normal variable is within it 95 times in 100


def defined(formula, *parts):
    """The formula of its parts, None where one of them is."""
    return None if None in parts else formula(*parts)


def binary_cells(labels, predictions):
    counts = Counter(BINARY[row] for row in zip(labels, predictions, strict=True))
    return {name: counts[name] for name in BINARY.values()}


def binary_metrics(c):
    """Every metric of the binary family, from its nine cells."""
    tn, fp, fn, tp = (c[name] for name in ("tn", "fp", "fn", "tp"))
    judged, every = tn + fp + fn + tp, sum(c.values())
    labelled = judged + c["unpredicted_neg"] + c["unpredicted_pos"]
    answered = judged + c["unlabelled_neg"] + c["unlabelled_pos"]
    recall, specificity = ratio(tp, tp + fn), ratio(tn, tn + fp)
    precision, npv = ratio(tp, tp + fp), ratio(tn, tn + fn)
    fpr, fnr, fdr, omitted = ratio(fp, tn + fp), ratio(fn, tp + fn), ratio(fp, tp + fp), ratio(fn, tn + fn)
    chance = ratio((tp + fn) * (tp + fp) + (tn + fp) * (tn + fn), judged * judged)
    roots = defined(lambda a, b: math.sqrt(a) + math.sqrt(b), recall, fpr)
    return {
        "accuracy": ratio(tp + tn, judged),
        "error_rate": ratio(fp + fn, judged),
        "precision": precision,
        "recall": recall,
        "specificity": specificity,
        "npv": npv,
        "fpr": fpr,
        "fnr": fnr,
        "fdr": fdr,
        "false_omission_rate": omitted,
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "jaccard": ratio(tp, tp + fp + fn),
        "balanced_accuracy": defined(lambda a, b: (a + b) / 2, recall, specificity),
        "mcc": defined(
            lambda *of: math.sqrt(math.prod(of[:4])) - math.sqrt(math.prod(of[4:])),
            *(precision, recall, specificity, npv, fdr, fnr, fpr, omitted),
        ),
        "kappa": defined(lambda e: ratio((tp + tn) / judged - e, 1 - e), chance),
        "g_mean": defined(lambda a, b: math.sqrt(a * b), recall, specificity),
        "fowlkes_mallows": defined(lambda a, b: math.sqrt(a * b), precision, recall),
        "informedness": defined(lambda a, b: a + b - 1, recall, specificity),
        "markedness": defined(lambda a, b: a + b - 1, precision, npv),
        "prevalence": ratio(tp + fn + c["unpredicted_pos"], labelled),
        "predicted_positive_rate": ratio(tp + fp + c["unlabelled_pos"], answered),
        "prevalence_threshold": defined(lambda of, all_: ratio(math.sqrt(of), all_), fpr, roots),
        "lr_plus": defined(ratio, recall, fpr),
        "lr_minus": defined(ratio, fnr, specificity),
        "diagnostic_odds_ratio": ratio(tp * tn, fp * fn),
        "label_coverage": ratio(labelled, every),
        "answer_rate": ratio(answered, every),
        "TP": tp,
        "TN": tn,
        "FP": fp,
        "FN": fn,
    }


def score_metrics(labels, scores):
    """Every metric of the scores family, where each bin holds one score; label and score may be None."""
    rows = oracle_scores.judged_pairs(labels, scores)
    happened = [score if label else 1 - score for score, label in rows]
    intercept, slope = oracle_scores.recalibration(labels, scores)
    return {
        "roc_auc": oracle_scores.roc_auc(labels, scores),
        "average_precision": oracle_scores.average_precision(labels, scores),
        "ks": oracle_scores.ks(labels, scores),
        "log_loss": -sum(math.log(p) for p in happened) / len(rows),
        "brier": sum((score - label) ** 2 for score, label in rows) / len(rows),
        "mean_score": sum(score for score, _ in rows) / len(rows),
        "ece": oracle_scores.ece(labels, scores),
        "ece_equal_mass": oracle_scores.ece_equal_mass(labels, scores),
        "ece_debiased": oracle_scores.ece_debiased(labels, scores),
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "prevalence": labels.count(1) / (len(labels) - labels.count(None)),
        "label_coverage": 1 - labels.count(None) / len(labels),
        "answer_rate": 1 - scores.count(None) / len(scores),
    }


def number_metrics(labels, predictions):
    """Every metric of the regression family."""
    found = regression_metrics(labels, predictions)
    found.pop("label_spread")
    found["rmse"] = math.sqrt(found.pop("rmse_squared"))
    return {name: float(value) for name, value in found.items()} | {
        "label_coverage": 1 - labels.count(None) / len(labels),
        "answer_rate": 1 - predictions.count(None) / len(predictions),
    }


def likelihood_metrics(probabilities):
    """Every metric of the likelihood family, from the probabilities of the tokens of each text, None for not known."""
    listed = [[p for p in text if p is not None] for text in probabilities if text is not None]
    judged = [text for text in listed if text]
    tokens = [p for text in judged for p in text]
    nats = [math.inf if p == 0 else -math.log(p) for p in tokens]
    nll, bits = ratio(sum(nats), len(tokens)), [math.inf if p == 0 else -math.log2(p) for p in tokens]
    return {
        "nll": nll,
        "nll_per_row": ratio(sum(nats), len(judged)),
        "bits_per_token": ratio(sum(bits), len(tokens)),
        # the geometric mean of 1 / p
        "perplexity": None
        if nll is None
        else math.inf
        if 0 in tokens
        else math.prod(p ** (-1 / len(tokens)) for p in tokens),
        "tokens_per_row": ratio(len(tokens), len(judged)),
        "answer_rate": ratio(len(listed), len(probabilities)),
        "empty_rate": ratio(len(listed) - len(judged), len(listed)),
    }


def flag_metrics(flag, values):
    """Both metrics of a flag, from the values of its rows, None for not known."""
    told = [value for value in values if value is not None]
    return {
        f"{flag}_rate": ratio(sum(told), len(told)),
        f"{flag}_missing_rate": ratio(len(values) - len(told), len(values)),
    }


def halved(holds, inside, outside):
    """Where ``holds`` ends between a point where it is true and one where it is not, by bisection."""
    for _ in range(200):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return inside


def share_bounds(k, n, z):
    """The shares that k of n rows do not contradict: those whose score test stays within z."""
    if not n:
        return 0.0, 1.0

    def holds(q):
        return (k - n * q) ** 2 <= z * z * n * q * (1 - q)

    return halved(holds, k / n, 0.0), halved(holds, k / n, 1.0)


def count_bounds(k, z):
    """The means of a Poisson count that k does not contradict."""

    def holds(mean):
        return (k - mean) ** 2 <= z * z * mean

    return halved(holds, k, 0.0), halved(holds, k, 10 * (k + z * z + 1))


SHARES = {  # what counts for each proportion, and what against it
    "accuracy": ("tp tn", "fp fn"),
    "error_rate": ("fp fn", "tp tn"),
    "precision": ("tp", "fp"),
    "recall": ("tp", "fn"),
    "specificity": ("tn", "fp"),
    "npv": ("tn", "fn"),
    "fpr": ("fp", "tn"),
    "fnr": ("fn", "tp"),
    "fdr": ("fp", "tp"),
    "false_omission_rate": ("fn", "tn"),
    "jaccard": ("tp", "fp fn"),
    "prevalence": ("tp fn unpredicted_pos", "tn fp unpredicted_neg"),
    "predicted_positive_rate": ("tp fp unlabelled_pos", "tn fn unlabelled_neg"),
}
PAIRS = {"by_label": (("tp", "fn"), ("tn", "fp")), "by_prediction": (("tp", "fp"), ("tn", "fn"))}


def ends_of(cells, method, z):
    """The cells with one independent part at its lower limit, and with it at its upper one, for each part."""
    if method == "cells":
        for name in ("tn", "fp", "fn", "tp"):
            low, high = count_bounds(cells[name], z)
            yield cells | {name: low}, cells | {name: high}
    for hit, miss in PAIRS.get(method, ()):
        total = cells[hit] + cells[miss]
        yield tuple(cells | {hit: total * q, miss: total * (1 - q)} for q in share_bounds(cells[hit], total, z))


def binary_bounds(name, method, cells, z):
    """The bounds of a metric of the binary family by the method that it names."""
    if method == "wilson":
        hits, misses = (sum(cells[cell] for cell in side.split()) for side in SHARES[name])
        return share_bounds(hits, hits + misses, z)
    if method == "jaccard":
        low, high = share_bounds(cells["tp"], cells["tp"] + cells["fp"] + cells["fn"], z)
        return 2 * low / (1 + low), 2 * high / (1 + high)
    return formula_bounds(name, cells, method, z)


def formula_bounds(name, cells, method, z):
    """The bounds of a metric of confusion cells: what each part alone moves it by, as the root of squares."""
    center = binary_metrics(cells)[name]
    moves = [[binary_metrics(end)[name] for end in ends] for ends in ends_of(cells, method, z)]
    shifts = [[0.0 if value is None else value - center for value in ends] for ends in moves]
    below = math.sqrt(sum(min(*ends, 0.0) ** 2 for ends in shifts))
    above = math.sqrt(sum(max(*ends, 0.0) ** 2 for ends in shifts))
    return center - below, center + above


def mean_bounds(values, signed, level=0.95):
    """The bounds of a mean by Student's t: on its own scale, or on that of its logarithm if it cannot be negative."""
    n, mean = len(values), math.fsum(values) / len(values)
    error = math.sqrt(math.fsum((x - mean) ** 2 for x in values) / (n - 1) / n)
    if signed:
        reach = stats.t.ppf(0.5 + level / 2, n - 1) * error
        return mean - reach, mean + reach
    share = error / mean
    reach = stats.t.ppf(0.5 + level / 2, (n - 1) / (1 + n * share**2)) * share
    return mean * math.exp(-reach), mean * math.exp(reach)
