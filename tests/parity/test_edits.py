"""Edit distances beside jiwer and rapidfuzz: equal, not close."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import jiwer
import polars as pl
import pytest
from rapidfuzz.distance import Levenshtein

from fastmetrics.metric import Cells, value
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import count_rows, row_values
from texts import block_of

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "text"
SPACES = [chr(code) for code in range(0x110000) if chr(code).isspace()]
ODD = ["\0", "é", "e\u0301", "İ", "\u212a", "ς", "東京", "&amp;", "-\n", "<skipped>", "1.,2", "😀", "\u200b", ""]
WORDS = ["the", "cat", "sat", "on", "a", "mat", "and"]
COUNTS = ("hits", "substitutions", "deletions", "insertions")
PEERS: dict[str, Callable[..., float]] = {
    "wer": jiwer.wer,
    "cer": jiwer.cer,
    "mer": jiwer.mer,
    "wil": jiwer.wil,
    **{name: lambda *pair, of=name: getattr(jiwer.process_words(*pair), of) for name in COUNTS},
}


def text(draw: random.Random, words: int) -> str:
    pieces = draw.choice([WORDS, WORDS + ODD, ODD])
    spaces = draw.choice([[" "], [" ", "  ", "\t", "\u00a0"], SPACES])
    return "".join(draw.choice(pieces) + draw.choice(spaces) for _ in range(words))


def changed(draw: random.Random, text: str) -> str:
    words = [draw.choice(WORDS) if draw.random() < 0.3 else word for word in text.split(" ") if draw.random() < 0.9]
    return " ".join(words)


def pairs(draw: random.Random, rows: int, most: int) -> tuple[list[str], list[str]]:
    references = [text(draw, draw.randrange(most)) for _ in range(rows)]
    return references, [changed(draw, one) if draw.random() < 0.7 else text(draw, most // 2) for one in references]


def metric(name: str, references: list[str], hypotheses: list[str]) -> float:
    """A metric of all rows."""
    measure = MEASURES[name]
    found = count_rows(block_of(hypotheses, [[one] for one in references]), [measure], Options())
    sums = {cell: float(values.sum()) for cell, values in found.counts.items()}
    return float(value(measure.metrics(Options())[0], Cells({"judged": float(len(references)), **sums})))


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize(("rows", "most"), [(400, 30), (60, 200), (3, 3000)])
def test_values_of_hostile_rows_are_those_of_jiwer(name: str, rows: int, most: int) -> None:
    references, hypotheses = pairs(random.Random(rows), rows, most)
    assert metric(name, references, hypotheses) == PEERS[name](references, hypotheses)


@pytest.mark.parametrize("name", PEERS)
def test_values_of_each_row_are_those_of_jiwer(name: str) -> None:
    references, hypotheses = pairs(random.Random(2), 200, 8)
    measure = MEASURES[name]
    found = count_rows(block_of(hypotheses, [[one] for one in references]), [measure], Options())
    values = row_values(found, name, measure.metrics(Options())).tolist()
    assert values == [PEERS[name](*pair) for pair in zip(references, hypotheses, strict=True)]


@pytest.mark.parametrize("kinds", [2, 40])
def test_edits_of_texts_that_rapidfuzz_splits_are_those_of_jiwer(kinds: int) -> None:
    draw = random.Random(kinds)
    references, hypotheses = (
        [" ".join(map(str, draw.choices(range(kinds), k=length))) for length in lengths]
        for lengths in ((2500, 2100, 4200), (2500, 3000, 1500))
    )
    references.append(references[0])
    hypotheses.append(" ".join(draw.choice(["x", one, one + " y", ""]) for one in references[0].split()))
    for name in COUNTS:
        assert metric(name, references, hypotheses) == PEERS[name](references, hypotheses)


def test_the_similarity_of_each_row_is_that_of_rapidfuzz() -> None:
    references, hypotheses = pairs(random.Random(4), 300, 20)
    measure = MEASURES["edit_similarity"]
    found = count_rows(block_of(hypotheses, [[one] for one in references]), [measure], Options())
    values = row_values(found, "edit_similarity", measure.metrics(Options())).tolist()
    assert values == [Levenshtein.normalized_similarity(*pair) for pair in zip(references, hypotheses, strict=True)]


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder ../shared/data/text with real texts is absent")
@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("file", ["wmt17_en_de_systems", "xsum_systems"])
def test_values_of_real_texts_are_those_of_jiwer(name: str, file: str) -> None:
    rows = pl.read_parquet(FOLDER / f"{file}.parquet").sample(1000, seed=1)
    references, hypotheses = (rows[column].cast(pl.String).to_list() for column in ("ref", "hyp"))
    assert metric(name, references, hypotheses) == PEERS[name](references, hypotheses)
