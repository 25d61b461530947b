"""Families of no use but to tests, whose roles are texts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

import fastmetrics as fm
from fastmetrics.contract.blocks import Texts
from fastmetrics.contract.cells import Cell, Rows
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role


def exact_match(
    answer: str | pl.Expr, reference: str | pl.Expr, null_values: list[str] | None = None, name: str = "exact_match"
) -> Family:
    """How many answers equal their reference, and the bytes of the longest answer."""
    nulls = None if null_values is None else tuple(null_values)
    return Family(
        kind="exact_match",
        name=name,
        maker=exact_match,
        roles=(
            Role("answer", answer, "text", null_values=nulls),
            Role("reference", reference, "text", null_values=nulls),
        ),
        cells=(Cell("wrong"), Cell("right"), Cell("unknown"), Cell("longest", "max")),
        rows=match_rows,
        metrics=(fm.Metric("exact", lambda c: c.right, lambda c: c.right + c.wrong, "proportion"),),
        arguments={"answer": answer, "reference": reference, "null_values": null_values, "name": name},
        constants=("null_values",),
    )


def match_rows(roles: Mapping[str, Texts]) -> Rows:
    answers, references = roles["answer"], roles["reference"]
    pairs = zip(answers.to_list(), references.to_list(), strict=True)
    states = [2 if None in pair else int(pair[0] == pair[1]) for pair in pairs]
    lengths = (answers.views[::2] & np.uint64(0xFFFFFFFF)).astype(np.float64)
    if len(answers.valid):
        lengths[answers.valid == 0] = np.nan
    return Rows(np.array(states, np.uint8), lengths[:, None])
