"""The command line as it is used: results, mistakes, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

import fastmetrics as fm
from fastmetrics.cli import main
from fastmetrics.cli import output as answers

BASE = ["evaluate", "logs", "--y-true", "label", "--y-pred", "pred"]
SCORED = ["evaluate", "logs", "--y-true", "label", "--y-score", "score"]
COMMANDS = sorted(main.commands)


def a_log(seed: int, rows: int = 600) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    label = rng.random(rows) < 0.4
    start = 1_772_409_600_000_000 + seed * 86_400_000_000
    return pl.DataFrame(
        {
            "ts": pl.Series(start + rng.integers(0, 86_400_000_000, rows)).cast(pl.Datetime("us")),
            "model": rng.choice(["atlas-1", "atlas-2"], rows),
            "country": rng.choice(["BR", "DE", "US"], rows),
            "device": rng.choice(["ios", "web"], rows),
            "label": label,
            "pred": rng.random(rows) < np.where(label, 0.8, 0.1),
            "score": np.round(np.where(label, 0.3, 0.0) + 0.7 * rng.random(rows), 3),
            "answer": np.where(label, "yes", "no"),
            "level": np.where(label, 2, 1),
            "one": np.where(label, "1", "0"),
        }
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a user would have at hand."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "logs").mkdir()
    (folder / "no-counts").mkdir()
    for day in range(2):
        a_log(day).write_parquet(folder / "logs" / f"{day}.parquet")
    (folder / "answers").mkdir()
    answers = {"model": ["a", "b"], "answer": ["a cat sat", "dogs"], "reference": ["the cat sat", "a dog"]}
    ended = {"refused": [False, True], "finish_reason": ["length", "stop"], "latency_ms": [90.5, 120], "tokens": [3, 1]}
    pl.DataFrame(answers | ended).write_parquet(folder / "answers" / "0.parquet")
    family = fm.binary("label", "pred")
    by: dict[str, Any] = {"by": ["model", "country"]}
    fm.count(folder / "logs", family, **by).write(folder / "counts.parquet")
    fm.count(folder / "logs", family, **by, time="ts", every="1h").write(folder / "hourly.parquet")
    fm.count(folder / "logs", family, fm.scores("label", "score"), **by).write(folder / "several")
    fm.count(folder / "logs" / "0.parquet", family, **by).write(folder / "monday.parquet")
    fm.count(folder / "logs" / "1.parquet", family, **by).write(folder / "tuesday.parquet")
    (folder / "empty.parquet").touch()
    (folder / "circle.csv").symlink_to("circle.csv")
    return folder


@pytest.fixture
def here(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


def run(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=given)


def fine(*arguments: str, given: bytes | None = None) -> str:
    result = run(*arguments, given=given)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def frame(*arguments: str, given: bytes | None = None) -> pl.DataFrame:
    return pl.read_csv(fine(*arguments, given=given).encode())


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Makes stdout a terminal of so many columns and lines."""

    def of(columns: int, lines: int) -> None:
        monkeypatch.setattr(answers, "on_terminal", lambda: True)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("LINES", str(lines))

    return of


# Results


def test_evaluate_gives_what_the_library_gives(here: Path) -> None:
    got = frame(*BASE, "--by", "model,country", "-m", "f1,mcc", "--intervals", "--level", "0.9")
    counts = fm.count("logs", fm.binary("label", "pred"), by=["model", "country"])
    assert got.equals(counts.metrics("f1", "mcc", intervals=True, level=0.9))


def test_every_option_of_the_scan_arrives(here: Path) -> None:
    pl.read_parquet("logs/0.parquet").with_columns(t=pl.col("ts").dt.epoch("s")).write_parquet("epochs.parquet")
    line = "evaluate epochs.parquet --y-true label --y-score score --threshold 0.5 --by country --time t --time-unit s"
    line += " --every 6h --offset 1h --time-zone Asia/Kolkata --weight level --frequency level --threads 1"
    line += " --max-groups 999 -m recall"
    got = frame(*shlex.split(line), "--where", "model = 'atlas-1'")
    family = fm.binary("label", y_score="score", threshold=0.5)
    wanted = fm.count(
        "epochs.parquet", family, by="country", time="t", time_unit="s", every="6h", offset="1h", weight="level",
        frequency="level", time_zone="Asia/Kolkata", where="model = 'atlas-1'",
    ).metrics("recall")  # fmt: skip
    assert got["recall"].to_list() == wanted["recall"].to_list()
    assert got["n"].to_list() == wanted["n"].to_list()
    assert got["window_start"][0] == wanted["window_start"][0].isoformat()


