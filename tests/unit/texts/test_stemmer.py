"""Stems of tokens: which tokens have one. That stems are NLTK's is in tests/parity/test_rouge.py."""

from __future__ import annotations

import pytest

from fastmetrics import kernels
from fastmetrics.texts.stemmer import stemmed
from fastmetrics.texts.strings import Strings, Tokens
from fastmetrics.texts.tokenisers import TOKENISERS


def stems(text: str) -> list[str]:
    (tokens,) = TOKENISERS["none_stemmed"].split(Strings.of([text])).to_list()
    return [token.decode() for token in tokens]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.filterwarnings("ignore:overflow")
def test_words_of_more_than_three_letters_have_a_stem(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        monkeypatch.setattr(kernels.texts.porter, "stem_tokens", kernels.texts.porter.stem_tokens.py_func)
    assert stems("ties as was dying conditional cats2 yyyy") == ["tie", "as", "was", "die", "condit", "cats2", "yyyi"]


def test_words_that_hold_anything_else_stay() -> None:
    said = "cafés naïveness don't relational. 東京ings"
    assert stems(said) == said.split()


def test_a_word_has_its_stem_again_whatever_came_between() -> None:
    words = ["relational", *(f"word{number}s" for number in range(20_000)), "relational", "hopefulness", "hopefully"]
    expected = ["relat", *(f"word{number}" for number in range(20_000)), "relat", "hope", "hope"]
    assert stems(" ".join(words)) == expected


def test_no_tokens_have_no_stems() -> None:
    nothing = Strings.of(["", " "])
    assert TOKENISERS["rouge_stemmed"].split(nothing).to_list() == [[], []]


def test_tokens_keep_their_bytes() -> None:
    tokens = TOKENISERS["none"].split(Strings.of(["connections running"]))
    before = tokens.data.tobytes()
    assert isinstance(stemmed(tokens), Tokens)
    assert tokens.data.tobytes() == before
