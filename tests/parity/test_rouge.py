"""ROUGE and its stemmer equal to rouge_score and NLTK, to the last bit."""

from __future__ import annotations

import random

from nltk.stem.porter import PorterStemmer

from fastmetrics.text.strings import Strings
from fastmetrics.text.tokenisers import TOKENISERS

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
