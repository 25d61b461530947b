"""Names from outside reach every output: none moves a cursor, hides or reorders text, or breaks a file or a picture."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest
from click.testing import CliRunner

import fastmetrics as fm
from fastmetrics.cli.commands import main as cli
from fastmetrics.cli.front import say
from fastmetrics.cli.gates import Rules, gate
from fastmetrics.diagnosis.findings import Diagnosis, Finding
from fastmetrics.diagnosis.wording import sentence
from fastmetrics.errors import DataError, FastMetricsError, MergeError, SchemaError, SourceError, listed, unknown
from fastmetrics.notes import Note, warn
from fastmetrics.report import plots
from fastmetrics.report.files import encoded, write
from fastmetrics.report.tables import facts, table
from fastmetrics.report.text import lines
from fastmetrics.wording import printable, readable

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b2J",
    "nul\x00byte",
    "two\nlines",
    "back\rover",
    "a\ttab",
    "\x08\x7f",
    "next\x85line\u2028and\u2029more",
    "\u202egnp.exe",
    "\u2066hidden\u2069",
    "zero\u200bwidth\ufeff",
    "soft\xadhyphen",
    "blank\xa0\u3000\u3164",
    "tag\U000e0041\U000e0100",
    "\uffff\U0010ffff",
    "",
    " ",
    "  outer  ",
    "ends in \\",
    "\\n",
    "\\\"'`",
    'say "hi"',
    "it's",
    "a.b[0]",
    "{0} {times} %s",
    "{{x}} ${x}",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- & &amp;",
    "[red]markup[/red]",
    "'; DROP TABLE x; --",
    "null",
    "None",
    "-",
    "(null)",
    "日本語",
    "^a.*$",
    "*",
    "👩\u200d💻",
    "long " * 500,
    "=1+1",
)
WORST = [HOSTILE[place] for place in (0, 3, 4, 9, 16, 19, 21, 27, 28)]
COLUMNS = tuple(name for name in HOSTILE if name and "\0" not in name)
KEYS = {"model": pl.Series(HOSTILE), "half": pl.Series([place % 2 for place in range(len(HOSTILE))])}


def log(**keys: Any) -> pl.DataFrame:
    """Forty rows of each value of the keys, half of them positive, three in four answered right, over four hours."""
    frame = pl.DataFrame(keys)
    rows = pl.DataFrame({"row": range(40)}).with_columns(
        label=pl.col("row") % 2 == 0,
        pred=(pl.col("row") % 2 == 0) ^ (pl.col("row") % 4 == 1),
        score=(pl.col("row") * 7 % 40) / 40,
        ts=pl.col("row") % 4 * 3600,
    )
    return frame.join(rows, how="cross")


HOURS = {"time": "ts", "every": "1h", "time_unit": "s"}
COUNTS = fm.count(log(**KEYS), fm.binary("label", "pred"), fm.scores("label", "score"), by=["model", "half"], **HOURS)
MODELS = COUNTS.rollup("model")
CLASSES = fm.count(log(**KEYS), fm.classes("model", "model"), by="half")


def clean(text: str) -> str:
    """The text, if no character of it but the line break can do anything."""
    bad = {character for character in text if not character.isprintable() and character != "\n"}
    assert not bad, f"{bad} in {text[:300]!a}"
    return text


def one_line(text: str) -> str:
    assert "\n" not in text.rstrip("\n"), ascii(text)
    return clean(text)


# Text


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_what_is_printable_says_its_codes_and_is_left_alone(name: str) -> None:
    text = one_line(printable(name))
    assert printable(text) == text
    assert repr(name) in printable(repr(name)) or "\u3164" in name or "\U000e0100" in name
    assert one_line(readable(name)).strip()
    assert len(readable(name)) <= 100


def test_values_that_look_like_nothing_are_in_quotes() -> None:
    assert [readable(value) for value in ("", " ", " a", "null", None, "a b")] == [
        "''",
        "' '",
        "' a'",
        "'null'",
        "null",
        "a b",
    ]


def texts_of(name: str) -> Iterator[str]:
    """What is said of one name outside of tables, lists and pictures."""
    for kind in (FastMetricsError, SchemaError, SourceError, DataError, MergeError):
        yield str(kind(f"column {name} holds {name!r}"))
        yield str(pickle.loads(pickle.dumps(kind(name))))
    yield listed([name, name, None])
    yield str(SchemaError(unknown("key", name, [name + "x", name])))
    yield str(Note("files_skipped", f"left out {name}", 1, first=name))
    finding = Finding("fn_surge", "major", "fnr", "", f"look at {name}", model=name, slice={name: name, "x": name})
    told = sentence(finding, "misses more {words}", f"{name} of {name}")
    yield told.sentence
    yield Diagnosis((told,), (f"key {name}",)).text()
    yield repr(Diagnosis((told,), (f"key {name}",)))
    yield told.row()["slice"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn(f"classes {name}")
    yield str(caught[0].message)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_errors_notes_warnings_and_sentences_are_printable(name: str) -> None:
    for text in texts_of(name):
        clean(text)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_what_the_shell_says_is_one_printable_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    frame = MODELS.filter(model=name).metrics("recall").with_columns(recall=pl.lit(0.1))
    note = Note("files_skipped", f"left out {name}", 1, first=name)
    rules = Rules([gate("recall>=0.5"), gate("recall<1")], "harm")
    lines = rules.failures(frame.with_columns(recall_high="recall", recall_low=None), ["model"], [note])
    for line in [*lines, f"warning: {name}"]:
        say(line)
    assert len(one_line_each(capsys.readouterr().err)) == 4


def one_line_each(text: str) -> list[str]:
    found = clean(text).splitlines()
    assert all(line.startswith("fastmetrics: ") for line in found), found
    return found


@pytest.mark.parametrize("call", [
    lambda name: MODELS.filter(**{name or "?": 1}),
    lambda name: MODELS.rollup(name + "?"),
    lambda name: MODELS.metrics(name + "?"),
    lambda name: MODELS.compare("recall", by="model", to=name + "?"),
    lambda name: MODELS.plot(kind=name + "?"),
    lambda name: fm.count(name + "?.parquet", fm.binary("label", "pred")),
    lambda name: fm.count(log(**KEYS), fm.binary(name + "?", "pred")),
    lambda name: fm.count(log(**KEYS), fm.binary("label", "pred", pos_label=name)),
    lambda name: fm.count(log(**KEYS), fm.binary("model", "pred")),
    lambda name: fm.count(log(**KEYS), fm.binary("label", "pred"), by="model", where=name + " ==="),
    lambda name: fm.count(log(**KEYS), fm.binary("label", "pred", name=name + "?")),
    lambda name: fm.count(log(**KEYS), fm.binary("label", "pred"), time="ts", every=name + "?"),
    lambda name: fm.read_counts(name[:100] + "?"),
    lambda name: fm.diagnose(MODELS, baseline=MODELS, slices=[name + "?"]),
    lambda name: fm.count(io.StringIO(name), fm.binary("label", "pred")),
])  # fmt: skip
def test_every_refusal_is_ours_and_one_printable_line(call: Callable[[str], Any]) -> None:
    for name in HOSTILE:
        with pytest.raises(FastMetricsError) as refused:
            call(name)
        assert len(one_line(str(refused.value))) <= 2000


def test_a_column_named_with_a_nul_is_refused_where_it_is_read() -> None:
    frame = log(model=["x"]).with_columns(pl.lit(1).alias("a\0b"))
    assert fm.count(frame, fm.binary("label", "pred")).rows == 40
    for by in ("a\0b", pl.col("a\0b").alias("k"), pl.col("model").alias("k\0")):
        with pytest.raises(SchemaError, match=r"has a NUL in its name, which Arrow cannot carry; rename it"):
            fm.count(frame, fm.binary("label", "pred"), by=by)


# Counts, tables and findings


def test_counts_show_every_value_in_a_line_of_its_own() -> None:
    for name in HOSTILE:
        one = COUNTS.filter(model=name)
        assert len(clean(repr(one)).splitlines()) == 7
        assert len(clean(facts(lines(one), color=False)).splitlines()) == 6
    assert len(clean(repr(COUNTS)).splitlines()) == 7


def test_a_notebook_gets_no_tag_but_those_of_tables() -> None:
    for name in HOSTILE:
        shown = COUNTS.filter(model=name)._repr_html_()
        assert tags(clean(shown)) <= {"table", "tr", "th", "td", "div", "style", "small", "thead", "tbody"}


def tags(page: str) -> set[str]:
    """The tags of a page."""
    found: set[str] = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.add(tag)  # type: ignore[method-assign]
    parser.feed(page)
    parser.close()
    return found


@pytest.mark.parametrize("width", [None, 60, 120])
def test_a_table_has_a_line_for_each_row(width: int | None) -> None:
    frame = MODELS.metrics("recall", intervals=True)
    shown = clean(table(frame, ["model"], width=width, color=False)).splitlines()
    assert len([line for line in shown if " 40 " in line]) == len(HOSTILE)


def test_a_table_has_one_header_whatever_columns_are_called() -> None:
    for name in COLUMNS:
        for width in (None, 30):
            clean(table(pl.DataFrame({name: ["a"], "n": [40]}), [name], width=width, color=False))


def test_a_diagnosis_says_hostile_names_and_keeps_the_exact_ones_for_programs() -> None:
    before = log(model=list(HOSTILE), site=list(HOSTILE))
    after = before.with_columns(pred=pl.when(pl.col("site") == HOSTILE[4]).then(False).otherwise("pred"))
    family = fm.binary("label", "pred")
    for keys in ("site", ["model"]):
        now, then = (fm.count(pl.concat([frame] * 30), family, by=keys) for frame in (after, before))
        found = fm.diagnose(now, baseline=then, per="model")
        assert len(found)
        clean(found.text())
        for finding in found:
            one_line(finding.sentence)
            one_line(finding.row()["slice"])
        if keys == "site":
            assert found[0].slice == {"site": HOSTILE[4]}
            assert found.findings["predicate"][0].to_list() == [{"column": "site", "value": HOSTILE[4]}]
            assert json.loads(found.to_json())["findings"][0]["predicate"][0]["value"] == HOSTILE[4]
            assert before.filter(found[0].filter).height == 40


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_sql_of_a_finding_selects_its_rows(name: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    column = name or "x"
    frame = pl.DataFrame({column: [*HOSTILE, None]})
    finding = Finding("fn_surge", "major", "fnr", "", "", slice={column: name})
    assert frame.filter(finding.filter).rows() == [(name,)]
    if "\x00" not in name:  # which DuckDB's parser takes for the end
        assert duckdb.sql(f"SELECT count(*) FROM frame WHERE {finding.sql}").fetchall() == [(1,)]


# Files


def test_files_hold_the_exact_values() -> None:
    frame = pl.DataFrame({"model": [name for name in HOSTILE if name != "=1+1" and not name.startswith("-")]})
    frame = frame.with_columns(n=pl.int_range(pl.len()))
    assert pl.read_csv(encoded(frame, "csv")).equals(frame)
    assert json.loads(encoded(frame, "json")) == frame.to_dicts()
    assert [json.loads(line) for line in encoded(frame, "ndjson").decode().split("\n") if line] == frame.to_dicts()
    assert pl.read_parquet(encoded(frame, "parquet")).equals(frame)


def test_files_hold_the_exact_column_names() -> None:
    frame = pl.DataFrame({name: [place] for place, name in enumerate(COLUMNS)})
    for form in ("json", "ndjson"):
        rows = json.loads(encoded(frame, form))
        assert (rows[0] if form == "json" else rows) == frame.to_dicts()[0]
    assert pl.read_parquet(encoded(frame, "parquet")).equals(frame)
    assert len(pl.read_csv(encoded(frame, "csv")).columns) == len(COLUMNS)
    assert encoded(pl.DataFrame({"=a": [1], "'=a": [2]}), "csv") == b"'=a,'=a\n1,2\n"


def test_counts_come_back_as_they_were(tmp_path: Path) -> None:
    for counts in (MODELS, CLASSES):
        counts.write(tmp_path / f"{len(counts.tables)}")
        assert fm.read_counts(tmp_path / f"{len(counts.tables)}") == counts
    for name in COLUMNS:
        counts = fm.count(log(**{name: ["x"]}), fm.binary("label", "pred"), by=name)
        assert counts.frame.columns[0] == name
        assert fm.Counts.from_arrow(counts.to_arrow()) == counts
        assert pickle.loads(pickle.dumps(counts)) == counts


# Pictures


def strings(part: Any) -> Iterator[str]:
    """Every text of a specification, those of its data among them."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield key
            yield from strings(value)
    elif isinstance(part, list):
        for value in part:
            yield from strings(value)
    elif isinstance(part, str):
        yield from strings(json.loads(part)) if part.startswith("[{") else [part]


