"""Works on columns in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from statistics import median

import polars as pl

import peers
from logs import Log
from outcome import Outcome, multiples, standings
from peers import Question
from race import Side, fastest, race
from setting import Setting

__all__ = ["in_memory"]


def in_memory(question: Question, rows: int | None = None, turns: int = 1) -> Callable[[Setting], Outcome]:
    """The race on so many rows, all of the log if None, in ``turns`` times as many rounds."""

    def run(setting: Setting) -> Outcome:
        setting.keep(["label", *question.roles.values()])
        log = setting.log if rows is None else Log(rows)
        frame = question.frame(log)
        runs = race(list(sides(log, frame, question)), setting.rounds * turns)
        once = median(run.cpu for run in next(iter(runs.values())))
        measures = {
            **multiples(runs),
            "ns/row": 1e9 * once / log.rows,
            "share of read bandwidth": frame.estimated_size() / once / setting.bandwidth,
        }
        return Outcome(standings(runs, log.rows), measures, runs=runs)

    return run


def sides(log: Log, frame: pl.DataFrame, question: Question) -> Iterator[Side]:
    """fastmetrics first; of each peer the form that takes the least CPU time."""
    yield peers.ours(frame, question, 1)
    if peers.THREADS > 1:
        yield peers.ours(frame, question, peers.THREADS)
    if not question.text:  # numpy would be given codes, which are what costs
        yield from peers.bincount(log, question)
    yield fastest(peers.polars_sides(frame.lazy(), question))
    yield fastest(peers.duckdb_sides(peers.duckdb_table(frame, question), question))
    if find_spec("chdb") and not question.text:
        yield fastest(peers.clickhouse(log, question))
    yield from peers.sklearn(log, question)
