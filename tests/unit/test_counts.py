"""Counts: their format, what merges and what does not, and how they are kept."""

from __future__ import annotations

import os
import pickle
import stat
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm
from fastmetrics.errors import MergeError, SchemaError, SourceError
from fastmetrics.state import metadata

BINARY = fm.binary("label", "pred")
SCORES = fm.scores("label", "score", bins=4)
ERRORS = fm.regression("label", "score")
TIMES = ["2024-01-01T00:10", "2024-01-01T01:50", None, "2024-01-02T00:00", "2023-12-31T23:59"]
LOG = pl.DataFrame(
    {
        "label": [1, 0, 1, None, 0],
        "pred": [1, 1, 0, 1, None],
        "score": [0.9, 0.8, 0.1, 0.5, None],
        "model": ["b", "a", None, "b", "a"],
        "site": pl.Series(["x", "y", "y", None, "x"], dtype=pl.Enum(["y", "x", "z"])),
        "guess": pl.Series(["a", "a", "b", "b", None], dtype=pl.Enum(["b", "a", "z"])),
        "ts": pl.Series(
            ["2024-01-01T00:10", "2024-01-01T01:50", None, "2024-01-02T00:00", "2023-12-31T23:59"]
        ).str.to_datetime(time_unit="us"),
        "weight": [0.5, 0.0, 2.0, 1.0, 3.0],
    }
)
TIMED: dict[str, Any] = {"time": "ts", "every": "1h"}


def counted(*families: Any, by: Any = ("model", "site"), log: pl.DataFrame = LOG, **arguments: Any) -> fm.Counts:
    return fm.count(log, *(families or (BINARY,)), by=by, **arguments)


# The format


def test_columns_of_a_table() -> None:
    """Keys in the order of by=, the window, inner keys, cells; a float sum is a pair, a weight adds two."""
    counts = counted(SCORES, BINARY, ERRORS, **TIMED)
    assert list(counts.tables) == ["scores", "binary", "regression"]
    outer, frame = ["model", "site", "window_start"], counts.tables["scores"]
    sums = [name for cell in ("score_sum", "brier_sum", "log_loss_sum") for name in (cell, f"{cell}_error")]
    assert frame.columns == [*outer, "bin", "negative", "positive", "unlabelled", *sums]
    assert counts.tables["binary"].columns == [*outer, *BINARY.states]
    assert counts.tables["regression"].columns[-4:] == [
        "lowest_label",
        "highest_label",
        "lowest_error",
        "highest_error",
    ]
    assert frame.schema["site"] == LOG.schema["site"]
    assert frame.schema["window_start"] == pl.Datetime("us", "UTC")
    assert {frame.schema[state] for state in SCORES.states} == {pl.Int64}
    assert {frame.schema[cell] for cell in sums} == {pl.Float64}
    weighted = counted(BINARY, weight="weight").frame.columns
    assert weighted[2:7] == ["tn", "w_tn", "w_tn_error", "w2_tn", "w2_tn_error"]
    floats = [name for name in counted(SCORES, weight="weight").frame.columns if "brier" in name]
    assert floats == ["w_brier_sum", "w_brier_sum_error", "w2_brier_sum", "w2_brier_sum_error"]


def test_rows_are_sorted_by_their_keys_with_nulls_last() -> None:
    """Text by its letters, an Enum by the order of its categories."""
    assert counted(by="model").frame["model"].to_list() == ["a", "b", None]
    assert counted(by="site").frame["site"].to_list() == ["y", "x", None]
    assert counted(by=["site", "model"]).frame.select("site", "model").rows() == [
        ("y", "a"),
        ("y", None),
        ("x", "a"),
        ("x", "b"),
        (None, "b"),
    ]


def test_a_group_of_zeros_is_not_there() -> None:
    counts = counted()
    nothing = counts - counts
    assert nothing.frame.is_empty()
    assert nothing == counted(log=LOG.clear())
    assert nothing.frame.schema == counts.frame.schema
    assert (counts - counted(log=LOG[:1])).frame.height == 4