@pytest.mark.parametrize(
    ("options", "family"),
    [
        (["--y-true", "answer", "--y-pred", "answer", "--pos-label", "yes"],
         fm.binary("answer", "answer", pos_label="yes")),
        (["--y-true", "level", "--y-pred", "level", "--pos-label", "2"], fm.binary("level", "level", pos_label=2)),
        (["--y-true", "one", "--y-pred", "one", "--pos-label", "1"], fm.binary("one", "one", pos_label="1")),
        (["--y-true", "label", "--y-pred", "pred", "--pos-label", "false"],
         fm.binary("label", "pred", pos_label=False)),
        (["--family", "scores", "--y-true", "level", "--y-score", "score", "--pos-label", "2"],
         fm.scores("level", "score", pos_label=2)),
        (["--family", "classes", "--y-true", "level", "--y-pred", "level", "--labels", "1"],
         fm.classes("level", "level", labels=[1])),
        (["--family", "regression", "--y-true", "score", "--y-pred", "score"], fm.regression("score", "score")),
        (["--family", "regression", "--y-true", "score", "--y-pred", "score", "--weight", "level"],
         fm.regression("score", "score", extremes=False)),
    ],
    ids=["text", "number", "number in text", "boolean", "scores", "classes", "regression", "weighted regression"],
)  # fmt: skip
def test_the_family_is_made_of_the_options(here: Path, options: list[str], family: Any) -> None:
    run("evaluate", "logs", *options, "--counts", "family.parquet")
    layout = fm.read_counts("family.parquet").layout
    assert layout.families[0].identity == family.identity
    assert layout.families[0].arguments == family.arguments


@pytest.mark.parametrize(("written", "meant"), [("1", 1), ("1.5", 1.5), ('"1"', "1"), ("yes", "yes")])
def test_the_positive_label_of_a_stream_is_what_it_looks_like(here: Path, written: str, meant: Any) -> None:
    column = pl.Series([meant, meant], dtype=pl.String if isinstance(meant, str) else pl.Float64)
    log = pl.DataFrame({"y": column, "p": column}).write_ndjson()
    got = frame(
        "evaluate", "-", "--y-true", "y", "--y-pred", "p", "--pos-label", written, "-m", "TP", given=log.encode()
    )
    assert got.row(0) == (2, 1.0, 1.0, 2.0)


def test_keys_may_be_sql_and_grouping_sets_keep_to_some(here: Path) -> None:
    assert frame(*BASE, "--by", "level * 10 as tens").columns[0] == "tens"
    sets = frame(
        *BASE, "--by", "model,country", "--grouping-set", "", "--grouping-set", "model", "--grouping-set", "country"
    )
    assert sets["grouping"].unique().sort().to_list() == ["", "country", "model"]


def test_worst_groups_stand_beside_the_other_metrics(here: Path) -> None:
    got = frame(*BASE, "--by", "model,country", "--worst", "2", "--min-n", "50", "-m", "recall,f1")
    counts = fm.count("logs", fm.binary("label", "pred"), by=["model", "country"])
    ranked = counts.worst("recall", 2, min_n=50)
    assert got.drop("f1").equals(ranked)
    f1 = ranked.join(counts.metrics("f1"), on=["model", "country"], maintain_order="left")["f1"]
    assert got["f1"].to_list() == f1.to_list()
    assert frame(*BASE, "--worst", "1", "-m", "recall,f1").columns[-1] == "f1"
    assert frame(*BASE, "--worst", "1", "-m", "recall,f1", "--min-n", "9999").is_empty()


