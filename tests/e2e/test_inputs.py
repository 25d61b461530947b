"""One log in every shape a user may hold it in, and the shapes that cannot be read."""

from __future__ import annotations

import datetime as dt
import gc
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fastmetrics as fm
from families_of_texts_and_lists import any_match, exact_match, multilabel
from fastmetrics import FastMetricsError, SchemaError, SourceError
from fastmetrics.contract.roles import Role
from fastmetrics.counting import scan, worker

BINARY = fm.binary("label", "pred")
FILES = 100
ROWS = 20


def random_log(rows: int, seed: int = 0) -> pl.DataFrame:
    """Labels and predictions with nulls, a score, two keys."""
    rng = np.random.default_rng(seed)

    def some(values: np.ndarray) -> pl.Series:
        return pl.Series(values).set(pl.Series(rng.random(rows) < 0.1), None)

    return pl.DataFrame(
        {
            "label": some(rng.integers(0, 2, rows)),
            "pred": some(rng.integers(0, 2, rows)),
            "model": rng.choice(["fraud-v1", "fraud-v2", "null"], rows),
            "age": rng.integers(18, 80, rows),
            "junk": rng.choice(["x", "y"], rows),
        }
    )


def by_hand(log: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """The nine cells of each group by filters, one at a time."""
    y, p = pl.col("label"), pl.col("pred")
    cells = {
        "tn": (y == 0) & (p == 0),
        "fp": (y == 0) & (p == 1),
        "fn": (y == 1) & (p == 0),
        "tp": (y == 1) & (p == 1),
        "unpredicted_neg": (y == 0) & p.is_null(),
        "unpredicted_pos": (y == 1) & p.is_null(),
        "unlabelled_neg": y.is_null() & (p == 0),
        "unlabelled_pos": y.is_null() & (p == 1),
        "unlabelled_unpredicted": y.is_null() & p.is_null(),
    }
    sums = [rule.fill_null(False).cast(pl.Int64).sum().alias(cell) for cell, rule in cells.items()]
    return log.group_by(keys).agg(sums).sort(keys, nulls_last=True) if keys else log.select(sums)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pl.DataFrame]:
    """A folder of 100 Parquet files by day and country, and what is in it."""
    root = tmp_path_factory.mktemp("lake")
    parts = []
    for number in range(FILES):
        day, country = f"2024-01-{number // 4 + 1:02}", ["BR", "DE", "US", "IN"][number % 4]
        folder = root / f"day={day}" / f"country={country}"
        folder.mkdir(parents=True)
        part = random_log(ROWS, number)
        part.write_parquet(folder / "part-0.parquet")
        parts.append(part.with_columns(day=pl.lit(day).str.to_date(), country=pl.lit(country)))
    (root / "_SUCCESS").touch()
    return root, pl.concat(parts)


@pytest.mark.parametrize(
    "given",
    [
        lambda root: root,
        lambda root: str(root),
        lambda root: f"{root}/",
        lambda root: f"{root}/*/*/*.parquet",
        lambda root: f"{root}/**/*.parquet",
        lambda root: sorted(root.rglob("*.parquet")),
        lambda root: [str(folder) for folder in sorted(root.glob("day=*"))],
        lambda root: pl.scan_parquet(root, hive_partitioning=True),
    ],
    ids=["folder", "text", "slash", "glob", "deep glob", "list of files", "list of folders", "LazyFrame"],
)
def test_a_folder_of_100_files_with_hive_columns(lake: tuple[Path, pl.DataFrame], given: Callable[[Path], Any]) -> None:
    root, log = lake
    counts = fm.count(given(root), BINARY, by=["country", "day", "model"])
    assert counts.rows == FILES * ROWS
    assert counts.frame.equals(by_hand(log, "country", "day", "model"))
    assert counts.frame.schema["day"] == pl.Date


def test_windows_over_a_hive_column(lake: tuple[Path, pl.DataFrame]) -> None:
    root, log = lake
    weeks = fm.count(root, BINARY, time="day", every="1w").frame
    starts = log.with_columns(pl.col("day").dt.truncate("1w").cast(pl.Datetime("us", "UTC")).alias("window_start"))
    assert weeks.equals(by_hand(starts, "window_start"))


