"""Flags: what is true, false and not known in every writing, their names, and what is read from them."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
import oracle
from oracle_metrics import Z95, share_bounds

LOG = pl.DataFrame(
    {
        "refused": [True, False, None, True, False, False],
        "finish": ["stop", "length", None, "stop", "stop", "length"],
        "model": [*"aabbbb"],
        "w": [1.0, 2.0, 0.5, 1.0, 3.0, 0.25],
        "times": [1, 0, 2, 1, 3, 1],
    }
)
FLAGS = fm.flags(refused="refused", truncated=pl.col("finish") == "length")
WRITINGS: dict[str, tuple[Any, list[Any]]] = {
    "Boolean": (pl.Boolean, [True, False, None]),
    "Int8": (pl.Int8, [1, 0, None]),
    "UInt64": (pl.UInt64, [1, 0, None]),
    "Int128": (pl.Int128, [1, 0, None]),
    "UInt128": (pl.UInt128, [1, 0, None]),
    "Float16": (pl.Float16, [1.0, 0.0, None, math.nan, -0.0]),
    "Float32": (pl.Float32, [1.0, 0.0, None, math.nan, -0.0]),
    "Float64": (pl.Float64, [1.0, 0.0, None, math.nan, -0.0]),
    "String": (pl.String, ["true", "false", None, "True", "False", "TRUE", "FALSE"]),
    "Categorical": (pl.Categorical, ["true", "false", None, "True", "False", "TRUE", "FALSE"]),
    "Enum": (pl.Enum(["false", "true"]), ["true", "false", None]),
    "Null": (pl.Null, [None]),
}


def test_each_flag_has_rows_that_are_true_and_rows_that_are_not_known() -> None:
    counts = fm.count(LOG, FLAGS, by="model")
    assert counts.frame.rows(named=True) == [
        {"model": "a", "rows": 2, "refused_true": 1, "refused_missing": 0, "truncated_true": 1, "truncated_missing": 0},
        {"model": "b", "rows": 4, "refused_true": 1, "refused_missing": 1, "truncated_true": 1, "truncated_missing": 1},
    ]
    found = counts.metrics("refused_rate", "refused.rate", "truncated_missing_rate", "truncated.missing_rate")
    assert found.rows() == [("a", 2, 0.5, 0.5, 0.0, 0.0), ("b", 4, 1 / 3, 1 / 3, 0.25, 0.25)]
    assert counts.metrics().columns == ["model", "n", "refused_rate", "truncated_rate"]
    assert counts.metrics("flags.refused.rate").item(0, "flags.refused.rate") == 0.5


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("threads", [1, 2])
def test_true_and_false_are_read_in_every_writing(writing: str, threads: int) -> None:
    dtype, values = WRITINGS[writing]
    rng = random.Random(5)
    drawn, keys = rng.choices(values, k=3_000), rng.choices("abc", k=3_000)
    log = pl.DataFrame({"flag": pl.Series(drawn, dtype=dtype), "key": keys, "w": rng.choices([0, 1, 3], k=3_000)})
    whole = fm.count(log, fm.flags(x="flag"), by="key", threads=threads)
    terms = oracle.table([(key,) for key in keys], [[oracle.flags_row(x=value)] for value in drawn])
    expected = {group[0]: {cell: sum(each) for cell, each in cells.items()} for group, cells in terms.items()}
    for row in whole.frame.iter_rows(named=True):
        wanted = expected[row.pop("key")]
        assert row == {cell: wanted.get(cell, 0) for cell in ("rows", "x_true", "x_missing")}
    chunks = pl.concat([log[:7], log[7:1100], log[1100:]], rechunk=False)
    assert fm.count(chunks, fm.flags(x="flag"), by="key") == whole


def test_weights_and_frequencies() -> None:
    weighted = fm.count(LOG, FLAGS, weight="w").metrics("refused_rate", "refused_missing_rate").row(0)
    assert weighted == (6, pytest.approx(2 / 7.25), pytest.approx(0.5 / 7.75))
    spelled = LOG[np.repeat(np.arange(6), LOG["times"].to_numpy())]
    assert fm.count(LOG, FLAGS, by="model", frequency="times") == fm.count(spelled, FLAGS, by="model")


def test_bounds_are_those_of_wilson() -> None:
    rng = random.Random(1)
    values = [rng.choice([True, False, False, None]) for _ in range(500)]
    found = fm.count({"x": values}, fm.flags(x="x")).metrics("x_rate", "x.missing_rate", intervals=True).row(0)
    known = [value for value in values if value is not None]
    assert found[2:4] == pytest.approx(share_bounds(sum(known), len(known), Z95), abs=1e-9)
    assert found[5:] == pytest.approx(share_bounds(500 - len(known), 500, Z95), abs=1e-9)


@pytest.mark.parametrize("log", [LOG.clear(), LOG.with_columns(refused=None), LOG.with_columns(refused=math.nan)])
def test_a_rate_of_no_known_row_is_null(log: pl.DataFrame) -> None:
    found = fm.count(log, fm.flags(refused="refused")).metrics("refused_rate", "refused_missing_rate", intervals=True)
    assert found.row(0, named=True)["refused_rate"] is None
    assert found.item(0, "refused_missing_rate") == (1.0 if len(log) else None)


# What is refused


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([0, 1, 2], "flag 'x': column 'c' holds 2; a flag is True or False, 1 or 0, or the text .* == 2"),
        ([0, -1], r"holds -1; .* as in pl.col\('c'\).replace\(-1, None\)"),
        ([None, 0.25], r"holds 0.25; .* as in pl.col\('c'\) >= 0.5"),
        ([math.inf, 0.0], "holds inf"),
        (["true", None, "yes"], r"holds 'yes'; .* pl.col\('c'\) == 'yes'"),
        (["true", ""], "holds ''"),
        (["true", "a text that is longer than a view"], "holds 'a text that is longer than a view'"),
    ],
)
def test_a_value_that_is_neither_true_nor_false_is_refused(values: list[Any], says: str) -> None:
    for rows in (values, values * 500):
        with pytest.raises(fm.DataError, match=says):
            fm.count({"c": rows, "key": ["a"] * len(rows)}, fm.flags(x="c"), by="key")


def test_a_value_that_stands_under_a_null_is_not_read() -> None:
    column = pl.Series([5, 1, 0, -1]).set(pl.Series([True, False, False, True]), None)
    assert fm.count({"c": column}, fm.flags(x="c")).frame.row(0) == (4, 1, 2)


def test_the_file_with_a_bad_value_is_named(tmp_path: Path) -> None:
    for name, value in (("good", "true"), ("bad", "maybe")):
        pl.DataFrame({"c": ["false", value]}).write_parquet(tmp_path / f"{name}.parquet")
    with pytest.raises(fm.DataError, match=r"bad\.parquet.*holds 'maybe'"):
        fm.count(str(tmp_path / "*.parquet"), fm.flags(x="c"))


@pytest.mark.parametrize(
    "dtype", [pl.Date, pl.List(pl.Boolean), pl.Binary, pl.Decimal(5, 1), pl.Struct({"a": pl.Int8})]
)
def test_a_column_without_truth_values_is_refused_before_the_scan(dtype: Any) -> None:
    with pytest.raises(fm.SchemaError, match=r"flag 'x': column 'c' holds .* pl.col\('c'\).is_not_null"):
        fm.count(pl.DataFrame(schema={"c": dtype}), fm.flags(x="c"))


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({}, r"flags\(\) needs a flag, such as flags\(refused='refused'\)"),
        ({"name": "signals"}, "name= is what the family is called, so that a flag needs another name"),
        ({"is refused": "x"}, "flag 'is refused' is not an identifier"),
        ({"a": "x", "a_missing": "x"}, "flags 'a' and 'a_missing' would have a metric of one name"),
        ({"w_a": "x", "a": "x"}, "flags 'a' and 'w_a' would have a cell of one name"),
        ({"a": "x", "w2_a": "x"}, "flags 'a' and 'w2_a' would have a cell of one name"),
        ({"a": True}, "True is not one column"),
        ({"a": pl.all()}, "is not one column"),
        ({"a": "x", "name": "not a name"}, "name='not a name' of a family is not an identifier"),
    ],
)
def test_flags_that_cannot_be_told_apart_or_are_none_are_refused(flags: dict[str, Any], says: str) -> None:
    with pytest.raises(fm.SchemaError, match=says):
        fm.flags(**flags)


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("names", [["rows", "n", "x"], ["a", "a_true", "a_rate"], ["missing", "true"], ["w", "w2"]])
def test_flags_may_be_called_like_cells_and_columns_of_other_flags(names: list[str], weight: str | None) -> None:
    log = pl.DataFrame({"true": [True, False, None, True], "w": [1.0, 2.0, 1.0, 0.0]})
    counts = fm.count(log, fm.flags(**dict.fromkeys(names, "true")), weight=weight)
    rates = [f"{name}_rate" for name in names]
    assert counts.metrics(*rates).select(rates).row(0) == (2 / 3 if weight is None else 1 / 3,) * len(names)


def test_a_key_called_as_a_cell_or_metric_is_refused() -> None:
    for name in ("refused_true", "refused_rate", "rows"):
        with pytest.raises(fm.SchemaError, match=f"key '{name}' has the name of a cell, metric or fixed column"):
            fm.count(LOG.with_columns(pl.lit(1).alias(name)), FLAGS, by=name)


def test_a_flag_asked_for_as_a_metric_is_offered_its_rate() -> None:
    with pytest.raises(fm.SchemaError, match="unknown metric 'refused'; did you mean 'refused_rate'"):
        fm.count(LOG, FLAGS).metrics("refused")


# What is read and kept


def test_counts_of_flags_are_stored_with_their_expressions_and_added_whatever_the_order_of_flags(
    tmp_path: Path,
) -> None:
    counts = fm.count(LOG, FLAGS, by="model")
    counts.write(tmp_path / "counts.parquet")
    again = fm.read_counts(tmp_path / "counts.parquet")
    assert again == counts
    assert again.layout.families[0] == FLAGS
    assert fm.count(LOG, again.layout.families[0], by="model") == counts
    turned = fm.flags(truncated=pl.col("finish") == "length", refused="refused")
    total = counts + fm.count(LOG, turned, by="model")
    assert total.frame.equals(fm.count(pl.concat([LOG, LOG]), FLAGS, by="model").frame)
    with pytest.raises(fm.MergeError, match="cells"):
        counts + fm.count(LOG, fm.flags(refused="refused"), by="model")


def moved(share: float) -> pl.DataFrame:
    """Rows of two countries, of which one is refused more."""
    draw = np.random.default_rng(3)
    country = draw.choice(["BR", "DE"], 4000)
    refused = draw.random(4000) < np.where(country == "BR", share, 0.05)
    known = draw.random(4000) > np.where(country == "DE", share / 2, 0.02)
    return pl.DataFrame(
        {"country": country, "refused": refused, "tool": pl.Series(refused).set(pl.Series(~known), None)}
    )


def test_a_flag_has_no_better_direction_and_is_ranked_where_one_is_said() -> None:
    counts = fm.count(moved(0.3), fm.flags(refused="refused"), by="country")
    with pytest.raises(fm.SchemaError, match=r"no better direction; say better='lower' or 'higher'"):
        counts.worst("refused_rate")
    for better, country in (("lower", "BR"), ("higher", "DE")):
        assert counts.worst("refused_rate", 1, better=better).item(0, "country") == country  # type: ignore[arg-type]
    with pytest.raises(fm.SchemaError, match="better='less' is neither 'higher' nor 'lower'"):
        counts.worst("refused_rate", better="less")  # type: ignore[arg-type]
    with pytest.raises(fm.SchemaError, match="it has no interval"):
        fm.count({"a": [1]}, fm.binary("a", "a")).worst("TP", better="lower")
    row = counts.compare("refused_rate", by="country", to="DE").row(0, named=True)
    assert 0.2 < row["difference"] < 0.3
    assert row["p"] < 1e-9
    assert counts.worst("refused_missing_rate", 1).height == 1


def test_a_diagnosis_searches_rates_and_missing_rates() -> None:
    family = fm.flags(refused="refused", tool="tool")
    now, before = (fm.count(moved(share), family, by="country") for share in (0.4, 0.04))
    said = [str(one.sentence) for one in fm.diagnose(now, baseline=before)]
    assert any("rows flagged refused" in one and "country = BR" in one for one in said), said
    assert any("rows without a value of tool" in one and "country = DE" in one for one in said), said
    parts = fm.decompose(now, baseline=before, metric="refused_rate")
    change = [side.rollup().metrics("refused_rate").item(0, "refused_rate") for side in (now, before)]
    assert parts["contribution"].sum() == pytest.approx(change[0] - change[1])
