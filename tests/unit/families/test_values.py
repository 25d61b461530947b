"""Quantiles, bounds, comparisons and faults of `fm.values`."""

from __future__ import annotations

import math
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

import fastmetrics as fm

SHARES = {"p0": 0.0, "p1": 0.01, "p50": 0.5, "p90": 0.9, "p99.9": 0.999, "p100": 1.0}
NUMBERS = st.floats(allow_nan=False) | st.integers(-100, 100).map(float) | st.sampled_from([0.0, 1.0, math.inf])


def inverted(numbers: Sequence[float], share: float) -> float:
    return float(np.quantile(np.array(numbers), share, method="inverted_cdf"))


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=60), st.booleans())
@example([5e-324, 1e-323, 1e-323], False)
@example([1.7976931348623157e308, 1.79e308], False)
@example([-3.0, -2.99, -2.98, -2.97], True)
def test_quantiles_are_within_the_stated_error_of_the_inverted_distribution(
    numbers: list[float], extremes: bool
) -> None:
    row = fm.count({"x": numbers}, fm.values("x", extremes=extremes)).metrics(*SHARES).row(0, named=True)
    for name, share in SHARES.items():
        exact, got, error = inverted(numbers, share), row[name], row[f"{name}_error"]
        if math.isinf(exact):
            assert (got, error) == (exact, 0.0)
            continue
        assert abs(got - exact) <= error * (1 + 1e-12)
        assert abs(got - exact) <= 0.0109 * abs(exact) or abs(exact) < 1e-300  # where float64 has few digits
        assert error <= 0.011 * abs(got) or abs(exact) < 1e-300
    if extremes:
        assert (row["p0"], row["p100"]) == (min(numbers), max(numbers))


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(-1e6, 1e6))
def test_the_share_above_a_number_is_within_its_error(numbers: list[float], at: float) -> None:
    name = f"rate_above({at!r})"
    row = fm.count({"x": numbers}, fm.values("x")).metrics(name).row(0, named=True)
    assert abs(row[name] - sum(x > at for x in numbers) / len(numbers)) <= row[f"{name}_error"] + 1e-12


@settings(deadline=None)
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=60), st.randoms())
def test_sums_are_right_to_a_rounding_and_no_order_changes_a_bit(numbers: list[float], random: Any) -> None:
    shuffled = random.sample(numbers, len(numbers))
    first, second = (fm.count({"x": given}, fm.values("x")).metrics("sum", "mean") for given in (numbers, shuffled))
    assert first.equals(second)
    total = first["sum"][0]
    assert total == pytest.approx(math.fsum(numbers), rel=3e-16, abs=math.fsum(map(abs, numbers)) * 3e-16)


def test_whole_numbers_add_up_exactly_over_many_rows() -> None:
    tokens = np.random.default_rng(0).integers(0, 10**9, 100_000)
    counts = fm.count({"tokens": tokens}, fm.values("tokens"))
    assert counts.metrics("sum")["sum"][0] == int(tokens.sum())


def test_rows_without_a_number_zeros_and_infinities_are_counted_apart() -> None:
    log = {"x": [0.0, -0.0, math.nan, None, math.inf, -math.inf, 2.5, -1.5]}
    row = fm.count(log, fm.values("x")).metrics(
        "missing_rate", "zero_rate", "infinite_rate", "min", "max", "p50", "mean"
    )
    assert row.rows() == [(8, 0.25, 2 / 6, 2 / 6, -math.inf, 0.0, math.inf, 0.0, 0.0, 0.0, None)]
    finite = fm.count({"x": [1.0, math.inf]}, fm.values("x")).metrics("mean", "sum")
    assert finite.row(0) == (2, math.inf, math.inf)


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Float64, pl.Int8, pl.UInt64, pl.Decimal(10, 2), pl.Boolean, pl.Null])
def test_columns_of_any_number_are_counted(dtype: Any) -> None:
    values = pl.Series([1, None, 0, 1]).cast(dtype) if dtype != pl.Null else pl.Series([None] * 4)
    row = fm.count({"x": values}, fm.values("x")).metrics("p50", "missing_rate").row(0, named=True)
    expected = (None, 1.0) if dtype == pl.Null else (1.0, 0.25)
    assert (row["p50"], row["missing_rate"]) == expected


