"""Columns of text: keys as they are written, names that a header or an object has twice, values in paths."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.contract.columns import text_of
from fastmetrics.errors import FastMetricsError, MergeError, SchemaError, SourceError
from fastmetrics.notes import NoteWarning

BINARY = fm.binary("label", "pred")
WRITTEN = ["007", "7", "+7", "1e5", "1.0", "true", "True", "12345678901234567890", " 7", "NA", "-0", "1_000", "é"]


def as_path(content: str, root: Path) -> Any:
    (root / "log.csv").write_text(content)
    return root / "log.csv"


def as_compressed(content: str, root: Path) -> Any:
    (root / "log.csv.gz").write_bytes(gzip.compress(content.encode()))
    return root / "log.csv.gz"


def as_stream(content: str, root: Path) -> Any:
    return io.BytesIO(content.encode())


def as_several(content: str, root: Path) -> Any:
    """A file for each row, of which most are guessed to hold something else."""
    header, *rows = content.splitlines()
    for number, row in enumerate(rows):
        (root / f"{number:03}.csv").write_text(f"{header}\n{row}\n")
    return root


WAYS = [as_path, as_compressed, as_stream, as_several]
Way = Callable[[str, Path], Any]


def log_of(keys: list[str]) -> str:
    return "label,pred,key\n" + "".join(f"1,{place % 2},{key}\n" for place, key in enumerate(keys))


def keys_of(counts: fm.Counts, key: str = "key") -> list[Any]:
    return counts.frame[key].to_list()


# Keys are text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("first", WRITTEN)
def test_a_key_is_what_was_written(first: str, way: Way, tmp_path: Path) -> None:
    written = [first, *(key for key in WRITTEN if key != first)]
    counts = fm.count(way(log_of(written), tmp_path), BINARY, by="key")
    assert counts.frame.schema["key"] == pl.String
    assert keys_of(counts) == sorted(WRITTEN)


@pytest.mark.parametrize("way", WAYS)
def test_numbers_alone_are_text_too_and_nothing_is_null(way: Way, tmp_path: Path) -> None:
    counts = fm.count(way(log_of(["7", "", '""', "07", '"7"']), tmp_path), BINARY, by="key")
    assert keys_of(counts) == ["", "07", "7", None]
    assert counts.filter(key="7").rows == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_key_without_a_value_is_text(way: Way, tmp_path: Path) -> None:
    counts = fm.count(way(log_of(["", ""]), tmp_path), BINARY, by="key")
    assert counts.frame.schema["key"] == pl.String
    assert keys_of(counts) == [None]


@pytest.mark.parametrize("way", WAYS)
def test_tabs_separate_keys_as_commas_do(way: Way, tmp_path: Path) -> None:
    given = way(log_of(WRITTEN).replace(",", "\t"), tmp_path)
    assert keys_of(fm.count(given, BINARY, by="key", format="TSV")) == sorted(WRITTEN)


SHARDS = ["007", "7", "10", "010"]
SAID = {
    "an integer": (pl.col("key").cast(pl.Int64), [7, 10]),
    "a decade": (pl.col("key") // 10 * 10, [0, 10]),
    "text": (pl.col("key").cast(pl.String), sorted(SHARDS)),
    "categories": (pl.col("key").cast(pl.Categorical), sorted(SHARDS)),
    "an Enum": (pl.col("key").cast(pl.Enum(SHARDS)), SHARDS),
    "another name": (pl.col("key").alias("key"), sorted(SHARDS)),
    "SQL": (pl.sql_expr("CAST(key AS BIGINT) AS key"), [7, 10]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("said", SAID)
def test_an_expression_says_what_a_key_is(said: str, way: Way, tmp_path: Path) -> None:
    key, expected = SAID[said]
    assert keys_of(fm.count(way(log_of(SHARDS), tmp_path), BINARY, by=key)) == expected


def test_a_schema_of_polars_says_what_a_key_is(tmp_path: Path) -> None:
    log = pl.scan_csv(as_path(log_of(SHARDS), tmp_path), schema_overrides={"key": pl.Int16})
    assert keys_of(fm.count(log, BINARY, by="key")) == [7, 10]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_what_else_reads_the_column_of_a_key_gets_what_is_guessed(way: Way, on_error: str, tmp_path: Path) -> None:
    """A filter, a weight, a role and another key."""
    given = way(log_of(["007", "7", "10", "9"]), tmp_path)
    half = (pl.col("key") // 2).alias("half")
    counts = fm.count(given, BINARY, by=["key", half], where="key < 10", weight="key", on_error=on_error)
    assert counts.frame.select("key", "half", "w_tp", "w_fn").rows() == [
        ("007", 3, 0.0, 7.0),
        ("7", 3, 7.0, 0.0),
        ("9", 4, 9.0, 0.0),
    ]


@pytest.mark.parametrize("way", WAYS)
def test_a_label_is_a_key_and_a_label(way: Way, tmp_path: Path) -> None:
    given = "label,pred\n" + "true,1\nfalse,1\nTrue,0\n"
    counts = fm.count(way(given, tmp_path), BINARY, by=pl.col("label").alias("written"))
    assert counts.frame.select("written", "tp", "fn", "fp").rows() == [
        ("True", 0, 1, 0),
        ("false", 0, 0, 1),
        ("true", 1, 0, 0),
    ]


@pytest.mark.parametrize("way", [as_path, as_stream])
def test_a_value_that_is_not_what_was_guessed_is_an_error_beside_a_key_too(way: Way, tmp_path: Path) -> None:
    given = way(log_of(["1"] * 12_000 + ["x"]), tmp_path)
    with pytest.raises(FastMetricsError, match=r"'key'.*x"):
        fm.count(given, BINARY, by="key", where="key < 10")


def test_a_column_called_as_the_text_of_a_key_is_another(tmp_path: Path) -> None:
    given = "label,pred,key,text of key\n1,1,07,a\n0,1,8,b\n"
    counts = fm.count(as_path(given, tmp_path), BINARY, by=["key", "text of key"], where="key < 8")
    assert counts.frame.select("key", "text of key").rows() == [("07", "a")]


def test_class_labels_are_what_is_guessed_or_text_where_they_are_cast(tmp_path: Path) -> None:
    given = as_path("a,b\n007,7\n010,10.0\n7,7\n", tmp_path)
    assert fm.count(given, fm.classes("a", "b")).metrics("accuracy").item(0, "accuracy") == 1
    cast = fm.classes(pl.col("a").cast(pl.String), pl.col("b").cast(pl.String))
    pairs = fm.count(given, cast).frame.select("label", "prediction").rows()
    assert pairs == [("007", "7"), ("010", "10.0"), ("7", "7")]


def test_answers_of_digits_are_texts(tmp_path: Path) -> None:
    given = as_path("answer,reference\n007,007\n7,07\n", tmp_path)
    counts = fm.count(given, fm.text("answer", reference="reference", measures=["exact_match"]))
    assert counts.metrics("exact_match").item(0, "exact_match") == 0.5


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("a", "a"),
        (pl.col("a").alias("b"), "a"),
        (pl.col("a").cast(pl.String), "a"),
        (pl.col("a").cast(pl.Int64), None),
        (pl.col("a").cast(pl.Int64).cast(pl.String), None),
        (pl.col("a").str.to_lowercase(), None),
        (pl.col("a") + pl.col("b"), None),
        (pl.lit(1), None),
        (pl.selectors.string(), None),
        (pl.selectors.by_name("a").as_expr(), "a"),
    ],
)
def test_what_takes_the_text_of_a_column(column: Any, expected: str | None) -> None:
    found = text_of(column)
    assert (found and found.name) == expected


def test_counts_of_a_csv_and_of_a_typed_log_say_how_to_agree(tmp_path: Path) -> None:
    log = pl.DataFrame({"label": [1, 0], "pred": [1, 1], "key": [7, 8]})
    log.write_csv(tmp_path / "log.csv")
    typed = fm.count(log, BINARY, by="key")
    text = fm.count(tmp_path / "log.csv", BINARY, by="key")
    advice = r"by=pl\.col\('key'\)\.cast\(pl\.Int64\)"
    for read in (
        lambda: typed + text,
        lambda: text - typed,
        lambda: text.compare("accuracy", by="key", to=typed),
        lambda: fm.decompose(text, baseline=typed, metric="accuracy"),
        lambda: fm.diagnose(text, baseline=typed),
    ):
        with pytest.raises(MergeError, match=advice):
            read()
    cast = fm.count(tmp_path / "log.csv", BINARY, by=pl.col("key").cast(pl.Int64))
    assert (typed + cast).rows == 4
    with pytest.raises(SchemaError, match="key 'key' holds String"):
        text.filter(pl.col("key") > 7)
    with pytest.raises(SchemaError, match=r"^to=7 is no group: key 'key' holds String; give a value"):
        text.compare("accuracy", by="key", to=7)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_late_labels_find_the_rows_of_a_csv(ending: str, tmp_path: Path) -> None:
    (tmp_path / "early.csv").write_text("id,pred,shard,label\n007,1,01,\n7,0,1,\n8,1,01,\n")
    (tmp_path / "labels.csv").write_text("id,label\n007,1\n8,0\n")
    labels = tmp_path / f"labels{ending}"
    if ending == ".parquet":
        pl.DataFrame({"id": ["007", "8"], "label": [1, 0]}).write_parquet(labels)
    asked: dict[str, Any] = {"by": ["shard"], "where": "shard < 2"}
    early = fm.count(tmp_path / "early.csv", BINARY, **asked)
    whole = early + fm.label_delta(tmp_path / "early.csv", labels, BINARY, on="id", label="label", **asked)
    found = whole.frame.select("shard", "tp", "fp", "unlabelled_neg", "unlabelled_pos")
    assert found.rows() == [("01", 1, 1, 0, 0), ("1", 0, 0, 1, 0)]


def test_late_labels_of_a_csv_join_the_numbers_of_a_typed_log(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("id,label\n007,1\n8,0\n")
    log = {"id": [7, 8], "pred": [1, 1], "label": [None, None]}
    delta = fm.label_delta(log, tmp_path / "labels.csv", BINARY, on="id", label="label")
    assert delta.frame.select("tp", "fp", "unlabelled_pos").row(0) == (1, 1, -2)


def test_the_examples_of_a_finding_are_found_in_a_csv(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("label,pred,hour\n1,0,07\n1,0,7\n")
    finding = fm.Finding("fn_surge", "major", "fnr", "", "", slice={"hour": "07"})
    assert finding.examples(tmp_path / "log.csv").select("hour", "label").rows() == [("07", 1)]


# Expressions

K = pl.col("key")
AS_TEXT = {
    "filled": (K.fill_null("none"), ["007", "7", "none"]),
    "formatted": (pl.format("x{}", K).alias("key"), ["x007", "x7", None]),
    "joined to text": (pl.concat_str(pl.lit("x"), "key").alias("key"), ["x007", "x7", None]),
    "in SQL": (pl.sql_expr("coalesce(key, 'none') as key"), ["007", "7", "none"]),
    "a method of text": (K.str.zfill(2), ["007", "07", None]),
    "a cast": (K.cast(pl.String).str.len_chars(), [1, 3, None]),
    "a cast that may fail": (K.cast(pl.String, strict=False).str.len_chars(), [1, 3, None]),
    "a choice": (pl.when(pl.col("pred") == 1).then("key").otherwise(pl.lit("none")).alias("key"), ["007", "7", None]),
    "compared with text": ((K == "007").alias("key"), [False, True, None]),
    "compared with numbers": ((K == 7).alias("key"), [True, None]),
    "a number": (K + 1, [8, None]),
    "a cast number": (K.cast(pl.Int64).fill_null(0), [0, 7]),
    "a number as text": (K.cast(pl.Int64).cast(pl.String), ["7", None]),
    "beside another number": (
        pl.when(pl.col("pred") > 0.5).then("key").otherwise(pl.lit("")).alias("key"),
        ["007", "7", None],
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", AS_TEXT)
def test_an_expression_reads_text_where_text_comes_out_or_is_said(case: str, way: Way, tmp_path: Path) -> None:
    key, expected = AS_TEXT[case]
    given = way("label,pred,key\n1,1,007\n0,1,7\n1,1,\n", tmp_path)
    assert sorted(keys_of(fm.count(given, BINARY, by=key)), key=lambda it: (it is None, it)) == expected


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "where", [K == "007", "key = '007'", "key in ('007', 'x')", "key::text = '007'", K.is_in(["007"])]
)
def test_a_filter_on_text_reads_text(where: Any, way: Way, tmp_path: Path) -> None:
    for by in (None, "key"):
        assert fm.count(way(log_of(["007", "7", "1"]), tmp_path), BINARY, by=by, where=where).rows == 1


@pytest.mark.parametrize("names", [["a", "b"], ["b", "a"]])
def test_a_filter_on_text_reads_files_of_numbers_and_files_of_text(names: list[str], tmp_path: Path) -> None:
    (tmp_path / f"{names[0]}.csv").write_text(log_of(["007", "7"]))
    (tmp_path / f"{names[1]}.csv").write_text(log_of(["abc", "7"]))
    assert fm.count(tmp_path, BINARY, where=K != "abc").rows == 3
    with pytest.raises(FastMetricsError, match="key"):
        fm.count(tmp_path, BINARY, where=K < 8)


@pytest.mark.parametrize("way", [as_path, as_stream])
def test_labels_that_are_compared_are_numbers(way: Way, tmp_path: Path) -> None:
    counts = fm.count(
        way("label,pred\n1,1.0\n1,0.0\n", tmp_path), BINARY, by=(pl.col("label") == pl.col("pred")).alias("right")
    )
    assert keys_of(counts, "right") == [False, True]


def test_values_of_paths_stand_beside_text(tmp_path: Path) -> None:
    (tmp_path / "day=1").mkdir()
    as_path(log_of(["007", "7"]), tmp_path / "day=1")
    counts = fm.count(tmp_path, BINARY, by=pl.format("{} {}", "day", "key").alias("key"))
    assert keys_of(counts) == ["1 007", "1 7"]


@pytest.mark.parametrize("way", [as_path, as_stream])
@pytest.mark.parametrize("key", [K.fill_null(0), pl.when(pl.col("pred") == 1).then("key"), pl.coalesce("key", "label")])
def test_a_key_that_may_be_text_or_a_number_must_say_which(key: pl.Expr, way: Way, tmp_path: Path) -> None:
    given = log_of(["007", "7"])
    with pytest.raises(
        SchemaError, match=r"pl\.col\('key'\)\.cast\(pl\.String\) or .*Int64\), in SQL key::text or key::bigint"
    ):
        fm.count(way(given, tmp_path), BINARY, by=key.alias("key"))
    with pytest.raises(SchemaError, match=r"cast\(pl\.Float64\), in SQL key::text or key::double"):
        fm.count(way(given.replace("007", "0.50"), tmp_path), BINARY, by=K.fill_null(0))


def test_a_column_that_is_text_here_and_a_number_there_must_say_so(tmp_path: Path) -> None:
    given = as_path(log_of(["007", "7", "10"]), tmp_path)
    filled = K.fill_null("none")
    with pytest.raises(
        SchemaError,
        match=r"column 'key' is text for .*fill_null.*, and Int64 for .*< .*cast\(pl\.Int64\), in SQL key::bigint",
    ):
        fm.count(given, BINARY, by=filled, where="key < 9")
    assert keys_of(fm.count(given, BINARY, by=filled, where="key::int < 9")) == ["007", "7"]


@pytest.mark.parametrize("where", [(K == "007") | (K < 9), "key::text = '007' or key < 9"])
def test_text_beside_numbers_says_how_to_cast(where: Any, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"'key'\)\.cast\(pl\.String\), in SQL key::text, .*key::int"):
        fm.count(as_path(log_of(["007", "7"]), tmp_path), BINARY, where=where)


@pytest.mark.parametrize("way", WAYS)
def test_a_frequency_is_a_number_where_it_is_a_key_too(way: Way, tmp_path: Path) -> None:
    counts = fm.count(way(log_of(["3", "02"]), tmp_path), BINARY, by="key", frequency="key")
    assert counts.frame.select("key", "tp", "fn").rows() == [("02", 2, 0), ("3", 0, 3)]


# Names that are there twice

HEADERS = {
    "plain": "label,label,pred",
    "quoted": 'label,"label",pred',
    "after a mark": "\ufefflabel,label,pred",
    "CR LF": "label,label,pred\r",
    "apart": "label,pred,label",
    "after a blank line": "\nlabel,label,pred",
}


@pytest.mark.parametrize("way", [as_path, as_compressed, as_stream])
@pytest.mark.parametrize("case", HEADERS)
def test_a_column_that_a_header_names_twice_is_in_the_way_of_those_who_read_it(
    case: str, way: Way, tmp_path: Path
) -> None:
    given = HEADERS[case] + "\n1,0,1\n"
    for by, says in (("label", "'label' is there more than once"), ("label_duplicated_0", "'label_duplicated_0'")):
        with pytest.raises(FastMetricsError, match=says):
            fm.count(way(given, tmp_path), BINARY if by == "label" else fm.binary("pred", "pred"), by=by)
    assert fm.count(way(given, tmp_path), fm.binary("pred", "pred")).rows == 1


def test_a_name_that_ends_as_polars_renames_is_a_name(tmp_path: Path) -> None:
    given = as_path("label,label_duplicated_0,pred\n1,0,1\n", tmp_path)
    assert fm.count(given, fm.binary("label_duplicated_0", "label")).frame["fp"].item() == 1
    given = as_path("label,label,label_duplicated_0\n1,0,1\n", tmp_path)
    with pytest.raises(SourceError, match="'label'"):
        fm.count(given, BINARY)


def test_a_later_file_that_names_a_column_twice_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label,pred,note\n1,1,x\n")
    (tmp_path / "b.csv").write_text("label,label,pred,note,note\n1,1,1,x,y\n")
    with pytest.raises(SourceError, match=r"b\.csv: column 'label' is there more than once"):
        fm.count(tmp_path, BINARY)
    assert fm.count(tmp_path, fm.binary("pred", "pred")).rows == 2


@pytest.mark.parametrize("bad", ["a.csv", "c.csv"])
def test_a_file_that_names_a_column_twice_is_left_out_where_that_is_asked(bad: str, tmp_path: Path) -> None:
    (tmp_path / bad).write_text("label,label,pred\n1,1,1\n")
    (tmp_path / "b.csv").write_text("label,pred,note,note\n1,1,x,y\n")
    with pytest.warns(NoteWarning, match=rf"{bad}: column 'label' is there more than once"):
        assert fm.count(tmp_path, BINARY, on_error="skip").rows == 1
    assert fm.count(tmp_path, fm.binary("pred", "pred"), on_error="skip").rows == 2


OBJECTS = {
    "the second object": '{"label":1,"pred":1}\n{"label":0,"pred":1,"label":1}\n',
    "spaces": '{"label":1,"pred":1}\r\n{"label" : 0, "pred":1, "label"\t:1}\r\n',
    "a code of ASCII first": '{"label":1,"pred":1}\n{"l\\u0061bel":0,"pred":1,"label":1}\n',
    "a code of ASCII last": '{"label":1,"pred":1}\n{"more":"\\"","label":0,"pred":1,"\\u006Cabel" :1}\n',
    "another type": '{"label":1,"pred":1}\n{"label":0,"pred":1,"label":"x"}',
}


@pytest.mark.parametrize("case", OBJECTS)
@pytest.mark.parametrize("way", ["path", "gzip", "stream"])
def test_a_key_that_an_object_has_twice_is_an_error_where_it_is_read(case: str, way: str, tmp_path: Path) -> None:
    content = OBJECTS[case].encode()
    (tmp_path / "log.jsonl").write_bytes(content)
    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress(content))
    ways = {"path": tmp_path / "log.jsonl", "gzip": tmp_path / "log.jsonl.gz", "stream": io.BytesIO(content)}
    with pytest.raises(SourceError, match=r"line 2 has the key 'label' twice|x"):
        fm.count(ways[way], BINARY)
    if way == "path":
        assert fm.count(ways[way], fm.binary("pred", "pred")).rows == 2


def test_a_key_inside_of_another_object_is_another(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"label":1,"more":{"label":2,"label":"label"},"pred":1}\n')
    assert fm.count(tmp_path / "log.jsonl", BINARY).frame["tp"].item() == 1


def test_a_key_is_written_with_its_characters_or_their_codes(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"größe":1,"pred":1}\n{"gr\\u00f6\\u00dfe":0,"pred":1,"größe":1}\n')
    with pytest.raises(SourceError, match="line 2 has the key 'größe' twice"):
        fm.count(tmp_path / "log.jsonl", fm.binary("größe", "pred"))
    (tmp_path / "log.jsonl").write_text('{"gr\\u00F6\\u00dfe":1,"pred":1,"more":"a\\"größe\\":"}\n')
    assert fm.count(tmp_path / "log.jsonl", fm.binary("größe", "pred")).rows == 1


@pytest.mark.parametrize("way", ["path", "stream"])
def test_a_header_that_polars_cannot_rename_is_refused_in_our_words(way: str, tmp_path: Path) -> None:
    content = b"label,pred,k,k_duplicated_0,k\n1,1,1,2,3\n"
    (tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(SourceError, match=r": the header has the column 'k' twice, and 'k_duplicated_0', .*; rename"):
        fm.count(tmp_path / "log.csv" if way == "path" else io.BytesIO(content), BINARY)


# Values in paths

PATHS: dict[str, tuple[list[str], list[Any]]] = {
    "zeros": (["007", "7", "10"], ["007", "10", "7"]),
    "numbers": (["7", "10"], [7, 10]),
    "exponents": (["1e5", "2"], ["1e5", "2"]),
    "shares": (["0.5", "2.25"], [0.5, 2.25]),
    "shares with zeros": (["0.50", "2.25"], ["0.50", "2.25"]),
    "days": (["2024-01-02", "2024-01-01"], [date(2024, 1, 1), date(2024, 1, 2)]),
    "days first": (["01-02-2024"], ["01-02-2024"]),
    "times": (["2024-01-01 05%3A00%3A00", "2024-01-01T06%3A00%3A00"], [datetime(2024, 1, 1, h) for h in (5, 6)]),
    "clock times": (["05%3A00%3A00"], ["05:00:00"]),
    "truths": (["true", "false"], [False, True]),
    "Truths": (["True", "False"], ["False", "True"]),
    "ids": (["12345678901234567890"], [12345678901234567890]),
    "longer ids": (["1" * 42], ["1" * 42]),
    "null": (["__HIVE_DEFAULT_PARTITION__", "7"], [7, None]),
    "words": (["a%20b", "7"], ["7", "a b"]),
}


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".arrow"])
@pytest.mark.parametrize("case", PATHS)
def test_a_value_in_a_path_is_a_number_only_if_it_is_written_as_one(case: str, ending: str, tmp_path: Path) -> None:
    values, expected = PATHS[case]
    log = pl.DataFrame({"label": [1], "pred": [1]})
    for value in values:
        (tmp_path / f"key={value}").mkdir()
        file = tmp_path / f"key={value}" / f"log{ending}"
        {".csv": log.write_csv, ".parquet": log.write_parquet, ".arrow": log.write_ipc}[ending](file)
    assert keys_of(fm.count(tmp_path, BINARY, by="key")) == expected
