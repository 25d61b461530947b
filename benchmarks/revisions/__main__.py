"""What a change costs: this checkout beside another one: ``python -m benchmarks.revisions ../before``.

Each counts in a process of its own, with one thread. They take turns, after one that is not timed, and all turns of a
work must find the same cells to the bit. The ratio is the median over the rounds of the CPU time of this checkout as a
multiple of that of the other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.measuring.machine import machine, versions
from benchmarks.measuring.page import markdown, now, put_section, wrapped
from benchmarks.revisions.side import WORKS

HERE = Path(__file__).parents[2]
SIDE = Path(__file__).with_name("side.py")
Process = subprocess.Popen[str]


@contextmanager
def started(checkout: Path, rows: int) -> Iterator[Process]:
    """A process that counts with the source of a checkout."""
    path = {"PYTHONPATH": str(checkout / "src"), "POLARS_MAX_THREADS": "1"}
    command = [sys.executable, "-P", str(SIDE), str(rows)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env={**os.environ, **path}) as process:
        if answer(process) != "ready":
            raise SystemExit(f"{checkout} does not count")
        yield process


def commit(checkout: Path) -> str:
    """The commit of a checkout, as git names it."""
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def answer(process: Process) -> str:
    """The next line of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def turn(process: Process, work: str) -> tuple[float, str]:
    """What a work costs in CPU seconds, and the digest of its cells."""
    assert process.stdin is not None
    print(work, file=process.stdin, flush=True)
    cost, cells = json.loads(answer(process))
    return cost, cells


def race(ours: Process, theirs: Process, work: str, rounds: int) -> dict[str, object]:
    """A row of the table."""
    turns = [(turn(ours, work), turn(theirs, work)) for _ in range(rounds + 1)]
    digests = {cells for both in turns for _, cells in both}
    costs = [(mine, other) for (mine, _), (other, _) in turns[1:]]
    return {
        "work": work,
        "other, ms": round(median(other for _, other in costs) * 1e3, 2),
        "this, ms": round(median(mine for mine, _ in costs) * 1e3, 2),
        "ratio": round(median(mine / other for mine, other in costs), 3),
        "equal": "yes" if len(digests) == 1 else "**no**",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Race this checkout against another one.")
    parser.add_argument("checkout", type=Path, help="the folder of the other one")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the log (%(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="timed turns of each (%(default)s)")
    parser.add_argument("--out", type=Path, help="write the section into this page, such as benchmarks/RESULTS.md")
    asked = parser.parse_args()
    with ExitStack() as processes:
        ours, theirs = (
            processes.enter_context(started(checkout, asked.rows)) for checkout in (HERE, asked.checkout.resolve())
        )
        table = pl.DataFrame([race(ours, theirs, work, asked.rounds) for work in WORKS])
    command = f"python -m benchmarks.revisions CHECKOUT --rows {asked.rows} --rounds {asked.rounds}"
    commits = f"this is {commit(HERE)}, the other {commit(asked.checkout)}"
    setting = wrapped(f"`{command}` on {machine()}, {now()}, load {os.getloadavg()[0]:.1f}: {commits}; {versions()}.")
    text = wrapped(
        "This checkout beside another one that take turns, one thread each, of a log in memory: CPU milliseconds a "
        "count, and the median ratio of a round. W is by model, country and hour, MC by model and country, `wide` is "
        "twelve families by twelve keys in five grouping sets. Equal means to the bit, in every turn."
    )
    section = f"## Revisions\n\n{text}\n\n{setting}\n\n{markdown(table)}"
    print(section)
    if asked.out is not None:
        put_section(section, asked.out)


if __name__ == "__main__":
    main()
