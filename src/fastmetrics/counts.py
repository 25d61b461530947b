"""Counts: tables of cells keyed by group; merged by adding them up, rolled up by forgetting keys.

This module knows no family and no formula. It sees key columns, and cells that merge by sum, min or max.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from fastmetrics.errors import MergeError, SchemaError, listed, unknown
from fastmetrics.forks import check_process
from fastmetrics.notes import READ_FROM_CELLS, Note, notes_of
from fastmetrics.origin import added_how, filtered_how, is_difference, negative_how
from fastmetrics.schema import Cell, Family, expression, expressions, literal
from fastmetrics.windows import Windows
from fastmetrics.wording import said, shortened

if TYPE_CHECKING:
    import pyarrow as pa
    from altair.typing import ChartType

    from fastmetrics.metrics import Metric

__all__ = ["Counts", "Layout"]

WINDOW = "window_start"
GROUPING = "grouping"


@dataclass(frozen=True)
class Layout:
    """What the tables of a Counts hold: the part of the question that outlives the scan.

    ``keys`` are the outer keys without the window; with ``grouping_sets`` there is one more, `grouping`.
    """

    families: tuple[Family, ...]
    keys: tuple[str, ...] = ()
    windows: Windows | None = None
    weighted: bool = False
    grouping_sets: tuple[tuple[str, ...], ...] | None = None

    @property
    def outer(self) -> list[str]:
        """Every outer key column, in order: grouping, keys, window_start."""
        return [
            *([GROUPING] if self.grouping_sets is not None else []),
            *self.keys,
            *([WINDOW] if self.windows is not None else []),
        ]

    def key_columns(self, family: Family) -> list[str]:
        """The outer and inner key columns of a family's table."""
        return [*self.outer, *family.inner_names]

    def merges(self, family: Family) -> dict[str, str]:
        """Each cell column of a family's table and how it merges."""
        return {column: cell.merge for cell in family.cells for column in cell_columns(cell, self.weighted)}

    def family(self, name: str) -> Family:
        """The family called ``name``."""
        for family in self.families:
            if family.name == name:
                return family
        raise SchemaError(unknown("family", name, [family.name for family in self.families]))


def cell_columns(cell: Cell, weighted: bool) -> list[str]:
    """The columns that hold a cell: a float sum is a pair (sum, error), weights add Σw and Σw² of it."""
    if cell.merge != "sum":
        return [cell.name]
    own = [cell.name] if cell.state else [] if weighted else pair(cell.name)
    return own + ([*pair(f"w_{cell.name}"), *pair(f"w2_{cell.name}")] if weighted else [])


def pair(name: str) -> list[str]:
    return [name, f"{name}_error"]


