"""What options hold: lists of names, keys, and values that the dtype of a column gives their type."""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, cast

import click
import polars as pl

from fastmetrics.errors import SchemaError
from fastmetrics.guard import first_line
from fastmetrics.report.files import checked_target

__all__ = [
    "NAMES",
    "NUMBERS",
    "PARTS",
    "VALUE",
    "examples",
    "flattened",
    "instant_of",
    "keep",
    "keys",
    "names",
    "value_of",
]


# Dtypes whose values Python reads in ISO 8601.
ISO: dict[Any, Callable[[str], Any]] = {pl.Date: date.fromisoformat, pl.Time: time.fromisoformat}


def names(text: str) -> list[str]:
    """``a, b`` as a list; nothing as an empty one."""
    return [name for part in text.split(",") if (name := part.strip())]


def split_values(given: Any) -> list[Any]:
    """Split ``a, b`` at commas; nothing is no value, and what a config file has that is no text stays as it is."""
    if not isinstance(given, str):
        return [given]
    return [part.strip() for part in given.split(",")] if given else []


def split_numbers(given: Any) -> list[float]:
    """Split ``0.1, 0.5`` at commas; a config file has numbers as they are."""
    numbers = [number(part) if isinstance(part, str) else part for part in split_values(given)]
    if not all(isinstance(one, int | float) for one in numbers):
        raise click.BadParameter(f"{given!r} is not a list of numbers, such as 0.1,0.5")
    return [float(one) for one in numbers]


def value(given: Any) -> Any:
    """A value whose type is known later: text from the prompt, anything from a config file."""
    return given


NAMES = click.types.FuncParamType(names)
NUMBERS = click.types.FuncParamType(split_numbers)
PARTS = click.types.FuncParamType(split_values)
VALUE = click.types.FuncParamType(value)


def flattened(ctx: click.Context, param: click.Parameter, given: Sequence[list[str]]) -> list[str] | None:
    """``--by a --by b,c`` as one list, None where the option was not given."""
    return [name for names in given for name in names] if given else None


def keys(names: Sequence[str]) -> list[str | pl.Expr]:
    """Keys: columns, and ``SQL as name``."""
    try:
        return [pl.sql_expr(name) if " as " in name.lower() else name for name in names]
    except pl.exceptions.PolarsError as error:
        raise SchemaError(f"by={names!r} is not SQL: {first_line(error)}") from error


def value_of(option: str, given: Any, column: str, dtype: pl.DataType | None) -> Any:
    """A value from the prompt as the dtype of its column has it.

    Where the dtype is not known, what looks like a number is one. Double quotes make anything text.
    """
    if not isinstance(given, str):
        return given
    text = given[1:-1] if len(given) > 1 and given[0] == given[-1] == '"' else given
    if dtype is None:
        return text if text != given else number(text)
    if dtype == pl.Boolean and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if isinstance(dtype, pl.Datetime):
        return instant_of(option, text, dtype.time_zone)
    if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean:
        try:
            return ISO[dtype](text) if dtype in ISO else pl.Series([text]).cast(dtype).item()
        except (pl.exceptions.PolarsError, ValueError):
            raise click.UsageError(f"{option} {given}: column {column!r} holds {dtype}, which this is not") from None
    return text


def instant_of(option: str, text: str, zone: str | None) -> datetime:
    """A time in ISO 8601 on the clock of a zone, unless it has an offset of its own.

    Raises
    ------
    UsageError
        Another text, or a time that the clock never showed, or twice and no offset says when.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option} {text}: no time; write 2026-03-14 or 2026-03-14T09:00") from None
    given = pl.Series([moment.replace(tzinfo=None)])
    if (ahead := moment.utcoffset()) is not None:
        utc = (given - ahead).dt.replace_time_zone("UTC")
        return cast(datetime, (utc.dt.convert_time_zone(zone) if zone else utc.dt.replace_time_zone(None)).item())
    first, last = (
        given.dt.replace_time_zone(zone, ambiguous=which, non_existent="null").item()
        for which in ("earliest", "latest")
    )
    if first is None:
        raise click.UsageError(f"{option} {text}: clocks in {zone} never showed this time")
    if first.isoformat() != last.isoformat():
        both = " or ".join(each.isoformat() for each in (first, last))
        raise click.UsageError(f"{option} {text}: clocks in {zone} showed this time twice; write {both}")
    return cast(datetime, first)


def number(text: str) -> int | float | str:
    """A number as data files write it: Python also reads `1_000` and digits of other scripts."""
    for kind in (int, float) if text.isascii() and "_" not in text else ():
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def keep(inputs: Sequence[str], *targets: str | None) -> None:
    """Refuse to write over what is read."""
    files = (Path(file) for path in inputs for file in (glob.glob(path, recursive=True) or [path]))
    read = {file.resolve() for file in files if file.exists()}
    for target in filter(None, targets):
        path = checked_target(target)
        if path in read or (path.exists() and any(folder.is_dir() and path.is_relative_to(folder) for folder in read)):
            raise click.UsageError(f"{target} is one of the files that are read; name another to write to")


def examples(*lines: str) -> str:
    """The end of a help text, its lines kept as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
