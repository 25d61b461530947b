"""Tables of cells, merged: rows of equal keys become one row, each cell by its merge."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import cast

import polars as pl

from fastmetrics.contract.cells import MOST_COUNT, MOST_ROWS, columns_of, count_overflow, rows_overflow
from fastmetrics.contract.columns import expressions
from fastmetrics.contract.family import Family
from fastmetrics.errors import MergeError, SchemaError
from fastmetrics.forks import check_process
from fastmetrics.state.layout import WINDOW, Layout
from fastmetrics.windows import Windows
from fastmetrics.zones import zone_name

__all__ = ["align_keys", "coarsen", "mark_overflows", "merge_tables", "unlike"]


def merge_tables(tables: Sequence[pl.DataFrame], layout: Layout, family: Family) -> pl.DataFrame:
    """Tables of one family added up: the canonical table, sorted, without groups of nothing but zeros.

    Raises
    ------
    MergeError
        Keys without a common dtype, and rows and counts that 64 bits may not hold.
    """
    check_process()
    keys, merges = layout.key_columns(family), layout.merges(family)
    combine: dict[str, Callable[[pl.Expr], pl.Expr]] = {"sum": pl.Expr.sum, "min": pl.Expr.min, "max": pl.Expr.max}
    cells = [combine[merge](pl.col(cell)) for cell, merge in merges.items()]
    by = expressions(keys)
    whole = pl.concat(align_keys([table.select(*by, *merges) for table in tables], keys))
    check_reach(whole, layout, family)
    if not by:
        whole = whole.select(cells)
    elif not in_order(whole, keys):
        whole = whole.group_by(by).agg(cells).sort(by, nulls_last=True)
    something = pl.any_horizontal(pl.col(cell) != 0 for cell, merge in merges.items() if merge == "sum")
    return mark_overflows(whole, layout, family).filter(something)


def unlike(one: pl.DataFrame, other: pl.DataFrame, layout: Layout, family: Family) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two tables of a family without the groups that are the same in both, where it keeps extremes.

    Nothing is left of such a group in the difference of the two, which of others cannot be told of extremes.
    """
    if not family.of_kind("min", "max"):
        return one, other
    keys = layout.key_columns(family)
    one, other = align_keys([one, other], keys)
    columns = expressions([*keys, *layout.merges(family)])
    found = [
        mine.join(theirs, on=columns, how="anti", nulls_equal=True) for mine, theirs in ((one, other), (other, one))
    ]
    return found[0], found[1]


def check_reach(table: pl.DataFrame, layout: Layout, family: Family) -> None:
    """Refuse tables whose rows, counts and limbs of exact sums would not fit into 64 bits if they were added up."""
    check_rows([table[state] for state in family.states], family)
    for column in columns_of(family.of_kind("count", "exact"), layout.weighted, pl.Int64()):
        reach = float(table[column].cast(pl.Float64).abs().sum())
        if reach >= MOST_COUNT:
            raise MergeError(count_overflow(column, family.name, reach))


def check_rows(states: Sequence[pl.Series], family: Family) -> None:
    """Refuse states that would not fit into 64 bits; the largest of each tells nearly always that they do."""
    if sum(len(state) * magnitude(state) for state in states) <= MOST_ROWS:
        return
    rows = sum(int(state.cast(pl.Int128).abs().sum()) for state in states)
    if rows > MOST_ROWS:
        raise MergeError(rows_overflow(family.name, rows))


def magnitude(numbers: pl.Series) -> int:
    """The largest magnitude among some integers."""
    return max(abs(cast(int, end or 0)) for end in (numbers.min(), numbers.max()))


def in_order(table: pl.DataFrame, keys: Sequence[str]) -> bool:
    """Whether the keys of each row come after those of the row before, nulls last: a hundredth of grouping them."""
    same = pl.repeat(True, max(len(table) - 1, 0), eager=True)
    later = ~same
    for key in keys:
        values = table[key].alias("")  # many methods of a Series take its name for a pattern
        one, other = values[:-1], values[1:]
        later |= same & ((one < other).fill_null(False) | (one.is_not_null() & other.is_null()))
        same &= one.eq_missing(other)
    return bool(later.all())


def mark_overflows(table: pl.DataFrame, layout: Layout, family: Family) -> pl.DataFrame:
    """A table in which sums that overflowed are NaN, as are their errors: it is not known by how much they did."""
    columns = layout.merges(family)
    pairs = [(name, f"{name}_error") for name in columns if f"{name}_error" in columns]
    if not pairs:
        return table
    known = [(pair, pl.sum_horizontal(pair).is_finite()) for pair in pairs]
    return table.with_columns(pl.when(finite).then(pl.col(pair)).otherwise(math.nan) for pair, finite in known)


def align_keys(tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> list[pl.DataFrame]:
    """Tables whose key columns have one dtype each: wider integers, Enum of other categories as String."""
    casts = {}
    for key in keys:
        dtypes = [table.schema[key] for table in tables]
        if any(dtype != dtypes[0] for dtype in dtypes):
            casts[key] = reduce(lambda a, b: common_dtype(key, a, b), dtypes)
    return [table.cast(casts) for table in tables] if casts else list(tables)  # type: ignore[arg-type]


def common_dtype(key: str, a: pl.DataType, b: pl.DataType) -> pl.DataType:
    """The dtype that holds the values of both."""
    text = (pl.String, pl.Categorical, pl.Enum)
    if a == b or b == pl.Null:
        return a
    if a == pl.Null:
        return b
    if isinstance(a, text) and isinstance(b, text):
        return pl.String()
    if isinstance(a, pl.Datetime) and isinstance(b, pl.Datetime) and current(a) == current(b):
        return current(a)
    if (a.is_integer() and b.is_integer()) or (a.is_float() and b.is_float()):
        wider = pl.concat(
            [pl.DataFrame(schema={key: a}), pl.DataFrame(schema={key: b})], how="vertical_relaxed"
        ).schema[key]
        return wider if wider.is_integer() == a.is_integer() else pl.Int128()
    typed = [dtype for dtype in (a, b) if dtype != pl.String]
    hint = f", as by=pl.col({key!r}).cast(pl.{typed[0]!r}): keys of a CSV are text" if len(typed) == 1 else ""
    raise MergeError(f"key {key!r} holds {a} in one Counts and {b} in the other; cast it in by= to the same type{hint}")


def current(dtype: pl.Datetime) -> pl.Datetime:
    """A dtype of times with its zone under its current name."""
    return dtype if dtype.time_zone is None else pl.Datetime(dtype.time_unit, zone_name(dtype.time_zone))


def coarsen(table: pl.DataFrame, fine: Windows, coarse: Windows) -> pl.DataFrame:
    """A table in longer windows; refused where a window straddles two of them."""
    starts = table.select(pl.col(WINDOW).unique()).drop_nulls()
    spans = starts.with_columns(end=fine.ends(starts[WINDOW]))
    first, last = (spans[name].to_physical().to_numpy() for name in (WINDOW, "end"))
    into = coarse.start_of(first)
    if (into < coarse.reach[0]).any():
        raise SchemaError(f"windows of {coarse.every} that begin before the year 1 hold some of these Counts")
    split = spans.filter(into != coarse.start_of(last - 1))
    if len(split):
        raise SchemaError(
            f"windows of {fine.every} do not nest in windows of {coarse.every}: the one from {split[WINDOW][0]} "
            f"to {fine.shown(split['end'])[0]} lies in two; count with a shorter every="
        )
    return table.with_columns(pl.col(WINDOW).replace_strict(spans[WINDOW], coarse.local(into), default=None))
