"""The array functions on more rows than a block has: what is done by blocks, and the ways out of the fast paths."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import sklearn.metrics

import fastmetrics.arrays as arrays
from fastmetrics.arrays import blocks, texts
from fastmetrics.errors import FastMetricsError

ROWS = 5 * blocks.BLOCK + 77
rng = np.random.default_rng(5)
LABELS = ("accuracy_score", "confusion_matrix", "matthews_corrcoef", "cohen_kappa_score", "balanced_accuracy_score")
RATIOS = ("precision_score", "recall_score", "f1_score", "jaccard_score")
NUMBERS = ("mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "r2_score")
SIZES = (0, 1, 7, 8, 63, 64, 65, 1000, blocks.BLOCK, blocks.BLOCK + 1, ROWS, 300_007)


def pair(classes: int) -> tuple[np.ndarray, np.ndarray]:
    true, other = rng.integers(0, classes, (2, ROWS))
    return true, np.where(rng.random(ROWS) < 0.3, other, true)


BINARY, TEN = pair(2), pair(10)
LATE = TEN[0], np.where(np.arange(ROWS) == ROWS - 1, 61, TEN[1])
DATA: dict[str, tuple[np.ndarray, np.ndarray]] = {
    "two": BINARY,
    "ten": TEN,
    "bools": (BINARY[0] == 1, BINARY[1] == 1),
    "bools and ints": (BINARY[0] == 1, TEN[1]),
    "small dtypes": (TEN[0].astype(np.uint8), TEN[1].astype(np.int16)),
    "unsigned and signed": (TEN[0].astype(np.uint64), TEN[1]),
    "from minus five": (TEN[0] - 5, TEN[1] - 5),
    "far from zero": (TEN[0] + 2**62, TEN[1] + 2**62),
    "beyond int64": (TEN[0].astype(np.uint64) + np.uint64(2**63), TEN[1].astype(np.uint64) + np.uint64(2**63)),
    "a greater one in the last row": LATE,
    "a negative one in the last row": (np.where(np.arange(ROWS) == ROWS - 1, -1, TEN[0]), TEN[1]),
    "a far one in the last row": (np.where(np.arange(ROWS) == ROWS - 1, 2**40, TEN[0]), TEN[1]),
    "many": pair(200),
    "only in predictions": (TEN[0] // 2, TEN[1]),
    "strings": tuple(np.array(["ham", "spam", "unsure", "é"])[side % 4] for side in TEN),
    "strings of other widths": (np.array(["a", "bb"])[BINARY[0]], np.array(["a", "a long one"])[BINARY[1]]),
    "every other string": tuple(np.array(["a", "bb"])[np.repeat(side, 2)][::2] for side in BINARY),
}


def same(name: str, args: tuple[Any, ...], **options: Any) -> None:
    ours, theirs = (getattr(module, name)(*args, **options) for module in (arrays, sklearn.metrics))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, strict=isinstance(theirs, np.ndarray))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", DATA)
def test_labels(case: str) -> None:
    for name in LABELS:
        same(name, DATA[case])
    same("accuracy_score", DATA[case], normalize=False)
    same("confusion_matrix", DATA[case], labels=DATA[case][0][:3])
    for name in RATIOS:
        same(name, DATA[case], average=None)
    assert arrays.classification_report(*DATA[case]) == sklearn.metrics.classification_report(*DATA[case])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_scores(dtype: Any) -> None:
    score = (rng.random(ROWS) * (1 if dtype != np.int64 else 50)).astype(dtype)
    for positive in (BINARY[0], BINARY[0] == 1, TEN[0] > 0, TEN[0] == 0):
        for name in ("roc_auc_score", "average_precision_score"):
            same(name, (positive, score))
            same(name, (positive, np.round(score, 2)))
    if dtype != np.int64:
        for name in ("log_loss", "brier_score_loss"):
            same(name, (BINARY[0], score))
            same(name, (BINARY[0], np.stack([1 - score, score], axis=1)))
            same(name, (BINARY[0], score), sample_weight=rng.random(ROWS))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("weight", [None, rng.random(ROWS), rng.integers(0, 3, ROWS)], ids=["none", "floats", "ints"])
def test_numbers(dtype: Any, weight: Any) -> None:
    true = rng.normal(3, 1, ROWS).astype(dtype)
    pred = (true + rng.normal(0, 0.1, ROWS)).astype(dtype)
    for name in NUMBERS:
        same(name, (true, pred), sample_weight=weight)
        same(name, (true[:, None], pred), sample_weight=weight)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_one_bad_number_is_an_error(bad: float, side: int) -> None:
    args = [rng.random(ROWS), rng.random(ROWS)]
    args[side][-1] = bad
    for name in NUMBERS:
        with pytest.raises(FastMetricsError, match=f"y_{('true', 'pred')[side]} holds NaN, null or infinite"):
            getattr(arrays, name)(*args)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", SIZES)
def test_sums_are_to_the_bit_those_of_numpy(size: int, dtype: Any) -> None:
    values = rng.normal(size=size).astype(dtype)
    total = blocks.sum_of(size, lambda at: np.add.reduce(values[at]))
    assert total.dtype == dtype
    assert total == values.sum()


@pytest.mark.parametrize("size", SIZES)
def test_pairs_are_counted(size: int) -> None:
    true, pred = rng.integers(0, 5, (2, size))
    expected = Counter(zip(true.tolist(), pred.tolist(), strict=True))
    table = blocks.count_pairs(true - 3, pred - 3, -3, 5)
    assert {key: table[key] for key in np.ndindex(5, 5) if table[key]} == expected
    naturals = blocks.count_naturals(true, pred, 8)
    assert naturals is not None
    assert {key: naturals[key] for key in np.ndindex(naturals.shape) if naturals[key]} == expected
    assert size == 0 or blocks.count_naturals(true + 8, pred, 8) is None


def test_strings_that_fall_on_one_place_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    names = np.array([f"name {number}" for number in range(40)])
    vector = names[rng.integers(0, 40, ROWS)]
    wanted = np.unique(vector, return_inverse=True)
    for bits in (20, 3):
        monkeypatch.setattr(texts, "PLACE_BITS", bits)
        for found, of_numpy in zip(texts.text_codes(vector, "y_true"), wanted, strict=True):
            assert np.array_equal(found, of_numpy)
    assert texts._by_hash(vector) is None
