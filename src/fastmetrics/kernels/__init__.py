"""All Numba of the project: flat loops over flat arrays that raise nothing and allocate nothing per row.

The modules are imported on first use, as importing Numba takes longer than importing all the rest: modules that are
there from the start say ``from fastmetrics import kernels`` and call ``kernels.bits.count_ones``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastmetrics.kernels import bins as bins
    from fastmetrics.kernels import bits as bits
    from fastmetrics.kernels import buckets as buckets
    from fastmetrics.kernels import cells as cells
    from fastmetrics.kernels import codes as codes
    from fastmetrics.kernels import descent as descent
    from fastmetrics.kernels import flags as flags
    from fastmetrics.kernels import lattice as lattice
    from fastmetrics.kernels import likelihood as likelihood
    from fastmetrics.kernels import regression as regression
    from fastmetrics.kernels import ripple as ripple
    from fastmetrics.kernels import states as states
    from fastmetrics.kernels import texts as texts
else:

    def __getattr__(name):
        if name in (
            "bins",
            "bits",
            "buckets",
            "cells",
            "codes",
            "descent",
            "flags",
            "lattice",
            "likelihood",
            "regression",
            "ripple",
            "states",
            "texts",
        ):
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
