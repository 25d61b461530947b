"""`fastmetrics diagnose` as it is used: on counts and on logs, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

import fastmetrics as fm
from fastmetrics.cli import main

FAULT = datetime(2026, 3, 8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log in which ios misses more from the 8th of March on, and its counts."""
    rng = np.random.default_rng(5)
    rows = 40_000
    log = pl.DataFrame({"label": rng.random(rows) < 0.4, "device": rng.choice(["ios", "web"], rows)}).with_columns(
        ts=datetime(2026, 3, 1) + pl.duration(days=pl.Series(rng.integers(0, 14, rows))),
        pred=pl.col("label") & (pl.Series(rng.random(rows)) < 0.9),
    )
    hit = (pl.col("ts") >= FAULT) & (pl.col("device") == "ios") & (pl.Series(rng.random(rows)) < 0.3)
    folder = tmp_path_factory.mktemp("diagnose")
    log.with_columns(pred=pl.col("pred") & ~hit).write_parquet(folder / "log.parquet")
    log.filter(pl.col("ts") < FAULT).write_parquet(folder / "before.parquet")
    fm.count(folder / "log.parquet", fm.binary("label", "pred"), by="device", time="ts", every="1d").write(
        folder / "counts.parquet"
    )
    return folder


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(folder)
    return lambda *arguments: CliRunner().invoke(main, ["diagnose", *arguments])


def test_counts_are_cut_where_they_changed_or_where_one_says(run: Callable[..., Result]) -> None:
    for more in ([], ["--current-from", "2026-03-08"], ["--current-from", "2026-03-08T00:00"]):
        done = run("counts.parquet", "--format", "table", *more)
        assert done.exit_code == 0, done.output
        assert "1. [major] fn_surge: Since 2026-03-08 00:00" in done.output
        assert "device = ios" in done.output.replace("\n   ", " ")


def test_logs_are_counted_first(run: Callable[..., Result]) -> None:
    count = ["--y-true", "label", "--y-pred", "pred", "--by", "device"]
    done = run("log.parquet", "--baseline", "before.parquet", *count)
    assert done.exit_code == 0, done.output
    assert pl.read_csv(done.output.encode())["tag"].to_list()[0] == "fn_surge"
    same = run("before.parquet", "--baseline", "before.parquet", *count, "--format", "table")
    assert same.output.startswith("nothing happened")


def test_a_severe_finding_ends_with_1(run: Callable[..., Result]) -> None:
    done = run("counts.parquet", "--fail-on", "major")
    assert done.exit_code == 1
    assert "severity major: Since 2026-03-08" in done.stderr
    assert run("counts.parquet", "--fail-on", "major", "--min-rows", "1000000").exit_code == 0


def test_findings_are_written_whole(run: Callable[..., Result], folder: Path) -> None:
    for name in ("findings.json", "findings.parquet", "findings.csv"):
        assert run("counts.parquet", "-o", name).exit_code == 0
    rows = json.loads((folder / "findings.json").read_text())
    assert rows[0]["predicate"] == [{"column": "device", "value": "ios"}]
    assert pl.read_parquet(folder / "findings.parquet").item(0, "sql") == "\"device\" = 'ios'"
    assert "predicate" not in pl.read_csv(folder / "findings.csv").columns


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["countss.parquet"], ["did you mean 'counts.parquet'"]),
        (["counts.parquet", "--current-from", "soon"], ["--current-from soon", "2026-03-14"]),
        (["counts.parquet", "--baseline", "counts.parquet", "--current-from", "2026-03-08"], ["exclude each other"]),
        (["counts.parquet", "--slices", "devise"], ["did you mean 'device'"]),
        (["counts.parquet", "--fold", "devise"], ["--fold", "did you mean 'device'"]),
        (["counts.parquet", "counts.parquet"], ["fastmetrics merge"]),
        (["counts.parquet", "-o", "counts.parquet"], ["is one of the files that are read"]),
    ],
)
def test_a_mistake_gets_one_line(run: Callable[..., Result], arguments: list[str], words: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("key", ["model", "device"])
def test_what_stopped_is_not_passed_over_in_silence(key: str, tmp_path: Path) -> None:
    def kept(name: str, values: list[str | None]) -> str:
        log = pl.DataFrame({"label": 1, "pred": 1, key: values, "site": "x"}, schema_overrides={key: pl.String})
        fm.count(log, fm.binary("label", "pred"), by=[key, "site"]).write(tmp_path / name)
        return str(tmp_path / name)

    before = kept("before.parquet", ["a"] * 300 + ["b"] * 60 + [None] * 60 + ["rare"] * 30)
    now, same = kept("now.parquet", ["a"] * 150), kept("same.parquet", ["a"] * 150 + ["b", None])
    for form in ("csv", "table", "json"):
        given = ["diagnose", now, "--baseline", before, "--format", form, "--fail-on", "minor"]
        failed = CliRunner().invoke(main, given)
        assert failed.exit_code == 1
        assert f"warning: {key} b, null has rows in the baseline, and none now (2) [stopped]" in failed.stderr
        assert CliRunner().invoke(main, [*given, "--allow", "stopped"]).exit_code == 0
        assert CliRunner().invoke(main, given[:-2]).exit_code == 0
    assert "stopped" not in CliRunner().invoke(main, ["diagnose", same, "--baseline", before]).stderr
