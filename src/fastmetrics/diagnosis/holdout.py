"""Two halves of the rows: what was found in one is estimated in the other, which had no part in choosing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, sqrt
from typing import Any, NamedTuple

import numpy as np

from fastmetrics.arithmetic import Z95
from fastmetrics.diagnosis.causes.incidents import measure, rate_numbers
from fastmetrics.diagnosis.causes.mix_shift import mix_numbers, mix_of
from fastmetrics.diagnosis.causes.volumes import volume_numbers
from fastmetrics.diagnosis.findings import Finding
from fastmetrics.diagnosis.search.strata import effect_of
from fastmetrics.diagnosis.sides.pair import Pair
from fastmetrics.diagnosis.spans.periods import during_windows
from fastmetrics.diagnosis.spans.volume_periods import usual_rows
from fastmetrics.diagnosis.wording import number
from fastmetrics.errors import SchemaError, listed, unknown
from fastmetrics.face import Counts
from fastmetrics.windows import Windows
from fastmetrics.wording import readable

__all__ = ["Sides", "estimated", "halves"]

UNKNOWN = dict.fromkeys(("baseline", "current", "difference", "low", "high", "error_share", "contribution"))


class Sides(NamedTuple):
    """The Counts to compare; both are the same where one series is to be cut."""

    current: Counts
    baseline: Counts

    @property
    def windows(self) -> Windows | None:
        """The windows of the current side, where both have some."""
        return None if self.baseline.layout.windows is None else self.current.layout.windows

    def of(self, key: str, value: Any) -> Sides:
        """The rows of one value of a key."""
        return Sides(*(counts.filter(**{key: value}) for counts in self))


def halves(sides: Sides, keys: Sequence[str], fold: str, notes: list[str]) -> tuple[Sides, Sides]:
    """The rows to search, of the lower value of a key of two, and those held out; current and baseline of each.

    Raises
    ------
    SchemaError
        A key that is not there or has not exactly these two values on both sides.
    """
    if fold not in keys:
        raise SchemaError("fold=: " + unknown("key", fold, keys))
    found = [counts.tables[counts.layout.families[0].name][fold].unique().sort() for counts in sides]
    for values in found:
        if len(values) != 2 or values.has_nulls() or values.to_list() != found[0].to_list():
            shown = listed(values.head(5)) or "none"
            raise SchemaError(
                f"fold={fold!r} has {len(values)} values on one side ({shown}); expected the same two on both sides, "
                "such as a bit of a hash of the row's id"
            )
    searched, held = found[0]
    notes.append(
        f"searched in the rows of {fold} = {readable(searched)}, estimated in those of {fold} = {readable(held)}"
    )
    return sides.of(fold, searched), sides.of(fold, held)


def estimated(pair: Pair, finding: Finding) -> Finding:
    """A finding of the searched half with the numbers of the half held out; none where that cannot tell.

    Its interval is the ordinary one at 95 %: these rows did not choose the slice.
    """
    if finding.tag == "missing_window":
        return finding
    numbers = numbers_of(pair, finding)
    told = isfinite(numbers.get("difference", float("nan")))
    numbers = numbers if told else UNKNOWN | {"rows": 0, "errors": 0}
    now, before = number(numbers["current"]), number(numbers["baseline"])
    says = f"{finding.metric} {now}, was {before}; {numbers['rows']:,} rows" if told else "it cannot be estimated"
    return replace(finding, **numbers, sentence=f"{finding.sentence}; in the rows held out {says}")


def numbers_of(pair: Pair, finding: Finding) -> dict[str, Any]:
    """The numbers of a finding in other rows; empty where these lack the slice or the rate."""
    whole, length = pair, 0
    if finding.period_start is not None:
        windows = windows_of(pair, finding)
        pair, length = during_windows(pair, windows), len(windows)
    cell = pair.lattice.fixing(finding.slice)
    if cell is None:
        return {}
    inside = pair.lattice.inside(cell)
    if finding.metric == "rows":
        ratio, dispersion = pair.volume()
        dispersion = usual_rows(whole, length) if length else dispersion
        return volume_numbers(pair, ratio, inside, Z95 * sqrt(dispersion.of(pair.lattice, cell)))
    one = next((rate for rate in pair.rates if rate.name == finding.metric), None)
    if one is None:
        return {}
    measured = measure(pair, [one])[one.name]
    if finding.tag == "mix_shift":
        return mix_numbers(mix_of(pair, measured))
    z = Z95 * sqrt(measured.search.dispersion.of(pair.lattice, cell))
    return rate_numbers(measured.ratio, inside, effect_of(measured.ratio.of(inside), z))


def windows_of(pair: Pair, finding: Finding) -> Any:
    """The places of the windows that the numbers of a finding are of."""
    start, end = finding.period_start, finding.period_end
    inside = pair.windows >= start
    return np.flatnonzero(inside if end is None else inside & (pair.windows < end))
