"""`fastmetrics.diagnose`: two Counts in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmetrics.counts import Counts
from fastmetrics.diagnosis.findings import SEVERITIES, Diagnosis, Finding
from fastmetrics.diagnosis.incidents import Limits, Told, found_in, measure
from fastmetrics.diagnosis.leaves import Pair, paired
from fastmetrics.diagnosis.mix import mix_in
from fastmetrics.diagnosis.rates import KINDS, Rate, rates_of
from fastmetrics.diagnosis.volumes import missing_windows, volumes_in
from fastmetrics.errors import SchemaError, listed
from fastmetrics.metrics import Metric
from fastmetrics.schema import Family

__all__ = ["diagnose"]

Floats = NDArray[np.float64]

# How the error rate of a report is divided. Times add nothing: they are estimated only where a slice was found.
SHARES = {"rates": 0.7, "volumes": 0.2, "mix": 0.1}
SAME = 0.5  # of the rows that two findings are about: they are one incident
MOST_VALUES = 10_000  # of a key: more are an identity rather than a slice


def diagnose(
    current: Counts,
    *,
    baseline: Counts,
    slices: Sequence[str] | None = None,
    per: str | None = "model",
    metrics: Sequence[Metric] = (),
    alpha: float = 0.05,
    min_effect: float = 0.01,
    min_rows: int = 100,
) -> Diagnosis:
    notes = ["rows assumed independent within windows"]
    families, dims = shared(current, baseline, notes)
    groups: list[list[Finding]] = []
    models = list(by_model(current, baseline, per if per in dims else None, notes))
    dims = [dim for dim in (dims if slices is None else slices) if dim != per]
    for model, now, before in models:
        kept = few_valued(now, before, families, dims, notes)
        pair = paired(before, now, families, kept)
        told = told_of(pair, rates_of(families, metrics), alpha / len(models), min_effect, min_rows)
        if current.layout.windows is not None:
            told += missing_windows(pair, current.layout.windows)
        groups += [[replace(one.finding, model=model) for one in group] for group in grouped(told, pair.rows)]
    return Diagnosis(tuple(numbered(groups)), tuple(notes))


def told_of(pair: Pair, rates: Sequence[Rate], alpha: float, effect: float, rows: int) -> list[Told]:
    """Everything found of one model; ``alpha`` is divided as SHARES says."""
    limits = {name: Limits(alpha * share, effect, rows) for name, share in SHARES.items()}
    measured = measure(pair, rates)
    moved = found_in(pair, measured, limits["rates"])
    volumes = volumes_in(pair, limits["volumes"])
    mixed = [] if moved else mix_in(pair, measured, limits["mix"])
    whole = any(not one.finding.slice for one in volumes)
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


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_], rows: Floats) -> float:
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
    if current.layout.weighted:
        notes.append("weights are left aside: diagnosed on row counts")
    return sorted(families, key=lambda family: KINDS.index(family.kind)), keys


def by_model(
    current: Counts, baseline: Counts, per: str | None, notes: list[str]
) -> Iterator[tuple[Any, Counts, Counts]]:
    """Each model that both Counts hold, with its part of each."""
    if per is None:
        yield None, current, baseline
        return
    name = current.layout.families[0].name
    mine, theirs = (counts.tables[name][per].unique() for counts in (current, baseline))
    for value in mine.to_list():
        if value in theirs.to_list():
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
