"""How fast numbers and flags are counted, beside what tells the same: ``python -m benchmarks.values``.

With the rows it has by default, the section "Values" of RESULTS.md is written.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import fastmetrics as fm
from benchmarks.measuring.clock import Runs, multiple, timed
from benchmarks.measuring.machine import PACKAGES, machine, versions
from benchmarks.measuring.page import markdown, now, put_section, wrapped
from benchmarks.speed import logs
from benchmarks.speed.outcome import standings
from benchmarks.speed.peers import duckdb_connection

ROWS = 10_000_000
SMALL = 200_000
METHOD = (
    "p50, p90, p95 and p99 of {rows:,} log-normal latencies by 8 models and 60 countries, keys as Enum. Sides of "
    "buckets hold the rows of each bucket, their sum and, where not said otherwise, the least and the greatest number; "
    "of Polars this is the query that users write for it. The time to read the quantiles is in none of them. The sides "
    "took turns; on every run each quantile was compared with the exact one: the worst error of any group is shown, as "
    "a part of it. Polars and DuckDB have two threads, CPU time is that of all."
)
OURS = "fastmetrics, 1 thread"
SHARES = (0.5, 0.9, 0.95, 0.99)
KEYS = ["model", "country"]
BUCKETED = 0.0109  # the most that a quantile read from buckets may be off, as a part of itself
LATENCY = pl.col("latency")
BUCKET = (LATENCY.log(2) * 32).ceil().cast(pl.Int32).alias("bucket")
KLL_SIZE = 200
KLL = f"KLL, datasketches, k={KLL_SIZE}"
LEAN = f"{OURS}, extremes=False"
# Whose CPU time should be at most so large a part of whose.
GOALS = (
    (OURS, "Polars, buckets", 0.3),
    (LEAN, "Polars, buckets without extremes", 0.3),
    (LEAN, KLL, 0.15),
    (OURS, KLL, 0.15),
)
Quantiles = NDArray[np.float64]  # a row a group in the order of the keys, a column a share


@dataclass(frozen=True)
class Side:
    """One way to tell the quantiles: ``run`` is timed, ``read`` gives them, which may be off by so large a part."""

    name: str
    run: Callable[[], Any]
    read: Callable[[Any], Quantiles]
    most: float = np.inf


def ours(frame: pl.DataFrame, extremes: bool) -> Side:
    family = fm.values("latency", extremes=extremes)
    names = [f"p{100 * share:g}" for share in SHARES]
    return Side(
        OURS if extremes else LEAN,
        lambda: fm.count(frame, family, by=KEYS, threads=1),
        lambda counts: counts.metrics(*names).sort(KEYS).select(names).to_numpy(),
        BUCKETED,
    )


def bucketed(frame: pl.DataFrame, extremes: bool) -> Side:
    """Polars' query for what `fm.values` counts: rows and sum, and the extremes, of each bucket of a group."""
    ends = [LATENCY.min().alias("lowest"), LATENCY.max().alias("highest")] if extremes else []
    cells = [pl.len().alias("rows"), LATENCY.sum().alias("sum"), *ends]
    query = frame.lazy().group_by(*KEYS, BUCKET).agg(cells)
    return Side(
        f"Polars, buckets{'' if extremes else ' without extremes'}",
        lambda: query.collect(engine="streaming"),
        from_buckets,
        BUCKETED,
    )


def from_buckets(found: pl.DataFrame) -> Quantiles:
    """The bucket that each quantile lies in, as the number from which its ends are equally far."""
    ordered = found.sort(*KEYS, "bucket").with_columns(reached=pl.col("rows").cum_sum().over(KEYS))
    total = pl.col("rows").sum()
    places = [pl.col("bucket").filter(pl.col("reached") >= share * total).first().alias(str(share)) for share in SHARES]
    top = 2 ** (ordered.group_by(KEYS, maintain_order=True).agg(places).select(map(str, SHARES)).to_numpy() / 32)
    middle: Quantiles = 2 * top / (1 + 2 ** (1 / 32))
    return middle


def exact(frame: pl.DataFrame) -> Side:
    parts = [LATENCY.quantile(share, "equiprobable").alias(str(share)) for share in SHARES]
    query = frame.lazy().group_by(KEYS).agg(parts)
    return Side(
        "Polars exact, quantile",
        lambda: query.collect(engine="streaming"),
        lambda found: found.sort(KEYS).select(map(str, SHARES)).to_numpy(),
        1e-12,
    )


def t_digest(frame: pl.DataFrame) -> Side:
    connection = duckdb_connection()
    connection.register("given", frame.to_arrow())
    connection.execute(
        "CREATE OR REPLACE TABLE latencies AS "
        "SELECT model::model AS model, country::country AS country, latency FROM given"
    )
    wanted = ", ".join(map(str, SHARES))
    query = f"SELECT model, country, approx_quantile(latency, [{wanted}]) AS q FROM latencies GROUP BY ALL"

    def read(found: Any) -> Quantiles:
        table = pl.DataFrame(found).with_columns(pl.col(KEYS).cast(pl.String)).sort(KEYS)
        return np.array(table["q"].to_list())

    return Side("DuckDB, t-digest", lambda: connection.sql(query).to_arrow_table(), read)


