"""Metrics of texts as expressions: their names, and what is no argument of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import fastmetrics as fm
import fastmetrics.polars as fpl
from fastmetrics.errors import SchemaError

LOG = pl.DataFrame({"answer": ["the cat sat on it", "", None], "ref": ["the cat is on it", "x", "y"]})


def test_a_struct_has_metrics_by_any_of_their_names() -> None:
    names = ["rouge1_precision", "rouge_l", "bleu_precision_5", "bleu", "empty_rate", "label_coverage"]
    found = LOG.select(fpl.text.metrics(names, "answer", "ref", bleu_order=5)).item()
    family = fm.text("answer", reference="ref", measures=["rouge1", "rougeL", "bleu"], bleu_order=5)
    assert found == fm.count(LOG, family).metrics(*names).select(names).row(0, named=True)


@pytest.mark.parametrize("name", ["rouge1_precision", "rouge_l", "bleu", "empty_rate"])
def test_a_metric_alone_is_its_field_of_a_struct(name: str) -> None:
    alone = LOG.select(getattr(fpl.text, name)("answer", "ref")).item()
    assert {name: alone} == LOG.select(fpl.text.metrics([name], "answer", "ref")).item()


def test_shares_need_no_reference_but_that_of_labels() -> None:
    shares = fpl.text.metrics(["empty_rate", "answer_rate"], "answer")
    assert LOG.select(shares).item() == {"empty_rate": 1 / 2, "answer_rate": 2 / 3}


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda text: text.rouge1("answer", "ref", stemer=True), r"rouge1\(\): unknown option 'stemer'; .*'stemmer'"),
        (lambda text: text.rouge1("answer", "ref", limits=["rouge1 < 1"]), r"rouge1\(\): unknown option 'limits'"),
        (lambda text: text.metrics(["bleu"], "answer", "ref", name="x"), r"metrics\(\): unknown option 'name'"),
        (lambda text: text.metrics(["rogue1"], "answer", "ref"), "unknown metric 'rogue1'; did you mean 'rouge1'"),
        (lambda text: text.metrics([["bleu"]], "answer", "ref"), "unknown metric"),
        (lambda text: text.metrics("bleu", "answer", "ref"), "takes a list of names first"),
        (lambda text: text.metrics(["bleu", "bleu"], "answer", "ref"), "names 'bleu' twice"),
        (lambda text: text.label_coverage("answer"), "'label_coverage' needs reference="),
        (lambda text: text.rouge1("answer"), "'rouge1' needs reference="),
        (lambda text: text.bleu("answer", 3), "reference=3; expected a column"),
        (lambda text: text.bleu("answer", []), r"reference=\[\]; expected a column"),
    ],
)
def test_what_is_no_argument_is_refused(made: Callable[[Any], pl.Expr], said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        made(fpl.text)
