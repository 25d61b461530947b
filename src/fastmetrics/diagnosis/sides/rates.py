"""The rates that are searched for changes, of all families together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastmetrics.contract.capabilities import Rate
from fastmetrics.contract.family import Family
from fastmetrics.metric import Metric

__all__ = ["late", "rates_of", "rows_of", "subject", "told_apart"]

LATE = "unlabelled_rate"  # at the end of a log labels are on their way
MISSING = {LATE, "unpredicted_rate", "unscored_rate"}  # of values that are not there
SYNONYMS = {"unscored_rate": "unpredicted_rate"}  # of which only the one that comes first is searched


def rates_of(families: Sequence[Family], asked: Sequence[Metric]) -> list[Rate]:
    """The rates to search in Counts of some families whatever they hold, and those of the metrics asked for besides.

    A rate of tags that several families have is taken from the first; others are told apart. One that is searched
    anyway, under whatever name it is asked for, is searched once.
    """
    rates = dict[str, Rate]()
    for family in families:
        for rate in family.searched:
            taken = rate.name in rates
            name = f"{rate.name} of {family.name}" if taken and rate.untold else rate.name
            if name not in rates and SYNONYMS.get(name) not in rates:
                rates[name] = replace(rate, name=name, family=family.name)
    for metric in asked:
        if metric.name not in rates and all(metric.num is not rate.num for rate in rates.values()):
            rates[metric.name] = replace(Rate.of(metric), family=families[0].name, untold=False)
    return list(rates.values())


def subject(rate: Rate) -> tuple[str, ...]:
    """What a rate is about: rates of one subject that move in the same rows are one thing that happened."""
    if rate.untold:
        return rate.family, rate.about
    return ("missing",) if rate.name in MISSING else ()


def late(rate: Rate) -> bool:
    """Whether it is the rate of labels that are missing, as those of the latest rows are for a while."""
    return rate.name == LATE and not rate.untold


def rows_of(family: Family) -> Rate:
    """All rows of a family, as the numerator and the denominator of a rate that is 1."""

    def rows(c: Any) -> Any:
        return sum(getattr(c, state) for state in family.row_states)

    return Rate("rows", rows, rows, "rows", family=family.name)


def told_apart(rates: Sequence[Rate]) -> tuple[Rate, ...]:
    """Rates of several families with the family in their names, as two of them may hold the same classes."""
    alone = len({rate.family for rate in rates}) < 2
    return tuple(rate if alone else replace(rate, name=f"{rate.name} of {rate.family}") for rate in rates)
