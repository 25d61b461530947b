"""`fastmetrics.diagnose`: two Counts in, findings out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from fastmetrics.aliases import Floats, Mask
from fastmetrics.contract.family import Family
from fastmetrics.counts import Counts
from fastmetrics.diagnosis.causes.incidents import LATE, Limits, Told, found_in, measure
from fastmetrics.diagnosis.causes.mix_shift import mix_in
from fastmetrics.diagnosis.causes.overall import wholes_in
from fastmetrics.diagnosis.causes.volumes import missing_windows, total_changed, volumes_in
from fastmetrics.diagnosis.findings import SEVERITIES, Diagnosis, Finding
from fastmetrics.diagnosis.holdout import estimated, halves
from fastmetrics.diagnosis.search.localise import Search
from fastmetrics.diagnosis.search.overdispersion import independent
from fastmetrics.diagnosis.sides.pair import Pair, paired
from fastmetrics.diagnosis.sides.rates import KINDS, Rate, rates_of
from fastmetrics.diagnosis.spans.baseline_cut import best_border
from fastmetrics.diagnosis.spans.bursts import of_period, passing, while_it_lasted
from fastmetrics.diagnosis.spans.volume_periods import passing_volumes
from fastmetrics.errors import SchemaError, listed, unknown
from fastmetrics.forks import check_process
from fastmetrics.metrics import Metric, find
from fastmetrics.reading.cells import check_whole
from fastmetrics.state.layout import WINDOW
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
        Counts with a binary, scores or classes family, of two times, two versions, two regions. Without ``baseline``
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
        Proportions of the binary family to search besides the usual rates, by name or as rows.
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
        Counts without a common binary, scores or classes family, with grouping sets, or without windows where there is
        no baseline; an unknown key or metric; a fold that has not exactly two values; a side that is a difference.

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
    held = None
    if fold is not None:
        (current, before), held = halves((current, before), keys, fold, notes)
        keys = [key for key in keys if key != fold]
    versions = {} if baseline is None else contrast(current, before, keys)
    notes += [f"compares {key} {readable(now)} with {readable(then)}" for key, (then, now) in versions.items()]
    keys = [key for key in keys if key not in versions]
    dims = [key for key in chosen(slices, keys) if key != per]
    rates = rates_of(families, asked(current, families, metrics))
    models = list(by_model(current, before, per if per in keys else None, notes))
    groups: list[list[Finding]] = []
    for model, now, then in models:
        share = alpha / len(models)
        if baseline is None:
            cut = split(now, families, dims, rates, share, notes, "" if model is None else f"{readable(model)}: ")
            if cut is None:
                continue
            now, then, share = cut
        pair = paired(then, now, families, few_valued(now, then, families, dims, notes))
        told = told_of(pair, [*rates, *pair.rates], share, min_effect, min_rows, versions=bool(versions))
        told = [one.adjusted(alpha / share) for one in told]  # models and cuts
        if now.layout.windows is not None and not versions:
            told += missing_windows(pair, now.layout.windows)
        if held is not None and told:
            own = {} if model is None else {str(per): model}
            later, earlier = (side.filter(**own) for side in (held if baseline is not None else cut_like(held[0], now)))
            other = paired(earlier, later, families, pair.lattice.dims)
            told = [replace(one, finding=estimated(other, rates, one.finding)) for one in told]
        groups += [[of_model(one.finding, model) for one in group] for group in grouped(told, pair.rows)]
    return Diagnosis(tuple(numbered(groups)), tuple(dict.fromkeys(notes)))


def check(alpha: float, min_effect: float, min_rows: int) -> None:
    """Refuse numbers that mean nothing."""
    if not 0 < alpha < 1:
        raise SchemaError(f"alpha={alpha!r} is an error rate; needed is a number between 0 and 1, such as 0.05")
    if not 0 <= min_effect < 1:
        raise SchemaError(
            f"min_effect={min_effect!r} is a difference of rates; needed is a number from 0 up to below 1"
        )
    if min_rows < 0:
        raise SchemaError(f"min_rows={min_rows!r} is a number of rows; needed is 0 or more")


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
        if metric.kind != "proportion" or families[0].kind != "binary":
            raise SchemaError(
                f"metric {metric.name!r} is not a proportion of the binary family; diagnose() searches rates of k in n "
                "rows, and decompose() splits the change of any ratio"
            )
        found.append(metric)
    return found


def split(
    counts: Counts,
    families: Sequence[Family],
    dims: Sequence[str],
    rates: Sequence[Rate],
    alpha: float,
    notes: list[str],
    who: str,
) -> tuple[Counts, Counts, float] | None:
    """Counts cut where they changed: what came after, what was before, and the error rate that is left a cut."""
    pair = paired(counts, counts, families, few_valued(counts, counts, families, dims, notes))
    rates = [*rates, *pair.rates]
    telling = [rate for rate in rates if rate.name != LATE]
    cut, tried = best_border(pair, telling, Search(pair.lattice, independent(), alpha * SHARES["rates"] / len(rates)))
    if cut is None:
        notes.append(f"{who}no slice changed at any time")
        return None
    start = pair.windows[cut]
    notes.append(f"{who}cut at {start}, where the evidence is strongest ({tried} cuts tried)")
    return counts.filter(pl.col(WINDOW) >= start), counts.filter(pl.col(WINDOW) < start), alpha / tried


def cut_like(held: Counts, current: Counts) -> tuple[Counts, Counts]:
    """Counts cut where the current side of others begins."""
    start = current.tables[current.layout.families[0].name][WINDOW].min()
    return held.filter(pl.col(WINDOW) >= start), held.filter(pl.col(WINDOW) < start)


def of_model(finding: Finding, model: Any) -> Finding:
    """A finding with its model, in its sentence too."""
    if model is None:
        return finding
    return replace(
        finding, model=model, sentence=re.sub(r"\b[Tt]he model\b", lambda _: readable(model), finding.sentence, count=1)
    )


def told_of(pair: Pair, rates: Sequence[Rate], alpha: float, effect: float, rows: int, *, versions: bool) -> list[Told]:
    """Everything found of one model; ``alpha`` is divided as SHARES says."""
    limits = {name: Limits(alpha * share, effect, rows) for name, share in SHARES.items()}
    part = limits["periods"].alpha / (len(rates) + 1)  # of each rate, and of the volumes
    of_rates, of_volumes = Limits(part * len(rates), effect, rows), Limits(part, effect, rows)
    measured = measure(pair, rates)
    moved = found_in(pair, measured, limits["rates"])
    if not versions:
        moved = while_it_lasted(pair, moved or passing(pair, measured, of_rates), measured, of_rates)
    if moved:
        moved += wholes_in(pair, measured, limits["rates"], versions=versions)
    volumes = [] if versions else volumes_in(pair, limits["volumes"])
    mixed = [] if moved else mix_in(pair, measured, limits["mix"])
    if not (volumes or mixed or versions):
        passed, windows = passing_volumes(pair, of_volumes)
        volumes = [of_period(pair, one, pair.volume_span(one.leaves), windows) for one in passed]
    whole = bool(mixed) and total_changed(pair, limits["volumes"])
    if mixed and not whole:  # rows moved between slices and the total stayed: the volumes are how the mix shifted
        volumes = [replace(one, finding=replace(one.finding, severity="info")) for one in volumes]
    elif whole:
        mixed = [replace(one, finding=replace(one.finding, severity="info")) for one in mixed]
    return [*moved, *mixed, *volumes]


def grouped(told: Sequence[Told], rows: Floats) -> list[list[Told]]:
    """Findings about the same rows together, the most important first in each group."""
    groups: list[list[Told]] = []
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
        if family.kind in KINDS and family.name in theirs and family.identity == theirs[family.name].identity
    ]
    if not families:
        held = [f"{family.name} ({family.kind})" for family in current.layout.families]
        raise SchemaError(
            f"diagnose() needs a family of kind {listed(KINDS)} that both Counts hold; current holds {listed(held)}"
        )
    for counts in (current, baseline):
        if counts.layout.grouping_sets is not None:
            raise SchemaError("diagnose() needs the crossed keys; pick one with counts.grouping(...)")
    keys = [key for key in current.layout.keys if key in baseline.layout.keys]
    lone = [key for key in (*current.layout.keys, *baseline.layout.keys) if key not in keys]
    if lone:
        notes.append(f"compared on the keys that both Counts hold; left out: {listed(lone)}")
    first = {family.kind: family.name for family in reversed(families)}
    further = [family.name for family in families if family.name != first[family.kind]]
    if further:
        notes.append(
            f"rates that several families have are those of {listed(first.values())}; not of {listed(further)}"
        )
    if current.layout.weighted:
        notes.append("weights are left aside: diagnosed on row counts")
    return sorted(families, key=lambda family: KINDS.index(family.kind)), keys


def contrast(current: Counts, baseline: Counts, keys: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """The keys that have one value on each side, and another one: two versions, two models, two regions."""
    name = current.layout.families[0].name
    found = {}
    for key in keys:
        then, now = (counts.tables[name][key].alias("").unique() for counts in (baseline, current))
        if len(then) == len(now) == 1 and then[0] != now[0]:
            found[key] = then[0], now[0]
    return found


def by_model(
    current: Counts, baseline: Counts, per: str | None, notes: list[str]
) -> Iterator[tuple[Any, Counts, Counts]]:
    """Each model that both Counts hold, with its part of each."""
    if per is None:
        yield None, current, baseline
        return
    name = current.layout.families[0].name
    mine, theirs = (counts.tables[name][per].unique().sort(nulls_last=True).to_list() for counts in (current, baseline))
    both = [value for value in mine if value in theirs]
    lone = [value for value in (*mine, *theirs) if value not in both]
    if lone:
        notes.append(f"{per} {listed(lone)} is on one side only and was not compared")
    for value in both:
        yield value, current.filter(**{per: value}), baseline.filter(**{per: value})


def few_valued(
    now: Counts, before: Counts, families: Sequence[Family], dims: Sequence[str], notes: list[str]
) -> list[str]:
    """The keys with few enough values to be slices."""
    kept = []
    for dim in dims:
        values = max(counts.tables[families[0].name][dim].n_unique() for counts in (now, before))
        if values > MOST_VALUES:
            notes.append(f"key {dim!r} has {values:,} values and is left out of the slices")
        else:
            kept.append(dim)
    return kept
