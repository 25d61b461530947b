"""The section "Speed" of RESULTS.md: how it was measured, what was reached of the goals, and each work's standings."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping

import polars as pl

import fastmetrics as fm
from benchmarks.measuring.machine import machine, versions
from benchmarks.measuring.page import markdown, now, wrapped
from benchmarks.speed import logs, peers
from benchmarks.speed.outcome import Outcome
from benchmarks.speed.setting import Setting
from benchmarks.speed.works import REASONS, Work

__all__ = ["goal_rows", "report", "section"]

METHOD = (
    f"{{rows:,}} rows of {logs.DAYS} days, nearly in the order of time: {len(logs.MODELS)} models, "
    f"{len(logs.COUNTRIES)} countries, Boolean label and prediction. Each side has the log in the form it likes best: "
    "Enum keys for fastmetrics and Polars, a native table with ENUM keys for DuckDB, a Memory table with Enum8 keys "
    "for ClickHouse, codes and bytes for numpy and scikit-learn. Polars, DuckDB and ClickHouse have "
    f"{peers.THREADS} threads, numpy and scikit-learn one. Of several forms of a query (sums, masks, label and "
    "prediction as keys; keys as they are or packed into one number) the one that takes the least CPU time in a trial "
    "is shown. The sides took turns, and the whole tables of every run were compared outside the clock: counts equal, "
    "sums to 1e-9. Peers answer in the form that costs them least: bincount with an array by code, ClickHouse with "
    "codes, both turned into keys outside the clock; `numpy` is bincount with the groups that occur and their keys.",
    "Times are medians over the rounds, CPU time is that of all threads of the process, `least` is the least CPU "
    "time, `multiple` the median of CPU time over that of the first side in the same round: a side whose multiple is "
    "below 1 is faster than fastmetrics. In memory, goals are multiples of one fastmetrics thread. Memory is the peak "
    "of a process of its own.",
)


def lost(outcome: Outcome) -> list[str]:
    """Peers that took less CPU time than fastmetrics."""
    return [name for name in peers.NAMES if outcome.measures.get(name, 1.0) < 1]


def goal_rows(outcomes: Mapping[Work, Outcome]) -> Iterator[dict[str, str]]:
    """A row a goal: what was reached of it; and one for every peer that was faster than us, goal or not."""
    for work, outcome in outcomes.items():
        aims = {goal.measure: goal for goal in work.goals}
        for name in [*aims, *(name for name in lost(outcome) if name not in aims)]:
            reached, goal = outcome.measures.get(name), aims.get(name)
            yield {
                "work": work.name,
                "measure": f"{name}, multiple" if name in peers.NAMES else name,
                "reached": "not measured" if reached is None else f"{reached:.3g}",
                "goal": "1, none set" if goal is None else f"{'at most ' if goal.most else ''}{goal.bound:g}",
                "met": "" if reached is None else "yes" if goal is not None and goal.met(reached) else "**no**",
            }


def reasons(outcomes: Mapping[Work, Outcome]) -> Iterator[str]:
    """A line a work that misses a goal, where the reason is known."""
    missed = {row["work"] for row in goal_rows(outcomes) if row["met"] == "**no**"}
    for work in outcomes:
        if work.name in missed and work.name in REASONS:
            yield wrapped(f"- **{work.name}**: {REASONS[work.name]}", "  ")


def section(work: Work, outcome: Outcome) -> str:
    """What one work gave."""
    note = f"\n{wrapped(outcome.note)}" if outcome.note else ""
    others = {name: value for name, value in outcome.measures.items() if name not in peers.NAMES}
    measures = "\n".join(f"- {name}: {value:.3g}" for name, value in others.items())
    parts = (f"### {work.name}\n", f"{work.text}.{note}\n", markdown(outcome.table) + "\n", measures)
    return "\n".join(part for part in parts if part).rstrip() + "\n"


def report(outcomes: Mapping[Work, Outcome], setting: Setting, command: str, load: float) -> str:
    """The section "Speed" of RESULTS.md."""
    where = (
        f"`{command}` on {now()}: fastmetrics {fm.__version__}, Python {platform.python_version()}, {versions()}; "
        f"{machine()}, load {load:.1f} at the start and {os.getloadavg()[0]:.1f} at the end. One thread reads "
        f"{setting.bandwidth / 1e9:.1f} GB/s."
    )
    method = [wrapped(text.format(rows=setting.rows)) + "\n" for text in METHOD]
    told = list(reasons(outcomes))
    goals = ["## Goals\n", markdown(pl.DataFrame(list(goal_rows(outcomes)))) + "\n"]
    if told:
        goals.append("\n".join(told) + "\n")
    works = [section(work, outcome) for work, outcome in outcomes.items()]
    return "\n".join(["# Speed\n", wrapped(where) + "\n", *method, *goals, "## Works\n", *works])