def test_a_difference_keeps_what_is_below_zero() -> None:
    late = LOG.with_columns(label=pl.Series([1, 0, 1, 1, 0]))
    delta = counted(by="model", log=late) - counted(by="model")
    assert delta.frame.select("model", "tp", "unlabelled_pos").rows() == [("b", 1, -1)]
    assert delta.rows == 0
    assert counted(by="model") + delta == counted(by="model", log=late)
    assert (counted(by="model") - counted(by="model", log=late)).frame["tp"].to_list() == [-1]


def test_counts_without_keys_are_one_row_or_none() -> None:
    counts = counted(by=None)
    assert counts.frame.shape == (1, 9)
    assert counts.rows == 5
    assert (counts - counts).frame.shape == (0, 9)
    assert (counts - counts).rows == 0
    assert counted(by=None, log=LOG.clear()) == counts - counts


def test_sum_of_many() -> None:
    parts = [counted(log=LOG[row : row + 1]) for row in range(5)]
    assert sum(parts) == counted()
    assert sum(parts[1:], parts[0]) == counted()
    assert parts[0].merged(parts[1:]) == counted()
    assert sum(parts).how["rows"] == 5


@pytest.mark.parametrize("other", [1, None, "counts", LOG], ids=lambda other: type(other).__name__)
def test_only_counts_are_added_and_subtracted(other: Any) -> None:
    for operation in (lambda: counted() + other, lambda: counted() - other, lambda: other - counted()):
        with pytest.raises(TypeError):
            operation()


def test_equality_is_of_layout_and_cells_alone() -> None:
    assert counted(threads=1) == counted(threads=2)
    assert counted() != counted(log=LOG[1:])
    assert counted(by="model") != counted(by="site")
    assert counted() != LOG
    with pytest.raises(TypeError, match="unhashable"):
        hash(counted())


def test_the_table_of_several_families_is_asked_for_by_name() -> None:
    with pytest.raises(SchemaError, match=r"hold 2 tables; take one of tables\[binary, scores\]"):
        _ = counted(BINARY, SCORES).frame
    with pytest.raises(SchemaError, match="unknown family 'score'; did you mean 'scores'"):
        counted(BINARY, SCORES).layout.family("score")


# What does not merge


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ({"by": "model"}, {"by": "site"}, "keys ['model'] and ['site']"),
        (TIMED, TIMED | {"every": "1d"}, "every='1h'"),
        (TIMED, TIMED | {"time_zone": "Asia/Kolkata"}, "time_zone='Asia/Kolkata'"),
        (TIMED, TIMED | {"offset": "30m"}, "offset='30m'"),
        (TIMED, {}, "and None"),
        ({}, {"weight": "weight"}, "weights False and True"),
        ({"grouping_sets": [[], ["model", "site"]]}, {}, "grouping sets"),
        ({}, {"families": [SCORES]}, "families ['binary'] and ['scores']"),
        ({}, {"families": [BINARY, SCORES]}, "families ['binary'] and ['binary', 'scores']"),
        ({}, {"families": [fm.binary("label", "pred", pos_label=1)]}, "pos_label None and 1 of family 'binary'"),
        (
            {"families": [fm.binary("label", y_score="score", threshold=0.5)]},
            {"families": [fm.binary("label", y_score="score", threshold=0.6)]},
            "threshold 0.5 and 0.6",
        ),
        ({"families": [SCORES]}, {"families": [fm.scores("label", "score", bins=2)]}, "edges [0.0, 0.25,"),
        ({"families": [ERRORS]}, {"families": [fm.regression("label", "score", shift=1)]}, "shift 0.0 and 1.0"),
        (
            {"families": [ERRORS]},
            {"families": [fm.regression("label", "score", extremes=False)]},
            "cells",
        ),
        (
            {"families": [fm.classes("model", "guess")]},
            {"families": [fm.classes("model", "guess", labels=["a"])]},
            "labels None and ['a']",
        ),
    ],
    ids=lambda part: part[:30] if isinstance(part, str) else "",
)
def test_counts_of_different_questions_name_the_difference(
    one: dict[str, Any], other: dict[str, Any], says: str
) -> None:
    left, right = (counted(*part.pop("families", ()), **part) for part in (dict(one), dict(other)))
    for verb, operation in (("added", lambda: left + right), ("subtracted", lambda: left - right)):
        with pytest.raises(MergeError) as caught:
            operation()
        assert f"Counts cannot be {verb}: they differ in" in str(caught.value)
        assert says in str(caught.value)
    assert left != right


