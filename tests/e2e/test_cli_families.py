"""The shell takes its options from families and functions: what one of them takes is there, with a help and a type."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

import fastmetrics as fm
from fastmetrics.cli import main
from fastmetrics.cli.families import arguments_of
from fastmetrics.families import KINDS
from fastmetrics.families.curves import CURVES

OPTIONS = {name: {one.name: one for one in command.params} for name, command in main.commands.items()}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(3)
    label = rng.random(4_000) < 0.4
    frame = pl.DataFrame(
        {
            "model": rng.choice(["a", "b"], 4_000),
            "label": label,
            "pred": rng.random(4_000) < np.where(label, 0.8, 0.1),
            "score": np.round(np.where(label, 0.3, 0.0) + 0.7 * rng.random(4_000), 2),
            "kind": np.where(label, "cat", "dog"),
            "guess": rng.choice(["cat", "dog", "cow"], 4_000),
            "latency": rng.exponential(1.0, 4_000),
            "ts": np.arange(4_000) * 60,
        }
    )
    path = tmp_path_factory.mktemp("families") / "log.parquet"
    frame.write_parquet(path)
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--format", "csv"])


def frame(*arguments: str) -> pl.DataFrame:
    ended = run(*arguments)
    assert (ended.exit_code, ended.stderr) == (0, ""), ended.stderr
    return pl.read_csv(ended.stdout.encode())


# Which options there are


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", ["evaluate", "diagnose"])
def test_every_argument_of_a_family_is_an_option_with_a_sentence_of_help(command: str, kind: str) -> None:
    for name, argument in arguments_of(KINDS[kind]).items():
        help_text = argument.help
        assert name in OPTIONS[command]
        assert help_text.endswith(".")
        assert len(help_text) > 15
        assert "`" not in help_text


@pytest.mark.parametrize("command", ["evaluate", "diagnose"])
def test_no_argument_of_a_family_has_the_name_of_another_option(command: str) -> None:
    params = main.commands[command].params
    assert len({one.name for one in params}) == len(params)
    assert len({text for one in params for text in one.opts}) == sum(len(one.opts) for one in params)


@pytest.mark.parametrize(
    ("function", "command", "elsewhere"),
    [
        (fm.count, "evaluate", {"data": "logs", "families": "family", "grouping_sets": "grouping_set", "part": "",
                                "progress": ""}),
        (fm.Counts.metrics, "metrics", {"names": "metrics"}),
        (fm.Counts.worst, "metrics", {"metric": "metrics", "n": "worst"}),
        (fm.Counts.at_threshold, "metrics", {"threshold": "at_threshold"}),
        (fm.Counts.compare, "compare", {}),
        (fm.Counts.rollup, "rollup", {}),
        (fm.diagnose, "diagnose", {"current": "counts"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_every_argument_of_the_library_is_an_option(function: object, command: str, elsewhere: dict[str, str]) -> None:
    """But for what a program alone can give, which is listed here as ""."""
    for name in inspect.signature(function).parameters:  # type: ignore[arg-type]
        option = elsewhere.get(name, name)
        assert not option or name == "self" or option in OPTIONS[command], name


def test_helps_are_sentences() -> None:
    for command in main.commands.values():
        for option in command.params:
            if isinstance(option, click.Option):
                text = str(option.help)
                assert text[0].isupper() or text.startswith('"'), text
                assert not text.startswith(("Of ", "At ", "Whose ", "With ", "The p-values")) or ": " in text, text


# What they do


def test_arguments_of_scores_arrive(log: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "counts.parquet")
    line = [str(log), "--family", "scores", "--y-true", "label", "--y-score", "score"]
    frame("evaluate", *line, "--bins", "4", "--thresholds", "0.3, 0.6", "--no-losses", "--counts", file)
    made = fm.read_counts(file).layout.families[0]
    assert made == fm.scores("label", "score", bins=4, thresholds=[0.3, 0.6], losses=False)
    frame("evaluate", *line, "--edges", "0,0.5,1", "--counts", file)
    assert fm.read_counts(file).layout.families[0] == fm.scores("label", "score", edges=[0, 0.5, 1])


def test_a_config_gives_numbers_as_they_are(log: Path, tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text("thresholds = [0.3, 0.62]\nlosses = false\n")
    line = [str(log), "--family", "scores", "--y-true", "label", "--y-score", "score", "-m", "roc_auc"]
    file = str(tmp_path / "counts.parquet")
    frame("evaluate", *line, "--config", str(tmp_path / "job.toml"), "--counts", file)
    assert fm.read_counts(file).layout.families[0] == fm.scores("label", "score", thresholds=[0.3, 0.62], losses=False)


def test_views_are_those_of_the_library(log: Path) -> None:
    scores = fm.count(log, fm.scores("label", "score"), by="model")
    line = ["evaluate", str(log), "--family", "scores", "--y-true", "label", "--y-score", "score", "--by", "model"]
    for name in CURVES:
        assert frame(*line, "--curve", name).equals(scores.curve(name))
        assert name in (OPTIONS["evaluate"]["curve"].help or "")
    wanted = scores.at_threshold(0.5).metrics("precision", "recall", intervals=True)
    assert frame(*line, "--at-threshold", "0.5", "-m", "precision,recall", "--intervals").equals(wanted)
    assert frame(*line, "--at-threshold", "0.512", "--nearest", "-m", "f1").height == 2
    classes = fm.count(log, fm.classes("kind", "guess"), by="model")
    line = ["evaluate", str(log), "--family", "classes", "--y-true", "kind", "--y-pred", "guess", "--by", "model"]
    assert frame(*line, "--per-class").equals(classes.per_class())
    assert frame(*line, "--most-confused", "1").equals(classes.most_confused(1))
    line = ["evaluate", str(log), "--y-true", "label", "--y-pred", "pred", "--by", "model"]
    assert frame(*line, "--root-cause")["root_cause"].to_list() == ["Misclassification"] * 2
    assert frame(*line, "--tidy", "-m", "f1")["slice_key"].to_list() == ["model"] * 2


def test_windows_overlap_and_are_filled(log: Path) -> None:
    binary = fm.count(log, fm.binary("label", "pred"), by="model", time="ts", every="1h", time_unit="s")
    line = ["evaluate", str(log), "--y-true", "label", "--y-pred", "pred", "--by", "model", "--time", "ts"]
    line += ["--every", "1h", "--time-unit", "s", "-m", "f1"]
    wanted = binary.metrics("f1", period="6h", fill_empty=True)
    assert frame(*line, "--period", "6h", "--fill-empty")["f1"].to_list() == wanted["f1"].to_list()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--y-true", "label", "--y-pred", "pred", "--curve", "roc"], "expected one family with curves"),
        (["--y-true", "label", "--y-pred", "pred", "--tidy", "--worst", "3"], "--tidy takes no --worst"),
        (["--y-true", "label", "--y-pred", "pred", "--tidy", "--root-cause"], "--tidy and --root-cause exclude"),
        (["--y-true", "label", "--y-pred", "pred", "--root-cause", "-m", "f1"], "--root-cause takes no --metrics"),
        (["--y-true", "label", "--y-pred", "pred", "--nearest"], "--nearest goes with --at-threshold"),
        (["--family", "scores", "--y-true", "label", "--y-score", "score", "--curve", "rco"], "did you mean 'roc'"),
        (["--family", "scores", "--y-true", "label", "--y-score", "score", "--edges", "0,x"], "not a list of numbers"),
        (["--family", "scores", "--y-true", "label", "--y-score", "score", "--at-threshold", "0.123"], "--nearest"),
        (["--family", "regression", "--y-true", "score", "--y-pred", "score", "--weight", "score", "--extremes"],
         "make it with --no-extremes"),
        (["--y-true", "label", "--y-pred", "pred", "--bins", "3"], "--bins is not for --family binary"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_the_scan(
    log: Path, options: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run("evaluate", str(log), *options)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert says in ended.stderr


# A family of one's own


SCRIPT = """
import sys
from fastmetrics.families import KINDS
from fastmetrics.families.curves import CURVES
from fastmetrics.kernels.cache import NOTICE
from value_family import values
KINDS["values"] = values
NOTICE.told = True  # the line about compiling, which a cold cache would bring
from fastmetrics.cli import main
main(sys.argv[1:])
"""


def with_values(*arguments: str) -> str:
    paths = [str(Path(fm.__file__).parents[1]), str(Path(__file__).parents[1])]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr  # which says that kernels are compiled, where they are
    return done.stdout


def test_a_family_without_labels_is_counted_stored_and_diagnosed_by_its_line_in_kinds(
    log: Path, tmp_path: Path
) -> None:
    counts = str(tmp_path / "values.parquet")
    asked = ["--family", "values", "--column", "latency", "--least", "2", "--by", "model"]
    given = with_values("evaluate", str(log), *asked, "-m", "mean,high_share", "--counts", counts, "--format", "csv")
    truth = pl.read_parquet(log).group_by("model").agg(pl.col("latency").mean()).sort("model")
    assert pl.read_csv(given.encode())["mean"].to_list() == pytest.approx(truth["latency"].to_list())
    assert with_values("metrics", counts, "-m", "mean,high_share", "--format", "csv") == given
    slow, latency = tmp_path / "slow.parquet", pl.when(pl.col("model") == "b").then(3.0).otherwise("latency")
    pl.read_parquet(log).with_columns(latency=latency).write_parquet(slow)
    found = with_values("diagnose", str(slow), "--baseline", str(log), *asked, "--per", "", "--format", "csv")
    assert pl.read_csv(found.encode())["tag"].to_list() == ["rate_shift"]
    assert "--column COLUMN" in with_values("evaluate", "--help")
