"""The demo finds what it planted, and what it prints fits a terminal."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fastmetrics as fm
from fastmetrics import demo
from fastmetrics.demo import log as making
from fastmetrics.demo import tour
from oracle_bleu import bleu_counts, tokens
from oracle_rouge import lcs_length, words


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "log"


@pytest.fixture(scope="module")
def told(folder: Path) -> tuple[pl.DataFrame, str]:
    """The worst slices that the demo showed for few rows, and everything it printed."""
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tour, "say", lines.append)
        worst = demo.main(["--rows", "60000", "--out", str(folder)])
    return worst, "\n".join(lines)


def test_the_planted_slice_is_the_worst_one_shown(told: tuple[pl.DataFrame, str]) -> None:
    worst, text = told
    first = worst.row(0, named=True)
    assert (first["model"], first["country"]) == (demo.FAULT.model, demo.FAULT.country)
    assert first["window_start"].date() >= demo.FAULT.start.date()
    assert f"It is {demo.FAULT.model} in {demo.FAULT.country}" in text


def test_the_diagnosis_finds_what_was_planted_and_nothing_else(told: tuple[pl.DataFrame, str]) -> None:
    said = told[1].split(">>> found = fm.diagnose(")[1].split("What became slow")[0].replace("\n   ", " ")
    slow, worse, unlabelled = (line for line in said.splitlines() if re.match(r"\d\. \[", line))
    assert "1. [major] rate_shift: Since 2026-03-17 09:00" in slow
    assert "latency_ms" in slow
    assert "2. [major] score_shift: Since 2026-03-24 14:00" in worse
    for line, fault in ((slow, demo.SLOWDOWN), (worse, demo.FAULT)):
        assert f"where model = {fault.model} and country = {fault.country}:" in line
    assert "[minor] null_surge: Since 2026-03-30" in unlabelled


def test_what_the_demo_shows_of_requests_is_what_polars_says(told: tuple[pl.DataFrame, str], folder: Path) -> None:
    log = (
        pl.read_parquet(folder / "*.parquet")
        .group_by("model")
        .agg(
            pl.col("latency_ms").quantile(0.95, "equiprobable").alias("p95"),
            pl.col("latency_ms").quantile(0.99, "equiprobable").alias("p99"),
            pl.col("answer").is_in((*making.REFUSALS, *making.LOCAL_REFUSALS.values())).mean().alias("refused"),
            pl.col("finish_reason").eq("length").mean().alias("truncated"),
            (1000 * pl.col("cost_usd").mean()).alias("a_thousand"),
            pl.col("cost_usd").sum().alias("all"),
        )
    )
    for columns, within in ((["p95", "p99"], 0.011), (["refused", "truncated"], 0), (["a_thousand", "all"], 0)):
        shown = table(told[1], columns)
        for row in shown.iter_rows(named=True):
            true = log.row(by_predicate=pl.col("model") == row["model"], named=True)
            for column in columns:
                assert row[column] == pytest.approx(true[column], rel=within, abs=5.1e-5)
                if f"{column}_low" in row:
                    assert row[f"{column}_low"] - 5.1e-5 <= true[column] <= row[f"{column}_high"] + 5.1e-5


def table(text: str, columns: list[str]) -> pl.DataFrame:
    """The table of models that has some columns, as it was shown."""
    lines = text.splitlines()
    (start,) = (at for at, line in enumerate(lines) if {"model", *columns} <= set(line.split()))
    rows = [line.replace(",", "").split() for line in lines[start + 1 : start + 1 + len(demo.MODELS)]]
    frame = pl.DataFrame(rows, schema=lines[start].split(), orient="row")
    return frame.with_columns(pl.exclude("model").cast(pl.Float64))


def test_the_rates_shown_are_those_that_were_planted(told: tuple[pl.DataFrame, str]) -> None:
    shown = dict(table(told[1], ["refused"]).select("model", "refused").rows())
    for model in demo.MODELS:
        assert shown[model.name] == pytest.approx(model.silent * making.SILENT[making.REFUSED], rel=0.3)


def test_what_became_slow_is_shown_around_the_day(told: tuple[pl.DataFrame, str]) -> None:
    days = [line.split() for line in told[1].split("What became slow")[1].splitlines() if line.startswith(" 2026-")]
    medians = {day[0]: float(day[4].replace(",", "")) for day in days}
    assert list(medians) == [f"2026-03-{day}" for day in range(15, 20)]
    assert medians["2026-03-18"] > 1.5 * medians["2026-03-16"]


def test_every_line_fits_a_terminal_and_nothing_is_cut(told: tuple[pl.DataFrame, str], folder: Path) -> None:
    lines = told[1].splitlines()
    assert max(len(line.replace(str(folder), "demo-log")) for line in lines) <= 100
    assert not any("…" in line or "shape:" in line for line in lines)


@pytest.mark.usefixtures("told")
def test_the_files_are_a_log_of_a_month(folder: Path) -> None:
    files = sorted(folder.iterdir())
    assert [file.stem for file in files] == [str(day) for day in demo.days()]
    log = pl.read_parquet(files)
    assert len(log) == 60_000
    assert log["ts"].is_sorted()
    assert log["label"].null_count() > 0
    assert log["pred"].null_count() == log["score"].null_count() > 0
    assert log.filter(pl.col("pred") != (pl.col("score") >= 0.5)).is_empty()
    assert fm.count(folder, fm.binary("label", "pred")).rows == 60_000


def test_what_the_demo_says_was_planted_is_in_its_log(told: tuple[pl.DataFrame, str], folder: Path) -> None:
    said = " ".join(told[1].splitlines()[-4:])
    assert "from 2026-03-24 14:00 UTC on the scores of atlas-70b-v2 in BR are too low by 6 in log-odds" in said
    assert "From 2026-03-17 09:00 UTC on birch-32b takes 2.5 times as long to answer in JP." in said
    assert "Labels come 20 hours late on average, and 8% of them never." in said
    log = pl.read_parquet(folder / "*.parquet")
    late = pl.col("ts") >= pl.datetime(2026, 3, 24, 14, time_zone="UTC")
    here = pl.col("model").eq("atlas-70b-v2") & pl.col("country").eq("BR")
    logit = (pl.col("score") / (1 - pl.col("score"))).cast(pl.Float64).log()
    rows = {name: log.filter(part) for name, part in {"then": here & ~late, "now": here & late}.items()}
    means = {name: part.filter(pl.col("score") < 1).select(logit.mean()).item() for name, part in rows.items()}
    assert means["then"] - means["now"] == pytest.approx(6, abs=0.5)
    elsewhere = [log.filter(~here, part).select(logit.mean()).item() for part in (late, ~late)]
    assert elsewhere[0] == pytest.approx(elsewhere[1], abs=0.1)
    recall = {name: part.filter("label")["pred"].mean() for name, part in rows.items()}
    assert recall["now"] < 0.4 < 0.7 < recall["then"]
    hours = (pl.datetime(2026, 4, 1, time_zone="UTC") - pl.col("ts")).dt.total_seconds() / 3600
    gone = [log.filter(hours.is_between(*age))["label"].is_null().mean() for age in ((300, 800), (0, 10))]
    waiting = 2 * (1 - math.exp(-0.5))  # the mean of exp(-age / 20) over ages of 0 to 10 hours
    assert gone == pytest.approx([0.08, 0.08 + 0.92 * waiting], abs=0.03)


def test_what_the_demo_shows_of_texts_is_what_their_twins_say(told: tuple[pl.DataFrame, str], folder: Path) -> None:
    shown = told[1].split('.metrics("bleu", "rougeL")')[1].strip("\n").splitlines()
    assert shown[0].split() == ["model", "n", "label_coverage", "answer_rate", "bleu", "rougeL"]
    judged = pl.read_parquet(folder / "*.parquet").drop_nulls(["answer", "reference"])
    for model, line in zip(demo.MODELS, shown[1:], strict=False):
        rows = judged.filter(model=model.name).select("answer", "reference").rows()
        name, *_, bleu, rouge = line.split()
        assert name == model.name
        assert float(bleu) == pytest.approx(corpus_bleu(rows), abs=1e-4)
        assert float(rouge) == pytest.approx(np.mean([rouge_l(*row) for row in rows]), abs=1e-4)


def corpus_bleu(rows: list[tuple[str, str]]) -> float:
    counts = [bleu_counts(tokens(said, "13a"), [tokens(wanted, "13a")], 4) for said, wanted in rows]
    length, closest, *found = np.sum(counts, axis=0)
    precisions = np.divide(found[:4], found[4:])
    return float(100 * min(1, math.exp(1 - closest / length)) * np.exp(np.mean(np.log(precisions))))


def rouge_l(answer: str, reference: str) -> float:
    ours, theirs = words(answer), words(reference)
    return 2 * lcs_length(theirs, ours) / (len(ours) + len(theirs))


@pytest.mark.usefixtures("told")
def test_models_and_some_people_say_why(folder: Path) -> None:
    log = pl.read_parquet(folder / "*.parquet")
    decided = log.drop_nulls("pred")
    assert decided["answer"].str.extract("^(Removed|Kept): ").eq("Removed").equals(decided["pred"])
    judged = log.drop_nulls("reference")
    assert judged["label"].equals(judged["reference"].str.starts_with("Removed"))
    assert len(judged) / log["label"].count() == pytest.approx(0.03, abs=0.003)
    parts = r"(?<does>\w+) (?<whom>an? (?:old |whole )?\w+|another \w+) in (?<where>[\w ]+)\.$"
    split = [pl.col(side).str.extract_groups(parts).alias(side) for side in ("answer", "reference")]
    agreed = judged.filter(pl.col("pred") == pl.col("label"), model="atlas-70b-v1", finish_reason="stop").select(split)
    for part, choices, seen in (("does", 4, 8), ("whom", 6, 6), ("where", 5, 5)):
        ours, theirs = (agreed[side].struct.field(part) for side in ("answer", "reference"))
        assert ours.n_unique() == theirs.n_unique() == seen
        assert (ours == theirs).mean() == pytest.approx(1 / 2 + 1 / 2 / choices, abs=0.08)


@pytest.fixture(scope="module")
def day() -> pl.DataFrame:
    """A day after both faults began."""
    return demo.day_log(np.random.default_rng(5), 28, 200_000)


def test_requests_without_a_verdict_are_refused_filtered_empty_or_timed_out(day: pl.DataFrame) -> None:
    silent = day.filter(pl.col("pred").is_null())
    words = (*making.REFUSALS, *making.LOCAL_REFUSALS.values())
    shares = silent.select(
        refused=pl.col("answer").is_in(words) & (pl.col("finish_reason") == "stop"),
        filtered=(pl.col("answer") == "") & (pl.col("finish_reason") == "content_filter"),
        empty=(pl.col("answer") == "") & (pl.col("finish_reason") == "stop"),
        timed_out=pl.all_horizontal(pl.col(LOGGED).is_null()),
    ).fill_null(False)
    assert shares.sum_horizontal().eq(1).all()
    assert shares.mean().row(0) == pytest.approx([0.86, 0.06, 0.03, 0.05], abs=0.015)
    assert set(silent["answer"]) == {*words, "", None}
    for country, line in making.LOCAL_REFUSALS.items():
        here = silent.filter(pl.col("answer").is_in(words), country=country)
        assert (here["answer"] == line).mean() == pytest.approx(0.5, abs=0.15)
        assert set(silent.filter(answer=line)["country"]) == {country}
    assert day.drop_nulls("pred").select(LOGGED).null_count().sum_horizontal().item() == 0


LOGGED = ["answer", "finish_reason", "input_tokens", "output_tokens", "cost_usd", "latency_ms"]


def test_answers_that_reach_the_limit_end_in_the_middle(day: pl.DataFrame) -> None:
    cut = day.filter(finish_reason="length")
    assert cut.equals(day.filter(output_tokens=making.MAX_TOKENS))
    assert not cut["answer"].str.ends_with(".").any()
    assert cut["pred"].null_count() == 0
    whole = day.filter(pl.col("finish_reason") == "stop", pl.col("pred").is_not_null())
    assert whole["answer"].is_in(making.REASONS).all()
    rates = dict(day.group_by("model").agg(pl.col("finish_reason").eq("length").mean()).rows())
    assert 0.012 < rates["atlas-70b-v2"] < 0.02
    assert rates["cedar-mini"] < 0.001


def test_an_answer_costs_its_tokens(day: pl.DataFrame) -> None:
    for model in demo.MODELS:
        rows = day.filter(model=model.name).drop_nulls("cost_usd")
        paid = rows["input_tokens"] * model.input_price + rows["output_tokens"] * model.output_price
        assert (rows["cost_usd"] - paid / 1e6).abs().max() < 1e-10
        assert rows["input_tokens"].min() > making.PROMPT


def test_latency_hangs_on_tokens_and_has_a_heavy_tail(day: pl.DataFrame) -> None:
    model = next(model for model in demo.MODELS if model.name == "atlas-70b-v1")
    rows = day.filter(model=model.name).drop_nulls("latency_ms")
    parts = {part: rows.filter(pl.col("output_tokens") // model.thinking == part)["latency_ms"] for part in (0, 1, 2)}
    medians = [values.median() for values in parts.values()]
    assert medians == sorted(medians)
    assert medians[2] > 2 * medians[0]
    assert rows["latency_ms"].max() > 3 * rows["latency_ms"].quantile(0.99) > 9 * rows["latency_ms"].median()


def test_a_model_is_slow_in_one_country_from_an_hour_on_and_nothing_else_changes() -> None:
    slow, fast = demo.SLOWDOWN, replace(demo.SLOWDOWN, times=1)
    one, other = (
        demo.day_log(np.random.default_rng(4), slow.start.day - 1, 100_000, slowdown=times) for times in (slow, fast)
    )
    assert one.drop("latency_ms").equals(other.drop("latency_ms"))
    ratio = (one["latency_ms"] / other["latency_ms"]).alias("ratio")
    struck = (pl.col("ts") >= slow.start) & pl.col("model").eq(slow.model) & pl.col("country").eq(slow.country)
    here, elsewhere = one.with_columns(ratio).filter(struck), one.with_columns(ratio).filter(~struck)
    assert here["ratio"].drop_nulls().is_between(2.49, 2.51).all()
    assert len(here) > 500
    assert elsewhere["ratio"].drop_nulls().eq(1).all()


def test_the_same_seed_gives_the_same_day(day: pl.DataFrame) -> None:
    first, again = (demo.day_log(np.random.default_rng(3), 25, 500) for _ in range(2))
    assert first.equals(again)
    assert first.schema == day.schema
    assert demo.day_log(np.random.default_rng(3), 0, 0).schema == first.schema


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "mine.parquet")
    with pytest.raises(SystemExit):
        demo.main(["--rows", "60000", "--out", str(tmp_path)])
    assert "mine.parquet" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.parquet"]


def test_too_few_rows_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        demo.main(["--rows", "10", "--out", str(tmp_path)])
    assert "50,000" in capsys.readouterr().err
