"""Capabilities: what else than metrics can be read from the cells of a family, and what it takes to read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import polars as pl

from fastmetrics.contract.cells import CellTable
from fastmetrics.contract.columns import expressions
from fastmetrics.errors import SchemaError, listed, unknown
from fastmetrics.metric import Formula, Metric

if TYPE_CHECKING:
    from fastmetrics.contract.family import Family

__all__ = [
    "CrossTable",
    "Curve",
    "Outcome",
    "Prepared",
    "Rate",
    "Resummed",
    "curves_of",
    "find_curve",
    "lacking",
    "the_only",
]

# What the optional fields of a family are called in errors, each with functions that make families which have it.
WORDS = {
    "at_threshold": "binned scores, as scores() makes",
    "curves": "curves, as scores() and values() make",
    "matrix": "labels against predictions, as binary() and classes() make",
    "most_confused": "a class matrix, as classes() makes",
    "per_class": "a class matrix, as classes() makes",
    "root_cause": "founding tags, as binary() makes",
}


class Outcome(NamedTuple):
    """What a state cell says of its rows: the label and the prediction, None where there is none."""

    cell: str
    label: bool | None
    prediction: bool | None


@dataclass(frozen=True)
class CrossTable:
    """Labels against predictions.

    Attributes
    ----------
    read
        A table of the family to one row an entry: ``group``, ``label``, ``prediction`` (null where there is none) and
        ``rows``, their number or weight.
    order
        The labels that are shown first, in this order; others follow sorted.
    """

    read: Callable[[CellTable, Family], pl.DataFrame]
    order: Callable[[Family], Sequence[Any]]


@dataclass(frozen=True)
class Curve:
    """A curve of each group, and how it is drawn.

    Attributes
    ----------
    read
        A table of the family to one row a point: ``group``, then the columns of the curve, ``x`` and ``y`` among them.
        A column ``threshold`` puts marks on the curve; ``low``, ``high`` and ``n`` make points of bins, whose rows are
        drawn below.
    title
        What the picture is called.
    x, y
        Columns of shares from 0 to 1, each with its words; where ``of`` says so, ``x`` is of numbers.
    metric, words
        The metric that sums a curve up, and its words.
    reference, reference_words
        What a score that knows nothing reaches: ``"diagonal"``, or a metric of the family.
    steps
        Whether ``y`` holds from one point to the next one.
    of
        What ``x`` is of: ``shares``, or ``numbers`` of any size and sign. The latter have the rows ``n`` of each point,
        a point of null for those without a number, and ``low`` and ``high`` where points are bins of equal ratio.
    """

    read: Callable[[CellTable, Family], pl.DataFrame]
    title: str
    x: tuple[str, str]
    y: tuple[str, str]
    metric: str
    words: str
    reference: str = "diagonal"
    reference_words: str = ""
    steps: bool = False
    of: Literal["shares", "numbers"] = "shares"


class Resummed(NamedTuple):
    """Another family whose cells are sums over rows of a table: ``cells`` takes what stands before and after their
    names, as in ``w_tp_error``.
    """

    family: Family
    cells: Callable[[str, str], dict[str, pl.Expr]]


@dataclass(frozen=True)
class Rate:
    """A rate that `fastmetrics.diagnose` searches: k of n rows.

    Attributes
    ----------
    num, den
        k and n, linear in the cells.
    words
        What k counts, as people say it: ``missed positives``.
    among
        Where rates are chosen because they moved: how many there were for each one chosen, by which the error rate of
        its search is divided.
    untold
        True if no tag rule reads this rate; a move of it is then reported as such.
    about
        What an untold rate is about, such as a flag, where a family has several such things: each is a finding of its
        own.
    family
        The family whose cells it is read from; the diagnosis fills it in.
    """

    name: str
    num: Formula
    den: Formula
    words: str
    among: float = 1.0
    untold: bool = False
    about: str = ""
    family: str = ""

    @classmethod
    def of(cls, metric: Metric) -> Rate:
        """A metric with a denominator as a rate; untold where the metric has no words for its events."""
        assert metric.den is not None
        return cls(metric.name, metric.num, metric.den, metric.events or metric.name, untold=not metric.events)


class Prepared(NamedTuple):
    """Tables of additive cells by outer keys, baseline first, and the rates that are there for what they hold."""

    tables: list[pl.DataFrame]
    rates: tuple[Rate, ...] = ()

    @classmethod
    def summed(
        cls, tables: Sequence[pl.DataFrame], keys: Sequence[str], cells: Sequence[pl.Expr], rates: Sequence[Rate] = ()
    ) -> Prepared:
        """Sums of cells of each table by ``keys``."""
        sums = [
            table.group_by(expressions(keys), maintain_order=True).agg(cells) if keys else table.select(cells)
            for table in tables
        ]
        return cls(sums, tuple(rates))


def lacking(families: Sequence[Family], capability: str) -> str:
    """What is missing, in words, where not exactly one family has a capability; empty where one has."""
    if sum(bool(getattr(family, capability)) for family in families) == 1:
        return ""
    held = listed(f"{family.name} ({family.kind})" for family in families)
    return f"one family with {WORDS[capability]}; these Counts hold {held}"


def the_only(families: Sequence[Family], capability: str) -> Family:
    """The family that has a capability.

    Raises
    ------
    SchemaError
        None has it, or several have.
    """
    lacks = lacking(families, capability)
    if lacks:
        raise SchemaError(f"expected {lacks}")
    return next(family for family in families if getattr(family, capability))


def curves_of(families: Sequence[Family]) -> dict[str, list[tuple[Family, Curve]]]:
    """The curves of families by their names, as ``distribution`` and with the family: ``latency_ms.distribution``."""
    table: dict[str, list[tuple[Family, Curve]]] = {}
    for family in families:
        for name, curve in family.curves.items():
            for called in (name, f"{family.name}.{name}"):
                table.setdefault(called, []).append((family, curve))
    return table


def find_curve(families: Sequence[Family], name: str) -> tuple[Family, Curve]:
    """A curve and the family that has it.

    Raises
    ------
    SchemaError
        No family has a curve of the name, and then the nearest name; several have one.
    """
    table = curves_of(families)
    found = table.get(name, [])
    if len(found) == 1:
        return found[0]
    if found:
        choices = listed(repr(f"{family.name}.{name}") for family, _ in found)
        raise SchemaError(f"curve {name!r} is known to several families; ask for {choices}")
    if not table:
        raise SchemaError(f"expected {lacking(families, 'curves')}")
    raise SchemaError(
        unknown("curve", name, [known for known in table if "." not in known], meanings={n: n for n in table})
    )
