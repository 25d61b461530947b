"""The section "Text" of RESULTS.md: what was asked and reached, what each side took, and how it was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median

import polars as pl

import fastmetrics as fm
from benchmarks.measuring.machine import machine, versions
from benchmarks.measuring.page import markdown, now, wrapped
from benchmarks.text.peers import packages
from benchmarks.text.race import Standing
from benchmarks.text.rows import Rows
from benchmarks.text.startup import Cold, Warm
from benchmarks.text.systems import Pass, Speedup
from benchmarks.text.works import REASONS, Work

__all__ = ["Results", "section"]

PASS_GOAL, THREADS_GOAL, COLD_GOAL, WARM_GOAL = 150, 0.85, 12, 0.5
METHOD = (
    "Multiples are CPU time of a package over that of fastmetrics, both of a byte of text: medians over rounds in "
    "which the sides take turns in one process, on one thread, after each has run once; what sacrebleu's "
    "tokenisers remember is cleared before each of its turns. Every result is compared outside the clock: corpus "
    "values, and those of each row where a package gives them, are equal to the last bit for the reference packages, "
    "and to 1e-12 for the others.",
    "fastmetrics is timed the whole way, from a Polars frame in memory through `fm.count(frame, fm.text(...), "
    'by="system", threads=1)` to the metrics of each system: on *all rows*, where systems share references, each of '
    "which is split once; and on the *same rows* as the package, those of one system, where nothing is shared and few "
    "rows bear the fixed costs. *Integers* is the part of that way from texts to the integers of each row. A goal is "
    "met where it is met on all rows.",
)


@dataclass
class Results:
    """What was measured."""

    standings: dict[Work, list[Standing]] = field(default_factory=dict)
    passed: Pass | None = None
    speedup: Speedup | None = None
    cold: list[Cold] = field(default_factory=list)
    warm: Warm | None = None


def multiple(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def races(results: Results) -> Iterator[dict[str, str]]:
    """A row a peer: asked, and reached in four ways."""
    for work, standings in results.standings.items():
        for standing in standings:
            goal, reached = standing.rival.goal, standing.multiple("all")
            yield {
                "measure": work.name,
                "texts": work.rows,
                "package": standing.rival.name,
                "asked": multiple(goal),
                "all rows": multiple(reached),
                "same rows": multiple(standing.multiple("same")),
                "integers, all": multiple(standing.multiple("all_integers")),
                "integers, same": multiple(standing.multiple("same_integers")),
                "met": "yes" if reached >= goal else "**no**",
            }


def costs(results: Results) -> Iterator[dict[str, str]]:
    """A row a peer: what each side took for a row."""
    for work, standings in results.standings.items():
        for standing in standings:
            speed = standing.all.bytes / standing.all.frame.height / standing.microseconds("all")
            yield {
                "measure": work.name,
                "texts": work.rows,
                "package": standing.rival.name,
                "its rows": f"{standing.same.frame.height:,}",
                "rounds": f"{len(standing.turns)}",
                "its us a row": f"{standing.microseconds('peer'):,.1f}",
                "ours, same": f"{standing.microseconds('same'):.2f}",
                "all rows": f"{standing.all.frame.height:,}",
                "ours, all": f"{standing.microseconds('all'):.2f}",
                "to integers": f"{standing.microseconds('all_integers'):.2f}",
                "MB/s": f"{speed:.0f}",
            }


def goals(results: Results) -> Iterator[dict[str, str]]:
    """A row each for the pass over all systems, two threads, compiling and starting."""
    if results.passed is not None:
        work, text = "all systems, 7 measures in one pass", "CPU of the packages, called for each system / ours"
        yield goal(work, text, results.passed.multiple, PASS_GOAL)
        yield goal(work, "the same, sacrebleu keeping the references / ours", results.passed.least, PASS_GOAL)
    if results.speedup is not None:
        text = "speed-up / that of a loop without memory traffic"
        yield goal("two threads, the same pass", text, results.speedup.share, THREADS_GOAL)
    for cold in results.cold:
        yield goal(f"compiling {cold.measure} alone", "CPU s, first count", cold.cpu, COLD_GOAL, most=True)
        if cold.lines != 1:
            yield goal(f"compiling {cold.measure} alone", "lines that say so", cold.lines, 1, most=True)
    if results.warm is not None:
        text = "CPU s, import and first count"
        yield goal("start, measures by default", text, results.warm.whole, WARM_GOAL, most=True)


def goal(work: str, measure: str, reached: float, asked: float, most: bool = False) -> dict[str, str]:
    met = reached <= asked if most else reached >= asked
    return {
        "work": work,
        "measure": measure,
        "asked": f"{'at most ' if most else ''}{asked:g}",
        "reached": f"{reached:.3g}",
        "met": "yes" if met else "**no**",
    }


def told(results: Results) -> Iterator[str]:
    """What the tables do not hold."""
    if results.passed is not None:
        passed = results.passed
        took, kept = (
            ", ".join(f"{name} {seconds:.1f}" for name, seconds in times.items())
            for times in (passed.packages, passed.keeping)
        )
        yield (
            f"All systems ({passed.rows.said()}), CPU s: {took}; with the references counted once for all {kept}. "
            f"fastmetrics {median(passed.ours):.3f}, the median of {len(passed.ours)}."
        )
    if results.speedup is not None:
        ours, loop = (median(side) for side in results.speedup)
        yield f"Two threads are {ours:.2f} times as fast as one, where the loop is {loop:.2f} times as fast (medians)."
    if results.cold:
        slowest = max(results.cold, key=lambda cold: cold.wall)
        yield f"By wall time compiling {slowest.measure} alone takes longest, {slowest.wall:.1f} s."
    if results.warm is not None:
        warm = results.warm
        yield (
            f"Of the start importing Polars takes {warm.needed:.3f} s, the rest of fastmetrics "
            f"{warm.imported - warm.needed:.3f}, Numba {warm.compiler:.3f}, the first count {warm.first:.3f}; another "
            f"count takes {warm.second:.3f}."
        )


def reasons(results: Results) -> Iterator[str]:
    """A line a work that misses a goal, where the reason is known."""
    for work, standings in results.standings.items():
        if any(standing.multiple("all") < standing.rival.goal for standing in standings):
            reason = REASONS.get((work.name, work.rows))
            if reason:
                yield wrapped(f"- **{work.name}, {work.rows}**: {reason}", "  ")


def sources(results: Results) -> Iterable[Rows]:
    """The sets of rows that took part."""
    return {of[0].all.name: of[0].all for of in results.standings.values() if of}.values()


def section(results: Results, command: str, load: float) -> str:
    taking_part = versions(("numba", "numpy", "polars", "pyarrow", *packages()))
    where = (
        f"`{command}` on {now()}: fastmetrics {fm.__version__}, Python {platform.python_version()}, {taking_part}; "
        f"{machine()}, load {load:.1f} at the start and {os.getloadavg()[0]:.1f} at the end."
    )
    parts = ["# Text\n", wrapped(where) + "\n", *(wrapped(text) + "\n" for text in METHOD)]
    parts += [wrapped(f"- {rows.said()}.", "  ") for rows in sources(results)]
    for table in (races(results), goals(results)):
        rows = list(table)
        parts += [f"\n{markdown(pl.DataFrame(rows))}\n"] if rows else []
    parts += [wrapped(f"- {text}", "  ") for text in told(results)]
    parts += list(reasons(results))
    rows = list(costs(results))
    parts += [f"\nCPU microseconds a row:\n\n{markdown(pl.DataFrame(rows))}"] if rows else []
    return "\n".join(parts)
