"""The classification report: precision, recall, F1 and support of every label and of their averages."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

from fastmetrics.arrays.encoding import LabelPair, as_labels
from fastmetrics.arrays.inputs import flag, zero_division_value
from fastmetrics.arrays.margins import PRECISION_RECALL_F1, Margins, averages
from fastmetrics.errors import SchemaError
from fastmetrics.notes import warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

__all__ = ["classification_report"]

COLUMNS = ("precision", "recall", "f1-score", "support")

Row = tuple[str, Any, Any, Any, Any]


def classification_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    digits: int = 2,
    output_dict: bool = False,
    zero_division: Any = "warn",
) -> Any:
    """The report as text, or with ``output_dict`` as ``{label: {"precision": ..., "support": ...}, ...}`` of floats.

    ``accuracy`` stands for the micro average where all classes are reported, since they are equal then. 0/0 is as in
    `precision_recall_fscore_support`, and it warns for each metric anew: for the labels and for every average.

    >>> print(classification_report([0, 1, 1, 0], [0, 1, 0, 0]))
                  precision    recall  f1-score   support
    <BLANKLINE>
               0       0.67      1.00      0.80         2
               1       1.00      0.50      0.67         2
    <BLANKLINE>
        accuracy                           0.75         4
       macro avg       0.83      0.75      0.73         4
    weighted avg       0.83      0.75      0.73         4
    <BLANKLINE>
    """
    flag("output_dict", output_dict)
    if not isinstance(digits, Integral) or digits < 0:
        raise SchemaError(f"digits={digits!r} must be a whole number of at least 0")
    zero_division_value(zero_division)
    pair = LabelPair.read(y_true, y_pred, sample_weight)
    wanted = pair.classes if labels is None else as_labels(labels)
    names = _names(wanted, target_names, strict=labels is None)
    margins = Margins.of(pair, wanted)
    values = averages(PRECISION_RECALL_F1, margins, None, zero_division=zero_division)
    by_label: list[Row] = list(zip(names, *values, margins.true, strict=False))
    whole = pair.kind != "multilabel" and set(wanted.tolist()) >= set(pair.classes.tolist())
    overall: list[Row] = []
    for average in ("micro", "macro", "weighted", "samples")[: 4 if pair.kind == "multilabel" else 3]:
        sums = Margins.of(pair, wanted, by_row=True) if average == "samples" else margins
        values = averages(PRECISION_RECALL_F1, sums, average, pair.weights, zero_division)
        name = "accuracy" if average == "micro" and whole else f"{average} avg"
        overall.append((name, *values, margins.true.sum()))
    if output_dict:
        return _as_dict(by_label + overall, whole)
    return _as_text(by_label, overall, max(int(digits), *map(len, [*names, "weighted avg"])), int(digits), whole)


def _names(labels: Any, target_names: Sequence[str] | None, strict: bool) -> list[str]:
    if target_names is None:
        return [str(label) for label in labels]
    names = list(target_names)
    if len(names) != len(labels):
        text = f"target_names has {len(names)} names for {len(labels)} labels"
        if strict:
            raise SchemaError(f"{text}; say with labels= which they name")
        warn(text)
    return names


def _as_dict(rows: Iterable[Row], whole: bool) -> dict[str, Any]:
    report: dict[str, Any] = {name: dict(zip(COLUMNS, map(float, row), strict=True)) for name, *row in rows}
    if whole:
        report["accuracy"] = report["accuracy"]["precision"]
    return report


def _as_text(by_label: list[Row], overall: list[Row], width: int, digits: int, whole: bool) -> str:
    def line(name: str, *cells: str) -> str:
        return f"{name:>{width}s}  " + " ".join(f"{cell:>9}" for cell in cells)

    def row(name: str, *values: Any) -> str:
        return line(name, *(f"{value:.{digits}f}" for value in values[:-1]), str(values[-1]))

    averaged = [row(*cells) for cells in overall]
    if whole:
        accuracy, _, _, value, support = overall[0]
        averaged[0] = line(accuracy, "", "", f"{value:.{digits}f}", str(support))
    return "\n".join([line("", *COLUMNS), "", *(row(*cells) for cells in by_label), "", *averaged, ""])
