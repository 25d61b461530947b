"""How likely the tokens of texts were: sums over lists of log-probabilities, exact."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.exact_sums import MOST_SUM
from fastmetrics.kernels.cells import carried, limbs_of
from fastmetrics.kernels.dialect import kernel

__all__ = ["sum_tokens"]


@kernel(*(f"float64(in_i64, {items}, float64, out_i64, out_i64, out_f64)" for items in ("in_f32", "in_f64")))
def sum_tokens(offsets: Any, items: Any, unit: Any, counts: Any, exacts: Any, reach: Any) -> Any:
    """Of each list the known items, those that are minus infinity, and the limbs of the sum of the others, negated
    and times ``unit``.

    NaN is not known. Returns the largest item; magnitudes, those too large for limbs among them, add to the ``reach``.
    """
    largest = -np.inf
    for row in range(offsets.size - 1):
        known, impossible = np.int64(0), np.int64(0)
        high, middle, low = np.int64(0), np.int64(0), np.int64(0)
        size = 0.0
        for k in range(offsets[row], offsets[row + 1]):
            x = np.float64(items[k])
            known += np.int64(x == x)
            largest = max(largest, x) if x == x else largest
            impossible += np.int64(x == -np.inf)
            x *= -unit
            if abs(x) < MOST_SUM:
                limbs = limbs_of(x)
                high, middle, low = high + limbs[0], middle + limbs[1], low + limbs[2]
            if abs(x) < np.inf:
                size += abs(x)
        counts[2 * row], counts[2 * row + 1] = known, impossible
        exacts[3 * row], exacts[3 * row + 1], exacts[3 * row + 2] = carried(high, middle, low)
        reach[0] += size
    return largest
