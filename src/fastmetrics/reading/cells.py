"""Tables to the cells that formulas see, some groups at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.contract.cells import Cell, CellTable
from fastmetrics.contract.columns import expressions
from fastmetrics.contract.family import Family
from fastmetrics.errors import SchemaError
from fastmetrics.exact_sums import nearest
from fastmetrics.metric import Cells
from fastmetrics.state.layout import Layout
from fastmetrics.state.provenance import is_difference
from fastmetrics.state.state import State
from fastmetrics.wording import group_name

__all__ = ["cells_of", "check_whole", "group_cells", "group_numbers"]

CHUNK = 4_000_000  # cells held side by side at a time by families with inner keys


def check_whole(counts: State) -> None:
    """Refuse Counts that are a difference: what is read from cells below 0, or from none, is the metric of no rows.

    Raises
    ------
    SchemaError
        A difference, as of ``a - b`` or late labels, with the groups that have cells below 0.
    """
    marked, outer = is_difference(counts.how), counts.layout.outer
    advice = (
        "add them to the Counts they belong to, and read the sum"
        if marked
        else "what was taken from them was not in them, or late labels were added twice"
    )
    for family in counts.layout.families:
        below = counts.tables[family.name].filter(pl.any_horizontal(pl.col(family.states) < 0))
        if len(below):
            groups = below.select(expressions(outer)).unique(maintain_order=True)
            where = f" in {len(groups):,} groups, first {group_name(groups.row(0, named=True))}" if outer else ""
            raise SchemaError(f"these Counts are a difference: cells are negative{where}; {advice}")
    if marked:
        raise SchemaError(f"these Counts are a difference, of rows gained less rows lost; {advice}")


def group_cells(counts: State, family: Family) -> Iterator[tuple[pl.DataFrame, Cells]]:
    """The outer keys and ``n``, and the cells, of the groups of a family, some groups at a time.

    Counts without keys have one group, of no rows where the log was empty.
    """
    layout, table = counts.layout, counts.tables[family.name]
    if not layout.outer and not family.inner and not len(table):
        merges = layout.merges(family)
        table = pl.DataFrame({name: [0 if merge == "sum" else None] for name, merge in merges.items()}, table.schema)
    group = group_numbers(table, layout.outer) if family.inner else np.arange(len(table))
    size = (int(group[-1]) + 1 if len(group) else 0) if layout.outer else 1
    step = max(CHUNK // family.width if family.width else size, 1)
    for start in range(0, max(size, 1), step):
        some = min(step, size - start)
        low, high = np.searchsorted(group, [start, start + some])
        part, numbers = table[low:high], group[low:high] - start
        n = np.zeros(some, np.int64)
        np.add.at(n, numbers, part.select(pl.sum_horizontal(family.row_states)).to_series().to_numpy())
        inner = {key: part[key] for key in family.inner_names}
        with np.errstate(all="ignore"):
            cells = family.read(CellTable(numbers, some, inner, cells_of(part, family, layout)))
        firsts = (
            part.select(expressions(layout.outer))[np.searchsorted(numbers, np.arange(some))]
            if layout.outer
            else part.select([])
        )
        yield pl.DataFrame({**firsts.to_dict(), "n": n}), cells


def group_numbers(table: pl.DataFrame, outer: Sequence[str]) -> NDArray[np.int64]:
    """The number of the group of each row of a sorted table."""
    if not outer:
        return np.zeros(len(table), np.int64)
    return table.select(pl.struct(expressions(outer)).rle_id()).to_series().cast(pl.Int64).to_numpy()


def cells_of(table: pl.DataFrame, family: Family, layout: Layout) -> Cells:
    """The cells as formulas see them: float64, weighted where there are weights, pairs and limbs made one."""

    def column(name: str) -> NDArray[np.float64]:
        values = table[name].cast(pl.Float64)
        error = f"{name}_error"
        whole = (values + table[error] if error in table.columns else values).to_numpy()  # NaN for null
        return np.where(np.isfinite(whole), whole, np.nan)  # a sum that overflowed is not known

    def exact(cell: Cell) -> NDArray[np.float64]:
        return nearest(*(table[limb].to_numpy() for limb in cell.columns(layout.weighted)))

    if not layout.weighted:
        return Cells({cell.name: exact(cell) if cell.kind == "exact" else column(cell.name) for cell in family.cells})
    return Cells(
        {cell.name: column(f"w_{cell.name}") for cell in family.cells},
        {cell.name: column(f"w2_{cell.name}") for cell in family.cells},
    )
