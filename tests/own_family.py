"""A family of a user's own making, in a module that other processes can import."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

import fastmetrics as fm
from fastmetrics.contract.cells import Cell
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.contract.rows import Rows


def hits(column: str | pl.Expr, scale: Sequence[float] = (), name: str = "hits") -> Family:
    """How often a binary column is positive; ``scale`` means nothing."""
    return Family(
        kind="hits",
        name=name,
        maker=hits,
        roles=(Role("hit", column, "binary"),),
        cells=(Cell("missed"), Cell("hit"), Cell("unknown")),
        rows=lambda roles: Rows(lambda: roles["hit"]),
        metrics=(fm.Metric("hit_rate", lambda c: c.hit, lambda c: c.hit + c.missed, "proportion"),),
        arguments={"column": column, "scale": list(scale), "name": name},
    )
