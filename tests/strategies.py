"""Logs for hypothesis: frames with every kind of label, prediction, key, time and weight that can be counted."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

NAN = math.nan
LAWS = settings(max_examples=25, deadline=None)
ROWS = 25

TEXTS = (
    "",
    " ",
    "a",
    "null",
    "\x00",
    "a\x00",
    "é",
    "twelve bytes",
    "thirteen byte",
    "a shared prefix, then 1",
    "a shared prefix, then 2",
    "日本語のとても長い名前",
    "🙂" * 70,
)
CATEGORIES = ("b", "a", "null", "a shared prefix, then 1")
DAYS = (dt.date(1, 1, 1), dt.date(1969, 12, 31), dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(9999, 12, 31))
MOMENTS = (
    dt.datetime(1700, 1, 1),
    dt.datetime(1969, 12, 31, 23, 59, 59, 999_000),
    dt.datetime(1970, 1, 1),
    dt.datetime(2024, 3, 10, 6, 59, 59),
    dt.datetime(2024, 11, 3, 5, 30),
    dt.datetime(2024, 11, 3, 6, 30),
    dt.datetime(2200, 1, 1),
)
FAR = (dt.datetime(1, 1, 2), dt.datetime(1, 1, 3, 12), dt.datetime(9999, 12, 31, 23, 59, 59, 999_000))


def ends(dtype: pl.DataType) -> list[int]:
    """Integers at both ends of a type, and around 0."""
    low, high = pl.select(pl.lit(0, dtype).lower_bound(), high=pl.lit(0, dtype).upper_bound()).row(0)
    return sorted({low, high, *(number for number in (-1, 0, 1) if low <= number)})


INTEGERS = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
FLOATS = (NAN, -0.0, 0.0, 1.5, -math.inf, math.inf, 1e-45)

# Every type of key: its dtype, and values that a column of it may hold beside null.
KEYS: dict[str, tuple[Any, SearchStrategy[Any]]] = {
    "String": (pl.String, st.sampled_from(TEXTS) | st.text(max_size=20)),
    "Categorical": (pl.Categorical, st.sampled_from(TEXTS)),
    "named Categorical": (pl.Categorical(pl.Categories("tests", physical=pl.UInt8)), st.sampled_from(CATEGORIES)),
    "Enum": (pl.Enum(CATEGORIES), st.sampled_from(CATEGORIES)),
    "Boolean": (pl.Boolean, st.booleans()),
    **{str(dtype): (dtype, st.sampled_from(ends(dtype()))) for dtype in INTEGERS},
    "Int128": (pl.Int128, st.sampled_from([-(2**127), 0, 2**64, 2**127 - 1])),
    "Float64": (pl.Float64, st.sampled_from(FLOATS) | st.floats()),
    "Float32": (pl.Float32, st.sampled_from(FLOATS)),
    "Date": (pl.Date, st.sampled_from(DAYS)),
    "Datetime ms": (pl.Datetime("ms"), st.sampled_from([*MOMENTS, *FAR])),
    "Datetime us": (pl.Datetime("us", "America/New_York"), st.sampled_from([*MOMENTS, *FAR[1:]])),
    "Datetime ns": (pl.Datetime("ns", "Asia/Kolkata"), st.sampled_from(MOMENTS)),
    "Duration": (pl.Duration("ms"), st.sampled_from([dt.timedelta(-1), dt.timedelta(0), dt.timedelta(days=10**6)])),
    "Time": (pl.Time, st.sampled_from([dt.time(0), dt.time(23, 59, 59, 999_999)])),
    "Binary": (pl.Binary, st.sampled_from([b"", b"\x00", b"\xff" * 12, b"\xff" * 13])),
    "Decimal": (pl.Decimal(38, 2), st.sampled_from([Decimal("-1.50"), Decimal("0.00"), Decimal(10) ** 35])),
    "Null": (pl.Null, st.none()),
}

# Every type that a binary label or prediction may have, and values of the two classes, null and NaN among them.
STATES: dict[str, tuple[Any, list[Any]]] = {
    "Boolean": (pl.Boolean, [True, False, None]),
    "Int8": (pl.Int8, [1, -1, None]),
    "UInt8": (pl.UInt8, [1, 0, None]),
    "Int64": (pl.Int64, [1, 0, None]),
    "Float32": (pl.Float32, [1.0, 0.0, -0.0, NAN, None]),
    "Float64": (pl.Float64, [1.0, 0.0, NAN, None]),
    "Null": (pl.Null, [None]),
}


def series(values: list[Any], dtype: Any) -> pl.Series:
    """A column of plain Python values; times are UTC."""
    if isinstance(dtype, pl.Datetime):
        times = pl.Series(values, dtype=pl.Datetime(dtype.time_unit))
        return times if dtype.time_zone is None else times.dt.replace_time_zone("UTC").cast(dtype)
    return pl.Series(values, dtype=dtype)


def picked(rows: int, pool: list[Any]) -> SearchStrategy[list[Any]]:
    """So many values of a pool; bytes are drawn much faster than a list of values."""
    return st.binary(min_size=rows, max_size=rows).map(lambda drawn: [pool[byte % len(pool)] for byte in drawn])


@st.composite
def columns(draw: DrawFn, rows: int, dtype: Any, values: SearchStrategy[Any], distinct: int = 4) -> pl.Series:
    """A column of a few distinct values and nulls."""
    pool = [None, *draw(st.lists(values, min_size=1, max_size=distinct))]
    return series(draw(picked(rows, pool)), dtype)


@st.composite
def keys(draw: DrawFn, rows: int, kinds: tuple[str, ...] = tuple(KEYS)) -> pl.Series:
    """A key column of any kind."""
    return draw(columns(rows, *KEYS[draw(st.sampled_from(kinds))]))


@st.composite
def states(draw: DrawFn, rows: int) -> pl.Series:
    """A column of binary labels of any kind."""
    dtype, values = STATES[draw(st.sampled_from(list(STATES)))]
    return pl.Series(draw(picked(rows, values)), dtype=dtype)


@st.composite
def times(draw: DrawFn, rows: int) -> pl.Series:
    """A time column of any unit and zone, its instants mostly close together and sometimes centuries apart."""
    unit = draw(st.sampled_from(["us", "ms", "ns"]))
    zone = draw(st.sampled_from([None, "UTC", "America/New_York", "Asia/Kolkata"]))
    near = st.datetimes(dt.datetime(2024, 3, 9), dt.datetime(2024, 3, 12)).map(lambda at: at.replace(microsecond=0))
    far = [*MOMENTS, *(FAR if unit != "ns" and zone in (None, "UTC") else ())]
    instant = near | st.sampled_from(far) if draw(st.integers(0, 3)) == 3 else near
    return draw(columns(rows, pl.Datetime(unit, zone), instant, distinct=8))


NUMBERS = [None, NAN, 0.0, 0.1, 0.25, 0.5, 1 / 3, 0.999, 1.0, -0.5, 7.25, 1e6]


@st.composite
def logs(draw: DrawFn, keys_at_most: int = 2, kinds: tuple[str, ...] = tuple(KEYS)) -> pl.DataFrame:
    """A log with columns label, pred, cause, answer, score, truth, guess, ts, weight and the keys k0, k1, ..."""
    rows = draw(st.integers(0, ROWS))

    def some(values: list[Any], dtype: Any) -> pl.Series:
        return pl.Series(draw(picked(rows, values)), dtype=dtype)

    frame = {
        "label": draw(states(rows)),
        "pred": draw(states(rows)),
        "cause": some(["cat", "dog", None], pl.String),
        "answer": some(["cat", "dog", "a much longer answer", None], pl.String),
        "score": some([0.3, *NUMBERS], pl.Float64),
        "truth": some(NUMBERS, pl.Float64),
        "guess": some(NUMBERS, pl.Float64),
        "ts": draw(times(rows)),
        "weight": some([0, 1, 2, 3], pl.Int64),
    }
    count = draw(st.integers(0, keys_at_most))
    return pl.DataFrame(frame | {f"k{number}": draw(keys(rows, kinds)) for number in range(count)})


def key_names(log: pl.DataFrame) -> list[str]:
    """The key columns of a log."""
    return [name for name in log.columns if name.startswith("k")]


@st.composite
def cuts(draw: DrawFn, frame: pl.DataFrame, parts: int = 3) -> list[pl.DataFrame]:
    """A frame cut into pieces, some of them perhaps empty."""
    at = sorted(draw(st.lists(st.integers(0, len(frame)), min_size=parts - 1, max_size=parts - 1)))
    return [frame[low:high] for low, high in zip([0, *at], [*at, len(frame)], strict=True)]
