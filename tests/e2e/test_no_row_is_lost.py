"""A failure on the way to the last row is an error, in whichever source and thread it happens: never an early end."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from polars.io.plugins import register_io_source

import fastmetrics as fm
from fastmetrics import FastMetricsError
from fastmetrics.sources.batches import streamed

ROWS, BATCH = 40_000, 1_000
LOG = pl.DataFrame({"label": [True, False] * (ROWS // 2), "pred": True, "place": range(ROWS)})
BINARY = fm.binary("label", "pred")
PLANTED: dict[str, Callable[[], BaseException]] = {
    "panic": lambda: pl.exceptions.PanicException("planted"),
    "StopIteration": lambda: StopIteration("planted"),
    "error": lambda: KeyError("planted"),
}


def parquet(folder: Path) -> Any:
    LOG.write_parquet(folder / "log.parquet", row_group_size=BATCH)
    return folder / "log.parquet"


def csv(folder: Path) -> Any:
    LOG.write_csv(folder / "log.csv")
    return folder / "log.csv"


def ndjson(folder: Path) -> Any:
    LOG.write_ndjson(folder / "log.ndjson")
    return folder / "log.ndjson"


def arrow(folder: Path) -> Any:
    LOG.write_ipc(folder / "log.arrow", record_batch_size=BATCH)
    return folder / "log.arrow"


def arrow_stream(folder: Path) -> Any:
    LOG.write_ipc_stream(folder / "log.arrow")
    return folder / "log.arrow"


QUERIED: dict[str, Callable[[Path], Any]] = {
    "Parquet": parquet,
    "CSV": csv,
    "NDJSON": ndjson,
    "Arrow": arrow,
    "Arrow stream": arrow_stream,
    "Dataset": lambda folder: ds.dataset(parquet(folder)),
    "LazyFrame": lambda _: LOG.lazy().filter(pl.col("place") >= 0),
    "DataFrame": lambda _: LOG,
    "Table": lambda _: LOG.to_arrow(),
    "dict": lambda _: LOG.to_dict(),
}


def key_that_fails(how: str) -> pl.Expr:
    """A computed key that fails in one late row."""

    def key(place: pl.Series) -> pl.Series:
        if (place == ROWS - 1).any():
            raise PLANTED[how]()
        return place % 3

    return pl.col("place").map_batches(key, return_dtype=pl.Int64, is_elementwise=True).alias("key")


def frames(how: str) -> Iterator[pl.DataFrame]:
    """Batches that break off in the last but one."""
    for place in range(0, ROWS, BATCH):
        if place == ROWS - 2 * BATCH:
            raise PLANTED[how]()
        yield LOG[place : place + BATCH]


class Frames:
    """An iterator that is no generator, so that a panic or a StopIteration leaves it as it is."""

    def __init__(self, how: str) -> None:
        self.how, self.place = how, 0

    def __iter__(self) -> Frames:
        return self

    def __next__(self) -> pl.DataFrame:
        self.place += BATCH
        if self.place == ROWS - BATCH:
            raise PLANTED[self.how]()
        if self.place > ROWS:
            raise StopIteration
        return LOG[self.place - BATCH : self.place]


def record_batches(how: str) -> pa.RecordBatchReader:
    batches = (batch for frame in frames(how) for batch in frame.to_arrow().to_batches())
    return pa.RecordBatchReader.from_batches(LOG.to_arrow().schema, batches)


class Capsule:
    """Something that gives an Arrow stream, and nothing else."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.stream.__arrow_c_stream__(requested_schema)


def duckdb_relation(_: str) -> Any:
    text = f"case when i = {ROWS * 4 - 1} then 'x' else '1' end"
    return duckdb.connect().sql(f"select cast({text} as int) label, 1 pred from range({ROWS * 4}) t(i)")


