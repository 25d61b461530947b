"""Batches: rows of a log on their way to the cells, column by column as they lie in memory."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Batch", "Batches"]


class Batch(Protocol):
    """Some rows of a log, their columns by place. A record batch of pyarrow is one."""

    def __len__(self) -> int:
        """How many rows there are."""

    def column(self, place: int, /) -> pa.Array:
        """A column."""

    def slice(self, offset: int, length: int, /) -> Batch:
        """The rows from ``offset`` on, at most ``length``, without a copy."""

    def select(self, places: list[int], /) -> Batch:
        """Some of the columns, in this order."""


Batches = Generator[Batch, None, None]  # and no mere iterator: whoever stops early closes it