def test_one_file_of_the_folder(lake: tuple[Path, pl.DataFrame]) -> None:
    root, log = lake
    one = fm.count(root / "day=2024-01-03" / "country=US" / "part-0.parquet", BINARY, by=["country", "day"])
    assert one.frame.equals(by_hand(log, "country", "day").filter(country="US", day=pl.date(2024, 1, 3)))


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_do_not_change_the_result(lake: tuple[Path, pl.DataFrame], threads: int) -> None:
    root, log = lake
    counts = fm.count(root, BINARY, by=["model", "age", "country"], threads=threads)
    assert counts.frame.equals(by_hand(log, "model", "age", "country"))
    tiny = log.head(3)
    assert fm.count(tiny, BINARY, by=["model", "age"], threads=threads).frame.equals(by_hand(tiny, "model", "age"))


@pytest.mark.parametrize(
    "where",
    [
        (pl.col("age") >= 40) & (pl.col("country") == "BR"),
        "age >= 40 AND country = 'BR'",
    ],
    ids=["expression", "SQL"],
)
def test_where(lake: tuple[Path, pl.DataFrame], where: Any) -> None:
    root, log = lake
    kept = log.filter(pl.col("age") >= 40, pl.col("country") == "BR")
    assert fm.count(root, BINARY, by="model", where=where).frame.equals(by_hand(kept, "model"))
    lazy = pl.scan_parquet(root).filter(pl.col("country") == "BR")
    assert fm.count(lazy, BINARY, by="model", where=pl.col("age") >= 40).frame.equals(by_hand(kept, "model"))


