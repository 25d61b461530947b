"""Numbers that rows carry, such as latencies, tokens and costs: how they are distributed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fastmetrics import kernels
from fastmetrics.aliases import Floats, Integers
from fastmetrics.contract.cells import Cell, CellTable, InnerKey
from fastmetrics.contract.columns import Column, column_name
from fastmetrics.contract.family import Family
from fastmetrics.contract.roles import Role, widened
from fastmetrics.contract.rows import Accumulators, Rows
from fastmetrics.errors import SchemaError
from fastmetrics.families import value_rates
from fastmetrics.families.buckets import LAST, bucket_ends, buckets_of, mantissas_of
from fastmetrics.families.distributions import CURVES
from fastmetrics.families.histograms import Histogram
from fastmetrics.families.labels import check_nulls, null_arguments
from fastmetrics.metric import Cells, Metric

__all__ = ["METRICS", "values"]

MANTISSAS = (Cell("upper_mantissa", "count"), Cell("lower_mantissa", "count"))
EXTREMES = (Cell("lowest", "min"), Cell("highest", "max"))
PERCENTILE = re.compile(r"p(\d+(?:\.\d+)?)")
RATE_ABOVE = re.compile(r"rate_above(?:\(([^()]*)\))?")


def values(
    column: Column,
    *,
    extremes: bool = True,
    null_values: Sequence[float] | None = None,
    name: str | None = None,
) -> Family:
    """The family of the numbers of a column: how many there are of each size, to a fiftieth, and their exact sum.

    Parameters
    ----------
    column
        Column of numbers, such as a latency, a number of tokens or a cost. Null and NaN mean: missing.
    extremes
        Also keep the least and the greatest number of each bucket: then quantiles are closer, and exact where a bucket
        has equal numbers or few. A weighted count has no extremes.
    null_values
        Numbers that mean null, such as ``[-1]``.
    name
        What its metrics are asked for by, where it is not the only family: ``counts.metrics("latency_ms.p95")``. By
        default the name of the column.

    Notes
    -----
    A row lies in the bucket of its number: 32 an octave, whose ends are apart by 2.2 %, and those of 0, of either
    infinity and of what is missing. They are the buckets of native histograms of Prometheus (schema 5) and of
    exponential histograms of OpenTelemetry (scale 5): see ``docs/values.md``. Whole numbers up to 54 have one each.

    ``p95`` and any other ``pNN`` is the least number that 95 of 100 rows do not exceed (the inverted distribution
    function) among the rows that have one, infinities included. It differs by at most 1.09 % from the exact one, and
    ``p95_error`` says by how much in units of the column. ``rate_above(500)`` is the share of numbers that are larger.
    ``sum`` and ``mean`` are made of whole numbers, so that no order of rows, threads or merges changes a bit; both are
    infinite where a number is.

    Raises
    ------
    SchemaError
        A column of no numbers, or a name that is no identifier.

    >>> import fastmetrics as fm
    >>> counts = fm.count({"latency_ms": [120, 80, 95, None, 2400]}, fm.values("latency_ms"))
    >>> counts.metrics("p50", "p99", "mean", "missing_rate").row(0)
    (5, 95.0, 0.0, 2400.0, 0.0, 673.75, 0.2)
    """
    if isinstance(column, (list, tuple)):
        raise SchemaError(f"{column!r} are several columns, each of which has a family: *map(fm.values, {[*column]!r})")
    nulls = check_nulls(null_values)
    called = check_name(column) if name is None else name
    return Family(
        kind="values",
        name=called,
        maker=values,
        roles=(Role("value", column, "number", null_values=nulls),),
        cells=(Cell("rows"), *MANTISSAS, *(EXTREMES if extremes else ())),
        inner=(InnerKey("bucket", within=(-LAST, LAST)),),
        rows=partial(rows, extremes=extremes),
        metrics=METRICS,
        arguments={"column": column, "extremes": extremes, "name": name, **null_arguments(nulls)},
        constants=tuple(null_arguments(nulls)),
        read=view,
        width=0,
        parametric=parametric,
        headline=("mean", "p50", "p95", "p99", "missing_rate"),
        curves=CURVES,
        rates=value_rates.rates(called),
        prepare=value_rates.prepare,
    )


def check_name(column: Column) -> str:
    """The name of a column as that of a family, or an error that says how to give another."""
    name = column_name(column)
    if not name.isidentifier():
        raise SchemaError(
            f"column {name!r} cannot name the family, as its metrics are asked for as 'name.p95'; give it a name, such "
            f"as fm.values({name!r}, name='value')"
        )
    return name


def rows(roles: Mapping[str, NDArray[Any]], extremes: bool) -> Rows:
    """The bucket of each row, the mantissa of its number, and the number as both extremes."""
    numbers = widened(roles["value"])
    buckets = buckets_of(numbers)

    def add(to: Accumulators) -> None:
        kernels.buckets.add_values(to.fields, to.ranges, numbers, to.counts, to.reach, to.extremes)

    def ends() -> Floats:
        finite = np.where(np.isfinite(numbers), numbers.astype(np.float64) + 0.0, np.nan)
        return np.column_stack([finite, finite])

    return Rows(
        counts=lambda: np.column_stack(mantissas_of(numbers.astype(np.float64), buckets)),
        extremes=ends if extremes else None,
        add=add,
        inner=(lambda: buckets,),
    )


def view(table: CellTable) -> Cells:
    """Rows of each group in all and of some kinds, and the histogram of its numbers."""
    bucket = table.keys["bucket"].fill_null(LAST + 1).cast(pl.Int64).to_numpy()
    squares = table.cells.squares
    read = partial(cells, table.group, table.size, bucket)
    return Cells(read(table.cells.values), None if squares is None else read(squares))


def cells(group: Integers, size: int, bucket: Integers, held: Mapping[str, Floats]) -> dict[str, Any]:
    """What formulas see of some cells."""
    missing = bucket == LAST + 1

    def added(rows: Any) -> Floats:
        return np.bincount(group[rows], held["rows"][rows], size).astype(np.float64)

    there = ~missing
    bottom, top = bucket_ends(bucket[there])
    kept = "lowest" in held
    places = {
        "group": group[there],
        "bucket": bucket[there],
        "rows": held["rows"][there],
        "least": np.fmax(held["lowest"][there], bottom) if kept else bottom,
        "greatest": np.fmin(held["highest"][there], top) if kept else top,
        "upper": held["upper_mantissa"][there],
        "lower": held["lower_mantissa"][there],
    }
    ordered = pl.DataFrame(places).filter(pl.col("rows") != 0).sort("group", "bucket")
    return {
        "rows": added(slice(None)),
        "missing": added(missing),
        "known": added(there),
        "zero": added(bucket == 0),
        "infinite": added(np.abs(bucket) == LAST),
        "histogram": Histogram.of(ordered, size, attained=kept),
    }


def percentile(name: str, share: float, aliases: tuple[str, ...] = ()) -> Metric:
    """The row of a quantile."""
    return Metric(
        name,
        lambda c: c.histogram.quantile(share),
        range=(-inf, inf),
        better=None,
        aliases=aliases,
        scale="units of the column",
        interval="rank",
        share=share,
        error=lambda c: c.histogram.quantile_error(share),
        source="the least number that so many of 100 rows with a number do not exceed",
    )


def rate_above(name: str, number: float) -> Metric:
    """The row of the share of larger numbers."""
    return Metric(
        name,
        lambda c: c.histogram.above(number),
        lambda c: c.known,
        "proportion",
        better=None,
        error=lambda c: c.histogram.above_error(number) / c.known,
        source="share of numbers that are larger, of rows with a number",
    )


def parametric(name: str) -> Metric | None:
    """``p99.9`` and ``rate_above(500)``.

    Raises
    ------
    SchemaError
        Another percentile than from 0 to 100, or the share above what is no number.
    """
    found = PERCENTILE.fullmatch(name)
    if found and float(found[1]) > 100:
        raise SchemaError(
            f"metric {name!r}: a percentile is from 0 to 100; what 999 of 1,000 rows do not exceed is 'p99.9'"
        )
    if found:
        return percentile(name, float(found[1]) / 100)
    found = RATE_ABOVE.fullmatch(name)
    if not found:
        return None
    number = number_of(found[1] or "")
    if math.isnan(number):
        lacks = f"{found[1]!r} is not a number" if found[1] else "it needs a number"
        raise SchemaError(f"metric {name!r}: {lacks}, as in 'rate_above(500)'")
    return rate_above(name, number)


def number_of(text: str) -> float:
    """The number that a text says, NaN where it says none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def known(c: Any) -> Any:
    return c.known