@dataclass(frozen=True)
class Counts:
    """Tables of cells, one a family, keyed by group and window: the state of a count.

    Made by `fastmetrics.count`. Two Counts of the same layout add up with ``+`` exactly as if their rows had been
    counted together; ``-`` gives a signed difference, which is for adding: metrics of a difference are refused. Rows of
    the tables are sorted by their keys, nulls last, and a group whose summed cells are all zero is not there. ``how``
    says how they came to be: rows, notes, what was merged, and which late labels were added.

    >>> import fastmetrics as fm
    >>> family = fm.binary("label", "pred")
    >>> monday = fm.count({"label": [1, 0], "pred": [1, 1], "model": ["a", "a"]}, family, by="model")
    >>> tuesday = fm.count({"label": [1], "pred": [0], "model": ["b"]}, family, by="model")
    >>> (monday + tuesday).frame.select("model", "tp", "fp", "fn").rows()
    [('a', 1, 1, 0), ('b', 0, 0, 1)]
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
        """Rows read; of a difference, rows gained less rows lost."""
        family = self.layout.families[0]
        table = self.tables[family.name]
        if self.layout.grouping_sets is not None:
            table = table.filter(pl.col(GROUPING) == grouping_name(self.layout.grouping_sets[0]))
        return int(table.select(pl.sum_horizontal(pl.col(family.states).sum())).item() or 0)

    def __add__(self, other: Counts) -> Counts:
        if not isinstance(other, Counts):
            return NotImplemented
        check_same(self.layout, other.layout, "added")
        return self.merged([other])

    def __radd__(self, other: object) -> Counts:
        """So that ``sum([monday, tuesday])`` works, which starts at 0."""
        return self if other == 0 else NotImplemented

    def __neg__(self) -> Counts:
        negative = {}
        for family in self.layout.families:
            merges = self.layout.merges(family)
            kept = [cell for cell, merge in merges.items() if merge != "sum"]
            if kept:
                raise MergeError(
                    f"family {family.name!r} keeps extremes ({listed(kept)}), which cannot be subtracted; "
                    "count it with extremes=False"
                )
            negative[family.name] = self.tables[family.name].with_columns(-pl.col(list(merges)))
        return replace(self, tables=negative, how=negative_how(self.how))

    def __sub__(self, other: Counts) -> Counts:
        if not isinstance(other, Counts):
            return NotImplemented
        check_same(self.layout, other.layout, "subtracted")
        return self.merged([-other])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Counts)
            and not difference(self.layout, other.layout)
            and all(self.tables[name].equals(other.tables[name]) for name in self.tables)
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Counts.from_arrow, (self.to_arrow(),)

    def merged(self, others: Sequence[Counts]) -> Counts:
        """All of them added up at once; their layouts agree."""
        tables = {
            family.name: added(
                [self.tables[family.name], *(other.tables[family.name] for other in others)], self.layout, family
            )
            for family in self.layout.families
        }
        how = added_how([self.how, *(other.how for other in others)])
        whole = replace(self, tables=tables, how=how)
        return whole if is_difference(how) else noted(whole, notes_of(how))

    def rollup(self, *by: str, every: str | None = None) -> Counts:
        """The same rows by fewer keys, or by longer windows: exactly the keys named, ``"window"`` among them.

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
            tables = {name: coarser(table, windows, coarse) for name, table in tables.items()}
            windows = coarse
        kept = replace(layout, keys=tuple(key for key in layout.keys if key in by), windows=windows)
        return Counts(kept, {f.name: added([tables[f.name]], kept, f) for f in kept.families}, self.how)

    def grouping(self, *keys: str) -> Counts:
        """One of several grouping sets as Counts of its own; ``grouping()`` is the total.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0], "pred": [1, 1], "model": ["a", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model", grouping_sets=[[], ["model"]])
        >>> counts.grouping().frame["tp"].to_list()
        [1]
        """
        sets = {frozenset(wanted): wanted for wanted in self.layout.grouping_sets or ()}
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
        return Counts(layout, {f.name: added([tables[f.name]], layout, f) for f in layout.families}, self.how)

    def filter(self, *predicates: pl.Expr, **equal: Any) -> Counts:
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
        for family in self.layout.families:
            keys = self.layout.key_columns(family)
            read = {name for predicate in predicates for name in predicate.meta.root_names()} | set(equal)
            for name in sorted(read):
                if name not in keys:
                    raise SchemaError(f"filter of family {family.name!r}: " + unknown("key", name, keys))
        try:
            tests = [*predicates, *(expression(key).eq_missing(literal(value)) for key, value in equal.items())]
            tables = {name: table.filter(*tests) for name, table in self.tables.items()}
        except (pl.exceptions.PolarsError, TypeError) as error:
            dtypes = self.tables[self.layout.families[0].name].schema
            asked = [
                *map(str, predicates),
                *(f"{key!r} ({dtypes.get(key)}) = {value!r}" for key, value in equal.items()),
            ]
            raise SchemaError(f"filter on {listed(asked)}: {str(error).splitlines()[0]}") from error
        return replace(self, tables=tables, how=filtered_how(self.how, tests))

    # What follows belongs to later rooms and is delegated, so that Counts is where users look for it.

    def metrics(
        self,
        *names: str | Metric,
        intervals: bool = False,
        level: float = 0.95,
        period: str | None = None,
        fill_empty: bool = False,
    ) -> pl.DataFrame:
        """Metrics of every group, one row a group. See `fastmetrics.reading.metrics`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.metrics("accuracy", "f1").select("model", "n", "accuracy").rows()
        [('a', 2, 0.5), ('b', 2, 0.5)]
        """
        from fastmetrics.reading import metrics

        return metrics(self, names, intervals=intervals, level=level, period=period, fill_empty=fill_empty)

    def tidy(self, *names: str | Metric, intervals: bool = False, level: float = 0.95) -> pl.DataFrame:
        """Metrics in the long form, one row a group and metric. See `fastmetrics.reading.tidy`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.tidy("recall").select("slice_key", "slice_value", "metric", "value").rows()
        [('model', 'a', 'recall', 1.0), ('model', 'b', 'recall', 0.5)]
        """
        from fastmetrics.reading import tidy

        return tidy(self, names, intervals=intervals, level=level)

    def compare(
        self,
        metric: str | Metric,
        *,
        by: str | Sequence[str],
        to: Any,
        level: float = 0.95,
        adjust: Literal["holm", "bh"] | None = "holm",
    ) -> pl.DataFrame:
        """A metric of each group against a reference, with interval and p. See `fastmetrics.comparing.compare`."""
        from fastmetrics.comparing import compare

        return compare(self, metric, by=by, to=to, level=level, adjust=adjust)

    def worst(self, metric: str | Metric, n: int = 20, *, min_n: int = 1, level: float = 0.95) -> pl.DataFrame:
        """Groups ranked by the cautious bound of a metric, worst first. See `fastmetrics.reading.worst`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.worst("recall", 1).select("model", "recall", "groups_hidden").rows()
        [('b', 0.5, 0)]
        """
        from fastmetrics.reading import worst

        return worst(self, metric, n, min_n=min_n, level=level)

    def at_threshold(self, threshold: float, *, nearest: bool = False) -> Counts:
        """Binary Counts of the scores at another threshold. See `fastmetrics.derived.at_threshold`."""
        from fastmetrics.derived import at_threshold

        return at_threshold(self, threshold, nearest=nearest)

    def curve(self, kind: str) -> pl.DataFrame:
        """The ``roc``, ``pr`` or ``calibration`` curve of each group. See `fastmetrics.derived.curve`.

        >>> import fastmetrics as fm
        >>> counts = fm.count({"label": [1, 0, 1], "score": [0.9, 0.4, 0.2]}, fm.scores("label", "score"))
        >>> counts.curve("roc").rows()[:2]
        [(inf, 0.0, 0.0), (0.9, 0.0, 0.5)]
        """
        from fastmetrics.derived import curve

        return curve(self, kind)

    def plot(
        self,
        metric: str | Metric | None = None,
        by: str | Sequence[str] | None = None,
        *,
        kind: str | None = None,
        intervals: bool = True,
        level: float = 0.95,
    ) -> ChartType:
        """A picture, as an Altair chart; needs ``fastmetrics[plot]``. See `fastmetrics.report.plots.plot`."""
        from fastmetrics.report.plots import plot

        return plot(self, metric, by, kind=kind, intervals=intervals, level=level)

    def per_class(self) -> pl.DataFrame:
        """Precision, recall and F1 of each class in each group. See `fastmetrics.derived.per_class`.

        >>> import fastmetrics as fm
        >>> log = {"label": ["cat", "cat", "dog"], "pred": ["cat", "dog", "dog"]}
        >>> counts = fm.count(log, fm.classes("label", "pred"))
        >>> counts.per_class().select("class", "support", "recall").rows()
        [('cat', 2, 0.5), ('dog', 1, 1.0)]
        """
        from fastmetrics.derived import per_class

        return per_class(self)

    def most_confused(self, n: int = 10) -> pl.DataFrame:
        """The pairs of classes confused most in each group. See `fastmetrics.derived.most_confused`.

        >>> import fastmetrics as fm
        >>> log = {"label": ["cat", "cat", "dog"], "pred": ["cat", "dog", "dog"]}
        >>> counts = fm.count(log, fm.classes("label", "pred"))
        >>> counts.most_confused(1).rows()
        [('cat', 'dog', 1, 0.5)]
        """
        from fastmetrics.derived import most_confused

        return most_confused(self, n)

    def root_cause(self) -> pl.DataFrame:
        """The founding tag of each group. See `fastmetrics.derived.root_cause`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.root_cause().rows()
        [('a', 2, 'Misclassification'), ('b', 2, 'Misclassification')]
        """
        from fastmetrics.derived import root_cause

        return root_cause(self)

    def to_arrow(self) -> pa.Table | dict[str, pa.Table]:
        """The table as Arrow, or one a family where there are several. See `fastmetrics.storage.to_arrow`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.to_arrow().num_rows
        2
        """
        from fastmetrics.storage import to_arrow

        return to_arrow(self)

    @staticmethod
    def from_arrow(tables: pa.Table | Mapping[str, pa.Table], families: Iterable[Family] = ()) -> Counts:
        """Counts from what `to_arrow` gave. See `fastmetrics.storage.from_arrow`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> fm.Counts.from_arrow(counts.to_arrow()) == counts
        True
        """
        from fastmetrics.storage import from_arrow

        return from_arrow(tables, families)

    def write(self, path: str | Path) -> None:
        """Write to one Parquet file, which replaces another in one step. See `fastmetrics.storage.write`."""
        from fastmetrics.storage import write

        write(self, path)

    def __repr__(self) -> str:
        from fastmetrics.report.text import summary

        return summary(self)

    def _repr_html_(self) -> str:
        from fastmetrics.report.text import html

        return html(self)


