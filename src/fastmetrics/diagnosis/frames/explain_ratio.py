"""`fastmetrics.explain_ratio`: root causes of a ratio from frames of additive columns, without Counts."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import polars as pl

from fastmetrics.contract.columns import expression, expressions
from fastmetrics.contract.uses import Uses
from fastmetrics.diagnosis.search.lattice import Lattice, lattice_of, summed_by
from fastmetrics.diagnosis.search.localise import ChangedSlice, Search, best_slice, localise
from fastmetrics.diagnosis.search.overdispersion import dispersion_of, independent
from fastmetrics.diagnosis.search.strata import Ratio
from fastmetrics.diagnosis.split.kitagawa import decompose
from fastmetrics.errors import DataError, SchemaError, unknown
from fastmetrics.schema import repeated
from fastmetrics.sources import Selection, open_source

__all__ = ["CAUSE_SCHEMA", "additive", "cause_frame", "explain_ratio"]

# The columns of root causes, here and of `explain_sum`.
CAUSE_SCHEMA: dict[str, Any] = {
    "predicate": pl.List(pl.Struct({"column": pl.String, "value": pl.String})),
    "score": pl.Float64,
    "p": pl.Float64,
    "effect": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "rows": pl.Int64,
    "contribution": pl.Float64,
}


def explain_ratio(
    current: Any,
    *,
    baseline: Any,
    k: str = "value",
    n: str = "count",
    dims: Sequence[str],
    window: str | None = None,
    alpha: float = 0.05,
) -> pl.DataFrame:
    """The slices in which k / n changed between two frames of additive columns, best first.

    Each combination of the dimensions is compared with itself, given its totals, so neither other base rates nor a
    shift of rows between slices looks like a cause (Mantel and Haenszel 1959). A slice is any conjunction of values.

    Parameters
    ----------
    current, baseline
        Frames, or any other input of `fastmetrics.count`, with the columns named below; rows of one combination of
        the dimensions are added up.
    k, n
        Columns of events and of the rows they are among; 0 <= k <= n.
    dims
        The columns that slices are made of; null is a value of its own.
    window
        A column of the baseline that tells periods apart (minutes, days). With 5 of them or more, slices that vary
        more than independent rows would must show more.
    alpha
        The chance that a second, third ... cause is named where nothing changed. The best slice is named in any case:
        its ``p`` says whether to believe it.

    Returns
    -------
    polars.DataFrame
        ``predicate`` (list of column and value, empty for everything), ``score`` (nats, in the shape of effect that
        fits best, above what the search demands at ``alpha``), ``p`` (adjusted for the search), ``effect`` (difference
        of the rate within leaves) with 95 % bounds ``low`` and ``high`` that hold for all slices at once, ``rows`` (n
        now), ``contribution`` (share of the change of the whole rate). Empty where nothing can be compared.

    Raises
    ------
    SchemaError
        A column that is missing.
    DataError
        Values that are negative or missing, or more events than rows.

    >>> import fastmetrics as fm
    >>> before = {"isp": ["a", "a", "b", "b"], "cdn": ["x", "y", "x", "y"], "value": [20] * 4, "count": [1000] * 4}
    >>> now = before | {"value": [20, 90, 20, 95]}
    >>> fm.explain_ratio(now, baseline=before, dims=["isp", "cdn"]).item(0, "predicate").to_list()
    [{'column': 'cdn', 'value': 'y'}]
    """
    keys = [*dims, *([window] if window is not None else [])]
    twice = repeated([k, n, *keys])
    if twice is not None:
        raise SchemaError(f"column {twice!r} is named twice in k=, n=, dims= and window=; each is to be another")
    now = additive(current, "current", [k, n], dims)
    before = additive(baseline, "baseline", [k, n], keys)
    for what, frame in (("current", now), ("baseline", before)):
        if len(frame.filter(expression(k) > expression(n))):
            raise DataError(f"{what}: {k!r} exceeds {n!r}; events cannot be more than the rows they are among")
    lattice, (leaf_now, leaf_before) = lattice_of([now, before], dims)
    ratio = Ratio(
        *(
            summed(frame, leaf, column, lattice)
            for frame, leaf in ((before, leaf_before), (now, leaf_now))
            for column in (k, n)
        )
    )
    dispersion = independent()
    if window is not None:
        at = before[window].alias("").rank("dense").cast(pl.Int64).fill_null(0).to_numpy()
        size = int(at.max(initial=0)) + 1
        matrix = [
            summed_by(leaf_before * size + at, before[column].to_numpy(), lattice.leaves * size).reshape(-1, size)
            for column in (k, n)
        ]
        used = matrix[1].sum(0) > 0
        dispersion = dispersion_of(lattice, matrix[0][:, used], matrix[1][:, used])
    search = Search(lattice, dispersion, alpha)
    places = localise(search, ratio)
    if not places:
        best = best_slice(search, ratio)
        places = [] if best is None else [best]
    return cause_frame([row(lattice, ratio, place) for place in places])


def row(lattice: Lattice, ratio: Ratio, place: ChangedSlice) -> dict[str, Any]:
    """A place as a row of root causes."""
    held = ratio.of(place.leaves)
    split = decompose(ratio.kb, ratio.nb, ratio.kc, ratio.nc)
    told = isfinite(split.total) and split.total
    return {
        "predicate": predicate(lattice.predicate(place.cell)),
        "score": place.score,
        "p": place.p,
        "effect": place.effect.difference,
        "low": place.effect.low,
        "high": place.effect.high,
        "rows": round(float(held.nc.sum())),
        "contribution": split.over(place.leaves)["contribution"] / split.total if told else None,
    }


def predicate(fixed: dict[str, Any]) -> list[dict[str, str | None]]:
    """A slice as a list of column and value."""
    return [{"column": key, "value": None if value is None else str(value)} for key, value in fixed.items()]


def cause_frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Root causes as a frame."""
    return pl.DataFrame(rows, schema=CAUSE_SCHEMA, orient="row")


def summed(frame: pl.DataFrame, leaf: Any, column: str, lattice: Lattice) -> Any:
    """A column added up by leaf."""
    return summed_by(leaf, frame[column].to_numpy(), lattice.leaves)


def additive(data: Any, what: str, values: Sequence[str], keys: Sequence[str]) -> pl.DataFrame:
    """Non-negative columns added up by some keys, as Float64.

    Raises
    ------
    SchemaError
        A column that is missing or not numeric.
    DataError
        A value that is null, NaN, infinite or negative.
    """
    source = open_source(data, uses=Uses(tuple(keys)))
    known = source.schema.names()
    for column in (*keys, *values):
        if column not in known:
            raise SchemaError(f"{what}: " + unknown("column", column, known))
    frame = pl.concat(source.frames(Selection(tuple(expressions((*keys, *values))), None)))
    frame.columns = [*keys, *values]  # a selection has an order, and no names
    for column in values:
        if not frame.schema[column].is_numeric():
            raise SchemaError(f"{what}: column {column!r} holds {frame.schema[column]}; numbers are needed")
        numbers = frame[column].alias("").cast(pl.Float64)
        bad = numbers.is_null() | ~numbers.is_finite().fill_null(False) | (numbers < 0).fill_null(True)
        if bad.any():
            raise DataError(f"{what}: column {column!r} holds {frame[column].filter(bad)[0]}; expected numbers >= 0")
    sums = [expression(column).cast(pl.Float64).sum() for column in values]
    return frame.group_by(expressions(keys), maintain_order=True).agg(sums) if keys else frame.select(sums)
