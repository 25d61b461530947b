"""Keys of every type in every output, or refused once with the value that no output can hold."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import fastmetrics as fm
from fastmetrics.cli import main
from fastmetrics.cli.gates import Rules, gate
from fastmetrics.errors import DataError, FastMetricsError, SchemaError
from fastmetrics.report.files import encoded
from fastmetrics.report.tables import facts, table
from fastmetrics.report.text import lines
from fastmetrics.wording import shortened

BINARY, SCORES = fm.binary("label", "pred"), fm.scores("label", "score")
TOKYO = pl.Series([datetime(1, 1, 1), datetime(9999, 12, 31, 12), None]).dt.replace_time_zone("UTC")
# Two values and a null of each type, and the text of the first: in the frame of findings, and as people read it.
KEYS: dict[str, tuple[pl.Series, str, str]] = {
    "Duration": (pl.Series([timedelta(hours=1, microseconds=1), timedelta(-400), None]), "1:00:00.000001", "1h 1µs"),
    "Duration ms": (
        pl.Series([10**12, -(10**12), None]).cast(pl.Duration("ms")),
        "11574 days, 1:46:40",
        "11574d 1h 46m 40s",
    ),
    "Binary": (pl.Series([b"\xff\x00'", b"", None]), "ff0027", "ff0027"),
    "UInt128": (pl.Series([2**127 + 5, 0, None], dtype=pl.UInt128), str(2**127 + 5), str(2**127 + 5)),
    "Int128": (pl.Series([-(2**100), 7, None], dtype=pl.Int128), str(-(2**100)), str(-(2**100))),
    "UInt64": (pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64), str(2**64 - 1), str(2**64 - 1)),
    "Int8": (pl.Series([-128, 127, None], dtype=pl.Int8), "-128", "-128"),
    "Decimal": (pl.Series([Decimal("1.50"), Decimal("-0.01"), None]), "1.50", "1.50"),
    "Time": (pl.Series([time(1, 2, 3, 4), time(0), None]), "01:02:03.000004", "01:02:03.000004"),
    "Date": (pl.Series([date(1, 1, 1), date(9999, 12, 31), None]), "0001-01-01", "0001-01-01"),
    "Datetime": (
        pl.Series([datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), None]),
        "0001-01-01 00:00:00",
        "0001-01-01",
    ),
    "Datetime of a zone": (
        TOKYO.dt.convert_time_zone("Asia/Tokyo"),
        "0001-01-01 09:18:59+09:18:59",
        "0001-01-01 09:18:59",
    ),
    "Enum": (pl.Series(["b", "a", None], dtype=pl.Enum(["b", "a", "c"])), "b", "b"),
    "Categorical": (pl.Series(["b", "a", None], dtype=pl.Categorical), "b", "b"),
    "Float64": (pl.Series([float("inf"), 0.1, None]), "inf", "inf"),
    "Float32": (pl.Series([0.1, -0.5, float("nan")], dtype=pl.Float32), "0.10000000149011612", "0.1"),
    "Float16": (pl.Series([0.5, 1.0, None], dtype=pl.Float16), "0.5", "0.5"),
    "Boolean": (pl.Series([True, False, None]), "True", "True"),
    "Null": (pl.Series([None, None, None]), "None", "None"),
    "String": (pl.Series(["b", "", None]), "b", "b"),
}
every_type = pytest.mark.parametrize("name", KEYS)


def log(key: pl.Series) -> pl.DataFrame:
    """Four thousand rows of each value, all predictions of the first value right, half of them positive."""
    rows = pl.DataFrame({"row": range(4000)}).with_columns(
        label=pl.col("row") % 2 == 0,
        pred=(pl.col("row") % 2 == 0) ^ (pl.col("row") % 8 == 1),
        score=pl.col("row") * 7 % 40 / 40,
        ts=pl.col("row") % 4 * 3600,
    )
    return pl.DataFrame({"key": key, "place": range(len(key))}).join(rows, how="cross")


def counted(name: str, *families: fm.Family, **arguments: Any) -> fm.Counts:
    arguments = {"by": ["key", "place"], "time": "ts", "every": "1h", "time_unit": "s"} | arguments
    return fm.count(log(KEYS[name][0]), *(families or (BINARY, SCORES)), **arguments)


def test_every_type_of_polars_that_holds_no_others_is_here() -> None:
    held = {key.dtype.base_type().__name__ for key, _, _ in KEYS.values()}
    nested = {"List", "Array", "Struct", "Map", "Object", "Field", "Unknown", "Extension", "BaseExtension"}
    shorter = {"Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32"}
    assert {cls.__name__ for cls in leaves(pl.DataType)} - nested - shorter <= held


def leaves(kind: type) -> list[type]:
    below = [leaf for each in kind.__subclasses__() for leaf in leaves(each)]
    return below or [kind]


@every_type
def test_what_people_read(name: str) -> None:
    key, _, text = KEYS[name]
    counts = counted(name)
    assert text in repr(counts.filter(pl.col("place") == 0))
    assert counts._repr_html_()
    assert facts(lines(counts), color=False)
    frame = counts.rollup("key").metrics("recall")
    shown = table(frame, ["key"], color=False)
    assert len(shown.splitlines()) >= 2 + key.n_unique()
    assert text in shown or key.dtype == pl.Null
    assert table(frame, ["key"], width=30, color=False)
    for rule in ("recall<0.1", "recall>=0"):
        Rules([gate(rule)]).failures(frame.with_columns(recall=None), ["key"], [])
        Rules([gate(rule)]).failures(frame, ["key"], [])


@every_type
def test_what_programs_read(name: str) -> None:
    frame = counted(name).metrics("recall", "f1")
    assert pl.read_parquet(encoded(frame, "parquet")).equals(frame)
    assert len(pl.read_csv(encoded(frame, "csv"), infer_schema=False)) == len(frame)
    rows = json.loads(encoded(frame, "json"))
    assert [json.loads(line) for line in encoded(frame, "ndjson").splitlines()] == rows
    unsaid = name == "Float64"  # JSON has no infinity
    assert len({str(row["key"]) for row in rows}) == frame["key"].n_unique() - unsaid


@every_type
def test_counts_come_back_and_add_up(name: str, tmp_path: Path) -> None:
    counts = counted(name, BINARY)
    counts.write(tmp_path / "counts.parquet")
    assert fm.read_counts(tmp_path / "counts.parquet") == counts
    assert fm.Counts.from_arrow(counts.to_arrow()) == counts
    assert pickle.loads(pickle.dumps(counts)) == counts
    assert (counts + counts).rows == 2 * counts.rows
    assert not len((counts - counts).frame)
    frame = log(KEYS[name][0])
    for source in (frame.lazy(), iter([frame[:6000], frame[6000:]])):
        assert fm.count(source, BINARY, by="key") == counts.rollup("key")


@every_type
def test_reading_comparing_and_filtering(name: str) -> None:
    key, _, _ = KEYS[name]
    counts = counted(name)
    values = key.n_unique()
    by_key = counts.rollup("key")
    for frame in (by_key.tidy("recall"), by_key.worst("recall", 3), by_key.compare("recall", by="key", to=counts)):
        assert len(frame) == values
    assert by_key.tidy("recall")["slice_value"].n_unique() == values
    assert counts.rollup("key", "place").tidy("recall")["slice_value"].n_unique() == len(key)
    assert len(counts.compare("recall", by="key", to="overall")) == values
    assert len(counts.compare("recall", by="key", to={"key": key[0]})) == values - 1
    assert by_key.filter(key=key[0]).rows == (12000 if key.dtype == pl.Null else 4000)
    assert by_key.filter(pl.col("key").is_null()).rows == (12000 if key.dtype == pl.Null else 4000)
    assert len(by_key.at_threshold(0.5).metrics("f1")) == values
    assert len(counts.rollup("key", "window", every="1d").metrics("recall", fill_empty=True)) == values
    assert counts.root_cause()["key"].n_unique() == counts.curve("roc")["key"].n_unique() == values
    with pytest.raises(SchemaError):
        counts.compare("recall", by="key", to="a value of another type")
    with pytest.raises(SchemaError, match="filter on 'key'"):
        counts.filter(key=object())


@every_type
def test_grouping_sets_and_late_labels(name: str) -> None:
    sets = counted(name, BINARY, grouping_sets=[[], ["key"], ["key", "place"]])
    assert repr(sets)
    assert sets.tidy("recall").filter(slice_key="key")["slice_value"].n_unique() == KEYS[name][0].n_unique()
    frame = log(KEYS[name][0]).with_row_index("id")
    unlabelled = frame.with_columns(label=pl.lit(None, pl.Boolean))
    late = fm.label_delta(unlabelled, frame.select("id", "label"), BINARY, on="id", label="label", by="key")
    assert fm.count(unlabelled, BINARY, by="key") + late == fm.count(frame, BINARY, by="key")


@every_type
@pytest.mark.parametrize("per", ["key", "model"])
def test_a_fault_in_one_value_is_found_and_said(name: str, per: str) -> None:
    key, exact, _ = KEYS[name]
    frame = log(key).rename({"key": per})
    faulty = frame.with_columns(pred=pl.when(pl.col("place") == 0).then(False).otherwise("pred"))
    now, before = (fm.count(rows, BINARY, by=[per]) for rows in (faulty, frame))
    found = fm.diagnose(now, baseline=before)
    assert found.text()
    row = json.loads(found.to_json())["findings"][0]
    assert len(found.findings) == len(found)
    assert len(fm.decompose(now, metric="recall", baseline=before)) == key.n_unique()
    if key.dtype == pl.Null:
        return
    if per == "model":
        assert row["model"] == exact
        return
    assert row["predicate"] == [{"column": "key", "value": exact}]
    assert frame.filter(found[0].filter)["place"].unique().to_list() == [0]
    assert found[0].examples(frame, 2)["place"].unique().to_list() == [0]
    if name not in ("UInt128", "Datetime of a zone"):  # of which Polars' SQL has no literal
        assert frame.sql(f"SELECT * FROM self WHERE {found[0].sql}")["place"].unique().to_list() == [0]


@pytest.mark.parametrize("name", [name for name in KEYS if name not in ("Int128", "UInt128", "Float16", "Null")])
def test_the_sql_of_a_finding_is_that_of_duckdb_too(name: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    key = KEYS[name][0]
    finding = fm.Finding("fn_surge", "major", "fnr", "", "", slice={"key": key[0]})
    connection = duckdb.connect()
    connection.register("log", pl.DataFrame({"key": key}))
    wanted = connection.sql(f"SELECT count(*) FROM log WHERE {finding.sql}").fetchall()
    assert wanted == [(1,)]


@every_type
def test_pictures_name_each_value(name: str) -> None:
    pytest.importorskip("altair")
    key, _, text = KEYS[name]
    chart = counted(name, SCORES).plot(kind="bars", by="key").to_dict()
    groups = [row["group"] for row in json.loads(next(iter(chart["datasets"].values())))]
    assert len(set(groups)) == key.n_unique()
    assert any(group.startswith(shortened(text, 34)) for group in groups) or key.dtype == pl.Null
    if name in ("Duration", "Binary", "Date", "UInt128"):
        for kind in ("time", "heatmap", "roc", "calibration"):
            assert counted(name).plot(kind=kind, by=["key", "place"] if kind == "heatmap" else "key").to_dict()


@every_type
def test_classes_of_every_type(name: str, tmp_path: Path) -> None:
    counts = counted(name, fm.classes("key", "key"), by="place")
    counts.write(tmp_path / "counts.parquet")
    assert fm.read_counts(tmp_path / "counts.parquet") == counts
    each = counts.per_class()
    assert each["class"].null_count() == 0
    for form in ("csv", "json", "parquet"):
        encoded(each, form)
    assert table(each, ["class"], color=False)
    assert len(counts.most_confused()) == 0
    if name in ("Duration", "Binary"):
        pytest.importorskip("altair")
        assert counts.plot(kind="confusion").to_dict()


@pytest.mark.parametrize(
    "name", ["Duration", "Binary", "UInt128", "Decimal", "Time", "Date", "Enum", "Float32", "Boolean"]
)
def test_the_shell_reads_them(name: str, tmp_path: Path) -> None:
    counted(name, BINARY).write(tmp_path / "counts.parquet")
    for more in (["--format", "table"], ["--format", "json"], [], ["--gate", "recall>=1"]):
        ended = CliRunner().invoke(main, ["metrics", str(tmp_path / "counts.parquet"), "--by", "key", *more])
        assert ended.exit_code == 0, ended.output


BEYOND: dict[str, tuple[pl.Series, str]] = {
    "Duration": (pl.Series([2**62]).cast(pl.Duration("ms")), "holds 4,611,686,018,427,387,904 ms, beyond durations of"),
    "Date": (pl.Series([5_000_000], dtype=pl.Int32).cast(pl.Date), "holds 5,000,000 d, beyond the years 1 to 9999"),
    "Date before": (
        pl.Series([-719_163], dtype=pl.Int32).cast(pl.Date),
        "holds -719,163 d, beyond the years 1 to 9999",
    ),
    "Datetime": (
        pl.Series([2**63 - 1]).cast(pl.Datetime("us")),
        r"holds infinity \(.* us\), beyond the years",
    ),
    "Datetime ns": (pl.Series([-(2**63)], dtype=pl.Int64).cast(pl.Datetime("ns")), r"holds NaT \(.* ns\), beyond the"),
    "Datetime ms": (pl.Series([-(2**62)]).cast(pl.Datetime("ms")), "ms, beyond the years 1 to 9999"),
    "Datetime of a zone": (
        pl.Series([datetime(9999, 12, 31, 23)]).dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"),
        "us, beyond the years 1 to 9999",
    ),
}


@pytest.mark.parametrize("name", BEYOND)
@pytest.mark.parametrize("place", ["key", "class"])
def test_what_no_output_can_hold_is_refused_once(name: str, place: str) -> None:
    key, words = BEYOND[name]
    frame = pl.DataFrame({"key": key, "label": [True], "pred": [True]})
    ask: Callable[[pl.DataFrame], fm.Counts] = (
        (lambda rows: fm.count(rows, BINARY, by="key"))
        if place == "key"
        else (lambda rows: fm.count(rows, fm.classes("key", "key")))
    )
    with pytest.raises(DataError, match=words):
        ask(frame)
    assert fm.count(frame, BINARY).rows == 1


@pytest.mark.parametrize("key", [[[1]], [{"a": 1}]])
def test_nested_keys_are_refused_at_the_door(key: list[Any]) -> None:
    frame = pl.DataFrame({"key": key, "label": [True], "pred": [True]})
    with pytest.raises(FastMetricsError, match="which cannot be a key; expected text, a number"):
        fm.count(frame, BINARY, by="key")
