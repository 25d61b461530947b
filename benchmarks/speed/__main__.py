"""How fast logs are counted, beside the peers on the same work: ``python -m benchmarks.speed``.

``--only W`` runs one row of the table (a part of its name is enough) and prints it. Without it every row is run, the
sections "Speed" and "Growth" of RESULTS.md are written and the pictures of growth drawn; ``--growth`` does only the
latter.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchmarks.measuring.page import RESULTS, markdown, put_section
from benchmarks.speed import growth
from benchmarks.speed.outcome import Outcome
from benchmarks.speed.report import goal_rows, report, section
from benchmarks.speed.setting import Setting
from benchmarks.speed.works import WORKS, Work


def chosen(only: Sequence[str], full: bool) -> list[Work]:
    """The works with these names, or names that hold these texts; all of them without any."""
    if not only:
        return [work for work in WORKS if full or not work.full]
    named = {work.name for work in WORKS}
    found = [
        work for work in WORKS if any(text == work.name or (text not in named and text in work.name) for text in only)
    ]
    if not found:
        raise SystemExit(f"no work is called {' or '.join(only)}; there are: {', '.join(sorted(named))}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Time fastmetrics and its peers.")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the log (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="timed turns of every side (%(default)s)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="run the row of this name")
    parser.add_argument("--full", action="store_true", help="also the billion rows: 20 files of --rows each")
    parser.add_argument("--folder", type=Path, help="where Parquet files are written (a temporary folder)")
    parser.add_argument("--out", type=Path, help="write the report here (RESULTS.md, if every row is run)")
    parser.add_argument("--list", action="store_true", help="show the rows")
    parser.add_argument("--growth", action="store_true", help="only measure how costs grow, and draw it")
    asked = parser.parse_args()
    works = [] if asked.growth else chosen(asked.only, asked.full)
    if asked.list:
        print("\n".join(f"{work.name:15} {work.text}" for work in WORKS))
        return
    load = os.getloadavg()[0]
    outcomes: dict[Work, Outcome] = {}
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        setting = Setting(asked.rows, asked.rounds, Path(folder))
        for work in works:
            outcomes[work] = work.run(setting)
            print(section(work, outcomes[work]), flush=True)
        command = " ".join(["python -m benchmarks.speed", *sys.argv[1:]])
        if outcomes:
            print(markdown(pl.DataFrame(list(goal_rows(outcomes)))))
            out = asked.out or (None if asked.only else RESULTS)
            if out is not None:
                put_section(report(outcomes, setting, command, load), out)
        if not asked.only:
            growth.write(setting, asked.full, command)


if __name__ == "__main__":
    main()
