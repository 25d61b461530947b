"""Gates: what a metric must reach for the command to end well."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
import polars as pl

from fastmetrics.errors import SchemaError, unknown

__all__ = ["GATE", "Gate", "failures"]

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
WRITTEN = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*")


@dataclass(frozen=True)
class Gate:
    """``f1>=0.8``: a column, how it compares, and with what."""

    column: str
    compares: str
    bound: float

    def __str__(self) -> str:
        return f"{self.column}{self.compares}{self.bound:g}"

    @property
    def metric(self) -> str:
        """The metric behind a column that may be one of its bounds."""
        return self.column.removesuffix("_low").removesuffix("_high")

    def failure(self, frame: pl.DataFrame, keys: Sequence[str]) -> str:
        """What is wrong in one line, or nothing; a gate that had nothing to look at has failed."""
        if self.column not in frame.columns:
            columns = [name for name, dtype in frame.schema.items() if dtype.is_numeric() and name not in keys]
            raise SchemaError(f"gate {self}: " + unknown("column", self.column, columns))
        known = frame.filter(pl.col(self.column).is_not_null())
        if known.is_empty():
            return f"gate {self} failed: {self.column} is undefined in every group"
        bad = known.filter(~OPERATORS[self.compares](pl.col(self.column), self.bound))
        if bad.is_empty():
            return ""
        worst = bad.sort(self.column, descending="<" in self.compares).row(0, named=True)
        where = ", ".join(f"{key}={worst[key]}" for key in keys)
        groups = f" in {len(bad):,} of {len(known):,} groups, worst where {where}" if keys else ""
        return f"gate {self} failed{groups}: {self.column} = {worst[self.column]:.4g}"


def gate(text: str) -> Gate:
    """A gate as it is written at the prompt."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        raise click.BadParameter(
            f"{text!r} is no gate; write a metric, one of {' '.join(OPERATORS)} and a number: 'f1>=0.8'"
        )
    return Gate(found[1], found[2], float(found[3]))


GATE = click.types.FuncParamType(gate)


def failures(gates: Sequence[Gate], frame: pl.DataFrame, keys: Sequence[str]) -> list[str]:
    """A line for each gate that failed."""
    return [line for gate in gates if (line := gate.failure(frame, keys))]
