"""ROUGE and its stemmer equal to rouge_score and NLTK, to the last bit."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import polars as pl
import pytest
from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.scoring import Score

from fastmetrics.texts.measures import MEASURES
from fastmetrics.texts.options import Options
from fastmetrics.texts.rows import count_rows
from fastmetrics.texts.strings import Strings
from fastmetrics.texts.tokenisers import TOKENISERS
from hostile_texts import hostile_text, like
from texts import block_of

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "text"
real = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder ../shared/data/text with real texts is absent")
TYPES = ["rouge1", "rouge2", "rouge3", "rouge9", "rougeL", "rougeLsum"]

SUFFIXES = """
    s es ies sses ss eed ed ing ied at bl iz y ly ational tional enci anci izer bli alli entli eli ousli ization ation
    ator alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance
    ence er ic able ible ant ement ment ent ion sion tion ou ism ate iti ous ive ize e ll yy
"""
IRREGULAR = """
    sky skies dying lying tying news innings inning outings outing cannings canning howe proceed exceed succeed
    scannings xnews cskies reproceed ties died tied flies spied feed agreed bled sing y yyyyy 1234 a1ing 99ed
"""


def random_word(draw: random.Random) -> str:
    stem = "".join(draw.choices("aeiouybcdlmnstwxz1", k=draw.randrange(1, 6)))
    return stem + "".join(draw.choices(SUFFIXES.split(), k=draw.randrange(1, 4)))


def check_stems(words: list[str]) -> None:
    stemmer = PorterStemmer()
    expected = [stemmer.stem(word) if len(word) > 3 else word for word in words]
    found = TOKENISERS["rouge_stemmed"].split(Strings.of(words)).to_list()
    assert [token.decode() for (token,) in found] == expected


def test_stems_are_those_of_nltk() -> None:
    draw = random.Random(6)
    check_stems([*IRREGULAR.split(), "y" * 300 + "ing", *(random_word(draw) for _ in range(8_000))])


def scores(rows: list[tuple[str, list[str]]], options: Options) -> list[dict[str, Score]]:
    """Precision, recall and F of each row by each measure."""
    found = count_rows(block_of(*map(list, zip(*rows, strict=True))), [MEASURES[name] for name in TYPES], options)
    cells = {name: [found.exacts[f"{name}_{part}"].tolist() for part in ("precision", "recall", "f")] for name in TYPES}
    return [{name: Score(*(part[row] for part in cells[name])) for name in TYPES} for row in range(len(rows))]


def check_rows(rows: list[tuple[str, list[str]]], stemmer: bool) -> None:
    scorer = RougeScorer(TYPES, use_stemmer=stemmer)
    assert scores(rows, Options(stemmer=stemmer)) == [scorer.score_multi(texts, text) for text, texts in rows]


def drawn_rows(draw: random.Random, rows: int) -> list[tuple[str, list[str]]]:
    drawn = []
    for _ in range(rows):
        text = hostile_text(draw)
        drawn.append((text, [like(draw, text) for _ in range(draw.choice([1, 1, 3]))]))
    return drawn


@pytest.mark.parametrize("stemmer", [False, True])
def test_every_row_is_that_of_rouge_score(stemmer: bool) -> None:
    check_rows(drawn_rows(random.Random(9), 400), stemmer)


def test_the_first_of_equally_good_references_is_taken() -> None:
    (found,) = scores([("a b", ["b c d e", "a b c d e f", "a x"])], Options())
    assert found["rouge1"] == Score(1.0, 2 / 6, 0.5)
    assert found["rougeL"] == RougeScorer(["rougeL"]).score_multi(["a b c d e f"], "a b")["rougeL"]


@pytest.mark.parametrize("text", ["кошка сидит на ковре", "東京 で 会う", "Ünïcödé WORDS"])
def test_other_scripts_are_those_of_a_tokeniser_that_was_asked_for(text: str) -> None:
    class AtSpaces:
        def tokenize(self, text: str) -> list[str]:
            return text.lower().split()

    rows = [(text, [text.upper() + " x", "y\n" + text[:9]]), (text, [""])]
    scorer = RougeScorer(TYPES, tokenizer=AtSpaces())
    assert scores(rows, Options(tokenize="none")) == [scorer.score_multi(texts, text) for text, texts in rows]
    assert scores(rows, Options(tokenize="none"))[0]["rouge1"].fmeasure > 0


@real
def test_means_of_real_summaries_are_those_that_were_noted() -> None:
    noted = json.loads((FOLDER / "reference_values.json").read_text())["xsum_first2000"]
    log = pl.read_parquet(FOLDER / "xsum_systems.parquet").with_columns(pl.col("system", "hyp", "ref").cast(pl.String))
    for (system,), rows in log.group_by("system"):
        texts = rows.head(2_000).select("hyp", pl.concat_list("ref"))
        found = scores(texts.rows(), Options(stemmer=True))
        for name, means in noted[system]["stem"].items():
            parts = zip(*(row[name] for row in found), strict=True)
            assert [math.fsum(part) / 2_000 for part in parts] == pytest.approx(means, rel=1e-14)


@real
def test_every_word_of_real_texts_has_the_stem_of_nltk() -> None:
    files = ("xsum_systems.parquet", "wmt17_en_de_systems.parquet")
    texts = [text for file in files for text in pl.read_parquet(FOLDER / file)["hyp"].cast(pl.String)]
    words = TOKENISERS["rouge"].split(Strings.of(texts)).to_list()
    check_stems(sorted({word.decode() for text in words for word in text}))
