"""The logs that are timed: columns of a month of predictions, nearly in the order of time, and frames of them."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["COUNTRIES", "DAYS", "HOUR", "MODELS", "NULL", "SIZES", "SPREADS", "START", "Log", "frame"]

Array = NDArray[Any]

HOUR = 3_600_000_000  # microseconds
DAYS = 30
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
JITTER = 5_000_000
MODELS = ("churn-gbm", "ctr-dlrm", "fraud-mlp", "fraud-xgb", "nsfw-vit", "ranker-large", "ranker-small", "spam-bert")
COUNTRIES = tuple("".join(pair) for pair in itertools.product("ABCDEFGH", repeat=2))[:60]
NULL = 2  # of a label or prediction, beside 0 and 1
NULLS = 0.125
USERS, ITEMS, PAIRS = 10_000, 1_000, 1_000_000

SPREADS = tuple(10**power for power in range(8))  # keys of so many values, all alike

# How many values each key has, as codes from 0.
SIZES = {
    "hour": DAYS * 24,
    "model": len(MODELS),
    "country": len(COUNTRIES),
    "slice": 1_000,
    "user": USERS,
    "item": ITEMS,
    "kind": 10,
    "guess": 10,
    **{f"of_{size}": size for size in SPREADS},
}


class Log:
    """A log of so many rows, whose columns are made when they are first asked for.

    ``days`` are the first and the last day of its time, of DAYS. A column depends on the seed and its name alone.
    """

    def __init__(self, rows: int, seed: int = 7, days: tuple[float, float] = (0, DAYS)) -> None:
        self.rows = rows
        self.seed = seed
        self.span = int(days[0] * 24 * HOUR), int(days[1] * 24 * HOUR)
        self.made: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        if name not in self.made:
            rng = np.random.default_rng((self.seed, zlib.crc32(name.encode())))
            self.made[name] = COLUMNS[name](self, rng)
        return self.made[name]


def skewed(rng: np.random.Generator, values: int, exponent: float, rows: int) -> NDArray[np.uint8]:
    """Codes below ``values`` whose frequencies fall as a power of their rank."""
    weights = 1 / np.arange(1, values + 1) ** exponent
    edges = np.cumsum(weights / weights.sum())[:-1]
    return np.searchsorted(edges, rng.random(rows, dtype=np.float32)).astype(np.uint8)


def near_sorted(log: Log, rng: np.random.Generator) -> Array:
    """Microseconds since 1970 that rise but for a jitter of 5 seconds."""
    first, last = log.span
    ts = (np.arange(log.rows) * ((last - first) / log.rows)).astype(np.int64)
    ts += first
    ts += rng.integers(-JITTER, JITTER, log.rows)
    np.clip(ts, first, last - 1, out=ts)
    ts += START
    return ts


def scores(log: Log, rng: np.random.Generator) -> Array:
    """Float32 in the middle of 1/1024, so that none lies on an edge of a bin."""
    raw = 0.4 + 0.2 * rng.standard_normal(log.rows, dtype=np.float32) + np.float32(0.25) * log["label"]
    return ((np.clip(np.floor(raw * 1024), 0, 1023) + np.float32(0.5)) / 1024).astype(np.float32)


def holed(column: str) -> Callable[[Log, np.random.Generator], Array]:
    """A column of bool as 0 and 1, an eighth of it NULL."""

    def made(log: Log, rng: np.random.Generator) -> Array:
        return np.where(rng.random(log.rows, dtype=np.float32) < NULLS, np.uint8(NULL), log[column].view(np.uint8))

    return made


def guesses(log: Log, rng: np.random.Generator) -> Array:
    right = rng.random(log.rows, dtype=np.float32) < 0.8
    return np.where(right, log["kind"], skewed(rng, SIZES["guess"], 0.5, log.rows))


def pairs(log: Log, rng: np.random.Generator) -> Array:
    """Codes of user x item: PAIRS of the USERS x ITEMS there could be."""
    chosen = rng.choice(USERS * ITEMS, PAIRS, replace=False).astype(np.int32)
    return chosen[rng.integers(0, PAIRS, log.rows, dtype=np.int32)]


def spread(size: int) -> Callable[[Log, np.random.Generator], Array]:
    return lambda log, rng: rng.integers(0, size, log.rows, dtype=np.int32)


COLUMNS: Mapping[str, Callable[[Log, np.random.Generator], Array]] = {
    "ts": near_sorted,
    "shuffled": lambda log, rng: rng.permutation(log["ts"]),
    "model": lambda log, rng: skewed(rng, len(MODELS), 0.5, log.rows),
    "country": lambda log, rng: skewed(rng, len(COUNTRIES), 0.8, log.rows),
    "slice": lambda log, rng: rng.integers(0, SIZES["slice"], log.rows, dtype=np.uint16),
    "pair": pairs,
    "user": lambda log, _: log["pair"] // ITEMS,
    "item": lambda log, _: log["pair"] % ITEMS,
    **{f"of_{size}": spread(size) for size in SPREADS},
    "label": lambda log, rng: rng.random(log.rows, dtype=np.float32) < 0.3,
    "pred": lambda log, _: log["score"] > 0.5,
    "label_or_null": holed("label"),
    "pred_or_null": holed("pred"),
    "weight": lambda log, rng: rng.random(log.rows) + 0.5,
    "times": lambda log, rng: rng.integers(1, 50, log.rows),
    "score": scores,
    "margin": lambda log, _: log["score"] * 8 - 4,
    "kind": lambda log, rng: skewed(rng, SIZES["kind"], 0.5, log.rows),
    "guess": guesses,
    "value": lambda log, rng: rng.standard_normal(log.rows) * 10 + 50,
    "latency": lambda log, rng: rng.lognormal(6, 1, log.rows),  # in ms
    "estimate": lambda log, rng: log["value"] + rng.standard_normal(log.rows),
}


def series(column: str, array: Array) -> pl.Series:
    """A column as a frame has it: keys as Enum, times as Datetime, NULL as null."""
    found = pl.Series(array)
    if column in ("ts", "shuffled"):
        return found.cast(pl.Datetime("us"))
    if column in ("model", "country"):
        return found.cat.to(pl.Enum(MODELS if column == "model" else COUNTRIES))
    return pl.select(pl.when(found != NULL).then(found == 1)).to_series() if column.endswith("_or_null") else found


def frame(log: Log, columns: Mapping[str, str]) -> pl.DataFrame:
    """Columns of the log, each under the name of what it is used as."""
    return pl.DataFrame({name: series(column, log[column]) for name, column in columns.items()})
