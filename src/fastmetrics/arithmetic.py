"""Division that says what 0/0 is, whole numbers that floats hold, and the normal quantile of 95 % intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics.aliases import Floats

__all__ = ["MOST_WHOLE", "Z95", "divide", "most_whole"]

MOST_WHOLE = 2**53  # below which float64 holds every whole number

Z95 = 1.959963984540054  # a standard normal variable lies within ± this with probability 0.95


def divide(num: Any, den: Any, empty: float = math.nan) -> Floats:
    """``num / den`` as float64, and ``empty`` wherever ``den`` is 0. Shapes broadcast.

    >>> divide([3, 0, 2], [4, 0, 0], empty=0)
    array([0.75, 0.  , 0.  ])
    """
    num, den = np.broadcast_arrays(np.asarray(num, np.float64), den)
    out: Floats = np.divide(num, den, out=np.full(num.shape, empty, np.float64), where=den != 0)
    return out


def most_whole(floats: NDArray[Any]) -> int:
    """The number below which the dtype of some floats holds every whole number; from there on it rounds them.

    >>> [most_whole(np.zeros(1, dtype)) for dtype in (np.float16, np.float32, np.float64)] == [2**11, 2**24, MOST_WHOLE]
    True
    """
    return 1 << (np.finfo(floats.dtype).nmant + 1)
