"""Every row of the tables of inputs, formats and tables over one log: the same Counts, or one clear line."""

from __future__ import annotations

import bz2
import gc
import gzip
import io
import itertools
import json
import os
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import narwhals as nw
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

import fastmetrics as fm
from fastmetrics import DataError, FastMetricsError, SourceError
from fastmetrics.sources import FORMATS, INPUTS, TABLES, open_source

BINARY = fm.binary("label", "pred")


def random_log(rows: int = 3000, seed: int = 0) -> pl.DataFrame:
    """Labels and predictions with nulls, times, and keys that text formats have to quote."""
    rng = np.random.default_rng(seed)

    def some(values: np.ndarray) -> pl.Series:
        return pl.Series(values).set(pl.Series(rng.random(rows) < 0.1), None)

    return pl.DataFrame(
        {
            "label": some(rng.integers(0, 2, rows)),
            "pred": some(rng.integers(0, 2, rows)),
            "score": rng.random(rows),
            "model": some(rng.choice(["a,b", 'the "best"', "über\nline", "plain", "null"], rows)),
            "age": rng.integers(18, 80, rows),
            "ts": pl.Series(rng.integers(0, 5 * 86_400_000_000, rows)).cast(pl.Datetime("us")),
        }
    )


LOG = random_log()


def counted(data: Any, **arguments: Any) -> fm.Counts:
    return fm.count(
        data,
        BINARY,
        fm.regression("score", "score"),
        by=["model", pl.col("age").cast(pl.Int64)],
        time="ts",
        every="1d",
        **arguments,
    )


EXPECTED = counted(LOG, threads=1)


def same(counts: fm.Counts, expected: fm.Counts = EXPECTED) -> bool:
    """Whether cells of whole numbers are equal to the bit and sums but for the order of adding."""
    pairs = [(counts.tables[name], table) for name, table in expected.tables.items()]
    for got, table in pairs:
        if got.columns != table.columns or got.height != table.height:
            return False
        for column in table.columns:
            equal = np.allclose if table.schema[column].is_float() else lambda one, two: one.equals(two)
            if not equal(got[column], table[column]):
                return False
    return counts.rows == expected.rows


def written(log: pl.DataFrame, file: Path) -> Path:
    """The log as a file, in the format that its name says."""
    name = file.name.removesuffix(".gz").removesuffix(".zst").removesuffix(".bz2")
    raw = io.BytesIO()
    if name.endswith((".parquet", ".pq")):
        log.write_parquet(raw)
    elif name.endswith((".csv", ".tsv")):
        log.write_csv(raw, separator="," if name.endswith(".csv") else "\t")
    elif name.endswith((".ndjson", ".jsonl")):
        log.with_columns(pl.col(pl.Datetime).dt.to_string("iso:strict")).write_ndjson(raw)
    elif name.startswith("stream"):
        log.write_ipc_stream(raw)
    else:
        log.write_ipc(raw)
    data = raw.getvalue()
    if file.name.endswith(".gz"):
        data = gzip.compress(data)
    elif file.name.endswith(".zst"):
        data = pa.compress(data, "zstd", asbytes=True)
    elif file.name.endswith(".bz2"):
        data = bz2.compress(data)
    file.write_bytes(data)
    return file


