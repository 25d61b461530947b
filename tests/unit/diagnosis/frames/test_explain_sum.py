from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm

SIZES = {"country": 6, "device": 4, "hour": 24}
DIMS = list(SIZES)
COLUMNS = ["predicate", "score", "p", "effect", "low", "high", "rows", "contribution"]


def frames(seed: int = 0, noise: float = 0.1, zeros: float = 0.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Actual and expected values that differ by noise alone."""
    rng = np.random.default_rng(seed)
    codes = np.indices(tuple(SIZES.values())).reshape(len(SIZES), -1)
    keys = pl.DataFrame({dim: [f"{dim}{code}" for code in row] for dim, row in zip(SIZES, codes, strict=True)})
    size = len(keys)
    base = rng.weibull(0.8, size) * 100 * (rng.uniform(size=size) >= zeros)
    sides = base, base * np.maximum(1 + rng.normal(0, noise, size), 0)
    swapped = rng.uniform(size=size) < 0.5
    actual, expected = np.where(swapped, sides[1], sides[0]), np.where(swapped, sides[0], sides[1])
    return keys.with_columns(value=pl.Series(actual)), keys.with_columns(value=pl.Series(expected))


def scaled(frame: pl.DataFrame, factor: float, **predicate: str) -> pl.DataFrame:
    hit = pl.all_horizontal(*[pl.col(column) == value for column, value in predicate.items()])
    return frame.with_columns(value=pl.when(hit).then(pl.col("value") * factor).otherwise("value"))


def named(causes: pl.DataFrame) -> list[dict[str, str | None]]:
    return [{part["column"]: part["value"] for part in predicate} for predicate in causes["predicate"].to_list()]


@pytest.mark.parametrize("factor", [0.5, 2.0])
@pytest.mark.parametrize(
    "slice_", [{"country": "country2"}, {"country": "country2", "device": "device1"}, {"hour": "hour7"}]
)
def test_a_planted_cause_is_found_by_name(factor, slice_):
    actual, expected = frames()
    causes = fm.explain_sum(scaled(actual, factor, **slice_), expected=expected, dims=DIMS)
    assert named(causes) == [slice_]
    row = causes.row(0, named=True)
    assert row["p"] < 0.05
    assert row["score"] > 0
    assert row["low"] <= factor - 1 <= row["high"]
    assert row["rows"] == np.prod([size for dim, size in SIZES.items() if dim not in slice_])
    assert row["contribution"] == pytest.approx(1, abs=0.3)


def test_causes_of_different_size_and_direction_are_told_apart():
    actual, expected = frames(1, 0.05)
    actual = scaled(scaled(actual, 0.4, country="country1"), 1.8, country="country4", device="device0")
    causes = fm.explain_sum(actual, expected=expected, dims=DIMS)
    assert sorted(map(len, named(causes))) == [1, 2]
    assert {"country": "country1"} in named(causes)
    assert causes["score"].is_sorted(descending=True)


def test_a_single_leaf_is_found():
    actual, expected = frames(2, 0.05)
    leaf = {"country": "country3", "device": "device2", "hour": "hour5"}
    assert named(fm.explain_sum(scaled(actual, 0.1, **leaf), expected=expected, dims=DIMS)) == [leaf]


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.25])
def test_noise_is_no_cause(noise):
    reported = [
        fm.explain_sum(actual, expected=expected, dims=DIMS).height
        for actual, expected in (frames(seed, noise, zeros=0.2) for seed in range(40))
    ]
    assert sum(map(bool, reported)) <= 3


def test_equal_frames_have_no_cause():
    actual, _ = frames()
    assert fm.explain_sum(actual, expected=actual, dims=DIMS).is_empty()


def test_a_change_of_everything_has_an_empty_name():
    actual, expected = frames(3, 0.05)
    causes = fm.explain_sum(actual.with_columns(pl.col("value") * 0.6), expected=expected, dims=DIMS)
    assert named(causes) == [{}]
    assert causes["effect"].item() == pytest.approx(-0.4, abs=0.05)
    assert causes["contribution"].item() == pytest.approx(1)


def test_missing_leaves_count_zero():
    actual, expected = frames(4)
    lost = pl.col("country") == "country5"
    causes = fm.explain_sum(actual.filter(~lost), expected=expected, dims=DIMS)
    assert named(causes) == [{"country": "country5"}]
    assert causes["effect"].item() == -1.0
    new = fm.explain_sum(actual, expected=expected.filter(~lost), dims=DIMS)
    assert named(new) == [{"country": "country5"}]
    assert new["effect"].item() is None


def test_zeros_on_both_sides_tell_nothing():
    actual, expected = frames(5, zeros=0.5)
    causes = fm.explain_sum(scaled(actual, 0.5, country="country0"), expected=expected, dims=DIMS)
    assert named(causes) == [{"country": "country0"}]


def test_rows_of_a_leaf_are_added_up_in_any_order():
    actual, expected = frames(6)
    actual = scaled(actual, 0.5, device="device3")
    once = fm.explain_sum(actual, expected=expected, dims=DIMS)
    halves = pl.concat([actual, actual]).with_columns(pl.col("value") / 2).sample(fraction=1, shuffle=True, seed=1)
    again = fm.explain_sum(halves, expected=expected, dims=DIMS)
    assert named(again) == named(once) == [{"device": "device3"}]
    assert again["effect"].item() == pytest.approx(once["effect"].item())


def test_one_dimension():
    rng = np.random.default_rng(7)
    keys = [f"shop{n}" for n in range(400)]
    expected = pl.DataFrame({"shop": keys, "sales": rng.uniform(50, 100, 400)})
    actual = expected.with_columns(pl.col("sales") * pl.Series(1 + rng.normal(0, 0.02, 400)))
    actual = actual.with_columns(sales=pl.when(shop="shop17").then(pl.col("sales") * 0.3).otherwise("sales"))
    causes = fm.explain_sum(actual, expected=expected, value="sales", dims=["shop"])
    assert named(causes) == [{"shop": "shop17"}]


def test_null_is_a_value_and_other_types_are_named_as_texts():
    actual, expected = frames(8)
    odd = pl.col("hour").str.strip_prefix("hour").cast(pl.Int8)
    gap = pl.when(pl.col("device") != "device1").then("device")
    actual, expected = (frame.with_columns(hour=odd, device=gap) for frame in (actual, expected))
    lost = actual.with_columns(
        value=pl.when(pl.col("device").is_null() | (pl.col("hour") == 7)).then(pl.col("value") * 0.4).otherwise("value")
    )
    causes = fm.explain_sum(lost, expected=expected, dims=DIMS)
    assert {tuple(one.items()) for one in named(causes)} == {(("device", None),), (("hour", "7"),)}


def test_empty_frames_give_an_empty_frame_of_the_same_schema():
    actual, expected = frames()
    full = fm.explain_sum(scaled(actual, 0.5, hour="hour1"), expected=expected, dims=DIMS)
    empty = fm.explain_sum(actual.clear(), expected=expected.clear(), dims=DIMS)
    assert full.columns == COLUMNS
    assert empty.schema == full.schema
    assert empty.is_empty()
    one_sided = fm.explain_sum(actual.clear(), expected=expected, dims=DIMS)
    assert one_sided.schema == full.schema


def test_the_result_does_not_depend_on_the_order_of_rows_or_dimensions():
    actual, expected = frames(9)
    actual = scaled(actual, 0.5, country="country1", device="device1")
    one = fm.explain_sum(actual, expected=expected, dims=DIMS)
    two = fm.explain_sum(actual.reverse(), expected=expected, dims=DIMS[::-1])
    assert named(one) == [{"country": "country1", "device": "device1"}]
    assert named(two) == named(one)


def test_wrong_names_are_refused_with_the_nearest():
    actual, expected = frames()
    with pytest.raises(fm.SchemaError, match="actual: unknown column 'contry'; did you mean 'country'"):
        fm.explain_sum(actual, expected=expected, dims=["contry"])
    with pytest.raises(fm.SchemaError, match="expected: unknown column 'value'; did you mean 'values'"):
        fm.explain_sum(actual, expected=expected.rename({"value": "values"}), dims=DIMS)


@pytest.mark.parametrize("dims", [[], "country", ["country", "country"], ["country", "value"]])
def test_dimensions_are_a_list_of_different_columns(dims):
    actual, expected = frames()
    with pytest.raises(fm.SchemaError, match="dims="):
        fm.explain_sum(actual, expected=expected, dims=dims)


def test_values_that_do_not_add_up_are_refused():
    actual, expected = frames()
    with pytest.raises(fm.SchemaError, match="a number that adds up, not String"):
        fm.explain_sum(actual.with_columns(pl.col("value").cast(pl.String)), expected=expected, dims=DIMS)
    with pytest.raises(fm.DataError, match="NaN or infinite"):
        fm.explain_sum(actual.with_columns(value=pl.lit(float("nan"))), expected=expected, dims=DIMS)
    with pytest.raises(fm.DataError, match="negative"):
        fm.explain_sum(actual, expected=expected.with_columns(-pl.col("value")), dims=DIMS)


def test_an_actual_value_below_zero_counts_as_wholly_lost():
    actual, expected = frames(10)
    refunds = scaled(actual, -0.2, country="country1")
    assert named(fm.explain_sum(refunds, expected=expected, dims=DIMS)) == [{"country": "country1"}]


def test_too_many_conjunctions_are_refused_before_memory_is_taken():
    many = pl.DataFrame({"user": range(10_000), "item": range(10_000), "value": [1.0] * 10_000})
    with pytest.raises(fm.SchemaError, match="leave out a column of many values, such as 'user' with 10,000"):
        fm.explain_sum(many, expected=many, dims=["user", "item"])


def test_counts_in_small_leaves_vary_more_and_are_no_cause_for_that():
    reported = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        _, expected = frames(seed)
        counts = rng.poisson(expected["value"].to_numpy()).astype(float)
        reported.append(fm.explain_sum(expected.with_columns(value=counts), expected=expected, dims=DIMS).height)
    assert sum(map(bool, reported)) <= 5
