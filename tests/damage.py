"""Counts files that are damaged or forged, and the law that reading them is an error that names them, or no loss."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

import fastmetrics as fm

KEY = b"fastmetrics"
WRONG: list[Any] = [
    *(None, True, False, 0, -1, 3, 1e300, float("nan"), 10**30, "", "x", "UTC", "max", "a" * 100),
    *([], {}, [1], ["m"], [None], {"a": 1}, [["m"]], ["Int64"], ["Enum", ["y"]], ["Datetime", "us", "Mars/Phobos"]),
]


def a_log(rows: int) -> pl.DataFrame:
    """A log of every kind of column, without chance."""
    at = np.arange(rows)
    return pl.DataFrame(
        {
            "label": at % 3 % 2,
            "pred": at % 5 % 2,
            "score": at % 7 / 8,
            "guess": at % 4 % 2,
            "model": (at % 3).astype(str),
            "site": pl.Series(np.array(["x", "y"])[at % 2], dtype=pl.Enum(["y", "x"])),
            "user": at % 97,
            "ts": pl.Series(at * 3_600_000_000).cast(pl.Datetime("us")),
        }
    )


def several(rows: int) -> fm.Counts:
    """Counts of two families."""
    families = fm.binary("label", "pred"), fm.scores("label", "score", bins=4)
    return fm.count(a_log(rows), *families, by=["model", "user"])


@cache
def counted() -> list[fm.Counts]:
    """Counts of several shapes."""
    log, binary = a_log(60), fm.binary("label", "pred")
    return [
        fm.count(log, binary, by="model"),
        fm.count(log, binary, fm.scores("label", "score", bins=4), by=["model", "site"], time="ts", every="1d"),
        fm.count(log, fm.regression("score", "guess"), by="site"),
        fm.count(log, fm.classes("label", "guess"), by=["model"], grouping_sets=[[], ["model"]]),
    ]


def flipped(file: Path, drawn: random.Random) -> None:
    """Some bits of a file are others."""
    raw = bytearray(file.read_bytes())
    for _ in range(drawn.choice([1, 1, 4])):
        raw[drawn.randrange(len(raw))] ^= 1 << drawn.randrange(8)
    file.write_bytes(raw)


def cut(file: Path, drawn: random.Random) -> None:
    """The end of a file is not there."""
    raw = file.read_bytes()
    file.write_bytes(raw[: drawn.randrange(len(raw))])


def overwritten(file: Path, drawn: random.Random) -> None:
    """A stretch of a file is zeros, or is there twice."""
    raw = bytearray(file.read_bytes())
    start, size = drawn.randrange(len(raw)), drawn.randrange(1, 64)
    raw[start : start + size] = drawn.choice([bytes(len(raw[start : start + size])), 2 * raw[start : start + size]])
    file.write_bytes(raw)


def places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something is in a JSON document."""
    if at:
        yield at
    inside = dict(enumerate(document)) if isinstance(document, list) else document
    for name, value in inside.items() if isinstance(inside, dict) else ():
        yield from places(value, (*at, name))


def misdescribed(file: Path, drawn: random.Random) -> None:
    """One entry of the metadata is another, or is not there."""
    table = pq.read_table(file)
    document = json.loads(table.schema.metadata[KEY])
    *way, last = drawn.choice([at for at in places(document) if at[0] not in ("how", "id")])
    inside = document
    for name in way:
        inside = inside[name]
    if drawn.random() < 0.7:
        inside[last] = copy.deepcopy(drawn.choice(WRONG))
    else:
        del inside[last]
    pq.write_table(table.replace_schema_metadata({KEY: json.dumps(document)}), file)


def forged(file: Path, drawn: random.Random) -> None:
    """A count of rows is null or no whole number, is of another type, is not there or there twice."""
    table = pq.read_table(file)
    merges = json.loads(table.schema.metadata[KEY])["merges"]
    place = drawn.choice([k for k, kind in enumerate(table.schema) if kind.name in merges and kind.type == pa.int64()])
    column, name = table.column(place).to_pylist(), table.column_names[place]
    held = next(k for k, value in enumerate(column) if value is not None)

    def put(value: Any) -> pa.Table:
        changed = pa.array([value if k == held else each for k, each in enumerate(column)], pa.float64())
        return table.set_column(place, name, changed)

    changes: list[Callable[[], pa.Table]] = [
        *(lambda value=value: put(value) for value in (None, 0.5, float("nan"), float("inf"), 1e300)),  # type: ignore[misc]
        lambda: table.set_column(place, name, table.column(place).cast(pa.string())),
        lambda: table.remove_column(place),
        lambda: table.append_column(name, table.column(place)),
    ]
    pq.write_table(drawn.choice(changes)(), file)


KINDS: dict[str, Callable[[Path, random.Random], None]] = {
    "flipped": flipped,
    "cut": cut,
    "overwritten": overwritten,
    "misdescribed": misdescribed,
    "forged": forged,
}


def check_one(file: Path, kind: str, drawn: random.Random) -> None:
    """Damage a file of Counts: reading it is an error that names it, or gives what was written."""
    counts = drawn.choice(counted())
    counts.write(file)
    KINDS[kind](file, drawn)
    read, said = attempted(file)
    if read is None:
        assert str(file) in said
        assert len(said.splitlines()) == 1
    else:
        assert kind != "forged"
        assert read == counts
        assert read.metrics().equals(counts.metrics())


def attempted(file: Path) -> tuple[fm.Counts | None, str]:
    """Counts, or why they cannot be read; every other failure goes on."""
    try:
        return fm.read_counts(file), ""
    except fm.SourceError as error:
        return None, str(error)
