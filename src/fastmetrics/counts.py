"""Counts: tables of cells keyed by group; merged by adding them up, rolled up by forgetting keys.

This module knows no family and no formula. It sees key columns, and cells that merge by sum, min or max.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from fastmetrics.errors import MergeError, SchemaError, listed, unknown
from fastmetrics.forks import check_process
from fastmetrics.notes import READ_FROM_CELLS, Note, notes_of
from fastmetrics.schema import Family, expression, literal
from fastmetrics.state.layout import GROUPING, WINDOW, Layout, check_same, difference, grouping_name
from fastmetrics.state.merging import coarsen, merge_tables
from fastmetrics.state.provenance import filter_how, is_difference, merge_how, negate_how
from fastmetrics.windows import Windows

if TYPE_CHECKING:
    import pyarrow as pa
    from altair.typing import ChartType

    from fastmetrics.metrics import Metric

__all__ = ["Counts"]


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
        return sum(int(table.get_column(state).sum()) for state in family.states)  # a query would take 0.1 ms

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
        return replace(self, tables=negative, how=negate_how(self.how))

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
            family.name: merge_tables(
                [self.tables[family.name], *(other.tables[family.name] for other in others)], self.layout, family
            )
            for family in self.layout.families
        }
        how = merge_how([self.how, *(other.how for other in others)])
        whole = replace(self, tables=tables, how=how)
        return with_notes(whole, notes_of(how))

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
            tables = {name: coarsen(table, windows, coarse) for name, table in tables.items()}
            windows = coarse
        kept = replace(layout, keys=tuple(key for key in layout.keys if key in by), windows=windows)
        return Counts(kept, {f.name: merge_tables([tables[f.name]], kept, f) for f in kept.families}, self.how)

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
        return Counts(layout, {f.name: merge_tables([tables[f.name]], layout, f) for f in layout.families}, self.how)

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
        return replace(self, tables=tables, how=filter_how(self.how, tests))

    # What follows belongs to later rooms and is delegated, so that Counts is where users look for it.

    def metrics(
        self,
        *names: str | Metric,
        intervals: bool = False,
        level: float = 0.95,
        period: str | None = None,
        fill_empty: bool = False,
    ) -> pl.DataFrame:
        """Metrics of every group, one row a group. See `fastmetrics.reading.metrics.metrics`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.metrics("accuracy", "f1").select("model", "n", "accuracy").rows()
        [('a', 2, 0.5), ('b', 2, 0.5)]
        """
        from fastmetrics.reading.metrics import metrics

        return metrics(self, names, intervals=intervals, level=level, period=period, fill_empty=fill_empty)

    def tidy(self, *names: str | Metric, intervals: bool = False, level: float = 0.95) -> pl.DataFrame:
        """Metrics in the long form, one row a group and metric. See `fastmetrics.reading.metrics.tidy`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.tidy("recall").select("slice_key", "slice_value", "metric", "value").rows()
        [('model', 'a', 'recall', 1.0), ('model', 'b', 'recall', 0.5)]
        """
        from fastmetrics.reading.metrics import tidy

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
        """A metric of each group against a reference, with interval and p. See `fastmetrics.reading.compare`."""
        from fastmetrics.reading.compare import compare

        return compare(self, metric, by=by, to=to, level=level, adjust=adjust)

    def worst(self, metric: str | Metric, n: int = 20, *, min_n: int = 1, level: float = 0.95) -> pl.DataFrame:
        """Groups ranked by the cautious bound of a metric, worst first. See `fastmetrics.reading.metrics.worst`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.worst("recall", 1).select("model", "recall", "groups_hidden").rows()
        [('b', 0.5, 0)]
        """
        from fastmetrics.reading.metrics import worst

        return worst(self, metric, n, min_n=min_n, level=level)

    def at_threshold(self, threshold: float, *, nearest: bool = False) -> Counts:
        """Binary Counts of the scores at another threshold. See `fastmetrics.reading.thresholds.at_threshold`."""
        from fastmetrics.reading.thresholds import at_threshold

        return at_threshold(self, threshold, nearest=nearest)

    def curve(self, kind: str) -> pl.DataFrame:
        """The ``roc``, ``pr`` or ``calibration`` curve of each group. See `fastmetrics.reading.thresholds.curve`.

        >>> import fastmetrics as fm
        >>> counts = fm.count({"label": [1, 0, 1], "score": [0.9, 0.4, 0.2]}, fm.scores("label", "score"))
        >>> counts.curve("roc").rows()[:2]
        [(inf, 0.0, 0.0), (0.9, 0.0, 0.5)]
        """
        from fastmetrics.reading.thresholds import curve

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
        """Precision, recall and F1 of each class in each group. See `fastmetrics.reading.thresholds.per_class`.

        >>> import fastmetrics as fm
        >>> log = {"label": ["cat", "cat", "dog"], "pred": ["cat", "dog", "dog"]}
        >>> counts = fm.count(log, fm.classes("label", "pred"))
        >>> counts.per_class().select("class", "support", "recall").rows()
        [('cat', 2, 0.5), ('dog', 1, 1.0)]
        """
        from fastmetrics.reading.thresholds import per_class

        return per_class(self)

    def most_confused(self, n: int = 10) -> pl.DataFrame:
        """The pairs of classes confused most in each group. See `fastmetrics.reading.thresholds.most_confused`.

        >>> import fastmetrics as fm
        >>> log = {"label": ["cat", "cat", "dog"], "pred": ["cat", "dog", "dog"]}
        >>> counts = fm.count(log, fm.classes("label", "pred"))
        >>> counts.most_confused(1).rows()
        [('cat', 'dog', 1, 0.5)]
        """
        from fastmetrics.reading.thresholds import most_confused

        return most_confused(self, n)

    def root_cause(self) -> pl.DataFrame:
        """The founding tag of each group. See `fastmetrics.reading.thresholds.root_cause`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.root_cause().rows()
        [('a', 2, 'Misclassification'), ('b', 2, 'Misclassification')]
        """
        from fastmetrics.reading.thresholds import root_cause

        return root_cause(self)

    def to_arrow(self) -> pa.Table | dict[str, pa.Table]:
        """The table as Arrow, or one a family where there are several. See `fastmetrics.state.storage.to_arrow`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.to_arrow().num_rows
        2
        """
        from fastmetrics.state.storage import to_arrow

        return to_arrow(self)

    @staticmethod
    def from_arrow(tables: pa.Table | Mapping[str, pa.Table], families: Iterable[Family] = ()) -> Counts:
        """Counts from what `to_arrow` gave. See `fastmetrics.state.storage.from_arrow`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> fm.Counts.from_arrow(counts.to_arrow()) == counts
        True
        """
        from fastmetrics.state.storage import from_arrow

        return from_arrow(tables, families)

    def write(self, path: str | Path) -> None:
        """Write to one Parquet file, which replaces another in one step. See `fastmetrics.state.storage.write`."""
        from fastmetrics.state.storage import write

        write(self, path)

    def __repr__(self) -> str:
        from fastmetrics.report.text import summary

        return summary(self)

    def _repr_html_(self) -> str:
        from fastmetrics.report.text import html

        return html(self)


def with_notes(counts: Counts, known: Sequence[Note]) -> Counts:
    """Counts with the notes known of them, each once, those from cells made anew; a difference keeps what it has."""
    if is_difference(counts.how):
        return replace(counts, how={**counts.how, "notes": list(known)})
    notes = [note for note in known if note.code not in READ_FROM_CELLS]
    for family in counts.layout.families:
        notes += notes_from_cells(counts, family, known)
    return replace(counts, how={**counts.how, "notes": list(dict.fromkeys(notes))})


def notes_from_cells(counts: Counts, family: Family, known: Sequence[Note]) -> list[Note]:
    """The notes that follow from the cells of a family, each row counted once; none where the family has no `notes`."""
    table, sets = counts.tables[family.name], counts.layout.grouping_sets
    if family.notes is None:
        return []
    return family.notes(table if sets is None else table.filter(pl.col(GROUPING) == grouping_name(sets[0])), known)