def kll(log: logs.Log) -> Iterator[Side]:
    """A sketch a group: rows are sorted by group, as a sketch takes arrays; where the package is there."""
    if not find_spec("datasketches"):
        return
    import datasketches

    groups = len(logs.MODELS) * len(logs.COUNTRIES)
    latency = log["latency"]

    def run() -> list[Any]:
        code = log["model"].astype(np.uint16) * len(logs.COUNTRIES) + log["country"]
        order = np.argsort(code, kind="stable")
        parts = np.split(latency[order], np.searchsorted(code[order], np.arange(1, groups)))
        sketches = [datasketches.kll_doubles_sketch(KLL_SIZE) for _ in parts]
        for sketch, part in zip(sketches, parts, strict=True):
            sketch.update(part)
        return sketches

    yield Side(KLL, run, lambda found: np.array([one.get_quantiles(SHARES) for one in found]))


class Flagged:
    """Four flags by model and country: how often each is true."""

    names = ("refused", "truncated", "json_valid", "tool_error")

    def __init__(self, log: logs.Log) -> None:
        rng = np.random.default_rng(log.seed)
        keys = logs.frame(log, {key: key for key in KEYS})
        columns = [pl.Series(name, rng.random(log.rows) < 0.05 * (at + 1)) for at, name in enumerate(self.names)]
        self.frame = keys.with_columns(columns)

    def sides(self) -> list[Side]:
        family = fm.flags(**{name: name for name in self.names})
        rates = [f"{name}_rate" for name in self.names]
        query = (
            self.frame.lazy()
            .group_by(KEYS)
            .agg(pl.len(), pl.col(self.names).sum(), pl.col(self.names).count().name.suffix("_known"))
        )
        return [
            Side(
                "fastmetrics, 1 thread",
                lambda: fm.count(self.frame, family, by=KEYS, threads=1),
                lambda counts: counts.metrics(*rates).sort(KEYS).select(rates).to_numpy(),
                1e-12,
            ),
            Side(
                "Polars, sums",
                lambda: query.collect(engine="streaming"),
                lambda found: (
                    found.sort(KEYS).select(pl.col(name) / pl.col(f"{name}_known") for name in self.names).to_numpy()
                ),
                1e-12,
            ),
        ]


def race(sides: Sequence[Side], right: Quantiles, rounds: int) -> tuple[Runs, dict[str, float]]:
    """All sides take turns; what each gave is compared with what is right on every run, and all but the first timed."""
    runs: Runs = {side.name: [] for side in sides}
    errors: dict[str, float] = {}
    for number in range(rounds + 1):
        for side in sides:
            result, cost = timed(side.run)
            error = float(np.max(np.abs(side.read(result) / right - 1)))
            if error > side.most:
                raise SystemExit(f"{side.name} is off by {error:.2%}, more than {side.most:.2%}")
            errors[side.name] = max(errors.get(side.name, 0.0), error)
            if number:
                runs[side.name].append(cost)
    return runs, errors


def quantile_sides(log: logs.Log, frame: pl.DataFrame) -> list[Side]:
    buckets = [ours(frame, extremes=True), bucketed(frame, extremes=True)]
    lean = [ours(frame, extremes=False), bucketed(frame, extremes=False)]
    return [*buckets, *lean, exact(frame), t_digest(frame), *kll(log)]


def told(runs: Runs, errors: dict[str, float], rows: int) -> str:
    """The standings as a table."""
    table = standings(runs, rows)
    worst = [round(100 * errors[name], 2) for name in table["side"]]
    return markdown(table.with_columns(pl.Series("worst error, %", worst)))


def ratios(runs: Runs, wanted: Sequence[tuple[str, str, float]]) -> str:
    """CPU time of one side as a part of that of another, and the most it should be."""
    rows = []
    for mine, theirs, most in wanted:
        if theirs in runs:
            part = 1 / multiple(runs[theirs], runs[mine])
            rows.append(
                {"side": mine, "beside": theirs, "part of its CPU time": round(part, 3), "goal": f"at most {most:g}"}
            )
    return markdown(pl.DataFrame(rows))


def raced(log: logs.Log, rounds: int) -> tuple[Runs, dict[str, float]]:
    """The race for quantiles."""
    frame = logs.frame(log, {name: name for name in (*KEYS, "latency")})
    sides = quantile_sides(log, frame)
    reference = next(side for side in sides if side.name.startswith("Polars exact"))
    return race(sides, reference.read(reference.run()), rounds)


def section(rows: int, rounds: int, command: str) -> str:
    """The section "Values" of RESULTS.md."""
    load = os.getloadavg()[0]
    log = logs.Log(rows)
    runs, errors = raced(log, rounds)
    small, small_errors = raced(logs.Log(SMALL), rounds)
    flagged = Flagged(log).sides()
    flag_runs, flag_errors = race(flagged, flagged[1].read(flagged[1].run()), rounds)
    where = (
        f"`{command}` on {now()}: fastmetrics {fm.__version__}, {versions((*PACKAGES, 'datasketches'))}; {machine()}, "
        f"load {load:.1f} at the start."
    )
    parts = {
        "# Values": f"{wrapped(where)}\n\n{wrapped(METHOD.format(rows=rows))}\n\n{ratios(runs, GOALS)}",
        "## Quantiles": told(runs, errors, rows),
        f"## Quantiles of {SMALL:,} rows": told(small, small_errors, SMALL),
        "## Flags": told(flag_runs, flag_errors, rows),
    }
    return "\n".join(f"{heading}\n\n{text}\n" for heading, text in parts.items())


def main() -> None:
    parser = argparse.ArgumentParser(description="Time quantiles and flags, and what tells the same.")
    parser.add_argument("--rows", type=int, default=ROWS, help="of the log (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="timed turns of every side (%(default)s)")
    asked = parser.parse_args()
    text = section(asked.rows, asked.rounds, " ".join(["python -m benchmarks.values", *sys.argv[1:]]))
    print(text)
    if asked.rows == ROWS:
        put_section(text)


if __name__ == "__main__":
    main()