def test_other_columns_of_the_same_meaning_merge() -> None:
    """Names of role columns are not part of what is counted."""
    renamed = counted(fm.binary("truth", "answer"), log=LOG.rename({"label": "truth", "pred": "answer"}))
    assert renamed + counted() == counted() + counted()


def keyed(dtype: Any, values: list[Any]) -> fm.Counts:
    log = pl.DataFrame({"key": pl.Series(values, dtype=dtype)}).with_columns(label=1)
    return fm.count(log, fm.binary("label", "label"), by="key")


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [
        ((pl.Int8, [-128, 1]), (pl.Int64, [1, 2**40]), (pl.Int64, [-128, 1, 2**40])),
        ((pl.UInt32, [2**32 - 1]), (pl.Int32, [-1]), (pl.Int64, [-1, 2**32 - 1])),
        ((pl.UInt64, [2**64 - 1, 5]), (pl.Int64, [5, -(2**63)]), (pl.Int128, [-(2**63), 5, 2**64 - 1])),
        ((pl.Int128, [2**100]), (pl.Int8, [1]), (pl.Int128, [1, 2**100])),
        ((pl.Float32, [0.5, None]), (pl.Float64, [0.5, -0.0]), (pl.Float64, [0.0, 0.5, None])),
        ((pl.Enum(["b", "a"]), ["b", "a"]), (pl.Enum(["a", "b"]), ["b"]), (pl.String, ["a", "b"])),
        ((pl.Enum(["b", "a"]), ["b", "a"]), (pl.Enum(["b", "a"]), ["b"]), (pl.Enum(["b", "a"]), ["b", "a"])),
        ((pl.Enum(["b", "a"]), ["b"]), (pl.String, ["b", "c"]), (pl.String, ["b", "c"])),
        ((pl.Categorical, ["b", "a"]), (pl.Categorical, ["a", "b"]), (pl.String, ["a", "b"])),
        ((pl.Null, [None]), (pl.Int16, [3, None]), (pl.Int16, [3, None])),
        ((pl.Boolean, [True, None]), (pl.Null, [None]), (pl.Boolean, [True, None])),
    ],
    ids=lambda part: str(part[0]),
)
def test_keys_of_other_widths_and_categories_merge(one: Any, other: Any, merged: Any) -> None:
    for whole in (keyed(*one) + keyed(*other), keyed(*other) + keyed(*one)):
        assert whole.frame["key"].equals(pl.Series("key", merged[1], dtype=merged[0]), check_dtypes=True)
        assert whole.rows == len(one[1]) + len(other[1])
    assert keyed(*one) + keyed(*other) - keyed(*other) == keyed(*one) + keyed(merged[0], [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((pl.Int64, [1]), (pl.Float64, [1.0])),
        ((pl.Int64, [1]), (pl.String, ["1"])),
        ((pl.Boolean, [True]), (pl.Int8, [1])),
        ((pl.Date, [None]), (pl.Datetime, [None])),
        ((pl.Binary, [b"a"]), (pl.String, ["a"])),
    ],
    ids=str,
)
def test_keys_of_other_kinds_do_not_merge(one: Any, other: Any) -> None:
    for left, right in ((one, other), (other, one)):
        with pytest.raises(MergeError, match=r"key 'key' holds .* in one Counts and .* in the other; cast it"):
            keyed(*left) + keyed(*right)


def test_extremes_are_added_and_not_subtracted() -> None:
    assert counted(ERRORS, log=LOG[:2]) + counted(ERRORS, log=LOG[2:]) == counted(ERRORS)
    with pytest.raises(MergeError, match=r"keeps extremes .*highest_error.*extremes=False"):
        counted(ERRORS, by=None) - counted(ERRORS, by=None, log=LOG[:2])
    assert counted(ERRORS) + (counted(ERRORS) - counted(ERRORS)) == counted(ERRORS)


