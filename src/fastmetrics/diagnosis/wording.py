"""The sentence that a person reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from fastmetrics.diagnosis.findings import Finding, words
from fastmetrics.report.keys import moment
from fastmetrics.wording import readable

__all__ = ["sentence", "spanned"]

LEAST_SHARE = 0.05  # of a change of the whole that is worth saying


def sentence(finding: Finding, phrase: str, nouns: str, **more: str) -> Finding:
    """A finding with its sentence: since when, who, what, where, how much; ``more`` are other fields of the phrase."""
    since = f"Since {moment(finding.since)} " if finding.since else ""
    who = readable(finding.model) if finding.model is not None else "the model"
    where = f" where {words(finding.slice)}" if finding.slice else ""
    risen = times(finding.baseline, finding.current)
    part = risen if finding.current else "none of"
    what = phrase.format(times=risen, part=part, words=readable(nouns), **more)
    metric = readable(finding.metric)
    numbers = f": {metric} {number(finding.current)}, was {number(finding.baseline)}"
    share = finding.contribution
    explains = f"; this makes up {share:.0%} of the change of {metric}" if share and share >= LEAST_SHARE else ""
    text = f"{since}{who} {what}{where}{numbers}{explains}; {finding.rows:,} rows"
    return replace(finding, sentence=text if finding.model is not None else text[0].upper() + text[1:])


def spanned(start: datetime, end: datetime | None) -> str:
    """A part of the current windows in words."""
    until = f" up to {moment(end)}" if end else " on"
    return f"from {moment(start)}{until}"


def times(before: float | None, now: float | None) -> str:
    """How many times what it was: "2.4x", "many times" from nothing."""
    if not before:
        return "many times"
    return f"{(now or 0.0) / before:.2g}x"


def number(value: float | None) -> str:
    """A rate in three digits, a count whole."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