def noted(counts: Counts, known: Sequence[Note]) -> Counts:
    """Counts with the notes that are known of them; what their cells say of values is read anew."""
    notes = [note for note in known if note.code not in READ_FROM_CELLS]
    for family in counts.layout.families:
        notes += doubts(counts, family, known)
    return replace(counts, how={**counts.how, "notes": notes})


def doubts(counts: Counts, family: Family, known: Sequence[Note]) -> list[Note]:
    """What the cells of a family say of values, counting each row once."""
    table, sets = counts.tables[family.name], counts.layout.grouping_sets
    if family.notes is None:
        return []
    return family.notes(table if sets is None else table.filter(pl.col(GROUPING) == grouping_name(sets[0])), known)


def grouping_name(keys: Iterable[str]) -> str:
    """The value of the `grouping` column for a grouping set."""
    return ",".join(keys)


def group_name(group: Mapping[str, Any]) -> str:
    """A group by its keys: ``model='a', country=None``."""
    return ", ".join(
        f"{said(key)}={shortened(repr(value)) if isinstance(value, str) else value}" for key, value in group.items()
    )


def added(tables: Sequence[pl.DataFrame], layout: Layout, family: Family) -> pl.DataFrame:
    """Tables of one family added up: the canonical table, sorted, without groups of nothing but zeros."""
    check_process()
    keys, merges = layout.key_columns(family), layout.merges(family)
    combine: dict[str, Callable[[pl.Expr], pl.Expr]] = {"sum": pl.Expr.sum, "min": pl.Expr.min, "max": pl.Expr.max}
    cells = [combine[merge](pl.col(cell)) for cell, merge in merges.items()]
    by = expressions(keys)
    whole = pl.concat(aligned([table.select(*by, *merges) for table in tables], keys))
    if not by:
        whole = whole.select(cells)
    elif not in_order(whole, keys):
        whole = whole.group_by(by).agg(cells).sort(by, nulls_last=True)
    something = pl.any_horizontal(pl.col(cell) != 0 for cell, merge in merges.items() if merge == "sum")
    return with_overflows(whole, layout, family).filter(something)


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