# Rollup, filter, grouping sets


def test_rollup_keeps_the_keys_named_in_their_own_order() -> None:
    counts = counted(**TIMED)
    assert counts.rollup("site", "model").layout.keys == ("model", "site")
    assert counts.rollup("site", "model") == counted()
    assert counts.rollup("model", "window") == counted(by="model", **TIMED)
    assert counts.rollup() == counted(by=None)
    assert counts.rollup("window", every="1 day") == counted(by=None, **(TIMED | {"every": "1d"}))
    assert counts.rollup("model").how["source"] == counts.how["source"]


@pytest.mark.parametrize(
    ("by", "every", "says"),
    [
        (["modle"], None, "unknown key 'modle'; did you mean 'model'? (known: model, site, window)"),
        (["window_start"], None, "unknown key 'window_start' (known: model, site, window)"),
        (["model"], "1d", "every='1d' needs the windows: add 'window'"),
        (["window"], "90m", "windows of 1h do not nest in windows of 90m"),
        (["window"], "often", "every='often' is not a duration"),
    ],
)
def test_rollups_that_make_no_sense(by: list[str], every: str | None, says: str) -> None:
    with pytest.raises(SchemaError) as caught:
        counted(**TIMED).rollup(*by, every=every)
    assert says in str(caught.value)


def test_windows_of_counts_without_windows() -> None:
    with pytest.raises(SchemaError, match="unknown key 'window'"):
        counted().rollup("window")


def test_filter() -> None:
    counts = counted(**TIMED)
    assert counts.filter(model="a").rows == 2
    assert counts.filter(model=None).rows == 1
    assert counts.filter(site="x", model="a").rows == 1
    assert counts.filter(pl.col("model").is_in(["a", "b"]), pl.col("site") == "y").rows == 1
    assert counts.filter(pl.col("window_start") >= pl.lit("2024-01-01").str.to_datetime(time_zone="UTC")).rows == 3
    assert counts.filter(window=None).rows == 1
    assert counts.filter(pl.lit(True)) == counts
    assert counts.filter(model="nobody") == counts - counts
    assert counts.filter(model="a").layout == counts.layout
    assert counted(SCORES).filter(pl.col("bin").is_null()).rows == 1


@pytest.mark.parametrize(
    ("predicates", "equal", "says"),
    [
        ([pl.col("tp") > 0], {}, "unknown key 'tp'"),
        ([], {"modle": "a"}, "unknown key 'modle'; did you mean 'model'?"),
        ([pl.col("model") + 1 > 2], {}, "filter on"),
    ],
    ids=["cell", "typo", "types"],
)
def test_filters_that_make_no_sense(predicates: list[pl.Expr], equal: dict[str, Any], says: str) -> None:
    with pytest.raises(SchemaError) as caught:
        counted().filter(*predicates, **equal)
    assert says in str(caught.value)


def test_a_filter_on_inner_keys_of_one_family_among_others() -> None:
    with pytest.raises(SchemaError, match="filter of family 'binary': unknown key 'bin'"):
        counted(BINARY, SCORES).filter(pl.col("bin") == 1)


SETS = [[], ["model"], ["site", "model"]]


def test_grouping_sets() -> None:
    """Keys outside a set are null and told from a null by `grouping`, whose rows add up to all in each set."""
    counts = counted(BINARY, SCORES, grouping_sets=SETS, **TIMED)
    for family in (BINARY, SCORES):
        frame = counts.tables[family.name]
        assert frame.columns[:4] == ["grouping", "model", "site", "window_start"]
        sums = frame.group_by("grouping").agg(n=pl.sum_horizontal(pl.col(family.states).sum())).sort("grouping")
        assert sums.rows() == [("", 5), ("model", 5), ("site,model", 5)]
        outside = frame.filter(pl.col("grouping") == "").select("model", "site")
        assert outside.null_count().row(0) == (len(outside), len(outside))
    assert counts.rows == 5
    assert counts.grouping("model", "site") == counts.grouping("site", "model")
    assert counts.grouping("model").rollup() == counts.grouping().rollup()
    assert counts + counts - counts == counts
    with pytest.raises(SchemaError, match=r"roll-ups already; pick one .* of '', 'model', 'site,model'"):
        counts.rollup("model")
    with pytest.raises(SchemaError, match="unknown grouping set 'site'"):
        counts.grouping("site")
    with pytest.raises(SchemaError, match=r"no grouping sets; counts.rollup\(...\) gives fewer keys"):
        counted().grouping("site")


