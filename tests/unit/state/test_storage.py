"""Counts of any number of families travel as one Arrow table, or as the bytes of one file."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm
from own_family import hits

BINARY = fm.binary("label", pl.col("score") > 0.5)
SCORES = fm.scores("label", "score", bins=10, losses=False)
CLASSES = fm.classes("label", "pred", name="animal")
RNG = np.random.default_rng(0)
LOG = pl.DataFrame(
    {
        "label": RNG.integers(0, 2, 400),
        "pred": RNG.integers(0, 2, 400),
        "score": RNG.random(400),
        "model": RNG.choice(["a", "b", "c"], 400),
        "ts": np.arange(400) * 600,
        "w": RNG.random(400),
    }
)
ASKED: dict[str, dict[str, Any]] = {
    "no keys": {},
    "keys and windows": {"by": "model", "time": "ts", "every": "1d", "time_unit": "s"},
    "weights": {"by": "model", "weight": "w"},
    "grouping sets": {"by": "model", "grouping_sets": [[], ["model"]]},
    "nothing": {"by": "model", "where": pl.lit(False)},
}
WAYS: dict[str, Callable[[fm.Counts], fm.Counts]] = {
    "joint table": lambda counts: fm.Counts.from_arrow(counts.to_arrow(joint=True)),
    "bytes": lambda counts: fm.Counts.from_bytes(counts.to_bytes()),
    "pickle": lambda counts: pickle.loads(pickle.dumps(counts)),
    "copy": copy.deepcopy,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("families", [(BINARY,), (BINARY, SCORES, CLASSES)], ids=["one family", "three families"])
def test_counts_come_back_as_they_were(families: tuple[Any, ...], asked: str, way: str) -> None:
    counts = fm.count(LOG, *families, **ASKED[asked])
    again = WAYS[way](counts)
    assert again == counts
    assert again.layout == counts.layout
    assert again.how == counts.how
    assert again + counts == counts + counts


def test_a_joint_table_is_what_a_file_holds(tmp_path: Path) -> None:
    counts = fm.count(LOG, BINARY, SCORES, by="model")
    counts.write(tmp_path / "counts.parquet")
    table = counts.to_arrow(joint=True)
    assert table.column_names[:3] == ["family", "model", "binary.tn"]
    assert pl.DataFrame(table).equals(pl.read_parquet(tmp_path / "counts.parquet"))


def test_without_joint_there_is_a_table_for_each_family() -> None:
    assert list(fm.count(LOG, BINARY, SCORES).to_arrow()) == ["binary", "scores"]
    one = fm.count(LOG, BINARY)
    assert one.to_arrow(joint=True).equals(one.to_arrow())


@pytest.mark.parametrize("families", [(BINARY,), (BINARY, SCORES)])
def test_joint_tables_below_each_other_are_the_sum(families: tuple[Any, ...]) -> None:
    parts = [fm.count(part, *families, by="model") for part in LOG.iter_slices(90)]
    first, *others = (part.to_arrow(joint=True) for part in parts)
    below = pa.concat_tables([first, *(other.replace_schema_metadata(first.schema.metadata) for other in others)])
    assert fm.Counts.from_arrow(below) == fm.count(LOG, *families, by="model")


def test_an_engine_ships_one_binary_column() -> None:
    parts = [fm.count(part, BINARY, SCORES, by="model", part=True).to_bytes() for part in LOG.iter_slices(90)]
    column = pa.table({"counts": pa.array(parts, pa.binary())})["counts"]
    assert sum(map(fm.Counts.from_bytes, column.to_pylist())) == fm.count(LOG, BINARY, SCORES, by="model")
    assert fm.Counts.from_bytes(column[0].as_buffer()) == fm.Counts.from_bytes(bytearray(parts[0]))


def test_the_bytes_are_those_of_a_file(tmp_path: Path) -> None:
    counts = fm.count(LOG, BINARY, SCORES, by="model")
    (tmp_path / "written.parquet").write_bytes(counts.to_bytes())
    assert fm.read_counts(tmp_path / "written.parquet") == counts
    counts.write(tmp_path / "counts.parquet")
    assert fm.Counts.from_bytes((tmp_path / "counts.parquet").read_bytes()) == counts


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[:100] + bytes([raw[100] ^ 1]) + raw[101:], "its checksum does not match"),
        (lambda raw: raw[:-1], "no complete Parquet file"),
        (lambda raw: b"", "no complete Parquet file"),
        (lambda raw: raw.hex(), "bytes-like object is required"),
        (lambda raw: None, "bytes-like object is required"),
    ],
)
def test_bytes_that_changed_on_the_way_are_refused(damage: Callable[[bytes], Any], message: str) -> None:
    raw = damage(fm.count(LOG, BINARY, by="model").to_bytes())
    with pytest.raises(fm.SourceError, match=f"the bytes given cannot be read: .*{message}"):
        fm.Counts.from_bytes(raw)


def test_families_of_a_users_own_making() -> None:
    """They go with a pickle, by their maker; bytes name them, and are given them."""
    own = hits(pl.col("score") > 0.5)
    counts = fm.count(LOG, BINARY, own, by="model")
    again = pickle.loads(pickle.dumps(counts))
    assert again.layout == counts.layout
    assert again.metrics("hits.hit_rate").equals(counts.metrics("hits.hit_rate"))
    assert fm.Counts.from_bytes(counts.to_bytes(), [own]) == counts
    with pytest.raises(fm.SourceError, match=r"the bytes given cannot be read: .*'hits'.*families="):
        fm.Counts.from_bytes(counts.to_bytes())
