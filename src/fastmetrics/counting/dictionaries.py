"""Dictionaries of encoded columns: what is read of a value is read once, and looked up for every row that has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.aliases import Integers, Mask
from fastmetrics.contract.batches import Column, Encoded
from fastmetrics.sources.series import as_array, as_series

__all__ = ["Lookup", "decoded"]


class Lookup:
    """What is read of the values of a dictionary, once each of them occurs; of the last dictionary alone."""

    def __init__(self, read: Callable[[pa.Array], NDArray[Any]]) -> None:
        self.read = read
        self.dictionary: pa.Array | None = None
        self.known: Mask = np.zeros(1, np.bool_)  # null comes before the values
        self.results: NDArray[Any] = np.zeros(1)

    def of(self, column: Encoded) -> NDArray[Any]:
        """What is read of each code of a column."""
        if column.dictionary is not self.dictionary:
            self.dictionary = column.dictionary
            self.known = np.zeros(1 + len(column.dictionary), np.bool_)
            self.results = np.zeros(len(self.known), self.read(column.dictionary.slice(0, 0)).dtype)
        places = places_of(column)
        if not self.known.all():
            self.meet(places)
        return self.results.take(places)

    def meet(self, places: Integers) -> None:
        """Read the values that occur for the first time."""
        occur = np.zeros(len(self.known), np.bool_)
        occur[places] = True
        new = np.flatnonzero(occur & ~self.known)
        if len(new):
            self.results[new] = self.read(values_at(self.dictionary, new))
            self.known[new] = True


def places_of(column: Encoded) -> Integers:
    """The places of codes among null and the values of the dictionary."""
    places = column.codes.astype(np.int64) + 1
    return places if column.valid is None else np.where(column.valid, places, 0)


def values_at(dictionary: pa.Array, places: Integers) -> pa.Array:
    """The values at some places among null and the values of a dictionary."""
    indices = pl.Series(places - 1)
    return as_array(as_series(dictionary).gather(indices.set(indices < 0, None)))


def decoded(column: Column) -> pa.Array:
    """A column as a plain one."""
    if not isinstance(column, Encoded):
        return column
    return values_at(column.dictionary, column.spread(places_of(column)))