@pytest.mark.parametrize(
    "predicate",
    [
        pl.col("tp") > 0,
        pl.selectors.by_name("tp") > 0,
        pl.nth(1) >= 0,
        pl.selectors.string() == "a",
        pl.all().is_null(),
        "model",
        True,
    ],
)
def test_a_filter_reads_keys_by_their_names_and_nothing_else(predicate: Any) -> None:
    with pytest.raises(SchemaError, match=r"^filter"):
        counted().filter(predicate)
    assert counted().filter(pl.selectors.by_name("model") == "a") == counted().filter(model="a")


@pytest.mark.parametrize(
    "sets", [[["model"], ["site"]], [["model"], ["site"], []], [["site", "model"], ["site"]]], ids=str
)
def test_each_grouping_set_is_a_count_of_its_own(sets: list[list[str]]) -> None:
    """Also where no set holds all keys, so that several are counted."""
    families = BINARY, fm.classes("model", "guess")
    counts = counted(*families, grouping_sets=sets)
    for wanted in sets:
        assert counts.grouping(*wanted) == counted(*families, by=wanted)
        assert counts.grouping(*wanted).rows == 5


@pytest.mark.parametrize(
    ("sets", "says"),
    [
        ([], "grouping_sets= is empty"),
        ([["modle"]], "names 'modle', which is not in by= (model, site)"),
        ([["model", "site"], ["site", "model"]], "grouping set ['model', 'site'] is named twice"),
        ([["model"]], "key 'site' is in by=, but in no grouping set"),
    ],
    ids=["none", "unknown", "twice", "unused key"],
)
def test_grouping_sets_that_make_no_sense(sets: list[list[str]], says: str) -> None:
    with pytest.raises(SchemaError) as caught:
        counted(grouping_sets=sets)
    assert says in str(caught.value)


# How Counts show themselves


def test_repr_and_html() -> None:
    counts = counted(BINARY, SCORES, weight="weight", **TIMED)
    lines = repr(counts).splitlines()
    assert lines[0] == "Counts"
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[1:]}
    assert told == {
        "rows": "5",
        "binary": "5 table rows, 9 cells",
        "scores": "5 table rows by bin, 6 cells",
        "model": "3 (a, b, None)",
        "site": "3 (y, x, None)",
        "window": "5 of 1h in UTC, 2023-12-31 23:00 to 2024-01-02 00:00",
        "weighted": "yes",
    }
    html = counts._repr_html_()
    assert "<th>rows</th><td>5</td>" in html
    assert "tn" in html
    sets = repr(counted(grouping_sets=SETS))
    assert "(), (model), (site, model)" in sets


def test_html_shows_values_as_text() -> None:
    log = LOG.with_columns(model=pl.lit("<script>alert(1)</script>"))
    html = counted(by="model", log=log)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "log", [LOG.clear(), LOG.with_columns(ts=pl.lit(None, pl.Datetime("us")))], ids=["empty", "null"]
)
def test_repr_of_counts_without_a_window_to_name(log: pl.DataFrame) -> None:
    assert "of 1h in UTC" in repr(counted(log=log, **TIMED))
    assert counted(log=log, **TIMED).metrics().height <= 5


# Arrow and files


