"""Tokenisers: what splits texts into tokens, each a row of `TOKENISERS`."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import product

import numpy as np

from fastmetrics import kernels
from fastmetrics.texts import tercom
from fastmetrics.texts.articles import normal_answers
from fastmetrics.texts.categories import characters_of
from fastmetrics.texts.classes import CODES, Classes, classify, painted, split, white_space
from fastmetrics.texts.dropping import drop
from fastmetrics.texts.entities import OPENINGS, unescape
from fastmetrics.texts.stemmer import stemmed
from fastmetrics.texts.strings import Strings, Tokens, rewrite
from fastmetrics.texts.words import ascii_words

__all__ = ["TOKENISERS", "Tokeniser"]

# What the 'zh' tokeniser takes as Chinese. Two of its ranges are meant for planes beyond the first, but end up as
# 2001 to 2A6D and 2F81 to 2FA1.
CHINESE = (
    *((0x3400, 0x4DB5), (0x4E00, 0x9FBB), (0xF900, 0xFA2D), (0xFA30, 0xFA6A), (0xFA70, 0xFAD9), (0x2001, 0x2A6D)),
    *((0x2F81, 0x2FA1), (0xFF00, 0xFFEF), (0x2E80, 0x2EFF), (0x3000, 0x303F), (0x31C0, 0x31EF), (0x2F00, 0x2FDF)),
    *((0x2FF0, 0x2FFF), (0x3100, 0x312F), (0x31A0, 0x31BF), (0xFE10, 0xFE1F), (0xFE30, 0xFE4F), (0x2600, 0x27BF)),
    (0x3200, 0x33FF),
)
MTEVAL_PAIRS = (b"-\n", b"<s", *OPENINGS)


@dataclass(frozen=True)
class Tokeniser:
    """A way to split texts: a row of `TOKENISERS`.

    Attributes
    ----------
    split
        Texts to their tokens.
    source
        Whose rules these are.
    chosen
        Whether ``tokenize=`` may name it; the others are those of one measure.
    references
        References to their tokens, where they are split in another way.
    reads
        All that it reads, where it drops other characters and can leave a text without a token; else nothing.
    """

    split: Callable[[Strings], Tokens]
    source: str
    chosen: bool = True
    references: Callable[[Strings], Tokens] | None = None
    reads: str = ""


@cache
def spaced() -> Classes:
    return classify(painted((kernels.texts.classes.WHITE, white_space())))


@cache
def single() -> Classes:
    names = kernels.texts.classes
    return classify(painted((names.OWN, range(CODES)), (names.WHITE, white_space())))


@cache
def western(edges: int = 0, own: tuple[tuple[int, int], ...] = ()) -> Classes:
    """The classes of '13a', with more characters that stand on their own."""
    names = kernels.texts.classes
    return classify(
        painted(
            *((names.OWN, range(low, high + 1)) for low, high in own),
            (names.OWN, map(ord, set(string.punctuation) - set("',-."))),
            (names.POINT, map(ord, ".,")),
            (names.DIGIT, map(ord, string.digits)),
            (names.DASH, [ord("-")]),
            (names.WHITE, white_space()),
        ),
        edges,
    )


@cache
def international() -> Classes:
    """The classes of 'intl': all punctuation is points, and all numbers are digits."""
    names = kernels.texts.classes
    kinds = ((names.POINT, "P"), (names.OWN, "S"), (names.DIGIT, "N"))
    return classify(painted(*((kind, characters_of(major)) for kind, major in kinds), (names.WHITE, white_space())), 1)


def mteval_text(text: bytes) -> bytes:
    """A text without what mteval-v13a removes, and without entities."""
    return unescape(text.decode().rstrip().encode().replace(b"<skipped>", b"").replace(b"-\n", b""))


def spaced_words(texts: Strings) -> Tokens:
    """The words of jiwer's default transform: a white space that is no space and stands alone is part of a word."""
    room = (len(texts.data) + len(texts)) // 2 + 4
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    offsets = np.empty(len(texts) + 1, np.int64)
    tokens = kernels.texts.spaced_words.split_spaced_words(texts.data, texts.offsets, starts, ends, offsets)
    return Tokens(texts.data, starts[:tokens], ends[:tokens], offsets)