def split(log: pl.DataFrame, folder: Path, ending: str, parts: int = 3) -> Path:
    """The log as a folder of files."""
    folder.mkdir(parents=True, exist_ok=True)
    size = -(-log.height // parts)
    for number, start in enumerate(range(0, log.height, size)):
        written(log[start : start + size], folder / f"part-{number}{ending}")
    (folder / "_SUCCESS").touch()
    (folder / f"_temporary{ending}").write_bytes(b"half of a f")
    return folder


def delta(log: pl.DataFrame, root: Path) -> Path:
    pytest.importorskip("deltalake")
    log[:1000].write_delta(root / "delta")
    log[:1000].write_delta(root / "delta", mode="append")
    log[:2000].write_delta(root / "delta", mode="overwrite")  # the files of before are still there
    log[2000:].write_delta(root / "delta", mode="append")
    return root / "delta"


def iceberg(log: pl.DataFrame, root: Path) -> Any:
    pytest.importorskip("sqlalchemy")
    catalogs = pytest.importorskip("pyiceberg.catalog.memory")
    catalog = catalogs.InMemoryCatalog("local", warehouse=root.as_uri())
    catalog.create_namespace("logs")
    table = catalog.create_table("logs.iceberg", schema=log.to_arrow().schema)
    for start in range(0, log.height, 2000):
        table.append(log[start : start + 2000].to_arrow())
    catalog.engine.dispose()  # Python 3.13 warns of a database that nobody closes
    return table


class Stream:
    """A library that nobody knows, which speaks Arrow."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.data.__arrow_c_stream__(requested_schema)


class Batch:
    """One record batch of such a library."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self.data.__arrow_c_array__(requested_schema)


def batch(log: pl.DataFrame) -> pa.RecordBatch:
    return log.to_arrow().combine_chunks().to_batches()[0]


def batches(log: pl.DataFrame, size: int = 500) -> list[pa.RecordBatch]:
    return log.to_arrow().combine_chunks().to_batches(max_chunksize=size)


def duck(log: pl.DataFrame) -> Any:
    return duckdb.connect().from_arrow(log.to_arrow())


class Table:
    """What we use of an Ibis table."""

    def __init__(self, log: pl.DataFrame) -> None:
        self.to_pyarrow_batches = log.to_arrow().to_reader


Table.__module__ = "ibis.expr.types.relations"


class Kind(NamedTuple):
    """The row of a table it stands for, and how it is made of a log."""

    row: str
    make: Callable[[pl.DataFrame, Path], Any]


def file(name: str) -> Callable[[pl.DataFrame, Path], Path]:
    return lambda log, root: written(log, root / name)


ROWS = {row.name: row for row in (*INPUTS, *FORMATS, *TABLES)}
PATHS = next(name for name in ROWS if name.startswith("path"))
STREAM = next(name for name in ROWS if "__arrow_c_stream__" in name)
BYTES = ("log.parquet", "log.csv", "log.tsv", "log.jsonl", "log.arrow", "stream.arrow", "log.csv.gz", "log.jsonl.zst")
KINDS: dict[str, Kind] = {
    **{f"log{end}": Kind(row.name, file(f"log{end}")) for row in FORMATS for end in row.suffixes},
    **{
        f"folder of {row.suffixes[0]}": Kind(
            row.name, lambda log, root, end=row.suffixes[0]: split(log, root / "f", end)
        )
        for row in FORMATS
    },
    **{
        f"glob of {end}": Kind(PATHS, lambda log, root, end=end: f"{split(log, root / 'f', end)}/part-*{end}")
        for end in (".csv.gz", ".jsonl", ".arrow")
    },
    **{
        f"URI of {row.suffixes[0]}": Kind(
            row.name, lambda log, root, end=row.suffixes[0]: written(log, root / f"log{end}").as_uri()
        )
        for row in FORMATS
    },
    **{
        f"list of URIs of {row.suffixes[0]}": Kind(
            row.name,
            lambda log, root, end=row.suffixes[0]: [
                path.as_uri() for path in sorted(split(log, root / "f", end).glob("part*"))
            ],
        )
        for row in FORMATS
    },
    "URI with a glob": Kind(PATHS, lambda log, root: split(log, root / "f", ".parquet").as_uri() + "/part-*.parquet"),
    "capitals": Kind(PATHS, lambda log, root: written(log, root / "log.csv").rename(root / "LOG.CSV")),
    "stream.arrow": Kind("Arrow", file("stream.arrow")),
    "streams and files of Arrow": Kind(
        "Arrow", lambda log, root: [written(log[:1000], root / "stream.ipc"), written(log[1000:], root / "f.ipc")]
    ),
    "Delta": Kind("Delta", delta),
    "DeltaTable": Kind(
        "deltalake table", lambda log, root: pytest.importorskip("deltalake").DeltaTable(delta(log, root))
    ),
    "Iceberg": Kind("Iceberg", lambda log, root: Path(iceberg(log, root).location().removeprefix("file://"))),
    "Iceberg metadata": Kind("Iceberg", lambda log, root: iceberg(log, root).metadata_location),
    "Iceberg table": Kind("pyiceberg table", iceberg),
    "LazyFrame": Kind("Polars LazyFrame", lambda log, root: log.lazy()),
    "DataFrame": Kind("Polars DataFrame", lambda log, root: log),
    "Table": Kind("pyarrow Table", lambda log, root: log.to_arrow()),
    "RecordBatchReader": Kind(
        "pyarrow RecordBatchReader", lambda log, root: log.to_arrow().to_reader(max_chunksize=99)
    ),
    "Dataset of Parquet": Kind(
        "pyarrow Dataset", lambda log, root: ds.dataset(sorted(split(log, root / "f", ".parquet").glob("part*")))
    ),
    "Dataset in memory": Kind("pyarrow Dataset", lambda log, root: ds.dataset(log.to_arrow())),
    "RecordBatch": Kind(STREAM, lambda log, root: batch(log)),
    "pandas": Kind("pandas DataFrame", lambda log, root: log.to_pandas()),
    "dict": Kind("dict of arrays", lambda log, root: log.to_dict(as_series=False)),
    "narwhals of Polars": Kind("narwhals frame", lambda log, root: nw.from_native(log)),
    "narwhals of lazy Polars": Kind("narwhals frame", lambda log, root: nw.from_native(log.lazy())),
    "narwhals of pandas": Kind("narwhals frame", lambda log, root: nw.from_native(log.to_pandas())),
    "narwhals of pyarrow": Kind("narwhals frame", lambda log, root: nw.from_native(log.to_arrow())),
    "narwhals of DuckDB": Kind("narwhals frame", lambda log, root: nw.from_native(duck(log))),
    "DuckDB": Kind(STREAM, lambda log, root: duck(log)),
    "capsule": Kind(STREAM, lambda log, root: Stream(log.to_arrow())),
    "array capsule": Kind("anything with __arrow_c_array__", lambda log, root: Batch(batch(log))),
    "Ibis": Kind("Ibis table", lambda log, root: Table(log)),
    "iterator of frames": Kind(
        "iterator of frames or record batches", lambda log, root: iter([log[:1], log[1:2000], log[2000:]])
    ),
    "generator of batches": Kind(
        "iterator of frames or record batches", lambda log, root: (each for each in batches(log))
    ),
    "iterator of dicts": Kind(
        "iterator of frames or record batches", lambda log, root: (part.to_dict() for part in log.iter_slices(700))
    ),
    **{
        f"file open: {name}": Kind(
            "binary file", lambda log, root, name=name: io.BytesIO(written(log, root / name).read_bytes())
        )
        for name in BYTES
    },
}


@pytest.mark.filterwarnings("ignore:Iceberg scan planning")
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_log_gives_the_same_counts(kind: str, tmp_path: Path) -> None:
    assert same(counted(KINDS[kind].make(LOG, tmp_path)))


def test_each_row_of_the_tables_has_a_kind() -> None:
    tested = {kind.row for kind in KINDS.values()} | {"'-' for standard input"}  # below, in a process of its own
    assert tested == set(ROWS)


def test_standard_input_through_pipes(tmp_path: Path) -> None:
    script = "import fastmetrics as fm; print(fm.count('-', fm.binary('label', 'pred')).frame.row(0))"
    expected = str(fm.count(LOG, BINARY).frame.row(0))
    for name in BYTES:
        spool = tmp_path / f"spool of {name}"
        spool.mkdir()
        pipe = subprocess.run(
            f'cat "{written(LOG, tmp_path / name)}" | "{sys.executable}" -W error -c "{script}"',
            shell=True,
            capture_output=True,
            text=True,
            env={**os.environ, "TMPDIR": str(spool)},
        )
        assert (name, pipe.stdout.strip(), pipe.stderr) == (name, expected, "")
        assert list(spool.iterdir()) == []


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl", ".arrow", ".csv.gz"])
def test_names_that_look_like_globs(tmp_path: Path, ending: str) -> None:
    folder = split(LOG, tmp_path / "run[1]", ending)
    written(LOG.reverse(), folder.parent / f"1{ending}")
    alone = written(LOG, tmp_path / f"what?[2]{ending}")
    for given in (folder, sorted(folder.glob("part*")), alone):
        assert same(counted(given))


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
@pytest.mark.parametrize(
    "pack", [gzip.compress, lambda data: pa.compress(data, "zstd", asbytes=True)], ids=["gz", "zst"]
)
def test_compressed_files_that_were_appended_to(tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]) -> None:
    raw = written(LOG, tmp_path / f"log{ending}").read_bytes()
    packed = tmp_path / f"log{ending}.gz"
    packed.write_bytes(pack(raw[:1000]) + pack(raw[1000:]))
    assert same(counted(packed))
    assert same(counted(io.BytesIO(packed.read_bytes())))


