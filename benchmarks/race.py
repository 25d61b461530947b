"""The clock, and the race: sides that do one work take turns, and every result is compared outside the clock."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import polars as pl
from polars.testing import assert_frame_equal

__all__ = ["Run", "Runs", "Side", "Trial", "check", "fastest", "multiple", "peak_memory", "race", "timed"]

NEAR = 1.4  # times the least: still to be considered
PAUSE = 0.05  # seconds for which threads of the last run may still spin


@dataclass(frozen=True)
class Side:
    """One way to do a work: ``run`` is timed, ``table`` then says what was counted, for the comparison.

    ``peer`` is the name that goals are said of. A slow side takes only its first ``turns``, one of them not timed.
    """

    peer: str
    form: str
    run: Callable[[], Any]
    table: Callable[[Any], pl.DataFrame]
    turns: int | None = None

    @property
    def name(self) -> str:
        return f"{self.peer}, {self.form}"


class Run(NamedTuple):
    """What one run cost, in seconds; the memory is the peak of its process in MB."""

    cpu: float
    wall: float
    memory: float = float("nan")


Runs = dict[str, list[Run]]


def timed(run: Callable[[], Any]) -> tuple[Any, Run]:
    """The result of a call and its cost; CPU time is that of all threads of this process."""
    gc.collect()
    time.sleep(PAUSE)
    cpu, wall = time.process_time(), time.perf_counter()
    result = run()
    return result, Run(time.process_time() - cpu, time.perf_counter() - wall)


def check(side: str, table: pl.DataFrame, expected: pl.DataFrame) -> None:
    """Stop unless a side counted what the first one did: integers to the last one, sums to 1e-9."""
    try:
        assert_frame_equal(table, expected, rel_tol=1e-9, abs_tol=1e-9)
    except AssertionError as error:
        raise SystemExit(f"{side} did not count what the others did: {error}") from error


def race(sides: Sequence[Side], rounds: int) -> Runs:
    """Run the sides in turns, compare their tables, and time all rounds but the first."""
    runs: Runs = {side.name: [] for side in sides}
    expected = None
    for number in range(rounds + 1):
        for side in sides:
            if side.turns is not None and number >= side.turns:
                continue
            result, cost = timed(side.run)
            table = side.table(result)
            expected = table if expected is None else expected
            check(side.name, table, expected)
            if number:
                runs[side.name].append(cost)
    return runs


class Trial(NamedTuple):
    """The form of a query that takes the least CPU time, and that of all of them in seconds by name."""

    best: Side
    cpu: dict[str, float]


def fastest(forms: Iterable[Side]) -> Trial:
    """Try forms: one run each, and one more of those that were near the least."""
    sides = {side.name: side for side in forms}
    cpu = {name: timed(side.run)[1].cpu for name, side in sides.items()}
    near = NEAR * min(cpu.values())
    for name, side in sides.items():
        if cpu[name] <= near:
            cpu[name] = min(cpu[name], timed(side.run)[1].cpu)
    return Trial(sides[min(cpu, key=cpu.__getitem__)], cpu)


def multiple(runs: Sequence[Run], first: Sequence[Run], of: str = "cpu") -> float:
    """The median over the rounds of one side's cost as a multiple of that of the first side in the same round."""
    return median(float(getattr(run, of) / getattr(other, of)) for run, other in zip(runs, first, strict=False))


def peak_memory() -> float:
    """The peak of this process in MB. Not ru_maxrss, which a new process inherits from the one that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3
