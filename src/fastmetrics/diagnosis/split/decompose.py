"""`fastmetrics.decompose`: the change of a ratio, exactly, by slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs

from fastmetrics.aliases import Floats
from fastmetrics.arithmetic import divide
from fastmetrics.contract.columns import expression, expressions
from fastmetrics.contract.family import Family
from fastmetrics.diagnosis.split.kitagawa import decompose as split
from fastmetrics.diagnosis.split.kitagawa import decompose3 as split_three_ways
from fastmetrics.errors import DataError, SchemaError
from fastmetrics.face import Counts
from fastmetrics.metric import Cells, Metric
from fastmetrics.reading.cells import check_whole
from fastmetrics.reading.compare import read
from fastmetrics.reading.resolve import resolve
from fastmetrics.reading.results import beside, numbered
from fastmetrics.state.layout import WINDOW, check_same
from fastmetrics.state.merging import align_keys
from fastmetrics.wording import group_name

__all__ = ["decompose"]


def decompose(
    current: Counts, *, baseline: Counts, metric: str | Metric, by: str | Sequence[str] | None = None
) -> pl.DataFrame:
    """How much each slice adds to the change of a metric: exactly, the parts of all slices sum to the change.

    Kitagawa (1955): ``rate`` is what the slice does differently at its average share, ``mix`` what other shares do at
    its average rate, relative to the whole, ``support`` what slices do that appeared or vanished. Where the denominator
    is the model's own doing, as of precision and F1, ``mix`` is that of rows and ``prediction`` what other shares of
    predictions among them do (Das Gupta 1993), so that a model that says yes too often in one slice is no shift of mix.

    Parameters
    ----------
    metric
        A name or row with a numerator and a denominator that are sums over rows (kinds proportion and ratio).
    by
        The keys of the slices; by default all of them, without windows. Without keys the whole is the only slice.

    Returns
    -------
    polars.DataFrame
        One row a slice, the largest contribution first: keys, ``baseline`` and ``current`` (null without a
        denominator), ``rate``, ``mix``, ``prediction`` (where it applies), ``support``, ``contribution``. The parts are
        null where a side has no denominator at all.

    Raises
    ------
    SchemaError
        A metric that is no ratio of sums, an unknown key, a side that is a difference.
    MergeError
        Counts of other layouts.

    >>> import fastmetrics as fm
    >>> before = {"label": [1] * 20, "pred": [1] * 18 + [0] * 2, "country": ["BR", "DE"] * 10}
    >>> now = before | {"pred": [1, 1] * 7 + [0, 1] * 3}
    >>> counts = [fm.count(log, fm.binary("label", "pred"), by="country") for log in (now, before)]
    >>> found = fm.decompose(counts[0], baseline=counts[1], metric="recall")
    >>> found.select("country", pl.col("contribution").round(6)).rows()
    [('BR', -0.1), ('DE', 0.05)]
    """
    check_whole(current)
    check_whole(baseline)
    keys = list(current.layout.keys) if by is None else [by] if isinstance(by, str) else list(by)
    now, before = current.rollup(*keys), baseline.rollup(*keys)
    check_same(now.layout, before.layout, "compared")
    asked = resolve(now.layout, [metric])[0]
    row = asked.metric
    if row.den is None or row.kind not in ("proportion", "ratio"):
        raise SchemaError(
            f"metric {asked.column!r} is no ratio of sums over rows, so its change has no exact split; "
            "metrics of kind proportion and ratio have"
        )
    columns = [WINDOW if key == "window" else key for key in keys]
    places = numbered(columns)
    sides = []
    of_sides = [read(counts, asked) for counts in (before, now)]
    for what, (groups, cells) in zip(("baseline", "current"), of_sides, strict=True):
        check_finite(asked.column, what, groups.select(expressions(columns)), row.num(cells), row.den(cells))
    aligned = align_keys([names for names, _ in of_sides], columns)
    for names, (_, cells) in zip(aligned, of_sides, strict=True):
        sums = {"num": row.num(cells), "den": row.den(cells), "rows": names["n"].to_numpy()}
        sides.append(beside(names.select(**places), floats(sums)))
    both = joined(sides[0], sides[1], list(places))
    num_b, den_b, rows_b, num_c, den_c, rows_c = (both[name].to_numpy() for name in both.columns[len(columns) :])
    parts: dict[str, Floats] = {}
    if chosen_by_model(row, asked.family):
        three = split_three_ways(rows_b, num_b, den_b, rows_c, num_c, den_c)
        parts = {"rate": three.rate, "mix": three.population, "prediction": three.prediction, "support": three.support}
    else:
        two = split(num_b, den_b, num_c, den_c)
        parts = {"rate": two.rate, "mix": two.mix, "support": two.support}
    values = {"baseline": divide(num_b, den_b), "current": divide(num_c, den_c)} | parts
    values["contribution"] = np.sum(list(parts.values()), axis=0)
    slices = both.select(expression(place).alias(key) for place, key in zip(places, columns, strict=True))
    frame = beside(slices, floats(values))
    return frame.sort(pl.col("contribution").abs(), descending=True, nulls_last=True, maintain_order=True)


def check_finite(metric: str, what: str, groups: pl.DataFrame, num: Any, den: Any) -> None:
    """Refuse sums that are infinite or not known, of which no part can be told."""
    wrong = np.flatnonzero(~np.isfinite(num) & (np.asarray(den) != 0))
    if len(wrong):
        where = (
            f" in {len(wrong):,} groups, first {group_name(groups.row(wrong[0], named=True))}" if groups.width else ""
        )
        raise DataError(
            f"metric {metric!r} of the {what} is not finite{where}, so its change has no split; leave infinite numbers "
            "out when you count, as by where=pl.col('x').is_finite()"
        )


def floats(columns: Mapping[str, Any]) -> pl.DataFrame:
    """Columns of floats, null for NaN."""
    return pl.DataFrame({name: np.asarray(column, np.float64) for name, column in columns.items()}, nan_to_null=True)


def joined(before: pl.DataFrame, now: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Both sides by key, 0 where one has nothing."""
    if not keys:  # one row a side, or none where it has no rows
        return pl.concat([before.sum(), now.sum().select(pl.all().name.suffix("_now"))], how="horizontal")
    both = before.join(now, on=expressions(keys), how="full", coalesce=True, nulls_equal=True, suffix="_now")
    return both.sort(expressions(keys), nulls_last=True).with_columns(cs.exclude(cs.by_name(*keys)).fill_null(0.0))


def chosen_by_model(metric: Metric, family: Family) -> bool:
    """Whether a prediction decides how much a row counts in the denominator: rows of one label weigh differently."""
    assert metric.den is not None
    judged = [outcome for outcome in family.outcomes if None not in outcome]
    if not judged:
        return False
    nothing = np.zeros(len(judged))
    units = dict(zip((outcome.cell for outcome in judged), np.eye(len(judged)), strict=True))
    weights = nothing + metric.den(Cells(dict.fromkeys((cell.name for cell in family.cells), nothing) | units))
    labelled = list(zip((outcome.label for outcome in judged), weights.tolist(), strict=True))
    return any(len({weight for label, weight in labelled if label is side}) > 1 for side in (False, True))