def test_a_folder_that_may_not_be_read_is_no_empty_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = split(LOG, tmp_path / "f", ".parquet")
    monkeypatch.setattr(os, "access", lambda path, mode: "closed" not in Path(path).name)
    (folder / "_closed").mkdir()
    assert same(counted(folder))
    (folder / "closed").mkdir()
    with pytest.raises(SourceError, match=r"cannot read the folder .*closed"):
        counted(folder)


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(LOG, tmp_path / "log.csv")
    monkeypatch.setenv("HOME", str(tmp_path))
    for given in ("~/log.csv", "~/*.csv", ["~/log.csv"], "~"):
        assert same(counted(given))


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl.gz", ".arrow"])
def test_hive_columns(tmp_path: Path, ending: str) -> None:
    parts = []
    for day, shop in itertools.product(["2024-01-01", "2024-01-02"], ["1", "20"]):
        part = LOG[len(parts) * 100 : len(parts) * 100 + 100].drop("ts")
        folder = tmp_path / f"day={day}" / f"shop={shop}"
        folder.mkdir(parents=True)
        written(part, folder / f"log{ending}")
        parts.append(part.with_columns(day=pl.lit(day).str.to_date(), shop=pl.lit(int(shop))))
    expected = fm.count(pl.concat(parts), BINARY, by=["day", "shop", "model"])
    for on_error in ("raise", "skip"):
        counts = fm.count(tmp_path, BINARY, by=["day", "shop", "model"], on_error=on_error)
        assert counts.frame.equals(expected.frame)
        assert counts.frame.schema["day"] == pl.Date


