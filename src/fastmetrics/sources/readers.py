"""A LazyFrame over a reader of record batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from fastmetrics.contract.columns import expressions
from fastmetrics.guard import guarded
from fastmetrics.sources.arrow import as_frame

__all__ = ["scan_batches"]


def scan_batches(name: str, schema: pl.Schema, batches: Callable[[list[str] | None], Iterator[Any]]) -> pl.LazyFrame:
    """A LazyFrame over record batches, read anew for each query; ``batches`` is called with the columns it needs."""
    from polars.io.plugins import register_io_source

    def frames(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        with guarded(f"{name} cannot be read"):
            for batch in batches(columns):
                frame = batch if isinstance(batch, pl.DataFrame) else as_frame(batch)
                if rows is not None:
                    frame = frame.head(rows)
                    rows -= frame.height
                chosen = frame if columns is None else frame.select(expressions(columns))
                yield chosen if predicate is None else chosen.filter(predicate)
                if rows == 0:
                    return

    return register_io_source(io_source=frames, schema=schema)
