"""Categorical keys mean their text, whichever batch, stream, thread or count they come through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm

BINARY = fm.binary("label", "pred")
ROWS = 3_000


def frames(names: list[str], batches: int = 4) -> Iterator[pl.DataFrame]:
    """Batches that each name their categories anew, in another order."""
    for batch in range(batches):
        values = [names[(batch + row) % len(names)] for row in range(ROWS)]
        yield pl.DataFrame({"k": pl.Series(values, dtype=pl.Categorical), "label": [1] * ROWS, "pred": [1] * ROWS})


def arrow_batches(names: list[str]) -> pa.RecordBatchReader:
    batches = [
        pa.record_batch(
            {"k": pa.array(part["k"].cast(pl.String).to_list()).dictionary_encode(), "label": part["label"]}
        )
        for part in frames(names)
    ]
    return pa.RecordBatchReader.from_batches(batches[0].schema, iter(batches))


def duckdb_enum(names: list[str]) -> Any:
    connection = duckdb.connect()
    connection.execute(f"create type name as enum ({', '.join(map(repr, names))})")
    case = " ".join(f"when {place} then {name!r}" for place, name in enumerate(names))
    return connection.sql(f"select (case i % {len(names)} {case} end)::name k, 1 label from range({4 * ROWS}) t(i)")


SOURCES: dict[str, Callable[[list[str]], Any]] = {
    "iterator": frames,
    "reader": arrow_batches,
    "DuckDB": duckdb_enum,
    "frame": lambda names: pl.concat(frames(names)),
    "lazy": lambda names: pl.concat(part.lazy() for part in frames(names)),
}


def keys(source: Any) -> dict[str, int]:
    counts = fm.count(source, fm.binary("label", "label"), fm.classes("k", "k"), by="k", threads=2)
    assert counts.tables["classes"]["label"].to_list() == counts.tables["classes"]["k"].to_list()
    return dict(zip(*counts.tables["binary"].select("k", "tp").to_dict(as_series=False).values(), strict=True))


@pytest.mark.parametrize("kind", SOURCES)
def test_categories_of_every_source_are_counted_by_their_text(kind: str) -> None:
    for names in (["br", "de"], ["us", "de", "br"]):
        assert keys(SOURCES[kind](names)) == dict.fromkeys(sorted(names), 4 * ROWS // len(names))


def test_categories_of_a_file_and_of_standard_input(tmp_path: Path) -> None:
    log = pl.concat(frames(["br", "de"]))
    log.write_parquet(tmp_path / "log.parquet", row_group_size=500)
    log.write_ipc_stream(tmp_path / "log.arrow")
    with (tmp_path / "log.arrow").open("rb") as stream:
        for given in (tmp_path / "log.parquet", tmp_path / "log.arrow", stream):
            assert keys(given) == {"br": 2 * ROWS, "de": 2 * ROWS}


def test_two_counts_at_once_keep_their_own_categories() -> None:
    wrong: list[Any] = []

    def count(names: list[str]) -> None:
        for _ in range(30):
            got = keys(frames(names))
            if sorted(got) != sorted(names):
                wrong.append((names, got))

    threads = [threading.Thread(target=count, args=(names,)) for names in (["br", "de", "us"], ["cat", "dog", "emu"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
