"""Encoded columns, dictionaries with codes and runs, are counted by the one loop as the plain log is."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastmetrics as fm
from equal_counts import assert_equal_counts
from fastmetrics.contract.batches import Columns, Encoded
from fastmetrics.counting.coders.strings import TextCoder
from fastmetrics.counting.dictionaries import Lookup, decoded
from fastmetrics.counting.encoded import ColumnCoder
from fastmetrics.counting.groups import Codes
from fastmetrics.counting.judging import Observations, judge
from fastmetrics.counting.scan import scan
from fastmetrics.counting.views import true_bits
from fastmetrics.errors import DataError
from fastmetrics.kernels.ids import BLOCK
from fastmetrics.schema import Schema
from fastmetrics.sources import Selection, Source, open_source
from fastmetrics.sources.encoded import Arranger, is_encodable
from fastmetrics.sources.series import as_array, as_series
from fastmetrics.state.state import State
from fastmetrics.windows import Windows
from strategies import LAWS
from toy_families import letters

START = datetime(2026, 1, 1)
POOLS: dict[str, tuple[Any, list[Any]]] = {
    "model": (pl.String, ["a", "b", "", "a name of more than twelve bytes", None]),
    "kind": (pl.Categorical, ["x", "y", "NA", None]),
    "number": (pl.Int64, [0, 5, -3, 2**40, None]),
    "share": (pl.Float32, [0.5, float("nan"), -0.0, 0.0, None]),
    "ts": (pl.Datetime("us"), [START + timedelta(minutes=30 * k) for k in range(6)] + [None]),
    "label": (pl.Boolean, [True, False, None]),
    "said": (pl.String, ["yes", "no", "NA", None]),
    "long": (pl.String, ["yes, with more than twelve bytes", "no", None]),
    "sign": (pl.Int8, [1, 0, None]),
    "score": (pl.Float64, [0.0, 0.25, 0.5, 1.0, float("nan"), None]),
    "truth": (pl.Int32, [1, 2, 3, None]),
    "weight": (pl.Float64, [0.0, 0.5, 2.0]),
}


def log(rows: int, seed: int) -> pl.DataFrame:
    """Rows in stretches, so that there are runs of some length."""
    drawn = np.random.default_rng(seed)
    columns = []
    for name, (dtype, values) in POOLS.items():
        numbers = np.sort(drawn.integers(0, rows, rows // 7 + 1))
        picked = drawn.integers(0, len(values), len(numbers) + 1)[np.searchsorted(numbers, np.arange(rows))]
        columns.append(pl.Series(name, [values[k] for k in picked], dtype=dtype))
    return pl.DataFrame(columns)


class Toy:
    """A log handed over in parts whose columns are encoded at random, by a reader that a source may have."""

    def __init__(self, frame: pl.DataFrame, seed: int, parts: int = 3) -> None:
        self.drawn = np.random.default_rng(seed)
        self.frame, self.handed = frame, 0
        ends = [0, *np.sort(self.drawn.integers(0, len(frame) + 1, parts - 1)).tolist(), len(frame)]
        self.parts = [frame[start:end] for start, end in itertools.pairwise(ends) if end > start]
        self.dictionaries = {name: self.dictionary(name) for name in frame.columns}

    def source(self) -> Source:
        return replace(open_source(self.frame), coded=self.coded)

    def coded(self, selection: Selection) -> Iterator[Columns] | None:
        return self.batches(Arranger(selection, self.frame.schema)) if is_encodable(selection) else None

    def batches(self, arranger: Arranger) -> Iterator[Columns]:
        for part in self.parts:
            self.handed += 1
            yield arranger.batch(len(part), {column.name: self.encode(column) for column in part})

    def dictionary(self, name: str) -> Any:
        """Values in any order: some twice, some that no row has, and perhaps null; those of categories are text."""
        dtype, values = POOLS[name]
        beyond = {"number": [77], "ts": [START + timedelta(days=9)], "sign": [7], "weight": [-1.0]}.get(name, [])
        held = [*values, *values[:2], *beyond]
        order = self.drawn.permutation(len(held)).tolist()
        text = pl.String if dtype == pl.Categorical else dtype
        return as_array(pl.Series(name, [held[k] for k in order], dtype=text))

    def encode(self, column: pl.Series) -> pl.Series | Encoded:
        how = self.drawn.integers(0, 4)
        if how == 0:
            return column
        if how == 1:
            self.dictionaries[column.name] = self.dictionary(column.name)
        dictionary = self.dictionaries[column.name]
        codes, valid = self.codes(column, dictionary)
        if how == 3:
            changes = (np.diff(codes) != 0) | (np.diff(valid) != 0) | (self.drawn.random(len(codes) - 1) < 0.1)
            starts = np.flatnonzero(np.concatenate([[True], changes]))
            ends = np.append(starts[1:], len(codes)).astype(np.int64)
            return Encoded(dictionary, codes[starts], valid[starts], ends)
        return Encoded(dictionary, codes, None if valid.all() else valid)

    def codes(self, column: pl.Series, dictionary: Any) -> tuple[Any, Any]:
        """A place of each value, any of those that hold it; of null also none at all."""
        held = list(map(repr, as_series(dictionary).to_list()))
        places = {value: [k for k, other in enumerate(held) if other == value] for value in set(held)}
        codes, valid = np.zeros(len(column), self.drawn.choice(list("BHIbil"))), np.ones(len(column), np.uint8)
        for row, value in enumerate(column.to_list()):
            codes[row] = self.drawn.choice(places[repr(value)])
            if value is None and self.drawn.integers(0, 2):
                codes[row], valid[row] = 99, 0
        return codes, valid


def counted(source: Source, schema: Schema, threads: int = 1) -> State:
    observations = Observations(schema)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fm.NoteWarning)
        return judge(scan(source, schema, threads, observations=observations), observations)


HOURS = {"time": "ts", "windows": Windows("1h")}
SCHEMAS = {
    "binary": Schema((fm.binary("label", "sign"),)),
    "text": Schema((fm.binary("said", pl.col("said").alias("other"), pos_label="yes"),), ("kind",)),
    "long text": Schema((fm.binary("long", "said", pos_label="no"),), ("number",)),
    "threshold": Schema((fm.binary("label", y_score="score", threshold=0.5),), ("model",)),
    "scores": Schema((fm.scores("sign", "score"),), ("model",), **HOURS),
    "classes": Schema((fm.classes("kind", "model"),), ("share",), **HOURS),
    "regression": Schema((fm.regression("truth", "score"),), ("number", "model")),
    "weights": Schema((fm.binary("label", "sign"), fm.scores("label", "score")), ("kind",), weight="weight", **HOURS),
    "every key": Schema((fm.binary("label", "sign"),), ("share", "number", "model", "kind", "label", "truth"), **HOURS),
    "grouping sets": Schema(
        (fm.binary("label", "sign"),), ("model", "kind"), grouping_sets=(("model",), ("kind",), ()), **HOURS
    ),
    "texts": Schema((letters("long", "said"), letters("kind", "model", name="categories")), ("model",)),
    "filtered": Schema((fm.binary("label", "sign"),), ("model",), where=pl.col("number") > 0),
    "computed": Schema((fm.binary("label", "sign"),), (pl.col("number").abs().alias("size"), pl.col("kind"))),
    "null filled": Schema(
        (fm.binary(pl.col("label").fill_null(False), "sign"), fm.classes("kind", pl.col("long").fill_null("x"))),
        (pl.col("model").fill_null("x"), pl.col("number").abs().fill_null(5)),
    ),
}


@pytest.mark.parametrize("which", SCHEMAS)
@LAWS
@given(st.integers(1, 120), st.integers(0, 2**32 - 1), st.sampled_from([1, 3]))
def test_encoded_columns_are_counted_as_the_plain_log(which: str, rows: int, seed: int, threads: int) -> None:
    frame = log(rows, seed)
    toy = Toy(frame, seed)
    assert_equal_counts(counted(toy.source(), SCHEMAS[which], threads), counted(open_source(frame), SCHEMAS[which]))
    assert bool(toy.handed) == (which != "filtered")


BAD: dict[str, tuple[Schema, dict[str, Any], str]] = {
    "weight": (SCHEMAS["weights"], {"weight": -1.0}, "weight column 'weight' holds -1.0"),
    "binary": (SCHEMAS["binary"], {"sign": 7}, "column 'sign' holds 7"),
    "-1 beside 0": (SCHEMAS["binary"], {"sign": -1}, "holds -1 beside 0"),
}


@pytest.mark.parametrize("which", BAD)
def test_a_bad_value_of_a_dictionary_is_an_error_where_a_row_has_it(which: str) -> None:
    schema, held, message = BAD[which]
    ((name, bad),) = held.items()
    frame = log(100, 7).with_columns(pl.col("sign").fill_null(0))
    toy = Toy(frame, 7)
    counted(toy.source(), schema)
    values = [*POOLS[name][1], bad]
    dictionary = as_array(pl.Series(values, dtype=POOLS[name][0]))
    toy.encode = lambda column: (  # type: ignore[method-assign]
        Encoded(dictionary, np.arange(len(column)) % len(values)) if column.name == name else column
    )
    with pytest.raises(DataError, match=message):
        counted(toy.source(), schema)


def test_a_code_beyond_its_dictionary_is_an_error() -> None:
    column = Encoded(as_array(pl.Series(["a", "b"])), np.array([0, 1, 2, 0]), np.array([1, 1, 1, 0], np.uint8))
    filled = Arranger(Selection((pl.col("key").fill_null("x"),), None), pl.Schema({"key": pl.String}))
    for made in (lambda: column, lambda: filled.batch(4, {"key": column}).column(0)):
        with pytest.raises(DataError, match="code 2 is outside a dictionary of 2 values"):
            ColumnCoder(TextCoder(pl.String())).codes(made())
    for code in (-1, 2):
        column = Encoded(as_array(pl.Series([True, False])), np.array([0, code, 1]))
        with pytest.raises(DataError, match="is outside a dictionary of 2 values"):
            Lookup(true_bits).of(column)


def test_values_that_no_row_has_count_as_no_groups() -> None:
    frame = pl.DataFrame({"model": ["a"] * 10, "label": [True] * 10, "sign": [1] * 10})
    toy = Toy(frame, 1)
    toy.parts = [frame]
    toy.encode = lambda column: (  # type: ignore[method-assign]
        Encoded(as_array(pl.Series(list("bca"))), np.full(10, 2)) if column.name == "model" else column
    )
    state = scan(toy.source(), Schema((fm.binary("label", "sign"),), ("model",)), 1, max_groups=1)
    assert state.tables["binary"]["model"].to_list() == ["a"]
    assert state.tables["binary"]["tp"].to_list() == [10]


@LAWS
@given(st.integers(1, 60), st.integers(0, 2**32 - 1), st.data())
def test_a_slice_of_an_encoded_column_holds_its_rows(rows: int, seed: int, data: st.DataObject) -> None:
    frame = log(rows, seed).select("model")
    given = Toy(frame, seed).encode(frame["model"])
    column = as_array(given) if isinstance(given, pl.Series) else given
    offset, length = data.draw(st.integers(0, rows)), data.draw(st.integers(0, rows + 5))
    part = column.slice(offset, length)
    assert len(part) == len(frame["model"].slice(offset, length))
    assert as_series(decoded(part)).to_list() == frame["model"].slice(offset, length).to_list()
    batch = Columns(rows, (column, column)).slice(offset, length).select([1])
    assert len(batch) == len(part)
    assert as_series(decoded(batch.column(0))).to_list() == as_series(decoded(part)).to_list()


def test_a_dictionary_is_coded_once_and_nothing_is_written_for_the_rows_of_long_runs() -> None:
    asked = []

    class Counting(TextCoder):
        def codes(self, column: Any) -> Codes:
            asked.append(len(column))
            return super().codes(column)

    coder = ColumnCoder(Counting(pl.String()))
    dictionary = as_array(pl.Series(["b", "a", "unused"]))
    ends = np.array([5 * BLOCK, 8 * BLOCK, 8 * BLOCK + 1])
    column = Encoded(dictionary, np.array([1, 0, 1], np.uint8), None, ends)
    codes = coder.codes(column)
    assert codes.ranges is not None
    assert codes.ranges.tolist() == [[2, 2]] * 5 + [[1, 1]] * 3 + [[2, 2]]
    assert codes.of_rows().tolist() == [2] * 5 * BLOCK + [1] * 3 * BLOCK + [2]
    for _ in range(3):
        coder.codes(column)
    assert sum(asked) == 2
