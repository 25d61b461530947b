"""The state of a count: tables of cells keyed by group; merged by adding them up, rolled up by forgetting keys.

This module knows no family and no formula. It sees key columns, and cells that merge by sum, min or max.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

import polars as pl

from fastmetrics.contract.columns import expression, expressions, literal, roots
from fastmetrics.contract.family import Family
from fastmetrics.errors import MergeError, SchemaError, listed, unknown
from fastmetrics.forks import check_process
from fastmetrics.guard import first_line
from fastmetrics.notes import READ_FROM_CELLS, Note, notes_of
from fastmetrics.state.layout import GROUPING, WINDOW, Layout, check_same, difference, grouping_name
from fastmetrics.state.merging import coarsen, merge_tables, unlike
from fastmetrics.state.provenance import filter_how, is_difference, merge_how, negate_how
from fastmetrics.windows import Windows

__all__ = ["State", "arranged", "notes_from_cells", "with_notes"]


@dataclass(frozen=True)
class State:
    """Tables of cells, one a family, keyed by group and window, and how they came to be.

    All that a count is and that adds up; `fastmetrics.Counts` is this with what can be read from it. Rows of the
    tables are sorted by their keys, nulls last, and a group whose summed cells are all zero is not there.
    """

    layout: Layout
    tables: Mapping[str, pl.DataFrame]
    how: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def frame(self) -> pl.DataFrame:
        """Keys and cells of the only family; with several families, see ``tables[name]``."""
        if len(self.tables) > 1:
            raise SchemaError(f"these Counts hold {len(self.tables)} tables; take one of tables[{listed(self.tables)}]")
        return next(iter(self.tables.values()))

    @property
    def rows(self) -> int:
        """Rows read, or those that they stand for by their frequencies; of a difference, rows gained less rows lost."""
        family = self.layout.families[0]
        table = self.tables[family.name]
        if self.layout.grouping_sets is not None:
            table = table.filter(pl.col(GROUPING) == grouping_name(self.layout.grouping_sets[0]))
        return sum(int(table.get_column(state).sum()) for state in family.row_states)  # a query would take 0.1 ms

    def __add__(self, other: State) -> Self:
        if not isinstance(other, State):
            return NotImplemented
        check_same(self.layout, other.layout, "added")
        return self.merged([other])

    def __radd__(self, other: object) -> Self:
        """So that ``sum([monday, tuesday])`` works, which starts at 0."""
        return self if other == 0 else NotImplemented

    def __neg__(self) -> Self:
        negative = {}
        for family in self.layout.families:
            merges = self.layout.merges(family)
            table = self.tables[family.name]
            kept = [cell for cell, merge in merges.items() if merge != "sum" and table[cell].count()]
            if kept:
                raise MergeError(
                    f"family {family.name!r} keeps extremes ({listed(kept)}), which cannot be subtracted; "
                    "count it with extremes=False"
                )
            sums = [cell for cell, merge in merges.items() if merge == "sum"]
            negative[family.name] = table.with_columns(-pl.col(sums))
        return replace(self, tables=negative, how=negate_how(self.how))

    def __sub__(self, other: State) -> Self:
        if not isinstance(other, State):
            return NotImplemented
        check_same(self.layout, other.layout, "subtracted")
        taken = arranged(other, self.layout)
        left, gone = {}, {}
        for family in self.layout.families:
            tables = self.tables[family.name], taken.tables[family.name]
            left[family.name], gone[family.name] = unlike(*tables, self.layout, family)
        return replace(self, tables=left).merged([-replace(taken, tables=gone)])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, State)
            and not difference(self.layout, other.layout)
            and all(alike(table, self.tables[name]) for name, table in arranged(other, self.layout).tables.items())
        )

    __hash__ = None  # type: ignore[assignment]

    def merged(self, others: Sequence[State]) -> Self:
        """All of them added up at once; their layouts agree, and the sum has keys and families in the order of this."""
        layout = self.layout
        if any(other.layout.windows != layout.windows for other in others):
            layout = replace(layout, windows=layout.windows and layout.windows.reduced)
        sides: list[State] = [self, *(arranged(other, layout) for other in others)]
        tables = {
            family.name: merge_tables([side.tables[family.name] for side in sides], layout, family)
            for family in layout.families
        }
        how = merge_how([side.how for side in sides])
        whole = replace(self, layout=layout, tables=tables, how=how)
        return with_notes(whole, notes_of(how))

    def rollup(self, *by: str, every: str | None = None) -> Self:
        """All rows by fewer keys, or by longer windows: exactly the keys named, ``"window"`` among them.

        Parameters
        ----------
        by
            Keys to keep. ``"window"`` keeps the windows.
        every
            Merge windows into longer ones, in the same time zone; each must lie within one of the longer.

        Raises
        ------
        SchemaError
            An unknown key, a window that does not nest, or grouping sets, of which the one wanted is a filter.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0], "pred": [1, 1], "model": ["a", "a"], "country": ["BR", "DE"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by=["model", "country"])
        >>> counts.rollup("model").frame.select("model", "tp", "fp").rows()
        [('a', 1, 1)]
        """
        layout = self.layout
        if layout.grouping_sets is not None:
            sets = [grouping_name(keys) for keys in layout.grouping_sets]
            raise SchemaError(
                f"grouping sets are roll-ups already; pick one with counts.grouping(...) of {listed(map(repr, sets))}"
            )
        known = [*layout.keys, *(["window"] if layout.windows is not None else [])]
        for key in by:
            if key not in known:
                raise SchemaError(unknown("key", key, known))
        if every is not None and "window" not in by:
            raise SchemaError(f"every={every!r} needs the windows: add 'window' to the keys of rollup()")
        windows = layout.windows if "window" in by else None
        tables = dict(self.tables)
        if every is not None and windows is not None:
            coarse = Windows(every, windows.offset, windows.time_zone)
            tables = {name: coarsen(table, windows, coarse) for name, table in tables.items()}
            windows = coarse
        kept = replace(layout, keys=tuple(key for key in layout.keys if key in by), windows=windows)
        return regroup(self, kept, tables)

    def grouping(self, *keys: str) -> Self:
        """One of several grouping sets as Counts of its own; ``grouping()`` is the total.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0], "pred": [1, 1], "model": ["a", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model", grouping_sets=[[], ["model"]])
        >>> counts.grouping().frame["tp"].to_list()
        [1]
        """
        if self.layout.grouping_sets is None:
            raise SchemaError("these Counts have no grouping sets; counts.rollup(...) gives fewer keys")
        sets = {frozenset(wanted): wanted for wanted in self.layout.grouping_sets}
        if frozenset(keys) not in sets:
            raise SchemaError(
                unknown("grouping set", grouping_name(keys), [grouping_name(wanted) for wanted in sets.values()])
            )
        wanted = sets[frozenset(keys)]
        layout = replace(self.layout, keys=wanted, grouping_sets=None)
        tables = {
            family.name: self.tables[family.name].filter(pl.col(GROUPING) == grouping_name(wanted))
            for family in layout.families
        }
        return regroup(self, layout, tables)

    def filter(self, /, *predicates: pl.Expr, **equal: Any) -> Self:
        """The groups whose keys satisfy every predicate; ``country="BR"`` is short for an equality.

        Raises
        ------
        SchemaError
            A predicate that reads something other than a key.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0], "pred": [1, 1], "model": ["a", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.filter(model="b").rows
        1
        """
        check_process()
        equal = {WINDOW if key == "window" else key: value for key, value in equal.items()}
        read = {name for predicate in predicates for name in columns_of(predicate)} | set(equal)
        for family in self.layout.families:
            keys = self.layout.key_columns(family)
            for name in sorted(read):
                if name not in keys:
                    raise SchemaError(f"filter of family {family.name!r}: " + unknown("key", name, keys))
        try:
            tests = [*predicates, *(expression(key).eq_missing(literal(value)) for key, value in equal.items())]
            tables = {name: table.filter(*tests) for name, table in self.tables.items()}
        except (pl.exceptions.PolarsError, TypeError) as error:
            dtypes = self.tables[self.layout.families[0].name].schema
            asked = [*map(str, predicates), *(f"{key!r} = {value!r}" for key, value in equal.items())]
            held = listed(f"key {name!r} holds {dtypes[name]}" for name in sorted(read) if name in dtypes)
            raise SchemaError(f"filter on {listed(asked)}: {first_line(error)}; {held}") from error
        return replace(self, tables=tables, how=filter_how(self.how, tests))


def columns_of(predicate: pl.Expr) -> list[str]:
    """The columns that a predicate of `State.filter` reads, each by its name."""
    if not isinstance(predicate, pl.Expr):
        raise SchemaError(
            f"filter takes expressions such as pl.col('model') == 'a', and key='value'; got {predicate!r}"
        )
    names = roots(predicate)
    if names is None:
        raise SchemaError(f"filter on {predicate}: a predicate names the keys that it reads, as in pl.col('model')")
    return names


S = TypeVar("S", bound=State)


def regroup(counts: S, layout: Layout, tables: Mapping[str, pl.DataFrame]) -> S:
    """State of the class of ``counts``, with tables whose rows are merged by the keys of another layout."""
    merged = {family.name: merge_tables([tables[family.name]], layout, family) for family in layout.families}
    return replace(counts, layout=layout, tables=merged)


def arranged(counts: S, layout: Layout) -> S:
    """Counts under a layout that differs from theirs in the order of keys, sets and families alone."""
    own, sets = counts.layout, {frozenset(keys): grouping_name(keys) for keys in layout.grouping_sets or ()}
    names = {grouping_name(keys): sets[frozenset(keys)] for keys in own.grouping_sets or ()}
    if own.keys == layout.keys and all(old == new for old, new in names.items()):
        return counts
    renamed = [pl.col(GROUPING).replace(names)] if names else []
    tables = {name: table.with_columns(renamed) for name, table in counts.tables.items()}
    return regroup(counts, layout, tables)


def alike(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Whether two tables hold the same, in any order of columns."""
    return set(one.columns) == set(other.columns) and one.select(expressions(other.columns)).equals(other)


def with_notes(counts: S, known: Sequence[Note]) -> S:
    """Counts with the notes known of them, each once, those from cells made anew; a difference keeps what it has."""
    if is_difference(counts.how):
        return replace(counts, how={**counts.how, "notes": list(known)})
    notes = [note for note in known if note.code not in READ_FROM_CELLS]
    for family in counts.layout.families:
        notes += notes_from_cells(counts, family, known)
    return replace(counts, how={**counts.how, "notes": list(dict.fromkeys(notes))})


def notes_from_cells(counts: State, family: Family, known: Sequence[Note]) -> list[Note]:
    """The notes that follow from the cells of a family, each row counted once; none where the family has no `notes`."""
    table, sets = counts.tables[family.name], counts.layout.grouping_sets
    if family.notes is None:
        return []
    return family.notes(table if sets is None else table.filter(pl.col(GROUPING) == grouping_name(sets[0])), known)
