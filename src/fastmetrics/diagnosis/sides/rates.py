"""The rates that are searched for changes, of all families together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastmetrics.contract.capabilities import Rate
from fastmetrics.contract.family import Family
from fastmetrics.metric import Metric

__all__ = ["MISSING", "rates_of", "rows_of", "told_apart"]

MISSING = {"unlabelled_rate", "unpredicted_rate", "unscored_rate"}  # of values that are not there
SYNONYMS = {"unscored_rate": "unpredicted_rate"}  # of which only the one that comes first is searched


def rates_of(families: Sequence[Family], asked: Sequence[Metric]) -> list[Rate]:
    """The rates to search in Counts of some families whatever they hold, and those of the metrics asked for besides.

    A rate that several families have is taken from the first. One that is searched anyway, under whatever name it is
    asked for, is searched once.
    """
    rates = dict[str, Rate]()
    for family in families:
        for rate in family.searched:
            if rate.name not in rates and SYNONYMS.get(rate.name) not in rates:
                rates[rate.name] = replace(rate, family=family.name)
    for metric in asked:
        if metric.name not in rates and all(metric.num is not rate.num for rate in rates.values()):
            rates[metric.name] = replace(Rate.of(metric), family=families[0].name, untold=False)
    return list(rates.values())


def rows_of(family: Family) -> Rate:
    """All rows of a family, as the numerator and the denominator of a rate that is 1."""

    def rows(c: Any) -> Any:
        return sum(getattr(c, state) for state in family.row_states)

    return Rate("rows", rows, rows, "rows", family=family.name)


def told_apart(rates: Sequence[Rate]) -> tuple[Rate, ...]:
    """Rates of several families with the family in their names, as two of them may hold the same classes."""
    alone = len({rate.family for rate in rates}) < 2
    return tuple(rate if alone else replace(rate, name=f"{rate.name} of {rate.family}") for rate in rates)
