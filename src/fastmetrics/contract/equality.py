"""Equality of what holds expressions, which Polars itself compares into another expression."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

__all__ = ["comparable", "field_values"]

NAN = math.nan  # this one object, as tuples hold a NaN equal to itself


@dataclass(frozen=True, eq=False)
class Formula:
    """An expression that is equal to one of the same operations on the same columns and constants."""

    of: pl.Expr

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and self.of.meta.eq(other.of)

    def __hash__(self) -> int:
        return hash(str(self.of))


def comparable(value: Any) -> Hashable:
    """A hashable stand-in for the value of a field or argument.

    Expressions, NaN, numpy scalars and lists are equal where they mean the same; Booleans are no numbers.
    """
    if isinstance(value, pl.Expr):
        return Formula(value)
    if isinstance(value, (np.generic, np.ndarray)):
        return comparable(value.tolist())
    if isinstance(value, Mapping):
        return frozenset((name, comparable(held)) for name, held in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(comparable, value))
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, float) and math.isnan(value):
        return NAN
    return value  # type: ignore[no-any-return]


def field_values(record: Any) -> Hashable:
    """The fields of a data class as one comparable value."""
    return tuple(comparable(getattr(record, field.name)) for field in fields(record))
