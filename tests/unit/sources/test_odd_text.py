"""Text as no one should write it: counted right, or one clear line, whichever way it comes."""

from __future__ import annotations

import gzip
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics import FastMetricsError, SourceError
from fastmetrics.sources import lines

BINARY = fm.binary("label", "pred")
CSV = "label,pred,model\n1,1,a\n0,1,b\n"
NDJSON = '{"label":1,"pred":1,"model":"a"}\n{"label":0,"pred":1,"model":"b"}\n'
LATE = 20_000  # lines, more than dtypes are guessed from


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return f'{{"label":1,"pred":1,"model":"a","x":{opening * depth}1{closing * depth}}}\n'


RIGHT: dict[str, tuple[str, bytes]] = {
    "byte order mark": (".csv", b"\xef\xbb\xbf" + CSV.encode()),
    "byte order mark of TSV": (".tsv", b"\xef\xbb\xbf" + CSV.replace(",", "\t").encode()),
    "byte order mark of NDJSON": (".ndjson", b"\xef\xbb\xbf" + NDJSON.encode()),
    "CR LF": (".csv", CSV.replace("\n", "\r\n").encode()),
    "CR LF of NDJSON": (".ndjson", NDJSON.replace("\n", "\r\n").encode()),
    "no last line break": (".csv", CSV.encode()[:-1]),
    "blank lines of NDJSON": (".ndjson", NDJSON.replace("\n", "\n\n").encode()),
    "nested a hundred deep": (".ndjson", (NDJSON + nested(100)).encode()),
    "objects a hundred deep": (".ndjson", (NDJSON + nested(100, '{"x":', "}")).encode()),
    "nested a thousand deep": (".ndjson", (nested(1000) + NDJSON).encode()),
    "NUL in a value": (".csv", CSV.replace("b\n", "b\0c\n").encode()),
    "NUL in a value of NDJSON": (".ndjson", NDJSON.replace('"b"', '"b\\u0000c"').encode()),
    "CR in quotes": (".csv", CSV.replace(",b", ',"b\r"').encode()),
}
WRONG: dict[str, tuple[str, bytes, str]] = {
    "UTF-16": (".csv", CSV.encode("utf-16"), "iconv -f UTF-16"),
    "UTF-16 without a mark": (".csv", CSV.encode("utf-16-le"), "no UTF-8 text"),
    "UTF-16 of NDJSON": (".ndjson", NDJSON.encode("utf-16"), "no UTF-8 text"),
    "UTF-16 of NDJSON without a mark": (".ndjson", NDJSON.encode("utf-16-be"), "no UTF-8 text"),
    "UTF-32": (".csv", CSV.encode("utf-32"), "no UTF-8 text"),
    "Latin 1": (".csv", CSV.replace(",b", ",\xfcber").encode("latin-1"), "utf-8"),
    "Latin 1, late": (".csv", (CSV + "1,1,a\n" * LATE + "1,1,\xfc\n").encode("latin-1"), "utf-8"),
    "Latin 1 of NDJSON": (".ndjson", NDJSON.replace('"b"', '"\xfc"').encode("latin-1"), "UTF-8"),
    "Latin 1 of NDJSON, late": (".ndjson", (NDJSON * LATE + NDJSON.replace("b", "\xfc")).encode("latin-1"), "Utf8"),
    "CR alone": (".csv", CSV.replace("\n", "\r").encode(), "CR alone"),
    "CR alone, compressed": (".csv.gz", gzip.compress(CSV.replace("\n", "\r").encode()), "CR alone"),
    "CR alone after a header": (".csv", b"label,pred,model\n1,1,a\r0,1,b\r", "fields"),
    "CR alone of NDJSON": (".ndjson", NDJSON.replace("\n", "\r").encode(), "NDJSON"),
    "nothing but NUL": (".csv", b"\0" * 5000, "no UTF-8 text"),
    "NUL in JSON": (".ndjson", NDJSON.replace('"b"', '"b\0c"').encode(), ""),
    "NUL after the end": (".csv", (CSV + "1,1,a\n" * LATE).encode() + b"\0" * 5000, ""),
    "NUL after the end of NDJSON": (".ndjson", (NDJSON * LATE).encode() + b"\0" * 5000, ""),
    "nested too deeply": (".ndjson", (nested(100_000) + NDJSON).encode(), "NDJSON"),
    "nested too deeply, late": (".ndjson", (NDJSON * LATE + nested(100_000)).encode(), "NDJSON"),
    "objects nested too deeply": (".ndjson", (nested(100_000, '{"x":', "}") + NDJSON).encode(), "NDJSON"),
    "blank lines alone": (".csv", b"\n\n\n", "CSV"),
    "a mark alone": (".csv", b"\xef\xbb\xbf", "CSV"),
    "a scalar": (".ndjson", (NDJSON + "5\n").encode(), "NDJSON"),
    "two objects in a line": (".ndjson", NDJSON.replace("}\n{", "}{").encode(), "NDJSON"),
}
FORMATS = {".csv": "CSV", ".tsv": "TSV", ".ndjson": "NDJSON", ".csv.gz": "CSV"}


