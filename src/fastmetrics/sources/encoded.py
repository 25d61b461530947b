"""Encoded columns as a scan asks for them: what it computes of a column is computed once for each value."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from fastmetrics.contract.batches import Batches, Column, Columns, Encoded, code_outside
from fastmetrics.contract.columns import roots, rowwise
from fastmetrics.sources.runs import are_runs, runs_of
from fastmetrics.sources.selection import Selection, bare
from fastmetrics.sources.series import as_array, as_series

__all__ = ["Arranger", "is_encodable", "run_batches"]


def is_encodable(selection: Selection) -> bool:
    """Whether a selection takes all rows, and of each row only what one column alone gives."""
    reads = [roots(column) for column in selection.columns]
    alone = all(names is not None and len(set(names)) == 1 for names in reads)
    return selection.where is None and alone and all(map(rowwise, selection.columns))


class Arranger:
    """Makes batches of what is selected; of each dictionary what is computed is kept until another comes."""

    def __init__(self, selection: Selection, schema: pl.Schema) -> None:
        self.columns = selection.columns
        self.bare = [bare(column) for column in selection.columns]
        self.names = [names[0] for column in selection.columns if (names := roots(column))]
        self.schema = schema
        self.dictionaries: dict[tuple[int, bool], tuple[Any, Any]] = {}

    def batch(self, rows: int, columns: Mapping[str, pl.Series | Encoded]) -> Columns:
        """The selected columns of so many rows, given by name."""
        return Columns(rows, tuple(self.column(place, columns[name]) for place, name in enumerate(self.names)))

    def column(self, place: int, column: pl.Series | Encoded) -> Column:
        if not isinstance(column, Encoded):
            return self.compute(place, column)
        filled = column.valid is not None and self.fills[place]
        given, computed = self.dictionaries.get((place, filled), (None, None))
        if given is not column.dictionary:
            values = as_series(column.dictionary)
            computed = self.compute(place, values.extend_constant(None, 1) if filled else values)
            self.dictionaries[place, filled] = column.dictionary, computed
        made = replace(column, dictionary=computed)
        return nulls_as_last(made) if filled else made

    @functools.cached_property
    def fills(self) -> list[bool]:
        """Whether each selected column computes a value of null."""
        null = pl.Series([None])
        return [taken is None and self.compute(place, null).null_count == 0 for place, taken in enumerate(self.bare)]

    def compute(self, place: int, values: pl.Series) -> Any:
        """What a selected column is of some values."""
        name, taken = self.names[place], self.bare[place]
        frame = values.alias(name).cast(self.schema[name]).to_frame()
        return as_array(frame.select(self.columns[place]).to_series() if taken is None else taken.of(frame))


def nulls_as_last(column: Encoded) -> Encoded:
    """The column with its null codes as those of the last value of its dictionary."""
    last = len(column.dictionary) - 1
    null = column.valid == 0
    if np.any((column.codes == last) & ~null):
        raise code_outside(last, last)
    return replace(column, codes=np.where(null, np.uint32(last), column.codes), valid=None)


def run_batches(table: Any, frame: pl.DataFrame, selection: Selection) -> Batches | None:
    """A table or record batch of pyarrow as batches with its runs, other columns from the frame that it became."""
    import pyarrow as pa

    if not is_encodable(selection):
        return None
    arranger = Arranger(selection, frame.schema)
    in_runs = {name for name, kind in zip(table.schema.names, table.schema.types, strict=True) if are_runs(kind)}

    def batches() -> Batches:
        start = 0
        for batch in pa.table(table).to_batches():
            part = frame.slice(start, len(batch))
            start += len(batch)
            columns = {
                name: runs_of(batch.column(name)) if name in in_runs else part.get_column(name)
                for name in dict.fromkeys(arranger.names)
            }
            yield arranger.batch(len(batch), columns)

    return batches()
