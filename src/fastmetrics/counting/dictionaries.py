"""Dictionaries of encoded columns: what is read of a value is read once, and looked up for every row that has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from fastmetrics.aliases import Integers
from fastmetrics.contract.batches import Column, Encoded, code_outside
from fastmetrics.counting.views import NOTHING
from fastmetrics.kernels.codes import look_up
from fastmetrics.sources.series import as_array, as_series

__all__ = ["Lookup", "decoded"]


class Lookup:
    """What is read of the values of a dictionary, once each of them occurs; of the last dictionary alone."""

    def __init__(self, read: Callable[[pa.Array], NDArray[Any]]) -> None:
        self.read = read
        self.dictionary: pa.Array | None = None
        self.known: NDArray[np.uint8] = np.zeros(1, np.uint8)  # null comes before the values
        self.results: NDArray[Any] = np.zeros(1)

    def of(self, column: Encoded) -> NDArray[Any]:
        """What is read of each code of a column."""
        if column.dictionary is not self.dictionary:
            self.dictionary = column.dictionary
            self.known = np.zeros(1 + len(column.dictionary), np.uint8)
            self.results = np.zeros(len(self.known), self.read(column.dictionary.slice(0, 0)).dtype)
        codes, valid = narrow(column.codes), NOTHING if column.valid is None else np.ascontiguousarray(column.valid)
        out, done = np.empty(len(codes), self.results.dtype), 0
        while (done := look_up(codes, valid, self.known, words(self.results), done, words(out))) < len(codes):
            self.meet(places_of(column)[done:], nulls=column.valid is not None)
        return out

    def meet(self, places: Integers, nulls: bool) -> None:
        """Read the values that occur for the first time; place 0 is that of nulls, where there are any."""
        held, least, greatest = len(self.known) - 1, int(places.min()), int(places.max())
        if greatest > held or (least < 1 and not nulls):
            raise code_outside((greatest if greatest > held else least) - 1, held)
        occur = np.zeros(len(self.known), np.uint8)
        occur[places] = 1
        new = np.flatnonzero(occur > self.known)
        self.results[new] = self.read(values_at(self.dictionary, new))
        self.known[new] = 1


def narrow(codes: NDArray[Any]) -> NDArray[Any]:
    """Codes as unsigned numbers of at most 4 bytes; what stands under a null may be any."""
    small = np.ascontiguousarray(codes)
    return small.view(f"u{small.itemsize}") if small.itemsize <= 4 else small.astype(np.uint32)


def words(values: NDArray[Any]) -> NDArray[Any]:
    """Values as the whole numbers of their width."""
    return values.view(f"u{values.itemsize}")


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
