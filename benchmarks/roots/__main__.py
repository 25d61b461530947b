"""How many planted root causes `explain_sum` finds: it prints a line and puts it into ROOTS.md."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import fastmetrics as fm
from benchmarks.roots.generators import SETS, Case, Root, case

TABLE = Path(__file__).parent.parent / "ROOTS.md"


@dataclass(frozen=True)
class Outcome:
    """Root causes found and missed in a case, and the CPU time it took."""

    hits: int
    false: int
    missed: int
    milliseconds: float


def outcome(drawn: Case) -> Outcome:
    start = time.process_time()
    causes = fm.explain_sum(drawn.actual, expected=drawn.expected, dims=drawn.dims)
    spent = time.process_time() - start
    found = {root(row) for row in causes["predicate"].to_list()}
    return Outcome(len(found & drawn.roots), len(found - drawn.roots), len(drawn.roots - found), 1000 * spent)


def root(predicate: list[dict[str, str]]) -> Root:
    return frozenset((part["column"], part["value"]) for part in predicate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=SETS, default="S")
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1000, help="of the first case; the next ones follow")
    parser.add_argument("--null", action="store_true", help="plant nothing")
    parser.add_argument("--show", action="store_true", help="print each case that is not exact")
    asked = parser.parse_args()
    law = SETS[asked.set]
    outcome(case(law, asked.seed))  # kernels are compiled at their first use
    outcomes = []
    for seed in range(asked.seed, asked.seed + asked.cases):
        outcomes.append(outcome(case(law, seed, null=asked.null)))
        if asked.show and (outcomes[-1].false or outcomes[-1].missed):
            print(seed, outcomes[-1])
    line = row(asked, outcomes)
    print("| set | cases | first seed | F1 | precision | recall | reported nothing | median ms | p90 ms |")
    print(line)
    store(line)


def row(asked: argparse.Namespace, outcomes: list[Outcome]) -> str:
    hits, false, missed = (sum(getattr(one, name) for one in outcomes) for name in ("hits", "false", "missed"))
    times = [one.milliseconds for one in outcomes]
    quiet = np.mean([one.hits + one.false == 0 for one in outcomes])
    parts = [
        asked.set + (", nothing planted" if asked.null else ""),
        asked.cases,
        asked.seed,
        *(
            ["", "", ""]
            if asked.null
            else [
                f"{x:.3f}"
                for x in (
                    2 * hits / max(2 * hits + false + missed, 1),
                    hits / max(hits + false, 1),
                    hits / max(hits + missed, 1),
                )
            ]
        ),
        f"{quiet:.0%}",
        f"{np.median(times):.0f}",
        f"{np.quantile(times, 0.9):.0f}",
    ]
    return "| " + " | ".join(map(str, parts)) + " |"


def store(line: str) -> None:
    """Put a row into the table in place of the one for the same cases."""
    head = (
        "# Root causes of an additive measure\n\n"
        "Planted causes found exactly by `explain_sum`, pooled over cases drawn as the public generator of RiskLoc\n"
        "describes them: S has 48,000 leaves and causes of any level, L has 36,000 and causes of one leaf.\n"
        "`python -m benchmarks.roots --set S --cases 100 --seed 1000` writes a row; times are CPU times.\n\n"
        "| set | cases | first seed | F1 | precision | recall | nothing reported | median ms | p90 ms |\n"
        "|---|---|---|---|---|---|---|---|---|\n"
    )
    kept = [one for one in TABLE.read_text().splitlines() if one.startswith("| ")][1:] if TABLE.exists() else []
    rows = {tuple(one.split(" | ")[:3]): one for one in [*kept, line]}
    TABLE.write_text(head + "\n".join(rows[key] for key in sorted(rows)) + "\n")


if __name__ == "__main__":
    main()
