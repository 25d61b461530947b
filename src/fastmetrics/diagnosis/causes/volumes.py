"""How many rows came: slices that lost or gained rows, appeared or vanished, and windows without any."""

from __future__ import annotations

from datetime import datetime
from math import exp, log, sqrt
from typing import Any

import numpy as np
import polars as pl

from fastmetrics.aliases import Mask
from fastmetrics.diagnosis.causes.incidents import Limits, LocatedFinding
from fastmetrics.diagnosis.findings import Finding
from fastmetrics.diagnosis.search.localise import ChangedSlice, Search, localise
from fastmetrics.diagnosis.search.strata import Ratio
from fastmetrics.diagnosis.sides.pair import Pair
from fastmetrics.diagnosis.wording import sentence
from fastmetrics.reading.rolling import listed_windows
from fastmetrics.windows import Windows

__all__ = ["VOLUME_TAGS", "missing_windows", "total_changed", "volume", "volume_numbers", "volumes_in"]

LEAST_CHANGE = 0.03  # of the rows of a slice
MAJOR_CHANGE = 0.3
EXPECTED = 10.0  # rows that an empty window would have had

# The tag of a volume that changed: phrase and advice. A key that went missing is a surge of nulls.
VOLUME_TAGS = {
    "null_surge": ("loses the key of {times} as many rows", "Look at where the log gets this key from."),
    "new_slice": ("meets rows it never met before", "Check that the model was made for them; it has no baseline here."),
    "vanished_slice": ("gets no rows any more", "Look at the logging and routing of this slice."),
    "volume_drop": ("gets {times} as many rows", "Look at the logging and routing of this slice: rows may be lost."),
    "volume_spike": ("gets {times} as many rows", "Look for repeated rows, retries or new traffic in this slice."),
    "missing_window": ("logged no rows at all", "Look at the logging of that time; metrics of it do not exist."),
}


def volumes_in(pair: Pair, limits: Limits, severity: str | None = None) -> list[LocatedFinding]:
    """The slices whose rows changed beyond their own ups and downs; by default the change tells their severity."""
    ratio, dispersion = pair.volume()
    search = Search(pair.lattice, dispersion, limits.alpha)
    told = (volume(pair, ratio, search, place, limits, severity) for place in localise(search, ratio))
    return [one for one in told if one is not None]


def total_changed(pair: Pair, limits: Limits) -> bool:
    """Whether all rows together are more or fewer than before, beyond their ups and downs."""
    ratio, dispersion = pair.volume()
    search, everything = Search(pair.lattice, dispersion, limits.alpha), (0,) * len(pair.lattice.dims)
    return search.evidence(ratio, everything) > search.critical_value(everything)


def volume(
    pair: Pair, ratio: Ratio, search: Search, place: ChangedSlice, limits: Limits, severity: str | None = None
) -> LocatedFinding | None:
    """The finding of one slice; None where the change is too small to matter."""
    held = ratio.of(place.leaves)
    before, now = float(held.kb.sum()), float(held.kc.sum())
    exposure = exposure_of(ratio)
    change = now / (before * exposure) - 1 if before else float("inf")
    if abs(change) < LEAST_CHANGE or max(before * exposure, now) < limits.rows:
        return None
    slice_ = pair.lattice.predicate(place.cell)
    tag = tag_of(slice_, before, now, change)
    phrase, advice = VOLUME_TAGS[tag]
    since, until = pair.volume_span(place.leaves)
    finding = Finding(
        tag=tag,
        severity=severity or ("major" if abs(change) >= MAJOR_CHANGE else "minor"),
        metric="rows",
        sentence="",
        advice=advice,
        model=pair.model,
        slice=slice_,
        since=since,
        until=until,
        p=limits.p(place.p),
        score=place.score,
        **volume_numbers(pair, ratio, place.leaves, search.quantile(place.cell)),
    )
    return LocatedFinding(sentence(finding, phrase, "rows"), place.leaves)


def tag_of(fixed: dict[str, Any], before: float, now: float, change: float) -> str:
    """Which of the tags a change of volume is."""
    if change > 0 and any(value is None for value in fixed.values()):
        return "null_surge"
    if not before:
        return "new_slice"
    if not now:
        return "vanished_slice"
    return "volume_drop" if change < 0 else "volume_spike"


def exposure_of(ratio: Ratio) -> float:
    """The time of the current side for each one of the baseline."""
    return float(ratio.nc[0] / ratio.nb[0]) if len(ratio.nb) else 1.0


def volume_numbers(pair: Pair, ratio: Ratio, inside: Mask, z: float) -> dict[str, Any]:
    """The fields of a finding that say how many rows of some leaves came a window, with bounds at ``z``."""
    windows, later = pair.spans()
    before, now = float(ratio.kb[inside].sum()), float(ratio.kc[inside].sum())
    rate, rate_now = before / max(len(windows), 1), now / max(len(later), 1)
    low, high = volume_bounds(z, before, now, exposure_of(ratio))
    return {
        "baseline": rate,
        "current": rate_now,
        "difference": rate_now - rate,
        "low": rate * low - rate,
        "high": rate * high - rate if before else None,
        "rows": int(now),
    }


def volume_bounds(z: float, before: float, now: float, exposure: float) -> tuple[float, float]:
    """Bounds of the ratio of volumes at ``z`` standard errors (log ratio of two counts)."""
    k, m = now + 0.5, before + 0.5
    middle, half = log(k / (m * exposure)), z * sqrt(1 / k + 1 / m)
    return exp(middle - half), exp(middle + half)


def missing_windows(pair: Pair, windows: Windows) -> list[LocatedFinding]:
    """Current windows without any row between others, where the log had rows in every window before.

    A log that sleeps at night has such windows in its baseline too, and says nothing.
    """
    before, now = pair.spans()
    everything = np.ones(pair.lattice.leaves, np.bool_)
    rows, _ = pair.series(pair.rows, everything)
    if not len(before) or not len(now) or before[-1] >= now[0] or gaps(pair.windows.gather(before), windows):
        return []
    usual = float(np.median(rows[before]))
    told = []
    for start, end in gaps(pair.windows.gather(now), windows) if usual >= EXPECTED else []:
        phrase, advice = VOLUME_TAGS["missing_window"]
        finding = Finding(
            "missing_window",
            "major",
            "rows",
            "",
            advice,
            pair.model,
            since=start,
            until=end,
            baseline=usual,
            current=0.0,
        )
        told.append(LocatedFinding(sentence(finding, phrase, "rows"), everything))
    return told


def gaps(starts: pl.Series, windows: Windows) -> list[tuple[datetime, datetime]]:
    """The stretches without a window between the first and the last start."""
    listed = listed_windows(starts, windows)
    missing = listed.is_in(starts.implode()).not_()
    stretches: list[tuple[datetime, datetime]] = []
    for at in missing.arg_true():
        if at and missing[at - 1]:
            stretches[-1] = (stretches[-1][0], listed[at + 1])
        else:
            stretches.append((listed[at], listed[at + 1]))
    return stretches
