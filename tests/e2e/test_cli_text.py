"""Texts in the shell: the columns of references, measures asked for as metrics, limits, signatures and a diagnosis."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

import fastmetrics as fm
from fastmetrics.cli import main

FAMILY = ("--family", "text", "--hypothesis", "answer", "--reference", "ref")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame = pl.DataFrame(
        {
            "model": ["a", "a", "b", "b"],
            "answer": ["the cat sat", "a dog", "the cat", None],
            "ref": ["the cat sat down", "a dog", "a bird", "x"],
            "other": ["a cat", "dogs", "the cat", "y"],
        }
    )
    path = tmp_path_factory.mktemp("texts") / "log.parquet"
    frame.write_parquet(path)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments), "--format", "csv"])


def frame(*arguments: object) -> pl.DataFrame:
    ended = run(*arguments)
    assert (ended.exit_code, ended.stderr) == (0, ""), ended.stderr
    return pl.read_csv(ended.stdout.encode())


def test_measures_asked_for_as_metrics_are_counted(log: Path) -> None:
    shown = frame("evaluate", log, *FAMILY, "--by", "model", "-m", "wer,rouge1,rouge1_recall")
    counts = fm.count(log, fm.text("answer", reference="ref", measures=["wer", "rouge1"]), by="model")
    assert shown.equals(counts.metrics("wer", "rouge1", "rouge1_recall"))


def test_measures_that_are_named_are_counted(log: Path) -> None:
    shown = frame("evaluate", log, *FAMILY, "--measures", "wer,cer", "-m", "cer")
    assert (
        shown["cer"].to_list()
        == fm.count(log, fm.text("answer", reference="ref", measures=["cer"])).metrics("cer")["cer"].to_list()
    )


@pytest.mark.parametrize("several", [["ref,other"], ["ref", "other"]])
def test_references_may_stand_in_several_columns(log: Path, several: list[str]) -> None:
    options = [part for name in several for part in ("--reference", name)]
    shown = frame("evaluate", log, *FAMILY[:4], *options, "-m", "bleu")
    counts = fm.count(log, fm.text("answer", reference=["ref", "other"], measures=["bleu"]))
    assert shown["bleu"].to_list() == counts.metrics("bleu")["bleu"].to_list()


def test_limits_are_metrics_and_gates(log: Path) -> None:
    options = (*FAMILY, "--measures", "rouge1", "--limits", "rouge1 < 0.7")
    assert frame("evaluate", log, *options, "-m", "low_rouge1")["low_rouge1"].to_list() == [pytest.approx(1 / 3)]
    assert run("evaluate", log, *options, "--gate", "low_rouge1<0.2").exit_code != 0


def test_signatures_are_shown_of_stored_counts(log: Path, tmp_path: Path) -> None:
    kept = tmp_path / "counts.parquet"
    run("evaluate", log, *FAMILY, "--measures", "bleu,chrf", "--lowercase", "--counts", kept)
    shown = dict(frame("inspect", kept).iter_rows())
    assert shown["text.bleu"].startswith("nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:")
    assert shown["text.chrf"].startswith("nrefs:1|case:lc|eff:yes|nc:6|nw:0|space:no|version:")
    assert "text.bleu_precision_1" not in shown


def test_a_measure_that_there_is_not_is_named(log: Path) -> None:
    ended = run("evaluate", log, *FAMILY, "--measures", "blue")
    assert ended.exit_code != 0
    assert "did you mean 'bleu'" in ended.stderr
