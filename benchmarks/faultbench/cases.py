"""Cases: a log with windows, and what was done to it; the same seed gives the same case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

import fastmetrics as fm
from benchmarks.faultbench.faults import (
    KINDS,
    MAGNITUDES,
    PROFILES,
    WINDOWS,
    Fault,
    Rows,
    expected,
    inject,
    levels,
    rescored,
)
from benchmarks.faultbench.logs import NULL, Log, Predicate
from benchmarks.faultbench.measures import denominator, numerator
from fastmetrics.face import Counts
from fastmetrics.state.layout import WINDOW

__all__ = ["BANDS", "NULLS", "START", "Case", "fault_case", "null_case", "spans"]

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000
BANDS: Mapping[str, tuple[float, float]] = {"200-1k": (200, 1e3), "1k-10k": (1e3, 1e4), ">10k": (1e4, np.inf)}
NULLS = ("exchangeable", "real time, cut", "real time, dealt", "mix only")
TRIES = 200  # of roots that fit the band, before any that have its least rows are taken
CONFOUNDERS = 6  # the values that rates depend on most, from which those of mix shifts are drawn
LEAST_CHANGE = 0.1  # of a rate of the fault, beside its magnitude: what changes less is no fault
APART = 0.5  # of the rows of any slice that holds several roots: if they are more of it, it is the shorter answer


@dataclass(frozen=True)
class Case:
    """A log whose rows have windows, and a fault or none.

    ``dealt`` holds the windows of the current side where they are not those from tau on. ``rows`` counts the rows of
    the fault's rate in its slices and windows.
    """

    seed: int
    log: Log
    track: str
    window: NDArray[np.int64]
    tau: int
    fault: Fault | None = None
    band: str = ""
    rows: float = 0.0
    dealt: tuple[int, ...] = ()

    @property
    def tag(self) -> str:
        """The class of the right answer; empty for no finding."""
        return self.fault.tags[0] if self.fault else ""

    @cached_property
    def injected(self) -> Rows:
        return inject(self.log, self.window, self.fault)

    @property
    def current(self) -> NDArray[np.bool_]:
        """Which windows are the current ones."""
        if self.dealt:
            return np.isin(np.arange(WINDOWS), self.dealt)
        return np.arange(WINDOWS) >= self.tau

    @cached_property
    def counts(self) -> Counts:
        """Of the whole time."""
        return counted(self.log, self.injected)

    @cached_property
    def sides(self) -> tuple[Counts, Counts]:
        """Baseline and current."""
        starts = [START + timedelta(days=int(at)) for at in np.flatnonzero(self.current)]
        now = pl.col(WINDOW).is_in(pl.Series(starts, dtype=pl.Datetime("us", "UTC")).implode())
        return self.counts.filter(~now), self.counts.filter(now)


def counted(log: Log, rows: Rows) -> Counts:
    """The rows as a user would count them."""

    def known(codes: NDArray[np.int8]) -> pl.Series:
        column = pl.Series(codes, dtype=pl.Int8)
        return column.set(column == NULL, None) if (codes == NULL).any() else column

    whole = len(rows.keys) == len(log) and bool((rows.keys == np.arange(len(log))).all())
    frame = log.key_frame if whole else log.key_frame[rows.keys]
    frame = frame.with_columns(
        time=pl.Series(rows.window * DAY).cast(pl.Duration("us")) + START,
        label=known(rows.label),
        pred=known(rows.prediction),
        score=pl.Series(rows.score),
    )
    families = [fm.binary("label", "pred")]  # without predictions too: labels and volumes are in its cells
    families += [fm.scores("label", "score", bins=50)] if "score" in log.roles else []
    return fm.count(frame, *families, by=list(log.keys), time="time", every="1d")


def dealt(log: Log, rng: np.random.Generator) -> NDArray[np.int64]:
    """Windows dealt blindly."""
    return rng.integers(0, WINDOWS, len(log))


def in_order(log: Log, rng: np.random.Generator) -> NDArray[np.int64]:
    """Windows of real time, of as many rows each; rows of one moment lie in any order."""
    window = np.empty(len(log), np.int64)
    window[np.lexsort((rng.random(len(log)), log.moment))] = np.arange(len(log)) * WINDOWS // len(log)
    return window


@lru_cache(maxsize=16)
def regime(log: Log, at: int) -> Log:
    return log.part(np.flatnonzero(log.regime == at))


def stretch(log: Log, rng: np.random.Generator) -> Log:
    """A stretch of real time within which nothing is known to have changed."""
    return regime(log, int(rng.choice(np.unique(log.regime[log.regime >= 0]))))


def fault_case(log: Log, seed: int, kinds: Sequence[str] = ()) -> Case:
    """The case of a seed with one of the kinds, each in its turn."""
    usable = [name for name, kind in KINDS.items() if kind.needs <= log.roles and (not kinds or name in kinds)]
    rng = np.random.default_rng([seed, 11])
    kind = usable[seed % len(usable)]
    natural = log.timed and rng.random() < 1 / 3
    log = stretch(log, rng) if natural else log
    window = in_order(log, rng) if natural else dealt(log, rng)
    track = "natural" if natural else "exchangeable"
    tau, profile = int(rng.integers(20, 71)), str(rng.choice(list(PROFILES)))
    profile = "step" if KINDS[kind].steps else profile
    q = 1.0 if KINDS[kind].whole else float(rng.choice(MAGNITUDES))
    sign, layers, many = int(rng.choice([-1, 1])), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    band = str(rng.choice(list(BANDS)))
    if kind == "mix_only":
        root = confounders(log)[int(rng.integers(CONFOUNDERS))]
        fault = Fault(kind, (root,), tau, profile, q, sign, seed)
    else:
        many = 1 if band == ">10k" and profile == "pulse" else many
        roots = drawn_roots(log, Fault(kind, (), tau, profile, q, sign, seed), layers, many, band, rng)
        fault = Fault(kind, roots, tau, profile, q, sign, seed)
    rows = affected(log, fault)[fault.hit(log)].sum() / len(fault.roots)
    return Case(seed, log, track, window, tau, fault, band_of(rows), float(rows))


def null_case(log: Log, seed: int) -> Case:
    """The case of a seed without a fault: nothing happened but a shift of the mix at most."""
    rng = np.random.default_rng([seed, 13])
    track = NULLS[seed % len(NULLS)]
    tau = int(rng.integers(20, 71))
    if track.startswith("real") and log.timed:
        part = stretch(log, rng) if track.endswith("cut") else log
        chosen = rng.permutation(WINDOWS)[: WINDOWS - tau] if track.endswith("dealt") else ()
        return Case(seed, part, track, in_order(part, rng), tau, dealt=tuple(sorted(int(at) for at in chosen)))
    window = dealt(log, rng)
    if track != "mix only":
        return Case(seed, log, "exchangeable", window, tau)
    root = confounders(log)[int(rng.integers(CONFOUNDERS))]
    q = float(rng.choice(MAGNITUDES[2:]))
    return Case(seed, log, track, window, tau, Fault("mix_only", (root,), tau, "step", q, 1, seed))


def affected(log: Log, fault: Fault) -> NDArray[np.float64]:
    """The rows of the fault's rate in each leaf, in the windows that it touches."""
    share = float((levels(fault, np.arange(WINDOWS)) > 0).mean())
    return denominator(fault.rates[0], log.cells) * share


