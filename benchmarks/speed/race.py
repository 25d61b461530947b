"""The race: sides that do one work take turns, and every result is compared outside the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl
from polars.testing import assert_frame_equal

from benchmarks.measuring.clock import Runs, timed

__all__ = ["Side", "Trial", "check", "fastest", "race"]

NEAR = 1.4  # times the least: still to be considered


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
