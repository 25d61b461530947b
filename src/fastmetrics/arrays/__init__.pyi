"""Written by `make stubs`."""

from fastmetrics.arrays.confusion import accuracy_score as accuracy_score
from fastmetrics.arrays.confusion import balanced_accuracy_score as balanced_accuracy_score
from fastmetrics.arrays.confusion import cohen_kappa_score as cohen_kappa_score
from fastmetrics.arrays.confusion import confusion_matrix as confusion_matrix
from fastmetrics.arrays.confusion import matthews_corrcoef as matthews_corrcoef
from fastmetrics.arrays.inputs import UndefinedMetricWarning as UndefinedMetricWarning
from fastmetrics.arrays.likelihood import perplexity as perplexity
from fastmetrics.arrays.probability import brier_score_loss as brier_score_loss
from fastmetrics.arrays.probability import log_loss as log_loss
from fastmetrics.arrays.ranking import average_precision_score as average_precision_score
from fastmetrics.arrays.ranking import roc_auc_score as roc_auc_score
from fastmetrics.arrays.ratios import f1_score as f1_score
from fastmetrics.arrays.ratios import fbeta_score as fbeta_score
from fastmetrics.arrays.ratios import jaccard_score as jaccard_score
from fastmetrics.arrays.ratios import precision_recall_fscore_support as precision_recall_fscore_support
from fastmetrics.arrays.ratios import precision_score as precision_score
from fastmetrics.arrays.ratios import recall_score as recall_score
from fastmetrics.arrays.regression import mean_absolute_error as mean_absolute_error
from fastmetrics.arrays.regression import mean_squared_error as mean_squared_error
from fastmetrics.arrays.regression import r2_score as r2_score
from fastmetrics.arrays.regression import root_mean_squared_error as root_mean_squared_error
from fastmetrics.arrays.report import classification_report as classification_report
