"""From what the threads counted to Counts: codes made one, cells added, tables sorted, grouping sets rolled up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics.contract.family import Family
from fastmetrics.counting.cell_arrays import FEW_GROUPS
from fastmetrics.counting.groups import Codes
from fastmetrics.counting.plan import Plan
from fastmetrics.counting.tally import Place, Tally
from fastmetrics.errors import SchemaError
from fastmetrics.kernels.order import groups_in_order
from fastmetrics.state.layout import GROUPING, Layout, grouping_name
from fastmetrics.state.merging import mark_overflows, merge_tables
from fastmetrics.state.state import State

__all__ = ["Share", "assemble", "check_groups", "merge_into"]

MOST_EMPTY = 16  # largest ids-to-groups ratio at which a full sweep beats sorting


class Share(NamedTuple):
    """What one thread counted: a tally a grouping set, and the value of each code of its outer and inner keys."""

    tallies: list[Tally]
    values: list[pl.Series]
    inner: list[list[pl.Series]]


def assemble(shares: Sequence[Share], plan: Plan, layout: Layout) -> State:
    """Make Counts of the shares of all threads, which are empty afterwards, but for the first."""
    whole = shares[0]
    for share in shares[1:]:
        whole = merge_into(whole, share)
    check_groups(whole.tallies, plan, lambda: whole.values)
    counted = []
    for tally in whole.tallies:
        wanted = {plan.names[key] for key in tally.keys}
        keys = tuple(key for key in layout.keys if key in wanted)
        mine = Layout(layout.families, keys, layout.windows, layout.weighted)
        tables = {
            family.name: table(tally, k, whole, plan.names, mine, family) for k, family in enumerate(layout.families)
        }
        counted.append(State(mine, tables))
    return counted[0] if layout.grouping_sets is None else with_rollups(counted, layout)


def check_groups(tallies: Sequence[Tally], plan: Plan, values: Callable[[], Sequence[pl.Series]]) -> None:
    """Refuse to go on beyond ``max_groups``, and name the key that has the most values."""
    limit = plan.max_groups
    if limit is None or not any(tally.outer.size > limit and tally.groups() > limit for tally in tallies):
        return
    distinct = {name: len(series) - 1 for name, series in zip(plan.names, values(), strict=True)}
    most = max(distinct, key=distinct.__getitem__)
    raise SchemaError(
        f"more than max_groups={limit:,} groups; the key with the most values is {most!r} ({distinct[most]:,} so far): "
        "drop or coarsen a key, or raise the limit"
    )


def merge_into(mine: Share, theirs: Share) -> Share:
    """Move their cells into our tables, their codes translated, and give our tables with the values of both.

    Their tables are empty afterwards.
    """
    values, codes = unified_all(mine.values, theirs.values)
    inner = [unified_all(*pair) for pair in zip(mine.inner, theirs.inner, strict=True)]
    for tally, other in zip(mine.tallies, theirs.tallies, strict=True):
        tally.rows += other.rows
        tally.counted += other.counted
        for k, (_, inner_codes) in enumerate(inner):
            drained = other.drain(k)
            if len(drained.cells.states):
                outer = [codes[key][of] for key, of in zip(tally.keys, drained.outer, strict=True)]
                own = [translate[of] for translate, of in zip(inner_codes, drained.inner, strict=True)]
                tally.make_room([Codes(of, 0, len(values[key])) for key, of in zip(tally.keys, outer, strict=True)])
                tally.absorb(k, drained._replace(outer=outer, inner=own))
    return Share(mine.tallies, values, [series for series, _ in inner])


def unified_all(
    mine: Sequence[pl.Series], theirs: Sequence[pl.Series]
) -> tuple[list[pl.Series], list[NDArray[np.uint32]]]:
    """`unified` for each of several keys."""
    pairs = [unified(*pair) for pair in zip(mine, theirs, strict=True)]
    return [values for values, _ in pairs], [codes for _, codes in pairs]


def unified(mine: pl.Series, theirs: pl.Series) -> tuple[pl.Series, NDArray[np.uint32]]:
    """The values of both, ours first, and the code of each of theirs in it; null is code 0 in all.

    A join copies no text, where `is_in` and `replace_strict` copy all of it.
    """
    first = np.arange(len(theirs), dtype=np.uint32)
    if len(theirs) == 1 or mine.equals(theirs, check_dtypes=True):
        return mine, first
    if len(mine) == 1:  # of a thread that had nothing to count, as most have in a short log
        return theirs, first
    ours = pl.DataFrame({"value": mine[1:], "code": np.arange(1, len(mine), dtype=np.uint32)})
    joined = pl.DataFrame({"value": theirs[1:]}).join(ours, on="value", how="left", maintain_order="left")
    found, new = joined["code"].fill_null(0).to_numpy(), joined["code"].is_null()
    codes = np.where(found, found, len(mine) - 1 + new.cum_sum().to_numpy()).astype(np.uint32)
    return pl.concat([mine, theirs[1:].filter(new)]), np.concatenate([[np.uint32(0)], codes])


def table(tally: Tally, k: int, share: Share, names: Sequence[str], layout: Layout, family: Family) -> pl.DataFrame:
    """The canonical table of a family: its groups in the order of their keys."""
    cells = tally.cells[k]
    marks, groups, occur = cells.occupancy()
    columns = [*(names[key] for key in tally.keys), *family.inner_names]
    values = dict(zip(columns, [*(share.values[key] for key in tally.keys), *share.inner[k]], strict=True))
    # In one chunk each: to gather from two is 7 times slower.
    wanted = {key: values[key].rechunk() for key in layout.key_columns(family)}
    ids, codes = grouped(tally, k, marks, groups, columns, wanted)
    frame = {key: wanted[key][pl.Series(codes[key])] for key in wanted}  # `gather` makes a query of it, 0.4 ms each
    held = cells.columns(ids, occur)
    for name, merge in layout.merges(family).items():
        frame[name] = pl.Series(held[name], nan_to_null=merge != "sum")  # NaN is an extreme of no value
    return mark_overflows(pl.DataFrame(frame), layout, family)


def grouped(
    tally: Tally, k: int, marks: NDArray[np.uint8], groups: int, columns: Sequence[str], values: Mapping[str, pl.Series]
) -> tuple[NDArray[np.uint32], Mapping[str, NDArray[np.uint32]]]:
    """The marked ids in the order of their keys, and the codes of each key."""
    space = math.prod(map(len, values.values()))
    many = groups > FEW_GROUPS and space <= MOST_EMPTY * groups
    if many and values and (places := tally.places(k)) is not None:
        return by_place(marks, groups, dict(zip(columns, places, strict=True)), values)
    found = np.flatnonzero(marks).astype(np.uint32)
    outer_codes, inner_codes = tally.decode(k, found)
    by_column = dict(zip(columns, [*outer_codes, *inner_codes], strict=True))
    order = sorting([(by_column[key], values[key]) for key in values], len(found))
    return found[order], {key: by_column[key][order] for key in values}


def by_place(
    marks: NDArray[np.uint8], groups: int, places: Mapping[str, Place], values: Mapping[str, pl.Series]
) -> tuple[NDArray[np.uint32], Mapping[str, NDArray[np.uint32]]]:
    """Occupied ids in the order of their keys by a sweep over the dense id space, and the codes of each key.

    345,600 groups by model, country and hour take 2 ms; to decode ids and sort them takes 17.
    """
    possible = [values[key][: places[key].room] for key in values]  # codes past the room would alias another key
    orders = np.concatenate([series.arg_sort(nulls_last=True).to_numpy() for series in possible])
    ids, codes = np.empty(groups + 1, np.uint32), np.empty((len(values), groups + 1), np.uint32)
    sizes, in_id = np.array(list(map(len, possible))), np.array([places[key].step for key in values])
    groups_in_order(marks, sizes, in_id, orders, ids, codes.reshape(-1))
    return ids[:groups], dict(zip(values, codes[:, :groups], strict=True))


def sorting(keys: Sequence[tuple[NDArray[Any], pl.Series]], length: int) -> NDArray[Any]:
    """The order of groups by their keys, each as codes and values, nulls last: that of the ranks of the values."""
    space = math.prod(len(values) for _, values in keys)
    if space >= 2**63:
        return np.lexsort([ranked(values)[codes] for codes, values in reversed(keys)])
    place: NDArray[Any] = np.zeros(length, np.int32 if space < 2**31 else np.int64)
    for codes, values in keys:
        place *= len(values)
        place += ranked(values, place.dtype)[codes]
    if space > MOST_EMPTY * length:
        return pl.Series(place).arg_sort().to_numpy()
    at = np.full(space, -1, np.int32)  # every group has a place of its own, and most are taken: no need to sort
    at[place] = np.arange(length, dtype=np.int32)
    return at[at >= 0]


def ranked(values: pl.Series, dtype: Any = np.int64) -> NDArray[Any]:
    """The place of each value in their sorted order, null last."""
    ranks = np.empty(len(values), dtype)
    ranks[values.arg_sort(nulls_last=True).to_numpy()] = np.arange(len(values), dtype=dtype)
    return ranks


def with_rollups(counted: Sequence[State], layout: Layout) -> State:
    """All grouping sets as one Counts; those that were not counted are rolled up from one that was."""
    sets = layout.grouping_sets or ()
    time = ["window"] if layout.windows is not None else []
    tables: dict[str, list[pl.DataFrame]] = {family.name: [] for family in layout.families}
    for wanted in sets:
        source = next(counts for counts in counted if set(wanted) <= set(counts.layout.keys))
        rolled = source.rollup(*wanted, *time)
        for name, table in rolled.tables.items():
            tables[name].append(table.with_columns(pl.lit(grouping_name(wanted)).alias(GROUPING)))
    joined = {
        family.name: merge_tables(
            [pad(table, tables[family.name], layout) for table in tables[family.name]], layout, family
        )
        for family in layout.families
    }
    return State(layout, joined)


def pad(table: pl.DataFrame, others: Sequence[pl.DataFrame], layout: Layout) -> pl.DataFrame:
    """A table with null in the keys that only other grouping sets have."""
    dtypes = {name: dtype for other in others for name, dtype in other.schema.items()}
    missing = [key for key in layout.keys if key not in table.columns and key in dtypes]
    return table.with_columns(pl.lit(None, dtype=dtypes[key]).alias(key) for key in missing)
