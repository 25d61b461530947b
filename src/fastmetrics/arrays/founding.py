"""The functions this library began with, kept as they were: four rates from counts, and a tag from two vectors.

Their quirks are part of them. The tests of `find_root_cause` run in order, and the first that holds wins, so data
where several hold get the first tag. The first two tags read swapped: no predicted positive at all (TP + FP = 0) is
called "False positive" although such data hold no false positive, and no positive label (TP + FN = 0) is called
"False negative" although they hold no false negative. A rate that is given labels and predictions in place of counts
raises a `SchemaError` with the name of the function that reads those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import signature
from numbers import Number
from typing import Any, ParamSpec

import numpy as np

from fastmetrics.arrays.inputs import as_array
from fastmetrics.errors import SchemaError
from fastmetrics.families.binary import CAUSES, OTHER_CAUSE

__all__ = ["F1", "accuracy", "find_root_cause", "precision", "recall"]

P = ParamSpec("P")


def of_numbers(meant: str) -> Callable[[Callable[P, float]], Callable[P, float]]:
    """Make a rate of numbers refuse anything else, and name the function that reads labels and predictions."""

    def checked(rate: Callable[P, float]) -> Callable[P, float]:
        @wraps(rate)
        def called(*given: P.args, **named: P.kwargs) -> float:
            for value in (*given, *named.values()):
                if not is_number(value):
                    raise SchemaError(
                        f"{rate.__name__}({', '.join(signature(rate).parameters)}) takes numbers, got a "
                        f"{type(value).__name__}; for labels and predictions call {meant}(y_true, y_pred)"
                    )
            return rate(*given, **named)

        return called

    return checked


def is_number(value: object) -> bool:
    return isinstance(value, Number | np.generic) or getattr(value, "ndim", None) == 0


@of_numbers("accuracy_score")
def accuracy(TP: float, TN: float, FP: float, FN: float) -> float:
    """Share of rows predicted right; 0.0 where there are none.

    >>> round(accuracy(3, 1, 1, 1), 4)
    0.6667
    """
    return share(TP + TN, TP + TN + FP + FN)


@of_numbers("precision_score")
def precision(TP: float, FP: float) -> float:
    """Share of predicted positives that are positive; 0.0 where there are none.

    >>> precision(3, 1)
    0.75
    """
    return share(TP, TP + FP)


@of_numbers("recall_score")
def recall(TP: float, FN: float) -> float:
    """Share of positives that are predicted positive; 0.0 where there are none.

    >>> recall(3, 1)
    0.75
    """
    return share(TP, TP + FN)


@of_numbers("f1_score")
def F1(precision: float, recall: float) -> float:  # noqa: N802
    """Harmonic mean of precision and recall; 0.0 where both are 0.

    >>> F1(0.75, 0.75)
    0.75
    """
    return share(2 * precision * recall, precision + recall)


def share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def find_root_cause(y_true: Sequence[Any], y_pred: Sequence[Any]) -> str:
    """The tag of some labels and predictions, each 0 or 1.

    "False positive" where TP + FP = 0, else "False negative" where TP + FN = 0, else "True positive" where
    FP + FN = 0, else "Misclassification"; so no rows at all give "False positive".

    Raises
    ------
    SchemaError
        Different lengths, or a value other than 0 and 1.

    >>> find_root_cause([1, 0, 1, 1, 0, 1], [1, 1, 1, 0, 0, 1])
    'Misclassification'
    """
    label, prediction = as_array(y_true, "y_true"), as_array(y_pred, "y_pred")
    if label.shape != prediction.shape or label.ndim != 1:
        raise SchemaError(f"y_true has shape {label.shape} and y_pred {prediction.shape}; two equal lengths are needed")
    for name, values in (("y_true", label), ("y_pred", prediction)):
        if not np.isin(values, (0, 1)).all():
            raise SchemaError(f"{name} holds {values[~np.isin(values, (0, 1))][0]!r}; 0 and 1 are needed")
    positive, said = label == 1, prediction == 1
    cells = {
        "tp": int((positive & said).sum()),
        "fp": int((~positive & said).sum()),
        "fn": int((positive & ~said).sum()),
    }
    for zero, cause in CAUSES:
        if sum(cells[cell] for cell in zero) == 0:
            return cause
    return OTHER_CAUSE
