"""How likely a language model took the tokens of texts to be: negative log-likelihood and perplexity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import polars as pl

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.arithmetic import divide
from fastmetrics.contract.blocks import Lists
from fastmetrics.contract.capabilities import Rate
from fastmetrics.contract.cells import Cell, exact_overflow
from fastmetrics.contract.columns import Column, column_name, expression
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role, widened
from fastmetrics.contract.rows import Accumulators, Rows
from fastmetrics.errors import DataError, SchemaError, unknown
from fastmetrics.exact_sums import MOST_SUM
from fastmetrics.families.labels import check_nulls, null_arguments
from fastmetrics.metric import Metric

__all__ = ["METRICS", "NATS", "STATES", "Base", "check_base", "likelihood", "positive", "sum_lists"]

Base = Literal["e", "2", "10"]
NATS: Mapping[str, float] = {"e": 1.0, "2": math.log(2), "10": math.log(10)}  # in the logarithm of each base
STATES = ("judged", "empty", "unjudged")


def likelihood(
    log_probabilities: Column,
    *,
    base: Base = "e",
    null_values: Sequence[float] | None = None,
    name: str = "likelihood",
) -> Family:
    """The family of token log-probabilities: how many tokens answers have, and the exact sum of their -ln p in nats.

    Parameters
    ----------
    log_probabilities
        Column of lists of numbers: of each answer the logarithms of the probabilities of its tokens. A null list means:
        not known. Null and NaN in a list, as servers give for a first token, are no tokens.
    base
        What the logarithms are to.
    null_values
        Numbers in the lists that mean null, such as ``[-9999]``.
    name
        Tells several families of one scan apart: ``counts.metrics("answers.perplexity")``.

    Notes
    -----
    A row is ``judged`` where its list has a token, ``empty`` where it has none, and ``unjudged`` where it is null. The
    sum is exact, so the order of rows, threads and merges change no bit: each token is rounded once to a multiple of
    2**-72 nats. A log-probability of minus infinity is a token that was impossible: ``nll`` and ``perplexity`` are
    infinite where a group has one, and its other cells stay what they are.

    Raises
    ------
    SchemaError
        An unknown base; ``null_values`` of another kind than the items, when it counts.
    DataError
        While counting: a log-probability above 0, or a sum that is too large.

    >>> import fastmetrics as fm, polars as pl
    >>> log = pl.DataFrame({"logprobs": [[-0.5, -1.5], [-1.0], [], None]})
    >>> fm.count(log, fm.likelihood("logprobs")).metrics("nll", "tokens_per_row").row(0)
    (4, 0.75, 1.0, 1.5)
    """
    nulls = check_nulls(null_values)
    return Family(
        kind="likelihood",
        name=name,
        maker=likelihood,
        roles=(Role("log_probabilities", log_probabilities, "list of number", null_values=nulls),),
        cells=(
            *(Cell(state) for state in STATES),
            Cell("tokens", "count"),
            Cell("impossible", "count"),
            Cell("nats", "exact"),
        ),
        rows=partial(rows, column=column_name(log_probabilities), unit=NATS[check_base(base)], name=name),
        metrics=METRICS,
        arguments={"log_probabilities": log_probabilities, "base": base, "name": name, **null_arguments(nulls)},
        constants=("base", *null_arguments(nulls)),
        headline=("nll", "perplexity"),
        rates=RATES,
    )


def check_base(base: str) -> str:
    """A base that there is, or an error."""
    if base not in get_args(Base):
        raise SchemaError(unknown("base", base, get_args(Base)))
    return base


class ListSums(NamedTuple):
    """The sums of lists of log-probabilities, a row each.

    Attributes
    ----------
    counts
        Int64: tokens, and those among them that were impossible.
    limbs
        Int64: the three limbs of the exact sum of -ln p of the others, in nats.
    reach
        The magnitudes in all of what was added.
    largest
        The largest log-probability of all.
    """

    counts: Integers
    limbs: Integers
    reach: float
    largest: float


def sum_lists(lists: Lists, unit: float) -> ListSums:
    """The sums of lists of log-probabilities, of each ``unit`` nats; NaN is no token."""
    counts, limbs, reach = np.empty((len(lists), 2), np.int64), np.empty((len(lists), 3), np.int64), np.zeros(1)
    assert isinstance(lists.values, np.ndarray)
    items = np.ascontiguousarray(widened(lists.values))
    largest = kernels.likelihood.sum_tokens(lists.offsets, items, unit, counts.reshape(-1), limbs.reshape(-1), reach)
    return ListSums(counts, limbs, float(reach[0]), float(largest))


def rows(roles: Mapping[str, Lists], column: str, unit: float, name: str) -> Rows:
    """The index in STATES of each row, and its tokens and their sum."""
    lists = roles["log_probabilities"]
    sums = sum_lists(lists, unit)
    if sums.largest > 0:
        raise DataError(
            positive(f"column {column!r}", f"{sums.largest:g}"),
            expression(column).list.eval(pl.element() > 0).list.any(),
        )
    if sums.reach >= MOST_SUM:
        raise DataError(exact_overflow("nats", name, sums.reach, int(sums.counts[:, 0].sum())))
    empty = sums.counts[:, 0] == 0
    unjudged = lists.valid == 0 if len(lists.valid) else np.zeros(len(lists), bool)

    def add(to: Accumulators) -> None:
        add_counts = kernels.cells.add_counts
        add_counts(to.fields, to.ranges, sums.counts, to.counts, to.reach)
        add_counts(to.fields, to.ranges, sums.limbs, to.exacts, np.zeros(3))
        to.exact_reach[0] += sums.reach

    return Rows(
        states=lambda: np.where(unjudged, 2, empty).astype(np.uint8),
        counts=lambda: sums.counts,
        exacts=lambda: sums.limbs,
        add=add,
    )


def positive(where: str, what: str) -> str:
    """The text of the error of a log-probability above 0."""
    return (
        f"{where} holds {what}; a log-probability is at most 0: give the logarithms of probabilities, "
        "neither the probabilities nor negative logarithms"
    )


def nats(c: Any) -> Any:
    """-ln p of all tokens: infinite where one was impossible."""
    return np.where(np.asarray(c.impossible) > 0, inf, c.nats)


def exponential(x: float) -> float:
    """e**x as Python has it, infinite where no float is so large."""
    try:
        return math.exp(x)
    except OverflowError:
        return inf


def perplexity(c: Any) -> Floats:
    found: Floats = np.vectorize(exponential, otypes=[np.float64])(divide(nats(c), c.tokens))
    return found


def tokens(c: Any) -> Any:
    return c.tokens


def judged(c: Any) -> Any:
    return c.judged


def listed_rows(c: Any) -> Any:
    return c.judged + c.empty


def every_row(c: Any) -> Any:
    return listed_rows(c) + c.unjudged


RATES = (
    Rate("empty_rate", lambda c: c.empty, listed_rows, "answers without a token", untold=True),
    Rate("unjudged_rate", lambda c: c.unjudged, every_row, "rows without log-probabilities", untold=True),
)
# fmt: off
METRICS: tuple[Metric, ...] = (
    Metric("nll", nats, tokens, "ratio", range=(0, inf), better="lower", scale="nats",
           aliases=("cross_entropy", "negative_log_likelihood"), source="mean of -ln p over tokens, in nats"),
    Metric("nll_per_row", nats, judged, "ratio", range=(0, inf), better="lower", scale="nats",
           source="mean over answers with a token of the sum of -ln p, in nats"),
    Metric("bits_per_token", lambda c: nats(c) / math.log(2), tokens, "ratio", range=(0, inf), better="lower",
           scale="bits", source="mean of -log2 p over tokens"),
    Metric("perplexity", perplexity, lambda c: c.tokens > 0, range=(1, inf), better="lower", scale="ratio",
           aliases=("ppl",), source="exp(nll)"),
    Metric("tokens_per_row", tokens, judged, "ratio", range=(0, inf), better=None, scale="tokens",
           source="mean number of tokens of answers with a token"),
    Metric("answer_rate", listed_rows, every_row, "proportion",
           source="share of rows with a list"),
    Metric("empty_rate", lambda c: c.empty, listed_rows, "proportion", better="lower",
           source="share of lists without a token"),
)
# fmt: on
