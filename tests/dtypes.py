"""One vector as an array of every dtype of Polars, numpy, pyarrow and pandas, and as lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

__all__ = ["ARRAYS", "Made", "PLAIN"]

DAY = dt.date(2024, 1, 1)
Values = Sequence[int]  # each 0 or 1


class Made(NamedTuple):
    """How an array is made of zeros and ones, and as what they are meant: a row of `PLAIN`; None for nothing known."""

    make: Callable[[Values], Any]
    meant: str | None


def texts(values: Values) -> list[str]:
    return ["ab"[value] for value in values]


def days(values: Values) -> list[dt.date]:
    return [DAY + dt.timedelta(days=value) for value in values]


def spans(values: Values) -> list[dt.timedelta]:
    return [dt.timedelta(days=value) for value in values]


def decimals(values: Values) -> list[Decimal]:
    return [Decimal(value) for value in values]


# What scikit-learn is given in its place.
PLAIN: Mapping[str, Callable[[Values], np.ndarray[Any, Any]]] = {
    "integers": lambda values: np.array(values, np.int64),
    "floats": lambda values: np.array(values, np.float64),
    "singles": lambda values: np.array(values, np.float32),
    "halves": lambda values: np.array(values, np.float16),
    "truths": lambda values: np.array(values, bool),
    "texts": lambda values: np.array(texts(values)),
    "days": lambda values: np.array(days(values), "datetime64[D]"),
    "spans": lambda values: np.array(spans(values), "timedelta64[D]"),
}


def of_polars() -> dict[str, Made]:
    integers = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.UInt128]
    made = {f"polars {dtype}": Made(lambda v, d=dtype: pl.Series(v).cast(d), "integers") for dtype in integers}
    for dtype, meant in ((pl.Float16, "halves"), (pl.Float32, "singles"), (pl.Float64, "floats")):
        made[f"polars {dtype}"] = Made(lambda v, d=dtype: pl.Series(v).cast(d), meant)
    for kind in (pl.String(), pl.Categorical(), pl.Enum(["a", "b"])):
        made[f"polars {type(kind).__name__}"] = Made(lambda v, d=kind: pl.Series(texts(v), dtype=d), "texts")
    return made | {
        "polars Boolean": Made(lambda v: pl.Series(v).cast(pl.Boolean), "truths"),
        "polars Decimal": Made(lambda v: pl.Series(decimals(v), dtype=pl.Decimal(10, 2)), "integers"),
        "polars Date": Made(lambda v: pl.Series(days(v)), "days"),
        "polars Datetime": Made(lambda v: pl.Series(days(v)).cast(pl.Datetime("us")), "days"),
        "polars Datetime of a zone": Made(lambda v: pl.Series(days(v)).cast(pl.Datetime("ns", "Asia/Tokyo")), "days"),
        "polars Duration": Made(lambda v: pl.Series(spans(v)), "spans"),
        "polars Time": Made(lambda v: pl.Series([dt.time(value) for value in v]), None),
        "polars Null": Made(lambda v: pl.Series([None] * len(v)), None),
        "polars Binary": Made(lambda v: pl.Series([text.encode() for text in texts(v)]), None),
        "polars List": Made(lambda v: pl.Series([[value] for value in v]), None),
        "polars Array": Made(lambda v: pl.Series([[value] for value in v], dtype=pl.Array(pl.Int64, 1)), None),
        "polars Struct": Made(lambda v: pl.Series([{"a": value} for value in v]), None),
        "polars Object": Made(lambda v: pl.Series([object() for _ in v], dtype=pl.Object), None),
        "polars Int64 with null": Made(lambda v: pl.Series([None, *v[1:]], dtype=pl.Int64), None),
        "polars Int128 with null": Made(lambda v: pl.Series([None, *v[1:]], dtype=pl.Int128), None),
        "polars String with null": Made(lambda v: pl.Series([*texts(v)[:-1], None]), None),
        "polars UInt64 beyond Int64": Made(lambda v: pl.Series([2**64 - 1, *v[1:]], dtype=pl.UInt64), None),
        "polars Int128 beyond UInt64": Made(lambda v: pl.Series([2**65, *v[1:]], dtype=pl.Int128), None),
    }


def of_numpy() -> dict[str, Made]:
    integers = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", ">i4", "<u2")
    made = {f"numpy {name}": Made(lambda v, d=name: np.array(v).astype(d), "integers") for name in integers}
    for name, meant in (("float16", "halves"), ("float32", "singles"), ("float64", "floats"), ("longdouble", "floats")):
        made[f"numpy {name}"] = Made(lambda v, d=name: np.array(v).astype(d), meant)
    return made | {
        "numpy bool": Made(lambda v: np.array(v, bool), "truths"),
        "numpy U": Made(lambda v: np.array(texts(v)), "texts"),
        "numpy StringDType": Made(lambda v: np.array(texts(v), dtype=np.dtypes.StringDType()), "texts"),
        "numpy object of text": Made(lambda v: np.array(texts(v), object), "texts"),
        "numpy S": Made(lambda v: np.array(texts(v), "S1"), None),
        "numpy object": Made(lambda v: np.array(v, object), None),
        "numpy datetime64": Made(lambda v: np.array(days(v), "datetime64[s]"), "days"),
        "numpy NaT": Made(lambda v: np.array(["NaT", *days(v)[1:]], "datetime64[s]"), None),
        "numpy timedelta64": Made(lambda v: np.array(spans(v), "timedelta64[s]"), "spans"),
        "numpy complex128": Made(lambda v: np.array(v, complex), None),
        "numpy void": Made(lambda v: np.array([(value,) for value in v], [("a", "i8")]), None),
        "numpy without a mask": Made(lambda v: np.ma.array(v, mask=[False] * len(v)), "integers"),
        "numpy with a mask": Made(lambda v: np.ma.array(v, mask=[True, *[False] * (len(v) - 1)]), None),
        "numpy text with a mask": Made(lambda v: np.ma.array(texts(v), mask=[True, *[False] * (len(v) - 1)]), None),
        "numpy NaN": Made(lambda v: np.array([np.nan, *v[1:]]), None),
    }


def of_arrow() -> dict[str, Made]:
    simple = {"int8": pa.int8(), "int64": pa.int64(), "uint64": pa.uint64()}
    made = {f"pyarrow {name}": Made(lambda v, d=dtype: pa.array(v, d), "integers") for name, dtype in simple.items()}
    strings = {"string": pa.string(), "large_string": pa.large_string(), "string_view": pa.string_view()}
    made |= {
        f"pyarrow {name}": Made(lambda v, d=dtype: pa.array(texts(v), d), "texts") for name, dtype in strings.items()
    }
    return made | {
        "pyarrow chunks": Made(lambda v: pa.chunked_array([v[:2], v[2:]]), "integers"),
        "pyarrow float16": Made(lambda v: pa.array(np.array(v, np.float16)), "halves"),
        "pyarrow double": Made(lambda v: pa.array(v, pa.float64()), "floats"),
        "pyarrow bool": Made(lambda v: pa.array([bool(value) for value in v]), "truths"),
        "pyarrow decimal128": Made(lambda v: pa.array(decimals(v), pa.decimal128(10, 2)), "integers"),
        "pyarrow dictionary": Made(lambda v: pa.array(texts(v)).dictionary_encode(), "texts"),
        "pyarrow date32": Made(lambda v: pa.array(days(v)), "days"),
        "pyarrow duration": Made(lambda v: pa.array(spans(v)), "spans"),
        "pyarrow null": Made(lambda v: pa.nulls(len(v)), None),
        "pyarrow binary": Made(lambda v: pa.array([text.encode() for text in texts(v)]), None),
        "pyarrow list": Made(lambda v: pa.array([[value] for value in v]), None),
        "pyarrow struct": Made(lambda v: pa.array([{"a": value} for value in v]), None),
        "pyarrow int64 with null": Made(lambda v: pa.array([None, *v[1:]], pa.int64()), None),
    }


def of_pandas() -> dict[str, Made]:
    integers = ("int64", "UInt64", "Int64", "int64[pyarrow]", "Sparse[int64]")
    made = {f"pandas {name}": Made(lambda v, d=name: pd.Series(v).astype(d), "integers") for name in integers}
    for name, meant in (("float32", "singles"), ("Float64", "floats"), ("double[pyarrow]", "floats")):
        made[f"pandas {name}"] = Made(lambda v, d=name: pd.Series(v).astype(d), meant)
    for name in ("bool", "boolean"):
        made[f"pandas {name}"] = Made(lambda v, d=name: pd.Series(v).astype(d), "truths")
    for name in ("string", "string[pyarrow]", "category"):
        made[f"pandas {name}"] = Made(lambda v, d=name: pd.Series(texts(v)).astype(d), "texts")
    return made | {
        "pandas category of integers": Made(lambda v: pd.Series(v, dtype="category"), "integers"),
        "pandas datetime": Made(lambda v: pd.Series(pd.to_datetime(days(v))), "days"),
        "pandas object": Made(lambda v: pd.Series(v, dtype=object), None),
        "pandas Int64 with NA": Made(lambda v: pd.Series([None, *v[1:]], dtype="Int64"), None),
        "pandas boolean with NA": Made(lambda v: pd.Series([None, *map(bool, v[1:])], dtype="boolean"), None),
        "pandas string with NA": Made(lambda v: pd.Series([*texts(v)[:-1], None], dtype="string"), None),
        "pandas array with NA": Made(lambda v: pd.array([None, *v[1:]], dtype="Int64"), None),
        "pandas period": Made(lambda v: pd.Series([pd.Period(day, "D") for day in days(v)]), None),
        "pandas interval": Made(lambda v: pd.Series([pd.Interval(value, value + 1) for value in v]), None),
    }


def of_python() -> dict[str, Made]:
    return {
        "list": Made(list, "integers"),
        "list of bool": Made(lambda v: [bool(value) for value in v], "truths"),
        "list of str": Made(texts, "texts"),
        "list of Decimal": Made(decimals, "integers"),
        "list of bytes": Made(lambda v: [text.encode() for text in texts(v)], None),
        "list beyond 64 bits": Made(lambda v: [value * 2**70 for value in v], None),
        "list of anything": Made(lambda v: [True, 2, "a", None, 1.5, b""][: len(v)], None),
        "list of None": Made(lambda v: [None for _ in v], None),
    }


ARRAYS: Mapping[str, Made] = of_polars() | of_numpy() | of_arrow() | of_pandas() | of_python()