def checked(chart: Any) -> Any:
    """A chart, if no text of it breaks a page that takes it in."""
    for text in strings(chart.to_dict()):
        one_line(text)
        assert not any(tag in text for tag in ("</", "<img", "<!--", "<script"))
    return chart


def drawn(chart: Any, folder: Path) -> None:
    """Draw a chart in every format, and check each."""
    for suffix in (".svg", ".html", ".png"):
        plots.save(checked(chart), folder / f"chart{suffix}")
    for element in ElementTree.parse(folder / "chart.svg").iter():
        for text in (element.text, *element.attrib.values()):
            clean(text or "")
    page = tags((folder / "chart.html").read_text())
    assert page <= {"html", "head", "meta", "title", "style", "body", "noscript", "div", "script"}
    assert tags(chart.to_html()) <= {"html", "head", "meta", "title", "style", "body", "div", "script"}
    assert (folder / "chart.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["time", "bars", "heatmap", "confusion", "roc", "pr", "calibration"])
def test_pictures_of_hostile_values(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    by = ["model", "half"] if kind == "heatmap" else ["model"]
    checked(COUNTS.plot(by=by, kind=kind))
    drawn(COUNTS.filter(pl.col("model").is_in(WORST)).plot(by=by, kind=kind), tmp_path)


def test_pictures_of_hostile_classes(tmp_path: Path) -> None:
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    drawn(CLASSES.plot(kind="confusion"), tmp_path)
    positive = fm.count(log(**KEYS), fm.binary("model", "model", pos_label=HOSTILE[4]), by="half")
    drawn(positive.plot(kind="confusion"), tmp_path)


@pytest.mark.parametrize("name", [name for name in WORST if name in COLUMNS], ids=ascii)
def test_pictures_of_hostile_columns(name: str, tmp_path: Path) -> None:
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    frame = log(**{name: ["x", "y"], "half": [1, 2]}).rename({"score": name + "?"})
    counts = fm.count(frame, fm.binary("label", y_score=name + "?", threshold=0.5), by=[name, "half"], **HOURS)
    checked(counts.plot(kind="confusion"))
    for kind in ("heatmap", "time"):
        plots.save(checked(counts.plot(kind=kind)), tmp_path / "chart.svg")
        ElementTree.parse(tmp_path / "chart.svg")


def test_long_names_keep_both_ends_and_lie_beside_the_title(tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    long = [f"a/path/that/goes/on/{'and/on/' * 20}model-v{version}" for version in (1, 2)]
    counts = fm.count(log(model=long), fm.binary("label", "pred"), by="model")
    plots.save(checked(counts.plot(kind="bars")), tmp_path / "chart.svg")
    svg = ElementTree.parse(tmp_path / "chart.svg")
    shown = {element.text for element in svg.iter() if (element.text or "").startswith("a/path/")}
    assert {text[-8:] for text in shown} == {"model-v1", "model-v2"}


def test_a_picture_of_another_library_with_a_control_character_is_drawn(tmp_path: Path) -> None:
    altair = pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    values = [{"a": "nul\x00\x1b", "b": 1}, {"a": "half \ud800", "b": 2}]
    chart = altair.Chart(altair.InlineData(values=values)).mark_bar().encode(x="a:N", y="b:Q")
    for suffix in (".svg", ".png", ".html"):
        plots.save(chart.properties(title="t\x00"), tmp_path / f"chart{suffix}")
    ElementTree.parse(tmp_path / "chart.svg")


# The shell


@pytest.fixture
def counted(tmp_path: Path) -> Path:
    COUNTS.rollup("model").write(tmp_path / "counts")
    return tmp_path / "counts"


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_the_shell_says_hostile_arguments_in_one_line(name: str, counted: Path) -> None:
    for arguments in (
        ["metrics", name + "?"],
        ["metrics", str(counted), "-m", name + "?"],
        ["metrics", str(counted), "--by", name + "?"],
        ["metrics", str(counted), "--where", name + "?"],
        ["metrics", str(counted), "--gate", name + "?"],
        ["metrics", str(counted), "--out", name + "?"],
        ["metrics", str(counted), "--plot", name + "?"],
        ["metrics", str(counted), "--" + name + "?"],
        [name + "?"],
    ):
        shown = CliRunner().invoke(cli, arguments)
        assert shown.exit_code == 2, (arguments, shown.output)
        assert len(one_line_each(shown.stderr)) == 1
        assert not shown.stdout


def test_the_shell_shows_hostile_values(counted: Path) -> None:
    shown = CliRunner().invoke(cli, ["metrics", str(counted), "--format", "table"])
    assert shown.exit_code == 0
    clean(shown.stdout)
    shown = CliRunner().invoke(cli, ["inspect", str(counted), "--format", "table"])
    assert shown.exit_code == 0
    clean(shown.stdout)


@pytest.mark.parametrize("suffix", [".toml", ".yaml"])
def test_hostile_values_of_a_config_are_said_in_one_line(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"config{suffix}"
    for name in HOSTILE:
        text = json.dumps(name, ensure_ascii=True).replace("\\u", "\\u")
        if any(ord(character) > 0xFFFF for character in name) or "\x7f" in name:
            continue  # of which JSON and TOML have another notation
        for key, value in (("family", text), (json.dumps(name + "?"), "1"), ("threads", text)):
            path.write_text(f"{key} = {value}\n" if suffix == ".toml" else f"{key}: {value}\n")
            shown = CliRunner().invoke(cli, ["evaluate", "log.parquet", "--config", str(path)])
            assert shown.exit_code == 2
            assert len(one_line_each(shown.stderr)) == 1


HALF = b"caf\xe9".decode("utf-8", "surrogateescape")


def test_file_names_that_are_not_utf8_are_said_and_written_to(counted: Path, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    folder = tmp_path / HALF
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    plots.save(COUNTS.plot(kind="bars"), folder / "m.svg")
    write(MODELS.metrics(), folder / "m.csv")
    assert (folder / "m.svg").exists()
    assert pl.read_csv((folder / "m.csv").read_bytes()).height == len(HOSTILE)
    with pytest.raises(SourceError, match="is not UTF-8, and no reader opens such a path: rename the file") as refused:
        fm.count(folder / "m.csv", fm.binary("label", "pred"))
    one_line(str(refused.value))
    ended = CliRunner().invoke(cli, ["evaluate", str(tmp_path / "**"), "--y-true", "label", "--y-pred", "pred"])
    assert ended.exit_code == 2
    assert len(one_line_each(ended.stderr)) == 1


@pytest.mark.parametrize("call", [
    lambda: fm.binary("label", "pred", pos_label=HALF),
    lambda: fm.classes("label", "pred", labels=["a", HALF]),
    lambda: fm.binary("label", "pred", null_values=[HALF], pos_label="a"),
    lambda: fm.binary(HALF, "pred"),
    lambda: fm.count(log(**KEYS), fm.binary("label", "pred"), by=HALF),
    lambda: fm.count(log(**KEYS), fm.binary("label", "pred"), where=f"model = '{HALF}'"),
    lambda: fm.count(log(**KEYS), fm.binary("label", "pred"), **HOURS, time_zone=HALF),
    lambda: fm.count({"k": [HALF], "label": [1], "pred": [1]}, fm.binary("label", "pred"), by="k"),
    lambda: MODELS.compare("recall", by="model", to=HALF),
    lambda: MODELS.metrics(HALF),
])  # fmt: skip
def test_half_a_character_is_refused_in_one_line(call: Callable[[], Any]) -> None:
    with pytest.raises(FastMetricsError) as refused:
        call()
    assert r"\udce9" in one_line(str(refused.value))


def test_a_terminal_of_few_characters_gets_the_codes_of_the_others(counted: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fastmetrics.cli", "metrics", str(counted), "--format", "table"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        check=True,
    )
    assert not done.stderr
    assert rb"\u65e5\u672c\u8a9e" in done.stdout
