"""Binary labels and predictions: nine cells, and every metric that is a formula over them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.contract.blocks import Bitmap
from fastmetrics.contract.capabilities import CrossTable, Outcome, Rate
from fastmetrics.contract.cells import Cell, CellTable
from fastmetrics.contract.columns import Column, column_name
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role, check_number
from fastmetrics.contract.rows import Rows
from fastmetrics.errors import SchemaError
from fastmetrics.families.labels import absent_note, check_nulls, null_arguments, unshared_note
from fastmetrics.metric import Metric, find
from fastmetrics.notes import Note
from fastmetrics.wording import readable

__all__ = [
    "CAUSES",
    "CELLS",
    "CONFUSION",
    "METRICS",
    "OTHER_CAUSE",
    "OUTCOMES",
    "binary",
    "every_row",
    "fbeta",
    "founding_tag",
]

# Each cell with its label and its prediction.
OUTCOMES = (
    Outcome("tn", False, False),
    Outcome("fp", False, True),
    Outcome("fn", True, False),
    Outcome("tp", True, True),
    Outcome("unpredicted_neg", False, None),
    Outcome("unpredicted_pos", True, None),
    Outcome("unlabelled_neg", None, False),
    Outcome("unlabelled_pos", None, True),
    Outcome("unlabelled_unpredicted", None, None),
)
CELLS = tuple(outcome.cell for outcome in OUTCOMES)
CONFUSION = CELLS[:4]  # of rows with label and prediction

# The cells that are 0 together and the tag for it, in the order of the tests of `fastmetrics.find_root_cause`.
CAUSES = (
    (("tp", "fp"), "False positive"),
    (("tp", "fn"), "False negative"),
    (("fp", "fn"), "True positive"),
)
OTHER_CAUSE = "Misclassification"

F_BETA = re.compile(r"f(\d+(?:\.\d+)?)(?:_score)?", re.ASCII)


def binary(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    null_values: Sequence[Any] | None = None,
    name: str = "binary",
) -> Family:
    """The family of binary confusion cells: ``tn fp fn tp`` and five cells for what is not known.

    Parameters
    ----------
    y_true
        Column of labels. Booleans and the numbers 1 against 0 or -1 need no more; of anything else name the
        positive value with ``pos_label``. Null and NaN mean: not labelled yet.
    y_pred
        Column of predictions, of the same kind as the labels. Null and NaN mean: no answer.
    y_score
        Column of scores, instead of predictions: positive where ``score >= threshold``. Null and NaN mean: no answer.
    threshold
        The least score that is positive. It is rounded to the dtype of the score first.
    pos_label
        The positive value of label and prediction; every other value is negative. A count in which it never occurs
        among two or more other values is refused, and one with a single other value gets a note.
    null_values
        Values of label and prediction that mean null: numbers, or text such as ``"null"`` or ``""``. Scores are taken
        as they are. Without it the text ``"NA"`` beside a ``pos_label`` is null, with a note; ``[]`` makes it a
        negative.
    name
        Tells several families of one scan apart: ``counts.metrics("shadow.f1")``.

    Raises
    ------
    SchemaError
        Neither or both of ``y_pred`` and ``y_score``, a score without a threshold, a threshold that is NaN; values that
        are named as null and as positive. When it counts: a ``pos_label`` that the dtype of a column cannot hold.
    DataError
        While counting: numbers other than 0, 1 and -1, or -1 beside 0, without ``pos_label``; a ``pos_label`` that
        never occurs.

    >>> binary("label", "pred").states[:2]
    ('tn', 'fp')
    """
    if (y_pred is None) == (y_score is None):
        raise SchemaError("binary() needs one of y_pred= (a decision) and y_score= with threshold= (a number)")
    if (y_score is None) != (threshold is None):
        raise SchemaError("binary() needs y_score= and threshold= together")
    nulls = check_nulls(null_values, [1 if pos_label is None else pos_label])
    label = Role("label", y_true, "binary", pos_label=pos_label, null_values=nulls)
    arguments: dict[str, Any] = {"y_true": y_true, "pos_label": label.pos_label, "name": name}
    if y_pred is not None:
        prediction = Role("prediction", y_pred, "binary", pos_label=pos_label, null_values=nulls)
        arguments["y_pred"] = y_pred
    else:
        assert y_score is not None
        assert threshold is not None
        threshold = check_number("threshold", threshold)
        prediction = Role("prediction", y_score, "binary", threshold=threshold)
        arguments |= {"y_score": y_score, "threshold": threshold}
    arguments |= null_arguments(nulls)
    return Family(
        kind="binary",
        name=name,
        maker=binary,
        roles=(label, prediction),
        cells=tuple(Cell(cell) for cell in CELLS),
        rows=rows,
        from_bits=from_bits,
        metrics=METRICS,
        arguments=arguments,
        constants=("pos_label", "threshold", *null_arguments(nulls)),
        parametric=f_beta_named,
        headline=("accuracy", "precision", "recall", "f1"),
        notes=partial(notes, columns=(column_name(y_true), column_name(prediction.column)), pos_label=label.pos_label),
        outcomes=OUTCOMES,
        matrix=CrossTable(matrix_rows, matrix_order),
        root_cause=founding_tag,
        rates=RATES,
    )


def matrix_order(family: Family) -> tuple[str, str]:
    """The words of the negative and the positive label."""
    positive = family.arguments["pos_label"]
    if positive is None:
        return "negative", "positive"
    return f"not {readable(positive)}", readable(positive)


def matrix_rows(table: CellTable, family: Family) -> pl.DataFrame:
    """Labels against predictions in words, nine rows a group."""
    negative, positive = matrix_order(family)
    words = {None: None, False: negative, True: positive}
    return pl.concat(
        pl.DataFrame({"group": table.group, "rows": table.cells.values[cell]}).with_columns(
            label=pl.lit(words[label], pl.String), prediction=pl.lit(words[prediction], pl.String)
        )
        for cell, label, prediction in OUTCOMES
    )


def founding_tag() -> pl.Expr:
    """The founding tag of a row of cells (see `fastmetrics.arrays.founding`), null where no row is judged."""
    tag = pl.lit(OTHER_CAUSE)
    for cells, name in reversed(CAUSES):
        tag = pl.when(pl.sum_horizontal(cells) == 0).then(pl.lit(name)).otherwise(tag)
    return pl.when(pl.sum_horizontal(CONFUSION) > 0).then(tag)


def notes(table: pl.DataFrame, known: Sequence[Note], columns: tuple[str, str], pos_label: Any) -> list[Note]:
    """The notes of a positive value that never occurs, and that of no shared value unless cells contradict it."""
    c = {cell: int(table.get_column(cell).sum()) for cell in CELLS}  # a query would take 0.1 ms
    negatives, positives = c["tn"] + c["fp"] + c["unpredicted_neg"], c["fn"] + c["tp"] + c["unpredicted_pos"]
    disjoint = unshared_note(columns, 0)
    shared = positives and c["fp"] + c["tp"] + c["unlabelled_pos"]
    return [
        *absent_note(pos_label, columns[0], negatives, positives),
        *(note for note in known if (note.code, note.message) == (disjoint.code, disjoint.message) and not shared),
    ]


def rows(roles: Mapping[str, NDArray[Any]]) -> Rows:
    """The index in CELLS of each row."""
    state = np.empty(len(roles["label"]), np.uint8)
    kernels.states.binary_states(roles["label"], roles["prediction"], state)
    return Rows(lambda: state)


def from_bits(roles: Mapping[str, Bitmap]) -> Rows:
    """The index in CELLS of each row, straight from bitmaps."""
    label, prediction = roles["label"], roles["prediction"]

    def array() -> NDArray[np.uint8]:
        words = np.empty((label.length + 7) >> 3, np.uint64)
        kernels.bits.spread_states(*label[:3], *prediction[:3], words)
        return words.view(np.uint8)[: label.length]

    def totals() -> NDArray[np.int64]:
        if label.offset & 7 or prediction.offset & 7:
            return np.bincount(array(), minlength=len(CELLS))
        return totals_of(label, prediction)

    nulls = len(label.valid) or len(prediction.valid)
    return Rows(array, top=None if nulls else 3, totals=totals)


def totals_of(label: Bitmap, prediction: Bitmap) -> NDArray[np.int64]:
    """The nine cells of all rows together, from how many bits of the bitmaps and of what they share are 1."""
    count, rows = kernels.bits.count_ones, label.length
    y, p = (words(bitmap.packed, bitmap.offset, rows) for bitmap in (label, prediction))
    if len(label.valid) or len(prediction.valid):
        everything = words(np.full((rows + 7) >> 3, 0xFF, np.uint8), 0, rows)
        labelled, predicted = (
            words(bitmap.valid, bitmap.offset, rows) if len(bitmap.valid) else everything
            for bitmap in (label, prediction)
        )
        y, p = y & labelled, p & predicted
        n_labelled, n_predicted = (
            count(labelled, labelled),
            count(predicted, predicted),
        )
        both, y_predicted, p_labelled = (
            count(labelled, predicted),
            count(y, predicted),
            count(p, labelled),
        )
        n_y, n_p, tp = count(y, y), count(p, p), count(y, p)
    else:
        n_labelled = n_predicted = both = rows
        n_y, n_p, tp = count(y, y), count(p, p), count(y, p)
        y_predicted, p_labelled = n_y, n_p
    known = (both - y_predicted - p_labelled + tp, p_labelled - tp, y_predicted - tp, tp)
    unpredicted = (n_labelled - both - (n_y - y_predicted), n_y - y_predicted)
    unlabelled = (n_predicted - both - (n_p - p_labelled), n_p - p_labelled)
    return np.array([*known, *unpredicted, *unlabelled, rows - n_labelled - n_predicted + both])


def words(packed: NDArray[np.uint8], offset: int, length: int) -> NDArray[np.uint64]:
    """Bits of a bitmap from a whole byte on, 64 a word: where they lie if they fill their words, else with 0 behind."""
    taken = packed[offset >> 3 : (offset + length + 7) >> 3]
    if not length & 63 and not taken.ctypes.data & 7:
        return taken.view(np.uint64)
    padded = np.zeros((len(taken) + 7) >> 3, np.uint64)
    padded.view(np.uint8)[: len(taken)] = taken
    if length & 63:
        padded[-1] &= np.uint64((1 << (length & 63)) - 1)
    return padded


def pos(c: Any) -> Any:
    return c.tp + c.fn


def neg(c: Any) -> Any:
    return c.tn + c.fp


def said_pos(c: Any) -> Any:
    return c.tp + c.fp


def said_neg(c: Any) -> Any:
    return c.tn + c.fn


def judged(c: Any) -> Any:
    return c.tn + c.fp + c.fn + c.tp


def predicted(c: Any) -> Any:
    return judged(c) + c.unlabelled_neg + c.unlabelled_pos


def labelled(c: Any) -> Any:
    return judged(c) + c.unpredicted_neg + c.unpredicted_pos


def unlabelled(c: Any) -> Any:
    return c.unlabelled_neg + c.unlabelled_pos + c.unlabelled_unpredicted


def unpredicted(c: Any) -> Any:
    return c.unpredicted_neg + c.unpredicted_pos + c.unlabelled_unpredicted


def every_row(c: Any) -> Any:
    return labelled(c) + unlabelled(c)


def fbeta(beta: float) -> Metric:
    """The F measure that weighs recall ``beta`` times as much as precision, as a metric row.

    Defined as (1 + b²) tp / ((1 + b²) tp + b² fn + fp), null where that denominator is 0. In ``metrics=`` the
    name ``f2`` or ``f0.5`` says the same.

    >>> fbeta(2).name
    'f2'
    """
    beta = check_number("beta", beta)
    if beta < 0:
        raise SchemaError(f"beta={beta} is negative; F needs beta >= 0")
    b2 = beta * beta
    return Metric(
        f"f{beta:g}",
        num=lambda c: (1 + b2) * c.tp,
        den=lambda c: (1 + b2) * c.tp + b2 * c.fn + c.fp,
        kind="ratio",
        interval="jaccard" if beta == 1 else "cells",
        source="van Rijsbergen 1979",
    )


def f_beta_named(name: str) -> Metric | None:
    """The row behind a name such as ``f2``, ``f0.5`` or ``f2_score``."""
    if name == "fbeta":
        raise SchemaError("fbeta needs its beta: ask for 'f2', 'f0.5' or another number, or pass fm.fbeta(beta)")
    number = F_BETA.fullmatch(name)
    return replace(fbeta(float(number[1])), name=name) if number else None


# fmt: off
METRICS: tuple[Metric, ...] = (
    Metric("accuracy", lambda c: c.tp + c.tn, judged, "proportion",
           aliases=("acc", "accuracy_score", "binary_accuracy")),
    Metric("error_rate", lambda c: c.fp + c.fn, judged, "proportion", better="lower", events="errors",
           aliases=("zero_one_loss", "hamming_loss", "misclassification_rate")),
    Metric("precision", lambda c: c.tp, said_pos, "proportion",
           aliases=("ppv", "PPV", "positive_predictive_value", "precision_score")),
    Metric("recall", lambda c: c.tp, pos, "proportion",
           aliases=("tpr", "TPR", "true_positive_rate", "sensitivity", "hit_rate", "recall_score")),
    Metric("specificity", lambda c: c.tn, neg, "proportion",
           aliases=("tnr", "TNR", "true_negative_rate", "selectivity")),
    Metric("npv", lambda c: c.tn, said_neg, "proportion", aliases=("NPV", "negative_predictive_value")),
    Metric("fpr", lambda c: c.fp, neg, "proportion", better="lower",
           aliases=("FPR", "false_positive_rate", "fall_out", "fallout"), events="false alarms"),
    Metric("fnr", lambda c: c.fn, pos, "proportion", better="lower",
           aliases=("FNR", "false_negative_rate", "miss_rate"), events="missed positives"),
    Metric("fdr", lambda c: c.fp, said_pos, "proportion", better="lower", aliases=("FDR", "false_discovery_rate"),
           events="false ones among positive predictions"),
    Metric("false_omission_rate", lambda c: c.fn, said_neg, "proportion", better="lower", aliases=("FOR",),
           events="missed ones among negative predictions"),
    Metric("f1", lambda c: 2 * c.tp, lambda c: 2 * c.tp + c.fp + c.fn, "ratio", interval="jaccard",
           aliases=("F1", "f1_score", "dice"), offered_for=("f_score", "fscore", "f_measure")),
    Metric("jaccard", lambda c: c.tp, lambda c: c.tp + c.fp + c.fn, "proportion",
           aliases=("iou", "jaccard_score", "jaccard_index", "threat_score", "critical_success_index")),
    Metric("balanced_accuracy", lambda c: c.tp * neg(c) + c.tn * pos(c), lambda c: 2 * pos(c) * neg(c),
           interval="by_label", aliases=("balanced_accuracy_score",)),
    Metric("mcc", lambda c: c.tp * c.tn - c.fp * c.fn,
           lambda c: (said_pos(c) * pos(c) * neg(c) * said_neg(c)) ** 0.5,
           range=(-1, 1), interval="cells", source="Matthews 1975",
           aliases=("MCC", "phi", "matthews_corrcoef", "matthews_correlation_coefficient")),
    Metric("kappa", lambda c: 2 * (c.tp * c.tn - c.fn * c.fp),
           lambda c: said_pos(c) * neg(c) + pos(c) * said_neg(c),
           range=(-1, 1), interval="cells", source="Cohen 1960", aliases=("cohen_kappa", "cohen_kappa_score")),
    Metric("g_mean", lambda c: (c.tp * c.tn) ** 0.5, lambda c: (pos(c) * neg(c)) ** 0.5, interval="by_label",
           source="Kubat and Matwin 1997: root of recall times specificity", aliases=("geometric_mean_score",)),
    Metric("fowlkes_mallows", lambda c: c.tp, lambda c: (said_pos(c) * pos(c)) ** 0.5, interval="cells",
           source="Fowlkes and Mallows 1983: root of precision times recall", aliases=("fowlkes_mallows_index",)),
    Metric("informedness", lambda c: c.tp * c.tn - c.fp * c.fn, lambda c: pos(c) * neg(c),
           range=(-1, 1), interval="by_label", source="Youden 1950: recall - fpr",
           aliases=("youden_j", "youden_index", "bookmaker_informedness", "true_skill_statistic")),
    Metric("markedness", lambda c: c.tp * c.tn - c.fp * c.fn, lambda c: said_pos(c) * said_neg(c),
           range=(-1, 1), interval="by_prediction", source="Powers 2011: precision + npv - 1"),
    Metric("prevalence", lambda c: pos(c) + c.unpredicted_pos, labelled, "proportion", better=None,
           aliases=("base_rate", "mean_label"), source="over every labelled row, predicted or not",
           events="positive labels"),
    Metric("predicted_positive_rate", lambda c: said_pos(c) + c.unlabelled_pos, predicted, "proportion", better=None,
           aliases=("selection_rate",), source="over every predicted row, labelled or not",
           events="positive predictions", offered_for=("mean_prediction",)),
    Metric("prevalence_threshold", lambda c: (c.fp * pos(c)) ** 0.5,
           lambda c: (c.tp * neg(c)) ** 0.5 + (c.fp * pos(c)) ** 0.5, better="lower", interval="by_label",
           source="Balayla 2020: sqrt(fpr) / (sqrt(recall) + sqrt(fpr))"),
    Metric("lr_plus", lambda c: c.tp * neg(c), lambda c: c.fp * pos(c), range=(0, inf), scale="ratio",
           interval="by_label", aliases=("positive_likelihood_ratio",), source="recall / fpr"),
    Metric("lr_minus", lambda c: c.fn * neg(c), lambda c: c.tn * pos(c), range=(0, inf), scale="ratio",
           better="lower", interval="by_label", aliases=("negative_likelihood_ratio",), source="fnr / specificity"),
    Metric("diagnostic_odds_ratio", lambda c: c.tp * c.tn, lambda c: c.fp * c.fn, range=(0, inf), scale="ratio",
           interval="by_label", aliases=("dor",), source="Glas et al. 2003"),
    Metric("label_coverage", labelled, every_row, "proportion", source="share of rows with a label"),
    Metric("answer_rate", predicted, every_row, "proportion", source="share of rows with a prediction"),
    *(Metric(cell.upper(), num, None, range=(0, inf), better=None, scale="count", source=f"the cell {cell}",
             aliases=(f"{spelled}s",))
      for cell, spelled, num in (("tp", "true_positive", lambda c: c.tp), ("tn", "true_negative", lambda c: c.tn),
                                 ("fp", "false_positive", lambda c: c.fp), ("fn", "false_negative", lambda c: c.fn))),
)
# fmt: on

# What a diagnosis searches. Of rates that move together the first is shown.
SEARCHED = ("fnr", "fpr", "error_rate", "fdr", "false_omission_rate", "prevalence", "predicted_positive_rate")
RATES = (
    *(Rate.of(find(name, METRICS)) for name in SEARCHED),
    Rate("unlabelled_rate", unlabelled, every_row, "rows without a label"),
    Rate("unpredicted_rate", unpredicted, every_row, "rows without a prediction"),
)