@pytest.mark.parametrize("kind", ["log.csv", "log.jsonl", "stream.arrow", "Dataset of Parquet", "DuckDB", "capsule"])
def test_where_and_computed_keys(kind: str, tmp_path: Path) -> None:
    question = {
        "by": (pl.col("age") // 10).alias("decade"),
        "where": (pl.col("score") < 0.5) & (pl.col("model") != "plain"),
    }
    expected = fm.count(LOG, BINARY, **question)
    assert fm.count(KINDS[kind].make(LOG, tmp_path), BINARY, **question).frame.equals(expected.frame)


# How many rows there are


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("DataFrame", True),
        ("Table", True),
        ("dict", True),
        ("log.parquet", True),
        ("folder of .parquet", True),
        ("log.arrow", True),
        ("folder of .arrow", True),
        ("stream.arrow", False),
        ("log.csv", False),
        ("LazyFrame", False),
        ("DuckDB", False),
    ],
)
def test_height_is_known_where_it_takes_no_reading(kind: str, known: bool, tmp_path: Path) -> None:
    assert open_source(KINDS[kind].make(LOG, tmp_path)).height() == (LOG.height if known else None)


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_progress_goes_on_over_files(tmp_path: Path, on_error: Any) -> None:
    told: list[tuple[int, int | None]] = []
    folder = split(LOG, tmp_path / "f", ".parquet")
    fm.count(folder, BINARY, on_error=on_error, progress=lambda *heard: told.append(heard))
    assert [rows for rows, _ in told] == sorted(rows for rows, _ in told)
    assert told[-1] == (LOG.height, LOG.height)
    assert {whole for _, whole in told} == {LOG.height}


def test_progress_never_goes_back_after_a_file_that_breaks_off(tmp_path: Path) -> None:
    told: list[int] = []
    files = sorted(split(LOG, tmp_path / "f", ".csv").glob("part*"))
    files[1].write_text(files[1].read_text() + "1,0\n")
    with pytest.warns(UserWarning, match="1 files were skipped"):
        fm.count(files, BINARY, on_error="skip", progress=lambda rows, whole: told.append(rows))
    assert told == sorted(told)


# Streams


ROWS_A_BATCH = 50_000


class Watched:
    """Record batches that say how many of them are alive."""

    schema = pa.schema([("label", pa.int64()), ("pred", pa.int64())])

    def __init__(self) -> None:
        self.made = self.alive = self.peak = 0

    def die(self) -> None:
        self.alive -= 1

    def batches(self, count: int = 200) -> Iterator[pa.RecordBatch]:
        for _ in range(count):
            self.made += 1
            self.alive += 1
            self.peak = max(self.peak, self.alive)
            values = np.zeros(ROWS_A_BATCH, np.int64)
            weakref.finalize(values, self.die)
            column = pa.Array.from_buffers(pa.int64(), ROWS_A_BATCH, [None, pa.py_buffer(values)])
            del values
            yield pa.record_batch([column, column], schema=self.schema)

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema, self.batches())


STREAMS: dict[str, Callable[[Watched], Any]] = {
    "RecordBatchReader": lambda watched: watched.reader(),
    "capsule": lambda watched: Stream(watched.reader()),
    "generator of batches": lambda watched: watched.batches(),
    "generator of frames": lambda watched: map(pl.DataFrame, watched.batches()),
    "narwhals of DuckDB": lambda watched: nw.from_native(duckdb.connect().from_arrow(watched.reader())),
    "DuckDB": lambda watched: duckdb.connect().from_arrow(watched.reader()),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_stays_a_stream(kind: str) -> None:
    watched = Watched()
    source = open_source(STREAMS[kind](watched))
    assert source.stream
    assert watched.made <= 20
    counts = fm.count(STREAMS[kind](watched := Watched()), BINARY, threads=2)
    assert counts.rows == 200 * ROWS_A_BATCH == counts.frame["tn"].sum()
    del counts, source
    gc.collect()
    assert watched.peak < 40 if "DuckDB" in kind else watched.peak < 20
    assert watched.alive == 0


def test_a_bad_value_stops_a_generator_early() -> None:
    made = []

    def frames() -> Iterator[pl.DataFrame]:
        for number in range(10_000):
            made.append(number)
            yield pl.DataFrame({"label": [7], "pred": [1]})

    with pytest.raises(DataError, match="holds 7"):
        fm.count(frames(), BINARY, threads=2)
    assert len(made) < 1000


class Endless(io.RawIOBase):
    """Lines made as they are read, and how far the reader went."""

    def __init__(self, head: bytes, line: bytes, times: int) -> None:
        self.left = iter([head, *[line * 10_000] * times])
        self.rest = b""
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self.rest) < size and (more := next(self.left, b"")):
            self.rest += more
        data, self.rest = self.rest[:size], self.rest[size:]
        self.given += len(data)
        return data


