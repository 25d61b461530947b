"""Types of arrays and callbacks that many modules name in their signatures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Integers", "Mask", "Progress"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Progress = Callable[[int, int | None], object]
"""Called with the rows read so far and the rows there are, None where that is not known."""
