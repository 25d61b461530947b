"""What is counted of each group, and the forms of the queries that give it to each engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.speed.keys import KEYS, Key
from benchmarks.speed.logs import Log
from fastmetrics.contract.family import Family

__all__ = ["PLAIN_SIDES", "ROWS", "Aggregate", "Counted", "Form", "cell_columns", "from_long"]

Frame = pl.DataFrame
Array = NDArray[Any]


class Aggregate(NamedTuple):
    """A number of each group, in each dialect; where ``clickhouse`` is empty it is that of DuckDB."""

    polars: pl.Expr
    duckdb: str
    clickhouse: str = ""
    dtype: str = "<u8"  # of ClickHouse's answer


@dataclass(frozen=True)
class Form:
    """One way to ask: aggregates by name, and keys beside those of the groups that ``fold`` turns into cells.

    ``only`` names the one peer to whom the form is another one.
    """

    name: str
    aggregates: Mapping[str, Aggregate]
    extra: tuple[Key, ...] = ()
    fold: Callable[[Frame], Frame] = lambda frame: frame
    only: str = ""


@dataclass(frozen=True)
class Counted:
    """A family as every side counts it.

    ``cells`` are compared and ``zero`` are cells of ours that this log leaves empty. ``bincount`` makes the cells
    from a code a row, where numpy has a way.
    """

    family: Callable[[], Family]
    cells: tuple[str, ...]
    forms: Sequence[Form]
    inner: tuple[Key, ...] = ()
    renamed: Mapping[str, str] | None = None
    zero: tuple[str, ...] = ()
    weight: str | None = None
    frequency: str | None = None
    split: tuple[Key, ...] = ()  # what numpy's code says besides the keys
    bincount: Callable[[Array, int, Log], dict[str, Array]] | None = None

    def forms_of(self, peer: str) -> list[Form]:
        return [form for form in self.forms if form.only in ("", peer)]


ROWS = {"rows": Aggregate(pl.len(), "count(*)")}
PLAIN_SIDES = (KEYS["label"], KEYS["pred"])


def from_long(frame: Frame, cells: Sequence[str], of: Sequence[str]) -> Frame:
    """A row a group from one a group and cell: the code says the cell last."""
    cell, code = pl.col("code") % len(cells), pl.col("code") // len(cells)
    prefixes = {"rows": "", "w": "w_", "w2": "w2_"}
    columns = {
        prefixes[name] + label: pl.col(name).filter(cell == at).sum() for name in of for at, label in enumerate(cells)
    }
    return frame.group_by(code).agg(**columns)


def cell_columns(code: Array, size: int, cells: Sequence[str], weights: Array | None = None) -> dict[str, Array]:
    """The columns of cells from a code whose last part is the cell."""
    found = np.bincount(code, weights, size).reshape(-1, len(cells))
    return dict(zip(cells, found.T, strict=True))
