"""ROUGE and its stemmer equal to rouge_score and NLTK, to the last bit."""

from __future__ import annotations

import random

import pytest
from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.scoring import Score

from fastmetrics.text.measures import MEASURES
from fastmetrics.text.options import Options
from fastmetrics.text.rows import count_rows
from fastmetrics.text.strings import Strings
from fastmetrics.text.tokenisers import TOKENISERS
from tests.hostile_texts import hostile_text, like
from tests.texts import block

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


def test_stems_are_those_of_nltk() -> None:
    draw, stemmer = random.Random(6), PorterStemmer()
    words = [*IRREGULAR.split(), "y" * 300 + "ing", *(random_word(draw) for _ in range(8_000))]
    expected = [stemmer.stem(word) if len(word) > 3 else word for word in words]
    found = TOKENISERS["rouge_stemmed"].split(Strings.of(words)).to_list()
    assert [token.decode() for (token,) in found] == expected


def scores(rows: list[tuple[str, list[str]]], options: Options) -> list[dict[str, Score]]:
    """Precision, recall and F of each row by each measure."""
    found = count_rows(block(*map(list, zip(*rows, strict=True))), [MEASURES[name] for name in TYPES], options)
    cells = {name: [found.exacts[f"{name}_{part}"].tolist() for part in ("precision", "recall", "f")] for name in TYPES}
    return [{name: Score(*(part[row] for part in cells[name])) for name in TYPES} for row in range(len(rows))]


def drawn_rows(seed: int, rows: int) -> list[tuple[str, list[str]]]:
    draw = random.Random(seed)
    drawn = []
    for _ in range(rows):
        text = hostile_text(draw)
        drawn.append((text, [like(draw, text) for _ in range(draw.choice([1, 1, 3]))]))
    return drawn


@pytest.mark.parametrize("stemmer", [False, True])
def test_every_row_is_that_of_rouge_score(stemmer: bool) -> None:
    rows, scorer = drawn_rows(9, 400), RougeScorer(TYPES, use_stemmer=stemmer)
    assert scores(rows, Options(stemmer=stemmer)) == [scorer.score_multi(texts, text) for text, texts in rows]


def test_the_first_of_equally_good_references_is_taken() -> None:
    (found,) = scores([("a b", ["b c d e", "a b c d e f", "a x"])], Options())
    assert found["rouge1"] == Score(1.0, 2 / 6, 0.5)
    assert found["rougeL"] == RougeScorer(["rougeL"]).score_multi(["a b c d e f"], "a b")["rougeL"]
