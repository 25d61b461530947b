"""What the command line meets around it: damaged configs, closed streams, bytes that are no text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics.cli import main

ROLES = ["--y-true", "label", "--y-pred", "pred"]
DEEP = 5_000


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pl.DataFrame({"m": ["a", "b"] * 4, "label": [1, 0] * 4, "pred": [1, 1] * 4}).write_parquet(tmp_path / "log.parquet")
    fm.count(tmp_path / "log.parquet", fm.binary("label", "pred")).write(tmp_path / "counts.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


READ = ["metrics", "counts.parquet", "-m", "accuracy"]
SHOWN = "n,label_coverage,answer_rate,accuracy\n8,1.0,1.0,0.5\n"


def ended(*arguments: str, streams: str, before: str = "", **surroundings: str) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of a process whose streams the shell closed or sent elsewhere."""
    paths = [str(Path(fm.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | surroundings
    line = ["bash", "-c", f'{before} "$@" {streams}', "bash", sys.executable, "-m", "fastmetrics.cli", *arguments]
    done = subprocess.run(line, env=surroundings, capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    said = capsys.readouterr()
    return int(str(stopped.value.code)), said.out, said.err


def one_line(result: tuple[int, str, str], *says: str) -> None:
    status, out, err = result
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert err.startswith("fastmetrics: ")
    assert "should not happen" not in err
    assert len(err) < 500
    assert [text for text in says if text not in err] == []


CONFIGS: dict[str, tuple[str, bytes, str]] = {
    "deep lists in TOML": ("a.toml", b"by = " + b"[" * DEEP + b"]" * DEEP, "nested too deeply"),
    "deep lists in YAML": ("a.yaml", b"by: " + b"[" * DEEP + b"]" * DEEP, "nested too deeply"),
    "deep maps in YAML": ("a.yaml", b"".join(b" " * i + b"a:\n" for i in range(DEEP)), "nested too deeply"),
    "a list in itself": ("a.yaml", b"by: &b [*b]\n", "text is needed"),
    "lists beyond any memory": (
        "a.yaml",
        b"by: [[&a0 [x, x]" + b"".join(b", &a%d [*a%d, *a%d]" % (i + 1, i, i) for i in range(60)) + b"]]\n",
        "is needed",
    ),
    "a number without digits": ("a.yaml", b'threads: !!int ""\n', "does not fit its tag"),
    "a truth that is none": ("a.yaml", b"intervals: !!bool zz\n", "does not fit its tag"),
    "a time that is none": ("a.yaml", b"time: !!timestamp zz\n", "does not fit its tag"),
    "a key that is a list": ("a.yaml", b"? [a, b]\n: c\n", "is not YAML"),
    "an object of Python": ("a.yaml", b"by: !!python/name:os.system\n", "is not YAML"),
    "a NUL in YAML": ("a.yaml", b"by: \x00", "is not YAML"),
    "half a character": ("a.yaml", b'time: "\\udce9"\n', "text is needed"),
    "bytes that are no text": ("a.toml", b'by = "\xff"', "is not TOML"),
    "a number of 5,000 digits": ("a.toml", b"threads = " + b"9" * 5_000, "is not TOML"),
    "two documents": ("a.yaml", b"by: a\n---\nby: b\n", "is not YAML"),
}  # fmt: skip


@pytest.mark.parametrize("damage", CONFIGS)
def test_a_damaged_config_is_one_line(here: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, data, says = CONFIGS[damage]
    if name.endswith("yaml"):
        pytest.importorskip("yaml")
    (here / name).write_bytes(data)
    one_line(refused(capsys, "evaluate", "log.parquet", *ROLES, "--config", name), says)


def test_a_closed_stdout_is_one_line(here: Path) -> None:
    for arguments in (READ, []):
        one_line(ended(*arguments, streams=">&-"), "standard output is closed", "--out")


def test_a_closed_stdout_is_no_matter_for_what_writes_a_file(here: Path) -> None:
    assert ended(*READ, "--out", "out.csv", "--gate", "accuracy>0.9", streams=">&-")[:2] == (1, "")
    assert Path("out.csv").read_text() == SHOWN


def test_a_closed_stderr_changes_no_result(here: Path) -> None:
    assert ended(*READ, "--gate", "accuracy>0.9", streams="2>&-") == (1, SHOWN, "")
    assert ended("metrics", "count.parquet", streams="2>&-") == (2, "", "")
    assert ended(*READ, "--out", "out.csv", streams="2>&- >&- <&-") == (0, "", "")
    assert Path("out.csv").read_text() == SHOWN


def test_a_closed_stdin_is_an_empty_one(here: Path) -> None:
    one_line(ended("evaluate", "-", *ROLES, streams="<&-"), "standard input is empty")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_streams_that_take_nothing_more(here: Path) -> None:
    one_line(ended(*READ, streams=">/dev/full"), "No space left")
    assert ended("metrics", "count.parquet", streams="2>/dev/full") == (2, "", "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_file_that_takes_a_part_of_the_output_is_one_line(here: Path, unbuffered: str) -> None:
    groups = pl.DataFrame({"m": range(1_000), "label": [1, 0] * 500, "pred": 1})
    fm.count(groups, fm.binary("label", "pred"), by="m").write("many.parquet")
    arguments = ("metrics", "many.parquet", "--format")
    for form in ("csv", "table"):
        result = ended(*arguments, form, streams=">out", before="ulimit -f 4;", PYTHONUNBUFFERED=unbuffered)
        one_line(result, "File too large")
        assert Path("out").stat().st_size <= 4096


BROKEN: dict[str, list[str | bytes]] = {
    "a log": ["evaluate", b"caf\xe9.parquet", *ROLES],
    "a column": ["evaluate", "log.parquet", "--y-true", b"caf\xe9", "--y-pred", "pred"],
    "SQL": ["evaluate", "log.parquet", *ROLES, "--by", b"m || 'caf\xe9' as x"],
    "a value": ["evaluate", "log.parquet", *ROLES, "--pos-label", b"caf\xe9"],
    "counts": ["metrics", b"caf\xe9.parquet"],
    "a command": [b"caf\xe9"],
    "an option": ["metrics", b"--caf\xe9"],
}


@pytest.mark.parametrize("arguments", BROKEN.values(), ids=BROKEN)
def test_an_argument_that_is_not_utf8_is_one_line(
    here: Path, arguments: list[str | bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "log.parquet").rename(os.fsdecode(b"caf\xe9.parquet"))
    one_line(refused(capsys, *map(os.fsdecode, arguments)), "is not UTF-8", r"\udce9")