@pytest.mark.parametrize(
    "arguments",
    [{}, TIMED, TIMED | {"offset": "30m", "time_zone": "Asia/Kolkata"}, {"grouping_sets": SETS}, {"weight": "weight"}],
    ids=["keys", "windows", "zone", "grouping sets", "weights"],
)
@pytest.mark.parametrize("families", [[BINARY], [SCORES], [BINARY, SCORES, fm.classes("model", "guess")]], ids=len)
def test_arrow_and_files_keep_everything(families: list[Any], arguments: dict[str, Any], tmp_path: Path) -> None:
    counts = counted(*families, **arguments)
    counts.write(tmp_path / "counts.parquet")
    for back in (
        fm.Counts.from_arrow(counts.to_arrow()),
        fm.read_counts(tmp_path / "counts.parquet"),
        fm.read_counts(str(tmp_path / "counts.parquet")),
        pickle.loads(pickle.dumps(counts)),
    ):
        assert back == counts
        assert back.layout.grouping_sets == counts.layout.grouping_sets
        assert {name: table.schema for name, table in back.tables.items()} == {
            name: table.schema for name, table in counts.tables.items()
        }
        assert back.how == counts.how
        assert back + counts == counts + counts
    assert [file.name for file in tmp_path.iterdir()] == ["counts.parquet"]


def test_rows_of_a_table_may_come_in_any_order_and_twice() -> None:
    counts = counted()
    table = counts.to_arrow()
    assert isinstance(table, pa.Table)
    assert fm.Counts.from_arrow(pa.concat_tables([table.slice(2), table.slice(0, 2)])) == counts
    assert fm.Counts.from_arrow(pa.concat_tables([table, table])) == counts + counts
    assert fm.Counts.from_arrow(table.select(table.column_names[::-1])) == counts
    assert fm.Counts.from_arrow(table.append_column("more", table.column(0))) == counts
    wide = table.set_column(2, "tn", table.column("tn").cast(pa.decimal128(38)))
    assert fm.Counts.from_arrow(wide) == counts


def about(table: pa.Table, change: Callable[[str], str]) -> pa.Table:
    return table.replace_schema_metadata({metadata.KEY: change(table.schema.metadata[metadata.KEY].decode())})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (lambda table: table.replace_schema_metadata(None), "this table holds no Counts: the metadata 'fastmetrics'"),
        (lambda table: table.drop_columns(["tp", "model"]), "the table of family 'binary' lacks model, tp"),
        (
            lambda table: about(table, lambda text: text.replace('"format": 2', '"format": 3')),
            "these Counts have format 3; this version reads up to 2: upgrade fastmetrics",
        ),
        (
            lambda table: about(table, lambda text: text.replace('"kind": "binary"', '"kind": "sorcery"')),
            "of kind 'sorcery', which is not built in; give it with families=[...]",
        ),
        (lambda table: {}, "no tables were given"),
    ],
    ids=["no metadata", "columns", "format", "kind", "nothing"],
)
def test_tables_that_are_no_counts(given: Callable[[Any], Any], says: str) -> None:
    with pytest.raises(SourceError) as caught:
        fm.Counts.from_arrow(given(counted().to_arrow()))
    assert says in str(caught.value)


def test_one_table_of_several_is_missing() -> None:
    tables = counted(BINARY, SCORES).to_arrow()
    assert isinstance(tables, dict)
    with pytest.raises(SourceError, match="hold binary, scores; the table of scores is missing"):
        fm.Counts.from_arrow({"binary": tables["binary"]})


def test_tables_of_two_generations_are_not_one_counts() -> None:
    old, new = (counted(BINARY, SCORES, log=log).to_arrow() for log in (LOG, LOG[:2]))
    assert isinstance(old, dict)
    assert isinstance(new, dict)
    with pytest.raises(SourceError, match="not of one Counts: their id are"):
        fm.Counts.from_arrow({"binary": old["binary"], "scores": new["scores"]})


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not Parquet at all"], ids=["empty", "magic", "text"])
def test_files_that_are_no_parquet_are_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "counts.parquet").write_bytes(content)
    with pytest.raises(SourceError, match=r"counts\.parquet cannot be read"):
        fm.read_counts(tmp_path / "counts.parquet")