def test_computed_keys_and_roles(lake: tuple[Path, pl.DataFrame]) -> None:
    root, log = lake
    decade = (pl.col("age") // 10 * 10).alias("decade")
    swapped = fm.binary((1 - pl.col("label")).alias("no"), (pl.col("pred") == 0).alias("said_no"))
    counts = fm.count(root, swapped, by=[decade, pl.col("day").dt.weekday().alias("weekday")])
    expected = by_hand(
        log.with_columns(
            decade, weekday=pl.col("day").dt.weekday(), label=1 - pl.col("label"), pred=1 - pl.col("pred")
        ),
        "decade",
        "weekday",
    )
    assert counts.frame.equals(expected)


LOG = random_log(5000, seed=5)
IN_MEMORY: dict[str, Callable[[pl.DataFrame], Any]] = {
    "DataFrame": lambda log: log,
    "LazyFrame": lambda log: log.lazy(),
    "chunked DataFrame": lambda log: pl.concat([log[:1], log[1:64], log[64:]], rechunk=False),
    "sliced DataFrame": lambda log: pl.concat([log[:7], log])[7:],
    "Table": lambda log: log.to_arrow(),
    "Table of old strings": lambda log: log.to_arrow(compat_level=pl.CompatLevel.oldest()),
    "RecordBatchReader": lambda log: log.to_arrow().to_reader(max_chunksize=999),
    "pandas": lambda log: log.to_pandas(),
    "pandas with Arrow": lambda log: log.to_pandas(use_pyarrow_extension_array=True),
    "dict of lists": lambda log: log.to_dict(as_series=False),
    "dict of arrays": lambda log: {name: log[name].to_numpy() for name in log.columns},
    "dict of Series": lambda log: log.to_dict(),
    "one file": lambda log: log,
}


@pytest.mark.parametrize("kind", IN_MEMORY)
def test_every_kind_of_input_gives_the_same_counts(kind: str, tmp_path: Path) -> None:
    given = IN_MEMORY[kind](LOG)
    if kind == "one file":
        LOG.write_parquet(tmp_path / "log.pq")
        given = tmp_path / "log.pq"
    assert fm.count(given, BINARY, by=["model", "age"]).frame.equals(by_hand(LOG, "model", "age"))


ANSWERS = pl.DataFrame(
    {
        "answer": ["Paris", "a text longer than a view holds", None, "Rome", "NA", "🙂" * 9] * 50,
        "reference": ["Paris", "a text longer than a view held", "Oslo", None, "NA", "🙂" * 9] * 50,
        "model": ["a", "b", "a", "b", "b", "a"] * 50,
    }
)


def held(kind: str, log: pl.DataFrame, root: Path) -> Any:
    """A log as an input of some kind."""
    if kind != "one file":
        return IN_MEMORY[kind](log)
    log.write_parquet(root / "log.pq")
    return root / "log.pq"


@pytest.mark.parametrize("kind", IN_MEMORY)
def test_every_kind_of_input_gives_texts(kind: str, tmp_path: Path) -> None:
    counts = fm.count(held(kind, ANSWERS, tmp_path), exact_match("answer", "reference"), by="model")
    assert counts.frame.rows() == [("a", 0, 100, 50, 36.0), ("b", 50, 50, 50, 31.0)]


@pytest.mark.parametrize("kind", [kind for kind in IN_MEMORY if kind != "dict of arrays"])  # of objects, for lists
def test_every_kind_of_input_gives_lists(kind: str, tmp_path: Path) -> None:
    log = pl.DataFrame(
        {
            "answer": ["Paris", "Rome", None, "Rome"] * 60,
            "references": [["Paris", "a text longer than a view"], ["Oslo", None], ["Paris"], None] * 60,
            "scores": [[1.5, -2.0], [], None, [None, 7.0]] * 60,
            "model": ["a", "a", "b", "b"] * 60,
        }
    )
    family = any_match("answer", "references", "scores")
    counts = fm.count(held(kind, log, tmp_path), family, by="model")
    assert counts.frame.rows() == [("a", 60, 60, 0, 0, -2.0, 1.5), ("b", 0, 0, 0, 120, 7.0, 7.0)]


@pytest.mark.parametrize("threads", [1, 3])
def test_text_roles_are_computed_filtered_and_read_as_null(threads: int) -> None:
    spaced = ANSWERS.with_columns(pl.col("answer") + " ", pl.col("reference").cast(pl.Categorical))
    stripped = exact_match(pl.col("answer").str.strip_chars(), "reference", null_values=["NA", "Rome"])
    counts = fm.count(spaced.lazy(), stripped, by="model", where=pl.col("model") == "b", threads=threads)
    assert counts.frame.rows() == [("b", 50, 0, 100, 31.0)]


def classes_by_hand(log: pl.DataFrame) -> dict[Any, list[int]]:
    """By model and class, null for whole rows: the five cells of `multilabel`."""
    cells: dict[Any, list[int]] = {}
    for labels, predictions, model in log.rows():
        judged = labels is not None and predictions is not None
        cells.setdefault((model, None), [0] * 5)[3 if judged else 4] += 1
        for name in {*labels, *predictions} if judged else ():
            state = 2 if name in labels and name in predictions else int(name in labels)
            cells.setdefault((model, name), [0] * 5)[state] += 1
    return cells


@pytest.mark.parametrize(
    "dtype", [pl.String, pl.Categorical, pl.Enum([f"class {k}" for k in range(40)]), pl.Int32], ids=str
)
@pytest.mark.parametrize("threads", [1, 3])
def test_items_of_two_lists_share_one_inner_key(dtype: Any, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, rows = np.random.default_rng(5), 900
    name: Any = (lambda k: int(k) * 1000) if dtype == pl.Int32 else (lambda k: f"class {k}")
    sides = [[[name(k) for k in rng.choice(40, rng.integers(0, 4), replace=False)] for _ in range(rows)] for _ in "ab"]
    sides = [[None if rng.random() < 0.1 else names for names in side] for side in sides]
    log = pl.DataFrame({"labels": sides[0], "predictions": sides[1], "model": rng.choice(["x", "y"], rows)})
    wanted = classes_by_hand(log)
    log = log.with_columns(pl.col("labels", "predictions").cast(pl.List(dtype)))
    monkeypatch.setattr(worker, "BLOCK_ROWS", 130)
    monkeypatch.setattr(scan, "PIECE_ROWS", 400)
    counts = fm.count(log, multilabel("labels", "predictions"), by="model", threads=threads)
    assert {row[:2]: list(row[2:]) for row in counts.frame.rows()} == wanted
    assert counts.rows == rows
    assert counts.frame["class"].dtype == (pl.String if dtype == pl.Categorical else dtype)


def test_items_of_one_inner_key_have_one_dtype() -> None:
    log = pl.DataFrame({"labels": [["a"]], "predictions": [[1]]})
    with pytest.raises(
        SchemaError, match="predictions column 'predictions' holds Int64 for key 'class', of which another"
    ):
        fm.count(log, multilabel("labels", "predictions"))


def test_two_values_a_row_of_one_inner_key_are_refused() -> None:
    family = multilabel("labels", "predictions")
    family = replace(family, roles=(*family.roles, Role("class", "model", "key")))
    log = pl.DataFrame({"labels": [["a"]], "predictions": [["a"]], "model": ["a"]})
    with pytest.raises(SchemaError, match="'multilabel': only roles that are lists can share the inner key 'class'"):
        fm.count(log, family)


def test_list_roles_are_computed_and_refused() -> None:
    log = pl.DataFrame({"answer": ["b", "c"], "words": ["a b", ""], "scores": [[[1]], [[2]]], "model": ["a", "b"]})
    words, scores = pl.col("words").str.split(" "), pl.concat_list(pl.lit(1), pl.col("answer").str.len_bytes())
    counts = fm.count(log, any_match("answer", words, scores.alias("scores")), where=pl.col("model") == "a")
    assert counts.frame.rows() == [(0, 1, 0, 0, 1.0, 1.0)]
    with pytest.raises(
        SchemaError, match=r"scores column 'scores' holds List\(List\(Int64\)\); a list of numbers is n"
    ):
        fm.count(log, any_match("answer", words, "scores"))
    with pytest.raises(SchemaError, match="references column 'words' holds String; a list of text is needed"):
        fm.count(log, any_match("answer", "words", "scores"))


def test_what_is_no_text_is_refused_as_a_text_role() -> None:
    with pytest.raises(SchemaError, match="answer column 'age' holds Int64; text is needed"):
        fm.count(LOG, exact_match("age", "model"))
    with pytest.raises(SchemaError, match=r"null_values= names 1 \(int\), but column 'answer' holds String"):
        fm.count(ANSWERS, exact_match("answer", "reference", null_values=[1]))


def test_pandas_with_its_own_nulls() -> None:
    log = pd.DataFrame(
        {
            "label": pd.array([1, 0, None], dtype="Int64"),
            "pred": [True, None, False],
            "model": pd.Categorical(["a", None, "a"]),
        }
    )
    counts = fm.count(log, BINARY, by="model")
    assert counts.frame.select("model", "fn", "tp", "unpredicted_neg", "unlabelled_neg").rows() == [
        ("a", 0, 1, 0, 1),
        (None, 0, 0, 1, 0),
    ]


def test_a_categorical_key_is_text_and_merges_whatever_the_order() -> None:
    one = LOG.with_columns(pl.col("model").cast(pl.Categorical))
    other = LOG.reverse().with_columns(pl.col("model").cast(pl.Enum(["null", "fraud-v2", "fraud-v1"])))
    both = fm.count(one, BINARY, by="model") + fm.count(other, BINARY, by="model")
    assert both.frame.equals(by_hand(pl.concat([LOG, LOG]), "model"))


# What is read


def test_only_the_columns_that_are_needed_are_read(tmp_path: Path) -> None:
    """The pages of another column are destroyed, so reading it would fail."""
    file = tmp_path / "log.parquet"
    LOG.write_parquet(file)
    column = pq.ParquetFile(file).metadata.row_group(0).column(LOG.columns.index("junk"))
    start = column.dictionary_page_offset or column.data_page_offset
    raw = bytearray(file.read_bytes())
    raw[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    file.write_bytes(raw)
    with pytest.raises(SourceError, match=r"log\.parquet"):
        fm.count(file, BINARY, by="junk")
    counts = fm.count(file, BINARY, by=(pl.col("age") // 10).alias("decade"), where=pl.col("model") != "null")
    assert counts.rows == LOG.filter(pl.col("model") != "null").height


DAYS = [dt.datetime(2026, 1, day) for day in (1, 2, 3, 4)]


@pytest.mark.parametrize("key", ["model", pl.col("model").str.to_uppercase().alias("model")], ids=["plain", "computed"])
@pytest.mark.parametrize(
    "where",
    [pl.col("ts") >= DAYS[2], "ts >= CAST('2026-01-03' AS TIMESTAMP)", (pl.col("ts") > DAYS[1]) & (pl.col("age") >= 0)],
    ids=["expression", "SQL", "two columns"],
)
def test_row_groups_that_a_filter_on_time_leaves_out_are_not_read(tmp_path: Path, where: Any, key: Any) -> None:
    """The pages of the first two days are destroyed, so that only their statistics can be read."""
    file = tmp_path / "log.parquet"
    log = pl.concat([LOG.with_columns(ts=pl.lit(day)) for day in DAYS])
    log.write_parquet(file, row_group_size=LOG.height)
    metadata, raw = pq.ParquetFile(file).metadata, bytearray(file.read_bytes())
    assert metadata.num_row_groups == len(DAYS)
    end = metadata.row_group(2).column(0).dictionary_page_offset or metadata.row_group(2).column(0).data_page_offset
    raw[4:end] = b"\xff" * (end - 4)
    file.write_bytes(raw)
    with pytest.raises(SourceError, match=r"log\.parquet"):
        fm.count(file, BINARY, by=key, time="ts", every="1d")
    counts = fm.count(file, BINARY, by=key, time="ts", every="1d", where=where)
    assert counts == fm.count(log[2 * LOG.height :], BINARY, by=key, time="ts", every="1d")


@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize(
    "change",
    [
        lambda log: log.with_columns(pl.col("junk").str.len_bytes()),
        lambda log: log.drop("junk"),
        lambda log: log.with_columns(new=pl.lit(1)),
        lambda log: log.select(reversed(log.columns)),
    ],
    ids=["another type", "missing", "new", "another order"],
)
def test_files_may_differ_in_columns_that_are_not_needed(
    tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame], on_error: Any
) -> None:
    for number, log in enumerate([LOG, change(LOG), LOG]):
        log.write_parquet(tmp_path / f"{number}.parquet")
    assert fm.count(tmp_path, BINARY, by="model", on_error=on_error).frame.equals(
        by_hand(pl.concat([LOG] * 3), "model")
    )


# What cannot be read


@pytest.mark.parametrize("on_error", ["raise", "skip"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda log: log.with_columns(pl.col("label").cast(pl.String)), ["'label'", "String", "Int64"]),
        (lambda log: log.with_columns(pl.col("model").cast(pl.Binary)), ["'model'", "Binary", "String"]),
        (lambda log: log.rename({"pred": "prediction"}), ["unknown column 'pred'", "prediction"]),
    ],
    ids=["label", "key", "missing"],
)
def test_a_file_of_another_schema_is_named(
    tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame], says: list[str], on_error: Any
) -> None:
    for name, log in {"a": LOG, "b": LOG, "other": change(LOG), "z": LOG}.items():
        log.write_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(FastMetricsError) as caught:
        fm.count(tmp_path, BINARY, by="model", on_error=on_error)
    message = str(caught.value)
    assert [fragment for fragment in ["other.parquet", *says] if fragment not in message] == []
    assert "\n" not in message


def damaged(kind: str, file: Path) -> None:
    """Make a Parquet file unreadable."""
    raw = bytearray(file.read_bytes())
    if kind == "truncated":
        raw = raw[: len(raw) // 2]
    elif kind == "empty":
        raw = bytearray()
    elif kind == "text":
        raw = bytearray(b"label,pred\n1,0\n" * 10)
    else:
        column = pq.ParquetFile(file).metadata.row_group(0).column(1)
        start = column.dictionary_page_offset or column.data_page_offset
        raw[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    file.write_bytes(raw)


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
@pytest.mark.parametrize("kind", ["truncated", "empty", "text", "a page"])
def test_a_damaged_file_is_named_or_left_out_whole(tmp_path: Path, kind: str, place: int) -> None:
    files = [tmp_path / f"{name}.parquet" for name in ("one", "two", "three")]
    logs = [random_log(1000, seed) for seed in range(3)]
    for file, log in zip(files, logs, strict=True):
        log.write_parquet(file)
    damaged(kind, files[place])
    with pytest.raises(SourceError) as caught:
        fm.count(files, BINARY, by="model")
    assert files[place].name in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.warns(UserWarning, match="skipped") as warned:
        counts = fm.count(files, BINARY, by="model", on_error="skip")
    assert len(warned) == 1
    assert str(files[place]) in str(warned[0].message)
    assert warned[0].filename == __file__
    assert counts.how["skipped"] == [str(files[place])]
    kept = [log for number, log in enumerate(logs) if number != place]
    assert counts.frame.equals(by_hand(pl.concat(kept), "model"))


def test_skip_of_nothing_is_silent_and_of_everything_is_an_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        LOG.write_parquet(tmp_path / f"{name}.parquet")
    counts = fm.count(tmp_path, BINARY, by="model", on_error="skip")
    assert counts == fm.count(tmp_path, BINARY, by="model")
    for name in ("a", "b"):
        damaged("truncated", tmp_path / f"{name}.parquet")
    with pytest.raises(SourceError, match=r"a\.parquet"):
        fm.count(tmp_path, BINARY, on_error="skip")


def test_how_stays_short_over_many_files(lake: tuple[Path, pl.DataFrame]) -> None:
    root, _ = lake
    how = fm.count(root, BINARY, on_error="skip").how
    assert how["rows"] == FILES * ROWS
    assert len(str(how)) < 1000


FAMILIES = {
    "binary": BINARY,
    "scores": fm.scores("label", "score"),
    "classes": fm.classes("label", "pred"),
    "regression": fm.regression("score", "other"),
}
EMPTY = pl.DataFrame(
    schema={
        "label": pl.Int64,
        "pred": pl.Int64,
        "score": pl.Float64,
        "other": pl.Float64,
        "model": pl.String,
        "ts": pl.Date,
    }
)


@pytest.mark.parametrize("keys", [[], ["model"], ["model", "ts"]], ids=["total", "one key", "two keys"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_file_without_rows(tmp_path: Path, family: str, keys: list[str]) -> None:
    EMPTY.write_parquet(tmp_path / "empty.parquet")
    counts = fm.count(tmp_path, FAMILIES[family], by=keys)
    assert counts.rows == 0
    assert counts.frame.height == 0
    assert counts + counts == counts
    names = [row.name for row in FAMILIES[family].metrics if row.kind != "other"]
    frame = counts.metrics(*[name for name in names if name not in ("label_coverage", "answer_rate")])
    if keys:
        assert frame.is_empty()
        assert frame.schema["model"] == pl.String
    else:
        assert frame["n"].to_list() == [0]
        assert frame.drop("n").null_count().row(0) == (1,) * (frame.width - 1)
    full = EMPTY.clear(2).with_columns(label=1, pred=1, score=0.5, other=0.25, model=pl.lit("a"))
    assert (counts + fm.count(full, FAMILIES[family], by=keys)).rows == 2


@pytest.mark.parametrize("family", FAMILIES)
def test_every_metric_of_no_rows_is_undefined(family: str) -> None:
    frame = fm.count(EMPTY, FAMILIES[family]).metrics()
    assert frame.row(0, named=True) == {name: 0 if name == "n" else None for name in frame.columns}


def test_windows_of_no_rows() -> None:
    counts = fm.count(EMPTY, BINARY, by="model", time="ts", every="1d")
    for frame in (counts.metrics("f1"), counts.metrics("f1", period="2d"), counts.metrics("f1", fill_empty=True)):
        assert frame.is_empty()
        assert frame.schema["window_start"] == frame.schema["window_end"] == pl.Datetime("us", "UTC")
    assert counts.rollup("window", every="1mo").metrics("f1").is_empty()


def test_empty_files_among_others(tmp_path: Path) -> None:
    for name, log in {"a": LOG.clear(), "b": LOG, "c": LOG.clear()}.items():
        log.write_parquet(tmp_path / f"{name}.parquet")
    assert fm.count(tmp_path, BINARY, by="model").frame.equals(by_hand(LOG, "model"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (lambda root: root / "hollow", ["hollow", "no file", ".parquet"]),
        (lambda root: root / "mnoday.parquet", ["mnoday.parquet", "did you mean", "monday.parquet"]),
        (lambda root: [root / "monday.parquet", root / "tuesdy.parquet"], ["tuesdy.parquet", "did you mean"]),
        (lambda root: root / "hollo", ["hollo", "did you mean", "'hollow'"]),
        (lambda root: root / "no" / "such" / "folder", ["no/such/folder"]),
        (lambda root: f"{root}/*.pq", ["*.pq"]),
        (lambda root: [], ["empty list"]),
        (lambda root: root / "notes.txt", ["notes.txt", ".parquet"]),
    ],
    ids=["empty folder", "file", "file in a list", "folder", "nothing near", "glob", "empty list", "format"],
)
def test_paths_that_lead_nowhere(tmp_path: Path, given: Callable[[Path], Any], says: list[str]) -> None:
    (tmp_path / "hollow").mkdir()
    (tmp_path / "notes.txt").write_text("buy milk")
    for day in ("monday", "tuesday"):
        LOG.write_parquet(tmp_path / f"{day}.parquet")
    with pytest.raises(SourceError) as caught:
        fm.count(given(tmp_path), BINARY)
    message = str(caught.value)
    assert [fragment for fragment in says if fragment not in message] == []
    assert "\n" not in message
    assert len(message) < 400


# Streams


def test_a_reader_stays_a_stream() -> None:
    gc.collect()
    before = pa.total_allocated_bytes()
    batches, rows, alive, peak = 200, 50_000, [0], [0]
    schema = pa.schema([("label", pa.int64()), ("pred", pa.int64())])

    def stream() -> Iterator[pa.RecordBatch]:
        for _ in range(batches):
            alive[0] += 1
            peak[0] = max(peak[0], alive[0])
            values = np.zeros(rows, np.int64)
            weakref.finalize(values, lambda: alive.__setitem__(0, alive[0] - 1))
            column = pa.Array.from_buffers(pa.int64(), rows, [None, pa.py_buffer(values)])
            del values
            yield pa.record_batch([column, column], schema=schema)

    counts = fm.count(pa.RecordBatchReader.from_batches(schema, stream()), BINARY, threads=2)
    assert counts.rows == batches * rows
    gc.collect()
    assert alive[0] == 0
    assert peak[0] < 20
    assert pa.total_allocated_bytes() - before < rows * 8


def test_a_reader_that_fails_stops_the_count_and_its_threads() -> None:
    schema = pa.schema([("label", pa.int64()), ("pred", pa.int64())])

    def stream() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array([1]), pa.array([1])], schema=schema)
        raise OSError("the line went dead")

    threads = threading.active_count()
    with pytest.raises(SourceError, match="the line went dead"):
        fm.count(pa.RecordBatchReader.from_batches(schema, stream()), BINARY)
    assert threading.active_count() == threads


def test_a_bad_value_stops_a_stream_early() -> None:
    schema = pa.schema([("label", pa.int64()), ("pred", pa.int64())])
    made = []

    def stream() -> Iterator[pa.RecordBatch]:
        for number in range(10_000):
            made.append(number)
            yield pa.record_batch([pa.array([7]), pa.array([1])], schema=schema)

    with pytest.raises(fm.DataError, match="holds 7"):
        fm.count(pa.RecordBatchReader.from_batches(schema, stream()), BINARY, threads=2)
    assert len(made) < 1000


def test_times_with_an_offset_in_a_stream() -> None:
    table = pa.table({"label": [1, 0], "pred": [1, 1], "ts": ["2024-01-01T00:30:00+02:00", "2024-01-01T00:30:00Z"]})
    arguments = {"time": "ts", "every": "1d"}
    assert fm.count(table.to_reader(), BINARY, **arguments) == fm.count(table, BINARY, **arguments)


def test_text_labels_of_a_stream_are_refused_without_a_wrong_count() -> None:
    table = pa.table({"label": ["yes", "no"], "pred": ["yes", "yes"]})
    with pytest.raises(SchemaError) as caught:
        fm.count(table.to_reader(), BINARY)
    assert "'label'" in str(caught.value)
    assert "pos_label=" in str(caught.value)
    assert "0 distinct" not in str(caught.value)


@pytest.mark.parametrize("way", ["stream", "file by file"])
@pytest.mark.parametrize(
    "arguments",
    [
        {"where": pl.col("age").cum_sum() > 100},
        {"where": pl.col("age") > pl.col("age").mean()},
        {"by": pl.col("age").rank("ordinal").clip(0, 3).alias("rank")},
    ],
    ids=["running sum", "mean", "rank"],
)
def test_an_expression_over_many_rows_means_the_same_or_is_refused(
    tmp_path: Path, arguments: dict[str, Any], way: str
) -> None:
    """In a stream only a batch is at hand, and a file at a time where files may be skipped."""
    for start in (0, 2000):
        LOG[start : start + 2000].write_parquet(tmp_path / f"{start}.parquet")
    whole = fm.count(LOG[:4000], BINARY, **arguments)
    try:
        if way == "stream":
            parts = fm.count(LOG[:4000].to_arrow().to_reader(max_chunksize=100), BINARY, **arguments)
        else:
            parts = fm.count(tmp_path, BINARY, on_error="skip", **arguments)
    except SchemaError:
        return
    assert parts == whole


@pytest.mark.parametrize("session", ["Europe/Berlin", "Etc/UTC", "America/St_Johns"])
def test_the_session_of_duckdb_decides_neither_windows_nor_keys(session: str) -> None:
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone='{session}'")
    relation = connection.sql(
        "select 1 as label, 1 as pred, ts, {'at': ts} as inside, [ts] as list from (select unnest(generate_series("
        "TIMESTAMPTZ '2024-03-30 20:00:00+00', TIMESTAMPTZ '2024-04-01 20:00:00+00', interval 1 hour)) as ts)"
    )
    times = pl.datetime_range(
        dt.datetime(2024, 3, 30, 20), dt.datetime(2024, 4, 1, 20), "1h", eager=True, time_zone="UTC"
    )
    log = pl.DataFrame({"label": 1, "pred": 1, "ts": times})
    family = fm.binary("label", "pred")
    days = fm.count(log, family, time="ts", every="1d")
    for time in ("ts", pl.col("inside").struct.field("at"), pl.col("list").list.first()):
        assert fm.count(relation, family, time=time, every="1d") == days
    hour = pl.col("ts").dt.hour().alias("hour")
    assert fm.count(relation, family, by=hour) == fm.count(log, family, by=hour)
    assert fm.count(relation, family, by="ts") == fm.count(log, family, by="ts")
    local = {"time": "ts", "every": "1d", "time_zone": "Europe/Berlin"}
    assert fm.count(relation, family, **local) == fm.count(log, family, **local) != days


def test_a_duckdb_relation_is_read_as_its_arrow_reader() -> None:
    table = LOG.to_arrow()
    relation = duckdb.connect().from_arrow(table)
    reader = relation.to_arrow_reader(1000)
    assert fm.count(reader, BINARY, by="model").frame.equals(by_hand(LOG, "model"))


def test_the_input_is_left_as_it_was() -> None:
    before = LOG.clone()
    values = {"label": np.array([1, 0, 1]), "pred": np.array([1.0, np.nan, 0.0])}
    copies = {name: array.copy() for name, array in values.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fm.count(values, BINARY)
        fm.count(LOG, BINARY, by="model")
    assert all(np.array_equal(values[name], copies[name], equal_nan=True) for name in values)
    assert LOG.equals(before)