def with_overflows(table: pl.DataFrame, layout: Layout, family: Family) -> pl.DataFrame:
    """A table in which sums that overflowed are NaN, as are their errors: it is not known by how much they did."""
    columns = [cell_columns(cell, layout.weighted) for cell in family.cells if cell.merge == "sum"]
    pairs = [names[-2 * k - 2 : len(names) - 2 * k] for names in columns for k in range(len(names) // 2)]
    known = [(pair, pl.sum_horizontal(pair).is_finite()) for pair in pairs]
    return table.with_columns(pl.when(finite).then(pl.col(pair)).otherwise(math.nan) for pair, finite in known)


def aligned(tables: Sequence[pl.DataFrame], keys: Sequence[str]) -> list[pl.DataFrame]:
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
    if (a.is_integer() and b.is_integer()) or (a.is_float() and b.is_float()):
        wider = pl.concat(
            [pl.DataFrame(schema={key: a}), pl.DataFrame(schema={key: b})], how="vertical_relaxed"
        ).schema[key]
        return wider if wider.is_integer() == a.is_integer() else pl.Int128()
    raise MergeError(f"key {key!r} holds {a} in one Counts and {b} in the other; cast it in by= to the same type")


def coarser(table: pl.DataFrame, fine: Windows, coarse: Windows) -> pl.DataFrame:
    """A table in longer windows; refused where a window straddles two of them."""
    starts = table.select(pl.col(WINDOW).unique()).drop_nulls()
    spans = starts.with_columns(end=fine.ends(starts[WINDOW]))
    start, last = pl.col(WINDOW).to_physical(), pl.col("end").to_physical() - 1
    spans = spans.with_columns(into=coarse.truncate(start), into_last=coarse.truncate(last))
    split = spans.filter(pl.col("into") != pl.col("into_last"))
    if len(split):
        raise SchemaError(
            f"windows of {fine.every} do not nest in windows of {coarse.every}: the one from {split[WINDOW][0]} "
            f"to {split['end'][0]} lies in two; count with a shorter every="
        )
    return table.with_columns(pl.col(WINDOW).replace_strict(spans[WINDOW], spans["into"], default=None))


def difference(a: Layout, b: Layout) -> str:
    """The first difference that keeps two layouts from being merged, or nothing."""
    pairs: list[tuple[str, Any, Any]] = [
        ("keys", list(a.keys), list(b.keys)),
        ("windows", a.windows, b.windows),
        ("weights", a.weighted, b.weighted),
        ("grouping sets", a.grouping_sets, b.grouping_sets),
        ("families", [family.name for family in a.families], [family.name for family in b.families]),
    ]
    for what, left, right in pairs:
        if left != right:
            return f"{what} {left} and {right}"
    for mine, other in zip(a.families, b.families, strict=True):
        ours, theirs = mine.identity, other.identity
        for what in {**ours, **theirs}:
            if ours.get(what) != theirs.get(what):
                return f"{what} {ours.get(what)} and {theirs.get(what)} of family {mine.name!r}"
    return ""


def check_same(a: Layout, b: Layout, verb: str) -> None:
    different = difference(a, b)
    if different:
        raise MergeError(f"Counts cannot be {verb}: they differ in {different}")
