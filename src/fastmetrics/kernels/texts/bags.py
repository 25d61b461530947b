"""Tokens that a hypothesis and a reference have in common, whatever their order."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import kernel
from fastmetrics.kernels.texts.interning import most_types

__all__ = ["count_common"]


@kernel("void(in_i32, in_i64, in_i32, in_i64, in_i32, in_i64, in_i64, out_i64)")
def count_common(
    hypotheses: Any,
    said_offsets: Any,
    references: Any,
    wanted_offsets: Any,
    types: Any,
    pair_rows: Any,
    pair_references: Any,
    common: Any,
) -> None:
    """How many tokens of each pair stand on both sides; one that is there twice counts twice where both have it twice.

    ``types`` holds how many ids each set of references has.
    """
    left = np.zeros(most_types(types), np.int32)
    for pair in range(len(pair_rows)):
        row, of = pair_rows[pair], pair_references[pair]
        for i in range(wanted_offsets[of], wanted_offsets[of + 1]):
            left[references[i]] += 1
        found = 0
        for i in range(said_offsets[row], said_offsets[row + 1]):
            token = hypotheses[i]
            if token >= 0 and left[token] > 0:
                left[token] -= 1
                found += 1
        common[pair] = found
        for i in range(wanted_offsets[of], wanted_offsets[of + 1]):
            left[references[i]] = 0
