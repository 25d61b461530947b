"""Which files of a folder are read, as what, and what is said of those that cannot be."""

from __future__ import annotations

import bz2
import gzip
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm
from fastmetrics import FastMetricsError, SchemaError, SourceError
from fastmetrics.cli import main

BINARY = fm.binary("label", "pred")
LOG = pl.DataFrame({"label": [1, 0, 1, None], "pred": [1, 1, 0, 1], "model": ["a", "b", "a", None]})


def in_format(form: str, log: pl.DataFrame = LOG) -> bytes:
    raw = io.BytesIO()
    {
        "Parquet": log.write_parquet,
        "Arrow": log.write_ipc,
        "stream": log.write_ipc_stream,
        "CSV": log.write_csv,
        "TSV": lambda raw: log.write_csv(raw, separator="\t"),
        "NDJSON": log.write_ndjson,
    }[form](raw)
    return raw.getvalue()


def zstd(data: bytes) -> bytes:
    return pa.compress(data, "zstd", asbytes=True)


TOLD = {  # files whose names do not tell what they are
    "part-00000": in_format("Parquet"),
    "app.log": in_format("NDJSON"),
    "app.json": in_format("NDJSON"),
    "app.ndjson.1": in_format("NDJSON"),
    "app.ndjson.2.gz": gzip.compress(in_format("NDJSON")),
    "app.csv.gz.1": gzip.compress(in_format("CSV")),
    "app.csv.1.bz2": bz2.compress(in_format("CSV")),
    "app.tsv.old": in_format("TSV"),
    "app.zst": zstd(in_format("CSV")),
    "export.txt": in_format("CSV"),
    "pandas.txt": b",label,pred,model\n0,1,1,a\n1,0,1,b\n2,1,0,a\n3,,1,\n",
    "export": b"\xef\xbb\xbf" + in_format("CSV"),
    "late.log": b"\n\n" + in_format("NDJSON"),
    "batch.ipc_file": in_format("Arrow"),
    "batch.stream": in_format("stream"),
    "DATA.PARQUET": in_format("Parquet"),
    "Log.Jsonl.Bz2": bz2.compress(in_format("NDJSON")),
    "log.jsonl.bz2": bz2.compress(in_format("NDJSON")),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_a_file_is_shows_in_its_first_bytes(name: str, tmp_path: Path) -> None:
    (tmp_path / "day=1").mkdir()
    file = tmp_path / "day=1" / name
    file.write_bytes(TOLD[name])
    expected = fm.count(LOG, BINARY, by="model")
    for given in (file, str(tmp_path), f"{tmp_path}/*/*", [file], file.as_uri()):
        for on_error in ("raise", "skip"):
            counts = fm.count(given, BINARY, by="model", on_error=on_error)
            assert counts == expected
            assert counts.how["notes"] == []
    assert fm.count(tmp_path, BINARY, by=["model", "day"]).rollup("model") == expected


UNKNOWN = {
    "notes.txt": (b"buy milk, bread\nand a newspaper, please, today\n", "header of a CSV"),
    "words.txt": (b"buy milk\n", "header of a CSV"),
    "empty": (b"", "empty"),
    "model.pkl": (b"\x80\x04\x95\0\0\0\0", "neither text"),
    "utf16.txt": ("label,pred\n1,1\n".encode("utf-16"), "UTF-16"),
    "array.json": (b'[{"label": 1, "pred": 1}]', "JSON array"),
    "pretty.json": (b'{\n "label": 1,\n "pred": 1\n}\n', "JSON over several lines"),
    "log.xz": (b"\xfd7zXZ\0\0\0", "xz"),
    "log.zip": (b"PK\x03\x04\0\0\0", "zip"),
    "broken.gz": (gzip.compress(in_format("CSV"))[:12] + b"\xff" * 9, "cannot be read"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_file_of_data_that_cannot_be_told_is_never_left_out_in_silence(name: str, tmp_path: Path) -> None:
    content, why = UNKNOWN[name]
    (tmp_path / "part.parquet").write_bytes(in_format("Parquet"))
    (tmp_path / name).write_bytes(content)
    for given in (tmp_path, f"{tmp_path}/*", [tmp_path / "part.parquet", tmp_path / name]):
        with pytest.raises(SourceError) as caught:
            fm.count(given, BINARY)
        assert [word for word in (name, why, "1 of 2 files", "format=") if word not in str(caught.value)] == []
        assert "\n" not in str(caught.value)
        with pytest.warns(UserWarning, match="1 files were skipped"):
            counts = fm.count(given, BINARY, by="model", on_error="skip")
        assert counts == fm.count(LOG, BINARY, by="model")
        assert [note.code for note in counts.how["notes"]] == ["files_skipped"]
    with pytest.raises(SourceError, match=why) as caught:
        fm.count(tmp_path / name, BINARY)
    assert name in str(caught.value)
    assert "format=" in str(caught.value)


def test_files_that_are_not_data_are_passed_over_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "part.parquet").write_bytes(in_format("Parquet"))
    for name in (".hidden", "_SUCCESS", ".part.parquet.crc", "part.parquet.crc", "day=1_$folder$", "_committed_1"):
        (tmp_path / name).write_bytes(b"\0\1\2")
    (tmp_path / "_delta").mkdir()
    (tmp_path / "_delta" / "old.parquet").write_bytes(in_format("Parquet"))
    for given in (tmp_path, f"{tmp_path}/*", f"{tmp_path}/**", f"{tmp_path}/**/*"):
        counts = fm.count(given, BINARY, by="model")
        assert counts == fm.count(LOG, BINARY, by="model")
        assert counts.how["notes"] == []
    assert fm.count(f"{tmp_path}/_delta/*", BINARY).rows == LOG.height
    assert fm.count(f"{tmp_path}/_*/*", BINARY).rows == LOG.height


def test_folders_that_are_links_are_read(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "part.csv").write_bytes(in_format("CSV"))
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "day=1").symlink_to(tmp_path / "far")
    (tmp_path / "near" / "day=1" / "back").symlink_to(tmp_path / "near")
    assert fm.count(tmp_path / "near", BINARY).rows == LOG.height


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "part.csv").write_bytes(in_format("CSV"))
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    with pytest.raises(SourceError, match=r"2 of 3 files.*gone\.csv \(it is no regular file\), pipe\.csv"):
        fm.count(tmp_path, BINARY)


