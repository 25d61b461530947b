"""`RoleKind`, a row of the table of kinds of roles, and what its readers work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa

from fastmetrics.contract.roles import Role
from fastmetrics.counting.coders.keys import Coder

__all__ = ["MARKED_NULL", "NULL", "Observed", "Reader", "Reading", "RoleKind", "Sample"]

Sample = Callable[[], pl.Series]
WHOLE = (pl.Int64, pl.UInt64, pl.Int128, pl.UInt128)
NULL, MARKED_NULL = 2, 3  # states of binary roles: null, and until it was noted null that was text


@dataclass
class Observed:
    """What the threads observe in a column while they read it; all of them add to the same set and list.

    ``kinds`` are the negatives, 0 or -1, of a column of numbers without ``pos_label``. ``text_nulls`` has the number of
    rows of each block whose text was read as null without being named in ``null_values``.
    """

    kinds: set[int] = field(default_factory=set)
    text_nulls: list[int] = field(default_factory=list)


class Reading(NamedTuple):
    """What one thread reads a role with: where its observations go, and the coder of its inner key, if it has one."""

    observed: Observed
    coder: Coder | None = None


Reader = Callable[[Role, pa.Array, Reading], Any]


def itself(dtype: pl.DataType) -> pl.DataType:
    """The dtype of the values of a column that is no list."""
    return dtype


@dataclass(frozen=True)
class RoleKind:
    """How columns of one kind of role reach their family.

    Attributes
    ----------
    check
        Raises an error where a dtype cannot play the role. ``Sample`` gives the first values of the column.
    carrier
        The expression that carries a column of a dtype that passed the check to the threads.
    read
        What the family gets of a block of the carried column; None where the column does not reach it.
    read_whole
        What reads the column in place of ``read`` where it holds whole numbers of 64 bits or more.
    inner
        Whether the values of the column are those of an inner key of the family.
    values
        The dtype of the values of a column: of a list that of its items.
    by_value
        Whether what the family gets is an array with an entry a row that depends on its value alone, so that a value
        that a dictionary has for many rows is read once.
    slow
        Whether a value takes its family microseconds, as texts do, so that threads share even short batches.
    """

    check: Callable[[Role, pl.DataType, Sample], None]
    carrier: Callable[[Role, pl.Expr, pl.DataType], pl.Expr]
    read: Reader | None = None
    inner: bool = False
    values: Callable[[pl.DataType], pl.DataType] = itself
    by_value: bool = False
    slow: bool = False
    read_whole: Reader | None = None

    def reader(self, dtype: pl.DataType) -> Reader | None:
        """What reads a column of a dtype."""
        return self.read_whole if self.read_whole is not None and dtype in WHOLE else self.read
