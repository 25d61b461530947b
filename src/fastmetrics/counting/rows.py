"""What a family makes of each row of a frame, where rows are wanted and not their sums."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl

from fastmetrics.aliases import Floats, Mask
from fastmetrics.contract.columns import expression
from fastmetrics.contract.family import Family
from fastmetrics.counting.roles import ROLE_KINDS, Observed, Reading
from fastmetrics.sources.series import as_array

__all__ = ["row_cells"]


def row_cells(family: Family, frame: pl.DataFrame) -> tuple[Mask, dict[str, Floats]]:
    """Whether each row is in the first state of its family, and what it adds to count and exact cells, as float64.

    Raises
    ------
    SchemaError
        A column whose dtype cannot play its part.
    """
    roles, dtypes = {}, {}
    for role in family.roles:
        kind, plain = ROLE_KINDS[role.kind], frame.select(expression(role.column)).to_series()
        dtypes[role.name] = plain.dtype
        kind.check(role, plain.dtype, partial(pl.Series.clone, plain))
        carried = frame.select(kind.carrier(role, expression(role.column), plain.dtype)).to_series().rechunk()
        assert kind.read is not None
        roles[role.name] = kind.read(role, as_array(carried), Reading(Observed()))
    if family.check is not None:
        family.check(dtypes)
    rows = family.rows(roles)
    assert rows.states is not None
    values = [np.zeros((len(frame), 0)) if given is None else given() for given in (rows.counts, rows.exacts)]
    names = [cell.name for kind in ("count", "exact") for cell in family.of_kind(kind)]
    return rows.states() == 0, dict(zip(names, np.hstack(values).astype(np.float64).T, strict=True))