def test_a_folder_of_several_formats_is_refused_whatever_tells_them(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(in_format("Parquet"))
    (tmp_path / "b.log").write_bytes(in_format("NDJSON"))
    with pytest.raises(SourceError, match=r"several formats.*Parquet \(a\.parquet\), NDJSON \(b\.log\)"):
        fm.count(tmp_path, BINARY)


@pytest.mark.parametrize("form", ["CSV", "csv", "TSV", "NDJSON", "Parquet", "Arrow"])
def test_format_names_what_all_files_are(form: str, tmp_path: Path) -> None:
    content = in_format(form.upper() if form == "csv" else form)
    for name in ("a.log", "b", "c.csv", "d.parquet"):
        (tmp_path / name).write_bytes(content)
    expected = fm.count(pl.concat([LOG] * 4), BINARY, by="model")
    for given in (tmp_path, f"{tmp_path}/*", [str(tmp_path / name) for name in ("a.log", "b", "c.csv", "d.parquet")]):
        assert fm.count(given, BINARY, by="model", format=form) == expected
    frame = fm.evaluate(tmp_path, y_true="label", y_pred="pred", metrics="accuracy", format=form)
    assert frame["n"].item() == 4 * LOG.height
    assert fm.count(io.BytesIO(content), BINARY, format=form).rows == LOG.height


def test_format_is_of_the_predictions_of_late_labels(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("id\tpred\n1\t1\n2\t0\n")
    labels = {"id": [1], "label": [1]}
    late = fm.label_delta(tmp_path, labels, BINARY, on="id", label="label", format="TSV")
    assert late.frame.select("tp", "unlabelled_pos").row(0) == (1, -1)


@pytest.mark.parametrize(
    ("given", "form", "kind", "says"),
    [
        (lambda root: root, "JSON", SchemaError, ["'JSON'", "known:", "NDJSON", "Parquet"]),
        (lambda root: root, 1, SchemaError, ["1", "Parquet"]),
        (lambda root: LOG, "CSV", SchemaError, ["format='CSV'", "DataFrame"]),
        (lambda root: {"label": [1]}, "CSV", SchemaError, ["format='CSV'", "dict"]),
        (lambda root: root, "Parquet", SourceError, ["part.log", "Parquet"]),
        (lambda root: "s3://bucket/part-00000", None, SourceError, ["s3://bucket/part-00000", "format="]),
        (lambda root: "s3://bucket/app.ndjson.1", None, SourceError, ["app.ndjson.1", "format="]),
    ],
)
def test_a_format_that_does_not_fit(
    tmp_path: Path, given: Callable[[Path], Any], form: Any, kind: type[Exception], says: list[str]
) -> None:
    (tmp_path / "part.log").write_bytes(in_format("CSV"))
    with pytest.raises(kind) as caught:
        fm.count(given(tmp_path), BINARY, format=form)
    assert isinstance(caught.value, FastMetricsError)
    assert [word for word in says if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


def test_a_table_is_not_read_as_its_files(tmp_path: Path) -> None:
    (tmp_path / "_delta_log").mkdir()
    (tmp_path / "_delta_log" / "0.json").write_text("{}")
    with pytest.raises(SourceError, match="Delta table, not files of Parquet"):
        fm.count(tmp_path, BINARY, format="Parquet")


def test_the_shell_takes_the_format_of_logs(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("label\n1\n0\n")
    asked = ["evaluate", str(tmp_path), "--y-true", "label", "--y-pred", "label", "-m", "accuracy", "--format", "csv"]
    run = click.testing.CliRunner().invoke(main, asked)
    assert (run.exit_code, "--input-format" in run.stderr) == (2, True)
    run = click.testing.CliRunner().invoke(main, [*asked, "--input-format", "csv"])
    assert (run.exit_code, run.stdout.splitlines()[1].split(",")[0]) == (0, "2")
