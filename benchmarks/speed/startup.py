"""What a new process waits for: the import, and the first call, with and without compiled kernels in the cache."""

from __future__ import annotations

from statistics import median
from typing import Any

import polars as pl

from benchmarks.measuring.processes import CLOCK, cold, process
from benchmarks.speed.outcome import Outcome
from benchmarks.speed.setting import Setting

__all__ = ["measured"]

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
            took, said = cold(FIRST)
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
