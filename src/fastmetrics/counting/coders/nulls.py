"""Null before codes that begin with 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics.counting.groups import Codes

__all__ = ["with_nulls"]


def with_nulls(codes: NDArray[Any], valid: NDArray[np.uint8] | None, size: int, final: bool = True) -> Codes:
    """Codes of values numbered from 0, with null put before them."""
    if valid is None:
        return Codes(codes, 1, size, final)
    wide = np.promote_types(codes.dtype, np.min_scalar_type(size))
    return Codes((codes.astype(wide, copy=False) + wide.type(1)) * valid, 0, size, final)
