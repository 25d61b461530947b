"""One checkout: counts what it is asked for, a line a work, and answers with what that cost and the cells it found.

Only public names are used, so that older checkouts can take part; `benchmarks.revisions.__main__` starts it.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import polars as pl

import fastmetrics as fm

DAY = 86_400
KEYS = [f"key_{place}" for place in range(12)]


class Work(NamedTuple):
    """What is counted, of how many rows of the log at most, and how often in a turn."""

    families: tuple[Any, ...]
    arguments: Mapping[str, Any]
    most: int | None = None
    times: int = 1


BINARY = (fm.binary("label", "pred"),)
TWELVE = (
    *(fm.binary("label", "pred", name=f"binary_{place}") for place in range(6)),
    *(fm.scores("label", "score", losses=False, name=f"scores_{place}") for place in range(6)),
)
BY: Mapping[str, Any] = {"by": ["model", "country"]}
HOURLY: Mapping[str, Any] = {**BY, "time": "ts", "every": "1h"}
SETS = [[], KEYS[:3], KEYS[3:6], KEYS[6:9], KEYS[9:]]

WORKS: Mapping[str, Work] = {
    "no groups": Work(BINARY, {}),
    "MC": Work(BINARY, BY),
    "W": Work(BINARY, HOURLY),
    "weights": Work(BINARY, {**HOURLY, "weight": "weight"}),
    "scores": Work((fm.scores("label", "score"),), BY),
    "classes": Work((fm.classes("kind", "said"),), BY),
    "regression": Work((fm.regression("truth", "guess"),), BY),
    "wide": Work(TWELVE, {"by": KEYS, "grouping_sets": SETS}, most=1_000_000),
    "1,000 rows": Work(BINARY, BY, most=1_000, times=50),
}


def log(rows: int) -> pl.DataFrame:
    """A month of predictions of six models in 40 countries, with twelve keys more."""
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "label": rng.random(rows) < 0.3,
            "pred": rng.random(rows) < 0.4,
            "score": rng.random(rows),
            "weight": rng.random(rows),
            "truth": rng.normal(size=rows),
            "guess": rng.normal(size=rows),
            "kind": rng.integers(0, 10, rows),
            "said": rng.integers(0, 10, rows),
            "ts": pl.Series(np.sort(rng.integers(0, 30 * DAY, rows)) * 1_000_000).cast(pl.Datetime("us")),
            "model": pl.Series(rng.integers(0, 6, rows)).cast(pl.String),
            "country": pl.Series(rng.integers(0, 40, rows)).cast(pl.String),
            **{key: rng.integers(0, 3, rows) for key in KEYS},
        }
    )


def digest(counts: fm.Counts) -> str:
    """All cells of Counts as one text, equal where every bit is."""
    tables = [counts.tables[family.name].write_csv() for family in counts.layout.families]
    return sha256("\n".join(tables).encode()).hexdigest()


def main() -> None:
    whole = log(int(sys.argv[1]))
    print("ready", flush=True)
    for line in sys.stdin:
        work = WORKS[line.strip()]
        rows = whole if work.most is None else whole.head(work.most)
        gc.collect()
        begun = time.process_time()
        for _ in range(work.times):
            counts = fm.count(rows, *work.families, **work.arguments, threads=1)
        cost = (time.process_time() - begun) / work.times
        print(json.dumps([cost, digest(counts)]), flush=True)


if __name__ == "__main__":
    main()