def test_counts_are_kept_and_read_again(here: Path) -> None:
    direct = fine(*BASE, "--by", "model,country", "--counts", "kept.parquet")
    assert fine("metrics", "kept.parquet") == direct
    assert fm.read_counts("kept.parquet") == fm.read_counts("counts.parquet")


def test_rollups(here: Path) -> None:
    hourly = fm.read_counts("hourly.parquet")
    fine("rollup", "hourly.parquet", "--by", "model", "--every", "1d", "-o", "daily.parquet")
    assert fm.read_counts("daily.parquet") == hourly.rollup("model", "window", every="1d")
    fine("rollup", "hourly.parquet", "--every", "1d", "--where", "country = 'BR'", "-o", "all.parquet")
    assert fm.read_counts("all.parquet") == hourly.filter(country="BR").rollup("model", "country", "window", every="1d")
    fine("rollup", "hourly.parquet", "--by", "", "-o", "total.parquet")
    assert fm.read_counts("total.parquet") == hourly.rollup()
    assert frame("rollup", "counts.parquet", "--by", "model").equals(
        fm.read_counts("counts.parquet").rollup("model").frame
    )
    fine("rollup", "several", "--by", "model", "-o", "fewer")
    assert fm.read_counts("fewer") == fm.read_counts("several").rollup("model")


def test_merging_two_days_is_counting_both(here: Path) -> None:
    fine("merge", "monday.parquet", "tuesday.parquet", "-o", "both.parquet")
    assert fm.read_counts("both.parquet") == fm.read_counts("counts.parquet")
    fine("merge", "*day.parquet", "-o", "both.parquet")
    assert fm.read_counts("both.parquet") == fm.read_counts("counts.parquet")


def test_comparisons(here: Path) -> None:
    counts, tuesday = fm.read_counts("counts.parquet"), fm.read_counts("tuesday.parquet")
    other = frame("compare", "tuesday.parquet", "monday.parquet", "-m", "f1", "--by", "model", "--level", "0.9")
    assert other.equals(tuesday.compare("f1", by="model", to=fm.read_counts("monday.parquet"), level=0.9))
    overall = frame("compare", "counts.parquet", "-m", "f1", "--to", "overall", "--adjust", "bh")
    assert overall.equals(counts.compare("f1", by=["model", "country"], to="overall", adjust="bh"))
    named = frame("compare", "counts.parquet", "-m", "f1", "--to", "country=BR", "--adjust", "none")
    assert named.equals(counts.compare("f1", by=["model", "country"], to={"country": "BR"}, adjust=None))
    first = frame("compare", "hourly.parquet", "-m", "f1", "--by", "model", "--every", "1d", "--to", "atlas-1")
    assert first["model"].unique().to_list() == ["atlas-2"]
    assert len(first) == 2


def test_inspect_formats_and_completion(here: Path) -> None:
    facts = dict(pl.read_csv(fine("inspect", "hourly.parquet").encode()).rows())
    assert facts["rows"] == "1,200"
    assert facts["binary of"] == "y_true='label', y_pred='pred'"
    assert "of 1h in UTC" in facts["window"]
    assert ".parquet" in fine("formats")
    for shell, word in {"bash": "complete -o", "zsh": "#compdef fastmetrics", "fish": "complete --no-files"}.items():
        script = fine("completion", shell)
        assert word in script
        assert "_FASTMETRICS_COMPLETE" in script


def test_shells_complete_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_WORDS", "fastmetrics evaluate --y-")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("_FASTMETRICS_COMPLETE", "bash_complete")
    result = CliRunner().invoke(main, [], prog_name="fastmetrics")
    assert result.stdout.split() == ["plain,--y-true", "plain,--y-pred", "plain,--y-score"]


def test_a_plot(here: Path) -> None:
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    fine(*BASE, "--by", "model", "--plot", "f1.svg", "-m", "f1")
    assert "<svg" in Path("f1.svg").read_text()


# Where results go


