"""Families: what a kind of table of cells reads, counts and means."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import polars as pl

from fastmetrics.contract.blocks import Bitmap
from fastmetrics.contract.capabilities import CrossTable, Curve, Outcome, Prepared, Rate, Resummed
from fastmetrics.contract.cells import Cell, CellTable, InnerKey, scalar_cells
from fastmetrics.contract.columns import LostExpression, column_name
from fastmetrics.contract.equality import comparable
from fastmetrics.contract.roles import Role
from fastmetrics.contract.rows import Rows
from fastmetrics.errors import SchemaError, listed, unknown
from fastmetrics.guard import FOREIGN, first_line
from fastmetrics.metric import Cells, Metric
from fastmetrics.notes import Note
from fastmetrics.wording import is_encodable, shortened

__all__ = ["Family"]


@dataclass(frozen=True, eq=False, repr=False)
class Family:
    """A kind of table of cells: what it reads, what it counts, and the metrics that are read from it.

    The fields from ``outcomes`` on are capabilities; a family without any still has metrics, intervals, comparisons
    and pictures of these.

    Attributes
    ----------
    kind, name
        What it is, and what it is called among several of one scan: an identifier.
    roles, cells, inner
        The columns it reads, the cells it counts, and the keys of its own.
    rows
        Maps the role columns of a block to its entries.
    from_bits
        Does what ``rows`` does where every role is a Boolean column, given as its bitmap.
    row_states
        The states that count rows: each row has one entry in one of them. Without any given, all states.
    metrics, headline, parametric
        The rows of its metrics, the names of those shown when none is asked for, and what makes the row of a metric
        whose name carries a number (``f2``).
    maker, arguments
        ``maker(**arguments)`` makes the family again: ``maker`` is a function at the top level of a module,
        ``arguments`` are columns by name or expression, and constants that JSON can hold. Families of one maker and
        equal arguments are equal, and a family is pickled as the two.
    constants, unordered
        The names of the arguments that change the meaning of the cells: they must agree between two Counts that are
        merged; those of them that are lists whose order changes no cell.
    read, width
        Maps the cells of groups to what the formulas see, and how many inner rows of a group it holds side by side; 0
        where it holds no more than there are.
    check
        Refuses dtypes of the roles.
    notes
        Says what is doubtful about the values in a whole table, of which it may keep what was known before; a count
        without it is not judged.
    outcomes
        What states say of label and prediction.
    matrix, curves
        What is drawn and read of cross tables and curves.
    at_threshold
        Takes a threshold and whether the nearest will do.
    per_class, most_confused
        Give rows with ``group``; the latter of so many pairs.
    root_cause
        Gives the tag of a row of cells.
    rates
        What `fastmetrics.diagnose` searches: where they are None the proportions of a family without inner keys, where
        they are ``()`` nothing.
    prepare
        Takes tables of baseline and current, by outer and inner keys, to cells by the outer keys it is given.
    probability_edges
        The edges of the inner key ``bin``, where the scores in it are probabilities.
    """

    kind: str
    name: str
    maker: Callable[..., Family]
    roles: tuple[Role, ...]
    cells: tuple[Cell, ...]
    rows: Callable[[Mapping[str, Any]], Rows]
    metrics: tuple[Metric, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    constants: tuple[str, ...] = ()
    unordered: tuple[str, ...] = ()
    inner: tuple[InnerKey, ...] = ()
    row_states: tuple[str, ...] = ()
    read: Callable[[CellTable], Cells] = scalar_cells
    check: Callable[[Mapping[str, pl.DataType]], None] | None = None
    parametric: Callable[[str], Metric | None] | None = None
    from_bits: Callable[[Mapping[str, Bitmap]], Rows] | None = None
    headline: tuple[str, ...] = ()
    width: int = 1
    notes: Callable[[pl.DataFrame, Sequence[Note]], list[Note]] | None = None
    outcomes: tuple[Outcome, ...] = ()
    matrix: CrossTable | None = None
    curves: Mapping[str, Curve] = field(default_factory=dict)
    at_threshold: Callable[[Family, float, bool], Resummed] | None = None
    per_class: Callable[[CellTable, Family], pl.DataFrame] | None = None
    most_confused: Callable[[CellTable, Family, int], pl.DataFrame] | None = None
    root_cause: Callable[[], pl.Expr] | None = None
    rates: tuple[Rate, ...] | None = None
    prepare: Callable[[Sequence[pl.DataFrame], Sequence[str]], Prepared] | None = None
    probability_edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise SchemaError(
                f"name={self.name!r} of a family is not an identifier; its metrics are asked for as 'name.metric' and "
                "its columns are stored as 'name.column'"
            )
        check_cells(self)
        for what, names in (("role", [role.name for role in self.roles]), ("inner key", list(self.inner_names))):
            if len(set(names)) < len(names):
                raise SchemaError(f"family {self.name!r} names {what}s twice: {listed(names)}")
        for state in self.row_states:
            if state not in self.states:
                raise SchemaError(f"row_states= of family {self.name!r}: " + unknown("state", state, self.states))
        object.__setattr__(self, "row_states", self.row_states or self.states)
        for argument, given in self.arguments.items():
            for value in given if isinstance(given, list) else [given]:
                if isinstance(value, str) and not is_encodable(value):
                    raise SchemaError(f"{argument}= names {value!r}: an unpaired surrogate, which UTF-8 cannot encode")

    def __repr__(self) -> str:
        given = {name: value for name, value in self.arguments.items() if value is not None}
        texts = {name: str(value) if isinstance(value, pl.Expr) else repr(value) for name, value in given.items()}
        return f"{self.kind}({', '.join(f'{name}={shortened(text)}' for name, text in texts.items())})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Family) and self.maker == other.maker and self.declared == other.declared

    def __hash__(self) -> int:
        return hash(self.declared)

    def __reduce__(self) -> tuple[Any, ...]:
        check_made_again(self)
        return partial(self.maker, **self.arguments), ()

    @cached_property
    def declared(self) -> Hashable:
        """What a family is but for its functions, which follow from its maker and arguments."""
        rows = [metric.name for metric in self.metrics]
        columns = [self.roles, self.cells, self.row_states, self.inner]
        return comparable([self.kind, self.name, self.arguments, self.constants, columns, rows])

    @property
    def named_arguments(self) -> dict[str, Any]:
        """The arguments with the names of expressions in their place, so that JSON can hold all of them."""
        expressions = {name: column_name(column) for name, column in self.expressions.items()}
        return {**self.arguments, **expressions}

    @property
    def expressions(self) -> dict[str, pl.Expr | LostExpression]:
        """The arguments that are expressions."""
        given = self.arguments.items()
        return {name: value for name, value in given if isinstance(value, (pl.Expr, LostExpression))}

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the cells that partition the entries."""
        return tuple(cell.name for cell in self.of_kind("state"))

    def of_kind(self, *kinds: str) -> tuple[Cell, ...]:
        """The cells of some kinds, in order."""
        return tuple(cell for cell in self.cells if cell.kind in kinds)

    @property
    def searched(self) -> tuple[Rate, ...]:
        """The rates that a diagnosis searches whatever the tables hold."""
        return tuple(map(Rate.of, self.row_proportions)) if self.rates is None else self.rates

    @property
    def row_proportions(self) -> tuple[Metric, ...]:
        """The metrics that are k of n rows, as the table itself counts them."""
        plain = self.read is scalar_cells and not self.inner
        return tuple(metric for metric in self.metrics if plain and metric.kind == "proportion")

    @property
    def inner_names(self) -> tuple[str, ...]:
        """The names of the inner keys."""
        return tuple(key.name for key in self.inner)

    @property
    def identity(self) -> dict[str, Any]:
        """What must agree before two tables of this family may be added."""
        return {
            "kind": self.kind,
            "name": self.name,
            "cells": [[cell.name, cell.kind] for cell in self.cells],
            "inner keys": list(self.inner_names),
            **({} if self.row_states == self.states else {"row states": list(self.row_states)}),
            **{name: self.arguments.get(name) for name in self.constants},
        }

    @property
    def agreement(self) -> dict[str, Any]:
        """``identity`` but for the order of cells and of lists whose order changes no cell."""
        identity = self.identity
        lists = {name: identity[name] for name in ("cells", *self.unordered) if identity[name] is not None}
        return identity | {name: sorted(items, key=repr) for name, items in lists.items()}


