"""How fast texts are measured, beside the packages that measure the same: ``python -m benchmarks.text``.

``--only chrF`` runs the races whose name holds this text, ``--part start`` one part of all; either prints and writes
nothing. Without both, and without ``--rows``, the section "Text" of RESULTS.md is written.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence

import fastmetrics as fm
from benchmarks.measuring.page import put_section
from benchmarks.text import startup, systems
from benchmarks.text.peers import PEERS
from benchmarks.text.race import race
from benchmarks.text.report import Results, section
from benchmarks.text.rows import ALL
from benchmarks.text.works import WORKS

PARTS = ("races", "systems", "threads", "compiling", "start")


def measured(parts: Sequence[str], only: Sequence[str], rounds: int, most: int) -> Results:
    """Some of the parts, one after the other."""
    results = Results()
    if "races" in parts:
        for work in WORKS:
            if not only or any(name in work.name for name in only):
                say(f"{work.name}, {work.rows}")
                results.standings[work] = list(race(work, rounds, most))
    if "systems" in parts:
        say("all systems")
        results.passed = systems.one_pass(most)
    if "threads" in parts:
        say("threads")
        results.speedup = systems.two_threads(2 * rounds + 1, most)
    if "compiling" in parts:
        say("compiling")
        results.cold = list(startup.compiled())
    if "start" in parts:
        say("start")
        results.warm = startup.warm(rounds)
    return results


def say(part: str) -> None:
    print(part, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time measures of texts and the packages that measure the same.")
    parser.add_argument("--rounds", type=int, default=3, help="timed turns of every side (%(default)s)")
    parser.add_argument("--rows", type=int, default=ALL, help="at most so many of each system (all)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="races whose name holds this text")
    parser.add_argument("--part", action="append", choices=PARTS, help="run this part alone")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", fm.NoteWarning)  # of the few texts without a word of a-z and 0-9
    os.environ["RAYON_NUM_THREADS"] = "1"  # of the packages in Rust, read when they first run
    parts = asked.part or (["races"] if asked.only else PARTS)
    load = os.getloadavg()[0]
    results = measured(parts, asked.only, asked.rounds, asked.rows)
    command = " ".join(["python -m benchmarks.text", *sys.argv[1:]])
    text = section(results, command, load)
    print(text)
    missing = sorted({peer.package for peer in PEERS.values() if not peer.installed})
    if missing:
        say(f"not installed, and so not timed: {', '.join(missing)}")
    if not (asked.part or asked.only or asked.rows < ALL):
        put_section(text)


if __name__ == "__main__":
    main()
