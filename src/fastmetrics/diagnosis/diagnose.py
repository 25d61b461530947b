"""`fastmetrics.diagnose`: two Counts in, findings out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from fastmetrics.counts import Counts
from fastmetrics.diagnosis.findings import SEVERITIES, Diagnosis, Finding
from fastmetrics.diagnosis.incidents import Limits, found_in
from fastmetrics.diagnosis.leaves import paired
from fastmetrics.diagnosis.rates import KINDS, rates_of
from fastmetrics.errors import SchemaError, listed
from fastmetrics.metrics import Metric
from fastmetrics.schema import Family

__all__ = ["diagnose"]

# How the error rate of a report is divided. Times add nothing: they are estimated only where a slice was found.
SHARES = {"rates": 0.7, "volumes": 0.2, "mix": 0.1}
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
    findings: list[Finding] = []
    models = list(by_model(current, baseline, per if per in dims else None, notes))
    dims = [dim for dim in (dims if slices is None else slices) if dim != per]
    for model, now, before in models:
        kept = few_valued(now, before, families, dims, notes)
        pair = paired(before, now, families, kept)
        share = alpha / len(models)
        limits = Limits(share * SHARES["rates"], min_effect, min_rows)
        rates = rates_of(families, metrics)
        findings += [replace(finding, model=model) for finding in found_in(pair, rates, limits)]
    return Diagnosis(tuple(ordered(findings)), tuple(notes))


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Most important first: by severity, then by evidence; incidents are numbered in that order."""
    ranked = sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), -finding.score))
    return [replace(finding, incident=number) for number, finding in enumerate(ranked, 1)]


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