def check_cells(family: Family) -> None:
    """Refuse cells of which none is a state, or two share a column."""
    if not family.states:
        raise SchemaError(f"family {family.name!r} has no cell of kind 'state', so that no row would be counted")
    for weighted in (False, True):
        columns = [column for cell in family.cells for column in cell.columns(weighted)]
        if len(set(columns)) < len(columns):
            raise SchemaError(f"family {family.name!r} has two cells with one column: {listed(columns)}")


def check_made_again(family: Family) -> None:
    """Refuse to pickle a family that another process could not make again, or would make otherwise."""
    maker = family.maker
    module, name = (getattr(maker, part, None) for part in ("__module__", "__qualname__"))
    refused = f"family {family.name!r} cannot be pickled: "
    if getattr(sys.modules.get(module or ""), name or "", None) is not maker:
        raise SchemaError(
            f"{refused}its maker {name or maker!r} is not found in a module; define it at the top level of one that "
            "the other process can import"
        )
    for argument, column in family.expressions.items():
        try:
            pickle.dumps(column)
        except FOREIGN as error:
            raise SchemaError(f"{refused}neither can its {argument}={column!s}: {first_line(error)}") from error
    try:
        again = maker(**family.arguments)
    except TypeError as error:
        raise SchemaError(f"{refused}its maker does not take its arguments: {error}") from error
    if again != family:
        raise SchemaError(
            f"{refused}its maker {name!r} makes another family of its arguments; name in arguments= all that it "
            "depends on, and change nothing afterwards"
        )
