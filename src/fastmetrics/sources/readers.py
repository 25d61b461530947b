"""A LazyFrame over what a reader of ours gives, anew for each query."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from fastmetrics.errors import SourceError
from fastmetrics.sources.guard import first_line

__all__ = ["lazily"]


def lazily(name: str, schema: pl.Schema, batches: Callable[[list[str] | None], Iterator[Any]]) -> pl.LazyFrame:
    """A LazyFrame over record batches that are read anew for each query, only the columns that it needs."""
    from polars.io.plugins import register_io_source

    def frames(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        try:
            for batch in batches(columns):
                frame = pl.DataFrame(batch).head(rows) if rows is not None else pl.DataFrame(batch)
                rows = None if rows is None else rows - frame.height
                chosen = frame if columns is None else frame.select(columns)
                yield chosen if predicate is None else chosen.filter(predicate)
                if rows == 0:
                    return
        except (OSError, ValueError) as error:  # all that pyarrow raises is one or the other
            raise SourceError(f"{name} cannot be read: {first_line(error)}") from error

    return register_io_source(io_source=frames, schema=schema)
