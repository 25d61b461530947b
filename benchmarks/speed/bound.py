"""Whether a count stays within the memory that docs/performance.md says bounds it, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import product

import polars as pl

from benchmarks.speed.outcome import Outcome
from benchmarks.speed.setting import Setting

__all__ = ["measured"]

ROWS = 1 << 18  # of a batch
BATCHES = 60
ROW_BYTES = 8 + 2 / 8  # two integers and two bits
MADE_BYTES = 2 * 4 + 1  # two codes and a state
VIEW_BYTES = 16
TEXT_BYTES = 80  # of a distinct value in the tables of a text key

COUNT = """
import json, sys
import numpy as np, polars as pl, fastmetrics as fm
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
rng = np.random.default_rng(0)
def stream(batches, rows, a, b):
    for _ in range(batches):
        keys = {"a": rng.integers(0, a, rows, np.int32), "b": rng.integers(0, b, rows, np.int32)}
        if length:
            keys["a"] = pl.Series(keys["a"]).cast(pl.String).str.pad_start(length, "x")
        yield pl.DataFrame(keys | {name: rng.random(rows) < 0.5 for name in ("label", "pred")})
threads, batches, rows, a, b, length = map(int, sys.argv[1:])
def count(batches, a, b):
    return fm.count(stream(batches, rows, a, b), fm.binary("label", "pred"), by=["a", "b"], threads=threads)
count(2 * threads + 4, 10, 10)
before = peak()
counts = count(batches, a, b)
print(json.dumps([len(counts.frame), counts.how["groups"], before, peak() - before]))
"""


@dataclass(frozen=True)
class Case:
    """Two keys with so many values each, and so many threads; the first is text of a length, if one is given."""

    a: int
    b: int
    threads: int
    length: int = 0

    @property
    def rows(self) -> int:
        """Of a batch."""
        return ROWS >> 2 if self.length else ROWS

    def bound(self, groups: int, hashed: bool) -> float:
        """The terms that grow with the log: batches in flight, what is made of them, a table a thread, the result."""
        text = VIEW_BYTES + self.length if self.length else 0
        batches = (1.25 * self.threads + 2) * self.rows * (ROW_BYTES + text)
        blocks = self.threads * self.rows * MADE_BYTES
        texts = self.threads * self.a * (TEXT_BYTES + self.length) if self.length else 0
        table = groups * (16 + 80) if hashed else 1.25 * self.a * self.b * 16
        return batches + blocks + texts + min(self.threads * table, 2**30 + table) + groups * (72 + 8)


def measured(setting: Setting) -> Outcome:
    """The growth of the peak beside its bound, from few groups to many, text too, on one thread and on two."""
    rows = []
    for (a, b, length), threads in product(
        [(500, 200, 0), (2000, 1000, 0), (4000, 2500, 0), (100_000, 1, 1000)], [1, 2]
    ):
        case = Case(a, b, threads, length)
        arguments = map(str, (threads, BATCHES, case.rows, a, b, length))
        command = [sys.executable, "-W", "ignore", "-c", COUNT, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        groups, plan, before, grown = json.loads(done.stdout)
        bound = case.bound(groups, plan == "hashed")
        row = {"groups": groups, "text": length, "ids": plan, "threads": threads, "MB before": before / 1e6}
        rows.append(row | {"MB more": grown / 1e6, "bound, MB": bound / 1e6, "of bound": grown / bound})
    table = pl.DataFrame(rows)
    rounded = table.with_columns(pl.col("MB before", "MB more", "bound, MB").round(0), pl.col("of bound").round(2))
    return Outcome(rounded, {"share of the bound": max(row["of bound"] for row in rows)})