def parted_at_spaces(texts: Strings) -> Tokens:
    """The words between white space, with one mark of punctuation at the end, or else at the beginning, as its own."""
    words = split(texts, spaced())
    starts, ends = np.empty(2 * len(words.starts), np.int32), np.empty(2 * len(words.starts), np.int32)
    offsets = np.empty_like(words.offsets)
    tokens = kernels.texts.punctuation.part_punctuation(
        words.data, words.starts, words.ends, words.offsets, starts, ends, offsets
    )
    return Tokens(words.data, starts[:tokens], ends[:tokens], offsets)


def tercom_words(texts: Strings, normalized: bool, no_punct: bool, asian: bool) -> Tokens:
    """What Tercom compares, in the case that the texts have."""
    if normalized:
        words = split(tercom.normalised(texts), western(0, tercom.APART if asian else ()))
    else:
        words = split(texts, spaced())
    return drop(words, tercom.punctuation(asian)) if no_punct else words


def tercom_tokeniser(normalized: bool, no_punct: bool, asian: bool) -> Tokeniser:
    """That of TER with some options. What sacrebleu normalises of references it normalises again."""
    words = partial(tercom_words, normalized=normalized, no_punct=no_punct, asian=asian)
    again = (lambda texts: words(words(texts).joined())) if normalized else None
    return Tokeniser(words, "sacrebleu's TER", chosen=False, references=again)


def of_answers(tokeniser: Tokeniser) -> Tokeniser:
    """A tokeniser of answers as SQuAD's script normalises them; they come in small letters."""
    return Tokeniser(
        lambda texts: tokeniser.split(normal_answers(texts)), f"{tokeniser.source}, as SQuAD's answers", chosen=False
    )


def with_stemmer(tokeniser: Tokeniser) -> Tokeniser:
    """A tokeniser whose tokens are stemmed."""
    return Tokeniser(
        lambda texts: stemmed(tokeniser.split(texts)),
        f"{tokeniser.source}, stemmed",
        chosen=False,
        reads=tokeniser.reads,
    )


PLAIN: Mapping[str, Tokeniser] = {
    "none": Tokeniser(lambda texts: split(texts, spaced()), "str.split(), as sacrebleu's 'none'"),
    "13a": Tokeniser(
        lambda texts: split(rewrite(texts, MTEVAL_PAIRS, mteval_text), western()), "sacrebleu's '13a', of WMT"
    ),
    "intl": Tokeniser(lambda texts: split(texts, international()), "sacrebleu's 'intl', of mteval-v14"),
    "zh": Tokeniser(lambda texts: split(texts, western(2, CHINESE)), "sacrebleu's 'zh'"),
    "char": Tokeniser(lambda texts: split(texts, single()), "sacrebleu's 'char': each character but white space"),
    "rouge": Tokeniser(ascii_words, "rouge_score's words of a-z and 0-9", chosen=False, reads="a-z and 0-9"),
}
TOKENISERS: Mapping[str, Tokeniser] = {
    **PLAIN,
    "words": Tokeniser(
        spaced_words, "jiwer's wer_default: RemoveMultipleSpaces, Strip, ReduceToListOfListOfWords", chosen=False
    ),
    **{f"{name}_stemmed": with_stemmer(tokeniser) for name, tokeniser in PLAIN.items()},
    "chrf": Tokeniser(parted_at_spaces, "the words of chrF++, as sacrebleu's CHRF splits them", chosen=False),
    **{tercom.way(*way): tercom_tokeniser(*way) for way in product((False, True), repeat=3)},
    **{f"{name}_answers": of_answers(tokeniser) for name, tokeniser in PLAIN.items()},
}