@pytest.mark.parametrize("suffix", ["csv", "json", "ndjson", "parquet"])
def test_files_by_their_suffix(here: Path, suffix: str) -> None:
    path = here / f"out.{suffix}"
    assert fine(*BASE, "--by", "model", "--out", str(path)) == ""
    read = {"csv": pl.read_csv, "json": pl.read_json, "ndjson": pl.read_ndjson, "parquet": pl.read_parquet}[suffix]
    wanted = fm.count("logs", fm.binary("label", "pred"), by="model").metrics()
    assert read(path).equals(wanted)
    assert not list(here.glob(".out*"))


def test_stdout_in_other_formats(here: Path) -> None:
    assert [row["model"] for row in json.loads(fine(*BASE, "--by", "model", "--format", "json"))] == [
        "atlas-1",
        "atlas-2",
    ]
    result = run(*BASE, "--by", "model", "--format", "parquet")
    assert pl.read_parquet(result.stdout_bytes)["model"].to_list() == ["atlas-1", "atlas-2"]
    assert fine(*BASE, "--by", "model", "--format", "table").startswith("model")
    fine(*BASE, "--by", "model", "--format", "csv", "--out", "no-suffix")
    assert Path("no-suffix").read_text().startswith("model,n")


def test_a_terminal_gets_a_table_that_fits(here: Path, terminal: Callable[[int, int], None]) -> None:
    terminal(60, 16)
    lines = fine("metrics", "hourly.parquet", "-m", "f1,mcc,recall").splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[0].split()[:1] != ["model,country"]
    assert sum(line.startswith("atlas") for line in lines) == 10
    said = " ".join(lines)
    rows = len(fm.read_counts("hourly.parquet").frame)
    assert f"{rows - 10} more rows" in said
    assert "label_coverage, answer_rate hidden" in said
    assert "--out FILE" in said
    assert lines[-1] == "times in UTC"


def test_a_ranking_on_a_terminal_says_what_it_left_out(here: Path, terminal: Callable[[int, int], None]) -> None:
    terminal(100, 30)
    shown = fine("metrics", "counts.parquet", "--worst", "3", "-m", "recall", "--min-n", "200")
    counts = fm.read_counts("counts.parquet")
    hidden = counts.worst("recall", 3, min_n=200)["groups_hidden"].item(0)
    assert hidden
    assert shown.splitlines()[-1] == f"{hidden} groups not ranked: under 200 rows, or undefined"
    assert "groups_hidden" not in shown
    assert "all groups not ranked" in fine(
        "metrics", "counts.parquet", "--worst", "3", "-m", "recall", "--min-n", "9999"
    )


def test_a_link_stays_a_link_and_its_file_is_replaced(here: Path) -> None:
    (here / "target.csv").write_text("old")
    (here / "link.csv").symlink_to("target.csv")
    fine(*BASE, "--out", "link.csv")
    assert (here / "link.csv").is_symlink()
    assert (here / "target.csv").read_text().startswith("n,")


# Config


CONFIG = {
    "logs": ["logs"],
    "y-true": "label",
    "y_pred": "pred",
    "format": "ndjson",
    "by": ["model"],
    "metrics": "f1,mcc",
    "intervals": True,
}


