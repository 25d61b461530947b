"""Groups against a reference: difference, ratio, interval and p-value, adjusted for the rows shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.contract.columns import expression, expressions, literal
from fastmetrics.errors import SchemaError, listed, unknown
from fastmetrics.metric import Cells, Metric, value
from fastmetrics.reading.cells import check_whole, group_cells
from fastmetrics.reading.intervals import Comparison, compare_to_total
from fastmetrics.reading.intervals import adjust as adjusted
from fastmetrics.reading.intervals import compare as compare_cells
from fastmetrics.reading.resolve import Asked, resolve
from fastmetrics.reading.results import beside, check_columns, numbered
from fastmetrics.state.layout import WINDOW, check_same
from fastmetrics.state.merging import align_keys
from fastmetrics.state.state import State

__all__ = ["compare"]

OVERALL = "overall"
BOUNDS = tuple(field.name for field in fields(Comparison))
Rows = NDArray[np.int64]


def compare(
    counts: State,
    metric: str | Metric,
    *,
    by: str | Sequence[str],
    to: Any,
    level: float = 0.95,
    adjust: Literal["holm", "bh"] | None = "holm",
) -> pl.DataFrame:
    """A metric of each group against a reference, one row a group.

    Parameters
    ----------
    by
        The keys of the rows; the Counts are rolled up to them first. ``"window"`` may be among them.
    to
        The reference. A value of the first key in ``by``: each group against the one with that value and the same
        other keys. ``"overall"``: against all groups together (in the same window). Other Counts: against the group
        with the same keys there. A dict ``{key: value}`` names the key itself, also where its value is "overall".
    level
        Of the intervals. Rows are taken as independent.
    adjust
        ``"holm"`` (no false alarm among the rows shown), ``"bh"`` (their share), or None.

    Returns
    -------
    polars.DataFrame
        Keys, ``n``, the metric, ``reference``, ``difference`` with ``difference_low`` and ``difference_high``,
        ``ratio`` with its bounds, ``p`` and ``p_adjusted``. Null where either side is undefined or, for bounds and p,
        where the metric has no interval. The reference group itself is not among the rows.

    Raises
    ------
    SchemaError
        An unknown key or metric, a reference that does not occur, or Counts that are a difference.
    MergeError
        Other Counts of another layout.

    >>> import fastmetrics as fm
    >>> log = {"label": [1, 1, 0, 1, 0, 0], "pred": [1, 1, 0, 0, 0, 1], "model": ["a"] * 3 + ["b"] * 3}
    >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
    >>> counts.compare("accuracy", by="model", to="a").select("model", "accuracy", "reference", "difference").row(0)
    ('b', 0.3333333333333333, 1.0, -0.6666666666666667)
    """
    by = (by,) if isinstance(by, str) else tuple(by)
    if not by:
        raise SchemaError("by= names no key; compare() needs at least one, such as by='model'")
    for side in (counts, to):
        if isinstance(side, State):
            check_whole(side)
    rolled = counts.rollup(*by)
    asked = resolve(rolled.layout, [metric])[0]
    check_columns(rolled.layout.outer, result_columns(asked))
    if isinstance(to, State):
        check_same(rolled.layout, to.rollup(*by).layout, "compared")
        return against(rolled, to.rollup(*by), by, by, asked, level, adjust)
    if isinstance(to, str) and to == OVERALL:
        total = counts.rollup(*(key for key in by if key == "window"))
        return against(
            rolled, total, by, tuple(key for key in by if key == "window"), asked, level, adjust, inside=True
        )
    chosen = dict(to) if isinstance(to, Mapping) else {by[0]: to}
    for key in chosen:
        if key not in by:
            raise SchemaError(f"to={to!r}: " + unknown("key", key, by))
    table = rolled.tables[asked.family.name]
    try:
        reference = rolled.filter(**chosen)
    except SchemaError as error:
        held = listed(f"key {key!r} holds {table.schema[columns([key])[0]]}" for key in chosen)
        raise SchemaError(f"to={to!r} is no group: {held}; give a value of that dtype, or 'overall'") from error
    if not reference.rows:
        key, wanted = next(iter(chosen.items()))
        present = table[columns([key])[0]].unique().sort()
        raise SchemaError(unknown(f"reference {key}", wanted, [*map(str, present.to_list()), OVERALL]))
    same = [expression(columns([key])[0]).eq_missing(literal(item)) for key, item in chosen.items()]
    others = rolled.filter(~pl.all_horizontal(same))
    return against(others, reference, by, tuple(key for key in by if key not in chosen), asked, level, adjust)


def columns(by: Sequence[str]) -> list[str]:
    """The columns of keys as `rollup` names them."""
    return [WINDOW if key == "window" else key for key in by]


def read(counts: State, asked: Asked) -> tuple[pl.DataFrame, Cells]:
    """The keys and n of every group, and their cells as one."""
    parts = list(group_cells(counts, asked.family))
    keys = pl.concat([part for part, _ in parts])
    first = parts[0][1]
    if len(parts) == 1:
        return keys, first

    def whole(of: str) -> dict[str, Any]:
        held = [getattr(cells, of) for _, cells in parts]
        return {
            name: np.concatenate([one[name] for one in held]) if len(column) == len(parts[0][0]) else column
            for name, column in held[0].items()
        }

    return keys, Cells(whole("values"), None if first.squares is None else whole("squares"))


def taken(cells: Cells, rows: Any, groups: int) -> Cells:
    """The cells of some groups; what is not one entry a group is left as it is."""

    def some(held: Mapping[str, Any]) -> dict[str, Any]:
        return {name: column[rows] if len(column) == groups else column for name, column in held.items()}

    return Cells(some(cells.values), None if cells.squares is None else some(cells.squares))


def against(
    counts: State,
    reference: State,
    by: Sequence[str],
    shared: Sequence[str],
    asked: Asked,
    level: float,
    adjust: Literal["holm", "bh"] | None,
    *,
    inside: bool = False,
) -> pl.DataFrame:
    """Each group of ``counts`` against the group of ``reference`` with the same shared keys."""
    keys, cells = read(counts, asked)
    other_keys, other_cells = read(reference, asked)
    rows, other_rows = matched(keys, other_keys, columns(shared))
    mine, theirs = taken(cells, rows, len(keys)), taken(other_cells, other_rows, len(other_keys))
    with np.errstate(all="ignore"):
        result: Comparison = (compare_to_total if inside else compare_cells)(asked.metric, mine, theirs, level)
        values, references = value(asked.metric, mine), value(asked.metric, theirs)
    bounds = [getattr(result, name) for name in BOUNDS]
    read_columns = [keys["n"].gather(rows), values, references, *bounds, adjusted(result.p, adjust)]
    results = pl.DataFrame(dict(zip(result_columns(asked), read_columns, strict=True)), nan_to_null=True)
    return beside(keys.select(expressions(columns(by)))[rows], results)


def result_columns(asked: Asked) -> list[str]:
    """The columns beside the keys."""
    return ["n", asked.column, "reference", *BOUNDS, "p_adjusted"]


def matched(left: pl.DataFrame, right: pl.DataFrame, on: Sequence[str]) -> tuple[Rows, Rows]:
    """The rows of two frames that have the same keys; without keys, each row of one with each of the other."""
    keys = numbered(on)
    left, right = align_keys([left, right], on)
    mine, theirs = left.select(**keys, mine=pl.int_range(pl.len())), right.select(**keys, theirs=pl.int_range(pl.len()))
    if keys:
        pairs = mine.join(theirs, on=list(keys), nulls_equal=True, how="inner", maintain_order="left")
    else:
        pairs = mine.join(theirs, how="cross")
    return pairs["mine"].to_numpy(), pairs["theirs"].to_numpy()