@pytest.mark.parametrize(
    ("head", "line"),
    [(b"label,pred\n", b"1,0\n"), (b"", b'{"label": 1, "pred": 0}\n')],
    ids=["CSV", "NDJSON"],
)
def test_text_of_a_stream_is_read_by_the_block(head: bytes, line: bytes) -> None:
    stream = Endless(head, line * 10, 100)
    source = open_source(stream)
    assert source.stream
    assert stream.given < 10 << 20 < 100 * 100_000 * len(line)
    assert fm.count(Endless(head, line * 10, 100), BINARY).rows == 10_000_000


class Dataset:
    """What we use of a pyarrow Dataset, which reads ahead by itself as far as it is let."""

    schema = Watched.schema.append(pa.field("junk", pa.string()))

    def __init__(self, watched: Watched) -> None:
        self.watched = watched

    def to_batches(self, **arguments: Any) -> Iterator[pa.RecordBatch]:
        assert arguments == {"columns": ["label", "pred"], "batch_readahead": 0, "fragment_readahead": 1}
        return self.watched.batches()


Dataset.__module__ = "pyarrow._dataset"


def test_a_dataset_is_not_pulled_whole() -> None:
    watched = Watched()
    counts = fm.count(Dataset(watched), BINARY, threads=2)
    assert counts.rows == 200 * ROWS_A_BATCH
    gc.collect()
    assert watched.peak < 40
    assert watched.alive == 0


def test_a_look_at_the_first_rows_of_many_batches(tmp_path: Path) -> None:
    log = pa.Table.from_batches(batches(LOG, 2))
    with pa.OSFile(str(tmp_path / "log.arrow"), "wb") as raw, pa.ipc.new_stream(raw, log.schema) as stream:
        stream.write_table(log)
    for given in (ds.dataset(log), tmp_path / "log.arrow"):
        lazy = open_source(given).lazy
        assert lazy is not None
        assert lazy.head(5).collect().equals(LOG.head(5))
        assert lazy.filter(pl.col("age") > 40).head(5).collect().equals(LOG.filter(pl.col("age") > 40).head(5))


# Text: dtypes are a guess


def text(root: Path, **files: str) -> Path:
    for name, content in files.items():
        (root / f"{name}.csv").write_text(content)
    return root


def test_whole_numbers_in_one_file_and_not_in_the_other(tmp_path: Path) -> None:
    text(tmp_path, a="label,pred\n1,1\n", b="label,pred\n1.0,0\n,1\n", c="pred,extra,label\n1,x,0\n")
    for on_error in ("raise", "skip"):
        cells = fm.count(tmp_path, BINARY, on_error=on_error).frame
        assert cells.select("tp", "fn", "fp", "unlabelled_pos").row(0) == (1, 1, 1, 1)


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_column_that_is_empty_at_first(tmp_path: Path, ending: str) -> None:
    """Labels arrive late: the first rows have none, or none of a file has."""
    for labels, expected in (([None] * 20_000 + [1, 0], (1, 1)), ([None] * 20_002, (0, 0)), ([None] * 3, (0, 0))):
        log = pl.DataFrame({"label": pl.Series(labels, dtype=pl.Int64), "pred": 1, "never": None})
        counts = fm.count(written(log, tmp_path / f"log{ending}"), BINARY, by="never")
        assert counts.frame.select("tp", "fp").row(0) == expected
        assert counts.rows == log.height


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz"])
def test_a_header_alone_is_a_log_without_rows(tmp_path: Path, ending: str) -> None:
    path = written(LOG.clear(), tmp_path / f"log{ending}")
    for given in (path, io.BytesIO(path.read_bytes())):
        counts = fm.count(given, BINARY, by="model")
        assert counts.rows == 0
        assert counts.frame.is_empty()
    assert same(fm.count([path, written(LOG, tmp_path / f"b{ending}")], BINARY), fm.count(LOG, BINARY))


def test_a_label_after_a_first_block_without_any(tmp_path: Path) -> None:
    """A stream is not read twice, so here it is an error."""
    with pytest.raises(SourceError, match=r"'label'.*Null in the first rows"):
        fm.count(io.BytesIO(b"label,pred\n" + b",1\n" * 4_000_000 + b"1,1\n"), BINARY)


def test_times_in_text_with_an_offset(tmp_path: Path) -> None:
    text(tmp_path, a="label,pred,ts\n1,1,2024-01-01T00:30:00+02:00\n0,1,2024-01-01T00:30:00Z\n")
    starts = fm.count(tmp_path, BINARY, time="ts", every="1d").frame["window_start"].dt.date().cast(pl.String)
    assert starts.to_list() == ["2023-12-31", "2024-01-01"]


