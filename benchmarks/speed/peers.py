"""The sides of a work: fastmetrics and its peers, each on the log in the form it likes best.

Peers are imported where they are used, so that a process that times one of them does not hold the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import fastmetrics as fm
from benchmarks.speed import logs
from benchmarks.speed.forms import Counted, Form
from benchmarks.speed.keys import KEYS, Key, codes, dense, encoded, packed_polars, packed_sql, space
from benchmarks.speed.labelled import BINARY
from benchmarks.speed.race import Side

if TYPE_CHECKING:
    from chdb.session import Session
    from duckdb import DuckDBPyConnection

__all__ = [
    "NAMES",
    "THREADS",
    "Question",
    "bincount",
    "clickhouse",
    "duckdb_sides",
    "numpy_table",
    "ours",
    "polars_sides",
    "sklearn",
]

Table = Callable[[pl.DataFrame], pl.DataFrame]
THREADS = pl.thread_pool_size()
NAMES = ("bincount", "numpy", "Polars", "DuckDB", "ClickHouse", "scikit-learn")


@dataclass(frozen=True)
class Question:
    """What a work counts: a family by keys, of columns of the log; ``roles`` says which column is used as what."""

    counted: Counted
    keys: tuple[str, ...]
    roles: Mapping[str, str]
    text: bool = False  # keys as plain text

    @property
    def outer(self) -> tuple[Key, ...]:
        return tuple(KEYS[key] for key in self.keys)

    @property
    def all_keys(self) -> tuple[Key, ...]:
        return self.outer + self.counted.inner

    def frame(self, log: logs.Log) -> pl.DataFrame:
        found = logs.frame(log, self.roles)
        return found.with_columns(pl.col(pl.Enum).cast(pl.String)) if self.text else found

    def canonical(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The table that is compared: the code of each group, and its cells."""
        cells = [
            pl.col(name).cast(pl.Float64 if frame.schema[name].is_float() else pl.Int64) for name in self.counted.cells
        ]
        return frame.select(pl.col("code").cast(pl.Int64), *cells).sort("code")

    def answer(self, form: Form) -> Table:
        """What a peer gave, as the table that is compared."""
        keys = (*self.all_keys, *form.extra)  # a sum of nothing is null in SQL
        return lambda frame: self.canonical(form.fold(encoded(frame, keys).fill_null(0)))


def ours(data: Any, question: Question, threads: int) -> Side:
    """fastmetrics, on whatever it reads."""
    counted = question.counted
    windows: dict[str, Any] = {"time": "ts", "every": "1h"} if "hour" in question.keys else {}
    by = [key for key in question.keys if key != "hour"]
    family = counted.family()

    def run() -> fm.Counts:
        multiples: dict[str, Any] = {"weight": counted.weight, "frequency": counted.frequency}
        return fm.count(data, family, by=by, threads=threads, **multiples, **windows)

    def table(counts: fm.Counts) -> pl.DataFrame:
        frame = counts.frame.rename(dict(counted.renamed or {}))
        if windows:
            frame = frame.with_columns(hour=pl.col("window_start").dt.replace_time_zone(None))
        left = {name: found for name in counted.zero if (found := frame[name].sum())}
        if left:
            raise SystemExit(f"fastmetrics counted rows that the log does not have: {left}")
        return question.canonical(encoded(frame, question.all_keys))

    return Side("fastmetrics", f"{threads} thread{'s' * (threads > 1)}", run, table)


def polars_sides(data: pl.LazyFrame, question: Question) -> Iterator[Side]:
    """Forms of a streaming query: keys as they are and as one number."""
    for form in question.counted.forms_of("Polars"):
        keys = (*question.all_keys, *form.extra)
        aggregates = {name: aggregate.polars for name, aggregate in form.aggregates.items()}
        ways = {"": [key.value for key in keys]} | ({"one packed key" if keys else "": [packed_polars(keys)]})
        for way, by in ways.items():
            query = data.group_by(by).agg(**aggregates) if keys else data.select(**aggregates).with_columns(code=0)
            yield Side(
                "Polars",
                ", ".join(part for part in ("streaming", form.name, way) if part),
                partial(query.collect, engine="streaming"),
                question.answer(form),
            )