@pytest.mark.parametrize("suffix", ["toml", "yaml"])
def test_a_config_says_what_the_prompt_would(here: Path, suffix: str) -> None:
    if suffix == "yaml":
        pytest.importorskip("yaml")
    separator = " = " if suffix == "toml" else ": "
    text = "".join(f"{key}{separator}{json.dumps(value)}\n" for key, value in CONFIG.items())
    (here / f"job.{suffix}").write_text(text)
    asked = fine(*BASE, "--by", "model", "-m", "f1,mcc", "--intervals", "--format", "ndjson")
    assert fine("evaluate", "--config", f"job.{suffix}") == asked
    won = fine("evaluate", "--config", f"job.{suffix}", "--by", "country", "--no-intervals", "-m", "recall")
    assert won == fine(*BASE, "--by", "country", "-m", "recall", "--format", "ndjson")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.toml", 'y-tru = "x"', ["a.toml", "'y-tru'", "did you mean 'y-true'"]),
        ("a.toml", "y-true = ", ["a.toml is not TOML", "Invalid value"]),
        ("a.toml", 'threshold = "x"', ["a.toml: threshold = 'x'", "a number"]),
        ("a.toml", "threads = true", ["threads = True", "a whole number"]),
        ("a.toml", "threads = 0", ["a.toml: threads = 0", "x>=1"]),
        ("a.toml", 'intervals = "yes"', ["intervals = 'yes'", "true or false"]),
        ("a.toml", "by = [1]", ["by = 1", "a list"]),
        ("a.toml", 'y-true = ["a", "b"]', ["y-true = ['a', 'b']", "text is needed"]),
        ("a.toml", 'family = "binry"', ["a.toml: family = 'binry'", "'binary'"]),
        ("a.toml", 'gate = "f1"', ["a.toml: gate = 'f1'", "f1>=0.8"]),
        ("a.toml", "debug = true", ["unknown option 'debug'"]),
        ("a.ini", "", ["unknown suffix '.ini'", ".toml"]),
        ("a.yaml", "a: [1\nb: 2", ["a.yaml is not YAML", "line 2"]),
        ("a.yaml", "- 1", ["a.yaml holds no options"]),
    ],
)
def test_a_config_with_a_mistake(here: Path, name: str, text: str, says: Sequence[str]) -> None:
    if name.endswith("yaml"):
        pytest.importorskip("yaml")
    (here / name).write_text(text)
    refused([*BASE, "--config", name], says)


