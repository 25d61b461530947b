"""From rates that moved in places to findings: what moved in the same rows is one incident, and gets one tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, log
from typing import Any

import numpy as np

from fastmetrics.aliases import Floats, Mask
from fastmetrics.contract.capabilities import Rate
from fastmetrics.diagnosis.causes.outcome_tables import decisions, scores
from fastmetrics.diagnosis.causes.tags import TAGS, Move, Moves, Tag, rank_of
from fastmetrics.diagnosis.findings import Finding
from fastmetrics.diagnosis.search.localise import ChangedSlice, Search, localise
from fastmetrics.diagnosis.search.strata import Effect, Ratio
from fastmetrics.diagnosis.sides.pair import Pair
from fastmetrics.diagnosis.sides.rates import late, subject
from fastmetrics.diagnosis.split.kitagawa import decompose
from fastmetrics.diagnosis.wording import sentence

__all__ = ["Limits", "Measured", "LocatedFinding", "finding_of", "found_in", "measure", "rate_numbers"]

OVERLAP = 0.5  # share of the smaller slice's rows from which two places are one incident
TELLING = 0.05  # error rate of the rates that tell tags apart, in a slice already found
LEAST_PART = 0.1  # of an incident's strongest evidence: places with less do not decide what it is
TRACE = 0.02  # of the strongest evidence in a slice: rates with less are no part of what happened
MAJOR_EFFECT = 0.05  # smallest difference of a rate that makes a finding major
MAJOR_SHARE = 0.5  # smallest share of a change of the whole that makes a finding major


@dataclass(frozen=True)
class Limits:
    """What a finding must have: an error rate for the report, a least effect, a least number of rows.

    ``searches`` is how many searches share the error rate of the report, so p-values are multiplied by it.
    """

    alpha: float
    effect: float
    rows: int
    searches: float = 1.0

    def part(self, share: float) -> Limits:
        """A share of the error rate, for one kind of finding."""
        return replace(self, alpha=self.alpha * share)

    def among(self, searches: int) -> Limits:
        """The error rate of one of so many searches."""
        return replace(self, alpha=self.alpha / searches, searches=self.searches * searches)

    def p(self, p: float, tests: float = 1.0) -> float:
        """A p-value of one of so many tests in a search, adjusted for them and for all searches."""
        return min(1.0, p * tests * self.searches)


@dataclass(frozen=True)
class Measured:
    """A rate by leaf on both sides, and the search that knows how it varies without cause."""

    rate: Rate
    ratio: Ratio
    search: Search  # at the error rate TELLING


@dataclass(frozen=True)
class Moved:
    """A rate that moved somewhere."""

    measured: Measured
    place: ChangedSlice


@dataclass(frozen=True)
class LocatedFinding:
    """A finding and the leaves it is about."""

    finding: Finding
    leaves: Mask


def measure(pair: Pair, rates: Sequence[Rate]) -> dict[str, Measured]:
    """The rates of two Counts by name."""
    return {
        rate.name: Measured(rate, pair.ratio(rate), Search(pair.lattice, pair.dispersion(rate), TELLING))
        for rate in rates
    }


def found_in(pair: Pair, measured: Mapping[str, Measured], limits: Limits) -> list[LocatedFinding]:
    """The findings of rates that moved, one an incident; ``limits.alpha`` is divided evenly over the rates."""
    alpha = limits.alpha / max(len(measured), 1)
    moved = [
        Moved(one, place)
        for one in measured.values()
        for place in localise(one.search.at(alpha / one.rate.among), one.ratio)
        if matters(one.ratio.of(place.leaves), place.effect, limits)
    ]
    found = (finding_in(pair, group, measured, limits) for group in incidents(moved, pair.total))
    return [one for one in found if one is not None]


def matters(ratio: Ratio, effect: Effect, limits: Limits) -> bool:
    """Whether a change is large enough, in enough rows, for a person to be told."""
    return abs(effect.difference) >= limits.effect and ratio.nc.sum() >= limits.rows


def incidents(moved: Sequence[Moved], rows: Floats) -> list[list[Moved]]:
    """Places grouped by the rows they share, the strongest first in each group and among groups."""
    groups: list[list[Moved]] = []
    for one in sorted(moved, key=lambda one: -one.place.score):
        for group in groups:
            if any(together(one, other, rows) for other in group):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def together(a: Moved, b: Moved, rows: Floats) -> bool:
    """Whether two places are about one thing: they share rows enough, and the subject of their rates."""
    if subject(a.measured.rate) != subject(b.measured.rate):
        return False
    mine, theirs = a.place.leaves, b.place.leaves
    return bool(rows[mine & theirs].sum() >= OVERLAP * min(rows[mine].sum(), rows[theirs].sum()))


def finding_in(
    pair: Pair, group: Sequence[Moved], measured: Mapping[str, Measured], limits: Limits
) -> LocatedFinding | None:
    """The finding of an incident: the first tag of the table that fits in one of its places; None where none does.

    A cause shows in several rates, and not in each where it shows best: flipped labels move the prevalence most where
    hardly any were positive, and there neither misses nor false alarms can be told.
    """
    about = subject(group[0].measured.rate)
    of_subject = {name: one for name, one in measured.items() if subject(one.rate) == about}
    best: tuple[int, Moved, Moves] | None = None
    seen = set()
    for one in group:
        if one.place.cell not in seen and one.place.score >= LEAST_PART * group[0].place.score:
            seen.add(one.place.cell)
            moves = moves_in(pair, one.place, of_subject)
            rank = rank_of(moves)
            if rank is not None and (best is None or rank < best[0]):
                best = rank, one, moves
    if best is None:
        return None
    rank, one, moves = best
    tag = TAGS[rank]
    names = tag.shown(moves)
    showing = [other for name in names for other in group if other.measured.rate.name == name]
    one = next(iter(showing), one)  # it shows the tag best
    shown = shown_rate(names, one, moves, of_subject)
    p = limits.p(one.place.p, len(measured) * one.measured.rate.among)
    return LocatedFinding(finding_of(pair, tag, shown, one.place, p), one.place.leaves)


def moves_in(pair: Pair, place: ChangedSlice, measured: Mapping[str, Measured]) -> Moves:
    """Every rate in one slice: which way it moved, if beyond chance and not as a mere trace of what moved most."""
    evidence = {name: one.search.likelihood_ratio(one.ratio, place.cell) for name, one in measured.items()}
    enough = max(log(len(measured) / TELLING), TRACE * max(evidence.values()))
    rates = {}
    for name, one in measured.items():
        held = one.ratio.of(place.leaves)
        leaning = int(np.sign(held.u.sum()))
        direction = leaning if evidence[name] >= enough else 0
        rows = float(held.kc.sum()), float(held.nc.sum())
        rates[name] = Move(direction, held.before, held.now, *rows, evidence[name], leaning, one.rate.untold)
    return Moves(rates, decisions(pair, place.leaves), scores(pair, place.leaves))


def shown_rate(names: Sequence[str], one: Moved, moves: Moves, measured: Mapping[str, Measured]) -> Measured:
    """The rate that a finding shows: the one that was found if it shows the tag, else the first that does and moved."""
    by_move = [measured[name] for name in names if not moves.rates[name].still]
    return one.measured if one.measured.rate.name in names or not by_move else by_move[0]


def finding_of(pair: Pair, tag: Tag, one: Measured, place: ChangedSlice, p: float, phrase: str = "") -> Finding:
    """A tag with the numbers of one rate in one slice; ``phrase`` says more than the tag's own."""
    effect = one.search.effect(one.ratio, place.cell)
    numbers = rate_numbers(one.ratio, place.leaves, effect)
    share = numbers["contribution"]
    whole = one.ratio.now - one.ratio.before
    major = not late(one.rate) and (
        abs(effect.difference) >= MAJOR_EFFECT
        or (share is not None and share >= MAJOR_SHARE and abs(whole) >= MAJOR_EFFECT / 5)
    )
    since, until = pair.span(one.rate, place.leaves)
    finding = Finding(
        tag=tag.name,
        severity="info" if tag.name == "improvement" else "major" if major else "minor",
        metric=one.rate.name,
        sentence="",
        advice=tag.advice,
        model=pair.model,
        slice=pair.lattice.predicate(place.cell),
        since=since,
        until=until,
        p=p,
        score=place.score,
        **numbers,
    )
    return sentence(finding, phrase or tag.phrase, one.rate.words)


def rate_numbers(ratio: Ratio, inside: Mask, effect: Effect) -> dict[str, Any]:
    """The fields of a finding that say what a rate did in some leaves."""
    held = ratio.of(inside)
    errors, all_errors = held.kc.sum(), ratio.kc.sum()
    return {
        "baseline": effect.before,
        "current": effect.now,
        "difference": effect.difference,
        "low": effect.low,
        "high": effect.high,
        "rows": int(held.nc.sum()),
        "errors": int(errors),
        "error_share": float(errors / all_errors) if all_errors else None,
        "contribution": contribution(ratio, inside),
    }


def contribution(ratio: Ratio, inside: Mask) -> float | None:
    """The part of the change of the whole rate that lies in some leaves; None where the whole did not change."""
    found = decompose(ratio.kb, ratio.nb, ratio.kc, ratio.nc)
    return found.over(inside)["contribution"] / found.total if isfinite(found.total) and found.total else None
