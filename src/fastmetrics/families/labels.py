"""``pos_label=`` and ``null_values=`` of families: their checks, and the notes of values that never occur."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fastmetrics.errors import SchemaError
from fastmetrics.notes import Note
from fastmetrics.schema import repeated

__all__ = ["TEXT_NULL", "absent_note", "check_nulls", "null_arguments", "unshared_note"]

TEXT_NULL = "NA"  # what R writes for null, which no reader of text takes for one


def check_nulls(given: Sequence[Any] | None, labels: Iterable[Any] = ()) -> tuple[Any, ...] | None:
    """The values of ``null_values=``, checked and sorted, numbers before text; None where it was not given.

    Raises
    ------
    SchemaError
        One value instead of a list, something that is neither finite number nor text, or one of ``labels``.
    """
    if given is None:
        return None
    if isinstance(given, (str, int, float, np.number)):
        raise SchemaError(f"null_values={given!r} is one value; give a list, such as null_values=[{given!r}]")
    values = [value.item() if isinstance(value, np.generic) else value for value in given]
    for value in values:
        if not isinstance(value, str) and (type(value) not in (int, float) or not math.isfinite(value)):
            raise SchemaError(
                f"null_values= holds {value!r}; expected finite numbers and text (null and NaN mean null already)"
            )
    both = next((value for value in values if any(equal(value, label) for label in labels)), None)
    if both is not None:
        raise SchemaError(f"{both!r} is a label and named in null_values=; it can mean one of the two")
    twice = repeated(values)
    if twice is not None:
        raise SchemaError(f"null_values= names {twice!r} twice")
    return tuple(sorted(values, key=lambda value: (isinstance(value, str), value)))


def equal(value: Any, label: Any) -> bool:
    return not isinstance(label, bool) and bool(value == label)


def null_arguments(null_values: tuple[Any, ...] | None) -> dict[str, list[Any]]:
    """``null_values`` as an entry of a family's arguments; no entry where it was not given."""
    return {} if null_values is None else {"null_values": list(null_values)}


def absent_note(pos_label: Any, column: str, negatives: int, positives: int) -> list[Note]:
    """The note of a positive value that no label has; none without labels, nor where it was not named."""
    if pos_label is None or positives or not negatives:
        return []
    message = f"pos_label={pos_label!r} never occurs in column {column!r}"
    return [Note("label_absent", message, negatives)]


def unshared_note(columns: tuple[str, str], rows: int) -> Note:
    """The note of labels and predictions that have no value in common."""
    return Note("no_shared_value", f"columns {columns[0]!r} and {columns[1]!r} have no value in common", rows)
