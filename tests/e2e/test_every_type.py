"""Every Arrow type in every input: a column that is not read is in nobody's way, what is read counts or is said."""

from __future__ import annotations

import datetime as dt
import decimal
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import fastmetrics as fm
from fastmetrics import FastMetricsError

pytestmark = pytest.mark.filterwarnings("ignore::fastmetrics.NoteWarning")
BINARY = fm.binary("label", "pred")
NOON = dt.datetime(2024, 3, 14, 12)
ONE = decimal.Decimal("1.50")


def union(kind: str) -> pa.Array:
    children = [pa.array([1, 2]), pa.array(["a", "b"])]
    types = pa.array([0, 1], pa.int8())
    if kind == "dense":
        return pa.UnionArray.from_dense(types, pa.array([0, 1], pa.int32()), children)
    return pa.UnionArray.from_sparse(types, children)


ARRAYS: dict[str, pa.Array] = {
    "null": pa.nulls(2),
    "bool": pa.array([True, None]),
    **{str(kind): pa.array([1, None], kind) for kind in (pa.int8(), pa.int64(), pa.uint8(), pa.uint64())},
    **{str(kind): pa.array(np.array([1, 0], kind.to_pandas_dtype()), kind) for kind in (pa.float16(), pa.float32())},
    "double": pa.array([0.5, None]),
    "date32": pa.array([NOON.date(), None]),
    "date64": pa.array([NOON.date(), None], pa.date64()),
    "time32": pa.array([NOON.time(), None], pa.time32("s")),
    "time64": pa.array([NOON.time(), None], pa.time64("ns")),
    **{f"timestamp {unit}": pa.array([NOON, None], pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")},
    **{
        f"timestamp in {zone}": pa.array([NOON, None], pa.timestamp("us", zone))
        for zone in ("UTC", "Europe/Berlin", "+05:30", "-0800", "Mars/Base")
    },
    "duration": pa.array([dt.timedelta(hours=1), None], pa.duration("ms")),
    "interval": pa.array([(1, 2, 3), None], pa.month_day_nano_interval()),
    **{f"decimal128({width})": pa.array([ONE, None], pa.decimal128(width, 2)) for width in (5, 38)},
    "decimal32": pa.array([ONE, None], pa.decimal32(5, 2)),
    "decimal64": pa.array([ONE, None], pa.decimal64(15, 2)),
    **{f"decimal256({width})": pa.array([ONE, None], pa.decimal256(width, 2)) for width in (20, 50)},
    "string": pa.array(["a", None]),
    "large string": pa.array(["a", None], pa.large_string()),
    "string view": pa.array(["a", None], pa.string_view()),
    "binary": pa.array([b"a\xff", None]),
    "fixed binary": pa.array([b"ab", None], pa.binary(2)),
    "binary of no width": pa.array([b"", None], pa.binary(0)),
    "binary view": pa.array([b"a", None], pa.binary_view()),
    "list": pa.array([[1], None]),
    "fixed list": pa.array([[1, 2], None], pa.list_(pa.int8(), 2)),
    "list view": pa.array([[1], None], pa.list_view(pa.int8())),
    "list of offsets": pa.array([[NOON], None], pa.list_(pa.timestamp("us", "+05:30"))),
    "struct": pa.array([{"a": 1}, None]),
    "struct of intervals": pa.array([{"a": (1, 2, 3)}, None], pa.struct({"a": pa.month_day_nano_interval()})),
    "struct of equal names": pa.StructArray.from_arrays([pa.array([1, 2])] * 2, ["a", "a"]),
    "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int8())),
    "dictionary": pa.array(["a", None]).dictionary_encode(),
    "dictionary of numbers": pa.array([7, None]).dictionary_encode(),
    "run-end encoded": pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array([7])),
    "dense union": union("dense"),
    "sparse union": union("sparse"),
    "uuid": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16, None], pa.binary(16))),
}


def log(array: pa.Array) -> pa.Table:
    return pa.table({"label": [1, 0], "pred": [1, 1], "x": array})


def arrow_file(table: pa.Table, root: Path) -> Path:
    with pa.ipc.new_file(root / "log.arrow", table.schema) as writer:
        writer.write_table(table)
    return root / "log.arrow"


def arrow_stream(table: pa.Table, root: Path) -> Path:
    with pa.ipc.new_stream(root / "stream.arrow", table.schema) as writer:
        writer.write_table(table)
    return root / "stream.arrow"


def parquet(table: pa.Table, root: Path) -> Path:
    pq.write_table(table, root / "log.parquet")
    return root / "log.parquet"


class Capsule:
    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


INPUTS: dict[str, Callable[[pa.Table, Path], Any]] = {
    "Table": lambda table, _: table,
    "record batch": lambda table, _: table.to_batches()[0],
    "reader": lambda table, _: table.to_reader(),
    "Dataset": lambda table, _: ds.dataset(table),
    "capsule": lambda table, _: Capsule(table),
    "iterator of batches": lambda table, _: iter(table.to_batches()),
    "iterator of tables": lambda table, _: iter([table, table.slice(0, 0)]),
    "dict of arrays": lambda table, _: {name: table.column(name) for name in table.column_names},
    "DuckDB": lambda table, _: duckdb.connect().from_arrow(table),
    "pandas": lambda table, _: table.to_pandas(),
    "pandas over Arrow": lambda table, _: table.to_pandas(types_mapper=pd.ArrowDtype),
    "Polars": lambda table, _: pl.DataFrame(table),
    "Polars, lazy": lambda table, _: pl.DataFrame(table).lazy(),
    "Parquet": parquet,
    "Parquet, two": lambda table, root: [parquet(table, root), parquet(table, root)],
    "Parquet, open": lambda table, root: io.BytesIO(parquet(table, root).read_bytes()),
    "Arrow": arrow_file,
    "Arrow, open": lambda table, root: io.BytesIO(arrow_file(table, root).read_bytes()),
    "Arrow stream": arrow_stream,
    "Arrow stream, open": lambda table, root: io.BytesIO(arrow_stream(table, root).read_bytes()),
}
QUESTIONS: dict[str, Callable[[Any], fm.Counts]] = {
    "key": lambda data: fm.count(data, BINARY, by="x"),
    "label": lambda data: fm.count(data, fm.binary("x", "pred")),
    "number": lambda data: fm.count(data, fm.regression("x", "pred")),
    "class": lambda data: fm.count(data, fm.classes("x", "pred")),
    "time": lambda data: fm.count(data, BINARY, time="x", every="1d"),
    "weight": lambda data: fm.count(data, BINARY, weight="x"),
    "filter": lambda data: fm.count(data, BINARY, where=pl.col("x").is_null() | pl.col("x").is_not_null()),
}


