"""Findings beside the truth: one row a case."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.faultbench.cases import START, Case
from benchmarks.faultbench.faults import WINDOWS, expected, levels, rescored
from benchmarks.faultbench.logs import STATE_OF, Log
from benchmarks.faultbench.measures import RATES, denominator, numerator
from benchmarks.faultbench.oracle import consult
from fastmetrics.diagnosis.findings import Diagnosis, Finding
from fastmetrics.diagnosis.split.kitagawa import decompose
from fastmetrics.families.score_rates import quartile_bins

__all__ = ["Diagnose", "expected_difference", "jaccard", "judge", "leaves_of", "words"]

Diagnose = Callable[..., Diagnosis]
HIT = 0.9  # of rows: a slice that was found
TOUCH = 0.5  # of the smaller one's rows: a finding that is of a slice
DECOMPOSED = ("fnr", "fpr", "precision", "f1", "error_rate")
HARMLESS = {"mix_shift", "volume_drop", "volume_spike", "missing_window", "new_slice", "vanished_slice"}


def judge(case: Case, diagnose: Diagnose) -> dict[str, Any]:
    """The case, what was found, and how good that is."""
    baseline, current = case.sides
    started = time.process_time()
    findings, crash = tried(diagnose, current, baseline=baseline)
    ms = 1e3 * (time.process_time() - started)
    return {
        **about(case),
        **first(findings),
        "ms": ms,
        "crash": crash,
        "findings": len(findings),
        "tags": ", ".join(finding.tag for finding in findings),
        "alarm": bool(alarms(case, findings)),
        "decomposition_error": decomposition_error(case),
        **(where(case, findings) | when(case, diagnose) if case.fault else {}),
    }


def tried(diagnose: Diagnose, *args: Any, **options: Any) -> tuple[list[Finding], str]:
    """The findings, or none and what went wrong."""
    try:
        return list(diagnose(*args, **options)), ""
    except Exception as error:  # a bench counts crashes, and goes on
        return [], f"{type(error).__name__}: {error}"


def about(case: Case) -> dict[str, Any]:
    fault = case.fault
    return {
        "seed": case.seed,
        "log": case.log.name,
        "track": case.track,
        "kind": fault.kind if fault else "none",
        "tag": case.tag,
        "slices": " | ".join(words(case.log.named(root)) for root in fault.roots) if fault else "",
        "roots": len(fault.roots) if fault else 0,
        "layers": len(fault.roots[0]) if fault else 0,
        "profile": fault.profile if fault else "",
        "q": fault.q if fault else 0.0,
        "sign": fault.sign if fault else 0,
        "tau": case.tau,
        "band": case.band,
        "rows": case.rows,
    }


def words(slice_: dict[str, Any] | Any) -> str:
    return " & ".join(f"{key}={value}" for key, value in slice_.items()) or "everything"


def first(findings: Sequence[Finding]) -> dict[str, Any]:
    """The first finding."""
    if not findings:
        return {"first_tag": "", "first_slice": "", "first_metric": "", "first_p": None, "first_difference": None}
    one = findings[0]
    return {
        "first_tag": one.tag,
        "first_slice": words(one.slice),
        "first_metric": one.metric,
        "first_p": one.p,
        "first_difference": one.difference,
    }


def alarms(case: Case, findings: Sequence[Finding]) -> list[Finding]:
    """Findings where nothing happened; of a mix shift also those that are not of the mix."""
    if case.fault is None:
        return list(findings)
    return [one for one in findings if one.tag not in HARMLESS] if case.fault.row.swaps else []


def leaves_of(log: Log, slice_: Any) -> NDArray[np.bool_]:
    """The leaves of a finding's slice; none where it names what the log does not hold."""
    coded = log.coded(slice_)
    return np.zeros(len(log.leaves), bool) if coded is None else log.match(coded)