def test_files_that_are_not_there_or_hold_something_else(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.parquet", tmp_path):
        with pytest.raises(SourceError, match="no Counts at"):
            fm.read_counts(path)
    LOG.write_parquet(tmp_path / "log.parquet")
    with pytest.raises(SourceError, match=r"log\.parquet cannot be read: this table holds no Counts"):
        fm.read_counts(tmp_path / "log.parquet")


# Nothing half-written


FAMILIES = {"one": [BINARY], "several": [BINARY, SCORES, fm.classes("model", "guess")]}


@pytest.mark.parametrize("error", [OSError("no space left on device"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("kind", list(FAMILIES))
@pytest.mark.parametrize("before", [True, False], ids=["over another", "anew"])
def test_a_write_that_fails_leaves_what_was_there_and_no_litter(
    kind: str, before: bool, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, old = tmp_path / "counts", counted(*FAMILIES[kind], log=LOG[:2])

    def fail(_: int) -> None:
        raise error

    if before:
        old.write(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(type(error)):
            counted(*FAMILIES[kind]).write(path)
    assert [file.name for file in tmp_path.iterdir()] == (["counts"] if before else [])
    if before:
        assert fm.read_counts(path) == old
    counted(*FAMILIES[kind]).write(path)
    assert fm.read_counts(path) == counted(*FAMILIES[kind])
    assert [file.name for file in tmp_path.iterdir()] == ["counts"]


def test_readers_beside_a_writer_meet_whole_counts_only(tmp_path: Path) -> None:
    made = [counted(*FAMILIES["several"], log=log) for log in (LOG, pl.concat([LOG, LOG]))]
    made[0].write(tmp_path / "counts")
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for counts in made:
                counts.write(tmp_path / "counts")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(40):
            assert fm.read_counts(tmp_path / "counts") in made
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("kind", list(FAMILIES))
def test_what_is_written_may_be_read_by_whom_the_umask_lets(kind: str, tmp_path: Path) -> None:
    """What comes of a draft is as a file made in the ordinary way."""
    counted(*FAMILIES[kind]).write(tmp_path / "counts")
    (tmp_path / "ordinary").write_text("")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("counts", "ordinary")]
    assert modes[0] == modes[1]


@pytest.mark.parametrize("kind", list(FAMILIES))
def test_what_is_in_the_way_is_not_overwritten(kind: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    before = sorted(file.name for file in tmp_path.iterdir())
    for name, says in (
        ("folder", "folder: it is a folder, and Counts are one file"),
        ("pipe", "pipe: it is not an ordinary file"),
    ):
        with pytest.raises(SourceError, match=says):
            counted(*FAMILIES[kind]).write(tmp_path / name)
    assert (tmp_path / "folder" / "notes.txt").read_text() == "mine"
    assert sorted(file.name for file in tmp_path.iterdir()) == before


def test_a_key_may_not_have_the_name_of_a_column_of_several_families() -> None:
    log = LOG.rename({"model": "family"}).with_columns(pl.col("site").alias("scores.bin"))
    assert counted(BINARY, by="family", log=log).frame["family"].to_list() == ["a", "b", None]
    for key in ("family", "scores.bin"):
        with pytest.raises(SchemaError, match=rf"key '{key}' has the name of a cell, metric or fixed column"):
            counted(BINARY, SCORES, by=key, log=log)


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    counted().write(tmp_path / "a" / "b" / "counts.parquet")
    assert fm.read_counts(tmp_path / "a" / "b" / "counts.parquet") == counted()


def test_numbers_of_the_decimal_kind_are_kept() -> None:
    counts = keyed(pl.Decimal(10, 2), [Decimal("1.10"), Decimal("-0.05"), None])
    assert counts.frame["key"].to_list() == [Decimal("-0.05"), Decimal("1.10"), None]
    assert fm.Counts.from_arrow(counts.to_arrow()) == counts


def test_weights_refuse_extremes() -> None:
    with pytest.raises(SchemaError, match="keeps extremes"):
        counted(ERRORS, weight="weight")


def test_sums_that_overflow_are_undefined_however_they_are_merged() -> None:
    log, family = pl.DataFrame({"label": [1e200, 1.0], "score": [-1e200, 2.0]}), fm.regression("label", "score")
    whole, first, rest = (fm.count(part, family) for part in (log, log[:1], log[1:]))
    for counts in (whole, whole.rollup(), first + rest, fm.Counts.from_arrow(whole.to_arrow())):
        assert counts.metrics("mse", "mae").row(0)[-2:] == (None, 1e200)
