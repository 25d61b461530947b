"""What README and docs promise of counts and files, one number at a time: each test fails where its number is another.

Diagnosis, training runs and formulas have files of their own beside this one.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner

import fastmetrics as fm
import fastmetrics.polars as fpl
from fastmetrics.cli.commands import main
from fastmetrics.counting import scan
from fastmetrics.counting.worker import Worker
from fastmetrics.schema import Schema
from fastmetrics.sources import open_source
from oracle_metrics import Z95, share_bounds

ROOT = Path(__file__).parents[2]
BINARY = fm.binary("label", "pred")


# Levels: 95 % unless another is asked for, at every door


LOG = pl.DataFrame({"label": [1] * 100 + [0] * 60, "pred": [1] * 80 + [0] * 20 + [1] * 15 + [0] * 45, "model": "a"})
OTHER = LOG.with_columns(pl.lit("b").alias("model"), pred=pl.Series([1] * 70 + [0] * 30 + [1] * 15 + [0] * 45))
BOUNDS = share_bounds(80, 100, Z95)


def test_every_door_gives_bounds_at_95_percent(tmp_path: Path) -> None:
    counts = fm.count(LOG, BINARY, by="model")
    counts.write(tmp_path / "counts.parquet")
    of_shell = shell("metrics", tmp_path / "counts.parquet", "-m", "recall", "--intervals")
    tables = {
        "metrics": counts.metrics("recall", intervals=True),
        "evaluate": fm.evaluate(LOG, y_true="label", y_pred="pred", metrics=["recall"], intervals=True),
        "worst": counts.worst("recall"),
        "shell": pl.DataFrame(of_shell),
    }
    found = {name: table.select("recall_low", "recall_high").row(0) for name, table in tables.items()}
    found["tidy"] = counts.tidy("recall", intervals=True).select("low", "high").row(0)
    for name, interval in {"interval": fpl.interval, "wilson": fpl.wilson}.items():
        bounds = LOG.select(interval("recall", "label", "pred").alias("bounds")).item()
        found[name] = (bounds["low"], bounds["high"])
    for name, bounds in found.items():
        assert bounds == pytest.approx(BOUNDS, abs=1e-6), name
    assert counts.worst("recall")["rank_bound"].item() == pytest.approx(BOUNDS[1], abs=1e-9)


def test_a_comparison_gives_bounds_at_95_percent(tmp_path: Path) -> None:
    """Newcombe's of the difference of two proportions."""
    counts = fm.count(pl.concat([LOG, OTHER]), BINARY, by="model")
    counts.write(tmp_path / "counts.parquet")
    of_shell = shell("compare", tmp_path / "counts.parquet", "--metric", "recall", "--by", "model", "--to", "a")
    low, high = share_bounds(70, 100, Z95)
    below, above = math.hypot(0.7 - low, BOUNDS[1] - 0.8), math.hypot(high - 0.7, 0.8 - BOUNDS[0])
    for row in (counts.compare("recall", by="model", to="a").row(0, named=True), of_shell):
        assert (row["difference_low"], row["difference_high"]) == pytest.approx((-0.1 - below, -0.1 + above), abs=1e-6)


def shell(command: str, *arguments: Any) -> dict[str, Any]:
    """The first row that a command gives."""
    done = CliRunner().invoke(main, [command, *map(str, arguments), "--format", "json"])
    assert done.exit_code == 0, done.output
    first: dict[str, Any] = json.loads(done.stdout)[0]
    return first


# Files


