"""Matches beside what there is of both sides, and precision, recall and F of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import inlined, kernel

__all__ = ["divide_matches", "put_beside_totals"]


@inlined
def total(offsets: Any, text: Any, order: Any, most: Any) -> Any:
    """How many n-grams the first tokens of a text have."""
    return max(min(offsets[text + 1] - offsets[text], most) - order + 1, np.int64(0))


@kernel("void(in_i64, in_i64, in_i64, in_i64, in_i64, int64, int64, out_i64)")
def put_beside_totals(
    matches: Any,
    rows: Any,
    hypothesis_offsets: Any,
    references: Any,
    reference_offsets: Any,
    order: Any,
    most: Any,
    found: Any,
) -> None:
    """Three numbers a pair: its matches, and how many n-grams the first ``most`` tokens of either side have."""
    for pair in range(len(matches)):
        found[3 * pair] = matches[pair]
        found[3 * pair + 1] = total(hypothesis_offsets, rows[pair], order, most)
        found[3 * pair + 2] = total(reference_offsets, references[pair], order, most)


@kernel("void(in_i64, out_f64)")
def divide_matches(found: Any, ratios: Any) -> None:
    """All precisions, then all recalls, then all F, by the divisions of rouge_score, of three numbers a row."""
    size = len(found) // 3
    for row in range(size):
        matches = np.float64(found[3 * row])
        precision = matches / np.float64(max(found[3 * row + 1], np.int64(1)))
        recall = matches / np.float64(max(found[3 * row + 2], np.int64(1)))
        both = precision + recall
        ratios[row], ratios[size + row] = precision, recall
        ratios[2 * size + row] = 2.0 * precision * recall / both if both > 0.0 else 0.0
