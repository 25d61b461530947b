"""`fastmetrics.diagnose`: two Counts in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from fastmetrics.aliases import Floats, Mask
from fastmetrics.contract.capabilities import Rate
from fastmetrics.contract.family import Family
from fastmetrics.diagnosis.causes.incidents import Limits, LocatedFinding, found_in, measure
from fastmetrics.diagnosis.causes.mix_shift import mix_finding, mix_in
from fastmetrics.diagnosis.causes.overall import wholes_in
from fastmetrics.diagnosis.causes.volumes import missing_windows, total_changed, volumes_in
from fastmetrics.diagnosis.findings import Diagnosis, Finding
from fastmetrics.diagnosis.holdout import Sides, estimated, halves
from fastmetrics.diagnosis.search.localise import Search
from fastmetrics.diagnosis.search.overdispersion import independent
from fastmetrics.diagnosis.sides.pair import Pair, Sums, paired, sums_of
from fastmetrics.diagnosis.sides.rates import late, rates_of
from fastmetrics.diagnosis.spans.baseline_cut import best_border
from fastmetrics.diagnosis.spans.bursts import of_period, passing, while_it_lasted
from fastmetrics.diagnosis.spans.volume_periods import passing_volumes
from fastmetrics.errors import SchemaError, listed, unknown
from fastmetrics.face import Counts
from fastmetrics.families import KINDS
from fastmetrics.forks import check_process
from fastmetrics.metric import Metric, find
from fastmetrics.reading.cells import check_whole
from fastmetrics.report.findings import SEVERITIES
from fastmetrics.state.merging import align_keys
from fastmetrics.wording import readable

__all__ = ["diagnose"]

# How the error rate of a report is divided. Dates add nothing: they are estimated only where a slice was found.
SHARES = {"rates": 0.5, "periods": 0.2, "volumes": 0.2, "mix": 0.1}
SAME = 0.5  # of the rows that two findings are about: they are one incident
MOST_VALUES = 10_000  # of a key: more are an identity rather than a slice


def diagnose(
    current: Counts,
    *,
    baseline: Counts | None = None,
    slices: Sequence[str] | None = None,
    per: str | None = "model",
    fold: str | None = None,
    metrics: Sequence[str | Metric] = (),
    alpha: float = 0.05,
    min_effect: float = 0.01,
    min_rows: int = 100,
) -> Diagnosis:
    """What went wrong, where, since when and how much of the change it makes up, from two Counts.

    Every conjunction of key values is searched for rates that changed within its leaves, so neither base rates that
    differ between slices nor a shift of rows between them looks like a fault. What moved in the same rows is one
    incident with one tag. Volumes, shifts of mix and empty windows are looked at as well. Only cells are read.

    Parameters
    ----------
    current, baseline
        Counts of families with rates, such as binary, scores and classes, of two times, two versions, two regions.
        Without ``baseline``
        the windows of ``current`` are cut where the evidence for a change is strongest.
    slices
        The keys that slices are made of; by default all keys that both Counts hold.
    per
        A key diagnosed value by value, if it is there.
    fold
        A key of two values that has nothing to do with the rows, such as a bit of a hash of their id. The rows of the
        lower value are searched; baseline, current, difference and rows are of the others, and the bounds are the
        ordinary 95 % interval, as these rows did not choose the slice. It costs half the rows of the search.
    metrics
        Proportions of the first family to search besides the usual rates, by name or as rows: those of a family whose
        table counts them, as that of `binary` does.
    alpha
        The chance that a report names anything where nothing changed. It is divided over models, over rates (0.5),
        rates and volumes in parts of the current windows (0.2), volumes (0.2) and mix (0.1), and over all slices.
    min_effect, min_rows
        Changes of a rate below ``min_effect`` and slices with fewer current rows of its denominator are not reported.

    Returns
    -------
    Diagnosis
        Findings, most important first; empty where nothing happened. Rows are taken as independent within windows;
        with 5 windows of baseline or more, slices that vary more than that from window to window must show more.

    Raises
    ------
    SchemaError
        Counts without a common family that has rates, with grouping sets, with other windows than the baseline, or
        without windows where there is no baseline; an unknown key or metric; a fold that has not exactly two values; a
        side that is a difference.

    >>> import fastmetrics as fm
    >>> log = {"label": [1] * 4000, "pred": [1] * 3800 + [0] * 200, "country": ["BR", "DE"] * 2000}
    >>> before = fm.count(log, fm.binary("label", "pred"), by="country")
    >>> faulty = log | {"pred": [i % 100 < 95 and (i % 2 == 1 or i % 5 > 0) for i in range(4000)]}
    >>> found = fm.diagnose(fm.count(faulty, fm.binary("label", "pred"), by="country"), baseline=before)
    >>> found[0].tag, found[0].slice
    ('fn_surge', {'country': 'BR'})
    """
    check_process()
    check(alpha, min_effect, min_rows)
    before = current if baseline is None else baseline
    check_whole(current)
    check_whole(before)
    notes = ["rows assumed independent within windows"]
    families, keys = shared(current, before, notes)
    if baseline is None and current.layout.windows is None:
        raise SchemaError("diagnose() without baseline= needs Counts with windows: count with time= and every=")
    sides, held = Sides(current, before), None
    if fold is not None:
        sides, held = halves(sides, keys, fold, notes)
        keys = [key for key in keys if key != fold]
    versions = {} if baseline is None else contrast(sides, keys)
    notes += [f"compares {key} {readable(now)} with {readable(then)}" for key, (then, now) in versions.items()]
    keys = [key for key in keys if key not in versions]
    dims = [key for key in chosen(slices, keys) if key != per]
    rates = rates_of(families, asked(current, families, metrics))
    question = Question(families, dims, rates, baseline is None, bool(versions), notes)
    models = list(by_model(sides, held, per if per in keys else None, notes))
    limits = Limits(alpha, min_effect, min_rows).among(max(len(models), 1))
    groups = [group for model in models for group in groups_of(question, model, limits)]
    windows = current.layout.windows
    zone = "UTC" if windows is None else windows.time_zone
    return Diagnosis(tuple(numbered(groups)), tuple(dict.fromkeys(notes)), zone)


@dataclass(frozen=True)
class Question:
    """What is asked of every model.

    Attributes
    ----------
    cut
        Whether one series of windows is to be cut into baseline and current.
    versions
        Whether the sides are two versions rather than two times.
    notes
        To which is added what a reader must know.
    """

    families: Sequence[Family]
    dims: Sequence[str]
    rates: Sequence[Rate]
    cut: bool
    versions: bool
    notes: list[str]


@dataclass(frozen=True)
class Model:
    """A value of the key ``per``, None without one, with its part of both sides and of the rows held out."""

    name: Any
    sides: Sides
    held: Sides | None


def groups_of(question: Question, model: Model, limits: Limits) -> list[list[Finding]]:
    """The findings of one model, those about the same rows in a group."""
    windows, (current, baseline) = model.sides.windows, model.sides
    dims = few_valued(model.sides, question)
    after = sums_of(current, question.families, dims, windows is not None)
    before = after if question.cut else sums_of(baseline, question.families, dims, windows is not None)
    start = None
    if question.cut:
        cut = best_cut(question, model, after, limits)
        if cut is None:
            return []
        start, tried = cut
        before, after, limits = after.before(start), after.since(start), limits.among(tried)
    pair = paired(before, after, question.rates, model.name)
    located = located_in(pair, limits, versions=question.versions)
    if windows is not None and not question.versions:
        located += missing_windows(pair, windows)
    if model.held is not None and located:
        other = held_pair(question, model.held, dims, start)
        located = [replace(one, finding=estimated(other, one.finding)) for one in located]
    return [[one.finding for one in group] for group in grouped(located, pair.total)]


def held_pair(question: Question, held: Sides, dims: Sequence[str], start: datetime | None) -> Pair:
    """The rows held out, cut where those that are searched were."""
    now, then = (sums_of(side, question.families, dims, held.windows is not None) for side in held)
    if start is not None:
        then, now = now.before(start), now.since(start)
    return paired(then, now, question.rates)


def best_cut(question: Question, model: Model, whole: Sums, limits: Limits) -> tuple[datetime, int] | None:
    """The start of the current windows of a series, and how many were tried; None where no slice changed."""
    who = "" if model.name is None else f"{readable(model.name)}: "
    pair = paired(whole, whole, question.rates)
    rates = [rate for rate in pair.rates if not late(rate)]
    search = Search(pair.lattice, independent(), limits.alpha * SHARES["rates"] / max(len(pair.rates), 1))
    cut, tried = best_border(pair, rates, search)
    if cut is None:
        question.notes.append(f"{who}no slice changed at any time")
        return None
    start: datetime = pair.windows[cut]
    question.notes.append(f"{who}cut at {start}, where the evidence is strongest ({tried} cuts tried)")
    return start, tried


def check(alpha: float, min_effect: float, min_rows: int) -> None:
    """Refuse numbers out of their range."""
    if not 0 < alpha < 1:
        raise SchemaError(f"alpha={alpha!r} is an error rate; expected a number between 0 and 1, such as 0.05")
    if not 0 <= min_effect < 1:
        raise SchemaError(f"min_effect={min_effect!r} is a difference of rates; expected a number from 0 up to below 1")
    if min_rows < 0:
        raise SchemaError(f"min_rows={min_rows!r} is a number of rows; expected 0 or more")


def chosen(slices: Sequence[str] | None, keys: Sequence[str]) -> list[str]:
    """The keys of slices."""
    if slices is None:
        return list(keys)
    wanted = [slices] if isinstance(slices, str) else list(slices)
    for key in wanted:
        if key not in keys:
            raise SchemaError("slices=: " + unknown("key", key, keys))
    return wanted


def asked(counts: Counts, families: Sequence[Family], metrics: Sequence[str | Metric]) -> list[Metric]:
    """The rows of metrics asked for: proportions, whose events are rows among rows."""
    found = []
    for wanted in [metrics] if isinstance(metrics, (str, Metric)) else metrics:
        metric = find(wanted, families[0].metrics)
        if metric.kind != "proportion" or not families[0].row_proportions:
            raise SchemaError(
                f"metric {metric.name!r} of family {families[0].name!r} is not a proportion of rows that its "
                "table counts; diagnose() searches rates of k in n rows, and decompose() splits the change of any ratio"
            )
        found.append(metric)
    return found


def located_in(pair: Pair, limits: Limits, *, versions: bool) -> list[LocatedFinding]:
    """Everything found of one model; the error rate is divided as SHARES says."""
    part = {name: limits.part(share) for name, share in SHARES.items()}
    one = part["periods"].part(1 / (len(pair.rates) + 1))  # of each rate, and of the volumes
    of_rates = one.part(len(pair.rates))
    measured = measure(pair, pair.rates)
    moved = found_in(pair, measured, part["rates"])
    if not versions:
        moved = while_it_lasted(pair, moved or passing(pair, measured, of_rates), measured, of_rates)
    if moved:
        moved += wholes_in(pair, measured, part["rates"], versions=versions)
    mix = None if moved else mix_in(pair, measured, part["mix"])
    whole = mix is not None and total_changed(pair, part["volumes"])
    # Where rows moved between slices and the total stayed, the volumes are how the mix shifted, else the mix follows.
    mixed = [] if mix is None else [mix_finding(pair, mix, "info" if whole else "minor")]
    volumes = [] if versions else volumes_in(pair, part["volumes"], "info" if mixed and not whole else None)
    if not (volumes or mixed or versions):
        passed, windows = passing_volumes(pair, one)
        volumes = [of_period(pair, told, pair.volume_span(told.leaves), windows) for told in passed]
    return [*moved, *mixed, *volumes]


def grouped(told: Sequence[LocatedFinding], rows: Floats) -> list[list[LocatedFinding]]:
    """Findings about the same rows together, the most important first in each group."""
    groups: list[list[LocatedFinding]] = []
    for one in sorted(told, key=lambda one: importance(one.finding)):
        for group in groups:
            if overlap(group[0].leaves, one.leaves, rows) >= SAME:
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def overlap(a: Mask, b: Mask, rows: Floats) -> float:
    """The share of rows of either that both hold."""
    return float(rows[a & b].sum() / max(rows[a | b].sum(), 1.0))


def importance(finding: Finding) -> tuple[int, float]:
    """What findings are sorted by: severity, then evidence."""
    return SEVERITIES.index(finding.severity), -finding.score


def numbered(groups: Sequence[Sequence[Finding]]) -> list[Finding]:
    """All findings with the number of their incident, most important first."""
    ranked = sorted(groups, key=lambda group: importance(group[0]))
    return [replace(finding, incident=number) for number, group in enumerate(ranked, 1) for finding in group]


def shared(current: Counts, baseline: Counts, notes: list[str]) -> tuple[list[Family], list[str]]:
    """The families and keys that both Counts hold."""
    theirs = {family.name: family for family in baseline.layout.families}
    families = [
        family
        for family in current.layout.families
        if family.rates != () and family.name in theirs and family.agreement == theirs[family.name].agreement
    ]
    if not families:
        held = [f"{family.name} ({family.kind})" for family in current.layout.families]
        raise SchemaError(
            "diagnose() needs a family with rates to search, as binary(), scores() and classes() make, that both "
            f"Counts hold; current holds {listed(held)}"
        )
    windows, its = current.layout.windows, baseline.layout.windows
    if windows is not None and its is not None and windows.reduced != its.reduced:
        raise SchemaError(
            f"diagnose() compares windows of one kind; current has {windows} and the baseline {its}; count both alike, "
            "or roll them up"
        )
    for counts in (current, baseline):
        if counts.layout.grouping_sets is not None:
            raise SchemaError("diagnose() needs the crossed keys; pick one with counts.grouping(...)")
    keys = [key for key in current.layout.keys if key in baseline.layout.keys]
    align_keys([side.tables[families[0].name] for side in (current, baseline)], keys)
    lone = [key for key in (*current.layout.keys, *baseline.layout.keys) if key not in keys]
    if lone:
        notes.append(f"compared on the keys that both Counts hold; left out: {listed(lone)}")
    first, further = shadows(families)
    if further:
        notes.append(f"rates that several families have are those of {listed(first)}; not of {listed(further)}")
    if current.layout.weighted:
        notes.append("weights are left aside: diagnosed on row counts")
    order = [*KINDS]
    return sorted(families, key=lambda one: order.index(one.kind) if one.kind in order else len(order)), keys


def shadows(families: Sequence[Family]) -> tuple[list[str], list[str]]:
    """Of kinds of which several families have a rate of tags of one name: the first families, and the others."""
    first, further = dict[str, Family](), list[Family]()
    for family in families:
        earlier = first.setdefault(family.kind, family)
        if earlier is not family and told_names(earlier) & told_names(family):
            further.append(family)
    kinds = {family.kind for family in further}
    return [one.name for kind, one in first.items() if kind in kinds], [family.name for family in further]


def told_names(family: Family) -> set[str]:
    """The names of the rates that tags know; others of one name are told apart by their families."""
    return {rate.name for rate in family.searched if not rate.untold}


def contrast(sides: Sides, keys: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """The keys that have one value on each side, and another one: two versions, two models, two regions."""
    found = {}
    for key in keys:
        now, then = (values_of(counts, key) for counts in sides)
        if len(then) == len(now) == 1 and then[0] != now[0]:
            found[key] = then[0], now[0]
    return found


def by_model(sides: Sides, held: Sides | None, per: str | None, notes: list[str]) -> Iterator[Model]:
    """Each model that both sides hold, with its part of each."""
    if per is None:
        yield Model(None, sides, held)
        return
    mine, theirs = (values_of(counts, per).sort(nulls_last=True).to_list() for counts in sides)
    both = [value for value in mine if value in theirs]
    lone = [value for value in (*mine, *theirs) if value not in both]
    if lone:
        notes.append(f"{per} {listed(lone)} is on one side only and was not compared")
    for value in both:
        yield Model(value, sides.of(per, value), None if held is None else held.of(per, value))


def values_of(counts: Counts, key: str) -> pl.Series:
    """The distinct values of a key."""
    return counts.tables[counts.layout.families[0].name][key].alias("").unique()


def few_valued(sides: Sides, question: Question) -> list[str]:
    """The keys with few enough values to be slices."""
    kept = []
    for dim in question.dims:
        values = max(len(values_of(counts, dim)) for counts in sides)
        if values > MOST_VALUES:
            question.notes.append(f"key {dim!r} has {values:,} values and is left out of the slices")
        else:
            kept.append(dim)
    return kept
