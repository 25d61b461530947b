"""Two Counts side by side: their cells by leaf of one lattice and by window, as flat arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from fastmetrics.aliases import Floats, Integers, Mask
from fastmetrics.arithmetic import divide
from fastmetrics.contract.capabilities import Outcome, Prepared, Rate
from fastmetrics.contract.family import Family
from fastmetrics.diagnosis.search.lattice import Lattice, lattice_of, summed_by
from fastmetrics.diagnosis.search.overdispersion import LEAST_WINDOWS, Dispersion, dispersion_of, independent
from fastmetrics.diagnosis.search.strata import Ratio
from fastmetrics.diagnosis.series.change_points import adjusted, since
from fastmetrics.diagnosis.sides.rates import rows_of, told_apart
from fastmetrics.face import Counts
from fastmetrics.metric import Cells, Formula
from fastmetrics.reading.results import numbered
from fastmetrics.state.layout import WINDOW

__all__ = ["SideCells", "Pair", "Sums", "Times", "paired", "sums_of"]

Times = tuple[datetime | None, datetime | None]

MOST_MATRIX = 20_000_000  # entries of a leaves x windows table
EXPOSURE = 1e12  # rows that could have come: so many that those that came are rare among them


@dataclass(frozen=True)
class SideCells:
    """A family's cells on one side, a row for each leaf and window (and inner key) that occurs."""

    leaf: Integers
    window: Integers  # the place among all windows of both sides; -1 without a time
    table: pl.DataFrame
    names: Sequence[str]  # of the cells among the columns of the table

    @cached_property
    def cells(self) -> Cells:
        """The cells, one entry a row."""
        return Cells({name: self.table[name].to_numpy().astype(np.float64) for name in self.names})

    def by_leaf(self, formula: Formula, leaves: int) -> Floats:
        """A formula that is linear in the cells, by leaf."""
        return summed_by(self.leaf, self.values(formula), leaves)

    def values(self, formula: Formula) -> Floats:
        """A formula, one entry a row."""
        return np.broadcast_to(np.asarray(formula(self.cells), np.float64), len(self.leaf))

    def by_window(self, formula: Formula, inside: Mask, windows: int) -> Floats:
        """A formula that is linear in the cells, by window, over the leaves ``inside``."""
        rows = inside[self.leaf] & (self.window >= 0)
        return summed_by(self.window[rows], self.values(formula)[rows], windows)

    def by_both(self, formula: Formula, leaves: int, windows: Integers) -> Floats:
        """A formula that is linear in the cells, by leaf and by those windows that are listed."""
        place = np.full(int(max(windows.max(initial=0), self.window.max(initial=0))) + 2, -1)
        place[windows] = np.arange(len(windows))
        column = place[self.window]
        rows = column >= 0
        at = self.leaf[rows] * len(windows) + column[rows]
        return summed_by(at, self.values(formula)[rows], leaves * len(windows)).reshape(leaves, len(windows))


@dataclass(frozen=True)
class Scored:
    """The rows of both sides by leaf, window and bin of the score, and the edges between bins."""

    before: SideCells
    now: SideCells
    edges: Floats


