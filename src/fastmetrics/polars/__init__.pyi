"""Written by `make stubs`."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from fastmetrics.contract.columns import Column
from fastmetrics.families.likelihood import Base
from fastmetrics.polars import classes as classes
from fastmetrics.polars import likelihood as likelihood
from fastmetrics.polars import regression as regression
from fastmetrics.polars import text as text
from fastmetrics.polars.binary import confusion as confusion
from fastmetrics.polars.binary import fbeta as fbeta
from fastmetrics.polars.binary import interval as interval
from fastmetrics.polars.binary import metrics as metrics
from fastmetrics.polars.binary import root_cause as root_cause
from fastmetrics.polars.binary import wilson as wilson
from fastmetrics.polars.flags import rate as rate
from fastmetrics.polars.flags import rate_interval as rate_interval
from fastmetrics.polars.namespaces import ExpressionMetrics as ExpressionMetrics
from fastmetrics.polars.namespaces import FrameMetrics as FrameMetrics
from fastmetrics.polars.scores import brier as brier
from fastmetrics.polars.scores import log_loss as log_loss
from fastmetrics.polars.scores import roc_auc as roc_auc
from fastmetrics.polars.values import quantile as quantile

def FN(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
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
    frequency: Column | None = None,
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
    frequency: Column | None = None,
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
    frequency: Column | None = None,
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
    frequency: Column | None = None,
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
    frequency: Column | None = None,
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
    frequency: Column | None = None,
) -> pl.Expr:
    """``balanced_accuracy`` of binary labels and predictions; see `BinaryMetric`."""

def bias(
    y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``bias`` of numbers predicted for numbers; see `RegressionMetric`. mean of prediction - label"""

