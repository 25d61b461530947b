"""A family that fills the fields of the contract in its own file has everything that is read from Counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics import families
from value_family import values


def log(slow: str = "", rows: int = 6_000) -> pl.DataFrame:
    """Latencies of three models in two countries; those of a country may be longer."""
    rng = np.random.default_rng(7)
    country = rng.choice(["BR", "DE"], rows)
    latency = rng.exponential(np.where(country == slow, 3.0, 1.0))
    return pl.DataFrame(
        {
            "model": rng.choice(["a", "b", "c"], rows),
            "country": country,
            "latency": np.where(rng.random(rows) < 0.05, np.nan, latency),
        }
    )


FAMILY = values("latency", least=2.0)
KEYS = ["model", "country"]


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line beside the file of the family."""
    monkeypatch.setitem(families.KINDS, "values", values)  # type: ignore[arg-type]


def test_metrics_have_intervals_and_are_compared() -> None:
    counts = fm.count(log(), FAMILY, by=KEYS)
    truth = log().with_columns(pl.col("latency").fill_nan(None)).group_by("model").agg(
        mean=pl.col("latency").mean(), lowest=pl.col("latency").min(), highest=pl.col("latency").max()
    )  # fmt: skip
    got = counts.rollup("model").metrics("mean", "lowest", "highest", "high_share", intervals=True)
    for name in ("mean", "lowest", "highest"):
        assert got[name].to_list() == pytest.approx(truth.sort("model")[name].to_list())
    assert (got["high_share_low"] < got["high_share"]).all()
    assert counts.compare("high_share", by="model", to="a")["p"].is_between(0, 1).all()


def test_counts_are_stored_and_read_without_being_given_the_family(registered: None, tmp_path: Path) -> None:
    counts = fm.count(log(), FAMILY, by=KEYS)
    counts.write(tmp_path / "values.parquet")
    assert fm.read_counts(tmp_path / "values.parquet") == counts


@pytest.mark.parametrize(
    ("kind", "title"),
    [("bars", "mean by model"), ("confusion", "labels against predictions by model"), ("reach", "Reach by model")],
)
def test_pictures_are_drawn(kind: str, title: str) -> None:
    pytest.importorskip("altair")
    chart = fm.count(log(), FAMILY, by=KEYS).plot(by="model", kind=kind)
    assert chart.to_dict()["title"]["text"] == title


def test_a_curve_of_a_family_is_read_by_its_name() -> None:
    counts = fm.count(log(), FAMILY, by=KEYS)
    assert counts.rollup("model").curve("reach").columns == ["model", "share", "high"]
    with pytest.raises(fm.SchemaError, match="unknown curve 'reech'; did you mean 'reach'"):
        counts.curve("reech")
    with pytest.raises(fm.SchemaError, match=r"expected one family with a class matrix, as classes\(\) makes"):
        counts.per_class()


def test_a_change_is_split_and_diagnosed() -> None:
    before, now = (fm.count(log(slow), FAMILY, by=KEYS) for slow in ("", "BR"))
    parts = fm.decompose(now, baseline=before, metric="mean", by="country")
    change = now.rollup().metrics("mean").item(0, "mean") - before.rollup().metrics("mean").item(0, "mean")
    assert parts["contribution"].sum() == pytest.approx(change)
    assert parts["country"][0] == "BR"
    found = fm.diagnose(now, baseline=before)
    assert [(one.tag, one.metric, one.slice) for one in found] == [("rate_shift", "high_share", {"country": "BR"})] * 3
    assert "x the high_share where country = BR" in found[0].sentence
    assert not fm.diagnose(before, baseline=before)


def test_a_family_without_proportions_is_searched_for_rows_that_came_or_did_not() -> None:
    means = tuple(metric for metric in FAMILY.metrics if metric.kind != "proportion")
    family = replace(FAMILY, metrics=means, curves={})
    rows = log().with_columns(ts=pl.int_range(pl.len()) // 500)
    asked: dict[str, Any] = {"by": "country", "time": "ts", "every": "1s", "time_unit": "s"}
    before = fm.count(rows, family, **asked)
    after = fm.count(rows.filter((pl.col("country") != "BR") | (pl.int_range(pl.len()) % 3 == 0)), family, **asked)
    found = fm.diagnose(after, baseline=before)
    assert [(one.tag, one.slice) for one in found] == [("volume_drop", {"country": "BR"})]
    assert not fm.diagnose(before)


def test_a_family_that_declares_no_rates_is_not_diagnosed() -> None:
    numbers = fm.count(log().with_columns(label=1.0), fm.regression("label", "latency"), by=KEYS)
    with pytest.raises(fm.SchemaError, match=r"needs a family with rates to search, .* current holds regression"):
        fm.diagnose(numbers, baseline=numbers)