def test_groups_of_nothing_have_no_quantiles() -> None:
    log = {"x": [None, None, 3.0], "model": ["a", "a", "b"]}
    frame = fm.count(log, fm.values("x"), by="model").metrics(
        "p50", "mean", "min", "sum", "rate_above(1)", intervals=True
    )
    assert frame.filter(model="a").select("p50", "p50_low", "p50_error", "mean", "min", "rate_above(1)").row(0) == (
        *[None] * 6,
    )
    assert frame["sum"].to_list() == [0.0, 3.0]
    empty = fm.count(pl.DataFrame(schema={"x": pl.Float64}), fm.values("x")).metrics("p50", "missing_rate")
    assert empty.row(0) == (0, None, None, None)


def test_weights_make_quantiles_of_weight_and_frequencies_those_of_rows() -> None:
    log = {"x": [1.0, 2.0, 3.0, 4.0], "times": [1, 0, 5, 2]}
    spelled = {"x": [1.0, 3.0, 3.0, 3.0, 3.0, 3.0, 4.0, 4.0]}
    plain = fm.values("x", extremes=False)
    by_frequency = fm.count(log, fm.values("x"), frequency="times")
    assert by_frequency.metrics("p50", "p90", "mean", "sum", intervals=True).equals(
        fm.count(spelled, fm.values("x")).metrics("p50", "p90", "mean", "sum", intervals=True)
    )
    weighted = fm.count(log, plain, weight="times").metrics("p50", "p10", "mean", "rate_above(3.5)", "sum")
    assert weighted.select("p50", "p10", "mean", "rate_above(3.5)", "sum").row(0) == pytest.approx(
        (3.0, 1.0, 3.0, 0.25, 24.0), rel=0.011
    )