def band_of(rows: float) -> str:
    return next((name for name, (low, high) in BANDS.items() if low <= rows < high), "<200")


def drawn_roots(
    log: Log, fault: Fault, layers: int, many: int, band: str, rng: np.random.Generator
) -> tuple[Predicate, ...]:
    """Disjoint slices of ``layers`` keys through random rows, each with as many rows as the band says."""
    rows, (low, high) = affected(log, fault), BANDS[band]
    roots: list[Predicate] = []
    for attempt in range(3 * TRIES):
        if attempt >= TRIES and roots:
            break
        if attempt >= 2 * TRIES:
            low, high, layers = 200, np.inf, 1
        elif attempt >= TRIES:
            low, high = 200, np.inf
        row = int(rng.integers(len(log)))
        keys = np.sort(rng.choice(len(log.keys), min(layers, len(log.keys)), replace=False))
        root = tuple((int(key), int(log.codes[row, key])) for key in keys)
        inside = log.match(root)
        if not low <= rows[inside].sum() < high or any((inside & log.match(other)).any() for other in roots):
            continue
        if not one_slice(log, rows, [*roots, root]) and tells(log, replace(fault, roots=(root,)), inside):
            roots.append(root)
            if len(roots) == many:
                break
    return tuple(roots) or (root,)


