"""Quantiles of latencies by model and country: buckets, sketches and exact answers, each with its worst error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import fastmetrics as fm
from benchmarks.measuring.clock import Runs, timed
from benchmarks.speed import logs
from benchmarks.speed.outcome import Outcome, multiples, standings
from benchmarks.speed.peers import duckdb_connection
from benchmarks.speed.setting import Setting

__all__ = ["measured"]

SHARES = (0.5, 0.9, 0.95, 0.99)
KEYS = ["model", "country"]
BUCKETED = 0.0109  # the most that a quantile read from buckets may be off, as a part of itself
LATENCY = pl.col("latency")
BUCKET = (LATENCY.log(2) * 32).ceil().cast(pl.Int32).alias("bucket")
KLL_SIZE = 200
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
        f"fastmetrics, 1 thread{'' if extremes else ', extremes=False'}",
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

    yield Side(
        f"KLL, datasketches, k={KLL_SIZE}", run, lambda found: np.array([one.get_quantiles(SHARES) for one in found])
    )


def measured(setting: Setting) -> Outcome:
    """The race: all sides take turns, and the error of each is checked on every timed run."""
    setting.keep(["model", "country", "latency"])
    frame = logs.frame(setting.log, {name: name for name in (*KEYS, "latency")})
    reference = exact(frame)
    sides = [
        ours(frame, extremes=True),
        ours(frame, extremes=False),
        bucketed(frame, extremes=False),
        bucketed(frame, extremes=True),
        reference,
        t_digest(frame),
        *kll(setting.log),
    ]
    right = reference.read(reference.run())
    runs: Runs = {side.name: [] for side in sides}
    errors: dict[str, float] = {}
    for number in range(setting.rounds + 1):
        for side in sides:
            result, cost = timed(side.run)
            error = float(np.max(np.abs(side.read(result) / right - 1)))
            if error > side.most:
                raise SystemExit(f"{side.name} is off by {error:.2%}, more than {side.most:.2%}")
            errors[side.name] = max(errors.get(side.name, 0.0), error)
            if number:
                runs[side.name].append(cost)
    table = standings(runs, setting.log.rows)
    table = table.with_columns(pl.Series("worst error, %", [round(100 * errors[name], 2) for name in table["side"]]))
    lean = multiples({side.name: runs[side.name] for side in (sides[1], sides[2], *sides[6:])})
    measures = {**multiples(runs), **{f"{name} without extremes": value for name, value in lean.items()}}
    return Outcome(table, measures, runs=runs)
