"""Curves of binned scores: a table of each group, one row a point, the group's number first.

``roc``: ``threshold``, ``fpr``, ``tpr``; ``pr``: ``threshold``, ``precision``, ``recall``. Both begin at the threshold
infinity, where nothing is positive (precision 1, as in scikit-learn), and have a point at the lower edge of every bin
that holds labelled rows; -infinity stands for the bin below all edges. A rate is null where its class is missing.

``calibration``: ``low``, ``high``, ``n``, ``mean_score``, ``observed_rate`` of each tenth of [0, 1] that holds labelled
rows, whose gaps `ece` adds up. A group with a labelled score outside [0, 1] has no points, and scores that are not
probabilities have no such curve.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from fastmetrics.aliases import Floats, Mask
from fastmetrics.arithmetic import divide
from fastmetrics.contract.capabilities import Curve
from fastmetrics.contract.cells import CellTable
from fastmetrics.contract.family import Family
from fastmetrics.errors import SchemaError
from fastmetrics.families.calibration import judged, tenth_of_score, tenths
from fastmetrics.families.ranking import reached

__all__ = ["CURVES"]


def calibration(table: CellTable, family: Family) -> pl.DataFrame:
    """Observed shares of positives against mean scores."""
    c, edges = family.read(table), np.array(family.arguments["edges"])
    if "score_sum" not in c.values:
        raise SchemaError(
            f"family {family.name!r} has no calibration curve: its edges run from {edges[0]:g} to "
            f"{edges[-1]:g}, and only scores in [0, 1] are probabilities"
        )
    return calibration_points(c, edges)


class Sweep(NamedTuple):
    """Positives and negatives at or above each threshold, [groups, thresholds] from infinity down."""

    true: Floats
    false: Floats
    threshold: Floats
    occupied: Mask

    def points(self, columns: dict[str, Floats]) -> pl.DataFrame:
        """A point for each threshold at which a bin with labelled rows begins."""
        return points(self.occupied, {"threshold": np.broadcast_to(self.threshold, self.occupied.shape), **columns})


def sweep(table: CellTable, family: Family) -> Sweep:
    """What lies above each threshold of a table of scores."""
    c, edges = family.read(table), np.array(family.arguments["edges"])
    true, false = (np.pad(reached(counts)[:, ::-1], ((0, 0), (1, 0))) for counts in (c.positive, c.negative))
    threshold = np.r_[math.inf, np.nextafter(edges[-1], math.inf), edges[::-1], -math.inf]
    occupied = np.pad((c.positive + c.negative)[:, ::-1] > 0, ((0, 0), (1, 0)), constant_values=True)
    return Sweep(true, false, threshold, occupied)


def roc(table: CellTable, family: Family) -> pl.DataFrame:
    """The share of negatives and of positives at or above each threshold."""
    s = sweep(table, family)
    return s.points({"fpr": divide(s.false, s.false[:, -1:]), "tpr": divide(s.true, s.true[:, -1:])})


def precision_recall(table: CellTable, family: Family) -> pl.DataFrame:
    """The share of positives among all at or above each threshold, and that of them among positives."""
    s = sweep(table, family)
    return s.points({"precision": divide(s.true, s.true + s.false, 1), "recall": divide(s.true, s.true[:, -1:])})


def calibration_points(c: Any, edges: Floats) -> pl.DataFrame:
    place = tenth_of_score(edges)[0]
    positive, score = tenths(c.positive, place), tenths(c.score_sum, place)
    n = positive + tenths(c.negative, place)
    start = np.searchsorted(place[1:-2], np.arange(11))
    low, high = (np.broadcast_to(edges[at], n.shape) for at in (start[:-1], start[1:]))
    columns = {"low": low, "high": high, "n": n, "mean_score": divide(score, n), "observed_rate": divide(positive, n)}
    return points((n > 0) & (judged(c) > 0)[:, None], columns)


def points(kept: Mask, columns: dict[str, Floats]) -> pl.DataFrame:
    """The kept entries of arrays [groups, points] as rows, NaN as null."""
    group = np.nonzero(kept)[0]
    return pl.DataFrame({"group": group, **{name: column[kept] for name, column in columns.items()}}).with_columns(
        pl.col(name).fill_nan(None) for name in columns
    )


CURVES: Mapping[str, Curve] = {
    "roc": Curve(
        roc,
        title="ROC curve",
        x=("fpr", "false positive rate"),
        y=("tpr", "true positive rate (recall)"),
        metric="roc_auc",
        words="AUC",
        reference_words="chance",
    ),
    "pr": Curve(
        precision_recall,
        title="Precision against recall",
        x=("recall", "recall"),
        y=("precision", "precision"),
        metric="average_precision",
        words="average precision",
        reference="prevalence",
        reference_words="share of positives",
        steps=True,
    ),
    "calibration": Curve(
        calibration,
        title="Calibration",
        x=("mean_score", "mean score"),
        y=("observed_rate", "observed share of positives"),
        metric="ece",
        words="calibration error",
        reference_words="perfectly calibrated",
    ),
}
