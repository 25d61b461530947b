"""Words of ROUGE are those of a regular expression on texts in lower case."""

from __future__ import annotations

import random

import pytest

from fastmetrics import kernels
from fastmetrics.texts.strings import Strings
from fastmetrics.texts.words import ascii_words
from hostile_texts import hostile_text
from oracle_rouge import words

CODES = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def found(texts: list[str]) -> list[list[str]]:
    return [[token.decode() for token in tokens] for tokens in ascii_words(Strings.of(texts)).to_list()]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.filterwarnings("ignore:overflow")
def test_words_are_runs_of_letters_and_digits(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        monkeypatch.setattr(kernels.texts.words, "split_words", kernels.texts.words.split_words.py_func)
    draw = random.Random(1)
    texts = [hostile_text(draw) for _ in range(1_000 if compiled else 50)]
    assert found(texts) == [words(text) for text in texts]


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128, 1_000])
def test_texts_do_not_run_into_each_other(length: int) -> None:
    texts = ["a" * length, "", "B" * length, "", " " * length, "c9", ""]
    assert found(texts) == [words(text) for text in texts]


def test_every_code_point_alone_and_between_letters() -> None:
    for text in (" ".join(CODES), " ".join(f"A{code}Z" for code in CODES)):
        assert found([text]) == [words(text)]