STREAMS: dict[str, Callable[[str], Any]] = {
    "generator": frames,
    "RecordBatchReader": record_batches,
    "capsule": lambda how: Capsule(record_batches(how)),
    "DuckDB": duckdb_relation,
    "io source": lambda how: register_io_source(io_source=lambda *_: frames(how), schema=LOG.schema),
    "io source, iterator": lambda how: register_io_source(io_source=lambda *_: Frames(how), schema=LOG.schema),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("how", PLANTED)
@pytest.mark.parametrize("kind", QUERIED)
def test_a_computed_key_that_fails_late_fails_the_count(kind: str, how: str, threads: int, tmp_path: Path) -> None:
    with pytest.raises(FastMetricsError, match="planted") as caught:
        fm.count(QUERIED[kind](tmp_path), BINARY, by=key_that_fails(how), threads=threads)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", PLANTED)
def test_a_filter_that_fails_late_fails_the_count(how: str, tmp_path: Path) -> None:
    for kind in ("Parquet", "DataFrame", "CSV"):
        with pytest.raises(FastMetricsError, match="planted"):
            fm.count(QUERIED[kind](tmp_path), BINARY, where=key_that_fails(how) >= 0)


@pytest.mark.parametrize("how", PLANTED)
def test_text_of_times_that_fails_when_its_head_is_looked_at(how: str) -> None:
    def text(place: str) -> str:
        raise PLANTED[how]()

    time = pl.col("place").map_elements(text, return_dtype=pl.String)
    for log in (LOG, LOG.lazy(), LOG.to_dict()):
        with pytest.raises(fm.SourceError, match="planted"):
            fm.count(log, BINARY, time=time, every="1h")


def test_a_message_of_polars_is_said_without_its_own_names() -> None:
    text = pl.when(pl.col("place") == ROWS - 1).then(pl.lit("x")).otherwise(pl.lit("1"))
    with pytest.raises(fm.DataError) as caught:
        fm.count(LOG, BINARY, by=text.cast(pl.Int64).alias("key"), where=text.cast(pl.Int64) == 1)
    assert "POLARS" not in str(caught.value)


def test_an_object_that_fails_of_being_looked_at() -> None:
    class Wild:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("planted")

    with pytest.raises(fm.SourceError, match="given cannot be read: planted"):
        fm.count(Wild(), BINARY)


@pytest.mark.parametrize("how", PLANTED)
@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_that_breaks_off_fails_the_count(kind: str, how: str) -> None:
    if (kind, how) == ("io source, iterator", "StopIteration"):
        pytest.skip("that is how an iterator says that it ended")
    with pytest.raises(FastMetricsError):
        fm.count(STREAMS[kind](how), BINARY)


def test_an_iterator_may_not_panic_in_silence() -> None:
    with pytest.raises(FastMetricsError, match="planted"):
        fm.count(Frames("panic"), BINARY)


def test_a_source_that_hands_out_too_few_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a library ends early without a word: the footers say how many rows there are."""
    for module in ("source", "selection"):
        monkeypatch.setattr(f"fastmetrics.sources.{module}.streamed", lambda query: streamed(query.head(ROWS - 1)))
    for kind in ("Parquet", "Arrow"):
        with pytest.raises(fm.SourceError, match="40,000 rows, but 39,999"):
            fm.count(QUERIED[kind](tmp_path), BINARY)
    with pytest.raises(fm.SourceError, match="40,000 rows, but 39,999"):
        fm.count(LOG, BINARY, by=(pl.col("place") % 2).alias("key"))


def test_nothing_runs_on_after_a_count_that_was_stopped() -> None:
    before = threading.active_count()
    bad = LOG.with_columns(label=pl.when(pl.col("place") == 5).then(7).otherwise(1)).lazy()
    for threads in (1, 2):
        with pytest.raises(fm.DataError):
            fm.count(bad.with_columns(pl.col("pred").cast(pl.Int8)), BINARY, threads=threads)
        assert threading.active_count() == before


def test_a_query_that_nobody_reads_to_its_end_stops() -> None:
    seen: list[int] = []

    def see(place: pl.Series) -> pl.Series:
        seen.append(len(place))
        return place

    query = pl.concat([LOG.lazy()] * 200).select(
        pl.col("place").map_batches(see, return_dtype=pl.Int64, is_elementwise=True)
    )
    batches = streamed(query)
    next(batches)
    batches.close()
    assert sum(seen) < ROWS * 100


@pytest.mark.parametrize("where", ["opening", "reading"])
def test_a_failed_count_leaves_the_connection_of_the_user_free(where: str) -> None:
    connection = duckdb.connect()
    labels = {"opening": "'no' label", "reading": "case when i = 900000 then 7 else 1 end label"}
    gc.disable()  # which would hide a reader that a cycle keeps alive
    try:
        for threads in (1, 2):
            relation = connection.sql(f"select {labels[where]}, 1 pred from range(1000000) t(i)")
            with pytest.raises(FastMetricsError):
                fm.count(relation, BINARY, threads=threads)
            assert connection.sql("select 42").fetchall() == [(42,)]
            with pytest.raises(FastMetricsError) as kept:
                fm.count(relation, BINARY, threads=threads)
            assert connection.sql("select 42").fetchall() == [(42,)]  # while all that the traceback holds is alive
            del kept
    finally:
        gc.enable()
