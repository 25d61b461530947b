"""Written by `make stubs`."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from fastmetrics.contract.columns import Column
from fastmetrics.families.likelihood import Base
from fastmetrics.polars import classes as classes
from fastmetrics.polars import likelihood as likelihood
from fastmetrics.polars import regression as regression
from fastmetrics.polars.binary import confusion as confusion
from fastmetrics.polars.binary import fbeta as fbeta
from fastmetrics.polars.binary import interval as interval
from fastmetrics.polars.binary import metrics as metrics
from fastmetrics.polars.binary import root_cause as root_cause
from fastmetrics.polars.binary import wilson as wilson
from fastmetrics.polars.namespaces import ExpressionMetrics as ExpressionMetrics
from fastmetrics.polars.namespaces import FrameMetrics as FrameMetrics
from fastmetrics.polars.scores import brier as brier
from fastmetrics.polars.scores import log_loss as log_loss
from fastmetrics.polars.scores import roc_auc as roc_auc

def FN(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``FN`` of binary labels and predictions; see `BinaryMetric`. the cell fn"""

def FP(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``FP`` of binary labels and predictions; see `BinaryMetric`. the cell fp"""

def TN(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``TN`` of binary labels and predictions; see `BinaryMetric`. the cell tn"""

def TP(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``TP`` of binary labels and predictions; see `BinaryMetric`. the cell tp"""

def accuracy(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``accuracy`` of binary labels and predictions; see `BinaryMetric`."""

def answer_rate(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``answer_rate`` of binary labels and predictions; see `BinaryMetric`. share of rows with a prediction"""

def balanced_accuracy(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``balanced_accuracy`` of binary labels and predictions; see `BinaryMetric`."""

def bias(y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None) -> pl.Expr:
    """``bias`` of numbers predicted for numbers; see `RegressionMetric`. mean of prediction - label"""

def bits_per_token(log_probabilities: Column, *, base: Base = "e", weight: Column | None = None) -> pl.Expr:
    """``bits_per_token`` of token log-probabilities; see `LikelihoodMetric`. mean of -log2 p over tokens"""

def diagnostic_odds_ratio(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``diagnostic_odds_ratio`` of binary labels and predictions; see `BinaryMetric`. Glas et al. 2003"""

def empty_rate(log_probabilities: Column, *, base: Base = "e", weight: Column | None = None) -> pl.Expr:
    """``empty_rate`` of token log-probabilities; see `LikelihoodMetric`. share of lists without a token"""

def error_rate(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``error_rate`` of binary labels and predictions; see `BinaryMetric`."""

def explained_variance(y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None) -> pl.Expr:
    """``explained_variance`` of numbers predicted for numbers; see `RegressionMetric`. 1 - variance of errors / variance of labels"""

def f1(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``f1`` of binary labels and predictions; see `BinaryMetric`. van Rijsbergen 1979"""

def f1_classes(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``f1_classes`` of many classes; see `ClassMetric`. classes where f1 is defined"""

def f1_macro(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``f1_macro`` of many classes; see `ClassMetric`. mean over the classes where f1 is defined"""

def f1_micro(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``f1_micro`` of many classes; see `ClassMetric`. of tp, fp, fn summed over classes"""

def f1_weighted(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``f1_weighted`` of many classes; see `ClassMetric`. mean weighted by support where f1 is defined"""

def false_omission_rate(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``false_omission_rate`` of binary labels and predictions; see `BinaryMetric`."""

def fdr(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``fdr`` of binary labels and predictions; see `BinaryMetric`."""

def fnr(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``fnr`` of binary labels and predictions; see `BinaryMetric`."""

def fowlkes_mallows(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``fowlkes_mallows`` of binary labels and predictions; see `BinaryMetric`. Fowlkes and Mallows 1983: root of precision times recall"""

def fpr(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``fpr`` of binary labels and predictions; see `BinaryMetric`."""

def g_mean(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``g_mean`` of binary labels and predictions; see `BinaryMetric`. Kubat and Matwin 1997: root of recall times specificity"""

def informedness(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``informedness`` of binary labels and predictions; see `BinaryMetric`. Youden 1950: recall - fpr"""

def jaccard(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``jaccard`` of binary labels and predictions; see `BinaryMetric`."""

def jaccard_classes(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``jaccard_classes`` of many classes; see `ClassMetric`. classes where jaccard is defined"""

def jaccard_macro(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``jaccard_macro`` of many classes; see `ClassMetric`. mean over the classes where jaccard is defined"""

def jaccard_micro(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``jaccard_micro`` of many classes; see `ClassMetric`. of tp, fp, fn summed over classes"""

def jaccard_weighted(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``jaccard_weighted`` of many classes; see `ClassMetric`. mean weighted by support where jaccard is defined"""

def kappa(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``kappa`` of binary labels and predictions; see `BinaryMetric`. Cohen 1960"""

def label_coverage(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``label_coverage`` of binary labels and predictions; see `BinaryMetric`. share of rows with a label"""

def lr_minus(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``lr_minus`` of binary labels and predictions; see `BinaryMetric`. fnr / specificity"""

def lr_plus(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``lr_plus`` of binary labels and predictions; see `BinaryMetric`. recall / fpr"""

def mae(y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None) -> pl.Expr:
    """``mae`` of numbers predicted for numbers; see `RegressionMetric`."""

def mape(y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None) -> pl.Expr:
    """``mape`` of numbers predicted for numbers; see `RegressionMetric`. mean of |error| / max(|label|, 2**-52), not times 100"""

def markedness(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``markedness`` of binary labels and predictions; see `BinaryMetric`. Powers 2011: precision + npv - 1"""

def max_error(y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None) -> pl.Expr:
    """``max_error`` of numbers predicted for numbers; see `RegressionMetric`. largest |error|"""

def mcc(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``mcc`` of binary labels and predictions; see `BinaryMetric`. Matthews 1975"""

def mse(y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None) -> pl.Expr:
    """``mse`` of numbers predicted for numbers; see `RegressionMetric`."""

def n_classes(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``n_classes`` of many classes; see `ClassMetric`. classes among the labels and predictions of judged rows"""

def nll(log_probabilities: Column, *, base: Base = "e", weight: Column | None = None) -> pl.Expr:
    """``nll`` of token log-probabilities; see `LikelihoodMetric`. mean of -ln p over tokens, in nats"""

def nll_per_row(log_probabilities: Column, *, base: Base = "e", weight: Column | None = None) -> pl.Expr:
    """``nll_per_row`` of token log-probabilities; see `LikelihoodMetric`. mean over answers with a token of the sum of -ln p, in nats"""

def npv(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``npv`` of binary labels and predictions; see `BinaryMetric`."""

def perplexity(log_probabilities: Column, *, base: Base = "e", weight: Column | None = None) -> pl.Expr:
    """``perplexity`` of token log-probabilities; see `LikelihoodMetric`. exp(nll)"""

def precision(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``precision`` of binary labels and predictions; see `BinaryMetric`."""

def precision_classes(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``precision_classes`` of many classes; see `ClassMetric`. classes where precision is defined"""

def precision_macro(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``precision_macro`` of many classes; see `ClassMetric`. mean over the classes where precision is defined"""

def precision_micro(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``precision_micro`` of many classes; see `ClassMetric`. of tp, fp, fn summed over classes"""

def precision_weighted(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``precision_weighted`` of many classes; see `ClassMetric`. mean weighted by support where precision is defined"""

def predicted_positive_rate(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``predicted_positive_rate`` of binary labels and predictions; see `BinaryMetric`. over every predicted row, labelled or not"""

def prevalence(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``prevalence`` of binary labels and predictions; see `BinaryMetric`. over every labelled row, predicted or not"""

def prevalence_threshold(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``prevalence_threshold`` of binary labels and predictions; see `BinaryMetric`. Balayla 2020: sqrt(fpr) / (sqrt(recall) + sqrt(fpr))"""

def r2(y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None) -> pl.Expr:
    """``r2`` of numbers predicted for numbers; see `RegressionMetric`. 1 - sum of error² / sum of (label - mean)²"""

def recall(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``recall`` of binary labels and predictions; see `BinaryMetric`."""

def recall_classes(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``recall_classes`` of many classes; see `ClassMetric`. classes where recall is defined"""

def recall_macro(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``recall_macro`` of many classes; see `ClassMetric`. mean over the classes where recall is defined"""

def recall_micro(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``recall_micro`` of many classes; see `ClassMetric`. of tp, fp, fn summed over classes"""

def recall_weighted(
    y_true: Column, y_pred: Column, *, labels: Sequence[Any] | None = None, weight: Column | None = None
) -> pl.Expr:
    """``recall_weighted`` of many classes; see `ClassMetric`. mean weighted by support where recall is defined"""

def rmse(y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None) -> pl.Expr:
    """``rmse`` of numbers predicted for numbers; see `RegressionMetric`."""

def specificity(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
) -> pl.Expr:
    """``specificity`` of binary labels and predictions; see `BinaryMetric`."""

def tokens_per_row(log_probabilities: Column, *, base: Base = "e", weight: Column | None = None) -> pl.Expr:
    """``tokens_per_row`` of token log-probabilities; see `LikelihoodMetric`. mean number of tokens of answers with a token"""

def wape(y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None) -> pl.Expr:
    """``wape`` of numbers predicted for numbers; see `RegressionMetric`. sum of |error| / sum of |label|"""
