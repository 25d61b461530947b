"""Works on columns in memory."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import NamedTuple

import polars as pl

from benchmarks.speed import peers
from benchmarks.speed.logs import Log
from benchmarks.speed.outcome import Outcome, multiples, standings
from benchmarks.speed.peers import Question
from benchmarks.speed.race import Side, fastest, race
from benchmarks.speed.setting import Setting

__all__ = ["field", "in_memory"]


def in_memory(question: Question, rows: int | None = None, turns: int = 1) -> Callable[[Setting], Outcome]:
    """The race on so many rows, all of the log if None, in ``turns`` times as many rounds."""

    def run(setting: Setting) -> Outcome:
        setting.keep(["label", *question.roles.values()])
        log = setting.log if rows is None else Log(rows)
        frame = question.frame(log)
        taking_part = field(log, frame, question)
        runs = race(taking_part.sides, setting.rounds * turns)
        once = median(run.cpu for run in next(iter(runs.values())))
        measures = {
            **multiples(runs),
            "ns/row": 1e9 * once / log.rows,
            "share of read bandwidth": frame.estimated_size() / once / setting.bandwidth,
        }
        return Outcome(standings(runs, log.rows), measures, taking_part.told(), runs)

    return run


class Field(NamedTuple):
    """Who takes part: fastmetrics first, and of each peer the form that won its trial; what all forms took in it."""

    sides: list[Side]
    tried: dict[str, float]

    def told(self) -> str:
        return "CPU ms in the trial: " + "; ".join(f"{name} {cpu * 1e3:,.0f}" for name, cpu in self.tried.items()) + "."


def field(log: Log, frame: pl.DataFrame, question: Question) -> Field:
    """The sides of a question on a log."""
    engines = [peers.polars_sides(frame.lazy(), question)]
    engines.append(peers.duckdb_sides(peers.duckdb_table(frame, question), question))
    if find_spec("chdb") and not question.text:
        engines.append(peers.clickhouse(log, question))
    trials = [fastest(forms) for forms in engines]
    # Of text numpy would be given codes, which are what costs.
    counted = [] if question.text else [*peers.bincount(log, question), *peers.numpy_table(log, question)]
    own = [peers.ours(frame, question, threads) for threads in sorted({1, peers.THREADS})]
    sides = [*own, *counted, *(trial.best for trial in trials), *peers.sklearn(log, question)]
    return Field(sides, {name: cpu for trial in trials for name, cpu in trial.cpu.items()})