def jaccard(weight: NDArray[np.float64], a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """The rows that two slices share, of those that either has."""
    either = weight[a | b].sum()
    return float(weight[a & b].sum() / either) if either else 0.0


def touches(weight: NDArray[np.float64], a: NDArray[np.bool_], b: NDArray[np.bool_]) -> bool:
    smaller = min(weight[a].sum(), weight[b].sum())
    return bool(smaller and weight[a & b].sum() >= TOUCH * smaller)


def where(case: Case, findings: Sequence[Finding]) -> dict[str, Any]:
    """How well the findings cover the roots of a fault."""
    assert case.fault is not None
    if case.fault.row.swaps:
        return {"detected": any(one.tag in case.fault.tags for one in findings)}
    log, weight = case.log, denominator(case.fault.rates[0], case.log.cells)
    roots = [log.match(root) for root in case.fault.roots]
    found = [leaves_of(log, one.slice) for one in findings]
    overlaps = np.array([[jaccard(weight, root, one) for one in found] for root in roots])
    near = [any(touches(weight, root, one) for root in roots) for one in found]
    exact = [any(bool(weight[root].sum() and weight[root ^ one].sum() == 0) for root in roots) for one in found[:1]]
    oracle = consult(case)
    told = next((one for one, close in zip(findings, near, strict=True) if close), None)
    return {
        "detected": any(near),
        "hit": bool(len(found)) and bool(overlaps[:, 0].max() >= HIT),
        "exact": any(exact),
        "jaccard": float(overlaps[:, 0].max()) if found else 0.0,
        "roots_hit": int((overlaps.max(axis=1) >= HIT).sum()) if found else 0,
        "stray": len(near) - sum(near),
        "oracle": oracle.found,
        "oracle_margin": max(oracle.margins, default=None),
        "oracle_roots": sum(margin > 0 for margin in oracle.margins),
        "oracle_since": oracle.since,
        "covered": covered(case, told) if told else None,
    }


def covered(case: Case, finding: Finding) -> bool | None:
    """Whether the interval of a finding holds the difference that was to be expected; None where that is not known."""
    if finding.low is None or finding.high is None:
        return None
    truth = expected_difference(case, finding)
    return None if truth is None else bool(finding.low <= truth <= finding.high)


def expected_difference(case: Case, finding: Finding) -> float | None:
    """The difference of a rate within leaves of a slice that the fault makes, with Mantel and Haenszel's weights of the
    rows that there were in the windows that the finding speaks of; None for what is not a rate of rows.
    """
    log, rows = case.log, case.injected
    if finding.metric not in RATES or finding.metric == "rows":
        return None
    inside = leaves_of(log, finding.slice)
    state = STATE_OF[rows.label, rows.prediction]
    period = case.current & told_windows(finding)
    baseline, now = ~case.current[rows.window], period[rows.window]
    nb, nc = (denominator(finding.metric, log.tally(rows.leaf[side], state[side])) for side in (baseline, now))
    rates = rate_by_leaf(case, finding.metric, 0.0)
    profile = levels(case.fault, np.arange(WINDOWS))[period] if case.fault else np.zeros(1)
    steps, share = np.unique(profile, return_counts=True)
    if rates is None:
        return None
    later = [one for level in steps if (one := rate_by_leaf(case, finding.metric, float(level))) is not None]
    if len(later) < len(steps):
        return None
    # The cells of each intensity weigh as many rows as they are expected to have.
    k, n = (sum(one[at] * times for one, times in zip(later, share, strict=True)) for at in (0, 1))
    before = divided(*rates)
    weight = np.where(inside & (nb > 0) & (nc > 0), nb * nc / np.maximum(nb + nc, 1), 0)
    return float((weight * (divided(k, n) - before)).sum() / weight.sum()) if weight.sum() else None


def told_windows(finding: Finding) -> NDArray[np.bool_]:
    """Which windows the numbers of a finding are of."""
    first, after = (
        None if time is None else (time.replace(tzinfo=START.tzinfo) - START).days
        for time in (finding.period_start, finding.period_end)
    )
    windows = np.arange(WINDOWS)
    return (windows >= (first or 0)) & (windows < (WINDOWS if after is None else after))


def divided(k: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(k, n, out=np.zeros_like(k), where=n > 0)


def rate_by_leaf(case: Case, metric: str, level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Events and rows of a rate by leaf that the whole log is expected to have at an intensity of the fault."""
    if metric not in ("high_score_rate", "extreme_score_rate"):
        cells = expected(case.log, case.fault, level)
        return numerator(metric, cells), denominator(metric, cells)
    log, fault = case.log, case.fault
    score = log.score
    if fault and level and fault.row.donors:
        return None  # the scores of a class differ from those of its leaf
    if fault and level and fault.row.scores:
        inside = fault.hit(log)[log.leaf]
        score = score.copy()
        score[inside] = rescored(log, fault, score[inside], level)[0]
    family = next(family for family in case.counts.layout.families if family.kind == "scores")
    table = case.sides[0].tables[family.name]
    states = table["negative"] + table["positive"] + table["unlabelled"]
    low, middle, high = quartile_bins(table.select("bin", rows=states))
    known = ~np.isnan(score)
    bin_ = np.searchsorted(np.asarray(family.arguments["edges"]), score, side="right")
    event = bin_ > middle if metric == "high_score_rate" else (bin_ <= low) | (bin_ > high)
    size = len(log.leaves)
    return (
        np.bincount(log.leaf[known & event], minlength=size).astype(float),
        np.bincount(log.leaf[known], minlength=size).astype(float),
    )


def when(case: Case, diagnose: Diagnose) -> dict[str, Any]:
    """How far from tau a step is dated where no baseline is given, in windows; nothing where it must be given."""
    assert case.fault is not None
    parameter = inspect.signature(diagnose).parameters.get("baseline")
    optional = parameter is not None and parameter.default is not inspect.Parameter.empty
    if not optional or case.fault.profile != "step" or case.fault.row.swaps:
        return {}
    findings, _ = tried(diagnose, case.counts)
    log, weight = case.log, denominator(case.fault.rates[0], case.log.cells)
    roots = [log.match(root) for root in case.fault.roots]
    for one in findings:
        if one.since is not None and any(touches(weight, root, leaves_of(log, one.slice)) for root in roots):
            since = (one.since.replace(tzinfo=START.tzinfo) - START).days
            return {"since": since, "since_error": abs(since - case.tau)}
    return {}


def decomposition_error(case: Case) -> float:
    """By how much the parts of the change of some metrics miss the whole change at most."""
    rows = case.injected
    state, now = STATE_OF[rows.label, rows.prediction], case.current[rows.window]
    sides = [case.log.tally(rows.leaf[side], state[side]) for side in (~now, now)]
    errors = [0.0]
    for metric in DECOMPOSED:
        found = decompose(*(part(metric, cells) for cells in sides for part in (numerator, denominator)))
        whole = np.subtract(
            *(numerator(metric, cells).sum() / denominator(metric, cells).sum() for cells in sides[::-1])
        )
        errors.append(abs(float(found.rate.sum() + found.mix.sum() + found.support.sum() - whole)))
    return max(error for error in errors if not np.isnan(error))
