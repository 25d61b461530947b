"""Rates of flags and exact quantiles as expressions: what counting and numpy say, for every writing and dtype."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
import fastmetrics.polars as fpl

WRITINGS: dict[str, tuple[Any, list[Any]]] = {
    "Boolean": (pl.Boolean, [True, False, None]),
    "Int8": (pl.Int8, [1, 0, None]),
    "UInt64": (pl.UInt64, [1, 0, None]),
    "Int128": (pl.Int128, [1, 0, None]),
    "Float16": (pl.Float16, [1.0, 0.0, None, math.nan, -0.0]),
    "Float64": (pl.Float64, [1.0, 0.0, None, math.nan, -0.0]),
    "String": (pl.String, ["true", "false", None, "True", "False", "TRUE", "FALSE"]),
    "Categorical": (pl.Categorical, ["true", "false", None, "True", "False"]),
    "Enum": (pl.Enum(["false", "true"]), ["true", "false", None]),
    "Null": (pl.Null, [None]),
}
MULTIPLES: list[dict[str, Any]] = [{}, {"weight": "w"}, {"frequency": "f"}, {"weight": "w", "frequency": "f"}]


def a_log(dtype: Any, values: list[Any]) -> pl.DataFrame:
    rng = random.Random(2)
    flags = pl.Series(rng.choices(values, k=400), dtype=dtype)
    more = {
        "g": rng.choices("abc", k=400),
        "w": rng.choices([0.0, 0.5, 2.0], k=400),
        "f": rng.choices([0, 1, 3], k=400),
    }
    return pl.DataFrame({"x": flags, **more})


@pytest.mark.parametrize("multiples", MULTIPLES, ids=str)
@pytest.mark.parametrize("writing", WRITINGS)
def test_a_rate_and_its_interval_are_those_of_counts(writing: str, multiples: dict[str, Any]) -> None:
    log = a_log(*WRITINGS[writing])
    counted = fm.count(log, fm.flags(x="x"), by="g", **multiples).metrics("x_rate", intervals=True, level=0.9)
    asked = fpl.rate("x", **multiples), fpl.rate_interval("x", level=0.9, **multiples)
    for column in ("x", pl.col("x").alias("x")):
        asked = fpl.rate(column, **multiples), fpl.rate_interval(column, level=0.9, **multiples)
        found = log.group_by("g").agg(asked).sort("g").unnest("x_rate_interval")
        assert found.columns == ["g", "x_rate", "low", "high"]
        assert found.rows() == counted.drop("n").rows()


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_flags_may_be_computed_and_several(engine: Any) -> None:
    log = a_log(pl.Boolean, [True, False, None]).lazy()
    found = log.select(fpl.rate("x"), fpl.rate(pl.col("w") > 1), pl.col("f").eq(3).fm.rate()).collect(engine=engine)
    held = log.collect()
    assert found.row(0) == (held["x"].mean(), (held["w"] > 1).mean(), (held["f"] == 3).mean())
    assert found.columns == ["x_rate", "w_rate", "f_rate"]


def test_no_rows_have_no_rate_and_no_quantile() -> None:
    empty = pl.DataFrame(schema={"x": pl.Boolean, "y": pl.Float64, "z": pl.Null})
    asked = fpl.rate("x"), fpl.rate("z"), fpl.quantile("y", 0.5), fpl.quantile("z", 0.5), fpl.quantile("x", 0.5)
    assert (
        empty.select(*asked[:3], *(each.alias(str(place)) for place, each in enumerate(asked[3:]))).row(0)
        == (None,) * 5
    )


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Float32, pl.Int8, pl.UInt32, pl.Int64, pl.Decimal(12, 3), pl.Boolean])
def test_a_quantile_is_the_inverted_distribution_function_of_numpy(dtype: Any) -> None:
    rng = np.random.default_rng(5)
    for rows in (1, 2, 3, 10, 30, 101):
        values = pl.Series(rng.choice([0, 1], rows) if dtype == pl.Boolean else rng.integers(0, 90, rows)).cast(dtype)
        log = pl.DataFrame({"x": values.extend_constant(None, 2)})
        plain = log["x"].drop_nulls().cast(pl.Float64).to_numpy()
        for q in (0, 0.0, 1e-9, 0.1, 0.25, 1 / 3, 0.5, 0.57, 0.9, 0.95, 0.999, 1, np.float32(0.5), rng.random()):
            assert log.select(fpl.quantile("x", q)).item() == np.quantile(plain, float(q), method="inverted_cdf")


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_null_and_nan_are_left_out_of_quantiles_in_every_context(engine: Any) -> None:
    rng = np.random.default_rng(1)
    values = rng.lognormal(size=500)
    values[::7], values[::11], values[::13] = math.nan, math.inf, -math.inf
    log = pl.DataFrame({"g": rng.choice([*"abc"], 500), "x": values})
    log = log.with_columns(x=pl.when(pl.int_range(pl.len()) % 17 != 0).then("x"), y=pl.lit(None, pl.Float32))
    asked = fpl.quantile("x", 0.9), fpl.quantile(pl.col("x") * 2, 0.5).alias("twice"), fpl.quantile("y", 0.5)
    expected = {}
    for (key,), frame in log.group_by("g"):
        kept = [x for x in frame["x"].to_list() if x is not None and not math.isnan(x)]
        cut = [np.quantile(kept, q, method="inverted_cdf") for q in (0.9, 0.5)]
        expected[key] = (cut[0], 2 * cut[1], None)
    found = log.lazy().group_by("g").agg(asked).collect(engine=engine)
    assert found.columns[1:] == ["x_p90", "twice", "y_p50"]
    assert {key: row for key, *row in found.rows()} == {key: [*row] for key, row in expected.items()}
    over = log.lazy().select("g", asked[0].over("g")).collect(engine=engine)
    assert over.unique().sort("g").rows() == sorted((key, row[0]) for key, row in expected.items())


def test_values_have_the_exact_quantile_within_their_error() -> None:
    rng = np.random.default_rng(8)
    log = pl.DataFrame({"g": rng.choice([*"abc"], 3_000), "ms": rng.lognormal(3, 2, 3_000)})
    asked = ["p10", "p50", "p95", "p99.9"]
    counted = fm.count(log, fm.values("ms", extremes=False), by="g").metrics(*asked)
    exact = log.group_by("g").agg(fpl.quantile("ms", float(name[1:]) / 100).alias(name) for name in asked).sort("g")
    for name in asked:
        apart = (counted[name] - exact[name]).abs()
        assert (apart <= counted[f"{name}_error"]).all()
        assert 0 < apart.max() < 0.011 * exact[name].max()


def test_quantiles_are_called_by_their_percentile() -> None:
    log = pl.DataFrame({"ms": [1.0, 2.0]})
    shares = (0.5, 0.57, 0.95, 0.999, 0.9999, 0, 1, 1 / 8)
    names = ["ms_p50", "ms_p57", "ms_p95", "ms_p99.9", "ms_p99.99", "ms_p0", "ms_p100", "ms_p12.5"]
    assert log.select(fpl.quantile("ms", q) for q in shares).columns == names
    assert log.select(pl.col("ms").fm.quantile(0.5), fpl.quantile(pl.col("ms") + 1, q=0.5).alias("more")).row(0) == (
        1,
        2,
    )


@pytest.mark.parametrize(
    ("q", "says"),
    [
        (95, "q=95 is not a number from 0 to 1; the 95th percentile is 0.95"),
        (-0.1, "q=-0.1 is not a number from 0 to 1$"),
        (101, "q=101 is not a number from 0 to 1$"),
        (math.nan, "q=nan is not a number from 0 to 1$"),
        (True, "q=True is not"),
        ("p95", "q='p95' is not"),
        (None, "q=None is not"),
        (pl.col("q"), "is not a number from 0 to 1"),
    ],
)
def test_a_share_is_a_number_from_0_to_1(q: Any, says: str) -> None:
    with pytest.raises(fm.SchemaError, match=says):
        fpl.quantile("x", q)


def test_what_is_no_column_or_not_exact_is_refused() -> None:
    for call in (fpl.rate, fpl.rate_interval, lambda column: fpl.quantile(column, 0.5)):
        with pytest.raises(fm.SchemaError, match="3 is not one column"):
            call(3)  # type: ignore[operator]
    with pytest.raises(fm.DataError, match=r"column 'x' holds whole numbers near -1152921504606846976, which float64"):
        pl.DataFrame({"x": [-(2**60), 1]}).select(fpl.quantile("x", 0.5))
    with pytest.raises(fm.SchemaError, match="column 'x' holds String; a number is needed"):
        pl.DataFrame({"x": ["1"]}).select(fpl.quantile(pl.col("x") + "0", 0.5))
    with pytest.raises(fm.SchemaError, match="level=2 is not"):
        fpl.rate_interval("x", level=2)


@pytest.mark.parametrize(("q", "rank"), [(0.07, 7), (0.55, 55), (0.56, 56), (0.999, 100), (1.0, 100), (0.0, 1)])
def test_a_quantile_is_that_of_its_share_as_it_is_written(q: float, rank: int) -> None:
    log = pl.DataFrame({"x": range(1, 101)})
    assert log.select(fpl.quantile("x", q)).item() == rank
    assert fm.count(log, fm.values("x")).metrics(f"p{100 * q:.12g}").row(0)[1] == pytest.approx(rank, rel=0.0109)
