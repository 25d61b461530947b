"""Arrow arrays as Series and back, without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["as_array", "as_series"]


class Exported:
    """An Arrow array by its C interface alone: of one of pyarrow's own types Polars imports `pyarrow.compute`, which
    takes a tenth of the first count in a process.
    """

    def __init__(self, array: pa.Array) -> None:
        self.array = array

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        exported: tuple[object, object] = self.array.__arrow_c_array__(requested_schema)
        return exported


def as_series(array: pa.Array) -> pl.Series:
    """An Arrow array as a Series that shares its memory."""
    return pl.Series(Exported(array))


def as_array(series: pl.Series) -> pa.Array:
    """A Series as one Arrow array, which shares its memory where it is in one chunk."""
    import pyarrow as pa

    return pa.chunked_array(series.rechunk()).chunk(0)
