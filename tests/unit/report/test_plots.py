"""Pictures: what they show equals what Counts say, what they leave out they tell, and a file needs nothing else."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import polars.testing
import pytest

import fastmetrics as fm
from charts import channel, close, marks, nodes, subtitle, table, tables
from fastmetrics.errors import FastMetricsError, SchemaError, SourceError
from fastmetrics.report import plots
from fastmetrics.report.plots import kinds, question, saving, themes

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

BINARY = fm.binary("label", "pred")
SCORES = fm.scores("label", "score")
HOURS = {"time": "ts", "every": "1h"}


def made(rows: int = 4000, groups: int = 3) -> pl.DataFrame:
    """A log over two days with nothing from 05:00 to 09:00 of the first, and 10:00 alone between two gaps."""
    rng = np.random.default_rng(7)
    hour = rng.integers(0, 48, rows)
    hour = np.where(np.isin(hour, [5, 6, 7, 8, 9, 11]), 10, hour)
    score = rng.random(rows).round(3)
    label = rng.random(rows) < score
    return pl.DataFrame(
        {
            "ts": pl.Series(hour * 3_600_000 + rng.integers(0, 3_600_000, rows)).cast(pl.Datetime("ms")),
            "model": pl.Series(rng.integers(0, groups, rows)).cast(pl.String).str.pad_start(2, "0"),
            "country": pl.Series(rng.integers(0, 4, rows)).replace_strict({0: "BR", 1: "DE", 2: "US", 3: None}),
            "label": pl.Series(label).set(pl.Series(rng.random(rows) < 0.1), None),
            "pred": pl.Series(score > 0.6).set(pl.Series(rng.random(rows) < 0.05), None),
            "score": score,
        }
    )


LOG = made()
COUNTS = fm.count(LOG, BINARY, SCORES, by=["model", "country"], **HOURS)


# Over time


def test_lines_are_the_metrics_with_gaps_as_nulls() -> None:
    chart = COUNTS.plot("recall", by="model")
    got = table(chart, "group", "middle", "n", "value", "low", "high")
    wanted = COUNTS.rollup("model", "window").metrics("recall", intervals=True, fill_empty=True)
    middle = pl.col("window_start").dt.epoch("ms") + 1_800_000
    close(got, wanted.select("model", middle, "n", "recall", "recall_low", "recall_high").rename(
        {"model": "group", "window_start": "middle", "recall": "value", "recall_low": "low", "recall_high": "high"}
    ))  # fmt: skip
    assert got["value"].null_count() == 3 * 6
    assert {"area", "line", "bar"} <= set(marks(chart))
    assert "4,000 rows · windows of 1 hour in UTC · band: 95 % interval" in subtitle(chart)


def test_a_value_between_gaps_is_a_dot_with_its_bounds() -> None:
    got = table(COUNTS.plot("recall", by="model"), "middle", "alone", "dot")
    hours = got.filter("alone")["middle"].unique().to_list()
    assert hours == [10 * 3_600_000 + 1_800_000]
    assert got.filter(pl.col("dot") != pl.col("alone")).is_empty()
    few = COUNTS.rollup("model", "window", every="1d").plot("recall")
    assert table(few, "dot")["dot"].all()


def test_volume_is_the_rows_of_each_window() -> None:
    got = table(COUNTS.plot("recall", by="model"), "start", "end", "n", "labelled")
    wanted = COUNTS.rollup("window").metrics("recall")
    assert got["n"].to_list() == wanted["n"].to_list()
    assert got["n"].sum() == COUNTS.rows
    labelled = LOG.filter(pl.col("label").is_not_null()).height
    assert got["labelled"].sum() == pytest.approx(labelled, rel=1e-4)
    assert (got["end"] - got["start"]).unique().to_list() == [3_600_000]


def test_a_strip_tells_every_value_of_its_window() -> None:
    row = table(COUNTS.plot("recall", by="model"), "start_text", "end_text", "n", "g0", "g1", "g2").row(0, named=True)
    first = COUNTS.rollup("model", "window").metrics("recall", intervals=True).row(0, named=True)
    assert (row["start_text"], row["end_text"]) == ("1970-01-01 00:00", "1970-01-01 01:00")
    value, low, high = (f"{100 * first[f'recall{end}']:.3g}%" for end in ("", "_low", "_high"))
    assert row["g0"] == f"{value} [{low}, {high}], {first['n']} rows"


def test_times_are_those_of_the_zone_of_the_windows() -> None:
    counts = fm.count(LOG, BINARY, time="ts", every="1d", time_zone="Asia/Tokyo")
    chart = counts.plot("recall")
    assert table(chart, "start", "labelled")["start"][0] == 0  # midnight in Tokyo, as if it were UTC
    assert channel(chart, "x", "start")["scale"] == {"type": "utc", "domain": [0, 3 * 86_400_000]}
    assert "time in Asia/Tokyo" in json.dumps(chart.to_dict())


def test_clocks_that_are_set_back_are_shown_in_utc() -> None:
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    hours = pl.datetime_range(start, start.replace(day=25), "1h", time_zone="UTC", eager=True)
    log = pl.DataFrame({"ts": hours, "label": True, "pred": True})
    chart = fm.count(log, BINARY, **HOURS, time_zone="Europe/Berlin").plot("recall")
    assert "clocks in Europe/Berlin were set back" in subtitle(chart)
    assert table(chart, "start", "labelled")["start"].is_unique().all()
    assert table(chart, "start", "labelled")["start"][0] == start.timestamp() * 1000


def test_rows_without_a_time_are_told() -> None:
    log = LOG.with_columns(ts=pl.when(pl.int_range(pl.len()) >= 7).then("ts"))
    assert "7 rows without a time not shown" in subtitle(fm.count(log, BINARY, **HOURS).plot("recall"))
    never = fm.count(LOG.with_columns(ts=pl.lit(None, pl.Datetime)), BINARY, **HOURS)
    with pytest.raises(FastMetricsError, match="no row of these Counts has a time"):
        never.plot("recall")


@pytest.mark.parametrize("metric", ["recall", "prevalence"])
def test_of_too_many_groups_the_worst_or_else_the_largest_are_shown(metric: str) -> None:
    counts = fm.count(made(groups=20), BINARY, by="model", time="ts", every="1d")
    chart = counts.plot(metric)
    total = counts.rollup("model")
    most = total.worst(metric, 12) if metric == "recall" else total.metrics().sort("n", descending=True).head(12)
    assert set(table(chart, "group", "alone")["group"]) == set(most["model"])
    assert f"shown are the 12 {'worst' if metric == 'recall' else 'largest'} of 20 groups" in subtitle(chart)
    assert table(chart, "start", "labelled", "n")["n"].sum() == counts.rows
    assert "no bands" in subtitle(chart)
    assert "area" not in marks(chart)
    dashes = channel(chart, "strokeDash", "group")["scale"]["range"]
    assert len(dashes) == 12
    assert dashes[0] != dashes[themes.COLORS]


def test_keys_may_be_asked_for_in_another_order() -> None:
    by, swapped = ["model", "country"], ["country", "model"]
    heat = table(COUNTS.plot("recall", by=swapped, kind="heatmap"), "k1", "k0", "n", "value")
    assert heat.rows() == table(COUNTS.plot("recall", by=by, kind="heatmap"), "k0", "k1", "n", "value").rows()
    first = COUNTS.rollup(*by).filter(model="00", country="BR")
    got = table(COUNTS.plot("recall", by=swapped), "group", "n", "alone").filter(group="BR · 00")
    assert got["n"].sum() == first.rows
    got = table(COUNTS.plot(by=swapped, kind="confusion"), "group", "rows").filter(pl.col("group") == "BR · 00")
    assert got["rows"].sum() in (0, first.rows)  # nine of twelve are shown
    auc = first.metrics("roc_auc")["roc_auc"].item()
    names = channel(COUNTS.plot(by=swapped, kind="roc"), "color", "group")["scale"]["domain"]
    assert f"BR · 00, AUC {auc:.3f}" in names
    bars = table(COUNTS.rollup(*by).plot("recall", by=swapped, kind="bars"), "group", "n", "value").filter(
        group="BR · 00"
    )
    assert bars["n"].to_list() == [first.rows]


def test_null_is_not_the_text_null() -> None:
    log = pl.DataFrame({"label": [1, 1, 0], "pred": [1, 0, 0], "site": ["(null)", None, "x"]})
    counts = fm.count(log, BINARY, by="site")
    got = table(counts.plot("accuracy"), "group", "n", "value")
    assert got.sort("group").rows() == [("(null)", 1, 1.0), ("(null) (2)", 1, 0.0), ("x", 1, 1.0)]


def test_too_many_points_are_refused_before_they_are_made() -> None:
    log = pl.DataFrame({"ts": [datetime(2026, 1, 1), datetime(2026, 2, 1)], "label": [1, 0], "pred": [1, 1]})
    counts = fm.count(log, BINARY, time="ts", every="1s")
    with pytest.raises(FastMetricsError, match="would hold 2,678,401 points, and 20,000 is the most"):
        counts.plot("recall")


# Group by group, and key by key


def test_bars_are_the_metrics_worst_first() -> None:
    counts = COUNTS.rollup("model", "country")
    chart = counts.plot("error_rate", by="model")
    wanted = counts.rollup("model").metrics("error_rate", intervals=True).sort("error_rate", descending=True)
    got = table(chart, "group", "n", "value", "low", "high")
    columns = ["model", "n", "error_rate", "error_rate_low", "error_rate_high"]
    close(got, wanted.select(columns).rename(dict(zip(columns, got.columns, strict=True))))
    assert channel(chart, "y", "group")["sort"] == wanted["model"].to_list()
    assert counts.plot("recall", by="model").to_dict()["title"]["text"] == "recall by model"
    up = table(counts.plot("recall", by="model"), "group", "value")["value"]
    assert up.is_sorted()


def test_bars_say_what_is_undefined() -> None:
    log = pl.DataFrame({"label": [1, 0, 0], "pred": [1, 0, 0], "site": ["x", "y", "z"]})
    chart = fm.count(log, BINARY, by="site").plot("recall")
    assert "undefined where there is no dot (2)" in subtitle(chart)


def test_a_heat_map_is_the_metrics() -> None:
    chart = COUNTS.plot("recall", by=["model", "country"], kind="heatmap")
    wanted = COUNTS.rollup("model", "country").metrics("recall", intervals=True)
    got = table(chart, "k0", "k1", "n", "value", "low", "high")
    keys = [pl.col("model").alias("k0"), pl.col("country").fill_null("(null)").alias("k1"), "n"]
    values = [pl.col(f"recall{end}").alias(name) for end, name in (("", "value"), ("_low", "low"), ("_high", "high"))]
    close(got, wanted.select(*keys, *values))
    assert channel(chart, "x", "k1")["sort"] == ["BR", "DE", "US", "(null)"]


@pytest.mark.parametrize(("metric", "reverse"), [("recall", True), ("fnr", False)])
def test_the_worse_is_the_stronger(metric: str, reverse: bool) -> None:
    chart = COUNTS.plot(metric, by=["model", "country"], kind="heatmap")
    color = channel(chart, "color", "value")
    assert color["scale"]["reverse"] is reverse
    assert color["legend"]["title"] == f"{metric}, strong: worse"
    got = table(chart, "value", "strong").sort("value", descending=reverse)
    assert got["strong"][-1] is True
    assert got["strong"][0] is False


def test_values_around_0_have_two_colours_and_few_rows_are_pale() -> None:
    log = pl.DataFrame({"label": [1, 0] * 100, "pred": [1, 0] * 98 + [0, 1] * 2, "a": ["x"] * 196 + ["y"] * 4, "b": 1})
    chart = fm.count(log, BINARY, by=["a", "b"]).plot("mcc")
    assert channel(chart, "color", "value")["scale"] == {"domainMid": 0}
    assert table(chart, "k0", "shown").rows() == [("x", 1.0), ("y", pytest.approx(0.28))]
    assert "pale: under 100 rows (1 of 2 cells)" in subtitle(chart)


def test_a_heat_map_says_which_values_it_leaves_out() -> None:
    log = pl.DataFrame({"label": 1, "pred": 1, "a": [*range(60), 59], "b": "x"})
    chart = fm.count(log, BINARY, by=["a", "b"]).plot("recall")
    assert "shown are the 40 largest of 60 values of a" in subtitle(chart)
    shown = table(chart, "k0", "n")
    assert shown.height == 40
    assert shown.filter(k0="59")["n"].to_list() == [2]
    order = channel(chart, "y", "k0")["sort"]
    assert order == sorted(order, key=int)


# Labels against predictions


def test_a_binary_matrix_holds_every_row() -> None:
    chart = COUNTS.plot(by="model", kind="confusion")
    got = table(chart, "group", "label", "prediction", "rows", "share")
    assert got.height == 3 * 9
    assert got["rows"].sum() == COUNTS.rows
    cells = COUNTS.rollup("model").tables["binary"]
    assert got.filter(label="positive", prediction="positive")["rows"].to_list() == cells["tp"].to_list()
    assert got.filter(label="negative", prediction="positive")["rows"].to_list() == cells["fp"].to_list()
    unpredicted = got.filter(label="positive", prediction="(no answer)")["rows"]
    assert unpredicted.to_list() == cells["unpredicted_pos"].to_list()
    unlabelled = got.filter(label="(no label)", prediction="negative")["rows"]
    assert unlabelled.to_list() == cells["unlabelled_neg"].to_list()
    shares = got.group_by("group", "label").agg(pl.col("share").sum())["share"]
    assert shares.to_list() == pytest.approx([1] * 9, rel=1e-5)


def test_the_classes_of_a_matrix_are_called_by_their_names() -> None:
    log = {"kind": ["spam", "ham"], "guess": ["spam", "spam"]}
    counts = fm.count(log, fm.binary("kind", "guess", pos_label="spam"))
    got = table(counts.plot(kind="confusion"), "label", "prediction", "rows").filter(pl.col("rows") > 0)
    assert set(got.rows()) == {("spam", "spam", 1), ("not spam", "spam", 1)}


def test_a_matrix_of_classes_keeps_the_order_of_numbers_and_every_row() -> None:
    log = pl.DataFrame({"label": [10, 9, 2, None], "pred": pl.Series([10, 2, None, 9], dtype=pl.Int16)})
    chart = fm.count(log, fm.classes("label", "pred")).plot(kind="confusion")
    assert channel(chart, "y", "label")["sort"] == ["2", "9", "10", "(no label)"]
    assert channel(chart, "x", "prediction")["sort"] == ["2", "9", "10", "(no answer)"]
    got = table(chart, "label", "prediction", "rows")
    assert set(got.rows()) == {
        ("10", "10", 1), ("9", "2", 1), ("2", "(no answer)", 1), ("(no label)", "9", 1)
    }  # fmt: skip


def test_a_matrix_begins_with_the_labels_that_were_listed() -> None:
    family = fm.classes("label", "pred", labels=["c", "a"])
    chart = fm.count({"label": ["a", "b", "c"], "pred": ["a", "b", "c"]}, family).plot(kind="confusion")
    assert channel(chart, "y", "label")["sort"] == ["c", "a", "b"]


def test_rare_classes_are_shown_together() -> None:
    names = [f"c{k:02}" for k in range(40) for _ in range(40 - k)]
    counts = fm.count({"label": names, "pred": names}, fm.classes("label", "pred"))
    chart = counts.plot(kind="confusion")
    got = table(chart, "label", "prediction", "rows")
    assert got["rows"].sum() == counts.rows
    assert channel(chart, "y", "label")["sort"] == [*(f"c{k:02}" for k in range(29)), "other (11)"]
    assert got.filter(label="other (11)", prediction="other (11)")["rows"].item() == sum(range(1, 12))
    assert "the 29 most frequent of 40 classes, the others together" in subtitle(chart)


def test_a_class_called_like_no_label_is_not_it() -> None:
    log = {"label": ["(no label)", None, "x"], "pred": ["x", "x", "x"]}
    got = table(fm.count(log, fm.classes("label", "pred")).plot(kind="confusion"), "label", "rows")
    assert set(got["label"]) == {"(no label)", "((no label))", "x"}


def test_a_weighted_matrix_adds_up_weights() -> None:
    log = LOG.head(100).with_columns(w=pl.lit(0.5))
    chart = fm.count(log, BINARY, weight="w").plot(kind="confusion")
    assert table(chart, "label", "rows")["rows"].sum() == 50
    assert "sums of weights" in subtitle(chart)


# Curves


@pytest.mark.parametrize(("kind", "columns"), [("roc", ["fpr", "tpr"]), ("pr", ["recall", "precision"])])
def test_curves_are_those_of_the_counts(kind: str, columns: list[str]) -> None:
    chart = COUNTS.plot(by="model", kind=kind)
    wanted = COUNTS.rollup("model").curve(kind)
    got = table(chart, "place", *columns)
    close(got.drop("place"), wanted.select(columns))
    assert got["place"].to_list() == list(range(len(wanted)))
    dots = table(chart, "threshold", "dot").filter("dot")["threshold"]
    assert set(dots) == {tenth / 10 for tenth in range(1, 10)}
    name = {"roc": "roc_auc", "pr": "average_precision"}[kind]
    value = COUNTS.rollup("model").metrics(name)[name][0]
    word = {"roc": "AUC", "pr": "average precision"}[kind]
    assert channel(chart, "color", "group")["scale"]["domain"][0] == f"00, {word} {value:.3f}"


def test_references_are_the_diagonal_and_the_share_of_positives() -> None:
    assert table(COUNTS.plot(by="model", kind="roc"), "from", "to").rows() == [(0.0, 1.0)]
    got = table(COUNTS.plot(by="model", kind="pr"), "group", "prevalence")
    wanted = COUNTS.rollup("model").metrics("scores.prevalence")["scores.prevalence"]
    assert got["prevalence"].to_list() == pytest.approx(wanted.to_list(), rel=1e-5)


def test_calibration_has_the_bounds_of_wilson_and_the_rows() -> None:
    chart = COUNTS.plot(by=[], kind="calibration")
    wanted = COUNTS.rollup().curve("calibration")
    got = table(chart, "n", "mean_score", "observed_rate", "observed_low", "observed_high")
    close(got.select("n", "mean_score", "observed_rate"), wanted.select("n", "mean_score", "observed_rate"))
    tenth = LOG.filter(pl.col("label").is_not_null(), pl.col("score") < 0.1)
    alone = fm.count(tenth.with_columns(pred=True), BINARY).metrics("precision", intervals=True)
    assert got.row(0)[-2:] == pytest.approx(alone.select("precision_low", "precision_high").row(0), rel=1e-5)
    weighted = fm.count(LOG.with_columns(w=2.0), SCORES, weight="w").plot(kind="calibration")
    assert all("observed_low" not in rows[0] for rows in tables(weighted))
    assert "interval" not in subtitle(weighted)


# The choice of a kind


@pytest.mark.parametrize(
    ("by", "windows", "title"),
    [
        ("model", True, "recall by model over time"),
        (["model", "window"], True, "recall by model over time"),
        ([], True, "recall over time"),
        (["model", "country"], False, "recall by model and country"),
        ("model", False, "recall by model"),
        ([], False, "recall of all rows"),
    ],
)
def test_the_kind_follows_from_counts_and_keys(by: Any, windows: bool, title: str) -> None:
    counts = COUNTS if windows else COUNTS.rollup("model", "country")
    chart = counts.plot("recall", by=by)
    assert chart.to_dict()["title"]["text"] == title
    heat = "rect" in marks(chart) and "bar" not in marks(chart)
    assert heat == (isinstance(by, list) and len(by) == 2 and not windows)


def test_without_a_metric_the_first_headline_is_shown() -> None:
    assert fm.count(LOG, BINARY).plot().to_dict()["title"]["text"] == "accuracy of all rows"
    assert COUNTS.plot(by="model").to_dict()["title"]["text"] == "binary.accuracy by model over time"


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda c: c.plot("recal"), r"unknown metric 'recal'; did you mean 'recall'\?"),
        (lambda c: c.plot("recall", by="modle"), r"unknown key 'modle'; did you mean 'model'\?"),
        (lambda c: c.plot("recall", by=[pl.col("model")]), r"by= names keys of the Counts, got a Expr"),
        (lambda c: c.plot("recall", kind="heatmop"), r"unknown kind 'heatmop'; did you mean 'heatmap'\?"),
        (lambda c: c.rollup("model").plot("recall", kind="time"), r"kind='time' needs windows: count with time="),
        (lambda c: c.plot("recall", by="model", kind="heatmap"), r"kind='heatmap' needs two keys.* got model"),
        (lambda c: fm.count(LOG, BINARY).plot(kind="roc"), r"'roc' needs one family with curves, as scores.* binary"),
        (lambda c: fm.count(LOG, SCORES).plot(kind="confusion"), r"needs one family with labels against predictions"),
        (lambda c: c.plot("recall", kind="pr"), r"kind='pr' shows no metric of choice; leave out 'recall'"),
        (lambda c: c.filter(model="none").plot("recall"), r"hold no rows"),
        (lambda c: fm.count(LOG, fm.scores("label", "score", edges=[-1, 2])).plot(kind="calibration"), r"no calibrat"),
        (lambda c: c.plot("recall", level=95), r"level=95 is not a number between 0 and 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_one_line(draw: Callable[[fm.Counts], Any], message: str) -> None:
    with pytest.raises(FastMetricsError, match=message) as error:
        draw(COUNTS)
    assert "\n" not in str(error.value)


def test_a_guest_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chart = COUNTS.plot("recall", by=[])
    for module in (kinds, saving):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(FastMetricsError, match=r"pip install '\.\[plot\]'"):
        COUNTS.plot("recall")
    with pytest.raises(FastMetricsError, match=r"pip install '\.\[plot\]'"):
        plots.save(chart, tmp_path / "a.svg")


def test_guests_are_imported_late() -> None:
    code = "import sys, fastmetrics.report.plots; print({'altair', 'vl_convert', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# Files


def unpacked(page: str, name: str) -> str:
    found = re.search(rf'<script type="text/plain" id="{name}">(.*?)</script>', page)
    assert found is not None
    return gzip.decompress(base64.b64decode(found[1])).decode()


def test_a_page_needs_no_network_and_follows_its_reader(tmp_path: Path) -> None:
    chart = COUNTS.plot("recall", by="model")
    plots.save(chart, tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|<link|\bsrc=|@import", page)
    assert "vegaEmbed" in unpacked(page, "vega")
    held = json.loads(unpacked(page, "spec"))
    assert held["spec"]["datasets"] == chart.to_dict()["datasets"]
    assert set(held["themes"]) == {"light", "dark"}
    assert [held["themes"][name]["background"] for name in ("light", "dark")] == ["#ffffff", "#16191d"]
    assert "config" not in held["spec"]
    plots.save(chart, tmp_path / "dark.html", theme="dark")
    fixed = json.loads(unpacked((tmp_path / "dark.html").read_text(encoding="utf-8"), "spec"))
    assert set(fixed["themes"]) == {"dark"}


def test_the_largest_page_is_under_1_mb(tmp_path: Path) -> None:
    windows, rng = question.MOST_ROWS // 12, np.random.default_rng(1)
    start = np.tile(np.arange(windows) * 60_000, 12)
    ts = pl.Series(np.repeat(start, 3)).cast(pl.Datetime("ms"))
    log = pl.DataFrame({"ts": ts, "label": rng.random(len(ts)) < 0.5, "pred": rng.random(len(ts)) < 0.5})
    counts = fm.count(log.with_columns(model=pl.int_range(pl.len()) % 12), BINARY, by="model", time="ts", every="1m")
    plots.save(counts.plot("f1"), tmp_path / "a.html")
    assert 400_000 < (tmp_path / "a.html").stat().st_size < 1_000_000


@pytest.mark.parametrize("theme", [None, "light", "dark"])
def test_drawings_have_the_page_of_their_theme(theme: str | None, tmp_path: Path) -> None:
    chart = COUNTS.rollup("model").plot("recall")
    plots.save(chart, tmp_path / "a.svg", theme=theme)
    drawing = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
    look = themes.THEMES[theme or "light"]
    assert f'fill="{look.page}"' in drawing
    assert look.lines[0] in drawing
    assert look.volume in drawing
    assert "recall by model" in drawing
    plots.save(chart, tmp_path / "a.PNG", theme=theme)
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG\r\n")


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.svg"
    target.write_text("old")
    chart = COUNTS.rollup("model").plot("recall")

    def broken(_: int) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="disk full"):
            plots.save(chart, target)
    assert target.read_text() == "old"
    plots.save(chart, target)
    assert target.read_text().startswith("<svg")
    assert [file.name for file in tmp_path.iterdir()] == ["a.svg"]


def test_what_cannot_be_saved_is_one_line(tmp_path: Path) -> None:
    chart = COUNTS.rollup("model").plot("recall")
    with pytest.raises(SourceError, match=r"unknown suffix '.pgn'; did you mean '.png'\? \(known: .html, .svg, .png\)"):
        plots.save(chart, tmp_path / "a.pgn")
    with pytest.raises(SchemaError, match=r"unknown theme 'drak'; did you mean 'dark'\?"):
        plots.save(chart, tmp_path / "a.svg", theme="drak")
    with pytest.raises(SourceError, match="there is no folder"):
        plots.save(chart, tmp_path / "none" / "a.svg")
    assert not list(tmp_path.iterdir())


# Looks


def test_every_style_of_a_mark_is_known_to_every_theme() -> None:
    flat = COUNTS.rollup("model", "country")
    charts = [COUNTS.plot("recall"), flat.plot("recall"), flat.plot("recall", by="model")]
    counts = fm.count(LOG, BINARY, SCORES, fm.values("score"), by="model")
    charts += [counts.plot(kind=row.name) for row in plots.KINDS if row.capability]
    styles = {node["mark"]["style"] for c in charts for node in nodes(c.to_dict()) if "style" in node.get("mark", {})}
    assert {"volume", "cell", "reference"} <= styles
    for name in themes.THEMES:
        assert styles <= set(themes.config(name)["style"])


def linear(color: str) -> np.ndarray:
    c = np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.95047, 1, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


# Machado, Oliveira and Fernandes 2009: what a reader without one kind of cones sees.
SIGHTS = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", themes.THEMES)
def test_lines_keep_apart_for_every_reader(theme: str, sight: str) -> None:
    seen = [lab(np.array(SIGHTS[sight]) @ linear(color)) for color in themes.THEMES[theme].lines]
    assert len(seen) == themes.COLORS
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 11


@pytest.mark.parametrize("theme", themes.THEMES)
def test_what_is_drawn_can_be_seen_on_its_page(theme: str) -> None:
    look = themes.THEMES[theme]

    def contrast(a: str, b: str) -> float:
        low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (a, b))
        return (high + 0.05) / (low + 0.05)

    assert min(contrast(color, look.page) for color in look.lines) >= 3
    assert min(contrast(color, look.page) for color in (look.ink, look.quiet)) >= 4.5
    assert contrast(look.on_weak, look.ramp[0]) >= 4.5
    assert contrast(look.on_strong, look.ramp[-1]) >= 4.5