@dataclass(frozen=True)
class Pair:
    """Baseline and current of one model on one lattice: what every test reads."""

    lattice: Lattice
    windows: pl.Series  # every window of either side, ascending; empty without time
    rows: Rate  # all rows of all rows, of the first family
    rates: tuple[Rate, ...]  # that are searched
    baseline: Mapping[str, SideCells]  # by family
    current: Mapping[str, SideCells]
    scored: Scored | None = None
    outcomes: tuple[Outcome, ...] = ()  # of the family that counts rows
    model: Any = None

    @cached_property
    def total(self) -> Floats:
        """Rows of both sides together, by leaf."""
        return np.asarray(
            sum(side[self.rows.family].by_leaf(self.rows.num, self.lattice.leaves) for side in self.sides)
        )

    @property
    def border(self) -> int | None:
        """The place of the first current window, where all windows of the baseline lie before it."""
        before, now = self.spans()
        return int(now[0]) if len(before) and len(now) and before[-1] < now[0] else None

    def span(self, rate: Rate, inside: Mask) -> Times:
        """Since when, and until when, a rate of some leaves has been another one; a shift of mix is no change."""
        if self.border is None:
            return None, None
        windows = np.arange(len(self.windows))
        size = int(inside.sum()) * len(windows)
        if self.lattice.leaves * len(windows) <= MOST_MATRIX and size:
            k, n = (self.together(rate.family, formula, windows)[inside] for formula in (rate.num, rate.den))
            return self.dated(*adjusted(k, n))
        return self.dated(*self.series(rate, inside))

    def volume_span(self, inside: Mask) -> Times:
        """Since when, and until when, other numbers of rows of some leaves have come."""
        rows, _ = self.series(self.rows, inside)
        return self.dated(rows, np.full_like(rows, EXPOSURE))

    def together(self, family: str, formula: Formula, windows: Integers) -> Floats:
        """A formula of both sides by leaf and window."""
        leaves = self.lattice.leaves
        return self.baseline[family].by_both(formula, leaves, windows) + self.current[family].by_both(
            formula, leaves, windows
        )

    def dated(self, k: Floats, n: Floats) -> Times:
        """The times of a change in a series of both sides, which is known to lie in the current windows."""
        border = self.border
        if border is None or not n[:border].sum() or not n[border:].sum():
            return None, None
        found = since(k, n, border)
        return self.windows[found.since], None if found.until is None else self.windows[found.until]

    def ratio(self, rate: Rate) -> Ratio:
        """Events and rows by leaf, on both sides."""
        leaves = self.lattice.leaves
        return Ratio(*(side[rate.family].by_leaf(of, leaves) for side in self.sides for of in (rate.num, rate.den)))

    @property
    def sides(self) -> tuple[Mapping[str, SideCells], Mapping[str, SideCells]]:
        return self.baseline, self.current

    def spans(self, family: str | None = None) -> tuple[Integers, Integers]:
        """The windows of the baseline and the current ones, of a family or else of the one that counts rows."""
        name = family or self.rows.family
        before, now = (np.unique(side[name].window[side[name].window >= 0]) for side in self.sides)
        return before, now

    def dispersion(self, rate: Rate) -> Dispersion:
        """How much more slices vary between windows of the baseline than independent rows would."""
        windows, _ = self.spans(rate.family)
        if len(windows) < LEAST_WINDOWS or len(windows) * self.lattice.leaves > MOST_MATRIX:
            return independent()
        held, leaves = self.baseline[rate.family], self.lattice.leaves
        k, n = (held.by_both(formula, leaves, windows) for formula in (rate.num, rate.den))
        return dispersion_of(self.lattice, k, n)

    def volume(self) -> tuple[Ratio, Dispersion]:
        """Rows by leaf against the time there was for them: rare events among an endless number of chances.

        Without windows the share of the current side is that of the median row.
        """
        leaves = self.lattice.leaves
        before, now = (side[self.rows.family].by_leaf(self.rows.num, leaves) for side in self.sides)
        windows, later = self.spans()
        timed = len(windows) and len(later)
        share = len(later) / (len(windows) + len(later)) if timed else middle_share(before, now)
        full = np.full(leaves, EXPOSURE)
        ratio = Ratio(before, full * (1 - share), now, full * share)
        if len(windows) < LEAST_WINDOWS or len(windows) * leaves > MOST_MATRIX:
            return ratio, independent()
        k = self.baseline[self.rows.family].by_both(self.rows.num, leaves, windows)
        return ratio, dispersion_of(self.lattice, k, np.full_like(k, EXPOSURE / len(windows)))

    def series(self, rate: Rate, inside: Mask) -> tuple[Floats, Floats]:
        """Events and rows by window of both sides together, over the leaves ``inside``."""
        k, n = (
            sum(side[rate.family].by_window(formula, inside, len(self.windows)) for side in self.sides)
            for formula in (rate.num, rate.den)
        )
        return np.asarray(k), np.asarray(n)


def middle_share(before: Floats, now: Floats) -> float:
    """The share of current rows of a leaf, at the median over rows: a few slices do not move it."""
    rows = before + now
    share = divide(now, rows, 0.0)
    order = np.argsort(share)
    reached = np.cumsum(rows[order])
    middle = share[order[np.searchsorted(reached, reached[-1] / 2)]] if len(rows) and reached[-1] else 0.5
    return float(np.clip(middle, 0.01, 0.99))


