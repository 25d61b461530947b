"""Columns and expressions: their names, what they read, and whether each row stands alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl
import polars.selectors as cs

from fastmetrics.errors import SchemaError

__all__ = [
    "TEXT",
    "Column",
    "LostExpression",
    "advise_alias",
    "column_name",
    "expression",
    "expressions",
    "literal",
    "places",
    "roots",
    "rowwise",
    "text_of",
    "unused_name",
]


@dataclass(frozen=True)
class LostExpression:
    """An expression of stored Counts that could not be kept: it has its name, and nothing can be counted with it.

    ``why`` begins with its text; ``stored`` is the JSON that the file holds of it.
    """

    name: str
    why: str
    stored: str


Column = str | pl.Expr | LostExpression
SQL_COMPARISON = re.compile(r"\.sql_\w+\(\[.*\]\)$")
CAST = re.compile(r"\.(strict_)?cast\(")
TEXT = (pl.String, pl.Categorical, pl.Enum)
PATTERN = re.compile(r"\*|\^.*\$", re.DOTALL)  # what pl.col and names in select, group_by and join mean a choice by


def column_name(column: Column) -> str:
    """The name under which a column or expression appears.

    Raises
    ------
    SchemaError
        Something that is not one column.
    """
    if isinstance(column, str):
        return column
    if isinstance(column, LostExpression):
        return column.name
    try:
        return column.meta.output_name()
    except (AttributeError, pl.exceptions.PolarsError) as error:
        raise SchemaError(
            f"{column!s} is not one column; by=, time=, weight= and roles take names or expressions of "
            "one column each, such as by=['model', pl.col('age') // 10]"
        ) from error


def expression(column: Column) -> pl.Expr:
    """A column as an expression; a name is that column, also one that Polars would take for a pattern.

    Raises
    ------
    SchemaError
        An expression that was lost when the Counts it is of were stored.
    """
    if isinstance(column, LostExpression):
        raise SchemaError(
            f"column {column.name!r} of a family that was read from stored Counts: the expression {column.why}; make "
            "the family again to count with it"
        )
    if not isinstance(column, str):
        return column
    return cs.by_name(column).as_expr() if PATTERN.fullmatch(column) else pl.col(column)


def expressions(columns: Iterable[Column]) -> list[pl.Expr]:
    """Columns as expressions."""
    return [expression(column) for column in columns]


def advise_alias(key: str) -> str:
    """What to count by instead of a key whose name is taken.

    >>> print(advise_alias("ratio"))
    by=pl.col('ratio').alias('ratio_key')
    """
    return f"by=pl.col({key!r}).alias({key + '_key'!r})"


def unused_name(word: str, names: Collection[str]) -> str:
    """The word, put in brackets until nothing is called so."""
    while word in names:
        word = f"({word})"
    return word


def literal(value: Any) -> pl.Expr:
    """A value of a key as an expression; of the integers Polars takes only those that Int128 holds without a dtype."""
    return pl.lit(value, pl.UInt128 if isinstance(value, int) and value >= 2**127 else None)


def roots(column: Column) -> list[str] | None:
    """The columns that a column or expression reads; None where only the log can tell, as of a selector."""
    if isinstance(column, str):
        return [column]
    if not isinstance(column, pl.Expr):
        column_name(column)  # says what it is instead
        column = expression(column)
    if not column.meta.has_multiple_outputs():
        return column.meta.root_names()
    names = [selected(leaf) for leaf in leaves(column)]
    return None if None in names else [name for some in names for name in some or ()]


class Taken(NamedTuple):
    """A column as it is, or cast to a dtype."""

    name: str
    dtype: pl.DataType | None = None

    def read(self, source: str) -> pl.Expr:
        """What is taken of another column in its place."""
        return expression(source) if self.dtype is None else expression(source).cast(self.dtype)


def text_of(column: Column) -> Taken | None:
    """What an expression takes of the text of a column, if it does no more than rename it or cast it to text.

    >>> text_of(pl.col("shard").cast(pl.String).alias("key"))
    Taken(name='shard', dtype=String)
    >>> text_of(pl.col("hour").cast(pl.Int64)) is None
    True
    """
    found = taken(column)
    return found if found is not None and (found.dtype is None or isinstance(found.dtype, TEXT)) else None


def taken(column: Column) -> Taken | None:
    """The column that an expression takes, if it does no more than rename it or cast it without a loss."""
    if isinstance(column, str):
        return Taken(column)
    names = roots(column)
    if names is None or len(names) != 1:
        return None
    given = expression(column).meta.undo_aliases()
    for plain in (expression(names[0]), cs.by_name(names[0]).as_expr()):
        if given.meta.eq(plain):
            return Taken(names[0])
        if CAST.match(str(given), len(str(plain))):
            dtype = pl.LazyFrame(schema={names[0]: pl.String()}).select(given).collect_schema().dtypes()[0]
            lossless = (True, False) if isinstance(dtype, TEXT) else (True,)
            if any(given.meta.eq(plain.cast(dtype, strict=strict)) for strict in lossless):
                return Taken(names[0], dtype)
    return None


def places(given: pl.Expr) -> Iterator[Taken]:
    """Each place where an expression reads a column, with the dtype that it casts it to there.

    >>> list(places((pl.col("k").cast(pl.String) == "007") & (pl.col("n") > 0)))
    [Taken(name='n', dtype=None), Taken(name='k', dtype=String)]
    """
    found = taken(given)
    if found is not None:
        yield found
        return
    for part in given.meta.pop():
        yield from places(part)


def leaves(expression: pl.Expr) -> Iterator[pl.Expr]:
    """The columns and constants that an expression is made of."""
    parts = expression.meta.pop()
    for part in parts:
        yield from leaves(part)
    if not parts:
        yield expression


def selected(leaf: pl.Expr) -> list[str] | None:
    """The one column that a leaf of an expression takes by its name, if any; None of a choice among columns."""
    if not leaf.meta.is_column_selection():
        return []
    try:
        return [leaf.meta.output_name()]
    except pl.exceptions.PolarsError:
        return None


def rowwise(expression: pl.Expr) -> bool:
    """Whether an expression gives each row what it would be given alone."""
    try:
        if expression.meta.is_literal():
            return True
        return separable(expression) and all(map(rowwise, expression.meta.pop()))
    except pl.exceptions.PolarsError:  # a Python function, of which nobody knows
        return False


def separable(expression: pl.Expr) -> bool:
    """Whether the outermost step of an expression is; one that compares in SQL cannot be asked without its columns."""
    try:
        return expression.meta.is_row_separable()
    except pl.exceptions.ColumnNotFoundError:
        return SQL_COMPARISON.search(str(expression.meta.undo_aliases())) is not None
