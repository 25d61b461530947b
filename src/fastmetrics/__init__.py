"""Exact metrics over billions of logged predictions.

Count a log once into small tables of additive cells, then read every metric from the cells:

>>> import fastmetrics as fm
>>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
>>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
>>> counts.metrics("precision", "recall").select("model", "precision", "recall").rows()
[('a', 0.5, 1.0), ('b', 1.0, 0.5)]
"""

from importlib import import_module
from typing import Any

from fastmetrics import arrays, meanings
from fastmetrics.api import count, evaluate, read_counts
from fastmetrics.arrays.founding import F1, accuracy, find_root_cause, precision, recall
from fastmetrics.errors import DataError, FastMetricsError, MergeError, SchemaError, SourceError
from fastmetrics.face import Counts
from fastmetrics.families import KINDS
from fastmetrics.families.binary import fbeta
from fastmetrics.metric import Metric
from fastmetrics.notes import Note, NoteWarning

__version__ = "0.1.0"

# Names whose rooms are read only when they are first used, so that `import fastmetrics` stays quick; some are rooms.
LATE = {
    "Diagnosis": "fastmetrics.diagnosis.findings",
    "Finding": "fastmetrics.diagnosis.findings",
    "decompose": "fastmetrics.diagnosis.split.decompose",
    "diagnose": "fastmetrics.diagnosis.diagnose",
    "diagnose_training": "fastmetrics.training.diagnose",
    "explain_ratio": "fastmetrics.diagnosis.frames.explain_ratio",
    "explain_sum": "fastmetrics.diagnosis.frames.explain_sum",
    "label_delta": "fastmetrics.late_labels",
    "signals": "fastmetrics.signals",
    "text_significance": "fastmetrics.significance",
    "watch": "fastmetrics.diagnosis.series.watch",
}

globals().update({name: getattr(arrays, name) for name in arrays.__all__}, **KINDS)

__all__ = [
    "F1",
    "Counts",
    "DataError",
    "FastMetricsError",
    "MergeError",
    "Metric",
    "Note",
    "NoteWarning",
    "SchemaError",
    "SourceError",
    "accuracy",
    "count",
    "evaluate",
    "fbeta",
    "find_root_cause",
    "precision",
    "read_counts",
    "recall",
]
__all__ += [*arrays.__all__, *KINDS, *LATE]


def __getattr__(name: str) -> Any:
    """The names of LATE, and an error that says what others mean."""
    if name in LATE:
        module = import_module(LATE[name])
        return module if module.__name__ == f"{__name__}.{name}" else getattr(module, name)
    raise AttributeError(f"module 'fastmetrics' has no attribute {name!r}{meanings.hint(name)}")


def __dir__() -> list[str]:
    """The public names, without the modules in which they are written."""
    return ["__version__", "arrays", *__all__]
