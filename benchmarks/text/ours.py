"""Our side: measures of texts from a frame to metrics, and of that way the part from texts to integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

import fastmetrics as fm
from benchmarks.text.peers import Values
from benchmarks.text.rows import Columns, block
from fastmetrics.contract.family import Family
from fastmetrics.families.text import chosen_measures, metrics_of
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import Measured, count_rows, row_values

__all__ = ["Measurer"]


@dataclass(frozen=True)
class Measurer:
    """Some measures with the options of their family."""

    measures: Sequence[str]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def family(self) -> Family:
        return fm.text("hypothesis", reference="reference", measures=self.measures, **self.options)

    def count(self, frame: pl.DataFrame, threads: int = 1) -> pl.DataFrame:
        """The whole way, from a frame in memory to the metrics of each system."""
        counts = fm.count(frame, self.family, by="system", threads=threads)
        return counts.metrics(*(metric.name for metric in self.family.metrics))

    def integers(self, columns: Columns) -> Measured:
        """The part of it from texts to the integers of each row."""
        options = Options.of(self.options)
        return count_rows(block(columns), chosen_measures(self.measures, True, options), options)

    def values(self, table: pl.DataFrame, measured: Measured, wanted: Values) -> Values:
        """What a peer gave, by us: of all rows from the metrics of one system, of each row from its integers."""
        return Values(
            {name: table[name].item() for name in wanted.whole},
            {name: self.row_values(measured, name) for name in wanted.rows},
        )

    def row_values(self, measured: Measured, name: str) -> Sequence[float]:
        """A metric of each row, or an integer of it."""
        options = Options.of(self.options)
        metrics = metrics_of(chosen_measures(self.measures, True, options), options)
        values = measured.counts[name] if name in measured.counts else row_values(measured, name, metrics)
        found: list[float] = values.tolist()
        return found
