"""The programs of benchmarks run, each as small as it can be, and write no page then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastmetrics as fm
from pages import ROOT

SPEED = ("speed", "--rows", "100000", "--rounds", "1")
MEASURED = ["W", "nulls", "weights", "score sums", "classes", "regression", "Parquet", "start-up"]
TEXT = ("text", "--rows", "20", "--rounds", "1")
PARTS = ("--part", "races", "--part", "systems", "--part", "threads", "--part", "start")
PROGRAMS = [
    (*SPEED, "--only", "no groups"),
    *(pytest.param((*SPEED, "--only", work), marks=pytest.mark.slow, id=work) for work in MEASURED),
    (*TEXT, "--only", "WER"),
    ("values", "--rows", "100000", "--rounds", "1"),
    pytest.param((*TEXT, *PARTS), marks=pytest.mark.slow, id="all of text but compiling"),
    pytest.param(("arrays", "--only", "f1_score", "--rows", "1000", "--rounds", "1"), marks=pytest.mark.slow),
    pytest.param(("expressions", "--dry", "--rows", "10000", "--rounds", "1"), marks=pytest.mark.slow),
    pytest.param(("revisions", str(ROOT), "--rows", "10000", "--rounds", "1"), marks=pytest.mark.slow),
    pytest.param(("curves", "--misses", "--seeds", "300", "301"), marks=pytest.mark.slow),
    pytest.param(("precision", "100000"), marks=pytest.mark.slow),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program[0])
def test_a_program_runs(program: tuple[str, ...]) -> None:
    pages = {page: page.read_bytes() for page in (ROOT / "benchmarks").glob("*.md")}
    paths = [str(Path(fm.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    name, *arguments = program
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert {page: page.read_bytes() for page in pages} == pages