@pytest.mark.parametrize("q", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("n", [5, 20, 63, 500, 20_000])
def test_bounds_are_the_numbers_at_the_ranks_of_clopper_and_pearson_or_one_rank_wider(n: int, q: float) -> None:
    log = {"x": np.arange(1, n + 1, dtype=np.float64) ** 1.5 * 1e3}
    name = f"p{100 * q:g}"
    row = fm.count(log, fm.values("x")).metrics(name, intervals=True).row(0, named=True)
    ranks = np.arange(1, n + 1)
    low = int((stats.binom.cdf(ranks - 1, n, q) <= 0.025).sum())  # the largest rank that is too high so seldom
    high = n + 1 - int((stats.binom.sf(ranks - 1, n, q) <= 0.025).sum())
    for rank, got, near in ((low, row[f"{name}_low"], 1), (high, row[f"{name}_high"], -1)):
        allowed = [at_rank(log["x"], at) for at in (rank, rank - near)]
        assert any(got == wanted or 0 <= near * (wanted - got) <= 0.045 * wanted for wanted in allowed)


def at_rank(ordered: NDArray[np.float64], rank: int) -> float:
    return -math.inf if rank < 1 else math.inf if rank > len(ordered) else float(ordered[rank - 1])


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_bounds_hold_the_quantile_of_the_population_as_often_as_they_say(q: float) -> None:
    rng = np.random.default_rng(7)
    draws = rng.lognormal(6, 1, (400, 60))
    log = pl.DataFrame({"x": draws.ravel(), "draw": np.repeat(np.arange(400), 60)})
    frame = fm.count(log, fm.values("x"), by="draw").metrics(f"p{100 * q:g}", intervals=True)
    true = math.exp(6 + stats.norm.ppf(q))
    name = f"p{100 * q:g}"
    inside = frame.filter(pl.col(f"{name}_low") <= true, pl.col(f"{name}_high") >= true)
    assert 0.93 <= len(inside) / 400 <= 1.0


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_bounds_hold_where_weights_go_with_the_numbers(q: float) -> None:
    """The quantile of a log-normal that is weighted by itself is that of one moved up by its variance."""
    rng = np.random.default_rng(9)
    draws = rng.lognormal(0, 0.6, (300, 800))
    log = pl.DataFrame({"x": draws.ravel(), "draw": np.repeat(np.arange(300), 800)})
    name = f"p{100 * q:g}"
    counts = fm.count(log, fm.values("x", extremes=False), by="draw", weight="x")
    frame = counts.metrics(name, intervals=True)
    true = math.exp(0.36 + 0.6 * stats.norm.ppf(q))
    inside = frame.filter(pl.col(f"{name}_low") <= true, pl.col(f"{name}_high") >= true)
    assert 0.91 <= len(inside) / 300 <= 0.995


@pytest.mark.parametrize("q", [0.05, 0.95, 0.99])
@pytest.mark.parametrize("n", [20, 100])
def test_bounds_of_few_weighted_rows_do_not_take_what_is_not_seen_for_nothing(n: int, q: float) -> None:
    rng = np.random.default_rng(13)
    log = pl.DataFrame({"x": rng.lognormal(6, 1, 500 * n), "draw": np.repeat(np.arange(500), n)})
    log = log.with_columns(w=pl.Series(np.exp(0.8 * rng.standard_normal(500 * n))))
    name = f"p{100 * q:g}"
    frame = fm.count(log, fm.values("x", extremes=False), by="draw", weight="w").metrics(name, intervals=True)
    true = math.exp(6 + stats.norm.ppf(q))
    inside = frame.filter(pl.col(f"{name}_low") <= true, pl.col(f"{name}_high") >= true)
    assert len(inside) / 500 >= 0.95


def test_equal_weights_give_the_bounds_of_rows() -> None:
    log = pl.DataFrame({"x": np.random.default_rng(3).lognormal(6, 1, 400)}).with_columns(w=pl.lit(3.0))
    plain, weighted = (
        fm.count(log, fm.values("x", extremes=False), weight=weight).metrics("p50", "p95", "p99", intervals=True).row(0)
        for weight in (None, "w")
    )
    assert weighted == pytest.approx(plain, rel=1e-12)


def test_a_sum_beyond_all_floats_is_not_known() -> None:
    row = fm.count({"x": [1.7e308, 1.7e308, -1.7e308]}, fm.values("x")).metrics("sum", "mean", "max").row(0, named=True)
    assert (row["sum"], row["mean"], row["max"]) == (None, None, 1.7e308)


def test_a_slower_model_differs_and_an_equal_one_does_not() -> None:
    rng = np.random.default_rng(1)
    parts = {"a": rng.lognormal(6, 0.5, 5000), "b": rng.lognormal(6, 0.5, 5000), "c": rng.lognormal(6.3, 0.5, 5000)}
    log = pl.DataFrame({"ms": np.concatenate([*parts.values()]), "model": np.repeat(list(parts), 5000)})
    counts = fm.count(log, fm.values("ms"), by="model")
    for metric in ("p50", "p95", "mean"):
        beside = counts.compare(metric, by="model", to="a")
        assert beside["p_adjusted"][0] > 0.05
        assert beside["p_adjusted"][1] < 1e-6
        assert beside["difference_low"][1] > 0
    whole = counts.compare("p50", by="model", to="overall")
    assert whole.filter(model="c")["p"][0] < 1e-6


def test_the_rest_of_a_total_is_what_other_rows_make() -> None:
    rng = np.random.default_rng(3)
    log = pl.DataFrame({"x": rng.normal(0, 100, 900).round(), "g": rng.choice(list("abc"), 900)})
    for extremes in (True, False):
        counts = fm.count(log, fm.values("x", extremes=extremes), by="g")
        ((_, part),) = group_histograms(counts)
        ((_, total),) = group_histograms(counts.rollup())
        rest = total[np.zeros(3, np.int64)] - part
        for at, group in enumerate("abc"):
            other = fm.count(log.filter(pl.col("g") != group), fm.values("x", extremes=False))
            ((_, alone),) = group_histograms(other)
            places = slice(rest.first[at], rest.stop[at])
            assert np.array_equal(rest.bucket[places], alone.bucket[:-1])
            assert np.array_equal(rest.rows[places], alone.rows[:-1])
            assert rest.sums()[at] == alone.sums()[0]


def group_histograms(counts: fm.Counts) -> list[tuple[pl.DataFrame, Any]]:
    from fastmetrics.reading.cells import group_cells

    return [(keys, cells.histogram) for keys, cells in group_cells(counts, counts.layout.families[0])]


def test_days_add_up_to_the_whole_by_plus_and_by_sum_in_sql(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    log = pl.DataFrame(
        {"ms": rng.lognormal(5, 2, 3000), "day": rng.integers(0, 5, 3000), "m": rng.choice(["a", "b"], 3000)}
    )
    whole = fm.count(log, fm.values("ms"), by="m")
    days = [fm.count(part, fm.values("ms"), by="m") for _, part in log.group_by("day")]
    assert sum(days[1:], days[0]).tables["ms"].equals(whole.tables["ms"])
    for number, day in enumerate(days):
        day.write(tmp_path / f"{number}.parquet")
    merged = duckdb.sql(
        f"""select m, bucket, sum(rows)::bigint as "rows", sum(upper_mantissa)::bigint as upper_mantissa,
            sum(lower_mantissa)::bigint as lower_mantissa, min(lowest) as lowest, max(highest) as highest
            from read_parquet('{tmp_path}/*.parquet') group by all order by m, bucket nulls last"""
    ).pl()
    assert merged.equals(whole.tables["ms"])


def test_the_family_is_a_value_that_is_stored_and_told_apart(tmp_path: Path) -> None:
    family = fm.values("ms", null_values=[-1], name="latency")
    assert pickle.loads(pickle.dumps(family)) == family != fm.values("ms", name="latency")
    fm.count({"ms": [1.0, -1.0]}, family).write(tmp_path / "c.parquet")
    again = fm.read_counts(tmp_path / "c.parquet")
    assert again.metrics("missing_rate")["missing_rate"][0] == 0.5
    with pytest.raises(fm.MergeError, match="null_values"):
        again + fm.count({"ms": [1.0]}, fm.values("ms", null_values=[-2], name="latency"))


@pytest.mark.parametrize(
    ("log", "family", "says"),
    [
        ({"x": [[1]]}, lambda: fm.values(["x", "y"]), r"each of which has a family: \*map\(fm.values, \['x', 'y'\]\)"),
        ({"x": [1.0]}, lambda: fm.values(pl.col("x", "y")), "is not one column"),
        ({"x": [2**53 + 1]}, lambda: fm.values("x"), r"whole numbers near 9007199254740992, which float64 rounds"),
        ({"x": [b"1"]}, lambda: fm.values("x"), "value column 'x' holds Binary; a number is needed$"),
        ({"x": [1.0]}, lambda: fm.values("y"), "'y'"),
        ({"x y": [1.0]}, lambda: fm.values("x y"), r"give it a name, such as fm.values\('x y', name='value'\)"),
        ({"x": [1.0]}, lambda: fm.values("x", null_values=-1), r"null_values=\[-1\]"),
    ],
)
def test_what_cannot_be_counted_is_one_line(log: Any, family: Any, says: str) -> None:
    with pytest.raises((fm.SchemaError, fm.DataError), match=says) as error:
        fm.count(log, family())
    assert "\n" not in str(error.value)


TIMES = pl.Series([0, 2_500_000, None])


@pytest.mark.parametrize(
    ("column", "holds", "mean"),
    [
        (["1.5", "2", None], "String", 1.75),
        (pl.Series(["1.5", "2", None], dtype=pl.Categorical), "Categorical", 1.75),
        (pl.Series(["1.5", "2", None], dtype=pl.Enum(["2", "1.5"])), "Enum", 1.75),
        (TIMES.cast(pl.Duration("us")), "Duration", 1250.0),
        (TIMES.cast(pl.Datetime("us")), "Datetime", 1250.0),
        (TIMES.cast(pl.Date), "Date", 1_250_000 * 86_400_000),
        ([[1, 2], [3], None], "List", 1.5),
    ],
)
def test_the_advice_for_columns_of_no_numbers_works(column: Any, holds: str, mean: float) -> None:
    log = pl.DataFrame({"x": column})
    log = log.with_columns(start=pl.lit(0).cast(log.schema["x"]) if log.schema["x"].is_temporal() else pl.lit(0))
    with pytest.raises(fm.SchemaError, match=f"value column 'x' holds {holds}.*; a number is needed, such as") as error:
        fm.count(log, fm.values("x"))
    advised = eval(str(error.value).split("such as ")[1], {"pl": pl})
    row = fm.count(log, fm.values(advised)).metrics("mean", "missing_rate").row(0)
    assert row == (3, mean, 1 / 3)


@pytest.mark.parametrize("advised", [pl.col("x") - 2**53, pl.col("x").cast(pl.Float64)])
def test_the_advice_for_numbers_that_floats_round_works(advised: pl.Expr) -> None:
    log = {"x": [2**53 + 1, 2**53 + 3]}
    with pytest.raises(fm.DataError, match=r"subtract an offset, or say that .* pl.col\('x'\).cast\(pl.Float64\)"):
        fm.count(log, fm.values("x"))
    assert fm.count(log, fm.values(advised)).metrics("mean")["mean"][0] in (2.0, 2.0**53 + 2)


def test_text_that_is_no_number_is_named_where_it_is_cast() -> None:
    with pytest.raises(fm.DataError, match=r"column 'x' .*2ms"):
        fm.count({"x": ["1.5", "2ms"]}, fm.values(pl.col("x").cast(pl.Float64)))


def test_families_that_are_called_alike_are_refused_and_keys_as_well() -> None:
    log = {"flags": [2.0], "x": [1.0], "bucket": ["a"]}
    for other in (fm.flags(a=pl.col("x") > 0), fm.values(pl.col("flags") * 2)):
        with pytest.raises(fm.SchemaError, match="two families are called 'flags'; tell them apart with name="):
            fm.count(log, fm.values("flags"), other)
    named = fm.count(log, fm.values("flags"), fm.values(pl.col("x"), name="twice"), fm.flags(a="x", name="others"))
    assert named.metrics("flags.p50", "twice.p50")["twice.p50"][0] == 1.0
    with pytest.raises(fm.SchemaError, match=r"key 'bucket' has the name of a cell.*alias\('bucket_key'\)"):
        fm.count(log, fm.values("x"), by="bucket")


def test_a_hundred_thousand_groups_of_few_rows() -> None:
    numbers = np.random.default_rng(2).lognormal(3, 1, 300_000)
    log = pl.DataFrame({"x": numbers, "user": np.arange(300_000) % 100_000})
    frame = fm.count(log, fm.values("x"), by="user").metrics("p50", "max", "mean").sort("user")
    ours = (
        log.group_by("user").agg(p50=pl.col("x").median(), max=pl.col("x").max(), mean=pl.col("x").mean()).sort("user")
    )
    assert frame["max"].equals(ours["max"])
    assert ((frame["p50"] - ours["p50"]).abs() <= frame["p50_error"]).all()  # of three rows in a bucket the middle one
    assert np.allclose(frame["mean"], ours["mean"], rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("p101", "metric 'p101': a percentile is from 0 to 100"),
        ("p999", "'p99.9'"),
        ("p99.", "unknown metric|unknown family"),
        ("rate_above(x)", "'x' is not a number, as in 'rate_above"),
        ("rate_above(nan)", "'nan' is not a number, as in 'rate_above"),
        ("rate_above", r"it needs a number, as in 'rate_above\(500\)'"),
        ("media", "unknown metric 'media'"),
    ],
)
def test_metrics_that_are_not_there_are_one_line(name: str, says: str) -> None:
    counts = fm.count({"x": [1.0]}, fm.values("x"))
    with pytest.raises(fm.SchemaError, match=says):
        counts.metrics(name)


def test_a_diagnosis_finds_the_slice_that_became_slow() -> None:
    rng = np.random.default_rng(11)
    n = 40_000
    log = pl.DataFrame(
        {
            "ms": rng.lognormal(6, 0.5, n),
            "tokens": rng.integers(1, 500, n),
            "model": rng.choice(["a", "b", "c"], n),
            "country": rng.choice(["DE", "BR", "US"], n),
            "new": np.arange(n) >= n // 2,
        }
    )
    slow = (pl.col("model") == "b") & (pl.col("country") == "BR") & pl.col("new")
    log = log.with_columns(pl.when(slow).then(pl.col("ms") * 2.5).otherwise("ms").alias("ms"))
    families = fm.values("tokens"), fm.values("ms")
    before, now = (
        fm.count(log.filter(pl.col("new") == new), *families, by=["model", "country"]) for new in (False, True)
    )
    found = fm.diagnose(now, baseline=before)
    assert found.findings.select("metric", "model", "slice").rows() == [("ms_tail_rate", "b", "country = BR")]
