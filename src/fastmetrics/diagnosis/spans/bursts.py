"""What moved for a while: in some of the current windows, with the numbers that it had there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from fastmetrics.aliases import Integers
from fastmetrics.diagnosis.causes.incidents import Limits, LocatedFinding, Measured, found_in, measure
from fastmetrics.diagnosis.findings import Finding
from fastmetrics.diagnosis.sides.pair import Pair, Times
from fastmetrics.diagnosis.spans.periods import best_period, during_windows
from fastmetrics.diagnosis.wording import spanned

__all__ = ["of_period", "passing", "while_it_lasted"]


def passing(pair: Pair, measured: Mapping[str, Measured], limits: Limits) -> list[LocatedFinding]:
    """What moved in a part of the current windows only."""
    windows, tried = best_period(pair, measured, limits.alpha)
    if windows is None:
        return []
    return found_during(pair, measured, windows, limits, tried)


def while_it_lasted(
    pair: Pair, moved: list[LocatedFinding], measured: Mapping[str, Measured], limits: Limits
) -> list[LocatedFinding]:
    """What moved, looked at in the windows of the strongest finding where that came and went.

    The quiet windows after a burst blur which slice it was in and what it was. Other findings stay unless they are of a
    burst at that time too. The error rate is divided over all stretches of windows that it could have been.
    """
    if not moved or moved[0].finding.since is None or moved[0].finding.until is None:
        return moved
    start, end = moved[0].finding.since, moved[0].finding.until
    _, now = pair.spans()
    times = pair.windows.gather(now)
    windows = now[((times >= start) & (times < end)).to_numpy()]
    stretches = len(now) * (len(now) + 1) // 2
    found = found_during(pair, measured, windows, limits, stretches)
    return [*found, *(one for one in moved if not during(one.finding, start, end))] if found else moved


def during(finding: Finding, start: datetime, end: datetime) -> bool:
    """Whether a finding is of a burst in some time; in UTC, as Python compares times of one zone by the clock alone."""
    if finding.since is None or finding.until is None:
        return False
    return finding.since.timestamp() < end.timestamp() and finding.until.timestamp() > start.timestamp()


def found_during(
    pair: Pair, measured: Mapping[str, Measured], windows: Integers, limits: Limits, among: int
) -> list[LocatedFinding]:
    """What moved in some of the current windows: one stretch of ``among`` that share alpha."""
    part = during_windows(pair, windows)
    found = found_in(part, measure(part, [one.rate for one in measured.values()]), limits.among(among))
    return [of_period(pair, one, pair.span(measured[one.finding.metric].rate, one.leaves), windows) for one in found]


def of_period(pair: Pair, one: LocatedFinding, times: Times, windows: Integers) -> LocatedFinding:
    """A finding of a period with the times that all current windows give it, and the period its numbers are of."""
    first, after = int(windows[0]), int(windows[-1]) + 1
    start = pair.windows[first]
    end = pair.windows[after] if after < len(pair.windows) else None
    finding = replace(one.finding, since=times[0], until=times[1], period_start=start, period_end=end)
    return replace(one, finding=replace(finding, sentence=f"{finding.sentence} {spanned(start, end)}"))