@pytest.mark.parametrize("way", ["table", "file"])
def test_the_format_after_the_one_that_is_written_is_refused_by_name(way: str, tmp_path: Path) -> None:
    counts = fm.count(LOG, BINARY, by="model")
    table = counts.to_arrow()
    about = json.loads(table.schema.metadata[b"fastmetrics"])
    written = about["format"]
    newer = table.replace_schema_metadata({"fastmetrics": json.dumps(about | {"format": written + 1})})
    file = tmp_path / "newer.parquet"
    pa.parquet.write_table(newer, file)
    with pytest.raises(fm.SourceError, match=rf"format {written + 1}.*up to {written}"):
        fm.Counts.from_arrow(newer) if way == "table" else fm.read_counts(file)
    assert fm.Counts.from_arrow(table) == counts


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_dtypes_of_text_come_from_the_first_10_000_rows(suffix: str, tmp_path: Path) -> None:
    """A whole number up to row 9,999 and a fraction there is a float; one row later it does not fit any more."""
    for place, fits in ((9_990, True), (10_010, False)):
        scores = pl.Series(["0"] * 12_000)
        scores[place] = "0.5"
        file = tmp_path / f"{place}.{suffix}"
        line = '{{"label": 1, "score": {}}}' if suffix == "ndjson" else "1,{}"
        head = [] if suffix == "ndjson" else ["label,score"]
        file.write_text("\n".join([*head, *map(line.format, scores)]) + "\n")
        family = fm.binary("label", y_score="score", threshold=0.5)
        if fits:
            assert fm.count(file, family).frame["tp"].item() == 1
        else:
            with pytest.raises(fm.SourceError, match=r"10010\.\w+: column 'score' holds Int64"):
                fm.count(file, family)


