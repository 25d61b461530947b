"""What logs are grouped by, as each engine says it, and one number for the keys of a group.

Every side's result becomes a table of that number, ``code``, and cells, so that whole tables compare at little cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.speed.logs import COUNTRIES, HOUR, MODELS, NULL, SIZES, START, Log

__all__ = ["KEYS", "Key", "codes", "dense", "encoded", "packed_polars", "packed_sql", "space"]

Array = NDArray[Any]
EPOCH = START // HOUR


@dataclass(frozen=True)
class Key:
    """A key: the column it is made of, and itself as a value and as a code from 0, in each dialect.

    ``encode`` makes codes of the column and of the value alike. ``duckdb`` holds the value in several forms.
    """

    name: str
    size: int
    column: str
    value: pl.Expr
    encode: Callable[[pl.Expr], pl.Expr]
    duckdb: tuple[str, ...]
    duckdb_code: str
    clickhouse: str
    numpy: Callable[[Array], Array] = lambda array: array


def hour(expression: pl.Expr) -> pl.Expr:
    return expression.cast(pl.Datetime("us")).to_physical() // HOUR - EPOCH


def hours(ts: Array) -> Array:
    code = ts // HOUR
    code -= EPOCH
    return code


def text(name: str, values: Sequence[str]) -> Key:
    """A key that is text: an Enum, or plain."""
    return Key(
        name,
        len(values),
        name,
        pl.col(name),
        lambda expression: expression.cast(pl.Enum(values)).to_physical(),
        (name,),
        f"enum_code({name})::INT",
        f"toUInt32({name})",
    )


def number(name: str) -> Key:
    """A key that is a small number."""
    cast = f"toUInt32({name})"
    return Key(name, SIZES[name], name, pl.col(name), lambda expression: expression, (name,), f"{name}::INT", cast)


def side(name: str, size: int) -> Key:
    """A label or prediction as a key of its own."""

    def encode(expression: pl.Expr) -> pl.Expr:
        return expression.cast(pl.Int32).fill_null(NULL)

    sql = f"coalesce({name}::INT, {NULL})" if size > NULL else f"{name}::INT"
    return Key(name, size, name, pl.col(name), encode, (name,), sql, name, lambda array: array.view(np.uint8))


def score_bin(column: str, factor: int, first: float, size: int) -> Key:
    """The bin of a score among edges in even steps: 1 from the first edge on."""
    shift = int(1 - first * factor)
    sql = f"floor({column} * {factor})"
    return Key(
        "bin",
        size,
        column,
        ((pl.col(column) * factor).floor() + shift).cast(pl.Int32).alias("bin"),
        lambda expression: expression if expression.meta.output_name() == "bin" else shifted(expression, factor, shift),
        (f"({sql} + {shift})::INT AS bin",),
        f"({sql} + {shift})::INT",
        f"toUInt32({sql} + {shift})",
        lambda array: np.floor(array * array.dtype.type(factor)).astype(np.int64) + shift,
    )


def shifted(expression: pl.Expr, factor: int, shift: int) -> pl.Expr:
    return (expression * factor).floor().cast(pl.Int32) + shift


KEYS = {
    "hour": Key(
        "hour",
        SIZES["hour"],
        "ts",
        pl.col("ts").dt.truncate("1h").alias("hour"),
        hour,
        ("date_trunc('hour', ts) AS hour", "time_bucket(INTERVAL 1 HOUR, ts) AS hour"),
        f"(epoch_us(ts) // {HOUR} - {EPOCH})::INT",
        f"toUInt32(intDiv(toUnixTimestamp64Micro(ts), {HOUR}) - {EPOCH})",
        hours,
    ),
    "model": text("model", MODELS),
    "country": text("country", COUNTRIES),
    **{name: number(name) for name in SIZES if name not in ("hour", "model", "country")},
    "label": side("label", 2),
    "pred": side("pred", 2),
    "label_or_null": side("label", 3),
    "pred_or_null": side("pred", 3),
    "probability_bin": score_bin("score", 255, 0, 258),
    "margin_bin": score_bin("score", 32, 1 / 32 - 4, 258),
}


def space(keys: Sequence[Key]) -> int:
    """How many codes there could be."""
    return math.prod(key.size for key in keys)


def dense(keys: Sequence[Key]) -> list[Key]:
    """The keys with the hour first, so that rows near in time fall on cells near in memory."""
    return sorted(keys, key=lambda key: key.name != "hour")


def encoded(frame: pl.DataFrame, keys: Sequence[Key]) -> pl.DataFrame:
    """A frame with its keys as one ``code``, which is there already if the query made it."""
    if "code" in frame.columns:
        return frame.with_columns(pl.col("code").cast(pl.Int64))
    code = combined([key.encode(pl.col(key.name)) for key in dense(keys)], keys, pl.Int64)
    return frame.select(code, pl.exclude([key.name for key in keys]))


def combined(codes: Sequence[pl.Expr], keys: Sequence[Key], dtype: type[pl.DataType]) -> pl.Expr:
    """One number of a code a key."""
    whole = pl.lit(0, dtype)
    for code, key in zip(codes, dense(keys), strict=True):
        whole = whole * key.size + code.cast(dtype)
    return whole.alias("code")


def packed_polars(keys: Sequence[Key]) -> pl.Expr:
    """One Int32 a row for all keys."""
    return combined([key.encode(pl.col(key.column)) for key in dense(keys)], keys, pl.Int32)


def packed_sql(keys: Sequence[Key], dialect: str) -> str:
    """One number a row for all keys, not yet of any type."""
    whole = ""
    for key in dense(keys):
        code = getattr(key, dialect)
        whole = f"({whole}) * {key.size} + {code}" if whole else code
    return whole or "0"


def codes(log: Log, roles: dict[str, str], keys: Sequence[Key]) -> Array:
    """One number a row for all keys, in the narrowest dtype that holds it, computed in place."""
    largest = space(keys) - 1
    dtype = next(dtype for dtype in (np.uint8, np.uint16, np.int64) if largest <= np.iinfo(dtype).max)
    whole: Array | None = None
    for key in dense(keys):
        code = key.numpy(log[roles[key.column]])
        if whole is None:
            whole = code if key.name == "hour" else code.astype(dtype)
        else:
            whole *= key.size
            whole += code
    return np.zeros(log.rows, np.uint8) if whole is None else whole
