"""Blocks of rows: how long they are, and that a family computes what it makes of one once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.contract.cells import Cell
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role
from fastmetrics.contract.rows import Rows

ROWS = 300_000
LOG = pl.DataFrame({"x": np.ones(ROWS), "w": np.ones(ROWS), "a": np.arange(ROWS) % 3, "b": np.arange(ROWS) % 2})


def wide(make: Callable[[int], Rows], counts: int, name: str = "wide") -> Family:
    """A family of many counts, whose rows are what is made of the length of a block."""
    return Family(
        kind="wide",
        name=name,
        maker=wide,
        roles=(Role("x", "x", "number"),),
        cells=(Cell("rows"), *(Cell(f"count_{place}", "count") for place in range(counts))),
        rows=lambda roles: make(len(roles["x"])),
        metrics=(),
    )


@pytest.mark.parametrize(
    ("others", "weight", "longest"),
    [(0, None, 2**24 // (8 * 64)), (64, None, 2**24 // (8 * 128)), (0, "w", 2**24 // (8 * 64 * 4))],
)
def test_values_of_a_block_take_at_most_16_megabytes(others: int, weight: str | None, longest: int) -> None:
    lengths: list[int] = []

    def make(rows: int) -> Rows:
        lengths.append(rows)
        return Rows(counts=lambda: np.ones((rows, 64), np.int64))

    families = [wide(make, 64), *([wide(lambda rows: Rows(), others, "other")] if others else [])]
    counts = fm.count(LOG, *families, weight=weight, threads=1)
    assert counts.tables["wide"]["count_63"].to_list() == [ROWS]
    assert sum(lengths) == ROWS
    assert max(lengths) == longest


def test_blocks_are_long_where_a_family_adds_its_values_itself() -> None:
    lengths: list[int] = []

    def make(rows: int) -> Rows:
        lengths.append(rows)
        return Rows(add=lambda to: None)

    fm.count(LOG, wide(make, 64), threads=1)
    assert lengths == [2**15, ROWS - 2**15]


@pytest.mark.parametrize("weight", [None, "w"])
def test_grouping_sets_share_what_a_family_computes(weight: str | None) -> None:
    asked = Counter[str]()

    def once(name: str, array: Any) -> Callable[[], Any]:
        asked[name] = 0

        def compute() -> Any:
            asked[name] += 1
            return array

        return compute

    def make(rows: int) -> Rows:
        of = np.repeat(np.arange(rows), 2)
        values = np.ones((2 * rows, 1))
        return Rows(
            states=once("states", np.tile(np.array([0, 1], np.uint8), rows)),
            counts=once("counts", values.astype(np.int64)),
            exacts=once("exacts", values),
            sums=once("sums", values),
            of=of,
        )

    cells = (Cell("rows"), Cell("items"), Cell("count", "count"), Cell("exact", "exact"), Cell("sum", "sum"))
    family = replace(wide(make, 0), cells=cells, row_states=("rows",))
    sets = [[], ["a"], ["b"]]
    fm.count(LOG.head(99), family, by=["a", "b"], grouping_sets=sets, weight=weight, threads=1)
    assert asked == dict.fromkeys(("states", "counts", "exacts", "sums"), 1)
