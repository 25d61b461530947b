"""In the shell 1 is a gate that failed and nothing else, and a panic of Polars leaves one line of ours at most."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

QUESTION = ("--y-true", "label", "--y-pred", "pred")


def shell(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fastmetrics.cli", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "RUST_BACKTRACE": "1"})
    ran.stderr = "".join(line for line in ran.stderr.splitlines(True) if "compiling kernels" not in line)
    return ran


@pytest.fixture
def panics(tmp_path: Path) -> str:
    """A log over which Polars panics when it writes the times as text."""
    path = tmp_path / "infinite.parquet"
    times = "case when i = 5007 then timestamp 'infinity' else timestamp '2024-01-01' end ts"
    duckdb.sql(f"copy (select {times}, true as label, true as pred from range(10000) t(i)) to '{path}'")
    return str(path)


def test_a_panic_is_one_line_and_2(panics: str) -> None:
    ran = shell("evaluate", panics, *QUESTION, "--where", "strftime(ts, '%Y') = '2024'", "--gate", "f1>=0")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith(f"fastmetrics: {panics} cannot be read: ")
    assert "thread" not in ran.stderr


def test_what_was_panicked_over_is_shown_with_debug(panics: str) -> None:
    ran = shell("evaluate", panics, *QUESTION, "--where", "strftime(ts, '%Y') = '2024'", "--debug")
    assert ran.returncode == 2
    assert "panicked" in ran.stderr
    assert "Traceback" in ran.stderr


def test_a_panic_over_a_column_that_is_not_read_is_not_heard_of(tmp_path: Path) -> None:
    path = tmp_path / "zone.parquet"
    times = pd.to_datetime(["2024-03-14T09:00:00+05:30"] * 2)
    pd.DataFrame({"label": [1, 0], "pred": [1, 1], "ts": times}).to_parquet(path)
    for more in ((), ("--time", "ts", "--every", "1d")):
        ran = shell("evaluate", str(path), *QUESTION, "--metrics", "accuracy", *more)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "0.5" in ran.stdout


def test_lines_of_ours_still_come(tmp_path: Path) -> None:
    ran = shell("evaluate", str(tmp_path / "no.parquet"), *QUESTION)
    assert (ran.returncode, len(ran.stderr.splitlines())) == (2, 1)
    (tmp_path / "log.csv").write_text("label,pred\n1,1\n0,0\n")
    failed = shell("evaluate", str(tmp_path / "log.csv"), *QUESTION, "--gate", "accuracy>=2")
    assert failed.returncode == 1
    assert "accuracy" in failed.stderr