LATE = "label,pred\n" + "1,0\n" * 20_000
BAD_TEXT = {
    "a word among numbers": (".csv", LATE + "1,abc\n", ["'pred'", "Int64", "abc"]),
    "a share among numbers": (".csv", LATE + "1,0.5\n", ["'pred'", "Int64", "0.5", "schema_overrides"]),
    "a line that is too long": (".csv", LATE + "1,0,3\n", ["line 20002", "3 of 2"]),
    "a line that is too short": (".csv", LATE + "1\n1,1\n", ["line 20002", "1 of 2"]),
    "a blank line": (".csv", LATE + "\n1,1\n", ["line 20002", "of 2"]),
    "cut off": (".csv", LATE + "1", ["line 20002", "1 of 2"]),
    "cut off, of tabs": (".tsv", LATE.replace(",", "\t") + "1", ["line 20002", "1 of 2"]),
    "too short after a quoted line break": (".csv", LATE.replace("pred", '"pred"') + "1\n", ["line 20002", "1 of 2"]),
    "a word among numbers of JSON": (
        ".jsonl",
        '{"label":1,"pred":0}\n' * 20_000 + '{"label":1,"pred":"x"}\n',
        ["'pred'", "Int64"],
    ),
    "true among numbers of JSON": (
        ".jsonl",
        '{"label":1,"pred":0}\n' * 20_000 + '{"label":1,"pred":true}\n',
        ["'pred'"],
    ),
    "half an object": (".jsonl", '{"label":1,"pred":0}\n' * 20_000 + '{"label":1,"pr', []),
    "an array of JSON": (".jsonl", '[{"label":1,"pred":0}]', ["JSON"]),
}


@pytest.mark.parametrize("way", ["one", "among others", "as a stream"])
@pytest.mark.parametrize("case", BAD_TEXT)
def test_bad_text_is_an_error_that_names_file_and_column(case: str, way: str, tmp_path: Path) -> None:
    ending, content, says = BAD_TEXT[case]
    bad = tmp_path / f"bad{ending}"
    bad.write_text(content)
    fine = [written(LOG.select("label", "pred"), tmp_path / f"{name}{ending}") for name in ("a", "z")]
    given: Any = {"one": bad, "among others": [fine[0], bad, fine[1]], "as a stream": io.BytesIO(content.encode())}[way]
    with pytest.raises(FastMetricsError) as caught:
        fm.count(given, BINARY)
    message = str(caught.value)
    wanted = [*says, "the file" if way == "as a stream" else "bad" + ending]
    if way == "as a stream":
        wanted = [word for word in wanted if word != "JSON"]
    assert [word for word in wanted if word not in message] == []
    assert "\n" not in message
    assert len(message) < 400