def test_yaml_without_its_extra(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    (here / "a.yaml").write_text("y-true: label")
    refused([*BASE, "--config", "a.yaml"], ["pip install '.[yaml]'"])


# Mistakes


def refused(arguments: Sequence[str], says: Sequence[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("fastmetrics: ")
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 500
    assert [text for text in says if text not in result.stderr] == []


MISTAKES: dict[str, tuple[list[str], list[str]]] = {
    "command": (["evalute"], ["'evalute'", "did you mean 'evaluate'"]),
    "no logs": (["evaluate"], ["'LOGS...'", "evaluate --help"]),
    "no label": (["evaluate", "logs"], ["'--y-true'", "evaluate --help"]),
    "option": ([*BASE, "--wher", "x"], ["'--wher'", "did you mean '--where'"]),
    "option without a value": ([*BASE, "--by"], ["'--by' requires an argument"]),
    "no prediction": (BASE[:4], ["--y-pred", "--y-score"]),
    "column": (["evaluate", "logs", "--y-true", "labl", "--y-pred", "pred"], ["'labl'", "did you mean 'label'"]),
    "key": ([*BASE, "--by", "modl"], ["'modl'", "did you mean 'model'"]),
    "key twice": ([*BASE, "--by", "model", "--by", "model"], ["'model'", "twice", "--by"]),
    "key that is no SQL": ([*BASE, "--by", "( as x"], ["--by", "not SQL"]),
    "key like a metric": ([*BASE, "--by", "model as f1"], ["'f1'", "--by 'f1 as f1_key'"]),
    "metric": ([*BASE, "-m", "f1,recal"], ["'recal'", "did you mean 'recall'"]),
    "metric twice": ([*BASE, "-m", "f1,f1"], ["'f1'", "twice"]),
    "file": (["evaluate", "logs/0.parqet", *BASE[2:]], ["logs/0.parqet", "did you mean '0.parquet'"]),
    "broken symlink": (["evaluate", "circle.csv", *BASE[2:]], ["circle.csv is a broken symlink"]),
    "link to write to": ([*BASE, "--out", "circle.csv"], ["cannot write circle.csv"]),
    "pattern": (["evaluate", "none/*.parquet", *BASE[2:]], ["none/*.parquet"]),
    "empty file": (["evaluate", "empty.parquet", *BASE[2:]], ["empty.parquet"]),
    "empty stdin": (["evaluate", "-", *BASE[2:]], ["standard input"]),
    "stdin and files": (["evaluate", "-", "logs", *BASE[2:]], ["- stands alone"]),
    "three values": (["evaluate", "logs", "--y-true", "country", "--y-pred", "pred"], ["3 distinct", "--pos-label"]),
    "score without threshold": (SCORED, ["--y-score", "--threshold"]),
    "threshold without score": ([*BASE, "--threshold", "0.5"], ["--y-score", "--threshold"]),
    "threshold of text": ([*SCORED, "--threshold", "x"], ["'--threshold'", "'x'"]),
    "every without time": ([*BASE, "--every", "1h"], ["--every", "--time"]),
    "time without every": ([*BASE, "--time", "ts"], ["--every", "--time"]),
    "duration": ([*BASE, "--time", "ts", "--every", "1x"], ["--every '1x'", "'1h'"]),
    "where": ([*BASE, "--where", "model ="], ["--where 'model ='", "SQL"]),
    "where of an unknown column": ([*BASE, "--where", "modl = 1"], ["'modl'", "did you mean 'model'"]),
    "positive label": ([*BASE, "--pos-label", "x"], ["--pos-label x", "'label'", "Boolean"]),
    "option of another family": ([*SCORED, "--family", "scores", "--threshold", "1"], ["--threshold is not for"]),
    "option that a family needs": ([*BASE[:4], "--family", "classes"], ["--family classes needs --y-pred"]),
    "suffix": ([*BASE, "--out", "x.xlsx"], ["'.xlsx'", ".parquet"]),
    "folder that is not there": ([*BASE, "--out", "none/x.csv"], ["none/x.csv", "no folder none"]),
    "folder in the way": ([*BASE, "--out", "logs", "--format", "csv"], ["logs", "is a folder"]),
    "device": ([*BASE, "--out", "/dev/null", "--format", "csv"], ["/dev/null", "not an ordinary file"]),
    "table into a file": ([*BASE, "--out", "x.csv", "--format", "table"], ["--format table"]),
    "counts into nowhere": ([*BASE, "--counts", "none/c.parquet"], ["none/c.parquet", "no folder none"]),
    "a log written over": ([*BASE, "--out", "logs/0.parquet"], ["logs/0.parquet is one of the files"]),
    "a log of a pattern written over": (["evaluate", "logs/*", *BASE[2:], "--counts", "logs/1.parquet"], ["is one of"]),
    "worst without interval": ([*BASE, "--worst", "3", "-m", "prevalence"], ["--worst", "'prevalence'"]),
    "worst of nothing": ([*BASE, "--worst", "0"], ["'--worst'"]),
    "min-n alone": ([*BASE, "--min-n", "3"], ["--min-n goes with --worst"]),
    "gate": ([*BASE, "--gate", "f1=0.8"], ["'f1=0.8'", "'f1>=0.8'"]),
    "gate on an unknown metric": ([*BASE, "--gate", "recal>0"], ["'recal'", "did you mean 'recall'"]),
    "plot of an unknown suffix": ([*BASE, "--plot", "x.bmp"], ["'.bmp'", ".svg"]),
    "config that is not there": ([*BASE, "--config", "none.toml"], ["none.toml"]),
    "no counts": (["metrics", "monday.parqet"], ["monday.parqet", "did you mean 'monday.parquet'"]),
    "empty folder for counts": (["metrics", "no-counts"], ["no-counts"]),
    "log for counts": (["metrics", "logs"], ["0.parquet", "holds no Counts"]),
    "counts written over by metrics": (
        ["metrics", "counts.parquet", "-o", "counts.parquet"], ["counts.parquet is one of the files"]),
    "no windows": (["metrics", "counts.parquet", "--every", "1d"], ["no windows", "--time and --every"]),
    "filter on a cell": (["metrics", "counts.parquet", "--where", "tp > 1"], ["'tp'", "model"]),
    "cells of several families": (["rollup", "several"], ["binary, scores", "--out"]),
    "merge into nowhere": (["merge", "monday.parquet"], ["'--out'"]),
    "merge of other layouts": (
        ["merge", "counts.parquet", "hourly.parquet", "-o", "x.parquet"], ["hourly.parquet", "windows"]),
    "compare with nothing": (["compare", "counts.parquet", "-m", "f1"], ["REFERENCE", "--to"]),
    "compare with an unknown group": (
        ["compare", "counts.parquet", "-m", "f1", "--to", "atlas-3"], ["'atlas-3'", "overall"]),
    "compare by nothing": (["compare", "counts.parquet", "-m", "f1", "--to", "overall", "--by", ""], ["--by 'model'"]),
    "gate on an unknown column": (
        ["compare", "counts.parquet", "-m", "f1", "--to", "overall", "--gate", "diference>0"], ["'difference'"]),
    "shell": (["completion", "tcsh"], ["'tcsh'", "'bash'"]),
    "small demo": (["demo", "--rows", "3"], ["--rows 3", "50,000"]),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_one_line_that_helps(here: Path, name: str) -> None:
    if "plot" in name:
        pytest.importorskip("altair")
    before = sorted(here.rglob("*"))
    refused(*MISTAKES[name])
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("option", ["--out", "--counts", "--plot"])
def test_a_folder_that_may_not_be_written_to_is_told_before_the_scan(
    here: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if option == "--plot":
        pytest.importorskip("altair")
    monkeypatch.setattr(fm, "count", None)
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == here / "no-counts" and mode & os.W_OK))
    target = {"--out": "x.csv", "--counts": "x.parquet", "--plot": "x.svg"}[option]
    refused([*BASE, option, f"no-counts/{target}"], [f"no-counts/{target}", "may not write to the folder"])


def test_a_name_with_nothing_but_its_ending_alike_is_no_hint(here: Path) -> None:
    for command in (["evaluate", "missing.parquet", *BASE[2:]], ["metrics", "missing.parquet"]):
        assert run(*command).stderr == "fastmetrics: no such file or folder: missing.parquet\n"


def test_nothing_is_scanned_for_a_metric_that_does_not_exist(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fm, "count", None)
    refused([*BASE, "-m", "recal"], ["'recal'"])
    refused([*BASE, "--gate", "recal>1"], ["'recal'"])
    refused([*BASE, "--out", "none/x.csv"], ["none/x.csv"])


def test_a_traceback_on_request(here: Path) -> None:
    result = run(*BASE, "--by", "modl", "--debug")
    assert result.exit_code == 2
    assert result.stderr.startswith("Traceback")
    assert result.stderr.splitlines()[-1].startswith("fastmetrics: logs: unknown column 'modl'")


def test_an_error_of_ours_is_owned(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fm, "count", lambda *_, **__: 1 / 0)
    refused(BASE, ["ZeroDivisionError", "--debug"])


def test_skipped_files_are_a_line_on_stderr(here: Path, tmp_path: Path) -> None:
    a_log(0).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    result = run("evaluate", str(tmp_path), *BASE[2:], "--on-error", "skip")
    assert result.exit_code == 0
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("fastmetrics: warning: 1 files were skipped")
    assert "b.parquet" in result.stderr
    assert pl.read_csv(result.stdout_bytes)["n"].to_list() == [600]


# Gates


@pytest.mark.parametrize(
    ("gate", "status"),
    [("f1>=0.1", 0), ("f1>=0.99", 1), ("n>=10", 0), ("n>=100000", 1), ("fpr<0.9", 0), ("fpr<=0.01", 1),
     ("f1_low>0.1", 0),
     ("f1_high<0.1", 1), ("lr_minus>=-1e9", 0)],
)  # fmt: skip
def test_gates_decide_the_exit_code(here: Path, gate: str, status: int) -> None:
    result = run("metrics", "counts.parquet", "-m", "accuracy", "--gate", gate)
    assert result.exit_code == status
    assert result.stdout.startswith("model,country,n,label_coverage,answer_rate,accuracy\n")
    assert bool(result.stderr) == bool(status)


def test_a_failed_gate_names_the_worst_group(here: Path) -> None:
    result = run("metrics", "counts.parquet", "--gate", "f1>=0.99", "--gate", "f1>=0.98", "--gate", "f1>=0")
    worst = fm.read_counts("counts.parquet").metrics("f1").sort("f1").row(0, named=True)
    assert result.stderr.splitlines() == [
        f"fastmetrics: gate f1>={bound} failed in 6 of 6 groups, worst where model={worst['model']}, "
        f"country={worst['country']}: f1 = {worst['f1']:.4g}"
        for bound in (0.99, 0.98)
    ]
    highest = fm.read_counts("counts.parquet").metrics("fpr").sort("fpr")["fpr"].item(-1)
    assert f": fpr = {highest:.4g}" in run("metrics", "counts.parquet", "--gate", "fpr<0").stderr
    assert run(*BASE, "--where", "label", "--gate", "specificity>=0").exit_code == 1
    assert "undefined in every group" in run(*BASE, "--where", "label", "--gate", "specificity>=0").stderr
    assert run("compare", "counts.parquet", "-m", "f1", "--to", "overall", "--gate", "difference>0").exit_code == 1


# Help


def help_of(*command: str) -> str:
    return fine(*command, "--help")


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=["the group", *COMMANDS])
def test_the_examples_of_the_help_run(
    made: Path, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in made.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)
    lines = re.findall(r"^ +(fastmetrics .*)$", help_of(*command), re.MULTILINE)
    assert lines
    for line in lines:
        result = run(*shlex.split(line)[1:])
        assert (result.exit_code, result.stderr) == (0, ""), line


def test_every_option_has_a_help() -> None:
    for command in main.commands.values():
        assert command.help
        assert [option.name for option in command.params if isinstance(option, click.Option) and not option.help] == []


def test_the_version_and_the_help_without_arguments() -> None:
    assert fine("--version") == f"fastmetrics {fm.__version__}\n"
    assert fine() == help_of()


# The process


HEAVY = ("numba", "pyarrow", "altair", "yaml", "rich.table")
PROGRAM = [sys.executable, "-m", "fastmetrics.cli"]


def environment() -> dict[str, str]:
    paths = [str(Path(fm.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONUNBUFFERED", "NO_COLOR")}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def test_help_imports_no_heavy_guest() -> None:
    code = "import sys; from fastmetrics.cli import main; main(['--help'])"
    code = f"import atexit, sys; atexit.register(lambda: print([m for m in {HEAVY} if m in sys.modules])); {code}"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_exit_codes_of_the_process(here: Path) -> None:
    def status(*arguments: str) -> int:
        return subprocess.run([*PROGRAM, *arguments], env=environment(), capture_output=True, check=False).returncode

    assert status("metrics", "counts.parquet") == 0
    assert status("metrics", "counts.parquet", "--gate", "f1>2") == 1
    assert status("metrics", "counts.parquet", "-m", "recal") == 2


def test_a_closed_pipe_ends_it_quietly(here: Path) -> None:
    log = pl.DataFrame({"label": True, "pred": True, "key": pl.arange(0, 50_000, eager=True)})  # more than a pipe takes
    fm.count(log, fm.binary("label", "pred"), by="key").write("many.parquet")
    line = [*PROGRAM, "rollup", "many.parquet"]
    with subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == b""


def test_an_interrupted_scan_leaves_nothing(here: Path) -> None:
    before = set(here.iterdir())
    line = [*PROGRAM, "evaluate", "-", *BASE[2:], "--out", "stopped.csv", "--counts", "stopped.parquet"]
    process = subprocess.Popen(
        line, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(b"label,pred\n" + b"true,false\n" * 2_000_000)  # which ends in a later block of the scan
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert set(here.iterdir()) == before


def test_a_real_terminal(here: Path) -> None:
    def shown(**extra: str) -> str:
        master, slave = pty.openpty()
        sized = environment() | {"COLUMNS": "100", "LINES": "40", "TERM": "xterm"} | extra
        process = subprocess.Popen([*PROGRAM, "metrics", "counts.parquet"], env=sized, stdout=slave, stderr=slave)
        assert process.wait(timeout=60) == 0
        os.close(slave)
        text = os.read(master, 100_000).decode()
        os.close(master)
        return text

    assert "\x1b[1mmodel" in shown()
    plain = shown(NO_COLOR="1")
    assert "model    country" in plain
    assert "\x1b[1m" not in plain
