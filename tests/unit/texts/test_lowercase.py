"""Small letters are those of the running Python."""

from __future__ import annotations

import random

import pytest

from fastmetrics import kernels
from fastmetrics.texts.lowercase import lowered
from fastmetrics.texts.strings import Strings

LETTERS = "aZ \0Σσς.İ\u0307\u0345éÉÄßẞΑǅK\u00adȺ\u1fbc𐐀😀\n'"


def test_every_code_point_is_lowered_as_python_does_alone_and_between_letters() -> None:
    codes = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    alone, between = lowered(Strings.of(codes)), lowered(Strings.of([f"A{code}z" for code in codes]))
    assert alone.to_list() == [code.lower() for code in codes]
    assert between.to_list() == [f"A{code}z".lower() for code in codes]


def test_sigma_at_the_end_of_a_word_is_the_final_one() -> None:
    draw = random.Random(3)
    texts = ["".join(draw.choices(LETTERS, k=draw.randrange(100))) for _ in range(2_000)]
    assert lowered(Strings.of(texts)).to_list() == [text.lower() for text in texts]


@pytest.mark.parametrize("texts", [[], [""], ["", "", "A" * 31, "B" * 32, "C" * 33, ""]])
def test_empty_texts_stay_empty(texts: list[str]) -> None:
    assert lowered(Strings.of(texts)).to_list() == [text.lower() for text in texts]


def test_what_is_compiled_is_what_python_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(4)
    texts = Strings.of(["".join(draw.choices(LETTERS, k=40)) for _ in range(30)])
    expected = lowered(texts).to_list()
    for module, name in ((kernels.texts.byte_pairs, "find_pairs"), (kernels.texts.case, "lower_texts")):
        monkeypatch.setattr(module, name, getattr(module, name).py_func)
    assert lowered(texts).to_list() == expected