def test_a_line_of_a_column_that_is_not_read_is_measured_too(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("label,pred,note\n1,0,x\n1,0\n1,0,x,y\n")
    with pytest.raises(SourceError, match=r"log\.csv: line 3 has 2 of 3 fields"):
        fm.count(tmp_path / "log.csv", BINARY)


# Files that cannot be read


ALL_ENDINGS = (".parquet", ".csv", ".csv.gz", ".tsv", ".jsonl", ".jsonl.zst", ".arrow")


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
@pytest.mark.parametrize("ending", ALL_ENDINGS)
@pytest.mark.parametrize("harm", ["empty", "truncated", "another format"])
def test_a_damaged_file_is_named_or_left_out_whole(tmp_path: Path, harm: str, ending: str, place: int) -> None:
    files = sorted(split(LOG, tmp_path / "f", ending).glob("part*"))
    raw = files[place].read_bytes()
    other = (
        pa.compress(bytes(range(256)) * 9, "zstd", asbytes=True) if ending.endswith(".zst") else bytes(range(256)) * 9
    )
    cut = (
        len(raw) // 2 if ending in (".parquet", ".arrow") or ending.endswith(("z", "t")) else raw.index(b"\n", 999) + 3
    )
    files[place].write_bytes({"empty": b"", "truncated": raw[:cut], "another format": other}[harm])
    with pytest.raises(SourceError) as caught:
        counted(files)
    assert files[place].name in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.warns(UserWarning, match="skipped") as warned:
        counts = counted(files, on_error="skip")
    assert len(warned) == 1
    assert str(files[place]) in str(warned[0].message)
    size = LOG.height // 3
    rest = pl.concat(
        [LOG[start : start + size] for number, start in enumerate(range(0, LOG.height, size)) if number != place]
    )
    assert same(counts, counted(rest))


@pytest.mark.parametrize("ending", ALL_ENDINGS)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize("change", ["missing", "another type"])
def test_a_file_of_another_schema_is_named(tmp_path: Path, change: str, ending: str, on_error: Any) -> None:
    files = sorted(split(LOG, tmp_path / "f", ending).glob("part*"))
    log = LOG.rename({"pred": "prediction"}) if change == "missing" else LOG.with_columns(pred=pl.lit("yes"))
    written(log, files[1])
    with pytest.raises(FastMetricsError) as caught:
        counted(files, on_error=on_error)
    says = ["part-1", "'pred'", "prediction" if change == "missing" else "String"]
    assert [word for word in says if word not in str(caught.value)] == []


@pytest.mark.parametrize("ending", ALL_ENDINGS)
def test_files_may_differ_in_columns_that_are_not_needed(tmp_path: Path, ending: str) -> None:
    files = sorted(split(LOG, tmp_path / "f", ending).glob("part*"))
    written(LOG[:1000].drop("score", "age").with_columns(new=pl.lit("x")), files[0])
    written(LOG[1000:2000].with_columns(score=pl.lit("none")).select(reversed(LOG.columns)), files[1])
    for on_error in ("raise", "skip"):
        counts = fm.count(files, BINARY, by="model", on_error=on_error)
        assert counts.frame.equals(fm.count(LOG, BINARY, by="model").frame)


@pytest.mark.parametrize(
    ("kind", "package", "extra"), [("Delta", "deltalake", "delta"), ("Iceberg", "pyiceberg", "iceberg")]
)
def test_a_missing_extra_is_named(kind: str, package: str, extra: str, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(name, path=None, target=None):\n"
        f"        if name.partition('.')[0] == {package!r}: raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent)\n"
        "import fastmetrics as fm\n"
        f"try: fm.count({str(KINDS[kind].make(LOG, tmp_path))!r}, fm.binary('label', 'pred'))\n"
        "except fm.SourceError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert f"pip install '.[{extra}]'" in told
    assert told.count("\n") == 1


def guest(module: str, name: str = "DataFrame") -> Any:
    """An object of a library that need not be there; it would give a stream if it were asked."""
    kind = type(name, (), {"__arrow_c_stream__": lambda self, requested_schema=None: None, "__module__": module})
    return kind()


class Wrapper:
    """What narwhals makes of a frame."""

    def __init__(self, native: Any) -> None:
        self.native = native

    def to_native(self) -> Any:
        return self.native


Wrapper.__module__ = "narwhals.dataframe"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (guest("pyspark.sql.classic.dataframe"), ["pyspark", ".write.parquet(", ".toArrow()"]),
        (guest("pyspark.sql.connect.dataframe"), ["pyspark", ".write.parquet("]),
        (Wrapper(guest("pyspark.sql.dataframe")), ["pyspark", ".write.parquet("]),
        (guest("dask.dataframe.dask_expr._collection"), ["dask", ".to_parquet(", ".compute()"]),
        (guest("ray.data.dataset", "Dataset"), ["ray", ".write_parquet(", ".iter_batches("]),
        (guest("modin.pandas.dataframe"), ["modin", ".to_parquet(", ".modin.to_pandas()"]),
        (io.StringIO("label,pred\n"), ["text", "'rb'"]),
        (io.BytesIO(b""), ["empty"]),
        (io.BytesIO(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), ["known format", "Parquet", "NDJSON"]),
        (io.BytesIO(b' [{"label": 1}]'), ["JSON array", "one object a line"]),
        (io.BytesIO(b"PAR1 and no more"), ["the file cannot be read"]),
        (io.BytesIO(b"ARROW1 and no more"), ["the file cannot be read"]),
        (io.BytesIO(b"\xff\xff\xff\xff\x10\0\0\0"), ["Arrow"]),
        (io.BytesIO(gzip.compress(b"label,pred\n1,0\n" * 9999)[:-20]), ["the file", "cannot be read"]),
        (iter([]), ["iterator", "nothing"]),
        (iter([1, 2]), ["iterator", "int"]),
        (iter([pl.DataFrame({"label": [1], "pred": [1]}), pl.DataFrame({"label": [1]})]), ["iterator", "'pred'"]),
        (
            iter([pl.DataFrame({"label": [1], "pred": [1]}), pl.DataFrame({"label": [1], "pred": ["x"]})]),
            ["iterator", "'pred'", "String", "Int64"],
        ),
        (Stream(pa.chunked_array([[1, 2]])), ["Stream", "record batches"]),
        (pl.Series([1, 2]), ["Series"]),
        (["a.csv", 1], ["list"]),
        ("", ["an empty path"]),
        ("label,pred\n1,1\n" * 1000, ["cannot be read", "too long"]),
        (pa.table([[1], [1]], names=["label", "label"]), ["Table", "more than once"]),
        (open, ["builtin_function_or_method"]),
    ],
    ids=lambda given: None if isinstance(given, list) else type(given).__name__,
)
def test_objects_that_are_refused(given: Any, says: list[str]) -> None:
    with pytest.raises(SourceError) as caught:
        fm.count(given, BINARY)
    message = str(caught.value)
    assert [word for word in says if word not in message] == []
    assert "\n" not in message
    assert len(message) < 500


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (lambda root: root / "log.xlsx", ["log.xlsx", ".parquet", ".csv", ".arrow"]),
        (lambda root: root / "lgo.csv", ["lgo.csv", "did you mean 'log.csv'"]),
        (lambda root: root / "mixed", ["several formats", "CSV (log.csv)", "Arrow (log.arrow)"]),
        (lambda root: [root / "log.csv", root / "log.arrow"], ["several formats", "CSV", "Arrow"]),
        (lambda root: root / "hollow", ["hollow", "no file", ".jsonl"]),
        (lambda root: f"{root}/*.jsonl", ["no file matches", "*.jsonl"]),
        (lambda root: "s4://bucket/log.parquet", ["'s4'", "known:", "s3"]),
        (lambda root: "s3://bucket/table", ["s3://bucket/table", "/**/*.parquet", "pl.scan_delta("]),
        (lambda root: (root / "no.parquet").as_uri(), ["no.parquet"]),
        (lambda root: (root / "no.csv").as_uri(), ["no.csv"]),
        (lambda root: (root / "no.jsonl").as_uri(), ["no.jsonl"]),
        (lambda root: (root / "no.arrow").as_uri(), ["no.arrow"]),
        (lambda root: (root / "hollow").as_uri() + "/*.parquet", ["*.parquet"]),
        (lambda root: [delta(LOG, root), root / "log.csv"], ["Delta", "alone"]),
        (lambda root: delta(LOG, root / "above").parent, ["Delta", "above/delta"]),
        (lambda root: root / "metadata.json", ["metadata.json", "Iceberg"]),
        (lambda root: root / "broken", ["broken", "Delta"]),
    ],
)
def test_paths_that_lead_nowhere(tmp_path: Path, given: Callable[[Path], Any], says: list[str]) -> None:
    for name in ("log.csv", "log.arrow"):
        (tmp_path / "mixed").mkdir(exist_ok=True)
        written(LOG, tmp_path / name)
        written(LOG, tmp_path / "mixed" / name)
    (tmp_path / "hollow").mkdir()
    (tmp_path / "log.xlsx").touch()
    (tmp_path / "metadata.json").write_text(json.dumps({"format-version": 2}))
    (tmp_path / "broken" / "_delta_log").mkdir(parents=True)
    (tmp_path / "broken" / "_delta_log" / "00000000000000000000.json").write_text("{}")
    with pytest.raises(SourceError) as caught:
        fm.count(given(tmp_path), BINARY)
    message = str(caught.value)
    assert [word for word in says if word not in message] == []
    assert "\n" not in message
    assert len(message) < 600


