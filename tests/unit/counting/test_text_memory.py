"""Text keys take the memory that docs/performance.md says, and their bytes are never copied as they become more."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm
from fastmetrics.counting.coders.strings import LEAST_BUFFER, TextCoder

COUNT = """
import json, sys
import numpy as np, polars as pl, fastmetrics as fm
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
distinct, length, threads = map(int, sys.argv[1:])
def stream(batches, keys):
    for start in range(0, batches * 10_000, 10_000):
        numbers = pl.Series(np.arange(start, start + 10_000) % keys)
        yield pl.DataFrame({"key": numbers.cast(pl.String).str.pad_start(length, "x"), "label": True, "pred": False})
def count(batches, keys):
    return fm.count(stream(batches, keys), fm.binary("label", "pred"), by="key", threads=threads)
count(4 * threads + 8, 10)
before = peak()
counts = count(3 * distinct // 10_000, distinct)
print(json.dumps([len(counts.frame), peak() - before]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_count_by_long_text_stays_within_the_formula(threads: int) -> None:
    distinct, length = 160_000, 700
    command = [sys.executable, "-c", COUNT, str(distinct), str(length), str(threads)]
    groups, grown = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert groups == distinct
    text, cells, result = threads * distinct * (length + 80), threads * 2 * distinct * 16, distinct * (72 + 16)
    batches = (1.25 * threads + 2) * 10_000 * (16 + length)
    assert grown < batches + text + cells + result


def test_texts_stay_where_they_are_first_written() -> None:
    coder = TextCoder(pl.String())
    first = [f"{number:0100}" for number in range(LEAST_BUFFER // 200)]
    coder.codes(pa.array(first, pa.string_view()))
    at = coder.buffer_addresses()[0]
    coder.codes(pa.array([f"{number:0100}" for number in range(20_000)], pa.string_view()))
    assert coder.buffer_addresses()[0] == at
    assert coder.values().to_list() == [None, *(f"{number:0100}" for number in range(20_000))]


@pytest.mark.parametrize("threads", [1, 3])
def test_long_texts_in_many_buffers_are_counted_right(threads: int) -> None:
    texts = [f"{number}" * (1 + number % 300) for number in range(3000)]
    log = pl.DataFrame({"key": texts * 3, "label": 1, "pred": [0, 1, 1] * 3000})
    frames = [log.sample(fraction=1, shuffle=True, seed=seed) for seed in range(5)]
    counts = fm.count(
        (part for frame in frames for part in frame.iter_slices(700)),
        fm.binary("label", "pred"),
        by="key",
        threads=threads,
    )
    assert counts.frame["key"].to_list() == sorted(set(texts))
    assert counts.rows == counts.frame["tp"].sum() + counts.frame["fn"].sum() == 5 * log.height
    expected = log.group_by("key").agg(tp=5 * pl.col("pred").sum()).sort("key")
    assert counts.frame["tp"].equals(expected["tp"])
