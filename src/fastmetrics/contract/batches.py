"""Batches: rows of a log on their way to the cells, column by column as they lie in memory."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastmetrics.aliases import Integers
from fastmetrics.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Batch", "Batches", "Column", "Columns", "Encoded", "code_outside"]


@dataclass(frozen=True, eq=False)
class Encoded:
    """A column as a dictionary and codes: row i holds ``dictionary[codes[i]]`` or, with ``ends``, each row of run i.

    Batches that share a dictionary share the object: what is made of its values is made once.

    Attributes
    ----------
    dictionary : pa.Array
        Of the type of a plain column. It may hold null, a value twice, and values that no row has.
    codes : NDArray of integers
        Places in the dictionary, one a row or one a run; anything where ``valid`` is 0.
    valid : NDArray[np.uint8], optional
        0 for each code that is null, else 1; None where none is.
    ends : NDArray[np.int64], optional
        Where each run ends: the row behind its last, ascending. The last is the number of rows.
    """

    dictionary: pa.Array
    codes: NDArray[Any]
    valid: NDArray[np.uint8] | None = None
    ends: Integers | None = None

    def __len__(self) -> int:
        if self.ends is None:
            return len(self.codes)
        return int(self.ends[-1]) if len(self.ends) else 0

    def slice(self, offset: int, length: int) -> Encoded:
        """The rows from ``offset`` on, at most ``length``."""
        stop = min(offset + length, len(self))
        if self.ends is None or offset >= stop:
            return self.cut(offset, stop, None)
        first, last = np.searchsorted(self.ends, [offset, stop - 1], side="right").tolist()
        return self.cut(first, last + 1, np.minimum(self.ends[first : last + 1], stop) - offset)

    def cut(self, first: int, stop: int, ends: Integers | None) -> Encoded:
        """The codes from ``first`` on, as rows or as runs."""
        valid = None if self.valid is None else self.valid[first:stop]
        return replace(self, codes=self.codes[first:stop], valid=valid, ends=ends)

    def spread(self, read: NDArray[Any]) -> NDArray[Any]:
        """Repeat a value for each run to one for each row."""
        return read if self.ends is None else np.repeat(read, np.diff(self.ends, prepend=0))


def code_outside(code: int, values: int) -> DataError:
    """The error about a code that stands for none of so many values of a dictionary."""
    return DataError(f"code {code} is outside a dictionary of {values} values, whose codes begin at 0")


Column: TypeAlias = "pa.Array | Encoded"


class Batch(Protocol):
    """Some rows of a log, their columns by place. A record batch of pyarrow is one, and so is `Columns`."""

    def __len__(self) -> int:
        """How many rows there are."""

    def column(self, place: int, /) -> Column:
        """A column."""

    def slice(self, offset: int, length: int, /) -> Batch:
        """The rows from ``offset`` on, at most ``length``, without a copy."""

    def select(self, places: list[int], /) -> Batch:
        """Some of the columns, in this order."""


Batches = Generator[Batch, None, None]  # and no mere iterator: whoever stops early closes it


@dataclass(frozen=True, eq=False)
class Columns:
    """A batch whose columns may be encoded."""

    rows: int
    columns: tuple[Column, ...]

    def __len__(self) -> int:
        return self.rows

    def column(self, place: int) -> Column:
        return self.columns[place]

    def slice(self, offset: int, length: int) -> Columns:
        rows = max(min(length, self.rows - offset), 0)
        return Columns(rows, tuple(column.slice(offset, length) for column in self.columns))

    def select(self, places: list[int]) -> Columns:
        return Columns(self.rows, tuple(self.columns[place] for place in places))
