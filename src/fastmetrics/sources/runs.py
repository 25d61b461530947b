"""Run-end encoded columns of Arrow, which Polars does not know: as runs that a scan counts, and as Series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from fastmetrics.contract.batches import Encoded
from fastmetrics.sources.series import as_series

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["are_runs", "has_runs", "run_column", "runs_of"]


def are_runs(kind: pa.DataType) -> bool:
    """Whether a type is of columns in runs."""
    import pyarrow as pa

    return bool(pa.types.is_run_end_encoded(kind))


def has_runs(schema: pa.Schema) -> bool:
    """Whether some columns are in runs."""
    return any(map(are_runs, schema.types))


def runs_of(array: pa.Array) -> Encoded:
    """The runs of an array; the value of each is an entry of the dictionary."""
    first, runs = array.find_physical_offset(), array.find_physical_length()
    ends = array.run_ends.slice(first, runs).to_numpy().astype(np.int64)
    codes = np.arange(runs, dtype=np.uint32)
    return Encoded(array.values.slice(first, runs), codes, None, np.minimum(ends - array.offset, len(array)))


def run_column(column: pa.Array | pa.ChunkedArray) -> pl.Series:
    """A column in runs as a Series of its rows."""
    import pyarrow as pa

    parts = [as_series(pa.array([], column.type.value_type))]
    for array in getattr(column, "chunks", [column]):
        runs = runs_of(array)
        parts.append(as_series(runs.dictionary).gather(runs.spread(runs.codes)))
    return pl.concat(parts, rechunk=False)