def every_row(c: Any) -> Any:
    return c.rows


# fmt: off
METRICS: tuple[Metric, ...] = (
    Metric("mean", lambda c: c.histogram.sums(), known, "ratio", range=(-inf, inf), better=None,
           scale="units of the column", interval="mean", square=lambda c: c.histogram.squares(),
           aliases=("average", "avg"), source="mean of the numbers there are"),
    Metric("sum", lambda c: c.histogram.sums(), range=(-inf, inf), better=None, scale="units of the column",
           aliases=("total",), source="sum of the numbers there are"),
    Metric("min", lambda c: c.histogram.quantile(0.0), range=(-inf, inf), better=None, scale="units of the column",
           error=lambda c: c.histogram.quantile_error(0.0), aliases=("minimum",), source="the least number"),
    Metric("max", lambda c: c.histogram.quantile(1.0), range=(-inf, inf), better=None, scale="units of the column",
           error=lambda c: c.histogram.quantile_error(1.0), aliases=("maximum",), source="the greatest number"),
    percentile("p50", 0.5, aliases=("median",)),
    *(percentile(f"p{number}", number / 100) for number in (90, 95, 99)),
    Metric("missing_rate", lambda c: c.missing, every_row, "proportion", better="lower",
           aliases=("null_rate",), source="share of rows without a number"),
    Metric("zero_rate", lambda c: c.zero, known, "proportion", better=None,
           source="share of zeros, of rows with a number"),
    Metric("infinite_rate", lambda c: c.infinite, known, "proportion", better="lower",
           source="share of infinities, of rows with a number"),
)
# fmt: on
