"""Exact metrics over billions of logged predictions.

Count a log once into small tables of additive cells, then read every metric from the cells:

>>> import fastmetrics as fm
>>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
>>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
>>> counts.metrics("precision", "recall").select("model", "precision", "recall").rows()
[('a', 0.5, 1.0), ('b', 1.0, 0.5)]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastmetrics.api import count, evaluate, read_counts
from fastmetrics.arrays import (
    UndefinedMetricWarning,
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    classification_report,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    fbeta_score,
    jaccard_score,
    log_loss,
    matthews_corrcoef,
    mean_absolute_error,
    mean_squared_error,
    precision_recall_fscore_support,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)
from fastmetrics.arrays.founding import F1, accuracy, find_root_cause, precision, recall
from fastmetrics.counts import Counts
from fastmetrics.errors import DataError, FastMetricsError, MergeError, SchemaError, SourceError
from fastmetrics.families import binary, classes, fbeta, regression, scores
from fastmetrics.late_labels import label_delta
from fastmetrics.metrics import Metric
from fastmetrics.notes import Note, NoteWarning

if TYPE_CHECKING:
    from fastmetrics.diagnosis.diagnose import diagnose
    from fastmetrics.diagnosis.findings import Diagnosis, Finding
    from fastmetrics.diagnosis.frames.explain_ratio import explain_ratio
    from fastmetrics.diagnosis.frames.explain_sum import explain_sum
    from fastmetrics.diagnosis.series.watch import watch
    from fastmetrics.diagnosis.split.decompose import decompose
    from fastmetrics.training.diagnose import diagnose_training

__version__ = "0.1.0"

# Names whose rooms are read only when they are first used, so that `import fastmetrics` stays quick.
LATE = {
    "Diagnosis": "fastmetrics.diagnosis.findings",
    "Finding": "fastmetrics.diagnosis.findings",
    "decompose": "fastmetrics.diagnosis.split.decompose",
    "diagnose": "fastmetrics.diagnosis.diagnose",
    "diagnose_training": "fastmetrics.training.diagnose",
    "explain_ratio": "fastmetrics.diagnosis.frames.explain_ratio",
    "explain_sum": "fastmetrics.diagnosis.frames.explain_sum",
    "watch": "fastmetrics.diagnosis.series.watch",
}

__all__ = [
    "F1",
    "Counts",
    "DataError",
    "Diagnosis",
    "FastMetricsError",
    "Finding",
    "MergeError",
    "Metric",
    "Note",
    "NoteWarning",
    "SchemaError",
    "SourceError",
    "UndefinedMetricWarning",
    "accuracy",
    "accuracy_score",
    "average_precision_score",
    "balanced_accuracy_score",
    "binary",
    "brier_score_loss",
    "classes",
    "classification_report",
    "cohen_kappa_score",
    "confusion_matrix",
    "count",
    "decompose",
    "diagnose",
    "diagnose_training",
    "evaluate",
    "explain_ratio",
    "explain_sum",
    "f1_score",
    "fbeta",
    "fbeta_score",
    "find_root_cause",
    "jaccard_score",
    "label_delta",
    "log_loss",
    "matthews_corrcoef",
    "mean_absolute_error",
    "mean_squared_error",
    "precision",
    "precision_recall_fscore_support",
    "precision_score",
    "r2_score",
    "read_counts",
    "recall",
    "recall_score",
    "regression",
    "roc_auc_score",
    "root_mean_squared_error",
    "scores",
    "watch",
]


def __getattr__(name: str) -> Any:
    """The names of LATE."""
    if name in LATE:
        return getattr(import_module(LATE[name]), name)
    raise AttributeError(f"module 'fastmetrics' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *LATE]
