"""The metrics of token log-probabilities as expressions, from the rows of `fastmetrics.families.likelihood`."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Protocol

import polars as pl

from fastmetrics.contract.columns import Column, column_name, expression
from fastmetrics.errors import SchemaError
from fastmetrics.families.likelihood import METRICS, NATS, Base, check_base, positive
from fastmetrics.metric import Metric, find
from fastmetrics.polars.exact_sums import exact_check, exact_sum
from fastmetrics.polars.sums import Check, Sums, multiples

__all__ = ["EXPRESSIONS", "LikelihoodMetric", "metrics"]


class LikelihoodMetric(Protocol):
    """A metric of token log-probabilities as an expression.

    Parameters
    ----------
    log_probabilities
        A column or expression of lists of numbers; null and NaN in a list are no tokens.
    base
        What the logarithms are to: ``"e"``, ``"2"`` or ``"10"``.
    weight
        A column of finite numbers >= 0: how much each row matters.
    frequency
        A column of whole numbers >= 0: how many equal rows each row stands for, as if they were spelled out. One of 0
        adds nothing.

    Returns
    -------
    polars.Expr
        Float64 under the name of the metric, one value a group; null where undefined.
    """

    def __call__(
        self,
        log_probabilities: Column,
        *,
        base: Base = "e",
        weight: Column | None = None,
        frequency: Column | None = None,
    ) -> pl.Expr: ...


def sums(log_probabilities: Column, base: str, weight: Column | None, frequency: Column | None) -> Sums:
    """Every cell of the family."""
    lists, unit, of = expression(log_probabilities), NATS[check_base(base)], multiples(weight, frequency)
    tokens = lists.list.eval(pl.element().cast(pl.Float64).fill_nan(None).drop_nulls())
    size, items = tokens.list.len(), tokens.explode()
    nats = items.filter(items > -inf) * -unit
    states = {"judged": size > 0, "empty": size == 0, "unjudged": lists.is_null()}
    name = column_name(log_probabilities)
    times = None
    if of.each is not None and weight is None:  # of each item that is added
        times = of.each.repeat_by(size).explode().filter(items > -inf)
    checks = {
        positive(f"column {name!r}", "a number above 0"): Check((items > 0).any()),
        **exact_check(nats, times, f"the numbers of column {name!r}"),
        **of.checks,
    }
    if of.each is None:
        added = {"tokens": size.sum(), "impossible": (items == -inf).sum(), "nats": exact_sum(nats)}
    else:
        of_rows = tokens.list.eval(pl.element().filter(pl.element() > -inf) * -unit).list.sum()
        impossible = tokens.list.eval(pl.element() == -inf).list.sum()
        exact = of.sum(of_rows) if times is None else exact_sum(nats, times)
        added = {"tokens": of.sum(size), "impossible": of.sum(impossible), "nats": exact}
    return Sums({**{name: of.rows(mask) for name, mask in states.items()}, **added}, checks)


def of_row(name: str) -> LikelihoodMetric:
    """The expression of one metric."""
    row = find(name, METRICS)

    def metric(
        log_probabilities: Column, *, base: Base = "e", weight: Column | None = None, frequency: Column | None = None
    ) -> pl.Expr:
        return sums(log_probabilities, base, weight, frequency).metric(row)

    metric.__name__ = metric.__qualname__ = row.name
    metric.__doc__ = f"``{row.name}`` of token log-probabilities; see `LikelihoodMetric`. {row.source}".strip()
    return metric


def metrics(
    names: Sequence[str | Metric],
    log_probabilities: Column,
    *,
    base: Base = "e",
    weight: Column | None = None,
    frequency: Column | None = None,
) -> pl.Expr:
    """Several metrics as one struct, called ``metrics``, whose sums are shared; see `LikelihoodMetric`.

    >>> log = pl.DataFrame({"logprobs": [[-0.5, -1.5], [-1.0]]})
    >>> log.select(metrics(["nll", "tokens_per_row"], "logprobs")).item()
    {'nll': 1.0, 'tokens_per_row': 1.5}
    """
    if isinstance(names, str) or not names:
        raise SchemaError(f"metrics() takes a list of names first, such as ['nll', 'perplexity'], got {names!r}")
    rows = [find(name, METRICS) for name in names]
    return sums(log_probabilities, base, weight, frequency).metrics(rows)


EXPRESSIONS = {row.name: of_row(row.name) for row in METRICS}
globals().update(EXPRESSIONS)

if TYPE_CHECKING:

    def __getattr__(name: str) -> LikelihoodMetric: ...  # the names of EXPRESSIONS