def made(kind: str, array: pa.Array, root: Path) -> Any:
    """The input, or None where the library that makes it does not take the type itself."""
    try:
        return INPUTS[kind](log(array), root)
    except (Exception, pl.exceptions.PanicException):
        return None


def answer(ask: Callable[[Any], fm.Counts], data: Any) -> int | str:
    """The rows that were counted, or the error."""
    try:
        return ask(data).rows
    except FastMetricsError as error:
        return str(error)


@pytest.mark.parametrize("kind", INPUTS)
def test_a_column_that_is_not_read_is_in_nobodys_way(kind: str, tmp_path: Path) -> None:
    counted = 0
    for name, array in ARRAYS.items():
        if (data := made(kind, array, tmp_path)) is None:
            continue
        rows = fm.count(data, BINARY).rows
        assert (name, rows) == (name, 4 if kind == "Parquet, two" else 2)
        counted += 1
    assert counted > 25


@pytest.mark.parametrize("kind", INPUTS)
def test_a_column_that_is_read_counts_or_is_named(kind: str, tmp_path: Path) -> None:
    asked = QUESTIONS if kind in ("Table", "Arrow stream") else {"key": QUESTIONS["key"]}
    for name, array in ARRAYS.items():
        for role, ask in asked.items():
            if (data := made(kind, array, tmp_path)) is None:
                continue
            said = answer(ask, data)
            fine = said == (4 if kind == "Parquet, two" else 2) or ("'x'" in str(said) and "\n" not in str(said))
            assert fine, (name, role, said)


@pytest.mark.parametrize("kind", ["Table", "reader", "Dataset", "capsule", "DuckDB", "pandas", "Parquet", "Arrow"])
def test_times_at_a_fixed_offset_are_instants(kind: str, tmp_path: Path) -> None:
    array = pa.array([NOON, None], pa.timestamp("us", "+05:30"))
    counts = fm.count(INPUTS[kind](log(array), tmp_path), BINARY, time="x", every="1h")
    assert counts.frame["window_start"].to_list() == [NOON.replace(tzinfo=dt.UTC), None]


def test_columns_of_one_name_are_refused_where_they_are_read() -> None:
    twice = pa.table([[1, 0], [1, 1], [1, 2], [3, 4]], names=["label", "pred", "x", "x"])
    frame = twice.select([0, 1]).to_pandas()
    frame = pd.concat([frame, pd.Series(["a", 1], name="x"), pd.Series([1j, 2], name="x")], axis=1)
    relation = duckdb.connect().sql("select 1 label, 1 pred, 1 x, 2 x")
    for make in (lambda: twice, twice.to_reader, lambda: frame, lambda: relation, lambda: Capsule(twice)):
        assert fm.count(make(), BINARY).rows in (1, 2)
        with pytest.raises(FastMetricsError, match="'x' is there more than once"):
            fm.count(make(), BINARY, by="x")


def test_a_column_of_a_query_that_fails_is_not_asked_for() -> None:
    relation = duckdb.connect().sql("select 1 label, 1 pred, cast('a' as int) bad")
    assert fm.count(relation, BINARY).rows == 1
    with pytest.raises(FastMetricsError, match="'a'"):
        fm.count(relation, BINARY, by="bad")


@pytest.mark.parametrize("write", [parquet, arrow_file, arrow_stream])
def test_columns_of_one_name_in_a_file_are_in_the_way_where_they_are_read(
    write: Callable[[pa.Table, Path], Path], tmp_path: Path
) -> None:
    file = write(pa.table([[1, 0], [1, 1], [1, 2], [3, 4]], names=["label", "pred", "x", "x"]), tmp_path)
    assert fm.count(file, BINARY).rows == 2
    assert fm.count([file, file], BINARY, where="label = 1").rows == 2
    with pytest.raises(fm.SourceError, match="column 'x' has a type that Polars does not know, or the name of another"):
        fm.count(file, BINARY, by="x")


def test_objects_of_pandas_are_named() -> None:
    frame = pd.DataFrame({"label": [1, 0], "pred": [1, 1], "features": pd.Series(["a", 1], dtype=object), "z": [1j, 2]})
    assert fm.count(frame, BINARY).rows == 2
    assert fm.count(iter([frame, frame]), BINARY).rows == 4
    for name in ("features", "z"):
        with pytest.raises(FastMetricsError, match=f"column '{name}'"):
            fm.count(frame, BINARY, by=name)


def test_an_expression_over_all_columns_reads_them() -> None:
    where = pl.any_horizontal(pl.selectors.integer() > 0)
    assert fm.count(log(ARRAYS["double"]), BINARY, where=where).rows == 2
    with pytest.raises(FastMetricsError, match="column 'x' holds month_day_nano_interval"):
        fm.count(log(ARRAYS["interval"]), BINARY, where=where)
