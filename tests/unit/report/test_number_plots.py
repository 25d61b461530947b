"""Pictures of numbers: logarithmic axes, bounds that are infinite, several metrics, and distributions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from charts import channel, close, marks, nodes, subtitle, table, tables
from fastmetrics.errors import FastMetricsError, SchemaError
from fastmetrics.report import plots
from fastmetrics.report.plots.axes import log_ticks

pytest.importorskip("altair", reason="pictures need the extra plot")
pytest.importorskip("vl_convert", reason="pictures need the extra plot")

VALUES = fm.values("latency_ms")
DAYS = {"time": "ts", "every": "1d"}


def made(rows: int = 6000, groups: int = 3) -> pl.DataFrame:
    """A log over ten days; the first group is a hundred times slower in the last three."""
    rng = np.random.default_rng(11)
    day, model = rng.integers(0, 10, rows), rng.integers(0, groups, rows)
    latency = rng.lognormal(6, 0.5, rows) * np.where((model == 0) & (day >= 7), 100, 1)
    return pl.DataFrame(
        {
            "ts": pl.Series(day * 86_400_000).cast(pl.Datetime("ms")),
            "model": pl.Series(model).cast(pl.String).str.pad_start(2, "0"),
            "country": pl.Series(rng.integers(0, 3, rows)).replace_strict({0: "BR", 1: "DE", 2: None}),
            "latency_ms": pl.Series(latency).set(pl.Series(rng.random(rows) < 0.01), None),
            "refused": rng.random(rows) < 0.1,
        }
    )


COUNTS = fm.count(made(), VALUES, fm.values("latency_ms", name="again"), by=["model", "country"], **DAYS)


def of(numbers: Any, **options: Any) -> fm.Counts:
    return fm.count({"x": pl.Series(numbers, dtype=pl.Float64)}, fm.values("x", **options))


def scales(chart: Any, name: str, field: str = "value") -> dict[str, Any]:
    scale: dict[str, Any] = channel(chart, name, field)["scale"]
    return scale


# Axes


def test_values_that_differ_tenfold_are_on_a_logarithmic_axis() -> None:
    wide = COUNTS.plot("latency_ms.p95", by="model")
    assert scales(wide, "y")["type"] == "log"
    least, most = scales(wide, "y")["domain"]
    shown = table(wide, "group", "value", "low", "high")
    assert least < shown["low"].min() < shown["high"].max() < most  # type: ignore[operator]
    assert channel(wide, "y", "value")["title"] == "p95 of latency_ms (logarithmic)"
    narrow = COUNTS.filter(model="01").plot("latency_ms.p95", by="model")
    assert scales(narrow, "y") == {"zero": False}
    assert channel(narrow, "y", "value")["title"] == "p95 of latency_ms"


@pytest.mark.parametrize("numbers", [[0.0, 500.0], [-1.0, 500.0], [1.0, 9.9]])
def test_values_that_do_not_fit_or_do_not_differ_are_on_a_linear_axis(numbers: list[float]) -> None:
    counts = fm.count({"x": numbers, "m": ["a", "b"]}, fm.values("x"), by="m")
    assert "type" not in scales(counts.plot("max", intervals=False), "x")


def test_a_share_is_never_on_a_logarithmic_axis() -> None:
    log = pl.DataFrame({"f": [True] * 100 + [False] * 99 + [True], "m": ["a"] * 100 + ["b"] * 100})
    chart = fm.count(log, fm.flags(refused="f"), by="m").plot("refused_rate")
    assert scales(chart, "x") == {"zero": False}
    assert channel(chart, "x", "value")["axis"]["format"] == "~%"
    assert chart.to_dict()["title"]["text"] == "refused_rate by m"


def test_a_heat_map_of_values_far_apart_has_logarithmic_colours() -> None:
    counts = COUNTS.rollup("model", "country")
    chart = counts.plot("latency_ms.p95")
    color = channel(chart, "color", "value")
    assert color["scale"] == {"type": "log", "reverse": False, "nice": False}
    assert color["legend"]["title"] == ["p95 of latency_ms", "(logarithmic)"]
    got = table(chart, "value", "strong").sort("value")
    assert got["strong"].to_list() == [False] * 6 + [True] * 3
    wanted = counts.metrics("latency_ms.p95")["latency_ms.p95"].sort()
    assert got["value"].to_list() == pytest.approx(wanted.to_list(), rel=1e-5)


@pytest.mark.parametrize(
    ("ends", "ticks"),
    [
        ((2.5, 7), [3, 4, 5, 6, 7]),
        ((80, 6000), [100, 200, 500, 1000, 2000, 5000]),
        ((0.5, 2e6), [1, 10, 100, 1e3, 1e4, 1e5, 1e6]),
        ((1e-300, 1e300), [10.0**power for power in range(-300, 301, 75)]),
    ],
)
def test_ticks_are_round_numbers(ends: tuple[float, float], ticks: list[float]) -> None:
    assert log_ticks(*ends) == ticks


# Bounds and values that are infinite


def test_a_bound_that_is_infinite_is_drawn_to_the_edge() -> None:
    log = pl.DataFrame({"x": [*range(1, 101), 1, 2], "m": ["a"] * 100 + ["b"] * 2})
    counts = fm.count(log.cast({"x": pl.Float64}), fm.values("x"), by="m")
    chart = counts.plot("p95")
    exact = counts.metrics("p95", intervals=True).sort("p95", descending=True)
    assert exact["p95_high"].to_list()[1] == math.inf
    got = table(chart, "group", "value", "low", "high", "bottom", "top")
    assert got["high"][1] is None
    domain = scales(chart, "x")["domain"]
    assert got["bottom"][1] < domain[0] < got["bottom"][0] < got["top"][0] < domain[1] < got["top"][1]
    assert "a line to the edge has no bound there" in subtitle(chart)
    rules = [node["mark"] for node in nodes(chart.to_dict()) if node.get("mark", {}).get("type") == "rule"]
    assert [rule["clip"] for rule in rules] == [True]
    told = table(chart, "told")["told"]
    assert told[1] == "2 [-∞, ∞]"
    assert "edge" not in subtitle(counts.filter(m="a").plot("p95"))


def test_bands_over_time_that_have_no_end_reach_the_edge() -> None:
    few = fm.count(made(300), VALUES, by="model", **DAYS)
    chart = few.plot("p99")
    got = table(chart, "value", "high", "top", "middle")
    assert got.filter(pl.col("value").is_not_null())["top"].null_count() == 0
    assert got["high"].null_count() == len(got)
    assert (got["top"].drop_nulls() > scales(chart, "y")["domain"][1]).all()
    assert "a band to the edge has no bound there" in subtitle(chart)
    strips = table(chart, "g0", "start_text")
    assert strips["g0"].str.contains("∞]", literal=True).all()


def test_infinite_values_are_told_and_not_drawn() -> None:
    log = pl.DataFrame({"x": [math.inf, 1.0, 2.0, None], "m": ["a", "b", "c", "d"], "c": "x"})
    counts = fm.count(log, fm.values("x"), by=["m", "c"])
    chart = counts.plot("max", by="m")
    assert table(chart, "group", "value")["value"].to_list() == [None, 2.0, 1.0, None]
    assert table(chart, "group", "told").rows() == [("a", "∞"), ("c", "2"), ("b", "1"), ("d", "-")]
    assert "infinite and not drawn: 1 value" in subtitle(chart)
    assert "undefined where there is no dot (1)" in subtitle(chart)
    assert "infinite and without colour: 1 cell" in subtitle(counts.plot("max"))
    timed = fm.count(log.with_columns(ts=pl.lit(0).cast(pl.Datetime)), fm.values("x"), by="m", **DAYS).plot("max")
    assert table(timed, "group", "dot")["dot"].to_list() == [False, True, True, False]
    assert "infinite and not drawn: 1 value" in subtitle(timed)


# Several metrics


def test_several_quantiles_of_all_rows_have_a_colour_each() -> None:
    chart = COUNTS.plot(["latency_ms.p50", "latency_ms.p95"], by=[])
    assert chart.to_dict()["title"]["text"] == "p50 and p95 of latency_ms over time"
    got = table(chart, "group", "middle", "value", "low", "high")
    for name in ("p50", "p95"):
        frame = COUNTS.rollup("window").metrics(f"latency_ms.{name}", intervals=True)
        wanted = frame.select(value=f"latency_ms.{name}", low=f"latency_ms.{name}_low", high=f"latency_ms.{name}_high")
        close(got.filter(group=name).select("value", "low", "high"), wanted)
    assert channel(chart, "color", "group")["scale"]["domain"] == ["p50", "p95"]
    assert channel(chart, "color", "group")["legend"]["title"] == "metric"
    assert table(chart, "start_text", "g0", "g1").height == 10


def test_several_quantiles_of_several_groups_have_a_dash_each() -> None:
    chart = COUNTS.plot(["latency_ms.p50", "latency_ms.p95", "latency_ms.max"], by="model")
    dash = channel(chart, "strokeDash", "metric")
    assert dash["scale"]["domain"] == ["p50", "p95", "max"]
    assert len({tuple(one) for one in dash["scale"]["range"]}) == 3
    assert channel(chart, "color", "group")["scale"]["domain"] == ["00", "01", "02"]
    got = table(chart, "group", "metric", "middle", "value").filter(group="01", metric="p95")
    wanted = COUNTS.filter(model="01").rollup("window").metrics("latency_ms.p95")["latency_ms.p95"]
    assert got["value"].to_list() == pytest.approx(wanted.to_list(), rel=1e-5)
    titles = [tip["title"] for node in nodes(chart.to_dict()) for tip in node.get("encoding", {}).get("tooltip", [])]
    assert [title for title in titles if "·" in title][:2] == ["p50 · 00", "p50 · 01"]
    many = fm.count(made(groups=20), VALUES, by="model", **DAYS).plot(["p50", "p95", "p99"])
    assert "shown are the 4 largest of 20 groups" in subtitle(many)
    assert "no bands" in subtitle(many)


def test_several_quantiles_of_a_group_are_dots_in_a_row() -> None:
    counts = COUNTS.rollup("model")
    chart = counts.plot(["latency_ms.p50", "latency_ms.p99"])
    got = table(chart, "group", "metric", "value", "n")
    frame = counts.metrics("latency_ms.p50", "latency_ms.p99")
    for name in ("p50", "p99"):
        shown = got.filter(metric=name).sort("group")["value"].to_list()
        assert shown == pytest.approx(frame[f"latency_ms.{name}"].to_list(), rel=1e-5)
    assert channel(chart, "color", "metric")["scale"]["domain"] == ["p50", "p99"]
    order = frame.sort("latency_ms.p50", descending=True)["model"].to_list()
    assert channel(chart, "y", "group")["sort"] == order


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda c: c.plot(["latency_ms.p50", "latency_ms.missing_rate"]), r"p50 is in another unit \(units"),
        (lambda c: c.plot(["latency_ms.p50", "again.p50"]), r"another unit \(units of the column, latency_ms\)"),
        (lambda c: c.plot([f"latency_ms.p{n}" for n in range(5)]), r"kind='time' shows 1 to 4 metrics, got 5"),
        (lambda c: c.plot([]), r"kind='time' shows 1 to 4 metrics, got 0"),
        (lambda c: c.plot(["latency_ms.p50"] * 2), r"metric 'latency_ms\.p50' is asked for twice"),
        (lambda c: c.plot(["latency_ms.p50", "latency_ms.p9"], kind="heatmap"), r"'heatmap' shows 1 metric, got 2"),
        (lambda c: c.plot(["latency_ms.p50", 3], by=[]), r"a metric is a name or a Metric, got a int"),
        (lambda c: c.plot(3), r"a metric is a name or a Metric, or several, got a int"),
        (lambda c: c.plot(["p50"], kind="latency_ms.distribution"), r"shows no metric of choice; leave out 'p50'"),
        (lambda c: c.plot(kind="distribution"), r"ask for 'latency_ms\.distribution', 'again\.distribution'"),
        (lambda c: c.plot(kind="latency_ms.distribtion"), r"did you mean 'latency_ms\.distribution'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_into_one_picture_is_one_line(draw: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message) as error:
        draw(COUNTS)
    assert "\n" not in str(error.value)


def test_an_axis_is_called_what_it_has_room_for() -> None:
    name = "the_latency_of_every_single_answer_in_ms"
    counts = fm.count(
        {"x": [1.0, 2.0]}, fm.values("x", name=name), fm.flags(a=pl.lit(value=True), b=pl.lit(value=True))
    )
    for asked, wanted in (
        (["p50", "p95"], "the_latency_of_ev…gle_answer_in_ms"),
        ("p50", "p50"),
        (["a_rate", "b_rate"], "a_rate and b_rate"),
        (["a_rate", "b_rate", "a_missing_rate", "b_missing_rate"], "share"),
    ):
        assert channel(counts.plot(asked), "x", "value")["title"] == wanted


# Distributions


def test_a_distribution_is_its_curve() -> None:
    chart = COUNTS.plot(by="model", kind="latency_ms.distribution")
    assert chart.to_dict()["title"]["text"] == "Distribution of latency_ms by model"
    assert marks(chart) == ["line"]
    curve = COUNTS.rollup("model").curve("latency_ms.distribution").filter(pl.col("middle") > 0)
    got = table(chart, "group", "x", "y")
    medians = COUNTS.rollup("model").metrics("latency_ms.p50")["latency_ms.p50"]
    names = [f"{model}, median {median:,.4g}" for model, median in zip(("00", "01", "02"), medians, strict=True)]
    assert channel(chart, "color", "group")["scale"]["domain"] == names
    wanted = curve.select(group=pl.col("model").replace_strict(["00", "01", "02"], names), x="middle", y="share")
    least, most = got["x"].min(), got["x"].max()
    assert scales(chart, "x", "x") == {"type": "log", "domain": pytest.approx([least, most]), "nice": False}
    close(got, wanted.filter(pl.col("x").is_between(0.999 * least, 1.001 * most)))  # type: ignore[operator]
    assert wanted["y"].sum() - got["y"].sum() < 0.01
    assert "bins: a factor of 1.19" in subtitle(chart)
    assert "% without a number" in subtitle(chart)


def test_what_is_not_on_the_axis_is_told() -> None:
    mixed = [1.0, 2.0, 3.0, 40.0, 0.0, -2.0, math.inf, None]
    chart = of(mixed).plot(kind="distribution")
    assert "not on the axis: 12.5 % negative, 12.5 % zero, 12.5 % infinite, 12.5 % without a number" in subtitle(chart)
    assert table(chart, "x", "y")["x"].min() > 0  # type: ignore[operator]
    linear = of(mixed).plot(kind="cumulative")
    assert "not on the axis: 12.5 % infinite, 12.5 % without a number" in subtitle(linear)
    assert scales(linear, "x", "x") == {"zero": False}
    negative = of([-1.0, -2.0, -300.0, 4.0]).plot(kind="distribution")
    assert "not on the axis: 25 % positive" in subtitle(negative)
    least, most = scales(negative, "x", "x")["domain"]
    assert least < -300 < most < 0
    far = of([1.0, 2.0, 3.0] * 1000 + [1e200]).plot(kind="distribution")
    assert "0.0333 % further out" in subtitle(far)
    assert table(far, "x", "y")["x"].max() < 4  # type: ignore[operator]


def test_a_cumulative_distribution_rises_from_the_rows_on_its_left() -> None:
    chart = of([0.0, 1.0, 2.0, 50.0]).plot(kind="cumulative")
    assert table(chart, "x", "y").rows() == [(1.0, 0.25), (1.0, 0.5), (2.0, 0.75), (50.0, 1.0)]
    assert scales(chart, "x", "x")["type"] == "log"
    assert "not on the axis: 25 % zero" in subtitle(chart)
    assert scales(chart, "y", "y") == {"domain": [0, 1]}
    line = next(node["mark"] for node in nodes(chart.to_dict()) if "mark" in node)
    assert line["interpolate"] == "step-after"


@pytest.mark.parametrize(
    ("numbers", "kind", "message"),
    [
        ([None, None], "distribution", "no row has a number"),
        ([None], "cumulative", "no row has a number"),
        ([0.0, math.inf, None], "distribution", "every number is 0 or infinite"),
        ([math.inf], "cumulative", "every number is 0 or infinite"),
    ],
)
def test_nothing_to_draw_is_told(numbers: list[float | None], kind: str, message: str) -> None:
    with pytest.raises(FastMetricsError, match=message):
        of(numbers).plot(kind=kind)


def test_groups_without_a_number_have_no_line() -> None:
    counts = fm.count({"x": [1.0, 30.0, None], "m": ["a", "a", "b"]}, fm.values("x"), by="m")
    chart = counts.plot(kind="distribution")
    assert channel(chart, "color", "group")["scale"]["domain"][1] == "b, median -"
    assert table(chart, "group", "x")["group"].unique().to_list() == ["a, median 1"]
    times = fm.count({"x": [None, None], "t": [0, 1]}, fm.values("x"), time="t", every="1s", time_unit="s")
    assert table(times.plot("p95"), "value", "alone")["value"].null_count() == 2
    assert "undefined in every window" in subtitle(times.plot("p95"))


def test_twelve_groups_of_any_numbers_are_few_points() -> None:
    rng = np.random.default_rng(3)
    log = pl.DataFrame({"x": rng.standard_cauchy(50_000), "m": rng.integers(0, 12, 50_000)})
    counts = fm.count(log, fm.values("x"), by="m")
    for kind, most in (("distribution", 2_000), ("cumulative", 15_000)):
        assert sum(map(len, tables(counts.plot(kind=kind)))) < most


@pytest.mark.parametrize(
    "numbers",
    [[5.0], [5e-324, 1.0], [1.7976931348623157e308, 1.0], [-1.7976931348623157e308, -5e-324], [1.0, 1.01]],
)
def test_numbers_at_the_ends_of_floats_are_drawn(numbers: list[float], tmp_path: Path) -> None:
    counts = fm.count({"x": numbers, "m": range(len(numbers))}, fm.values("x"), by="m")
    for chart in (counts.plot(["p50", "max"]), *(counts.plot(kind=kind) for kind in ("distribution", "cumulative"))):
        plots.save(chart, tmp_path / "a.svg")
        assert "NaN" not in (tmp_path / "a.svg").read_text(encoding="utf-8")
        assert "Infinity" not in json.dumps(chart.to_dict())
