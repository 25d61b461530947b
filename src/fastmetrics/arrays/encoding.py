"""Labels of any dtype -> dense codes: two vectors over one sorted list of classes, or two indicator matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fastmetrics.arrays.blocks import bounds, count_agreeing, count_naturals, count_pairs
from fastmetrics.arrays.inputs import Array, as_array, as_column, as_weights, same_length
from fastmetrics.arrays.texts import text_codes
from fastmetrics.errors import DataError

__all__ = ["Kind", "LabelPair", "Labels", "agreeing", "as_labels", "positions", "read_labels"]

Kind = Literal["binary", "multiclass", "multilabel"]

# Integers that span less than this, or less than the number of rows, are counted in a table instead of being sorted.
SPAN = 1 << 16
# Up to so many classes, pairs of labels are counted in one table at once: 1M rows in 7 ms, where the codes of each side
# and three sums over them take 15.
FEW = 64
# What labels of a kind of numpy's are compared as.
KIND_NAMES = dict.fromkeys("biuf", "numbers") | dict.fromkeys("UTO", "text") | {"M": "dates", "m": "durations"}


@dataclass(frozen=True, slots=True)
class Labels:
    """One label array: its distinct values in order, and for each row the position of its label among them.

    An indicator matrix (one 0/1 column a label) has its column numbers as classes and is its own codes.
    """

    kind: Kind
    classes: Array
    codes: Array


@dataclass(frozen=True, slots=True)
class LabelPair:
    """Two label arrays of equal length over the same classes, and the weight of each row.

    ``table`` counts the rows of each pair of classes where those are few and rows have no weights. The codes stand for
    classes in order, but where the table is made from integers directly they are the labels as they came.
    """

    kind: Kind
    classes: Array
    true: Array
    pred: Array
    weights: Array | None
    table: Array | None = None

    @classmethod
    def read(
        cls, y_true: object, y_pred: object, sample_weight: object = None, names: tuple[str, str] = ("y_true", "y_pred")
    ) -> LabelPair:
        """The pair of two array-likes, checked: equal length, comparable labels, fitting weights."""
        arrays = {name: as_array(values, name) for name, values in zip(names, (y_true, y_pred), strict=True)}
        rows = same_length(**arrays)
        if sample_weight is None and (counted := cls._of_integers(*arrays.values())):
            return counted
        true, pred = (read_labels(array, name) for name, array in arrays.items())
        weights = as_weights(sample_weight, rows)
        if (true.kind == "multilabel") != (pred.kind == "multilabel"):
            raise DataError(f"{names[0]} is {true.kind} and {names[1]} is {pred.kind}; expected two of the same kind")
        if true.kind == "multilabel":
            if true.codes.shape != pred.codes.shape:
                raise DataError(f"{names[0]} has {true.codes.shape[1]} label columns, {names[1]} {pred.codes.shape[1]}")
            return cls("multilabel", true.classes, true.codes, pred.codes, weights)
        classes = _union(true.classes, pred.classes, names)
        kind: Kind = "binary" if len(classes) <= 2 else "multiclass"
        codes = _recode(true, classes), _recode(pred, classes)
        few = weights is None and len(classes) <= FEW
        return cls(kind, classes, *codes, weights, count_pairs(*codes, 0, len(classes)) if few else None)

    @classmethod
    def _of_integers(cls, true: Array, pred: Array) -> LabelPair | None:
        """The pair of two vectors of integers or booleans of small range, in a pass or three; None where it is none."""
        if not (true.size and true.ndim == pred.ndim == 1 and true.dtype.kind in "biu" and pred.dtype.kind in "biu"):
            return None
        sides = [vector.view(np.uint8) if vector.dtype.kind == "b" else vector for vector in (true, pred)]
        low, table = 0, count_naturals(sides[0], sides[1], FEW)
        if table is None:
            lows, highs = zip(*map(bounds, sides), strict=True)
            low, size = min(lows), max(highs) - min(lows) + 1
            if size > FEW or max(highs) > np.iinfo(np.intp).max:
                return None
            table = count_pairs(sides[0], sides[1], low, size)
        in_true, in_pred = table.any(axis=1), table.any(axis=0)
        used = in_true | in_pred
        same = np.result_type(true, pred) if (in_pred & ~in_true).any() else true.dtype
        classes = (np.flatnonzero(used) + low).astype(np.int64 if same.kind == "f" else same)
        kind: Kind = "binary" if len(classes) <= 2 else "multiclass"
        return cls(kind, classes, true, pred, None, table if used.all() else table[np.ix_(used, used)])


def agreeing(y_true: object, y_pred: object) -> int | None:
    """The number of rows that are equal, where that can be told without knowing the classes; None otherwise."""
    true, pred = as_array(y_true, "y_true"), as_array(y_pred, "y_pred")
    if not (same_length(y_true=true, y_pred=pred) and true.ndim == pred.ndim == 1):
        return None
    if true.dtype.kind in "biu" and pred.dtype.kind in "biu":
        return count_agreeing(true, pred)
    return count_agreeing(true, pred) if true.dtype.kind == pred.dtype.kind == "U" else None


def read_labels(values: object, name: str) -> Labels:
    """The codes of one array of labels: numbers without fraction, strings, booleans or dates; no nulls."""
    array = as_array(values, name)
    if not array.size:
        raise DataError(f"{name} is empty (shape {array.shape}); expected at least one row")
    if array.ndim == 2 and array.shape[1] > 1:
        return _indicator(array, name)
    vector = as_column(array, name)
    encode = ENCODERS.get(vector.dtype.kind)
    if encode is None:
        raise TypeError(f"{name} holds {vector.dtype} labels; convert them to strings, integers or booleans")
    classes, codes = encode(vector, name)
    return Labels("binary" if len(classes) <= 2 else "multiclass", classes, codes)


def as_labels(values: object, name: str = "labels") -> Array:
    """A list of labels given as an argument, in its own order."""
    return as_column(as_array(values, name), name)


def positions(labels: Array, classes: Array) -> Array:
    """For each of ``labels`` its position in ``classes``, or -1 where it is none of them."""
    index = {label: code for code, label in enumerate(classes.tolist())}
    return np.array([index.get(label, -1) for label in labels.tolist()], dtype=np.intp)


def _indicator(matrix: Array, name: str) -> Labels:
    if matrix.dtype.kind in "biuf":
        distinct, _ = ENCODERS[matrix.dtype.kind](matrix.reshape(-1), name)
        if len(distinct) <= 2:
            return Labels("multilabel", np.arange(matrix.shape[1]), matrix)
    raise DataError(
        f"{name} is a {matrix.shape} matrix of {matrix.dtype}; expected one label a row, or one 0/1 column a label"
    )


def _integers(vector: Array, _: str) -> tuple[Array, Array]:
    low, high = int(vector.min()), int(vector.max())
    if high - low >= max(SPAN, len(vector)) or high > np.iinfo(np.intp).max:
        classes, codes = np.unique(vector, return_inverse=True)
        return classes, codes
    if vector.dtype.kind == "b":
        classes, vector = np.array([low, high][: 1 + (low < high)], bool), vector.view(np.uint8)
        return classes, (vector - np.uint8(low)).view(np.int8)
    offsets = vector.astype(np.intp, copy=False)
    offsets = offsets - low if low else offsets
    if high - low < 2:
        return np.array([low, high][: 1 + high - low], vector.dtype), offsets
    seen = np.bincount(offsets) > 0
    classes = (np.flatnonzero(seen) + low).astype(vector.dtype)
    return classes, offsets if seen.all() else (np.cumsum(seen) - 1)[offsets]


def _floats(vector: Array, name: str) -> tuple[Array, Array]:
    with np.errstate(invalid="ignore"):
        whole = vector.astype(np.int64)
    fractions = whole != vector
    if fractions.any():
        if not np.isfinite(vector).all():
            raise DataError(f"{name} holds NaN, null or infinite labels; drop or fill them first")
        raise DataError(f"{name} is continuous (it holds {vector[fractions][0]}); expected classes, not scores")
    classes, codes = _integers(whole, name)
    return classes.astype(vector.dtype), codes


def _dates(vector: Array, name: str) -> tuple[Array, Array]:
    if np.isnat(vector).any():
        raise DataError(f"{name} holds null dates; drop or fill them first")
    classes, codes = np.unique(vector, return_inverse=True)
    return classes, codes


ENCODERS: dict[str, Callable[[Array, str], tuple[Array, Array]]] = {
    "b": _integers,
    "i": _integers,
    "u": _integers,
    "f": _floats,
    "U": text_codes,
    "T": text_codes,
    "O": text_codes,
    "M": _dates,
    "m": _dates,
}


def _union(true: Array, pred: Array, names: tuple[str, str]) -> Array:
    """All classes in order; they keep the dtype of ``true`` where ``pred`` adds none.

    Numbers are compared as whole numbers: a float beside them would take 2**53 and 2**53 + 1 for one class.
    """
    kinds = [KIND_NAMES[side.dtype.kind] for side in (true, pred)]
    if kinds[0] != kinds[1]:
        raise DataError(f"{names[0]} holds {true.dtype} labels, {names[1]} {pred.dtype}; expected comparable ones")
    if kinds[0] != "numbers":
        extra = pred[~np.isin(pred, true)]
        return np.sort(np.concatenate([true, extra])) if len(extra) else true
    sides = [_whole(side) for side in (true, pred)]
    if sides[0].dtype != sides[1].dtype:
        raise DataError(f"{names[0]} and {names[1]} hold labels from below 0 to beyond 2**63 - 1; cast them to text")
    extra = sides[1][~np.isin(sides[1], sides[0])]
    if not len(extra):
        return true
    classes = np.sort(np.concatenate([sides[0], extra]))
    same = np.result_type(true, pred)
    return classes.astype(same) if np.array_equal(_whole(classes.astype(same)), classes) else classes


def _whole(classes: Array) -> Array:
    """Classes that are numbers, all of them whole, as int64; as uint64 where one is beyond that."""
    if classes.dtype.kind == "u" and classes.max() > np.iinfo(np.int64).max:
        return classes.astype(np.uint64)
    return classes.astype(np.int64)


def _recode(labels: Labels, classes: Array) -> Array:
    if len(labels.classes) == len(classes):
        return labels.codes
    every, own = (_whole(side) if side.dtype.kind in "biuf" else side for side in (classes, labels.classes))
    moved: Array = np.searchsorted(every, own)[labels.codes]
    return moved
