"""TER against sacrebleu: edits, lengths and scores equal to the last bit."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from itertools import product, zip_longest
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sacrebleu.metrics import TER

from fastmetrics.metric import Cells, value
from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import Measured, count_rows, row_values
from fastmetrics.texts.strings import Strings
from fastmetrics.texts.tercom import way
from fastmetrics.texts.tokenisers import TOKENISERS
from hostile_texts import hostile_text, like
from texts import block_of

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "text"
real = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder ../shared/data/text with real texts is absent")
MEASURE = MEASURES["ter"]
SETTINGS = [
    Options(ter_normalized=normalized, ter_no_punct=no_punct, ter_asian=asian, ter_case_sensitive=case)
    for normalized, no_punct, asian, case in product((False, True), repeat=4)
    if case == (normalized != asian)
]
PIECES = [
    *".,.,-'5 ",
    "'s",
    "'s ",
    "\n-",
    "\n",
    "&quot;",
    "&amp;lt;",
    "&gt;",
    "a",
    "X",
    "東",
    "、",
    "・",
    "！",
    "ぁ",
    "㈀",
    "\u3f22",
    "é",
]

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "slept", ".", "it's.", "5..5"]


def named(options: Options) -> str:
    return "-".join(options.changed())


def peer_of(options: Options) -> TER:
    return TER(
        normalized=options.ter_normalized,
        no_punct=options.ter_no_punct,
        asian_support=options.ter_asian,
        case_sensitive=options.ter_case_sensitive,
    )


def sentences(draw: random.Random, count: int) -> tuple[list[str], list[list[str]]]:
    """Hypotheses that are a reference with some words elsewhere, or a hostile text."""
    hypotheses, references = [], []
    for _ in range(count):
        texts = [" ".join(draw.choices(WORDS, k=draw.randrange(15)))]
        texts += [like(draw, texts[0]) for _ in range(draw.randrange(3))]
        hypotheses.append(like(draw, draw.choice(texts)) if draw.random() < 0.9 else hostile_text(draw)[:150])
        references.append([text[:150] for text in texts])
    return [text[:150] for text in hypotheses], references


def corpus(measured: Measured, chosen: slice | np.ndarray = slice(None)) -> float:
    """TER of some rows together; reference lengths are added up without rounding."""
    cells = {
        "judged": float(measured.judged[chosen].sum()),
        "ter_edits": float(measured.counts["ter_edits"][chosen].sum()),
        "ter_reference_length": math.fsum(measured.exacts["ter_reference_length"][chosen]),
    }
    return float(
        value(MEASURE.metrics(Options())[0], Cells({name: np.array([cell]) for name, cell in cells.items()}))[0]
    )


def check(hypotheses: Sequence[str], references: Sequence[Sequence[str]], options: Options) -> None:
    """Compare what is counted of each row, the score of each row and that of all."""
    measured, peer = (
        count_rows(block_of(list(hypotheses), [list(of) for of in references]), [MEASURE], options),
        peer_of(options),
    )
    expected = peer._extract_corpus_statistics(hypotheses, list(zip_longest(*references)))
    got = zip(measured.counts["ter_edits"].tolist(), measured.exacts["ter_reference_length"].tolist(), strict=True)
    for hypothesis, texts, ours, theirs in zip(hypotheses, references, got, expected, strict=True):
        assert list(ours) == theirs, (hypothesis, texts)
    scores = [peer._compute_score_from_stats(stats).score for stats in expected]
    assert row_values(measured, "ter", MEASURE.metrics(options)).tolist() == scores
    whole = [sum(edits for edits, _ in expected), math.fsum(length for _, length in expected)]
    assert corpus(measured) == peer._compute_score_from_stats(whole).score


@pytest.mark.parametrize("options", SETTINGS, ids=named)
def test_edits_lengths_and_scores_are_those_of_sacrebleu(options: Options) -> None:
    check(*sentences(random.Random(1), 25), options)


@pytest.mark.parametrize("ways", list(product((False, True), repeat=3)), ids=lambda ways: way(*ways))
def test_words_are_those_of_sacrebleu(ways: tuple[bool, bool, bool]) -> None:
    draw = random.Random(2)
    texts = ["".join(draw.choices(PIECES, k=draw.randrange(12))) for _ in range(1_000)]
    texts += [hostile_text(draw) for _ in range(100)]
    peer = TER(*ways, case_sensitive=True)
    row, once = TOKENISERS[way(*ways)], [peer._preprocess_segment(text) for text in texts]
    twice = [peer._preprocess_segment(text) for text in once]  # so it does with references
    for split, expected in ((row.split, once), (row.references or row.split, twice)):
        for text, words, said in zip(texts, split(Strings.of(texts)).to_list(), expected, strict=True):
            assert b" ".join(words).decode() == said, text


@pytest.mark.slow
def test_each_code_point_is_to_the_words_what_it_is_to_sacrebleu() -> None:
    texts = [f"A{chr(code)}b" for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    for ways in ((True, False, True), (False, True, True)):
        peer = TER(*ways, case_sensitive=True)
        found = TOKENISERS[way(*ways)].split(Strings.of(texts)).to_list()
        assert [b" ".join(words).decode() for words in found] == [peer._preprocess_segment(text) for text in texts]


def test_one_or_two_references_give_the_score_of_the_corpus() -> None:
    hypotheses, references = sentences(random.Random(3), 25)
    for most in (1, 2):
        streams = [[texts[min(place, len(texts) - 1)] for texts in references] for place in range(most)]
        block = block_of(hypotheses, [list(of) for of in zip(*streams, strict=True)])
        measured, peer = count_rows(block, [MEASURE], Options()), TER()
        assert corpus(measured) == peer.corpus_score(hypotheses, streams).score


def test_texts_without_words_are_scored_as_sacrebleu_does() -> None:
    for hypothesis, references in [("", [""]), ("a", [""]), ("", ["a b"]), (" ", ["\n", "a"]), ("a b", ["", ""])]:
        check([hypothesis], [references], Options())


def test_only_the_first_words_are_compared() -> None:
    hypotheses, references = ["a b c d", "x"], [["b a c"], ["x y z"]]
    measured = count_rows(block_of(hypotheses, references), [MEASURE], Options(max_length=2))
    assert measured.counts["ter_edits"].tolist() == [1, 1]
    assert measured.exacts["ter_reference_length"].tolist() == [2, 2]


@pytest.mark.parametrize("options", SETTINGS, ids=named)
def test_signatures_are_those_of_sacrebleu(options: Options) -> None:
    peer = peer_of(options)
    peer.corpus_score(["a"], [["b"]])
    theirs = str(peer.get_signature()).rpartition("|version:")[0]
    assert MEASURE.metrics(options)[0].signature.rpartition("|version:")[0] == theirs


@real
def test_talks_have_the_values_that_sacrebleu_gives() -> None:
    expected = json.loads((FOLDER / "reference_values.json").read_text())["ted"]
    frame = pl.read_parquet(FOLDER / "ted_slk_eng.parquet")
    for system, said in expected.items():
        rows = frame.filter(pl.col("system") == system).head(200)
        block = block_of(rows["hyp"].to_list(), [[reference] for reference in rows["ref"]])
        assert corpus(count_rows(block, [MEASURE], Options())) == said["ter_first200"]


@real
@pytest.mark.slow
def test_translations_have_the_edits_that_sacrebleu_gives() -> None:
    frame = pl.read_parquet(FOLDER / "wmt17_en_de_systems.parquet").cast({"hyp": pl.String, "ref": pl.String})
    rows = frame.sample(2_000, seed=7)
    for options in (Options(), Options(ter_normalized=True, ter_no_punct=True)):
        check(rows["hyp"].to_list(), [[reference] for reference in rows["ref"]], options)
