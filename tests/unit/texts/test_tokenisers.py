"""Tokenisers against their plain twins, and with every character there is."""

from __future__ import annotations

import random
import unicodedata

import numpy as np
import pytest

import oracle_bleu
from fastmetrics import kernels
from fastmetrics.texts.strings import Strings
from fastmetrics.texts.tokenisers import TOKENISERS
from hostile_texts import SPACES, hostile_text

NAMES = sorted(name for name, tokeniser in TOKENISERS.items() if tokeniser.chosen)
SIZES = [0, 1, 62, 63, 64, 65, 66, 127, 128, 129, 1000]


def check(tokeniser: str, texts: list[str]) -> None:
    tokens = TOKENISERS[tokeniser].split(Strings.of(texts)).to_list()
    for text, found in zip(texts, tokens, strict=True):
        assert [token.decode() for token in found] == oracle_bleu.tokens(text, tokeniser), ascii(text)


@pytest.mark.parametrize("tokeniser", NAMES)
def test_hostile_texts_have_the_tokens_of_their_twins(tokeniser: str) -> None:
    draw = random.Random(5)
    check(tokeniser, [hostile_text(draw) for _ in range(1_500)])


@pytest.mark.parametrize("tokeniser", NAMES)
def test_tokens_do_not_depend_on_where_blocks_of_bytes_end(tokeniser: str) -> None:
    pieces = [
        ".",
        ". ",
        "..",
        "1",
        "1.",
        ".5",
        "1.,5",
        "...7",
        "1..",
        "5-",
        "--",
        "é",
        "東",
        "…",
        "…1",
        "５…",
        "\u2001",
        "a",
    ]
    check(
        tokeniser, ["x" * size + piece + end for size in range(50, 68) for piece in pieces for end in ("", "5", " b")]
    )
    check(
        tokeniser,
        [letter * size for letter in (".", "-", "5", "a", "é", "東", "😀", " ", "\u3000", "…") for size in SIZES],
    )
    check(tokeniser, ["1" + "." * size + "2" for size in SIZES] + ["a" + "…" * size + "２" for size in SIZES])


@pytest.mark.parametrize("tokeniser", NAMES)
def test_white_space_splits_wherever_python_splits(tokeniser: str) -> None:
    check(tokeniser, [f"a{space}b{space}" for space in SPACES] + [space * 2 for space in SPACES])


def in_context(codes: range) -> list[str]:
    """Each character alone, between letters, between digits, and between one and the other."""
    letters = [chr(code) for code in codes if unicodedata.category(chr(code)) != "Cn"]
    return [form for c in letters for form in (c, f"a{c}b", f"1{c}2", f"a{c}2", f"1{c}b")]


@pytest.mark.parametrize("tokeniser", NAMES)
def test_common_characters_in_every_place(tokeniser: str) -> None:
    check(tokeniser, in_context(range(0x500)) + in_context(range(0x2000, 0x2100)) + in_context(range(0x3000, 0x3040)))


@pytest.mark.parametrize("tokeniser", NAMES)
def test_what_is_compiled_is_what_python_runs(tokeniser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(6)
    texts = Strings.of([hostile_text(draw)[:80] for _ in range(20)])
    expected = TOKENISERS[tokeniser].split(texts).to_list()
    for module, name in ((kernels.texts.classes, "split_by_class"), (kernels.texts.byte_pairs, "find_pairs")):
        monkeypatch.setattr(module, name, getattr(module, name).py_func)
    with np.errstate(over="ignore"):  # machine words wrap around
        assert TOKENISERS[tokeniser].split(texts).to_list() == expected