def tells(log: Log, fault: Fault, inside: NDArray[np.bool_]) -> bool:
    """Whether a fault changes its slice at all: a collapse to 0 of predictions that are all 0 does not."""
    if fault.rates == ("rows",):
        return True
    if fault.row.scores == "slope":
        score = log.score[inside[log.leaf]]
        return bool(np.nanmean(np.abs(rescored(log, fault, score, 1.0)[0] - score)) >= LEAST_CHANGE * 0.5)
    rates = [rate for rate in fault.rates if not rate.endswith("score_rate")]
    was, now = log.cells[inside].sum(0), expected(log, fault, 1.0)[inside].sum(0)
    return any(
        abs(numerator(rate, now) / denominator(rate, now) - numerator(rate, was) / denominator(rate, was))
        >= LEAST_CHANGE * fault.q
        for rate in rates
        if denominator(rate, was) and denominator(rate, now)
    )


def one_slice(log: Log, rows: NDArray[np.float64], roots: Sequence[Predicate]) -> bool:
    """Whether slices together are most of a wider one: that is the better answer then."""
    for size in range(2, len(roots) + 1):
        for some in combinations(roots, size):
            together = np.any([log.match(root) for root in some], axis=0)
            wider = log.match(tuple(sorted(set.intersection(*map(set, some)))))
            if rows[together].sum() >= APART * rows[wider].sum():
                return True
    return False


@lru_cache(maxsize=16)
def ranked(log: Log) -> tuple[Predicate, ...]:
    found: dict[Predicate, float] = {}
    for key, values in enumerate(log.keys.values()):
        for value in range(len(values)):
            inside = log.match(((key, value),))
            share = log.cells[inside].sum() / log.cells.sum()
            if 0.02 < share < 0.98:
                found[((key, value),)] = strength(log, inside) * (share * (1 - share)) ** 0.5
    return tuple(sorted(found, key=lambda root: -found[root]))


def confounders(log: Log) -> tuple[Predicate, ...]:
    """The values that rates depend on most, padded to CONFOUNDERS of them."""
    found = ranked(log)
    return tuple(found[at % len(found)] for at in range(CONFOUNDERS))


def strength(log: Log, inside: NDArray[np.bool_]) -> float:
    """How far apart rates are inside and outside of a slice."""

    def rate(name: str, leaves: NDArray[np.bool_]) -> float:
        cells = log.cells[leaves].sum(0)
        return float(numerator(name, cells) / np.maximum(denominator(name, cells), 1))

    names = ("error_rate", "fnr", "fpr", "predicted_positive_rate", "prevalence")
    return sum(abs(rate(name, inside) - rate(name, ~inside)) for name in names)


def spans(ranges: str) -> Iterator[int]:
    """The numbers of "0:200" or "1,5,7"."""
    for part in filter(None, ranges.split(",")):
        first, colon, last = part.partition(":")
        yield from range(int(first), int(last)) if colon else [int(first)]