@cache
def duckdb_connection() -> DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    connection.execute(f"CREATE TYPE model AS ENUM {logs.MODELS!r}; CREATE TYPE country AS ENUM {logs.COUNTRIES!r}")
    return connection


def duckdb_table(frame: pl.DataFrame, question: Question) -> str:
    """Load a table of DuckDB's own, its text as ENUM."""
    connection = duckdb_connection()
    connection.register("given", frame.to_arrow())
    enums = {"model", "country"} if not question.text else set()
    columns = ", ".join(f"{name}::{name} AS {name}" if name in enums else name for name in frame.columns)
    connection.execute(f"CREATE OR REPLACE TABLE log AS SELECT {columns} FROM given")
    connection.unregister("given")
    return "log"


def duckdb_sides(source: str, question: Question) -> Iterator[Side]:
    """Forms of a query: hours by either function, keys as they are and as one number."""
    for form in question.counted.forms_of("DuckDB"):
        keys = (*question.all_keys, *form.extra)
        aggregates = ", ".join(f"{aggregate.duckdb} AS {name}" for name, aggregate in form.aggregates.items())
        ways = {}
        if keys:
            for at in range(max(len(key.duckdb) for key in keys)):
                plain = [key.duckdb[min(at, len(key.duckdb) - 1)] for key in keys]
                ways[next((part.partition("(")[0] for part in plain if part.endswith("AS hour")), "")] = plain
        if not question.text:
            ways["one packed key" if keys else ""] = [f"({packed_sql(keys, 'duckdb_code')})::INT AS code"]
        for way, by in ways.items():
            query = f"SELECT {', '.join(by)}, {aggregates} FROM {source} GROUP BY ALL"
            yield Side(
                "DuckDB",
                ", ".join(part for part in (form.name, way) if part),
                partial(duckdb_arrow, query),
                partial(from_arrow, answer=question.answer(form)),
            )


def duckdb_arrow(query: str) -> Any:
    return duckdb_connection().sql(query).to_arrow_table()


def from_arrow(found: Any, answer: Table) -> pl.DataFrame:
    return answer(pl.DataFrame(found))


@cache
def clickhouse_session() -> Session:
    from chdb.session import Session

    return Session()  # in a folder of its own, which it removes


def clickhouse_rows(query: str) -> Any:
    return clickhouse_session().query(query, "RowBinary").bytes()


CLICKHOUSE = {"u1": "UInt8", "u2": "UInt16", "u4": "UInt32", "i4": "Int32", "f4": "Float32", "f8": "Float64"}


def enum(values: Sequence[str]) -> str:
    return f"Enum8({', '.join(f'{value!r} = {code}' for code, value in enumerate(values))})"


def clickhouse_table(log: logs.Log, question: Question) -> None:
    """Load a Memory table: keys as Enum8, sides as UInt8, which is what its sums like."""
    types, given, selected = {}, {}, []
    for name, column in question.roles.items():
        array = log[column]
        given[name] = array.view(np.uint8) if array.dtype == bool else array
        if name in ("model", "country"):
            types[name] = enum(logs.MODELS if name == "model" else logs.COUNTRIES)
            selected.append(f"CAST({name} AS Int8)")
        elif name == "ts":
            types[name] = "DateTime64(6, 'UTC')"
            selected.append("fromUnixTimestamp64Micro(ts, 'UTC')")
        else:
            types[name] = CLICKHOUSE[given[name].dtype.str[1:]]
            selected.append(name)
    session = clickhouse_session()
    session.query("CREATE DATABASE IF NOT EXISTS bench")
    session.query("DROP TABLE IF EXISTS bench.log")
    columns = ", ".join(f"{name} {dtype}" for name, dtype in types.items())
    session.query(f"CREATE TABLE bench.log ({columns}) ENGINE = Memory")
    table = pl.DataFrame(given).to_arrow()  # noqa: F841, the query names it
    session.query(f"INSERT INTO bench.log SELECT {', '.join(selected)} FROM Python(table)")


def from_rows(found: bytes, answer: Table, row: np.dtype[Any]) -> pl.DataFrame:
    rows = np.frombuffer(found, row)
    return answer(pl.DataFrame({name: np.ascontiguousarray(rows[name]) for name in row.names or ()}))