@pytest.mark.parametrize("threads", [1, 4])
def test_the_tables_of_all_threads_together_get_a_gigabyte(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    class Watched(Worker):
        def __init__(self, plan: Any, table_bytes: int) -> None:
            given.append(table_bytes)
            super().__init__(plan, table_bytes)

    monkeypatch.setattr(scan, "Worker", Watched)
    fm.count(LOG, BINARY, by="model", threads=threads)
    assert len(given) == threads
    assert sum(given) == 1024**3


def test_a_thread_hands_its_tables_over_when_they_outgrow_its_share() -> None:
    """What it holds never exceeds that by more than one batch of new groups."""
    log = pl.DataFrame({"user": np.arange(60_000), "label": 1, "pred": 1})
    plan = scan.make_plan(open_source(log), Schema((BINARY,), by=("user",)), None)
    worker, pool = Worker(plan, 200_000), scan.Pool(plan)
    held = []
    for batch in log.to_arrow().to_batches(max_chunksize=5_000):
        worker.add(batch)
        pool.relieve(worker)
        held.append(worker.bytes)
    assert max(held) <= 200_000
    assert pool.shares


def test_as_many_groups_as_max_groups_says_are_counted() -> None:
    log = pl.DataFrame({"user": range(100), "label": 1, "pred": 1})
    assert len(fm.count(log, BINARY, by="user", max_groups=100).frame) == 100
    with pytest.raises(fm.SchemaError, match="more than max_groups=99 groups"):
        fm.count(log, BINARY, by="user", max_groups=99)


# Late labels


def test_null_labels_that_come_late_are_ignored() -> None:
    """One for a row that has a label already, and one for a row that has none."""
    predictions = pl.DataFrame({"id": [1, 2, 3], "pred": [1, 0, 1], "label": [1, None, None]})
    today = fm.count(predictions, BINARY)
    late = pl.DataFrame({"id": [1, 2, 3], "label": [None, None, 0]}, schema_overrides={"label": pl.Int64})
    now = today + fm.label_delta(predictions, late, BINARY, on="id", label="label")
    assert now == fm.count(predictions.with_columns(label=pl.Series([1, None, 0])), BINARY)


# The split of a change


def three_ways(rows: list[list[int]], dens: list[list[int]], nums: list[list[int]]) -> list[tuple[Fraction, ...]]:
    """(rate, mix, prediction) of leaves with rows on both sides: Kitagawa's terms, and the mean over both orders in
    which shares of rows and denominators per row can change; a leaf with rows on one side keeps what it has a row.
    """
    weights = [[Fraction(n, sum(side)) for n in side] for side in rows]
    both = [
        [Fraction(d, n) if n else None for d, n in zip(*sides, strict=True)] for sides in zip(dens, rows, strict=True)
    ]
    per = [
        [mine if mine is not None else other for mine, other in zip(*pair, strict=True)] for pair in (both, both[::-1])
    ]

    def shares(weight: list[Fraction], each: list[Fraction]) -> list[Fraction]:
        parts = [w * d for w, d in zip(weight, each, strict=True)]
        return [part / sum(parts) for part in parts]

    start, end = shares(weights[0], per[0]), shares(weights[1], per[1])
    first, last = shares(weights[1], per[0]), shares(weights[0], per[1])
    middle = sum(Fraction(sum(n), sum(d)) for n, d in zip(nums, dens, strict=True)) / 2
    found = []
    for leaf in range(len(start)):
        if not (rows[0][leaf] and rows[1][leaf]):
            found.append((Fraction(0),) * 3)
            continue
        rate_b, rate_c = (Fraction(n[leaf], d[leaf]) for n, d in zip(nums, dens, strict=True))
        by_rows = (first[leaf] - start[leaf] + end[leaf] - last[leaf]) / 2
        level = (rate_b + rate_c) / 2 - middle
        rate = (start[leaf] + end[leaf]) / 2 * (rate_c - rate_b)
        found.append((rate, level * by_rows, level * (end[leaf] - start[leaf] - by_rows)))
    return found


def test_a_leaf_that_vanished_changes_the_parts_of_the_others_by_its_share_of_rows_alone() -> None:
    """Precision by country: hits of positive predictions of rows. XX has rows before and none now, YY the reverse."""
    before = {"AA": (400, 100, 80), "BB": (300, 150, 60), "XX": (200, 90, 30)}
    now = {"AA": (300, 120, 90), "BB": (500, 150, 90), "YY": (100, 10, 5)}
    sides = [
        fm.count(pl.concat([country(*row) for row in side.items()]), BINARY, by="country") for side in (before, now)
    ]
    found = fm.decompose(sides[1], baseline=sides[0], metric="precision")
    names = ["AA", "BB", "XX", "YY"]
    columns = [[[side.get(name, (0, 0, 0))[place] for name in names] for side in (before, now)] for place in range(3)]
    expected = dict(zip(names, three_ways(*columns), strict=True))
    for row in found.filter(pl.col("country").is_in(["AA", "BB"])).iter_rows(named=True):
        got = (row["rate"], row["mix"], row["prediction"])
        assert got == pytest.approx([float(part) for part in expected[row["country"]]], abs=1e-12)
        assert row["support"] == 0
    assert found["contribution"].sum() == pytest.approx(185 / 280 - 170 / 340, abs=1e-12)


def country(name: str, sizes: tuple[int, int, int]) -> pl.DataFrame:
    rows, said, hits = sizes
    pred = np.arange(rows) < said
    return pl.DataFrame({"label": np.arange(rows) < hits, "pred": pred, "country": name})


# Scores and numbers


def test_default_edges_are_467_and_every_hundredth_is_one() -> None:
    counts = fm.count({"label": [1, 0], "score": [0.5, 0.2]}, fm.scores("label", "score"))
    edges = counts.layout.families[0].arguments["edges"]
    assert len(edges) == 467
    assert (edges[1], edges[-2]) == (1e-7, 1 - 1e-7)
    for hundredth in range(101):
        counts.at_threshold(hundredth / 100)


def test_the_probability_of_what_happened_is_clipped_at_the_epsilon_of_its_dtype() -> None:
    for dtype, epsilon in ((pl.Float64, 2.0**-52), (pl.Float32, 2.0**-23)):
        log = pl.DataFrame({"label": [1], "score": [0.0]}, schema_overrides={"score": dtype})
        assert fm.count(log, fm.scores("label", "score")).metrics("log_loss")["log_loss"].item() == -math.log(epsilon)


def test_scores_nearer_to_0_or_1_than_1e_7_enter_the_recalibration_as_if_they_were_1e_7() -> None:
    def slope(nearest: float) -> float:
        log = {"label": [0, 1, 0, 1, 0, 1], "score": [nearest, nearest, 0.4, 0.6, 1 - nearest, 1 - nearest]}
        counts = fm.count(log, fm.scores("label", "score", edges=[0.0, 1e-12, 3e-7, 0.5, 1 - 3e-7, 1.0]))
        return counts.metrics("calibration_slope")["calibration_slope"].item()

    assert slope(1e-9) == slope(1e-7)
    assert slope(1.9e-7) != slope(1e-7) != slope(5e-7)


@pytest.mark.parametrize(("times", "known"), [(0.7e9, True), (1.4e9, False)])
def test_a_spread_of_labels_is_known_where_six_digits_of_it_are_left(times: float, known: bool) -> None:
    """Labels of variance 1 around the root of (k - 1)."""
    middle = math.sqrt(times - 1)
    log = {"label": [middle - 1, middle + 1] * 50, "pred": [middle - 0.5, middle + 0.5] * 50}
    found = fm.count(log, fm.regression("label", "pred", extremes=False)).metrics("r2")["r2"].item()
    assert (found is not None) == known


# Figures of the pages


def test_the_kernels_are_as_many_as_the_architecture_says() -> None:
    said = re.search(r"There are (\d+) kernels of counting: (.*?)\.", page("ARCHITECTURE.md"))
    assert int(said[1]) == sum(int(number) for number in re.findall(r"\b\d+\b", said[2]))


def test_figures_of_speed_are_those_of_the_results() -> None:
    """README and the comparison repeat them."""
    goals = re.findall(r"\| (\w+) +\| (\w+), multiple +\| ([\d.]+)", page("benchmarks/RESULTS.md", joined=False))
    reached = {(work, side): float(number) for work, side, number in goals}
    polars, duckdb = reached["Parquet", "Polars"], reached["Parquet", "DuckDB"]
    assert f"takes {100 / polars:.0f} % of the CPU time of Polars and {100 / duckdb:.0f} % of that of DuckDB" in page(
        "README.md"
    )
    assert f"Polars takes {polars} and DuckDB {duckdb}" in page("docs/comparison.md")
    of = {
        name: re.findall(r"([\d.]+)x", line)
        for name, line in re.findall(r"\| ([\w ,-]+?) \|([^\n]*x[^\n]*)\|", page("README.md", joined=False))
    }
    streaming, native = of["Polars streaming, its best form"], of["DuckDB, native table"]
    assert f"{reached['W', 'Polars']:.0f}" == streaming[0]
    assert f"{reached['W', 'DuckDB']:.0f}" == native[0]
    least, most = ([pick(map(float, row)) for row in (streaming, native)] for pick in (min, max))
    said = f"Polars {least[0]:g} to {most[0]:g}, DuckDB {least[1]:g} to {most[1]:g}"
    assert said in page("docs/comparison.md")


def page(name: str, *, joined: bool = True) -> str:
    """A page, its lines joined unless not."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return " ".join(text.split()) if joined else text


@pytest.mark.parametrize(
    ("zone", "every", "day"),
    [
        ("America/Havana", "75m", datetime(1988, 10, 9)),
        ("Africa/Casablanca", "50m", datetime(2008, 9, 1)),
        ("Pacific/Apia", "100m", datetime(2013, 4, 6)),
    ],
)
def test_windows_are_those_of_polars_where_a_clock_is_set_back_within_one(zone: str, every: str, day: datetime) -> None:
    """A window that is left and entered again: found by a look at every quarter of an hour, missed at every second."""
    times = pl.datetime_range(day - timedelta(days=1), day + timedelta(days=2), "1m", time_zone="UTC", eager=True)
    log = pl.DataFrame({"label": 1, "pred": 1, "t": times})
    counts = fm.count(log, BINARY, time="t", every=every, time_zone=zone)
    starts = times.dt.convert_time_zone(zone).dt.truncate(every).dt.convert_time_zone("UTC")
    expected = starts.alias("start").value_counts().sort("start")
    found = counts.frame.select(start=pl.col("window_start").dt.convert_time_zone("UTC"), rows="tp").sort("start")
    assert found["start"].to_list() == expected["start"].to_list()
    assert found["rows"].to_list() == expected["count"].to_list()
