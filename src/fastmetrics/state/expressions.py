"""Role expressions to JSON and back, without those that bring code along: reading a file must run nothing it holds."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from fastmetrics.contract.columns import LostExpression
from fastmetrics.guard import FOREIGN
from fastmetrics.wording import shortened

__all__ = ["decode_expression", "encode_expression"]

# The operations of Polars that hold expressions, options or constants, by their names in its JSON. Not among them are
# those that hold code, as AnonymousFunction, RenameAlias and FoldHorizontal do with pickled Python functions, and
# FfiPlugin with the path of a library. An operation that is missing here is not stored, and nothing worse.
EXPRESSIONS = (
    "Agg Alias BinaryExpr Cast Column Eval Explode Field Filter Function Gather KeepName Literal Over Selector Slice "
    "Sort SortBy StructEval Ternary"
)
SELECTORS = "ByDType ByIndex ByName Difference Matches Union"
AGGREGATES = "Count First Last Max Mean Median Min NUnique Quantile Std Sum Var"
NAMESPACES = "ArrayExpr Bitwise Boolean Categorical ListExpr StringExpr StructExpr TemporalExpr Trigonometry"
OF_ANYTHING = "Coalesce FillNull FillNullWithStrategy Backward Forward Rank Replace ReplaceStrict Sql Unique"
OF_NUMBERS = (
    "Clip CumCount CumMax CumMin CumProd CumSum Diff Interpolate Log MeanHorizontal Pow Round RoundSF Sign "
    "SumHorizontal"
)
OF_BOOLEANS = "All Any Binary IsBetween IsClose IsIn Not"
OF_TEXT = (
    "ConcatHorizontal Contains ContainsAny CountMatches EndsWith Extract Find Normalize PadEnd PadStart Split "
    "SplitExact SplitN StartsWith Strptime Strip ToInteger"
)
OF_TIME = (
    "Combine ConvertTimeZone DatetimeFunction Duration ReplaceTimeZone TimeStamp ToString TotalDays TotalHours "
    "TotalMicroseconds TotalMilliseconds TotalMinutes TotalNanoseconds TotalSeconds"
)
OF_NESTED = "FieldByName Get Item Join"
OPERATIONS = frozenset(
    f"{EXPRESSIONS} {SELECTORS} {AGGREGATES} {NAMESPACES} {OF_ANYTHING} {OF_NUMBERS} {OF_BOOLEANS} {OF_TEXT} {OF_TIME} "
    f"{OF_NESTED}".split()
)
LONGEST = 100_000  # characters of an expression: tables that were written into one have no place in metadata
LONGEST_TEXT = 200


def encode_expression(column: pl.Expr | LostExpression) -> dict[str, Any]:
    """An expression in JSON: its text for people, the Polars it is of, and its operations where they can be read back.

    One that was lost stays what was stored of it, so that the Polars it is of can still read it.
    """
    if isinstance(column, LostExpression):
        return dict(json.loads(column.stored))
    entry = {"text": shortened(str(column), LONGEST_TEXT), "polars": pl.__version__, "operations": None}
    try:
        operations = json.loads(column.meta.serialize(format="json"))
    except FOREIGN:  # of a function that cannot be pickled, among others
        return entry
    again = read_operations(operations)
    return {**entry, "operations": operations} if again is not None and again.meta.eq(column) else entry


def decode_expression(entry: Mapping[str, Any], name: str) -> pl.Expr | LostExpression:
    """The expression of an entry whose parts have their types; one that cannot be read keeps its name and text."""
    found = None if entry["operations"] is None else read_operations(entry["operations"])
    if found is not None:
        return found
    why = "could not be stored"
    if entry["operations"] is not None:
        why = f"was stored by Polars {entry['polars']} and cannot be read by Polars {pl.__version__}"
    return LostExpression(name, f"{entry['text']} {why}", json.dumps(entry))


def read_operations(operations: Any) -> pl.Expr | None:
    """The expression of some operations; None where they hold code, or are not all understood."""
    text = json.dumps(operations)
    if len(text) > LONGEST or not is_plain(operations):
        return None
    try:
        found = pl.Expr.deserialize(io.StringIO(text), format="json")
        return found if json.loads(found.meta.serialize(format="json")) == operations else None
    except FOREIGN:
        return None


def is_plain(operations: Any) -> bool:
    """Whether all operations are known to hold no code. Constants and dtypes, which hold none, are not looked into."""
    left = [operations]
    while left:
        part = left.pop()
        if isinstance(part, list):
            left += part
        elif isinstance(part, dict):
            if any(name[:1].isupper() and name not in OPERATIONS for name in part):
                return False
            left += [value for name, value in part.items() if name != "Literal"]
    return True