def narrow(keys: Sequence[Key]) -> tuple[str, str]:
    """The narrowest type of ClickHouse that holds a code, and the same for numpy."""
    return next((f"toUInt{bits}", f"<u{bits // 8}") for bits in (8, 16, 32) if space(keys) <= 2**bits)


def clickhouse(log: logs.Log, question: Question) -> Iterator[Side]:
    """Forms of a query by one packed key; it answers in binary rows, which cost it half as much as Arrow."""
    clickhouse_table(log, question)
    for form in question.counted.forms_of("ClickHouse"):
        keys = (*question.all_keys, *form.extra)
        function, dtype = narrow(keys)
        aggregates = ", ".join(
            f"{aggregate.clickhouse or aggregate.duckdb.replace('count(*)', 'count()')} AS {name}"
            for name, aggregate in form.aggregates.items()
        )
        query = (
            f"SELECT {function}({packed_sql(keys, 'clickhouse')}) AS code, {aggregates} FROM bench.log GROUP BY code "
            f"SETTINGS max_threads = {THREADS}"
        )
        row = np.dtype([("code", dtype), *((name, aggregate.dtype) for name, aggregate in form.aggregates.items())])
        yield Side(
            "ClickHouse",
            f"{form.name}, one packed key",
            partial(clickhouse_rows, query),
            partial(from_rows, answer=question.answer(form), row=row),
        )


def bincount(log: logs.Log, question: Question) -> Iterator[Side]:
    """numpy's best: one dense code, and one `bincount` a sum. Its result is an array by code."""
    counted = question.counted
    if counted.bincount is None:
        return
    count, keys = counted.bincount, dense((*question.all_keys, *counted.split))

    def run() -> dict[str, NDArray[Any]]:
        return count(codes(log, dict(question.roles), keys), space(keys), log)

    def table(cells: dict[str, NDArray[Any]]) -> pl.DataFrame:
        groups = np.flatnonzero(sum(cells[name] for name in counted.cells if cells[name].dtype.kind == "i"))
        return question.canonical(pl.DataFrame({"code": groups} | {name: of[groups] for name, of in cells.items()}))

    yield Side("bincount", "numpy, one dense code", run, table)


def numpy_table(log: logs.Log, question: Question) -> Iterator[Side]:
    """numpy's best with the answer of all others: the groups that occur, with the code of each of their keys."""
    keys = dense(question.all_keys)

    def whole(arrays: Side) -> dict[str, NDArray[Any]]:
        cells = arrays.run()
        rows = reduce(np.bitwise_or, (of for of in cells.values() if of.dtype.kind == "i"))
        found = np.flatnonzero(rows)
        columns, code = {name: of[found] for name, of in cells.items()}, found
        for key in reversed(keys):
            columns[key.name], code = code % key.size, code // key.size
        return columns

    def table(columns: dict[str, NDArray[Any]]) -> pl.DataFrame:
        code = np.zeros(len(columns[question.counted.cells[0]]), np.int64)
        for key in keys:
            code = code * key.size + columns[key.name]
        return question.canonical(pl.DataFrame({"code": code} | columns))

    for arrays in bincount(log, question):
        yield Side("numpy", "bincount, a row a group with its keys", partial(whole, arrays), table)


def sklearn(log: logs.Log, question: Question) -> Iterator[Side]:
    """`confusion_matrix` of each group, after one stable (radix) sort by group; slow, so it takes two turns."""
    if question.counted is not BINARY or set(question.keys) - {"model", "country"}:
        return
    from sklearn.metrics import confusion_matrix

    keys = question.outer

    def run() -> list[tuple[int, ...]]:
        code = codes(log, dict(question.roles), keys)
        order = np.argsort(code, kind="stable")
        edges = np.searchsorted(code[order], np.arange(space(keys) + 1))
        label, pred = log["label"][order], log["pred"][order]
        return [
            (group, *confusion_matrix(label[low:high], pred[low:high], labels=[False, True]).ravel())
            for group, (low, high) in enumerate(pairwise(edges))
            if low < high
        ]

    def table(rows: list[tuple[int, ...]]) -> pl.DataFrame:
        return question.canonical(pl.DataFrame(rows, schema=["code", *question.counted.cells], orient="row"))

    yield Side("scikit-learn", "sort, one confusion_matrix a group", run, table, turns=2)
