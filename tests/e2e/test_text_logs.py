"""Texts however they lie in memory or on disk, however long they are, and references that come later."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import fastmetrics as fm
from fastmetrics.errors import DataError
from hostile_texts import hostile_text, like

MEASURES = [
    "bleu",
    "chrf",
    "rouge2",
    "rougeL",
    "rougeLsum",
    "wer",
    "cer",
    "ter",
    "token_f1",
    "exact_match",
    "distinct2",
]
ROWS = 240


def columns() -> dict[str, list[Any]]:
    """Texts of all kinds, a tenth of them null, beside references that some rows share."""
    draw = random.Random(1)
    shared = [hostile_text(draw) for _ in range(40)]
    references = [None if draw.random() < 0.1 else draw.choice(shared) for _ in range(ROWS)]
    answers = [None if draw.random() < 0.1 else like(draw, reference or "a") for reference in references]
    return {"model": draw.choices("ab", k=ROWS), "answer": answers, "ref": references}


def family(**options: Any) -> fm.Family:
    return fm.text("answer", reference="ref", measures=MEASURES, **options)


def in_arrow(kind: pa.DataType) -> Callable[[dict[str, list[Any]]], pa.Table]:
    def table(log: dict[str, list[Any]]) -> pa.Table:
        made = {name: pa.array(values, pa.string()) for name, values in log.items()}
        return pa.table({**made, "answer": made["answer"].cast(kind), "ref": made["ref"].cast(kind)})

    return table


def in_dictionaries(log: dict[str, list[Any]]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()).dictionary_encode() for name, values in log.items()})


def in_chunks(log: dict[str, list[Any]]) -> pl.DataFrame:
    """Chunks that do not begin where their memory does."""
    frame = pl.DataFrame(log)
    parts = [pl.concat([frame[:3], frame[start : start + 7]]).slice(3) for start in range(0, len(frame), 7)]
    return pl.concat(parts, rechunk=False)


FORMS: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "string": in_arrow(pa.string()),
    "large_string": in_arrow(pa.large_string()),
    "string_view": in_arrow(pa.string_view()),
    "dictionary": in_dictionaries,
    "chunks": in_chunks,
    "a dict of lists": lambda log: log,
    "categories": lambda log: pl.DataFrame(log).with_columns(pl.col("ref").cast(pl.Categorical)),
    "a stream": lambda log: in_arrow(pa.string())(log).to_reader(max_chunksize=11),
}


@pytest.fixture(scope="module")
def expected() -> fm.Counts:
    return fm.count(pl.DataFrame(columns()), family(), by="model", threads=1)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.filterwarnings("ignore::fastmetrics.NoteWarning")
def test_texts_are_counted_however_they_lie_in_memory(form: str, expected: fm.Counts) -> None:
    assert fm.count(FORMS[form](columns()), family(), by="model").frame.equals(expected.frame)


@pytest.mark.parametrize("ending", ["parquet", "ndjson"])
@pytest.mark.filterwarnings("ignore::fastmetrics.NoteWarning")
def test_texts_are_counted_from_files(ending: str, expected: fm.Counts, tmp_path: Path) -> None:
    getattr(pl.DataFrame(columns()), f"write_{ending}")(tmp_path / f"log.{ending}")
    assert fm.count(tmp_path / f"log.{ending}", family(), by="model").frame.equals(expected.frame)


@pytest.mark.filterwarnings("ignore::fastmetrics.NoteWarning")
def test_references_that_come_later_are_a_difference(expected: fm.Counts) -> None:
    log = pl.DataFrame(columns()).with_row_index("id")
    early = log.with_columns(ref=pl.when(pl.col("id") % 3 > 0).then("ref"))
    late = log.filter(pl.col("id") % 3 == 0).select("id", "ref")
    arguments = {"by": "model"}
    delta = fm.label_delta(early, late, family(), on="id", label="ref", **arguments)
    assert (fm.count(early, family(), **arguments) + delta).frame.equals(expected.frame)


@pytest.mark.filterwarnings("ignore::fastmetrics.NoteWarning")
def test_a_long_text_beside_short_ones_is_linear() -> None:
    def seconds(words: int) -> float:
        long = " ".join(f"word{number}" for number in range(words))
        log = {"answer": [long, "a", "a " * (4 * words)], "ref": ["word7 word8 word9", long, "a a b"]}
        begun = time.process_time()
        found = fm.count(log, fm.text("answer", reference="ref")).metrics("bleu", "chrf", "rougeL")
        assert found.null_count().sum_horizontal().item() == 0
        return time.process_time() - begun

    seconds(10)  # kernels are compiled
    # Eight times as many words, in the end more distinct ones than 16 bits tell apart: 64 times the work if squared.
    assert min(seconds(100_000) for _ in range(2)) < 24 * min(seconds(12_500) for _ in range(2))


def test_a_pair_that_would_take_too_long_to_align_is_refused_and_can_be_cut() -> None:
    log = {"answer": ["a b " * 400_000], "ref": ["b a c " * 400_000]}
    with pytest.raises(DataError, match=r"rougeL.*max_length="):
        fm.count(log, fm.text("answer", reference="ref", measures=["rougeL"]))
    cut = fm.count(log, fm.text("answer", reference="ref", measures=["rougeL"], max_length=100)).metrics("rougeL")
    short = {"answer": ["a b " * 50], "ref": [" ".join(["b a c"] * 40)[:199]]}
    assert cut["rougeL"].equals(
        fm.count(short, fm.text("answer", reference="ref", measures=["rougeL"])).metrics("rougeL")["rougeL"]
    )


@pytest.mark.filterwarnings("ignore::fastmetrics.NoteWarning")
def test_a_picture_of_texts_is_drawn(expected: fm.Counts, tmp_path: Path) -> None:
    expected.plot("bleu", by="model").save(tmp_path / "bleu.svg")
    assert "bleu" in (tmp_path / "bleu.svg").read_text()
