"""What a new process waits for: the import, and the first call, with and without compiled kernels in the cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from statistics import median
from typing import Any

import polars as pl

from benchmarks.speed.outcome import Outcome
from benchmarks.speed.setting import Setting

__all__ = ["measured"]

CLOCK = """
import json, time
def clock():
    return time.process_time(), time.perf_counter()
def since(start):
    return [now - then for now, then in zip(clock(), start)]
"""
IMPORT = (
    CLOCK
    + """
start = clock()
import numpy, polars
needed = since(start)
import fastmetrics
print(json.dumps([since(start), needed]))
"""
)
FIRST = (
    CLOCK
    + """
import sys
sys.modules["coverage"] = None  # which Numba imports where it is installed: with the tests, not with fastmetrics
from datetime import datetime, timedelta
import polars as pl
import fastmetrics as fm
ts = [datetime(2026, 1, 1) + timedelta(minutes=minute) for minute in range(1000)]
log = pl.DataFrame({"ts": ts, "label": [True, False] * 500, "pred": [True] * 1000, "model": ["a", "b"] * 500})
took = []
for _ in range(2):
    start = clock()
    fm.count(log, fm.binary("label", "pred"), by="model", time="ts", every="1h")
    took.append(since(start))
print(json.dumps(took))
"""
)


def process(code: str, **environment: str) -> tuple[list[list[float]], int]:
    """What a new process prints, CPU and wall time of each step, and the lines that it leaves on stderr."""
    # As an installed package has it, bytecode is there: without, every process would compile every module anew.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=inherited | environment
    )
    return json.loads(done.stdout), len(done.stderr.splitlines())


def cold() -> tuple[list[list[float]], int]:
    with tempfile.TemporaryDirectory() as folder:
        return process(FIRST, NUMBA_CACHE_DIR=folder)


def row(step: str, times: list[list[float]]) -> dict[str, Any]:
    return {
        "step": step,
        "CPU s": round(median(cpu for cpu, _ in times), 3),
        "wall s": round(median(wall for _, wall in times), 3),
        "runs": len(times),
    }


def measured(setting: Setting) -> Outcome:
    process(FIRST)  # compiles what the cache lacks
    imports, warm, compiled, lines = [], [], [], []
    for number in range(setting.rounds):
        imports.append(process(IMPORT)[0])
        warm.append(process(FIRST)[0])
        if number < 3:
            took, said = cold()
            compiled.append(took)
            lines.append(said)
    above = {
        name: median(first[1] - second[1] for first, second in runs)
        for name, runs in (("cached", warm), ("compiled", compiled))
    }
    table = pl.DataFrame(
        [
            row("import fastmetrics", [whole for whole, _ in imports]),
            row("of it, import numpy, polars", [needed for _, needed in imports]),
            row("first call, kernels in the cache", [first for first, _ in warm]),
            row("first call, kernels compiled", [first for first, _ in compiled]),
            row("second call", [second for _, second in warm]),
        ]
    )
    measures = {
        "import, s": median(wall for (_, wall), _ in imports),
        **{f"first call above the second, {name}, s": value for name, value in above.items()},
        "lines on stderr where it compiles": float(min(lines)),
    }
    return Outcome(table, measures, "A call counts 1,000 rows by model and hour; goals are of wall time.")
