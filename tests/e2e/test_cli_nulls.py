"""At the prompt: what means null, scores that are log-odds, and notes in the words of the prompt."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fastmetrics.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["evaluate", *arguments, "--y-true", "label", "--format", "csv"])


def coverage(result: Result) -> float:
    assert result.exit_code == 0, result.stderr
    header, first = (line.split(",") for line in result.stdout.splitlines())
    return float(first[header.index("label_coverage")])


@pytest.fixture
def numbers(tmp_path: Path) -> str:
    path = tmp_path / "numbers.csv"
    path.write_text("label,pred,score\n1,1,2.5\n0,1,-3\n-1,0,4\n-1,0,-2\n")
    return str(path)


@pytest.fixture
def text(tmp_path: Path) -> str:
    path = tmp_path / "text.csv"
    path.write_text("label,pred\nyes,yes\nno,no\nNA,yes\nnull,no\n")
    return str(path)


def test_an_error_names_the_option_that_mends_it(numbers: str) -> None:
    refused = run(numbers, "--y-pred", "pred")
    assert refused.exit_code == 2
    (mended,) = re.findall(r"say so with (--null-values=\S+?),", refused.stderr)
    assert coverage(run(numbers, "--y-pred", "pred", mended)) == 0.5


def test_text_that_means_null_is_listed(text: str) -> None:
    asked = [text, "--y-pred", "pred", "--pos-label", "yes"]
    assert coverage(run(*asked, "--null-values", "NA,null")) == 0.5
    assert coverage(run(*asked, "--null-values", "NA", "--null-values", "null")) == 0.5


def test_a_note_is_one_line_in_the_words_of_the_prompt(text: str) -> None:
    asked = [text, "--y-pred", "pred", "--pos-label", "yes"]
    noted = run(*asked)
    assert coverage(noted) == 0.75
    (line,) = noted.stderr.splitlines()
    (named, kept) = re.findall(r"--null-values=\S+(?=,| \()", line)
    assert run(*asked, *shlex.split(named)).stdout == noted.stdout
    assert coverage(run(*asked, *shlex.split(kept))) == 1


def test_text_is_no_null_of_numbers(numbers: str) -> None:
    refused = run(numbers, "--y-pred", "pred", "--null-values", "NA")
    assert refused.exit_code == 2
    assert "column 'label' holds Int64" in refused.stderr


def test_a_config_file_may_list_numbers(numbers: str, tmp_path: Path) -> None:
    (tmp_path / "evaluate.toml").write_text("y-pred = 'pred'\nnull-values = [-1]\n")
    assert coverage(run(numbers, "--config", str(tmp_path / "evaluate.toml"))) == 0.5


def test_log_odds_are_named_by_their_link(numbers: str) -> None:
    asked = [numbers, "--family", "scores", "--y-score", "score", "--null-values=-1"]
    noted = run(*asked)
    assert "--link 'logit'" in noted.stderr
    assert run(*asked, "--link", "logit").stderr == ""


def test_a_note_of_stored_counts_is_in_the_words_of_the_prompt_too(text: str, tmp_path: Path) -> None:
    kept = str(tmp_path / "kept.parquet")
    first = run(text, "--y-pred", "pred", "--pos-label", "yes", "--counts", kept)
    again = CliRunner().invoke(main, ["metrics", kept, "--format", "csv"])
    assert (again.exit_code, again.stderr) == (0, first.stderr)
    assert "--null-values=NA," in again.stderr


def test_a_truth_that_yaml_made_of_a_text_is_said_as_an_option(text: str, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    (tmp_path / "job.yaml").write_text("pos-label: yes\n")
    refused = run(text, "--y-pred", "pred", "--config", str(tmp_path / "job.yaml"))
    assert refused.exit_code == 2
    assert "--pos-label True is bool" in refused.stderr


def test_no_value_and_the_empty_text_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "text.ndjson"
    path.write_text('{"label": "yes", "pred": "yes"}\n{"label": "", "pred": "no"}\n{"label": "NA", "pred": "no"}\n')
    asked = [str(path), "--y-pred", "pred", "--pos-label", "yes"]
    assert coverage(run(*asked, "--null-values", "")) == 1
    assert coverage(run(*asked, "--null-values", '""')) == pytest.approx(2 / 3)
    assert coverage(run(*asked, "--null-values", 'NA,""')) == pytest.approx(1 / 3)