def as_path(content: bytes, ending: str, root: Path) -> dict[str, Any]:
    (root / f"log{ending}").write_bytes(content)
    return {"data": root / f"log{ending}"}


def as_compressed(content: bytes, ending: str, root: Path) -> dict[str, Any]:
    return as_path(
        content if ending.endswith(".gz") else gzip.compress(content), ending.removesuffix(".gz") + ".gz", root
    )


def as_stream(content: bytes, ending: str, root: Path) -> dict[str, Any]:
    return {"data": io.BytesIO(content), "format": FORMATS[ending]}


WAYS = [as_path, as_compressed, as_stream]
Way = Callable[[bytes, str, Path], dict[str, Any]]


def count(**given: Any) -> fm.Counts:
    return fm.count(given.pop("data"), BINARY, **given)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", RIGHT)
def test_odd_text_that_is_right(case: str, way: Way, tmp_path: Path) -> None:
    ending, content = RIGHT[case]
    counts = count(**way(content, ending, tmp_path), by="model")
    deep = "deep" in case
    assert counts.rows == 2 + deep
    assert counts.frame.select("fp", "tp").sum().row(0) == (1, 1 + deep)
    assert counts.frame["model"][0] == "a"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", WRONG)
def test_odd_text_that_is_wrong(case: str, way: Way, tmp_path: Path) -> None:
    ending, content, says = WRONG[case]
    for by in (None, "model"):
        with pytest.raises(FastMetricsError) as caught:
            count(**way(content, ending, tmp_path), by=by)
        message = str(caught.value)
        assert "\n" not in message
        assert "\0" not in message
        assert len(message) < 500
        assert says in message or by == "model"


@pytest.mark.parametrize("ending", [".csv", ".ndjson", ".parquet", ".arrow", ".csv.gz"])
def test_a_name_that_is_no_utf8_is_named(ending: str, tmp_path: Path) -> None:
    log = pl.DataFrame({"label": [1, 0], "pred": [1, 1]})
    write = {
        ".csv": log.write_csv,
        ".ndjson": log.write_ndjson,
        ".parquet": log.write_parquet,
        ".arrow": log.write_ipc,
        ".csv.gz": lambda raw: raw.write(gzip.compress(log.write_csv().encode())),
    }[ending]
    raw = io.BytesIO()
    write(raw)
    name = os.fsdecode(os.fsencode(tmp_path) + b"/l\xffog") + ending
    Path(name).write_bytes(raw.getvalue())
    for given in (name, tmp_path, f"{tmp_path}/*"):
        with pytest.raises(SourceError, match="is not UTF-8, and no reader opens such a path: rename the file"):
            fm.count(given, BINARY)


# Long lines


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        (".csv", b'label,pred,note\n1,1,ab\n1,0,"' + b"1,0,x\n" * 1_000_000),
        (".ndjson", NDJSON.encode() + b'{"label": 1, "pred": "' + b"x" * 4_000_000),
    ],
    ids=["a quote without an end", "an object"],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_line_beyond_the_limit_is_named_with_its_place(
    ending: str, content: bytes, way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LINE_BYTES", 1 << 21)
    start = content.rindex(b'1,0,"' if ending == ".csv" else b"{")
    expected = f"the line that begins at byte {start} is longer than 2,097,152 bytes"
    with pytest.raises(SourceError, match=expected) as caught:
        count(**way(content, ending, tmp_path))
    assert ("is a quote in it not closed?" in str(caught.value)) == (b'1,0,"' in content)


def test_a_long_cell_takes_time_in_proportion_to_its_length(tmp_path: Path) -> None:
    def seconds(megabytes: int) -> float:
        file = tmp_path / "log.csv"
        file.write_bytes(b'label,pred,note\n1,0,"' + b"x,y\n" * (megabytes << 18) + b'"\n1,1,z\n')
        taken = []
        for _ in range(2):
            start = time.process_time()
            lines.check_lines(str(file), ",", lambda: False)
            taken.append(time.process_time() - start)
        return min(taken)

    seconds(1)
    assert seconds(48) < 14 * seconds(8)  # 6 times the length; it was 36 times the time


def test_a_long_cell_is_counted(tmp_path: Path) -> None:
    cell = "a, b\n" * 2_000_000
    text = f'label,pred,note\n1,0,"{cell}"\n1,1,z\n'.encode()
    for way in WAYS:
        counts = count(**way(text, ".csv", tmp_path), by=pl.col("note").str.len_bytes().alias("length"))
        assert counts.frame["length"].to_list() == [1, len(cell)]
