"""Kinds of roles: what each takes, refuses and hands to a family, for every dtype of Polars."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args, get_type_hints

import polars as pl
import pytest

from fastmetrics.contract.roles import Role
from fastmetrics.counting.roles import ROLE_KINDS
from fastmetrics.errors import SchemaError

INTEGERS: tuple[Any, ...] = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
WIDE: tuple[Any, ...] = (pl.Int128, pl.UInt128)
FLOATS: tuple[Any, ...] = (pl.Float16, pl.Float32, pl.Float64)
TEXT: tuple[Any, ...] = (pl.String, pl.Categorical, pl.Enum(["a", "b"]))
TIMES: tuple[Any, ...] = (pl.Date, pl.Time, pl.Datetime("ms"), pl.Datetime("us", "UTC"), pl.Duration("ns"))
LISTS_OF_NUMBERS: tuple[Any, ...] = (
    *(pl.List(pl.Int64), pl.Array(pl.Float32, 2), pl.List(pl.Boolean), pl.List(pl.Decimal(10, 2))),
    pl.List(pl.Null),
)
LISTS_OF_INTEGERS: tuple[Any, ...] = (pl.List(pl.Int64), pl.List(pl.UInt64), pl.Array(pl.Int32, 2), pl.List(pl.Null))
LISTS_OF_TEXT: tuple[Any, ...] = (
    *(pl.List(pl.String), pl.Array(pl.String, 2), pl.List(pl.Categorical), pl.List(pl.Enum(["a", "b"]))),
    pl.List(pl.Null),
)
NESTED: tuple[Any, ...] = (
    *(*LISTS_OF_NUMBERS, *LISTS_OF_INTEGERS, *LISTS_OF_TEXT, pl.List(pl.Date)),
    pl.List(pl.List(pl.Int8)),
    pl.Array(pl.Int8, (2, 2)),
    pl.List(pl.Struct({"a": pl.String})),
    pl.Struct({"a": pl.Int8}),
    pl.Map(pl.String, pl.Int8),
)
DECIMAL: tuple[Any, ...] = (pl.Decimal(10, 2),)
DTYPES = (
    *(*INTEGERS, *WIDE, *FLOATS, *DECIMAL, pl.Boolean, pl.Null, *TEXT, pl.Binary, *TIMES, *NESTED),
    pl.Object,
    pl.Extension("of.tests", pl.Int64),
)

# What each role takes of DTYPES, and what its error asks for.
ROLES: dict[str, tuple[Role, tuple[Any, ...], str]] = {
    "binary": (Role("label", "x", "binary"), (*INTEGERS, *WIDE, *FLOATS, pl.Boolean, pl.Null), "True/False"),
    "binary, named text": (Role("label", "x", "binary", pos_label="a"), (*TEXT, pl.Null), "pos_label='a' is str"),
    "binary, named number": (
        Role("label", "x", "binary", pos_label=1),
        (*INTEGERS, *WIDE, *FLOATS, *DECIMAL, pl.Null),
        "pos_label=1 is int",
    ),
    "binary, at a threshold": (
        Role("label", "x", "binary", threshold=0.5),
        (*INTEGERS, *WIDE, *FLOATS, *DECIMAL, pl.Null),
        "a number is needed",
    ),
    "flag": (
        Role("label", "x", "flag"),
        (*INTEGERS, *WIDE, *FLOATS, *TEXT, pl.Boolean, pl.Null),
        "a flag is True or False",
    ),
    "number": (
        Role("label", "x", "number"),
        (*INTEGERS, *WIDE, *FLOATS, *DECIMAL, pl.Boolean, pl.Null),
        "a number is needed",
    ),
    "key": (
        Role("label", "x", "key"),
        (*INTEGERS, *WIDE, *FLOATS, *DECIMAL, pl.Boolean, pl.Null, *TEXT, pl.Binary, *TIMES),
        "expected text, a number, a Boolean",
    ),
    "list of number": (
        Role("label", "x", "list of number"),
        (*LISTS_OF_NUMBERS, *LISTS_OF_INTEGERS, pl.Null),
        "a list of numbers is needed",
    ),
    "list of text": (Role("label", "x", "list of text"), (*LISTS_OF_TEXT, pl.Null), "a list of text is needed"),
    "list of key": (
        Role("label", "x", "list of key"),
        (*LISTS_OF_NUMBERS, *LISTS_OF_INTEGERS, *LISTS_OF_TEXT, pl.List(pl.Date), pl.Null),
        "a list of text, numbers, Booleans",
    ),
    "text": (Role("label", "x", "text"), (*TEXT, pl.Null), "text is needed"),
    "texts": (Role("label", "x", "texts"), (*TEXT, *LISTS_OF_TEXT, pl.Null), "text or a list is needed"),
    "tokens": (
        Role("label", "x", "tokens"),
        (*LISTS_OF_INTEGERS, *LISTS_OF_TEXT, pl.Null),
        "a list of tokens, text or integers, is needed",
    ),
}


def test_the_dtypes_are_all_there_are() -> None:
    kinds = {kind for kind in vars(pl.datatypes).values() if inspect.isclass(kind) and issubclass(kind, pl.DataType)}
    leaves = {kind for kind in kinds if not kind.__subclasses__() and kind.__module__ == "polars.datatypes.classes"}
    assert {dtype if inspect.isclass(dtype) else type(dtype) for dtype in DTYPES} >= leaves - {pl.Unknown, pl.Field}


def test_every_kind_has_a_row() -> None:
    assert [*ROLE_KINDS] == [*get_args(get_type_hints(Role)["kind"])]
    assert {role.kind for role, _, _ in ROLES.values()} == ROLE_KINDS.keys()


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_kind_takes_or_refuses_a_dtype(name: str, dtype: Any) -> None:
    role, taken, need = ROLES[name]
    kind, empty = ROLE_KINDS[role.kind], pl.DataFrame(schema={"x": dtype})
    given = empty.schema["x"]
    if given in taken:
        kind.check(role, given, lambda: empty["x"])
        nulls = pl.DataFrame({"x": [None, None]}, schema={"x": given})
        for frame in (empty, nulls, nulls.lazy().collect(engine="streaming")):
            assert frame.select(kind.carrier(role, pl.col("x"), given)).height == frame.height
    else:
        with pytest.raises(SchemaError, match=re.escape(need)) as refused:
            kind.check(role, given, lambda: empty["x"])
        assert "'x'" in str(refused.value)
        assert str(given) in str(refused.value) or "distinct" in str(refused.value)
