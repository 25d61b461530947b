"""Files in large: flipped bits of Arrow data, and files that are cut at a random moment while they are counted."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from flips import WAYS_OF_BYTES, check_flips

FLIPS, CUTS, ROWS = 1500, 20, 1_000_000

COUNT = """
import os, sys, fastmetrics as fm
file, rows, moment, size = sys.argv[1], *map(int, sys.argv[2:])
cut = []
def told(came, whole):
    if came >= moment and not cut:
        cut.append(os.truncate(file, size))
try:
    counts = fm.count(file, fm.binary("label", "pred"), by="model", progress=told)
except fm.SourceError:
    assert cut
else:
    assert counts.rows == rows, counts.rows
"""


@pytest.mark.parametrize("way", WAYS_OF_BYTES)
def test_flipped_bits_never_end_a_process(way: str, tmp_path: Path, drawn: random.Random) -> None:
    start = drawn.randrange(1 << 30)
    check_flips(way, range(start, start + FLIPS), tmp_path)


@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet", "arrow"])
def test_a_file_cut_at_any_moment_is_an_error_or_counted_whole(
    ending: str, tmp_path: Path, drawn: random.Random
) -> None:
    log = pl.select(label=pl.int_range(ROWS) % 2, pred=pl.int_range(ROWS) % 3 % 2, model=pl.int_range(ROWS) % 7)
    write = {"csv": log.write_csv, "ndjson": log.write_ndjson, "parquet": log.write_parquet, "arrow": log.write_ipc}
    for _ in range(CUTS):
        file = tmp_path / f"log.{ending}"
        write[ending](file)
        cut = (ROWS, drawn.randrange(ROWS), drawn.randrange(file.stat().st_size))
        command = [sys.executable, "-W", "ignore", "-c", COUNT, str(file), *map(str, cut)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.stderr, done.returncode) == ("", 0), cut