def bits_per_token(
    log_probabilities: Column, *, base: Base = "e", weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``bits_per_token`` of token log-probabilities; see `LikelihoodMetric`. mean of -log2 p over tokens"""

def bleu(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``bleu`` of texts; see `TextMetric`. Papineni et al. 2002, as sacrebleu"""

def bleu_brevity_penalty(
    hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any
) -> pl.Expr:
    """``bleu_brevity_penalty`` of texts; see `TextMetric`. exp(1 - reference length / hypothesis length), at most 1"""

def bleu_length_ratio(
    hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any
) -> pl.Expr:
    """``bleu_length_ratio`` of texts; see `TextMetric`. tokens of hypotheses / tokens of the references closest in length"""

def bleu_precision_1(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``bleu_precision_1`` of texts; see `TextMetric`. percent of n-grams that match, smoothed"""

def bleu_precision_2(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``bleu_precision_2`` of texts; see `TextMetric`. percent of n-grams that match, smoothed"""

def bleu_precision_3(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``bleu_precision_3`` of texts; see `TextMetric`. percent of n-grams that match, smoothed"""

def bleu_precision_4(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``bleu_precision_4`` of texts; see `TextMetric`. percent of n-grams that match, smoothed"""

def cer(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``cer`` of texts; see `TextMetric`. insertions, deletions and substitutions of characters / characters of references, as jiwer"""

def character_error_rate(
    hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any
) -> pl.Expr:
    """``cer`` of texts; see `TextMetric`. insertions, deletions and substitutions of characters / characters of references, as jiwer"""

def chrf(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``chrf`` of texts; see `TextMetric`. sacrebleu's CHRF (Popović 2015, 2017): the mean precision and recall of n-grams, recall beta times"""

def deletions(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``deletions`` of texts; see `TextMetric`. words: deletions of the edit path that rapidfuzz takes, as jiwer counts them"""

def diagnostic_odds_ratio(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``diagnostic_odds_ratio`` of binary labels and predictions; see `BinaryMetric`. Glas et al. 2003"""

def distinct1(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``distinct1`` of texts; see `TextMetric`. distinct 1-grams of each row / all 1-grams, both added up"""

def distinct2(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``distinct2`` of texts; see `TextMetric`. distinct 2-grams of each row / all 2-grams, both added up"""

def distinct3(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``distinct3`` of texts; see `TextMetric`. distinct 3-grams of each row / all 3-grams, both added up"""

def distinct4(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``distinct4`` of texts; see `TextMetric`. distinct 4-grams of each row / all 4-grams, both added up"""

def edit_similarity(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``edit_similarity`` of texts; see `TextMetric`. mean of 1 - edits / characters of the longer text, as rapidfuzz"""

def empty_rate(
    log_probabilities: Column, *, base: Base = "e", weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``empty_rate`` of token log-probabilities; see `LikelihoodMetric`. share of lists without a token"""

def error_rate(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``error_rate`` of binary labels and predictions; see `BinaryMetric`."""

def exact_match(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``exact_match`` of texts; see `TextMetric`. share of answers that are a reference but for case, punctuation, articles and white space: SQuAD"""

def explained_variance(
    y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``explained_variance`` of numbers predicted for numbers; see `RegressionMetric`. 1 - variance of errors / variance of labels"""

def f1(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``f1`` of binary labels and predictions; see `BinaryMetric`. van Rijsbergen 1979"""

def f1_classes(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``f1_classes`` of many classes; see `ClassMetric`. classes that f1_macro is the mean of"""

def f1_macro(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``f1_macro`` of many classes; see `ClassMetric`. mean over the classes with labels or predictions, f1_classes of them, 0 where 0/0"""

def f1_micro(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``f1_micro`` of many classes; see `ClassMetric`. of tp, fp, fn summed over classes"""

def f1_weighted(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``f1_weighted`` of many classes; see `ClassMetric`. mean over the classes weighted by their labels, 0 where 0/0"""

def false_omission_rate(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
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
    frequency: Column | None = None,
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
    frequency: Column | None = None,
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
    frequency: Column | None = None,
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
    frequency: Column | None = None,
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
    frequency: Column | None = None,
) -> pl.Expr:
    """``g_mean`` of binary labels and predictions; see `BinaryMetric`. Kubat and Matwin 1997: root of recall times specificity"""

def hits(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``hits`` of texts; see `TextMetric`. words: hits of the edit path that rapidfuzz takes, as jiwer counts them"""

def informedness(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``informedness`` of binary labels and predictions; see `BinaryMetric`. Youden 1950: recall - fpr"""

def insertions(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``insertions`` of texts; see `TextMetric`. words: insertions of the edit path that rapidfuzz takes, as jiwer counts them"""

def jaccard(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``jaccard`` of binary labels and predictions; see `BinaryMetric`."""

def jaccard_classes(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``jaccard_classes`` of many classes; see `ClassMetric`. classes that jaccard_macro is the mean of"""

def jaccard_macro(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``jaccard_macro`` of many classes; see `ClassMetric`. mean over the classes with labels or predictions, jaccard_classes of them, 0 where 0/0"""

def jaccard_micro(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``jaccard_micro`` of many classes; see `ClassMetric`. of tp, fp, fn summed over classes"""

def jaccard_weighted(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``jaccard_weighted`` of many classes; see `ClassMetric`. mean over the classes weighted by their labels, 0 where 0/0"""

def kappa(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
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
    frequency: Column | None = None,
) -> pl.Expr:
    """``label_coverage`` of binary labels and predictions; see `BinaryMetric`. share of rows with a label"""

def length_ratio(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``length_ratio`` of texts; see `TextMetric`. tokens of hypotheses / tokens of the references closest in length"""

def lr_minus(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
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
    frequency: Column | None = None,
) -> pl.Expr:
    """``lr_plus`` of binary labels and predictions; see `BinaryMetric`. recall / fpr"""

def mae(
    y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``mae`` of numbers predicted for numbers; see `RegressionMetric`."""

def mape(
    y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``mape`` of numbers predicted for numbers; see `RegressionMetric`. mean of |error| / max(|label|, 2**-52), not times 100"""

def markedness(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``markedness`` of binary labels and predictions; see `BinaryMetric`. Powers 2011: precision + npv - 1"""

def match_error_rate(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``mer`` of texts; see `TextMetric`. match error rate (Morris et al. 2004), as jiwer"""

def max_error(
    y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``max_error`` of numbers predicted for numbers; see `RegressionMetric`. largest |error|"""

def mcc(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``mcc`` of binary labels and predictions; see `BinaryMetric`. Matthews 1975"""

def mer(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``mer`` of texts; see `TextMetric`. match error rate (Morris et al. 2004), as jiwer"""

def mse(
    y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``mse`` of numbers predicted for numbers; see `RegressionMetric`."""

def n_classes(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``n_classes`` of many classes; see `ClassMetric`. classes among the labels and predictions of judged rows"""

def nll(
    log_probabilities: Column, *, base: Base = "e", weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``nll`` of token log-probabilities; see `LikelihoodMetric`. mean of -ln p over tokens, in nats"""

def nll_per_row(
    log_probabilities: Column, *, base: Base = "e", weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``nll_per_row`` of token log-probabilities; see `LikelihoodMetric`. mean over answers with a token of the sum of -ln p, in nats"""

def npv(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``npv`` of binary labels and predictions; see `BinaryMetric`."""

def perplexity(
    log_probabilities: Column, *, base: Base = "e", weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``perplexity`` of token log-probabilities; see `LikelihoodMetric`. exp(nll)"""

def precision(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``precision`` of binary labels and predictions; see `BinaryMetric`."""

def precision_classes(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``precision_classes`` of many classes; see `ClassMetric`. classes that precision_macro is the mean of"""

def precision_macro(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``precision_macro`` of many classes; see `ClassMetric`. mean over the classes with labels or predictions, precision_classes of them, 0 where 0/0"""

def precision_micro(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``precision_micro`` of many classes; see `ClassMetric`. of tp, fp, fn summed over classes"""

def precision_weighted(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``precision_weighted`` of many classes; see `ClassMetric`. mean over the classes weighted by their labels, 0 where 0/0"""

def predicted_positive_rate(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
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
    frequency: Column | None = None,
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
    frequency: Column | None = None,
) -> pl.Expr:
    """``prevalence_threshold`` of binary labels and predictions; see `BinaryMetric`. Balayla 2020: sqrt(fpr) / (sqrt(recall) + sqrt(fpr))"""

def r2(
    y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``r2`` of numbers predicted for numbers; see `RegressionMetric`. 1 - sum of error² / sum of (label - mean)²"""

def recall(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``recall`` of binary labels and predictions; see `BinaryMetric`."""

def recall_classes(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``recall_classes`` of many classes; see `ClassMetric`. classes that recall_macro is the mean of"""

def recall_macro(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``recall_macro`` of many classes; see `ClassMetric`. mean over the classes with labels or predictions, recall_classes of them, 0 where 0/0"""

def recall_micro(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``recall_micro`` of many classes; see `ClassMetric`. of tp, fp, fn summed over classes"""

def recall_weighted(
    y_true: Column,
    y_pred: Column,
    *,
    labels: Sequence[Any] | None = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``recall_weighted`` of many classes; see `ClassMetric`. mean over the classes weighted by their labels, 0 where 0/0"""

def repetition(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``repetition`` of texts; see `TextMetric`. 1 - distinct 4-grams of each row / all 4-grams (Welleck et al. 2020)"""

def rmse(
    y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``rmse`` of numbers predicted for numbers; see `RegressionMetric`."""

def rouge1(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge1`` of texts; see `TextMetric`. mean F of common 1-grams (Lin 2004)"""

def rouge1_precision(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge1_precision`` of texts; see `TextMetric`. mean precision of common 1-grams (Lin 2004)"""

def rouge1_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge1_recall`` of texts; see `TextMetric`. mean recall of common 1-grams (Lin 2004)"""

def rouge2(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge2`` of texts; see `TextMetric`. mean F of common 2-grams (Lin 2004)"""

def rouge2_precision(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge2_precision`` of texts; see `TextMetric`. mean precision of common 2-grams (Lin 2004)"""

def rouge2_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge2_recall`` of texts; see `TextMetric`. mean recall of common 2-grams (Lin 2004)"""

def rouge3(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge3`` of texts; see `TextMetric`. mean F of common 3-grams (Lin 2004)"""

def rouge3_precision(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge3_precision`` of texts; see `TextMetric`. mean precision of common 3-grams (Lin 2004)"""

def rouge3_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge3_recall`` of texts; see `TextMetric`. mean recall of common 3-grams (Lin 2004)"""

def rouge4(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge4`` of texts; see `TextMetric`. mean F of common 4-grams (Lin 2004)"""

def rouge4_precision(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge4_precision`` of texts; see `TextMetric`. mean precision of common 4-grams (Lin 2004)"""

def rouge4_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge4_recall`` of texts; see `TextMetric`. mean recall of common 4-grams (Lin 2004)"""

def rouge5(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge5`` of texts; see `TextMetric`. mean F of common 5-grams (Lin 2004)"""

def rouge5_precision(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge5_precision`` of texts; see `TextMetric`. mean precision of common 5-grams (Lin 2004)"""

def rouge5_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge5_recall`` of texts; see `TextMetric`. mean recall of common 5-grams (Lin 2004)"""

def rouge6(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge6`` of texts; see `TextMetric`. mean F of common 6-grams (Lin 2004)"""

def rouge6_precision(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge6_precision`` of texts; see `TextMetric`. mean precision of common 6-grams (Lin 2004)"""

def rouge6_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge6_recall`` of texts; see `TextMetric`. mean recall of common 6-grams (Lin 2004)"""

def rouge7(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge7`` of texts; see `TextMetric`. mean F of common 7-grams (Lin 2004)"""

def rouge7_precision(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge7_precision`` of texts; see `TextMetric`. mean precision of common 7-grams (Lin 2004)"""

def rouge7_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge7_recall`` of texts; see `TextMetric`. mean recall of common 7-grams (Lin 2004)"""

def rouge8(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge8`` of texts; see `TextMetric`. mean F of common 8-grams (Lin 2004)"""

def rouge8_precision(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge8_precision`` of texts; see `TextMetric`. mean precision of common 8-grams (Lin 2004)"""

def rouge8_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge8_recall`` of texts; see `TextMetric`. mean recall of common 8-grams (Lin 2004)"""

def rouge9(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge9`` of texts; see `TextMetric`. mean F of common 9-grams (Lin 2004)"""

def rouge9_precision(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge9_precision`` of texts; see `TextMetric`. mean precision of common 9-grams (Lin 2004)"""

def rouge9_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rouge9_recall`` of texts; see `TextMetric`. mean recall of common 9-grams (Lin 2004)"""

def rougeL(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rougeL`` of texts; see `TextMetric`. mean F of longest common subsequences (Lin 2004)"""

def rougeL_precision(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rougeL_precision`` of texts; see `TextMetric`. mean precision of longest common subsequences (Lin 2004)"""

def rougeL_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rougeL_recall`` of texts; see `TextMetric`. mean recall of longest common subsequences (Lin 2004)"""

def rougeLsum(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rougeLsum`` of texts; see `TextMetric`. mean F of unions of longest common subsequences of lines (Lin 2004)"""

def rougeLsum_precision(
    hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any
) -> pl.Expr:
    """``rougeLsum_precision`` of texts; see `TextMetric`. mean precision of unions of longest common subsequences of lines (Lin 2004)"""

def rougeLsum_recall(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rougeLsum_recall`` of texts; see `TextMetric`. mean recall of unions of longest common subsequences of lines (Lin 2004)"""

def rouge_l(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rougeL`` of texts; see `TextMetric`. mean F of longest common subsequences (Lin 2004)"""

def rouge_lsum(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``rougeLsum`` of texts; see `TextMetric`. mean F of unions of longest common subsequences of lines (Lin 2004)"""

def specificity(
    y_true: Column,
    y_pred: Column | None = None,
    *,
    y_score: Column | None = None,
    threshold: float | None = None,
    pos_label: Any = None,
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """``specificity`` of binary labels and predictions; see `BinaryMetric`."""

def substitutions(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``substitutions`` of texts; see `TextMetric`. words: substitutions of the edit path that rapidfuzz takes, as jiwer counts them"""

def ter(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``ter`` of texts; see `TextMetric`. Snover et al. 2006, as sacrebleu: edits and shifts of words in percent of the words of a reference"""

def token_f1(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``token_f1`` of texts; see `TextMetric`. mean over answers of the F1 of their tokens, the best of several references: SQuAD"""

def tokens_per_row(
    log_probabilities: Column, *, base: Base = "e", weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``tokens_per_row`` of token log-probabilities; see `LikelihoodMetric`. mean number of tokens of answers with a token"""

def wape(
    y_true: Column, y_pred: Column, *, shift: float = 0.0, weight: Column | None = None, frequency: Column | None = None
) -> pl.Expr:
    """``wape`` of numbers predicted for numbers; see `RegressionMetric`. sum of |error| / sum of |label|"""

def wer(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``wer`` of texts; see `TextMetric`. insertions, deletions and substitutions of words / words of references, as jiwer"""

def wil(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``wil`` of texts; see `TextMetric`. word information lost (Morris et al. 2004), as jiwer"""

def wip(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``wip`` of texts; see `TextMetric`. word information preserved (Morris et al. 2004), as jiwer"""

def word_error_rate(hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any) -> pl.Expr:
    """``wer`` of texts; see `TextMetric`. insertions, deletions and substitutions of words / words of references, as jiwer"""

def word_information_lost(
    hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any
) -> pl.Expr:
    """``wil`` of texts; see `TextMetric`. word information lost (Morris et al. 2004), as jiwer"""

def word_information_preserved(
    hypothesis: Column, reference: Column | Sequence[Column] | None = None, **options: Any
) -> pl.Expr:
    """``wip`` of texts; see `TextMetric`. word information preserved (Morris et al. 2004), as jiwer"""
