"""What a row says, as the number of the cell that it adds to."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmetrics.kernels.dialect import NUMBERS, kernel

__all__ = ["MINUS_ONE", "STRANGE", "ZERO", "binary_states", "reached_states", "sign_states", "text_states"]


@kernel("void(in_u8, in_u8, out_u8)")
def binary_states(label: Any, prediction: Any, out: Any) -> None:
    """The binary cell of label and prediction, each 0 negative, 1 positive or 2 null.

    That is 2 label + prediction where both are known, 4 + label without a prediction, 6 + prediction without a
    label: bytes without branches, so that a vector of rows is one step.
    """
    two, six = np.uint8(2), np.uint8(6)
    for i in range(out.size):
        y, p = label[i], prediction[i]
        known = (y << np.uint8(1)) | p
        if p == two:
            known = np.uint8(4) | y
        if y == two:
            known = six + p
        out[i] = known


ZERO, MINUS_ONE, STRANGE = 1, 2, 4  # what `sign_states` may find beside 1


@kernel(*(f"int64(in_{number}, out_u8)" for number in NUMBERS))
def sign_states(numbers: Any, out: Any) -> Any:
    """1 for 1, 0 for 0, -1 and anything else, 2 for NaN; returns which of ZERO, MINUS_ONE and STRANGE there are."""
    zero = minus_one = strange = False
    for i in range(out.size):
        x = numbers[i]
        out[i] = np.uint8(x == 1) | (np.uint8(x != x) << np.uint8(1))
        zero |= x == 0
        minus_one |= x == -1
        strange |= not ((x == 1) | (x == 0) | (x == -1) | (x != x))
    return zero * ZERO + minus_one * MINUS_ONE + strange * STRANGE


@kernel("void(in_u64, uint64, uint64, uint64, uint64, out_u8)")
def text_states(views: Any, positive: Any, positive_rest: Any, null: Any, null_rest: Any, out: Any) -> None:
    """1 where a string view (two words) is that of the positive text, 2 where it is that of the text for null.

    Both are short, so that their views hold them whole.
    """
    for i in range(out.size):
        a, b = views[2 * i], views[2 * i + 1]
        hit, none = (a == positive) & (b == positive_rest), (a == null) & (b == null_rest)
        out[i] = np.uint8(hit) | (np.uint8(none) << np.uint8(1))


@kernel("void(in_f32, float64, out_u8)", "void(in_f64, float64, out_u8)")
def reached_states(score: Any, threshold: Any, out: Any) -> None:
    """1 where the score reaches the threshold, 2 where it is NaN."""
    for i in range(out.size):
        s = score[i]
        out[i] = np.uint8(s >= threshold) | (np.uint8(s != s) << np.uint8(1))
