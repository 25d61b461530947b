"""Counts: the state of a count, with everything that is read from it as a method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from fastmetrics.contract.family import Family
from fastmetrics.state.state import State

if TYPE_CHECKING:
    import pyarrow as pa
    from altair.typing import ChartType

    from fastmetrics.metric import Better, Metric

__all__ = ["Counts"]


class Counts(State):
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

    @classmethod
    def of(cls, state: State) -> Counts:
        """A state as Counts."""
        return cls(state.layout, state.tables, state.how)

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
        """Metrics in the long form, one row a group and metric. See `fastmetrics.reading.tidy.tidy`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.tidy("recall").select("slice_key", "slice_value", "metric", "value").rows()
        [('model', 'a', 'recall', 1.0), ('model', 'b', 'recall', 0.5)]
        """
        from fastmetrics.reading.tidy import tidy

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

    def worst(
        self,
        metric: str | Metric,
        n: int = 20,
        *,
        min_n: int = 1,
        level: float = 0.95,
        better: Better | None = None,
    ) -> pl.DataFrame:
        """Groups ranked by the cautious bound of a metric, worst first. See `fastmetrics.reading.ranks.worst`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.worst("recall", 1).select("model", "recall", "groups_hidden").rows()
        [('b', 0.5, 0)]
        """
        from fastmetrics.reading.ranks import worst

        return worst(self, metric, n, min_n=min_n, level=level, better=better)

    def at_threshold(self, threshold: float, *, nearest: bool = False) -> Counts:
        """Binary Counts of the scores at another threshold. See `fastmetrics.reading.thresholds.at_threshold`."""
        from fastmetrics.reading.thresholds import at_threshold

        return Counts.of(at_threshold(self, threshold, nearest=nearest))

    def curve(self, kind: str) -> pl.DataFrame:
        """A curve of each group, such as ``roc`` or ``distribution``. See `fastmetrics.reading.thresholds.curve`.

        >>> import fastmetrics as fm
        >>> counts = fm.count({"label": [1, 0, 1], "score": [0.9, 0.4, 0.2]}, fm.scores("label", "score"))
        >>> counts.curve("roc").rows()[:2]
        [(inf, 0.0, 0.0), (0.9, 0.0, 0.5)]
        """
        from fastmetrics.reading.thresholds import curve

        return curve(self, kind)

    def plot(
        self,
        metric: str | Metric | Sequence[str | Metric] | None = None,
        by: str | Sequence[str] | None = None,
        *,
        kind: str | None = None,
        intervals: bool = True,
        level: float = 0.95,
    ) -> ChartType:
        """A picture, as an Altair chart; needs the extra ``plot``. See `fastmetrics.report.plots.plot`."""
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

    def __reduce__(self) -> tuple[Any, ...]:
        from fastmetrics.state.stored_families import users_own

        return Counts.from_bytes, (self.to_bytes(), users_own(self.layout.families))

    def to_arrow(self, *, joint: bool = False) -> pa.Table | dict[str, pa.Table]:
        """The table as Arrow, or one a family where there are several. See `fastmetrics.state.arrow_tables.to_arrow`.

        ``joint`` gives one table of several families too.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> counts.to_arrow().num_rows
        2
        """
        from fastmetrics.state.arrow_tables import to_arrow

        return to_arrow(self, joint)

    @staticmethod
    def from_arrow(tables: pa.Table | Mapping[str, pa.Table], families: Iterable[Family] = ()) -> Counts:
        """Counts from what `to_arrow` gave. See `fastmetrics.state.arrow_tables.from_arrow`.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1, 1], "pred": [1, 1, 0, 1], "model": ["a", "a", "b", "b"]}
        >>> counts = fm.count(log, fm.binary("label", "pred"), by="model")
        >>> fm.Counts.from_arrow(counts.to_arrow()) == counts
        True
        """
        from fastmetrics.state.arrow_tables import from_arrow

        return Counts.of(from_arrow(tables, families))

    def to_bytes(self) -> bytes:
        """What `write` writes, as bytes: Counts of any number of families in one value of an engine's binary column.

        >>> import fastmetrics as fm
        >>> log = {"label": [1, 0, 1], "score": [0.9, 0.4, 0.2]}
        >>> counts = fm.count(log, fm.binary("label", y_score="score", threshold=0.5), fm.scores("label", "score"))
        >>> fm.Counts.from_bytes(counts.to_bytes()) == counts
        True
        """
        from fastmetrics.state.storage import to_bytes

        return to_bytes(self)

    @staticmethod
    def from_bytes(raw: bytes | bytearray | memoryview, families: Iterable[Family] = ()) -> Counts:
        """Counts from what `to_bytes` gave, or from the bytes of a file. See `fastmetrics.state.storage.from_bytes`.

        >>> import fastmetrics as fm
        >>> counts = fm.count({"label": [1, 0], "pred": [1, 1]}, fm.binary("label", "pred"))
        >>> fm.Counts.from_bytes(counts.to_bytes()).rows
        2
        """
        from fastmetrics.state.storage import from_bytes

        return Counts.of(from_bytes(raw, families))

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