@dataclass(frozen=True)
class Sums:
    """The state cells of Counts by the keys of slices and window: a table a family, inner keys among its columns.

    The keys have numbered names.
    """

    families: Sequence[Family]
    dims: Sequence[str]
    windowed: bool
    tables: Sequence[pl.DataFrame]

    def before(self, start: datetime) -> Sums:
        """The windows before an instant."""
        return replace(self, tables=[table.filter(pl.col(WINDOW) < start) for table in self.tables])

    def since(self, start: datetime) -> Sums:
        """The windows from an instant on."""
        return replace(self, tables=[table.filter(pl.col(WINDOW) >= start) for table in self.tables])


def sums_of(counts: Counts, families: Sequence[Family], dims: Sequence[str], windowed: bool) -> Sums:
    """Counts added up by ``dims``, and by window where they are ``windowed``."""
    return Sums(families, dims, windowed, [summed(counts, family, dims, windowed) for family in families])


def paired(before: Sums, now: Sums, rates: Sequence[Rate] = (), model: Any = None) -> Pair:
    """Two sums on one lattice. To ``rates`` come those of the classes that the sums hold."""
    families, windowed = now.families, now.windowed
    keys = list(numbered(now.dims))
    by = [*keys, *([WINDOW] if windowed else [])]
    both = [prepared(family, sides, by) for family, *sides in zip(families, before.tables, now.tables, strict=True)]
    tables = [one.tables[side] for side in (0, 1) for one in both]
    scores = probabilities(families)
    bins = [side.tables[families.index(scores)].drop_nulls("bin") for side in (before, now)] if scores else []
    lattice, leaves = lattice_of([*tables, *bins], now.dims, keys)
    starts = [table[WINDOW] for table in tables] if windowed else []
    windows = pl.concat(starts).drop_nulls().unique().sort() if starts else pl.Series(WINDOW, [], pl.Datetime("us"))
    cells = [
        side_cells(table, leaf, [*by, "bin"], windows) for table, leaf in zip([*tables, *bins], leaves, strict=True)
    ]
    names = [family.name for family in families]
    dynamic = [replace(rate, family=name) for name, one in zip(names, both, strict=True) for rate in one.rates]
    return Pair(
        lattice=lattice,
        windows=windows,
        rows=rows_of(families[0]),
        rates=(*rates, *told_apart(dynamic)),
        baseline=dict(zip(names, cells, strict=False)),
        current=dict(zip(names, cells[len(names) :], strict=False)),
        scored=Scored(cells[-2], cells[-1], np.array(scores.probability_edges)) if scores else None,
        outcomes=families[0].outcomes,
        model=model,
    )


def probabilities(families: Sequence[Family]) -> Family | None:
    """The family of scores in [0, 1] in several bins, if there is one."""
    return next((family for family in families if len(family.probability_edges) > 2), None)


def prepared(family: Family, tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> Prepared:
    """Tables of a family (baseline first) as rows of additive cells by ``keys``, without inner keys."""
    if family.prepare is not None:
        return family.prepare(tables, keys)
    if not family.inner:
        return Prepared(list(tables))
    return Prepared.summed(tables, keys, [pl.col(cell).sum() for cell in counting_cells(family)])


def summed(counts: Counts, family: Family, dims: Sequence[str], windowed: bool) -> pl.DataFrame:
    """The cells of a family that count, by some keys under numbered names, by windows and by its inner keys."""
    keys, cells = [*([WINDOW] if windowed else []), *family.inner_names], counting_cells(family)
    table = counts.tables[family.name].select(*keys, *cells, **numbered(dims))
    keys, sums = [*numbered(dims), *keys], [pl.col(cell).sum() for cell in cells]
    return table.group_by(keys, maintain_order=True).agg(sums) if keys else table.select(sums)


def counting_cells(family: Family) -> list[str]:
    """The cells that hold whole numbers."""
    return [cell.name for cell in family.of_kind("state", "count")]


def side_cells(table: pl.DataFrame, leaf: Integers, keys: Sequence[str], windows: pl.Series) -> SideCells:
    """A table and the leaf of each of its rows; its columns are keys or cells."""
    return SideCells(leaf, window_places(table, windows), table, [name for name in table.columns if name not in keys])


def window_places(table: pl.DataFrame, windows: pl.Series) -> Integers:
    """The place of each row's window among ``windows``; -1 for rows without a time."""
    if not len(windows):
        return np.full(len(table), -1, np.int64)
    at: Any = windows.search_sorted(table[WINDOW].fill_null(windows[0]))
    return np.where(table[WINDOW].is_null().to_numpy(), -1, np.asarray(at, np.int64))