def test_a_relation_that_fails_midway() -> None:
    query = "select case when range = 9000000 then 'x' else '1' end::int as label, 1 as pred from range(10000000)"
    with pytest.raises(SourceError, match="Could not convert string 'x'"):
        fm.count(duckdb.connect().sql(query), BINARY)


def test_no_guest_is_imported_to_recognise_an_input() -> None:
    script = (
        "import sys, io, fastmetrics as fm\n"
        "fm.count({'label': [1], 'pred': [1]}, fm.binary('label', 'pred'))\n"
        "fm.count(io.BytesIO(b'label,pred\\n1,1\\n'), fm.binary('label', 'pred'))\n"
        "try: fm.count(3, fm.binary('label', 'pred'))\n"
        "except fm.SourceError: pass\n"
        "print([m for m in ('pandas', 'duckdb', 'narwhals', 'deltalake', 'pyiceberg', 'ibis') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"


@pytest.mark.parametrize("write", [pl.DataFrame.write_parquet, pl.DataFrame.write_ipc])
@pytest.mark.parametrize("order", ["nt", "tn", "nnt", "tnt"])
def test_files_that_hold_nothing_but_nulls_take_the_dtype_of_the_others(tmp_path: Path, write: Any, order: str) -> None:
    typed = pl.DataFrame({"label": [1], "pred": [1], "ts": ["2026-03-14"]})
    suffix = "parquet" if write is pl.DataFrame.write_parquet else "arrow"
    for place, kind in enumerate(order):
        log = typed if kind == "t" else typed.with_columns(ts=pl.lit(None))
        write(log, tmp_path / f"{place}.{suffix}")
    counts = fm.count(tmp_path, fm.binary("label", "pred"), time="ts", every="1d")
    assert counts.frame["tp"].to_list() == [order.count("t"), order.count("n")]
    assert fm.count(tmp_path, fm.binary("label", "pred"), by="ts").frame["ts"].to_list() == ["2026-03-14", None]
